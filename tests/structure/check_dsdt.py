#!/usr/bin/env python3
"""The bytes of the DSDT in acpi_dsdt.c are what iasl makes of dsdt.asl.

Usage: check_dsdt.py SOURCE_DIRECTORY

Without iasl (package acpica-tools) the test is skipped.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = 36
SKIPPED = 77


def main():
    boot = Path(sys.argv[1]) / "src" / "boot"
    iasl = shutil.which("iasl")
    if not iasl:
        print("check_dsdt: iasl is not installed (package acpica-tools)")
        sys.exit(SKIPPED)
    table = re.search(r"DSDT_CODE\[\] = \{(.*?)\};", (boot / "acpi_dsdt.c").read_text(), re.S)
    ours = bytes(int(number, 16) for number in re.findall(r"0x[0-9a-f]{2}", table[1]))
    with tempfile.TemporaryDirectory() as directory:
        prefix = Path(directory) / "dsdt"
        subprocess.run([iasl, "-oa", "-p", prefix, boot / "dsdt.asl"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made = prefix.with_suffix(".aml").read_bytes()[HEADER:]
    if ours != made:
        print(f"check_dsdt: acpi_dsdt.c has {len(ours)} bytes, iasl makes {len(made)} others")
        sys.exit(1)


if __name__ == "__main__":
    main()
