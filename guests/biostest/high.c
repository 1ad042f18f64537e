/*
 * Tests of INT 13h with buffers that real mode cannot or can barely reach: 64-bit
 * addresses, and the 64 KiB above 1 MiB.
 */
#include "guests/biostest/biostest.h"

#define DISK  0x80
#define CDROM 0xe0

#define MIB          0x100000u
#define FAR_AT       (3 * MIB + 0x12) /* not at the beginning of a page */
#define LOW_AT       0x20000u
#define LOW          (LOW_AT >> 4)
#define TOP          0xffff /* the segment that reaches beyond 1 MiB */
#define SECTOR_WORDS 256

static DiskPacket packet;

static Regs run(uint16_t ax, uint8_t drive)
{
    return interrupt_packet(ax, drive, &packet);
}

static Regs flat(uint16_t ax, uint8_t drive, uint32_t sector, uint16_t count, uint32_t address)
{
    packet = (DiskPacket){.size = 24,
                          .count = count,
                          .offset = 0xffff,
                          .segment = 0xffff,
                          .sector = sector,
                          .flat = address};
    return run(ax, drive);
}

static Regs segmented(uint16_t ax, uint8_t drive, uint32_t sector, uint16_t count, uint16_t offset)
{
    packet = (DiskPacket){
        .size = 16, .count = count, .offset = offset, .segment = TOP, .sector = sector};
    return run(ax, drive);
}

static bool is_status(Regs regs, uint8_t status)
{
    if (regs.ah != status) {
        note("AH", regs.ah);
    }
    return carry(&regs) == (status != 0) && regs.ah == status;
}

/* ---- memory ---- */

static void put_base(uint8_t *descriptor, uint32_t base)
{
    descriptor[0] = descriptor[1] = 0xff;
    descriptor[2] = (uint8_t)base;
    descriptor[3] = (uint8_t)(base >> 8);
    descriptor[4] = (uint8_t)(base >> 16);
    descriptor[5] = 0x93;
    descriptor[7] = (uint8_t)(base >> 24);
}

static void move(uint32_t to, uint32_t from, uint16_t words)
{
    static uint8_t gdt[48];
    put_base(gdt + 16, from);
    put_base(gdt + 24, to);
    Regs regs = {.ax = 0x8700, .cx = words, .si = (uint16_t)(uint32_t)gdt};
    interrupt(0x15, &regs);
}

static uint16_t low_word(unsigned index)
{
    return far_read16(LOW, (uint16_t)(2 * index));
}

static void fill_low(uint16_t word, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        far_write16(LOW, (uint16_t)(2 * i), word);
    }
}

/*
 * Checks memory above 1 MiB: `count` runs of `words` words each, whose numbers
 * increase by one from run to run.
 */
static bool has_numbers(uint32_t address, uint16_t first, unsigned count, unsigned words)
{
    for (unsigned i = 0; i < count; i++) {
        move(LOW_AT, address + i * words * 2, (uint16_t)words);
        for (unsigned j = 0; j < words; j++) {
            if (low_word(j) != first + i) {
                note("word", low_word(j));
                return false;
            }
        }
    }
    return true;
}

/* ---- 64-bit addresses ---- */

static void test_reads(void)
{
    about("INT 13h, AH = 42h with a 64-bit address");
    check(is_status(flat(0x4200, DISK, 101, 1, LOW_AT), 0) && low_word(255) == 101,
          "it reads below 1 MiB");
    fill_low(0xeeee, SECTOR_WORDS);
    move(FAR_AT + 21 * 512, LOW_AT, SECTOR_WORDS);
    check(is_status(flat(0x4200, DISK, 80, 21, FAR_AT), 0), "it reads above 1 MiB");
    check_is(packet.count, 21);
    check(has_numbers(FAR_AT, 80, 21, SECTOR_WORDS), "all of it comes there");
    check(has_numbers(FAR_AT + 21 * 512, 0xeeee, 1, SECTOR_WORDS), "and nothing behind it");
    check(is_status(flat(0x4200, DISK, 70, 115, 64 * MIB), 0), "it reads much");
    check(has_numbers(64 * MIB, 70, 115, SECTOR_WORDS), "of which all comes");
    check(is_status(flat(0x4200, CDROM, 40, 5, FAR_AT), 0), "it reads from a CD-ROM");
    check(has_numbers(FAR_AT, 40, 5, 4 * SECTOR_WORDS), "which comes, too");
}

static void test_writes(void)
{
    about("INT 13h, AH = 43h with a 64-bit address");
    for (uint16_t i = 0; i < 10; i++) {
        fill_low(0x4000 + i, SECTOR_WORDS);
        move(FAR_AT + i * 512u, LOW_AT, SECTOR_WORDS);
    }
    check(is_status(flat(0x4302, DISK, SCRATCH_SECTOR, 10, FAR_AT), 0), "it writes");
    check_is(packet.count, 10);
    bool same = true;
    for (uint16_t i = 0; i < 10; i++) {
        flat(0x4200, DISK, SCRATCH_SECTOR + i, 1, LOW_AT);
        same &= low_word(0) == 0x4000 + i && low_word(255) == 0x4000 + i;
    }
    check(same, "what it was to write");
    check(is_status(flat(0x4300, CDROM, 1, 1, FAR_AT), 0x03), "it writes on no CD-ROM");
}

static void test_ends(void)
{
    about("INT 13h, 64-bit addresses that cannot be");
    check(is_status(flat(0x4200, DISK, 8190, 3, FAR_AT), 0x04), "the disk has an end");
    check_is(packet.count, 0);
    check(is_status(flat(0x4200, DISK, 100, 1, 0xffffff00), 0x01), "so has the memory, at 4 GiB");
    packet.flat = LOW_AT;
    packet.flat_high = 1;
    packet.count = 1;
    check(is_status(run(0x4200, DISK), 0x01), "nothing is above");
    packet.flat = 0xfffffe00;
    packet.flat_high = 0xffffffff;
    packet.count = 1;
    check(is_status(run(0x4200, DISK), 0x01), "up to the last of 64 bits");
    packet.size = 16;
    packet.offset = 0x1000;
    packet.segment = LOW;
    check(is_status(run(0x4200, DISK), 0), "a small packet has no such address");
}

static void test_a20(void)
{
    about("INT 13h, address line 20");
    interrupt_ax(0x15, 0x2400);
    uint8_t state = interrupt_ax(0x15, 0x2402).al;
    check(is_status(flat(0x4200, DISK, 90, 2, FAR_AT + MIB), 0), "it may be off");
    check_is(interrupt_ax(0x15, 0x2402).al, state);
    interrupt_ax(0x15, 0x2401);
    check(has_numbers(FAR_AT + MIB, 90, 2, SECTOR_WORDS), "what is read comes above");
}

/* ---- above FFFF:000F ---- */

static void test_top_segment(void)
{
    about("INT 13h, buffers at FFFF:0010");
    check(is_status(segmented(0x4200, DISK, 64, 127, 0x10), 0), "127 sectors are read");
    check_is(packet.count, 127);
    check(has_numbers(MIB, 64, 127, SECTOR_WORDS), "they come there");
    check(is_status(segmented(0x4300, DISK, SCRATCH_SECTOR, 2, 0x10 + 512), 0), "two are written");
    check(is_status(segmented(0x4200, DISK, SCRATCH_SECTOR, 2, 0x8010), 0), "and read again");
    check(has_numbers(MIB + 0x8000, 65, 2, SECTOR_WORDS), "as they were");
    check(is_status(segmented(0x4200, DISK, 64, 127, 0x400), 0x01), "a segment has an end");
    check_is(packet.count, 0);
    check(is_status(segmented(0x4200, CDROM, 20, 31, 0x10), 0), "31 blocks of a CD-ROM are read");
    check(has_numbers(MIB, 20, 31, 4 * SECTOR_WORDS), "and come there");
    Regs old = {.ax = 0x0203, .cx = 0x0003, .dx = 0x0100 | DISK, .bx = 0x4010, .es = TOP};
    interrupt(0x13, &old);
    check(is_status(old, 0) && old.al == 3, "AH = 02h reads there as well");
    check(has_numbers(MIB + 0x4000, 65, 3, SECTOR_WORDS), "the right sectors");
    check(is_status(flat(0x4200, DISK, 77, 1, MIB + 0x100), 0), "so does a 64-bit address");
    check(has_numbers(MIB + 0x100, 77, 1, SECTOR_WORDS), "to its place");
}

void test_high(void)
{
    interrupt_ax(0x15, 0x2401);
    test_reads();
    test_writes();
    test_ends();
    test_a20();
    test_top_segment();
}
