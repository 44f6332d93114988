"""What tests of the store's disk share: a database on a disk of their own, and whether what was sent is in it."""

import base64
import os
import shutil
import sqlite3
import time

import common
from common import expect

KEYED_S = 90.0  # after the start: presence of all, an epoch, sanitized; with an empty database all attach anew


def move(m, folder, peers):
    """keyroomd goes on with a new database in that folder. Returns the place in what Prosody saw from which on it is the
    database's."""
    m.stop_keyroomd()
    m.database = os.path.join(folder, "keyroom.db")
    m.configure()
    since = len(m.prosody.watched())
    start(m, peers)
    return since


def start(m, peers):
    """Returns the seconds from when it is ready until all hold a committed epoch from after that."""
    before = {key for peer in m.peers for key in peer.order}
    started = m.start_keyroomd()
    m.until(lambda: m.keyed(peers) and peers[0].current not in before, KEYED_S, "an epoch of all from after the start")
    took = time.monotonic() - started
    m.until_heard(peers)
    return took


def close(m, store):
    """keyroomd must not hold the file system that goes."""
    if m.keyroomd:
        m.kill_keyroomd()
    store.close()


def judge(m, peers):
    """The store is gone; what the meeting counted is left."""
    m.drain(peers)
    common.judge(m)
    common.judge_watch(m)


def ended(m, since, *says):
    """keyroomd has ended, or does: with status 1, and one line that says why and what to do. Returns the line."""
    status = m.await_keyroomd_end()
    lines = m.logged(r"store: .* -> failed, stopping", since)
    expect(status == 1, f"keyroomd ended with status {status}")
    expect(len(lines) == 1 and all(text in lines[0] for text in says), f"the log does not say {says}: {lines}")
    return lines[0]


def stored(m):
    """(announced epochs by their instance's tag, unclaimed one-time keys) as the next start will find them."""
    copy = os.path.join(m.folder, "look")
    os.makedirs(copy, exist_ok=True)
    for tail in ("", "-wal"):
        if os.path.exists(m.database + tail):
            shutil.copy(m.database + tail, os.path.join(copy, "keyroom.db" + tail))
    with sqlite3.connect(os.path.join(copy, "keyroom.db")) as db:
        epochs = {(base64.b64encode(instance[:6]).decode(), str(epoch)) for instance, epoch in db.execute("SELECT instance, epoch FROM epoch")}
        keys = {base64.b64encode(key).decode().rstrip("=") for (key,) in db.execute("SELECT key FROM one_time_key")}
    shutil.rmtree(copy)
    return epochs, keys


def _settled(m):
    """What Prosody saw, when nothing is under way any more."""
    before = None
    while (watched := m.prosody.watched()) != before:
        before = watched
        time.sleep(0.2)
    return watched


def compare(m, since):
    """What Prosody saw of this database is in it."""
    epochs, keys = stored(m)
    watched = _settled(m)[since:]
    unknown = {(words[1], words[2]) for words in watched if words[0] == "announce"} - epochs
    expect(not unknown, f"announced, and not in the store: {sorted(unknown)}")
    again = {words[2] for words in watched if words[:2] == ["claimed", "one-time"]} & keys
    expect(not again, f"{len(again)} one-time keys were handed out and are still there to be claimed")
    return len(epochs)
