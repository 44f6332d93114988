"""Encodings, signed texts, rosters and the policy text (sections 2 to 4)."""

import base64
import binascii
import hashlib
import re
import struct

import nacl.exceptions
import nacl.signing

NS = "urn:keyroom:1"
NS_ERRORS = "urn:keyroom:1:errors"

TEXTS = {  # type -> names in order (2.6 to 2.9)
    "key": ("kind", "key", "device", "attach"),
    "attach": ("room", "instance", "participant", "owner", "device", "attach", "nonce"),
    "sealed": ("room", "instance", "epoch", "context", "attach", "round", "recipients"),
    "sealed with a leader": ("room", "instance", "epoch", "context", "attach", "round", "recipients", "confirm"),
    "policy": ("room", "authorise", "approval", "source", "leader-above", "format", "suite", "rotate"),
    "policy verified": ("room", "authorise", "approval", "source", "leader-above", "format", "suite", "rotate",
                        "verified-by", "verifiers", "verified-for"),
}


class Malformed(ValueError):
    """Something received is not of its form."""


def lp(data):
    return struct.pack(">I", len(data)) + data


def u16(n):
    return struct.pack(">H", n)


def u64(n):
    return struct.pack(">Q", n)


def sha256(*pieces):
    return hashlib.sha256(b"".join(pieces)).digest()


def b64(data):
    return base64.b64encode(data).decode().rstrip("=")


def unb64(text, length=None):
    """2.2: no white space, no padding, no non-zero trailing bits."""
    if not re.fullmatch(r"[A-Za-z0-9+/]*", text) or len(text) % 4 == 1:
        raise Malformed("not base64")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as e:
        raise Malformed("not base64") from e
    if b64(data) != text:
        raise Malformed("base64 with trailing bits")
    if length is not None and len(data) != length:
        raise Malformed("base64 of the wrong length")
    return data


def unhex(text):
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise Malformed("not an id")
    return bytes.fromhex(text)


def number(text, top=2**64 - 1):
    if not re.fullmatch(r"0|[1-9][0-9]*", text) or int(text) > top:
        raise Malformed("not a number")
    return int(text)


def has_control(value):
    return any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in value)


def encode_text(kind, /, **values):
    if set(values) != set(TEXTS[kind]):
        raise Malformed("wrong names for a text of type " + kind)
    lines = ["keyroom:1:" + kind.split()[0]]
    for name in TEXTS[kind]:
        value = str(values[name])
        if has_control(value):
            raise Malformed("control character in " + name)
        lines.append(name + "=" + value)
    return ("\n".join(lines) + "\n").encode()


def decode_text(kind, data):
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as e:
        raise Malformed("not UTF-8") from e
    names = TEXTS[kind]
    if len(lines) != len(names) + 2 or lines[0] != "keyroom:1:" + kind.split()[0] or lines[-1]:
        raise Malformed("not a text of type " + kind)
    values = {}
    for name, line in zip(names, lines[1:-1]):
        if not line.startswith(name + "="):
            raise Malformed("expected " + name)
        values[name] = line[len(name) + 1:]
    if encode_text(kind, **values) != data:
        raise Malformed("the text does not re-encode to itself")
    return values


def verify(ed25519, text, signature):
    """libsodium's own check is strict (2.5)."""
    try:
        nacl.signing.VerifyKey(ed25519).verify(text, signature)
        return True
    except (nacl.exceptions.BadSignatureError, ValueError, TypeError):
        return False


def device_id(ed25519, curve25519):
    return sha256(ed25519, curve25519)[:16]


class Line:
    """One member of a roster: a roster line (4.1) and what proves it (3.5)."""

    def __init__(self, participant, owner, ed25519, curve25519, attach, nonce=None, sig=None, new=False):
        self.participant, self.owner = participant, owner
        self.ed25519, self.curve25519, self.attach = ed25519, curve25519, attach
        self.nonce, self.sig, self.new = nonce, sig, new

    def encoded(self):
        return b"".join(lp(x) for x in (self.participant.encode(), self.owner.encode(), self.ed25519,
                                        self.curve25519, self.attach))

    def device(self):
        return device_id(self.ed25519, self.curve25519)

    def attach_text(self, room, instance):
        return encode_text("attach", room=room, instance=instance.hex(), participant=self.participant,
                           owner=self.owner, device=self.device().hex(), attach=self.attach.hex(),
                           nonce=self.nonce.hex())


def make_roster(lines):
    roster = sorted(lines, key=Line.encoded)
    if len({x.attach for x in roster}) != len(roster) or len({x.participant for x in roster}) != len(roster):
        raise Malformed("two lines share an attach or a participant")
    if len(roster) > 4096:
        raise Malformed("the roster is too long")
    return roster


def roster_digest(roster):
    return sha256(lp(b"keyroom:1:roster"), *(lp(x.encoded()) for x in roster))


def recipients_hash(attaches):
    return sha256(lp(b"keyroom:1:recipients"), *(lp(a) for a in attaches))
