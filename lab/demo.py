"""The story that ./demo tells: a meeting whose keys rotate. See ../demo for its options.

Every step says what it expects and checks it; whatever else happens ends the demo with what, where, and status 1.
"""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from lab import checker, demo_run, report  # noqa: E402
from lab.meeting import ROOM, Meeting  # noqa: E402
from lab.proc import LabError          # noqa: E402

FOLDER = os.path.join(ROOT, "build", "demo")
ROTATE_S = 10       # a meeting would use 900; a demo should not last that long
HISTORY = 400       # frames that the forwarder plays to whoever comes later
ENOUGH = 15         # frames that somebody must have seen before we say that it could not open any


def opened_in(frames, keys):
    return sum(count for by_key in frames["opened"].values() for key, count in by_key.items() if key in keys)


def refused_in(frames, epochs):
    """Frames of these epoch numbers that could not be opened."""
    return sum(sum(reasons.values()) for by_key in frames["refused"].values() for key, reasons in by_key.items()
               if int(key.split("/")[1]) in epochs)


def number(key):
    return int(key.split("/")[1])


class Story:
    def __init__(self, say):
        self.say = say
        self.meeting = Meeting(FOLDER, demo_run.BIN, history=HISTORY,
                               options={"authorise": "occupants", "rotate": ROTATE_S, "suite": 4})
        self.people = {}

    def join(self, *names):
        for name in names:
            self.people[name] = self.meeting.peer(name, identity=True, extra=("--attest-for", "86400"))
        return [self.people[name] for name in names]

    def members(self, *without):
        return [peer for name, peer in self.people.items() if name not in without]

    def sees_without_opening(self, peer, key, why):
        """`peer` has been passed frames of the epoch and opened none of them."""
        end = time.monotonic() + 15
        while True:
            frames = peer.frames()
            if opened_in(frames, {key}):
                raise LabError(f"{peer.nick} opened frames of epoch {number(key)}, {why} (log: {peer.log})")
            refused = refused_in(frames, {number(key)})
            if refused >= ENOUGH:
                return refused
            if time.monotonic() > end:
                raise LabError(f"{peer.nick} was passed only {refused} frames of epoch {number(key)} (log: {peer.log})")
            with self.meeting.changed:
                self.meeting.changed.wait(0.2)

    # --- the steps ---

    def start(self):
        meeting, say = self.meeting, self.say
        say.step("A server, a component, a bridge")
        meeting.prosody.start()
        say.line("prosody", "ready", f"private, loopback ports {meeting.prosody.c2s_port} and {meeting.prosody.component_port}")
        meeting.start_forwarder()
        say.line("forwarder", "ready", "passes frames on, as a video bridge would; sees ciphertext only")
        meeting.configure()
        meeting.start_keyroomd()
        say.line("keyroomd", "ready", f"joins {ROOM}")

    def four_join(self):
        self.say.step("Four join and hear each other")
        key = self.meeting.until_heard(self.join("alice", "bob", "carol", "dave"))
        self.say.line("all", "hear each other", f"12 of 12 directions in epoch {number(key)}")

    def two_verify(self):
        """They compare what both screens show, as people would by voice; what they say of each other is in the log."""
        self.say.step("Alice and Carol compare codes")
        pair = [self.people["alice"], self.people["carol"]]

        def step(peer, name):
            return next((e for e in reversed(peer.events) if e.get("event") == "verify" and e["step"] == name), None)

        pair[0].tell("verify carol")
        self.meeting.until(lambda: step(pair[1], "asked"), 20, "carol is asked")
        pair[1].tell("verify alice")
        self.meeting.until(lambda: all(step(peer, "code") for peer in pair), 20, "both see a code")
        codes = [" ".join(map(str, step(peer, "code")["numbers"])) for peer in pair]
        if codes[0] != codes[1]:
            raise LabError(f"alice and carol see different codes: {codes}")
        self.say.line("both", "see", codes[0])
        for peer, other in zip(pair, ("carol", "alice")):
            peer.tell(f"match {other}")
        self.meeting.until(lambda: all(step(peer, "verified") for peer in pair), 20, "alice and carol hold each other for verified")
        self.say.line("both", "verified", "and say so, signed, in the log")

    def fifth_joins(self):
        self.say.step("A fifth joins: nothing from before opens")
        earlier = set(self.people["alice"].order)
        (erin,) = self.join("erin")
        self.meeting.until_heard(self.members())
        frames = erin.frames()
        before = refused_in(frames, {number(key) for key in earlier})
        if opened_in(frames, earlier):
            raise LabError(f"erin opened frames from before she joined (log: {erin.log})")
        if not before:
            raise LabError(f"the forwarder played erin no frame from before, so this shows nothing (log: {erin.log})")
        self.say.line("erin", "hears the four", f"and opened 0 of the {before} frames from before that she was given")

    def one_leaves(self):
        self.say.step("Bob leaves the room and keeps listening")
        bob = self.people["bob"]
        bob.tell("leave")
        stay = self.members("bob")
        key = self.meeting.until_keyed(stay)
        self.meeting.until_heard(stay)
        refused = self.sees_without_opening(bob, key, "which began after he left")
        self.say.line("bob", "opens nothing", f"0 of {refused} frames of epoch {number(key)}")

    def one_is_revoked(self):
        self.say.step("Dave's device is revoked")
        dave = self.people["dave"]
        self.say.line("operator", "keyroomctl", f"revoke {dave.device} --reason 'left the company'")
        self.meeting.ctl("revoke", dave.device, "--reason", "left the company")
        stay = self.members("bob", "dave")
        key = self.meeting.until_keyed(stay)
        self.meeting.until(lambda: dave.last("detached"), 10, "dave is told that he is detached")
        refused = self.sees_without_opening(dave, key, "which began after the revocation")
        self.say.line("dave", "opens nothing", f"0 of {refused} frames of epoch {number(key)}")

    def timer(self):
        stay = self.members("bob", "dave")
        self.say.step(f"Keys are replaced by the clock (here after {ROTATE_S} s)")

        def rotated():
            key = stay[0].current
            return self.meeting.keyed(stay) and "timer" in stay[0].announces[key]["reason"]

        self.meeting.until(rotated, ROTATE_S + 10, "a rotation by the timer")
        self.meeting.until_heard(stay)

    def kill(self):
        self.say.step("keyroomd is killed in mid-meeting, and comes back")
        stay = self.members("bob", "dave")
        alice = stay[0]
        before = sum(sum(by_key.values()) for by_key in alice.frames()["opened"].values())
        self.meeting.kill_keyroomd()
        self.say.line("keyroomd", "SIGKILL", "no time to write anything down", "bad")
        end = time.monotonic() + 10
        while True:
            now = sum(sum(by_key.values()) for by_key in alice.frames()["opened"].values())
            if now - before >= 2 * ENOUGH:
                break
            if time.monotonic() > end:
                raise LabError(f"the meeting stood still without keyroomd (logs: {FOLDER})")
            with self.meeting.changed:
                self.meeting.changed.wait(0.2)
        self.say.line("all", "go on talking", f"alice opened {now - before} frames while it was down")
        self.meeting.start_keyroomd()
        self.say.line("keyroomd", "back", "rebuilt from its database and from presence")

        def recovered():
            key = stay[0].current
            return self.meeting.keyed(stay) and "recover" in stay[0].announces[key]["reason"]

        self.meeting.until(recovered, 20, "an epoch with the reason recover")
        self.meeting.until_heard(stay)

    def count(self):
        self.say.step("What everybody counted")
        self.meeting.drain(self.members())
        verdict = checker.judge(list(self.people.values()))
        verdict.faults += self.meeting.sanitizer_faults()
        text = report.write(FOLDER, self.meeting, verdict)
        print()
        print(text, flush=True)
        if verdict.faults or verdict.lost or verdict.foreign:
            raise LabError("\n  ".join(["the count does not come out:"] + verdict.faults[:10]) + f"\n  (logs: {FOLDER})")

    def stay(self):
        for peer in self.members():
            peer.tell("unmute")
        ctl = f"build/release/bin/keyroomctl --socket {os.path.relpath(self.meeting.socket)}"
        print(f"\nThe meeting stays up until Ctrl-C. Try:\n  {ctl} status\n  {ctl} room {ROOM}\n  {ctl} devices\n"
              f"  {ctl} rotate {ROOM}\n  {ctl} revoke {self.people['carol'].device}", flush=True)
        while True:
            self.meeting.check_alive()
            time.sleep(0.5)

    def close(self):
        self.meeting.listeners.clear()
        self.meeting.close()

    def end(self):
        for peer in self.people.values():
            peer.quit()
        for peer in self.people.values():
            if peer.wait_end():
                raise LabError(f"{peer.nick} ended with status {peer.process.returncode} (log: {peer.log})")
        self.meeting.stop_keyroomd()

    def audit(self):
        """With everything stopped: what the log proves, from the files alone."""
        self.say.step("What the log proves, with the service off")
        ctl, db, seal = "build/release/bin/keyroomctl", self.meeting.database, os.path.join(self.meeting.folder, "seal.key")
        path = lambda name: os.path.join(FOLDER, name)

        def run(*args):
            done = subprocess.run([ctl, "audit", *args], capture_output=True, text=True, timeout=60)
            if done.returncode:
                raise LabError(f"keyroomctl audit {' '.join(args)}: {done.stdout}{done.stderr}")
            return done.stdout

        vkey = run("vkey", "--db", db).strip().splitlines()[-1]
        with open(path("vkey"), "w", encoding="utf-8") as f:
            f.write(vkey + "\n")
        for line in run("verify", "--db", db, "--vkey", path("vkey"), "--signatures").splitlines():
            self.say.line("auditor", "verify", line)
        commits = [json.loads(line)["idx"] for line in run("export", "--db", db, "--type", "commit").splitlines()]
        run("prove", "--db", db, "--index", str(commits[-1]), "--out", path("last-rotation.tlog-proof"))
        checked = run("check", path("last-rotation.tlog-proof"), "--vkey", path("vkey"))
        for line in checked.splitlines():
            if line.startswith(("device ", "audit: ")):
                self.say.line("auditor", "check", line)
        self.changed_bundles(ctl, path("last-rotation.tlog-proof"), path("vkey"))
        run("report", "--db", db, "--seal-key", seal, "--out", path("report.html"))
        print(f"\nFor people who audit: {os.path.relpath(path('report.html'))}", flush=True)

    def changed_bundles(self, ctl, path, vkey):
        """One bit of the bundle's entry, of its proof, of its checkpoint."""
        with open(path, "rb") as f:
            whole = f.read()
        bent = path + ".bent"
        places = [whole.index(b"extra ") + 20, whole.index(b"index ") + 30, len(whole) - 20]
        for place in places:
            with open(bent, "wb") as f:
                f.write(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
            if subprocess.run([ctl, "audit", "check", bent, "--vkey", vkey], capture_output=True, timeout=60).returncode != 1:
                raise LabError(f"a bundle with byte {place} changed checks: {bent}")
        os.unlink(bent)
        self.say.line("auditor", "check", f"and with one bit changed, in {len(places)} places: refused")


def tell(run):
    story = Story(run.say)
    run.close = story.close
    run.say.follow(story.meeting)
    story.start()
    story.four_join()
    story.two_verify()
    story.fifth_joins()
    story.one_leaves()
    story.one_is_revoked()
    story.timer()
    story.kill()
    story.count()
    if run.staying:
        run.stays = True
        story.stay()
    story.end()
    story.audit()


if __name__ == "__main__":
    sys.exit(demo_run.run(tell))
