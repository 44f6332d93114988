"""The directory of devices: how many one-time keys a second the store hands out, and what many devices on disk cost a start."""

import json
import os
import sqlite3
import subprocess
import time

from lab import proc
from lab.bench.stage import Stage

ATTACHES = 400                      # of fifty keys each
BATCHES = (1, 64, 512)              # claims in one transaction: what a turn carries, from an idle service to a busy one
PART = 200000                       # rows of one transaction

# Rows of the project's own schema; ids and keys are random, so the index is as wide as in life.
_DEVICES = """
INSERT INTO device (id, ed25519, curve25519, first_seen_ms, last_seen_ms)
WITH RECURSIVE row (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row WHERE i < ?)
SELECT randomblob(16), randomblob(32), randomblob(32), ?, ? FROM row
"""


def _fill(path, count):
    now = int(time.time() * 1000)
    db = sqlite3.connect(path, isolation_level=None)
    try:
        while count:
            part = min(count, PART)
            db.execute("BEGIN IMMEDIATE")
            db.execute(_DEVICES, (part, now, now))
            db.execute("COMMIT")
            count -= part
    finally:
        db.close()


def _resident(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def _start(stage):
    """Seconds until keyroomd says that it is ready, and its memory then."""
    began = time.monotonic()
    ready = stage.start_keyroomd(seconds=120)
    rss = _resident(stage.keyroomd.pid)
    stage.stop_keyroomd()
    return {"start": ready - began, "rss": rss}


def _claims(stage, batch):
    argv = [os.path.join(stage.bin, "kr-claims"), stage.database, os.path.join(stage.folder, "seal.key"), str(ATTACHES), str(batch)]
    done = subprocess.run(argv, capture_output=True, text=True, env=stage.env, check=False)
    if done.returncode:
        raise proc.LabError(f"kr-claims: {done.stderr.strip()}")
    return json.loads(done.stdout)["claims_per_s"]


def measure(bench):
    stage = Stage(os.path.join(bench.args.out, "stages", "directory"), bench.args.bin)
    try:
        stage.start()
        stage.stop_keyroomd()       # it has made the database
        empty = _start(stage)
        _fill(stage.database, bench.args.devices)
        for name, metrics in (("empty", empty), ("full", _start(stage))):
            devices = bench.args.devices if name == "full" else 0
            bench.results.add("directory", devices, "keyroomd", [metrics])
            bench.say(f"directory          {devices} devices on disk: ready after {metrics['start']:.3f} s, "
                      f"{metrics['rss'] / 1e6:.1f} MB")
        for batch in BATCHES:
            rate = _claims(stage, batch)
            bench.results.add("directory-claims", batch, "keyroomd", [{"claims_per_s": rate}])
            bench.say(f"directory          {rate:.0f} keys a second, {batch} in a transaction")
    finally:
        stage.close()
