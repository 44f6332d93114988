"""The XMPP server: the component's stream (XEP-0114), routing to clients, a MUC service (XEP-0045)."""

import hashlib
import itertools
import secrets
import select
import socket
import time
from xml.parsers import expat

from kr.texts import NS

from .daemon import JID, MUC, SECRET
from .run import Failure
from kr.xml import NS_COMPONENT, NS_STANZAS, NS_STREAM, El, Reader

NS_MUC, NS_USER = "http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#user"
NS_ADMIN, NS_INFO = "http://jabber.org/protocol/muc#admin", "http://jabber.org/protocol/disco#info"
NS_ITEMS, NS_PING = "http://jabber.org/protocol/disco#items", "urn:xmpp:ping"
SERVER = "example.org"


def bare(jid):
    return jid.split("/", 1)[0]


def error(stanza, kind, condition, by=None):
    return El(stanza.name, NS_COMPONENT, {"type": "error", "id": stanza.get("id"), "from": by or stanza.get("to"), "to": stanza.get("from")},
              El("error", NS_COMPONENT, {"type": kind}, El(condition, NS_STANZAS)))


class Room:
    """A MUC room; every occupant is a Client, or the component under `self.service_nick`."""

    def __init__(self, server, jid):
        self.server, self.jid = server, jid
        self.occupants, self.affiliations = {}, {}
        self.service_nick = self.service_jid = None
        self.hidden, self.refuse_with, self.joins = False, None, 0

    def presence(self, nick, jid, kind=None, device=None, codes=(), to=None, affiliation=None, role="participant", children=()):
        affiliation = affiliation or self.affiliations.get(bare(jid), "none")
        item = {"affiliation": "none" if kind and not affiliation else affiliation, "role": "none" if kind else role}
        if not self.hidden:
            item["jid"] = jid
        x = El("x", NS_USER, {}, El("item", NS_USER, item), *children, *[El("status", NS_USER, {"code": c}) for c in codes])
        payload = [El("device", NS, {"id": device.hex()})] if device else []
        return El("presence", NS_COMPONENT, {"from": self.jid + "/" + nick, "to": to or self.service_jid, "type": kind}, *payload, x)

    def tell_service(self, nick, jid, **more):
        if self.service_nick:
            self.server.send(self.presence(nick, jid, **more))

    def service_joins(self, stanza):
        self.joins += 1
        nick = stanza.get("to").split("/", 1)[1]
        if self.refuse_with:
            refusal = self.refuse_with(stanza, nick) if callable(self.refuse_with) else self.refuse_with
            if refusal:
                self.server.send(error(stanza, *refusal))
                return
        self.service_nick, self.service_jid = nick, stanza.get("from")
        for other, client in self.occupants.items():
            self.tell_service(other, client.jid, device=client.shown_device)
        codes = [110] if self.hidden else [110, 100]
        self.server.send(self.presence(nick, self.service_jid, codes=codes, affiliation=self.affiliations.get(JID, "none"),
                                       role="moderator" if not self.hidden else "participant"))
        self.server.send(El("message", NS_COMPONENT, {"from": self.jid, "to": self.service_jid, "type": "groupchat"}, El("subject")))

    def service_leaves(self):
        if self.service_nick:
            nick, self_jid, self.service_nick = self.service_nick, self.service_jid, None
            self.server.send(self.presence(nick, self_jid, kind="unavailable", codes=[110], to=self_jid))

    def put_out(self, *codes, children=(), affiliation=None):
        """Kicks (307), bans (301) the service, or destroys the room."""
        nick, self.service_nick = self.service_nick, None
        self.server.send(self.presence(nick, self.service_jid, kind="unavailable", codes=[110, *codes], children=children, affiliation=affiliation))

    def join(self, client, nick=None, device=True):
        nick = nick or client.nick
        client.shown_device = client.device if device else None
        self.occupants[nick] = client
        for other, c in self.occupants.items():
            client.seen[other] = c.shown_device
            c.seen[nick] = client.shown_device
        self.tell_service(nick, client.jid, device=client.shown_device)
        for c in list(self.occupants.values()):
            c.presence_changed()

    def leave(self, nick, codes=()):
        client = self.occupants.pop(nick)
        for c in self.occupants.values():
            c.seen.pop(nick, None)
        client.seen.clear()
        self.tell_service(nick, client.jid, kind="unavailable", codes=codes)
        return client


class Server:
    """Owns the listening socket. `behave` replaces the handshake by a scenario's own doing."""

    def __init__(self, listen=True, secret=SECRET):
        self.rooms, self.clients, self.others = {}, {}, []
        self.secret, self.connection, self.up = secret, None, False
        self.handshakes = self.connects = 0
        self.iqs, self.iq_waiting, self.ids = {}, {}, itertools.count(1)
        self.behave, self.pong, self.hooks = None, True, []
        self.closed_streams, self.out, self.reader = 0, b"", None
        self.stream_id, self.bad_xml, self.listening = None, [], False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        if listen:
            self.listen()

    def listen(self):
        self.listener.listen(8)
        self.listening = True

    # -- the stream

    def accept(self):
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connects += 1
        if self.connection:
            self.connection.close()
        self.connection, self.up, self.reader = connection, False, Reader(self.opened, self.received, self.stream_closed)

    def opened(self, _attrs):
        if self.behave and self.behave("open", self):
            return
        self.stream_id = secrets.token_hex(8)
        self.raw("<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='%s' from='%s' id='%s'>" % (NS_COMPONENT, NS_STREAM, JID, self.stream_id))

    def stream_closed(self):
        self.closed_streams += 1
        self.raw("</stream:stream>")
        self.drop()

    def received(self, stanza):
        if stanza.name == "handshake":
            self.handshake(stanza.text)
            return
        for hook in self.hooks:
            if hook(stanza):
                return
        if stanza.get("id") in self.iq_waiting and stanza.name == "iq" and stanza.get("type") in ("result", "error"):
            self.iqs[stanza.get("id")] = stanza
            del self.iq_waiting[stanza.get("id")]
            return
        to = stanza.get("to", "")
        if bare(to) in self.rooms and stanza.name in ("presence", "message", "iq"):
            self.to_room(self.rooms[bare(to)], stanza)
        elif to in self.clients:
            self.clients[to].receive(stanza)
        elif stanza.name == "iq" and stanza.get("type") in ("get", "set"):
            self.answer_iq(stanza)
        else:
            self.others.append(stanza)

    def handshake(self, given):
        if self.behave and self.behave("handshake", self):
            return
        if given != hashlib.sha1((self.stream_id + self.secret).encode()).hexdigest():
            self.stream_error("not-authorized")
            return
        self.up = True
        self.handshakes += 1
        self.raw("<handshake/>")

    def stream_error(self, condition):
        self.raw("<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>" % condition)
        self.drop()

    def drop(self):
        if self.connection:
            try:
                self.connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            self.connection.close()
        self.connection, self.up = None, False
        for room in self.rooms.values():
            room.service_nick = None

    def raw(self, text):
        if self.connection:
            try:
                self.connection.settimeout(60)
                self.connection.sendall(text if isinstance(text, bytes) else text.encode())
            except OSError:
                self.drop()

    def send(self, stanza):
        self.raw(stanza.xml(NS_COMPONENT) if isinstance(stanza, El) else stanza)

    def pump(self, until=None, timeout=10.0, what="something"):
        """Serves until `until()` is true; True if it came true in time."""
        end = time.monotonic() + timeout
        while True:
            if until and until():
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            inputs = ([self.listener] if self.listening else []) + ([self.connection] if self.connection else [])
            try:
                ready = select.select(inputs, [], [], min(left, 0.2))[0]
            except (OSError, ValueError):
                ready = []
            if self.listener in ready:
                self.accept()
                continue
            if ready and self.connection in ready:
                try:
                    data = self.connection.recv(262144)
                except OSError:
                    data = b""
                if not data:
                    self.drop()
                    continue
                try:
                    self.reader.feed(data)
                except expat.ExpatError as e:
                    self.bad_xml.append("%s: %r" % (e, data[:200]))
                    self.drop()

    def expect(self, until, what, timeout=10.0):
        if not self.pump(until, timeout):
            raise Failure("no %s within %g s" % (what, timeout))

    # -- IQs

    def ask(self, el, sender, timeout=60.0, to=JID, kind="get"):
        """Sends an IQ to the service as `sender` and returns the answer."""
        ident = "q%d" % next(self.ids)
        self.iq_waiting[ident] = True
        iq = El("iq", NS_COMPONENT, {"type": kind, "id": ident, "from": sender, "to": to}, "@")
        if isinstance(el, El):
            iq.text, iq.children = "", [el]
            self.send(iq)
        else:
            self.send(iq.xml(NS_COMPONENT).replace("@</iq>", el + "</iq>"))
        self.expect(lambda: ident in self.iqs, "answer to %s" % (el.name if isinstance(el, El) else el), timeout)
        return self.iqs.pop(ident)

    def answer_iq(self, iq):
        to, payload = iq.get("to", SERVER), iq.child()
        result = {"type": "result", "id": iq.get("id"), "from": to, "to": iq.get("from")}
        if payload is not None and payload.ns == NS_PING:
            if self.pong:
                self.send(El("iq", NS_COMPONENT, result))
        elif payload is not None and payload.ns == NS_INFO and to == MUC:
            self.send(El("iq", NS_COMPONENT, result, El("query", NS_INFO, {}, El("identity", NS_INFO, {"category": "conference", "type": "text"}),
                                                        El("feature", NS_INFO, {"var": NS_MUC}))))
        else:
            self.send(error(iq, "cancel", "service-unavailable"))

    def to_room(self, room, stanza):
        to = stanza.get("to")
        if stanza.name == "presence" and "/" in to:
            if stanza.get("type") == "unavailable":
                room.service_leaves()
            elif not stanza.get("type"):
                if room.service_nick != to.split("/", 1)[1]:
                    room.service_joins(stanza)
        elif stanza.name == "iq" and stanza.get("type") in ("get", "set"):
            payload = stanza.child()
            result = {"type": "result", "id": stanza.get("id"), "from": to, "to": stanza.get("from")}
            if payload is not None and payload.ns == NS_ADMIN:
                wanted = payload.child("item").get("affiliation")
                items = [El("item", NS_ADMIN, {"jid": j, "affiliation": a}) for j, a in room.affiliations.items() if a == wanted]
                self.send(El("iq", NS_COMPONENT, result, El("query", NS_ADMIN, {}, *items)))
            elif payload is not None and payload.ns == NS_INFO and "/" not in to:
                features = ["http://jabber.org/protocol/muc", "muc_semianonymous" if room.hidden else "muc_nonanonymous"]
                self.send(El("iq", NS_COMPONENT, result, El("query", NS_INFO, {}, El("identity", NS_INFO, {"category": "conference", "type": "text"}),
                                                            *[El("feature", NS_INFO, {"var": f}) for f in features])))
            else:
                self.answer_iq(stanza)
        else:
            self.others.append(stanza)

    def room(self, jid):
        return self.rooms.setdefault(jid, Room(self, jid))

    def close(self):
        self.drop()
        self.listener.close()
