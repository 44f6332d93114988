"""Scenarios: functions marked @scenario that take a Checks; a summary line; the exit status."""

import inspect
import sys
import time
import traceback

SCENARIOS = []


class Failure(Exception):
    """An expectation that did not hold and after which the scenario makes no sense."""


class Checks:
    """Counts what held; goes on after what did not."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, []

    def true(self, value, what):
        if value:
            self.passed += 1
        else:
            self.fail(what)
        return bool(value)

    def equal(self, got, wanted, what):
        return self.true(got == wanted, "%s: got %r, wanted %r" % (what, got, wanted))

    def raises(self, error, call, what):
        try:
            call()
        except error:
            return self.true(True, what)
        return self.true(False, what)

    def fail(self, what):
        frame = inspect.stack()[2]
        for f in inspect.stack()[1:]:
            if not f.filename.endswith("run.py"):
                frame = f
                break
        self.failed.append("%s:%d: %s" % (frame.filename.rsplit("/", 1)[-1], frame.lineno, what))


def scenario(function):
    SCENARIOS.append(function)
    return function


def main(_globals=None, argv=None):
    wanted = [a for a in (argv if argv is not None else sys.argv[1:]) if not a.startswith("-")]
    passed = failed = 0
    for function in SCENARIOS:
        if wanted and function.__name__ not in wanted:
            continue
        c, started = Checks(function.__name__), time.monotonic()
        try:
            function(c)
        except Exception as e:  # a scenario that cannot go on is a failed one
            last = traceback.extract_tb(e.__traceback__)
            where = " < ".join("%s:%d" % (t.filename.rsplit("/", 1)[-1], t.lineno) for t in reversed(last))
            c.failed.append("%s: %s (%s)" % (type(e).__name__, e, where))
        if not c.passed and not c.failed:
            c.failed.append("checked nothing")
        passed, failed = passed + (not c.failed), failed + bool(c.failed)
        print("%-4s %s (%d checks, %.1f s)" % ("FAIL" if c.failed else "ok", c.name, c.passed, time.monotonic() - started))
        for text in c.failed:
            print("     " + text)
        sys.stdout.flush()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0
