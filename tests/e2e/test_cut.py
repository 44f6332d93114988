#!/usr/bin/env python3
"""The line between keyroomd and Prosody is cut in mid-meeting, in six ways. Each time somebody leaves and somebody comes
meanwhile. Afterwards all that are there are keyed without the one that left, whom the clients have named by then as one that may
still hear; nothing is lost."""

import sys
import time

import common
from common import expect

EXPOSED_S = 10.0    # docs/protocol.md 5.12
# The longest pause before the link is tried again (15 s), the next attempt of a client to attach (5 s), an epoch, sanitized.
KEYED_S = 90.0
SLOW = (11, 0.0003)  # bytes at a time, and the pause after them: some 20 kB/s, every stanza in pieces


def hard(line):
    """Reset, and nobody answers: a server, or a firewall, that is restarted."""
    line.refuse()


def silent(line):
    """Both ways, and nobody is told; then all arrives at once."""
    line.hold()


def deaf(line):
    """From Prosody to keyroomd only."""
    line.hold("down")


def dumb(line):
    """From keyroomd to Prosody only."""
    line.hold("up")


def dropped(line):
    """Silent, and then reset: what was under way is lost."""
    line.hold()


def slow(line):
    """A few bytes at a time."""
    line.trickle(*SLOW)


WAYS = (hard, silent, deaf, dumb, dropped, slow)
LONG = (hard, deaf)  # these outlast the bound of the exposure in a normal run too


def sleep(m, until):
    with m.changed:
        while time.monotonic() < until:
            m.check_alive()
            m.changed.wait(0.1)


def exposure(m, peers, leaver, counts, left):
    """All that stay say who may still hear, in time; each by its own presence and clock."""
    m.until(lambda: all(peer.count("exposed") > counts[peer.life] for peer in peers), left + EXPOSED_S + 20 - time.monotonic(),
            "all show the room as exposed")
    for peer in peers:
        expect(leaver.nick in peer.last("exposed")["who"], f"{peer.life} names {peer.last('exposed')['who']}, not {leaver.nick}")


def cut(m, way, peers, random, seconds):
    since, downs = m.log_mark(), m.ctl("status")["link_downs"]
    exposed = {peer.life: peer.count("exposed") for peer in m.peers}
    way(m.line)
    began = time.monotonic()
    leaver = peers.pop(random.randrange(len(peers)))
    told = time.monotonic()
    leaver.tell("leave")
    m.until(lambda: leaver.left_at, 60, f"{leaver.life} is out of the room")
    left = time.monotonic()
    staying = list(peers)
    peers.append(m.peer(f"p{len(m.peers):02d}"))
    if way is slow:
        m.until_heard(peers, KEYED_S)  # through the eye of the needle
    else:
        if seconds > EXPOSED_S:
            exposure(m, staying, leaver, exposed, left)
        sleep(m, began + seconds)
    if way is dropped:
        m.line.reset()
    m.line.whole()
    whole = time.monotonic()
    m.until_heard(peers, KEYED_S)
    took, away = time.monotonic() - whole, time.monotonic() - told
    m.until(lambda: all(peer.count("unexposed") == peer.count("exposed") for peer in staying), 60, "nobody is exposed any more")
    if way in (hard, dropped):
        lines = m.logged(r" warn link -> down, trying again \(network: ", since)
        expect(len(lines) == 1 and m.ctl("status")["link_downs"] == downs + 1, f"one cut, and the log says: {lines}")
    else:
        expect(m.ctl("status")["link_downs"] == downs, "a line that was only slow was given up")
    said = any(peer.count("exposed") > exposed[peer.life] for peer in staying)
    must = way is not slow and seconds > EXPOSED_S
    # A machine so slow that the recovery of a short cut outlasts the bound too is right to say so.
    expect(said or not must, f"exposed was not said after {seconds} s")
    expect(not said or must or away > EXPOSED_S - 0.1, f"exposed was said {away:.1f} s after the leave")
    print(f"{way.__name__:<8} for {began + seconds - began if way is not slow else whole - began:4.1f} s: all keyed and heard "
          f"{took:5.2f} s after it", flush=True)


def body(m, args):
    peers = [m.peer(f"p{i:02d}") for i in range(4)]
    m.until_heard(peers, 60)
    for way in [w for w in WAYS if not args.only or w.__name__ in args.only]:
        cut(m, way, peers, args.random, args.seconds if way in LONG or common.DEEP else 3)
    m.drain([peer for peer in m.peers if not peer.ended])
    common.judge(m, least_frames=100 if args.only else 1000)
    common.judge_watch(m)


def options(parser):
    parser.add_argument("--seconds", type=float, default=15 if common.DEEP else 11, help="that a long cut lasts")
    parser.add_argument("--only", nargs="*", help="names of ways")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("cut", options), body, watch=True, through_cut=True))
