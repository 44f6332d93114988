"""A Prosody as docker-jitsi-meet configures it, with the module, keyroomd beside it, and stand-ins for Jicofo and browsers.

Of Jitsi's own Prosody modules none is here; two small ones stand in for what they leave on rooms and sessions."""

import base64
import hashlib
import os
import shutil
import socket
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import common                                  # noqa: E402
import xmpp                                    # noqa: E402
from lab import prosody                        # noqa: E402
from lab.meeting import Meeting                # noqa: E402
from lab.proc import LabError                  # noqa: E402

BREAKOUT = "breakout." + prosody.DOMAIN
ROOM = "planning@" + prosody.MUC
FEATURE = "https://jitsi.org/meet/e2ee"

_CONFIG = """\
daemonize = false
pidfile = "{dir}/prosody.pid"
data_path = "{dir}/data"
plugin_paths = {{ "{dir}/plugins" }}
log = {{ {{ levels = {{ min = "{level}" }}, to = "console" }} }}
network_default_read_size = 65536
modules_enabled = {{ "roster", "saslauth", "disco", "ping", "smacks", "limits" }}
modules_disabled = {{ "tls", "s2s", "offline" }}
limits = {{ c2s = {{ rate = "512kb/s" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
s2s_direct_tls_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
component_ports = {{ {component} }}
component_interfaces = {{ "127.0.0.1" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
storage = "memory"
admins = {{ "focus@{DOMAIN}" }}

-- focus's account, and users with tokens
VirtualHost "{DOMAIN}"
    storage = "internal"
    authentication = "internal_plain"
    modules_enabled = {{ "test_token"{tenants} }}

VirtualHost "{GUESTS}"
    authentication = "anonymous"

Component "{MUC}" "muc"
    restrict_room_creation = true
    muc_room_locking = false
    muc_room_default_public = false
    muc_room_default_public_jids = true
    modules_enabled = {{ "test_meeting", {module} }}
    keyroom_component = "{COMPONENT}"
    {options}

Component "{BREAKOUT}" "muc"
    restrict_room_creation = true
    muc_room_locking = false
    muc_room_default_public = false
    muc_room_default_public_jids = true
    modules_enabled = {{ "test_meeting", {module} }}
    test_main_muc = "{MUC}"
    keyroom_component = "{COMPONENT}"
    {options}

Component "{COMPONENT}"
    component_secret = "{secret}"
    component_conflict_resolve = "kick_old"
    modules_enabled = {{ }}
"""


class JitsiProsody(prosody.Prosody):
    """`options`: Lua lines of both MUC components. `loaded`: with the module. `tenants`: rooms of tenants are mapped."""

    def __init__(self, folder, watch=False, *, options="", loaded=True, tenants=False, level="debug"):
        super().__init__(folder, watch, level=level)
        self.options, self._loaded, self._tenants = options, loaded, tenants

    def prepare(self):
        super().prepare()
        self._program = os.environ.get("KR_PROSODY", self._program)  # another version than the installed one
        plugins = os.path.join(self._dir, "plugins")
        shutil.copytree(os.path.join(common.ROOT, "prosody"), plugins, dirs_exist_ok=True)
        for name in os.listdir(HERE):
            if name.endswith(".lua"):
                shutil.copy(os.path.join(HERE, name), plugins)
        for path, folders, files in os.walk(plugins):
            for entry in folders + files:
                os.chmod(os.path.join(path, entry), 0o755)
                if self._user is not None:
                    os.chown(os.path.join(path, entry), self._user.pw_uid, self._user.pw_gid)

    def reconfigure(self, options):
        """For the next start."""
        self.options = options
        with open(os.path.join(self._dir, "prosody.cfg.lua"), "w", encoding="utf-8") as out:
            out.write(self._config())

    def _config(self):
        return _CONFIG.format(dir=self._dir, level=self._level, c2s=self.c2s_port, component=self.component_port, secret=self.secret,
                              DOMAIN=prosody.DOMAIN, GUESTS=prosody.GUESTS, MUC=prosody.MUC, BREAKOUT=BREAKOUT,
                              COMPONENT=prosody.COMPONENT, options=self.options.replace("\n", "\n    "),
                              tenants=', "test_tenants"' if self._tenants else "",
                              module='"muc_keyroom"' if self._loaded else "")


# Stock clients repeat nothing: a verdict that comes late on a busy machine would fail the test.
PATIENCE = "keyroom_patience = 10"


class JitsiMeeting(Meeting):
    def __init__(self, folder, bin_folder, *, server=None, lines=(), **options):
        """lines: further ones of keyroom.conf."""
        self._lines = lines
        options.setdefault("join", ())
        options.setdefault("inviters", (prosody.MUC, BREAKOUT))
        super().__init__(folder, bin_folder, **options)
        server = dict(server or {})
        server["options"] = "\n".join(filter(None, (server.get("options"), PATIENCE)))
        self.prosody = JitsiProsody(self.folder, **server)
        for account in ("focus", "alice", "bob"):
            self.prosody.add_account(account)

    def configure(self):
        super().configure()
        with open(self.config, encoding="utf-8") as old:
            text = old.read()
        with open(self.config, "w", encoding="utf-8") as out:
            out.write("\n".join((f"muc = {BREAKOUT}", *self._lines, text)))

    def client(self, account=None):
        if account is None:
            return Captured(self.prosody.c2s_port, prosody.GUESTS)
        return Captured(self.prosody.c2s_port, prosody.DOMAIN, account, self.prosody.accounts[account])

    def focus(self):
        """Jicofo: an admin of the server, makes the rooms and configures them."""
        return Focus(self)

    def joined(self, room=ROOM, seconds=60.0):
        """Waits until the service is in the room."""
        def there():
            return any(r["room"] == room and r["joined"] for r in self.ctl("rooms").get("rooms", []))
        self.poll(there, seconds, f"the service is in {room}")

    def poll(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            self.check_alive()
            common.expect(time.monotonic() < end, f"not within {seconds:.0f} s: {what}")
            time.sleep(0.03)


class Captured(xmpp.Client):
    """Keeps every byte it receives."""

    def __init__(self, *arguments):
        self.raw = bytearray()
        super().__init__(*arguments)

    def received(self, data):
        self.raw += data

    def clean_of(self, words=(prosody.COMPONENT, "keyroom", "~")):
        text = bytes(self.raw).decode("utf-8", "replace")
        for word in words:
            at = text.find(word)
            common.expect(at < 0, f"{self.jid} was told of the ghost: ...{text[max(0, at - 200):at + 60]}...")


class Focus:
    def __init__(self, meeting):
        self.client = meeting.client("focus")

    def reload(self, host=prosody.MUC):
        """The module is loaded anew while the server runs."""
        since = self.client.mark()
        self.client.send(f"<message to='{host}' type='normal'><body>reload</body></message>")
        self.client.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("from") == host, "the module is reloaded", since)

    def open(self, room):
        """As Jicofo does: join, then the form that makes real addresses visible."""
        self.client.join(room, "focus")
        self.client.configure(room, {"muc#roomconfig_whois": "anyone"})
        return room


class Component(xmpp.Client):
    """The component played by the test: sees what the module tells keyroomd, and answers as it likes."""

    STANZA = "{jabber:component:accept}"
    NS = "{urn:keyroom:jitsi:1}"

    def __init__(self, server):  # pylint: disable=super-init-not-called
        self.prepare(server.component_port)
        self._send(f"<stream:stream to='{prosody.COMPONENT}' xmlns='jabber:component:accept' "
                   "xmlns:stream='http://etherx.jabber.org/streams'>")
        self._until(lambda: self._root is not None, 60, "the component's stream")
        token = hashlib.sha1((self._root.get("id") + server.secret).encode()).hexdigest()
        self._send(f"<handshake>{token}</handshake>")
        self.wait(lambda s: s.tag == self.STANZA + "handshake", "the handshake")

    def _answer(self, stanza):
        pass

    def settle(self, muc=prosody.MUC):
        """What was ordered before has been handled: an answer comes behind it."""
        name = f"settle-{next(self._ids)}"
        self._send(f"<iq type='get' id='{name}' from='{prosody.COMPONENT}' to='{muc}'>"
                   "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        self.wait(lambda s: s.tag == self.STANZA + "iq" and s.get("id") == name, "an answer to the component")

    def order(self, xml, muc=prosody.MUC):
        """Something that only the module understands."""
        self._send(f"<message from='{prosody.COMPONENT}' to='{muc}'>{xml}</message>")

    def invited(self, room, since=0):
        return self.wait(lambda s: s.tag == self.STANZA + "message" and s.get("from") == room
                         and s.find(".//{http://jabber.org/protocol/muc#user}invite") is not None, f"an invitation to {room}", since)

    def enter(self, room):
        since = self.mark()
        self._send(f"<presence from='{prosody.COMPONENT}' to='{room}/keyroom'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        self.wait(lambda s: any(e.get("code") == "110" for e in s.iter("{http://jabber.org/protocol/muc#user}status")),
                  f"the component is in {room}", since)
        return since

    def held(self, since=0, count=1, seconds=60):
        """(token, from, to, json) of each message that is held, in order."""
        def find():
            found = [s.find(self.NS + "held") for s in self.stanzas[since:]]
            found = [h for h in found if h is not None]
            return found if len(found) >= count else None
        return [(h.get("token"), h.get("from"), h.get("to"), base64.b64decode(h.text or "").decode())
                for h in self._until(find, seconds, f"{count} held messages")]

    def verdict(self, token, allow=True, **attributes):
        words = "".join(f" {name}='{value}'" for name, value in attributes.items())
        self.order(f"<verdict xmlns='urn:keyroom:jitsi:1' token='{token}' allow='{'true' if allow else 'false'}'{words}/>")

    def policy(self, room, authorise="occupants", is_open=True, denied=()):
        self.order(f"<policy xmlns='urn:keyroom:jitsi:1' jid='{room}' authorise='{authorise}' open='{'true' if is_open else 'false'}'>"
                   + "".join(f"<deny nick='{nick}'/>" for nick in denied) + "</policy>")

    def die(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def meeting(args, **options):
    """For common.run."""
    return JitsiMeeting(args.work, args.bin, **options)


def module_alone(name, body, **server):
    """body(prosody, args) with a Prosody whose component the test plays. For sys.exit()."""
    args = common.arguments(name)
    print(f"seed {args.seed}, logs in {args.work}", flush=True)
    shutil.rmtree(args.work, ignore_errors=True)
    p = JitsiProsody(args.work, **server)
    for account in ("focus", "alice", "bob"):
        p.add_account(account)
    status = 1
    try:
        p.start()
        body(p, args)
        with open(p.log, encoding="utf-8", errors="replace") as log:
            faults = [line for line in log if "Traceback" in line or "lua:" in line and "error" in line]
        common.expect(not faults, "Prosody's log has errors: " + "".join(faults[:3]))
        status = 0
    except (common.Failure, LabError) as error:
        print(f"FAILED: {error}")
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        p.stop()
    print("ok" if status == 0 else f"FAILED (logs: {args.work})", flush=True)
    return status


def client(server, account=None):
    if account is None:
        return Captured(server.c2s_port, prosody.GUESTS)
    return Captured(server.c2s_port, prosody.DOMAIN, account, server.accounts[account])


def open_room(server, room=ROOM):
    """Jicofo's part; returns its client."""
    focus = client(server, "focus")
    focus.join(room, "focus")
    focus.configure(room, {"muc#roomconfig_whois": "anyone"})
    return focus
