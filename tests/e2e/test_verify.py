#!/usr/bin/env python3
"""People compare codes: two participants verify each other by script, a mismatch is as loud as a match, and the room code is the
same on all screens exactly when the rosters are."""

import sys

import common
from common import expect
from lab.meeting import ROOM


def steps(peer, step):
    return [e for e in peer.events if e.get("event") == "verify" and e["step"] == step]


def code(peer):
    return (steps(peer, "code")[-1]["numbers"], steps(peer, "code")[-1]["emoji"])


def compare(m, a, b):
    """a asks, b agrees; both see a code. Returns whether it is the same one."""
    before = len(steps(a, "code")), len(steps(b, "code")), len(steps(b, "asked"))
    a.tell(f"verify {b.nick}")
    m.until(lambda: len(steps(b, "asked")) > before[2], 60, f"{b.nick} is asked")
    b.tell(f"verify {a.nick}")
    m.until(lambda: len(steps(a, "code")) > before[0] and len(steps(b, "code")) > before[1], 60, "both see a code")
    return code(a) == code(b)


def verify(m, a, b):
    expect(compare(m, a, b), f"{a.nick} and {b.nick} see different codes: {code(a)} {code(b)}")
    a.tell(f"match {b.nick}")
    b.tell(f"match {a.nick}")
    m.until(lambda: steps(a, "verified") and steps(b, "verified"), 60, f"{a.nick} and {b.nick} hold each other for verified")


def room_codes(m, peers, other_than=None):
    """Waits until all have shown the code of the roster that they are in now; returns it."""

    def latest():
        shown = [p.last("room-code") for p in peers]
        return all(s is not None and s["devices"] == len(peers) for s in shown) and len({s["code"] for s in shown}) == 1 \
            and shown[0]["code"] != other_than

    m.until(latest, 60, "one room code on all screens")
    return peers[0].last("room-code")["code"]


def body(m, _args):
    ann, bob = m.peer("ann", extra=("--room-code",)), m.peer("bob", extra=("--room-code",))
    m.until_keyed([ann, bob])
    m.until_heard([ann, bob])
    verify(m, ann, bob)
    m.until(lambda: ann.last("trust"), 60, "ann's badge of bob")
    expect([e["trust"] for e in ann.events if e.get("event") == "trust"] == ["verified"], "ann's badge of bob")
    two = room_codes(m, [ann, bob])
    shown = ann.count("room-code")
    m.ctl("rotate", ROOM)
    m.until(lambda: ann.count("room-code") > shown, 60, "the room code after a rotation")
    expect(room_codes(m, [ann, bob]) == two, "it changes when keys rotate")

    # --- by options alone; and a third that says that the codes differ
    cid = m.peer("cid", extra=("--room-code", "--verify", "ann", "--sas-answer", "match"))
    m.until(lambda: steps(ann, "asked"), 60, "cid asks by itself")
    ann.tell("verify cid")
    m.until(lambda: len(steps(ann, "code")) == 2 and steps(cid, "code") and code(ann) == code(cid), 60, "ann and cid see a code")
    ann.tell("mismatch cid")
    m.until(lambda: steps(ann, "mismatch") and steps(cid, "mismatch"), 60, "both are told of the mismatch")
    expect(steps(cid, "mismatch")[0]["by_peer"], "cid is told that ann says so")
    expect(len(steps(ann, "verified")) == 1 and not steps(cid, "verified"), "nobody is verified by a mismatch")
    three = room_codes(m, [ann, bob, cid], other_than=two)
    expect(three != two, "the code is that of the roster")
    cid.quit()
    cid.wait_end()
    m.until_keyed([ann, bob])
    expect(room_codes(m, [ann, bob], other_than=three) == two, "the same devices under the same attaches have the same code")
    m.drain([ann, bob])
    common.judge(m, least_frames=20)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("verify"), body))
