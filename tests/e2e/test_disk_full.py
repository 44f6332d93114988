#!/usr/bin/env python3
"""The disk is full in mid-meeting. keyroomd ends and says what to do; what it has sent is in the store; once there is room and
it is started again the meeting goes on, and no number and no one-time key is used twice. Two ways for a disk to be full: a file
system without room, and a limit on the size of files."""

import os
import resource
import sys
import time

import common
import storage
from common import expect
from lab import disk, meeting

ENDS_S = 60.0  # after the disk is full: the next write that no room is left for


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
    return storage.ended(m, since, "is full", "make room on the disk")


def start_refused(m):
    """Started again without room, it says so again."""
    since = m.log_mark()
    m.start_keyroomd(wait=False)
    line = storage.ended(m, since, "make room on the disk")
    print(f"  at start: {line}", flush=True)


def times(m, store, peers, args, causes):
    """The database moves to that store, and its disk fills up for each of the causes."""
    since = storage.move(m, store.folder, peers)
    for cause in causes:
        line = fill(m, store, peers, cause, args.random)
        epochs = storage.compare(m, since)
        print(f"{store.name}, {cause.__name__}: {epochs} epochs in the store, none announced beside it\n  {line}", flush=True)
        if store.at_start and cause is causes[0]:
            start_refused(m)
            storage.compare(m, since)
        store.make_room()
        print(f"  all keyed again {storage.start(m, peers):.2f} s after the start", flush=True)


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
            storage.close(m, store)
    storage.judge(m, peers)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("disk_full"), body, watch=True))
