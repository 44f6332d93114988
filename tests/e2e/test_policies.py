#!/usr/bin/env python3
"""Who gets keys, and who does not: policies, approval, revocation, invitations, and rooms in which things happen to the
service itself."""

import sys
import time

import common
import xmpp
from common import expect
from lab import prosody

SERVICE = prosody.COMPONENT
NICK = "keyroom"


def jid(room):
    return f"{room}@{prosody.MUC}"


class Stage:
    """The meeting's server, with an owner of rooms and a guest that speak plain XMPP."""

    def __init__(self, m):
        self.m = m
        self.owner = xmpp.Client(m.prosody.c2s_port, prosody.DOMAIN, "olga", m.prosody.accounts["olga"])
        self.guest = xmpp.Client(m.prosody.c2s_port, prosody.GUESTS)

    def open_room(self, name):
        """olga makes the room, and has the service in it."""
        room = jid(name)
        self.owner.join(room, "olga")
        self.call_service(room)
        return room

    def call_service(self, room):
        since = self.owner.mark()
        self.owner.invite(room, SERVICE)
        self.owner.wait(lambda s: xmpp.presence_of(s, room, NICK), f"the service is in {room}", since)

    def ask(self, payload):
        return self.owner.iq("set", SERVICE, payload)

    def state(self, room):
        return self.m.ctl("room", room)

    def gone(self, peers):
        for peer in peers:
            peer.quit()
        for peer in peers:
            expect(peer.wait_end() == 0, f"{peer.life} ended with status {peer.process.returncode} ({peer.log})")


def attached(m, peer, state):
    m.until(lambda: peer.attached and peer.attached["state"] == state, 60, f"{peer.life} is attached as {state}")


def refused(m, peer, what, why, since=0):
    m.until(lambda: any(e.get("event") == "refused" and e.get("what") == what and why in str(e.get("why"))
                        for e in peer.events[since:]), 60, f"{peer.life} is refused {what}: {why}")


def request(name, room, device=None):
    return f"<{name} xmlns='urn:keyroom:1' room='{room}'" + (f" device='{device}'" if device else "") + "/>"


# --- the cases ---

def members_only(s):
    """authorise = members: affiliation decides; an operator's approval admits a device without one."""
    m, room = s.m, s.open_room("members-1")
    s.owner.affiliation(room, f"carol@{prosody.DOMAIN}", "member")
    s.owner.affiliation(room, f"dave@{prosody.DOMAIN}", "member")
    carol, dave = m.peer("carol", room=room, account="carol"), m.peer("dave", room=room, account="dave")
    guest = m.peer("gus", room=room)
    m.until_heard([carol, dave])
    attached(m, guest, "waiting")
    m.until(lambda: any("gus" in (e.get("waiting") or []) for e in carol.events if e["event"] == "state"), 60,
            "members are shown who waits")
    answer = s.ask(request("approve", room, guest.device))
    expect(xmpp.condition(answer) == ("not-allowed", "not-allowed"),
           f"an owner approved although approval is the operator's: {xmpp.condition(answer)}")
    m.ctl("approve", guest.device, "--room", room)
    m.until_heard([carol, dave, guest])
    # The affiliation goes: so does the key, at once.
    s.owner.affiliation(room, f"dave@{prosody.DOMAIN}", "none")
    m.until_heard([carol, guest])
    expect("dave" not in carol.roster(carol.current), "dave is no member any more and still gets keys")
    m.drain([carol, dave, guest])
    s.gone([carol, dave, guest])


def registered_only(s):
    """authorise = registered: the domain decides; a guest waits, until its device is approved, which outlives the visit."""
    m, room = s.m, s.open_room("registered-1")
    carol, dave = m.peer("carol", room=room, account="carol"), m.peer("dave", room=room, account="dave")
    guest = m.peer("gus", room=room, identity=True)
    m.until_heard([carol, dave])
    attached(m, guest, "waiting")
    expect(all("gus" not in event["roster"] for event in carol.announces.values()), "a guest was in a roster")
    expect(not guest.order, "a guest that waits was told of an epoch")
    m.ctl("approve", guest.device)
    m.until_heard([carol, dave, guest])
    m.drain([carol, dave, guest])
    s.gone([guest])
    again = m.peer("gus", room=room, identity=True)
    attached(m, again, "member")
    m.until_keyed([carol, dave, again])
    m.drain([carol, dave, again])
    s.gone([carol, dave, again])


def owner_approves(s):
    """approval = owners: who owns the room may admit; nobody else may; and the owner may revoke."""
    m, room = s.m, s.open_room("owners-1")
    s.owner.affiliation(room, f"carol@{prosody.DOMAIN}", "member")
    carol, guest = m.peer("carol", room=room, account="carol"), m.peer("gus", room=room)
    attached(m, guest, "waiting")
    attached(m, carol, "member")
    s.guest.join(room, "stranger")
    for name in ("approve", "revoke"):
        answer = s.guest.iq("set", SERVICE, request(name, room, guest.device))
        expect(xmpp.condition(answer)[0] in ("forbidden", "not-allowed"),
               f"somebody who owns nothing may {name}: {xmpp.condition(answer)}")
    answer = s.ask(request("approve", room, guest.device))
    expect(answer.get("type") == "result", f"the owner may not approve: {xmpp.condition(answer)}")
    m.until_heard([carol, guest])
    answer = s.ask(request("revoke", room, guest.device))
    expect(answer.get("type") == "result", f"the owner may not revoke: {xmpp.condition(answer)}")
    m.until(lambda: guest.last("detached"), 60, "the revoked device is told")
    expect(guest.last("detached")["reason"] == "revoked", f"detached for {guest.last('detached')['reason']}")
    m.until_keyed([carol])
    s.guest.leave(room, "stranger")
    m.drain([carol, guest])
    s.gone([carol, guest])


def revoked(s):
    """keyroomctl revoke: at once out of every room, and never in again, under whatever nick."""
    m, room = s.m, s.open_room("revoke-1")
    alice, bob, eve = m.peer("alice", room=room), m.peer("bob", room=room), m.peer("eve", room=room, identity=True)
    m.until_heard([alice, bob, eve])
    device = eve.device
    m.ctl("revoke", device, "--reason", "lost")
    m.until_heard([alice, bob])
    m.until(lambda: eve.last("detached"), 60, "the revoked device is told")
    last = alice.announces[alice.current]
    expect("revoke" in last["reason"] and last["kind"] == "fresh", f"revocation made a {last['kind']} epoch: {last['reason']}")
    m.drain([alice, bob, eve])
    s.gone([eve])
    again = m.peer("eve", room=room, identity=True)
    refused(m, again, "attach", "revoked")
    expect(again.attached is None, "a revoked device attached again")
    listed = [d for d in m.ctl("devices")["devices"] if d["device"] == device]
    expect(listed and listed[0]["revoked"], "keyroomctl devices does not show the revocation")
    s.gone([alice, bob, again])


def hidden(s):
    """A room that hides real JIDs: the service keys nobody, and says so; once it sees them, it keys."""
    m, room = s.m, s.open_room("hidden-1")  # a room that hides JIDs hides the inviter's too
    s.owner.configure(room, {"muc#roomconfig_whois": "moderators"})
    alice, bob = m.peer("alice", room=room), m.peer("bob", room=room)
    refused(m, alice, "challenge", "blind")
    refused(m, bob, "challenge", "blind")
    view = s.state(room)
    expect(view["mode"] == "blind", f"the room's mode is {view['mode']}")
    expect(not alice.order and not bob.order, "an epoch was announced in a room that hides who is there")
    # Prosody does not tell who is there when the room stops hiding it, only to who joins then.
    s.owner.configure(room, {"muc#roomconfig_whois": "anyone"})
    s.owner.kick(room, NICK)
    m.until_heard([alice, bob], 60)
    m.drain([alice, bob])
    s.gone([alice, bob])


def kicked(s):
    """The owner kicks the service: members go on, it comes back, and keys who comes then."""
    m, room = s.m, s.open_room("kick-1")
    alice, bob = m.peer("alice", room=room), m.peer("bob", room=room)
    m.until_heard([alice, bob])
    since = s.owner.mark()
    s.owner.kick(room, NICK)
    s.owner.wait(lambda st: xmpp.presence_of(st, room, NICK, "unavailable"), "the service is kicked", since)
    s.owner.wait(lambda st: xmpp.presence_of(st, room, NICK), "the service comes back", since, 60)
    carol = m.peer("carol", room=room)
    m.until_heard([alice, bob, carol], 60)
    m.drain([alice, bob, carol])
    s.gone([alice, bob, carol])


def destroyed(s):
    """The room is destroyed: its instance is over. A room of the same name is another one."""
    m, room = s.m, s.open_room("destroy-1")
    alice, bob = m.peer("alice", room=room), m.peer("bob", room=room)
    m.until_heard([alice, bob])
    old = alice.announces[alice.current]["instance"]
    m.drain([alice, bob])
    s.owner.destroy(room)
    m.until(lambda: alice.left_at and bob.left_at, 20, "everybody is out")
    s.gone([alice, bob])
    end = time.monotonic() + 60
    while any(r["room"] == room and r["members"] for r in m.ctl("rooms")["rooms"]):
        expect(time.monotonic() < end, "the service holds on to a destroyed room")
        time.sleep(0.05)
    room = s.open_room("destroy-1")
    carol, dave = m.peer("carol", room=room), m.peer("dave", room=room)
    m.until_heard([carol, dave])
    expect(carol.announces[carol.current]["instance"] != old, "the instance outlived its room")
    m.drain([carol, dave])
    s.gone([carol, dave])


def nick_conflict(s):
    """Somebody sits on the service's nick: it takes another, and keys."""
    room = jid("nick-1")
    s.owner.join(room, NICK)
    since = s.owner.mark()
    s.owner.invite(room, SERVICE)
    s.owner.wait(lambda st: st.tag == xmpp.CLIENT + "presence" and st.get("from", "").startswith(room + "/")
                 and st.get("from") != f"{room}/{NICK}" and st.get("type") is None, "the service under another nick", since)
    alice, bob = s.m.peer("alice", room=room), s.m.peer("bob", room=room)
    s.m.until_heard([alice, bob])
    s.m.drain([alice, bob])
    s.gone([alice, bob])


def link_dropped(s):
    """A participant's connection is cut hard: it comes back by itself, attaches anew, and is keyed again."""
    m, room = s.m, s.open_room("drop-1")
    alice, bob, carol = (m.peer(name, room=room) for name in ("alice", "bob", "carol"))
    m.until_heard([alice, bob, carol])
    first = bob.attached["attach"]
    bob.tell("drop-link")
    m.until(lambda: bob.attached and bob.attached["attach"] != first, 60, "bob attaches anew")
    m.until_heard([alice, bob, carol], 60)
    m.drain([alice, bob, carol])
    s.gone([alice, bob, carol])


def come_and_go(s):
    """leave and join, detach and join in one process."""
    m, room = s.m, s.open_room("again-1")
    alice, bob, carol = (m.peer(name, room=room) for name in ("alice", "bob", "carol"))
    m.until_heard([alice, bob, carol])
    for command in ("leave", "detach"):
        carol.tell(command)
        m.until_heard([alice, bob], 60)
        carol.tell("join")
        m.until_heard([alice, bob, carol], 60)
    m.drain([alice, bob, carol])
    s.gone([alice, bob, carol])


def invitations(s):
    """Both kinds of invitation are followed, of those who may invite only."""
    m = s.m
    asked = {"mediated": jid("invited-1"), "direct": jid("invited-2")}
    since = s.owner.mark()
    for kind, room in asked.items():
        s.owner.join(room, "olga")
        (s.owner.invite if kind == "mediated" else s.owner.invite_directly)(room, SERVICE)
        s.owner.wait(lambda st, room=room: xmpp.presence_of(st, room, NICK), f"the service follows a {kind} invitation", since)
    # A guest may not: its invitations come first, so that the owner's, which is followed, shows that they were read.
    for number, invite in ((3, s.guest.invite), (4, s.guest.invite_directly)):
        s.guest.join(jid(f"invited-{number}"), "gina")
        invite(jid(f"invited-{number}"), SERVICE)
    s.guest.iq("get", SERVICE, "<ping xmlns='urn:xmpp:ping'/>")
    s.open_room("invited-5")
    known = {r["room"] for r in m.ctl("rooms")["rooms"]}
    expect(jid("invited-5") in known and not known & {jid("invited-3"), jid("invited-4")},
           "the service followed the invitation of somebody who may not invite")
    s.owner.join(jid("invited-1"), "olga")
    s.owner.invite_directly("elsewhere@rooms.elsewhere.example", SERVICE)
    s.owner.iq("get", SERVICE, "<ping xmlns='urn:xmpp:ping'/>")
    expect("elsewhere@rooms.elsewhere.example" not in {r["room"] for r in m.ctl("rooms")["rooms"]},
           "the service followed an invitation into a room of another domain")


CASES = (members_only, registered_only, owner_approves, revoked, hidden, kicked, destroyed, nick_conflict, link_dropped,
         come_and_go, invitations)


def body(m, args):
    stage = Stage(m)
    failed = []
    for case in CASES:
        if args.only and case.__name__ not in args.only:
            continue
        started = time.monotonic()
        try:
            case(stage)
            print(f"{case.__name__:<16} ok     {time.monotonic() - started:5.1f} s", flush=True)
        except (common.Failure, common.LabError) as error:
            failed.append(case.__name__)
            print(f"{case.__name__:<16} FAILED {time.monotonic() - started:5.1f} s: {error}", flush=True)
            for peer in m.peers:
                if not peer.ended:
                    peer.quit()
    stage.owner.close()
    stage.guest.close()
    expect(not failed, "failed: " + " ".join(failed))
    if not args.only:
        common.judge(m)


def options(parser):
    parser.add_argument("--only", nargs="*", help="names of cases")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("policies", options), body, accounts=("olga", "carol", "dave"), join=(),
                        inviters=(f"*@{prosody.DOMAIN}",),
                        rooms={f"members-*@{prosody.MUC}": {**common.OPTIONS, "authorise": "members"},
                               f"registered-*@{prosody.MUC}": {**common.OPTIONS, "authorise": "registered"},
                               f"owners-*@{prosody.MUC}": {**common.OPTIONS, "authorise": "members",
                                                          "approval": "owners"}}))
