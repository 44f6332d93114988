"""A private Prosody: own folder, own free ports, loopback only, never root. A Prosody of the system is not touched.

Its configuration and data stand in a folder that the server's user can reach even when the clone lies where only its owner
may go; its log is written through a descriptor that we open.
"""

import os
import secrets
import shutil
import tempfile
import time

from lab import proc

DOMAIN = "lab.example"              # accounts
GUESTS = "guests.lab.example"       # anonymous
MUC = "conference.lab.example"
COMPONENT = "keyroom.lab.example"
FLOOR = "floor.lab.example"         # a component that the load generator plays

_CONFIG = """\
daemonize = false
pidfile = "{dir}/prosody.pid"
data_path = "{dir}/data"
plugin_paths = {{ "{dir}/plugins" }}
log = {{ {{ levels = {{ min = "{level}" }}, to = "console" }} }}
{global_options}modules_enabled = {{ "roster", "saslauth", "disco", "ping"{watch} }}
modules_disabled = {{ "tls", "s2s", "offline" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
s2s_direct_tls_ports = {{ }}
http_ports = {{ {http} }}
http_interfaces = {{ "127.0.0.1" }}
https_ports = {{ }}
component_ports = {{ {component} }}
component_interfaces = {{ "127.0.0.1" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
storage = "internal"
{lines}
VirtualHost "{DOMAIN}"
    authentication = "internal_plain"
    disco_items = {{ {{ "{COMPONENT}", "Keyroom" }}, {{ "{MUC}", "Rooms" }} }}

VirtualHost "{GUESTS}"
    authentication = "anonymous"
    disco_items = {{ {{ "{COMPONENT}", "Keyroom" }}, {{ "{MUC}", "Rooms" }} }}

Component "{MUC}" "muc"
    muc_room_default_public_jids = true
    muc_room_locking = false
    restrict_room_creation = false

Component "{COMPONENT}"
    component_secret = "{secret}"
    component_conflict_resolve = "kick_old"
    modules_enabled = {{ }}
"""

# Pages of another port of this machine, over plain HTTP: for a private server on loopback only.
_WEB = """\
consider_websocket_secure = true
consider_bosh_secure = true
http_cors_override = { bosh = { enabled = true }, websocket = { enabled = true } }
cross_domain_websocket = true
cross_domain_bosh = true
"""

_FLOOR = """
Component "{FLOOR}"
    component_secret = "{secret}"
    modules_enabled = {{ }}
"""


class Prosody:
    """`folder` takes the log. `watch`: the server also writes down what the service hands out (lab/mod_lab_watch.lua).
    `read_size`: bytes that it reads from a connection at once, None for its own default. `client_rate`: bytes a second that it
    takes from a client, as mod_limits writes them ("10kb/s"). `floor`: there is a second component. `web`: browsers come by
    WebSocket and BOSH, at `http_port`. `lines`: of Lua, after its other global options."""

    def __init__(self, folder, watch=False, *, read_size=65536, client_rate=None, floor=False, level="info", web=False,
                 lines=()):
        self.folder = os.path.abspath(folder)
        self.log = os.path.join(self.folder, "prosody.log")
        self.secret = secrets.token_hex(16)
        self.c2s_port, self.component_port = proc.free_ports(2)
        self.http_port = proc.free_ports(1)[0] if web else None
        self.accounts = {}
        self._watch, self._level = watch, level
        self._read_size, self._client_rate, self._floor = read_size, client_rate, floor
        self._lines = "".join(line + "\n" for line in lines)
        self._user = None
        self._dir = None
        self._process = None
        os.makedirs(self.folder, exist_ok=True)

    def prepare(self):
        """Makes the private folder, the configuration and the accounts."""
        program = shutil.which("prosody") or "/usr/bin/prosody"
        if not os.path.exists(program):
            raise proc.LabError("prosody is not installed (lab/packages.txt lists what is needed)")
        self._program = program
        if os.geteuid() == 0:
            self._user = proc.user_named("prosody") or proc.user_named("nobody")
        self._sweep()
        self._dir = tempfile.mkdtemp(prefix="keyroom-prosody-")
        with open(self._note, "w", encoding="utf-8") as note:
            note.write(f"{os.getpid()} {self._dir}\n")
        os.makedirs(os.path.join(self._dir, "data"))
        os.makedirs(os.path.join(self._dir, "certs"))
        plugins = os.path.join(self._dir, "plugins")
        os.makedirs(plugins)
        if self._watch:
            shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mod_lab_watch.lua"), plugins)
        with open(os.path.join(self._dir, "prosody.cfg.lua"), "w", encoding="utf-8") as out:
            out.write(self._config())
        for name, password in self.accounts.items():
            store = os.path.join(self._dir, "data", DOMAIN.replace(".", "%2e"), "accounts")
            os.makedirs(store, exist_ok=True)
            with open(os.path.join(store, name + ".dat"), "w", encoding="utf-8") as out:
                out.write(f'return {{ ["password"] = "{password}"; }};\n')
        if self._user is not None:
            for path, folders, files in os.walk(self._dir):
                for entry in [path] + [os.path.join(path, f) for f in folders + files]:
                    os.chown(entry, self._user.pw_uid, self._user.pw_gid)

    def _config(self):
        modules, options = "", ""
        if self._watch:
            modules += ', "lab_watch"'
        if self._read_size is not None:
            options += f"network_default_read_size = {self._read_size}\n"
        if self._client_rate is not None:
            modules += ', "limits"'
            options += f'limits = {{ c2s = {{ rate = "{self._client_rate}" }} }}\n'
        if self.http_port:
            modules += ', "websocket", "bosh"'
            options += _WEB
        text = _CONFIG.format(http=self.http_port or "", dir=self._dir, c2s=self.c2s_port, component=self.component_port, secret=self.secret,
                              watch=modules, level=self._level, global_options=options, lines=self._lines, DOMAIN=DOMAIN, GUESTS=GUESTS, MUC=MUC,
                              COMPONENT=COMPONENT)
        return text + (_FLOOR.format(FLOOR=FLOOR, secret=self.secret) if self._floor else "")

    @property
    def pid(self):
        return self._process.pid

    def add_account(self, name):
        """Before prepare(). Returns the password."""
        self.accounts[name] = secrets.token_hex(8)
        return self.accounts[name]

    def start(self):
        if self._dir is None:
            self.prepare()
        env = {"PATH": "/usr/bin:/bin", "HOME": self._dir, "LANG": "C.UTF-8"}
        self._process = proc.spawn([self._program, "--config", os.path.join(self._dir, "prosody.cfg.lua"), "-F"],
                                   log=self.log, user=self._user, cwd=self._dir, env=env)
        for port in filter(None, (self.c2s_port, self.component_port, self.http_port)):
            proc.await_port(port, self._process, "Prosody", self.log)

    def kill(self):
        """As if the machine's power went for it."""
        self._process.kill()
        self._process.wait()

    def restart(self):
        """Stops and starts it on the same ports; returns the moment (time.monotonic) at which it listens again."""
        proc.stop(self._process)
        self.start()
        return time.monotonic()

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def watched(self):
        """What mod_lab_watch wrote: a list of lists of words."""
        try:
            with open(os.path.join(self._dir, "watch.log"), encoding="utf-8") as lines:
                return [line.split() for line in lines]
        except FileNotFoundError:
            return []

    def stop(self):
        proc.stop(self._process)
        self._process = None
        if self._dir is not None:
            shutil.rmtree(self._dir, ignore_errors=True)
            self._dir = None
        if os.path.exists(self._note):
            os.unlink(self._note)

    @property
    def _note(self):
        return os.path.join(self.folder, "prosody.dir")

    def _sweep(self):
        """Removes what a run that was killed hard left behind."""
        try:
            with open(self._note, encoding="utf-8") as note:
                owner, left = note.read().split()
        except (FileNotFoundError, ValueError):
            return
        if os.path.basename(left).startswith("keyroom-prosody-") and not os.path.exists(f"/proc/{owner}"):
            shutil.rmtree(left, ignore_errors=True)
