#!/usr/bin/python3
"""The log as others read it (tiles over HTTP), and its witnesses: cosignatures, and a database that was set back."""

import base64
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import sys

from harness.daemon import ROOM
from harness.run import main, scenario
from harness.scene import scene
from harness.witness import Key, Tiles, Witness, leaf, read_text, root_of, split_note

TOOL = os.path.join(os.path.dirname(os.environ["KR_BIN"]), "keyroomctl")
DIRECT = {"no_proxy": "*", "NO_PROXY": "*"}


def audit(*args):
    done = subprocess.run([TOOL, "audit", *args], capture_output=True, text=True, timeout=120, env={**os.environ, **DIRECT})
    return done.returncode, done.stdout + done.stderr


def status_of(s):
    """What `keyroomctl status` shows of the log."""
    done = subprocess.run([TOOL, "--socket", s.daemon.control, "status"], capture_output=True, text=True, timeout=60)
    return [line for line in done.stdout.splitlines() if line.startswith(("log ", "witness "))]


def free_port():
    """One that the kernel gives to no outgoing connection before somebody listens there."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as numbers:
        first = int(numbers.read().split()[0])
    while True:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", random.SystemRandom().randrange(10000, first) if first > 12000 else 0))
                return s.getsockname()[1]
            except OSError:
                continue


def vkey_of(database):
    return audit("vkey", "--db", database)[1].strip().splitlines()[-1]


def rows(database, sql, *values):
    db = sqlite3.connect("file:%s?mode=ro" % database, uri=True, timeout=10)
    found = db.execute(sql, values).fetchall()
    db.close()
    return found


def copy(database, path):
    db = sqlite3.connect(database, timeout=10)
    db.execute("VACUUM INTO ?", (path,))
    db.close()
    os.chmod(path, 0o600)


def many_entries(s, device, count):
    for _ in range(count):
        s.daemon.http("POST", "/v1/approve", {"device": device.hex(), "scope": ROOM})


def write_tiles(tiles, folder):
    """A copy of the log as files; -> its size."""
    def put(path):
        status, body, _ = tiles.get("/" + path)
        assert status == 200, (path, status, body)
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "wb") as f:
            f.write(body)
        return body

    size = read_text(split_note(put("checkpoint"))[0])[1]
    level, count = 0, size
    while count:
        for n in range((count + 255) // 256):
            width = min(256, count - n * 256)
            tail = "%03d%s" % (n, "" if width == 256 else ".p/%d" % width)
            put("tile/%d/%s" % (level, tail))
            if level == 0:
                put("tile/entries/" + tail)
        level, count = level + 1, count // 256
    return size


@scenario
def the_log_over_http(c):
    port = free_port()
    with scene(c, metrics_listen="127.0.0.1:%d" % port) as s:
        anna, _ = s.meeting("anna", "bert")
        many_entries(s, anna.device, 300)
        tiles, vkey = Tiles(port), Key.read(vkey_of(s.daemon.database))
        s.wait(lambda: rows(s.daemon.database, "SELECT (SELECT max(size) FROM log_checkpoint) = (SELECT count(*) FROM log_leaf)")[0][0], "a checkpoint of all", 60)
        status, note, headers = tiles.get("/checkpoint")
        text, signatures = split_note(note)
        origin, size, root = read_text(text)
        c.equal((status, origin, headers["Content-Type"]), (200, vkey.name, "text/plain; charset=utf-8"), "the checkpoint")
        c.true(vkey.holds(text, signatures[origin, vkey.id]), "is signed with the log's key")
        entries = tiles.entries(size)
        c.equal(entries, [e for e, in rows(s.daemon.database, "SELECT entry FROM log_leaf WHERE idx < ? ORDER BY idx", size)], "the entries")
        leaves = [leaf(e) for e in entries]
        c.equal(tiles.hashes(0, size), leaves, "the hashes of level 0")
        c.equal(tiles.hashes(1, size // 256), [root_of(leaves[:256])], "those of level 1")
        c.equal(root_of(leaves), root, "the root")
        status, body, headers = tiles.get("/tile/0/000.p/17")
        c.equal((status, body, "immutable" in headers["Cache-Control"]), (200, b"".join(leaves[:17]), True), "a tile of a smaller tree")
        last = size - 256
        for path, wanted, word in (
                ("/tile/0/001", 404, "tile-outside"), ("/tile/0/001.p/%d" % (last + 1), 404, "tile-outside"), ("/tile/entries/002.p/1", 404, "tile-outside"),
                ("/tile/entries/001", 404, "tile-outside"), ("/tile/1/000.p/2", 404, "tile-outside"), ("/tile/2/000.p/1", 404, "tile-outside"),
                ("/tile/8/000", 404, "tile-outside"), ("/tile/0/x999/999", 404, "tile-outside"), ("/tile/0/000.p/0", 400, "tile-path"),
                ("/tile/0/000.p/256", 400, "tile-path"), ("/tile/0/000.p/017", 400, "tile-path"), ("/tile/64/000", 400, "tile-path"),
                ("/tile/00/000", 400, "tile-path"), ("/tile/0/1", 400, "tile-path"), ("/tile/0/x000/001", 400, "tile-path"),
                ("/tile/0/001/", 400, "tile-path"), ("/tile/0/../0/000", 400, "tile-path"), ("/tile/entries/%00", 400, "tile-path"),
                ("/tile/data/000", 400, "tile-path"), ("/tile/0/" + "x999/" * 40 + "999", 400, "tile-path"), ("/checkpoint/", 404, "only"),
                ("/", 404, "only")):
            status, body, _ = tiles.get(path)
            c.true(status == wanted and word in body.decode(), "%s: %d %r" % (path, status, body))
        status, _, headers = tiles.get("/checkpoint", "POST")
        c.equal((status, headers.get("Allow")), (405, "GET"), "nothing can be written")
        c.true(b"keyroom_log_entries " in tiles.get("/metrics")[1], "the metrics are there too")

        url = "http://127.0.0.1:%d" % port
        code, text = audit("verify", "--tiles", url, "--vkey", str(vkey))
        c.true(code == 0 and "audit: ok:" in text, "verify reads tiles over HTTP: " + text)
        mirror = s.daemon.path("mirror")
        size = write_tiles(tiles, mirror)
        last = size - 256
        code, text = audit("verify", "--tiles", mirror, "--vkey", str(vkey))
        c.true(code == 0 and "audit: ok: %d entries" % size in text, "and from a folder: " + text)

        def refused(what, path, change, *words):
            full = os.path.join(mirror, path)
            with open(full, "rb") as f:
                whole = f.read()
            if change:
                with open(full, "wb") as f:
                    f.write(change(whole))
            else:
                os.unlink(full)
            code, text = audit("verify", "--tiles", mirror, "--vkey", str(vkey))
            c.true(code == 1 and all(w in text for w in words), "%s is named: %s" % (what, text))
            with open(full, "wb") as f:
                f.write(whole)

        def flip(at):
            return lambda b: b[:at] + bytes([b[at] ^ 1]) + b[at + 1:]

        refused("a flipped bit of an entry", "tile/entries/000", flip(2 + 10), "entry 0:")
        refused("a flipped bit of a hash", "tile/0/000", flip(32 * 5), "entry 5:")
        refused("a flipped bit of an inner hash", "tile/1/000.p/1", flip(3), "tile/1/000.p/1:")
        refused("a bundle that is cut", "tile/entries/001.p/%d" % last, lambda b: b[:-1], "tile/entries/001", "tile-length")
        refused("a tile that is too long", "tile/0/000", lambda b: b + b"\0" * 32, "tile/0/000", "tile-length")
        refused("a tile that is not there", "tile/0/000", None, "tile/0/000")
        refused("a forged checkpoint", "checkpoint", lambda b: b.replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1)), "checkpoint", "bad-signature")
        refused("a checkpoint that is not there", "checkpoint", None, "checkpoint")
        code, text = audit("verify", "--tiles", url + "/nowhere", "--vkey", str(vkey))
        c.true(code == 1 and "404" in text, "an address that is none of a log: " + text)
        code, text = audit("verify", "--tiles", mirror, "--vkey", str(Witness(None).key))
        c.equal(code, 1, "a key that is not the log's: " + text)
        code, text = audit("verify", "--tiles", mirror, "--db", s.daemon.database, "--vkey", str(vkey))
        c.equal(code, 2, "one or the other: " + text)


def witnessed(c, witness, port, **more):
    return scene(c, metrics_listen="127.0.0.1:%d" % port, witness=witness.line, witness_interval=1, **more)


def is_cosigned(witness, tiles, above=0):
    status, note, _ = tiles.get("/checkpoint")
    return status == 200 and read_text(split_note(note)[0])[1] > above and witness.cosigned(note)


@scenario
def a_witness_cosigns(c):
    port, witness = free_port(), Witness()
    with witnessed(c, witness, port, start=False) as s:
        s.start(env=DIRECT)
        tiles = Tiles(port)
        anna, bert = s.meeting("anna", "bert")  # the witness does not know the log yet: the service serves all the same
        s.wait(lambda: "it does not know the log" in s.daemon.text(), "word on that", 90)
        vkey = vkey_of(s.daemon.database)
        witness.log = Key.read(vkey)
        s.wait(lambda: is_cosigned(witness, tiles), "cosigned checkpoint", 60)
        size, highest = witness.size, anna.highest
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.complete([anna, bert], above=highest)
        s.wait(lambda: is_cosigned(witness, tiles, above=size), "later one", 60)
        note = tiles.get("/checkpoint")[1]
        c.true(Key.read(vkey).holds(split_note(note)[0], split_note(note)[1][witness.log.name, witness.log.id]), "with the log's own signature")
        stranger = Witness()
        for args, wanted in (((), 0), (("--witness", str(witness.key)), 0), (("--witness", str(stranger.key)), 1)):
            for source in ("--tiles", "http://127.0.0.1:%d" % port), ("--db", s.daemon.database):
                code, text = audit("verify", *source, "--vkey", vkey, *args)
                c.true(code == wanted and (wanted == 0 or "unwitnessed" in text), "%s %s: %s" % (source, args, text))
        stranger.close()
        c.true(b'keyroom_witness_up{witness="witness.example.org"} 1' in tiles.get("/metrics")[1], "metrics say so")
        # Lines that it was not asked for: one in the log's name would keep everybody from opening the checkpoint.
        forged = b"\xe2\x80\x94 %s %s\n" % (witness.log.name.encode(), base64.b64encode(witness.log.id + bytes(64)))
        witness.more, size = forged * 60, witness.size
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.wait(lambda: is_cosigned(witness, tiles, above=size), "cosigned checkpoint with more behind it", 60)
        signed_by = [line.split(b" ")[1].decode() for line in tiles.get("/checkpoint")[1].split(b"\n\n")[1].splitlines()]
        c.equal(signed_by, [witness.log.name, witness.key.name], "who signed what is served")
        code, text = audit("verify", "--tiles", "http://127.0.0.1:%d" % port, "--vkey", vkey, "--witness", str(witness.key))
        c.equal(code, 0, "verify opens it: " + text)
        # What is no cosignature of this witness is not kept.
        entries = lambda: rows(s.daemon.database, "SELECT count(*) FROM log_leaf")[0][0]
        s.wait(lambda: is_cosigned(witness, tiles, above=entries() - 1), "cosigned checkpoint of all", 60)  # none is under way
        known = rows(s.daemon.database, "SELECT count(*) FROM log_cosignature")[0][0]
        witness.wrong = b"\xe2\x80\x94 witness.example.org AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
        s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
        s.wait(lambda: "is not its cosignature" in s.daemon.text(), "word on a wrong cosignature", 90)
        c.equal(rows(s.daemon.database, "SELECT count(*) FROM log_cosignature")[0][0], known, "a wrong one is not kept")
    witness.close()


@scenario
def a_database_that_was_set_back(c):
    port, witness = free_port(), Witness()
    with witnessed(c, witness, port, start=False) as s:
        s.start(env=DIRECT)
        tiles = Tiles(port)
        s.meeting("anna", "bert")
        witness.log = Key.read(vkey_of(s.daemon.database))
        old = s.daemon.path("old.db")
        copy(s.daemon.database, old)
        before = rows(old, "SELECT count(*) FROM log_leaf")[0][0]
        device = s.server.clients["anna@example.org/phone"].device
        many_entries(s, device, 40)
        s.wait(lambda: is_cosigned(witness, tiles, above=before + 30), "cosigned checkpoint", 60)
        s.daemon.stop()
        known = witness.size

        def start_from(path, **options):
            s.daemon.stop()
            for tail in ("", "-wal", "-shm"):
                if os.path.exists(s.daemon.database + tail):
                    os.unlink(s.daemon.database + tail)
            shutil.copy(path, s.daemon.database)
            os.chmod(s.daemon.database, 0o600)
            s.daemon.options.update(options)
            os.truncate(s.daemon.path("log"), 0)
            s.server.clients.clear()
            s.room.occupants.clear()
            s.room.service_nick = None
            s.start(env=DIRECT)

        def attach_is_refused(nick):
            client = s.client(nick)
            client.attach()
            s.wait(lambda: client.refused or client.state, "answer to an attach")
            return bool(client.refused) and s.refused(client.refused[-1], "log-halted")

        signed = rows(old, "SELECT count(*) FROM log_checkpoint")[0][0]
        witness.slow = 1.5  # longer than the service lets an entry go unsigned
        start_from(old)
        witness.slow = 0
        text = s.daemon.text()
        c.true("log -> halted, nobody is served (the witness witness.example.org has cosigned %d entries" % known in text and "it was set back); to do:" in text,
               "what, why, what to do: " + s.daemon.tail())
        c.true(text.index("log -> halted") < text.index("link -> up"), "before anybody is served: " + s.daemon.tail())
        c.true(attach_is_refused("carl"), "nobody is served")
        for path in ("/checkpoint", "/tile/entries/000.p/1"):
            status, body, _ = tiles.get(path)
            c.true(status == 503 and b"log-halted" in body, "%s is not served: %d %r" % (path, status, body))
        shown = status_of(s)
        c.true(len(shown) == 2 and "HALTED" in shown[0] and "witness.example.org" in shown[1], "the operator is shown it: %r" % shown)
        s.daemon.stop()
        c.equal(rows(s.daemon.database, "SELECT count(*) FROM log_checkpoint")[0][0], signed, "nothing was signed since")
        # Unreachable, it keeps nobody from starting; back again, it sees that another log went on.
        witness.down = True
        start_from(old)
        c.true("no cosignature, trying again (HTTP status 500)" in s.daemon.text(), "said once: " + s.daemon.tail())
        anna, bert = s.meeting("anna", "bert")
        many_entries(s, anna.device, 60)
        s.wait(lambda: rows(s.daemon.database, "SELECT max(size) FROM log_checkpoint")[0][0] > known, "longer log")
        witness.down = False
        s.wait(lambda: "are not those of the database: it was set back and went on" in s.daemon.text(), "word on a fork", 90)
        c.true(attach_is_refused("dora"), "nobody is served any more")
        # The way out.
        s.daemon.stop()
        code, text = audit("new-origin", "--db", s.daemon.database)
        c.equal(code, 0, "new-origin: " + text)
        copy(s.daemon.database, s.daemon.path("again.db"))
        start_from(s.daemon.path("again.db"))
        witness.log, witness.size, witness.root = Key.read(vkey_of(s.daemon.database)), 0, None
        c.true(re.search("/audit/[0-9a-f]{8}$", witness.log.name), "a new log has another name: " + str(witness.log))
        s.meeting("emil", "fred")
        s.wait(lambda: is_cosigned(witness, tiles), "cosigned checkpoint of the new log", 60)
    witness.close()


@scenario
def one_backup_restored_twice(c):
    """Each time another log begins, though the database is the same: one origin never has two keys."""
    with scene(c) as s:
        s.meeting("anna", "bert")
        old = s.daemon.path("old.db")
        copy(s.daemon.database, old)
        keys = [Key.read(vkey_of(s.daemon.database))]
        for _ in range(2):
            s.daemon.stop()
            done = subprocess.run([TOOL, "restore", "--from", old, "--database", s.daemon.database], capture_output=True, text=True, timeout=120)
            c.equal(done.returncode, 0, "restore: " + done.stderr)
            s.room.service_nick = None
            s.start()
            keys.append(Key.read(vkey_of(s.daemon.database)))
            c.true(re.fullmatch(re.escape(keys[0].name) + "/[0-9a-f]{8}", keys[-1].name), "another name: " + str(keys[-1]))
        c.equal(len({key.name for key in keys}), 3, "an origin has two keys: %s" % [str(key) for key in keys])


@scenario
def one_that_nobody_reaches(c):
    witness = Witness()
    witness.close()
    with witnessed(c, witness, free_port(), start=False, log_level="debug") as s:
        s.start(env=DIRECT)
        anna, bert = s.meeting("anna", "bert")
        s.same_keys([anna, bert], "served without it")
        attempts = lambda level: s.daemon.text().count(" %s witness witness.example.org at" % level)
        s.wait(lambda: attempts("debug") >= 2, "three attempts", 60)
        c.equal(attempts("warn"), 1, "one line for all attempts")
        shown = status_of(s)
        c.true(len(shown) == 2 and "HALTED" not in shown[0] and "last time: " in shown[1], "what went wrong last: %r" % shown)
        c.true(rows(s.daemon.database, "SELECT count(*) FROM log_checkpoint")[0][0] > 0, "and the log is signed")


if __name__ == "__main__":
    sys.exit(main())
