#!/usr/bin/env python3
"""keyroomd is stopped (SIGSTOP) in mid-meeting, as a machine does that is out of memory or whose virtual machine is moved.
A participant leaves meanwhile: the others go on, show by their own clock that the leaver may still hear, lose nothing; and
once keyroomd goes on, a fresh epoch without the leaver follows within its bound."""

import signal
import sys
import time

import common
from common import expect

EXPOSED_S = 10.0  # docs/protocol.md 5.12
AFTER_S = 15.0    # from SIGCONT: what has queued up is read, changes coalesce (1 s), an epoch of four; on a slow machine


def stop(m, peers, leaver, seconds):
    before = peers[0].current
    m.keyroomd.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    told = time.monotonic()
    if leaver:
        leaver.tell("leave")
        m.until(lambda: leaver.left_at, 60, f"{leaver.life} is out of the room")
    left = time.monotonic()
    if leaver and seconds > EXPOSED_S:
        m.until(lambda: all(peer.count("exposed") for peer in peers), EXPOSED_S + 20, "all show the room as exposed")
        shown = time.monotonic() - left
        # Each counts from its own presence, and may have seen it long before we were told, but not before the leaver was.
        expect(time.monotonic() - told > EXPOSED_S - 0.1, f"shown as exposed already after {time.monotonic() - told:.1f} s")
        for peer in peers:
            expect(peer.last("exposed")["who"] == [leaver.nick], f"{peer.life} says that {peer.last('exposed')['who']} may hear")
        print(f"exposed, by the clients' own clocks, {shown:.2f} s after the leave", flush=True)
    with m.changed:
        while time.monotonic() < stopped + seconds:
            m.check_alive()
            m.changed.wait(0.2)
    expect(all(peer.current == before for peer in peers), "an epoch was announced by a process that stands still")
    m.keyroomd.send_signal(signal.SIGCONT)
    return time.monotonic()


def body(m, args):
    peers = [m.peer(f"p{i}") for i in range(5)]
    m.until_heard(peers, 60)
    # Too short for anybody to notice, with nothing to do: nothing happens.
    key = peers[0].current
    stop(m, peers, None, 2)
    m.ctl("status")
    expect(all(peer.current == key for peer in peers), "a pause of 2 s made an epoch")
    # In the middle of an epoch: it goes on where it stood.
    announced = []

    def stop_at_once(_peer, event):  # in the reader's thread: whoever waited might come when all is over
        if event.get("event") == "announce" and "p5" in event["roster"] and not announced:
            announced.append(event)
            m.keyroomd.send_signal(signal.SIGSTOP)

    m.listeners.append(stop_at_once)
    peers.append(m.peer("p5"))
    m.until(lambda: announced, 60, "the epoch of p5 is announced")
    m.listeners.remove(stop_at_once)
    time.sleep(3)  # that it stands still is what is tested
    m.keyroomd.send_signal(signal.SIGCONT)
    m.until_heard(peers)
    leaver = peers.pop(args.random.randrange(len(peers)))
    resumed = stop(m, peers, leaver, args.seconds)
    m.until_keyed(peers, AFTER_S)
    took = time.monotonic() - resumed
    last = peers[0].announces[peers[0].current]
    expect(last["kind"] == "fresh" and "leave" in last["reason"], f"the leave made a {last['kind']} epoch: {last['reason']}")
    m.until_heard(peers)
    m.until(lambda: all(peer.count("unexposed") for peer in peers), 60, "nobody shows the room as exposed any more")
    print(f"stopped for {args.seconds} s: keyed without the leaver {took:.2f} s after it went on", flush=True)
    # A newcomer shows that the service is all there.
    peers.append(m.peer("late"))
    m.until_heard(peers)
    m.drain(peers + [leaver])
    common.judge(m, least_frames=1000)


def options(parser):
    parser.add_argument("--seconds", type=int, default=30 if common.DEEP else 12, help="that it is stopped")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("stopped", options), body))
