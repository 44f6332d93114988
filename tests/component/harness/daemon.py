"""keyroomd as a process of its own: configuration, start, end, database, control socket."""

import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile

JID = "keyroom.example.org"
MUC = "conference.example.org"
ROOM = "standup@" + MUC
SECRET = "s3cret-of-the-component"
SANITIZER = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehavior")


def binary():
    path = os.environ.get("KR_BIN")
    if not path:
        given = [a[6:] for a in sys.argv[1:] if a.startswith("--bin=")]
        here = os.path.dirname(os.path.abspath(__file__))
        path = given[0] if given else os.path.join(here, "../../../build/dev/bin/keyroomd")
    if not os.access(path, os.X_OK):
        sys.exit("no keyroomd at %s: set KR_BIN" % path)
    return os.path.abspath(path)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("keyroom", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Daemon:
    """One keyroomd with a folder of its own; start it as often as the scenario wants."""

    def __init__(self, port, rooms=(ROOM,), room_options=None, **options):
        self.dir = tempfile.mkdtemp(prefix="keyroom-component-")
        self.process, self.verdicts, self.output = None, [], b""
        self.secret_file, self.seal_file = self.file("secret", SECRET + "\n"), self.file("seal.key", secrets.token_hex(32) + "\n")
        self.database, self.control = self.path("keyroom.db"), self.path("control.sock")
        self.options = {"jid": JID, "host": "127.0.0.1", "port": port, "secret-file": self.secret_file, "database": self.database,
                        "seal-key-file": self.seal_file, "control-socket": self.control, "metrics-listen": "", "nick": "keyroom",
                        "muc": MUC, "room": list(rooms), "inviter": "*@example.org", "registered-domain": "example.org",
                        "log-level": "info"}
        self.options.update({k.replace("_", "-"): v for k, v in options.items()})
        self.room_options = {"*": {"deadline": 10000, "coalesce": 50, "coalesce-max": 300, **(room_options or {})}}
        self.extra = ""

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, text, mode=0o600):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def config(self):
        lines = []
        for name, value in self.options.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    lines.append("%s = %s" % (name, one))
        lines += self.extra.splitlines()
        for pattern, options in self.room_options.items():
            lines.append('[room "%s"]' % pattern)
            lines += ["%s = %s" % item for item in options.items()]
        return self.file("keyroom.conf", "\n".join(lines) + "\n")

    def start(self, *args, notify=None, preexec=None, env=None):
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1", **(env or {})}
        environment.pop("NOTIFY_SOCKET", None)
        if notify:
            environment["NOTIFY_SOCKET"] = notify
        self.log = open(self.path("log"), "ab")
        self.process = subprocess.Popen([binary(), "-c", self.config(), *args], stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=environment, preexec_fn=preexec)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, timeout=60):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, timeout=60):
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait(10)

    def text(self):
        try:
            with open(self.path("log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def http(self, method, path, body=None):
        connection = UnixConnection(self.control)
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, json.loads(data) if data else None

    def rows(self):
        """{table: rows}, or None without a database."""
        if not os.path.exists(self.database):
            return None
        db = sqlite3.connect("file:%s?mode=ro" % self.database, uri=True, timeout=5)
        try:
            names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY 1")]
            return {n: db.execute('SELECT count(*) FROM "%s"' % n).fetchone()[0] for n in names}
        finally:
            db.close()

    def finish(self, c, exit_code=0):
        """Ends it and puts exit code and sanitizer output into the verdict."""
        if self.running():
            code = self.stop()
            c.true(code == exit_code, "exit code %r, wanted %r; %s" % (code, exit_code, self.tail()))
            if code is None:
                self.kill()
        found = [s for s in SANITIZER if s in self.text()]
        c.true(not found, "sanitizer output: " + self.tail(60))
        c.true(SECRET not in self.text(), "the secret is in the log")
        if not os.environ.get("KR_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def tail(self, lines=12):
        return "\n       | ".join([""] + self.text().splitlines()[-lines:])
