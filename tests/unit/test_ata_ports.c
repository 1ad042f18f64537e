/*
 * The ports of the ATA channel: accesses wider than a register, strings of
 * accesses, accesses during a command, and the names of the registers.
 */
#include "tests/unit/ata_rig.h"

#define SECTORS 100u

static void setup(Channel *t, gconstpointer data)
{
    (void)data;
    channel_setup(t, SECTORS, false, SECTORS);
}

static void wide_access_is_one_of_each_register(Channel *t, gconstpointer data)
{
    (void)data;
    rig_out(t->rig, BASE + ATA_LBA_LOW, 0x332211, 2);
    rig_out(t->rig, BASE + ATA_LBA_HIGH, 0xe033, 2);
    g_assert_cmphex(ata_get(t, ATA_LBA_LOW), ==, 0x11);
    g_assert_cmphex(ata_get(t, ATA_LBA_MID), ==, 0x22);
    g_assert_cmphex(rig_in(t->rig, BASE + ATA_LBA_LOW, 2), ==, 0x2211);
    g_assert_cmphex(rig_in(t->rig, BASE + ATA_LBA_HIGH, 2), ==, 0xe033);
    g_assert_cmphex(rig_in(t->rig, BASE + ATA_LBA_MID, 4), ==,
                    READY << 24 | 0xe0 << 16 | 0x33 << 8 | 0x22);
}

/* "The content of the previous write" is the byte before the last one of the string. */
static void string_of_writes_is_one_after_the_other(Channel *t, gconstpointer data)
{
    (void)data;
    const uint8_t values[] = {1, 2, 3};
    uint8_t back[2] = {0};
    rig_out_block(t->rig, BASE + ATA_COUNT, values, sizeof(values), 1);
    rig_in_block(t->rig, BASE + ATA_COUNT, back, sizeof(back), 1);
    g_assert_cmphex(back[0], ==, 3);
    g_assert_cmphex(back[1], ==, 3);
    rig_outb(t->rig, CONTROL, ATA_DC_HOB);
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, 2);
}

static void string_of_status_reads_acknowledges(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t status[3];
    ata_put(t, ATA_COMMAND, ATA_CMD_IDLE);
    g_assert_true(ata_irq(t));
    rig_in_block(t->rig, BASE + ATA_STATUS, status, sizeof(status), 1);
    g_assert_false(ata_irq(t));
    g_assert_cmphex(status[0], ==, READY);
    g_assert_cmphex(status[2], ==, READY);
}

/* "A write to a Command Block register is ignored while BSY or DRQ is set." */
static void expect_task_file_ignores(Channel *t)
{
    static const uint8_t REGISTERS[] = {ATA_COUNT, ATA_LBA_LOW, ATA_LBA_MID, ATA_LBA_HIGH};
    uint8_t before[sizeof(REGISTERS)];
    for (size_t i = 0; i < sizeof(REGISTERS); i++) {
        before[i] = ata_get(t, REGISTERS[i]);
        ata_put(t, REGISTERS[i], (uint8_t)~before[i]);
    }
    for (size_t i = 0; i < sizeof(REGISTERS); i++) {
        g_assert_cmphex(ata_get(t, REGISTERS[i]), ==, before[i]);
    }
    rig_outb(t->rig, CONTROL, ATA_DC_HOB);
    g_assert_cmphex(ata_get(t, ATA_LBA_LOW), !=, before[1]);
    rig_outb(t->rig, CONTROL, 0);
}

static void task_file_is_not_written_while_a_drive_is_busy(Channel *t, gconstpointer data)
{
    (void)data;
    ata_put(t, ATA_LBA_LOW, 0x77);
    ata_lba28(t, 5, 1, ATA_CMD_READ);
    g_assert_cmphex(ata_alt(t), ==, ATA_ST_BSY | ATA_ST_DSC);
    expect_task_file_ignores(t);
    ata_run(t);
    uint8_t sector[ATA_SECTOR_SIZE];
    ata_in(t, sector, sizeof(sector));
    g_assert_cmphex(sector[0], ==, 5);
}

static void task_file_is_not_written_while_data_waits(Channel *t, gconstpointer data)
{
    (void)data;
    ata_put(t, ATA_LBA_LOW, 0x77);
    ata_lba28(t, 5, 2, ATA_CMD_READ);
    ata_run(t);
    g_assert_cmphex(ata_alt(t), ==, DATA);
    expect_task_file_ignores(t);
    uint8_t sectors[2 * ATA_SECTOR_SIZE];
    ata_in(t, sectors, sizeof(sectors));
    g_assert_cmphex(sectors[0], ==, 5);
    g_assert_cmphex(sectors[ATA_SECTOR_SIZE], ==, 6);
    ata_put(t, ATA_LBA_LOW, 0x33);
    g_assert_cmphex(ata_get(t, ATA_LBA_LOW), ==, 0x33);
}

/* A deviation of ata_disk.c: only commands for single sectors are retried sector by sector. */
static void read_multiple_fails_at_the_first_sector_of_its_buffer(Channel *t, gconstpointer data)
{
    (void)data;
    t->drive[0]->bad = 44;
    ata_put(t, ATA_COUNT, 4);
    ata_put(t, ATA_COMMAND, ATA_CMD_SET_MULTIPLE);
    ata_lba28(t, 40, 8, ATA_CMD_READ_MULTIPLE);
    g_assert_true(rig_drive_step(t->drive[0]));
    g_assert_false(rig_drive_step(t->drive[0]));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, ATA_ER_UNC);
    g_assert_cmpuint(ata_get(t, ATA_LBA_LOW), ==, 40);
    g_assert_cmpuint(ata_get(t, ATA_COUNT), ==, 8);
}

static void read_of_single_sectors_is_tried_again_for_the_first_alone(Channel *t,
                                                                      gconstpointer data)
{
    (void)data;
    t->drive[0]->bad = 40;
    ata_lba28(t, 40, 8, ATA_CMD_READ);
    g_assert_true(rig_drive_step(t->drive[0]));
    g_assert_true(rig_drive_step(t->drive[0]));
    g_assert_false(rig_drive_step(t->drive[0]));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, ATA_ER_UNC);
}

static void registers_have_names_in_each_direction(Channel *t, gconstpointer data)
{
    (void)data;
    const DeviceRegion *regions = rig_class("isa-ide")->regions;
    const void *state = device_state(t->dev);
    g_assert_cmpstr(regions[0].register_name(state, ATA_DATA, false), ==, "DATA");
    g_assert_cmpstr(regions[0].register_name(state, ATA_ERROR, false), ==, "ERROR");
    g_assert_cmpstr(regions[0].register_name(state, ATA_FEATURES, true), ==, "FEATURES");
    g_assert_cmpstr(regions[0].register_name(state, ATA_STATUS, false), ==, "STATUS");
    g_assert_cmpstr(regions[0].register_name(state, ATA_COMMAND, true), ==, "COMMAND");
    g_assert_cmpstr(regions[1].register_name(state, 0, false), ==, "ALTSTATUS");
    g_assert_cmpstr(regions[1].register_name(state, 0, true), ==, "CONTROL");
}

static void description_tells_where_a_command_is(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 7, 20, ATA_CMD_READ);
    ata_run(t);
    g_autofree char *text = device_describe(t->dev);
    g_assert_nonnull(strstr(text, "device=e0 control=00, drive 0: status=58 error=00 "
                                  "sector 23, 4 left, drive 1: status=50"));
}

static void disc_of_less_than_a_sector_is_refused(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_drive(rig, "a", 3)->cdrom = true;
    g_assert_false(rig_realize(rig, rig_device_new(rig, "isa-ide"), "drive0=a"));
    g_assert_nonnull(strstr(rig_error(rig), "drive0: a CD-ROM has at least 2048 bytes"));
}

#define SENTENCE(name) g_test_add("/ata/ports/" #name, Channel, NULL, setup, name, channel_teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SENTENCE(wide_access_is_one_of_each_register);
    SENTENCE(string_of_writes_is_one_after_the_other);
    SENTENCE(string_of_status_reads_acknowledges);
    SENTENCE(task_file_is_not_written_while_a_drive_is_busy);
    SENTENCE(task_file_is_not_written_while_data_waits);
    SENTENCE(read_multiple_fails_at_the_first_sector_of_its_buffer);
    SENTENCE(read_of_single_sectors_is_tried_again_for_the_first_alone);
    SENTENCE(registers_have_names_in_each_direction);
    SENTENCE(description_tells_where_a_command_is);
    g_test_add_func("/ata/ports/disc_of_less_than_a_sector_is_refused",
                    disc_of_less_than_a_sector_is_refused);
    return g_test_run();
}
