#!/usr/bin/env python3
"""Who may get no keys gets none, whatever it sends, and nobody waits for it. And each thing that a stock client never does, or does
only when something is broken: refused with an error that reaches the sender, and nothing legitimate is lost by it."""

import json
import os
import subprocess
import sys
import uuid

import jitsi  # first: it knows where the others are
import common
import olm
import stockclient
import xmpp
from common import expect
from lab import prosody

MEMBERS = f"members@{prosody.MUC}"
KEY = "bXgclWxqm5ECgQn4dR6bH4CFtqP9nF1cctngF59oplM"
OTHERS = ("xmlns='x'", "", "xmlns='jabber:client'")  # namespaces that are not Jitsi's, in an attribute
SEALED = {"type": 0, "body": "AwogDGYIIEmHQK1B"}


def barrier(*people):
    """What was sent before has been answered: the service's verdict on a message of the same pair has come."""
    for p in people:
        p.client.iq("get", p.room, "<query xmlns='http://jabber.org/protocol/disco#info'/>")


def answered(a, peer, text, condition, words, stanza="chat", **more):
    mine = a.client.mark()
    a.raw(peer, text, stanza=stanza, **more)
    answer = a.client.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("type") == "error", f"{words}: an answer", mine)
    name = xmpp.condition(answer)[0]
    said = answer.find(xmpp.CLIENT + "error").findtext(xmpp.STANZAS + "text")
    expect(name == condition and words in said, f"{words}: {name}, {said}")


def init(key=KEY, name=None):
    return stockclient.message("session-init", {"idKey": key, "otKey": KEY, "uuid": name or str(uuid.uuid4())})


def everything():
    """One of each type there is, as somebody would send it who wants an answer with a key in it."""
    transaction = {"transactionId": str(uuid.uuid4())}
    yield init()
    yield stockclient.message("session-init", {"idKey": KEY, "otKey": KEY, "uuid": "u", "signature": "A" * 86})
    for kind in ("session-ack", "key-info", "key-info-ack"):
        yield stockclient.message(kind, {"ciphertext": SEALED, "uuid": str(uuid.uuid4())})
    yield stockclient.message("error", {"error": "Session already established"})
    yield stockclient.message("sas-start", transaction)
    yield stockclient.message("sas-accept", {"commitment": KEY, **transaction})
    yield stockclient.message("sas-key", {"key": KEY, **transaction})
    yield stockclient.message("sas-mac", {"keys": KEY, "mac": {"ed25519:x": KEY}, **transaction})
    yield stockclient.message("pq-session-init", {"kem": KEY})


def no_way_in(m):
    """Policy members: two members, and a guest that tries everything, forged identity included."""
    focus = m.focus()
    focus.open(MEMBERS)
    m.joined(MEMBERS)
    people = []
    for nick in ("11111111", "33333333"):
        p = stockclient.Stock(m.prosody, MEMBERS, nick, bare=True)
        focus.client.affiliation(MEMBERS, p.client.jid.partition("/")[0], "member")
        p.join()
        people.append(p)
    guest = stockclient.Stock(m.prosody, MEMBERS, "22222222", bare=True)
    plain = guest.presence
    guest.presence = lambda: plain() + ("<identity><user><id>id-of-alice</id></user></identity>"
                                        "<session xmlns='urn:keyroom:jitsi:1' user='id-of-alice'/>")
    guest.join()
    stockclient.settle(people + [guest], lambda: all("22222222" in p.seen and not p.seen["22222222"][0] for p in people), 60,
                       "the guest's E2EE feature is hidden from the others")
    stockclient.settle(people + [guest], lambda: people[0].seen.get("33333333", (False,))[0], 60,
                       "a member's feature is not hidden")
    # So nobody opens a session with it, and nobody waits.
    for p in people + [guest]:
        p.enable()
    stockclient.settle(people + [guest], lambda: all(len(p.sessions) == 1 for p in people), 60, "the members have a session")
    for p in people:
        p.rotate()
    names = [p.nick for p in people]
    stockclient.settle(people + [guest], lambda: all(p.complete(names) for p in people), 60, "the members have keys")
    stockclient.agree(people)
    expect(not any(peer == guest.nick for p in people for peer, _, _ in p.sent), "somebody sent something to the guest")
    # Its word that E2EE is on, or off again, leads nobody.
    expect(all(p.seen[guest.nick] == (False, False) for p in people), f"a guest leads: {[p.seen for p in people]}")
    since = [p.client.mark() for p in people]
    guest.disable()
    guest.enabled = True
    guest.update()
    barrier(guest, *people)
    for p, at in zip(people, since):
        told = p.client.seen(lambda s: xmpp.presence_of(s, MEMBERS, guest.nick), at)
        expect(not any(s.find(xmpp.CLIENT + "jitsi_participant_e2ee.enabled") is not None for s in told), "a guest switches for others")
    # Everything it can send, to both sides of it in the order of ids, in every type of stanza that carries it.
    count = 0
    for stanza in ("chat", "normal", "headline"):
        for text in everything():
            for peer in names:
                answered(guest, peer, text, "not-allowed", "not affiliated", stanza)
                count += 1
            percent = "".join(f"%{ord(c):02x}" for c in text)
            answered(guest, names[0], percent, "not-allowed", "not affiliated", stanza)
    # Older clients go by the name alone, so another namespace is no way either.
    since = people[0].client.mark()
    for xmlns in OTHERS:
        for text in everything():
            answered(guest, names[0], text, "bad-request", "more than one meaning", xmlns=xmlns)
        guest.client.send(f"<message to='{MEMBERS}' type='groupchat'><json-message {xmlns}>{stockclient.escape(init())}"
                          "</json-message></message>")
        barrier(guest)
    barrier(*people)
    told = people[0].client.seen(lambda s: any(e.tag.endswith("}json-message") and "olm" in (e.text or "") for e in s), since)
    expect(not told, f"a key message of another namespace arrived: {told}")
    # Under a member's keys, which anybody can read in presence.
    keys = guest.olm
    guest.olm = people[1].olm
    guest.update()
    barrier(guest)
    for peer in names:
        answered(guest, peer, init(guest.olm.identity_keys["curve25519"]), "not-allowed", "not affiliated")
    guest.olm = keys
    guest.update()
    # As errors, which Prosody takes for a sign that whoever sends them is out of reach, and puts it out.
    for i, text in enumerate(everything()):
        other = stockclient.Stock(m.prosody, MEMBERS, f"4444444{i:x}")  # the one before may not be out yet
        for peer in names:
            other.raw(peer, text, stanza="error")
        barrier(other)
        other.client.close()
    # And nothing of theirs reaches it.
    answered(people[0], guest.nick, init(people[0].olm.identity_keys["curve25519"]), "not-allowed", "the other side")
    for subject in ("", "<subject>keys</subject>", "<body>keys</body>"):
        guest.client.send(f"<message to='{MEMBERS}' type='groupchat'>{subject}<json-message xmlns='http://jitsi.org/jitmeet'>"
                          f"{stockclient.escape(init())}</json-message></message>")
    barrier(guest, *people)
    for p in people + [guest]:
        p.pump()
    arrived = [peer for p in people for peer, _, _ in p.received if peer not in names]
    expect(not arrived and not any(p.page for p in people), f"something of a guest's arrived: {arrived}")
    expect(not guest.keys and not guest.received and not guest.sessions, "the guest was given something")
    # Its page is told once, as an event of nobody who takes part.
    told = [e for e in guest.page if e.get("type") == "keyroom"]
    expect(len(told) == 1 and told[0]["event"] == "refused" and told[0]["room"] == MEMBERS, f"its page: {guest.page}")
    view = {p["participant"]: p for p in m.ctl("room", MEMBERS)["participants"]}
    expect(view["22222222"]["stock"]["gets_keys"] is False and "hidden" in view["22222222"]["stock"]["hint"], "the operator's view")
    expect(view["22222222"]["stock"]["user"] is None, "a forged identity is believed")
    # A member from now on: what it offers is seen at once. A stock client does not try again what was refused, so it comes anew.
    focus.client.affiliation(MEMBERS, guest.client.jid.partition("/")[0], "member")
    stockclient.settle(people, lambda: all(p.seen.get("22222222") == (True, True) for p in people), 60, "the new member is seen")
    guest.leave()
    stockclient.settle(people, lambda: all("22222222" not in p.seen for p in people), 60, "it has left")
    for p in people + [guest]:
        p.pending.clear()
        p.requests.clear()
    guest.olm, guest.enabled = olm.Account(), False
    for what in (guest.sessions, guest.keys, guest.seen):
        what.clear()
    guest.client.wait(lambda s: xmpp.presence_of(s, MEMBERS, guest.nick, "unavailable"), "it knows that it has left")
    guest.at = guest.client.mark()  # another page: what the one before was told is gone with it
    guest.join()
    people.append(guest)
    guest.enable()
    stockclient.settle(people, lambda: all(len(p.sessions) == 2 for p in people), 60, "sessions with the new member")
    for p in people:
        p.rotate()
    stockclient.settle(people, lambda: all(p.complete([q.nick for q in people]) for p in people), 60, "keys with the new member")
    stockclient.agree(people)
    print(f"{count} messages of a guest refused", flush=True)


def what_no_client_does(m):
    focus = m.focus()
    focus.open(jitsi.ROOM)
    m.joined()
    a = stockclient.Stock(m.prosody, jitsi.ROOM, "aaaaaaaa")
    b = stockclient.Stock(m.prosody, jitsi.ROOM, "bbbbbbbb")
    c = stockclient.Stock(m.prosody, jitsi.ROOM, "cccccccc", feature=False)
    people = [a, b, c]
    stockclient.settle(people, lambda: all(len(p.seen) >= 3 for p in people), 60, "all see all")
    mine = a.olm.identity_keys["curve25519"]
    answered(a, "bbbbbbbb", init(mine), "unexpected-request", "E2EE is off")
    for p in (a, b):
        p.enabled = True
        p.update()
    barrier(a, b)
    answered(a, "bbbbbbbb", init(KEY), "forbidden", "not the one of the sender's presence")
    answered(b, "aaaaaaaa", init(b.olm.identity_keys["curve25519"]), "unexpected-request", "smaller participant id")
    answered(a, "cccccccc", init(mine), "not-allowed", "does not offer E2EE")
    answered(c, "cccccccc", init(c.olm.identity_keys["curve25519"]), "not-allowed", "that offer E2EE")
    answered(a, "bbbbbbbb", stockclient.message("sas-start", {"transactionId": "t"}), "unexpected-request", "no session")
    answered(a, "bbbbbbbb", stockclient.message("key-info", {"ciphertext": SEALED, "uuid": "u"}), "unexpected-request", "no session")
    answered(b, "aaaaaaaa", stockclient.message("session-ack", {"ciphertext": SEALED, "uuid": "u"}), "unexpected-request",
             "no session-init")
    answered(a, "bbbbbbbb", '{"type":"olm"', "bad-request", "not of its form")
    answered(a, "bbbbbbbb", '{"type":"olm","olm":{"type":"session-init","data":{"uuid":"u"}}}', "bad-request", "not of its form")
    answered(a, "bbbbbbbb", json.dumps({"type": "olm", "olm": {"type": "x" * 100, "data": {}}}), "bad-request", "not of its form")
    answered(a, "bbbbbbbb", '{"type":"olm","olm":' + "[" * 200 + "]" * 200 + "}", "bad-request", "not of its form")
    # Nothing of all that stands in the way of a real one; twice is once too often.
    a.init("bbbbbbbb")
    stockclient.settle(people, lambda: "bbbbbbbb" in a.sessions and "aaaaaaaa" in b.sessions, 15, "a session")
    answered(a, "bbbbbbbb", init(mine), "unexpected-request", "a session already")
    answered(a, "bbbbbbbb", stockclient.message("key-info-ack", {"ciphertext": SEALED, "uuid": "never"}), "unexpected-request",
             "no key-info")
    answered(a, "bbbbbbbb", stockclient.message("sas-mac", {"keys": KEY, "mac": {}, "transactionId": "t"}), "unexpected-request",
             "no such verification")
    # What is no key message passes in any namespace.
    since = b.client.mark()
    for xmlns in OTHERS:
        a.raw("bbbbbbbb", '{"type":"hello"}', xmlns=xmlns)
    b.client._until(lambda: sum(e.text == '{"type":"hello"}' for s in b.client.stanzas[since:] for e in s) == len(OTHERS) or None, 60,
                    "what is no Olm passes")
    # What is not known passes as it is, and is named once in the log.
    since = b.client.mark()
    odd = stockclient.message("pq-session-init", {"kem": "x"})
    a.raw("bbbbbbbb", odd)
    a.raw("bbbbbbbb", odd)
    b.client._until(lambda: sum(e.text == odd for s in b.client.stanzas[since:] for e in s.iter(stockclient.JITSI + "json-message"))
                    == 2 or None, 60, "unknown types pass")
    expect(len(m.logged("passed as it is")) == 1, "an unknown type is named more or less than once")
    for p in (a, b):
        p.rotate()
    stockclient.settle(people, lambda: all(p.complete(["aaaaaaaa", "bbbbbbbb"]) for p in (a, b)), 60, "keys")
    stockclient.agree([a, b])
    answered(a, "dddddddd", init(mine), "item-not-found", "Recipient not in room")
    return a, b


def operators_view(m, a, b):
    """A broken session is seen, named to the operator and to both pages; a second owner of a key too."""
    b.send("aaaaaaaa", "error", {"error": "Session already established"})
    m.poll(lambda: m.logged("stock session of .* broken"), 60, "the broken session is in the log")
    room = m.ctl("room", jitsi.ROOM)
    pair = [p for p in room["stock_pairs"] if (p["from"], p["to"]) == ("aaaaaaaa", "bbbbbbbb")]
    expect(len(pair) == 1 and pair[0]["hint"].startswith("half-open") and pair[0]["keys"] >= 1 and pair[0]["acked"],
           f"the pair: {pair}")
    stockclient.settle([a, b], lambda: all(any(e.get("event") == "no-session" for e in p.page) for p in (a, b)), 60,
                       "both pages are told")
    twin = stockclient.Stock(m.prosody, jitsi.ROOM, "eeeeeeee", bare=True)
    twin.olm = a.olm
    twin.join()
    m.poll(lambda: any(p["participant"] == "aaaaaaaa" and (p["stock"] or {}).get("shared") for p in
                       m.ctl("room", jitsi.ROOM)["participants"]), 60, "two with one key are seen")
    twin.olm = olm.Account()
    twin.update()
    m.poll(lambda: m.logged("changed during its stay"), 60, "a change of key is seen")
    # All of it stands in the log for auditors, and the pair in what an operator reads.
    wanted = {"stock-device", "stock-half-open", "stock-key-shared", "stock-key-changed"}
    m.poll(lambda: wanted <= entries(m), 60, f"entries {wanted} in the log")
    done = subprocess.run([os.path.join(m.bin, "keyroomctl"), "--socket", m.socket, "room", jitsi.ROOM], capture_output=True, text=True,
                          timeout=120, env=m.env)
    expect(done.returncode == 0 and "half-open" in done.stdout and "meeting meeting-" in done.stdout, done.stdout)


def entries(m):
    """The types that stand in the log."""
    done = subprocess.run([os.path.join(m.bin, "keyroomctl"), "audit", "export", "--db", m.database], capture_output=True, text=True,
                          timeout=120, env=m.env)
    return {json.loads(line)["type"] for line in done.stdout.splitlines()}


def body(m, _args):
    no_way_in(m)
    a, b = what_no_client_does(m)
    operators_view(m, a, b)


if __name__ == "__main__":
    args = common.arguments("refused")
    sys.exit(common.run(args, body, make=jitsi.meeting, options={"authorise": "occupants"}, rooms={MEMBERS: {"authorise": "members"}}))
