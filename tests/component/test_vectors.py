#!/usr/bin/python3
"""The Python client's texts, contexts, keys, rounds and packing against tests/vectors/protocol.json."""

import json
import os
import sys

import nacl.signing

from harness.run import Checks, main, scenario
from kr import epoch, pack, rounds, texts

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "protocol.json")
with open(PATH, encoding="utf-8") as f:
    V = json.load(f)
DEVICES = {d["name"]: d for d in V["devices"]}
INSTANCE = bytes.fromhex(V["instance"])


def line_of(name, new=False):
    d = DEVICES[name]
    return texts.Line(d["participant"], d["owner"], texts.unb64(d["ed25519"], 32), texts.unb64(d["curve25519"], 32),
                      bytes.fromhex(d["attach"]), bytes.fromhex(d["nonce"]), None, new)


def signs(name, text):
    return texts.b64(nacl.signing.SigningKey(bytes.fromhex(DEVICES[name]["ed25519_seed"])).sign(text).signature)


@scenario
def devices_and_lines(c: Checks):
    for name, d in DEVICES.items():
        line = line_of(name)
        c.equal(line.device().hex(), d["device"], "device id of " + name)
        c.equal(line.encoded().hex(), d["line"], "roster line of " + name)


@scenario
def signed_texts(c: Checks):
    for v in V["policies"]:
        kind = "policy verified" if v["authorise"] == "verified" else "policy"
        text = texts.encode_text(kind, **{n: v[n.replace("-", "_")] for n in texts.TEXTS[kind]})
        c.equal(text.decode(), v["text"], "policy text")
        c.equal(texts.b64(text), v["wire"], "policy on the wire")
        c.equal(texts.b64(texts.sha256(text)), v["hash"], "policy hash")
        c.equal(texts.decode_text(kind, text)["room"], v["room"], "policy text reads back")
    for v in V["key_texts"]:
        d = DEVICES[v["by"]]
        text = texts.encode_text("key", kind=v["kind"], key=v["key"], device=d["device"], attach=d["attach"])
        c.equal(text.decode(), v["text"], "key text")
        c.equal(signs(v["by"], text), v["sig"], "key signature")
        c.true(texts.verify(texts.unb64(d["ed25519"]), text, texts.unb64(v["sig"], 64)), "key signature verifies")
        c.true(not texts.verify(texts.unb64(d["ed25519"]), text + b"\n", texts.unb64(v["sig"], 64)), "altered text fails")
    for v in V["attach_texts"]:
        text = line_of(v["by"]).attach_text(V["room"], INSTANCE)
        c.equal(text.decode(), v["text"], "attach text")
        c.equal(signs(v["by"], text), v["sig"], "attach signature")
    for v in V["sealed_texts"]:
        digest = texts.recipients_hash([bytes.fromhex(DEVICES[n]["attach"]) for n in v["recipients"]])
        c.equal(texts.b64(digest), v["recipients_digest"], "digest of the recipients")
        led = {"confirm": v["confirm"]} if "confirm" in v else {}
        text = texts.encode_text("sealed with a leader" if led else "sealed", **led, room=V["room"], instance=V["instance"], epoch=v["epoch"], context=v["context"],
                                 attach=DEVICES[v["by"]]["attach"], round=v["round"], recipients=texts.b64(digest))
        c.equal(text.decode(), v["text"], "sealed text")
        c.equal(signs(v["by"], text), v["sig"], "sealed signature")


@scenario
def rosters_and_contexts(c: Checks):
    digests, previous, contexts = [], b"", {}
    for v in V["rosters"]:
        roster = texts.make_roster([line_of(n) for n in v["given"]])
        c.equal([x.participant for x in roster], [DEVICES[n]["participant"] for n in v["order"]], "roster order")
        digests.append(texts.roster_digest(roster))
        c.equal(texts.b64(digests[-1]), v["digest"], "roster digest")
    for v in V["chain"]:
        c.equal(texts.b64(previous), v["prev_context"], "previous context")
        previous = epoch.context(V["room"], INSTANCE, v["epoch"], previous, v["kind"], v["format"], v["suite"],
                                 texts.unb64(V["policies"][v["policy"]]["hash"]), digests[v["roster"]], v["source"],
                                 bytes.fromhex(DEVICES[v["leader"]]["attach"]) if "leader" in v else b"",
                                 *([(v["log"]["origin"].encode(), bytes.fromhex(v["log"]["key_id"]),
                                     texts.u64(v["log"]["size"]), texts.unb64(v["log"]["root"]))] if "log" in v else []))
        contexts[v["epoch"]] = previous
        c.equal(texts.b64(previous), v["context"], "context of epoch %d" % v["epoch"])
    for v in V["ratchets"]:
        c.equal(epoch.ratchet(bytes.fromhex(v["parent"]), contexts[v["epoch"]]).hex(), v["secret"], "ratchet")
    for v in V["base_keys"]:
        got = epoch.base_key(bytes.fromhex(v["secret"]), contexts[v["epoch"]], line_of(v["sender"]).encoded())
        c.equal(got.hex(), v["base_key"], "base key")
    for v in V["sealed"]:
        secret = bytes.fromhex(v["secret"])
        got = secret + epoch.tag(contexts[v["epoch"]], line_of(v["sender"]).encoded(), line_of(v["recipient"]).encoded())
        c.equal(got.hex(), v["plain"], "sealed plaintext")


@scenario
def rounds_of_an_epoch(c: Checks):
    for v in V["rounds"]:
        roster = [line_of(n, n in v["new"]) for n in v["order"]]
        leader = v["order"].index(v["leader"]) if "leader" in v else None
        for number, name in ((1, "round1"), (2, "round2")):
            got = [rounds.recipients(roster, me, v["kind"], number, leader) for me in range(len(roster))]
            c.equal(got, v[name], "%s of %s" % (name, v["order"]))


@scenario
def packing(c: Checks):
    for name, v in V["packings"].items():
        given = [(e["index"], e["type"], bytes.fromhex(e["body"])) for e in v["entries"]]
        given = [(i, t, b[0] if t == pack.WITHHELD else b) for i, t, b in given]
        packed = b"".join(pack.entry(*e) for e in given)
        c.equal(packed.hex(), v["bytes"], "bytes of " + name)
        c.equal(texts.b64(packed), v["wire"], "wire of " + name)
        c.equal(pack.unpack_text(v["wire"]), given, name + " reads back")
    for bad in ("AAAAAMgd=", "AA AA", "AAEBAgB", "AAF=", "AB", "AAEBAgAPSS"):
        c.raises(texts.Malformed, lambda b=bad: pack.unpack_text(b), "refuses " + bad)
    entries = [pack.entry(i, pack.NORMAL, bytes(500)) for i in range(300)]
    parts = pack.split(entries)
    c.true(len(parts) > 1 and all(len(p) <= pack.PART_MAX for p in parts), "large ones are split")
    c.equal([i for p in parts for i, _, _ in pack.unpack_text(p)], list(range(300)), "parts hold whole entries")


if __name__ == "__main__":
    sys.exit(main(globals()))
