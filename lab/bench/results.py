"""Rows of results, as design and tests know them: {"case", "n", "system", "metric", "value", "unit"}."""

import json
import os
import statistics

from lab.bench import plan

SPREAD = ("last_key", "last_ack", "commit", "last_switch")   # told with least and most, too


class Results:
    def __init__(self):
        self.rows = []

    def add(self, case, n, system, outcomes):
        """outcomes: metrics of each round. Each metric becomes a row with the median."""
        for metric in outcomes[0]:
            values = [outcome[metric] for outcome in outcomes if metric in outcome]
            self._row(case, n, system, metric, statistics.median(values))
            if metric in SPREAD and len(values) > 1:
                self._row(case, n, system, metric + "_min", min(values))
                self._row(case, n, system, metric + "_max", max(values))

    def _row(self, case, n, system, metric, value):
        self.rows.append({"case": case, "n": n, "system": system, "metric": metric, "value": value, "unit": plan.unit(metric)})

    def value(self, case, n, system, metric):
        """None if it was not measured."""
        for row in self.rows:
            if (row["case"], row["n"], row["system"], row["metric"]) == (case, n, system, metric):
                return row["value"]
        return None

    def cases(self):
        return list(dict.fromkeys(row["case"] for row in self.rows))

    def sizes(self, case):
        return sorted({row["n"] for row in self.rows if row["case"] == case})

    def systems(self, case):
        return list(dict.fromkeys(row["system"] for row in self.rows if row["case"] == case))

    def write(self, path):
        """Whole or not at all."""
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write("[\n" + ",\n".join(json.dumps(row) for row in self.rows) + "\n]\n")
        os.replace(path + ".new", path)
