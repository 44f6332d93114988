#!/usr/bin/env python3
"""The judge of a meeting must be able to find each kind of fault, or its silence means nothing."""

import copy
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from lab import checker  # noqa: E402

INSTANCE = "0011223344556677" * 2
ONE, TWO = "00112233/1", "00112233/2"


class Life:
    """What checker.judge looks at, made by hand."""

    def __init__(self, nick, announces, frames, ended_early=False, end=60000):
        self.life = self.nick = nick
        self.ended_early = ended_early
        self.drained_at = None
        self.events = [{"event": "announce", "t": 1000 * epoch, "instance": INSTANCE, "epoch": epoch, "context": f"c{epoch}",
                        "roster": roster} for epoch, roster in announces]
        self.order = [f"00112233/{epoch}" for epoch, _ in announces]
        self.announces = dict(zip(self.order, self.events))
        self.commits = {key: {"t": event["t"] + 100} for key, event in self.announces.items()}
        self.events = self.events + [{"event": "frames", "t": end, **frames}]

    def last(self, kind):
        return next((e for e in reversed(self.events) if e["event"] == kind), None)


def meeting():
    """a and b in epoch 1, a and b and c in epoch 2; ten frames each."""
    def count(sealed, opened, refused=None):
        return {"sealed": sealed, "opened": opened, "received": {}, "refused": refused or {}}
    first, second = (1, ["a", "b"]), (2, ["a", "b", "c"])
    return {
        "a": Life("a", [first, second], count({ONE: 10, TWO: 10}, {"b": {ONE: 10, TWO: 10}, "c": {TWO: 10}})),
        "b": Life("b", [first, second], count({ONE: 10, TWO: 10}, {"a": {ONE: 10, TWO: 10}, "c": {TWO: 10}})),
        "c": Life("c", [second], count({TWO: 10}, {"a": {TWO: 10}, "b": {TWO: 10}},
                                       {"a": {"?/1": {"no-key": 10}}})),
    }


def judged(change=None):
    lives = copy.deepcopy(meeting())
    if change:
        change(lives)
    return checker.judge(list(lives.values()))


class Judge(unittest.TestCase):
    def found(self, text, change):
        verdict = judged(change)
        self.assertTrue(any(text in fault for fault in verdict.faults), verdict.faults)
        return verdict

    def test_a_good_meeting(self):
        verdict = judged()
        self.assertEqual(verdict.faults, [])
        self.assertEqual((verdict.lost, verdict.foreign, verdict.frames), (0, 0, 80))

    def test_a_lost_frame(self):
        def change(lives):
            lives["b"].events[-1]["opened"]["a"][TWO] = 9
        self.assertEqual(self.found("opened 9 of the 10", change).lost, 1)

    def test_a_sender_that_is_never_heard(self):
        def change(lives):
            del lives["b"].events[-1]["opened"]["c"]
        self.assertEqual(self.found("opened 0 of the 10", change).lost, 10)

    def test_a_frame_opened_by_a_stranger(self):
        def change(lives):
            lives["c"].events[-1]["opened"]["a"][ONE] = 1
        self.assertEqual(self.found("without being in its roster", change).foreign, 1)

    def test_a_frame_of_a_sender_outside_the_roster(self):
        def change(lives):
            lives["a"].events[-1]["opened"]["c"][ONE] = 1
        self.found("who is not in the roster", change)

    def test_a_frame_opened_twice(self):
        def change(lives):
            lives["a"].events[-1]["opened"]["b"][ONE] = 11
        self.found("which sealed 10", change)

    def test_another_context(self):
        def change(lives):
            lives["b"].announces[TWO]["context"] = "other"
        self.found("another context", change)

    def test_another_roster(self):
        def change(lives):
            lives["b"].announces[TWO]["roster"] = ["b", "c"]
        self.found("another context or roster", change)

    def test_a_number_that_falls(self):
        def change(lives):
            lives["a"].events[0], lives["a"].events[1] = lives["a"].events[1], lives["a"].events[0]
        self.found("epoch 00112233/1 after 2", change)

    def test_a_refused_frame_of_its_own_epoch(self):
        def change(lives):
            lives["a"].events[-1]["refused"] = {"b": {"?/2": {"no-key": 3}}}
        self.assertEqual(self.found("refused frames of b in its own epoch", change).lost, 3)

    def test_a_refused_frame_counts_until_it_attaches_anew(self):
        def attached(name):
            return {"event": "attached", "t": 0, "state": "member", "attach": name}

        def change(lives):
            lives["a"].events[-1]["refused"] = {"b": {"?/2": {"no-key": 3}}}
            lives["a"].events.insert(0, attached("x"))
        self.found("refused frames of b in its own epoch", change)

        def later(lives):
            change(lives)
            lives["a"].events.insert(-1, attached("y"))
        self.assertEqual(judged(later).lost, 0)

    def test_sealing_unannounced(self):
        def change(lives):
            lives["c"].events[-1]["sealed"][ONE] = 1
        self.found("not announced to it", change)

    def test_an_early_end_forgives_only_the_last_epoch(self):
        def change(lives):
            lives["b"].ended_early = True
            lives["b"].events[-1]["opened"]["a"] = {ONE: 9, TWO: 3}
        verdict = self.found("opened 9 of the 10", change)
        self.assertEqual(verdict.lost, 1)

    def test_leaving_forgives_only_before_the_count(self):
        def change(lives):
            lives["b"].events[-1]["opened"]["a"][TWO] = 9
            lives["b"].events.append({"event": "left", "t": 3000})
        self.assertEqual(judged(change).lost, 0)

        def later(lives):
            change(lives)
            lives["b"].drained_at = 2900
        self.assertEqual(self.found("opened 9 of the 10", later).lost, 1)

    def test_no_count(self):
        def change(lives):
            del lives["b"].events[-1]
        self.found("no count", change)


class Watch(unittest.TestCase):
    def test_good(self):
        lines = [["claimed", "one-time", "k1"], ["claimed", "fallback", "f"], ["claimed", "fallback", "f"],
                 ["announce", "i", "1", "fresh", "r", "-"], ["announce", "i", "1", "fresh", "r", "-"]]
        self.assertEqual(checker.judge_watch(lines), ([], 1, 1))

    def test_a_key_twice(self):
        self.assertIn("twice", checker.judge_watch([["claimed", "one-time", "k"]] * 2)[0][0])

    def test_a_number_twice(self):
        lines = [["announce", "i", "1", "fresh", "r", "-"], ["announce", "i", "1", "fresh", "q", "-"]]
        self.assertIn("two ways", checker.judge_watch(lines)[0][0])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
