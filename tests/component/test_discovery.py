#!/usr/bin/python3
"""What any entity may ask of any entity: disco, version, ping; and what is answered to the unknown."""

import sys

from harness.daemon import JID
from harness.run import main, scenario
from harness.scene import scene
from kr.texts import NS
from kr.xml import NS_STANZAS, El

INFO, ITEMS = "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"
WHO = "somebody@elsewhere.example.net/x"


def condition(answer):
    error = answer.child("error")
    found = next((x.name for x in error.children if x.ns == NS_STANZAS and x.name != "text"), None) if error else None
    return answer.get("type"), found


@scenario
def disco(c):
    with scene(c) as s:
        answer = s.ask(WHO, El("query", INFO), "get")
        query = answer.child("query", INFO)
        c.equal(answer.get("type"), "result", "disco#info")
        c.true(("component", "generic") in [(i.get("category"), i.get("type")) for i in query.all("identity")], "identity component/generic")
        features = [f.get("var") for f in query.all("feature")]
        for wanted in (NS, INFO, ITEMS, "urn:xmpp:ping", "jabber:iq:version"):
            c.true(wanted in features, "feature " + wanted)
        answer = s.ask(WHO, El("query", ITEMS), "get")
        c.equal((answer.get("type"), answer.child("query", ITEMS) is not None), ("result", True), "disco#items")
        answer = s.ask(WHO, El("query", INFO, {"node": "no-such-node"}), "get")
        c.equal(condition(answer), ("error", "item-not-found"), "disco#info of an unknown node")


@scenario
def version_and_ping(c):
    with scene(c) as s:
        answer = s.ask(WHO, El("query", "jabber:iq:version"), "get")
        query = answer.child("query")
        c.equal((answer.get("type"), query.child("name") is not None and bool(query.child("version").text)), ("result", True), "version")
        answer = s.ask(WHO, El("ping", "urn:xmpp:ping"), "get")
        c.equal((answer.get("type"), answer.get("to"), answer.get("from")), ("result", WHO, JID), "ping")


@scenario
def the_unknown(c):
    with scene(c) as s:
        for kind in ("get", "set"):
            answer = s.ask(WHO, El("query", "urn:example:unknown"), kind)
            c.true(condition(answer) in (("error", "service-unavailable"), ("error", "feature-not-implemented")), "unknown %s: %r" % (kind, answer))
            s.refused(s.ask(WHO, El("no-such", NS, {"room": s.room.jid}), kind), "unknown-request", "unknown request (%s)" % kind)
        answer = s.ask(WHO, "", "get")
        c.equal(answer.get("type"), "error", "an IQ without a payload")
        answer = s.ask(WHO, "<ping xmlns='urn:xmpp:ping'/><ping xmlns='urn:xmpp:ping'/>", "get")
        c.equal(answer.get("type"), "error", "an IQ with two payloads")
        s.refused(s.ask("nobody@example.org/x", El("challenge", NS, {"room": "other@conference.example.org"}), "get"), "unknown-room")
        s.refused(s.ask("nobody@example.org/x", El("challenge", NS, {"room": s.room.jid}), "get"), "not-occupant")
        s.refused(s.ask("nobody@example.org/x", El("challenge", NS), "get"), "malformed", "no room")


@scenario
def never_answers_answers(c):
    with scene(c) as s:
        heard = []
        s.server.hooks.append(lambda stanza: stanza.get("to") == WHO and not heard.append(stanza))
        for kind in ("result", "error"):
            for payload in (El("challenge", NS, {"room": s.room.jid}), El("query", "urn:example:unknown"), El("ping", "urn:xmpp:ping")):
                s.server.send(El("iq", "jabber:component:accept", {"type": kind, "id": "x1", "from": WHO, "to": JID}, payload))
        s.server.send(El("message", "jabber:component:accept", {"type": "error", "from": WHO, "to": JID}, El("body")))
        s.server.send(El("message", "jabber:component:accept", {"type": "chat", "from": WHO, "to": JID}, El("challenge", NS, {"room": s.room.jid})))
        s.server.send(El("presence", "jabber:component:accept", {"type": "error", "from": WHO, "to": JID}))
        s.server.send(El("iq", "jabber:component:accept", {"type": "get", "from": WHO, "to": JID}, El("ping", "urn:xmpp:ping")))
        s.settle()
        c.equal([h for h in heard if h.get("id") == "x1" or h.name != "iq"], [], "no answer to a result, an error, a message")


if __name__ == "__main__":
    sys.exit(main())
