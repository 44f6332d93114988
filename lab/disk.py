"""Small file systems of our own, for what a disk does to a database: it fills up, or it cannot be written any more.

    Tmpfs   a few hundred kB that can be filled and emptied
    Image   ext4 in a file: the kernel's own ways of being read-only, also under a running process

Both need root: impossible() says what is missing. close() unmounts.
"""

import errno
import os
import shutil
import subprocess

from lab.proc import LabError


def _run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip()}")


def impossible(*programs):
    """Why a file system cannot be mounted here, or None."""
    if os.geteuid() != 0:
        return "only root may mount"
    missing = [program for program in ("mount", "umount", *programs) if not shutil.which(program)]
    return f"{missing[0]} is not installed" if missing else None


class _Mounted:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self._umount()  # what a run that was killed hard left behind

    def _umount(self):
        if os.path.ismount(self.folder):
            _run("umount", "-l", self.folder)  # lazily: a process of a test that failed may still have a file open

    def close(self):
        self._umount()


class Tmpfs(_Mounted):
    def __init__(self, folder, kilobytes):
        super().__init__(folder)
        _run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=0700", "keyroom-lab", folder)
        self._filler = os.path.join(folder, "filler")

    def fill(self, leave=0):
        """Takes all the room but so many bytes."""
        with open(self._filler, "ab") as out:
            for _ in range(100):  # whoever writes there meanwhile takes some of it
                room = os.statvfs(self.folder)
                free = room.f_bavail * room.f_frsize - leave
                if free <= 0:
                    return
                try:
                    os.posix_fallocate(out.fileno(), os.path.getsize(self._filler), free)
                    return
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        raise LabError(f"{self.folder} does not become full")

    def make_room(self):
        os.unlink(self._filler)


class Image(_Mounted):
    """errors=remount-ro is Debian's own choice: at the first error of the disk the kernel lets nobody write any more."""

    def __init__(self, folder, megabytes=16):
        super().__init__(folder)
        self._image = folder + ".ext4"
        with open(self._image, "wb") as out:
            out.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", self._image)
        self.mount()

    def mount(self, options="errors=remount-ro"):
        self._umount()
        _run("mount", "-o", "loop," + options, self._image, self.folder)

    def fail(self):
        """The disk has an error: all is read-only from now on, under open files too."""
        _run("mount", "-o", "remount,abort", self.folder)

    def repair(self):
        """What an administrator does then."""
        self._umount()
        subprocess.run(["e2fsck", "-fy", self._image], capture_output=True)
        self.mount()

    def close(self):
        super().close()
        if os.path.exists(self._image):
            os.unlink(self._image)
