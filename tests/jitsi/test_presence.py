#!/usr/bin/env python3
"""E2EE stays on where only moderators may switch it off; and clients that speak the keyroom protocol are keyed in a Jitsi's room by
a service that none of them sees there, beside stock clients."""

import sys

import jitsi  # first: it knows where the others are
import common
import stockclient
import xmpp
from common import expect

ON = "jitsi_participant_e2ee.enabled"


def shown(client, nick, since):
    """What others see of that switch, in each presence since then; None where it is not there."""
    found = client.seen(lambda s: xmpp.presence_of(s, jitsi.ROOM, nick), since)
    return [s.findtext(xmpp.CLIENT + ON) for s in found]


def says(who, enabled, watcher):
    """After this the watcher has what the room told of it: an answer comes behind all that was sent before."""
    who.enabled, who.index = enabled, 0
    who.update()
    for client in (who.client, watcher):
        client.iq("get", jitsi.ROOM, "<query xmlns='http://jabber.org/protocol/disco#info'/>")


def stays_on(m):
    focus = m.focus()
    focus.open(jitsi.ROOM)
    m.joined()
    moderator = stockclient.Stock(m.prosody, jitsi.ROOM, "aaaaaaaa", bare=True)
    focus.client.affiliation(jitsi.ROOM, moderator.client.jid.partition("/")[0], "owner")
    moderator.join()
    people = [moderator] + [stockclient.Stock(m.prosody, jitsi.ROOM, nick) for nick in ("bbbbbbbb", "cccccccc")]
    for p in people:
        says(p, True, focus.client)
    since = focus.client.mark()
    says(people[1], False, focus.client)
    told = shown(focus.client, "bbbbbbbb", since)
    expect(told == ["true"], f"others were told that a guest switched off: {told}")
    # Who comes now is told the same; the service knows better.
    late = stockclient.Stock(m.prosody, jitsi.ROOM, "dddddddd")
    late.client.wait(lambda s: xmpp.presence_of(s, jitsi.ROOM, "bbbbbbbb"), "the list of occupants")
    told = shown(late.client, "bbbbbbbb", 0)
    expect(told == ["true"], f"a newcomer was told otherwise: {told}")
    m.poll(lambda: any(p["participant"] == "bbbbbbbb" and (p["stock"] or {}).get("enabled") is False
                       for p in m.ctl("room", jitsi.ROOM)["participants"]), 10, "the service sees what was said")
    # A moderator may, and who follows is believed.
    since = focus.client.mark()
    says(moderator, False, focus.client)
    says(people[2], False, focus.client)
    told = shown(focus.client, "aaaaaaaa", since)
    expect(told in ([""], [None]), f"a moderator may not: {told}")
    told = shown(focus.client, "cccccccc", since)
    expect(told and told[-1] in ("", None), f"who follows a moderator is not believed: {told}")
    for p in people + [late]:
        p.leave()


def aware_clients(m):
    """As at any other server: attached, keyed, heard; revoked and rotated away from."""
    stock = stockclient.Stock(m.prosody, jitsi.ROOM, "ffffffff")
    m.poll(lambda: any(p["participant"] == "ffffffff" for p in m.ctl("room", jitsi.ROOM)["participants"]), 15, "it is seen")
    peers = [m.peer(name, room=jitsi.ROOM) for name in ("p1", "p2", "p3")]
    m.until_heard(peers, 60)
    dialects = {p["participant"]: p["dialect"] for p in m.ctl("room", jitsi.ROOM)["participants"]}
    expect(dialects == {"focus": "none", "ffffffff": "stock", "p1": "keyroom", "p2": "keyroom", "p3": "keyroom"}, f"{dialects}")
    m.kill_keyroomd()
    m.start_keyroomd()
    m.until_heard(peers, 60)
    peers[2].quit()
    peers[2].wait_end()
    m.until_heard(peers[:2], 60)
    stock.client.clean_of((jitsi.prosody.COMPONENT, "~"))
    m.drain(peers[:2])
    common.judge(m)


def body(m, _args):
    stays_on(m)
    aware_clients(m)


if __name__ == "__main__":
    args = common.arguments("presence")
    sys.exit(common.run(args, body, make=jitsi.meeting, options=common.OPTIONS, server={"options": "keyroom_keep_e2ee = true"}))
