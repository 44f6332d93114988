"""./bench, behind its build: measures what plan.py lists, and tells it. See docs/benchmark.md."""

import argparse
import json
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from lab.bench import claims, directory, machine, plan, plot, table  # noqa: E402
from lab.bench.results import Results                                # noqa: E402
from lab.bench.stage import Stage                                    # noqa: E402
from lab.proc import LabError                                        # noqa: E402

ROUNDS_WANT = 200   # participants above which fewer rounds do


class Bench:
    def __init__(self, args):
        self.args = args
        self.results = Results()
        self.faults = []
        self._stages = os.path.join(args.out, "stages")
        self._started = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self._started:6.1f} s] {text}", flush=True)

    # --- one measurement: a fresh server, so that nothing of an earlier one weighs on it ---

    def _stage(self, case, system, name):
        options = {**case.options, **system.options, **({"source": system.source} if system.source else {})}
        return Stage(os.path.join(self._stages, name), self.args.bin, server=self._server(case), options=options,
                     service=system.load == "keyroom")

    def _server(self, case):
        return {"lines": self.args.prosody or (), **case.server}

    def _options(self, case, n):
        quick = self.args.quick
        options = {**case.load, **(case.quick_load if quick else {})}
        rounds = self.args.rounds or case.rounds[0 if quick else 1]
        if case.story == "meeting":
            options["rounds"] = rounds if n <= ROUNDS_WANT else min(rounds, 2)
        if case.seconds:
            options["seconds"] = self.args.seconds or case.seconds[0 if quick else 1]
        if "rooms" in options and self.args.rooms:
            options["rooms"] = self.args.rooms
        return options

    def begin(self, case, system, n):
        """Starts a measurement; returns a function that waits for its end and keeps what it told."""
        name = f"{case.name}-{system.name}-{n}"
        stage = self._stage(case, system, name)
        options = self._options(case, n)
        script = os.path.join(self._stages, name + ".script")
        floor = case.floor and system.floor is not None
        if floor:
            options["script"] = script
        try:
            stage.start()
            running = stage.load(case.story, system.load, n, label=system.name, **options)
        except BaseException:
            stage.close()
            raise

        def end():
            try:
                self._keep(case, system.name, n, running.result())
            finally:
                stage.close()
            if floor:
                self._floor(case, system, n, script, options["rounds"])

        return end

    def _floor(self, case, system, n, script, rounds):
        """The floor under the rotation that has just been recorded."""
        stage = Stage(os.path.join(self._stages, f"{case.name}-{system.floor}-{n}"), self.args.bin,
                      server=self._server(case), service=False)
        try:
            stage.start()
            told = stage.load("meeting", "floor", n, label="floor", script=script, rounds=rounds).result()
        finally:
            stage.close()
        # It replays what was announced and delivered: whose keys those were, it does not know.
        for outcome in told:
            for metric in ("keys", "failed_pairs", "late_acks"):
                outcome["metrics"].pop(metric)
        self._keep(case, system.floor, n, told)

    def _keep(self, case, system, n, told):
        by_case = {}
        for outcome in told:
            name = case.rename.get(outcome["case"], outcome["case"])
            by_case.setdefault(name, []).append(outcome["metrics"])
        for name, outcomes in by_case.items():
            self.results.add(name, n, system, outcomes)
            shown = [f"{metric} {self.results.value(name, n, system, metric):.3f} s"
                     for metric in ("last_ack", "last_switch", "exposure")
                     if self.results.value(name, n, system, metric) is not None]
            self.say(f"{name:<18} N={n:<4} {system:<22} " + ", ".join(shown))

    # --- all of them ---

    def wanted(self):
        for case in plan.CASES:
            if self.args.case and case.name not in self.args.case:
                continue
            sizes = case.quick if self.args.quick else case.full
            if self.args.n and (sizes or self.args.case):
                sizes = self.args.n
            for n in sizes:
                for system in plan.systems(case, self.args.quick):
                    if self.args.system and system.name not in self.args.system:
                        continue
                    if n <= system.most or case.story == "many":
                        yield case, system, n

    def attempt(self, what, action):
        """What does not work is told at the end; the rest is measured all the same."""
        try:
            return action()
        except LabError as error:
            self.faults.append(str(error))
            self.say(f"{what}: FAILED: {error}")
            return None

    def run(self):
        # A storm leaves the machine idle most of the time: with --quick, cases whose times matter less run beside it.
        beside = ("leave-storm", "enable-all", "join-storm") if self.args.quick else ()
        pending = []
        for case, system, n in self.wanted():
            what = f"{case.name}, {system.name}, N={n}"
            if case.name in beside:
                pending.append((what, case, system, n))
                continue
            end = self.attempt(what, lambda c=case, s=system, k=n: self.begin(c, s, k))
            if end:
                self.attempt(what, end)
        storms = [(what, self.attempt(what, lambda c=case, s=system, k=n: self.begin(c, s, k)))
                  for what, case, system, n in pending if case.story == "storm"]
        for what, case, system, n in pending:
            if case.story != "storm":
                end = self.attempt(what, lambda c=case, s=system, k=n: self.begin(c, s, k))
                if end:
                    self.attempt(what, end)
        for what, end in storms:
            if end:
                self.attempt(what, end)
        if (not self.args.quick and not self.args.case) or "directory" in (self.args.case or ()):
            self.attempt("directory", lambda: directory.measure(self))


def tell(bench, about):
    bench.results.write(os.path.join(bench.args.out, "results.json"))
    with open(os.path.join(bench.args.out, "machine.json"), "w", encoding="utf-8") as out:
        json.dump(about, out, indent=1)
        out.write("\n")
    plots = plot.write(bench.results, bench.args.out)
    for line in table.lines(bench.results):
        print(line)
    print("\n" + table.LEGEND)
    for line in claims.lines(bench.results):
        print(line)
    print(f"\nin {bench.args.out}: results.json, machine.json" + "".join(", " + name for name in plots))
    for fault in bench.faults:
        print(f"FAILED: {fault}")


def arguments():
    parser = argparse.ArgumentParser(prog="bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--case", action="append", choices=[case.name for case in plan.CASES] + ["directory"])
    parser.add_argument("--system", action="append", choices=[system.name for system in plan.SYSTEMS])
    parser.add_argument("-n", action="append", type=int)
    parser.add_argument("--prosody", action="append")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--rooms", type=int)
    parser.add_argument("--devices", type=int, default=1000000)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--out", default=os.path.join(ROOT, "build", "bench"))
    args = parser.parse_args()
    if any(n < 2 or n > 4000 for n in args.n or ()):
        parser.error("-n wants 2 to 4000 participants")
    if any(value is not None and value < 1 for value in (args.rounds, args.seconds, args.rooms, args.devices)):
        parser.error("--rounds, --seconds, --rooms and --devices want at least 1")
    return args


def main():
    def interrupted(_signal, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    args = arguments()
    os.makedirs(args.out, exist_ok=True)
    about = machine.describe()
    for line in machine.lines(about):
        print(line)
    bench = Bench(args)
    try:
        bench.run()
    except KeyboardInterrupt:
        print("interrupted")
        return 1
    except LabError as error:
        bench.faults.append(str(error))
    tell(bench, about)
    return 1 if bench.faults else 0


if __name__ == "__main__":
    sys.exit(main())
