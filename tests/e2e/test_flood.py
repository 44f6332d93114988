#!/usr/bin/env python3
"""One client sends stanzas as fast as it can, good and bad ones, while people come and go in another room of the same service.
That room's rotations stay within their deadline and lose nothing, the flooder is told `quota`, keyroomd's memory is bounded."""

import collections
import statistics
import sys
import threading
import time

import common
import xmpp
from common import expect
from lab import prosody
from lab.meeting import ROOM

FLOODED = "flooded@" + prosody.MUC
DEADLINE_MS = 5000          # in which the other room is to rotate, and does not leave anybody behind
OPTIONS = {**common.OPTIONS, "deadline": DEADLINE_MS}
STANZAS = 10000
RATE, BURST = 50, 200       # docs/protocol.md 9.3
FIRST_KB, AGAIN_KB = 65536, 8192  # what a flood may cost in memory, and what the next one may cost more
NS = "urn:keyroom:1"


class Flooder:
    """A guest in a room of its own, that sends until it is told to stop."""

    def __init__(self, m, random):
        self.client = xmpp.Client(m.prosody.c2s_port, prosody.GUESTS)
        self.client.join(FLOODED, "eve")
        self._random = random
        self.sent = 0
        self.served_s = 0.0  # of all floods together
        self._ids = 0
        self._stop = threading.Event()
        self._thread = None

    def _iq(self, kind, payload):
        self._ids += 1
        return f"<iq type='{kind}' id='f{self._ids}' to='{prosody.COMPONENT}'>{payload}</iq>"

    def _stanza(self):
        """One of each kind that can be told apart, good ones most often."""
        choice, device = self._random.random(), f"{self._random.getrandbits(128):032x}"
        if choice < 0.35:
            return self._iq("get", f"<challenge xmlns='{NS}' room='{FLOODED}'/>")
        if choice < 0.45:
            return self._iq("get", f"<whole xmlns='{NS}' room='{FLOODED}'/>")
        if choice < 0.55:
            return self._iq("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>")
        if choice < 0.65:
            return f"<presence to='{FLOODED}/eve'><device xmlns='{NS}' id='{device}'/></presence>"
        if choice < 0.70:
            return f"<message to='{prosody.COMPONENT}'><x xmlns='jabber:x:conference' jid='{FLOODED}'/></message>"
        return (self._malformed if choice < 0.95 else self._oversize)(device)

    def _malformed(self, device):
        return self._iq("set", self._random.choice((
            f"<attach xmlns='{NS}' room='{FLOODED}' device='{device}'/>",
            f"<claim xmlns='{NS}' room='{FLOODED}'><of attach='x'/></claim>",
            f"<envelope xmlns='{NS}' room='{FLOODED}' epoch='-1' round='9'>%%%</envelope>",
            f"<challenge xmlns='{NS}' room='&#xfffd;' nonce=''/>", f"<nothing xmlns='{NS}'/>", f"<detach xmlns='{NS}'/>")))

    def _oversize(self, device):
        """More depth, attributes, text or children than keyroomd takes; Prosody takes them. Some as large as they can be."""
        many = 50 if self._random.random() < 0.02 else 1
        inner, attributes = self._random.choice((
            ("<d>" * 20 * many + "</d>" * 20 * many, ""), ("", " ".join(f"a{i}=''" for i in range(40 * many))),
            ("A" * 4000 * many, ""), ("<d/>" * 1000 * many, "")))
        return self._iq("set", f"<envelope xmlns='{NS}' room='{FLOODED}' device='{device}' {attributes}>{inner}</envelope>")

    def start(self):
        self._stop.clear()
        self.sent, self.since, self.began = 0, self.client.mark(), time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set() or self.sent < STANZAS:
            batch = [self._stanza() for _ in range(20)]
            self.client.send("".join(batch))
            self.sent += len(batch)

    def stop(self):
        """When all was sent and answered. Returns what it was told: {condition, or result: how often}."""
        self._stop.set()
        self._thread.join()
        self.client.wait(lambda s: s.get("id") == f"f{self._ids}" and s.tag == xmpp.CLIENT + "iq", "the last answer", self.since,
                         60)
        self.seconds = time.monotonic() - self.began
        self.served_s += self.seconds
        answers = self.client.seen(lambda s: s.tag == xmpp.CLIENT + "iq" and s.get("id", "")[:1] == "f", self.since)
        return collections.Counter(xmpp.condition(s)[1] or xmpp.condition(s)[0] or "result" for s in answers)


def rss_kb(m):
    with open(f"/proc/{m.keyroomd.pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def rotations(peers, begun):
    """Milliseconds from announce to commit of each epoch announced since, by those who were told first and last."""
    spans = {}
    for peer in peers:
        for key, event in peer.announces.items():
            if event["t"] >= begun and key in peer.commits:
                first, last = spans.get(key, (event["t"], 0))
                spans[key] = (min(first, event["t"]), max(last, peer.commits[key]["t"]))
    return [last - first for first, last in spans.values()]


def come_and_go(m, stay, seconds, what, going_on=lambda: True):
    """People join and leave for so long at least. Returns the times of the rotations."""
    begun, end = time.time() * 1000, time.monotonic() + seconds
    while time.monotonic() < end or not going_on():
        visitor = m.peer("visitor")
        m.until_heard(stay + [visitor], 60)
        visitor.ended_early = True
        visitor.quit()
        m.until_heard(stay, 60)
    times = rotations(stay, begun)
    print(f"{what:<20} {len(times)} rotations: median {statistics.median(times):.0f} ms, longest {max(times)} ms", flush=True)
    return times


def flood(m, flooder, stay, seconds):
    """A flood, and perhaps people who come and go meanwhile."""
    flooder.start()
    times = come_and_go(m, stay, seconds, "with a flood", lambda: flooder.sent >= STANZAS) if seconds else []
    told = flooder.stop()
    served = sum(count for name, count in told.items() if name != "quota")
    print(f"{flooder.sent} stanzas in {flooder.seconds:.1f} s; answers: {dict(told.most_common())}", flush=True)
    expect(told["quota"] > 0, "the flooder was never told that it is over its quota")
    most = (BURST + RATE * flooder.seconds) * 1.1 + 20
    expect(served <= most, f"{served} requests of the flooder were served, {most:.0f} are what the quota lets through")
    return times


def body(m, args):
    # Freed memory that the address sanitizer holds back would hide what keyroomd itself holds.
    m.stop_keyroomd()
    m.env["ASAN_OPTIONS"] += ":quarantine_size_mb=8"
    m.start_keyroomd()
    stay = [m.peer(f"p{i}") for i in range(4)]
    m.until_heard(stay, 60)
    flooder = Flooder(m, args.random)
    come_and_go(m, stay, args.seconds, "without a flood")
    sizes = [rss_kb(m)]
    times = flood(m, flooder, stay, args.seconds)
    sizes.append(rss_kb(m))
    flood(m, flooder, stay, 0)
    sizes.append(rss_kb(m))
    print(f"resident: {sizes[0]} kB, after a flood {sizes[1]}, after another {sizes[2]}; log {m.log_mark() // 1024} kB",
          flush=True)
    expect(max(times) <= DEADLINE_MS + 10 * (len(stay) + 1), f"a rotation took {max(times)} ms, its deadline was {DEADLINE_MS}")
    late = m.logged(r"epoch \d+ of standup@.* committed .*(?<! 0) laggards|laggard ")
    expect(not late, f"the flood made laggards of others: {late[:3]}")
    expect(sizes[1] - sizes[0] <= FIRST_KB and sizes[2] - sizes[1] <= AGAIN_KB, f"memory grows with every flood: {sizes} kB")
    lines = len(m.logged(r" (info|warn|error) .* by .*@guests.* -> refused"))
    most = (BURST + RATE * flooder.served_s) * 1.1
    print(f"{lines} lines about it in the log", flush=True)
    expect(lines <= most, f"the flooder wrote {lines} lines into the log, {most:.0f} are what the quota lets through")
    # It was only to wait. (Not with a challenge: of these it has more outstanding than anybody may.)
    time.sleep(1)
    told = xmpp.condition(flooder.client.iq("get", prosody.COMPONENT, f"<whole xmlns='{NS}' room='{FLOODED}'/>"))[1]
    expect(told == "not-member", f"a second after the flood it is still told: {told}")
    flooder.client.close()
    m.drain(stay)
    common.judge(m, least_frames=1000)


def options(parser):
    parser.add_argument("--seconds", type=int, default=60 if common.DEEP else 6, help="of coming and going, each time")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("flood", options), body, options=OPTIONS, join=(ROOM, FLOODED)))
