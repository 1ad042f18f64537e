/* Reset, save and load of the ATA channel, and random guests. */
#include "tests/unit/ata_rig.h"

#define SECTORS 900u

static void setup(Channel *t)
{
    channel_setup(t, SECTORS, true, SECTORS);
}

static void random_event(Channel *t, GRand *rand)
{
    static const uint8_t COMMANDS[] = {
        ATA_CMD_READ,       ATA_CMD_READ_EXT,       ATA_CMD_READ_MULTIPLE, ATA_CMD_WRITE,
        ATA_CMD_VERIFY,     ATA_CMD_WRITE_EXT,      ATA_CMD_PACKET,        ATA_CMD_IDENTIFY,
        ATA_CMD_FLUSH,      ATA_CMD_SET_MULTIPLE,   ATA_CMD_SET_FEATURES,  ATA_CMD_IDENTIFY_PACKET,
        ATA_CMD_INITIALIZE, ATA_CMD_WRITE_MULTIPLE, ATA_CMD_DEVICE_RESET,  ATA_CMD_DIAGNOSTIC};
    uint8_t bytes[2048];
    size_t size = (size_t)g_rand_int_range(rand, 0, 512) * 4;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(g_rand_boolean(rand) ? 0 : g_rand_int(rand));
    }
    switch (g_rand_int_range(rand, 0, 12)) {
    case 0:
    case 1:
        ata_put(t, ATA_COMMAND, COMMANDS[g_rand_int_range(rand, 0, G_N_ELEMENTS(COMMANDS))]);
        break;
    case 2:
        ata_put(t, (unsigned)g_rand_int_range(rand, 1, 8), (uint8_t)g_rand_int(rand));
        break;
    case 3:
        ata_put(t, (unsigned)g_rand_int_range(rand, 2, 6), (uint8_t)g_rand_int_range(rand, 0, 4));
        break;
    case 4:
        ata_put(t, ATA_DEVICE, g_rand_boolean(rand) ? ATA_DEV_LBA | ATA_DEV_DEV : ATA_DEV_LBA);
        break;
    case 5:
        ata_get(t, (unsigned)g_rand_int_range(rand, 1, 8));
        break;
    case 6:
        rig_out_block(t->rig, BASE, bytes, size / 4, 4);
        break;
    case 7:
        /* A packet of a known command or a random one. */
        bytes[0] = (uint8_t)(g_rand_boolean(rand) ? ATAPI_READ_10 : g_rand_int(rand));
        ata_out(t, bytes, 12);
        break;
    case 8:
        ata_in(t, bytes, size);
        break;
    case 9:
        if (g_rand_int_range(rand, 0, 6) == 0) {
            rig_outb(t->rig, CONTROL, (uint8_t)g_rand_int_range(rand, 0, 8));
        } else {
            rig_outb(t->rig, CONTROL, 0);
        }
        break;
    default:
        ata_run(t);
    }
}

static void guest_that_does_anything_does_no_harm(void)
{
    for (guint32 seed = 0; seed < 40; seed++) {
        Channel t;
        setup(&t);
        GRand *rand = g_rand_new_with_seed(seed);
        for (unsigned i = 0; i < 2000; i++) {
            random_event(&t, rand);
        }
        g_rand_free(rand);
        channel_teardown(&t, NULL);
    }
}

static void saved_state_equals_the_uninterrupted_run(void)
{
    for (guint32 seed = 0; seed < 40; seed++) {
        Channel a, b;
        setup(&a);
        setup(&b);
        GRand *first = g_rand_new_with_seed(seed);
        for (unsigned i = 0; i < 300; i++) {
            random_event(&a, first);
        }
        for (unsigned i = 0; i < 2; i++) {
            memcpy(b.drive[i]->data, a.drive[i]->data, a.drive[i]->stored * BLOCK_SECTOR_SIZE);
        }
        g_autoptr(GBytes) saved = device_save(a.dev);
        g_assert_true(rig_load(b.dev, saved));
        GRand *second = g_rand_copy(first);
        for (unsigned i = 0; i < 300; i++) {
            random_event(&a, first);
            random_event(&b, second);
            g_assert_cmpint(ata_irq(&a), ==, ata_irq(&b));
            g_assert_cmphex(ata_alt(&a), ==, ata_alt(&b));
        }
        g_autoptr(GBytes) end_a = device_save(a.dev);
        g_autoptr(GBytes) end_b = device_save(b.dev);
        g_assert_true(g_bytes_equal(end_a, end_b));
        g_rand_free(first);
        g_rand_free(second);
        channel_teardown(&a, NULL);
        channel_teardown(&b, NULL);
    }
}

static void reset_from_any_state_leaves_no_trace(void)
{
    Channel fresh;
    setup(&fresh);
    g_autoptr(GBytes) expected = device_save(fresh.dev);
    for (guint32 seed = 0; seed < 40; seed++) {
        Channel t;
        setup(&t);
        GRand *rand = g_rand_new_with_seed(seed);
        for (unsigned i = 0; i < 300; i++) {
            random_event(&t, rand);
        }
        device_reset(t.dev);
        ata_run(&t);
        g_autoptr(GBytes) saved = device_save(t.dev);
        g_assert_true(g_bytes_equal(saved, expected));
        g_assert_false(ata_irq(&t));
        g_rand_free(rand);
        channel_teardown(&t, NULL);
    }
    channel_teardown(&fresh, NULL);
}

/* The second channel never saw the command, but completes it. */
static void work_in_progress_is_asked_for_again(void)
{
    static const uint8_t COMMANDS[] = {ATA_CMD_FLUSH, ATA_CMD_VERIFY};
    for (size_t i = 0; i < sizeof(COMMANDS); i++) {
        Channel a, b;
        channel_setup(&a, SECTORS, false, 0);
        channel_setup(&b, SECTORS, false, 0);
        ata_lba28(&a, 3, 30, COMMANDS[i]);
        g_autoptr(GBytes) saved = device_save(a.dev);
        g_assert_true(rig_load(b.dev, saved));
        g_assert_cmphex(ata_alt(&b) & ATA_ST_BSY, ==, ATA_ST_BSY);
        ata_run(&b);
        g_assert_cmphex(ata_alt(&b), ==, READY);
        g_assert_true(ata_irq(&b));
        g_assert_cmpuint(b.drive[0]->flushes, ==, COMMANDS[i] == ATA_CMD_FLUSH);
        channel_teardown(&a, NULL);
        channel_teardown(&b, NULL);
    }
}

static void impossible_state_is_refused(void)
{
    static const struct {
        const char *field;
        uint64_t value;
    } BAD[] = {
        {"control", 0x10},          {"drives[1].phase", 99},    {"drives[1].request", 4},
        {"drives[1].request", 1}, /* of no sectors */
        {"drives[1].head", 16},     {"drives[1].multiple", 17}, {"drives[1].filled", 8193},
        {"drives[1].position", 1},  {"drives[1].drq_end", 1},   {"drives[1].lba", SECTORS + 1},
        {"drives[1].status", 0x58}, /* data, but the phase has none */
        {"drives[1].heads", 0},     {"drives[1].sectors", 0},
    };
    Channel t;
    setup(&t);
    g_autoptr(GBytes) saved = device_save(t.dev);
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, BAD[i].field, 0, BAD[i].value);
        if (rig_load(t.dev, bad)) {
            g_error("%s", BAD[i].field);
        }
    }
    g_assert_true(rig_load(t.dev, saved));
    channel_teardown(&t, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ata/state/guest_that_does_anything_does_no_harm",
                    guest_that_does_anything_does_no_harm);
    g_test_add_func("/ata/state/saved_state_equals_the_uninterrupted_run",
                    saved_state_equals_the_uninterrupted_run);
    g_test_add_func("/ata/state/reset_from_any_state_leaves_no_trace",
                    reset_from_any_state_leaves_no_trace);
    g_test_add_func("/ata/state/work_in_progress_is_asked_for_again",
                    work_in_progress_is_asked_for_again);
    g_test_add_func("/ata/state/impossible_state_is_refused", impossible_state_is_refused);
    return g_test_run();
}
