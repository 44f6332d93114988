#!/usr/bin/env python3
"""A backup is restored in mid-meeting: what was live is not in it, and the server may never show that the service was away. All
attach again by themselves within the bound of the protocol, get an instance of their own, and lose nothing."""

import os
import subprocess
import sys
import time

import common
from common import expect

# docs/protocol.md 7.8: 5 s until they ask, at most 5 s between two attaches, an epoch; sanitized, on a slow machine
BACK_S = 30.0


def restore(m, backup):
    done = subprocess.run([os.path.join(m.bin, "keyroomctl"), "restore", "--from", backup, "--database", m.database],
                          capture_output=True, text=True, env=m.env, timeout=60)
    expect(done.returncode == 0, f"restore -> {done.returncode}: {done.stderr}")


def body(m, _args):
    peers = [m.peer(f"p{i}") for i in range(3)]
    m.until_heard(peers)
    backup = os.path.join(m.folder, "backup.db")
    m.ctl("backup", backup)
    peers.append(m.peer("later"))  # the backup does not know of it
    m.until_heard(peers)
    before = {key for peer in peers for key in peer.order}
    m.stop_keyroomd()
    restore(m, backup)
    started = m.start_keyroomd()
    m.until(lambda: m.keyed(peers) and peers[0].current not in before, BACK_S, "an epoch of all after the restore")
    print(f"all keyed again {time.monotonic() - started:.2f} s after the start", flush=True)
    m.until_heard(peers)
    newest = {peer.announces[peer.current]["instance"][:8] for peer in peers}
    expect(not newest & {key.split("/")[0] for key in before}, "an instance from before the restore goes on")
    m.drain(peers)
    common.judge(m)
    common.judge_watch(m)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("restore"), body, watch=True))
