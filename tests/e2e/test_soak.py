#!/usr/bin/python3
"""The soak, in short: rooms come and go, all get their keys, and when all have gone no descriptor is left open and no memory to
speak of is held. Slopes are for soak.py, which takes its time."""

import sys

import common
import soak
from common import expect

ROOMS_KB = 65536  # what the rooms of a minute may leave behind under the sanitizers: it grows by less, if nothing leaks by more


def body(m, args):
    m.stop_keyroomd()
    m.env["ASAN_OPTIONS"] += ":quarantine_size_mb=8"  # what it holds back is not held by keyroomd
    m.start_keyroomd()
    sampler, warm, at_rest, crowd = soak.soak(m, args)
    soak.come_to_rest(m, crowd, sampler, at_rest)
    sizes = sampler.column("rss_kb", warm)
    expect(max(sizes) - sizes[0] <= ROOMS_KB, f"resident size grew from {sizes[0]} to {max(sizes)} kB after {warm:.0f} s of warm-up")
    expect(len(set(sampler.column("descriptors", warm))) <= 1, f"descriptors: {sampler.column('descriptors', warm)}")
    expect(crowd.opened > args.rooms and crowd.leaves > args.rooms, "nothing came and went")


def options(parser):
    parser.add_argument("--minutes", type=float, default=1 if common.DEEP else 0.4)
    parser.add_argument("--rooms", type=int, default=100 if common.DEEP else 40, help="at a time")
    parser.add_argument("--rate", type=float, default=8, help="actions a second")


if __name__ == "__main__":
    sys.exit(common.run(common.arguments("soak", options), body, **soak.MEETING))
