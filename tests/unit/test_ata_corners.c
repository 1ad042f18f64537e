/* Corners of the ATA channel in which a mutant had once survived. */
#include "tests/unit/ata_rig.h"

#define SECTORS 100u

static void setup(Channel *t, gconstpointer data)
{
    (void)data;
    channel_setup(t, SECTORS, false, SECTORS);
}

static void select_drive(Channel *t, unsigned drive)
{
    ata_put(t, ATA_DEVICE, (uint8_t)(ATA_DEV_ONES | ATA_DEV_LBA | (drive ? ATA_DEV_DEV : 0)));
}

/* ---- interrupts ---- */

static void second_drive_interrupts_when_it_is_selected(Channel *t, gconstpointer data)
{
    (void)data;
    select_drive(t, 1);
    ata_put(t, ATA_COMMAND, ATA_CMD_CHECK_POWER);
    g_assert_true(ata_irq(t));
    select_drive(t, 0);
    g_assert_false(ata_irq(t));
    select_drive(t, 1);
    g_assert_true(ata_irq(t));
}

/* Only a read of the status acknowledges the interrupt, not the end of the data. */
static void interrupt_outlives_the_data_that_it_told_of(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t sector[ATA_SECTOR_SIZE];
    ata_lba28(t, 5, 1, ATA_CMD_READ);
    ata_run(t);
    g_assert_true(ata_irq(t));
    ata_in(t, sector, sizeof(sector));
    g_assert_cmphex(ata_alt(t), ==, READY);
    g_assert_true(ata_irq(t));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
    g_assert_false(ata_irq(t));
}

static void command_withdraws_the_interrupt(Channel *t, gconstpointer data)
{
    (void)data;
    ata_put(t, ATA_COMMAND, ATA_CMD_IDLE);
    g_assert_true(ata_irq(t));
    ata_lba28(t, 5, 1, ATA_CMD_READ);
    g_assert_false(ata_irq(t));
}

/* ---- commands at the wrong time ---- */

static void command_is_ignored_while_data_waits(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t sector[ATA_SECTOR_SIZE];
    ata_lba28(t, 5, 1, ATA_CMD_READ);
    ata_run(t);
    ata_put(t, ATA_COMMAND, ATA_CMD_CHECK_POWER);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, DATA);
    ata_in(t, sector, sizeof(sector));
    g_assert_cmphex(sector[0], ==, 5);
}

static void device_reset_does_not_stop_a_disk(Channel *t, gconstpointer data)
{
    (void)data;
    ata_lba28(t, 5, 1, ATA_CMD_READ);
    ata_put(t, ATA_COMMAND, ATA_CMD_DEVICE_RESET);
    g_assert_cmphex(ata_alt(t), ==, ATA_ST_BSY | ATA_ST_DSC);
    ata_run(t);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, DATA);
}

static void failed_read_leaves_nothing_for_the_next_answer(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t answer[ATA_SECTOR_SIZE];
    t->drive[0]->bad = 5;
    ata_lba28(t, 5, 8, ATA_CMD_READ);
    ata_run(t);
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY | ATA_ST_ERR);
    ata_put(t, ATA_COMMAND, ATA_CMD_IDENTIFY);
    g_assert_cmphex(ata_get(t, ATA_ERROR), ==, 0);
    ata_in(t, answer, sizeof(answer));
    g_assert_cmphex(ata_get(t, ATA_STATUS), ==, READY);
    g_assert_false(rig_drive_step(t->drive[0]));
}

/* ---- registers ---- */

static void both_drives_get_what_is_written(Channel *t, gconstpointer data)
{
    (void)data;
    ata_put(t, ATA_COUNT, 0x33);
    ata_put(t, ATA_LBA_HIGH, 0x44);
    select_drive(t, 1);
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, 0x33);
    g_assert_cmphex(ata_get(t, ATA_LBA_HIGH), ==, 0x44);
}

static void drive_0_answers_for_an_absent_drive_1_with_its_own_registers(void)
{
    Channel t;
    channel_setup(&t, SECTORS, false, 0);
    ata_put(&t, ATA_COUNT, 0x33);
    ata_put(&t, ATA_COMMAND, ATA_CMD_CHECK_POWER);
    select_drive(&t, 1);
    g_assert_cmphex(ata_get(&t, ATA_COUNT), ==, ATA_POWER_ACTIVE);
    channel_teardown(&t, NULL);
}

static void empty_channel_floats_whichever_drive_is_selected(void)
{
    Channel t;
    channel_setup(&t, 0, false, 0);
    for (unsigned drive = 0; drive < 2; drive++) {
        select_drive(&t, drive);
        g_assert_cmphex(ata_get(&t, ATA_STATUS), ==, 0x7f);
        g_assert_cmphex(ata_get(&t, ATA_COUNT), ==, 0x7f);
    }
    channel_teardown(&t, NULL);
}

static void signature_has_no_previous_contents(Channel *t, gconstpointer data)
{
    (void)data;
    for (unsigned reg = ATA_COUNT; reg <= ATA_LBA_HIGH; reg++) {
        ata_put(t, reg, 0x11);
        ata_put(t, reg, 0x22);
    }
    ata_put(t, ATA_DEVICE, ATA_DEV_ONES | 0x0c);
    rig_outb(t->rig, CONTROL, ATA_DC_SRST);
    rig_outb(t->rig, CONTROL, 0);
    g_assert_cmphex(ata_get(t, ATA_DEVICE) & ATA_DEV_HEAD, ==, 0);
    rig_outb(t->rig, CONTROL, ATA_DC_HOB);
    for (unsigned reg = ATA_COUNT; reg <= ATA_LBA_HIGH; reg++) {
        g_assert_cmphex(ata_get(t, reg), ==, 0);
    }
}

static void reset_clears_both_drives(Channel *t, gconstpointer data)
{
    (void)data;
    g_autoptr(GBytes) fresh = device_save(t->dev);
    ata_put(t, ATA_FEATURES, 0x55);
    ata_put(t, ATA_FEATURES, 0x66);
    select_drive(t, 1);
    ata_put(t, ATA_COUNT, 4);
    ata_put(t, ATA_COMMAND, ATA_CMD_SET_MULTIPLE);
    device_reset(t->dev);
    g_autoptr(GBytes) after = device_save(t->dev);
    g_assert_true(g_bytes_equal(fresh, after));
}

/* ---- strings ---- */

static void string_of_another_register_takes_no_data(Channel *t, gconstpointer data)
{
    (void)data;
    uint8_t errors[4] = {1, 1, 1, 0xee}, sector[ATA_SECTOR_SIZE];
    ata_lba28(t, 5, 1, ATA_CMD_READ);
    ata_run(t);
    rig_in_block(t->rig, BASE + ATA_ERROR, errors, 3, 1);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(errors[i], ==, 0);
    }
    g_assert_cmphex(errors[3], ==, 0xee);
    ata_in(t, sector, sizeof(sector));
    g_assert_cmphex(sector[0], ==, 5);
}

static void string_of_two_writes_has_both(Channel *t, gconstpointer data)
{
    (void)data;
    const uint8_t values[] = {0xaa, 0x55};
    rig_out_block(t->rig, BASE + ATA_COUNT, values, sizeof(values), 1);
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, 0x55);
    rig_outb(t->rig, CONTROL, ATA_DC_HOB);
    g_assert_cmphex(ata_get(t, ATA_COUNT), ==, 0xaa);
}

/* ---- identities ---- */

/* Each word has two characters, the first one in the upper byte, and blanks follow the text. */
static void assert_text(const uint16_t *words, unsigned count, const char *text)
{
    g_autoptr(GString) found = g_string_new(NULL);
    for (unsigned i = 0; i < count; i++) {
        g_string_append_c(found, (char)(words[i] >> 8));
        g_string_append_c(found, (char)words[i]);
    }
    g_autofree char *wanted = g_strdup_printf("%-*s", (int)(2 * count), text);
    g_assert_cmpstr(found->str, ==, wanted);
}

static void identity_is_text_with_blanks_behind_it(Channel *t, gconstpointer data)
{
    (void)data;
    uint16_t words[256];
    for (unsigned drive = 0; drive < 2; drive++) {
        select_drive(t, drive);
        ata_put(t, ATA_COMMAND, ATA_CMD_IDENTIFY);
        ata_in(t, words, sizeof(words));
        assert_text(words + 10, 10, drive ? "PIOEMU-2" : "PIOEMU-1");
        assert_text(words + 23, 4, "1");
        assert_text(words + 27, 20, "pioemu disk");
    }
}

static void disc_of_one_sector_is_one(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_drive(rig, "a", 4)->cdrom = true;
    g_assert_true(rig_realize(rig, rig_device_new(rig, "isa-ide"), "drive0=a"));
}

#define CORNER(name) g_test_add("/ata/corners/" #name, Channel, NULL, setup, name, channel_teardown)
#define ALONE(name)  g_test_add_func("/ata/corners/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CORNER(second_drive_interrupts_when_it_is_selected);
    CORNER(interrupt_outlives_the_data_that_it_told_of);
    CORNER(command_withdraws_the_interrupt);
    CORNER(command_is_ignored_while_data_waits);
    CORNER(device_reset_does_not_stop_a_disk);
    CORNER(failed_read_leaves_nothing_for_the_next_answer);
    CORNER(both_drives_get_what_is_written);
    ALONE(drive_0_answers_for_an_absent_drive_1_with_its_own_registers);
    ALONE(empty_channel_floats_whichever_drive_is_selected);
    CORNER(signature_has_no_previous_contents);
    CORNER(reset_clears_both_drives);
    CORNER(string_of_another_register_takes_no_data);
    CORNER(string_of_two_writes_has_both);
    CORNER(identity_is_text_with_blanks_behind_it);
    ALONE(disc_of_one_sector_is_one);
    return g_test_run();
}
