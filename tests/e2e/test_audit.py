#!/usr/bin/python3
"""The log of a real meeting, changed in every place: 2,000 entries and more that keyroomd made with a real Prosody, of rooms that
come and go and of two who verify each other. Every byte of every entry is changed once (tests/component/every_byte.c), and some
places through the program itself."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time

import common
import light
import soak
from common import expect
from lab import prosody
from test_verify import verify

ENTRIES, ROOMS, RATE, PLACES = 2000, 60, 40, 40


def run(m, *command, status=0):
    done = subprocess.run([os.path.join(m.bin, command[0]), *command[1:]], capture_output=True, text=True, env=m.env, timeout=250)
    expect(done.returncode == status, f"{' '.join(command)} -> {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def entries(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return db.execute("SELECT ifnull(max(idx) + 1, 0) FROM log_leaf").fetchone()[0]
    finally:
        db.close()


def copy(m, name):
    path = os.path.join(m.folder, name)
    db = sqlite3.connect(m.database)
    db.execute("VACUUM INTO ?", (path,))
    db.close()
    return path


def a_busy_hour(m, random):
    """Rooms come and go until the log is long enough."""
    crowd = soak.Crowd(m, random, ROOMS)
    end, turn = time.monotonic() + 400, 0
    while turn % 20 or entries(m.database) < ENTRIES:
        expect(time.monotonic() < end, f"only {entries(m.database)} entries came of it")
        turn += 1
        crowd.step()
        crowd.look_after()
        time.sleep(1 / RATE)
    with light.lock:
        for room in list(crowd.rooms):
            crowd.end(room)
    for line in crowd.lines:
        line.close()


def changed_places(m, whole, vkey, random):
    """Single bytes of entries, as they stand in the file, seen by the program as a user runs it."""
    db = sqlite3.connect(whole)
    rows = dict(db.execute("SELECT idx, entry FROM log_leaf"))
    db.close()
    bent = os.path.join(m.folder, "bent.db")
    shutil.copy(whole, bent)
    db = sqlite3.connect(bent, isolation_level=None)
    for name in ("log_leaf_no_update", "log_leaf_no_delete", "log_leaf_no_holes"):
        db.execute("DROP TRIGGER IF EXISTS " + name)
    for _ in range(PLACES):
        idx = random.choice(list(rows))
        entry = bytearray(rows[idx])
        entry[random.randrange(len(entry))] ^= 1 << random.randrange(8)
        db.execute("UPDATE log_leaf SET entry = ? WHERE idx = ?", (bytes(entry), idx))
        found = run(m, "keyroomctl", "audit", "verify", "--db", bent, "--vkey", vkey, status=1)
        expect(f"entry {idx}: " in found, f"entry {idx} is not named: {found}")
        db.execute("UPDATE log_leaf SET entry = ? WHERE idx = ?", (rows[idx], idx))
    db.close()
    run(m, "keyroomctl", "audit", "verify", "--db", bent, "--vkey", vkey)


def largest_commit(whole):
    db = sqlite3.connect(whole)
    commits = [(int(re.search(rb"\ntotal=(\d+)\n", entry)[1]), idx) for idx, entry in db.execute("SELECT idx, entry FROM log_leaf")
               if b"\ntype=commit\n" in entry]
    db.close()
    return max(commits)


def body(m, args):
    peers = [m.peer(name, extra=("--attest-for", "3600")) for name in ("ann", "bob")]
    m.until_keyed(peers)
    verify(m, *peers)
    a_busy_hour(m, args.random)
    m.until_keyed(peers)
    m.stop_keyroomd()
    whole = copy(m, "whole.db")
    vkey = run(m, "keyroomctl", "audit", "vkey", "--db", whole).split()[-1]
    told = run(m, "keyroomctl", "audit", "verify", "--db", whole, "--vkey", vkey, "--signatures")
    print(told.strip(), flush=True)
    expect("in no checkpoint" not in told, "the end of the log is signed")
    print(run(m, "kr-every-byte", "log", whole, vkey).strip(), flush=True)
    changed_places(m, whole, vkey, args.random)
    print(f"{PLACES} places through the program: all named", flush=True)

    devices, idx = largest_commit(whole)
    bundle = os.path.join(m.folder, "commit.tlog-proof")
    run(m, "keyroomctl", "audit", "prove", "--db", whole, "--index", str(idx), "--out", bundle)
    told = run(m, "keyroomctl", "audit", "check", bundle, "--vkey", vkey)
    expect(f"{devices} devices:" in told and "its key went to" in told, told)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("audit"), body, inviters=(f"*@{prosody.GUESTS}",)))
