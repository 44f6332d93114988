#!/usr/bin/python3
"""Writes verify.json: byte-exact vectors of docs/protocol.md section 12, made from that page alone.

Usage: make_verify_vectors.py          write verify.json beside this file
       make_verify_vectors.py --check  exit 1 if verify.json is not what would be written

Devices, room and signed texts are those of make_protocol_vectors.py. Needs python3-nacl for X25519.
"""

import hashlib
import hmac
import json
import pathlib
import sys

import nacl.bindings

sys.dont_write_bytecode = True  # nothing is left beside the sources
from make_protocol_vectors import BY_NAME, INSTANCE, ROOM, b64, hkdf, seeded, sha256, text

OUT = pathlib.Path(__file__).with_name("verify.json")


def room_code(digest):  # 12.1
    number = int.from_bytes(hashlib.pbkdf2_hmac("sha512", digest, b"keyroom:1:roomcode", 2 ** 20, 64), "big")
    digits = f"{number % 10 ** 30:030d}"
    return {"digest": b64(digest), "code": " ".join(digits[i:i + 5] for i in range(0, 30, 5))}


def info(transaction, parties):  # 12.2.4
    pairs = [("room", ROOM), ("instance", INSTANCE.hex()), ("transaction", transaction.hex())]
    for role, (device, public) in parties:
        pairs += [(role + "-owner", device.owner), (role + "-device", device.id.hex()),
                  (role + "-ed25519", b64(device.ed)), (role + "-curve25519", b64(device.curve)),
                  (role + "-key", b64(public))]
    return text("sas-info", *pairs)


def code(data):
    bits = f"{int.from_bytes(data, 'big'):048b}"
    return {"emoji": [int(bits[i:i + 6], 2) for i in range(0, 42, 6)],
            "numbers": [int(bits[i:i + 13], 2) + 1000 for i in range(0, 39, 13)]}


def macs(shared, subject, sender, receiver):  # 12.2.5
    made = {}
    for name, key in (("ed25519", sender.ed), ("curve25519", sender.curve)):
        t = text("sas-mac-info", ("subject", b64(subject)), ("sender", sender.id.hex()),
                 ("receiver", receiver.id.hex()), ("name", name))
        made[name] = b64(hmac.new(hkdf(shared, t.encode()), b64(key).encode(), hashlib.sha256).digest())
    return made


def verification(initiator, responder):
    label = f"sas {initiator.name} {responder.name} "
    transaction = seeded(label + "transaction", 16)
    secrets = [seeded(label + role, 32) for role in ("initiator", "responder")]
    keys = [nacl.bindings.crypto_scalarmult_base(s) for s in secrets]
    shared = nacl.bindings.crypto_scalarmult(secrets[0], keys[1])
    about = info(transaction, (("initiator", (initiator, keys[0])), ("responder", (responder, keys[1]))))
    subject = sha256(about.encode())
    t = ("transaction", transaction.hex())
    commitment = sha256(text("sas-commitment", t, ("key", b64(keys[1]))).encode())
    mac_i, mac_r = macs(shared, subject, initiator, responder), macs(shared, subject, responder, initiator)
    messages = [  # sender: 0 the initiator, 1 the responder
        {"from": 0, "text": text("sas-start", t, ("initiator", initiator.id.hex()), ("responder", responder.id.hex()))},
        {"from": 1, "text": text("sas-accept", t, ("commitment", b64(commitment)))},
        {"from": 0, "text": text("sas-key", t, ("key", b64(keys[0])))},
        {"from": 1, "text": text("sas-key", t, ("key", b64(keys[1])))},
        {"from": 0, "text": text("sas-mac", t, *mac_i.items())},
        {"from": 1, "text": text("sas-mac", t, *mac_r.items())},
        {"from": 1, "text": text("sas-done", t)},
        {"from": 0, "text": text("sas-done", t)}]
    return {"initiator": initiator.record(), "responder": responder.record(), "transaction": transaction.hex(),
            "secrets": [s.hex() for s in secrets], "info": about, "messages": messages,
            **code(hkdf(shared, about.encode(), 6))}


def attestation(verifier, device, room, issued, expires):  # 12.3, 12.4
    t = text("attest", ("verifier", verifier.id.hex()), ("owner", device.owner), ("device", device.id.hex()),
             ("room", room), ("method", "sas"), ("issued", issued), ("expires", expires))
    digest = sha256(t.encode())
    r = text("revoke", ("verifier", verifier.id.hex()), ("attestation", b64(digest)), ("issued", issued + 60))
    return {"by": verifier.name, "ed25519": b64(verifier.ed), "verifier": verifier.id.hex(), "owner": device.owner,
            "device": device.id.hex(), "room": room, "issued": issued, "expires": expires, "text": t,
            "sig": verifier.sign(t), "digest": b64(digest), "revocation": r, "revocation_sig": verifier.sign(r)}


def main():
    alice, bob, carol, dave = (BY_NAME[n] for n in ("alice", "bob", "carol", "dave"))
    vectors = {
        "format": "keyroom verification vectors, version 1",
        "room": ROOM, "instance": INSTANCE.hex(),
        "room_codes": [room_code(seeded("roster digest " + n, 32)) for n in ("one", "two")],
        "verifications": [verification(alice, bob), verification(carol, dave)],
        "attestations": [attestation(alice, bob, ROOM, 1700000000, 1702592000),
                         attestation(dave, carol, "*", 1700000000, 1700086400)],
    }
    made = json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if OUT.read_text(encoding="utf-8") == made else 1
    OUT.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
