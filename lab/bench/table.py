"""The figures for people: a table a case, with what stock needs for each that keyroom needs."""

from lab.bench.plan import CHECKED, STOCK

# metric, heading, how to write it
COLUMNS = (
    ("last_key", "last key s", "{:.3f}"), ("last_ack", "last ack s", "{:.3f}"), ("commit", "commit s", "{:.3f}"),
    ("last_switch", "last switch s", "{:.3f}"), ("exposure", "exposure s", "{:.3f}"), ("key_p50", "key p50", "{:.3f}"),
    ("key_p99", "key p99", "{:.3f}"), ("ack_p99", "ack p99", "{:.3f}"), ("stanzas", "stanzas", "{:.0f}"),
    ("bytes", "MB", "{:.2f}"), ("prosody_cpu", "Prosody CPU s", "{:.3f}"), ("keyroomd_cpu", "keyroomd CPU s", "{:.4f}"), ("olm", "of it Olm s", "{:.4f}"),
    ("cpu_per_ciphertext_us", "us/key", "{:.1f}"), ("rss", "keyroomd MB", "{:.1f}"), ("failed_pairs", "failed pairs", "{:.0f}"),
    ("busy", "put off", "{:.0f}"), ("leaves", "leaves", "{:.0f}"), ("rotation_max", "longest rotation s", "{:.3f}"),
    ("memory_per_member", "B a member", "{:.0f}"), ("start", "start s", "{:.3f}"), ("claims_per_s", "keys a second", "{:.0f}"),
)
RATIOS = ("last_key", "last_ack", "last_switch", "exposure", "stanzas", "bytes", "prosody_cpu")
MEGA = ("bytes", "rss")

LEGEND = """\
Times are seconds from the decision to rotate, medians of the rounds; "exposure" is from the leave to the last switch.
  stock    decides at the end of its 5 s debounce, which is in "exposure" and in the *_from_leave rows, and nowhere else
  keyroom  decides 200 ms (its coalescing) after the leave or the attach was sent; also there what precedes is in "exposure" and
           *_from_leave. The service sees the leave only after it was sent, so its times are rather too long than too short.
  floor    the same stanzas, numbers and sizes as keyroom's last rotation, sent by a component that does nothing else
last key: everybody has every new key. last ack: who sent a key (stock), or the service, knows that. commit: somebody was told that
all have it. last switch: everybody sends with the new key (stock: when all acks are in, or after 5 s).
MB: bytes in and out, client links and component link. Ciphertexts are dummies of the right size, but for the cases enable-all
and *-olm: there the whole conference's Olm runs on one core, beside the server."""


def _cell(results, case, n, system, metric, form):
    value = results.value(case, n, system, metric)
    if value is None:
        return ""
    return form.format(value / 1e6 if metric in MEGA else value)


def _ratio(results, case, n, metric):
    stock, ours = (results.value(case, n, system, metric) for system in (STOCK, CHECKED))
    return f"{stock / ours:.1f}x" if stock and ours and metric in RATIOS else ""


def _layout(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) if i == 1 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))).rstrip()


def lines(results):
    for case in results.cases():
        columns = [column for column in COLUMNS
                   if any(row["case"] == case and row["metric"] == column[0] for row in results.rows)]
        if not columns:
            continue
        rows = [["N", "system"] + [heading for _, heading, _ in columns]]
        for n in results.sizes(case):
            here = [s for s in results.systems(case) if any(r["case"] == case and r["n"] == n and r["system"] == s
                                                             for r in results.rows)]
            rows += [[str(n), system] + [_cell(results, case, n, system, metric, form) for metric, _, form in columns]
                     for system in here]
            if STOCK in here and CHECKED in here:
                rows.append(["", "stock : keyroom"] + [_ratio(results, case, n, metric) for metric, _, _ in columns])
        yield ""
        yield case
        yield from _layout(rows)
