"""./demo --web: a meeting of browsers, on loopback. See ../demo for its options.

Five participants in headless Chromium and one keyroom-peer meet through a real Prosody, keyroomd and a small SFU; what they
see is photographed. With --stay the page is there for real browsers afterwards.
"""

import json
import os
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from lab import demo_run, proc         # noqa: E402
from lab.proc import LabError          # noqa: E402
from lab.web import Web                # noqa: E402

PORT = 8710
SECONDS = 400


def install(say):
    """The npm packages of web/package-lock.json, unless they are there."""
    done = subprocess.run([os.path.join(ROOT, "web", "install.sh")], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"web/install.sh failed:\n{done.stdout}{done.stderr}")
    say.line("demo", "packages", "of web/package-lock.json are there")


class Browsers:
    """web/demo/five.mjs, and what it says."""

    def __init__(self, url, folder):
        self.shots = os.path.join(folder, "screenshots")
        self.log = os.path.join(folder, "browsers.log")
        self.process = proc.spawn(["node", os.path.join(ROOT, "web", "demo", "five.mjs"), url, self.shots], log=self.log,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._late = threading.Timer(SECONDS, self.process.kill)
        self._late.start()

    def next(self, *kinds):
        """What it says next of these kinds."""
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] in ("failed", "error"):
                raise LabError(f"in the browsers: {json.dumps(event)[:2000]} (log: {self.log})")
            if event["event"] in kinds:
                return event
        raise LabError(f"the browsers ended (log: {self.log})")

    def close(self):
        self._late.cancel()
        if self.process.poll() is None:
            self.process.stdin.close()
        proc.stop(self.process, 5)


def five(say, web, folder):
    say.step("Five browsers and a keyroom-peer meet")
    peer = web.meeting.peer("zoe")
    browsers = Browsers(web.url, folder)
    try:
        first = browsers.next("opened", "none")
        if first["event"] == "none":
            say.line("demo", "browsers", "there is no Chromium here (apt-get install chromium): open the page in your own, with --stay")
            return
        keyed = browsers.next("keyed")
        least = min(min(frames.values()) for frames in keyed["frames"].values())
        say.line("all", "see each other", f"20 of 20 directions in epoch {keyed['epoch']}, at least {least} pictures decoded of each")
        heard = sum(relayed["zoe"]["opened"] for relayed in keyed["relayed"].values())
        web.meeting.until(lambda: len({nick for nick, _ in peer.heard}) >= 5, 60, "zoe hears the five browsers")
        say.line("zoe", "and the browsers", f"in C, over the relay: they opened {heard} of its frames, and it opens theirs")
        shot = browsers.next("shot")
        if shot["codes"]["ann"] != shot["codes"]["eve"]:
            raise LabError(f"room codes differ: {shot['codes']}")
        say.line("all", "room code", shot["codes"]["ann"])
        left = browsers.next("left")
        if not left["keyed"]:
            raise LabError("the others are not keyed after Eve left")
        say.line("eve", "leaves", f"the others go on in epoch {left['epoch']}")
        say.line("demo", "screenshots", os.path.relpath(browsers.shots, ROOT))
    finally:
        browsers.close()
        peer.quit()
        peer.wait_end()


def stay(web):
    print(f"\nThe page stays up until Ctrl-C. Open it in several windows:\n  {web.url}?name=Me\n  {web.url}?name=You&media=camera",
          flush=True)
    web.meeting.peer("zoe")
    while True:
        web.meeting.check_alive()
        time.sleep(0.5)


def tell(run):
    folder = os.path.join(ROOT, "build", "demo-web")
    install(run.say)
    web = Web(folder, demo_run.BIN, PORT if run.staying else 0, options={"authorise": "occupants", "suite": 4})
    run.close = web.close
    run.say.step("A server with WebSocket, a component, an SFU that sees ciphertext")
    web.start()
    run.say.line("page", "ready", web.url)
    five(run.say, web, folder)
    if run.staying:
        run.stays = True
        stay(web)


if __name__ == "__main__":
    sys.exit(demo_run.run(tell))
