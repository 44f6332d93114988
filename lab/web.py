"""Keyroom for browsers on loopback: Prosody with WebSocket, keyroomd, a frame forwarder, and the demo's page with its small SFU.

    web.py [--work FOLDER] [--bin FOLDER] [--port N] [--options JSON]

Prints JSON, one object a line: {"event": "ready", "page": URL, ...}, then what C participants say. Takes commands, one a line:
`peer NICK [ARGUMENT...]`, `tell NICK COMMAND`, `ctl ARGUMENT...`, `kill-keyroomd`, `start-keyroomd`, `stop-keyroomd`, `hang-keyroomd`,
`wake-keyroomd`, `restart-prosody`, `quit`; each is answered with {"event": "done" | "failed", "command": ...}. The end of the
input means quit.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from lab import proc, prosody          # noqa: E402
from lab.meeting import ROOM, Meeting  # noqa: E402
from lab.proc import LabError          # noqa: E402

_lock = threading.Lock()


def say(**fields):
    with _lock:
        print(json.dumps(fields), flush=True)


class Web:
    """A meeting that browsers can come to; `url` is the page."""

    def __init__(self, folder, bin_folder, port=0, **options):
        self.meeting = Meeting(folder, bin_folder, server={"web": True}, **options)
        self.port = port
        self.server = None

    def start(self):
        m = self.meeting
        m.start()
        node = shutil.which("node")
        if node is None:
            raise LabError("node is not installed (lab/packages.txt lists what is needed)")
        config = {"port": self.port, "websocket": f"ws://127.0.0.1:{m.prosody.http_port}/xmpp-websocket",
                  "bosh": f"http://127.0.0.1:{m.prosody.http_port}/http-bind",
                  "domain": prosody.GUESTS, "service": prosody.COMPONENT, "room": ROOM, "forwarder": m.forwarder_port}
        log = os.path.join(m.folder, "web.log")
        self.server = proc.spawn([node, os.path.join(ROOT, "web", "demo", "server.mjs"), json.dumps(config)], log=log,
                                 stdout=subprocess.PIPE)
        words = self.server.stdout.readline().split()
        if len(words) != 2:
            raise LabError(f"the page's server does not start (log: {log})")
        self.url = f"http://localhost:{int(words[1])}/"

    def close(self):
        proc.stop(self.server, 5)
        self.meeting.close()


def obey(web, words):
    m = web.meeting
    verb, rest = words[0], words[1:]
    if verb == "peer":
        m.peer(rest[0], extra=rest[1:])
    elif verb == "tell":
        peer = next(p for p in reversed(m.peers) if p.nick == rest[0])
        peer.quitting = peer.quitting or rest[1] == "quit"
        peer.tell(rest[1])
    elif verb == "ctl":
        return m.ctl(*rest)
    elif verb == "kill-keyroomd":
        m.kill_keyroomd()
    elif verb == "stop-keyroomd":
        m.stop_keyroomd()
    elif verb == "start-keyroomd":
        m.start_keyroomd()
    elif verb == "hang-keyroomd":
        m.keyroomd.send_signal(signal.SIGSTOP)
    elif verb == "wake-keyroomd":
        m.keyroomd.send_signal(signal.SIGCONT)
    elif verb == "restart-prosody":
        m.prosody.restart()
    else:
        raise LabError(f"no such command: {verb}")
    return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "web"))
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--options", default="{}", help="of the room, as JSON")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    web = Web(args.work, args.bin, args.port, options=json.loads(args.options))
    web.meeting.listeners.append(lambda peer, event: say(**{**event, "peer": peer.nick}))
    try:
        web.start()
        say(event="ready", page=web.url, room=ROOM, service=prosody.COMPONENT, folder=web.meeting.folder)
        for line in sys.stdin:
            words = shlex.split(line)
            if not words:
                continue
            if words[0] == "quit":
                break
            try:
                say(event="done", command=words[0], result=obey(web, words))
            except (LabError, StopIteration, OSError) as error:
                say(event="failed", command=words[0], why=str(error))
    finally:
        web.close()


if __name__ == "__main__":
    main()
