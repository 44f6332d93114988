#!/usr/bin/env python3
"""An installation that is whole, and one after the other that are broken in one place: keyroomctl doctor finds nothing, or just that,
and names what to do."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import time

import jitsi  # first: it knows where the others are
import common
from common import expect
from lab import proc, prosody


class Site:
    """A Prosody, a configuration, and keyroomd: each can be broken before it starts."""

    def __init__(self, args, name, *, server=None, patch=None, edit=None, then=None, running=True, modules=True):
        self.name = name
        self.meeting = jitsi.JitsiMeeting(os.path.join(args.work, name), args.bin, options={"authorise": "occupants"},
                                          server={"loaded": modules, **(server or {})})
        self.config = self.meeting.config
        m = self.meeting
        if patch:
            made = m.prosody._config
            m.prosody._config = lambda: patch(made())
        m.prosody.prepare()
        env = {"PATH": "/usr/bin:/bin", "HOME": m.prosody._dir, "LANG": "C.UTF-8"}
        m.prosody._process = proc.spawn([m.prosody._program, "--config", os.path.join(m.prosody._dir, "prosody.cfg.lua"), "-F"],
                                        log=m.prosody.log, user=m.prosody._user, cwd=m.prosody._dir, env=env)
        proc.await_port(m.prosody.c2s_port, m.prosody._process, "Prosody", m.prosody.log)
        m.start_forwarder()
        m.configure()
        if edit:
            edit(m)
        if running:
            m.start_keyroomd(wait=then is not None)
        if then:
            then(self)

    def doctor(self, *arguments):
        m = self.meeting
        done = subprocess.run([os.path.join(m.bin, "keyroomctl"), "--json", "doctor", "--config", self.config, *arguments],
                              capture_output=True, text=True, timeout=120, env=m.env)
        answer = json.loads(done.stdout)
        expect(done.returncode == (0 if answer["ok"] else 1), f"{self.name}: status {done.returncode}")
        return answer

    def settled(self, wanted):
        """Its findings, once they are what is expected: a link takes a moment."""
        end = time.monotonic() + 60
        while True:
            bad = {c["check"]: c for c in self.doctor()["checks"] if not c["ok"]}
            if set(bad) == wanted:
                return bad
            expect(time.monotonic() < end, f"{self.name}: found {bad}, not {wanted}")
            time.sleep(0.1)

    def close(self):
        m = self.meeting
        if m.keyroomd is not None:
            proc.stop(m.keyroomd)
            m.keyroomd = None
        m.close()


def rewritten(old, new):
    def edit(m):
        with open(m.config, encoding="utf-8") as text:
            before = text.read()
        expect(old in before, f"{old!r} is not in the configuration")
        with open(m.config, "w", encoding="utf-8") as out:
            out.write(before.replace(old, new))
    return edit


def replaced(old, new):
    def patch(config):
        expect(old in config, f"{old!r} is not in Prosody's configuration")
        return config.replace(old, new)
    return patch


def another_secret(m):
    with open(os.path.join(m.folder, "component.secret"), "w", encoding="ascii") as out:
        out.write("0000\n")


def public_secret(m):
    os.chmod(os.path.join(m.folder, "component.secret"), 0o644)


def without_module_on(host):
    """The first or the second MUC block loses the module."""
    def patch(config):
        at = config.index(f'Component "{host}"')
        return config[:at] + config[at:].replace(', "muc_keyroom"', "", 1)
    return patch


def with_module(name):
    """Another one beside ours, and before it."""
    return replaced('"test_meeting", "muc_keyroom"', f'"test_meeting", "{name}", "muc_keyroom"')


def in_front(line):
    def edit(m):
        with open(m.config, encoding="utf-8") as text:
            before = text.read()
        with open(m.config, "w", encoding="utf-8") as out:
            out.write(line + "\n" + before)
    return edit


def public_database(site):
    os.chmod(site.meeting.database, 0o644)


def changed_entry(site):
    """Somebody writes into the log while the service is down."""
    site.settled(set())
    site.meeting.stop_keyroomd()
    with contextlib.closing(sqlite3.connect(site.meeting.database)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'log_leaf'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        (entry,) = db.execute("SELECT entry FROM log_leaf WHERE idx = 0").fetchone()
        expect(b"\nt=1" in entry, f"an entry without a time: {entry}")
        db.execute("UPDATE log_leaf SET entry = ? WHERE idx = 0", (entry.replace(b"\nt=1", b"\nt=2"),))
        db.commit()
    answer = subprocess.run([os.path.join(site.meeting.bin, "keyroomctl"), "doctor", "--config", site.config], capture_output=True,
                            text=True, timeout=120, env=site.meeting.env).stdout
    expect("BAD  log" in answer and "entry 0" in answer, answer)


def halted_log(site):
    """As after a database that was set back."""
    site.settled(set())
    site.meeting.stop_keyroomd()
    with contextlib.closing(sqlite3.connect(site.meeting.database)) as db:
        db.execute("UPDATE log_key SET halted = 'a client has seen more of it'")
        db.commit()
    site.meeting.start_keyroomd()


# name -> (how it is broken, the checks that fail, a word of the remedy)
BROKEN = {
    "component-port-off": ({"patch": lambda c: re.sub(r"component_ports = \{ \d+ \}", "component_ports = { }", c)},
                           {"component-port"}, "component_ports"),
    "wrong-secret": ({"edit": another_secret}, {"keyroomd", "component"}, "component_secret"),
    "no-component-block": ({"edit": rewritten(f"jid = {prosody.COMPONENT}", "jid = other.lab.example")}, {"component"},
                           'Component "..."'),
    "module-nowhere": ({"modules": False}, {"module"}, "muc_keyroom"),
    "module-not-on-breakout": ({"patch": without_module_on(jitsi.BREAKOUT)}, {"module"}, "XMPP_BREAKOUT_MUC_MODULES"),
    "module-for-another": ({"patch": replaced(f'keyroom_component = "{prosody.COMPONENT}"', 'keyroom_component = "x.example"')},
                           {"module"}, "keyroom_component"),
    "may-not-invite": ({"edit": rewritten(f"inviter = {prosody.MUC}\n", "")}, {"inviter"}, "inviter = DOMAIN"),
    "muc-not-named": ({"edit": rewritten(f"muc = {jitsi.BREAKOUT}\n", "")}, {"muc"}, "muc = DOMAIN"),
    "secret-readable": ({"edit": public_secret, "running": False}, {"secret-file", "keyroomd", "component"}, "chmod 600"),
    "reads-little": ({"patch": replaced("network_default_read_size = 65536\n", "")}, {"read-size"}, "network_default_read_size"),
    "clients-too-slow": ({"patch": replaced('rate = "512kb/s"', 'rate = "10kb/s"')}, {"limits"}, "PROSODY_C2S_LIMIT"),
    "kick-new": ({"patch": replaced('component_conflict_resolve = "kick_old"\n', "\n")}, {"conflict"}, "kick_old"),
    "clock-off": ({"patch": with_module("test_clock")}, {"clock"}, "NTP"),
    "rate-limit": ({"patch": replaced('"test_token"', '"test_token", "rate_limit"')}, {"rate-limit"}, "PROSODY_ENABLE_RATE_LIMITS"),
    "no-ghost": ({"edit": in_front(f"room = nothere@{prosody.MUC}")}, {"ghost"}, "keyroomd's log"),
    "database-readable": ({"then": public_database}, {"database"}, "chmod o-rwx"),
    "log-changed": ({"then": changed_entry}, {"keyroomd", "component", "log"}, "restore a backup"),
    "log-halted": ({"then": halted_log}, {"log"}, "new-origin"),
    "not-running": ({"running": False}, {"keyroomd", "component"}, "start keyroomd"),
}


def main():
    args = common.arguments("doctor")
    os.makedirs(args.work, exist_ok=True)
    status = 0
    whole = None
    try:
        whole = Site(args, "whole")
        whole.settled(set())
        missing = whole.meeting.folder + "/no.conf"
        done = subprocess.run([os.path.join(args.bin, "keyroomctl"), "doctor", "--config", missing], capture_output=True, text=True,
                              timeout=120, env=whole.meeting.env)
        expect(done.returncode == 1 and "BAD  config" in done.stdout and "keyroom.conf.example" in done.stdout, done.stdout)
        print("whole: nothing found", flush=True)
        whole.close()
        whole = None
        for name, (how, wanted, remedy) in BROKEN.items():
            site = Site(args, name, **how)
            try:
                bad = site.settled(wanted)
                expect(any(remedy in c["remedy"] for c in bad.values()), f"{name}: no remedy says {remedy}: {bad}")
                print(f"{name}: {', '.join(sorted(bad))}", flush=True)
            finally:
                site.close()
    except (common.Failure, proc.LabError) as error:
        print(f"FAILED: {error}")
        status = 1
    finally:
        if whole:
            whole.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
