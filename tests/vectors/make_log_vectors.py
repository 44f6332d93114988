#!/usr/bin/python3
"""Writes log.json: byte-exact vectors of docs/protocol.md section 11, made from that page alone.

Usage: make_log_vectors.py          write log.json beside this file
       make_log_vectors.py --check  exit 1 if log.json is not what would be written

Needs python3-nacl for Ed25519. Trees are hashed as RFC 6962 2.1 defines them, recursively; the code under test grows
them by peaks.
"""

import base64
import functools
import hashlib
import json
import pathlib
import sys

import nacl.signing

OUT = pathlib.Path(__file__).with_name("log.json")
ORIGIN, WITNESS, TIME = "kms.example.org/audit", "witness.example.org", 1700000000
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f")]
WIDE = 70000  # the size of tlog-tiles' example; entries are "0", "1", ...


def b64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).digest()


class Tree:
    """MTH, PATH and PROOF of RFC 6962 2.1 over a list of entries."""

    def __init__(self, entries):
        self.leaves = [sha256(b"\x00" + e) for e in entries]
        self.mth = functools.lru_cache(None)(self.mth)

    def mth(self, begin, end):
        n = end - begin
        if n == 0:
            return sha256(b"")
        if n == 1:
            return self.leaves[begin]
        k = split(n)
        return sha256(b"\x01" + self.mth(begin, begin + k) + self.mth(begin + k, end))

    def path(self, m, begin, end):
        n = end - begin
        if n == 1:
            return []
        k = split(n)
        if m < k:
            return self.path(m, begin, begin + k) + [self.mth(begin + k, end)]
        return self.path(m - k, begin + k, end) + [self.mth(begin, begin + k)]

    def subproof(self, m, begin, end, whole):
        n = end - begin
        if m == n:
            return [] if whole else [self.mth(begin, end)]
        k = split(n)
        if m <= k:
            return self.subproof(m, begin, begin + k, whole) + [self.mth(begin + k, end)]
        return self.subproof(m - k, begin + k, end, False) + [self.mth(begin, begin + k)]

    def inclusion(self, index, size):
        return {"index": index, "size": size, "leaf": b64(self.leaves[index]), "root": b64(self.mth(0, size)),
                "proof": [b64(h) for h in self.path(index, 0, size)]}

    def consistency(self, old, new):
        return {"from": old, "to": new, "from_root": b64(self.mth(0, old)), "to_root": b64(self.mth(0, new)),
                "proof": [b64(h) for h in self.subproof(old, 0, new, True)]}

    def tile(self, size, level, index):  # 11.6
        step = 256 ** level
        hashes = [self.mth(i * step, (i + 1) * step) for i in range(index * 256, index * 256 + 256)
                  if (i + 1) * step <= size]
        path = f"tile/{level}/{groups(index)}" + (f".p/{len(hashes)}" if len(hashes) < 256 else "")
        return {"level": level, "index": index, "width": len(hashes), "path": path,
                "sha256": b64(sha256(b"".join(hashes)))}


def split(n):
    return 1 << ((n - 1).bit_length() - 1)


def groups(index):
    digits = f"{index:03d}" if index < 1000 else str(index).zfill((len(str(index)) + 2) // 3 * 3)
    parts = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    return "/".join(["x" + p for p in parts[:-1]] + parts[-1:])


class Key:  # 11.3
    def __init__(self, name, kind, seed):
        self.name, self.kind, self.seed = name, kind, seed
        self.signer = nacl.signing.SigningKey(seed)
        self.public = bytes(self.signer.verify_key)
        self.id = sha256(name.encode() + b"\n" + bytes([kind]) + self.public)[:4]

    def sign(self, data):
        return self.signer.sign(data).signature

    def line(self, body):
        return f"\u2014 {self.name} {b64(self.id + body)}\n"

    def record(self):
        return {"name": self.name, "type": self.kind, "seed": self.seed.hex(),
                "vkey": f"{self.name}+{self.id.hex()}+{b64(bytes([self.kind]) + self.public)}"}


def checkpoint(log, witness, size, root):  # 11.4, 11.5
    text = f"{ORIGIN}\n{size}\n{b64(root)}\n"
    cosigned = f"cosignature/v1\ntime {TIME}\n{text}"
    note = (text + "\n" + log.line(log.sign(text.encode()))
            + witness.line(TIME.to_bytes(8, "big") + witness.sign(cosigned.encode())))
    return {"size": size, "root": b64(root), "text": text, "cosigned": cosigned, "time": TIME, "note": note}


def bundle(tree, index, point, extra):  # 11.7
    text = "c2sp.org/tlog-proof@v1\n" + (f"extra {b64(extra)}\n" if extra else "") + f"index {index}\n"
    text += "".join(b64(h) + "\n" for h in tree.path(index, 0, point["size"])) + "\n" + point["note"]
    return {"index": index, "extra": b64(extra), "size": point["size"], "text": text}


def main():
    log = Key(ORIGIN, 0x01, bytes(range(32)))
    witness = Key(WITNESS, 0x04, bytes(range(32, 64)))
    small, wide = Tree(LEAVES), Tree([str(i).encode() for i in range(WIDE)])
    point, empty = checkpoint(log, witness, 8, small.mth(0, 8)), checkpoint(log, witness, 0, small.mth(0, 0))
    old = small.subproof(3, 0, 8, True)
    vectors = {
        "format": "keyroom log vectors, version 1",
        "keys": [log.record(), witness.record()],
        "leaves": [{"entry": e.hex(), "hash": b64(h)} for e, h in zip(LEAVES, small.leaves)],
        "roots": [b64(small.mth(0, n)) for n in range(9)],
        "inclusions": [small.inclusion(i, n) for n in range(1, 9) for i in range(n)],
        "consistencies": [small.consistency(m, n) for n in range(1, 9) for m in range(1, n + 1)],
        "wide": {"size": WIDE, "root": b64(wide.mth(0, WIDE)),
                 "inclusions": [wide.inclusion(i, n) for i, n in ((0, WIDE), (65535, WIDE), (69999, WIDE), (255, 257))],
                 "consistencies": [wide.consistency(m, n) for m, n in ((1, WIDE), (65536, WIDE), (65537, WIDE))],
                 "tiles": [wide.tile(WIDE, level, index)
                           for level, index in ((0, 0), (0, 272), (0, 273), (1, 0), (1, 1), (2, 0))]},
        "paths": [{"index": i, "path": "tile/entries/" + groups(i)}
                  for i in (0, 7, 999, 1000, 70000, 1234067, 2 ** 55 - 1)],
        "entries": b"".join(len(e).to_bytes(2, "big") + e for e in LEAVES).hex(),
        "checkpoints": [empty, point],
        "bundles": [bundle(small, 5, point, b""), bundle(small, 0, point, b"openings of commitments")],
        "request": "old 3\n" + "".join(b64(h) + "\n" for h in old) + "\n" + point["note"],
    }
    made = json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if OUT.read_text(encoding="utf-8") == made else 1
    OUT.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
