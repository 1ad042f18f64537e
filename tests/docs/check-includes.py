#!/usr/bin/env python3
"""Checks that includes between folders go down the list of docs/architecture.md only.

Usage: check-includes.py ROOT
"""

import os
import re
import sys

# Each folder may include its own headers and those of the folders below it.
ORDER = [
    "src/cli",
    "src/control",
    "src/vm",
    "src/record",
    "src/snapshot",
    "src/expect",
    "src/machine",
    "src/boot",
    "src/accel",
    "src/char",
    "src/block",
    "src/net",
    "src/display",
    "src/device",
    "src/cpu",
    "src/board",
    "src/base",
    "devices",
]
# Headers that the build generates from other folders.  Every folder may include them.
GENERATED = ["bios/kernel_rom.h", "bios/bios_image.h"]


def folder_of(path):
    """Returns the entry of ORDER that contains the file, or None."""
    for folder in ORDER:
        if path.startswith(folder + "/"):
            return folder
    return None


def includes_of(path):
    with open(path, encoding="utf-8") as source:
        return re.findall(r'^#\s*include "([^"]+)"', source.read(), re.M)


def check_file(root, path):
    """Returns a message for each include line of a file that goes up the list."""
    folder = folder_of(path)
    if folder is None:
        return [f"{path}: its folder is not in the list of tests/docs/check-includes.py"]
    found = []
    for include in includes_of(os.path.join(root, path)):
        target = folder_of(include)
        if include in GENERATED:
            continue
        if target is None:
            found.append(f"{path}: includes {include}, which is in no folder of the list")
        elif ORDER.index(target) < ORDER.index(folder):
            found.append(f"{path}: includes {include}, but {folder} lies below {target}")
    return found


def main():
    root = sys.argv[1]
    found = []
    for top in ("src", "devices"):
        for directory, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    path = os.path.relpath(os.path.join(directory, name), root)
                    found += check_file(root, path)
    for message in sorted(found):
        print(message, file=sys.stderr)
    return 1 if found else 0


sys.exit(main())
