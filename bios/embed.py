#!/usr/bin/env python3
"""Writes a file as a C array: embed.py IMAGE HEADER NAME SIZE"""

import sys

LINE = 20

with open(sys.argv[1], "rb") as file:
    image = file.read()
name, size = sys.argv[3], int(sys.argv[4])
if len(image) != size:
    sys.exit(f"{sys.argv[1]}: {len(image)} bytes ({size} is right)")
with open(sys.argv[2], "w") as header:
    header.write("/* Made by bios/embed.py. */\n")
    header.write("#include <stdint.h>\n\n")
    header.write(f"static const uint8_t {name}[{len(image)}] = {{\n")
    for i in range(0, len(image), LINE):
        header.write("    " + ", ".join(f"{byte}" for byte in image[i : i + LINE]) + ",\n")
    header.write("};\n")
