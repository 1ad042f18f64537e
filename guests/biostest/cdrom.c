/*
 * Tests of the CD-ROM drive E0h.  Its disc has 200 blocks, and each 16-bit word is
 * the number of its block.
 */
#include "guests/biostest/biostest.h"

#define CDROM  0xe0
#define DISK   0x80
#define BLOCKS 200

#define BUFFER_AT 0x20000u
#define BUFFER    (BUFFER_AT >> 4)

static Regs call(uint16_t ax, uint8_t drive)
{
    return interrupt_abcd(0x13, ax, 0, 0, drive);
}

static bool is_status(Regs regs, uint8_t status)
{
    if (regs.ah != status) {
        note("AH", regs.ah);
    }
    return carry(&regs) == (status != 0) && regs.ah == status;
}

/* ---- blocks ---- */

static Regs read_block(uint32_t block)
{
    static DiskPacket packet;
    packet = (DiskPacket){.size = 16, .count = 1, .segment = BUFFER, .sector = block};
    return interrupt_packet(0x4200, CDROM, &packet);
}

static bool reads(uint16_t block)
{
    far_write16(BUFFER, 2046, 0xffff);
    return is_status(read_block(block), 0) && far_read16(BUFFER, 2046) == block;
}

/* ---- AH = 48h ---- */

static uint8_t answer[32];

static Regs parameters(uint8_t drive)
{
    Regs regs = {.ax = 0x4800, .dl = drive, .si = (uint16_t)(uint32_t)answer};
    answer[0] = 30;
    answer[1] = 0;
    interrupt(0x13, &regs);
    return regs;
}

static uint32_t answer32(unsigned at)
{
    return answer[at] | (uint32_t)answer[at + 1] << 8 | (uint32_t)answer[at + 2] << 16 |
           (uint32_t)answer[at + 3] << 24;
}

static void test_parameters(void)
{
    about("INT 13h, AH = 41h and 48h, CD-ROM");
    Regs there = interrupt_abcd(0x13, 0x4100, 0x55aa, 0, CDROM);
    check(!carry(&there) && there.bx == 0xaa55, "the extensions are there");
    check_is(there.cx, 3);
    check(is_status(parameters(CDROM), 0), "there are parameters");
    check_is(answer[0], 30);
    check_is(answer[2], 0x35); /* removable, reports changes, can be locked */
    check_is(answer32(4), 0);
    check_is(answer32(16), BLOCKS);
    check_is(answer32(20), 0);
    check_is(answer[24] | answer[25] << 8, 2048);
    check(reads(BLOCKS - 1), "the last block is read");
    check(is_status(read_block(BLOCKS), 0x04), "there is none behind it");
    check(is_status(call(0x0800, CDROM), 0x01), "there is no geometry");
}

/* ---- lock and eject ---- */

static void test_locks(void)
{
    about("INT 13h, AH = 45h, CD-ROM");
    Regs state = call(0x4502, CDROM);
    check(is_status(state, 0) && state.al == 0, "it is not locked");
    check(is_status(call(0x4501, CDROM), 0xb0), "what is not locked is not unlocked");
    Regs first = call(0x4500, CDROM);
    check(is_status(first, 0) && first.al == 1, "it is locked");
    check(is_status(call(0x4600, CDROM), 0xb1), "what is locked is not ejected");
    unsigned count = 1;
    while (!(call(0x4500, CDROM).flags & FLAG_CF) && count < 300) {
        count++;
    }
    check_is(count, 255);
    Regs many = call(0x4500, CDROM);
    check(is_status(many, 0xb4), "there is an end of locks");
    for (; count > 1; count--) {
        call(0x4501, CDROM);
    }
    Regs last = call(0x4502, CDROM);
    check(is_status(last, 0) && last.al == 1, "each has to be taken back");
    Regs none = call(0x4501, CDROM);
    check(is_status(none, 0) && none.al == 0, "then it is not locked");
    check(is_status(call(0x4503, CDROM), 0x01), "there is no more to do with locks");
}

static void test_intercept(void)
{
    about("INT 15h, AH = 52h");
    Regs allowed = interrupt_abcd(0x15, 0x5200, 0, 0, CDROM);
    check(!carry(&allowed) && allowed.ah == 0, "an eject is allowed by the BIOS");
    system_vector.offset = IVT[0x15].offset;
    system_vector.segment = IVT[0x15].segment;
    set_handler(0x15, 0, (uint16_t)(uint32_t)eject_hook);
    eject_answer = 0xb100;
    check(is_status(call(0x4600, CDROM), 0xb1), "a program may say that it is locked");
    check_is(eject_calls, 1);
    check_is(eject_dx & 0xff, CDROM);
    eject_answer = 0xb300;
    check(is_status(call(0x4600, CDROM), 0xb3), "or in use");
    check(reads(1), "the disc is still there");
    set_handler(0x15, system_vector.segment, system_vector.offset);
}

static void test_eject(void)
{
    about("INT 13h, AH = 46h and 49h, CD-ROM");
    check(is_status(call(0x4900, CDROM), 0), "the disc was not changed");
    check(is_status(call(0x4600, CDROM), 0), "it is ejected");
    check(is_status(call(0x4600, CDROM), 0x31), "there is none to eject then");
    check(is_status(read_block(1), 0x31), "nor to read");
    check(is_status(call(0x4900, CDROM), 0x06), "its change is told");
    check(is_status(call(0x4900, CDROM), 0x06), "as long as there is none");
    check(is_status(parameters(CDROM), 0), "there are parameters without a disc");
    check_is(answer[2], 0x75); /* the values are the drive's maximum */
    check_is(answer32(16) & answer32(20), 0xffffffff);
    Regs lock = call(0x4500, CDROM);
    check(is_status(lock, 0) && lock.al == 1, "an empty drive is locked");
    check(is_status(call(0x4501, CDROM), 0), "and unlocked");
}

/* ---- a disc that comes ---- */

#define ATA_BASE 0x170

static void await_ata(uint8_t mask, uint8_t bits)
{
    while ((in8(ATA_BASE + 7) & mask) != bits) {
    }
}

/* Sends the packet of a command whose fifth byte is its argument. */
static void send_packet(uint8_t command, uint8_t argument)
{
    const uint16_t packet[6] = {command, 0, argument};
    out8(ATA_BASE + 6, 0xa0);
    await_ata(0x88, 0);
    out8(ATA_BASE + 1, 0);
    out8(ATA_BASE + 7, 0xa0);
    await_ata(0x88, 0x08);
    for (unsigned i = 0; i < 6; i++) {
        out16(ATA_BASE, packet[i]);
    }
    await_ata(0x88, 0);
}

/* START STOP UNIT: 2 opens the tray, 3 closes it. */
static void start_stop(uint8_t argument)
{
    send_packet(0x1b, argument);
}

/* PREVENT ALLOW MEDIUM REMOVAL. */
static void prevent(bool locked)
{
    send_packet(0x1e, locked);
}

static void test_new_disc(void)
{
    about("INT 13h, another disc");
    start_stop(3);
    check(is_status(call(0x4900, CDROM), 0x06), "its coming is told");
    check(is_status(call(0x4900, CDROM), 0), "once");
    check(reads(7), "it is read");
    check(is_status(call(0x4600, CDROM), 0), "it is ejected");
    start_stop(3);
    check(reads(9), "it is read at once");
    check(is_status(call(0x4900, CDROM), 0x06), "and its coming is told after that");
    check(is_status(call(0x4900, CDROM), 0), "once as well");
}

/* START STOP UNIT goes to the drive directly, so the BIOS learns of it only from the drive. */
static void test_change_behind_its_back(void)
{
    about("INT 13h, a disc that another program changes");
    check(reads(3), "the disc is read");
    start_stop(2);
    check(is_status(read_block(4), 0x31), "there is none");
    check_is(parameters(CDROM).ah, 0);
    check_is(answer[2], 0x75);
    start_stop(3);
    check(reads(5) && reads(6), "it is read when it is back");
    start_stop(2);
    start_stop(3);
    check(reads(8) && reads(9), "also if the BIOS saw nothing of it");
    check(is_status(call(0x4900, CDROM), 0x06), "its coming is told");
    check(is_status(call(0x4900, CDROM), 0), "once");
    prevent(true);
    check(is_status(call(0x4600, CDROM), 0xb1), "what another program locks is not ejected");
    prevent(false);
}

/* ---- what has nothing to eject ---- */

static void test_fixed(void)
{
    about("INT 13h, AH = 45h, 46h and 49h, hard disk");
    Regs lock = call(0x4500, DISK);
    check(is_status(lock, 0) && lock.al == 0, "it needs no lock");
    check(is_status(call(0x4503, DISK), 0x01), "there is no more to do with locks");
    check(is_status(call(0x4600, DISK), 0xb2), "it is not removable");
    check(is_status(call(0x4900, DISK), 0), "it is not changed");
    check(is_status(call(0x4500, 0x81), 0x01), "a drive that there is not is refused");
}

void test_cdrom(void)
{
    test_parameters();
    test_locks();
    test_intercept();
    test_eject();
    test_new_disc();
    test_change_behind_its_back();
    test_fixed();
}
