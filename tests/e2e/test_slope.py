#!/usr/bin/env python3
"""The slope of a soak must be able to tell what grows from what only moves."""

import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from slope import Slope  # noqa: E402

TIMES = [3.0 * i for i in range(400)]


def walk(seed, per_s, noise=40.0):
    """Samples that hang together, as those of a heap do, around a line."""
    dice, at, out = random.Random(seed), 0.0, []
    for t in TIMES:
        at = 0.8 * at + dice.gauss(0, noise)
        out.append(20000 + per_s * t + at)
    return out


class Slopes(unittest.TestCase):
    def test_a_line(self):
        line = Slope(TIMES, [5 + 2 * t for t in TIMES], 30)
        self.assertAlmostEqual(line.per_s, 2)
        self.assertTrue(line.grows)

    def test_what_stays_is_rarely_called_growth(self):
        called = sum(Slope(TIMES, walk(seed, 0), 30).grows for seed in range(400))
        self.assertLess(called, 28, "of 400; one side of 95 % is 10, and the blocks are nearly independent")

    def test_what_grows_is_nearly_always_called_so(self):
        called = sum(Slope(TIMES, walk(seed, 0.15), 30).grows for seed in range(100))
        self.assertGreater(called, 95)

    def test_what_falls_does_not_grow(self):
        line = Slope(TIMES, walk(1, -0.5), 30)
        self.assertFalse(line.grows)
        self.assertIn("it falls", line.text("kB"))

    def test_too_few(self):
        self.assertRaises(ValueError, Slope, TIMES[:20], TIMES[:20], 30)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
