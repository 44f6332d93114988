#!/usr/bin/python3
"""Does keyroomd grow? About 200 rooms come and go with small memberships for half an hour, with real Olm and a real Prosody,
while its memory and descriptors are sampled. Prints the slopes with their errors; the samples are in soak.csv.

    soak.py [--minutes N] [--rooms N] [--rate N] [--bin build/release/bin]
"""

import csv
import os
import sys
import time

import common
import light
from common import expect
from lab import prosody
from slope import Slope

SAMPLE_S = 3.0
BLOCK_B = 32  # of malloc, the smallest
LINES = 40
MEMBERS_MAX = 4
MEMBERS_MEAN = 2.2  # of a room; held, since who is there costs memory too
RECONNECT = 0.004  # of all actions: a connection goes, with everybody on it


class Crowd:
    """Rooms that come and go, each with one to four participants."""

    def __init__(self, m, random, rooms):
        self.m, self.random, self.target = m, random, rooms
        self.rooms = {}   # room -> participants
        self.opened = self.joins = self.leaves = 0
        self.lines = [light.Line(m.prosody.c2s_port) for _ in range(LINES)]

    def _join(self, room):
        free = [line for line in self.lines if room not in line.people]
        self.rooms[room].append(self.random.choice(free).join(room))
        self.joins += 1

    def _leave(self, room, person):
        self.rooms[room].remove(person)
        person.leave()
        self.leaves += 1
        if not self.rooms[room]:
            del self.rooms[room]

    def open(self):
        self.opened += 1
        room = f"soak-{self.opened}@{prosody.MUC}"
        self.rooms[room] = []
        for _ in range(self.random.randint(1, 3)):
            self._join(room)

    def end(self, room):
        for person in list(self.rooms[room]):
            self._leave(room, person)

    def reconnect(self):
        old = self.random.choice(self.lines)
        for room, person in list(old.people.items()):
            self.rooms[room].remove(person)
            self.leaves += 1
            if not self.rooms[room]:
                del self.rooms[room]
        old.people.clear()
        old.close()
        self.lines[self.lines.index(old)] = light.Line(self.m.prosody.c2s_port)

    def people(self):
        return sum(map(len, self.rooms.values()))

    def step(self):
        with light.lock:
            if len(self.rooms) < self.target:
                self.open()
                return
            room = self.random.choice(list(self.rooms))
            choice = self.random.random()
            if choice < RECONNECT:
                self.reconnect()
            elif choice < 0.15:
                self.end(room)
            elif self.people() < MEMBERS_MEAN * self.target and len(self.rooms[room]) < MEMBERS_MAX:
                self._join(room)
            else:
                self._leave(room, self.random.choice(self.rooms[room]))

    def look_after(self):
        """Who was refused tries again."""
        expect(not any(line.lost for line in self.lines), "the server has closed a participant's stream")
        with light.lock:
            for people in self.rooms.values():
                for person in people:
                    person.advance()

    def incomplete(self):
        """Rooms of which somebody lacks a key."""
        with light.lock:
            return [room for room, people in self.rooms.items() if not all(person.complete() for person in people)]


class Sampler:
    """What the kernel says of keyroomd. Without the right to look at another process only its resident size is known."""

    FIELDS = ("seconds", "rss_kb", "pss_kb", "anonymous_kb", "heap_kb", "descriptors", "database_kb", "rooms", "members", "committed")

    def __init__(self, m, path):
        self.m, self.pid, self.rows = m, m.keyroomd.pid, []
        self.started = time.monotonic()
        self.whole = os.access(f"/proc/{self.pid}/fd", os.R_OK) and os.geteuid() == 0
        self._file = open(path, "w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow(self.FIELDS)

    def _memory(self):
        path = f"/proc/{self.pid}/" + ("smaps_rollup" if self.whole else "status")
        with open(path, encoding="ascii") as lines:
            found = {words[0].rstrip(":"): int(words[1]) for words in map(str.split, lines)
                     if len(words) == 3 and words[2] == "kB"}
        return found.get("Rss", found.get("VmRSS")), found.get("Pss", ""), found.get("Anonymous", "")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd")) if self.whole else ""

    def _database(self):
        paths = [self.m.database + tail for tail in ("", "-wal")]
        return sum(os.path.getsize(path) for path in paths if os.path.exists(path)) // 1024

    def take(self):
        # Descriptors before we open one more by asking.
        descriptors = self.descriptors()
        rss, pss, anonymous = self._memory()
        page = self.m.metrics()
        row = (round(time.monotonic() - self.started, 1), rss, pss, anonymous,
               page["keyroom_heap_used_bytes"] / 1024, descriptors, self._database(),
               int(page["keyroom_rooms"]), int(page["keyroom_members"]), int(page["keyroom_epochs_committed_total"]))
        self.rows.append(row)
        self._csv.writerow(row)
        self._file.flush()
        return dict(zip(self.FIELDS, row))

    def column(self, name, after):
        index = self.FIELDS.index(name)
        return [row[index] for row in self.rows if row[0] >= after and row[index] != ""]


def soak(m, args):
    """Returns (sampler, seconds of warm-up, descriptors before anybody came, crowd)."""
    sampler = Sampler(m, os.path.join(m.folder, "soak.csv"))
    # What starting and asking has opened is closed in a moment.
    at_rest = min(sampler.take()["descriptors"] for _ in range(3) if not time.sleep(0.5))
    crowd = Crowd(m, args.random, args.rooms)
    started = time.monotonic()
    end, sample_at, say_at = started + args.minutes * 60, 0.0, 0.0
    warm = args.minutes * 60 / 3  # SQLite's page cache (2 MB) fills, rooms reach their mean, and the heap finds its size

    def goes_on():  # a busy machine takes longer until enough have come and gone
        few = min(crowd.leaves, crowd.opened) <= args.rooms
        return time.monotonic() < end + (180 if few else 0)

    while goes_on():
        turn = time.monotonic()
        m.check_alive()
        crowd.step()
        crowd.look_after()
        if turn >= sample_at:
            sample_at = turn + SAMPLE_S
            now = sampler.take()
            if turn >= say_at:
                say_at = turn + 30
                print(f"{now['seconds']:6.0f} s: rss {now['rss_kb']} kB, heap in use {now['heap_kb']:.0f} kB, "
                      f"{now['descriptors']} descriptors, database {now['database_kb']} kB, {now['rooms']} rooms, "
                      f"{now['members']} members, {now['committed']} epochs; {crowd.opened} rooms opened, "
                      f"{len(crowd.incomplete())} not complete", flush=True)
        filling = len(crowd.rooms) < args.rooms and crowd.opened <= args.rooms
        time.sleep(max(0.0, turn + (0.5 if filling else 1.0) / args.rate - time.monotonic()))
    return sampler, warm, at_rest, crowd


def come_to_rest(m, crowd, sampler, at_rest):
    """The churn is over: every room has its keys, and when all have gone nothing is left of them."""
    end = time.monotonic() + 120
    while crowd.incomplete():
        expect(time.monotonic() < end, f"rooms that do not get their keys: {crowd.incomplete()[:5]}")
        crowd.look_after()
        time.sleep(0.2)
    with light.lock:
        for room in list(crowd.rooms):
            crowd.end(room)
    end = time.monotonic() + 120
    while m.ctl("status")["rooms"]:
        expect(time.monotonic() < end, "rooms that nobody is in are still served")
        time.sleep(0.2)
    for line in crowd.lines:
        line.close()
    time.sleep(SAMPLE_S)
    end = time.monotonic() + 30
    while sampler.whole and sampler.descriptors() != at_rest and time.monotonic() < end:
        time.sleep(0.2)
    now = sampler.take()
    tell(crowd, sampler, now)
    expect(now["descriptors"] == at_rest, f"{now['descriptors']} descriptors are open after all have gone, {at_rest} were before")
    return now


def tell(crowd, sampler, now):
    print(f"{crowd.opened} rooms opened, {crowd.joins} joins, {crowd.leaves} leaves, {now['committed']} epochs; "
          f"refused: {dict(light.refusals) or 'nothing'}", flush=True)
    print(f"when all had gone: rss {now['rss_kb']} kB, {now['descriptors']} descriptors; {len(sampler.rows)} samples", flush=True)


def body(m, args):
    sampler, warm, at_rest, crowd = soak(m, args)
    come_to_rest(m, crowd, sampler, at_rest)
    judge(m, sampler, warm, crowd.opened / (args.minutes * 60))


def judge(m, sampler, warm, rooms_per_s):
    """What of the heap is in use, and how many descriptors are open, must have a slope that is indistinguishable from zero. What is
    resident is a high-water mark: without noise, and up by a step now and then as malloc's caches and the gaps of its heap fill,
    ever more rarely. One step makes a slope, so that slope is told and not held against anybody; it is growth if it is above
    zero in each third of the time, by more than the least that could leak: the smallest block of malloc for each room that came."""
    end = sampler.rows[-1][0] - SAMPLE_S - 1
    third = (end - warm) / 3
    grows = []
    # Pages that other processes share count less or more in pss as these come and go: it is told, and judged by nobody.
    for name, strict in (("heap_kb", True), ("descriptors", True), ("rss_kb", False), ("anonymous_kb", False), ("pss_kb", None)):
        points = [(t, v) for t, v in zip(sampler.column("seconds", warm), sampler.column(name, warm)) if t < end]
        if not points:
            continue
        unit = "kB" if name.endswith("_kb") else "open"
        whole = Slope(*zip(*points), third / 10)
        thirds = [Slope(*zip(*[p for p in points if warm + i * third <= p[0] < warm + (i + 1) * third]), third / 10)
                  for i in range(3)]
        print(f"{name.removesuffix('_kb'):<12} after {warm:.0f} s of warm-up: {whole.text(unit)}")
        print(" " * 13 + "by thirds: " + ", ".join(f"{part.per_s * 3600:+.1f}" for part in thirds) + f" {unit}/h", flush=True)
        if strict and whole.grows or strict is False and all(
                part.grows and part.per_s > BLOCK_B / 1024 * rooms_per_s for part in thirds):
            grows.append(name)
    print(f"a leak of {BLOCK_B} bytes for each room would be {BLOCK_B / 1024 * rooms_per_s * 3600:.0f} kB/h", flush=True)
    expect(not grows, f"grows: {' '.join(grows)} (samples: {m.folder}/soak.csv)")
    print("memory and descriptors: no growth", flush=True)


def options(parser):
    parser.set_defaults(bin=os.path.join(common.ROOT, "build", "release", "bin"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rooms", type=int, default=200, help="at a time")
    parser.add_argument("--rate", type=float, default=6, help="actions a second")


# What a room of the soak has: everybody may invite, as the rooms are the participants' own.
MEETING = {"metrics": True, "join": (), "inviters": (f"*@{prosody.GUESTS}",)}

if __name__ == "__main__":
    sys.exit(common.run(common.arguments("soak", options), body, **MEETING))
