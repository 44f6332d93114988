#!/usr/bin/python3
"""Makes a database with a log of a million entries, as meetings of four leave them, to time `keyroomctl audit verify` by: the real
schema, real signatures, one key for the log, checkpoints with each rotation. Prints the vkey. Of people who never were.

    big_log.py FILE [ENTRIES]
"""

import base64
import glob
import hashlib
import os
import re
import sqlite3
import struct
import sys

import nacl.signing

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORIGIN = "kms.example.org/audit"
PEOPLE, ROTATIONS = 4, 5
ROOM = "weekly@conference.example.org"


def sha(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode().rstrip("=")


def lp(data):
    return struct.pack(">I", len(data)) + data


class Log:
    def __init__(self, path):
        self.key = nacl.signing.SigningKey(sha(b"big log"))
        public = b"\1" + bytes(self.key.verify_key)
        self.id = sha(ORIGIN.encode() + b"\n" + public)[:4]
        self.vkey = f"{ORIGIN}+{self.id.hex()}+{base64.b64encode(public).decode()}"
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        schema = sorted(glob.glob(os.path.join(ROOT, "store", "schema", "*.sql")))
        for file in schema:
            with open(file, encoding="utf-8") as text:
                self.db.executescript(text.read())
        self.db.execute(f"PRAGMA user_version = {int(re.match(r'0*([0-9]+)', os.path.basename(schema[-1]))[1])}")
        self.db.execute("BEGIN")
        self.db.execute("INSERT INTO log_key (origin, vkey, sealed, first_size, at_ms) VALUES (?, ?, x'00', 0, 0)", (ORIGIN, self.vkey))
        self.size, self.peaks = 0, []

    def add(self, kind, *lines):
        text = "\n".join(["keyroom:1:log", "v=1", f"t={1700000000000 + self.size}", f"type={kind}", *lines, ""]).encode()
        self.db.execute("INSERT INTO log_leaf VALUES (?, ?)", (self.size, text))
        node, level, index = sha(b"\0" + text), 0, self.size
        nodes = [(0, index, node)]
        while index & 1:
            node, level, index = sha(b"\1" + self.peaks.pop() + node), level + 1, index >> 1
            nodes.append((level, index, node))
        self.peaks.append(node)
        self.db.executemany("INSERT INTO log_node VALUES (?, ?, ?)", nodes)
        self.size += 1

    def sign(self):
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = sha(b"\1" + peak + root)
        text = f"{ORIGIN}\n{self.size}\n{base64.b64encode(root).decode()}\n"
        line = base64.b64encode(self.id + self.key.sign(text.encode()).signature).decode()
        self.db.execute("INSERT INTO log_checkpoint (origin, size, root, at_ms, note) VALUES (?, ?, ?, 0, ?)",
                        (ORIGIN, self.size, root, f"{text}\n\u2014 {ORIGIN} {line}\n".encode()))


def meeting(log, number, devices):
    instance = sha(b"instance %d" % number)[:16]
    commitment = lambda what: b64(sha(b"%d %s" % (number, what.encode())))
    room = (f"room={commitment('room')}", f"instance={instance.hex()}")
    who = [(f"participant={commitment('p%d' % i)}", f"owner={commitment('o%d' % i)}", f"device={commitment('d%d' % i)}",
            f"attach={sha(b'%d %d' % (number, i))[:16].hex()}") for i in range(PEOPLE)]
    attaches = [sha(b"%d %d" % (number, i))[:16] for i in range(PEOPLE)]
    log.add("instance", *room, f"policy={commitment('policy')}")
    for one in who:
        log.add("attach", *room, *one)
        log.add("member", *room, *one, "reason=every occupant")
    for epoch in range(1, ROTATIONS + 1):
        rset = f"rset={commitment('rset')}"
        log.add("epoch", *room, f"epoch={epoch}", "kind=fresh", "source=participants", "reason=timer", f"size={PEOPLE}", rset,
                f"roster={commitment('roster')}", f"policy={commitment('policy')}")
        log.sign()
        context = sha(b"%d of %d" % (epoch, number))
        evidence = bytearray(sha(b"salt" + context) + lp(ROOM.encode()) + instance + struct.pack(">Q", epoch) + context + bytes(2 + 32)
                             + struct.pack(">H", PEOPLE))
        for attach, device in zip(attaches, devices):
            evidence += attach + bytes(device.verify_key) + bytes(32) + b"\0"
        for i, device in enumerate(devices):
            others = sha(lp(b"keyroom:1:recipients") + b"".join(lp(a) for k, a in enumerate(attaches) if k != i))
            text = (f"keyroom:1:sealed\nroom={ROOM}\ninstance={instance.hex()}\nepoch={epoch}\ncontext={b64(context)}\n"
                    f"attach={attaches[i].hex()}\nround=2\nrecipients={b64(others)}\n")
            evidence += struct.pack(">HBB", i, 2, (1 << PEOPLE) - 1 & ~(1 << i)) + device.sign(text.encode()).signature
        log.db.execute("INSERT INTO log_evidence (idx, instance, bytes) VALUES (?, ?, ?)", (log.size, instance, bytes(evidence)))
        log.add("commit", *room, f"epoch={epoch}", f"acked={PEOPLE}", f"total={PEOPLE}", "silent=0", rset, f"proof={b64(sha(evidence))}")
    for one in who:
        log.add("detach", *room, *one, "reason=left")
    log.add("instance-over", *room, f"epoch={ROTATIONS}")


def main():
    if len(sys.argv) not in (2, 3) or os.path.exists(sys.argv[1]):
        sys.exit(__doc__)
    wanted = int(sys.argv[2]) if len(sys.argv) == 3 else 1000000
    log = Log(sys.argv[1])
    devices = [nacl.signing.SigningKey(sha(b"device %d" % i)) for i in range(PEOPLE)]
    number = 0
    while log.size < wanted:
        meeting(log, number, devices)
        number += 1
    log.sign()
    log.db.execute("COMMIT")
    log.db.close()
    print(log.vkey)


if __name__ == "__main__":
    main()
