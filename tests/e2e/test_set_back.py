#!/usr/bin/python3
"""An old database is put in the place of the newer one behind the service's back. The participants hold what was signed since, so
the service finds out, neither signs nor serves, and says so, until its operator begins a new log; of which all are told."""

import os
import shutil
import sqlite3
import subprocess
import sys

import common
from common import expect
from lab.meeting import ROOM


def audit(m, *args):
    done = subprocess.run([os.path.join(m.bin, "keyroomctl"), "audit", *args], capture_output=True, text=True, env=m.env, timeout=250)
    expect(done.returncode == 0, f"audit {' '.join(args)}: {done.stdout}{done.stderr}")
    return done.stdout


def alarms(peer):
    return [e["what"] for e in peer.events if e.get("event") == "alarm"]


def put_back(m, old):
    for tail in ("-wal", "-shm"):
        if os.path.exists(m.database + tail):
            os.unlink(m.database + tail)
    shutil.copy(old, m.database)


def body(m, _args):
    peers = [m.peer("ann"), m.peer("bob")]
    m.until_heard(peers)
    old = os.path.join(m.folder, "old.db")
    m.ctl("backup", old)
    epoch = peers[0].announces[peers[0].current]["epoch"]
    m.ctl("rotate", ROOM)
    m.until(lambda: m.keyed(peers) and peers[0].announces[peers[0].current]["epoch"] > epoch, 60, "a rotation that the old one does not know")
    # who asks for its proof (6.13) while the old database serves is shown a mismatch, which nobody but its user ends
    m.until(lambda: all(p.last("proved") and p.last("proved")["epoch"] > epoch for p in peers), 90, "nobody is still to ask for its proof")
    last = [peer.order[-1] for peer in peers]
    m.stop_keyroomd()
    put_back(m, old)
    mark = m.log_mark()
    m.start_keyroomd()
    m.until(lambda: m.logged(r"log -> halted, nobody is served \(a client holds a checkpoint", mark), 60, "the service halts")
    m.until(lambda: all(p.last("state") and p.last("state")["mode"] == "suspended" for p in peers), 60, "all are told that nobody is served")
    expect("set back" in peers[0].last("state")["text"], f"and why: {peers[0].last('state')}")
    before = audit(m, "vkey", "--db", m.database).split()
    size = sqlite3.connect(m.database).execute("SELECT max(size) FROM log_checkpoint").fetchone()[0]
    m.stop_keyroomd()
    mark = m.log_mark()
    m.start_keyroomd()      # and it stays halted
    m.until(lambda: m.logged(r"log -> halted", mark), 60, "it does not serve again after a restart")
    m.stop_keyroomd()
    expect(sqlite3.connect(m.database).execute("SELECT max(size) FROM log_checkpoint").fetchone()[0] == size, "it signed while it was halted")
    expect([p.order[-1] for p in peers] == last, "an epoch was announced while it was halted")

    audit(m, "new-origin", "--db", m.database)
    m.start_keyroomd()
    m.until(lambda: all(p.order[-1] not in last for p in peers) and m.keyed(peers), 60, "an epoch with a new log")
    m.until(lambda: all("log-begun-anew" in alarms(p) for p in peers), 60, "all are told that the log begins anew")
    after = audit(m, "vkey", "--db", m.database).split()
    expect(len(after) == len(before) + 1 and after[-1].startswith(before[-1].split("+")[0] + "/"), f"a log of another origin: {after}")
    m.until_heard(peers)
    before = peers[0].current
    m.stop_keyroomd()
    for vkey in after:
        audit(m, "verify", "--db", m.database, "--vkey", vkey)
    m.start_keyroomd()
    m.until(lambda: m.keyed(peers) and peers[0].current != before, 60, "all are keyed anew after a restart")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("set_back"), body))
