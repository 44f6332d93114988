#!/usr/bin/python3
"""The log of a real meeting, checked offline by keyroomctl: as it is, and after each way of tampering with it."""

import base64
import hashlib
import hmac
import os
import shutil
import sqlite3
import subprocess
import sys

import nacl.bindings
import nacl.signing

from harness.daemon import ROOM
from harness.run import main, scenario
from harness.scene import scene

TOOL = os.path.join(os.path.dirname(os.environ["KR_BIN"]), "keyroomctl")
EVERY_BYTE = os.environ["KR_EVERY_BYTE"]


def audit(*args):
    done = subprocess.run([TOOL, "audit", *args], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def meeting(s, rotations):
    anna, bert, carl = s.meeting("anna", "bert", "carl")
    for _ in range(rotations):
        above = anna.highest
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.complete([anna, bert, carl], above=above)
    s.daemon.stop()


def change(path, *statements):
    db = sqlite3.connect(path)
    for name in ("log_leaf_no_update", "log_leaf_no_delete", "log_leaf_no_holes"):
        db.execute("DROP TRIGGER IF EXISTS " + name)
    for sql, *values in statements:
        db.execute(sql, values)
    db.commit()
    db.close()


# Makes room for an entry 4.
SHIFT = (("UPDATE log_leaf SET idx = idx + 1000000 WHERE idx > 3",), ("UPDATE log_leaf SET idx = idx - 999999 WHERE idx > 999999",))


def db_value(path, sql):
    db = sqlite3.connect(path)
    value = db.execute(sql).fetchone()[0]
    db.close()
    return value


def sealed_log_key(db, seal_file, vkey):
    """The log's own private key, as only its operator can open it."""
    with open(seal_file, encoding="ascii") as f:
        seal = bytes.fromhex(f.read().strip())
    origin = vkey.split("+")[0]
    box = db_value(db, "SELECT sealed FROM log_key ORDER BY n DESC")
    seed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(box[24:], b"log-key:" + origin.encode(), box[:24], seal)
    return nacl.signing.SigningKey(seed)


def checkpoint(key, vkey, size, root):
    origin = vkey.split("+")[0]
    text = "%s\n%d\n%s\n" % (origin, size, base64.b64encode(root).decode())
    line = base64.b64encode(bytes.fromhex(vkey.split("+")[1]) + key.sign(text.encode()).signature).decode()
    return ("%s\n\u2014 %s %s\n" % (text, origin, line)).encode()


def fields_of_a_bundle(c, folder, db, vkey, proof):
    """A field that is another's, whole and well formed."""
    with open(proof, encoding="utf-8") as f:
        head, _, note = f.read().partition("\n\n")
    title, extra, index, *hashes = head.split("\n")
    packed = base64.b64decode(extra.split(" ")[1])
    length = int.from_bytes(packed[:4], "big")
    entry, evidence = packed[4:4 + length], packed[8 + length:]
    bent = os.path.join(folder, "bent.tlog-proof")

    def lp(value):
        return len(value).to_bytes(4, "big") + value

    def refused(what, word, extra=extra, index=index, hashes=tuple(hashes), note=note, vkey=vkey, args=()):
        if isinstance(extra, bytes):
            extra = "extra " + base64.b64encode(extra).decode()
        with open(bent, "w", encoding="utf-8") as f:
            f.write("\n".join([title, *([extra] if extra else []), index, *hashes, "", note]))
        code, text = audit("check", bent, "--vkey", vkey, *args)
        c.true(code == 1 and word in text, "%s is refused: %s" % (what, text))

    number = int(index.split(" ")[1])
    others = [row for row in sqlite3.connect(db).execute("SELECT l.idx, l.entry, e.bytes FROM log_leaf l JOIN log_evidence e USING (idx)")
              if row[0] != number]
    refused("another index", "proof: ", index="index %d" % (number - 1))
    refused("an index outside", "proof: index-outside", index="index 100000")
    refused("a hash too few", "proof: proof-short", hashes=hashes[:-1])
    refused("a hash too many", "proof: proof-long", hashes=hashes + hashes[:1])
    refused("hashes that changed places", "proof: not-included", hashes=hashes[1::-1] + hashes[2:])
    refused("another commit's entry and evidence", "proof: not-included", extra=lp(others[0][1]) + lp(others[0][2]))
    refused("another commit's evidence", "evidence: is not the one", extra=lp(entry) + lp(others[0][2]))
    refused("no evidence", "evidence: is missing", extra=lp(entry) + lp(b""))
    refused("evidence with a signature less", "evidence: is not the one", extra=lp(entry) + lp(evidence[:-68]))
    refused("evidence that says more", "extra: ", extra=packed + b"x")
    refused("no extra", "extra: ", extra=None)
    refused("another key of the same name", "proof: unsigned", vkey=vkey_of(vkey.split("+")[0], bytes(31) + b"\1"))
    db = sqlite3.connect(db)
    for size, note in db.execute("SELECT size, note FROM log_checkpoint ORDER BY size").fetchall()[::3]:
        if size != int(note.split(b"\n")[1]) or size == db.execute("SELECT max(size) FROM log_checkpoint").fetchone()[0]:
            continue
        refused("the checkpoint of size %d" % size, "proof: ", note=note.decode())
    with open(bent, "w", encoding="utf-8") as f:
        f.write("\n".join([title, "extra " + base64.b64encode(lp(entry) + lp(b"")).decode(), index, *hashes, "", note_of(proof)]))
    code, text = audit("check", bent, "--vkey", vkey, "--entry-only")
    c.true(code == 0 and "does not say who sealed" in text, "the entry alone, if that is asked for: " + text)


def unreadable(c, folder, whole, vkey, seal, page):
    """A table that SQLite cannot read: an error is not the end of the rows, and no action ends as if it were."""
    bad = os.path.join(folder, "unreadable.db")
    owner = db_value(whole, "SELECT substr(subject, 7) FROM opening WHERE subject LIKE 'owner:%'")
    names = ("--seal-key", seal)
    for table, *args in (("log_evidence", "verify", "--vkey", vkey, "--signatures"), ("log_node", "verify", "--vkey", vkey),
                         ("log_leaf", "verify", "--vkey", vkey), ("log_leaf", "show"), ("log_leaf", "export"), ("log_leaf", "report", "--out", page),
                         ("log_key", "report", "--out", page), ("log_key", "vkey"), ("opening", "show", *names),
                         ("log_leaf", "prove", "--index", "3", "--out", page), ("log_checkpoint", "prove", "--index", "3", "--out", page),
                         ("log_leaf", "erase", owner, *names), ("log_evidence", "erase", owner, *names)):
        shutil.copy(whole, bad)
        spoil(bad, table)
        code, text = audit(*args, "--db", bad)
        c.true(code == 1 and "malformed" in text and "erased" not in text and "ok:" not in text,
               "%s is told of a table %s that cannot be read: %s" % (args[0], table, text))
        if args[0] == "erase":
            c.equal(db_value(bad, "SELECT count(*) FROM opening"), db_value(whole, "SELECT count(*) FROM opening"), "nothing of it is erased")


def spoil(path, table):
    """Overwrites the first page of a table."""
    size = db_value(path, "PRAGMA page_size")
    at = db_value(path, "SELECT rootpage FROM sqlite_master WHERE name = '%s'" % table)
    with open(path, "r+b") as f:
        f.seek((at - 1) * size)
        f.write(bytes(size))


def tree_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest()


def append(path, key, vkey, entry, evidence=None):
    """What a service that lies can do: any entry, with any evidence, in a tree and under a checkpoint that are right."""
    db = sqlite3.connect(path)
    leaves = [row[0] for row in db.execute("SELECT hash FROM log_node WHERE level = 0 ORDER BY idx")] + [hashlib.sha256(b"\0" + entry).digest()]
    idx, size = len(leaves) - 1, len(leaves)
    db.execute("INSERT INTO log_leaf VALUES (?, ?)", (idx, entry))
    if evidence is not None:
        db.execute("INSERT INTO log_evidence (idx, instance, bytes) VALUES (?, ?, ?)", (idx, bytes(16), evidence))
    level = 0
    while size % (1 << level) == 0:
        db.execute("INSERT INTO log_node VALUES (?, ?, ?)", (level, idx >> level, tree_root(leaves[size - (1 << level):])))
        level += 1
    root = tree_root(leaves)
    db.execute("INSERT INTO log_checkpoint (origin, size, root, at_ms, note) VALUES (?, ?, ?, 0, ?)",
               (vkey.split("+")[0], size, root, checkpoint(key, vkey, size, root)))
    db.commit()
    db.close()
    return idx


def line(entry, name):
    return next(x[len(name) + 1:] for x in entry.split(b"\n") if x.startswith(name + b"="))


def with_line(entry, name, value):
    return entry.replace(b"\n" + name + b"=" + line(entry, name) + b"\n", b"\n" + name + b"=" + value + b"\n", 1)


def foreign_evidence(c, folder, whole, vkey, seal):
    """A commit with the hash of evidence that has genuine signatures, but not of this commit."""
    key, bad, proof = sealed_log_key(whole, seal, vkey), os.path.join(folder, "lies.db"), os.path.join(folder, "lies.tlog-proof")
    entry, evidence = sqlite3.connect(whole).execute("SELECT l.entry, e.bytes FROM log_leaf l JOIN log_evidence e USING (idx) ORDER BY idx DESC").fetchone()
    epoch, total = int(line(entry, b"epoch")), int(line(entry, b"total"))
    room = int.from_bytes(evidence[32:36], "big")
    head = len(evidence[:36 + room]) + 16 + 8 + 32 + 1 + 1 + 32 + 2 + total * 81

    def named(name):
        return evidence[:32] + len(name).to_bytes(4, "big") + name + evidence[36 + room:head]

    def logged(what, word, entry=entry, evidence=evidence):
        shutil.copy(whole, bad)
        change(bad)
        idx = append(bad, key, vkey, with_line(entry, b"proof", base64.b64encode(hashlib.sha256(evidence).digest()).rstrip(b"=")), evidence)
        code, text = audit("verify", "--db", bad, "--vkey", vkey)
        c.equal(code, 0, "%s: the log itself is in order: %s" % (what, text))
        ok = 1 if word.startswith("is ") or word.startswith("belongs ") else 0
        code, text = audit("verify", "--db", bad, "--vkey", vkey, "--signatures")
        c.true(code == ok and (not ok or "entry %d: its evidence %s" % (idx, word) in text), "%s is found by verify: %s" % (what, text))
        code, text = audit("prove", "--db", bad, "--index", str(idx), "--out", proof)
        c.equal(code, 0, "prove: " + text)
        code, text = audit("check", proof, "--vkey", vkey)
        c.true(code == ok and ("evidence: " if ok else "") + word in text, "%s is found by check: %s" % (what, text))
        c.true("\x1b" not in text, "%s: nothing goes to the terminal but text" % what)

    logged("the evidence of this commit", "signatures of devices verify")
    logged("evidence of an epoch before", "is of epoch %d, and the entry of epoch %d" % (epoch, epoch + 1), with_line(entry, b"epoch", b"%d" % (epoch + 1)))
    logged("evidence of another instance", "is of another instance", with_line(entry, b"instance", bytes(16).hex().encode()))
    logged("evidence of fewer devices", "is of %d devices, and the entry of %d" % (total, total + 1), with_line(entry, b"total", b"%d" % (total + 1)))
    logged("evidence of an entry that is no commit", "belongs to an entry", with_line(entry, b"type", b"epoch"))
    logged("a commit of no epoch", "belongs to an entry", with_line(entry, b"epoch", b"x"))
    logged("evidence without signatures", "no device signed", evidence=evidence[:head])
    for name in (b"room\x1b]0;title\x07@muc.example.org", b"room@muc.example.org\naudit: ok", b"room\0@muc.example.org", b"", b"\xff@muc.example.org", b"r" * 4000):
        logged("a room named %r" % name[:40], "is not of its form", evidence=named(name))


def long_evidence(c, folder, whole, vkey, seal):
    """Of very many devices the evidence is too long for a bundle. None is made that no check would take."""
    key, bad, proof = sealed_log_key(whole, seal, vkey), os.path.join(folder, "long.db"), os.path.join(folder, "long.tlog-proof")
    entry = db_value(whole, "SELECT entry FROM log_leaf JOIN log_evidence USING (idx)")
    most = 384 * 1024 // 4 * 3 - 8 - len(entry)
    for length, fits in ((most, True), (most + 1, False), (600000, False)):
        evidence = bytes(length)
        shutil.copy(whole, bad)
        change(bad)
        idx = str(append(bad, key, vkey, with_line(entry, b"proof", base64.b64encode(hashlib.sha256(evidence).digest()).rstrip(b"=")), evidence))
        code, text = audit("prove", "--db", bad, "--index", idx, "--out", proof)
        if fits:
            c.equal(code, 0, "evidence of %d bytes fits: %s" % (length, text))
            code, text = audit("check", proof, "--vkey", vkey)
            c.true(code == 1 and "evidence: is not of its form" in text, "a bundle as long as can be is read: " + text)
            os.remove(proof)
            continue
        c.true(code == 1 and "too long" in text and "proves entry" not in text and not os.path.exists(proof), "evidence of %d bytes: %s" % (length, text))
    code, text = audit("prove", "--db", bad, "--index", idx, "--out", proof, "--entry-only")
    c.true(code == 0 and "without evidence" in text, "the entry alone is proved: " + text)
    code, text = audit("check", proof, "--vkey", vkey)
    c.true(code == 1 and "evidence: is missing" in text, "and is not taken for more: " + text)
    code, text = audit("check", proof, "--vkey", vkey, "--entry-only")
    c.true(code == 0 and "audit: ok" in text, "and checks: " + text)


def vkey_of(name, seed):
    public = b"\1" + bytes(nacl.signing.SigningKey(seed).verify_key)
    return "%s+%s+%s" % (name, hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8], base64.b64encode(public).decode())


def note_of(proof):
    with open(proof, encoding="utf-8") as f:
        return f.read().partition("\n\n")[2]


@scenario
def the_log_of_a_meeting(c):
    with scene(c) as s:
        meeting(s, 3)
        folder = os.path.dirname(s.daemon.database)
        whole = os.path.join(folder, "copy.db")
        db = sqlite3.connect(s.daemon.database)
        db.execute("VACUUM INTO ?", (whole,))
        entries = [e for _, e in db.execute("SELECT idx, entry FROM log_leaf ORDER BY idx")]
        commit = max(i for i, e in enumerate(entries) if b"\ntype=commit\n" in e)
        db.close()
        code, text = audit("vkey", "--db", whole)
        vkey = text.strip().splitlines()[-1]
        c.equal(code, 0, "vkey: " + text)
        code, text = audit("verify", "--db", whole, "--vkey", vkey, "--signatures")
        c.true(code == 0 and "audit: ok: %d entries" % len(entries) in text, "a log that nobody touched: " + text)
        c.true("in no checkpoint" not in text, "the service signs the end of its log: " + text)

        bad = os.path.join(folder, "bad.db")

        def refused(what, word, *statements, args=()):
            shutil.copy(whole, bad)
            change(bad, *statements)
            code, text = audit("verify", "--db", bad, "--vkey", vkey, *args)
            c.true(code == 1 and word in text, "%s is named: %s" % (what, text))

        n = len(entries)
        flipped = bytearray(entries[4])
        flipped[-3] ^= 1
        refused("a flipped bit", "entry 4: is not the one whose hash the tree was made of", ("UPDATE log_leaf SET entry = ? WHERE idx = 4", bytes(flipped)))
        refused("a dropped entry", "entry 5: is missing", ("DELETE FROM log_leaf WHERE idx = 5",))
        refused("a cut log", "entry %d: is missing" % (n - 1), ("DELETE FROM log_leaf WHERE idx = ?", n - 1))
        refused("two that changed places", "entry 3: is the one that was signed as entry 4", ("UPDATE log_leaf SET entry = ? WHERE idx = 3", entries[4]),
                ("UPDATE log_leaf SET entry = ? WHERE idx = 4", entries[3]))
        refused("a doubled entry", "entry 4: is the one that was signed as entry 3", *SHIFT,
                ("INSERT INTO log_leaf VALUES (4, ?)", entries[3]))
        refused("an entry put in", "entry 4: is not the one", *SHIFT,
                ("INSERT INTO log_leaf VALUES (4, ?)", b"keyroom:1:log\nv=1\nt=1\ntype=start\nversion=2\n"))
        other = entries[4].replace(b"type=", b"type=x", 1)
        refused("an entry rewritten with its hash", "is not the one that was signed", ("UPDATE log_leaf SET entry = ? WHERE idx = 4", other),
                ("UPDATE log_node SET hash = ? WHERE level = 0 AND idx = 4", hashlib.sha256(b"\0" + other).digest()))
        refused("a dropped entry whose place was closed", "entry 5: is the one that was signed as entry 6",
                ("DELETE FROM log_leaf WHERE idx = 5",), ("UPDATE log_leaf SET idx = idx + 1000000 WHERE idx > 5",),
                ("UPDATE log_leaf SET idx = idx - 1000001 WHERE idx > 5",))
        refused("an entry added behind the end", "entry %d: the tree keeps no hash of it" % n, ("INSERT INTO log_leaf VALUES (?, ?)", n, entries[3]))
        refused("a node of the tree", "node 1 of level 1: is not the hash of what is below it",
                ("UPDATE log_node SET hash = ? WHERE level = 1 AND idx = 1", bytes(32)))
        key = sealed_log_key(whole, s.daemon.path("seal.key"), vkey)
        size = db_value(whole, "SELECT size FROM log_checkpoint WHERE n = 2")
        note = checkpoint(key, vkey, size, bytes(32))
        twin = ("CREATE TABLE twin AS SELECT * FROM log_checkpoint",), ("INSERT INTO twin VALUES (9999, ?, ?, ?, 0, ?)", vkey.split("+")[0], size, bytes(32), note), \
            ("DROP TABLE log_checkpoint",), ("ALTER TABLE twin RENAME TO log_checkpoint",)
        refused("two checkpoints of one size", "checkpoint of size %d: two are signed, with different roots" % size, *twin)
        refused("another root, signed with the log's own key", "checkpoint of size %d: its root is not that of the entries: one of the entries" % size,
                ("UPDATE log_checkpoint SET root = ?, note = ? WHERE n = 2", bytes(32), note))
        refused("a checkpoint's row", "checkpoint of size %d: its row does not say what it signs" % (size + 1),
                ("UPDATE log_checkpoint SET size = size + 1 WHERE n = 2",))
        forged = db_value(whole, "SELECT note FROM log_checkpoint WHERE n = 1").replace(b"audit\n", b"audit\n1", 1)
        refused("a forged checkpoint", "bad-signature", ("UPDATE log_checkpoint SET note = ? WHERE n = 1", forged))
        refused("a truncated checkpoint", "checkpoint of size", ("UPDATE log_checkpoint SET note = substr(note, 1, length(note) - 5) WHERE n = 1",))
        refused("evidence that was changed", "its evidence is not the one", ("UPDATE log_evidence SET bytes = ?", db_value(whole, "SELECT bytes FROM log_evidence") + b"\0"), args=("--signatures",))
        code, text = audit("verify", "--db", whole, "--vkey", vkey.replace("+", "x+", 1))
        c.equal(code, 1, "another key's name: " + text)

        proof = os.path.join(folder, "commit.tlog-proof")
        code, text = audit("prove", "--db", whole, "--index", str(commit), "--out", proof)
        c.equal(code, 0, "prove: " + text)
        code, text = audit("check", proof, "--vkey", vkey)
        c.true(code == 0 and text.count(": its key went to exactly the other 2 devices") == 3, "a bundle checks without the service: " + text)
        fields_of_a_bundle(c, folder, whole, vkey, proof)
        done = subprocess.run([EVERY_BYTE, "bundle", proof, vkey], capture_output=True, text=True, timeout=250)
        c.true(done.returncode == 0 and "all refused" in done.stdout, "every bit of a bundle: " + done.stdout + done.stderr)

        page = os.path.join(folder, "report.html")
        code, text = audit("report", "--db", whole, "--out", page)
        html = open(page, encoding="utf-8").read()
        c.true(code == 0 and "Nobody verified anybody." in html and "<script" not in html and vkey in html, "a report: " + text)
        code, text = audit("report", "--db", whole, "--out", page, "--from", "2001-01-01", "--until", "2001-01-02")
        c.true(code == 0 and "no entry that was asked for" in open(page, encoding="utf-8").read(), "a report on nothing: " + text)
        seal = s.daemon.path("seal.key")
        unreadable(c, folder, whole, vkey, seal, page)
        foreign_evidence(c, folder, whole, vkey, seal)
        long_evidence(c, folder, whole, vkey, seal)
        shutil.copy(whole, bad)
        change(bad, *(("DELETE FROM " + name,) for name in ("log_leaf", "log_node", "log_checkpoint", "log_evidence")))
        code, text = audit("report", "--db", bad, "--out", page)
        html = open(page, encoding="utf-8").read()
        c.true(code == 0 and "no entry that was asked for" in html and "no checkpoint yet" in html, "a report on an empty log: " + text)
        code, text = audit("verify", "--db", bad, "--vkey", vkey)
        c.true(code == 1 and "checkpoints: there is none of the log" in text, "an empty log is not the one that was signed: " + text)
        owner = db_value(whole, "SELECT substr(subject, 7) FROM opening WHERE subject LIKE 'owner:%'")
        code, text = audit("show", "--db", whole, "--seal-key", seal, "--person", owner)
        c.true(code == 0 and owner in text, "a person is found: " + text)
        code, text = audit("erase", owner, "--db", whole, "--seal-key", seal)
        c.equal(code, 0, "erase: " + text)
        code, text = audit("erase", owner, "--db", whole, "--seal-key", seal)
        c.true(code == 1 and "nothing ties" in text, "who was erased is not there to be erased: " + text)
        code, text = audit("report", "--db", whole, "--seal-key", seal, "--out", page, "--person", owner)
        c.true(code == 0 and "no entry that was asked for" in open(page, encoding="utf-8").read(), "a report on an erased person: " + text)
        code, text = audit("show", "--db", whole, "--seal-key", seal)
        c.true(code == 0 and owner not in text and "participant=" + owner.split("@")[0] + " " not in text, "an erased person is not found: " + text)
        code, text = audit("verify", "--db", whole, "--vkey", vkey, "--signatures")
        c.true(code == 0 and "was erased" in text, "the roots stay valid: " + text)
        code, text = audit("export", "--db", whole)
        c.equal((code, len(text.splitlines())), (0, n), "export: a line for each entry")


def attestation(verifier, owner, device, by_owner):
    text = "keyroom:1:attest\nverifier=%s\nowner=%s\ndevice=%s\nroom=*\nmethod=sas\nissued=1\nexpires=9999999999\n" % (verifier.hex(), owner, device.hex())
    return ("INSERT INTO attestation VALUES (?, ?, ?, ?, ?, ?, '', 1, x'', ?)", hashlib.sha256(text.encode()).digest(), text.encode(), bytes(64), bytes(32),
            bytes(32), by_owner, bytes(64))


def outside_of_meetings(path, seal_file, vkey, owner, device):
    """An entry of a room that has no instance, as of a stock client: what names somebody in it is opened outside of any meeting."""
    with open(seal_file, encoding="ascii") as f:
        seal = bytes.fromhex(f.read().strip())
    db, lines = sqlite3.connect(path), ""
    for kind, value in (("participant", "annie"), ("owner", owner), ("device", device)):
        key, nonce, subject = os.urandom(32), os.urandom(24), "%s:%s" % (kind, value)
        sealed = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(key, ("opening:%s:%s" % ("00" * 16, subject)).encode(), nonce, seal)
        db.execute("INSERT INTO opening (instance, subject, sealed) VALUES (?, ?, ?)", (bytes(16), subject, nonce + sealed))
        lines += "%s=%s\n" % (kind, base64.b64encode(hmac.digest(key, value.encode(), "sha256")).decode().rstrip("="))
    db.commit()
    db.close()
    append(path, sealed_log_key(path, seal_file, vkey), vkey, ("keyroom:1:log\nv=1\nt=1\ntype=stock-device\n" + lines).encode())


def words_of(path):
    """All that the database says in clear, but for the log itself."""
    db = sqlite3.connect(path)
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('log_leaf', 'log_node', 'device')")]
    words = b"\n".join(v if isinstance(v, bytes) else str(v).encode() for t in tables for row in db.execute("SELECT * FROM " + t) for v in row)
    db.close()
    return words


@scenario
def erased_from_a_live_meeting(c):
    """Nothing is left of a person, whatever the service had of it when it stopped; and the rest is as it was."""
    with scene(c, room_options={"authorise": "registered", "approval": "owners"}) as s:
        s.room.affiliations["anna@example.org"] = "owner"
        anna, bert, guest = everyone = [*s.clients("anna", "bert"), s.client("guest", jid="x1@guest.example.net/web")]
        s.attach(*everyone)
        s.complete([anna, bert])
        c.equal(s.ask(anna, anna.el("approve", {"device": guest.device.hex()})).get("type"), "result", "approve by an owner")
        s.complete(everyone)
        above = anna.highest
        c.equal(s.ask(anna, anna.el("revoke", {"device": guest.device.hex()})).get("type"), "result", "revoke by an owner")
        s.complete([anna, bert], above=above)
        for device in (anna.device, bert.device):
            s.daemon.http("POST", "/v1/approve", {"device": device.hex(), "scope": "*"})
        s.daemon.stop()
        s.server.pump(lambda: not s.server.connection, 60)
        db, seal, who = s.daemon.database, s.daemon.path("seal.key"), "anna@example.org"
        vkey = audit("vkey", "--db", db)[1].strip().splitlines()[-1]
        change(db, attestation(bert.device, who, anna.device, "bert@example.org"), attestation(anna.device, "bert@example.org", bert.device, who),
               attestation(bert.device, "", guest.device, "bert@example.org"))
        outside_of_meetings(db, seal, vkey, who, "5a" * 16)
        said = words_of(db)
        traces = {"its JID": who.encode(), "its nick": b"participant:anna", "its device": anna.device.hex().encode(), "its attach": anna.attach_id,
                  "the roster": b"roster:", "its nick outside of meetings": b"participant:annie", "its device there": b"5a" * 16}
        for what, trace in traces.items():
            c.true(trace in said, "before that there is %s" % what)
        every = "SELECT count(*) FROM opening WHERE instance = x'00000000000000000000000000000000' AND subject = 'device:%s'"
        c.equal(db_value(db, every % anna.device.hex()), 1, "of an approval everywhere")

        code, text = audit("erase", who, "--db", db, "--seal-key", s.daemon.file("other.key", "ab" * 32 + "\n"))
        c.true(code == 1 and "is not the seal key" in text and words_of(db) == said, "with another seal key nothing is erased: " + text)
        code, text = audit("erase", "", "--db", db, "--seal-key", seal)
        c.true(code == 2 and words_of(db) == said, "nobody is not everybody who has no name: " + text)
        read = s.daemon.path("read.db")
        shutil.copy(db, read)
        reader = sqlite3.connect(read, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM opening").fetchone()
        code, text = audit("erase", who, "--db", read, "--seal-key", seal)
        c.true(code == 1 and "hold the old pages still" in text, "while another process reads: " + text)
        reader.close()
        code, text = audit("erase", who, "--db", db, "--seal-key", seal)
        c.true(code == 0 and "does not tie anna@example.org" in text and "begin anew: 1\n" in text and "count no more: 2\n" in text, "erase: " + text)
        said = words_of(db)
        for what, trace in traces.items():
            c.true(trace not in said, "nothing has %s" % what)
        with open(db, "rb") as f:
            c.true(who.encode() not in f.read(), "nor has a free page of the file")
        for sql, want, what in (("SELECT count(*) FROM opening WHERE subject = 'owner:bert@example.org'", 1, "another's name"),
                                ("SELECT count(*) FROM owner_seen WHERE owner = 'bert@example.org'", 1, "another's device"),
                                (every % bert.device.hex(), 1, "what was decided of another"), ("SELECT count(*) FROM attestation", 1, "others' verification"),
                                ("SELECT group_concat(by) FROM revocation", "erased", "a revocation stays, without by whom"),
                                ("SELECT count(*) FROM approval WHERE by = 'operator'", 2, "what the operator decided"),
                                ("SELECT count(*) FROM room", 0, "a room"), ("SELECT count(*) FROM one_time_key", 0, "a one-time key")):
            c.equal(db_value(db, sql), want, what)
        code, text = audit("verify", "--db", db, "--vkey", vkey, "--signatures")
        c.equal(code, 0, "the roots stay valid: " + text)

        before = anna.instance
        change(db, ("DELETE FROM attestation",))
        s.start()
        for client in (anna, bert):
            client.forget()
        s.attach(anna, bert)
        s.complete([anna, bert])
        c.true(anna.instance != before, "the meeting begins anew")
        s.same_keys([anna, bert], "after that")


if __name__ == "__main__":
    sys.exit(main())
