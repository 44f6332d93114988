#!/usr/bin/env python3
"""The database cannot be written: at start, in three ways, and from one moment to the next in mid-meeting, as the kernel does
after an error of the disk. keyroomd refuses to start, or ends, and says what to do; once it may write, the meeting goes on."""

import contextlib
import os
import subprocess
import sys
import time

import common
import storage
from common import expect
from lab import disk, meeting

ENDS_S = 60.0
SAYS = "writable for"  # "make the file and its folder writable for this user"


class Image:
    """As root, whom modes do not hold: a file system mounted read-only, and files that the file system lets nobody change."""

    def __init__(self, m):
        self.fs = disk.Image(os.path.join(m.folder, "disk"))
        self.folder, self.close = self.fs.folder, self.fs.close

    @contextlib.contextmanager
    def _immutable(self, path):
        subprocess.run(["chattr", "+i", path], check=True)
        try:
            yield
        finally:
            subprocess.run(["chattr", "-i", path], check=True)

    def file(self):
        return self._immutable(os.path.join(self.folder, "keyroom.db"))

    def directory(self):
        return self._immutable(self.folder)

    @contextlib.contextmanager
    def system(self):
        self.fs.mount("ro")
        try:
            yield
        finally:
            self.fs.mount()

    def ways(self):
        return {"the file": self.file, "the folder": self.directory, "the file system": self.system}


class Modes:
    """As anybody else: what chmod does."""

    def __init__(self, m):
        self.folder = os.path.join(m.folder, "disk")
        os.makedirs(self.folder)

    def close(self):
        os.chmod(self.folder, 0o700)

    @contextlib.contextmanager
    def _mode(self, path, mode, after):
        os.chmod(path, mode)
        try:
            yield
        finally:
            os.chmod(path, after)

    def ways(self):
        return {"the file": lambda: self._mode(os.path.join(self.folder, "keyroom.db"), 0o400, 0o600),
                "the folder": lambda: self._mode(self.folder, 0o500, 0o700)}


def at_start(m, store, peers):
    """Stopped in order, and not to be started again."""
    for name, way in store.ways().items():
        m.stop_keyroomd()
        with way():
            since = m.log_mark()
            m.start_keyroomd(wait=False)
            line = storage.ended(m, since, SAYS)
        print(f"{name} is read-only at start:\n  {line}\n  all keyed again {storage.start(m, peers):.2f} s after it is not",
              flush=True)


def while_running(m, store, peers, since):
    """Open files too: nothing can be written from one moment to the next."""
    mark = m.log_mark()
    os.sync()  # what is in memory and clean is what the kernel looks at most closely when it is written to
    store.fs.fail()
    end = time.monotonic() + ENDS_S
    while m.keyroomd.poll() is None:
        expect(time.monotonic() < end, f"keyroomd goes on for {ENDS_S:.0f} s on a disk that cannot be written")
        m.ctl("rotate", meeting.ROOM, check=False)
        time.sleep(0.2)
    line = storage.ended(m, mark, SAYS)
    storage.compare(m, since)
    m.until(lambda: peers[0].current == peers[-1].current, 20, "members are in the same epoch after keyroomd has ended")
    store.fs.repair()
    print(f"read-only under it:\n  {line}\n  all keyed again {storage.start(m, peers):.2f} s after the repair", flush=True)


def body(m, _args):
    peers = [m.peer(f"p{i}") for i in range(3)]
    why = disk.impossible("mkfs.ext4", "e2fsck", "chattr")
    store = Modes(m) if why else Image(m)
    try:
        since = storage.move(m, store.folder, peers)
        at_start(m, store, peers)
        if why:
            print(f"not shown under a running keyroomd: {why}", flush=True)
        else:
            while_running(m, store, peers, since)
    finally:
        storage.close(m, store)
    storage.judge(m, peers)


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("readonly"), body, watch=True))
