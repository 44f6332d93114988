#!/usr/bin/env python3
"""What the module tells the component of rooms and sessions: facts of the server and of tokens, never a client's word. And what it
does not let pass for the component's word."""

import sys

import jitsi
from common import expect
import xmpp
from lab import prosody

NS = "{urn:keyroom:jitsi:1}"
FORGED = "<session xmlns='urn:keyroom:jitsi:1' user='root' name='Root' group='wheel' features='recording'/>"
IDENTITY = "<identity><user><id>root</id></user><group>wheel</group></identity>"
EARLY = f"early@{prosody.MUC}"
BREAKOUT = f"planning-breakout1@{jitsi.BREAKOUT}"
TENANT = f"[acme]planning@{prosody.MUC}"


def occupant(service, nick, since=0, room=jitsi.ROOM):
    return service.wait(lambda s: s.tag == service.STANZA + "presence" and s.get("type") is None
                        and s.get("from") == f"{room}/{nick}", f"the presence of {nick}", since)


def loaded_while_it_runs(server, service):
    """What rooms keep from before was filtered by nobody: a client's own word stands in it, and is not passed on."""
    focus = jitsi.open_room(server, EARLY)
    alice, guest = jitsi.client(server, "alice"), jitsi.client(server)
    for nick, client in (("aaaaaaaa", alice), ("bbbbbbbb", guest)):
        client.send(f"<presence to='{EARLY}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/>{FORGED}</presence>")
        client.wait(lambda s, nick=nick: xmpp.presence_of(s, EARLY, nick), f"{nick} is in the room")
    for host in (prosody.MUC, jitsi.BREAKOUT):
        focus.send(f"<message to='{host}' type='normal'><body>load</body></message>")
        focus.wait(lambda s, host=host: s.tag == xmpp.CLIENT + "message" and s.get("from") == host, "the module is loaded")
    service.invited(EARLY)
    service.enter(EARLY)
    seen = occupant(service, "aaaaaaaa", room=EARLY).findall(NS + "session")
    expect([s.get("user") for s in seen] == ["id-of-alice"], f"beside the token's context: {[s.attrib for s in seen]}")
    expect(not occupant(service, "bbbbbbbb", room=EARLY).findall(NS + "session"), "a guest's forged context was kept and passed on")
    for client in (focus, alice, guest):
        client.close()


def body(server, _args):
    service = jitsi.Component(server)
    loaded_while_it_runs(server, service)
    focus = jitsi.open_room(server)
    room = service.invited(jitsi.ROOM).find(NS + "room")
    expect(room.get("meeting-id") == "meeting-2", f"meeting id {room.get('meeting-id')}")
    expect(room.get("jid") == room.get("virtual") == jitsi.ROOM, "another name")
    expect(room.get("parent") is None, "a main room has a parent")
    service.enter(jitsi.ROOM)

    # A token's context stands on the session; what a client writes itself is not taken for it.
    alice, guest = jitsi.client(server, "alice"), jitsi.client(server)
    alice.send(f"<presence to='{jitsi.ROOM}/aaaaaaaa'><x xmlns='http://jabber.org/protocol/muc'/>{FORGED}</presence>")
    guest.send(f"<presence to='{jitsi.ROOM}/bbbbbbbb'><x xmlns='http://jabber.org/protocol/muc'/>{FORGED}{IDENTITY}</presence>")
    seen = occupant(service, "aaaaaaaa").findall(NS + "session")
    expect(len(seen) == 1 and seen[0].get("user") == "id-of-alice" and seen[0].get("name") == "Name of alice"
           and seen[0].get("tenant") == "acme"
           and seen[0].get("group") == "staff" and seen[0].get("features") == "livestreaming recording", "the token's context")
    expect(not occupant(service, "bbbbbbbb").findall(NS + "session"), "a guest's forged context was passed on")
    since = service.mark()
    guest.send(f"<presence to='{jitsi.ROOM}/bbbbbbbb'>{FORGED}</presence>")
    expect(not occupant(service, "bbbbbbbb", since).findall(NS + "session"), "forged in a change of presence")
    alice.wait(lambda s: xmpp.presence_of(s, jitsi.ROOM, "bbbbbbbb"), "alice sees the guest")
    expect(b"keyroom:jitsi" not in alice.raw and b"id-of-alice" not in guest.raw, "others were told what only the service is")

    # A tenant that cannot be told is not none: then nobody is told to be its user.
    for sub, user, tenant in (("long", None, None), ("control", None, None), ("table", None, None), ("*", "id-of-alice", None),
                              ("acme", "id-of-alice", "acme")):
        at, since = focus.mark(), service.mark()
        focus.send(f"<message to='{prosody.DOMAIN}' type='normal'><body>alice {sub}</body></message>")
        focus.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("from") == prosody.DOMAIN, "another claim", at)
        alice.send(f"<presence to='{jitsi.ROOM}/aaaaaaaa'/>")
        told = occupant(service, "aaaaaaaa", since).find(NS + "session")
        expect((told.get("user"), told.get("tenant")) == (user, tenant), f"sub {sub}: {told.attrib}")

    # Only the component orders.
    for xml in ("<kick xmlns='urn:keyroom:jitsi:1' jid='{0}' nick='aaaaaaaa'/>", "<policy xmlns='urn:keyroom:jitsi:1' jid='{0}' "
                "authorise='members'/>"):
        guest.send(f"<message to='{prosody.MUC}' type='normal'>{xml.format(jitsi.ROOM)}</message>")
    focus.configure(jitsi.ROOM, {"muc#roomconfig_whois": "anyone"})
    expect(not alice.seen(lambda s: s.get("type") == "unavailable"), "a guest's order was obeyed")

    # Jicofo may give the meeting another id: told at once, and only then.
    since = service.mark()
    focus.configure(jitsi.ROOM, {"muc#roomconfig_whois": "anyone"})
    focus.configure(jitsi.ROOM, {"muc#roominfo_meetingId": "another-id"})
    expect(service.invited(jitsi.ROOM, since).find(NS + "room").get("meeting-id") == "another-id", "the old meeting id")

    # Breakout rooms name their main room; a tenant's room is named as its clients do.
    jitsi.open_room(server, BREAKOUT).close()
    expect(service.invited(BREAKOUT).find(NS + "room").get("parent") == jitsi.ROOM, "the breakout room's parent")
    jitsi.open_room(server, TENANT).close()
    expect(service.invited(TENANT).find(NS + "room").get("virtual") == f"planning@conference.acme.{prosody.DOMAIN}", "the tenant's name")

    # Replayed to a component that comes back, without the health check.
    jitsi.open_room(server, f"__jicofo-health-check-2@{prosody.MUC}")
    service.die()
    service = jitsi.Component(server)
    expect(service.invited(jitsi.ROOM).find(NS + "room").get("meeting-id") == "another-id", "not the same meeting")
    expect(not service.seen(lambda s: "health" in (s.get("from") or "")), "invited to a health check")


if __name__ == "__main__":
    sys.exit(jitsi.module_alone("facts", body, loaded=False, options=f'muc_mapper_domain_base = "{prosody.DOMAIN}"'))
