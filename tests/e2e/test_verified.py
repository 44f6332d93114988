#!/usr/bin/env python3
"""Rooms of verified devices: nobody else gets a key; verifying a device brings it in within one epoch, taking that back puts it out
within one. By people of a registered domain, and by an admin of the room."""

import sys

import common
import xmpp
from common import expect
from lab import prosody
from test_verify import compare, steps, verify

REGISTERED, OWNED = f"registered@{prosody.MUC}", f"owned@{prosody.MUC}"
ACCOUNTS = ("olga", "ann", "bob")


def state(m, peer, want):
    m.until(lambda: peer.attached and peer.attached["state"] == want, 60, f"{peer.life} is {want}")


def newest(peer):
    return peer.announces[peer.order[-1]]["epoch"] if peer.order else 0


def roster(peer):
    return set(peer.roster(peer.order[-1]))


def in_within_one(m, verifier, peer, others):
    before = newest(others[0]) if others[0].order else 0
    verify_again(m, verifier, peer)
    m.until(lambda: peer.order and others[0].order and peer.nick in roster(others[0]), 60, f"{peer.life} is let in")
    expect(newest(others[0]) == before + 1, f"{peer.life} is in the very next epoch: {before} {newest(others[0])}")
    m.until_keyed(others + [peer])
    m.until_heard(others + [peer])


def verify_again(m, a, b):
    done = len(steps(a, "verified")), len(steps(b, "verified"))
    expect(compare(m, a, b), f"{a.nick} and {b.nick} see different codes")
    a.tell(f"match {b.nick}")
    b.tell(f"match {a.nick}")
    m.until(lambda: len(steps(a, "verified")) > done[0] and len(steps(b, "verified")) > done[1], 60, "both are verified")


def out_within_one(m, verifier, peer, others):
    before = newest(others[0])
    verifier.tell(f"distrust {peer.nick}")
    m.until(lambda: peer.last("detached") and peer.last("detached")["reason"] == "policy", 60, f"{peer.life} is put out")
    m.until(lambda: newest(others[0]) == before + 1 and peer.nick not in roster(others[0]), 60, "the next epoch is without it")
    m.until_keyed(others)


def by_registered(m):
    ann, bob = m.peer("ann", room=REGISTERED, account="ann"), m.peer("bob", room=REGISTERED, account="bob")
    state(m, ann, "waiting")
    state(m, bob, "waiting")
    expect(not ann.order and not bob.order, "no epoch for whom nobody verified")
    verify(m, ann, bob)                         # each is the other's voice
    m.until_keyed([ann, bob])
    m.until_heard([ann, bob])
    expect(newest(ann) == 1, f"both are in the first epoch: {newest(ann)}")
    cid = m.peer("cid", room=REGISTERED)
    state(m, cid, "waiting")
    m.ctl("rotate", REGISTERED)
    m.until(lambda: newest(ann) == 2, 60, "a rotation")
    expect(not cid.order and roster(ann) == {"ann", "bob"}, "a guest that waits is in no roster")
    m.until_keyed([ann, bob])
    in_within_one(m, bob, cid, [ann, bob])
    m.until_heard([ann, bob, cid])
    out_within_one(m, bob, cid, [ann, bob])
    m.until_heard([ann, bob])
    cid.quit()
    cid.wait_end()
    return [ann, bob]


def by_an_admin(m):
    olga = xmpp.Client(m.prosody.c2s_port, prosody.DOMAIN, "olga", m.prosody.accounts["olga"])
    olga.join(OWNED, "olga")
    since = olga.mark()
    olga.invite(OWNED, prosody.COMPONENT)
    olga.wait(lambda s: xmpp.presence_of(s, OWNED, "keyroom"), "the service is there", since)
    amy, dot = m.peer("amy", room=OWNED, account="ann"), m.peer("dot", room=OWNED)
    state(m, amy, "waiting")
    state(m, dot, "waiting")
    olga.iq("set", OWNED, "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='admin' nick='amy'/></query>")
    state(m, amy, "member")
    m.until_keyed([amy])
    in_within_one(m, amy, dot, [amy])
    out_within_one(m, amy, dot, [amy])
    dot.quit()
    dot.wait_end()
    return [amy]


def body(m, _args):
    here = by_registered(m) + by_an_admin(m)
    m.drain(here)
    common.judge(m, least_frames=20)
    log = m.logged(r"attested")
    expect(len(log) >= 4, f"what was said stands in the log: {len(log)}")


# each of two verifies the other in a process of its own: what comes of it is one change, however far apart they say so
TOGETHER = {"coalesce": 3000, "coalesce-max": 10000}

if __name__ == "__main__":
    sys.exit(common.run(common.arguments("verified"), body, join=(REGISTERED,), accounts=ACCOUNTS,
                        inviters=(f"olga@{prosody.DOMAIN}",),
                        rooms={REGISTERED: {**common.OPTIONS, **TOGETHER, "authorise": "verified", "verified-by": "registered"},
                               OWNED: {**common.OPTIONS, "authorise": "verified", "verified-by": "owners"}}))
