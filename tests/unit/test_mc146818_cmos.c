/*
 * The MC146818A: CMOS memory, reset and saved state.
 */
#include "tests/unit/rtc_rig.h"

/* ---- CMOS ---- */

static void all_128_bytes(Rtc *t, gconstpointer data)
{
    (void)data;
    for (uint8_t reg = RTC_RAM; reg < CMOS_SIZE; reg++) {
        rtc_put(t, reg, (uint8_t)(reg ^ 0x5a));
    }
    for (uint8_t reg = RTC_RAM; reg < CMOS_SIZE; reg++) {
        g_assert_cmphex(rtc_get(t, reg), ==, reg ^ 0x5a);
    }
}

static void index_bit_7_masks_nmi(Rtc *t, gconstpointer data)
{
    (void)data;
    g_assert_false(rig_irq(t->rig, NMI_LINE));
    rig_outb(t->rig, INDEX, RTC_INDEX_NMI_MASK | CMOS_EQUIPMENT);
    g_assert_true(rig_irq(t->rig, NMI_LINE));
    g_assert_cmphex(rig_inb(t->rig, DATA), ==, 0x06);
    rig_outb(t->rig, INDEX, 0);
    g_assert_false(rig_irq(t->rig, NMI_LINE));
}

static void index_port_is_write_only(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_outb(t->rig, INDEX, 0x12);
    g_assert_cmphex(rig_inb(t->rig, INDEX), ==, 0xff);
}

static unsigned cmos16(Rtc *t, uint8_t reg)
{
    return rtc_get(t, reg) | (unsigned)rtc_get(t, reg + 1) << 8;
}

static void expect_memory(const char *size, unsigned base, unsigned extended, unsigned above_16m,
                          unsigned above_4g)
{
    g_autofree char *properties = g_strdup_printf("ram-size=%s", size);
    Rtc t;
    rtc_setup_with(&t, properties);
    g_assert_cmpuint(cmos16(&t, CMOS_BASE_KB), ==, base);
    g_assert_cmpuint(cmos16(&t, CMOS_EXTENDED_KB), ==, extended);
    g_assert_cmpuint(cmos16(&t, CMOS_EXTENDED_KB_2), ==, extended);
    g_assert_cmpuint(cmos16(&t, CMOS_ABOVE_16M), ==, above_16m);
    g_assert_cmpuint(cmos16(&t, CMOS_ABOVE_4G) | (unsigned)rtc_get(&t, CMOS_ABOVE_4G + 2) << 16, ==,
                     above_4g);
    rtc_teardown(&t, NULL);
}

static void memory_size_is_filled_in(void)
{
    expect_memory("512K", 512, 0, 0, 0);
    expect_memory("1M", 640, 0, 0, 0);
    expect_memory("16M", 640, 15 * 1024, 0, 0);
    expect_memory("128M", 640, 65535, 112 * 16, 0);
    expect_memory("3G", 640, 65535, (3072 - 16) * 16, 0);
    expect_memory("8G", 640, 65535, (3072 - 16) * 16, 5 * 16384);
}

static void checksum_covers_the_configuration(Rtc *t, gconstpointer data)
{
    (void)data;
    unsigned sum = 0;
    for (uint8_t reg = CMOS_CHECKSUM_FIRST; reg <= CMOS_CHECKSUM_LAST; reg++) {
        sum += rtc_get(t, reg);
    }
    g_assert_cmpuint(sum, >, 0);
    g_assert_cmphex(rtc_get(t, CMOS_CHECKSUM) << 8 | rtc_get(t, CMOS_CHECKSUM + 1), ==, sum);
}

static void equipment_is_a_property(void)
{
    Rtc t;
    rtc_setup_with(&t, "equipment=0x2d");
    g_assert_cmphex(rtc_get(&t, CMOS_EQUIPMENT), ==, 0x2d);
    rtc_teardown(&t, NULL);
}

/*
 * Bit 0 of the equipment means that there is a drive; bits 6 and 7 are the
 * number of drives minus one.
 */
static void floppy_drives_are_told(void)
{
    static const struct {
        const char *properties;
        uint8_t types, equipment;
    } CASES[] = {
        {NULL, 0x00, 0x06},
        {"floppy0=1440", 0x40, 0x07},
        {"floppy0=1200,floppy1=360", 0x21, 0x47},
        {"floppy0=2880,floppy1=720", 0x53, 0x47},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Rtc t;
        rtc_setup_with(&t, CASES[i].properties);
        g_assert_cmphex(rtc_get(&t, CMOS_FLOPPY_TYPES), ==, CASES[i].types);
        g_assert_cmphex(rtc_get(&t, CMOS_EQUIPMENT), ==, CASES[i].equipment);
        checksum_covers_the_configuration(&t, NULL);
        rtc_teardown(&t, NULL);
    }
}

static void expect_boot_order(const char *properties, unsigned first, unsigned third)
{
    Rtc t;
    rtc_setup_with(&t, properties);
    g_assert_cmphex(rtc_get(&t, CMOS_BOOT), ==, first);
    g_assert_cmphex(rtc_get(&t, CMOS_BOOT_3), ==, third);
    rtc_teardown(&t, NULL);
}

static void boot_order_is_in_the_nibbles_of_0x3d_and_0x38(void)
{
    expect_boot_order("boot-order=cad", 0x12, 0x30);
    expect_boot_order("boot-order=d", 0x03, 0);
    expect_boot_order("boot-order=bdc", 0x31, 0x20);
    expect_boot_order("boot-order=xc", 0x20, 0);
    expect_boot_order("", 0, 0);
}

static void boot_once_ends_with_the_reset_after_it_was_read(void)
{
    Rtc t;
    rtc_setup_with(&t, "boot-order=c,boot-once=d");
    device_reset(t.dev);
    g_assert_cmphex(rtc_get(&t, CMOS_BOOT), ==, 0x03);
    device_reset(t.dev);
    g_assert_cmphex(rtc_get(&t, CMOS_BOOT), ==, 0x02);
    device_reset(t.dev);
    g_assert_cmphex(rtc_get(&t, CMOS_BOOT), ==, 0x02);
    rtc_teardown(&t, NULL);
}

static void boot_once_that_was_read_is_saved(void)
{
    Rtc t;
    rtc_setup_with(&t, "boot-order=c,boot-once=d");
    rtc_get(&t, CMOS_BOOT);
    g_autoptr(GBytes) saved = device_save(t.dev);
    Rtc u;
    rtc_setup_with(&u, "boot-order=c,boot-once=d");
    g_assert_true(device_load(u.dev, saved, NULL));
    device_reset(u.dev);
    g_assert_cmphex(rtc_get(&u, CMOS_BOOT), ==, 0x02);
    rtc_teardown(&u, NULL);
    rtc_teardown(&t, NULL);
}

static void number_of_cpus_is_filled_in(void)
{
    Rtc t;
    rtc_setup_with(&t, "cpus=4");
    g_assert_cmphex(rtc_get(&t, CMOS_MORE_CPUS), ==, 3);
    rtc_teardown(&t, NULL);
}

static void base_after_9999_is_refused(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device_new(rig, "mc146818rtc");
    g_assert_false(rig_realize(rig, dev, "base=253402300800"));
    g_assert_nonnull(strstr(rig_error(rig), "9999"));
}

static void base_of_odd_dates(void)
{
    static const struct {
        const char *base, *text;
    } DATES[] = {
        {"base=0", "1970-01-01 00:00:00 w5"},
        {"base=951782399", "2000-02-28 23:59:59 w2"},
        {"base=951782400", "2000-02-29 00:00:00 w3"},
        {"base=4107542400", "2100-03-01 00:00:00 w2"},
        {"base=253402300799", "9999-12-31 23:59:59 w6"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(DATES); i++) {
        Rtc t;
        rtc_setup_with(&t, DATES[i].base);
        rtc_expect_clock(&t, DATES[i].text);
        rtc_teardown(&t, NULL);
    }
}

/* ---- reset and state ---- */

static void reset_clears_enables_and_flags_only(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, CMOS_SHUTDOWN, 0x0a);
    rtc_put(t, RTC_B, 0xff & ~RTC_B_SET);
    rig_step(t->rig, 5 * NS_PER_SECOND);
    g_assert_true(rtc_irq(t));
    device_reset(t->dev);
    g_assert_false(rtc_irq(t));
    g_assert_cmphex(rtc_get(t, RTC_B), ==, RTC_B_DM | RTC_B_24H | RTC_B_DSE);
    g_assert_cmphex(rtc_get(t, RTC_C) & (RTC_C_UF | RTC_C_AF), ==, 0);
    g_assert_cmphex(rtc_get(t, CMOS_SHUTDOWN), ==, 0x0a);
    g_assert_cmpuint(rtc_next_deadline(t), ==, CLOCK_NEVER);
}

static void reset_clears_index_and_nmi_mask(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_outb(t->rig, INDEX, RTC_INDEX_NMI_MASK | CMOS_EQUIPMENT);
    device_reset(t->dev);
    g_assert_false(rig_irq(t->rig, NMI_LINE));
    g_assert_cmphex(rig_inb(t->rig, DATA), ==, 0x44);
}

static void reset_voids_what_is_owed(Rtc *t, gconstpointer data)
{
    (void)data;
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rig_late(t->rig, NS_PER_SECOND);
    device_reset(t->dev);
    rtc_put(t, RTC_B, RTC_B_24H | RTC_B_PIE);
    rtc_get(t, RTC_C);
    rig_step(t->rig, 2 * PAUSE_NS);
    g_assert_false(rtc_irq(t));
}

static void reset_does_not_stop_the_clock(Rtc *t, gconstpointer data)
{
    (void)data;
    rig_step(t->rig, NS_PER_SECOND * 3 / 2);
    device_reset(t->dev);
    rig_step(t->rig, NS_PER_SECOND / 2);
    rtc_expect_clock(t, "2026-11-21 22:33:46 w7");
}

static void random_event(Rtc *t, GRand *rand)
{
    switch (g_rand_int_range(rand, 0, 8)) {
    case 0:
        rtc_put(t, (uint8_t)g_rand_int_range(rand, 0, RTC_C), (uint8_t)g_rand_int(rand));
        break;
    case 1:
        rtc_set_rate(t, (uint8_t)g_rand_int_range(rand, 0, 16));
        break;
    case 2:
        rtc_put(t, RTC_B, (uint8_t)(g_rand_int(rand) & ~RTC_B_SET));
        break;
    case 3:
        rtc_put_alarm(t, 0xff, (uint8_t)g_rand_int(rand), (uint8_t)g_rand_int_range(rand, 0, 0x60));
        break;
    case 4:
        rig_late(t->rig, (uint64_t)g_rand_int_range(rand, 1, 400000000));
        break;
    case 5:
        rtc_get(t, RTC_C);
        break;
    default:
        rig_step(t->rig, (uint64_t)g_rand_int_range(rand, 1, 900000000));
    }
}

static void random_run(Rtc *t, guint32 seed, unsigned events)
{
    GRand *rand = g_rand_new_with_seed(seed);
    for (unsigned i = 0; i < events; i++) {
        random_event(t, rand);
    }
    g_rand_free(rand);
}

static char *observe(Rtc *t)
{
    GString *seen = g_string_new(NULL);
    unsigned before = rtc_edges(t);
    for (unsigned i = 0; i < 60; i++) {
        g_autofree char *clock = rtc_clock_text(t);
        g_string_append_printf(seen, "%s A=%02x irq=%d edges=%u", clock, rtc_get(t, RTC_A),
                               rtc_irq(t), rtc_edges(t) - before);
        g_string_append_printf(seen, " C=%02x irq=%d\n", i % 3 ? 0 : rtc_get(t, RTC_C), rtc_irq(t));
        rig_step(t->rig, 77777777);
    }
    return g_string_free(seen, false);
}

static void saved_state_equals_the_uninterrupted_run(void)
{
    for (unsigned run = 0; run < 300; run++) {
        Rtc a, b;
        rtc_setup_with(&a, BASE);
        rtc_setup_with(&b, "base=0");
        random_run(&a, run, run % 50);
        clock_skip(rig_clock(b.rig), rig_now(a.rig));
        g_autoptr(GBytes) saved = device_save(a.dev);
        g_assert_true(rig_load(b.dev, saved));
        g_assert_cmpint(rtc_irq(&a), ==, rtc_irq(&b));
        g_autofree char *of_a = observe(&a), *of_b = observe(&b);
        g_assert_cmpstr(of_a, ==, of_b);
        rtc_teardown(&a, NULL);
        rtc_teardown(&b, NULL);
    }
}

/* Only what has a battery is kept. */
static void reset_from_any_state_leaves_no_trace_but_the_battery(void)
{
    for (unsigned run = 0; run < 200; run++) {
        Rtc a;
        rtc_setup_with(&a, BASE);
        random_run(&a, run, 40);
        g_autofree char *before = rtc_clock_text(&a);
        device_reset(a.dev);
        rtc_expect_clock(&a, before);
        g_assert_false(rtc_irq(&a));
        g_assert_cmpuint(rtc_next_deadline(&a), ==, CLOCK_NEVER);
        g_assert_cmphex(rtc_get(&a, RTC_B) & (RTC_B_PIE | RTC_B_AIE | RTC_B_UIE | RTC_B_SQWE), ==,
                        0);
        g_assert_cmphex(rtc_get(&a, RTC_C), ==, 0);
        rtc_teardown(&a, NULL);
    }
}

static void irq_is_b_and_c(void)
{
    Rtc t;
    rtc_setup_with(&t, BASE);
    GRand *rand = g_rand_new_with_seed(818);
    for (unsigned i = 0; i < 5000; i++) {
        random_event(&t, rand);
        uint8_t enabled = rtc_get(&t, RTC_B);
        bool level = rtc_irq(&t);
        uint8_t flags = rtc_get(&t, RTC_C);
        g_assert_cmpint(level, ==, !!(flags & enabled & 0x70));
        g_assert_cmpint(level, ==, !!(flags & RTC_C_IRQF));
    }
    g_rand_free(rand);
    rtc_teardown(&t, NULL);
}

static void impossible_state_is_refused(Rtc *t, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *field;
        unsigned index;
        uint64_t value;
    } BAD[] = {
        {"index", 0, 128},         {"phase", 0, NS_PER_SECOND},
        {"owed", 0, 65537},        {"owed_due", 0, NS_PER_SECOND},
        {"synced", 0, 1},          {"cmos", RTC_A, 0xa6},
        {"cmos", RTC_C, 0x80},     {"cmos", RTC_D, 0x00},
        {"synced", 0, UINT64_MAX},
    };
    g_autoptr(GBytes) saved = device_save(t->dev);
    for (unsigned i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, BAD[i].field, BAD[i].index, BAD[i].value);
        g_assert_false(rig_load(t->dev, bad));
    }
    g_assert_true(rig_load(t->dev, saved));
}

static void describe_shows_the_date(Rtc *t, gconstpointer data)
{
    (void)data;
    g_autofree char *text = device_describe(t->dev);
    g_assert_nonnull(strstr(text, "2026-11-21 22:33:44"));
}

static void disks_have_type_47_and_their_geometry(void)
{
    Rtc t;
    rtc_setup_with(&t, BASE ",disk0=1024/16/63,disk1=7/4/17");
    g_assert_cmphex(rtc_get(&t, CMOS_DISK_TYPES), ==, 0xff);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK0_TYPE), ==, 47);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK1_TYPE), ==, 47);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK0) | rtc_get(&t, CMOS_DISK0 + 1) << 8, ==, 1024);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK0 + CMOS_DISK_HEADS), ==, 16);
    g_assert_cmphex(rtc_get(&t, CMOS_DISK0 + CMOS_DISK_CONTROL), ==, 0xc8);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK0 + CMOS_DISK_SECTORS), ==, 63);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK1), ==, 7);
    g_assert_cmphex(rtc_get(&t, CMOS_DISK1 + CMOS_DISK_CONTROL), ==, 0xc0);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK1 + CMOS_DISK_SECTORS), ==, 17);
    rtc_teardown(&t, NULL);
    rtc_setup_with(&t, BASE ",disk1=7/4/17");
    g_assert_cmphex(rtc_get(&t, CMOS_DISK_TYPES), ==, 0x0f);
    g_assert_cmpuint(rtc_get(&t, CMOS_DISK0_TYPE), ==, 0);
    rtc_teardown(&t, NULL);
}

static void disk_without_geometry_is_refused(void)
{
    static const char *const BAD[] = {"disk0=7",       "disk0=7/4",       "disk0=0/4/17",
                                      "disk1=7/256/1", "disk1=65536/1/1", "disk1=1/1/1x"};
    for (size_t i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(Rig) rig = rig_new();
        g_assert_false(rig_realize(rig, rig_device_new(rig, "mc146818rtc"), BAD[i]));
        g_assert_nonnull(strstr(rig_error(rig), "not CYLINDERS/HEADS/SECTORS"));
    }
}

static void add_sentences(void)
{
    STANDALONE("calendar", base_of_odd_dates);
    STANDALONE("cmos", boot_order_is_in_the_nibbles_of_0x3d_and_0x38);
    STANDALONE("cmos", boot_once_ends_with_the_reset_after_it_was_read);
    STANDALONE("cmos", boot_once_that_was_read_is_saved);
    STANDALONE("cmos", number_of_cpus_is_filled_in);
    STANDALONE("calendar", base_after_9999_is_refused);
    SENTENCE("cmos", all_128_bytes);
    SENTENCE("cmos", index_bit_7_masks_nmi);
    SENTENCE("cmos", index_port_is_write_only);
    STANDALONE("cmos", memory_size_is_filled_in);
    SENTENCE("cmos", checksum_covers_the_configuration);
    STANDALONE("cmos", equipment_is_a_property);
    STANDALONE("cmos", floppy_drives_are_told);
    STANDALONE("cmos", disks_have_type_47_and_their_geometry);
    STANDALONE("cmos", disk_without_geometry_is_refused);
    SENTENCE("reset", reset_clears_enables_and_flags_only);
    SENTENCE("reset", reset_clears_index_and_nmi_mask);
    SENTENCE("reset", reset_voids_what_is_owed);
    SENTENCE("reset", reset_does_not_stop_the_clock);
    STANDALONE("state", saved_state_equals_the_uninterrupted_run);
    STANDALONE("state", reset_from_any_state_leaves_no_trace_but_the_battery);
    STANDALONE("state", irq_is_b_and_c);
    SENTENCE("state", impossible_state_is_refused);
    SENTENCE("state", describe_shows_the_date);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_sentences();
    return g_test_run();
}
