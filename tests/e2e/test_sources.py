#!/usr/bin/env python3
"""The keys of a meeting come from everybody, then from one leader, then from another, then from everybody again; and in another
room from a passphrase. Nobody loses a frame over any of that."""

import os
import sys

import common
from common import expect
from lab.meeting import ROOM

ABOVE = 3       # leader-above: from the fourth member on
LEADS = ("--sources", "participants,leader", "--lead")
SECRET_ROOM = ROOM.replace("@", "-secret@")


def told(peer):
    """Who makes the keys of its newest epoch: the source, and the leader's name."""
    announce = peer.announces[peer.order[-1]]
    return announce.get("source"), announce.get("leader")


def leaves(m, peer, rest):
    """It hears the others to the last, and goes; the rest goes on without it."""
    m.until_heard(rest + [peer])
    peer.quit()
    expect(peer.wait_end() == 0, f"{peer.life} ended with status {peer.process.returncode} ({peer.log})")
    m.until_keyed(rest)
    m.until_heard(rest)


def of_everybody_and_of_leaders(m):
    peers, seen = [], []
    for nick in ("ann", "bob", "cid", "dot", "eve", "fay"):
        peers.append(m.peer(nick, extra=LEADS))
        m.until_keyed(peers)
        m.until_heard(peers)
        seen.append(told(peers[0]))
    expect([s for s, _ in seen] == ["participants"] * 3 + ["leader"] * 3, f"sources as people came: {seen}")
    expect(all(leader == "ann" for s, leader in seen if s == "leader"), f"the longest attached leads: {seen}")
    leaves(m, peers[0], peers[1:])
    expect(told(peers[1]) == ("leader", "bob"), f"bob takes over from ann: {told(peers[1])}")
    before = peers[1].current
    m.ctl("rotate", ROOM)
    m.until(lambda: m.keyed(peers[1:]) and peers[1].current != before, 60, "a rotation under the second leader")
    m.until_heard(peers[1:])
    leaves(m, peers[1], peers[2:])
    expect(told(peers[2]) == ("leader", "cid"), f"cid takes over from bob: {told(peers[2])}")
    state = m.ctl("room", ROOM)
    expect("cid" in str(state), f"keyroomctl names the leader: {state}")
    leaves(m, peers[5], peers[2:5])
    expect(told(peers[2])[0] == "leader", "three are at 80 % of three still")
    leaves(m, peers[4], peers[2:4])
    expect(told(peers[2])[0] == "participants", f"two make their own keys: {told(peers[2])}")
    peers.append(m.peer("gus", extra=LEADS))
    m.until_heard(peers[2:4] + [peers[-1]])
    return [p for p in peers if not p.ended]


def of_a_passphrase(m):
    path = os.path.join(m.peers_folder, "passphrase")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
        out.write("four words that nobody guesses\n")
    takes_part = ("--sources", "passphrase", "--passphrase-file", path)
    peers = []
    for nick in ("hal", "ivy", "joe"):
        peers.append(m.peer(nick, room=SECRET_ROOM, extra=takes_part))
        m.until_heard(peers)
    expect(told(peers[0])[0] == "passphrase", f"of a passphrase: {told(peers[0])}")
    leaves(m, peers[2], peers[:2])
    return peers[:2]


def body(m, _args):
    here = of_everybody_and_of_leaders(m)
    m.drain(here + of_a_passphrase(m))
    common.judge(m, least_frames=200)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("sources"), body, join=(ROOM, SECRET_ROOM),
                        options={**common.OPTIONS, "leader-above": ABOVE},
                        rooms={SECRET_ROOM: {**common.OPTIONS, "source": "passphrase"}}))
