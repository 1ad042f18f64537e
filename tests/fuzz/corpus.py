#!/usr/bin/env python3
"""Packs the inputs of a fuzz target into one file, and unpacks them.

Usage: corpus.py pack PACK DIRECTORY...    make PACK of the files of the directories
       corpus.py unpack PACK DIRECTORY     write each input of PACK as a file
       corpus.py list PACK                 print each name and size

A pack begins with lines of text, an index that any pager shows:

    pioemu fuzz corpus
    NAME SIZE
    ...

An empty line ends the index.  The inputs follow it, in the order of the index, with
nothing between them.  The index is sorted by name, so that equal inputs make equal
packs.  An input that a fuzzer named after its content (12 digits of its SHA-1, or
all 40) gets such a name again.  Any other name is kept, such as seed-read.
"""
import hashlib
import re
import sys
from pathlib import Path

MAGIC = b"pioemu fuzz corpus\n"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# libFuzzer's names for inputs that failed.  Such an input stays a file, with a name that says why.
FAILED = re.compile(r"(crash|leak|oom|timeout|slow-unit)-.*")


def refuse(why):
    sys.exit(f"corpus.py: {why}")


def name_of(name, data):
    if re.fullmatch(r"[0-9a-f]{12}|[0-9a-f]{40}", name):
        return hashlib.sha1(data).hexdigest()[:12]
    if not NAME.fullmatch(name) or FAILED.fullmatch(name):
        refuse(f"{name}: not a name for an input of a pack (seed-NAME is)")
    return name


def make(inputs):
    """Makes a pack from a dictionary of names and inputs."""
    names = sorted(inputs)
    index = "".join(f"{name} {len(inputs[name])}\n" for name in names)
    return MAGIC + index.encode() + b"\n" + b"".join(inputs[name] for name in names)


def read(path):
    """Reads a pack.  Returns a dictionary of names and inputs."""
    data = Path(path).read_bytes()
    end = data.find(b"\n\n")
    if not data.startswith(MAGIC) or end < 0:
        refuse(f"{path}: not a pack")
    inputs, at = {}, end + 2
    for line in data[len(MAGIC):end].decode().splitlines():
        name, _, size = line.partition(" ")
        if not NAME.fullmatch(name) or not size.isdecimal() or name in inputs:
            refuse(f"{path}: wrong line in its index: {line}")
        inputs[name] = data[at:at + int(size)]
        at += int(size)
    if at != len(data):
        refuse(f"{path}: has {len(data)} bytes where its index says {at}")
    return inputs


def write(path, inputs):
    """Writes a pack, unless it has the same inputs already."""
    data = make(inputs)
    if not Path(path).exists() or Path(path).read_bytes() != data:
        Path(path).write_bytes(data)


def read_directory(path, inputs):
    for file in sorted(Path(path).iterdir()):
        data = file.read_bytes()
        name = name_of(file.name, data)
        if inputs.setdefault(name, data) != data:
            refuse(f"{file}: another input has this name")


def main(words):
    if len(words) >= 3 and words[0] == "pack":
        inputs = {}
        for directory in words[2:]:
            read_directory(directory, inputs)
        write(words[1], inputs)
    elif len(words) == 3 and words[0] == "unpack":
        directory = Path(words[2])
        directory.mkdir(parents=True, exist_ok=True)
        for name, data in read(words[1]).items():
            (directory / name).write_bytes(data)
    elif len(words) == 2 and words[0] == "list":
        for name, data in read(words[1]).items():
            print(name, len(data))
    else:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
