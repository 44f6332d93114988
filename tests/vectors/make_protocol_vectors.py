#!/usr/bin/python3
"""Writes protocol.json: byte-exact vectors of docs/protocol.md, made from that page alone.

Usage: make_protocol_vectors.py          write protocol.json beside this file
       make_protocol_vectors.py --check  exit 1 if protocol.json is not what would be written

Needs python3-nacl for Ed25519 and Curve25519; SHA-256 and HMAC are the standard library's. All inputs are fixed, so
the output is the same everywhere. Paragraph numbers are those of docs/protocol.md.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

import nacl.public
import nacl.signing

OUT = pathlib.Path(__file__).with_name("protocol.json")


def b64(data):  # 2.2
    return base64.b64encode(data).decode().rstrip("=")


def sha256(data):
    return hashlib.sha256(data).digest()


def lp(data):  # 2.4
    if isinstance(data, str):
        data = data.encode()
    return len(data).to_bytes(4, "big") + data


def be(value, size):
    return value.to_bytes(size, "big")


def hkdf(ikm, info, length=32):  # 2.4, RFC 5869 with an empty salt
    prk = hmac.new(bytes(32), ikm, hashlib.sha256).digest()
    okm, block, n = b"", b"", 1
    while len(okm) < length:
        block = hmac.new(prk, block + info + bytes([n]), hashlib.sha256).digest()
        okm, n = okm + block, n + 1
    return okm[:length]


def seeded(label, size):
    """Fixed bytes that look like nothing."""
    return hashlib.shake_256(("keyroom vectors: " + label).encode()).digest(size)


def text(kind, *pairs):  # 2.5
    lines = ["keyroom:1:" + kind] + [name + "=" + str(value) for name, value in pairs]
    return "".join(line + "\n" for line in lines)


class Device:
    def __init__(self, name, participant, owner):
        self.name, self.participant, self.owner = name, participant, owner
        self.seed = seeded(name + " ed25519", 32)
        self.signer = nacl.signing.SigningKey(self.seed)
        self.ed = bytes(self.signer.verify_key)
        self.scalar = seeded(name + " curve25519", 32)
        self.curve = bytes(nacl.public.PrivateKey(self.scalar).public_key)
        self.id = sha256(self.ed + self.curve)[:16]  # 3.1
        self.attach = seeded(name + " attach", 16)
        self.nonce = seeded(name + " nonce", 16)

    def sign(self, signed):
        return b64(self.signer.sign(signed.encode()).signature)

    def line(self):  # 4.1
        return lp(self.participant) + lp(self.owner) + lp(self.ed) + lp(self.curve) + lp(self.attach)

    def record(self):
        return {"name": self.name, "participant": self.participant, "owner": self.owner,
                "ed25519_seed": self.seed.hex(), "ed25519": b64(self.ed), "curve25519_private": self.scalar.hex(),
                "curve25519": b64(self.curve), "device": self.id.hex(), "attach": self.attach.hex(),
                "nonce": self.nonce.hex(), "line": self.line().hex()}


ROOM = "Stra\u00dfenbau-\u8a08\u753b@conference.example.org".lower()
INSTANCE = seeded("instance", 16)
DEVICES = [
    Device("alice", "a1b2c3d4", "alice@example.org"),
    Device("bob", "Zo\u00eb \U0001f511", "bob@example.org"),
    Device("carol", "\u65e5\u672c", ""),
    Device("dave", "b", "d\u00e4ve@b\u00fccher.example"),
]
BY_NAME = {d.name: d for d in DEVICES}


def roster(names, new=()):
    """Members in roster order (4.1), and the digest (4.2)."""
    members = sorted((BY_NAME[n] for n in names), key=Device.line)
    digest = sha256(lp("keyroom:1:roster") + b"".join(lp(m.line()) for m in members))
    return {"given": list(names), "new": sorted(new), "order": [m.name for m in members], "digest": b64(digest)}, digest


def policy(authorise, approval, source, leader_above, fmt, suite, rotate, verified=()):  # 2.9
    t = text("policy", ("room", ROOM), ("authorise", authorise), ("approval", approval), ("source", source),
             ("leader-above", leader_above),
             ("format", fmt), ("suite", suite), ("rotate", rotate), *zip(("verified-by", "verifiers", "verified-for"), verified))
    h = sha256(t.encode())
    return {"room": ROOM, "authorise": authorise, "approval": approval, "source": source,
            "leader_above": leader_above, "format": fmt, "suite": suite, "rotate": rotate,
            **dict(zip(("verified_by", "verifiers", "verified_for"), verified)), "text": t, "wire": b64(t.encode()), "hash": b64(h)}, h


LOG = {"origin": "kms.example.org/audit", "key_id": "703d2f73", "size": 1234, "root": b64(seeded("log root", 32))}


def context(epoch, prev, kind, source, leader, fmt, suite, policy_hash, roster_digest, log=None):  # 5.2
    return sha256(lp("keyroom:1:epoch") + lp(ROOM) + lp(INSTANCE) + lp(be(epoch, 8)) + lp(prev) + lp(kind)
                  + lp(source) + lp(BY_NAME[leader].attach if leader else b"") + lp(fmt) + lp(be(suite, 2)) + lp(policy_hash) + lp(roster_digest)
                  + (lp(log["origin"]) + lp(bytes.fromhex(log["key_id"])) + lp(be(log["size"], 8))
                     + lp(base64.b64decode(log["root"] + "=")) if log else lp(b"") * 4))


def key_text(device, kind, key):  # 2.6
    t = text("key", ("kind", kind), ("key", b64(key)), ("device", device.id.hex()), ("attach", device.attach.hex()))
    return {"by": device.name, "kind": kind, "key": b64(key), "text": t, "sig": device.sign(t)}


def attach_text(device):  # 2.7
    t = text("attach", ("room", ROOM), ("instance", INSTANCE.hex()), ("participant", device.participant),
             ("owner", device.owner), ("device", device.id.hex()), ("attach", device.attach.hex()),
             ("nonce", device.nonce.hex()))
    return {"by": device.name, "text": t, "sig": device.sign(t)}


def sealed_text(device, epoch, ctx, rnd, recipients, confirm=None):  # 2.8
    digest = sha256(lp("keyroom:1:recipients") + b"".join(lp(BY_NAME[n].attach) for n in recipients))
    vouched = [("confirm", b64(confirm))] if confirm else []
    t = text("sealed", ("room", ROOM), ("instance", INSTANCE.hex()), ("epoch", epoch), ("context", b64(ctx)),
             ("attach", device.attach.hex()), ("round", rnd), ("recipients", b64(digest)), *vouched)
    return {**({"confirm": b64(confirm)} if confirm else {}), "by": device.name, "epoch": epoch, "context": b64(ctx), "round": rnd, "recipients": recipients,
            "recipients_digest": b64(digest), "text": t, "sig": device.sign(t)}


def rounds(order, new, kind, leader=None):
    """Recipients by round and sender, by index (5.10, 5.13)."""
    n = range(len(order))
    joiner = [name in new for name in order]
    one = [[r for r in n if joiner[s] and r != s and (not joiner[r] or r > s)] for s in n]
    two = [[r for r in n if r != s and ((joiner[r] and r < s) if joiner[s] else (joiner[r] or kind == "fresh"))]
           for s in n]
    if leader:
        one = [[] for _ in n]
        two = [[r for r in n if order[s] == leader and r != s and (joiner[r] or kind == "fresh")] for s in n]
    return {"order": order, "new": sorted(new), "kind": kind, "source": "leader" if leader else "participants",
            **({"leader": leader} if leader else {}), "round1": one, "round2": two}


def packing(entries):  # 6.4, 7.3
    raw = b"".join(be(i, 2) + bytes([t]) + be(len(body), 2) + body for i, t, body in entries)
    return {"entries": [{"index": i, "type": t, "body": body.hex()} for i, t, body in entries], "bytes": raw.hex(),
            "wire": b64(raw)}


def main():
    policies, hashes = zip(policy("registered", "owners", "participants", 100, "sframe", 4, 900),
                           policy("occupants", "operator", "leader", 0, "jframe", 0, 600),
                           policy("verified", "operator", "participants", 0, "sframe", 5, 900, ("registered", 2, 86400)))
    rosters, digests = zip(roster(["bob", "alice"], ["alice", "bob"]),
                           roster(["alice", "bob", "carol"], ["carol"]),
                           roster(["carol", "alice"]),
                           roster(["dave", "carol", "alice"], ["dave"]))
    # The second epoch is abandoned: it never commits, yet the third follows it. The fourth ratchets from the third.
    # The fifth has a leader. The sixth names a log.
    chain, prev = [], b""
    for epoch, kind, leader, fmt, suite, p, r, abandoned, log in (
            (1, "fresh", None, "sframe", 4, 0, 0, False, None), (2, "ratchet", None, "sframe", 4, 0, 1, True, None),
            (3, "fresh", None, "jframe", 0, 1, 2, False, None), (4, "ratchet", None, "jframe", 0, 1, 3, False, None),
            (5, "fresh", "carol", "jframe", 0, 1, 2, False, None), (6, "fresh", None, "jframe", 0, 1, 3, False, LOG)):
        source = "leader" if leader else "participants"
        ctx = context(epoch, prev, kind, source, leader, fmt, suite, hashes[p], digests[r], log)
        chain.append({"epoch": epoch, "kind": kind, "source": source, **({"leader": leader} if leader else {}), "format": fmt, "suite": suite,
                      "policy": p, "roster": r, "abandoned": abandoned, **({"log": log} if log else {}), "prev_context": b64(prev), "context": b64(ctx)})
        prev = ctx
    ctx3, ctx4, ctx5 = (base64.b64decode(c["context"] + "=") for c in chain[2:5])

    parent = seeded("alice secret 3", 32)
    child = hkdf(parent, lp("keyroom:1:ratchet") + lp(ctx4))  # 5.5
    base_keys, sealed = [], []
    for name, secret, epoch, ctx in (("alice", parent, 3, ctx3), ("alice", child, 4, ctx4),
                                     ("carol", seeded("carol secret 3", 32), 3, ctx3)):
        base_keys.append({"sender": name, "epoch": epoch, "secret": secret.hex(), "base_key": hkdf(
            secret, lp("keyroom:1:base") + lp(ctx) + lp(BY_NAME[name].line())).hex()})  # 5.6
    for sender, recipient, secret, epoch, ctx in (("alice", "carol", parent, 3, ctx3), ("alice", "dave", child, 4, ctx4),
                                                  ("dave", "alice", seeded("dave secret 4", 32), 4, ctx4)):
        tag = sha256(lp("keyroom:1:seal") + lp(ctx) + lp(BY_NAME[sender].line()) + lp(BY_NAME[recipient].line()))
        sealed.append({"sender": sender, "recipient": recipient, "epoch": epoch, "secret": secret.hex(),
                       "plain": (secret + tag[:15]).hex()})  # 5.7

    shared = seeded("secret 5", 32)
    confirm = sha256(lp("keyroom:1:confirm") + lp(ctx5) + lp(shared))  # 5.13
    passphrase = "correct horse \u99ac battery staple"
    slow = hashlib.pbkdf2_hmac("sha256", passphrase.encode(),
                               lp("keyroom:1:passphrase") + lp(ROOM) + lp(INSTANCE), 600000)  # 5.14
    order4 = rosters[3]["order"]
    vectors = {
        "format": "keyroom protocol vectors, version 1",
        "room": ROOM, "instance": INSTANCE.hex(),
        "devices": [d.record() for d in DEVICES],
        "policies": list(policies),
        "key_texts": [key_text(BY_NAME["alice"], "one-time", seeded("otk", 32)),
                      key_text(BY_NAME["carol"], "fallback", seeded("fallback", 32))],
        "attach_texts": [attach_text(d) for d in DEVICES],
        "rosters": list(rosters),
        "chain": chain,
        "ratchets": [{"epoch": 4, "parent": parent.hex(), "secret": child.hex()}],
        "base_keys": base_keys,
        "sealed": sealed,
        "sealed_texts": [
            sealed_text(BY_NAME["dave"], 4, ctx4, "1", [n for n in order4 if n != "dave"]),
            sealed_text(BY_NAME["alice"], 4, ctx4, "2", ["dave"]),
            sealed_text(BY_NAME["alice"], 3, ctx3, "supplement", ["carol"]),
            sealed_text(BY_NAME["carol"], 5, ctx5, "2", ["alice"], confirm)],
        "confirms": [{"epoch": 5, "secret": shared.hex(), "confirm": b64(confirm)}],
        "passphrases": [{"passphrase": passphrase, "key": slow.hex(), "epoch": 5,
                         "secret": hkdf(slow, lp("keyroom:1:passphrase") + lp(ctx5)).hex()}],
        "rounds": [rounds(r["order"], r["new"], kind) for r in rosters for kind in ("fresh", "ratchet")]
        + [rounds(r["order"], r["new"], kind, "carol") for r in (rosters[1], rosters[3]) for kind in ("fresh", "ratchet")],
        "packings": {
            "envelope": packing([(0, 0, seeded("prekey", 200)), (3, 1, seeded("normal", 140)), (17, 2, b"\x02"),
                                 (4095, 1, b"\x00")]),
            "deliver": packing([(1, 1, seeded("deliver", 512)), (2, 2, b"\x03")]),
            "empty": packing([])},
    }
    made = json.dumps(vectors, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if OUT.read_text(encoding="utf-8") == made else 1
    OUT.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
