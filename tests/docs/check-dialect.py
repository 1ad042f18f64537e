#!/usr/bin/env python3
"""Checks the rules of docs/style.md that concern the form of C files and their comments.

Usage: check-dialect.py ROOT
"""

import os
import re
import sys

FOLDERS = ("bios", "devices", "guests", "src", "tests")
# Words that comments should avoid, with the words to use instead.
WORDS = {
    "nobody": "say who does not, or use a passive sentence",
    "whoever": "say who",
    "anew": "again, once more",
    "whosoever": "say who",
}
# A helper may be defined in one header only.
HELPERS = {
    "PAGE_SIZE": "src/base/page.h",
    "PAGE_MASK": "src/base/page.h",
    "likely": "src/base/likely.h",
    "unlikely": "src/base/likely.h",
    "MIN": "GLib",
    "MAX": "GLib",
    "CLAMP": "GLib",
}
# Names of the compiler or GLib for which the tree has its own.
REPLACED = {
    "__builtin_expect": "likely() of src/base/likely.h",
    "G_LIKELY": "likely() of src/base/likely.h",
    "G_UNLIKELY": "unlikely() of src/base/likely.h",
}
BANNER = re.compile(r"/\* ---- \S.*\S ---- \*/$")


def comments_of(text):
    """Yields the line number and the text of every comment."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    for match in token.finditer(text):
        if match.group().startswith("/"):
            yield text.count("\n", 0, match.start()) + 1, match.group()


def check_comments(path, text):
    found = []
    for number, comment in comments_of(text):
        if re.match(r"/[*/] ?-{2}|/[*/] ?={2}", comment) and not BANNER.match(comment):
            found.append(f"{path}:{number}: a banner is /* ---- the words ---- */")
        for word in re.findall(r"\b[A-Za-z]+\b", comment):
            if word.lower() in WORDS:
                found.append(f"{path}:{number}: '{word}': {WORDS[word.lower()]}")
    return found


def check_lines(path, text):
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        define = re.match(r"#\s*define\s+(\w+)", line)
        if define and HELPERS.get(define.group(1), path) != path:
            where = HELPERS[define.group(1)]
            found.append(f"{path}:{number}: {define.group(1)} comes from {where}")
        for name, instead in REPLACED.items():
            if re.search(rf"\b{name}\b", line) and path != "src/base/likely.h":
                found.append(f"{path}:{number}: use {instead}, not {name}")
    return found


def check_tables(path, text):
    """An empty entry at the end of a table should be the macro of its type."""
    return [
        f"{path}:{text.count(chr(10), 0, match.end()) + 1}: the table ends with an empty entry; "
        "use the ..._END macro of its type"
        for match in re.finditer(r"\{(?:0|NULL)?\},?\s*\};", text)
        if text[: match.start()].rstrip().endswith(",")
    ]


def main():
    root = sys.argv[1]
    found = []
    for folder in FOLDERS:
        for directory, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.relpath(os.path.join(directory, name), root)
                with open(os.path.join(root, path), encoding="utf-8") as source:
                    text = source.read()
                found += check_comments(path, text)
                found += check_lines(path, text)
                found += check_tables(path, text)
    for message in sorted(found):
        print(message, file=sys.stderr)
    return 1 if found else 0


sys.exit(main())
