"""A participant: attach, sessions, epochs (sections 3, 5 to 7). It is driven by what it receives and waits for nothing."""

import base64
import os

import olm

from . import epoch as keys
from . import pack, rounds
from .texts import (NS, Line, Malformed, b64, decode_text, device_id, encode_text, make_roster, number, recipients_hash,
                    roster_digest, sha256, u64, unb64, unhex, verify)
from .xml import NS_COMPONENT, El

HELD_EPOCHS = 4
IN_INSTANCE = ("envelope", "ack")  # what names its instance by tag alone
SESSIONS_PER_PEER = 4


def is_full(announce):
    return announce.get("full") in ("true", "1")


class Epoch:
    """What the client knows of one announced epoch."""

    def __init__(self, number_, kind, roster, ctx, previous):
        self.number, self.kind, self.roster, self.ctx, self.previous = number_, kind, roster, ctx, previous
        self.secrets = {}        # attach id -> secret (5.5)
        self.withheld = set()    # attach ids not sealed for by us
        self.sealed_for = set()  # attach ids sealed for by us
        self.mismatches = set()  # roster indices whose sealed context differed (5.7)
        self.round_sent = {1: False, 2: False}
        self.delivered_rounds, self.last, self.silent = set(), False, []
        self.committed, self.laggards, self.acked = False, [], None
        self.commit = None

    def index(self, attach):
        return next((i for i, line in enumerate(self.roster) if line.attach == attach), None)

    def base_key(self, attach):
        line = self.roster[self.index(attach)]
        return keys.base_key(self.secrets[attach], self.ctx, line.encoded())

    def base_keys(self):
        return {self.roster[self.index(a)].participant: self.base_key(a) for a in self.secrets}


class Client:
    def __init__(self, transport, jid, room, nick, service, account=None):
        self.transport, self.jid, self.room, self.nick, self.service = transport, jid, room, nick, service
        self.account = account or olm.Account()
        identity = self.account.identity_keys
        self.ed25519, self.curve25519 = unb64(identity["ed25519"], 32), unb64(identity["curve25519"], 32)
        self.device = device_id(self.ed25519, self.curve25519)
        self.shown_device = None
        self.seen = {}             # own MUC presence: nick -> device id or None
        self.events, self.stanzas, self.pending, self.next_id = [], [], {}, 0
        self.hold = set()          # names of what is not sent by itself: envelope1, envelope2, ack, session, claim
        self.tamper = lambda name, value: value  # a scenario may alter what is sent
        self.refused = []
        self.forget()

    def forget(self):
        """What belongs to one attach (5.11, 7.6)."""
        self.attach_id = self.instance = self.policy = self.policy_hash = self.source = None
        self.state, self.mismatched, self.detached = None, None, None
        self.sessions, self.claimed, self.resets = {}, set(), set()
        self.epochs, self.highest, self.last_announced = {}, 0, None
        self.parts, self.asked_whole = {}, False
        self.opening = {}          # attach ids with a claim under way -> what waits for it

    # -- sending

    def iq(self, kind, payload, done=None):
        self.next_id += 1
        ident = "%s-%d" % (self.nick.encode().hex(), self.next_id)
        self.pending[ident] = done or self.quiet
        self.transport.send(El("iq", NS_COMPONENT, {"type": kind, "id": ident, "from": self.jid, "to": self.service}, payload))

    def quiet(self, answer):
        if answer.get("type") == "error":
            self.refused.append(answer)

    def el(self, name, attrs=None, *children):
        if name in IN_INSTANCE and self.instance is not None:
            return El(name, NS, {"in": b64(self.instance[:6]), **(attrs or {})}, *children)
        return El(name, NS, {"room": self.room, **(attrs or {})}, *children)

    def sign(self, text):
        return self.account.sign(text.decode())

    # -- attaching (6.1, 6.2)

    def ask_challenge(self, done):
        self.iq("get", self.el("challenge"), done)

    def key_text(self, kind, key, attach):
        return encode_text("key", kind=kind, key=key, device=self.device.hex(), attach=attach.hex())

    def key_el(self, name, kind, key, attach):
        return El(name, NS, {"key": key, "sig": self.sign(self.key_text(kind, key, attach))})

    def fresh_keys(self, count, attach, fallback=True):
        known = set(self.account.one_time_keys["curve25519"].values())
        self.account.generate_one_time_keys(count)
        fresh = [k for k in self.account.one_time_keys["curve25519"].values() if k not in known]
        self.account.mark_keys_as_published()
        out = [self.key_el("otk", "one-time", k, attach) for k in fresh]
        if fallback:
            self.account.generate_fallback_key()
            key = list(self.account.fallback_key["curve25519"].values())[-1]
            out.append(self.key_el("fallback", "fallback", key, attach))
        return out

    def attach_el(self, challenge, attach=None, one_time_keys=10, **changed):
        """The attach for a challenge; `changed` overrides what the text and the attributes say."""
        attach = attach or os.urandom(16)
        line = Line(self.nick, challenge.get("owner", ""), self.ed25519, self.curve25519, attach, unhex(challenge.get("nonce")))
        text = line.attach_text(self.room, unhex(challenge.get("instance")))
        attrs = {**decode_text("attach", text), "ed25519": b64(self.ed25519), "curve25519": b64(self.curve25519), "sig": self.sign(text)}
        attrs.update(changed)
        return El("attach", NS, attrs, *self.fresh_keys(one_time_keys, attach))

    def attach(self, one_time_keys=10):
        self.forget()

        def challenged(answer):
            if answer.get("type") == "error":
                self.quiet(answer)
                return
            challenge = answer.child("challenge", NS)
            if challenge.get("participant") != self.nick:
                raise Malformed("the challenge names another participant")
            text = unb64(challenge.child("policy", NS).text)
            self.policy, self.policy_hash = decode_text("policy", text), sha256(text)
            payload = self.attach_el(challenge, one_time_keys=one_time_keys)
            self.attach_id, self.instance = unhex(payload.get("attach")), unhex(payload.get("instance"))
            self.iq("set", payload, attached)

        def attached(answer):
            if answer.get("type") == "error":
                self.forget()
                self.quiet(answer)
                return
            self.state = answer.child("attached", NS).get("state")

        self.ask_challenge(challenged)

    # -- receiving

    def receive(self, stanza):
        self.stanzas.append(stanza)
        if stanza.get("from") != self.service:
            return
        if stanza.name == "iq" and stanza.get("type") in ("result", "error"):
            done = self.pending.pop(stanza.get("id"), None)
            if done:
                done(stanza)
        elif stanza.name == "message" and stanza.get("type") == "headline":
            payload = stanza.child(ns=NS)
            if payload is not None and self.concerns(payload):
                whole = self.assemble(payload)
                if whole is not None:
                    self.event(whole)

    def concerns(self, payload):
        """2.10: what all are told at each rotation names the instance alone."""
        tag = payload.get("in")
        return payload.get("room") == self.room if tag is None else self.instance is not None and tag == b64(self.instance[:6])

    def assemble(self, el):
        """7.1: the texts and children of all parts, in order, under the first part's attributes."""
        part, of = number(el.get("part", "1")), number(el.get("of", "1"))
        if of == 1:
            return el
        key = (el.name, el.get("epoch"), el.get("round"))
        got = self.parts.setdefault(key, [])
        if part != len(got) + 1:
            del self.parts[key]
            return None
        got.append(el)
        if part < of:
            return None
        del self.parts[key]
        attrs = {}
        for p in got:
            attrs.update(p.attrs)
        whole = El(el.name, NS, {k: v for k, v in attrs.items() if k not in ("part", "of")})
        whole.children = [c for p in got for c in p.children]
        whole.text = "".join(p.text for p in got)
        whole.pieces = [p.text for p in got]
        return whole

    def event(self, el):
        self.events.append(el)
        if el.name == "state":
            return
        if self.attach_id is None or (el.get("instance") and unhex(el.get("instance")) != self.instance):
            return
        handler = getattr(self, "on_" + el.name, None)
        if handler:
            handler(el)

    # -- announce (7.2, 5.2, 5.3)

    def on_announce(self, a):
        n = number(a.get("epoch"))
        if n in self.epochs and n == self.highest:
            known = self.epochs[n]
            if is_full(a) and roster_digest(known.roster) != unb64(a.get("roster"), 32):
                self.mismatch("the same epoch with another roster")
            return
        if n <= self.highest:
            return
        self.previous_of(a, n)
        roster = self.roster_of(a)
        if roster is None:
            if self.asked_whole and is_full(a):  # a brief one may come before what was asked for, which a kill may have taken
                self.mismatch("size or digest of the roster do not match")
            else:
                self.asked_whole = True
                self.ask_whole()
            return
        self.asked_whole = False
        policy = a.child("policy", NS)
        if policy is not None:
            text = unb64(policy.text)
            self.policy, self.policy_hash = decode_text("policy", text), sha256(text)
        previous = self.previous_context(a)
        if previous is None:
            self.mismatch("the chain of contexts is broken")
            return
        self.highest = n
        kind, self.source = a.get("kind", "fresh"), a.get("source", self.source)
        ctx = keys.context(self.room, self.instance, n, previous, kind, self.policy["format"], number(self.policy["suite"], 65535),
                           self.policy_hash, roster_digest(roster), self.source, log=self.log_of(a))
        e = Epoch(n, kind, roster, ctx, self.previous_of(a, n))
        self.last_announced = n
        self.epochs[n] = e
        for old in sorted(self.epochs)[:-HELD_EPOCHS]:
            del self.epochs[old]
        self.begin(e)

    def log_of(self, a):
        """Where the log stood (5.2, 11.10); an announce's checkpoint must be signed, a <past/> has none."""
        if a.get("log") is None:
            return (b"", b"", b"", b"")
        if a.get("log-origin") is not None:
            self.log = (a.get("log-origin"), unb64(a.get("log-key"), 32))
        origin, key = self.log
        size, root, *sig = a.get("log").split(" ")
        if sig:
            text = f"{origin}\n{number(size)}\n{base64.b64encode(unb64(root, 32)).decode()}\n"
            if not verify(key, text.encode(), unb64(sig[0], 64)):
                self.mismatch("the checkpoint of the log is not signed")
        return (origin.encode(), sha256(origin.encode() + b"\n\x01" + key)[:4], u64(number(size)), unb64(root, 32))

    def previous_of(self, a, n):
        """What a brief announce goes on from; it leaves the number out if it is the one before (7.2)."""
        if a.get("prev") is not None:
            return number(a.get("prev"))
        return None if is_full(a) else n - 1

    def context_of_link(self, link, n, previous):
        return keys.context(self.room, self.instance, n, previous, link.get("kind", "fresh"), link.get("format"),
                            number(link.get("suite"), 65535), unb64(link.get("policy"), 32), unb64(link.get("roster"), 32),
                            link.get("source"), log=self.log_of(link))

    def previous_context(self, a):
        if not is_full(a):
            return self.epochs[self.last_announced].ctx  # roster_of has looked that it is the one
        if a.get("prev") is None:
            return b""
        given = unb64(a.get("prev-context"), 32)
        if self.last_announced is None:
            return given  # a joiner starts here
        at = self.last_announced
        ctx = self.epochs[at].ctx
        for link in a.all("past"):
            n = number(link.get("epoch"))
            if n > at:
                ctx = self.context_of_link(link, n, ctx)
                at = n
        return ctx if at == number(a.get("prev")) and ctx == given else None

    def roster_of(self, a):
        members = [Line(m.get("participant"), m.get("owner", ""), unb64(m.get("ed25519"), 32), unb64(m.get("curve25519"), 32),
                        unhex(m.get("attach")), unhex(m.get("nonce")), unb64(m.get("sig"), 64), m.get("new") in ("true", "1"))
                   for m in a.all("member")]
        devices = {unhex(m.get("attach")): unhex(m.get("device")) for m in a.all("member")}
        lines = {}
        if not is_full(a):
            if self.last_announced is None or self.previous_of(a, number(a.get("epoch"))) != self.last_announced:
                return None
            for line in self.epochs[self.last_announced].roster:
                lines[line.attach] = Line(line.participant, line.owner, line.ed25519, line.curve25519, line.attach, line.nonce, line.sig)
            for gone in a.all("gone"):
                lines.pop(unhex(gone.get("attach")), None)
        lines.update({m.attach: m for m in members})
        for m in members:
            if m.device() != devices[m.attach]:
                return None
        try:
            roster = make_roster(lines.values())
        except Malformed:
            return None
        digest = roster_digest(roster)
        if is_full(a):
            return roster if len(roster) == number(a.get("size")) and digest == unb64(a.get("roster"), 32) else None
        return roster if digest[:6] == unb64(a.get("check"), 6) else None

    def mismatch(self, why):
        self.mismatched = why

    # -- an epoch

    def begin(self, e):
        me = e.index(self.attach_id)
        if me is None:
            return
        parent = self.epochs.get(e.previous)
        for line in e.roster:
            if e.kind == "ratchet" and not line.new and parent and line.attach in parent.secrets:
                e.secrets[line.attach] = keys.ratchet(parent.secrets[line.attach], e.ctx)
        if self.attach_id not in e.secrets:
            e.secrets[self.attach_id] = os.urandom(32)
        self.round(e, 1)
        if not any(line.new for line in e.roster):
            self.round(e, 2)
        else:
            self.try_round2(e)
        self.maybe_ack(e)

    def vouched(self, line):
        """3.5, or the reason to withhold."""
        if line.attach == self.attach_id:
            return 0
        if not line.sig or not verify(line.ed25519, line.attach_text(self.room, self.instance), line.sig):
            return pack.NOT_VERIFIED
        if self.seen.get(line.participant) != line.device():
            return pack.NOT_PRESENT
        return 0

    def recipients(self, e, number_):
        return rounds.recipients(e.roster, e.index(self.attach_id), e.kind, number_)

    def round(self, e, number_):
        """Claims what is needed for it, then seals; in round 2 only if round 1's delivery has come or nothing is lacking."""
        if e.round_sent[number_] or "envelope%d" % number_ in self.hold or self.highest != e.number:
            return
        targets = self.recipients(e, number_)
        e.round_sent[number_] = True
        if not targets:
            return
        lacking = [e.roster[i] for i in targets if not self.sessions.get(e.roster[i].attach) and not self.vouched(e.roster[i])
                   and e.roster[i].attach not in self.claimed]
        if lacking and number_ == 1:
            self.claim(lacking, lambda: self.seal(e, str(number_), targets))
        else:
            self.seal(e, str(number_), targets)

    def try_round2(self, e):
        if not any(line.new for line in e.roster):
            return
        targets = self.recipients(e, 2)
        if 1 in e.delivered_rounds or all(self.sessions.get(e.roster[i].attach) or self.vouched(e.roster[i]) for i in targets):
            self.round(e, 2)

    def claim(self, lines, done, reset=False):
        by_attach = {line.attach: line for line in lines}
        for line in lines:
            self.claimed.add(line.attach)
            if reset:
                self.resets.add(line.attach)
            self.opening.setdefault(line.attach, [])

        def claimed(answer):
            if answer.get("type") == "error":
                self.quiet(answer)
            else:
                for k in answer.child("claimed", NS).all("key"):
                    line = by_attach[unhex(k.get("attach"))]
                    text = encode_text("key", kind=k.get("kind"), key=k.get("key"), device=line.device().hex(), attach=line.attach.hex())
                    if verify(line.ed25519, text, unb64(k.get("sig"), 64)):
                        self.add_session(line.attach, olm.OutboundSession(self.account, b64(line.curve25519), k.get("key")))
                    else:
                        self.refused.append("a claimed key does not verify")
            done()
            for line in lines:
                for waiting in self.opening.pop(line.attach, []):
                    waiting()

        of = [El("of", NS, {"attach": line.attach.hex(), **({"reset": "true"} if reset else {})}) for line in lines]
        self.iq("set", self.el("claim", {}, *of), claimed)

    def add_session(self, attach, session):
        """Newest first: the one to encrypt with is [0]."""
        held = self.sessions.setdefault(attach, [])
        held.insert(0, session)
        del held[SESSIONS_PER_PEER:]

    def encrypt(self, attach, plain):
        message = self.sessions[attach][0].encrypt(plain)
        kind = pack.PREKEY if isinstance(message, olm.OlmPreKeyMessage) else pack.NORMAL
        return kind, unb64(message.ciphertext)

    def decrypt(self, line, kind, data):
        """-> plaintext or None; a pre-key message adds a session bound to the line's identity key (5.11)."""
        held = self.sessions.get(line.attach, [])
        message = (olm.OlmPreKeyMessage if kind == pack.PREKEY else olm.OlmMessage)(b64(data))
        for session in list(held):
            try:
                if kind == pack.PREKEY and not session.matches(message, b64(line.curve25519)):
                    continue
                plain = session.decrypt(message, "surrogateescape").encode("utf-8", "surrogateescape")
                held.remove(session)
                held.insert(0, session)
                return plain
            except olm.OlmSessionError:
                continue
        if kind != pack.PREKEY:
            return None
        try:
            session = olm.InboundSession(self.account, message, b64(line.curve25519))
            plain = session.decrypt(message, "surrogateescape").encode("utf-8", "surrogateescape")
            self.account.remove_one_time_keys(session)
        except olm.OlmSessionError:
            return None
        self.add_session(line.attach, session)
        return plain

    def seal(self, e, round_, indices):
        if self.highest != e.number or not indices:
            return
        entries, sealed = [], []
        mine, secret = e.roster[e.index(self.attach_id)], e.secrets[self.attach_id]
        for i in indices:
            line = e.roster[i]
            reason = self.vouched(line) or (0 if self.sessions.get(line.attach) else pack.NO_SESSION)
            if reason:
                e.withheld.add(line.attach)
                entries.append(pack.entry(i, pack.WITHHELD, reason))
                continue
            plain = secret + keys.tag(e.ctx, mine.encoded(), line.encoded())
            entries.append(pack.entry(i, *self.encrypt(line.attach, plain)))
            sealed.append(line.attach)
            e.withheld.discard(line.attach)
            e.sealed_for.add(line.attach)
        self.send_envelope(e, round_, entries, sealed)

    def sealed_sig(self, e, round_, sealed, **changed):
        values = {"room": self.room, "instance": self.instance.hex(), "epoch": e.number, "context": b64(e.ctx), "attach": self.attach_id.hex(),
                  "round": round_, "recipients": b64(recipients_hash(sealed)), **changed}
        return self.sign(encode_text("sealed", **values))

    def send_envelope(self, e, round_, entries, sealed):
        texts = pack.split(entries)
        for n, text in enumerate(texts, 1):
            attrs = {"epoch": e.number, "round": None if round_ == "2" else round_}
            if len(texts) > 1:
                attrs.update(part=n, of=len(texts))
            if n == len(texts):
                attrs["sig"] = self.sealed_sig(e, round_, sealed)
            self.iq("set", self.tamper("envelope", self.el("envelope", attrs, text)))

    def presence_changed(self):
        """3.5: a line that passes later is sealed for then."""
        e = self.epochs.get(self.highest)
        if e is None or self.attach_id is None:
            return
        late = [i for i, line in enumerate(e.roster) if line.attach in e.withheld and not self.vouched(line)]
        if late:
            self.supplement(e, late)

    def supplement(self, e, indices):
        under_way = next((e.roster[i].attach for i in indices if e.roster[i].attach in self.opening), None)
        lacking = [e.roster[i] for i in indices if not self.sessions.get(e.roster[i].attach) and e.roster[i].attach not in self.claimed]
        if under_way:
            self.opening[under_way].append(lambda: self.supplement(e, indices))
        elif lacking:
            self.claim(lacking, lambda: self.seal(e, "supplement", indices))
        else:
            self.seal(e, "supplement", indices)

    # -- deliver, ack, commit (7.3, 6.5, 7.4)

    def on_deliver(self, d):
        e = self.epochs.get(number(d.get("epoch")))
        if e is None:
            return
        entries = [x for piece in getattr(d, "pieces", [d.text]) for x in pack.unpack_text(piece)]
        mine = e.roster[e.index(self.attach_id)].encoded()
        for index, kind, data in entries:
            line = e.roster[index]
            if kind == pack.WITHHELD or line.attach in e.secrets:
                continue
            plain = self.decrypt(line, kind, data)
            if plain is None:
                self.cannot_hear(line)
            elif len(plain) != 47 or plain[32:] != keys.tag(e.ctx, line.encoded(), mine):
                e.mismatches.add(index)
            else:
                e.secrets[line.attach] = plain[:32]
                e.mismatches.discard(index)
        e.delivered_rounds.add(int(d.get("round", "2")))
        if d.get("last") in ("true", "1"):
            e.last, e.silent = True, [int(x) for x in (d.get("silent") or "").split()]
        self.try_round2(e)
        self.maybe_ack(e)

    def missing(self, e):
        return [i for i, line in enumerate(e.roster) if line.attach not in e.secrets]

    def ack_el(self, e, **changed):
        attrs = {"epoch": e.number, "missing": " ".join(map(str, self.missing(e))) or None,
                 "mismatch": " ".join(map(str, sorted(e.mismatches))) or None, **changed}
        return self.el("ack", attrs)

    def maybe_ack(self, e):
        missing = self.missing(e)
        if any(e.roster[i].attach in self.opening for i in missing):
            return  # the new session goes out first, so that what the ack asks for can be heard
        if "ack" in self.hold or e.number != self.highest and not e.committed:
            return
        if (not missing or e.last) and (e.acked is None or set(missing) < set(e.acked)):
            e.acked = missing
            self.iq("set", self.ack_el(e))

    def on_commit(self, el):
        e = self.epochs.get(number(el.get("epoch")))
        if e:
            e.committed, e.commit = True, el
            e.laggards = [int(x) for x in (el.get("laggards") or "").split()]

    # -- repair (6.6, 7.5, 7.6)

    def cannot_hear(self, line):
        """Opens a new session to the sender, and tells it by a pre-key message."""
        if "session" in self.hold or line.attach in self.resets:
            return

        def opened():
            if self.sessions.get(line.attach):
                kind, data = self.encrypt(line.attach, b"\0")
                self.iq("set", self.el("session", {"to": line.attach.hex()}, b64(bytes([kind]) + data)))

        self.claim([line], opened, reset=True)
        e = self.epochs[self.highest]
        self.opening[line.attach].append(lambda: self.maybe_ack(e))

    def on_session(self, el):
        data, sender = unb64(el.text), unhex(el.get("from"))
        line = next((x for e in reversed(list(self.epochs.values())) for x in e.roster if x.attach == sender), None)
        if line is None or not data or data[0] != pack.PREKEY or self.decrypt(line, data[0], data[1:]) != b"\0":
            self.refused.append("a session message does not open")

    def on_wanted(self, el):
        e = self.epochs.get(number(el.get("epoch")))
        if e and "supplement" not in self.hold:
            self.supplement(e, [int(x) for x in el.get("for").split()])

    def on_low(self, el):
        if unhex(el.get("attach")) == self.attach_id and "keys" not in self.hold:
            self.iq("set", self.el("keys", {"attach": self.attach_id.hex()}, *self.fresh_keys(40, self.attach_id, fallback=False)))

    def on_detached(self, el):
        reason = el.get("reason")
        self.forget()
        self.detached = reason

    def ask_whole(self, since=None, done=None):
        self.iq("get", self.el("whole", {"since": since} if since else {}), done)

    def detach(self, done=None):
        self.iq("set", self.el("detach"), done)

    # -- for scenarios

    def current(self):
        return self.epochs.get(self.highest)

    def has_committed(self, size=None, above=0):
        e = self.current()
        return bool(e and e.committed and e.number > above and (size is None or len(e.roster) == size))

    def complete(self, size=None, above=0):
        return self.has_committed(size, above) and not self.missing(self.current())

    def named(self, name):
        return [x for x in self.events if x.name == name]
