"""Many participants in one process: the client of tests/component/kr, which was written from the protocol alone, with real Olm
and without frames. A line is one connection to Prosody; it carries one participant in each of many rooms."""

import collections
import itertools
import os
import sys
import threading
import time

import common
import xmpp
from lab import prosody

sys.path.insert(0, os.path.join(common.ROOT, "tests", "component"))

from kr.client import Client    # noqa: E402
from kr.texts import NS         # noqa: E402
from kr.xml import El           # noqa: E402

NS_CLIENT, NS_MUC, NS_USER = "jabber:client", "http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#user"
RETRY_S, ANSWER_S = 2.0, 10.0

# One for all: what a line receives is handled in its own thread, what the crowd does in the main one.
lock = threading.RLock()
refusals = collections.Counter()
_names = itertools.count(1)


def _el(element):
    """An element of the standard library as one of kr.xml."""
    ns, _, name = element.tag[1:].rpartition("}")
    made = El(name, ns, {key.rpartition("}")[2]: value for key, value in element.attrib.items()})
    made.children = [_el(child) for child in element]
    made.text = element.text or ""
    return made


class Participant:
    def __init__(self, line, room):
        self.line, self.room, self.nick = line, room, f"n{next(_names)}"
        self.client = Client(line, line.jid, room, self.nick, prosody.COMPONENT)
        self.inside = self.service_seen = False
        self.asked = 0.0
        self.since = time.monotonic()  # when it last had reason to wait

    def join(self):
        device = El("device", NS, {"id": self.client.device.hex()})
        self.line.send(El("presence", NS_CLIENT, {"to": f"{self.room}/{self.nick}"},
                          El("x", NS_MUC, {}, El("history", NS_MUC, {"maxstanzas": "0"})), device))

    def leave(self):
        self.line.people.pop(self.room, None)
        self.line.send(El("presence", NS_CLIENT, {"to": f"{self.room}/{self.nick}", "type": "unavailable"}))

    def presence(self, stanza):
        nick, gone = stanza.get("from").partition("/")[2], stanza.get("type") == "unavailable"
        if stanza.get("type") not in (None, "unavailable"):
            return
        x = stanza.child("x", NS_USER)
        item = x.child("item") if x else None
        if gone:
            self.client.seen.pop(nick, None)
        else:
            device = stanza.child("device", NS)
            self.client.seen[nick] = bytes.fromhex(device.get("id")) if device else None
            self.client.presence_changed()
        if nick == self.nick and not gone:
            self.inside = True
            if x is not None and any(status.get("code") == "201" for status in x.all("status")):
                self._invite()
        if item is not None and (item.get("jid") or "").partition("/")[0] == prosody.COMPONENT:
            self.service_seen = not gone
        self.advance()

    def _invite(self):
        """Who makes the room has the service in it."""
        self.line.send(El("message", NS_CLIENT, {"to": self.room},
                          El("x", NS_USER, {}, El("invite", NS_USER, {"to": prosody.COMPONENT}))))

    def advance(self):
        """Attaches, and tries again: soon when it was refused, late when nothing came."""
        wait = ANSWER_S if self.client.pending else RETRY_S
        if self.inside and self.service_seen and self.client.state is None and time.monotonic() > self.asked + wait:
            self.asked = time.monotonic()
            self.client.attach()

    def complete(self):
        return self.client.state == "member" and not self.client.mismatched and self.client.complete()

    def trim(self):
        """What nobody looks at again."""
        for answer in self.client.refused:
            why = str(answer) if isinstance(answer, str) else next(
                (x.name for x in answer.child("error").children if x.ns.endswith(":errors")), "?")
            refusals[why] += 1
            if why == "already-attached":  # ours, of an answer that was too late (docs/protocol.md 7.8)
                self.client.detach()
        for kept in (self.client.refused, self.client.stanzas, self.client.events):
            kept.clear()


class Line(xmpp.Client):
    def __init__(self, port):
        self.people = {}  # room -> participant
        super().__init__(port, prosody.GUESTS)

    @property
    def lost(self):
        return self._closed

    def send(self, el):
        try:
            self._send(el.xml(el.ns))  # the stream's namespace, whatever a component would call it
        except OSError:
            pass  # it was closed under a participant that had something to say

    def _take(self, stanza):
        if not hasattr(self, "jid"):  # still logging in
            super()._take(stanza)
            return
        self._answer(stanza)
        el = _el(stanza)
        with lock:
            sender = el.get("from", "").partition("/")[0]
            if el.name == "presence" and sender in self.people:
                self.people[sender].presence(el)
            elif el.name in ("iq", "message") and sender == prosody.COMPONENT:
                for person in self._meant(el):
                    person.client.receive(el)
                    person.trim()

    def _meant(self, el):
        """Of answers the one who asked, of events the one who is in that room."""
        if el.name == "iq":
            return [person for person in self.people.values() if el.get("id") in person.client.pending]
        payload = el.child(ns=NS)
        return [person for person in self.people.values() if payload is not None and person.client.concerns(payload)]

    def join(self, room):
        person = self.people[room] = Participant(self, room)
        person.join()
        return person
