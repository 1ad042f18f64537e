#!/usr/bin/env python3
"""Makes the demo disk: mkdisk.py OUTPUT BOOT-SECTOR ADDRESS:FILE...

The boot sector starts the first file.  layout.h describes the layout.
"""
import os
import struct
import sys

SECTOR = 512
DIRECTORY_SECTORS = 2
ENTRY = struct.Struct("<16s4I")
MARK = "pioemu guests"
# The size of a floppy disk of 1.44 MB, so that the image can be used as one.
SIZE = 2880 * SECTOR


def padded(data, step):
    return data + bytes(-len(data) % step)


def entry(name, first=0, sectors=0, address=0):
    encoded = name.encode("ascii")
    if len(encoded) >= 16:
        sys.exit(f"mkdisk: the name {name} has more than 15 characters")
    return ENTRY.pack(encoded, first, sectors, address, address)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def make(boot, files):
    directory, contents = entry(MARK), b""
    for address, path in files:
        data = padded(read(path), SECTOR)
        first = 1 + DIRECTORY_SECTORS + len(contents) // SECTOR
        name = os.path.basename(path).removesuffix(".bin")
        if address + len(data) > 0x10000:
            sys.exit(f"mkdisk: {name} ends above 64 KiB")
        directory += entry(name, first, len(data) // SECTOR, address)
        contents += data
    if len(boot) != SECTOR:
        sys.exit(f"mkdisk: a boot sector of {len(boot)} bytes")
    # An entry of zeros ends the directory.
    if len(directory) + ENTRY.size > DIRECTORY_SECTORS * SECTOR:
        sys.exit("mkdisk: too many files for the directory")
    image = boot + directory.ljust(DIRECTORY_SECTORS * SECTOR, b"\0") + contents
    if len(image) > SIZE:
        sys.exit("mkdisk: too much for the disk")
    return image.ljust(SIZE, b"\0")


def main(output, boot, *files):
    split = (file.split(":", 1) for file in files)
    image = make(read(boot), [(int(address, 0), path) for address, path in split])
    with open(output, "wb") as file:
        file.write(image)


main(*sys.argv[1:])
