#!/usr/bin/python3
"""Whole meetings of second clients: real Olm, the same keys on every side, in every kind of epoch."""

import sys

from harness.run import main, scenario
from harness.scene import scene
from kr import pack
from kr.texts import b64


def reasons(client):
    return client.named("announce")[-1].get("reason").split()


@scenario
def three_join_at_once(c):
    with scene(c) as s:
        clients = s.meeting("anna", "bert", "cleo")
        s.same_keys(clients, "first epoch")
        a = clients[0].named("announce")[0]
        c.equal((a.get("epoch"), a.get("kind"), a.get("reason"), a.get("full")), ("1", None, "join", "true"), "first announce, fresh")
        c.true(a.get("prev") is None and a.get("prev-context") is None, "no prev in the first epoch")
        policy = clients[0].policy
        c.equal((a.get("source"), policy["format"], policy["suite"]), ("participants", "sframe", "4"), "what the policy says")
        for x in clients:
            c.equal([x.refused, x.mismatched], [[], None], x.nick + " had nothing refused")
            c.true(x.current().commit.get("laggards") is None, "no laggards")


@scenario
def one_after_another_and_a_ratchet(c):
    with scene(c) as s:
        anna, = s.meeting("anna")
        bert, = s.clients("bert")
        s.attach(bert)
        s.complete([anna, bert])
        cleo, = s.clients("cleo")
        before = dict(anna.current().secrets)
        s.attach(cleo)
        everyone = [anna, bert, cleo]
        s.complete(everyone)
        s.same_keys(everyone, "after the ratchet")
        e = anna.current()
        c.equal((e.kind, reasons(anna)), ("ratchet", ["join"]), "a join ratchets")
        c.true(all(e.secrets[a] != before[a] for a in before), "the incumbents' secrets moved on")
        c.true(not any(v in before.values() for v in cleo.current().secrets.values()), "the joiner holds no secret from before")
        a = cleo.named("announce")[0]
        c.true(a.get("prev-context") == b64(anna.epochs[e.previous].ctx), "the joiner is given the context before")


@scenario
def leave_is_fresh(c):
    with scene(c) as s:
        anna, bert, cleo = everyone = s.meeting("anna", "bert", "cleo")
        before, highest, cleo_attach = set(anna.current().secrets.values()), anna.highest, cleo.attach_id
        s.settle()
        events = len(cleo.events)
        s.room.leave("cleo")
        s.complete([anna, bert], above=highest)
        s.same_keys([anna, bert], "after the leave")
        e = anna.current()
        c.equal((e.kind, reasons(anna)), ("fresh", ["leave"]), "a leave makes all fresh")
        c.true(not before & set(e.secrets.values()), "no secret survives")
        gone = [g.get("attach") for a in anna.named("announce") for g in a.all("gone")]
        c.true(cleo_attach.hex() in gone or anna.named("announce")[-1].get("full") == "true", "the leaver is named")
        after = [x.name for x in cleo.events[events:] if x.name in ("announce", "deliver", "commit", "wanted")]
        c.equal(after, [], "the leaver is sent nothing of the new epoch")
        c.true(number_of(anna.current().commit.get("exposure")) > 0, "the exposure is stated")
        c.equal(len(everyone[0].refused), 0, "nothing refused")


def number_of(text):
    return int(text) if text and text.isdigit() else 0


@scenario
def timer(c):
    with scene(c, room_options={"rotate": 60, "suite": 5, "deadline": 1000}) as s:
        clients = s.meeting("anna", "bert")
        c.equal(clients[0].policy["rotate"], "60", "the policy names the rotation")
        c.equal(clients[0].policy["suite"], "5", "the configured suite")
        highest = clients[0].highest
        status, _ = s.daemon.http("POST", "/v1/rotate", {"room": s.room.jid})
        c.equal(status, 200, "keyroomctl may rotate")
        s.complete(clients, above=highest)
        c.equal((clients[0].current().kind, reasons(clients[0])), ("fresh", ["manual"]), "a manual rotation is fresh")
        s.same_keys(clients, "after the rotation")


@scenario
def revoke_by_the_operator(c):
    with scene(c) as s:
        anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        highest = anna.highest
        status, answer = s.daemon.http("POST", "/v1/revoke", {"device": cleo.device.hex(), "scope": "*", "reason": "lost"})
        c.equal(status, 200, "revoke: %r" % answer)
        s.wait(lambda: cleo.detached, "detached")
        c.equal(cleo.detached, "revoked", "the device is told")
        s.complete([anna, bert], above=highest)
        s.same_keys([anna, bert], "after the revocation")
        c.equal((anna.current().kind, "revoke" in reasons(anna)), ("fresh", True), "a revocation is fresh")
        answer = s.ask(cleo, cleo.el("challenge"), "get")
        if answer.get("type") == "result":
            answer = s.ask(cleo, cleo.attach_el(answer.child("challenge")))
        s.refused(answer, "revoked", "a revoked device attaches again")
        status, answer = s.daemon.http("POST", "/v1/revoke", {"device": "00" * 16, "scope": "*", "reason": "x"})
        c.true(status >= 400 and answer.get("error") == "unknown-device", "revoke of an unknown device: %r %r" % (status, answer))


@scenario
def revoke_while_an_epoch_is_in_flight(c):
    with scene(c, room_options={"deadline": 30000}) as s:
        anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        first = anna.highest
        bert.hold.add("ack")
        dora, = s.clients("dora")
        s.attach(dora)
        s.wait(lambda: anna.highest > first and dora.highest, "announce")
        abandoned = anna.highest
        s.daemon.http("POST", "/v1/revoke", {"device": cleo.device.hex(), "scope": "*", "reason": "lost"})
        bert.hold.clear()
        s.complete([anna, bert, dora], above=abandoned)
        s.same_keys([anna, bert, dora], "after the abandoned epoch")
        e = dora.current()
        c.equal(e.previous, abandoned, "the chain goes through the abandoned epoch")
        c.equal(e.kind, "fresh", "what supersedes is fresh")
        c.true(not anna.epochs[abandoned].committed, "the abandoned epoch is never committed")


@scenario
def reload_is_a_leave_and_a_join(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        old, highest = bert.attach_id, anna.highest
        s.room.leave("bert")
        s.room.join(bert)
        s.attach(bert)
        s.complete([anna, bert], above=highest)
        c.true(bert.attach_id != old and anna.current().index(old) is None, "another attach")
        c.equal(anna.current().kind, "fresh", "fresh, since somebody left")
        s.same_keys([anna, bert], "after the reload")


@scenario
def detach_and_last_one_out(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        instance, highest = anna.instance, anna.highest
        done = []
        bert.detach(done.append)
        s.wait(lambda: done, "answer to detach")
        c.equal(done[0].get("type"), "result", "detach")
        s.complete([anna], above=highest)
        anna.detach(done.append)
        s.wait(lambda: len(done) == 2, "answer to detach")
        s.attach(anna)
        s.complete([anna])
        c.true(anna.instance != instance and anna.highest == 1, "a new life is a new instance, from epoch 1")


@scenario
def whole_and_since(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        count = len(anna.named("announce"))
        anna.ask_whole()
        s.wait(lambda: len(anna.named("announce")) > count, "whole")
        a = anna.named("announce")[-1]
        c.equal((a.get("full"), a.get("epoch"), len(a.all("member"))), ("true", str(anna.highest), 2), "whole is full")
        c.true(a.child("policy") is not None, "whole carries the policy")
        c.true(anna.mismatched is None, "and agrees with what is known")
        # A member that did not hear two epochs catches up by the links.
        known = anna.highest
        hear, bert.receive = bert.receive, lambda stanza: None
        cleo, = s.clients("cleo")
        s.attach(cleo)
        s.wait(lambda: cleo.complete() or cleo.has_committed(3, above=known), "epoch without bert", 60)
        bert.receive = hear
        count = len(bert.named("announce"))
        bert.ask_whole(since=known)
        s.wait(lambda: len(bert.named("announce")) > count, "whole since")
        a = bert.named("announce")[-1]
        s.wait(lambda: bert.highest == cleo.highest, "bert has the epoch (%s, %r)" % (bert.mismatched, a))
        c.true(bert.mismatched is None, "the chain holds: %s" % bert.mismatched)
        c.equal(bert.current().ctx, cleo.current().ctx, "the same context")


@scenario
def repair_of_a_session(c):
    """Bert loses his sessions: he cannot hear, names the senders, resets, and is served by supplements."""
    with scene(c, room_options={"deadline": 4000}) as s:
        anna, bert = s.meeting("anna", "bert")
        bert.sessions.clear()
        highest = anna.highest
        s.daemon.http("POST", "/v1/rotate", {"room": s.room.jid})
        s.complete([anna, bert], above=highest)
        s.same_keys([anna, bert], "after the repair")
        c.true(anna.named("session"), "the session was relayed")
        c.true(bert.refused == [] and anna.refused == [], "nothing refused: %r %r" % (bert.refused, anna.refused))


@scenario
def withheld_until_presence_shows_it(c):
    """3.5(c): Anna does not see Bert's device yet; she withholds, and seals when she sees it."""
    with scene(c, room_options={"deadline": 4000}) as s:
        anna, bert = s.clients("anna", "bert")
        anna.seen["bert"] = None
        s.attach(anna, bert)
        s.wait(lambda: bert.current() and anna.current() and (bert.current().last or anna.current().withheld), "withheld")
        c.true(bert.attach_id in anna.current().withheld, "withheld")
        anna.seen["bert"] = bert.device
        anna.presence_changed()
        s.complete([anna, bert])
        s.same_keys([anna, bert], "after the supplement")


@scenario
def a_silent_and_a_late_one(c):
    with scene(c, room_options={"deadline": 12000}) as s:
        anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        cleo.hold |= {"envelope1", "envelope2", "ack"}
        highest = anna.highest
        s.daemon.http("POST", "/v1/rotate", {"room": s.room.jid})
        s.wait(lambda: anna.has_committed(above=highest), "commit at the deadline")
        e, me = anna.current(), anna.current().index(cleo.attach_id)
        c.equal(e.commit.get("silent"), str(me), "the silent one is named in the commit")
        c.equal(e.commit.get("laggards"), str(me), "and is a laggard")
        c.equal(e.silent, [me], "and is named with the last delivery")
        c.equal(anna.missing(e), [me], "its secret is what is missing")
        # What comes late is still delivered.
        cleo.hold.clear()
        cleo.round(cleo.current(), 2)
        s.wait(lambda: anna.complete(3) and bert.complete(3), "late delivery")
        s.same_keys([anna, bert, cleo], "after the late envelope")


@scenario
def keys_run_low_and_are_filled_up(c):
    with scene(c) as s:
        anna, = s.clients("anna")
        anna.attach(one_time_keys=2)
        s.wait(lambda: anna.complete(1), "attached")
        bert, cleo = s.clients("bert", "cleo")
        s.attach(bert, cleo)
        s.complete([anna, bert, cleo])
        s.wait(lambda: anna.named("low"), "low")
        s.settle()
        c.equal(anna.refused, [], "keys are taken")
        answer = s.ask(anna, anna.el("keys", {"attach": anna.attach_id.hex()}, *anna.fresh_keys(0, anna.attach_id)))
        c.true(answer.get("type") == "result" and int(answer.child("keys").get("count")) >= 40, "the count: %r" % answer)


@scenario
def envelopes_in_parts(c):
    with scene(c) as s:
        clients = s.clients(*["m%02d" % i for i in range(6)])
        limit, pack.PART_MAX = pack.PART_MAX, 700
        try:
            s.attach(*clients)
            s.complete(clients)
            s.same_keys(clients, "with envelopes in parts")
            c.true(all(not x.refused for x in clients), "parts are taken: %r" % [x.refused for x in clients])
        finally:
            pack.PART_MAX = limit


@scenario
def a_member_must_wait_for_approval(c):
    with scene(c, room_options={"authorise": "registered"}) as s:
        anna, = s.clients("anna")
        s.attach(anna)
        c.equal(anna.state, "member", "a user of a registered domain")
        s.complete([anna])
        guest = s.client("guest", jid="x1y2@guest.example.net/web")
        s.attach(guest)
        c.equal(guest.state, "waiting", "a guest waits")
        s.wait(lambda: any(w.get("participant") == "guest" for x in anna.named("state") for w in x.all("waiting")), "state")
        c.true(guest.highest == 0, "and is in no epoch")
        status, answer = s.daemon.http("POST", "/v1/approve", {"device": guest.device.hex(), "scope": s.room.jid})
        c.equal(status, 200, "approve: %r" % answer)
        s.complete([anna, guest])
        s.same_keys([anna, guest], "after the approval")
        c.equal(anna.current().roster[anna.current().index(guest.attach_id)].owner, "", "a guest has no owner")


if __name__ == "__main__":
    sys.exit(main())
