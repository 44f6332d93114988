#!/usr/bin/env python3
"""The disk is full in mid-meeting. keyroomd ends and says what to do; what it has sent is in the store; once there is room and
it is started again the meeting goes on, and no number and no one-time key is used twice. Two ways for a disk to be full: a file
system without room, and a limit on the size of files."""

import base64
import os
import resource
import shutil
import sqlite3
import sys
import time

import common
from common import expect
from lab import disk, meeting

ENDS_S = 20.0    # after the disk is full: the next write that no room is left for
KEYED_S = 30.0   # after the start: presence of all, an epoch, sanitized


class FullDisk:
    """A file system without room."""

    name, at_start = "no room", True

    def __init__(self, m):
        self._fs = disk.Tmpfs(os.path.join(m.folder, "disk"), 2048)
        self.folder = self._fs.folder
        self.fill, self.make_room, self.close = self._fs.fill, self._fs.make_room, self._fs.close


class SizeLimit:
    """ulimit -f, or systemd's LimitFSIZE=: files may not grow any more. A new process is free of it."""

    name, at_start = "size limit", False

    def __init__(self, m):
        self._m = m
        self.folder = os.path.join(m.folder, "limited")
        os.makedirs(self.folder, exist_ok=True)

    def fill(self, leave=0):
        size = os.path.getsize(self._m.database + "-wal") + leave
        expect(size > self._m.log_mark() + 100000, "the log would be cut before the database is")
        resource.prlimit(self._m.keyroomd.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def make_room(self):
        pass

    close = make_room


def stored(m):
    """(announced epochs by instance, unclaimed one-time keys) as the next start will find them."""
    copy = os.path.join(m.folder, "look")
    os.makedirs(copy, exist_ok=True)
    for tail in ("", "-wal"):
        if os.path.exists(m.database + tail):
            shutil.copy(m.database + tail, os.path.join(copy, "keyroom.db" + tail))
    with sqlite3.connect(os.path.join(copy, "keyroom.db")) as db:
        epochs = {(instance.hex(), str(epoch)) for instance, epoch in db.execute("SELECT instance, epoch FROM epoch")}
        keys = {base64.b64encode(key).decode().rstrip("=") for (key,) in db.execute("SELECT key FROM one_time_key")}
    shutil.rmtree(copy)
    return epochs, keys


def compare(m, since):
    """What Prosody saw of this database is in it."""
    epochs, keys = stored(m)
    watched = m.prosody.watched()[since:]
    unknown = {(words[1], words[2]) for words in watched if words[0] == "announce"} - epochs
    expect(not unknown, f"announced, and not in the store: {sorted(unknown)}")
    again = {words[2] for words in watched if words[:2] == ["claimed", "one-time"]} & keys
    expect(not again, f"{len(again)} one-time keys were handed out and are still there to be claimed")
    return len(epochs)


def rotate(m, _peers):
    m.ctl("rotate", meeting.ROOM, check=False)


def come(m, peers):
    peers.append(m.peer(f"p{len(m.lives)}"))


def go(_m, peers):
    peer = peers.pop(0)
    peer.ended_early = True
    peer.quit()


def fill(m, store, peers, cause, random):
    """Until keyroomd has ended of it."""
    since = m.log_mark()
    if cause is come:  # its keys are claimed while the disk becomes full
        come(m, peers)
        with m.changed:
            count = sum(peer.count("announce") for peer in m.peers)
            end = time.monotonic() + 5
            while sum(peer.count("announce") for peer in m.peers) == count and time.monotonic() < end:
                m.changed.wait(0.05)
    store.fill(leave=random.choice((0, 0, 4096, 16384, 40000)))
    if cause is go:
        go(m, peers)
    end = time.monotonic() + ENDS_S
    while m.keyroomd.poll() is None:
        expect(time.monotonic() < end, f"keyroomd goes on for {ENDS_S:.0f} s on a full disk")
        rotate(m, peers)
        time.sleep(0.2)
    status = m.await_keyroomd_end()
    lines = m.logged(r"store: .* -> failed, stopping", since)
    expect(status == 1, f"keyroomd ended with status {status} when the disk was full")
    expect(len(lines) == 1 and "is full" in lines[0] and "make room on the disk" in lines[0],
           f"the log does not say that the disk is full and what to do: {lines}")
    return lines[0]


def start_refused(m):
    """Started again without room, it says so again."""
    since = m.log_mark()
    m.start_keyroomd(wait=False)
    status = m.await_keyroomd_end()
    lines = m.logged(r"store: .* -> failed, stopping", since)
    expect(status == 1 and len(lines) == 1 and "make room on the disk" in lines[0],
           f"started on a full disk: status {status}, {lines}")
    print(f"  at start: {lines[0]}", flush=True)


def times(m, store, peers, args, causes):
    """The database moves to that store, and its disk fills up for each of the causes."""
    m.stop_keyroomd()
    m.database = os.path.join(store.folder, "keyroom.db")
    m.configure()
    since = len(m.prosody.watched())
    before = {key for peer in m.peers for key in peer.order}
    m.start_keyroomd()
    m.until(lambda: m.keyed(peers) and peers[0].current not in before, KEYED_S, "an epoch of all in the new database")
    for cause in causes:
        line = fill(m, store, peers, cause, args.random)
        epochs = compare(m, since)
        print(f"{store.name}, {cause.__name__}: {epochs} epochs in the store, none announced beside it\n  {line}", flush=True)
        before = {key for peer in m.peers for key in peer.order}
        if store.at_start and cause is causes[0]:
            start_refused(m)
            compare(m, since)
        store.make_room()
        started = m.start_keyroomd()
        m.until(lambda: m.keyed(peers) and peers[0].current not in before, KEYED_S, "an epoch of all from after the start")
        print(f"  all keyed again {time.monotonic() - started:.2f} s after the start", flush=True)
        m.until_heard(peers)


def body(m, args):
    peers = [m.peer(f"p{i}") for i in range(4)]
    why = disk.impossible()
    if why:
        print(f"no file system without room: {why}", flush=True)
    causes = [rotate, come, go] * (4 if common.DEEP else 1)
    for kind, some in ((FullDisk, causes), (SizeLimit, causes[:1])):
        if kind is FullDisk and why:
            continue
        store = kind(m)
        try:
            times(m, store, peers, args, causes if why else some)
        finally:
            if m.keyroomd:
                m.kill_keyroomd()
            store.close()
    # The last store is gone; what the meeting counted is left.
    m.drain(peers)
    common.judge(m)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("disk_full"), body, watch=True))
