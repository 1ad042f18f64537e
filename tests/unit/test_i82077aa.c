/*
 * The floppy controller's registers, its commands without data, and its drives'
 * heads, sentence by sentence of the 82077AA's data sheet.
 */
#include "tests/unit/fdc_rig.h"

static void setup(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_setup(t, SECTORS_1440, SECTORS_360, "");
}

/* ---- reset ---- */

static void test_reset_holds_the_chip(Fdc *t, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(fdc_get(t, FDC_DOR), ==, 0);
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, 0);
    fdc_put(t, FDC_FIFO, FDC_CMD_VERSION);
    g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, 0xff);
    fdc_put(t, FDC_DOR, FDC_DOR_RESET);
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM);
}

/* The interrupt comes after the reset, and the status of each drive must be read. */
static void test_reset_polls_the_drives(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA);
    g_assert_false(fdc_irq(t));
    rig_step(t->rig, MS);
    g_assert_true(fdc_irq(t));
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    g_assert_false(fdc_irq(t));
    EXPECT(t, 0xc0, 0);
    for (unsigned i = 1; i < 4; i++) {
        COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
        EXPECT(t, (uint8_t)(0xc0 | i), 0);
    }
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_INVALID);
}

/* "POLL: disable polling", if CONFIGURE comes early enough. */
static void test_no_polling(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA);
    COMMAND(t, FDC_CMD_CONFIGURE, 0, FDC_CONFIG_POLL, 0);
    rig_step(t->rig, 10 * MS);
    g_assert_false(fdc_irq(t));
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_INVALID);
}

/* "Self clearing." */
static void test_software_reset_clears_itself(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    COMMAND(t, FDC_CMD_SPECIFY, 0xaf);
    fdc_put(t, FDC_DSR, FDC_DSR_RESET | FDC_RATE_250);
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM);
    fdc_run(t);
    g_assert_true(fdc_irq(t));
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, 0xc0, 0);
}

/* LOCK keeps "EFIFO, FIFOTHR and PRETRK".  EIS and POLL are never kept. */
static void test_lock(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    COMMAND(t, FDC_CMD_CONFIGURE, 0, FDC_CONFIG_EIS | 0x07, 0x11);
    COMMAND(t, FDC_CMD_LOCK | FDC_CMD_LOCK_ON);
    EXPECT(t, 0x10);
    fdc_put(t, FDC_DSR, FDC_DSR_RESET);
    COMMAND(t, FDC_CMD_DUMPREG);
    EXPECT(t, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x07, 0x11);
    COMMAND(t, FDC_CMD_LOCK);
    EXPECT(t, 0);
    fdc_put(t, FDC_DSR, FDC_DSR_RESET);
    COMMAND(t, FDC_CMD_DUMPREG);
    EXPECT(t, 0, 0, 0, 0, 0, 0, 0, 0, FDC_CONFIG_DEFAULT, 0);
}

/* ---- registers ---- */

/* "DMA GATE# enables INT and DRQ." */
static void test_gate(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_put(t, FDC_DOR, FDC_DOR_RESET);
    rig_step(t->rig, MS);
    g_assert_false(fdc_irq(t));
    g_assert_cmphex(fdc_get(t, FDC_SRA) & FDC_SRA_INT, ==, FDC_SRA_INT);
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA);
    g_assert_true(fdc_irq(t));
}

static void test_status_registers(Fdc *t, gconstpointer data)
{
    (void)data;
    rig_drive_protect(t->drive[0]);
    fdc_start(t);
    g_assert_cmphex(fdc_get(t, FDC_SRA), ==, FDC_SRA_INDX);
    fdc_seek(t, 0, 3);
    g_assert_cmphex(fdc_get(t, FDC_SRA), ==, FDC_SRA_INDX | FDC_SRA_TRK0);
    g_assert_cmphex(fdc_get(t, FDC_SRB), ==, FDC_SRB_ONES | FDC_SRB_MOT0);
    fdc_put(t, FDC_DOR, DOR_DRIVE1);
    g_assert_cmphex(fdc_get(t, FDC_SRA), ==, FDC_SRA_INDX | FDC_SRA_WP);
    g_assert_cmphex(fdc_get(t, FDC_SRB), ==, FDC_SRB_ONES | FDC_SRB_MOT1 | FDC_SRB_SEL0);
    fdc_put(t, FDC_SRA, 0);
    fdc_put(t, FDC_TDR, 0xfe);
    g_assert_cmphex(fdc_get(t, FDC_TDR), ==, 0xfe);
    g_assert_cmphex(fdc_get(t, FDC_DOR), ==, DOR_DRIVE1);
}

/* DSKCHG is cleared by a step while a diskette is in the drive. */
static void test_disk_change(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    g_assert_cmphex(rig_inb(t->rig, BASE + FDC_DIR), ==, FDC_DIR_CHANGED);
    COMMAND(t, FDC_CMD_RECALIBRATE, 0);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_SE, 0);
    g_assert_cmphex(rig_inb(t->rig, BASE + FDC_DIR), ==, FDC_DIR_CHANGED);
    fdc_seek(t, 0, 0);
    g_assert_cmphex(rig_inb(t->rig, BASE + FDC_DIR), ==, FDC_DIR_CHANGED);
    fdc_seek(t, 0, 1);
    g_assert_cmphex(rig_inb(t->rig, BASE + FDC_DIR), ==, 0);
    fdc_put(t, FDC_DOR, DOR_DRIVE1);
    g_assert_cmphex(rig_inb(t->rig, BASE + FDC_DIR), ==, FDC_DIR_CHANGED);
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_MOTOR << 2 | 2);
    g_assert_cmphex(rig_inb(t->rig, BASE + FDC_DIR), ==, 0);
}

static void test_fifo_out_of_turn(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, 0xff);
    COMMAND(t, FDC_CMD_VERSION);
    fdc_put(t, FDC_FIFO, FDC_CMD_VERSION);
    EXPECT(t, FDC_VERSION_82077AA);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 2);
}

/* ---- commands ---- */

static void test_invalid(Fdc *t, gconstpointer data)
{
    (void)data;
    static const uint8_t CODES[] = {0x00, 0x01, 0x0b, 0x15, 0x17, FDC_CMD_PART_ID,
                                    0x1f, 0x43, 0x48, 0x50, 0x90, 0xe2};
    fdc_start(t);
    for (size_t i = 0; i < sizeof(CODES); i++) {
        COMMAND(t, CODES[i]);
        EXPECT(t, FDC_INVALID);
        g_assert_false(fdc_irq(t));
    }
}

static void test_busy_while_a_command_comes(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_put(t, FDC_FIFO, FDC_CMD_SPECIFY);
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM | FDC_MSR_CB);
    fdc_put(t, FDC_FIFO, 0xdf);
    fdc_put(t, FDC_FIFO, 0x02);
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM);
}

static void test_dumpreg(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    COMMAND(t, FDC_CMD_SPECIFY, 0xdf, 0x03);
    COMMAND(t, FDC_CMD_PERPENDICULAR, FDC_PERPENDICULAR_OW | 0x0c | 0x01);
    COMMAND(t, FDC_CMD_CONFIGURE, 0, 0x57, 0x22);
    fdc_seek(t, 0, 5);
    COMMAND(t, FDC_CMD_DUMPREG);
    EXPECT(t, 5, 0, 0, 0, 0xdf, 0x03, 0, 0x0d, 0x57, 0x22);
}

/* "D0 to D3 are only overwritten with OW".  A software reset clears only GAP and WGATE. */
static void test_perpendicular(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    COMMAND(t, FDC_CMD_PERPENDICULAR, FDC_PERPENDICULAR_OW | 0x04);
    COMMAND(t, FDC_CMD_PERPENDICULAR, 0x3b);
    COMMAND(t, FDC_CMD_DUMPREG);
    EXPECT(t, 0, 0, 0, 0, 0, 0, 0, 0x07, FDC_CONFIG_DEFAULT, 0);
    fdc_put(t, FDC_DSR, FDC_DSR_RESET);
    COMMAND(t, FDC_CMD_DUMPREG);
    EXPECT(t, 0, 0, 0, 0, 0, 0, 0, 0x04, FDC_CONFIG_DEFAULT, 0);
}

static void test_sense_drive(Fdc *t, gconstpointer data)
{
    (void)data;
    rig_drive_protect(t->drive[1]);
    fdc_start(t);
    COMMAND(t, FDC_CMD_SENSE_DRIVE, FDC_HDS);
    EXPECT(t, FDC_ST3_ONES | FDC_ST3_HD | FDC_ST3_T0);
    fdc_seek(t, 0, 2);
    COMMAND(t, FDC_CMD_SENSE_DRIVE, 0);
    EXPECT(t, FDC_ST3_ONES);
    fdc_put(t, FDC_DOR, DOR_DRIVE1);
    COMMAND(t, FDC_CMD_SENSE_DRIVE, 1);
    EXPECT(t, FDC_ST3_ONES | FDC_ST3_T0 | FDC_ST3_WP | 1);
}

/* ---- heads ---- */

/* "The drive is busy".  The interrupt comes when the heads have arrived. */
static void test_seek(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    COMMAND(t, FDC_CMD_SEEK, 0, 10);
    g_assert_false(fdc_irq(t));
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM | FDC_MSR_BUSY0);
    fdc_run(t);
    g_assert_true(fdc_irq(t));
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    g_assert_false(fdc_irq(t));
    EXPECT(t, FDC_ST0_SE, 10);
}

static void test_two_seeks_at_once(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_put(t, FDC_DOR, DOR_DRIVE0 | FDC_DOR_MOTOR << 1);
    COMMAND(t, FDC_CMD_SEEK, 0, 4);
    fdc_put(t, FDC_DOR, DOR_DRIVE1 | FDC_DOR_MOTOR);
    COMMAND(t, FDC_CMD_SEEK, 1, 6);
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM | FDC_MSR_BUSY0 * 3);
    rig_step(t->rig, MS);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_SE, 4);
    g_assert_true(fdc_irq(t));
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_SE | 1, 6);
    g_assert_false(fdc_irq(t));
}

static void test_relative_seek(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_seek(t, 0, 10);
    COMMAND(t, FDC_CMD_RELATIVE_SEEK | FDC_CMD_RELATIVE_IN, FDC_HDS, 5);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_SE | FDC_ST0_H, 15);
    COMMAND(t, FDC_CMD_RELATIVE_SEEK, 0, 15);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_SE, 0);
    g_assert_cmphex(fdc_get(t, FDC_SRA) & FDC_SRA_TRK0, ==, 0);
}

/* "If TRK0 is still low after 79 step pulses: SE and EC, and the command ends." */
static void test_recalibrate(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_seek(t, 0, 82);
    COMMAND(t, FDC_CMD_RECALIBRATE, 0);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_ABNORMAL | FDC_ST0_SE | FDC_ST0_EC, 0);
    COMMAND(t, FDC_CMD_RECALIBRATE, 0);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_SE, 0);
    g_assert_cmphex(fdc_get(t, FDC_SRA) & FDC_SRA_TRK0, ==, 0);
}

/* Without a drive, or with its motor off, TRK0 never comes. */
static void test_recalibrate_without_drive(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA);
    COMMAND(t, FDC_CMD_RECALIBRATE, 0);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_ABNORMAL | FDC_ST0_SE | FDC_ST0_EC, 0);
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA | FDC_DOR_MOTOR << 3 | 3);
    COMMAND(t, FDC_CMD_RECALIBRATE, 3);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_ABNORMAL | FDC_ST0_SE | FDC_ST0_EC | 3, 0);
}

/* A reset clears the track numbers, and does not move the heads. */
static void test_reset_does_not_move_the_heads(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_seek(t, 0, 20);
    fdc_start(t);
    g_assert_cmphex(fdc_get(t, FDC_SRA) & FDC_SRA_TRK0, ==, FDC_SRA_TRK0);
    fdc_seek(t, 0, 0);
    g_assert_cmphex(fdc_get(t, FDC_SRA) & FDC_SRA_TRK0, ==, FDC_SRA_TRK0);
}

/* ---- configuration and state ---- */

static void test_refused(void)
{
    static const struct {
        uint64_t sectors;
        const char *properties, *message;
    } CASES[] = {
        {2881, "drive0=f", "drive0: 1475072 bytes are no diskette's"},
        {SECTORS_1440, "drive0=f,type0=1200", "a diskette of 1440 KiB does not fit this drive"},
        {SECTORS_1440, "drive1=f,type1=720", "a diskette of 1440 KiB does not fit this drive"},
        {SECTORS_360, "drive0=f,type0=1440", "a diskette of 360 KiB does not fit this drive"},
        {SECTORS_360, "drive0=f,type0=none", "does not fit"},
        {SECTORS_360, "drive0=f,type0=2880", "does not fit"},
        {SECTORS_360, "dma=8", "at most 7"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Rig) rig = rig_new();
        rig_drive(rig, "f", CASES[i].sectors);
        g_assert_false(rig_realize(rig, rig_device_new(rig, "isa-fdc"), CASES[i].properties));
        g_test_message("%s", rig_error(rig));
        g_assert_nonnull(strstr(rig_error(rig), CASES[i].message));
    }
}

static void test_save_and_load_a_seek(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    COMMAND(t, FDC_CMD_SEEK, 0, 10);
    g_autoptr(GBytes) saved = device_save(t->dev);
    device_reset(t->dev);
    g_assert_true(rig_load(t->dev, saved));
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, FDC_ST0_SE, 10);
}

static void test_impossible_states(Fdc *t, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *field;
        uint64_t value;
    } CASES[] = {{"phase", 3}, {"phase", 2},    {"step", 1},
                 {"rate", 4},  {"length", 17},  {"tdr", 4},
                 {"unit", 2},  {"position", 1}, {"drives[0].track", 99},
                 {"phase", 1}};
    fdc_start(t);
    g_autoptr(GBytes) saved = device_save(t->dev);
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, CASES[i].field, 0, CASES[i].value);
        g_assert_false(rig_load(t->dev, bad));
        g_assert_true(rig_load(t->dev, saved));
    }
}

static void test_describe(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_seek(t, 0, 7);
    g_autofree char *text = device_describe(t->dev);
    g_assert_cmpstr(text, ==, "command phase, command 0x08, MSR=0x80 DOR=0x1c, tracks 7 and 0");
    const BusMapping *main = bus_find(rig_bus(t->rig), IO_PORTS, BASE);
    const BusMapping *control = bus_find(rig_bus(t->rig), IO_PORTS, BASE + 7);
    g_assert_cmpstr(main->claim->register_name(main->state, FDC_MSR, false), ==, "MSR");
    g_assert_cmpstr(main->claim->register_name(main->state, FDC_DSR, true), ==, "DSR");
    g_assert_cmpstr(main->claim->register_name(main->state, FDC_FIFO, true), ==, "FIFO");
    g_assert_cmpstr(control->claim->register_name(control->state, 0, false), ==, "DIR");
    g_assert_cmpstr(control->claim->register_name(control->state, 0, true), ==, "CCR");
}

/* ---- diskettes that come and go ---- */

static void test_another_diskette(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_seek(t, 0, 1);
    g_assert_cmphex(fdc_get(t, FDC_DIR) & FDC_DIR_CHANGED, ==, 0);
    rig_drive_change(t->drive[0], 0);
    g_assert_cmphex(fdc_get(t, FDC_DIR) & FDC_DIR_CHANGED, ==, FDC_DIR_CHANGED);
    /* The change line stays until the heads step over a diskette. */
    fdc_seek(t, 0, 2);
    g_assert_cmphex(fdc_get(t, FDC_DIR) & FDC_DIR_CHANGED, ==, FDC_DIR_CHANGED);
    COMMAND(t, MFM_READ, 0, 2, 0, 1, 2, 18, 0x1b, 0xff);
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_MA, 0, 2, 0, 1, 2);
    rig_drive_change(t->drive[0], SECTORS_1440);
    fdc_seek(t, 0, 0);
    g_assert_cmphex(fdc_get(t, FDC_DIR) & FDC_DIR_CHANGED, ==, 0);
    fdc_dma(t, DMA_MODE_WRITE, 0x1000, 512);
    COMMAND(t, MFM_READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 2, 2);
}

/* With a sector asked of the host, and with one that the guest is to take. */
static void test_diskette_goes_during_a_command(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    fdc_seek(t, 0, 0);
    for (unsigned polled = 0; polled < 2; polled++) {
        COMMAND(t, FDC_CMD_SPECIFY, 0xdf, polled ? 0x03 : 0x02);
        COMMAND(t, MFM_READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
        for (unsigned i = 0; polled && i < 1000 && !rig_drive_step(t->drive[0]); i++) {
            rig_step(t->rig, MS);
        }
        rig_step(t->rig, polled ? MS : 500 * MS);
        rig_drive_change(t->drive[0], 0);
        g_assert_true(fdc_irq(t));
        EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_MA, 0, 0, 0, 1, 2);
        while (rig_drive_step(t->drive[0])) {
        }
        g_assert_false(fdc_irq(t));
        rig_drive_change(t->drive[0], SECTORS_1440);
    }
}

static void test_diskette_that_does_not_fit(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_start(t);
    rig_drive_change(t->drive[0], 2400);
    fdc_seek(t, 0, 1);
    COMMAND(t, MFM_READ, 0, 1, 0, 1, 2, 18, 0x1b, 0xff);
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_MA, 0, 1, 0, 1, 2);
}

static void test_empty_drive(void)
{
    Fdc t = {0};
    t.rig = rig_new();
    t.drive[0] = rig_drive(t.rig, "f0", SECTORS_1440);
    t.drive[0]->sectors = 0;
    t.dev = rig_device(t.rig, "isa-fdc", "drive0=f0");
    t.drive[0]->sectors = SECTORS_1440;
    fdc_start(&t);
    g_assert_cmphex(fdc_get(&t, FDC_DIR) & FDC_DIR_CHANGED, ==, FDC_DIR_CHANGED);
    rig_drive_change(t.drive[0], SECTORS_1440);
    fdc_seek(&t, 0, 1);
    g_assert_cmphex(fdc_get(&t, FDC_DIR) & FDC_DIR_CHANGED, ==, 0);
    COMMAND(&t, FDC_CMD_READ_ID | FDC_CMD_MFM, 0);
    fdc_run(&t);
    g_assert_cmphex(fdc_get(&t, FDC_FIFO), ==, 0);
    fdc_teardown(&t, NULL);
}

static void add(const char *name, void (*test)(Fdc *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/i82077aa/", name, NULL);
    g_test_add(path, Fdc, NULL, setup, test, fdc_teardown);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("reset/low_dor_bit_holds_the_chip", test_reset_holds_the_chip);
    add("reset/end_polls_the_drives", test_reset_polls_the_drives);
    add("reset/configure_can_disable_polling", test_no_polling);
    add("reset/dsr_bit_clears_itself", test_software_reset_clears_itself);
    add("reset/lock_keeps_the_fifo", test_lock);
    add("reset/heads_stay_where_they_are", test_reset_does_not_move_the_heads);
    add("registers/dor_gates_the_interrupt", test_gate);
    add("registers/status_a_and_b", test_status_registers);
    add("registers/step_clears_disk_change", test_disk_change);
    add("registers/fifo_out_of_turn_is_told", test_fifo_out_of_turn);
    add("commands/unknown_ones_answer_80h", test_invalid);
    add("commands/busy_while_one_comes", test_busy_while_a_command_comes);
    add("commands/dumpreg", test_dumpreg);
    add("commands/perpendicular_mode", test_perpendicular);
    add("commands/sense_drive_status", test_sense_drive);
    add("heads/seek_interrupts_when_it_is_done", test_seek);
    add("heads/two_drives_seek_at_once", test_two_seeks_at_once);
    add("heads/relative_seek", test_relative_seek);
    add("heads/recalibrate_steps_79_times", test_recalibrate);
    add("heads/recalibrate_without_drive_fails", test_recalibrate_without_drive);
    add("media/another_diskette_is_read", test_another_diskette);
    add("media/a_command_ends_when_the_diskette_goes", test_diskette_goes_during_a_command);
    add("media/one_of_another_kind_is_not_read", test_diskette_that_does_not_fit);
    g_test_add_func("/i82077aa/media/drive_may_begin_empty", test_empty_drive);
    g_test_add_func("/i82077aa/configuration/wrong_media_are_refused", test_refused);
    add("state/a_seek_goes_on", test_save_and_load_a_seek);
    add("state/impossible_ones_are_refused", test_impossible_states);
    add("state/describe_and_names", test_describe);
    return g_test_run();
}
