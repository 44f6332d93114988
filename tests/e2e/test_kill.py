#!/usr/bin/env python3
"""keyroomd is killed with SIGKILL at random moments of a meeting in which people come and go, and started again: no one-time
key is handed out twice, no epoch number is used twice, the meeting goes on, no frame is lost."""

import sys
import time

import common
import churn

MOMENTS = ("any", "announce", "commit", "attached", "claim")


def await_moment(m, moment, random):
    """Returns at a moment of that kind: within a few milliseconds of what the service has just sent, or whenever."""
    if moment == "any":
        pause = time.monotonic() + random.uniform(0.0, 1.5)
        with m.changed:
            while time.monotonic() < pause:
                m.changed.wait(pause - time.monotonic() if pause > time.monotonic() else 0.001)
        return
    if moment == "claim":
        # Keys are claimed right after the announce: the witness in the server sees them go.
        count = sum(1 for words in m.prosody.watched() if words[0] == "claimed")
        end = time.monotonic() + 8
        while time.monotonic() < end:
            if sum(1 for words in m.prosody.watched() if words[0] == "claimed") > count:
                return
            time.sleep(0.002)
        return
    with m.changed:
        count = sum(peer.count(moment) for peer in m.peers)
        end = time.monotonic() + 8
        while sum(peer.count(moment) for peer in m.peers) == count and time.monotonic() < end:
            m.changed.wait(0.1)
    time.sleep(random.uniform(0, 0.02))


def body(m, args):
    crowd = churn.Crowd(m, args.random)
    crowd.gather()
    recovered = []
    for kill in range(args.kills):
        for _ in range(args.random.randint(1, 3)):
            crowd.step()
        moment = args.random.choice(MOMENTS)
        await_moment(m, moment, args.random)
        m.kill_keyroomd()
        before = {key for peer in m.peers for key in peer.order}
        down = args.random.choice((0.0, 0.0, 0.3, 1.0))
        time.sleep(down)  # how long it stays away is part of the test
        if args.random.random() < 0.3:
            crowd.step()  # somebody comes or goes while it is away
        started = m.start_keyroomd()
        # Nearly always the meeting is given time to come together; sometimes it is killed again at once.
        if args.random.random() < 0.8:
            here = list(crowd.here.values())
            m.until(lambda: m.keyed(here) and here[0].current not in before, 60, "an epoch of all from after the kill")
            recovered.append(time.monotonic() - started)
            print(f"kill {kill + 1} of {args.kills} ({moment}): all keyed again {recovered[-1]:.2f} s after the start", flush=True)
        else:
            print(f"kill {kill + 1} of {args.kills} ({moment}): and again", flush=True)
    crowd.settle()
    if recovered:
        recovered.sort()
        print(f"keyed again after: median {recovered[len(recovered) // 2]:.2f} s, longest {recovered[-1]:.2f} s", flush=True)
    common.judge(m, least_frames=5000)
    common.judge_watch(m)


def options(parser):
    parser.add_argument("--kills", type=int, default=50 if common.DEEP else 10)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("kill", options), body, watch=True))
