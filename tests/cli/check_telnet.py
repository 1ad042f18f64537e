#!/usr/bin/env python3
"""Connects a telnet client to a serial port: its commands must not reach the guest.  Speaks TAP.

Usage: check_telnet.py PIOEMU GUESTS_DIRECTORY
"""
import re
import socket
import subprocess
import sys

GREETING = bytes.fromhex("fffb01fffb03")  # WILL ECHO, WILL SUPPRESS-GO-AHEAD
# DO ECHO between two letters, a longer command, and a doubled 255 at the end.
TYPED = b"a\xff\xfd\x01b\xff\xfa\x18\x00vt100\xff\xf0c\xff\xff"
GOT = b"abc\xff"


def read_until(client, text):
    """Returns the input up to the text or the end."""
    got = b""
    while text not in got:
        more = client.recv(4096)
        if not more:
            break
        got += more
    return got


def main():
    pioemu, guests = sys.argv[1:]
    print("1..2", flush=True)
    program = subprocess.Popen([pioemu, "-accel", "soft", "-kernel", f"{guests}/echo.bin",
                                "-serial", "telnet:127.0.0.1:0,server"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE)
    try:
        port = re.search(rb":(\d+) \(label", program.stdout.readline())[1]
        client = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
        greeting = client.recv(len(GREETING), socket.MSG_WAITALL)
        print("ok 1" if greeting == GREETING else f"not ok 1 - {greeting}", flush=True)
        client.sendall(TYPED)
        echoed = read_until(client, GOT)
        print("ok 2" if GOT in echoed and b"vt100" not in echoed else f"not ok 2 - {echoed}",
              flush=True)
        client.close()
    finally:
        program.kill()
        program.wait()


if __name__ == "__main__":
    main()
