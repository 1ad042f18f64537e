#!/usr/bin/env python3
"""Adds up the tests in the logs of several runs of `meson test`.

Counts the points of those that speak TAP and the programs that do not.  The
last line is "N passed, N failed, N skipped"; the status is 0 if nothing failed.
"""
import argparse
import json
import re
import sys

POINT = re.compile(r"(not )?ok\b[^#]*(# *(SKIP|TODO))?", re.IGNORECASE)
GOOD = ("OK", "EXPECTEDFAIL")


def count_points(text):
    passed = failed = skipped = 0
    for line in text.splitlines():
        point = POINT.match(line)
        if not point:
            continue
        directive = (point[3] or "").upper()
        if directive == "SKIP":
            skipped += 1
        elif point[1] and directive != "TODO":
            failed += 1
        else:
            passed += 1
    return passed, failed, skipped


def count_program(record):
    passed, failed, skipped = count_points(record.get("stdout", ""))
    result = record["result"]
    if result in GOOD:
        passed += passed + skipped == 0
    elif result == "SKIP":
        skipped += skipped == 0
    else:
        # A crash or a time-out fails no point of its own.
        failed += failed == 0
    return passed, failed, skipped


def count_log(path):
    try:
        with open(path, encoding="utf-8") as log:
            counts = [count_program(json.loads(line)) for line in log if line.strip()]
    except OSError as error:
        print(f"no results: {error}")
        return 0, 0, 0
    return tuple(map(sum, zip(*counts))) if counts else (0, 0, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failed-runs", type=int, default=0,
                        help="runs of tests that failed, whether or not a log says so")
    parser.add_argument("--failed-steps", type=int, default=0,
                        help="what else failed, of which no log knows")
    parser.add_argument("log", nargs="*")
    arguments = parser.parse_args()
    totals = [sum(column) for column in zip(*map(count_log, arguments.log))] or [0, 0, 0]
    passed, failed, skipped = totals
    failed = max(failed, arguments.failed_runs) + arguments.failed_steps
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


main()
