#!/usr/bin/env python3
"""Adds up the tests in the logs of several runs of `meson test`.

Counts the points of those that speak TAP and the programs that do not.  Names
each failure with the end of its output, so that failures are at the end of a long
log.  The last line is "N passed, N failed, N skipped"; the status is 0 if
nothing failed.
"""
import argparse
import json
import os
import re
import sys

POINT = re.compile(r"(not )?ok\b[ \d]*([^#]*)(# *(SKIP|TODO))?", re.IGNORECASE)
GOOD = ("OK", "EXPECTEDFAIL")
SHOWN_LINES = 30


def count_points(text):
    passed = skipped = 0
    failed = []
    for line in text.splitlines():
        point = POINT.match(line)
        if not point:
            continue
        directive = (point[4] or "").upper()
        if directive == "SKIP":
            skipped += 1
        elif point[1] and directive != "TODO":
            failed.append(point[2].strip(" -"))
        else:
            passed += 1
    return passed, failed, skipped


def unfinished_point(text):
    """Finds the point at which a program crashed or hung: it printed only the ones before."""
    done = [point for point in map(POINT.match, text.splitlines()) if point]
    return [f"the one after {done[-1][2].strip(' -')}"] if done else []


def show_failure(build, record, points):
    """Prints the end of standard error, where sanitizers and assertions write."""
    print(f"\nFAILED in {build}: {record['name']} ({record['result']})")
    for point in points or unfinished_point(record.get("stdout", "")):
        print(f"  point: {point}")
    for stream in ("stdout", "stderr"):
        lines = record.get(stream, "").splitlines()[-SHOWN_LINES:]
        if lines:
            print(f"  its last lines on {stream}:")
        for line in lines:
            print(f"    {line}")


def count_program(build, record):
    passed, points, skipped = count_points(record.get("stdout", ""))
    failed = len(points)
    result = record["result"]
    if result in GOOD:
        passed += passed + skipped == 0
    elif result == "SKIP":
        skipped += skipped == 0
    else:
        # A crash or a time-out reports no failed point, so it counts as one.
        failed += failed == 0
        show_failure(build, record, points)
    return passed, failed, skipped


def count_log(path):
    build = os.path.normpath(path).split(os.sep)[0]
    try:
        with open(path, encoding="utf-8") as log:
            counts = [count_program(build, json.loads(line)) for line in log if line.strip()]
    except OSError as error:
        print(f"no results: {error}")
        return 0, 0, 0
    return tuple(map(sum, zip(*counts))) if counts else (0, 0, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failed-run", action="append", default=[], metavar="NAME",
                        help="a run of tests that failed, whether or not a log says so")
    parser.add_argument("--failed-step", action="append", default=[], metavar="NAME",
                        help="something else that failed, of which no log knows")
    parser.add_argument("log", nargs="*")
    arguments = parser.parse_args()
    totals = [sum(column) for column in zip(*map(count_log, arguments.log))] or [0, 0, 0]
    passed, failed, skipped = totals
    failed = max(failed, len(arguments.failed_run)) + len(arguments.failed_step)
    for name in arguments.failed_run + arguments.failed_step:
        print(f"failed: {name}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


main()
