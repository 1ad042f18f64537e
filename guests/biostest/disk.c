#include "guests/biostest/biostest.h"

#define DISK 0x80

#define SECTOR_WORDS 256
#define FAR_SECTOR   (4096 + 136)
#define BUFFER_AT    0x20000u /* outside of the program */
#define BUFFER       (BUFFER_AT >> 4)

static Regs disk_chs(uint8_t function, uint8_t count, uint8_t cylinder, uint8_t head,
                     uint8_t sector)
{
    Regs regs = {
        .ah = function,
        .al = count,
        .ch = cylinder,
        .cl = sector,
        .dh = head,
        .dl = DISK,
        .es = BUFFER,
    };
    interrupt(0x13, &regs);
    return regs;
}

static uint16_t word_at(uint32_t address)
{
    return far_read16((uint16_t)(address >> 4), (uint16_t)(address & 15));
}

static bool sector_is(unsigned index, uint16_t word)
{
    for (unsigned i = 0; i < SECTOR_WORDS; i++) {
        if (word_at(BUFFER_AT + index * 512 + i * 2) != word) {
            return false;
        }
    }
    return true;
}

static void fill(unsigned index, uint16_t word)
{
    for (unsigned i = 0; i < SECTOR_WORDS; i++) {
        far_write16(BUFFER, (uint16_t)(index * 512 + i * 2), word);
    }
}

/* Sector 63 is the first of the second track. */
static void test_read(void)
{
    about("INT 13h, AH = 02h");
    fill(0, 0xffff);
    fill(1, 0xffff);
    Regs one = disk_chs(0x02, 1, 0, 1, 1);
    check(!carry(&one) && one.ah == 0, "it succeeds");
    check_is(one.al, 1);
    check(sector_is(0, 63), "the sector is the right one");
    check(sector_is(1, 0xffff), "no more is read");
    Regs many = disk_chs(0x02, 127, 0, 1, 1);
    check(!carry(&many) && many.al == 127, "127 sectors are read over the end of a track");
    check(sector_is(62, 125) && sector_is(63, 126) && sector_is(126, 189),
          "they are the right ones");
}

static void test_wrong_reads(void)
{
    about("INT 13h, AH = 02h, wrong arguments");
    Regs none = disk_chs(0x02, 0, 0, 0, 1);
    check(carry(&none) && none.ah == 0x01 && none.al == 0, "no sectors are refused");
    Regs sector = disk_chs(0x02, 1, 0, 0, 0);
    check(carry(&sector) && sector.ah == 0x01, "there is no sector 0");
    Regs head = disk_chs(0x02, 1, 0, 200, 1);
    check(carry(&head) && head.ah == 0x04, "a head that there is not is not found");
    Regs cylinder = disk_chs(0x02, 1, 255, 0, 0xc1);
    check(carry(&cylinder) && cylinder.ah == 0x04 && cylinder.al == 0,
          "a cylinder behind the end is not found");
    Regs status = interrupt_abcd(0x13, 0x0100, 0, 0, DISK);
    check(carry(&status) && status.ah == 0x04, "AH = 01h gives the last status");
    check_is(BDA->disk_status, 0x04);
    Regs absent = interrupt_abcd(0x13, 0x0201, 0, 1, 0x85);
    check(carry(&absent) && absent.ah == 0x01, "a drive that there is not is refused");
    Regs good = disk_chs(0x02, 1, 0, 0, 1);
    check(!carry(&good) && word_at(BUFFER_AT + 510) == 0xaa55, "the boot sector is read after it");
}

static void test_write(void)
{
    about("INT 13h, AH = 03h and 04h");
    fill(0, 0x1111);
    fill(1, 0x2222);
    uint8_t sector = SCRATCH_SECTOR % 63 + 1, head = SCRATCH_SECTOR / 63;
    Regs written = disk_chs(0x03, 2, 0, head, sector);
    check(!carry(&written) && written.al == 2, "two sectors are written");
    fill(0, 0);
    fill(1, 0);
    disk_chs(0x02, 2, 0, head, sector);
    check(sector_is(0, 0x1111) && sector_is(1, 0x2222), "they are read again");
    fill(0, 0x3333);
    Regs verified = disk_chs(0x04, 2, 0, head, sector);
    check(!carry(&verified) && verified.al == 2, "they are verified");
    check(sector_is(0, 0x3333), "verifying reads nothing");
    Regs format = disk_chs(0x05, 1, 0, head, 1);
    check(carry(&format) && format.ah == 0x01, "tracks cannot be formatted");
}

static void test_parameters(void)
{
    about("INT 13h, AH = 08h and 15h");
    Regs parameters = interrupt_abcd(0x13, 0x0800, 0, 0, DISK);
    check(!carry(&parameters) && parameters.ah == 0, "it succeeds");
    check_is(parameters.cl & 0x3f, 63);
    check_is(parameters.dh, 15);
    check_is(parameters.dl, 1);
    check_is(parameters.ch, 7);
    Regs type = interrupt_abcd(0x13, 0x1500, 0, 0, DISK);
    check(!carry(&type) && type.ah == 3, "it is a hard disk");
    check_is((uint32_t)type.cx << 16 | type.dx, 8 * 16 * 63);
    Regs none = interrupt_abcd(0x13, 0x1500, 0, 0, 0x81);
    check(!carry(&none) && none.ah == 0, "there is no second one");
    Regs no_parameters = interrupt_abcd(0x13, 0x0800, 0, 0, 0x81);
    check(carry(&no_parameters) && no_parameters.ah == 0x07, "which has no parameters");
    Regs reset = interrupt_abcd(0x13, 0x0000, 0, 0, DISK);
    check(!carry(&reset) && reset.ah == 0, "the disk can be reset");
    check_is(BDA->disk_count, 1);
    check_is(far_read16(IVT[0x41].segment, IVT[0x41].offset), 8);
    check_is(far_read8(IVT[0x41].segment, (uint16_t)(IVT[0x41].offset + 2)), 16);
    check_is(far_read8(IVT[0x41].segment, (uint16_t)(IVT[0x41].offset + 14)), 63);
}

/* ---- the extensions ---- */

static DiskPacket packet;

static Regs extended(uint16_t ax)
{
    return interrupt_packet(ax, DISK, &packet);
}

static void set_packet(uint16_t count, uint32_t sector)
{
    packet = (DiskPacket){.size = 16, .count = count, .segment = BUFFER, .sector = sector};
}

static void test_extensions(void)
{
    about("INT 13h, extensions");
    Regs there = interrupt_abcd(0x13, 0x4100, 0x55aa, 0, DISK);
    check(!carry(&there) && there.bx == 0xaa55, "they are there");
    check_is(there.ah, 0x30);
    check_is(there.cx, 3);
    Regs wrong = interrupt_abcd(0x13, 0x4100, 0x1234, 0, DISK);
    check(carry(&wrong) && wrong.ah == 0x01, "the signature is asked for");
    set_packet(3, 100);
    Regs read = extended(0x4200);
    check(!carry(&read) && read.ah == 0 && packet.count == 3, "three sectors are read");
    check(sector_is(0, 100) && sector_is(2, 102), "they are the right ones");
    set_packet(2, 8191);
    Regs end = extended(0x4200);
    check(carry(&end) && end.ah == 0x04 && packet.count == 0, "the disk has an end");
    set_packet(1, 0);
    packet.sector_high = 1;
    Regs high = extended(0x4200);
    check(carry(&high) && high.ah == 0x04, "sector numbers have 64 bits");
    set_packet(128, 0);
    Regs many = extended(0x4200);
    check(carry(&many) && many.ah == 0x01, "128 sectors are too many");
    set_packet(1, 0);
    packet.size = 8;
    Regs small = extended(0x4200);
    check(carry(&small) && small.ah == 0x01, "a packet too small is refused");
}

/* Sectors whose numbers have the same lower byte as a sector of the pattern. */
static void test_far_sectors(void)
{
    about("INT 13h, extensions, far from the beginning");
    fill(0, 0x7777);
    set_packet(1, FAR_SECTOR);
    Regs written = extended(0x4300);
    check(!carry(&written), "a sector is written");
    set_packet(1, FAR_SECTOR & 0xff);
    extended(0x4200);
    check(sector_is(0, FAR_SECTOR & 0xff), "it is no other one");
    set_packet(1, FAR_SECTOR);
    extended(0x4200);
    check(sector_is(0, 0x7777), "it is read again");
}

static void test_extended_others(void)
{
    about("INT 13h, AH = 43h, 44h and 47h");
    fill(0, 0x4444);
    set_packet(1, SCRATCH_SECTOR);
    Regs written = extended(0x4302);
    check(!carry(&written), "it writes and verifies");
    fill(0, 0);
    Regs read = extended(0x4200);
    check(!carry(&read) && sector_is(0, 0x4444), "it was written");
    check(!(extended(0x4400).flags & FLAG_CF), "it verifies");
    check(!(extended(0x4700).flags & FLAG_CF), "it seeks");
    set_packet(1, 0x10000000);
    check(extended(0x4700).ah == 0x04, "it seeks no further than the end");
    check_is(extended(0x4303).ah, 0x01);
}

static void test_extended_parameters(void)
{
    static uint8_t answer[32];
    about("INT 13h, AH = 48h");
    Regs regs = {.ax = 0x4800, .dl = DISK, .si = (uint16_t)(uint32_t)answer};
    answer[0] = 26;
    interrupt(0x13, &regs);
    check(!carry(&regs) && regs.ah == 0, "it succeeds");
    check_is(word_at((uint32_t)answer), 26);
    check_is(word_at((uint32_t)answer + 4), 8);
    check_is(word_at((uint32_t)answer + 8), 16);
    check_is(word_at((uint32_t)answer + 12), 63);
    check_is(word_at((uint32_t)answer + 16), 8192);
    check_is(word_at((uint32_t)answer + 24), 512);
    check_is(answer[26], 0);
    answer[0] = 30;
    regs.ax = 0x4800;
    interrupt(0x13, &regs);
    check_is(answer[0], 30);
    check_is(word_at((uint32_t)answer + 26), 0xffff);
    answer[0] = 25;
    regs.ax = 0x4800;
    interrupt(0x13, &regs);
    check(carry(&regs) && regs.ah == 0x01, "a buffer too small is refused");
}

void test_disk(void)
{
    test_read();
    test_wrong_reads();
    test_write();
    test_parameters();
    test_extensions();
    test_far_sectors();
    test_extended_others();
    test_extended_parameters();
}
