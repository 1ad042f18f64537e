/*
 * The bus master of the PIIX3's IDE function, and the drives' commands with DMA.
 */
#include "devices/pci/pci_regs.h"
#include "devices/storage/ata_regs.h"
#include "src/board/memory.h"
#include "src/device/pci.h"
#include "tests/unit/rig.h"

#include <string.h>

#define BASE    0x1f0u
#define CONTROL 0x3f6u
#define MASTER  0xc000u
#define IRQ     14u
#define TABLE   0x1000u
#define BUFFER  0x8000u
#define SECTORS 300u
#define DISC    80u
#define OUTSIDE 0x10000000u

#define READY   (ATA_ST_DRDY | ATA_ST_DSC)
#define WAITING (READY | ATA_ST_DRQ)
#define TO_MEM  (BM_CMD_START | BM_CMD_READ)

typedef struct Fixture {
    Rig *rig;
    Device *dev;
    RigDrive *disk, *disc;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->rig = rig_new();
    rig_memory(f->rig);
    f->disk = rig_drive(f->rig, "disk", SECTORS);
    f->disc = rig_drive(f->rig, "disc", DISC);
    f->disc->cdrom = true;
    f->dev = rig_device(f->rig, "piix3-ide", "drive0=disk,drive3=disc,power-on-attention=off");
    device_pci_write(f->dev, PCI_BAR0 + 16, MASTER, 4);
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER, 2);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_free(f->rig);
}

static void put(Fixture *f, unsigned reg, uint8_t value)
{
    rig_outb(f->rig, (uint16_t)(BASE + reg), value);
}

static uint8_t status(Fixture *f)
{
    return rig_inb(f->rig, CONTROL);
}

static void command(Fixture *f, uint32_t lba, uint8_t count, uint8_t code)
{
    put(f, ATA_DEVICE, (uint8_t)(ATA_DEV_ONES | ATA_DEV_LBA | lba >> 24));
    put(f, ATA_COUNT, count);
    put(f, ATA_LBA_LOW, (uint8_t)lba);
    put(f, ATA_LBA_MID, (uint8_t)(lba >> 8));
    put(f, ATA_LBA_HIGH, (uint8_t)(lba >> 16));
    put(f, ATA_COMMAND, code);
}

static void master(Fixture *f, uint8_t value)
{
    rig_outb(f->rig, MASTER + BM_COMMAND, value);
}

static uint8_t master_status(Fixture *f)
{
    return rig_inb(f->rig, MASTER + BM_STATUS);
}

/* Descriptor `n` of the table; 0 bytes are 64 KiB. */
static void describe(Fixture *f, unsigned n, uint32_t address, uint32_t size, bool last)
{
    const uint32_t words[2] = {address, size | (last ? BM_PRD_LAST : 0)};
    memory_write(rig_memory(f->rig), TABLE + n * BM_PRD_SIZE, words, sizeof(words));
    rig_out(f->rig, MASTER + BM_TABLE, TABLE, 4);
}

static void run(RigDrive *drive)
{
    while (rig_drive_step(drive)) {
    }
}

static void assert_memory(Fixture *f, uint32_t address, const void *expected, size_t size)
{
    g_autofree uint8_t *data = g_malloc(size);
    g_assert_true(memory_read(rig_memory(f->rig), address, data, size));
    g_assert_true(memcmp(data, expected, size) == 0);
}

static const uint8_t *sector(const RigDrive *drive, unsigned lba)
{
    return drive->data + lba * ATA_SECTOR_SIZE;
}

/* ---- transfers ---- */

static void test_a_read_goes_where_the_descriptors_say(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 100, false);
    describe(f, 1, BUFFER + 0x2000, 1000, false);
    describe(f, 2, BUFFER + 0x3000, 3 * 512 - 1100, true);
    command(f, 7, 3, ATA_CMD_READ_DMA);
    g_assert_cmphex(status(f), ==, WAITING);
    g_assert_false(rig_irq(f->rig, IRQ));
    master(f, TO_MEM);
    g_assert_cmphex(status(f), ==, ATA_ST_BSY | ATA_ST_DSC);
    g_assert_cmphex(master_status(f), ==, BM_ST_ACTIVE);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY);
    g_assert_true(rig_irq(f->rig, IRQ));
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ);
    assert_memory(f, BUFFER, sector(f->disk, 7), 100);
    assert_memory(f, BUFFER + 0x2000, sector(f->disk, 7) + 100, 1000);
    assert_memory(f, BUFFER + 0x3000, sector(f->disk, 7) + 1100, 3 * 512 - 1100);
    g_assert_cmphex(rig_inb(f->rig, BASE + ATA_LBA_LOW), ==, 9);
    g_assert_cmphex(rig_inb(f->rig, BASE + ATA_STATUS), ==, READY);
    g_assert_false(rig_irq(f->rig, IRQ));
    rig_outb(f->rig, MASTER + BM_STATUS, BM_ST_IRQ);
    g_assert_cmphex(master_status(f), ==, 0);
}

static void test_a_write_comes_from_where_the_descriptors_say(Fixture *f, gconstpointer data)
{
    (void)data;
    uint8_t bytes[1024];
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    memory_write(rig_memory(f->rig), BUFFER, bytes, 600);
    memory_write(rig_memory(f->rig), BUFFER + 0x1000, bytes + 600, 424);
    describe(f, 0, BUFFER, 600, false);
    describe(f, 1, BUFFER + 0x1000, 424, true);
    master(f, BM_CMD_START); /* before the drive has its command */
    g_assert_cmphex(master_status(f), ==, BM_ST_ACTIVE);
    command(f, 20, 2, ATA_CMD_WRITE_DMA);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY);
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ);
    g_assert_cmpmem(sector(f->disk, 20), 1024, bytes, 1024);
}

static void test_a_size_of_0_is_64_kib(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 0, true);
    command(f, 0, 128, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ);
    assert_memory(f, BUFFER, sector(f->disk, 0), 0x10000);
}

static void test_48_bit_commands_use_dma_too(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 0, false);
    describe(f, 1, BUFFER + 0x10000, 0, false);
    describe(f, 2, BUFFER + 0x20000, 0x1800, true);
    put(f, ATA_COUNT, 1);
    put(f, ATA_LBA_LOW, 0), put(f, ATA_LBA_MID, 0), put(f, ATA_LBA_HIGH, 0);
    command(f, 2, 0x0a, ATA_CMD_READ_DMA_EXT); /* 0x10a sectors */
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY);
    assert_memory(f, BUFFER, sector(f->disk, 2), 0x10a * 512);
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ | BM_ST_ACTIVE); /* 0x400 bytes are left */
    master(f, 0);
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ);
}

/* ---- tables that do not fit ---- */

static void test_a_short_table_leaves_the_drive_waiting(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 600, true);
    command(f, 0, 2, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(master_status(f), ==, 0);
    g_assert_cmphex(status(f), ==, WAITING);
    g_assert_false(rig_irq(f->rig, IRQ));
    assert_memory(f, BUFFER, sector(f->disk, 0), 512);
    /* The guest can provide the rest in another table. */
    master(f, 0);
    describe(f, 0, BUFFER + 512, 512, true);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY);
    assert_memory(f, BUFFER, sector(f->disk, 0), 1024);
}

static void test_what_is_outside_memory_is_an_error_of_the_bus(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, OUTSIDE, 512, true);
    command(f, 0, 1, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(master_status(f), ==, BM_ST_ERROR);
    g_assert_cmphex(status(f), ==, WAITING);
    g_assert_false(rig_irq(f->rig, IRQ));
    g_assert_cmpuint(rig_guest_error_count(f->rig), ==, 1);
    rig_outb(f->rig, MASTER + BM_STATUS, BM_ST_ERROR);
    g_assert_cmphex(master_status(f), ==, 0);
    master(f, 0);
    rig_out(f->rig, MASTER + BM_TABLE, OUTSIDE, 4);
    master(f, TO_MEM);
    g_assert_cmphex(master_status(f), ==, BM_ST_ERROR);
}

static void test_the_direction_has_to_be_the_drives(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 512, true);
    command(f, 0, 1, ATA_CMD_READ_DMA);
    master(f, BM_CMD_START);
    g_assert_false(rig_drive_step(f->disk));
    g_assert_cmphex(status(f), ==, WAITING);
    master(f, 0);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY);
}

/* In this state DRQ is the drive's request for DMA. */
static void test_the_data_port_has_nothing_while_the_drive_waits(Fixture *f, gconstpointer data)
{
    (void)data;
    uint16_t words[4];
    command(f, 0, 1, ATA_CMD_READ_DMA);
    rig_in_block(f->rig, BASE, words, 4, 2);
    g_assert_cmphex(words[3], ==, 0xffff);
    g_assert_cmphex(status(f), ==, WAITING);
    g_assert_false(rig_drive_step(f->disk));
}

static void test_the_function_has_to_be_a_bus_master(Fixture *f, gconstpointer data)
{
    (void)data;
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_IO, 2);
    describe(f, 0, BUFFER, 512, true);
    command(f, 0, 1, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    g_assert_false(rig_drive_step(f->disk));
    device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER, 2);
    run(f->disk);
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ);
    assert_memory(f, BUFFER, sector(f->disk, 0), 512);
}

/* ---- errors and ends ---- */

static void test_a_bad_sector_is_named_and_what_is_before_it_is_read(Fixture *f, gconstpointer data)
{
    (void)data;
    f->disk->bad = 12;
    describe(f, 0, BUFFER, 0x1000, true);
    command(f, 10, 8, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY | ATA_ST_ERR);
    g_assert_cmphex(rig_inb(f->rig, BASE + ATA_ERROR), ==, ATA_ER_UNC);
    g_assert_cmphex(rig_inb(f->rig, BASE + ATA_LBA_LOW), ==, 12);
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ | BM_ST_ACTIVE);
    assert_memory(f, BUFFER, sector(f->disk, 10), 1024);
}

static void test_sectors_past_the_end_are_not_found(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 0x1000, true);
    command(f, SECTORS - 2, 8, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY | ATA_ST_ERR);
    g_assert_cmphex(rig_inb(f->rig, BASE + ATA_ERROR), ==, ATA_ER_IDNF);
    assert_memory(f, BUFFER, sector(f->disk, SECTORS - 2), 1024);
}

static void test_a_stop_ends_what_is_under_way(Fixture *f, gconstpointer data)
{
    (void)data;
    describe(f, 0, BUFFER, 512, true);
    command(f, 3, 1, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    master(f, BM_CMD_READ);
    g_assert_cmphex(master_status(f), ==, 0);
    run(f->disk);
    g_assert_cmphex(status(f), ==, WAITING);
    put(f, ATA_DEVICE, ATA_DEV_ONES);
    rig_outb(f->rig, CONTROL, ATA_DC_SRST);
    rig_outb(f->rig, CONTROL, 0);
    g_assert_cmphex(status(f), ==, READY);
    command(f, 3, 1, ATA_CMD_READ_DMA);
    master(f, TO_MEM);
    run(f->disk);
    g_assert_cmphex(status(f), ==, READY);
}

static void test_the_interrupt_bit_is_latched_for_pio_too(Fixture *f, gconstpointer data)
{
    (void)data;
    put(f, ATA_DEVICE, ATA_DEV_ONES);
    put(f, ATA_COMMAND, ATA_CMD_IDENTIFY);
    g_assert_cmphex(master_status(f), ==, BM_ST_IRQ);
    rig_outb(f->rig, MASTER + BM_STATUS, BM_ST_IRQ);
    g_assert_cmphex(master_status(f), ==, 0); /* INTRQ is still high, but did not rise */
    rig_inb(f->rig, BASE + ATA_STATUS);
    rig_outb(f->rig, CONTROL, ATA_DC_NIEN);
    put(f, ATA_COMMAND, ATA_CMD_IDENTIFY);
    g_assert_cmphex(master_status(f), ==, 0);
}

/* ---- registers and modes ---- */

static void test_registers_have_the_bits_of_the_specification(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_out(f->rig, MASTER + BM_TABLE, 0xffffffff, 4);
    g_assert_cmphex(rig_in(f->rig, MASTER + BM_TABLE, 4), ==, 0xfffffffc);
    rig_outb(f->rig, MASTER + BM_TABLE + 1, 0x12);
    g_assert_cmphex(rig_in(f->rig, MASTER + BM_TABLE, 4), ==, 0xffff12fc);
    g_assert_cmphex(rig_in(f->rig, MASTER + BM_PORTS + BM_TABLE, 4), ==, 0);
    rig_outb(f->rig, MASTER + BM_STATUS, 0xff);
    g_assert_cmphex(master_status(f), ==, BM_ST_DRIVE0 | BM_ST_DRIVE1);
    rig_outb(f->rig, MASTER + BM_STATUS, 0);
    g_assert_cmphex(master_status(f), ==, 0);
    master(f, 0xfe);
    g_assert_cmphex(rig_in(f->rig, MASTER + BM_COMMAND, 4), ==, BM_CMD_READ);
    rig_outb(f->rig, MASTER + 1, 0xff);
    rig_outb(f->rig, MASTER + 3, 0xff);
    g_assert_cmphex(rig_in(f->rig, MASTER + BM_COMMAND, 4), ==, BM_CMD_READ);
}

static void identify(Fixture *f, uint16_t *words)
{
    put(f, ATA_DEVICE, ATA_DEV_ONES);
    put(f, ATA_COMMAND, ATA_CMD_IDENTIFY);
    rig_in_block(f->rig, BASE, words, 256, 2);
}

static void test_identify_names_the_modes_and_the_chosen_one(Fixture *f, gconstpointer data)
{
    (void)data;
    uint16_t w[256];
    identify(f, w);
    g_assert_cmphex(w[49] & 0x0100, ==, 0x0100);
    g_assert_cmphex(w[53] & 0x0004, ==, 0x0004);
    g_assert_cmphex(w[63], ==, 0x0407);
    g_assert_cmphex(w[88], ==, 0x003f);
    put(f, ATA_FEATURES, ATA_FEATURE_TRANSFER_MODE);
    put(f, ATA_COUNT, ATA_MODE_UDMA + 5);
    put(f, ATA_COMMAND, ATA_CMD_SET_FEATURES);
    g_assert_cmphex(status(f), ==, READY);
    identify(f, w);
    g_assert_cmphex(w[63], ==, 0x0007);
    g_assert_cmphex(w[88], ==, 0x203f);
    put(f, ATA_FEATURES, ATA_FEATURE_TRANSFER_MODE);
    put(f, ATA_COUNT, ATA_MODE_UDMA + 6);
    put(f, ATA_COMMAND, ATA_CMD_SET_FEATURES);
    g_assert_cmphex(status(f), ==, READY | ATA_ST_ERR);
}

static void test_without_a_bus_master_dma_is_aborted(Fixture *f, gconstpointer data)
{
    (void)data;
    uint16_t w[256];
    g_autoptr(Rig) rig = rig_new();
    rig_drive(rig, "disk", SECTORS);
    rig_device(rig, "isa-ide", "drive0=disk");
    Fixture isa = {.rig = rig};
    identify(&isa, w);
    g_assert_cmphex(w[49] & 0x0100, ==, 0);
    g_assert_cmphex(w[63] | w[88], ==, 0);
    command(&isa, 0, 1, ATA_CMD_READ_DMA);
    g_assert_cmphex(status(&isa), ==, READY | ATA_ST_ERR);
    put(&isa, ATA_FEATURES, ATA_FEATURE_TRANSFER_MODE);
    put(&isa, ATA_COUNT, ATA_MODE_UDMA);
    put(&isa, ATA_COMMAND, ATA_CMD_SET_FEATURES);
    g_assert_cmphex(status(&isa), ==, READY | ATA_ST_ERR);
    (void)f;
}

/* ---- CD-ROM: the second drive of the second channel ---- */

static void packet(Fixture *f, const uint8_t *bytes)
{
    const uint16_t base = 0x170;
    rig_outb(f->rig, base + ATA_DEVICE, ATA_DEV_ONES | ATA_DEV_DEV);
    rig_outb(f->rig, base + ATA_FEATURES, ATAPI_FEATURE_DMA);
    rig_outb(f->rig, base + ATA_LBA_MID, 0);
    rig_outb(f->rig, base + ATA_LBA_HIGH, 8);
    rig_outb(f->rig, base + ATA_COMMAND, ATA_CMD_PACKET);
    rig_out_block(f->rig, base, bytes, ATAPI_PACKET_SIZE / 2, 2);
}

static void describe_second(Fixture *f, uint32_t address, uint32_t size)
{
    describe(f, 0, address, size, true);
    rig_out(f->rig, MASTER + BM_PORTS + BM_TABLE, TABLE, 4);
}

static void test_a_disc_is_read_by_dma(Fixture *f, gconstpointer data)
{
    (void)data;
    const uint8_t read[ATAPI_PACKET_SIZE] = {ATAPI_READ_10, [5] = 3, [8] = 2};
    describe_second(f, BUFFER, 4096);
    packet(f, read);
    rig_outb(f->rig, MASTER + BM_PORTS, TO_MEM);
    run(f->disc);
    g_assert_cmphex(rig_inb(f->rig, 0x376), ==, READY);
    g_assert_true(rig_irq(f->rig, 15));
    g_assert_cmphex(rig_inb(f->rig, MASTER + BM_PORTS + BM_STATUS), ==, BM_ST_IRQ);
    g_assert_cmphex(rig_inb(f->rig, 0x170 + ATA_COUNT), ==, ATAPI_REASON_COD | ATAPI_REASON_IO);
    assert_memory(f, BUFFER, f->disc->data + 3 * ATAPI_SECTOR_SIZE, 4096);
    g_assert_cmphex(master_status(f), ==, 0);
}

static void test_answers_to_packets_go_by_dma_too(Fixture *f, gconstpointer data)
{
    (void)data;
    const uint8_t inquiry[ATAPI_PACKET_SIZE] = {ATAPI_INQUIRY, [4] = 36};
    describe_second(f, BUFFER, 36);
    packet(f, inquiry);
    g_assert_cmphex(rig_inb(f->rig, 0x376), ==, WAITING);
    rig_outb(f->rig, MASTER + BM_PORTS, TO_MEM);
    g_assert_cmphex(rig_inb(f->rig, 0x376), ==, READY);
    assert_memory(f, BUFFER + 8, "PIOEMU  CD-ROM", 14);
    g_assert_cmphex(rig_inb(f->rig, MASTER + BM_PORTS + BM_STATUS), ==, BM_ST_IRQ);
}

static void test_a_bad_sector_of_a_disc_is_a_medium_error(Fixture *f, gconstpointer data)
{
    (void)data;
    const uint8_t read[ATAPI_PACKET_SIZE] = {ATAPI_READ_10, [5] = 3, [8] = 2};
    f->disc->bad = 14;
    describe_second(f, BUFFER, 4096);
    packet(f, read);
    rig_outb(f->rig, MASTER + BM_PORTS, TO_MEM);
    run(f->disc);
    g_assert_cmphex(rig_inb(f->rig, 0x376), ==, READY | ATA_ST_ERR);
    g_assert_cmphex(rig_inb(f->rig, 0x170 + ATA_ERROR) >> 4, ==, SENSE_MEDIUM_ERROR);
}

/* ---- saved state ---- */

/*
 * The state is saved while the transfer waits for the master, during a
 * request, and after the end.
 */
static void test_a_transfer_goes_on_after_a_load(Fixture *f, gconstpointer data)
{
    (void)data;
    for (unsigned stage = 0; stage < 3; stage++) {
        Fixture other;
        set_up(&other, NULL);
        describe(f, 0, BUFFER, 700, false);
        describe(f, 1, BUFFER + 700, 324, true);
        describe(&other, 0, BUFFER, 700, false);
        describe(&other, 1, BUFFER + 700, 324, true);
        command(f, 9, 2, ATA_CMD_READ_DMA);
        if (stage > 0) {
            master(f, TO_MEM);
        }
        if (stage > 1) {
            run(f->disk);
            memory_write(rig_memory(other.rig), BUFFER, sector(f->disk, 9), 1024);
        }
        g_autoptr(GBytes) saved = device_save(f->dev);
        g_assert_true(rig_load(other.dev, saved));
        master(&other, TO_MEM);
        run(other.disk);
        g_assert_cmphex(status(&other), ==, READY);
        g_assert_cmphex(master_status(&other), ==, BM_ST_IRQ);
        assert_memory(&other, BUFFER, sector(other.disk, 9), 1024);
        tear_down(&other, NULL);
        device_reset(f->dev);
        device_pci_write(f->dev, PCI_BAR0 + 16, MASTER, 4);
        device_pci_write(f->dev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER, 2);
    }
}

static void test_impossible_states_are_refused(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *field;
        uint64_t value;
    } CASES[] = {
        {"master[0].command", 0x02},
        {"master[0].status", 0x08},
        {"master[0].status", BM_ST_ACTIVE}, /* but it was not started */
        {"master[1].table", 0x1001},
        {"master[0].at.used", BM_PRD_NOTHING},
        {"channel[0].drives[0].dma_mode", 0},
        {"channel[0].drives[0].phase", 7}, /* with nothing to move */
    };
    (void)data;
    g_autoptr(GBytes) saved = device_save(f->dev);
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, CASES[i].field, 0, CASES[i].value);
        g_test_message("%s", CASES[i].field);
        g_assert_false(rig_load(f->dev, bad));
    }
    g_assert_true(rig_load(f->dev, saved));
}

#define TEST(name) g_test_add("/ata_dma/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(a_read_goes_where_the_descriptors_say);
    TEST(a_write_comes_from_where_the_descriptors_say);
    TEST(a_size_of_0_is_64_kib);
    TEST(48_bit_commands_use_dma_too);
    TEST(a_short_table_leaves_the_drive_waiting);
    TEST(what_is_outside_memory_is_an_error_of_the_bus);
    TEST(the_direction_has_to_be_the_drives);
    TEST(the_data_port_has_nothing_while_the_drive_waits);
    TEST(the_function_has_to_be_a_bus_master);
    TEST(a_bad_sector_is_named_and_what_is_before_it_is_read);
    TEST(sectors_past_the_end_are_not_found);
    TEST(a_stop_ends_what_is_under_way);
    TEST(the_interrupt_bit_is_latched_for_pio_too);
    TEST(registers_have_the_bits_of_the_specification);
    TEST(identify_names_the_modes_and_the_chosen_one);
    TEST(without_a_bus_master_dma_is_aborted);
    TEST(a_disc_is_read_by_dma);
    TEST(answers_to_packets_go_by_dma_too);
    TEST(a_bad_sector_of_a_disc_is_a_medium_error);
    TEST(a_transfer_goes_on_after_a_load);
    TEST(impossible_states_are_refused);
    return g_test_run();
}
