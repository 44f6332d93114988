"""A stock client: lib-jitsi-meet's OlmAdapter and ManagedKeyHandler as they are known, with real Olm. It shares no code with the
service. Written from the behaviour of the client of August 2026: who initiates, which messages, what is answered and what not.

It keeps what it sent and received, so that meetings with and without the service can be compared."""

import base64
import hashlib
import json
import os
import time
import uuid
from xml.sax.saxutils import escape

import jitsi  # first: it knows where the others are
import olm
import xmpp

JITSI = "{http://jitsi.org/jitmeet}"
REQUEST_S = 5.0


def message(kind, data):
    return json.dumps({"type": "olm", "olm": {"data": data, "type": kind}}, separators=(",", ":"))


class Stock:
    """One page in one room. What is received is worked on by pump(), in the caller's thread."""

    def __init__(self, server, room, nick, *, account=None, feature=True, bare=False):
        self.room, self.nick, self.feature = room, nick, feature
        self.olm = olm.Account()
        self.client = jitsi.client(server, account)
        self.seen = {}        # nick -> (has the feature, enabled): others
        self.sessions = {}    # nick -> Olm session
        self.pending = {}     # nick -> uuid of our session-init
        self.keys = {}        # nick -> (index, key): what we decode with
        self.key, self.index = None, -1
        self.requests = {}    # uuid -> when a key-info was sent
        self.enabled = False
        self.sent, self.received = [], []  # (peer, type, text)
        self.sas, self.verified, self.kicked = {}, set(), False
        self.errors, self.page = [], []
        self.at = 0
        self.latency = []
        self.delay = None     # seconds from sending to receiving, told by the sender's clock in `stamps`
        if not bare:
            self.join()

    # --- presence ---

    def presence(self):
        keys = self.olm.identity_keys
        feature = f"<features><feature var='{jitsi.FEATURE}'/></features>" if self.feature else "<features/>"
        switch = "jitsi_participant_e2ee.enabled"
        on = f"<{switch}>true</{switch}>" if self.enabled else (f"<{switch}/>" if self.index >= 0 else "")
        return (f"<jitsi_participant_e2ee.idKey.curve25519>{keys['curve25519']}</jitsi_participant_e2ee.idKey.curve25519>"
                f"<jitsi_participant_e2ee.idKey.ed25519>{keys['ed25519']}</jitsi_participant_e2ee.idKey.ed25519>{on}{feature}")

    def join(self):
        since = self.client.mark()
        self.client.send(f"<presence to='{self.room}/{self.nick}'><x xmlns='http://jabber.org/protocol/muc'/>"
                         f"{self.presence()}</presence>")
        self.client.wait(lambda s: xmpp.presence_of(s, self.room, self.nick), f"{self.nick} is in", since)

    def update(self):
        self.client.send(f"<presence to='{self.room}/{self.nick}'>{self.presence()}</presence>")

    # --- sending ---

    def send(self, peer, kind, data):
        self.raw(peer, message(kind, data), kind)

    def raw(self, peer, text, kind="?", stanza="chat", xmlns="xmlns='http://jitsi.org/jitmeet'"):
        self.sent.append((peer, kind, text))
        self.client.send(f"<message to='{self.room}/{peer}' type='{stanza}'><json-message {xmlns}>"
                         f"{escape(text, {chr(34): '&quot;'})}</json-message></message>")

    def seal(self, peer):
        info = {} if self.key is None else {"key": self.key and base64.b64encode(self.key).decode(), "keyIndex": self.index}
        m = self.sessions[peer].encrypt(json.dumps(info))
        return {"type": m.message_type, "body": m.ciphertext}

    def init(self, peer):
        known = set(self.olm.one_time_keys["curve25519"].values())
        self.olm.generate_one_time_keys(1)
        fresh = next(k for k in self.olm.one_time_keys["curve25519"].values() if k not in known)
        self.olm.mark_keys_as_published()
        self.pending[peer] = str(uuid.uuid4())
        self.send(peer, "session-init", {"idKey": self.olm.identity_keys["curve25519"], "otKey": fresh,
                                         "uuid": self.pending[peer]})

    def send_key(self, peer):
        name = str(uuid.uuid4())
        self.requests[name] = time.monotonic()
        self.send(peer, "key-info", {"ciphertext": self.seal(peer), "uuid": name})

    # --- what its user does ---

    def enable(self):
        self.enabled = True
        self.update()
        for peer, (feature, _on) in sorted(self.seen.items()):
            if feature and self.nick < peer and peer not in self.sessions:
                self.init(peer)

    def rotate(self):
        self.index += 1
        self.key = os.urandom(32)
        for peer in sorted(self.sessions):
            self.send_key(peer)

    def disable(self):
        self.enabled, self.key = False, False
        self.update()
        for peer in sorted(self.sessions):
            self.send_key(peer)
        self.sessions.clear()
        self.pending.clear()

    def complete(self, others):
        """Sessions with all of them, no request open, and a key of each."""
        return all(o in self.sessions and o in self.keys for o in others if o != self.nick) and not self.requests

    # --- receiving ---

    def pump(self):
        """Works on everything that has come; True if something had."""
        with self.client._changed:
            fresh = self.client.stanzas[self.at:]
            self.at += len(fresh)
        for stanza in fresh:
            if stanza.tag == xmpp.CLIENT + "presence":
                self.on_presence(stanza)
            elif stanza.tag == xmpp.CLIENT + "message":
                self.on_message(stanza)
        return bool(fresh)

    def on_presence(self, stanza):
        nick = (stanza.get("from") or "").partition("/")[2]
        if not nick or not stanza.get("from").startswith(self.room):
            return
        if stanza.get("type") == "unavailable":
            if nick == self.nick:
                self.kicked = any(e.get("code") == "307" for e in stanza.iter(xmpp.MUC_USER + "status"))
            self.seen.pop(nick, None)
            gone = self.sessions.pop(nick, None)
            self.keys.pop(nick, None)
            self.pending.pop(nick, None)
            if gone and self.enabled:
                self.rotate()  # stock waits 5 s for more of them
        elif stanza.get("type") is None and nick != self.nick:
            feature = any(e.get("var") == jitsi.FEATURE for e in stanza.iter(xmpp.CLIENT + "feature"))
            on = stanza.findtext(xmpp.CLIENT + "jitsi_participant_e2ee.enabled") == "true"
            was = self.seen.get(nick, (False, False))[1]
            self.seen[nick] = (feature, on)
            if on and not was and self.enabled and self.nick < nick and feature and nick not in self.sessions \
                    and nick not in self.pending:
                self.init(nick)

    def on_message(self, stanza):
        peer = (stanza.get("from") or "").partition("/")[2]
        if stanza.get("type") == "error":
            self.errors.append((peer, xmpp.condition(stanza)[0],
                                stanza.find(xmpp.CLIENT + "error").findtext(xmpp.STANZAS + "text")))
            return
        element = stanza.find(JITSI + "json-message")
        if element is None or stanza.find("{urn:xmpp:delay}delay") is not None:
            return
        try:
            value = json.loads(element.text or "")
        except ValueError:
            return
        if peer not in self.seen:
            self.page.append(value)  # nonParticipantMessageReceived
            return
        kind = value.get("olm", {}).get("type", "?") if value.get("type") == "olm" else value.get("type")
        self.received.append((peer, kind, element.text))
        if value.get("type") == "olm":
            handler = getattr(self, "on_" + kind.replace("-", "_"), None)
            if handler:
                handler(peer, value["olm"]["data"])

    def on_session_init(self, peer, data):
        if peer in self.sessions:
            self.send(peer, "error", {"error": "Session already established"})
            return
        self.sessions[peer] = olm.OutboundSession(self.olm, data["idKey"], data["otKey"])
        self.send(peer, "session-ack", {"ciphertext": self.seal(peer), "uuid": data["uuid"]})

    def on_session_ack(self, peer, data):
        if self.pending.get(peer) != data["uuid"]:
            self.send(peer, "error", {"error": "Invalid UUID"})
            return
        del self.pending[peer]
        first = olm.OlmPreKeyMessage(data["ciphertext"]["body"])
        self.sessions[peer] = olm.InboundSession(self.olm, first)
        self.take(peer, self.sessions[peer].decrypt(first))
        if self.key:
            self.send_key(peer)

    def open(self, peer, data):
        c = data["ciphertext"]
        kind = olm.OlmPreKeyMessage if c["type"] == 0 else olm.OlmMessage
        return self.sessions[peer].decrypt(kind(c["body"]))

    def take(self, peer, text):
        info = json.loads(text)
        if "key" in info and info["key"]:
            self.keys[peer] = (info["keyIndex"], info["key"])
        elif "key" in info:
            self.keys.pop(peer, None)
        return bool(info)

    def on_key_info(self, peer, data):
        if peer not in self.sessions:
            self.send(peer, "error", {"error": "No session found while processing key-info"})
        elif self.take(peer, self.open(peer, data)):
            self.send(peer, "key-info-ack", {"ciphertext": self.seal(peer), "uuid": data["uuid"]})

    def on_key_info_ack(self, peer, data):
        if peer in self.sessions:
            self.take(peer, self.open(peer, data))
            since = self.requests.pop(data["uuid"], None)
            if since is not None:
                self.latency.append(time.monotonic() - since)

    def on_error(self, peer, data):
        self.errors.append((peer, "olm", data["error"]))

    # --- SAS (its plaintext flow; olm.Sas with the old MAC is libolm's calculate_mac) ---

    def verify(self, peer):
        name = str(uuid.uuid4())
        self.sas[peer] = {"id": name, "sas": olm.Sas(), "mine": True}
        self.send(peer, "sas-start", {"transactionId": name})

    def on_sas_start(self, peer, data):
        s = self.sas[peer] = {"id": data["transactionId"], "sas": olm.Sas(), "mine": False}
        start = json.dumps({"transactionId": s["id"]}, separators=(",", ":"))
        commitment = hashlib.sha256((s["sas"].pubkey + start).encode()).digest()
        self.send(peer, "sas-accept", {"commitment": base64.b64encode(commitment).decode().rstrip("="), "transactionId": s["id"]})

    def on_sas_accept(self, peer, _data):
        s = self.sas[peer]
        self.send(peer, "sas-key", {"key": s["sas"].pubkey, "transactionId": s["id"]})

    def on_sas_key(self, peer, data):
        s = self.sas[peer]
        s["sas"].set_their_pubkey(data["key"])
        if not s["mine"]:
            self.send(peer, "sas-key", {"key": s["sas"].pubkey, "transactionId": s["id"]})

    def confirm(self, peer):
        s = self.sas[peer]
        base = f"Jitsi-KEY_VERIFICATION_MAC{self.nick}{peer}{s['id']}"
        name = f"ed25519:{peer}"
        self.send(peer, "sas-mac", {
            "keys": s["sas"].calculate_mac(name, base + "Jitsi-KEY_IDS"),
            "mac": {name: s["sas"].calculate_mac(self.olm.identity_keys["ed25519"], base + name)}, "transactionId": s["id"]})

    def on_sas_mac(self, peer, _data):
        self.verified.add(peer)

    def leave(self):
        self.client.leave(self.room, self.nick)


def settle(people, condition, seconds, what):
    """Lets them work until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        busy = [p.pump() for p in people]
        if not any(busy):
            if time.monotonic() > end:
                state = "; ".join(f"{p.nick}: sessions {sorted(p.sessions)}, errors {p.errors[:2]}" for p in people[:4])
                raise xmpp.LabError(f"not within {seconds:.0f} s: {what} ({state})")
            time.sleep(0.002)


def start(people):
    """All follow the one that switches on first, then everybody makes a key: as Jitsi's clients do."""
    others = [p.nick for p in people]
    settle(people, lambda: all(set(p.seen) >= set(others) - {p.nick} for p in people), 60, "all see all")
    for p in people:
        p.enable()
    settle(people, lambda: all(len(p.sessions) == len(people) - 1 for p in people), 60, "sessions of all pairs")
    for p in people:
        p.rotate()
    settle(people, lambda: all(p.complete(others) for p in people), 60, "keys of all for all")


def agree(people):
    """Everybody decodes with exactly the key that the other encodes with."""
    for p in people:
        for q in people:
            if p is not q and p.keys.get(q.nick) != (q.index, base64.b64encode(q.key).decode()):
                raise xmpp.LabError(f"{p.nick} has another key of {q.nick} than it uses")
