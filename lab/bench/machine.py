"""What the figures were taken on: a figure without it says nothing."""

import os
import platform
import subprocess

PACKAGES = ("prosody", "libstrophe0", "libolm3", "libsodium23", "libsqlite3-0")


def _first(path, key):
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() == key:
                    return value.strip()
    except OSError:
        pass
    return "unknown"


def _version(package):
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def describe():
    memory = _first("/proc/meminfo", "MemTotal").split()
    return {"cpu": _first("/proc/cpuinfo", "model name"), "cores": len(os.sched_getaffinity(0)),
            "memory_bytes": int(memory[0]) * 1024 if memory[0].isdigit() else 0, "kernel": platform.release(),
            "system": _pretty_name(),
            "load_average": os.getloadavg()[0], "versions": {name: _version(name) for name in PACKAGES}}


def _pretty_name():
    try:
        with open("/etc/os-release", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("PRETTY_NAME="):
                    return line.partition("=")[2].strip().strip('"')
    except OSError:
        pass
    return platform.system()


def lines(machine):
    yield (f"machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, {machine['system']}, "
           f"kernel {machine['kernel']}")
    yield "versions: " + ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    yield f"load before the first measurement: {machine['load_average']:.2f}" + (
        " (something else runs here: times are too long)" if machine["load_average"] > 0.5 else "")
