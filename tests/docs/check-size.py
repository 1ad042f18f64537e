#!/usr/bin/env python3
"""Checks that files and functions are as short as docs/style.md says.

Usage: check-size.py ROOT
"""

import os
import re
import subprocess
import sys

FILE_LINES = 700
FUNCTION_LINES = 50
SOURCES = (".c", ".h", ".S", ".py", ".sh", ".inc")


def sources(root):
    """Returns the tracked files that people write, relative to the root."""
    tracked = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    ).stdout.decode()
    for path in tracked.split("\0"):
        if (path.endswith(SOURCES) or path == "dev") and os.path.isfile(os.path.join(root, path)):
            yield path


def functions_of(lines):
    """Yields the first line, the name and the length of each C function, with its braces."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            head = " ".join(lines[max(0, start - 4) : start - 1])
            names = re.findall(r"(\w+)\s*\(", head)
            yield start, names[0] if names else "?", number - start + 1
            start = None


def check(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as source:
        lines = source.read().split("\n")
    count = len(lines) - 1
    found = []
    if count > FILE_LINES:
        found.append(f"{path}: {count} lines; split it by subject (at most {FILE_LINES})")
    if path.endswith((".c", ".h")):
        found += [
            f"{path}:{start}: {name}() has {length} lines (at most {FUNCTION_LINES})"
            for start, name, length in functions_of(lines)
            if length > FUNCTION_LINES
        ]
    return found


def main():
    root = sys.argv[1]
    found = []
    for path in sources(root):
        found += check(root, path)
    for message in sorted(found):
        print(message, file=sys.stderr)
    return 1 if found else 0


sys.exit(main())
