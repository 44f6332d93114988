#!/usr/bin/python3
"""Hostile requests: each is refused with the standard error and application condition, and nothing has changed."""

import os
import re
import sys
import time
import urllib.parse

import nacl.signing

from harness.daemon import JID, ROOM
from harness.run import main, scenario
from harness.scene import scene
from harness.server import NS_USER
from kr import pack
from kr.client import Client
from kr.texts import NS, TEXTS, b64, device_id, encode_text
from kr.xml import NS_COMPONENT, El

VOLATILE = re.compile(r"_ms$|_s$|time|age|seen|uptime|refus|requests|stanzas|bytes|count")


def still(value):
    """The control socket's view without clocks and counters."""
    if isinstance(value, dict):
        return {k: still(v) for k, v in value.items() if not VOLATILE.search(k)}
    return [still(v) for v in value] if isinstance(value, list) else value


def state_of(s, clients):
    s.settle()
    status, room = s.daemon.http("GET", "/v1/rooms/" + urllib.parse.quote(ROOM, safe=""))
    s.c.equal(status, 200, "the room by the control socket")
    told = [(x.nick, len([e for e in x.events if e.name != "low"])) for x in clients]
    rows = s.daemon.rows()
    rows.pop("log_checkpoint")  # made by the clock, of what was there before
    return rows, still(room), told


class Unchanged:
    """with Unchanged(s, clients, what): nothing inside may change what is stored, shown or told."""

    def __init__(self, s, clients, what):
        self.s, self.clients, self.what = s, clients, what

    def __enter__(self):
        self.before = state_of(self.s, self.clients)

    def __exit__(self, kind, *_):
        if kind is None:
            after = state_of(self.s, self.clients)
            for name, a, b in zip(("database rows", "room", "events"), self.before, after):
                self.s.c.equal(b, a, "%s: %s unchanged" % (self.what, name))


def goes_on(s, clients):
    """The meeting is as good as before: a rotation completes, with the same keys on every side."""
    highest = clients[0].highest
    s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
    s.complete(clients, above=highest)
    s.same_keys(clients, "afterwards")


@scenario
def attaches(c):
    with scene(c) as s:
        everyone = anna, bert = s.meeting("anna", "bert")
        eve, = s.clients("eve")
        challenges_of = {}

        def challenge_of(client):
            """One for all its refused attaches: what is refused uses up nothing."""
            if client.jid not in challenges_of:
                challenges_of[client.jid] = s.challenge(client)
            return challenges_of[client.jid]

        def refuse(condition, what, sender=None, one_time_keys=2, of=eve, edit=None, **changed):
            with Unchanged(s, everyone, what):
                payload = of.attach_el(challenge_of(of), one_time_keys=one_time_keys, **changed)
                if edit:
                    edit(payload)
                s.refused(s.ask(sender or of, payload), condition, what)

        other = Client(s.server, "x@example.org/x", ROOM, "eve", JID)
        wrong = b64(nacl.signing.SigningKey.generate().sign(b"something").signature)
        refuse("bad-signature", "a bad signature", sig=wrong)
        refuse("bad-signature", "a signature of all zeros", sig=b64(bytes(64)))
        foreign = other.attach_el(challenge_of(eve), one_time_keys=0)
        refuse("bad-signature", "another device's signature", sig=foreign.get("sig"))
        for name, value in (("ed25519", b64(bytes(31))), ("curve25519", b64(bytes(33))), ("sig", b64(bytes(63))), ("nonce", "00" * 15),
                            ("attach", "zz" * 16), ("device", eve.device.hex().upper()), ("instance", "")):
            answer = "bad-base64" if name in ("ed25519", "curve25519", "sig") else "malformed"
            refuse(answer, "wrong form of " + name, edit=lambda p, n=name, v=value: p.attrs.update({n: v}))
        for name in ("room", "sig", "nonce", "ed25519", "device", "participant"):
            refuse("malformed", "no " + name, edit=lambda p, n=name: p.attrs.pop(n))
        refuse("bad-base64", "padded base64", edit=lambda p: p.attrs.update(ed25519=p.get("ed25519") + "="))
        refuse("malformed", "no fallback key", edit=lambda p: p.children.pop())
        refuse("malformed", "two fallback keys", edit=lambda p: p.children.append(p.children[-1]))
        refuse("too-many-keys", "51 one-time keys", one_time_keys=51)
        refuse("bad-signature", "an unsigned one-time key", edit=lambda p: p.children[0].attrs.update(sig=b64(bytes(64))))
        refuse("malformed", "a one-time key without signature", edit=lambda p: p.children[0].attrs.pop("sig"))
        refuse("bad-signature", "a one-time key of another attach", edit=lambda p: p.children.__setitem__(
            0, eve.key_el("otk", "one-time", p.children[0].get("key"), os.urandom(16))))
        refuse("bad-signature", "a fallback key as a one-time key", edit=lambda p: p.children.__setitem__(
            0, eve.key_el("otk", "fallback", p.children[0].get("key"), bytes.fromhex(p.get("attach")))))
        # Another's participant, owner, device.
        for name, value in (("participant", "anna"), ("owner", "anna@example.org"), ("owner", "")):
            refuse("wrong-participant", "%s=%r" % (name, value), **{name: value})
        refuse("no-device", "a device that presence does not name", edit=lambda p: p.attrs.update(device="11" * 16))
        refuse("wrong-participant", "a device that is not the keys'", edit=lambda p: p.attrs.update(
            ed25519=b64(other.ed25519), curve25519=b64(other.curve25519), sig=other.sign(
                encode_text("attach", **{n: p.get(n) for n in TEXTS["attach"]}))))
        refuse("wrong-instance", "another instance", edit=lambda p: p.attrs.update(instance="22" * 16))
        # The challenge.
        refuse("bad-challenge", "an invented challenge", nonce="33" * 16)
        taken = challenge_of(eve)
        s.refused(s.ask(anna, El("attach", NS, {**eve.attach_el(taken).attrs}, *eve.fresh_keys(1, os.urandom(16)))), "already-attached",
                  "attach by one that is attached")
        with Unchanged(s, everyone, "another full JID"):
            s.refused(s.ask("eve@example.org/other", eve.attach_el(challenge_of(eve))), "not-occupant", "another full JID")
            s.refused(s.ask("anna@example.org/other", eve.attach_el(challenge_of(eve))), "not-occupant", "another full JID of a member")
        # The device must be in the occupant's own presence.
        naked = s.client("naked", join=False)
        s.room.join(naked, device=False)
        refuse("no-device", "presence without a device", of=naked)
        # Finally a good one, and its challenge again.
        payload = eve.attach_el(challenge_of(eve))
        c.equal(s.ask(eve, payload).get("type"), "result", "a good attach after all that")
        s.wait(lambda: anna.highest > 1, "announce with eve")
        s.refused(s.ask(eve, payload), "already-attached", "the same attach again")
        s.room.leave("eve")
        s.wait(lambda: eve not in s.room.occupants.values() and len(anna.current().roster) == 2 and anna.complete(2) and bert.complete(2), "leave")
        s.room.join(eve)
        with Unchanged(s, everyone, "a used challenge"):
            s.refused(s.ask(eve, payload), "bad-challenge", "a used challenge after the leave")
        goes_on(s, [anna, bert])


@scenario
def challenges(c):
    with scene(c) as s:
        everyone = s.meeting("anna", "bert")
        eve, = s.clients("eve")
        with Unchanged(s, everyone, "many challenges"):
            first = s.challenge(eve)
            answers = [s.ask(eve, eve.el("challenge"), "get") for _ in range(6)]
            given = [a for a in answers if a.get("type") == "result"]
            refused = [a for a in answers if a.get("type") == "error"]
            for answer in refused:
                s.refused(answer, "quota", "a fifth challenge")
            if not refused:
                s.refused(s.ask(eve, eve.attach_el(first, sig=b64(bytes(64)))), "bad-challenge", "the oldest of too many challenges")
            c.true(refused or len(given) == 6, "challenges are bounded")
        # A challenge is the asking JID's own.
        mallory, = s.clients("mallory")
        nonce = s.challenge(mallory).get("nonce")
        s.refused(s.ask(eve, eve.attach_el(last_of(given), nonce=nonce)), "bad-challenge", "another's challenge")


def last_of(answers):
    return answers[-1].child("challenge", NS)


@scenario
def two_sessions_on_a_nick(c):
    with scene(c) as s:
        everyone = s.meeting("anna", "bert")
        anna = everyone[0]
        second = Client(s.server, "anna@example.org/tablet", ROOM, "anna", JID)
        s.server.clients[second.jid] = second
        # A multi-session nick: one more <item/> for the same nick.
        two = s.room.presence("anna", anna.jid, device=anna.device)
        two.child("x", NS_USER).children.append(El("item", NS_USER, {"affiliation": "none", "role": "participant", "jid": second.jid}))
        s.server.send(two)
        s.settle()
        second.shown_device = second.device
        challenge = s.challenge(second)
        with Unchanged(s, everyone, "a second session"):
            s.refused(s.ask(second, second.attach_el(challenge, one_time_keys=1)), "already-attached", "an attach of a second session")


@scenario
def two_ed25519_keys_for_one_curve25519_key(c):
    with scene(c) as s:
        everyone = anna, bert = s.meeting("anna", "bert")
        eve = s.client("eve", join=False)
        signer = nacl.signing.SigningKey.generate()
        eve.ed25519, eve.curve25519 = bytes(signer.verify_key), anna.curve25519
        eve.sign = lambda text: b64(signer.sign(text).signature)
        eve.device = device_id(eve.ed25519, eve.curve25519)
        s.room.join(eve)
        with Unchanged(s, everyone, "Anna's Curve25519 key"):
            s.refused(s.ask(eve, eve.attach_el(s.challenge(eve), one_time_keys=1)), "key-conflict", "Anna's Curve25519 key under another Ed25519 key")
        # Small-order and non-canonical keys prove nothing.
        weak = s.client("weak", join=False)
        weak.ed25519 = bytes([1] + [0] * 31)
        weak.sign = lambda text: b64(bytes([1] + [0] * 31) + bytes(32))
        weak.device = device_id(weak.ed25519, weak.curve25519)
        s.room.join(weak)
        with Unchanged(s, everyone, "a small-order key"):
            s.refused(s.ask(weak, weak.attach_el(s.challenge(weak), one_time_keys=1)), "bad-signature", "a small-order Ed25519 key")
        goes_on(s, [anna, bert])


@scenario
def one_time_keys(c):
    with scene(c) as s:
        everyone = anna, bert = s.meeting("anna", "bert")
        eve, = s.clients("eve")

        def refuse(condition, what, *children, sender=anna, attach=None):
            with Unchanged(s, everyone, what):
                s.refused(s.ask(sender, sender.el("keys", {"attach": (attach or anna.attach_id).hex()}, *children)), condition, what)

        many = anna.fresh_keys(51, anna.attach_id, fallback=False)
        refuse("too-many-keys", "51 one-time keys", *many)
        refuse("too-many-keys", "over what the pool holds", *many[:50])
        refuse("bad-signature", "an unsigned one", El("otk", NS, {"key": many[0].get("key"), "sig": b64(bytes(64))}))
        refuse("bad-signature", "one of another attach", anna.key_el("otk", "one-time", many[0].get("key"), bert.attach_id))
        refuse("bad-signature", "one good, one bad", many[0], El("otk", NS, {"key": many[1].get("key"), "sig": many[0].get("sig")}))
        refuse("bad-base64", "a short key", El("otk", NS, {"key": b64(bytes(31)), "sig": many[0].get("sig")}))
        refuse("malformed", "two fallback keys", *(anna.fresh_keys(0, anna.attach_id) * 2))
        error = s.ask(anna, anna.el("keys", {"attach": bert.attach_id.hex()}, anna.key_el("otk", "one-time", many[0].get("key"), bert.attach_id)))
        c.equal(error.get("type"), "error", "another's attach: %r" % error)
        refuse("not-member", "keys of one who is not attached", many[0], sender=eve)
        answer = s.ask(anna, anna.el("keys", {"attach": anna.attach_id.hex()}, *many[:3]))
        c.equal(answer.get("type"), "result", "good ones are taken: %r" % answer)


@scenario
def claims(c):
    with scene(c) as s:
        everyone = anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        eve, = s.clients("eve")

        def claim(sender, *attaches, reset=False):
            return s.ask(sender, sender.el("claim", {}, *[El("of", NS, {"attach": a.hex(), **({"reset": "true"} if reset else {})}) for a in attaches]))

        def refuse(condition, what, *attaches, sender=anna, reset=False):
            with Unchanged(s, everyone, what):
                s.refused(claim(sender, *attaches, reset=reset), condition, what)

        refuse("not-in-room", "a device outside the room", os.urandom(16))
        refuse("not-member", "by one who is not attached", anna.attach_id, sender=eve)
        refuse("malformed", "of nobody")
        refuse("wrong-recipients", "of one twice", bert.attach_id, bert.attach_id)
        refuse("malformed", "of oneself", anna.attach_id)
        refuse("too-large", "of 513", *[os.urandom(16) for _ in range(513)])
        with Unchanged(s, everyone, "an attach that is no id"):
            s.refused(s.ask(anna, anna.el("claim", {}, El("of", NS, {"attach": "xyz"}))), "malformed")
        # Once per ordered pair; one reset a minute.
        pairs = [(x, y) for x in everyone for y in everyone if x is not y]
        x, y = next(p for p in pairs if p[1].attach_id not in p[0].claimed)
        for member in everyone:
            member.hold.add("keys")
        refuse("not-in-room", "one good, one outside: nothing is claimed", y.attach_id, os.urandom(16), sender=x)
        rows = s.daemon.rows()
        answer = claim(x, y.attach_id)
        c.equal([k.name for k in answer.child("claimed").children], ["key"], "the one claim: %r" % answer)
        key = answer.child("claimed").child("key")
        refuse("quota", "a second claim of the pair", y.attach_id, sender=x)
        answer = claim(x, y.attach_id, reset=True)
        again = answer.child("claimed").child("key")
        c.true(again is not None and again.get("key") != key.get("key"), "a reset gives another key")
        refuse("quota", "a second reset in a minute", y.attach_id, sender=x, reset=True)
        c.equal(s.daemon.rows()["one_time_key"], rows["one_time_key"] - 2, "what was given is stored no more")
        # Who left in the current roster is <none/>; a revoked one is forbidden.
        cleo_attach, highest = cleo.attach_id, anna.highest
        s.daemon.http("POST", "/v1/revoke", {"device": cleo.device.hex(), "scope": "*", "reason": "x"})
        s.wait(lambda: cleo.detached, "revocation")
        s.complete([anna, bert], above=highest)
        error = claim(anna, cleo_attach)
        s.refused(error, "not-in-room", "a claim of a revoked device that is in the roster no more")
        goes_on(s, [anna, bert])


@scenario
def one_who_has_left_is_none(c):
    with scene(c, room_options={"deadline": 60000}) as s:
        anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        gone = cleo.attach_id
        for x in (anna, bert):
            x.hold.add("envelope2")
        highest = anna.highest
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.wait(lambda: anna.highest > highest, "announce")
        s.room.leave("cleo")
        s.settle()
        answer = s.ask(anna, anna.el("claim", {}, El("of", NS, {"attach": gone.hex(), "reset": "true"})))
        claimed = answer.child("claimed")
        c.equal(claimed is not None and [(k.name, k.get("attach")) for k in claimed.children], [("none", gone.hex())], "none: %r" % answer)
        for x in (anna, bert):
            x.hold.clear()
            x.round(x.current(), 2)
        s.complete([anna, bert], above=anna.highest)


def envelope(x, e, entries, sealed, round_="2", **changed):
    attrs = {"epoch": e.number, "round": round_, "sig": x.sealed_sig(e, round_, sealed), **changed}
    return x.el("envelope", {k: v for k, v in attrs.items() if v is not None}, b64(b"".join(entries)))


@scenario
def envelopes(c):
    with scene(c, room_options={"deadline": 60000}) as s:
        everyone = anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        eve, = s.clients("eve")
        older = anna.current()
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.complete(everyone, above=older.number)
        past = anna.current()
        for x in everyone:
            x.hold.add("envelope2")
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.wait(lambda: all(x.highest > past.number for x in everyone), "announce")
        e, me = anna.current(), anna.current().index(anna.attach_id)
        others = [i for i in range(3) if i != me]
        attaches = [e.roster[i].attach for i in others]
        good = [pack.entry(i, pack.NORMAL, b"\3" + os.urandom(60)) for i in others]

        def refuse(condition, what, payload, sender=anna):
            with Unchanged(s, everyone, what):
                s.refused(s.ask(sender, payload), condition, what)

        refuse("stale-epoch", "an envelope for a past epoch", envelope(anna, older, good, attaches))
        refuse("unexpected", "a second envelope for the last committed epoch", envelope(anna, past, good, attaches))
        refuse("unknown-epoch", "an envelope for a future epoch", envelope(anna, e, good, attaches, epoch=e.number + 1))
        refuse("malformed", "epoch 0", envelope(anna, e, good, attaches, epoch="-1"))
        refuse("not-member", "by one who is no member", envelope(anna, e, good, attaches), sender=eve)
        refuse("not-occupant", "from another full JID", envelope(anna, e, good, attaches), sender="anna@example.org/other")
        refuse("wrong-recipients", "a recipient missing", envelope(anna, e, good[:1], attaches[:1]))
        refuse("wrong-recipients", "a recipient doubled", envelope(anna, e, [good[0], good[0], good[1]], [attaches[0]] * 2 + attaches[1:]))
        refuse("wrong-recipients", "recipients out of order", envelope(anna, e, good[::-1], attaches[::-1]))
        refuse("wrong-recipients", "one outside the roster", envelope(anna, e, good + [pack.entry(9, 1, b"x")], attaches + [os.urandom(16)]))
        mine = sorted(others + [me])
        refuse("wrong-recipients", "oneself", envelope(anna, e, [pack.entry(i, 1, b"\3" + bytes(60)) for i in mine], [e.roster[i].attach for i in mine]))
        refuse("wrong-recipients", "nobody", envelope(anna, e, [], []))
        refuse("bad-base64", "not base64", anna.el("envelope", {"epoch": e.number, "round": "2",
                                                                 "sig": anna.sealed_sig(e, "2", attaches)}, "not base64!"))
        refuse("malformed", "cut in an entry", anna.el("envelope", {"epoch": e.number, "round": "2",
                                                                      "sig": anna.sealed_sig(e, "2", attaches)}, b64(b"".join(good)[:-1])))
        refuse("malformed", "an entry of 513 bytes", envelope(anna, e, [pack.entry(others[0], 1, bytes(513)), good[1]], attaches))
        refuse("malformed", "an entry of no bytes", envelope(anna, e, [pack.entry(others[0], 1, b""), good[1]], attaches))
        refuse("malformed", "an unknown type", envelope(anna, e, [pack.entry(others[0], 7, b"x"), good[1]], attaches))
        refuse("bad-signature", "a signature over other recipients", envelope(anna, e, good, attaches, sig=anna.sealed_sig(e, "2", attaches[:1])))
        refuse("bad-signature", "a signature over another round", envelope(anna, e, good, attaches, sig=anna.sealed_sig(e, "1", attaches)))
        refuse("bad-signature", "another's signature", envelope(anna, e, good, attaches, sig=bert.sealed_sig(e, "2", attaches)))
        refuse("malformed", "no signature", envelope(anna, e, good, attaches, sig=None))
        refuse("malformed", "round 3", envelope(anna, e, good, attaches, round="3"))
        for what, payload in (("round 1 of an incumbent", envelope(anna, e, good, attaches, "1")),
                              ("a supplement nobody asked for", envelope(anna, e, good, attaches, "supplement"))):
            with Unchanged(s, everyone, what):
                answer = s.ask(anna, payload)
                c.equal(answer.get("type"), "error", what + ": %r" % answer)
        refuse("wrong-recipients", "more than the roster has", envelope(anna, e, [pack.entry(i, 1, b"\3" + bytes(400)) for i in range(200)], attaches))
        for what, part, of in (("part 2 first", 2, 2), ("part 0", 0, 2), ("part 3 of 2", 3, 2), ("a million parts", 1, 1000000)):
            with Unchanged(s, everyone, what):
                answer = s.ask(anna, envelope(anna, e, good, attaches, part=part, of=of, sig=None))
                c.equal(answer.get("type"), "error", what + ": %r" % answer)
        # The good one is taken, once.
        for x in everyone:
            x.hold.clear()
            x.round(x.current(), 2)
        s.complete(everyone, above=past.number)
        s.same_keys(everyone, "after all that")
        with Unchanged(s, everyone, "the same envelope again"):
            answer = s.ask(anna, envelope(anna, e, good, attaches))
            c.equal(answer.get("type"), "error", "an envelope for a committed epoch: %r" % answer)


@scenario
def an_abandoned_epoch(c):
    with scene(c, room_options={"deadline": 60000}) as s:
        anna, bert, cleo = everyone = s.meeting("anna", "bert", "cleo")
        before = anna.highest
        for x in everyone:
            x.hold |= {"envelope2", "ack"}
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.wait(lambda: all(x.highest > before for x in everyone), "announce")
        e = anna.current()
        s.daemon.http("POST", "/v1/revoke", {"device": cleo.device.hex(), "scope": "*", "reason": "x"})
        s.wait(lambda: anna.highest > e.number, "what supersedes")
        others = [line for line in e.roster if line.attach != anna.attach_id]
        entries = [pack.entry(e.index(line.attach), pack.NORMAL, b"\3" + bytes(60)) for line in others]
        with Unchanged(s, [anna, bert], "an abandoned epoch"):
            s.refused(s.ask(anna, envelope(anna, e, entries, [line.attach for line in others])), "stale-epoch", "an envelope for an abandoned epoch")
            s.refused(s.ask(anna, anna.ack_el(e, missing=None)), "stale-epoch", "an ack for an abandoned epoch")
            s.refused(s.ask("cleo@example.org/phone", envelope(anna, anna.current(), entries, [])), "not-member", "an envelope by the revoked")
        for x in (anna, bert):
            x.hold.clear()
            x.round(x.current(), 2)
        s.complete([anna, bert], above=e.number)


@scenario
def acks_and_the_rest(c):
    with scene(c) as s:
        everyone = anna, bert = s.meeting("anna", "bert")
        eve, = s.clients("eve")
        e = anna.current()

        def refuse(condition, what, payload, sender=anna, kind="set"):
            with Unchanged(s, everyone, what):
                s.refused(s.ask(sender, payload, kind), condition, what)

        refuse("unknown-epoch", "an ack of a future epoch", anna.ack_el(e, epoch=99))
        refuse("not-member", "an ack by no member", anna.ack_el(e), sender=eve)
        refuse("malformed", "missing that is no number", anna.ack_el(e, missing="x"))
        refuse("malformed", "missing out of order", anna.ack_el(e, missing="1 0"))
        for missing in ("0 0", "01", "1,2", "-1", "4096"):
            with Unchanged(s, everyone, "missing=" + missing):
                c.equal(s.ask(anna, anna.ack_el(e, missing=missing)).get("type"), "error", "missing=" + missing)
        refuse("malformed", "no epoch", anna.ack_el(e, epoch=None))
        refuse("malformed", "a room in other letters", El("ack", NS, {"room": "", "epoch": "1"}))
        refuse("unknown-room", "another room", El("whole", NS, {"room": "other@conference.example.org"}), kind="get")
        refuse("not-member", "whole by no member", eve.el("whole"), sender=eve, kind="get")
        refuse("malformed", "whole since nothing", anna.el("whole", {"since": "x"}), kind="get")
        refuse("unknown-request", "an unknown request", anna.el("teleport"))
        for name in ("announce", "deliver", "commit", "detached", "state", "wanted", "low", "attached", "claimed"):
            refuse("unknown-request", "an event as a request: " + name, anna.el(name, {"epoch": 1}))
        for kind, name in (("set", "challenge"), ("get", "attach"), ("set", "whole"), ("get", "claim")):
            with Unchanged(s, everyone, "wrong type of IQ"):
                c.equal(s.ask(anna, anna.el(name), kind).get("type"), "error", "%s as a %s" % (name, kind))
        # session
        other = bert.attach_id.hex()
        refuse("bad-base64", "a session that is not base64", anna.el("session", {"to": other}, "?"))
        refuse("not-in-room", "a session to nobody", anna.el("session", {"to": "66" * 16}, b64(b"\0" + bytes(100))))
        for what, data in (("empty", b""), ("of no type", b"\2" + bytes(60)), ("too long", b"\0" + bytes(5000))):
            with Unchanged(s, everyone, "session: " + what):
                c.equal(s.ask(anna, anna.el("session", {"to": other}, b64(data))).get("type"), "error", "session: " + what)
        # What has the form is relayed; the receiver finds that it opens nothing.
        c.equal(s.ask(anna, anna.el("session", {"to": other}, b64(b"\0" + bytes(100)))).get("type"), "result", "a session of nonsense")
        s.wait(lambda: bert.refused, "refusal by the receiver")
        c.equal(bert.refused, ["a session message does not open"], "what the receiver says")
        c.equal(s.ask(anna, anna.el("session", {"to": other}, b64(b"\1" + bytes(60)))).get("type"), "result", "one in no session")
        s.wait(lambda: len(bert.refused) == 2, "another refusal by the receiver")
        refuse("quota", "a second one of type 1 in a minute", anna.el("session", {"to": other}, b64(b"\1" + bytes(60))))
        refuse("quota", "a second session in a minute", anna.el("session", {"to": other}, b64(b"\0" + bytes(100))))
        refuse("malformed", "a session without a target", anna.el("session", {}, b64(b"\0" + bytes(100))))
        refuse("not-member", "detach by no member", eve.el("detach"), sender=eve)
        refuse("not-allowed", "rotate by one who is no owner", anna.el("rotate"))
        refuse("malformed", "revoke of nothing", anna.el("revoke"))
        goes_on(s, [anna, bert])


@scenario
def one_who_just_left(c):
    with scene(c) as s:
        anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        e, attach = cleo.current(), cleo.attach_id
        requests = [("set", cleo.ack_el(e)), ("get", cleo.el("whole")), ("get", cleo.el("challenge")),
                    ("set", cleo.el("claim", {}, El("of", NS, {"attach": anna.attach_id.hex(), "reset": "true"}))),
                    ("set", cleo.el("keys", {"attach": attach.hex()}, *cleo.fresh_keys(1, attach, False))), ("set", cleo.el("detach"))]
        s.room.leave("cleo")
        for kind, payload in requests:
            s.refused(s.ask(cleo, payload, kind), "not-occupant", payload.name + " by one who just left")
        s.complete([anna, bert], above=e.number)
        events = [x.name for x in cleo.events if x.get("epoch") == str(anna.highest)]
        c.equal(events, [], "nothing of the new epoch went to who left")


@scenario
def xml_beyond_the_limits(c):
    with scene(c) as s:
        everyone = anna, bert = s.meeting("anna", "bert")
        head = "<envelope xmlns='%s' room='%s'" % (NS, ROOM)
        cases = {
            "deep": head + ">" + "<a>" * 50 + "</a>" * 50 + "</envelope>",
            "wide": head + ">" + "<a/>" * 20000 + "</envelope>",
            "long": head + " epoch='1' round='2'>" + "A" * 300000 + "</envelope>",
            "many attributes": head + "".join(" a%d='x'" % i for i in range(2000)) + "/>",
        }
        for what, text in cases.items():
            with Unchanged(s, everyone, what):
                s.refused(s.ask(anna, text), "too-large", what)
        for what, text in (("a room of 20 kB", "<whole xmlns='%s' room='%s'/>" % (NS, "r" * 20000)),
                           ("control characters in a name", "<whole xmlns='%s' room='a&#10;b'/>" % NS),
                           ("text where none belongs", "<whole xmlns='%s' room='%s'>x<y/>z</whole>" % (NS, "other@" + ROOM))):
            with Unchanged(s, everyone, what):
                c.equal(s.ask(anna, text, "get").get("type"), "error", what)
        # Unknown attributes and elements are ignored (1.2).
        count = len(anna.named("announce"))
        answer = s.ask(anna, "<whole xmlns='%s' room='%s' shiny='yes'><x xmlns='urn:example:x'/></whole>" % (NS, ROOM), "get")
        c.equal(answer.get("type"), "result", "unknown attributes and elements are ignored")
        s.wait(lambda: len(anna.named("announce")) > count, "whole")
        goes_on(s, [anna, bert])


@scenario
def one_stanza_holds_up_nobody(c):
    """As large as the server lets through, in every shape whose cost grows faster than its size; they took half a minute."""
    with scene(c) as s:
        everyone = anna, bert = s.meeting("anna", "bert")
        head = "<envelope xmlns='%s' room='%s' " % (NS, ROOM)
        cases = {
            "children": head + ">" + "<d/>" * 60000 + "</envelope>",
            "children and text": head + ">" + "<d/>x" * 50000 + "</envelope>",
            "depth": head + ">" + "<d>" * 36000 + "</d>" * 36000 + "</envelope>",
            "attributes": head + " ".join("a%d=''" % i for i in range(25000)) + "/>",
            "lines": head + ">" + "\n" * 250000 + "</envelope>",
            "entities": head + ">" + "&lt;" * 60000 + "</envelope>",
        }
        for what, text in cases.items():
            with Unchanged(s, everyone, what):
                c.equal(s.ask(anna, text, timeout=60).get("type"), "error", what)
        # What was left out of one stanza is not left out of the next.
        goes_on(s, [anna, bert])


@scenario
def a_flood(c):
    with scene(c) as s:
        everyone = anna, bert = s.meeting("anna", "bert")
        eve, = s.clients("eve")
        answers = []
        eve.receive = answers.append
        # The second comes when the burst is used up: what the first left, and 50 a second.
        for payloads, refusal, least in (([eve.el("whole")], "not-member", 190), ([eve.el("whole")] * 2, "malformed", 1)):
            with Unchanged(s, everyone, "a flood"):
                answers.clear()
                started = time.monotonic()
                for i in range(1000):
                    s.server.send(El("iq", NS_COMPONENT, {"type": "get", "id": "f%d" % i, "from": eve.jid, "to": JID}, *payloads))
                s.wait(lambda: len(answers) == 1000, "an answer to each")
                most = (200 + 50 * (time.monotonic() - started)) * 1.1 + 20
                conditions = {}
                for a in answers:
                    name = next((x.name for x in a.child("error").children if x.ns.endswith("errors")), None)
                    conditions[name] = conditions.get(name, 0) + 1
                c.true(conditions.get("quota", 0) > 0 and least <= conditions.get(refusal, 0) <= most, "over the burst: %r" % conditions)
        goes_on(s, [anna, bert])


if __name__ == "__main__":
    sys.exit(main())
