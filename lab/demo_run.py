"""What both demos do around their story: build, tell it, take down what was put up, and say how it ended."""

import os
import re
import signal
import subprocess
import sys
import time

from lab.proc import LabError
from lab.timeline import Timeline

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build", "release", "bin")
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def build(say):
    """cmake, with progress. Says so when there was nothing to do."""
    log = os.path.join(ROOT, "build", "build-release.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    started, built = time.monotonic(), 0
    with open(log, "w", encoding="utf-8") as out:
        for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release"]):
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                       stdin=subprocess.DEVNULL, errors="replace")
            shown = 0.0
            for line in process.stdout:
                out.write(line)
                done = re.match(r"\[(\d+)/(\d+)\]", line)
                if done:
                    built = int(done[1])
                    # Often enough on a terminal to look alive, seldom enough elsewhere to be read.
                    if time.monotonic() - shown > (0.1 if say.tty else 5.0):
                        shown = time.monotonic()
                        say.progress(f"{done[1]} of {done[2]}")
            if process.wait():
                say.progress("")
                out.flush()
                with open(log, encoding="utf-8", errors="replace") as text:
                    sys.stdout.write("".join(text.readlines()[-30:]))
                raise LabError(f"{' '.join(command)} failed (all of it: {log})")
    say.line("demo", "build", f"{built} steps in {time.monotonic() - started:.0f} s" if built else "nothing to build again")


class Run:
    """Of one story: close() is what takes its processes down, stays what an interruption means."""

    def __init__(self, staying):
        self.say = Timeline()
        self.staying = staying
        self.stays = False
        self.close = lambda: None


def run(tell):
    """Tells the story, tell(run), after a build. What to exit with: 0 when it came to its end, or was interrupted
    when only --stay held it."""
    demo = Run("--stay" in sys.argv[1:])
    status = 1

    def interrupted(_signal, _frame):
        raise KeyboardInterrupt

    for name in SIGNALS:
        signal.signal(name, interrupted)
    try:
        build(demo.say)
        tell(demo)
        status = 0
    except KeyboardInterrupt:
        status = 0 if demo.stays else 1
        print("" if demo.stays else "\ndemo: interrupted", flush=True)
    except (LabError, OSError, subprocess.SubprocessError) as error:
        print(f"\ndemo: FAILED: {error}", flush=True)
    finally:
        for name in SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        demo.close()
    if status == 0:
        print("demo: ok", flush=True)
    return status
