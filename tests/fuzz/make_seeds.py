#!/usr/bin/env python3
"""Writes the seeds that a fuzzer would not find into the packs tests/fuzz/corpus/TARGET.pack.

They are called seed-NAME there.  The other inputs of the pack are kept.  The format
of each is that of its target (tests/fuzz/fuzz_*.c).
"""
import struct

import text_seeds
from seeds import write, write_packs

# ---- boot: how, a text with its length, the kernel ----

TEXT_FLAT, TEXT_APPEND = 1, 2
ENTRY_16, ENTRY_32, ENTRY_64 = 1 << 2, 2 << 2, 3 << 2
MODULE, MODULES, BOARD, BIOS = 1 << 4, 1 << 5, 1 << 6, 1 << 7


def boot(name, kernel, how=0, text=b""):
    head = bytes([how, len(text)]) if how & 3 else bytes([how])
    write("boot", name, head + text + kernel)


def linux(version, high, entry64=False):
    image = bytearray(1024)
    image[0x1f1] = 1
    struct.pack_into("<H", image, 0x1fe, 0xaa55)
    image[0x200:0x206] = b"\xeb\x6aHdrS"
    struct.pack_into("<H", image, 0x206, version)
    image[0x211] = high
    struct.pack_into("<I", image, 0x22c, 0x37ffffff)
    struct.pack_into("<IB", image, 0x230, 0x1000, 1)
    struct.pack_into("<H", image, 0x236, entry64)
    struct.pack_into("<I", image, 0x238, 2047)
    struct.pack_into("<Q", image, 0x258, 0x100000)
    struct.pack_into("<I", image, 0x260, 0x4000)
    return bytes(image) + b"\xf4\xeb\xfd\x90" * 8


def elf(bits, segments, entry=0x100000):
    """Segments are (type, offset, address, bytes, size in memory)."""
    wide = bits == 64
    head_size, entry_size = (64, 56) if wide else (52, 32)
    ident = b"\x7fELF" + bytes([1 + wide, 1, 1]) + bytes(9)
    head = ident + struct.pack("<HHI" + ("QQQ" if wide else "III"), 2, 62 if wide else 3, 1,
                               entry, head_size, 0)
    head += struct.pack("<IHHHHHH", 0, head_size, entry_size, len(segments), 0, 0, 0)
    image = bytearray(head)
    for kind, offset, address, data, memory in segments:
        if wide:
            image += struct.pack("<IIQQQQQQ", kind, 7, offset, address, address, len(data),
                                 memory, 4096)
        else:
            image += struct.pack("<IIIIIIII", kind, offset, address, address, len(data), memory,
                                 7, 4096)
    for _, offset, _, data, _ in segments:
        image.extend(bytes(max(0, offset + len(data) - len(image))))
        image[offset:offset + len(data)] = data
    return bytes(image)


def note(owner, kind, content):
    return struct.pack("<III", len(owner) + 1, len(content), kind) + owner + b"\0" + content


def multiboot(flags, addresses=()):
    head = struct.pack("<III", 0x1badb002, flags, -(0x1badb002 + flags) & 0xffffffff)
    return head + struct.pack("<%dI" % len(addresses), *addresses)


def multiboot2(tags):
    body = b"".join(struct.pack("<HHI", kind, 0, 8 + len(data)) + data + bytes(-len(data) % 8)
                    for kind, data in list(tags) + [(0, b"")])
    size = 16 + len(body)
    return struct.pack("<IIII", 0xe85250d6, 0, size, -(0xe85250d6 + size) & 0xffffffff) + body


def boot_seeds():
    code = b"\xf4\xeb\xfd" + bytes(13)
    load = (1, 0x100, 0x100000, code, 0x1000)
    flat = b"addr=0x7c00,ip=0x7c00,cs=0,ds=0x10,sp=0x7000,ax=1,flags=0x202"
    boot("flat", code)
    boot("flat-registers", code, TEXT_FLAT, flat)
    boot("bzimage", linux(0x20f, 1, True), BOARD)
    boot("bzimage-32-initrd", linux(0x20c, 1), TEXT_APPEND | ENTRY_32 | MODULE, b"console=ttyS0")
    boot("bzimage-64-initrd", linux(0x20f, 1, True), TEXT_APPEND | ENTRY_64 | MODULE, b"quiet")
    boot("bzimage-16", linux(0x20f, 1), TEXT_APPEND | ENTRY_16 | MODULE, b"quiet")
    boot("bzimage-old", linux(0x202, 1), ENTRY_16)
    boot("zimage", linux(0x204, 0), TEXT_APPEND | ENTRY_16, b"root=/dev/hda1")
    boot("bios-bzimage", linux(0x20f, 1, True), TEXT_APPEND | MODULE | BIOS, b"quiet")
    boot("bios-zimage", linux(0x204, 0), BIOS)
    boot("bios-flat", code, BIOS | BOARD)
    boot("elf32", elf(32, [load]), TEXT_APPEND | BOARD, b"a b")
    boot("elf64", elf(64, [load]), TEXT_APPEND, b"a b")
    boot("elf-note", elf(32, [load, (4, 0x180, 0, note(b"GNU", 1, bytes(16)), 0)]))
    pvh = note(b"GNU", 1, bytes(20)) + note(b"Xen", 18, struct.pack("<I", 0x100000))
    boot("pvh32", elf(32, [load, (4, 0x180, 0, pvh, 0)]), TEXT_APPEND | MODULE | MODULES, b"x")
    wide = note(b"Xen", 18, struct.pack("<Q", 0x100000))
    boot("pvh64", elf(64, [load, (4, 0x180, 0, wide, 0)]), MODULE | BOARD)
    boot("multiboot-addresses",
         multiboot(0x10003, (0x100000, 0x100000, 0x100040, 0x102000, 0x100020)) + code * 3,
         TEXT_APPEND | MODULE | MODULES, b"debug")
    mb = multiboot(3)
    boot("multiboot-elf", elf(32, [(1, 0x100, 0x100000, mb + code, 0x1000)]),
         TEXT_APPEND | MODULE, b"debug")
    tags = [(1, struct.pack("<IIII", 1, 4, 6, 15)),
            (2, struct.pack("<IIII", 0x100000, 0x100000, 0, 0)),
            (3, struct.pack("<I", 0x100010)), (4, struct.pack("<I", 2)),
            (5, struct.pack("<III", 80, 25, 0)), (6, b"")]
    boot("multiboot2-addresses", multiboot2(tags) + code, TEXT_APPEND | MODULE | BOARD, b"debug")
    mb2 = multiboot2([(1, struct.pack("<II", 14, 15)), (10, bytes(16))])
    boot("multiboot2-elf", elf(64, [(1, 0x100, 0x100000, mb2 + code, 0x1000)], 0x100000),
         MODULE | MODULES | BOARD)


# ---- devices: operations of fuzz_device.c ----

IN_LINE = 5
STEP = 4


def out(place, value, size=1):
    return bytes([{1: 0, 2: 0x10, 4: 0x18}[size], place]) + value.to_bytes(size, "little")


def inp(place, size=1):
    return bytes([{1: 2, 2: 0x12, 4: 0x1a}[size], place])


def drives_work():
    return b"".join(bytes([IN_LINE, 0x80 | which]) for which in range(0x80, 0x85))


def sector(place, write, data=b"\x5a"):
    return bytes([0x46, 0xc1 if write else 0x40, place, len(data)]) + data


# ---- ATA and ATAPI: places of the command block and of the control block ----

DATA, FEATURES, COUNT, LOW, MID, HIGH, SELECT, COMMAND, CONTROL = range(9)


def ata(command, lba=5, count=1, select=0xe0, features=0):
    return (out(SELECT, select | lba >> 24) + out(FEATURES, features) + out(COUNT, count) +
            out(LOW, lba & 0xff) + out(MID, lba >> 8 & 0xff) + out(HIGH, lba >> 16 & 0xff) +
            out(COMMAND, command))


def ata_wide(command, lba=5, count=1):
    halves = [(COUNT, count >> 8, count & 0xff)]
    for i, place in enumerate((LOW, MID, HIGH)):
        halves.append((place, lba >> 24 + 8 * i & 0xff, lba >> 8 * i & 0xff))
    return (out(SELECT, 0xe0) + b"".join(out(p, a) + out(p, b) for p, a, b in halves) +
            out(COMMAND, command))


def ata_seeds():
    data_in = drives_work() + inp(COMMAND) + sector(DATA, False) + inp(COMMAND)
    data_out = sector(DATA, True) + drives_work() + inp(COMMAND)
    write("ata", "identify", ata(0xec) + data_in)
    write("ata", "identify-slave", ata(0xec, select=0xf0) + data_in)
    write("ata", "read", ata(0x20, count=2) + data_in * 2)
    write("ata", "read-chs", ata(0x91, count=16, select=0xa3) + ata(0x20, 1, 1, 0xa0) + data_in)
    write("ata", "write", ata(0x30, count=2) + data_out * 2 + ata(0xe7) + drives_work())
    write("ata", "read-multiple", ata(0xc6, count=4) + ata(0xc4, count=5) + data_in * 5)
    write("ata", "write-multiple", ata(0xc6, count=2) + ata(0xc5, count=3) + data_out * 3)
    write("ata", "read-48", ata_wide(0x24, 900, 2) + data_in * 2)
    write("ata", "write-48", ata_wide(0x34, 900, 2) + data_out * 2 + ata(0xea) + drives_work())
    write("ata", "verify", ata(0x40, count=9) + drives_work() + ata_wide(0x42, 7, 300) +
          drives_work())
    write("ata", "capacity", ata(0xf8) + inp(LOW) + out(CONTROL, 0x80) + ata_wide(0x27) +
          inp(HIGH))
    write("ata", "set-features", ata(0xef, features=3, count=8) + ata(0xef, features=0x82) +
          ata(0x10) + ata(0x70) + ata(0xe5) + ata(0xe0) + ata(0x90) + ata(0xb0))
    write("ata", "soft-reset", ata(0x20) + out(CONTROL, 4) + out(CONTROL, 0) + inp(CONTROL) +
          inp(COUNT))
    write("ata", "bad-sector", bytes([IN_LINE, 0xf0, 6, 0]) + ata(0x20, count=4) + data_in * 3)
    write("ata", "save-in-data", ata(0x20, count=2) + drives_work() + bytes([7, 5]) + data_in)


def packet(*command, count=0xfffe, data=True):
    body = bytes(command) + bytes(12 - len(command))
    transfer = drives_work() + inp(COMMAND) + inp(COUNT) + sector(DATA, False)
    return (out(SELECT, 0xa0) + out(FEATURES, 0) + out(MID, count & 0xff) +
            out(HIGH, count >> 8) + out(COMMAND, 0xa0) +
            bytes([0x46, 0x82, DATA, len(body)]) + body + (transfer if data else drives_work()))


def atapi_seeds():
    def seed(name, *parts):
        """The first command reports the reset."""
        write("atapi", name, packet(0, data=False) * 2 + b"".join(parts))

    write("atapi", "identify-packet", ata(0xa1, select=0xa0) + drives_work() +
          sector(DATA, False))
    write("atapi", "aborted-identify", ata(0xec, select=0xa0) + inp(MID) + inp(HIGH))
    seed("inquiry", packet(0x12, 0, 0, 0, 36) + packet(0x03, 0, 0, 0, 18))
    seed("ready-capacity", packet(0, data=False) + packet(0x25))
    seed("read-10", packet(0x28, 0, 0, 0, 0, 3, 0, 0, 2) + sector(DATA, False) * 7)
    seed("read-10-small", packet(0x28, 0, 0, 0, 0, 3, 0, 0, 1, count=64) +
          bytes([0x46, 0x01, DATA, 64]) * 4)
    seed("read-12", packet(0xa8, 0, 0, 0, 0, 3, 0, 0, 0, 1) + sector(DATA, False) * 3)
    seed("read-cd", packet(0xbe, 0, 0, 0, 0, 1, 0, 0, 1, 0x10) + sector(DATA, False) * 3)
    seed("toc", *(packet(0x43, msf, form, 0, 0, 0, 1, 0, 64)
                  for msf in (0, 2) for form in (0, 1)))
    seed("mode-sense", packet(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 64) +
          packet(0x1a, 0, 0x2a, 0, 64) + packet(0x46, 0, 0, 0, 0, 0, 0, 0, 64) +
          packet(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8))
    seed("tray", packet(0x1e, 0, 0, 0, 1, data=False) +
          packet(0x1b, 0, 0, 0, 2, data=False) + packet(0x1e, data=False) +
          packet(0x1b, 0, 0, 0, 2, data=False) + packet(0, data=False) + packet(3, 0, 0, 0, 18) +
          packet(0x1b, 0, 0, 0, 3, data=False))
    seed("beyond", packet(0x28, 0, 0, 0, 0xff, 0, 0, 0, 1, data=False) + packet(3, 0, 0, 0, 18))
    seed("reset", packet(0x28, 0, 0, 0, 0, 3, 0, 0, 2, data=False) + ata(8, select=0xa0) +
          inp(COUNT) + inp(MID))


# ---- floppies: the places of the DMA controllers come first ----

DMA_BYTES, DMA_WORDS, DMA_PAGES = 0, 16, 48
FDC = 63
DOR, FIFO, CCR = FDC + 2, FDC + 5, FDC + 6
DMA_TO_DISK, DMA_TO_MEMORY = 8, 4


def fdc_run(times=3):
    return (drives_work() + bytes([STEP, 0xd0, 0x43])) * times


def fdc_dma(mode, size):
    writes = ((DMA_WORDS + 22, 0xc0), (DMA_WORDS + 20, 0), (DMA_BYTES + 10, 6), (DMA_BYTES + 12, 0),
              (DMA_BYTES + 11, 0x40 | mode | 2), (DMA_BYTES + 4, 0), (DMA_BYTES + 4, 0x10),
              (DMA_BYTES + 5, size - 1 & 0xff), (DMA_BYTES + 5, size - 1 >> 8),
              (DMA_PAGES, 0), (DMA_BYTES + 10, 2))
    return b"".join(out(place, value) for place, value in writes)


def fdc(*command, results=7, times=3):
    return (b"".join(out(FIFO, byte) for byte in command) + fdc_run(times) +
            inp(FIFO) * results)


def floppy_seeds():
    def seed(name, *parts, dor=0x1c, rate=0):
        start = out(DOR, 0) + out(DOR, dor) + fdc_run(1) + fdc(8, results=2, times=0) * 4
        write("i82077aa", name, start + out(CCR, rate) + b"".join(parts))

    specify = fdc(3, 0xdf, 2, results=0, times=0)
    seek = fdc(15, 0, 1, results=0, times=6) + fdc(8, results=2, times=0)
    seed("sense", fdc(4, 0, results=1), fdc(14, results=10), fdc(16, results=1),
         fdc(0x18, results=1), fdc(0x94, results=1), fdc(0x12, 4, results=0), fdc(0x1f, results=1))
    seed("read", specify, seek, fdc_dma(DMA_TO_MEMORY, 1024),
         fdc(0xe6, 0, 1, 0, 1, 2, 18, 27, 0xff, times=8))
    seed("write", specify, seek, fdc_dma(DMA_TO_DISK, 512),
         fdc(0xc5, 4, 1, 1, 3, 2, 18, 27, 0xff, times=8))
    seed("write-protected", specify, fdc_dma(DMA_TO_DISK, 512),
         fdc(0x45, 1, 0, 0, 1, 2, 9, 42, 0xff, times=8), dor=0x2d, rate=2)
    seed("recalibrate", fdc(7, 0, results=0, times=8), fdc(8, results=2, times=0),
         fdc(0x4a, 0, times=8), fdc(0xcf, 0, 3, results=0, times=8), fdc(8, results=2, times=0))
    seed("without-dma", fdc(3, 0xdf, 3, results=0, times=0),
         fdc(0x46, 0, 0, 0, 1, 2, 1, 27, 0xff, results=0, times=8), sector(FIFO, False),
         inp(FIFO) * 7, dor=0x14)
    seed("format", specify, fdc_dma(DMA_TO_DISK, 72), fdc(0x4d, 0, 2, 18, 84, 0xf6, times=8))
    seed("scan-verify", specify, fdc_dma(DMA_TO_DISK, 512),
         fdc(0x51, 0, 0, 0, 1, 2, 18, 27, 1, times=8), fdc(0xd6, 0, 0, 0, 1, 2, 18, 27, 1, times=8))
    seed("read-track", specify, fdc_dma(DMA_TO_MEMORY, 512),
         fdc(0x42, 0, 0, 0, 1, 2, 18, 27, 0xff, times=8), bytes([7, 5]))


# ---- the APICs: a place has two bytes, because there are more than 256 ----

LAPIC_PLACES = 0x1000 // 16 + 0xff
IOAPIC_PLACES = 0x1000 // 16


def memory_write(place, value):
    return b"\0" + struct.pack("<HI", place, value)


def memory_read(place):
    return b"\2" + struct.pack("<H", place)


def apic_seeds(target, lapic, ioapic):
    def reg(offset, value):
        return memory_write(lapic + offset // 16, value)

    def redirect(pin, low):
        return (memory_write(ioapic, 0x10 + 2 * pin) + memory_write(ioapic + 1, low) +
                memory_write(ioapic, 0x11 + 2 * pin) + memory_write(ioapic + 1, 0))

    enable = reg(0xf0, 0x1ff)
    acknowledge = bytes([6, 0x40])
    end = reg(0xb0, 0)
    write(target, "self", enable + reg(0x300, 0x40051) + acknowledge + memory_read(lapic + 0x15) +
          end)
    write(target, "timer", enable + reg(0x3e0, 0xb) + reg(0x320, 0x20040) + reg(0x380, 100) +
          bytes([STEP, 0xff, 0x3f]) + memory_read(lapic + 0x39) + acknowledge + end)
    write(target, "one-shot", enable + reg(0x320, 0x40) + reg(0x380, 0x10000) +
          bytes([STEP, 0xff, 0x3f]) + memory_read(lapic + 0x39) + bytes([7, 5]))
    write(target, "error", enable + reg(0x370, 0xfe) + reg(0x300, 3) + reg(0x280, 0) +
          memory_read(lapic + 0x28) + acknowledge)
    write(target, "logical", enable + reg(0xd0, 0x81000000) + reg(0xe0, 0x0fffffff) +
          reg(0x310, 0x81000000) + reg(0x300, 0x800 | 0x61) + reg(0x80, 0x50) + acknowledge)
    write(target, "lint", enable + reg(0x350, 0x51) + bytes([6, 0x80]) + bytes([6, 0]) +
          reg(0x360, 0x400) + bytes([6, 0x81]))
    write(target, "edge", enable + redirect(2, 0x31) + bytes([6, 0x82, 6, 2]) + acknowledge + end)
    write(target, "level", enable + redirect(3, 0x8032) + bytes([6, 0x83]) + acknowledge + end +
          acknowledge + bytes([6, 3]) + end)
    write(target, "message", memory_write(lapic + 0x1000 // 16 + 3, 0x41) + enable +
          memory_write(lapic, 0x41) + acknowledge)


# ---- fw_cfg: places 0 and 1 are the selector and data port, 2 to 9 the DMA register ----

def fw_cfg_dma(control, length, address, at=0x1000):
    order = struct.pack(">IIQ", control, length, address)
    return (bytes([7, 5]) + struct.pack("<H", at) + bytes([len(order)]) + order +
            b"\x18\6" + struct.pack(">I", at))


def fw_cfg_seeds():
    select, read, skip, wr = 8, 2, 4, 16
    item = lambda key: b"\x10\0" + struct.pack("<H", key)
    data = b"\2\1" * 6
    write("fw_cfg", "ports", b"".join(item(key) + data for key in (0, 1, 5, 0x19, 0x4005, 0x77)))
    write("fw_cfg", "signature", b"\x1a\2\x1a\6")
    write("fw_cfg", "directory", fw_cfg_dma(0x19 << 16 | select | read, 300, 0x2000))
    write("fw_cfg", "file", fw_cfg_dma(0x20 << 16 | select | skip, 4000, 0) +
          fw_cfg_dma(read, 3000, 0x2000) + data)
    write("fw_cfg", "write", fw_cfg_dma(5 << 16 | select | wr, 2, 0x2000) + fw_cfg_dma(0, 9, 0))
    write("fw_cfg", "over", fw_cfg_dma(0x20 << 16 | select | read, 64, 0xff0))
    write("fw_cfg", "beyond", fw_cfg_dma(0x20 << 16 | select | read, 0xffffffff, 0x3ff00) +
          fw_cfg_dma(read, 2, 0xffffffffffffffff) + b"\x18\6" + b"\xff" * 4)


# ---- the whole machine: operations of bus_script.h ----

BUS_SIZE = {1: 0, 2: 1, 4: 2}
BUS_ACKNOWLEDGE, BUS_RESET = b"\5", b"\xff\0\0"


def bus_out(port, *values, size=1):
    return b"".join(struct.pack("<BBBH", 0x80, BUS_SIZE[size], 0xff, port) +
                    value.to_bytes(size, "little") for value in values)


def bus_in(*ports, size=1):
    return b"".join(struct.pack("<BBBH", 0, BUS_SIZE[size], 0xff, port) for port in ports)


def bus_block(port, write, items, size=1):
    """`how` modulo 3 selects the width."""
    how = next(how for how in range(0x80 | len(items) // size << 2, 0x100)
               if how % 3 == BUS_SIZE[size])
    return struct.pack("<BBBH", 0x80 if write else 0, how, 0xff, port) + (items if write else b"")


def bus_apic(offset, value, cpu=0):
    return struct.pack("<BBBI", 0x85, 0x80 | cpu, offset >> 4, value)


def bus_apic_read(cpu, *offsets):
    return b"".join(struct.pack("<BBB", 0x85, cpu, offset >> 4) for offset in offsets)


def bus_ioapic(index, value):
    return (struct.pack("<BBBI", 0x85, 0x84, 0, index) + struct.pack("<BBBI", 0x85, 0x84, 1, value))


def bus_sector(port, write):
    return bus_block(port, write, bytes(range(124)), 4) * 4 + bus_block(port, write, b"last" * 4, 4)


def bus_ata(command, lba=5, count=1, base=0x1f0):
    return (bus_out(base + 6, 0xe0) + bus_out(base + 2, count) + bus_out(base + 3, lba & 0xff) +
            bus_out(base + 4, lba >> 8 & 0xff) + bus_out(base + 5, lba >> 16) +
            bus_out(base + 7, command) + bus_step(2) + bus_in(base + 7))


def bus_dma(mode, size):
    return (bus_out(0xd6, 0xc0) + bus_out(0xd4, 0) + bus_out(0x0a, 6) + bus_out(0x0c, 0) +
            bus_out(0x0b, mode) + bus_out(0x04, 0, 0x10) + bus_out(0x81, 0) +
            bus_out(0x05, size - 1 & 0xff, size - 1 >> 8) + bus_out(0x0a, 2))


def bus_step(ms):
    return b"\3" + struct.pack("<H", 6 << 12 | int(ms * 1e6) >> 12)


def bus_input(line, text):
    return bytes([4, line, len(text)]) + text


def bus_interrupt(*ends):
    return BUS_ACKNOWLEDGE + b"".join(bus_out(port, 0x20) for port in ends)


def bus_seeds():
    pics = (bus_out(0x20, 0x11) + bus_out(0x21, 8, 4, 1, 0) + bus_out(0xa0, 0x11) +
            bus_out(0xa1, 0x70, 2, 1, 0))
    room = bytes([4, 6, 4, 0xff])
    write("bus", "tick", pics + bus_out(0x43, 0x34) + bus_out(0x40, 0xa9, 4) +
          (bus_step(1) + bus_in(0x40, 0x61) + bus_interrupt(0x20)) * 4)
    write("bus", "pit-modes", b"".join(bus_out(0x43, 0x30 | mode << 1) + bus_out(0x40, 9, 0) +
          bus_step(1) + bus_out(0x43, 0xe2) + bus_in(0x40, 0x40) for mode in range(6)))
    write("bus", "speaker", bus_out(0x43, 0xb6) + bus_out(0x42, 0x21, 0x43) + bus_out(0x61, 3) +
          bus_step(1) + bus_in(0x61) + bus_out(0x61, 0) + bus_out(0x43, 0x80, 0xc8) +
          bus_in(0x42, 0x42, 0x42))
    write("bus", "clock", pics + bus_out(0x70, 0x0a) + bus_out(0x71, 0x26) + bus_out(0x70, 0x0b) +
          bus_out(0x71, 0x72) + (bus_step(2) + bus_interrupt(0xa0, 0x20) + bus_out(0x70, 0x0c) +
          bus_in(0x71)) * 3)
    write("bus", "date", b"".join(bus_out(0x70, index) + bus_in(0x71) for index in range(16)) +
          bus_out(0x70, 0x0b) + bus_out(0x71, 0x82) + bus_out(0x70, 0) + bus_out(0x71, 0x30) +
          bus_out(0x70, 0x0b) + bus_out(0x71, 2) + bytes([7]) + struct.pack("<H", 0xb000 | 500) +
          bus_in(0x71))
    write("bus", "polled", pics + bus_out(0x20, 0x0c, 0x0a) + bus_in(0x20) + bus_out(0x20, 0x0b) +
          bus_in(0x20, 0x21) + bus_out(0x20, 0x68, 0xc2, 0xa0, 0x80) + bus_out(0x4d0, 0x20) +
          bus_out(0x4d1, 8) + bus_in(0x4d0, 0x4d1) + bus_out(0x20, 0x48))
    serial = bus_out(0x3fb, 0x83) + bus_out(0x3f8, 1, 0) + bus_out(0x3fb, 3)
    write("bus", "serial", pics + room + serial + bus_out(0x3fa, 0xc7) + bus_out(0x3fc, 0xb) +
          bus_out(0x3f9, 0xf) + bus_input(0, b"a line of input\n") + bus_in(0x3fa, 0x3f8, 0x3fd) +
          bus_interrupt(0x20) + bus_block(0x3f8, True, b"text") + bus_in(0x3fa, 0x3fe))
    write("bus", "serial-timeout", pics + serial + bus_out(0x3fa, 0x81) + bus_out(0x3fc, 8) +
          bus_out(0x3f9, 1) + bus_input(0, b"ab") + bus_step(1) + bus_in(0x3fa) +
          bus_interrupt(0x20) + bytes([4, 2]) + bus_in(0x3fd, 0x3f8, 0x3fd))
    write("bus", "serial-paced", pics + room + bus_out(0x2fb, 0x80) + bus_out(0x2f8, 12) +
          bus_out(0x2f9, 0) + bus_out(0x2fb, 3) + bus_out(0x2fa, 1) + bus_out(0x2fc, 0xb) +
          bus_out(0x2f9, 3) + bus_out(0x2f8, 0x61, 0x62, 0x63) + bus_input(1, b"xyz") +
          (bus_step(1) + bus_interrupt(0x20) + bus_in(0x2fa, 0x2fd, 0x2f8)) * 4)
    write("bus", "serial-loop", serial + bus_out(0x3fc, 0x1f) + bus_in(0x3fe) +
          bus_out(0x3f8, 0x55) + bus_in(0x3fd, 0x3f8) + bus_out(0x3fb, 0x43) +
          bus_in(0x3fd, 0x3f8) + bus_input(0, b"waits") + bus_out(0x3fc, 0) + bus_in(0x3f8, 0x3fd))
    write("bus", "serial-emptied", bus_input(0, b"abcdefghijklmnopqrstuvwx") +
          bus_block(0x3fa, True, b"\1\0\1\0\7") + bus_in(0x3f8))
    keyboard = b"".join(bus_out(0x60, byte) + bus_step(2) + bus_in(0x64, 0x60)
                        for byte in (0xff, 0xf2, 0xed, 7, 0xf3, 0x20, 0xf0, 0, 0xee, 0xf4))
    write("bus", "keyboard", pics + bus_out(0x64, 0xaa) + bus_in(0x60) + bus_out(0x64, 0x60) +
          bus_out(0x60, 0x47) + keyboard + bus_interrupt(0x20))
    write("bus", "mouse", pics + bus_out(0x64, 0xa8, 0xa9, 0x60) + bus_out(0x60, 0x47) +
          b"".join(bus_out(0x64, 0xd4) + bus_out(0x60, byte) + bus_step(2) + bus_in(0x60)
                   for byte in (0xff, 0xf2, 0xe8, 3, 0xe9, 0xf3, 100, 0xf4, 0xeb)) +
          bus_interrupt(0xa0, 0x20))
    write("bus", "a20", bus_out(0x64, 0xd1) + bus_out(0x60, 0xdd) + bus_out(0x64, 0xd0) +
          bus_in(0x60, 0x92) + bus_out(0x92, 2) + bus_in(0x92) + bus_out(0x64, 0xfe) +
          bus_out(0x92, 3) + bus_out(0xcf9, 2, 6) + BUS_RESET)
    write("bus", "dma", bus_out(0x0d, 0) + bus_out(0x0b, 0x46) + bus_out(0x0c, 0) +
          bus_out(0x04, 0, 0x10) + bus_out(0x05, 0xff, 1) + bus_out(0x81, 0) + bus_out(0x0a, 2) +
          bus_in(0x08, 0x04, 0x05) + bus_out(0xd6, 0xc0) + bus_out(0xd4, 0) + bus_in(0xd0))
    floppy = bus_out(0x3f2, 0) + bus_out(0x3f2, 0x1c) + bus_step(1)
    write("bus", "floppy", pics + floppy + bus_interrupt(0x20) +
          (bus_out(0x3f5, 8) + bus_in(0x3f4, 0x3f5, 0x3f5)) * 4 + bus_out(0x3f5, 3, 0xdf, 2) +
          bus_out(0x3f5, 0x13, 0, 0x57, 0) + bus_out(0x3f5, 0x0e) + bus_in(*[0x3f5] * 10) +
          bus_out(0x3f5, 7, 0) + bus_step(3) * 3 + bus_interrupt(0x20))
    write("bus", "floppy-read", pics + floppy + (bus_out(0x3f5, 8) + bus_in(0x3f5, 0x3f5)) * 4 +
          bus_dma(0x46, 1024) + bus_out(0x3f5, 0xe6, 0, 0, 0, 1, 2, 18, 27, 0xff) +
          bus_step(15) * 8 + bus_interrupt(0x20) + bus_in(0x3f4, *[0x3f5] * 7) + bus_in(0x3f7, 8))
    write("bus", "floppy-write", pics + floppy + (bus_out(0x3f5, 8) + bus_in(0x3f5, 0x3f5)) * 4 +
          bus_dma(0x4a, 512) + bus_out(0x3f5, 0xc5, 0, 0, 0, 1, 2, 18, 27, 0xff) +
          bus_step(15) * 8 + bus_interrupt(0x20) + bus_in(*[0x3f5] * 7))
    write("bus", "disk-identify", pics + bus_ata(0xec) + bus_sector(0x1f0, False) + bus_in(0x1f7))
    write("bus", "disk-read", pics + bus_ata(0xc6, count=2) + bus_ata(0xc4, count=3) +
          (bus_sector(0x1f0, False) + bus_step(1)) * 3 + bus_interrupt(0xa0, 0x20))
    write("bus", "disk-write", pics + bus_ata(0x30) + bus_sector(0x1f0, True) + bus_step(1) +
          bus_interrupt(0xa0, 0x20) + bus_ata(0xe7) + bus_out(0x3f6, 4, 0) + bus_in(0x1f7, 0x3f6))
    write("bus", "cd", pics + b"".join(
        bus_ata(0xa0, base=0x170, lba=0xfffe00) + bus_block(0x170, True, bytes(packet), 2) +
        bus_step(2) + bus_in(0x177, 0x172) + bus_sector(0x170, False) + bus_interrupt(0xa0, 0x20)
        for packet in ([0x12, 0, 0, 0, 36] + [0] * 7, [3, 0, 0, 0, 18] + [0] * 7, [0x25] + [0] * 11,
                       [0x28, 0, 0, 0, 0, 16, 0, 0, 1, 0, 0, 0], [0x43] + [0] * 7 + [20, 0, 0, 0])))
    write("bus", "power", bus_out(0x602, 0x121, size=2) + bus_out(0x604, 1, size=2) +
          bus_in(0x600, 0x602, 0x604, size=2) + bus_in(0x608, size=4) + bytes([7, 0xff, 0xff]) +
          bus_in(0x600, size=2) + bus_out(0x604, 0x3401, size=2))
    write("bus", "firmware", bus_out(0x510, 0x19, size=2) + bus_block(0x511, False, bytes(20)) +
          bus_in(0x514, size=4) + bus_out(0x514, 0, size=4) + bus_out(0x518, 0x1000, size=4))
    apics = b"".join(bus_apic(0xf0, 0x1ff, cpu) + bus_apic(0xd0, 1 << 24 + cpu, cpu)
                     for cpu in range(3))
    answers = b"".join(bytes([5 | cpu << 3]) + bus_apic_read(cpu, 0x100, 0xa0) +
                       bus_apic(0xb0, 0, cpu) for cpu in range(3))
    write("bus", "commands", apics + b"".join(
        bus_apic(0x310, 1 << 24) + bus_apic(0x300, command) + answers
        for command in (0x51, 0xc4061, 0x84071, 0x44081, 0x8100 | 0x91, 0x4400, 0xc4500, 0xc4608)))
    write("bus", "lowest-priority", apics + bus_apic(0x80, 0x30) + bus_apic(0x80, 0x20, 1) +
          bus_apic(0x310, 0x7 << 24) + bus_apic(0x300, 0x4951) + answers)
    write("bus", "redirected", apics + bus_ioapic(0x15, 2 << 24) + bus_ioapic(0x14, 0x52) +
          bus_ioapic(0x19, 7 << 24) + bus_ioapic(0x18, 0x8962) + pics + bus_out(0x43, 0x34) +
          bus_out(0x40, 0xa9, 4) + (bus_step(1) + answers) * 3)
    write("bus", "apic-timers", b"".join(
        bus_apic(0x3e0, 3, cpu) + bus_apic(0x320, 0x20040 + cpu, cpu) + bus_apic(0x380, 900, cpu)
        for cpu in range(3)) + apics + (bus_step(1) + answers) * 2 + bus_apic_read(1, 0x390))
    write("bus", "exits", bus_out(0x80, 0x12) + bus_in(0x80) + bus_block(0xe9, True, b"said\n") +
          bus_in(0xe9) + bus_out(0x501, 5, size=4) + bus_out(0xf4, 3) + bus_in(0x1234, size=2) +
          bytes([6, 0x83]) + struct.pack("<Q", 0xfee00000))


boot_seeds()
ata_seeds()
atapi_seeds()
floppy_seeds()
apic_seeds("lapic", 0, LAPIC_PLACES + 1)
apic_seeds("ioapic", IOAPIC_PLACES, 0)
fw_cfg_seeds()
bus_seeds()
text_seeds.make()
write_packs()
