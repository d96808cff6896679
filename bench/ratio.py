#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Prints ratios of the figures that bench/compare.sh has measured: medians of all runs.

usage: ratio.py DIR ROUNDS PROGRAM...
"""

import json
import statistics
import sys


def medians(directory, side, program, rounds):
    """Of each figure of one side, by case, side of the bench, and what it is."""
    values = {}
    for number in range(1, rounds + 1):
        with open(f"{directory}/{side}-{program}-{number}.json") as file:
            for f in json.load(file)["figures"]:
                key = (f["case"], f["side"], f["what"], f["unit"])
                values.setdefault(key, []).append(f["median"])
    return {key: statistics.median(v) for key, v in values.items()}


def main():
    directory, rounds, programs = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    print(f"{'case':<42}{'what':<12}{'old':>12}{'new':>12}{'new/old':>9}")
    for program in programs:
        old = medians(directory, "old", program, rounds)
        new = medians(directory, "new", program, rounds)
        for key in new:
            case, side, what, unit = key
            if key not in old or side == "CRoaring":
                continue
            ratio = f"{new[key] / old[key]:9.2f}" if old[key] else f"{'-':>9}"
            print(f"{program[6:] + ' ' + case + ' (' + side + ')':<42}{what:<12}"
                  f"{old[key]:9.1f} {unit:<2}{new[key]:9.1f} {unit:<2}{ratio}")


if __name__ == "__main__":
    main()
