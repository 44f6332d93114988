"""The numbers of a meeting, for people (report.txt) and for machines (report.json)."""

import json
import os


def _epochs(meeting):
    rows = {}
    for peer in meeting.peers:
        for key in peer.order:
            event = peer.announces[key]
            row = rows.setdefault(key, {"instance": event["instance"], "epoch": event["epoch"], "kind": event["kind"],
                                        "reason": event["reason"], "roster": event["roster"], "announced_ms": event["t"],
                                        "committed_ms": None, "exposure_ms": None})
            row["announced_ms"] = min(row["announced_ms"], event["t"])
            commit = peer.commits.get(key)
            if commit:
                row["committed_ms"] = max(row["committed_ms"] or 0, commit["t"])
                if commit.get("exposure_ms") is not None:
                    row["exposure_ms"] = commit["exposure_ms"]
    return sorted(rows.values(), key=lambda row: (row["announced_ms"], row["epoch"]))


def _participants(meeting):
    rows = []
    for peer in meeting.peers:
        frames = peer.last("frames") or {"sealed": {}, "received": {}, "opened": {}, "refused": {}}
        reasons = {}
        for by_key in frames["refused"].values():
            for by_reason in by_key.values():
                for reason, count in by_reason.items():
                    reasons[reason] = reasons.get(reason, 0) + count
        rows.append({"participant": peer.nick, "device": peer.device,
                     "epochs": sum(1 for key in peer.order if peer.nick in peer.announces[key]["roster"]),
                     "sealed": sum(frames["sealed"].values()),
                     "received": sum(sum(by_key.values()) for by_key in frames["received"].values()),
                     "opened": sum(sum(by_key.values()) for by_key in frames["opened"].values()),
                     "refused": sum(reasons.values()), "refused_by_reason": reasons})
    return rows


def _table(head, rows):
    widths = [max(len(str(line[i])) for line in [head] + rows) for i in range(len(head))]

    def text(line):
        cells = [str(cell).rjust(width) if isinstance(cell, (int, float)) else str(cell).ljust(width)
                 for cell, width in zip(line, widths)]
        return "  " + "  ".join(cells).rstrip()

    return [text(head), "  " + "  ".join("-" * width for width in widths)] + [text(row) for row in rows]


def write(folder, meeting, verdict):
    """Writes both files; returns the text."""
    epochs, participants = _epochs(meeting), _participants(meeting)
    lines = _table(["epoch", "reason", "keys", "commit ms", "exposure ms", "members"],
                   [[row["epoch"], row["reason"], row["kind"],
                     row["committed_ms"] - row["announced_ms"] if row["committed_ms"] else "abandoned",
                     "-" if row["exposure_ms"] is None else row["exposure_ms"], " ".join(row["roster"])] for row in epochs])
    lines += [""]
    lines += _table(["participant", "epochs", "sealed", "opened", "refused", "why refused"],
                    [[row["participant"], row["epochs"], row["sealed"], row["opened"], row["refused"],
                      ", ".join(f"{reason} {count}" for reason, count in sorted(row["refused_by_reason"].items())) or "-"]
                     for row in participants])
    lines += ["", "  refused: from before joining, or sealed after leaving or revocation: no key, as it should be",
              f"  frames compared one by one: {verdict.frames} over {verdict.pairs} (receiver, sender, epoch)",
              f"  frames opened by who was not in the epoch's roster: {verdict.foreign}", f"  frames lost: {verdict.lost}"]
    text = "\n".join(lines)
    with open(os.path.join(folder, "report.txt"), "w", encoding="utf-8") as out:
        out.write(text + "\n")
    with open(os.path.join(folder, "report.json"), "w", encoding="utf-8") as out:
        json.dump({"epochs": epochs, "participants": participants, "frames_compared": verdict.frames,
                   "frames_opened_by_others": verdict.foreign, "frames_lost": verdict.lost, "faults": verdict.faults}, out, indent=2)
        out.write("\n")
    return text
