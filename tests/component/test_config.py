#!/usr/bin/python3
"""Configuration and the command line: file, line, reason, exit 2."""

import os
import re
import subprocess
import sys

from harness.daemon import Daemon, binary
from harness.run import main, scenario


def run(c, daemon, *args):
    """-> (exit code, output); sanitizer output is part of the verdict."""
    daemon.start(*args)
    code = daemon.wait(60)
    if code is None:
        daemon.kill()
    text = daemon.text()
    os.truncate(daemon.path("log"), 0)
    c.true("Sanitizer" not in text and "runtime error" not in text, "sanitizer: " + text)
    return code, text


@scenario
def a_good_one(c):
    d = Daemon(1)
    c.equal(run(c, d, "-t")[0], 0, "-t of a good configuration")
    c.true(not os.path.exists(d.database), "-t makes no database")
    d.finish(c)


BAD = [  # what, changed options, extra lines, what the message names
    ("an unknown option", {}, "colour = blue", "colour"),
    ("a line without =", {}, "just words", "just words|="),
    ("a bad number", {"port": "seventy"}, "", "port"),
    ("a port out of range", {"port": 70000}, "", "port"),
    ("a bad log level", {"log_level": "loud"}, "", "log-level"),
    ("a JID that is none", {"jid": "@@"}, "", "jid"),
    ("no JID", {"jid": None}, "", "jid"),
    ("metrics on a public address", {"metrics_listen": "0.0.0.0:9475"}, "", "metrics-listen"),
    ("an option given twice", {}, "nick = other", "nick"),
    ("an unknown section", {}, '[planet "x"]', "section"),
    ("a secret file that is not there", {"secret_file": "/nonexistent/secret"}, "", "/nonexistent/secret"),
    ("a room option outside a room", {}, "suite = 4", "suite"),
]
BAD_ROOM = [("authorise", "everybody"), ("approval", "nobody"), ("source", "magic"), ("format", "zip"), ("suite", 0), ("suite", 6), ("rotate", "soon"),
            ("deadline", -1), ("coalesce", "x"), ("no-such-option", 1)]


@scenario
def bad_ones(c):
    for what, options, extra, names in BAD:
        d = Daemon(**{"port": 1, **options})
        d.extra = extra
        code, text = run(c, d, "-t")
        c.equal(code, 2, what + ": exit code; " + text)
        c.true(re.search(names, text), "%s: the message names it: %s" % (what, text))
        if extra:
            line = d_line(d, extra)
            c.true(re.search(r"keyroom\.conf.*\b%d\b" % line, text), "%s: file and line %d: %s" % (what, line, text))
        code, text = run(c, d)
        c.equal(code, 2, what + ": without -t: " + text)
        d.finish(c)


def d_line(d, extra):
    with open(d.path("keyroom.conf"), encoding="utf-8") as f:
        return [x.strip() for x in f].index(extra) + 1


@scenario
def bad_room_options(c):
    for name, value in BAD_ROOM:
        d = Daemon(1, room_options={name: value})
        code, text = run(c, d, "-t")
        c.equal(code, 2, "%s = %s: %s" % (name, value, text))
        c.true(name in text and re.search(r"keyroom\.conf.*\b%d\b" % d_line(d, "%s = %s" % (name, value)), text), "%s: file, line: %s" % (name, text))
        d.finish(c)


@scenario
def files_that_others_may_read(c):
    for name in ("secret", "seal.key"):
        for mode in (0o644, 0o640, 0o604):
            d = Daemon(1)
            os.chmod(d.path(name), mode)
            code, text = run(c, d, "-t")
            c.equal(code, 2, "%s with mode %o: %s" % (name, mode, text))
            c.true(name in text, "names the file: " + text)
            d.finish(c)
    d = Daemon(1)
    d.file("seal.key", "too short")
    code, text = run(c, d, "-t")
    c.true(code == 2 and "seal" in text, "a seal key of the wrong length: %r %s" % (code, text))
    c.true("too short" not in text, "the key is not printed")
    d.finish(c)


@scenario
def command_line(c):
    def call(*args):
        done = subprocess.run([binary(), *args], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    code, out, _ = call("--version")
    c.true(code == 0 and re.search(r"keyroomd [0-9]+\.[0-9]+\.[0-9]+", out), "--version: %r" % out)
    code, out, _ = call("--help")
    c.true(code == 0 and "-c" in out, "--help")
    for args in (("--no-such",), ("-c",), ("surplus",), ("-c", "/nonexistent/keyroom.conf")):
        code, out, err = call(*args)
        c.equal((code, bool(err)), (2, True), "misuse: %r %r" % (args, err))


if __name__ == "__main__":
    sys.exit(main())
