#!/usr/bin/env python3
"""Checks that every member of a device's state struct is saved, wired or derived.

Usage: check_state.py LIST_FIELDS DEVICES_DIRECTORY

A member is saved if the class's table of fields names it (LIST_FIELDS prints
those), and wired if a property, an output or a timer of the class names it.
Any other member must be in EXCEPTIONS, with the reason.  The check finds members that
were forgotten, exceptions that are no longer needed, and truth values that are saved as
numbers: a load of 2 into a bool is undefined in C, so FIELD_BOOL refuses it.
"""
import re
import subprocess
import sys
from pathlib import Path

SCALARS = {
    "bool", "char", "int", "unsigned", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "size_t",
    "int8_t", "int16_t", "int32_t", "int64_t",
}

# (class, member): why it needs no saving.  N stands for any index.
EXCEPTIONS = {
    ("fw_cfg", "id"): "what the interface can do: set when the device is realized",
    ("isa-dma", "controllers[N].hardware"): "the devices drive the request pins, and again on a load",
    ("isa-fdc", "drives[N].media"): "found when the device is realized",
    ("isa-fdc", "drives[N].port"): "drives 2 and 3 are not connected",
    ("isa-fdc", "drives[N].type"): "found when the device is realized",
    ("isa-fdc", "drives[N].type_choice"): "drives 2 and 3 are not connected",
    ("isa-ide", "master"): "there is none",
    ("isa-ide", "drives[N].channel"): "set when the device is realized",
    ("isa-ide", "drives[N].index"): "set when the device is realized",
    ("isa-pic", "chip[N].master"): "a strap, set by every reset",
    ("e1000", "packet"): "room for a packet, which is empty between two calls",
    ("piix3-ide", "channel[N].dev"): "set when the device is realized",
    ("virtio-blk-pci", "virtio.dev"): "set by the framework, as it is the first member",
    ("virtio-blk-pci", "virtio.intx"): "an output of virtio_outputs",
    ("virtio-blk-pci", "virtio.type"): "set when the device is realized",
    ("virtio-net-pci", "virtio.dev"): "set by the framework, as it is the first member",
    ("virtio-net-pci", "virtio.intx"): "an output of virtio_outputs",
    ("virtio-net-pci", "virtio.type"): "set when the device is realized",
    ("virtio-rng-pci", "virtio.dev"): "set by the framework, as it is the first member",
    ("virtio-rng-pci", "virtio.intx"): "an output of virtio_outputs",
    ("virtio-rng-pci", "virtio.type"): "set when the device is realized",
    ("piix3-ide", "channel[N].drives[N].channel"): "set when the device is realized",
    ("piix3-ide", "channel[N].drives[N].index"): "set when the device is realized",
    ("piix3-ide", "channel[N].master"): "set when the device is realized",
    ("piix3-ide", "channel[N].power_on_attention"): "set when the device is realized",
    ("VGA", "view"): "follows from the registers, also after a load",
    ("VGA", "view_offset"): "follows from the registers, also after a load",
    ("VGA", "view_size"): "follows from the registers, also after a load",
    ("VGA", "view_from"): "follows from the registers, also after a load",
    ("isa-vga", "view"): "follows from the registers, also after a load",
    ("isa-vga", "view_offset"): "follows from the registers, also after a load",
    ("isa-vga", "view_size"): "follows from the registers, also after a load",
    ("isa-vga", "view_from"): "follows from the registers, also after a load",
    ("lapic", "excludes_self"): "set within one call only",
}


def without_comments(text):
    return re.sub(r"//[^\n]*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.S))


def read_sources(directory):
    return {p: without_comments(p.read_text()) for p in sorted(Path(directory).rglob("*.[ch]"))}


def find_structs(sources):
    """Returns a dictionary from each name to the text between the braces."""
    structs = {}
    for text in sources.values():
        for body, name in re.findall(r"typedef struct \w*\s*\{([^{}]*)\}\s*(\w+);", text):
            structs[name] = body
    return structs


def find_constants(sources):
    constants = {}
    for text in sources.values():
        for name, value in re.findall(r"#define (\w+)\s+\(?(\d+|0x[0-9a-f]+)u?\)?\s*$", text, re.M):
            constants[name] = int(value, 0)
        for names in re.findall(r"enum[^{;]*\{([^{}]*)\}", text):
            value = -1
            for item in names.split(","):
                name, _, given = item.strip().partition("=")
                if given.strip():
                    value = int(given.strip(), 0) if given.strip()[:1].isdigit() else value
                else:
                    value += 1
                constants.setdefault(name.strip(), value)
    return constants


def find_enums(sources):
    enums = set()
    for text in sources.values():
        enums |= set(re.findall(r"typedef enum \w*\s*\{[^{}]*\}\s*(\w+);", text))
    return enums


def members_of(body):
    """Yields (type, is a pointer, name, how many or None) for each member."""
    for declaration in body.split(";"):
        words = declaration.split()
        if not words:
            continue
        words = [w for w in words if w not in ("const", "struct", "volatile")]
        kind, rest = words[0], " ".join(words[1:])
        for item in rest.split(","):
            match = re.fullmatch(r"\s*(\*?)\s*(?:const )?(\w+)\s*(?:\[([^\]]*)\])?\s*", item)
            if not match:
                sys.exit(f"check_state: cannot read the member \"{declaration.strip()}\"")
            yield kind, bool(match[1]), match[2], match[3]


class Model:
    def __init__(self, sources):
        self.structs = find_structs(sources)
        self.constants = find_constants(sources)
        self.enums = find_enums(sources)

    def count(self, text):
        text = text.strip().rstrip("u")
        return int(text, 0) if text[:1].isdigit() else self.constants[text]

    def leaves(self, name):
        """Yields (member, type) for all members without members of their own, such as numbers."""
        for kind, pointer, member, count in members_of(self.structs[name]):
            if pointer or kind in SCALARS or kind in self.enums:
                yield member, kind
            elif kind not in self.structs:
                sys.exit(f"check_state: {name}.{member}: what is {kind}?")
            elif count is None:
                for leaf, leaf_kind in self.leaves(kind):
                    yield f"{member}.{leaf}", leaf_kind
            else:
                for i in range(self.count(count)):
                    for leaf, leaf_kind in self.leaves(kind):
                        yield f"{member}[{i}].{leaf}", leaf_kind


def find_classes(sources):
    """Returns a dictionary from each class name to (source file, type of the state)."""
    classes = {}
    for path, text in sources.items():
        for body in re.findall(r"DeviceClass \w+ = \{(.*?)\n\};", text, flags=re.S):
            head = re.search(r"DEVICE_CLASS_HEAD\(\"([^\"]*)\", (\w+)\)", body)
            classes[head[1]] = (path, head[2])
    return classes


def wired_members(state, sources):
    """Returns the members that properties, outputs and timers name; a macro may give the index."""
    found = set()
    macros = "offsetof|DEVICE_(?:PROPERTY|CHOICE|PORT|IRQ|CHAR|OUTPUT|TIMER)"
    for text in sources.values():
        found |= set(re.findall(rf"(?:{macros})\(\s*{state},\s*([\w.\[\]]+)[,)]", text))
    any_index = {re.sub(r"\[[a-z]\w*\]", "[N]", name) for name in found}
    return found | any_index | {re.sub(r"\[\w+\]$", "", name) for name in found}


def excepted(name, member):
    return (name, re.sub(r"\[\d+\]", "[N]", member)) in EXCEPTIONS


def main():
    lister, directory = sys.argv[1:]
    lines = subprocess.run([lister], check=True, capture_output=True, text=True).stdout.split("\n")
    sources = read_sources(directory)
    model, classes = Model(sources), find_classes(sources)
    saved = {}
    for line in filter(None, lines):
        name, field, kind = (line.split() + [None, None])[:3]
        saved.setdefault(name, {})[field] = kind
    bad, used, checked = 0, set(), 0
    for name in saved:
        if name not in classes:
            sys.exit(f"check_state: no source of class {name} was found")
        state = classes[name][1]
        wired = wired_members(state, sources) | {"dev"}
        for leaf, kind in model.leaves(state):
            checked += 1
            if leaf in saved[name] and (kind == "bool") != (saved[name][leaf] == "bool"):
                print(f"{name}: {state}.{leaf} is a {kind}, but saved as a {saved[name][leaf]}")
                bad += 1
            if leaf in saved[name] or leaf in wired or re.sub(r"\[\d+\]", "[N]", leaf) in wired:
                continue
            if excepted(name, leaf):
                used.add((name, re.sub(r"\[\d+\]", "[N]", leaf)))
                continue
            print(f"{name}: {state}.{leaf} is neither saved nor wired, and no exception", flush=True)
            bad += 1
    for name, member in EXCEPTIONS.keys() - used:
        print(f"{name}: {member} is no exception: it is saved, wired or gone", flush=True)
        bad += 1
    if checked < 300:
        sys.exit(f"check_state: only {checked} members were found")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
