#!/usr/bin/env python3
"""What the service adds to a message between stock clients, measured and reported, never asserted: the same meeting of N clients in
a Prosody without the module and in one with it and keyroomd, first quiet (one message at a time), then a whole rotation at once.

  latency.py [--bin FOLDER] [-n 20] [--rounds 5]

One process plays all clients, so the figures of the rotation contain N clients' Olm on one core, with and without alike."""

import argparse
import os
import shutil
import sys
import time

import jitsi  # first: it knows where the others are
import stockclient
from lab import proc


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def line(name, values):
    ms = [v * 1000 for v in values]
    print(f"  {name:<34} n={len(ms):<6} p50 {percentile(ms, 0.5):7.2f}  p90 {percentile(ms, 0.9):7.2f}  p99 {percentile(ms, 0.99):7.2f}"
          f"  max {max(ms):7.2f} ms", flush=True)
    return percentile(ms, 0.99)


def one_at_a_time(people, count):
    """From the sender's write to the receiver's read; a ready-made unknown type, so that no Olm is in it."""
    times = []
    for i in range(count):
        a, b = people[i % len(people)], people[(i * 7 + 3) % len(people)]
        if a is b:
            continue
        text = stockclient.message("probe", {"n": i})
        with b.client._changed:
            at = len(b.client.stanzas)
        began = time.monotonic()
        a.raw(b.nick, text)
        b.client._until(lambda: any(e.text == text for s in b.client.stanzas[at:] for e in s.iter(stockclient.JITSI + "json-message"))
                        or None, 10, "the probe")
        times.append(time.monotonic() - began)
    return times


def rotation(people):
    """A rotation of all at once; the time of each key-info until its acknowledgement."""
    names = [p.nick for p in people]
    for p in people:
        p.latency.clear()
    began = time.monotonic()
    for p in people:
        p.rotate()
    stockclient.settle(people, lambda: all(p.complete(names) for p in people), 120, "a rotation")
    return [v for p in people for v in p.latency], time.monotonic() - began


def measure(server, n, rounds):
    people = [stockclient.Stock(server, jitsi.ROOM, f"{i + 16:02x}abcdef") for i in range(n)]
    stockclient.start(people)
    quiet = one_at_a_time(people, 1000)
    acks, whole = [], []
    for _ in range(rounds):
        values, seconds = rotation(people)
        acks += values
        whole.append(seconds)
    for p in people:
        p.leave()
    return quiet, acks, whole


def report(name, figures):
    print(name)
    quiet, acks, whole = figures
    p99 = line("one message at a time", quiet)
    line("key-info to its ack, all at once", acks)
    print(f"  {'a whole rotation':<34} n={len(whole):<6} median {sorted(whole)[len(whole) // 2] * 1000:.0f} ms", flush=True)
    return p99


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--work", default="build/jitsi/latency")
    parser.add_argument("-n", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    shutil.rmtree(args.work, ignore_errors=True)
    plain = jitsi.JitsiProsody(os.path.join(args.work, "without"), loaded=False, level="info")
    plain.add_account("focus")
    try:
        plain.start()
        jitsi.open_room(plain)
        without = report(f"{args.n} stock clients without the service", measure(plain, args.n, args.rounds))
    finally:
        plain.stop()
    m = jitsi.JitsiMeeting(os.path.join(args.work, "with"), args.bin, options={"authorise": "occupants"}, log_level="info",
                           server={"level": "info"})
    try:
        m.start()
        m.focus().open(jitsi.ROOM)
        m.joined()
        with_it = report(f"{args.n} stock clients through the service", measure(m.prosody, args.n, args.rounds))
        m.stop_keyroomd()
    finally:
        m.close()
    print(f"added to one message, p99: {with_it - without:.2f} ms")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except proc.LabError as error:
        sys.exit(f"latency: {error}")
