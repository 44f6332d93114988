"""Time and bytes against the number of participants, as SVG: log axes, a line a system."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 480
LEFT, RIGHT, TOP, BOTTOM = 80, 200, 50, 60
COLOURS = {"stock": "#c0392b", "keyroom-participants": "#1f6fb2", "keyroom-leader": "#2e8b57", "keyroom-service": "#8e44ad",
           "prosody-floor": "#7f8c8d"}
OTHERS = ("#d68910", "#148f77", "#5d6d7e")


class _Axis:
    """Maps values to pixels, logarithmically, with ticks at 1, 2, 5."""

    def __init__(self, values, start, end):
        self.low = 10 ** math.floor(math.log10(min(values)))
        self.high = 10 ** math.ceil(math.log10(max(values) * 1.0001))
        steps = [m * 10 ** e for e in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1) for m in (1, 2, 5)]
        # No wider than the data asks for.
        self.low = max(s for s in steps if s <= min(values) * 1.0001)
        self.high = min(s for s in steps if s >= max(values) * 0.9999)
        if self.low == self.high:
            self.high *= 2
        self._start, self._end = start, end
        self.ticks = [s for s in steps if self.low <= s <= self.high]
        if len(self.ticks) > 9:
            self.ticks = [s for s in self.ticks if round(math.log10(s), 6).is_integer()]

    def at(self, value):
        part = (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return self._start + part * (self._end - self._start)


def _number(value):
    return f"{value:g}" if value < 10000 else f"{value:,.0f}"


def _text(x, y, text, anchor="middle", size=12, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{extra}>{escape(text)}</text>'


def _grid(x, y):
    for tick in x.ticks:
        yield f'<line x1="{x.at(tick):.1f}" y1="{TOP}" x2="{x.at(tick):.1f}" y2="{HEIGHT - BOTTOM}" stroke="#e5e5e5"/>'
        yield _text(x.at(tick), HEIGHT - BOTTOM + 18, _number(tick))
    for tick in y.ticks:
        yield f'<line x1="{LEFT}" y1="{y.at(tick):.1f}" x2="{WIDTH - RIGHT}" y2="{y.at(tick):.1f}" stroke="#e5e5e5"/>'
        yield _text(LEFT - 8, y.at(tick) + 4, _number(tick), "end")
    yield (f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - RIGHT - LEFT}" height="{HEIGHT - BOTTOM - TOP}" fill="none" '
           'stroke="#888"/>')


def _spread(wanted):
    """Label heights, pushed apart so that none hides another."""
    placed = []
    for name, y in sorted(wanted, key=lambda item: item[1]):
        placed.append((name, y if not placed else max(y, placed[-1][1] + 15)))
    return dict(placed)


def draw(title, unit, series):
    """series: {system: [(n, value)]}, positive values. None if there is nothing to draw."""
    series = {name: sorted(points) for name, points in series.items() if points}
    points = [point for line in series.values() for point in line]
    if len({n for n, _ in points}) < 2:
        return None
    x = _Axis([n for n, _ in points], LEFT, WIDTH - RIGHT)
    y = _Axis([value for _, value in points], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           _text(LEFT, 28, title, "start", 16)]
    out += _grid(x, y)
    out.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "participants (log)"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out.append(_text(20, middle, f"{unit} (log)", extra=f' transform="rotate(-90 20 {middle:.1f})"'))
    labels = _spread([(name, y.at(line[-1][1])) for name, line in series.items()])
    others = iter(OTHERS)
    for name, line in series.items():
        colour = COLOURS.get(name) or next(others, "#000")
        path = " ".join(f"{x.at(n):.1f},{y.at(value):.1f}" for n, value in line)
        dash = ' stroke-dasharray="5 4"' if "floor" in name else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        out += [f'<circle cx="{x.at(n):.1f}" cy="{y.at(value):.1f}" r="3.5" fill="{colour}"/>' for n, value in line]
        out.append(_text(WIDTH - RIGHT + 10, labels[name] + 4, name, "start", extra=f' fill="{colour}"'))
    return "\n".join(out + ["</svg>"]) + "\n"


SCALE = {"MB": 1e-6}

PLOTS = (
    ("leave-time", "leave", "last_ack", "seconds", "A leave: from the decision until all acks are in"),
    ("leave-bytes", "leave", "bytes", "MB", "A leave: bytes in and out of the server"),
    ("leave-cpu", "leave", "prosody_cpu", "seconds", "A leave: the server's CPU time"),
    ("leave-default-read-time", "leave-default-read", "last_ack", "seconds",
     "A leave, Prosody's default read size: until all acks are in"),
    ("join-time", "join", "last_ack", "seconds", "A join: from the decision until all acks are in"),
    ("join-bytes", "join", "bytes", "MB", "A join: bytes in and out of the server"),
)


def write(results, folder):
    """Returns the names of the files."""
    written = []
    for name, case, metric, unit, title in PLOTS:
        series = {}
        for row in results.rows:
            if row["case"] == case and row["metric"] == metric and row["value"] > 0:
                series.setdefault(row["system"], []).append((row["n"], row["value"] * SCALE.get(unit, 1)))
        drawn = draw(title, unit, series)
        if drawn:
            written.append(name + ".svg")
            with open(f"{folder}/{name}.svg", "w", encoding="utf-8") as out:
                out.write(drawn)
    return written
