#!/usr/bin/env python3
"""Each command line of lines.txt must have the outcome that is written next to it.  Speaks TAP.

Usage: check_lines.py PIOEMU LINES GUESTS_DIRECTORY
"""
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

# mov dx, 0x3f8; mov al, 'B'; out dx, al; mov al, 'D'; out 0xe9, al; cli; hlt
BOOT_SECTOR = bytes.fromhex("baf803 b042 ee b044 e6e9 fa f4".replace(" ", ""))
SECONDS = 60
# What pioemu says of a module whose library was missing when it was built.
NOT_BUILT = "pioemu was built without it"


def make_files(directory, guests):
    sector = BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa"
    (directory / "os.img").write_bytes(sector.ljust(1474560, b"\0"))
    (directory / "data.iso").write_bytes(bytes(40960))
    (directory / "kernel.bin").write_bytes((guests / "hello.bin").read_bytes())
    (directory / "trace.txt").write_text("# events\nunclaimed\n")
    for name, text in (("end", "B"), ("hello", "Hello")):
        (directory / f"{name}.expect").write_text(f'wait "{text}"\n')
    (directory / "machine.cfg").write_text('[machine]\n  type = "pc"\n[memory]\n  size = "64M"\n')


def has_kvm():
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
        return True
    except OSError:
        return False


def read_lines(path):
    for line in path.read_text().split("\n"):
        if line.strip() and not line.startswith("#"):
            outcome, text, arguments = line.split("|", 2)
            yield outcome.strip(), text.strip(), arguments.strip()


def run(pioemu, directory, outcome, text, arguments):
    """Runs a line.  Returns what is wrong, or None."""
    words = [pioemu] + shlex.split(arguments)
    try:
        done = subprocess.run(words, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "it does not end"
    status, place = (0, done.stdout) if outcome == "runs" else (2, done.stderr)
    if done.returncode != status:
        return f"status {done.returncode}: {done.stderr.decode(errors='replace')!r}"
    if text.encode() not in place:
        return f"{text!r} is not in {place.decode(errors='replace')!r}"
    return None


def main():
    pioemu, path, guests = os.path.abspath(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    lines, kvm = list(read_lines(path)), has_kvm()
    print(f"1..{len(lines) + 1}", flush=True)
    print("ok 1 /cli/there_are_at_least_80_lines" if len(lines) >= 80 else "not ok 1 - too few lines")
    for number, (outcome, text, arguments) in enumerate(lines, 2):
        name = f"{number} - {arguments}".replace("#", " ")
        if not kvm and ("kvm" in arguments and "tcg" not in arguments):
            print(f"ok {name} # SKIP no /dev/kvm", flush=True)
            continue
        with tempfile.TemporaryDirectory() as directory:
            make_files(Path(directory), guests)
            wrong = run(pioemu, directory, outcome, text, arguments)
        if wrong and NOT_BUILT in wrong:
            print(f"ok {name} # SKIP {NOT_BUILT}", flush=True)
            continue
        if wrong:
            print(f"# {wrong}", flush=True)
        print(f"{'not ok' if wrong else 'ok'} {name}", flush=True)


if __name__ == "__main__":
    main()
