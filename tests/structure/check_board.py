#!/usr/bin/env python3
"""Checks that the numbers of the board are in src/machine/pc_board.h and nowhere else.

Usage: check_board.py ROOT LIST_DEFAULTS

No property of a device that says where the device is has a default of its own
(LIST_DEFAULTS prints those that have one), and no source of the program and of
its firmware contains a number of pc_board.h.  Numbers below 0x100, and those with only
one digit other than 0, may mean anything and are not searched for.
"""
import re
import subprocess
import sys
from pathlib import Path

BOARD = "src/machine/pc_board.h"
FOLDERS = ["src", "devices", "bios"]
# (file, number): what the number means if it is not one of the board's.
EXCEPTIONS = {
    ("bios/kernel.S", 0x510): "the loader fits any firmware and board that have fw_cfg",
    ("src/cli/option_table.c", 0x501): "an example of a command line",
    ("devices/net/e1000_regs.h", 0x170): "the flow control register's offset in the card",
    ("devices/intc/lapic_regs.h", 0xFEE00000): "the architecture's address of messages",
}


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def numbers_of_board(root):
    text = without_comments((root / BOARD).read_text())
    values = [int(v, 0) for v in re.findall(r"#define \w+\s+(0x[0-9a-f]+)", text)]
    return {v for v in values if v >= 0x100 and len(set(f"{v:x}") - {"0"}) > 1}


def main():
    root, lister = Path(sys.argv[1]), sys.argv[2]
    numbers, bad, used, seen = numbers_of_board(root), 0, set(), 0
    if len(numbers) < 15:
        sys.exit(f"check_board: only {len(numbers)} numbers were found in {BOARD}")
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.[chS]")):
            name = str(path.relative_to(root))
            if name == BOARD:
                continue
            seen += 1
            text = re.sub(r'"(?:[^"\\\n]|\\.)*"', lambda m: m[0] if "base" in m[0] else '""',
                          without_comments(path.read_text()))
            for word in re.findall(r"(?<![\w.])0x[0-9a-fA-F]+(?=[uUlL]*\b)", text):
                value = int(word, 0)
                if value not in numbers:
                    continue
                if (name, value) in EXCEPTIONS:
                    used.add((name, value))
                    continue
                print(f"{name}: {word} is a number of {BOARD}", flush=True)
                bad += 1
    for name, value in EXCEPTIONS.keys() - used:
        print(f"{name}: {value:#x} is no exception: it is not there", flush=True)
        bad += 1
    for line in subprocess.run([lister], check=True, capture_output=True, text=True).stdout.split("\n"):
        if line:
            print(f"{line}: where a device is has no default in the device", flush=True)
            bad += 1
    if seen < 200:
        sys.exit(f"check_board: only {seen} files were found")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
