#!/usr/bin/env python3
"""Writes a file as a C array: embed.py IMAGE HEADER"""

import sys

LINE = 20

with open(sys.argv[1], "rb") as file:
    image = file.read()
if len(image) != 0x10000:
    sys.exit(f"{sys.argv[1]}: {len(image)} bytes (65536 is right)")
with open(sys.argv[2], "w") as header:
    header.write("/* Made by bios/embed.py. */\n")
    header.write("#include <stdint.h>\n\n")
    header.write(f"static const uint8_t BIOS_IMAGE[{len(image)}] = {{\n")
    for i in range(0, len(image), LINE):
        header.write("    " + ", ".join(f"{byte}" for byte in image[i : i + LINE]) + ",\n")
    header.write("};\n")
