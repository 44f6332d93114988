#!/usr/bin/env python3
"""./bench, so that it cannot rot: each case once with a handful of participants and the sanitizers, and the form of what it
leaves behind."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import common
from common import Failure, expect

from lab.bench import plan
from lab.proc import sanitizer_report

N = 4
TIMES = ("last_key", "last_ack", "commit", "last_switch")
# What each case must have told, of whom.
WANTED = {
    "leave": ("keyroom-participants", "stock", "prosody-floor"),
    "join": ("keyroom-participants", "stock"),
    "leave-default-read": ("keyroom-participants", "stock", "prosody-floor"),
    "leave-10kbps": ("keyroom-participants", "stock"),
    "leave-10kbps-default-read": ("keyroom-participants", "stock"),
    "leave-olm": ("keyroom-participants", "stock"),
    "enable-all": ("keyroom-participants", "stock"),
    "join-storm": ("keyroom-participants", "stock"),
    "leave-storm": ("keyroom-participants", "stock"),
    "many-rooms": ("keyroom-participants",),
    "directory": ("keyroomd",),
    "directory-claims": ("keyroomd",),
}


def bench(args, *options):
    argv = [sys.executable, "-B", os.path.join(common.ROOT, "lab", "bench", "main.py"), "--bin", args.bin, "--out", args.work]
    return subprocess.run(argv + list(options), capture_output=True, text=True, check=False, timeout=1100)


def check_rows(rows):
    for row in rows:
        expect(set(row) == {"case", "n", "system", "metric", "value", "unit"}, f"not a row: {row}")
        expect(isinstance(row["value"], (int, float)) and row["value"] >= 0, f"no value: {row}")
        expect(row["unit"] == plan.unit(row["metric"]), f"another unit: {row}")
    keys = [tuple(row[name] for name in ("case", "n", "system", "metric")) for row in rows]
    expect(len(keys) == len(set(keys)), "a row is there twice")


def check_figures(rows):
    value = {(row["case"], row["system"], row["metric"]): row["value"] for row in rows if row["n"] in (N, 1)}
    for case, systems in WANTED.items():
        for system in systems:
            expect(any(row["case"] == case and row["system"] == system for row in rows), f"{case}: nothing of {system}")
    ours, stock, floor = WANTED["leave"]
    for metric in TIMES + ("stanzas", "bytes", "prosody_cpu", "prosody_rss", "keyroomd_cpu", "rss"):
        expect(value.get(("leave", ours, metric), 0) > 0, f"leave: no {metric} of keyroom")
    expect(value[("leave", ours, "keys")] == value[("leave", stock, "keys")] == N * (N - 1), "leave: not every key arrived")
    # One announce, envelope, two answers, deliver, ack and commit a member; stock: two messages a pair, sent and received.
    expect(value[("leave", ours, "stanzas")] == 6 * N, f"leave: {value[('leave', ours, 'stanzas')]} stanzas of keyroom")
    expect(value[("leave", stock, "stanzas")] == 4 * N * (N - 1), f"leave: {value[('leave', stock, 'stanzas')]} stanzas of stock")
    expect(value[("leave", floor, "stanzas")] == value[("leave", ours, "stanzas")], "the floor sends another number of stanzas")
    ratio = value[("leave", floor, "bytes")] / value[("leave", ours, "bytes")]
    expect(0.9 < ratio < 1.1, f"the floor sends {ratio:.2f} times keyroom's bytes")
    expect(value[("leave", stock, "exposure")] > 5, "leave: stock without its debounce")
    for system in WANTED["enable-all"]:
        expect(value[("enable-all", system, "failed_pairs")] == 0, f"enable-all: {system} leaves pairs without keys")
    # Whose keys the service makes: one a member, its Olm told apart from the rest of it, and nothing that members seal.
    service = "keyroom-service"
    for case in ("leave", "join", "join-storm"):
        olm, cpu = value.get((case, service, "olm"), 0), value[(case, service, "keyroomd_cpu")]
        expect(0 < olm < cpu, f"{case}: Olm took {olm} s of {cpu} s")
    expect(value[("leave", service, "keys")] == N, f"leave: {value[('leave', service, 'keys')]} keys of {service}")
    # Announce, deliver, ack, its answer and commit a member.
    expect(value[("leave", service, "stanzas")] == 4 * N, f"leave: {value[('leave', service, 'stanzas')]} stanzas of {service}")
    expect(value[("leave-storm", ours, "leaves")] >= 2, "leave-storm: hardly anybody left")


def check_files(args):
    for name in os.listdir(args.work):
        if name.endswith(".svg"):
            ET.parse(os.path.join(args.work, name))
    with open(os.path.join(args.work, "machine.json"), encoding="utf-8") as about:
        expect(set(json.load(about)) >= {"cpu", "cores", "memory_bytes", "kernel", "versions"}, "machine.json is incomplete")
    for folder, _, files in os.walk(args.work):
        for name in files:
            fault = sanitizer_report(os.path.join(folder, name)) if name.endswith(".log") else None
            expect(not fault, f"{fault} ({name})")


def body(args):
    # Sanitizers are slow, but at so few participants nothing waits for them.
    done = bench(args, "-n", str(N), "--rounds", "2", "--seconds", "3", "--rooms", "3", "--devices", "1000",
                 *[word for name in [case.name for case in plan.CASES] + ["directory"] for word in ("--case", name)])
    print(done.stdout[-3000:])
    expect(done.returncode == 0, f"it ended with status {done.returncode}: {done.stderr[-1000:]}")
    with open(os.path.join(args.work, "results.json"), encoding="utf-8") as results:
        rows = json.load(results)
    check_rows(rows)
    check_figures(rows)
    check_files(args)
    expect(re.search(r"keyroom-participants : floor, N=4: \d", done.stdout), "the ratios are not told")
    expect(bench(args, "-n", "1").returncode == 2, "one participant is no misuse")
    # What does not come about is told, and is no success.
    broken = bench(args, "--case", "directory", "--devices", "10", "--bin", "/nonexistent")
    expect(broken.returncode == 1, f"without binaries it ended with status {broken.returncode}")


def main():
    args = common.arguments("bench")
    os.makedirs(args.work, exist_ok=True)
    try:
        body(args)
    except (Failure, subprocess.TimeoutExpired) as error:
        print(f"FAILED: {error}")
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
