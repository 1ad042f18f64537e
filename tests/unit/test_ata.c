/*
 * ATA hard disks through the ports of their channel.
 */
#include "tests/unit/ata_rig.h"

#define SECTORS 2000u

static void setup(Channel *t, gconstpointer data)
{
    (void)data;
    channel_setup(t, SECTORS, false, 0);
}

static void expect_sector(Channel *t, const uint8_t *data, uint64_t lba)
{
    uint8_t zeros[ATA_SECTOR_SIZE] = {0};
    const uint8_t *expected =
        lba < RIG_DRIVE_STORED ? t->drive[0]->data + lba * ATA_SECTOR_SIZE : zeros;
    g_assert_cmpmem(data, ATA_SECTOR_SIZE, expected, ATA_SECTOR_SIZE);
}

/* A guest's way: wait for the interrupt, read the status, take the data. */
static void read_sectors(Channel *t, uint64_t lba, unsigned count, unsigned per_block)
{
    uint8_t data[16 * ATA_SECTOR_SIZE];
    for (unsigned done = 0; done < count;) {
        unsigned part = MIN(per_block, count - done);
        ata_run(t);
        g_assert_true(ata_irq(t));
        g_assert_cmphex(ata_get(t, ATA_STATUS), ==, DATA);
        g_assert_false(ata_irq(t));
        ata_in(t, data, part * ATA_SECTOR_SIZE);
        for (unsigned i = 0; i < part; i++) {
            expect_sector(t, data + i * ATA_SECTOR_SIZE, lba + done + i);
        }
        done += part;
    }
    ata_run(t);
    g_assert_false(ata_irq(t));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
}

static void expect_error(Channel *t, uint8_t error)
{
    ata_run(t);
    g_assert_true(ata_irq(t));
    g_assert_cmphex(ata_get(t, ATA_STATUS) & (ATA_ST_ERR | ATA_ST_DRQ | ATA_ST_BSY), ==,
                    ATA_ST_ERR);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, error);
    g_assert_false(ata_irq(t));
}

static void expect_done(Channel *t)
{
    ata_run(t);
    g_assert_true(ata_irq(t));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, 0);
}

static void identify(Channel *t, uint16_t *words)
{
    ata_put(t, ATA_COMMAND, ATA_CMD_IDENTIFY);
    g_assert_true(ata_irq(t));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, DATA);
    ata_in(t, words, 512);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
}

/* ---- identify ---- */

static void identify_tells_size_geometry_and_name(Channel *t, gconstpointer data)
{
    (void)data;
    uint16_t w[256];
    uint8_t sum = 0;
    identify(t, w);
    g_assert_cmphex(w[0], ==, 0x0040);
    g_assert_cmpuint(w[1], ==, 1);
    g_assert_cmpuint(w[3], ==, 16);
    g_assert_cmpuint(w[4], ==, 63 * 512);
    g_assert_cmpuint(w[5], ==, 512);
    g_assert_cmpuint(w[6], ==, 63);
    g_assert_cmpuint(w[60] | w[61] << 16, ==, SECTORS);
    g_assert_cmpuint(w[100], ==, SECTORS);
    g_assert_cmphex(w[27], ==, 'p' << 8 | 'i');
    g_assert_cmphex(w[83] & 0x0400, ==, 0x0400);
    g_assert_cmphex(w[59], ==, 0x0110);
    for (unsigned i = 0; i < 512; i++) {
        sum = (uint8_t)(sum + ((uint8_t *)w)[i]);
    }
    g_assert_cmpuint(sum, ==, 0);
}

static void identify_of_a_huge_disk_caps_what_28_bits_hold(void)
{
    Channel t;
    uint16_t w[256];
    channel_setup(&t, UINT64_C(0x123456789), false, 0);
    identify(&t, w);
    g_assert_cmphex((uint32_t)(w[60] | (uint32_t)w[61] << 16), ==, 0x0fffffff);
    g_assert_cmphex(w[100] | (uint64_t)w[101] << 16 | (uint64_t)w[102] << 32, ==, 0x123456789);
    g_assert_cmpuint(w[1], ==, 16383);
    ata_put(&t, ATA_DEVICE, ATA_DEV_LBA);
    ata_put(&t, ATA_COMMAND, ATA_CMD_READ_NATIVE_MAX_EXT);
    g_assert_cmphex(ata_get(&t, ATA_LBA_LOW), ==, 0x88);
    rig_outb(t.rig, CONTROL, ATA_DC_HOB);
    g_assert_cmphex(ata_get(&t, ATA_LBA_LOW), ==, 0x23);
    g_assert_cmphex(ata_get(&t, ATA_LBA_MID), ==, 0x01);
    channel_teardown(&t, NULL);
}

/* ---- reading ---- */

static void read_takes_an_interrupt_per_sector(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t COMMANDS[] = {ATA_CMD_READ, ATA_CMD_READ_NORETRY};
    for (size_t i = 0; i < sizeof(COMMANDS); i++) {
        ata_lba28(t, 100, 40, COMMANDS[i]);
        g_assert_cmphex(ata_alt(t) & ATA_ST_BSY, ==, ATA_ST_BSY);
        g_assert_false(ata_irq(t));
        read_sectors(t, 100, 40, 1);
        g_assert_cmpuint(ata_get(t, ATA_LBA_LOW), ==, 139);
        g_assert_cmpuint(ata_get(t, ATA_COUNT), ==, 0);
    }
}

static void count_0_is_256_sectors(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 3, 0, ATA_CMD_READ);
    read_sectors(t, 3, 256, 1);
}

static void read_multiple_takes_an_interrupt_per_block(Channel *t, gconstpointer data)
{
    (void)data;
    ata_put(t, ATA_COUNT, 8);
    ata_put(t, ATA_COMMAND, ATA_CMD_SET_MULTIPLE);
    expect_done(t);
    ata_lba28(t, 7, 21, ATA_CMD_READ_MULTIPLE);
    read_sectors(t, 7, 21, 8);
}

static void multiple_of_0_disables_and_odd_ones_are_refused(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t BAD[] = {3, 17, 32, 0xff};
    for (size_t i = 0; i < sizeof(BAD); i++) {
        ata_put(t, ATA_COUNT, BAD[i]);
        ata_put(t, ATA_COMMAND, ATA_CMD_SET_MULTIPLE);
        expect_error(t, ATA_ER_ABRT);
    }
    ata_put(t, ATA_COUNT, 0);
    ata_put(t, ATA_COMMAND, ATA_CMD_SET_MULTIPLE);
    expect_done(t);
    ata_lba28(t, 0, 1, ATA_CMD_READ_MULTIPLE);
    expect_error(t, ATA_ER_ABRT);
    ata_lba28(t, 0, 1, ATA_CMD_WRITE_MULTIPLE);
    expect_error(t, ATA_ER_ABRT);
}

static void read_by_48_bits(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba48(t, 1000, 300, ATA_CMD_READ_EXT);
    read_sectors(t, 1000, 300, 1);
    ata_lba48(t, 0, 20, ATA_CMD_READ_MULTIPLE_EXT);
    read_sectors(t, 0, 20, 16);
    /* Bits 24 to 47 count, so this is not sector 0. */
    ata_lba48(t, UINT64_C(1) << 32, 1, ATA_CMD_READ_EXT);
    expect_error(t, ATA_ER_IDNF);
}

static void read_by_cylinder_head_and_sector(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 0, 2, ATA_CMD_NOP);
    expect_error(t, ATA_ER_ABRT);
    ata_put(t, ATA_DEVICE, ATA_DEV_ONES | 5);
    ata_put(t, ATA_LBA_LOW, 63);
    ata_put(t, ATA_COMMAND, ATA_CMD_READ);
    read_sectors(t, 5 * 63 + 62, 2, 1);
    g_assert_cmphex(ata_get(t, ATA_DEVICE), ==, ATA_DEV_ONES | 6);
    g_assert_cmpuint(ata_get(t, ATA_LBA_LOW), ==, 1);
    ata_put(t, ATA_LBA_LOW, 0);
    ata_put(t, ATA_COMMAND, ATA_CMD_READ);
    expect_error(t, ATA_ER_IDNF);
    ata_put(t, ATA_LBA_LOW, 64);
    ata_put(t, ATA_COMMAND, ATA_CMD_READ);
    expect_error(t, ATA_ER_IDNF);
}

static void initialize_changes_the_geometry(Channel *t, gconstpointer data)
{
    (void)data;
    uint16_t w[256];
    ata_put(t, ATA_DEVICE, 3);
    ata_put(t, ATA_COUNT, 17);
    ata_put(t, ATA_COMMAND, ATA_CMD_INITIALIZE);
    expect_done(t);
    ata_put(t, ATA_COUNT, 1);
    ata_put(t, ATA_LBA_LOW, 1);
    ata_put(t, ATA_LBA_MID, 2);
    ata_put(t, ATA_LBA_HIGH, 0);
    ata_put(t, ATA_COMMAND, ATA_CMD_READ);
    read_sectors(t, (2 * 4 + 3) * 17, 1, 1);
    identify(t, w);
    g_assert_cmpuint(w[54], ==, SECTORS / (4 * 17));
    g_assert_cmpuint(w[55], ==, 4);
    g_assert_cmpuint(w[56], ==, 17);
    ata_put(t, ATA_COUNT, 0);
    ata_put(t, ATA_COMMAND, ATA_CMD_INITIALIZE);
    expect_error(t, ATA_ER_ABRT);
}

static void data_port_takes_every_width(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t sector[ATA_SECTOR_SIZE];
    uint32_t first, last;
    ata_lba28(t, 9, 1, ATA_CMD_READ);
    ata_run(t);
    first = rig_in(t->rig, BASE, 4);
    memcpy(sector, &first, 4);
    rig_in_block(t->rig, BASE, sector + 4, 126, 4);
    last = rig_in(t->rig, BASE, 2) | rig_in(t->rig, BASE, 2) << 16;
    memcpy(sector + 508, &last, 4);
    expect_sector(t, sector, 9);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
    g_assert_cmphex(rig_in(t->rig, BASE, 2), ==, 0xffff);
}

static void unreadable_sector_is_uncorrectable_at_its_address(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t sector[ATA_SECTOR_SIZE];
    t->drive[0]->bad = 102;
    ata_lba28(t, 100, 10, ATA_CMD_READ);
    for (unsigned i = 0; i < 2; i++) {
        ata_run(t);
        g_assert_cmphex(ata_get(t, ATA_STATUS), ==, DATA);
        ata_in(t, sector, sizeof(sector));
        expect_sector(t, sector, 100 + i);
    }
    expect_error(t, ATA_ER_UNC);
    g_assert_cmpuint(ata_get(t, ATA_LBA_LOW), ==, 102);
    g_assert_cmpuint(ata_get(t, ATA_COUNT), ==, 8);
}

static void address_past_the_end_is_not_found(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t COMMANDS[] = {ATA_CMD_READ, ATA_CMD_WRITE, ATA_CMD_VERIFY, ATA_CMD_SEEK};
    uint8_t sector[ATA_SECTOR_SIZE];
    for (size_t i = 0; i < sizeof(COMMANDS); i++) {
        ata_lba28(t, SECTORS, 1, COMMANDS[i]);
        expect_error(t, ATA_ER_IDNF);
    }
    ata_lba28(t, SECTORS - 1, 2, ATA_CMD_READ);
    ata_run(t);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, DATA);
    ata_in(t, sector, sizeof(sector));
    expect_error(t, ATA_ER_IDNF);
}

/* ---- writing ---- */

static void write_sectors(Channel *t, unsigned count, unsigned per_block, uint8_t fill)
{
    uint8_t block[16 * ATA_SECTOR_SIZE];
    g_assert_false(ata_irq(t));
    for (unsigned done = 0; done < count;) {
        unsigned part = MIN(per_block, count - done);
        memset(block, fill, sizeof(block));
        g_assert_cmphex(ata_alt(t), ==, DATA);
        ata_out(t, block, part * ATA_SECTOR_SIZE);
        ata_run(t);
        g_assert_true(ata_irq(t));
        done += part;
        g_assert_cmphex(ata_get(t, ATA_STATUS), ==, done < count ? DATA : READY);
    }
}

static void write_is_done_when_the_host_has_it(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t sector[ATA_SECTOR_SIZE];
    memset(sector, 0x5a, sizeof(sector));
    ata_lba28(t, 50, 1, ATA_CMD_WRITE);
    g_assert_cmphex(ata_alt(t), ==, DATA);
    g_assert_false(ata_irq(t));
    ata_out(t, sector, sizeof(sector));
    g_assert_cmphex(ata_alt(t) & ATA_ST_BSY, ==, ATA_ST_BSY);
    g_assert_false(ata_irq(t));
    expect_done(t);
    g_assert_cmphex(t->drive[0]->data[50 * ATA_SECTOR_SIZE], ==, 0x5a);
    g_assert_cmphex(t->drive[0]->data[51 * ATA_SECTOR_SIZE], !=, 0x5a);
}

static void every_write_command_writes(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 10, 40, ATA_CMD_WRITE_NORETRY);
    write_sectors(t, 40, 1, 0x11);
    ata_lba28(t, 60, 21, ATA_CMD_WRITE_MULTIPLE);
    write_sectors(t, 21, 16, 0x22);
    ata_lba48(t, 90, 5, ATA_CMD_WRITE_EXT);
    write_sectors(t, 5, 1, 0x33);
    ata_lba48(t, 100, 33, ATA_CMD_WRITE_MULTIPLE_EXT);
    write_sectors(t, 33, 16, 0x44);
    static const struct {
        unsigned first, count;
        uint8_t value;
    } RANGES[] = {{10, 40, 0x11}, {60, 21, 0x22}, {90, 5, 0x33}, {100, 33, 0x44}};
    for (size_t i = 0; i < G_N_ELEMENTS(RANGES); i++) {
        const uint8_t *start = t->drive[0]->data + RANGES[i].first * ATA_SECTOR_SIZE;
        for (unsigned j = 0; j < RANGES[i].count * ATA_SECTOR_SIZE; j++) {
            g_assert_cmphex(start[j], ==, RANGES[i].value);
        }
    }
}

static void failed_write_and_flush_are_device_faults(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t sector[ATA_SECTOR_SIZE] = {0};
    t->drive[0]->bad = 5;
    ata_lba28(t, 5, 1, ATA_CMD_WRITE);
    ata_out(t, sector, sizeof(sector));
    ata_run(t);
    g_assert_cmphex(ata_alt(t), ==, READY | ATA_ST_DF | ATA_ST_ERR);
    expect_error(t, ATA_ER_ABRT);
    ata_put(t, ATA_COMMAND, ATA_CMD_FLUSH);
    ata_run(t);
    g_assert_cmphex(ata_alt(t), ==, READY | ATA_ST_DF | ATA_ST_ERR);
    expect_error(t, ATA_ER_ABRT);
}

/* The sectors that exist are written first. */
static void write_past_the_end_is_not_found_there(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, SECTORS - 16, 20, ATA_CMD_WRITE_MULTIPLE);
    uint8_t sectors[16 * ATA_SECTOR_SIZE] = {0};
    ata_out(t, sectors, sizeof(sectors));
    expect_error(t, ATA_ER_IDNF);
    g_assert_cmpuint(ata_get(t, ATA_LBA_LOW) | ata_get(t, ATA_LBA_MID) << 8, ==, SECTORS);
    g_assert_cmpuint(ata_get(t, ATA_COUNT), ==, 4);
}

static void read_only_disk_aborts_writes(Channel *t, gconstpointer data)
{
    (void)data;
    rig_drive_protect(t->drive[0]);
    ata_lba28(t, 5, 1, ATA_CMD_WRITE);
    expect_error(t, ATA_ER_ABRT);
}

static void flush_waits_for_the_host(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t COMMANDS[] = {ATA_CMD_FLUSH, ATA_CMD_FLUSH_EXT};
    for (unsigned i = 0; i < 2; i++) {
        ata_put(t, ATA_COMMAND, COMMANDS[i]);
        g_assert_cmphex(ata_alt(t) & ATA_ST_BSY, ==, ATA_ST_BSY);
        g_assert_cmpuint(t->drive[0]->flushes, ==, i);
        expect_done(t);
        g_assert_cmpuint(t->drive[0]->flushes, ==, i + 1);
    }
}

/* ---- other commands ---- */

static void verify_reads_without_data(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 0, 100, ATA_CMD_VERIFY);
    expect_done(t);
    g_assert_cmpuint(ata_get(t, ATA_LBA_LOW), ==, 99);
    ata_lba48(t, 0, 10, ATA_CMD_VERIFY_EXT);
    expect_done(t);
    t->drive[0]->bad = 20;
    ata_lba28(t, 0, 100, ATA_CMD_VERIFY_NORETRY);
    expect_error(t, ATA_ER_UNC);
    g_assert_cmpuint(ata_get(t, ATA_LBA_LOW), ==, 20);
}

static void commands_without_data_end_well(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t COMMANDS[] = {0x10,
                                       0x1f,
                                       0x70,
                                       0x94,
                                       0x95,
                                       0x96,
                                       0x97,
                                       0x99,
                                       ATA_CMD_STANDBY_NOW,
                                       ATA_CMD_IDLE_NOW,
                                       ATA_CMD_STANDBY,
                                       ATA_CMD_IDLE,
                                       ATA_CMD_SLEEP};
    for (size_t i = 0; i < sizeof(COMMANDS); i++) {
        ata_lba28(t, 1, 1, COMMANDS[i]);
        expect_done(t);
    }
    ata_put(t, ATA_COMMAND, ATA_CMD_CHECK_POWER);
    expect_done(t);
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, 0xff);
    ata_put(t, ATA_COMMAND, ATA_CMD_READ_NATIVE_MAX);
    expect_done(t);
    g_assert_cmpuint(ata_get(t, ATA_LBA_LOW) | ata_get(t, ATA_LBA_MID) << 8, ==, SECTORS - 1);
    ata_put(t, ATA_DEVICE, 0);
    ata_put(t, ATA_COMMAND, ATA_CMD_READ_NATIVE_MAX);
    expect_error(t, ATA_ER_ABRT);
}

static void unknown_commands_are_aborted(Channel *t, gconstpointer data)
{
    (void)data;
    static const uint8_t COMMANDS[] = {ATA_CMD_NOP,    ATA_CMD_DEVICE_RESET,
                                       ATA_CMD_PACKET, ATA_CMD_IDENTIFY_PACKET,
                                       0xc8,           0xca,
                                       0x25,           0xff};
    for (size_t i = 0; i < sizeof(COMMANDS); i++) {
        ata_put(t, ATA_COMMAND, COMMANDS[i]);
        expect_error(t, ATA_ER_ABRT);
    }
}

static void set_features_takes_what_there_is(Channel *t, gconstpointer data)
{
    (void)data;
    static const struct {
        uint8_t feature, count;
        bool ok;
    } CASES[] = {{0x02, 0, true},     {0x82, 0, true},     {0xaa, 0, true},     {0x55, 0, true},
                 {0x66, 0, true},     {0xcc, 0, true},     {0x03, 0x00, true},  {0x03, 0x0c, true},
                 {0x03, 0x22, false}, {0x03, 0x45, false}, {0x05, 0x80, false}, {0x99, 0, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        ata_put(t, ATA_FEATURES, CASES[i].feature);
        ata_put(t, ATA_COUNT, CASES[i].count);
        ata_put(t, ATA_COMMAND, ATA_CMD_SET_FEATURES);
        if (CASES[i].ok) {
            expect_done(t);
        } else {
            expect_error(t, ATA_ER_ABRT);
        }
    }
}

/* ---- the channel ---- */

static void nien_holds_the_interrupt_back(Channel *t, gconstpointer data)
{
    (void)data;
    rig_outb(t->rig, CONTROL, ATA_DC_NIEN);
    ata_put(t, ATA_COMMAND, ATA_CMD_IDLE);
    g_assert_false(ata_irq(t));
    rig_outb(t->rig, CONTROL, 0);
    g_assert_true(ata_irq(t));
    ata_alt(t);
    g_assert_true(ata_irq(t));
    ata_get(t, ATA_STATUS);
    g_assert_false(ata_irq(t));
}

static void only_the_selected_drive_interrupts(void)
{
    Channel t;
    channel_setup(&t, SECTORS, false, SECTORS);
    ata_put(&t, ATA_COMMAND, ATA_CMD_IDLE);
    g_assert_true(ata_irq(&t));
    ata_put(&t, ATA_DEVICE, ATA_DEV_DEV);
    g_assert_false(ata_irq(&t));
    ata_put(&t, ATA_DEVICE, 0);
    g_assert_true(ata_irq(&t));
    channel_teardown(&t, NULL);
}

static void software_reset_shows_the_signature(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 0x123456, 9, ATA_CMD_SEEK);
    rig_outb(t->rig, CONTROL, ATA_DC_SRST);
    g_assert_cmphex(ata_alt(t), ==, ATA_ST_BSY);
    g_assert_false(ata_irq(t));
    ata_put(t, ATA_COMMAND, ATA_CMD_IDLE);
    rig_outb(t->rig, CONTROL, 0);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, 1);
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, 1);
    g_assert_cmphex(ata_get(t, ATA_LBA_LOW), ==, 1);
    g_assert_cmphex(ata_get(t, ATA_LBA_MID), ==, 0);
    g_assert_cmphex(ata_get(t, ATA_LBA_HIGH), ==, 0);
    g_assert_false(ata_irq(t));
}

static void software_reset_ends_a_command(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 0, 100, ATA_CMD_READ);
    rig_outb(t->rig, CONTROL, ATA_DC_SRST);
    rig_outb(t->rig, CONTROL, 0);
    ata_run(t);
    g_assert_cmphex(ata_alt(t), ==, READY);
    g_assert_false(ata_irq(t));
    ata_lba28(t, 4, 1, ATA_CMD_READ);
    read_sectors(t, 4, 1, 1);
}

static void diagnostic_selects_drive_0_and_interrupts(void)
{
    Channel t;
    channel_setup(&t, SECTORS, false, SECTORS);
    ata_put(&t, ATA_DEVICE, ATA_DEV_DEV);
    ata_put(&t, ATA_COMMAND, ATA_CMD_DIAGNOSTIC);
    g_assert_true(ata_irq(&t));
    g_assert_cmphex(ata_get(&t, ATA_DEVICE), ==, 0);
    g_assert_cmphex(ata_get(&t, ATA_ERROR), ==, 1);
    g_assert_cmphex(ata_get(&t, ATA_STATUS), ==, READY);
    channel_teardown(&t, NULL);
}

static void absent_drive_1_has_status_0(Channel *t, gconstpointer data)
{
    (void)data;
    ata_put(t, ATA_LBA_LOW, 0x55);
    ata_put(t, ATA_DEVICE, ATA_DEV_DEV);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, 0);
    g_assert_cmphex(ata_get(t, ATA_LBA_LOW), ==, 0x55);
    ata_put(t, ATA_COMMAND, ATA_CMD_IDENTIFY);
    g_assert_false(ata_irq(t));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, 0);
}

static void empty_channel_floats(void)
{
    Channel t;
    channel_setup(&t, 0, false, 0);
    for (unsigned reg = ATA_ERROR; reg <= ATA_STATUS; reg++) {
        ata_put(&t, reg, 0xec);
        g_assert_cmphex(ata_get(&t, reg), ==, 0x7f);
    }
    g_assert_cmphex(ata_alt(&t), ==, 0x7f);
    g_assert_cmphex(rig_in(t.rig, BASE, 2), ==, 0xffff);
    g_assert_false(ata_irq(&t));
    channel_teardown(&t, NULL);
}

static void hob_shows_what_was_written_before(Channel *t, gconstpointer data)
{
    (void)data;
    ata_put(t, ATA_LBA_LOW, 0x12);
    ata_put(t, ATA_LBA_LOW, 0x34);
    rig_outb(t->rig, CONTROL, ATA_DC_HOB);
    g_assert_cmphex(ata_get(t, ATA_LBA_LOW), ==, 0x12);
    ata_put(t, ATA_COUNT, 0);
    g_assert_cmphex(ata_get(t, ATA_LBA_LOW), ==, 0x34);
}

static void busy_drive_takes_no_command(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 20, 1, ATA_CMD_READ);
    ata_put(t, ATA_LBA_LOW, 99);
    ata_put(t, ATA_COMMAND, ATA_CMD_IDENTIFY);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
    read_sectors(t, 20, 1, 1);
}

#define SENTENCE(group, name)                                                                      \
    g_test_add("/ata/" group "/" #name, Channel, NULL, setup, name, channel_teardown)
#define STANDALONE(group, name) g_test_add_func("/ata/" group "/" #name, name)

static void add_transfers(void)
{
    SENTENCE("read", read_takes_an_interrupt_per_sector);
    SENTENCE("read", count_0_is_256_sectors);
    SENTENCE("read", read_multiple_takes_an_interrupt_per_block);
    SENTENCE("read", multiple_of_0_disables_and_odd_ones_are_refused);
    SENTENCE("read", read_by_48_bits);
    SENTENCE("read", read_by_cylinder_head_and_sector);
    SENTENCE("read", initialize_changes_the_geometry);
    SENTENCE("read", data_port_takes_every_width);
    SENTENCE("read", unreadable_sector_is_uncorrectable_at_its_address);
    SENTENCE("read", address_past_the_end_is_not_found);
    SENTENCE("write", write_is_done_when_the_host_has_it);
    SENTENCE("write", every_write_command_writes);
    SENTENCE("write", failed_write_and_flush_are_device_faults);
    SENTENCE("write", write_past_the_end_is_not_found_there);
    SENTENCE("write", read_only_disk_aborts_writes);
    SENTENCE("write", flush_waits_for_the_host);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE("identify", identify_tells_size_geometry_and_name);
    STANDALONE("identify", identify_of_a_huge_disk_caps_what_28_bits_hold);
    add_transfers();
    SENTENCE("commands", verify_reads_without_data);
    SENTENCE("commands", commands_without_data_end_well);
    SENTENCE("commands", unknown_commands_are_aborted);
    SENTENCE("commands", set_features_takes_what_there_is);
    SENTENCE("channel", nien_holds_the_interrupt_back);
    STANDALONE("channel", only_the_selected_drive_interrupts);
    SENTENCE("channel", software_reset_shows_the_signature);
    SENTENCE("channel", software_reset_ends_a_command);
    STANDALONE("channel", diagnostic_selects_drive_0_and_interrupts);
    SENTENCE("channel", absent_drive_1_has_status_0);
    STANDALONE("channel", empty_channel_floats);
    SENTENCE("channel", hob_shows_what_was_written_before);
    SENTENCE("channel", busy_drive_takes_no_command);
    return g_test_run();
}
