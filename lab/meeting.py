"""A meeting to look at: a private Prosody, keyroomd, a forwarder and participants, and what they say about themselves.

Everything waits for events with a deadline, nothing sleeps and hopes. `Meeting.until` fails at once when a process that
should live is gone. All of it dies with whoever made it.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from lab import checker, cut, proc, prosody
from lab.proc import LabError

ROOM = "standup@" + prosody.MUC
LOST_S = 10.0  # so long nothing is under way on the slowest machine


def epoch_key(instance, epoch):
    return f"{instance[:8]}/{epoch}"


def _write_private(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)


class Peer:
    """One life of a participant: a keyroom-peer process and what it has said."""

    def __init__(self, meeting, life, nick, *, room, account=None, identity=False, extra=()):
        self.meeting, self.life, self.nick, self.room = meeting, life, nick, room
        self.events = []
        self.announces = {}     # epoch key -> announce event
        self.commits = {}       # epoch key -> commit event
        self.order = []         # epoch keys as announced
        self.stale = 0          # so many of them were announced before it last went
        self.heard = set()      # (sender, epoch key's number)
        self.attached = None    # last attached event, while it holds
        self.left_at = None     # ms: it is no member any more since
        self.quitting = False
        self.ended = False
        self.drained_at = None  # ms: all frames had arrived and nobody sent any more
        self.ended_early = False  # it went before the meeting was counted
        self.log = os.path.join(meeting.peers_folder, life + ".log")
        argv = [os.path.join(meeting.bin, "keyroom-peer"), "--host", "127.0.0.1", "--port", str(meeting.prosody.c2s_port),
                "--plain", "--room", room, "--nick", nick, "--service", prosody.COMPONENT, "--json",
                "--forwarder", f"127.0.0.1:{meeting.forwarder_port}"]
        if account is None:
            argv += ["--domain", prosody.GUESTS]
        else:
            password = os.path.join(meeting.peers_folder, account + ".password")
            if not os.path.exists(password):
                _write_private(password, meeting.prosody.accounts[account] + "\n")
            argv += ["--jid", f"{account}@{prosody.DOMAIN}", "--password-file", password]
        if identity:
            key = os.path.join(meeting.peers_folder, nick + ".key")
            if not os.path.exists(key):
                _write_private(key, secrets.token_hex(32) + "\n")
            argv += ["--identity", os.path.join(meeting.peers_folder, nick + ".identity"), "--identity-key", key]
        argv += extra
        self.process = proc.spawn(argv, log=self.log, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=meeting.env)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # --- what it said ---

    def _read(self):
        with open(os.path.join(self.meeting.peers_folder, self.life + ".jsonl"), "wb") as copy:
            for line in self.process.stdout:
                copy.write(line)
                copy.flush()
                try:
                    event = json.loads(line)
                except ValueError:
                    event = {"event": "garbage", "line": line.decode("utf-8", "replace")}
                with self.meeting.changed:
                    self._take(event)
                    self.meeting.said(self, event)
                    self.meeting.changed.notify_all()
        with self.meeting.changed:
            self.ended = True
            self.meeting.changed.notify_all()

    def _take(self, event):
        self.events.append(event)
        kind = event.get("event")
        if kind == "attached":
            self.attached = event
            if event["state"] == "member":
                self.left_at = None
        elif kind == "announce":
            key = epoch_key(event["instance"], event["epoch"])
            if key not in self.announces:
                self.order.append(key)
                self.announces[key] = event
            elif self.announces[key]["context"] != event["context"]:
                event["conflicts"] = True
        elif kind == "commit":
            key = self._key_of(event)
            if key:
                self.commits[key] = event
        elif kind == "first-frame":
            self.heard.add((event["from"], event["epoch"]))
        elif kind in ("left", "down", "detached"):
            self.attached = None
            self.stale = len(self.order)
            self.heard.clear()
            self.left_at = self.left_at or event["t"]

    def _key_of(self, event):
        if event.get("instance"):
            return epoch_key(event["instance"], event["epoch"])
        for key in reversed(self.order):
            if key.endswith(f"/{event['epoch']}"):
                return key
        return None

    def last(self, kind):
        return next((e for e in reversed(self.events) if e.get("event") == kind), None)

    def count(self, kind):
        return sum(1 for e in self.events if e.get("event") == kind)

    @property
    def current(self):
        """Key of the newest epoch announced since it attached if that is committed, else None."""
        return self.order[-1] if len(self.order) > self.stale and self.order[-1] in self.commits else None

    def roster(self, key):
        """Who has media in it: the service's own device, which makes the keys of some rooms, has none."""
        announce = self.announces[key]
        own = announce["leader"] if announce.get("source") == "service" else None
        return [nick for nick in announce["roster"] if nick != own]

    @property
    def device(self):
        event = self.last("attached")
        return event["device"] if event else None

    # --- what it is told ---

    def tell(self, command):
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            if not self.quitting:
                raise LabError(f"{self.life} takes no commands any more (log: {self.log})") from None

    def frames(self, seconds=60.0):
        """A fresh frames event."""
        with self.meeting.changed:
            before = self.count("frames")
        self.tell("frames")
        self.meeting.until(lambda: self.count("frames") > before, seconds, f"{self.life} counts its frames")
        return self.last("frames")

    def quit(self):
        self.quitting = True
        self.tell("quit")

    def wait_end(self, seconds=60.0):
        self.meeting.until(lambda: self.ended, seconds, f"{self.life} ends")
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.life} closed its output but does not end (log: {self.log})") from None


class Meeting:
    def __init__(self, folder, bin_folder, *, options=None, rooms=None, history=0, watch=False, accounts=(), join=(ROOM,),
                 inviters=(), metrics=False, through_cut=False, log_level="debug", server=None):
        """options: of the [room "*"] section; rooms: {glob: {option: value}} for further ones. through_cut: keyroomd reaches
        the server through .line, which can be cut. server: further arguments of prosody.Prosody."""
        self.folder, self.bin = os.path.abspath(folder), os.path.abspath(bin_folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.peers_folder = os.path.join(self.folder, "peers")
        os.makedirs(self.peers_folder, mode=0o700)
        self.changed = threading.Condition(threading.RLock())
        self.listeners = []
        self.peers = []
        self.lives = {}
        self.keyroomd = self.forwarder = None
        self.keyroomd_log = os.path.join(self.folder, "keyroomd.log")
        self.config = os.path.join(self.folder, "keyroom.conf")
        self.database = os.path.join(self.folder, "keyroom.db")
        self.env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0", UBSAN_OPTIONS="print_stacktrace=1")
        self._options, self._rooms, self._history = options or {}, rooms or {}, history
        self._join, self._inviters = join, inviters
        self._through_cut, self.line = through_cut, None
        self.metrics_port = proc.free_ports(1)[0] if metrics else None
        self._socket_folder = None
        self._log_level = log_level
        self.prosody = prosody.Prosody(self.folder, watch, **(server or {}))
        for account in accounts:
            self.prosody.add_account(account)
        self.keyroomd_status = []

    # --- start and stop ---

    def start(self):
        self.prosody.start()
        self.start_forwarder()
        if self._through_cut:
            self.line = cut.Cut(self.prosody.component_port)
        self.configure()
        self.start_keyroomd()

    def start_forwarder(self):
        log = os.path.join(self.folder, "forwarder.log")
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forwarder.py")
        self.forwarder = proc.spawn([sys.executable, "-B", script, "--history", str(self._history)], log=log,
                                    stdout=subprocess.PIPE)
        words = self.forwarder.stdout.readline().split()
        if len(words) != 2:
            raise LabError(f"the forwarder does not start (log: {log})")
        self.forwarder_port = int(words[1])

    def configure(self):
        _write_private(os.path.join(self.folder, "component.secret"), self.prosody.secret + "\n")
        _write_private(os.path.join(self.folder, "seal.key"), secrets.token_hex(32) + "\n")
        self.socket = os.path.join(self.folder, "control.sock")
        if len(self.socket) > 100:  # a Unix socket's path has room for 107 bytes
            self._socket_folder = tempfile.mkdtemp(prefix="keyroom-")
            self.socket = os.path.join(self._socket_folder, "control.sock")
        port = self.line.port if self.line else self.prosody.component_port
        metrics = f"127.0.0.1:{self.metrics_port}" if self.metrics_port else ""
        lines = [f"jid = {prosody.COMPONENT}", "host = 127.0.0.1", f"port = {port}",
                 f"secret-file = {self.folder}/component.secret", f"database = {self.database}",
                 f"seal-key-file = {self.folder}/seal.key", f"service-device-file = {self.folder}/service-device",
                 f"control-socket = {self.socket}", f"metrics-listen = {metrics}",
                 f"muc = {prosody.MUC}", f"registered-domain = {prosody.DOMAIN}", f"log-level = {self._log_level}"]
        lines += [f"room = {room}" for room in self._join] + [f"inviter = {glob}" for glob in self._inviters]
        for glob, options in list(self._rooms.items()) + [("*", self._options)]:
            lines += ["", f'[room "{glob}"]'] + [f"{name} = {value}" for name, value in options.items()]
        with open(self.config, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")

    def start_keyroomd(self, wait=True, seconds=60.0):
        """Returns the moment (time.monotonic) at which it said that it is ready."""
        name = "keyroom-lab-" + secrets.token_hex(8)
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind("\0" + name)
        self.keyroomd = proc.spawn([os.path.join(self.bin, "keyroomd"), "-c", self.config], log=self.keyroomd_log,
                                   env=dict(self.env, NOTIFY_SOCKET="@" + name))
        if not wait:
            ready.close()
            return None
        end = time.monotonic() + seconds
        ready.settimeout(0.1)
        try:
            while True:
                try:
                    if b"READY=1" in ready.recv(4096):
                        return time.monotonic()
                except TimeoutError:
                    pass
                if self.keyroomd.poll() is not None:
                    raise LabError(f"keyroomd ended with status {self.keyroomd.returncode} (log: {self.keyroomd_log})")
                if time.monotonic() > end:
                    raise LabError(f"keyroomd is not ready after {seconds:.0f} s (log: {self.keyroomd_log})")
        finally:
            ready.close()

    def kill_keyroomd(self):
        self.keyroomd.send_signal(signal.SIGKILL)
        self.keyroomd.wait()
        self.keyroomd = None

    def await_keyroomd_end(self, seconds=60.0):
        """It is to end by itself; returns its exit status."""
        try:
            status = self.keyroomd.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabError(f"keyroomd does not end within {seconds:.0f} s (log: {self.keyroomd_log})") from None
        self.keyroomd = None
        return status

    def stop_keyroomd(self):
        status = proc.stop(self.keyroomd)
        self.keyroomd = None
        if status not in (None, 0):
            raise LabError(f"keyroomd ended with status {status} (log: {self.keyroomd_log})")

    def close(self):
        """Ends everything that was started, whatever state it is in."""
        for peer in self.peers:
            peer.quitting = True
            if peer.process.poll() is None:
                peer.process.kill()
            peer.process.wait()
        for process in (self.keyroomd, self.forwarder):
            proc.stop(process, 5)
        self.keyroomd = self.forwarder = None
        if self.line:
            self.line.close()
        self.prosody.stop()
        if self._socket_folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    # --- participants ---

    def peer(self, nick, *, room=ROOM, **options):
        count = self.lives[nick] = self.lives.get(nick, 0) + 1
        peer = Peer(self, nick if count == 1 else f"{nick}-{count}", nick, room=room, **options)
        with self.changed:
            self.peers.append(peer)
        return peer

    def said(self, peer, event):
        for listener in self.listeners:
            listener(peer, event)

    # --- waiting ---

    def until(self, condition, seconds, what):
        """Waits until condition() holds; it is looked at whenever a participant has said something."""
        end = time.monotonic() + seconds
        with self.changed:
            while not condition():
                self.check_alive()
                left = end - time.monotonic()
                if left <= 0:
                    raise LabError(f"not within {seconds:.0f} s: {what} (logs: {self.folder})")
                self.changed.wait(min(left, 0.2))

    def check_alive(self):
        for peer in self.peers:
            if peer.ended and not peer.quitting:
                raise LabError(f"{peer.life} ended by itself, status {peer.process.wait()} (log: {peer.log})")
        if self.keyroomd is not None and self.keyroomd.poll() is not None:
            raise LabError(f"keyroomd ended by itself, status {self.keyroomd.returncode} (log: {self.keyroomd_log})")
        if not self.prosody.alive():
            raise LabError(f"Prosody ended by itself (log: {self.prosody.log})")
        if self.forwarder.poll() is not None:
            raise LabError(f"the forwarder ended by itself (log: {self.folder}/forwarder.log)")

    def keyed(self, peers):
        """True when exactly these share a committed epoch and nothing newer is announced."""
        keys = {peer.current for peer in peers}
        if len(keys) != 1 or None in keys:
            return False
        key = keys.pop()
        return all(sorted(peer.roster(key)) == sorted(p.nick for p in peers) for peer in peers)

    def until_keyed(self, peers, seconds=90.0):
        self.until(lambda: self.keyed(peers), seconds,
                   "a committed epoch of " + " ".join(sorted(peer.nick for peer in peers)))
        return peers[0].current

    def until_heard(self, peers, seconds=90.0):
        """All of them have opened a frame of each other in their present epoch."""

        def heard():
            if not self.keyed(peers):
                return False
            epoch = int(peers[0].current.split("/")[1])
            return all((other.nick, epoch) in peer.heard for peer in peers for other in peers if other is not peer)

        self.until(heard, seconds, "everybody hears everybody: " + " ".join(sorted(peer.nick for peer in peers)))
        return peers[0].current

    def drain(self, peers, seconds=90.0):
        """All stop sending, and what is under way arrives. Returns when two counts in a row are the same and nothing is missing.
        What is still missing when nothing has come for LOST_S is lost, which is for the judge to say."""
        for peer in peers:
            peer.tell("mute")
        end = time.monotonic() + seconds
        before, since = None, time.monotonic()
        while True:
            now = [{name: value for name, value in peer.frames().items() if name != "t"} for peer in peers]
            with self.changed:
                lost = checker.judge(peers).lost
            if now != before:
                before, since = now, time.monotonic()
            elif not lost or time.monotonic() - since > LOST_S:
                for peer in peers:
                    peer.drained_at = peer.last("frames")["t"]
                return
            if time.monotonic() > end:
                raise LabError(f"frames still arrive after {seconds:.0f} s (logs: {self.folder})")
            with self.changed:
                self.changed.wait(0.3)

    # --- the operator ---

    def ctl(self, *arguments, check=True):
        """keyroomctl --json; returns what it printed, decoded."""
        done = subprocess.run([os.path.join(self.bin, "keyroomctl"), "--socket", self.socket, "--json", *arguments],
                              capture_output=True, text=True, timeout=120, env=self.env)
        if check and done.returncode:
            raise LabError(f"keyroomctl {' '.join(arguments)} -> {done.returncode}: {done.stderr.strip()}")
        try:
            return json.loads(done.stdout) if done.stdout.strip() else {}
        except ValueError:
            raise LabError(f"keyroomctl {' '.join(arguments)} printed no JSON: {done.stdout[:200]!r}") from None

    def log_mark(self):
        """A place in keyroomd's log; logged() looks only behind it."""
        return os.path.getsize(self.keyroomd_log) if os.path.exists(self.keyroomd_log) else 0

    def logged(self, pattern, since=0):
        """The lines of keyroomd's log that match."""
        with open(self.keyroomd_log, "rb") as log:
            log.seek(since)
            text = log.read().decode("utf-8", "replace")
        return [line for line in text.splitlines() if re.search(pattern, line)]

    def metrics(self):
        """{name with labels: value} of keyroomd's metrics page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=60) as page:
            lines = page.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")}

    # --- at the end ---

    def sanitizer_faults(self):
        """What the sanitizers of any process found, and ends that should not have been."""
        faults = []
        for path in [self.keyroomd_log] + [peer.log for peer in self.peers]:
            line = proc.sanitizer_report(path)
            if line:
                faults.append(f"sanitizer: {line} ({path})")
        for peer in self.peers:
            if peer.process.poll() not in (None, 0):
                faults.append(f"{peer.life} ended with status {peer.process.returncode} ({peer.log})")
        return faults
