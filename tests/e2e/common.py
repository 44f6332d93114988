"""What the end-to-end tests share: options, the meeting under sanitizers, and how a failure is told."""

import argparse
import os
import random
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from lab import checker                       # noqa: E402
from lab.meeting import Meeting               # noqa: E402
from lab.proc import LabError                 # noqa: E402

# Sanitized binaries on two cores are slow; what is tested is not speed, so nobody may be left behind for it.
OPTIONS = {"authorise": "occupants", "deadline": 30000, "deadline-member": 10}
DEEP = os.environ.get("KR_DEEP") == "1"


class Failure(Exception):
    """An expectation that does not hold."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def arguments(name, extra=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "dev", "bin"), help="folder of the binaries")
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "e2e", name), help="folder of logs; emptied first")
    parser.add_argument("--seed", type=int, default=None, help="replays the decisions of an earlier run")
    if extra:
        extra(parser)
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(1 << 32)
    args.random = random.Random(args.seed)
    return args


def meeting(args, **options):
    options.setdefault("options", OPTIONS)
    return Meeting(args.work, args.bin, **options)


def run(args, body, make=None, **options):
    """body(meeting, args) in a started meeting, make(args, **options) or an ordinary one; then what every test wants: no sanitizer report, clean ends. Returns the
    exit status."""

    def interrupted(_signal, _frame):
        raise KeyboardInterrupt

    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, interrupted)
    print(f"seed {args.seed}, logs in {args.work}", flush=True)
    started = time.monotonic()
    m = (make or meeting)(args, **options)
    status = 1
    try:
        m.start()
        body(m, args)
        end(m)
        faults = m.sanitizer_faults()
        expect(not faults, "\n  ".join(faults))
        status = 0
    except KeyboardInterrupt:
        print("interrupted")
    except (Failure, LabError) as error:
        print(f"FAILED: {error}")
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        m.close()
        if status:
            for line in m.sanitizer_faults():
                print(f"  {line}")
    print(f"{'ok' if status == 0 else 'FAILED'} after {time.monotonic() - started:.1f} s"
          + (f" (again: --seed {args.seed}; logs: {args.work})" if status else ""), flush=True)
    return status


def end(m):
    """Everybody goes, in order, with status 0."""
    for peer in m.peers:
        if not peer.ended:
            peer.quit()
    for peer in m.peers:
        expect(peer.wait_end() == 0, f"{peer.life} ended with status {peer.process.returncode} ({peer.log})")
    m.stop_keyroomd()


def judge(m, least_frames=1):
    """Fails unless every frame was opened by exactly those who should. Prints what was compared."""
    verdict = checker.judge(m.peers)
    print(f"{len(verdict.epochs)} epochs, {len(m.peers)} lives, {verdict.frames} frames compared over {verdict.pairs} "
          f"(receiver, sender, epoch); lost: {verdict.lost}, opened by others: {verdict.foreign}", flush=True)
    expect(not verdict.faults, f"{len(verdict.faults)} faults:\n  " + "\n  ".join(verdict.faults[:12]))
    expect(verdict.lost == 0 and verdict.foreign == 0, "frames lost or opened by others")
    expect(verdict.frames >= least_frames, f"only {verdict.frames} frames were compared: this shows nothing")


def judge_watch(m):
    """Fails if the server saw a one-time key handed out twice, or a number announced for two epochs."""
    faults, keys, epochs = checker.judge_watch(m.prosody.watched())
    print(f"{keys} one-time keys handed out, {epochs} epochs announced, as Prosody saw it", flush=True)
    expect(not faults, "\n  ".join(faults[:12]))
    expect(keys > 0 and epochs > 0, "Prosody saw no keys or no epochs: the witness is blind")
