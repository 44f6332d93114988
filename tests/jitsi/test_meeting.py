#!/usr/bin/env python3
"""Ten stock clients key each other through the service exactly as without it: the same messages, in order per pair. One is revoked
and put out, and the others rotate. Killing the service again and again kicks nobody and doubles nothing."""

import collections
import sys

import jitsi  # first: it knows where the others are
import common
import stockclient
import xmpp
from common import expect

KILLS = 20
NICKS = [f"{i:x}{i:x}{i:x}{i:x}{(i * 7) % 16:x}abc" for i in range(1, 11)]


def pairs(people):
    """What went out and what came in, in order, per pair."""
    out, came = collections.defaultdict(list), collections.defaultdict(list)
    for p in people:
        for peer, _kind, text in p.sent:
            out[p.nick, peer].append(text)
        for peer, _kind, text in p.received:
            came[peer, p.nick].append(text)
    return out, came


def whole(people, gone=()):
    """Everything sent arrived, once and in order."""
    out, came = pairs(people)
    for pair in set(out) | set(came):
        if not set(pair) & set(gone):
            expect(out[pair] == came[pair], f"{pair}: {len(out[pair])} sent, {len(came[pair])} received, or not in order")
    # Whoever greeted one that is gone has an error in its log, and no more.
    errors = [(p.nick, *e) for p in people for e in p.errors if e[0] not in gone]
    expect(not errors, f"errors: {errors[:2]}")


def kinds(people):
    return collections.Counter((p.nick, peer, kind) for p in people for peer, kind, _ in p.sent)


def without_it(m):
    """The same meeting in a room of a server without the module."""
    server = jitsi.JitsiProsody(m.folder + "/without", loaded=False)
    server.add_account("focus")
    server.add_account("alice")
    try:
        server.start()
        focus = jitsi.open_room(server)
        people = [stockclient.Stock(server, jitsi.ROOM, nick) for nick in NICKS]
        stockclient.start(people)
        stockclient.agree(people)
        whole(people)
        focus.close()
        return kinds(people)
    finally:
        server.stop()


def participants(m):
    return {p["participant"]: p for p in m.ctl("room", jitsi.ROOM)["participants"]}


def revoke(m, people):
    victim = people.pop()
    device = participants(m)[victim.nick]["stock"]["device"]
    before = {p.nick: p.index for p in people}
    m.ctl("revoke", device, "--reason", "stolen")
    stockclient.settle(people + [victim], lambda: victim.kicked, 60, "the revoked one is put out")
    others = [p.nick for p in people]
    stockclient.settle(people, lambda: all(victim.nick not in p.seen and p.index == before[p.nick] + 1 and p.complete(others)
                                           for p in people), 60, "the others rotate")
    stockclient.agree(people)
    # The same device comes back: it is put out again, and gets nothing.
    victim.sessions.clear()
    victim.keys.clear()
    victim.kicked = False
    for p in people:
        p.pending.clear()
    victim.join()
    stockclient.settle(people + [victim], lambda: victim.kicked, 60, "it is put out when it comes back")
    expect(not victim.keys, "the revoked one was given keys")
    return victim


def verify(people):
    a, b = people[0], people[1]
    a.verify(b.nick)
    stockclient.settle(people, lambda: any(k == "sas-key" for _, k, _ in a.received), 60, "the emoji are shown")
    a.confirm(b.nick)
    b.confirm(a.nick)
    stockclient.settle(people, lambda: b.nick in a.verified and a.nick in b.verified, 60, "both are verified")


def closed(m, peer):
    """While the service is away no key message passes; both sides' logs say so."""
    outsider = stockclient.Stock(m.prosody, jitsi.ROOM, "0000abcd", feature=False)
    m.kill_keyroomd()
    outsider.raw(peer.nick, stockclient.message("key-info", {"ciphertext": {"type": 1, "body": "x"}, "uuid": "u"}))
    stockclient.settle([outsider], lambda: outsider.errors, 60, "refused while the service is away")
    expect(outsider.errors[0][1] == "remote-server-timeout", f"{outsider.errors}")
    outsider.leave()
    outsider.client.wait(lambda s: xmpp.presence_of(s, jitsi.ROOM, outsider.nick, "unavailable"), "it has left")
    m.start_keyroomd()
    m.joined()
    m.poll(lambda: m.logged("decided alone: 0 key messages passed, 1 refused"), 60, "the service is told what was decided alone")

    def said(text):
        with open(m.prosody.log, encoding="utf-8", errors="replace") as log:
            return text in log.read()

    m.poll(lambda: said("Keyroom is not connected: key messages are refused until it answers again"), 30, "Prosody's log says so")
    m.poll(lambda: said("Keyroom is back; meanwhile 0 key messages were let through and 1 refused"), 30, "and that it is over")


def kills(m, people, focus, victim):
    """Between the kills the meeting goes on; what is refused while the service is away is sent again by a rotation after it."""
    others = [p.nick for p in people]
    focus.client.iq("get", jitsi.ROOM, "<query xmlns='http://jabber.org/protocol/disco#info'/>")  # who left before is seen by now
    since = focus.client.mark()
    for i in range(KILLS):
        m.kill_keyroomd()
        m.start_keyroomd()
        m.joined()
        if i % 5 == 4:
            for p in people:
                p.rotate()
            stockclient.settle(people, lambda: all(p.complete(others) for p in people), 60, f"a rotation after kill {i + 1}")
            stockclient.agree(people)
    gone = [s for s in focus.client.stanzas[since:] if s.tag.endswith("}presence") and s.get("type") == "unavailable"
            and not s.get("from").endswith("/" + victim.nick)]
    expect(not gone, f"{len(gone)} presences of leaving")
    whole(people, gone=(victim.nick,))


def body(m, _args):
    plain = without_it(m)
    focus = m.focus()
    focus.open(jitsi.ROOM)
    m.joined()
    people = [stockclient.Stock(m.prosody, jitsi.ROOM, nick) for nick in NICKS]
    stockclient.start(people)
    stockclient.agree(people)
    whole(people)
    with_it = kinds(people)
    names = {kind for _, _, kind in plain}
    for kind in sorted(names):
        a = sum(n for (_, _, k), n in plain.items() if k == kind)
        b = sum(n for (_, _, k), n in with_it.items() if k == kind)
        expect(a == b, f"{kind}: {a} without the service, {b} with it")
    print(f"10 clients: {sum(with_it.values())} messages, as many and the same kinds as without the service", flush=True)
    verify(people)
    whole(people)
    shown = participants(m)
    expect(all(shown[p.nick].get("dialect") == "stock" for p in people), "the dialect is not shown")
    victim = revoke(m, people)
    closed(m, people[0])
    kills(m, people, focus, victim)
    for client in [p.client for p in people + [victim]] + [focus.client]:
        client.clean_of((jitsi.prosody.COMPONENT, "~"))


if __name__ == "__main__":
    args = common.arguments("meeting")
    sys.exit(common.run(args, body, make=jitsi.meeting, options={"authorise": "occupants"}))
