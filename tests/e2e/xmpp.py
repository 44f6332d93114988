"""A tiny XMPP client: enough to own a room, invite, kick, and ask the service. Loopback and no TLS only."""

import base64
import itertools
import secrets
import socket
import threading
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from lab.proc import LabError

CLIENT = "{jabber:client}"
MUC_USER = "{http://jabber.org/protocol/muc#user}"
ERRORS = "{urn:keyroom:1:errors}"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


class Client:
    """Logs in with user and password, or anonymously without a user."""

    def __init__(self, port, domain, user=None, password=None):
        self.prepare(port)
        self._open(domain)
        self._log_in(domain, user, password)

    def prepare(self, port):
        """Connects, and reads what comes."""
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        self._depth = 0
        self._features = 0
        self._closed = False
        self._sending = threading.Lock()  # the reader answers while others send
        self.stanzas = []
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.settimeout(None)
        self._new_parser()
        threading.Thread(target=self._read, daemon=True).start()

    def _log_in(self, domain, user, password):
        if user is None:
            self._send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        else:
            token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
            self._send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{token}</auth>")
        self.wait(lambda s: s.tag.endswith("}success"), "logged in")
        self._new_parser()
        self._open(domain)
        answer = self.iq("set", None, "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
        self.jid = answer.find(".//{urn:ietf:params:xml:ns:xmpp-bind}jid").text
        self._send("<presence/>")

    # --- the stream ---

    def _new_parser(self):
        with self._changed:
            self._parser = ET.XMLPullParser(["start", "end"])
            self._depth = 0
            self._root = None

    def _open(self, domain):
        with self._changed:
            before = self._features
        self._send(f"<?xml version='1.0'?><stream:stream to={quoteattr(domain)} version='1.0' xmlns='jabber:client' "
                   "xmlns:stream='http://etherx.jabber.org/streams'>")
        self._until(lambda: self._features > before, 60, "the stream's features")

    def _read(self):
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                data = b""
            with self._changed:
                if not data:
                    self._closed = True
                    self._changed.notify_all()
                    return
                self.received(data)
                self._parser.feed(data)
                for event, element in self._parser.read_events():
                    if event == "start":
                        self._depth += 1
                        if self._depth == 1:
                            self._root = element
                        continue
                    self._depth -= 1
                    if self._depth == 1:
                        if element.tag.endswith("}features"):
                            self._features += 1
                        else:
                            self._take(element)
                        self._root.clear()
                self._changed.notify_all()

    def received(self, data):
        """Every byte, before anything is made of it: for those who must see all."""

    def _take(self, stanza):
        self.stanzas.append(stanza)
        self._answer(stanza)

    def _answer(self, stanza):
        """What every client must answer, so that nobody takes us for dead."""
        if stanza.tag == CLIENT + "iq" and stanza.get("type") == "get":
            self._send(f"<iq type='result' id={quoteattr(stanza.get('id', ''))} to={quoteattr(stanza.get('from', ''))}/>")

    def _send(self, text):
        with self._sending:
            self._socket.sendall(text.encode())

    def _until(self, condition, seconds, what):
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                found = condition()
                if found is not None and found is not False:  # an element without children is false
                    return found
                if self._closed:
                    raise LabError(f"the server closed the stream while waiting for: {what}")
                if time.monotonic() > end:
                    raise LabError(f"not within {seconds:.0f} s: {what}")
                self._changed.wait(0.2)

    # --- what tests use ---

    def mark(self):
        """A place in what was received; wait() can be told to look only behind it."""
        with self._changed:
            return len(self.stanzas)

    def wait(self, match, what, since=0, seconds=60):
        """The first received stanza that matches."""
        return self._until(lambda: next((s for s in self.stanzas[since:] if match(s)), None), seconds, what)

    def seen(self, match, since=0):
        with self._changed:
            return [s for s in self.stanzas[since:] if match(s)]

    def send(self, text):
        self._send(text)

    def iq(self, kind, to, payload):
        """Sends a request; returns the answer, be it a result or an error."""
        name = f"q{next(self._ids)}-{secrets.token_hex(4)}"
        address = f" to={quoteattr(to)}" if to else ""
        self._send(f"<iq type='{kind}' id='{name}'{address}>{payload}</iq>")
        return self.wait(lambda s: s.tag == CLIENT + "iq" and s.get("id") == name, f"an answer to {kind} {payload[:60]}")

    def join(self, room, nick):
        since = self.mark()
        self._send(f"<presence to={quoteattr(room + '/' + nick)}><x xmlns='http://jabber.org/protocol/muc'>"
                   "<history maxstanzas='0'/></x></presence>")
        return self.wait(lambda s: presence_of(s, room, nick), f"{nick} is in {room}", since)

    def leave(self, room, nick):
        self._send(f"<presence type='unavailable' to={quoteattr(room + '/' + nick)}/>")

    def configure(self, room, fields):
        """Sets room options as its owner."""
        form = "".join(f"<field var='{name}'><value>{escape(value)}</value></field>" for name, value in
                       [("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig")] + list(fields.items()))
        return self._wanted("set", room, "<query xmlns='http://jabber.org/protocol/muc#owner'>"
                            f"<x xmlns='jabber:x:data' type='submit'>{form}</x></query>")

    def affiliation(self, room, jid, affiliation):
        return self._wanted("set", room, "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                            f"<item affiliation='{affiliation}' jid={quoteattr(jid)}/></query>")

    def kick(self, room, nick):
        return self._wanted("set", room, "<query xmlns='http://jabber.org/protocol/muc#admin'>"
                            f"<item nick={quoteattr(nick)} role='none'/></query>")

    def destroy(self, room):
        return self._wanted("set", room, "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>")

    def invite(self, room, jid):
        """Mediated, XEP-0045."""
        self._send(f"<message to={quoteattr(room)}><x xmlns='http://jabber.org/protocol/muc#user'>"
                   f"<invite to={quoteattr(jid)}/></x></message>")

    def invite_directly(self, room, jid):
        """XEP-0249."""
        self._send(f"<message to={quoteattr(jid)}><x xmlns='jabber:x:conference' jid={quoteattr(room)}/></message>")

    def _wanted(self, kind, to, payload):
        answer = self.iq(kind, to, payload)
        if answer.get("type") != "result":
            raise LabError(f"{to} refused {payload[:100]}: {condition(answer)}")
        return answer

    def close(self):
        try:
            self._send("</stream:stream>")
        except OSError:
            pass
        self._socket.close()


def presence_of(stanza, room, nick, kind=None):
    return (stanza.tag == CLIENT + "presence" and stanza.get("from") == f"{room}/{nick}" and stanza.get("type") == kind)


def condition(stanza):
    """(defined condition, application condition) of an error; (None, None) for anything else."""
    error = stanza.find(CLIENT + "error")
    if error is None:
        return None, None
    names = [child.tag for child in error]
    return (next((n[len(STANZAS):] for n in names if n.startswith(STANZAS) and not n.endswith("}text")), None),
            next((n[len(ERRORS):] for n in names if n.startswith(ERRORS)), None))
