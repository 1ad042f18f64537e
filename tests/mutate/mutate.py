#!/usr/bin/env python3
"""Mutation testing of device files: finds changes of the code that no test notices.

Usage: mutate.py [options] BUILD FILE...

Each FILE is compiled once, with all its mutants (mutants.py) in one object; the
test programs that concern it are linked against that object once, and each
mutant is tried by running those that reach it, with its number in the environment.
The results are kept in BUILD/mutate, so that an interrupted run can be
continued.  Survivors are tried again each time.  `equivalent.txt` lists the mutants
that no test can notice, each with the reason.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

import mutants

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The tests of a file: unit programs, classes for test_every_device, and port scripts.
TESTS = [
    (r"acpi_pm", ["acpi_pm"], ["acpi-pm"], []),
    (r"ata.*", ["ata", "ata_corners", "ata_ports", "ata_state", "atapi"], ["isa-ide"], ["ata", "atapi"]),
    (r"calendar", ["calendar", "mc146818_time"], ["mc146818rtc"], ["mc146818"]),
    (r"cmos_bytes|mc146818.*", ["mc146818_cmos", "mc146818_interrupts", "mc146818_time"],
     ["mc146818rtc"], ["mc146818"]),
    (r"fw_cfg", ["fw_cfg"], ["fw_cfg"], []),
    (r"i8042|ps2_.*", ["i8042", "ps2_keyboard", "ps2_mouse"], ["i8042"], ["i8042"]),
    (r"i82077aa.*|floppy_media", ["i82077aa", "i82077aa_transfer"], ["isa-fdc"], ["i82077aa"]),
    (r"i8237", ["i8237", "i82077aa_transfer"], ["isa-dma"], ["i8237", "i82077aa"]),
    (r"i8254.*", ["i8254_access", "i8254_corners", "i8254_modes", "i8254_ticks"], ["isa-pit"], ["i8254", "portb"]),
    (r"i8259", ["i8259_cascade", "i8259_corners", "i8259_init", "i8259_service"], ["isa-pic"], ["i8259"]),
    (r"ioapic|lapic.*", ["apic", "apic_corners", "apic_registers", "apic_cpus"], ["lapic", "ioapic"],
     ["lapic", "ioapic"]),
    (r"port92", ["port92"], ["port92"], []),
    (r"uart16550.*",
     ["uart16550", "uart16550_char", "uart16550_corners", "uart16550_fifo", "uart16550_interrupts",
      "uart16550_loopback", "uart16550_timing", "uart16550_property"],
     ["isa-serial"], ["uart16550", "uart16550_baud"]),
    (r".*", ["isa_devices"], ["debug-port", "isa-debugcon", "post-port", "exit-port",
                              "isa-debug-exit", "reset-control"], []),
]

RUNTIME = """
#include <stdio.h>
#include <stdlib.h>
#define MUTANTS %d
static int mutant_chosen;
static unsigned char mutant_reached[MUTANTS + 1];
static inline int mutant_is(int n) { mutant_reached[n] = '1'; return n == mutant_chosen; }
#define MUTANT(n) mutant_is(n)
__attribute__((constructor)) static void mutant_begin(void)
{
    const char *chosen = getenv("PIOEMU_MUTANT");
    mutant_chosen = chosen ? atoi(chosen) : 0;
}
__attribute__((destructor)) static void mutant_end(void)
{
    const char *name = getenv("PIOEMU_MUTANTS_REACHED");
    FILE *file = name ? fopen(name, "ab") : NULL;
    if (file) {
        fwrite(mutant_reached, sizeof(mutant_reached), 1, file);
        fclose(file);
    }
}
"""


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Program:
    """A way to run tests against the mutated object."""

    def __init__(self, name, argv, environment=()):
        self.name, self.argv, self.environment = name, argv, dict(environment)
        self.patience, self.seconds, self.reached = 120.0, 60, b""

    def run(self, mutant=0, reached=None):
        """Runs the tests.  Returns whether they passed."""
        environment = dict(os.environ, PIOEMU_MUTANT=str(mutant), G_MESSAGES_DEBUG="",
                           **self.environment)
        if reached:
            environment["PIOEMU_MUTANTS_REACHED"] = str(reached)
        limits = f'ulimit -c 0; ulimit -t {self.seconds}; exec "$@"'
        process = subprocess.Popen(["sh", "-c", limits, "sh"] + self.argv,
                                   env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            return process.wait(self.patience) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return False

    def measure(self, count, directory):
        """Measures the time of a run, and finds the mutants that it reaches."""
        path = directory / f"{self.name}.reached"
        path.unlink(missing_ok=True)
        begin, used = time.monotonic(), cpu_seconds()
        if not self.run(0, path):
            sys.exit(f"mutate: {self.name} fails without a mutant")
        self.seconds = 2 + int(4 * (cpu_seconds() - used))
        self.patience = 10 + 20 * (time.monotonic() - begin)
        data = path.read_bytes() if path.exists() else b""
        self.reached = bytearray(count + 1)
        for at in range(0, len(data) - count, count + 1):
            for i, byte in enumerate(data[at:at + count + 1]):
                self.reached[i] |= byte


def tests_of(name):
    for pattern, units, classes, scripts in TESTS:
        if re.fullmatch(pattern, name):
            return units, classes, scripts
    return [], [], []


def headers_text():
    return "\n".join(p.read_text() for p in sorted((ROOT / "devices").rglob("*.h")))


class Subject:
    """A file with its mutants, compiled and linked."""

    def __init__(self, build, path):
        self.build, self.path, self.name = build, path, path.stem
        self.directory = build / "mutate" / path.stem
        self.directory.mkdir(parents=True, exist_ok=True)
        self.mutants, self.programs = [], []

    def compile_command(self):
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            file = Path(entry["directory"], entry["file"]).resolve()
            if file == self.path and "core.a.p" in entry["command"]:
                words = shlex.split(entry["command"])
                words = [w for w in words if w not in ("ccache", "-O2", "-g", "-MD")]
                for option in ("-o", "-MQ", "-MF", "-c"):
                    at = words.index(option)
                    del words[at:at + 2]
                return words
        sys.exit(f"mutate: {self.path} is not in {self.build}/compile_commands.json")

    def compile(self):
        """Compiles without the mutants that the compiler refuses, such as sums of two pointers."""
        text, headers, dropped = self.path.read_text(), headers_text(), set()
        source, out = self.directory / "mutated.c", self.directory / "mutated.o"
        command = self.compile_command() + ["-w", "-O1", "-I", str(ROOT), "-c",
                                            str(source), "-o", str(out)]
        while True:
            mutated, self.mutants = mutants.make(text, headers, dropped)
            runtime = RUNTIME % len(self.mutants)
            source.write_text(runtime + "#line 1\n" + mutated)
            done = subprocess.run(command, cwd=self.build, capture_output=True, text=True)
            if done.returncode == 0:
                return
            lines = {int(n) for n in re.findall(r":(\d+):\d+:.*error:", done.stderr)}
            bad = {(m.line, m.mutated) for m in self.mutants if m.line in lines and ") + (" in m.mutated}
            if bad <= dropped:
                sys.exit(f"mutate: {self.path.name}: {done.stderr}")
            dropped |= bad

    def link(self, target, out):
        lines = subprocess.run(["ninja", "-C", str(self.build), "-t", "commands", target],
                               check=True, capture_output=True, text=True).stdout.splitlines()
        words = shlex.split(lines[-1])
        words[words.index("-o") + 1] = str(out)
        words.insert(words.index("-Wl,--as-needed"), str(self.directory / "mutated.o"))
        out.parent.mkdir(exist_ok=True)
        subprocess.run(words, cwd=self.build, check=True)

    def make_programs(self):
        units, classes, scripts = tests_of(self.name)
        for unit in units:
            self.link(f"tests/unit/test_{unit}", self.directory / f"test_{unit}")
            self.programs.append(Program(unit, [str(self.directory / f"test_{unit}")]))
        if scripts:
            self.link("src/pioemu", self.directory / "src" / "pioemu")
            argv = [str(self.build / "tests/conformance/run_port")]
            for script in scripts:
                argv += ["-p", f"/conformance/{script}"]
            argv += [str(ROOT / f"tests/conformance/{s}.port") for s in scripts]
            environment = {"PIOEMU_BUILD": str(self.directory)}
            self.programs.append(Program("conformance", argv, environment))
        if classes:
            self.link("tests/unit/test_every_device", self.directory / "test_every_device")
            listed = subprocess.run([str(self.directory / "test_every_device"), "-l"], check=True,
                                    capture_output=True, text=True).stdout.split("\n")
            argv = [str(self.directory / "test_every_device")]
            kinds = {line.rsplit("/", 1)[0] for line in listed if line.startswith("/")}
            for kind in sorted(kinds):
                if any(kind == f"/every_device/{c}" or kind.startswith(f"/every_device/{c},")
                       for c in classes):
                    argv += ["-p", kind]
            self.programs.append(Program("every_device", argv))
        for program in self.programs:
            program.measure(len(self.mutants), self.directory)

    def try_mutant(self, mutant):
        """Returns the name of the program that noticed the mutant, "" or "not reached"."""
        reaching = [p for p in self.programs if p.reached[mutant.number]]
        for program in reaching:
            if not program.run(mutant.number):
                return program.name
        return "" if reaching else "not reached"


# ---- what is known ----

def numbered_keys(found):
    """Returns a key for each mutant.  Equal ones in a function get numbers."""
    seen, keys = {}, []
    alike = collections.Counter(mutant.key() for mutant in found)
    for mutant in found:
        key = mutant.key()
        seen[key] = seen.get(key, 0) + 1
        keys.append(f"{key} #{seen[key]}" if alike[key] > 1 else key)
    return keys


def read_equivalents():
    """Returns a dictionary from (file, key) to the reason."""
    equivalents, name = {}, None
    for line in (HERE / "equivalent.txt").read_text().splitlines():
        if line.startswith("== "):
            name = line[3:].strip()
        elif line.strip() and not line.startswith("#"):
            key, _, reason = line.rpartition(" | ")
            if not reason:
                sys.exit(f"mutate: equivalent.txt: no reason in \"{line}\"")
            equivalents[(name, key.strip())] = reason.strip()
    return equivalents


class Memory:
    """The results of earlier runs for the same text of the file."""

    def __init__(self, subject, fresh):
        self.path = subject.build / "mutate" / f"{subject.name}.json"
        self.digest = hashlib.sha256(subject.path.read_bytes() +
                                     (HERE / "mutants.py").read_bytes()).hexdigest()
        self.killed = {}
        if self.path.exists() and not fresh:
            stored = json.loads(self.path.read_text())
            if stored["digest"] == self.digest:
                self.killed = stored["killed"]

    def save(self):
        text = json.dumps({"digest": self.digest, "killed": self.killed}, indent=0)
        temporary = self.path.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(self.path)


def run_file(build, path, options, equivalents):
    """Returns (mutants, killed, equivalent, survivors)."""
    subject = Subject(build, path)
    subject.compile()
    subject.make_programs()
    memory, keys = Memory(subject, options.fresh), numbered_keys(subject.mutants)
    todo = [(m, key) for m, key in zip(subject.mutants, keys) if key not in memory.killed]
    survivors, equivalent = [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for at, (item, by) in enumerate(zip(todo, pool.map(lambda i: subject.try_mutant(i[0]), todo))):
            mutant, key = item
            if by not in ("", "not reached"):
                memory.killed[key] = by
            elif (path.name, key) in equivalents:
                equivalent += 1
            else:
                survivors.append((mutant, key, by))
            if at % 50 == 49:
                memory.save()
    memory.save()
    for mutant, key, by in survivors:
        print(f"{path.name}:{mutant.line}: {key}{'  (not reached)' if by else ''}")
    for name, key in equivalents:
        if name == path.name and (key in memory.killed or key not in keys):
            print(f"equivalent.txt: {name}: {key}: {memory.killed.get(key, 'nothing')} notices it")
    count = len(subject.mutants)
    print(f"{path.name}: {count} mutants, {count - equivalent - len(survivors)} killed, "
          f"{equivalent} equivalent, {len(survivors)} survive", flush=True)
    return count, count - equivalent - len(survivors), equivalent, len(survivors)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1][7:])
    parser.add_argument("build", type=Path)
    parser.add_argument("file", type=Path, nargs="+")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many run at a time")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs found")
    options = parser.parse_args()
    build, equivalents, totals = options.build.resolve(), read_equivalents(), [0, 0, 0, 0]
    for path in options.file:
        counts = run_file(build, path.resolve(), options, equivalents)
        totals = [a + b for a, b in zip(totals, counts)]
    print(f"all: {totals[0]} mutants, {totals[1]} killed, {totals[2]} equivalent, "
          f"{totals[3]} survive", flush=True)
    sys.exit(1 if totals[3] else 0)


if __name__ == "__main__":
    main()
