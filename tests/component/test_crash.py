#!/usr/bin/python3
"""Commit, then send: killed between stanzas, the service comes back with the same database and breaks no promise. And bad databases."""

import os
import random
import resource
import secrets
import shutil
import sqlite3
import sys

from harness.daemon import ROOM
from harness.run import main, scenario
from harness.scene import scene
from kr.xml import El


def restart(s, timeout=60):
    s.daemon.kill()
    s.server.pump(lambda: not s.server.connection, 60)
    s.daemon.start()
    s.wait_up(timeout)


def announced(*clients):
    return [int(a.get("epoch")) for x in clients for a in x.named("announce")]


@scenario
def recover_epoch(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        instance, highest = anna.instance, anna.highest
        restart(s)
        s.complete([anna, bert], above=highest)
        a = anna.named("announce")[-1]
        c.equal((a.get("kind", "fresh"), "recover" in a.get("reason").split(), anna.instance), ("fresh", True, instance), "recover is fresh, in the same instance")
        c.equal(anna.mismatched or bert.mismatched, None, "the chain of contexts holds")
        s.same_keys([anna, bert], "after the restart")
        cleo, = s.clients("cleo")
        s.attach(cleo)
        s.complete([anna, bert, cleo])
        s.same_keys([anna, bert, cleo], "a join after the restart")


@scenario
def killed_with_an_epoch_in_flight(c):
    with scene(c, room_options={"deadline": 5000}) as s:
        anna, bert = s.meeting("anna", "bert")
        for round_ in range(3):
            step = ("envelope2", "ack", None)[round_]
            if step:
                bert.hold.add(step)
            above = anna.highest
            s.daemon.http("POST", "/v1/rotate", {"room": ROOM})
            s.wait(lambda: anna.highest > above, "announce")
            in_flight = anna.highest
            restart(s)
            bert.hold.clear()
            s.complete([anna, bert], above=in_flight)
            c.true(not anna.epochs[in_flight].committed or step is None, "what was in flight is never committed")
        c.true(announced(anna) == sorted(set(announced(anna))), "epoch numbers only rise: %r" % announced(anna))
        s.same_keys([anna, bert], "after three kills")


@scenario
def one_who_left_meanwhile(c):
    with scene(c) as s:
        anna, bert, cleo = s.meeting("anna", "bert", "cleo")
        highest = anna.highest
        s.daemon.kill()
        s.server.pump(lambda: not s.server.connection, 60)
        s.room.leave("cleo")
        s.room.leave("bert")
        bert.jid = "bert@example.org/another"
        s.server.clients[bert.jid] = bert
        s.room.join(bert)
        s.daemon.start()
        s.wait_up()
        s.wait(lambda: anna.has_committed(above=highest), "epoch without those whom presence does not confirm")
        c.equal([x.participant for x in anna.current().roster], ["anna"], "only who has the same full JID and nick")
        s.refused(s.ask(bert, bert.el("whole"), "get"), "not-member", "another full JID is not attached")
        s.attach(bert)
        s.complete([anna, bert], above=anna.highest - 1)


@scenario
def one_time_keys_are_given_once(c):
    """Claims by many while the service is killed again and again: no key is ever seen twice."""
    with scene(c, room_options={"deadline": 30000}) as s:
        clients = s.clients(*["p%d" % i for i in range(6)])
        for x in clients:
            x.hold |= {"keys", "claim"}
        given, rng = [], random.Random(secrets.randbits(32))
        s.server.hooks.append(lambda stanza: note(stanza, given))
        for x in clients:
            x.attach(one_time_keys=50)  # a kill takes an answer whose key is gone: a loaded machine loses most of them
        s.wait(lambda: all(x.state for x in clients), "attached")
        s.complete(clients)
        for kills in range(60):
            if kills >= 5 and sum(kind == "one-time" for kind, _ in given) >= 30:
                break
            pairs = [(x, y) for x in clients for y in clients if x is not y and y.attach_id]
            rng.shuffle(pairs)
            for n, (x, y) in enumerate(pairs):
                of = El("of", "urn:keyroom:1", {"attach": y.attach_id.hex(), **({"reset": "true"} if n % 2 else {})})
                x.iq("set", x.el("claim", {}, of), lambda answer: None)
            s.server.pump(None, rng.random() * 0.02 * (1 + kills / 4))  # longer and longer, where the machine is slow
            restart(s)
        s.complete(clients)
        one_time = [k for kind, k in given if kind == "one-time"]
        c.true(len(one_time) >= 30, "keys were given: %d" % len(one_time))
        c.equal(len(set(one_time)), len(one_time), "no one-time key was given twice")
        s.same_keys(clients, "after the kills")


def note(stanza, given):
    for claimed in (x for x in stanza.children if x.name == "claimed"):
        given += [(k.get("kind"), k.get("key")) for k in claimed.all("key")]
    return False


@scenario
def revocation_outlives_a_kill(c):
    with scene(c) as s:
        anna, bert = s.meeting("anna", "bert")
        s.daemon.http("POST", "/v1/revoke", {"device": bert.device.hex(), "scope": "*", "reason": "lost"})
        restart(s)
        s.wait(lambda: anna.current() and len(anna.current().roster) == 1 and anna.has_committed(1), "epoch without the revoked", 60)
        s.room.leave("bert")
        s.room.join(bert)
        answer = s.ask(bert, bert.el("challenge"), "get")
        if answer.get("type") == "result":
            answer = s.ask(bert, bert.attach_el(answer.child("challenge")))
        s.refused(answer, "revoked", "after the restart")


def fails(s, what, *words, code=1, **how):
    s.daemon.start(**how)
    s.server.pump(lambda: not s.daemon.running(), 60)
    text = s.daemon.text()
    if s.c.true(not s.daemon.running(), what + ": ends" + s.daemon.tail()):
        s.c.equal(s.daemon.process.returncode, code, what + ": exit code" + s.daemon.tail())
    else:
        s.daemon.kill()
    for word in words:
        s.c.true(word in text, "%s: says %r%s" % (what, word, s.daemon.tail()))


def stopped(s):
    s.daemon.process.terminate()
    s.wait_end()


@scenario
def newer_database(c):
    with scene(c) as s:
        stopped(s)
        db = sqlite3.connect(s.daemon.database)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("PRAGMA user_version = %d" % (version + 1000))
        db.commit()
        db.close()
        fails(s, "a newer database", "newer", s.daemon.database)


@scenario
def damaged_database(c):
    with scene(c) as s:
        stopped(s)
        for suffix in ("-wal", "-shm"):
            if os.path.exists(s.daemon.database + suffix):
                os.unlink(s.daemon.database + suffix)
        shutil.copy(s.daemon.database, s.daemon.path("good"))
        size = os.path.getsize(s.daemon.database)
        for what, edit in (("no database at all", lambda f: f.write(b"this is no database at all, not by far" * 40)),
                           ("pages overwritten", lambda f: [f.seek(4096), f.write(os.urandom(size - 4096))]),
                           ("cut off", lambda f: f.truncate(size // 2))):
            shutil.copy(s.daemon.path("good"), s.daemon.database)
            with open(s.daemon.database, "r+b") as f:
                edit(f)
            fails(s, what, s.daemon.database)
            for suffix in ("-wal", "-shm"):
                if os.path.exists(s.daemon.database + suffix):
                    os.unlink(s.daemon.database + suffix)


@scenario
def another_seal_key(c):
    with scene(c) as s:
        stopped(s)
        s.daemon.file("seal.key", secrets.token_hex(32) + "\n")
        fails(s, "another seal key", "seal")


@scenario
def folder_that_cannot_be_written(c):
    with scene(c, start=False) as s:
        s.daemon.options["database"] = "/proc/keyroom.db"
        fails(s, "a folder where no file can be made", "/proc/keyroom.db")
        s.daemon.options["database"] = s.daemon.path("missing/keyroom.db")
        fails(s, "a folder that is not there", "missing/keyroom.db")


@scenario
def read_only_database(c):
    if os.geteuid() == 0 and os.system("unshare -m true 2>/dev/null"):
        c.true(True, "skipped: root writes everywhere, and no mount namespace")
        return
    with scene(c) as s:
        stopped(s)
        folder = os.path.join(s.daemon.dir, "ro")
        os.mkdir(folder)
        shutil.copy(s.daemon.database, os.path.join(folder, "keyroom.db"))
        s.daemon.options["database"] = os.path.join(folder, "keyroom.db")
        if os.geteuid() == 0:
            if os.system("mount -t tmpfs none '%s' 2>/dev/null" % folder):
                c.true(True, "skipped: cannot mount")
                return
            shutil.copy(s.daemon.database, os.path.join(folder, "keyroom.db"))
            os.system("mount -o remount,ro '%s'" % folder)
        else:
            os.chmod(os.path.join(folder, "keyroom.db"), 0o400)
            os.chmod(folder, 0o500)
        try:
            fails(s, "a read-only database", "keyroom.db")
        finally:
            if os.geteuid() == 0:
                os.system("umount '%s'" % folder)
            else:
                os.chmod(folder, 0o700)


@scenario
def full_disk(c):
    """A commit that fails ends the process with a message and nothing is sent that depends on it."""
    with scene(c, start=False) as s:
        def small():
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, 512 * 1024))

        s.start(preexec=small)
        anna, bert = s.meeting("anna", "bert")
        given = []
        s.server.hooks.append(lambda stanza: note(stanza, given))
        for i in range(200):
            if not s.daemon.running():
                break
            x = (anna, bert)[i % 2]
            x.iq("set", x.el("detach"))
            x.attach(one_time_keys=50)
            s.server.pump(lambda: x.state or not s.daemon.running(), 60)
        c.true(not s.daemon.running() and s.daemon.process.returncode == 1, "ends with 1%s" % s.daemon.tail())
        text = s.daemon.text()
        c.true(s.daemon.database in text or "database" in text, "says that it is the database" + s.daemon.tail())
        s.daemon.start()
        s.wait_up()
        for x in (anna, bert):
            if x.nick in s.room.occupants:
                s.room.leave(x.nick)
            s.room.join(x)
        s.attach(anna, bert)
        s.complete([anna, bert])
        s.same_keys([anna, bert], "with space again")


if __name__ == "__main__":
    sys.exit(main())
