#!/usr/bin/env python3
"""The mutation score of each module, from the outcomes that tools/mutants.sh left.

usage: mutation_score.py OUTCOMES.json

Fails where a score is below 90 %.
"""

import json
import sys
from collections import Counter, defaultdict

LEAST_PERCENT = 90
# How cargo-mutants calls what became of a change.
KILLED, ENDLESS, UNVIABLE, SURVIVED = "CaughtMutant", "Timeout", "Unviable", "MissedMutant"


def main():
    with open(sys.argv[1]) as file:
        outcomes = json.load(file)["outcomes"]
    modules = defaultdict(Counter)
    for outcome in outcomes:
        if outcome["scenario"] != "Baseline":
            module = outcome["scenario"]["Mutant"]["file"].split("/")[1].removesuffix(".rs")
            modules[module][outcome["summary"]] += 1

    print(f"{'module':10} {'mutants':>8} {'killed':>8} {'timeout':>8} {'unviable':>8} {'survived':>8}    score")
    too_low = False
    for module, count in sorted(modules.items()):
        # An endless loop is noticed too; what does not compile is no mutant.
        noticed = count[KILLED] + count[ENDLESS]
        viable = noticed + count[SURVIVED]
        percent = 100 * noticed / viable if viable else 100
        too_low |= percent < LEAST_PERCENT
        columns = (count.total(), count[KILLED], count[ENDLESS], count[UNVIABLE], count[SURVIVED])
        print(f"{module:10}", *(f"{number:8}" for number in columns), f"{percent:7.1f}%")
    sys.exit(too_low)


main()
