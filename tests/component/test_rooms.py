#!/usr/bin/python3
"""The service as an occupant: joining, invitations, conflicts, being put out, what presence it believes."""

import re
import sys

from harness.daemon import JID, MUC, ROOM
from harness.run import main, scenario
from harness.scene import scene
from harness.server import NS_USER
from kr.texts import NS
from kr.xml import NS_COMPONENT, El

OTHER = "planning@" + MUC


def message(sender, *payload):
    return El("message", NS_COMPONENT, {"from": sender, "to": JID}, *payload)


def mediated(room, inviter):
    return message(room, El("x", NS_USER, {}, El("invite", NS_USER, {"from": inviter}, El("reason", NS_USER, {}, "please"))))


def direct(room, inviter):
    return message(inviter, El("x", "jabber:x:conference", {"jid": room}))


def stays_out(s, room, what):
    s.settle()
    s.server.pump(None, 0.3)
    s.c.true(room.joins == 0, what)


@scenario
def joins_what_is_configured(c):
    with scene(c, start=False, rooms=(ROOM, OTHER)) as s:
        other = s.server.room(OTHER)
        s.start()
        s.wait(lambda: other.service_nick, "join of the second room")
        c.equal((s.room.joins, other.joins), (1, 1), "each is joined once")
        c.equal(s.room.service_jid, JID, "joins as the component")


@scenario
def invitations(c):
    with scene(c, inviter="*@example.org") as s:
        for number, invite in enumerate((mediated, direct)):
            name = "%s-%d@%s" % (invite.__name__, number, MUC)
            room = s.server.room(name)
            room.join(s.client("anna", join=False))
            s.server.send(invite(name, "mallory@elsewhere.example.net/x"))
            s.server.send(invite(name, "mallory@example.org.evil.example/x"))
            stays_out(s, room, invite.__name__ + " by a foreigner")
            foreign = s.server.room("r%d@conference.elsewhere.example.net" % number)
            s.server.send(invite(foreign.jid, "anna@example.org/phone"))
            stays_out(s, foreign, invite.__name__ + " to a foreign room")
            s.server.send(invite(name, "anna@example.org/phone"))
            s.wait(lambda r=room: r.service_nick, invite.__name__ + " by one who may")
            s.server.send(invite(name, "anna@example.org/phone"))
            s.settle()
            c.equal(room.joins, 1, invite.__name__ + ": once in, it does not join again")
        spoofed = s.server.room("spoofed@" + MUC)
        s.server.send(message("mallory@elsewhere.example.net/x", El("x", NS_USER, {}, El("invite", NS_USER, {"from": "anna@example.org"}))))
        stays_out(s, spoofed, "a mediated invitation that no room sent")


@scenario
def nick_conflict(c):
    with scene(c, start=False) as s:
        tried = []

        def refuse(_stanza, nick):
            tried.append(nick)
            return ("cancel", "conflict") if nick == "keyroom" else None

        s.room.refuse_with = refuse
        s.daemon.start()
        s.server.pump(lambda: s.room.service_nick, 60)
        c.true(s.room.service_nick and s.room.service_nick != "keyroom", "joins under another nick: %r" % tried)


@scenario
def not_let_in(c):
    """A room that does not let it in: it says why and tries again."""
    with scene(c, start=False) as s:
        tries = []

        def refuse(_stanza, _nick):
            tries.append(1)
            return ("wait", "resource-constraint") if len(tries) == 1 else None

        s.room.refuse_with = refuse
        s.daemon.start()
        s.wait(lambda: s.room.service_nick, "second try", 60)
        c.true(re.search("not joined, next try in [0-9]+ ms", s.daemon.text()), "says so: " + s.daemon.tail())


@scenario
def locked(c):
    with scene(c, start=False) as s:
        s.room.refuse_with = ("cancel", "item-not-found")
        s.daemon.start()
        s.wait(lambda: "item-not-found" in s.daemon.text(), "reason in the log")
        c.true("next try in" in s.daemon.text(), "says when it tries again: " + s.daemon.tail())
        anna, = s.clients("anna")
        s.refused(s.ask(anna, anna.el("challenge"), "get"), "unknown-room", "a request for a room it is not in")


@scenario
def kicked_and_back(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        highest, instance = anna.highest, anna.instance
        s.room.put_out(307)
        s.wait(lambda: s.room.service_nick, "return after a kick", 60)
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.wait(lambda: anna.complete(2, highest) or anna.detached, "epoch after the kick", 60)
        if anna.detached:
            c.equal(anna.detached, "instance-over", "reason")
        else:
            c.equal(anna.instance, instance, "the same instance, higher epochs")
            s.same_keys([anna, bert], "after the kick")


@scenario
def banned(c):
    with scene(c) as s:
        s.meeting("anna", "bert")
        joins = s.room.joins
        s.room.put_out(301, affiliation="outcast")
        s.settle()
        s.server.pump(None, 1.5)
        c.equal(s.room.joins, joins, "does not come back after a ban")
        c.true(s.daemon.running(), "and stays up")


@scenario
def destroyed(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        joins = s.room.joins
        s.room.put_out(children=[El("destroy", NS_USER, {}, El("reason", NS_USER, {}, "over"))])
        s.settle()
        s.server.pump(None, 1.5)
        c.equal(s.room.joins, joins, "does not re-create a destroyed room")
        answer = s.ask(anna, anna.el("challenge"), "get")
        s.refused(answer, "unknown-room", "a request for a destroyed room")


@scenario
def hidden_real_jids(c):
    with scene(c, start=False) as s:
        s.room.hidden = True
        s.start()
        anna, = s.clients("anna")
        s.refused(s.ask(anna, anna.el("challenge"), "get"), "blind", "challenge in a blind room")
        status, answer = s.daemon.http("GET", "/v1/rooms")
        c.true(status == 200 and "blind" in repr(answer), "the room says so: %r" % answer)


@scenario
def becomes_visible(c):
    """Made a moderator in a semi-anonymous room, it sees everybody anew, with real JIDs."""
    with scene(c, start=False) as s:
        s.room.hidden = True
        s.start()
        anna, bert = s.clients("anna", "bert")
        s.room.hidden = False
        s.room.service_joins(El("presence", NS_COMPONENT, {"from": JID, "to": ROOM + "/keyroom"}))
        s.attach(anna, bert)
        s.complete([anna, bert])
        s.same_keys([anna, bert], "after it sees real JIDs")


def fake_presence(sender, jid, device=None, kind=None):
    return El("presence", NS_COMPONENT, {"from": sender, "to": JID, "type": kind}, *([El("device", NS, {"id": device.hex()})] if device else []),
              El("x", NS_USER, {}, El("item", NS_USER, {"affiliation": "owner", "role": "moderator", "jid": jid})))


@scenario
def foreign_presence_is_ignored(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        highest = anna.highest
        mallory = s.client("mallory", jid="mallory@example.org/x", join=False)
        for sender in ("evil@example.net/mallory", "standup@conference.example.net/mallory", "mallory@example.org/x", MUC, MUC + "/mallory",
                       ROOM, "other@" + MUC + "/mallory"):
            s.server.send(fake_presence(sender, mallory.jid, mallory.device))
        s.refused(s.ask(mallory, mallory.el("challenge"), "get"), "not-occupant", "mallory never joined")
        for sender in ("standup@conference.example.net/anna", "anna@example.org/phone"):
            s.server.send(fake_presence(sender, anna.jid, kind="unavailable"))
        s.settle()
        s.server.pump(None, 0.5)
        c.equal([anna.highest, len(anna.current().roster)], [highest, 2], "nobody is put out by foreign presence")
        s.server.send(El("presence", NS_COMPONENT, {"from": "anna@example.org/phone", "to": JID, "type": "subscribe"}))
        s.settle()


@scenario
def contradictory_presence(c):
    """Two sessions on one nick, one session on two nicks, another JID on a known nick."""
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        # The nick of an attached member now belongs to another JID: that member is gone.
        other = s.client("bert2", jid="bert@example.org/tablet", join=False)
        s.server.send(fake_presence(ROOM + "/bert", other.jid, other.device))
        s.wait(lambda: anna.highest > 1 and len(anna.current().roster) == 1, "epoch without bert", 60)
        answer = s.ask(bert, bert.el("challenge"), "get")
        c.equal(answer.get("type"), "error", "the former occupant has no word: %r" % answer)
        # Unavailable of somebody who never was there; without an item; without anything.
        s.server.send(fake_presence(ROOM + "/nobody", "nobody@example.org/x", kind="unavailable"))
        s.server.send(El("presence", NS_COMPONENT, {"from": ROOM + "/anna", "to": JID}))
        s.server.send(El("presence", NS_COMPONENT, {"from": ROOM + "/" + "n" * 2000, "to": JID}))
        s.server.send(El("presence", NS_COMPONENT, {"from": ROOM + "/anna", "to": JID, "type": "error"}))
        s.settle()
        c.true(s.daemon.running(), "goes on")


@scenario
def members_only_policy(c):
    with scene(c, room_options={"authorise": "members"}) as s:
        s.room.affiliations.update({"anna@example.org": "member", "bert@example.org": "owner"})
        anna, bert = s.meeting("anna", "bert")
        cleo, = s.clients("cleo")
        s.attach(cleo)
        c.equal(cleo.state, "waiting", "no affiliation: waits")
        c.true(cleo.highest == 0, "no epoch")
        # 6.8: an owner may revoke, not approve (approval=operator).
        s.refused(s.ask(bert, bert.el("approve", {"device": cleo.device.hex()})), "not-allowed", "approve by an owner where only the operator may")
        s.refused(s.ask(anna, anna.el("revoke", {"device": cleo.device.hex()})), "not-allowed", "revoke by a member")
        s.room.affiliations["cleo@example.org"] = "member"
        s.room.tell_service("cleo", cleo.jid, device=cleo.device)
        s.complete([anna, bert, cleo])
        s.same_keys([anna, bert, cleo], "after the affiliation came")
        highest = anna.highest
        s.room.affiliations["cleo@example.org"] = "none"
        s.room.tell_service("cleo", cleo.jid, device=cleo.device)
        s.complete([anna, bert], above=highest)
        c.equal(anna.current().kind, "fresh", "an authorisation withdrawn is fresh")


@scenario
def owners_approve(c):
    with scene(c, room_options={"authorise": "registered", "approval": "owners"}) as s:
        s.room.affiliations["anna@example.org"] = "owner"
        anna, bert = s.clients("anna", "bert")
        s.attach(anna, bert)
        c.equal([anna.state, bert.state], ["member"] * 2, "users of a registered domain")
        s.complete([anna, bert])
        guest = s.client("guest", jid="x1@guest.example.net/web")
        s.attach(guest)
        s.refused(s.ask(bert, bert.el("approve", {"device": guest.device.hex()})), "not-allowed", "approve by one who is no owner")
        s.refused(s.ask(anna, anna.el("approve", {"device": "00" * 16})), "unknown-device", "approve of an unknown device")
        c.equal(s.ask(anna, anna.el("approve", {"device": guest.device.hex()})).get("type"), "result", "approve by an owner")
        everyone = [anna, bert, guest]
        s.complete(everyone)
        highest = anna.highest
        c.equal(s.ask(anna, anna.el("revoke", {"device": guest.device.hex()})).get("type"), "result", "revoke by an owner")
        s.complete([anna, bert], above=highest)
        c.equal(guest.detached, "revoked", "the guest is told")
        c.equal(s.ask(anna, anna.el("rotate")).get("type"), "result", "rotate by an owner")
        s.refused(s.ask(anna, anna.el("rotate")), "quota", "a second rotate within 10 s")
        s.refused(s.ask(bert, bert.el("rotate")), "not-allowed", "rotate by one who is no owner")


if __name__ == "__main__":
    sys.exit(main())
