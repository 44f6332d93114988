"""What the project says of itself, beside what was measured. No verdict: machines differ, and are noisy."""

from lab.bench.plan import CHECKED, STOCK

LEADER = "keyroom-leader"
FLOORS = {CHECKED: "prosody-floor", LEADER: "prosody-floor-leader"}
# How much faster than stock, at least: the last ack of a leave.
FASTER = {(CHECKED, "leave", 50): 5, (CHECKED, "leave", 100): 12, (CHECKED, "leave", 200): 12,
          (CHECKED, "leave-default-read", 200): 3, (LEADER, "leave", 200): 30}
# Of stock's bytes of a leave, per cent at most, at 200.
LIGHTER = {CHECKED: 24, LEADER: 0.5}


def _ratio(a, b):
    return f"{a / b:.2f}" if a is not None and b else None


def _leaves(results):
    for (system, case, n), target in FASTER.items():
        ratio = _ratio(results.value(case, n, STOCK, "last_ack"), results.value(case, n, system, "last_ack"))
        yield f"last ack of a {case}, stock : {system}, N={n}", ratio, f"at least {target}"


def _floors(results):
    for case in ("leave", "leave-default-read"):
        for system, floor in FLOORS.items():
            for n in results.sizes(case):
                ratio = _ratio(results.value(case, n, system, "last_ack"), results.value(case, n, floor, "last_ack"))
                yield f"last ack of a {case}, {system} : floor, N={n}", ratio, "at most 1.3 in large rooms"


def _costs(results):
    for system, target in LIGHTER.items():
        stock, ours = (results.value("leave", 200, s, "bytes") for s in (STOCK, system))
        share = f"{100 * ours / stock:.2f} %" if stock and ours else None
        yield f"bytes of a leave, {system} of stock's, N=200", share, f"at most {target} %"
    n = max((n for n in results.sizes("leave") if results.value("leave", n, CHECKED, "rss")), default=200)
    cpu = results.value("leave", n, CHECKED, "cpu_per_ciphertext_us")
    yield f"keyroomd CPU per ciphertext moved, N={n}", None if cpu is None else f"{cpu:.1f} us", "at most 15 us"
    rss = results.value("leave", n, CHECKED, "rss")
    yield f"keyroomd's memory, N={n}", None if rss is None else f"{rss / 1e6:.0f} MB", "at most 64 MB at 200"
    idle = results.value("many-rooms", 10, CHECKED, "memory_per_member")
    yield "keyroomd's memory per idle member, 1,000 rooms of 10", None if idle is None else f"{idle:.0f} B", "at most 4,096 B"


# The server reads as much at once as its read size, and then pauses: with a large one a burst passes before the limit is felt.
def _slow_uplink(results):
    for case, reads in (("leave-10kbps", "large reads"), ("leave-10kbps-default-read", "default reads")):
        commit = results.value(case, 50, CHECKED, "commit")
        yield (f"commit with 10 kB/s of upload, {reads}, N=50", None if commit is None else f"{commit:.2f} s",
               "before the deadline, 2 s + 10 ms a member = 2.5 s")
        ack = results.value(case, 50, STOCK, "last_ack")
        yield f"stock's last ack with 10 kB/s, {reads}, N=50", None if ack is None else f"{ack:.2f} s", "stock's time-out is 5 s"


def _enable(results):
    for n in results.sizes("enable-all"):
        for system, target in ((STOCK, "435 of 8,385 expected at 130" if n == 130 else "0 up to 101"), (CHECKED, "0")):
            failed = results.value("enable-all", n, system, "failed_pairs")
            yield (f"pairs without keys after all enable at once, {system}, N={n}",
                   None if failed is None else f"{failed:.0f}", target)


def _storms(results):
    for n in results.sizes("leave-storm"):
        exposure = results.value("leave-storm", n, CHECKED, "exposure")
        deadline = 2 + 0.010 * n
        bound = max(1.0, deadline) + deadline + 0.5
        yield (f"longest exposure in a storm of leaves, N={n}", None if exposure is None else f"{exposure:.2f} s",
               f"the bound is {bound:.1f} s")
        stock = results.value("leave-storm", n, STOCK, "exposure")
        if stock is not None:
            yield f"the same with stock, N={n}", f"{stock:.1f} s", "its debounce waits for the storm's end"


def lines(results):
    yield ""
    yield "What the project says of itself, and what was measured here:"
    for group in (_leaves, _floors, _costs, _slow_uplink, _enable, _storms):
        for what, value, target in group(results):
            if value is not None:
                yield f"  {what}: {value} ({target})"
