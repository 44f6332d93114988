#!/usr/bin/env python3
"""A tenant's room has one name for its clients and another inside the server: stock and aware clients are keyed under theirs, across
a restart. And the user of a token is the owner of aware devices where the operator takes the module's word for it, and nobody else's:
a guest waits, a client does not sign an owner that it does not know to be its own, and who gets another token loses the attach."""

import sys

import jitsi  # first: it knows where the others are
import common
import stockclient
import xmpp
from common import expect
from lab import prosody

HOST = f"conference.acme.{prosody.DOMAIN}"
NAME, STAFF = f"planning@{HOST}", f"staff@{HOST}"
ADDRESS = f"[acme]planning@{prosody.MUC}"


def owner(account):
    return f"token:acme:id-of-{account}"


def participants(m, room):
    return {p["participant"]: p for p in m.ctl("room", room)["participants"]}


def under_their_name(m):
    m.focus().open(NAME)
    m.joined(NAME)
    expect(m.ctl("room", NAME)["stock"]["address"] == ADDRESS, "the room is elsewhere")
    stock = [stockclient.Stock(m.prosody, NAME, nick) for nick in ("aaaaaaaa", "bbbbbbbb")]
    m.poll(lambda: {"aaaaaaaa", "bbbbbbbb"} <= set(participants(m, NAME)), 60, "the service sees both")
    stockclient.start(stock)
    stockclient.agree(stock)
    peers = [m.peer(nick, room=NAME) for nick in ("p1", "p2")]
    m.until_heard(peers, 60)
    # A restart: the store has the clients' name, and the module tells again where the room is.
    before = {p["participant"]: p["attach"] for p in m.ctl("room", NAME)["participants"] if p.get("attach")}
    m.kill_keyroomd()
    m.start_keyroomd()
    m.joined(NAME)
    m.until_heard(peers, 60)
    after = {p["participant"]: p["attach"] for p in m.ctl("room", NAME)["participants"] if p.get("attach")}
    expect(len(before) == 2 and before == after, f"attached anew: {before}, {after}")
    for p in stock:
        p.rotate()
    stockclient.settle(stock, lambda: all(p.complete(["aaaaaaaa", "bbbbbbbb"]) for p in stock), 60, "a rotation after the restart")
    for p in stock:
        expect(not p.errors, f"{p.nick}: {p.errors}")
        p.client.clean_of((prosody.COMPONENT, "~", "[acme]"))
    # What a page is told of its room has the name that it knows.
    stock[1].send("aaaaaaaa", "error", {"error": "Session already established"})
    stockclient.settle(stock, lambda: all(p.page for p in stock), 60, "both pages are told")
    expect(all(e["event"] == "no-session" and e["room"] == NAME for p in stock for e in p.page), f"{[p.page for p in stock]}")
    for p in stock:
        p.leave()
    for peer in peers:
        peer.quit()


def owned_by_tokens(m):
    focus = m.focus()
    focus.open(STAFF)
    m.joined(STAFF)
    people = [m.peer(name, room=STAFF, account=name, extra=("--owner", owner(name))) for name in ("alice", "bob")]
    m.until_heard(people, 60)
    shown = participants(m, STAFF)
    expect({name: shown[name]["owner"] for name in ("alice", "bob")} == {name: owner(name) for name in ("alice", "bob")}, f"{shown}")
    # A guest has no owner, whatever it says of itself, and waits.
    guest = m.peer("guest", room=STAFF, extra=("--owner", owner("alice")))
    m.until(lambda: guest.attached and guest.attached["state"] == "waiting", 60, "the guest waits")
    expect(participants(m, STAFF)["guest"]["owner"] is None, "a guest has an owner")
    # A client that is told another owner than its own does not sign it.
    for nick, extra in (("wrong", ("--owner", owner("bob"))), ("none", ())):
        peer = m.peer(nick, room=STAFF, account="alice", extra=extra)
        m.until(lambda: any(e.get("event") == "refused" and e.get("what") == "challenge" and "wrong-participant" in str(e)
                            for e in peer.events), 60, f"{nick}: not signed")
        expect(peer.attached is None, f"{nick} is attached")
        peer.quit()
    m.until_heard(people, 60)
    # Bob's connection gets another token: with his next presence his attach is over, and he does not sign the new owner.
    since = focus.client.mark()
    focus.client.send(f"<message to='{prosody.DOMAIN}' type='normal'><body>bob</body></message>")
    focus.client.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("from") == prosody.DOMAIN, "another token", since)
    third = m.peer("carol", room=STAFF, account="alice", extra=("--owner", owner("alice")))
    m.until_heard([people[0], people[1], third], 60)  # nothing was said of bob yet
    focus.client.affiliation(STAFF, f"bob@{prosody.DOMAIN}", "member")  # his presence goes out again
    m.until(lambda: people[1].count("detached") > 0, 60, "bob's attach is over")
    m.until_heard([people[0], third], 60)
    expect(m.logged("attach .* over .its session has another token"), "the log does not say why")
    m.drain([people[0], third])
    for peer in (*people, guest, third):
        peer.quit()


def body(m, _args):
    under_their_name(m)
    owned_by_tokens(m)


if __name__ == "__main__":
    args = common.arguments("tenants")
    sys.exit(common.run(args, body, make=jitsi.meeting, options=common.OPTIONS, rooms={f"staff@{HOST}": {**common.OPTIONS, "authorise": "registered"}},
                        lines=(f"token-owners = {prosody.MUC}",),
                        server={"options": f'muc_mapper_domain_base = "{prosody.DOMAIN}"', "tenants": True}))
