#!/usr/bin/env python3
"""The component is in every room, and nobody who is there ever receives a byte of it: at joins, presence changes, rejoins, after
restarts of the component and of Prosody, in breakout rooms, and by asking the server."""

import sys

import jitsi
from common import arguments, expect
import common
import xmpp
from lab import prosody

MEETING = jitsi.ROOM
BREAKOUT = f"planning-breakout1@{jitsi.BREAKOUT}"
DISCO = "<query xmlns='http://jabber.org/protocol/disco#{}'/>"


def participants(m, room=MEETING):
    return {p["participant"]: p for p in m.ctl("room", room)["participants"]}


def sees(m, nicks, room=MEETING):
    m.poll(lambda: any(r["room"] == room for r in m.ctl("rooms")["rooms"]) and set(participants(m, room)) == set(nicks), 60, f"the service sees {sorted(nicks)} in {room}")


def counted(client, room, count):
    """What the server tells who asks: the ghost is in no number and no list."""
    info = client.iq("get", room, DISCO.format("info"))
    fields = {f.get("var"): f.find(".//{jabber:x:data}value").text for f in info.iter("{jabber:x:data}field")
              if f.find("{jabber:x:data}value") is not None}
    expect(fields.get("muc#roominfo_occupants") == str(count), f"disco counts {fields.get('muc#roominfo_occupants')}, not {count}")
    client.iq("get", room, DISCO.format("items"))
    for affiliation in ("owner", "admin", "member", "outcast"):
        client.iq("get", room, "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                  f"<item affiliation='{affiliation}'/></query>")
    for role in ("moderator", "participant", "visitor"):
        client.iq("get", room, f"<query xmlns='http://jabber.org/protocol/muc#admin'><item role='{role}'/></query>")


def change(client, room, nick, text):
    client.send(f"<presence to='{room}/{nick}'><status>{text}</status></presence>")


def told(client, room, nick, text, since=0):
    client.wait(lambda s: xmpp.presence_of(s, room, nick) and any(e.text == text for e in s), f"{nick}: {text}", since)


def joins_and_changes(m, everybody):
    focus = m.focus()
    everybody.append(focus.client)
    focus.open(MEETING)
    m.joined()
    a, b, alice = m.client(), m.client(), m.client("alice")
    everybody.extend((a, b, alice))
    for nick, client in (("aaaaaaaa", a), ("bbbbbbbb", b), ("cccccccc", alice)):
        client.join(MEETING, nick)
    sees(m, ("focus", "aaaaaaaa", "bbbbbbbb", "cccccccc"))
    change(a, MEETING, "aaaaaaaa", "changed")
    told(b, MEETING, "aaaaaaaa", "changed")
    a.leave(MEETING, "aaaaaaaa")
    sees(m, ("focus", "bbbbbbbb", "cccccccc"))
    a.join(MEETING, "aaaaaaaa")
    sees(m, ("focus", "aaaaaaaa", "bbbbbbbb", "cccccccc"))
    focus.client.kick(MEETING, "bbbbbbbb")
    sees(m, ("focus", "aaaaaaaa", "cccccccc"))
    b.join(MEETING, "bbbbbbbb")
    b.send(f"<message to='{MEETING}' type='groupchat'><body>hello</body></message>")
    a.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.findtext(xmpp.CLIENT + "body") == "hello", "a groupchat message")
    counted(focus.client, MEETING, 4)
    return focus, a, b, alice


def nobody_takes_the_nick(m, everybody):
    c = m.client()
    since = c.mark()
    c.send(f"<presence to='{MEETING}/~keyroom'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    answer = c.wait(lambda s: s.tag == xmpp.CLIENT + "presence" and s.get("type") == "error", "the nick is refused", since)
    expect(xmpp.condition(answer)[0] == "conflict", "the reserved nick is not a conflict")
    c.close()
    # A message to the ghost is answered as one to nobody.
    b = everybody[2]
    for nick in ("~keyroom", "nosuchon"):
        since = b.mark()
        b.send(f"<message to='{MEETING}/{nick}' type='chat'><body>psst</body></message>")
        answer = b.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("type") == "error", "nobody is there", since)
        expect(xmpp.condition(answer)[0] == "item-not-found", "a nick that is nobody answers otherwise")
        expect(answer.find(xmpp.CLIENT + "error").findtext(xmpp.STANZAS + "text") == "Recipient not in room", "another text")


def restart_of_the_component(m, a):
    for how in (m.kill_keyroomd, m.stop_keyroomd):
        since = a.mark()
        how()
        change(a, MEETING, "aaaaaaaa", "while it is away")
        told(a, MEETING, "aaaaaaaa", "while it is away", since)
        m.start_keyroomd()
        m.joined()
        sees(m, ("focus", "aaaaaaaa", "bbbbbbbb", "cccccccc"))
        left = a.seen(lambda s: s.tag == xmpp.CLIENT + "presence" and s.get("type") == "unavailable", since)
        expect(not left, "somebody left when the component went")


def breakout(m, focus, everybody):
    focus.open(BREAKOUT)
    d = m.client()
    everybody.append(d)
    m.joined(BREAKOUT)
    d.join(BREAKOUT, "dddddddd")
    sees(m, ("focus", "dddddddd"), BREAKOUT)
    d.leave(BREAKOUT, "dddddddd")
    sees(m, ("focus",), BREAKOUT)
    counted(focus.client, BREAKOUT, 1)
    focus.client.leave(BREAKOUT, "focus")
    m.poll(lambda: not any(r["room"] == BREAKOUT for r in m.ctl("rooms")["rooms"]), 60, "the service forgets a room that ended")


def a_room_that_outlasts_its_people(m, focus, everybody):
    """As a main room while all are in breakout rooms: nobody makes it anew, and the service comes back with who comes first."""
    room = f"lasting@{prosody.MUC}"
    focus.open(room)
    focus.client.configure(room, {"muc#roomconfig_persistentroom": "1", "muc#roomconfig_whois": "anyone"})
    m.joined(room)
    focus.client.leave(room, "focus")
    m.poll(lambda: not any(r["room"] == room for r in m.ctl("rooms")["rooms"]), 60, "the service leaves an empty room")
    e = m.client()
    everybody.append(e)
    e.join(room, "ffffffff")
    sees(m, ("ffffffff",), room)
    e.leave(room, "ffffffff")


def restart_of_prosody(m, everybody):
    m.prosody.restart()
    fresh = []
    focus = m.focus()
    fresh.append(focus.client)
    m.poll(lambda: m.ctl("status")["link_up"], 60, "the component is back")
    focus.open(MEETING)
    for nick in ("aaaaaaaa", "bbbbbbbb"):
        client = m.client()
        fresh.append(client)
        client.join(MEETING, nick)
    m.joined()
    sees(m, ("focus", "aaaaaaaa", "bbbbbbbb"))
    focus.client.destroy(MEETING)
    m.poll(lambda: not any(r["room"] == MEETING for r in m.ctl("rooms")["rooms"]), 60, "the service forgets a destroyed room")
    everybody.extend(fresh)


def reload_of_the_module(m, focus, a):
    for _ in range(3):
        focus.reload()
    change(a, MEETING, "aaaaaaaa", "after the reload")
    told(a, MEETING, "aaaaaaaa", "after the reload")
    late = m.client()
    late.join(MEETING, "eeeeeeee")
    sees(m, ("focus", "aaaaaaaa", "bbbbbbbb", "cccccccc", "eeeeeeee"))
    late.leave(MEETING, "eeeeeeee")
    sees(m, ("focus", "aaaaaaaa", "bbbbbbbb", "cccccccc"))
    return late


def health_check(m, focus):
    focus.client.join(f"__jicofo-health-check-1@{prosody.MUC}", "focus")
    focus.client.join(f"after@{prosody.MUC}", "focus")
    m.joined(f"after@{prosody.MUC}")
    rooms = [r["room"] for r in m.ctl("rooms")["rooms"]]
    expect(not any("health" in room for room in rooms), "a health-check room is served")


def body(m, _args):
    everybody = []
    focus, a, _b, _alice = joins_and_changes(m, everybody)
    nobody_takes_the_nick(m, everybody[:1] + everybody[1:])
    restart_of_the_component(m, a)
    everybody.append(reload_of_the_module(m, focus, a))
    breakout(m, focus, everybody)
    health_check(m, focus)
    a_room_that_outlasts_its_people(m, focus, everybody)
    restart_of_prosody(m, everybody)
    total = 0
    for client in everybody:
        # Whoever tried to write to the reserved nick has the address in the server's answer to it.
        words = (prosody.COMPONENT,) if client is everybody[2] else (prosody.COMPONENT, "keyroom", "~")
        client.clean_of(words)
        total += len(client.raw)
    print(f"{len(everybody)} streams, {total} bytes: nothing of the ghost", flush=True)


if __name__ == "__main__":
    args = arguments("ghost")
    sys.exit(common.run(args, body, make=jitsi.meeting, options={"authorise": "occupants"}))
