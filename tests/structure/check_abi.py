#!/usr/bin/env python3
"""Compares the device interface with its stored description, tests/structure/device-abi.txt.

Usage: check_abi.py ROOT [COMPILER...]      check
       check_abi.py --update                write the description of the headers as they are

The description has the size of each public struct, the place of each member, the value
of each enumerator, and the functions.  A module that was built with one description
works with another if that one only has more functions or more enumerators.  Any other
change must raise DEVICE_ABI in devices/device.h; --update refuses it otherwise.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

STORED = "tests/structure/device-abi.txt"
HARMLESS = ("function ", "value ")


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"^#.*(?:\\\n.*)*", "", text, flags=re.M)


def public_headers(root):
    return sorted((root / "devices").glob("*.h"))


def read_headers(root):
    return "\n".join(without_comments(path.read_text()) for path in public_headers(root))


def member_names(body):
    for declaration in body.split(";"):
        if not declaration.strip():
            continue
        pointer = re.search(r"\(\*(\w+)\)\s*\(", declaration)
        if pointer:
            yield pointer[1]
            continue
        for item in declaration.split(","):
            yield re.search(r"(\w+)\s*(?:\[[^\]]*\])?\s*$", item)[1]


def probes(text):
    """Yields C statements that print a line each."""
    yield 'printf("abi %d\\n", DEVICE_ABI);'
    for tag, body, name in re.findall(r"\bstruct (\w+)\s*\{([^{}]*)\}\s*(\w*);", text):
        kind = name or f"struct {tag}"
        yield f'printf("struct {kind} %zu\\n", sizeof({kind}));'
        for member in member_names(body):
            yield (f'printf("member {kind}.{member} at %zu, %zu bytes\\n", '
                   f"offsetof({kind}, {member}), sizeof((({kind} *)0)->{member}));")
    for body in re.findall(r"\benum \w+\s*\{([^{}]*)\}", text):
        for name in re.findall(r"(?:^|,)\s*(\w+)", body):
            if not name.endswith("_COUNT"):
                yield f'printf("value {name} %d\\n", (int){name});'


def functions(text):
    text = re.sub(r"\{[^{}]*\}", "", text)
    for result, name, rest in re.findall(r"^([\w][\w *]*?)\b(pio_\w+)(\([^;]*\))[^;)]*;", text, re.M):
        yield "function " + " ".join(f"{result}{name}{rest}".split())


def describe(root, compiler):
    text = read_headers(root)
    source = "#include <stdio.h>\n" + "".join(
        f'#include "devices/{path.name}"\n' for path in public_headers(root))
    source += "int main(void)\n{\n" + "\n".join(probes(text)) + "\nreturn 0;\n}\n"
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "probe"
        subprocess.run([*compiler, "-I", root, "-o", program, "-xc", "-"], input=source, text=True,
                       check=True)
        lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.split("\n")
    return [line for line in lines if line] + sorted(functions(text))


def main():
    update = sys.argv[1] == "--update"
    root = Path(__file__).resolve().parents[2] if update else Path(sys.argv[1])
    now = describe(root, sys.argv[2:] or ["cc"])
    path = root / STORED
    stored = path.read_text().splitlines() if path.exists() else []
    gone = [line for line in stored if line not in now]
    new = [line for line in now if line not in stored]
    breaks = gone or [line for line in new if not line.startswith(HARMLESS)]
    raised = not stored or stored[0] != now[0]
    if len(now) < 200:
        sys.exit(f"check_abi: only {len(now)} lines were found")
    for sign, lines in (("-", gone), ("+", new)):
        for line in lines:
            print(sign, line, flush=True)
    if breaks and not raised:
        sys.exit("check_abi: modules that exist would no longer work: raise DEVICE_ABI in "
                 "devices/device.h, and then run tests/structure/check_abi.py --update")
    if update:
        path.write_text("\n".join(now) + "\n")
    elif gone or new:
        sys.exit("check_abi: run tests/structure/check_abi.py --update")


if __name__ == "__main__":
    main()
