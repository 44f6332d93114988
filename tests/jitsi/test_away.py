#!/usr/bin/env python3
"""The module by itself, with a component that the test plays: one that answers late, wrongly, twice, for nothing, or dies between;
that is away; and a module that is reloaded with messages held. No legitimate message is lost, and their order stays."""

import re
import sys

import jitsi  # first: it knows where the others are
from common import expect
import stockclient
import xmpp
from lab import prosody

A, B = "aaaaaaaa", "bbbbbbbb"


def olm(text):
    return stockclient.message("key-info", {"ciphertext": {"type": 1, "body": text}, "uuid": text})


def texts(who, since=0):
    """What it received of the other, in order."""
    found = [s.find(stockclient.JITSI + "json-message") for s in who.client.stanzas[since:] if s.tag == xmpp.CLIENT + "message"]
    return [e.text for e in found if e is not None]


def arrives(who, wanted, since, what):
    who.client._until(lambda: len(texts(who, since)) >= len(wanted) or None, 60, what)
    expect(texts(who, since) == wanted, f"{what}: {texts(who, since)}")


def refused(who, since, what, condition):
    answer = who.client.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("type") == "error", what, since)
    expect(xmpp.condition(answer)[0] == condition, f"{what}: {xmpp.condition(answer)}")
    return answer


def flush(who):
    """Everything before this has been handled by the server."""
    who.client.iq("get", jitsi.ROOM, "<query xmlns='http://jabber.org/protocol/disco#info'/>")


def verdicts(service, a, b):
    since, at = b.client.mark(), service.mark()
    for text in ("one", "two", "three"):
        a.raw(B, olm(text))
    a.raw(B, '{"type":"chat-like","text":"four"}')
    held = service.held(at, 3)
    expect([h[3] for h in held] == [olm(t) for t in ("one", "two", "three")] and held[0][1:3] == (A, B), "what is shown")
    # Answered in another order, twice, and with a token that never was: they leave in theirs.
    service.verdict("nonsense")
    service.verdict(held[2][0])
    service.verdict(held[1][0])
    service.verdict(held[1][0], allow=False)
    service.order("<verdict xmlns='urn:keyroom:jitsi:1'/><nothing xmlns='urn:keyroom:jitsi:1'/>")
    service.settle()
    flush(b)
    expect(texts(b, since) == [], "left before the first was decided")
    service.verdict(held[0][0])
    arrives(b, [olm(t) for t in ("one", "two", "three")] + ['{"type":"chat-like","text":"four"}'], since, "in order")
    # What arrives is what was sent: nothing is added that a stock client would stumble over.
    last = [s for s in b.client.stanzas[since:] if s.tag == xmpp.CLIENT + "message"][0]
    names = sorted(child.tag for child in last)
    expect(names == sorted([stockclient.JITSI + "json-message", xmpp.MUC_USER + "x", "{urn:xmpp:occupant-id:0}occupant-id"]), names)
    expect(last.get("type") == "chat" and last.get("from") == f"{jitsi.ROOM}/{A}", "another sender or type")


def a_refusal(service, a, b):
    since, mine, at = b.client.mark(), a.client.mark(), service.mark()
    a.raw(B, olm("no"))
    a.raw(B, olm("yes"))
    held = service.held(at, 2)
    service.verdict(held[0][0], allow=False, type="auth", condition="not-allowed")
    service.verdict(held[1][0])
    answer = refused(a, mine, "the refusal", "not-allowed")
    expect(answer.get("from") == f"{jitsi.ROOM}/{B}", "the refusal names another")
    arrives(b, [olm("yes")], since, "only what was allowed")


def late(service, a, b):
    since, mine, at = b.client.mark(), a.client.mark(), service.mark()
    a.raw(B, olm("slow"))
    token = service.held(at)[0][0]
    refused(a, mine, "no answer in time", "remote-server-timeout")
    service.verdict(token)
    service.settle()
    flush(b)
    expect(texts(b, since) == [], "a verdict that came too late was obeyed")


def gone_meanwhile(service, a, server):
    c = stockclient.Stock(server, jitsi.ROOM, "cccccccc")
    mine, at = a.client.mark(), service.mark()
    a.raw("cccccccc", olm("for c"))
    token = service.held(at)[0][0]
    c.leave()
    c.client.wait(lambda s: xmpp.presence_of(s, jitsi.ROOM, "cccccccc", "unavailable"), "c is out")
    other = stockclient.Stock(server, jitsi.ROOM, "cccccccc")  # somebody else under the nick
    since = other.client.mark()
    service.verdict(token)
    refused(a, mine, "the one it was for is gone", "item-not-found")
    service.settle()
    flush(other)
    expect(texts(other, since) == [], "a key went to whoever took the nick")
    other.leave()


def reload(service, focus, a, b):
    since, at = b.client.mark(), service.mark()
    for text in ("before 1", "before 2"):
        a.raw(B, olm(text))
    held = service.held(at, 2)
    mark = focus.mark()
    focus.send(f"<message to='{prosody.MUC}' type='normal'><body>reload</body></message>")
    focus.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("from") == prosody.MUC, "the module is reloaded", mark)
    a.raw(B, olm("after"))
    held += service.held(at, 3)[2:]
    for token, *_ in held:
        service.verdict(token)
    arrives(b, [olm(t) for t in ("before 1", "before 2", "after")], since, "across a reload")


def hidden(service, a, b):
    """Ways to write Olm that text matching misses, and what only looks like it."""
    percent = "".join(f"%{ord(c):02x}" for c in olm("percent"))
    wide = "".join(f"%u{ord(c):04x}" for c in olm("wide"))
    escaped = olm("escaped").replace('"olm"', '"\\u006f\\u006C\\u006d"')
    tricky = olm("tricky")[:-1] + ',"__hash":["type","chat"]}'
    for text, stanza in ((percent, "chat"), (wide, "normal"), (escaped, "headline"), (tricky, "chat")):
        at = service.mark()
        a.raw(B, text, stanza=stanza)
        service.verdict(service.held(at)[0][0], allow=False)
    since = b.client.mark()
    others = ['{"type":"poll","text":"Stockholm, olm"}', "no JSON at all", '{"type":"x","a":"100% \\u00e4"}', '{"a":[1,2,{"type":"z"}]}']
    at = service.mark()
    for text in others:
        a.raw(B, text)
    arrives(b, others, since, "other messages pass by")
    flush(a)
    expect(not [s for s in service.stanzas[at:] if s.find(service.NS + "held") is not None], "what is no Olm was held")
    # Two in one stanza, and a nested one, have more than one meaning.
    for inner in ("<json-message xmlns='http://jitsi.org/jitmeet'>{\"type\":\"x\"}</json-message>" * 2,
                  "<json-message xmlns='http://jitsi.org/jitmeet'><b>olm</b></json-message>"):
        mine = a.client.mark()
        a.client.send(f"<message to='{jitsi.ROOM}/{B}' type='chat'>{inner}</message>")
        refused(a, mine, "two meanings", "bad-request")


def visitors(focus):
    """What Jitsi brings from visitors' nodes, past the room: no key message comes with it."""
    for text, wanted in ((olm("x"), "true true"), ('{"type":"ol%6D"}', "true true"), ('{"type":"chat-like"}', "nil nil")):
        mark = focus.mark()
        focus.send(f"<message to='{prosody.MUC}' type='normal'><visitor xmlns='test'><message xmlns='jabber:client' from='{jitsi.ROOM}/v' "
                   f"to='{jitsi.ROOM}/{B}'><json-message xmlns='http://jitsi.org/jitmeet'>{stockclient.escape(text)}</json-message>"
                   "</message></visitor></message>")
        answer = focus.wait(lambda s: s.tag == xmpp.CLIENT + "message" and s.get("from") == prosody.MUC, "what became of it", mark)
        expect(answer.findtext(xmpp.CLIENT + "body") == wanted, f"{text}: {answer.findtext(xmpp.CLIENT + 'body')}")


LARGEST = 16384          # keyroom_olm_size
STANZA = 256 * 1024      # what Prosody takes of a client


def fat(fill):
    return stockclient.message("key-info", {"ciphertext": {"type": 1, "body": fill}, "uuid": "u"})


def of_size(json, size):
    """The stanza that carries it, blown up to so many bytes in all; and the JSON in it."""
    frame = f"<message to='{jitsi.ROOM}/{B}' type='chat'><json-message xmlns='http://jitsi.org/jitmeet'>{{}}</json-message></message>"
    written = stockclient.escape(json("{fill}"))
    fill = "x" * (size - len(frame.format(written)) + len("{fill}"))
    stanza = frame.format(written.replace("{fill}", fill))
    assert len(stanza) == size
    return stanza, json(fill)


def large_and_public(service, server, a, b):
    # What a key message may have, to the byte.
    at = service.mark()
    text = fat("x" * (LARGEST - len(fat(""))))
    a.raw(B, text)
    held = service.held(at)[0]
    expect(held[3] == text, "the largest is not shown whole")
    mine = a.client.mark()
    service.verdict(held[0], allow=False)
    refused(a, mine, "the largest is refused as any other", "forbidden")
    mine, since, at = a.client.mark(), b.client.mark(), service.mark()
    a.raw(B, text + " ")
    refused(a, mine, "one byte more", "policy-violation")
    # What a stanza may have, to the byte.
    mine = a.client.mark()
    a.client.send(of_size(fat, STANZA)[0])
    refused(a, mine, "256 KiB of key exchange", "policy-violation")
    stanza, other = of_size(lambda fill: '{"type":"drawing","data":"' + fill + '"}', STANZA)
    a.client.send(stanza)
    arrives(b, [other], since, "256 KiB of something else")
    # Above it Prosody ends the sender's stream, and only that: the others see it leave.
    c = stockclient.Stock(server, jitsi.ROOM, "cccccccc")
    mark = b.client.mark()
    c.client.send(of_size(fat, 2 * STANZA)[0])  # it counts as it reads, 64 KiB at a time
    b.client.wait(lambda s: xmpp.presence_of(s, jitsi.ROOM, "cccccccc", "unavailable"), "who sends more is out", mark)
    mine = a.client.mark()
    a.client.send(f"<message to='{jitsi.ROOM}' type='groupchat'><json-message xmlns='http://jitsi.org/jitmeet'>"
                  "{&quot;type&quot;:&quot;o%6Cm&quot;}</json-message></message>")
    refused(a, mine, "Olm to the whole room", "not-acceptable")
    flush(b)
    expect(not [s for s in b.client.stanzas[since:] if s.get("type") == "groupchat"], "groupchat Olm reached somebody")
    expect(not [s for s in service.stanzas[at:] if s.find(service.NS + "held") is not None], "it was shown to the component")


def away(service, server, a, b):
    """closed: refused at once, said once, counted, reported."""
    since, mine, at = b.client.mark(), a.client.mark(), service.mark()
    a.raw(B, olm("held when it dies"))
    service.held(at)
    service.die()
    refused(a, mine, "its end decides what is held", "remote-server-timeout")
    for i in range(3):
        mine = a.client.mark()
        a.raw(B, olm(f"away {i}"))
        refused(a, mine, "closed", "remote-server-timeout")
    other = '{"type":"chat-like"}'
    a.raw(B, other)
    arrives(b, [other], since, "what is no key passes")
    service = jitsi.Component(server)
    report = service.wait(lambda s: s.find(service.NS + "away") is not None, "the report").find(service.NS + "away")
    expect((report.get("passed"), report.get("refused")) == ("0", "9"), f"reported {report.attrib}")
    expect(report.get("late") == "1" and report.get("groupchat") == "1", f"reported {report.attrib}")
    return service


def warned(server):
    with open(server.log, encoding="utf-8", errors="replace") as log:
        return len(re.findall(r"warn\s+Keyroom (?:is not connected|did not answer)", log.read()))


def closed(server, _args):
    service = jitsi.Component(server)
    focus = jitsi.open_room(server)
    service.enter(jitsi.ROOM)
    service.policy(jitsi.ROOM)
    a, b = stockclient.Stock(server, jitsi.ROOM, A), stockclient.Stock(server, jitsi.ROOM, B)
    verdicts(service, a, b)
    a_refusal(service, a, b)
    gone_meanwhile(service, a, server)
    reload(service, focus, a, b)
    hidden(service, a, b)
    visitors(focus)
    large_and_public(service, server, a, b)
    late(service, a, b)
    service = away(service, server, a, b)
    expect(warned(server) == 2, f"{warned(server)} warnings: one for each time it was away or silent")
    service.enter(jitsi.ROOM)
    since, at = b.client.mark(), service.mark()
    a.raw(B, olm("back"))
    service.verdict(service.held(at)[0][0])
    arrives(b, [olm("back")], since, "as before")


def opened(server, _args):
    """open, and only where the policy is occupants."""
    service = jitsi.Component(server)
    jitsi.open_room(server)
    other = f"members@{prosody.MUC}"
    jitsi.open_room(server, other)
    for room, authorise in ((jitsi.ROOM, "occupants"), (other, "members")):
        service.enter(room)
        service.policy(room, authorise, authorise == "occupants")
    a, b = stockclient.Stock(server, jitsi.ROOM, A), stockclient.Stock(server, jitsi.ROOM, B)
    c, d = stockclient.Stock(server, other, A), stockclient.Stock(server, other, B)
    since, mine, at = b.client.mark(), c.client.mark(), service.mark()
    sent = [olm(str(i)) for i in range(20)]
    for text in sent[:10]:
        a.raw(B, text)
    service.held(at, 10)
    service.die()
    for text in sent[10:]:
        a.raw(B, text)
    arrives(b, sent, since, "open goes on")
    c.raw(B, olm("closed here"))
    refused(c, mine, "closed where the policy is members", "remote-server-timeout")
    expect(texts(d) == [], "passed where it is closed")
    service = jitsi.Component(server)
    report = service.wait(lambda s: s.find(service.NS + "away") is not None, "the report").find(service.NS + "away")
    expect((report.get("passed"), report.get("refused")) == ("20", "1"), f"reported {report.attrib}")
    expect(warned(server) == 1, f"{warned(server)} warnings")


if __name__ == "__main__":
    status = jitsi.module_alone("away", closed, options=jitsi.PATIENCE)
    status = status or jitsi.module_alone("away", opened, options=f"keyroom_open_when_away = true\n{jitsi.PATIENCE}")
    sys.exit(status)
