"""Does a measured quantity grow? The least-squares slope over time and its standard error, from means of blocks: neighbouring
samples of a process's memory are no independent measurements, means of half a minute nearly are."""

import math
from statistics import NormalDist, fmean


def _student(freedom, confidence=0.95):
    """The two-sided quantile of Student's t (Cornish-Fisher; 1 % off at 4 degrees of freedom, less above)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return (z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2)
            + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3))


class Slope:
    def __init__(self, times, values, block):
        """times in seconds, rising; block in seconds."""
        groups = {}
        for t, v in zip(times, values):
            groups.setdefault(int((t - times[0]) // block), []).append((t, v))
        self.points = [(fmean(t for t, _ in group), fmean(v for _, v in group)) for group in groups.values()]
        n = len(self.points)
        if n < 4:
            raise ValueError(f"{n} blocks of {block} s are too few for a slope")
        mt, mv = fmean(t for t, _ in self.points), fmean(v for _, v in self.points)
        spread = sum((t - mt) ** 2 for t, _ in self.points)
        self.per_s = sum((t - mt) * (v - mv) for t, v in self.points) / spread
        rest = sum((v - mv - self.per_s * (t - mt)) ** 2 for t, v in self.points)
        self.error = math.sqrt(rest / (n - 2) / spread)
        self.margin = _student(n - 2) * self.error
        self.mean = mv

    @property
    def grows(self):
        """Zero lies below the 95 % interval."""
        return self.per_s - self.margin > 0

    def text(self, unit):
        verdict = ("distinguishable from zero: it grows" if self.grows else
                   "distinguishable from zero: it falls" if self.per_s + self.margin < 0 else "indistinguishable from zero")
        return (f"{self.per_s * 3600:+.1f} {unit}/h, standard error {self.error * 3600:.1f}, 95 % interval "
                f"{(self.per_s - self.margin) * 3600:+.1f} to {(self.per_s + self.margin) * 3600:+.1f} "
                f"({len(self.points)} blocks, mean {self.mean:.0f} {unit}): {verdict}")
