"""Processes that cannot outlive whoever started them.

Each child gets a session of its own (so that Ctrl-C reaches only the parent, which then stops everything in order) and the
kernel's promise to be killed when the parent dies. Start children from the main thread: the promise is tied to it.
"""

import ctypes
import os
import pwd
import random
import signal
import socket
import subprocess
import time

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1

# What a sanitizer prints when it has found something.
_SANITIZER = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "AddressSanitizer:DEADLYSIGNAL")


class LabError(Exception):
    """Something else happened than was expected. The text says what, and where to look."""


def spawn(argv, *, log, user=None, cwd=None, env=None, stdin=subprocess.DEVNULL, stdout=None, pass_fds=()):
    """Starts argv. `log` is the path that takes stderr, and stdout unless that is given. `user` is a pwd entry."""
    parent = os.getpid()

    def prepare():
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        # After the change of user, which would clear it.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(127)

    with open(log, "ab", buffering=0) as out:
        return subprocess.Popen(argv, stdin=stdin, stdout=out if stdout is None else stdout, stderr=out, cwd=cwd, env=env,
                                start_new_session=True, preexec_fn=prepare, pass_fds=pass_fds)


def stop(process, seconds=60.0):
    """Asks a process to end, then makes it. Returns its exit status."""
    if process is None:
        return None
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def sanitizer_report(path):
    """The first line of a sanitizer's report in a log file, or None."""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if any(mark in line for mark in _SANITIZER):
                    return line.strip()
    except FileNotFoundError:
        pass
    return None


def free_ports(count):
    """Ports of the loopback interface that nobody listens on. None is one that the kernel gives to outgoing connections: it might
    until somebody listens there, and while a server is restarted."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as numbers:
        first = int(numbers.read().split()[0])
    choice = range(10000, first) if first > 12000 else range(first, 65536)
    held = []
    try:
        while len(held) < count:
            s = socket.socket()
            try:
                s.bind(("127.0.0.1", random.SystemRandom().choice(choice)))
            except OSError:
                s.close()
            else:
                held.append(s)
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def await_port(port, process, what, log, seconds=60.0):
    """Returns when somebody accepts connections at the port; fails at once if the process is gone."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            pass
        if process.poll() is not None:
            raise LabError(f"{what} ended with status {process.returncode} (log: {log})")
        if time.monotonic() > end:
            raise LabError(f"{what} does not listen on port {port} after {seconds:.0f} s (log: {log})")
        time.sleep(0.02)


def user_named(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
