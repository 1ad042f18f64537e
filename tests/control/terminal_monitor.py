#!/usr/bin/python3
"""The monitor on a terminal, as pexpect drives it: editing, history, completion.

Speaks TAP.  The arguments are the program and the directory of the guests.
"""
import os
import sys

try:
    import pexpect
except ImportError:
    print("1..0 # SKIP there is no pexpect (Debian: python3-pexpect)")
    sys.exit(0)

PROGRAM, GUESTS = sys.argv[1:]
PROMPT = "(qemu) "
HAS_EDITING = os.path.exists(os.path.join(os.path.dirname(PROGRAM), "pioemu-edit.so"))
TESTS = []
NEED_EDITING = set()


def test(function):
    TESTS.append(function)
    return function


def edits(function):
    """The test needs the line editor, which is a module."""
    NEED_EDITING.add(function)
    return test(function)


def start(*options):
    arguments = ["-accel", "soft", "-kernel", f"{GUESTS}/echo.bin", *options]
    return pexpect.spawn(PROGRAM, arguments, timeout=30, dimensions=(24, 80), encoding="latin-1")


def finish(child):
    child.send("quit\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.exitstatus


@edits
def the_history_is_behind_the_arrow_keys():
    child = start("-monitor", "stdio", "-serial", "null")
    child.expect_exact(PROMPT)
    child.send("info status\r")
    child.expect("VM status: running")
    child.send("\x1b[A\r")
    child.expect("VM status: running")
    finish(child)


@edits
def a_key_may_come_in_pieces():
    child = start("-monitor", "stdio", "-serial", "null")
    child.expect_exact(PROMPT)
    child.send("info statu")
    for byte in "\x1b[D\x1b[C":
        child.send(byte)
    child.send("s\r")
    child.expect("VM status: running")
    finish(child)


@test
def names_are_completed():
    child = start("-monitor", "stdio", "-serial", "null")
    child.expect_exact(PROMPT)
    child.send("info vers\t\r")
    child.expect(r"\d+\.\d+\.\d+")
    child.expect_exact(PROMPT)
    child.send("system_\t\t")
    child.expect("system_powerdown +system_reset")
    child.send("\x15")
    finish(child)


@test
def the_terminal_is_shared_with_com1():
    child = start("-serial", "mon:stdio")
    child.send("abc")
    child.expect("abc")
    child.send("\x01c")
    child.expect_exact(PROMPT)
    child.send("stop\r")
    child.expect_exact(PROMPT)
    child.send("info status\r")
    child.expect("paused")
    child.send("cont\r\x01c")
    child.expect("input goes to COM1")
    child.send("def")
    child.expect("def")
    child.send("\x01c")
    child.expect_exact(PROMPT)
    finish(child)


print(f"1..{len(TESTS)}")
for number, function in enumerate(TESTS, 1):
    if function in NEED_EDITING and not HAS_EDITING:
        print(f"ok {number} {function.__name__} # SKIP pioemu was built without libedit")
        continue
    try:
        function()
        print(f"ok {number} {function.__name__}", flush=True)
    except (AssertionError, pexpect.ExceptionPexpect) as error:
        text = str(error).replace("\n", "\n# ")
        print(f"not ok {number} {function.__name__}\n# {text}", flush=True)
