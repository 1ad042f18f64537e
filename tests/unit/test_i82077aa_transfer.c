/*
 * The floppy controller's commands on sectors, with DMA and without, sentence
 * by sentence of the 82077AA's data sheet.
 */
#include "tests/unit/fdc_rig.h"

#define AT     0x8000u
#define SECTOR BLOCK_SECTOR_SIZE

static void setup(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_setup(t, SECTORS_1440, SECTORS_360, "");
    fdc_start(t);
}

/* Parameters for 1.44 MB, up to the end of the track. */
#define SECTOR_AT(h, c, r) (uint8_t)((h) << 2), c, h, r, 2, 18, 0x1b, 0xff

static const uint8_t *disk(Fdc *t, unsigned drive, unsigned lba)
{
    return t->drive[drive]->data + (size_t)lba * SECTOR;
}

static void expect_memory(Fdc *t, unsigned address, const uint8_t *bytes, unsigned size)
{
    g_autofree uint8_t *got = g_malloc(size);
    g_assert_true(memory_read(rig_memory(t->rig), address, got, size));
    g_assert_cmpmem(got, (int)size, bytes, (int)size);
}

static void fill_memory(Fdc *t, unsigned address, uint8_t value, unsigned size)
{
    g_assert_true(memory_fill(rig_memory(t->rig), address, value, size));
}

/* ---- reading ---- */

static void test_read(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, 3 * SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(1, 0, 4));
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_CB);
    g_assert_false(fdc_irq(t));
    fdc_run(t);
    expect_memory(t, AT, disk(t, 0, 21), 3 * SECTOR);
    g_assert_true(fdc_irq(t));
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM | FDC_MSR_DIO | FDC_MSR_CB);
    fdc_get(t, FDC_FIFO);
    g_assert_false(fdc_irq(t));
    EXPECT(t, 0, 0, 0, 1, 7, 2);
}

static void test_read_in_the_last_sector(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_seek(t, 0, 2);
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 2, 18));
    fdc_run(t);
    expect_memory(t, AT, disk(t, 0, 2 * 36 + 17), SECTOR);
    EXPECT(t, 0, 0, 0, 3, 0, 1, 2);
}

/* "EN: the controller tried to access a sector beyond the final one; TC was not issued." */
static void test_end_of_cylinder(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, 9 * SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 17));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_EN, 0, 1, 0, 1, 2);
    expect_memory(t, AT, disk(t, 0, 16), 2 * SECTOR);
}

/* "MT: both tracks, side 1 after side 0." */
static void test_multitrack(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, 4 * SECTOR);
    COMMAND(t, MFM_READ | FDC_CMD_MT, SECTOR_AT(0, 0, 17));
    fdc_run(t);
    EXPECT(t, FDC_ST0_H, 0, 0, 0, 1, 3, 2);
    expect_memory(t, AT, disk(t, 0, 16), 4 * SECTOR);
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ | FDC_CMD_MT, SECTOR_AT(0, 0, 18));
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 1, 1, 2);
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ | FDC_CMD_MT, SECTOR_AT(1, 0, 18));
    fdc_run(t);
    EXPECT(t, FDC_ST0_H, 0, 0, 1, 0, 1, 2);
}

/* TC comes in the middle of a sector.  The rest of the sector is read and discarded. */
static void test_part_of_a_sector(Fdc *t, gconstpointer data)
{
    (void)data;
    fill_memory(t, AT, 0xee, 2 * SECTOR);
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR + 3);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 3, 2);
    expect_memory(t, AT, disk(t, 0, 0), SECTOR + 3);
    expect_memory(t, AT + SECTOR + 3, (const uint8_t *)"\xee\xee\xee", 3);
}

static void test_second_drive(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_put(t, FDC_DOR, DOR_DRIVE1);
    rig_outb(t->rig, BASE + FDC_CCR, FDC_RATE_250);
    fdc_seek(t, 1, 20);
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, 1 | FDC_HDS, 20, 1, 9, 2, 9, 0x2a, 0xff);
    fdc_run(t);
    EXPECT(t, FDC_ST0_H | 1, 0, 0, 21, 1, 1, 2);
    expect_memory(t, AT, disk(t, 1, 20 * 18 + 17), SECTOR);
}

static void test_implied_seek(Fdc *t, gconstpointer data)
{
    (void)data;
    COMMAND(t, FDC_CMD_CONFIGURE, 0, FDC_CONFIG_EIS, 0);
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 3, 2));
    fdc_run(t);
    EXPECT(t, FDC_ST0_SE, 0, 0, 3, 0, 3, 2);
    expect_memory(t, AT, disk(t, 0, 3 * 36 + 1), SECTOR);
}

/* ---- writing ---- */

static void test_write(Fdc *t, gconstpointer data)
{
    (void)data;
    fill_memory(t, AT, 0x5a, 2 * SECTOR);
    fdc_dma(t, DMA_MODE_READ, AT, SECTOR + 10);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 6));
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 8, 2);
    for (unsigned i = 0; i < 2 * SECTOR; i++) {
        g_assert_cmphex(disk(t, 0, 5)[i], ==, i < SECTOR + 10 ? 0x5a : 0);
    }
}

static void test_write_protected(Fdc *t, gconstpointer data)
{
    (void)data;
    rig_drive_protect(t->drive[0]);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 6));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_NW, 0, 0, 0, 6, 2);
    COMMAND(t, FDC_CMD_FORMAT | FDC_CMD_MFM, 0, 2, 18, 0x54, 0xf6);
    fdc_run(t);
    g_assert_true(fdc_irq(t));
    fdc_get(t, FDC_FIFO);
    g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, FDC_ST1_NW);
}

/* Written data are flushed when the motor stops. */
static void test_motor_off_flushes(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_READ, AT, SECTOR);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 6));
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 7, 2);
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA);
    fdc_put(t, FDC_DOR, DOR_DRIVE0);
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA);
    while (rig_drive_step(t->drive[0])) {
    }
    g_assert_cmpuint(t->drive[0]->flushes, ==, 1);
}

static void test_format(Fdc *t, gconstpointer data)
{
    (void)data;
    static const uint8_t IDS[] = {0, 0, 3, 2, 0, 0, 1, 2, 9, 0, 2, 2, 0, 0, 4, 2};
    memory_write(rig_memory(t->rig), AT, IDS, sizeof(IDS));
    g_autofree uint8_t *second = g_memdup2(disk(t, 0, 1), SECTOR);
    fdc_dma(t, DMA_MODE_READ, AT, sizeof(IDS));
    COMMAND(t, FDC_CMD_FORMAT | FDC_CMD_MFM, 0, 2, 4, 0x54, 0xf6);
    fdc_run(t);
    fdc_get(t, FDC_FIFO);
    g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, 0);
    for (unsigned i = 0; i < SECTOR; i++) {
        g_assert_cmphex(disk(t, 0, 0)[i], ==, 0xf6);
        g_assert_cmphex(disk(t, 0, 2)[i], ==, 0xf6);
        g_assert_cmphex(disk(t, 0, 3)[i], ==, 0xf6);
    }
    g_assert_cmpmem(disk(t, 0, 1), SECTOR, second, SECTOR);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
}

/* ---- sectors that are not found ---- */

static void expect_failure(Fdc *t, uint8_t st1, uint8_t st2)
{
    fdc_run(t);
    g_assert_cmphex(fdc_get(t, FDC_FIFO) & FDC_ST0_IC, ==, FDC_ST0_ABNORMAL);
    g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, st1);
    g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, st2);
    for (unsigned i = 0; i < 4; i++) {
        fdc_get(t, FDC_FIFO);
    }
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM);
}

static void test_no_such_sector(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, 0, 0, 0, 19, 2, 19, 0x1b, 0xff);
    expect_failure(t, FDC_ST1_ND, 0);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 0));
    expect_failure(t, FDC_ST1_ND, 0);
    COMMAND(t, MFM_READ, 0, 0, 0, 1, 3, 18, 0x1b, 0xff);
    expect_failure(t, FDC_ST1_ND, 0);
    COMMAND(t, MFM_READ, FDC_HDS, 0, 0, 1, 2, 18, 0x1b, 0xff);
    expect_failure(t, FDC_ST1_ND, 0);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 200));
    expect_failure(t, FDC_ST1_ND, 0);
}

/* "WC: the track address from the ID field differs from that inside the controller." */
static void test_wrong_cylinder(Fdc *t, gconstpointer data)
{
    (void)data;
    COMMAND(t, MFM_READ, SECTOR_AT(0, 5, 1));
    expect_failure(t, FDC_ST1_ND, FDC_ST2_WC);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0xff, 1));
    expect_failure(t, FDC_ST1_ND, FDC_ST2_BC);
}

/*
 * With a wrong rate, with FM, or on a side or track that the medium does not have,
 * no mark is found.
 */
static void test_no_address_mark(Fdc *t, gconstpointer data)
{
    (void)data;
    rig_outb(t->rig, BASE + FDC_CCR, FDC_RATE_250);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    expect_failure(t, FDC_ST1_MA, 0);
    rig_outb(t->rig, BASE + FDC_CCR, FDC_RATE_500);
    COMMAND(t, FDC_CMD_READ, SECTOR_AT(0, 0, 1));
    expect_failure(t, FDC_ST1_MA, 0);
    fdc_seek(t, 0, 81);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 81, 1));
    expect_failure(t, FDC_ST1_MA, 0);
    COMMAND(t, FDC_CMD_READ_ID | FDC_CMD_MFM, 0);
    expect_failure(t, FDC_ST1_MA, 0);
    COMMAND(t, FDC_CMD_READ_TRACK | FDC_CMD_MFM, SECTOR_AT(0, 81, 1));
    expect_failure(t, FDC_ST1_MA, 0);
    COMMAND(t, FDC_CMD_FORMAT | FDC_CMD_MFM, 0, 2, 18, 0x54, 0xf6);
    expect_failure(t, FDC_ST1_MA, 0);
}

static void test_motor_off(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_put(t, FDC_DOR, FDC_DOR_RESET | FDC_DOR_DMA);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    expect_failure(t, FDC_ST1_MA, 0);
    g_assert_cmpuint(rig_guest_error_count(t->rig), ==, 1);
}

static void test_no_medium(void)
{
    Fdc t = {0};
    fdc_setup(&t, 0, 0, "type0=1440");
    fdc_start(&t);
    g_assert_cmphex(rig_inb(t.rig, BASE + FDC_DIR), ==, FDC_DIR_CHANGED);
    fdc_seek(&t, 0, 1);
    g_assert_cmphex(rig_inb(t.rig, BASE + FDC_DIR), ==, FDC_DIR_CHANGED);
    COMMAND(&t, MFM_READ, SECTOR_AT(0, 1, 1));
    expect_failure(&t, FDC_ST1_MA, 0);
    COMMAND(&t, FDC_CMD_READ_ID | FDC_CMD_MFM, 0);
    expect_failure(&t, FDC_ST1_MA, 0);
    fdc_teardown(&t, NULL);
}

/* A medium of 360 KB in a drive for 1.2 MB: every other track, at 300 kbit/s. */
static void test_double_step(void)
{
    Fdc t = {0};
    fdc_setup(&t, SECTORS_360, 0, "type0=1200");
    fdc_start(&t);
    rig_outb(t.rig, BASE + FDC_CCR, FDC_RATE_300);
    fdc_seek(&t, 0, 5);
    COMMAND(&t, FDC_CMD_READ_ID | FDC_CMD_MFM, 0);
    expect_failure(&t, FDC_ST1_MA, 0);
    fdc_seek(&t, 0, 6);
    COMMAND(&t, FDC_CMD_READ_ID | FDC_CMD_MFM, 0);
    fdc_run(&t);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(fdc_get(&t, FDC_FIFO), ==, 0);
    }
    g_assert_cmpuint(fdc_get(&t, FDC_FIFO), ==, 3);
    fdc_teardown(&t, NULL);
}

static void test_host_errors(Fdc *t, gconstpointer data)
{
    (void)data;
    t->drive[0]->bad = 4;
    fdc_dma(t, DMA_MODE_WRITE, AT, 4 * SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 3));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_DE, FDC_ST2_DD, 0, 0, 5, 2);
    fdc_dma(t, DMA_MODE_READ, AT, 4 * SECTOR);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 3));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL | FDC_ST0_EC, 0, 0, 0, 0, 5, 2);
}

/* ---- the DMA channel ---- */

static void test_late_channel(Fdc *t, gconstpointer data)
{
    (void)data;
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    rig_step(t->rig, MS);
    rig_drive_step(t->drive[0]);
    g_assert_cmphex(rig_inb(t->rig, DMA_STATUS) & 0x40, ==, 0x40);
    rig_step(t->rig, 5 * MS);
    g_assert_false(fdc_irq(t));
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    rig_step(t->rig, MS);
    g_assert_true(fdc_irq(t));
    g_assert_cmphex(rig_inb(t->rig, DMA_STATUS), ==, 0x04);
    expect_memory(t, AT, disk(t, 0, 0), SECTOR);
}

/* "OR: the controller did not receive DMA service within the required time." */
static void test_overrun(Fdc *t, gconstpointer data)
{
    (void)data;
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_OR, 0, 0, 0, 1, 2);
    g_assert_cmphex(rig_inb(t->rig, DMA_STATUS), ==, 0);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 1));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_OR, 0, 0, 0, 1, 2);
}

/* ---- without DMA ---- */

static void without_dma(Fdc *t)
{
    COMMAND(t, FDC_CMD_SPECIFY, 0xdf, 0x02 | FDC_SPECIFY_ND);
}

/* "INT and RQM become active when there is data." */
static void test_read_without_dma(Fdc *t, gconstpointer data)
{
    (void)data;
    without_dma(t);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 17));
    g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_CB | FDC_MSR_NDMA);
    for (unsigned sector = 16; sector < 18; sector++) {
        fdc_run(t);
        for (unsigned i = 0; i < SECTOR; i++) {
            g_assert_true(fdc_irq(t));
            g_assert_cmphex(fdc_get(t, FDC_MSR), ==,
                            FDC_MSR_RQM | FDC_MSR_DIO | FDC_MSR_NDMA | FDC_MSR_CB);
            g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, disk(t, 0, sector)[i]);
        }
    }
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_EN, 0, 1, 0, 1, 2);
}

static void test_write_without_dma(Fdc *t, gconstpointer data)
{
    (void)data;
    without_dma(t);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 18));
    fdc_run(t);
    for (unsigned i = 0; i < SECTOR; i++) {
        g_assert_cmphex(fdc_get(t, FDC_MSR), ==, FDC_MSR_RQM | FDC_MSR_NDMA | FDC_MSR_CB);
        fdc_put(t, FDC_FIFO, i * 7);
    }
    g_assert_false(fdc_irq(t));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_EN, 0, 1, 0, 1, 2);
    for (unsigned i = 0; i < SECTOR; i++) {
        g_assert_cmphex(disk(t, 0, 17)[i], ==, (uint8_t)(i * 7));
    }
}

/* ---- other commands ---- */

static void test_read_id(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_seek(t, 0, 33);
    COMMAND(t, FDC_CMD_READ_ID | FDC_CMD_MFM, FDC_HDS);
    fdc_run(t);
    g_assert_cmphex(fdc_get(t, FDC_FIFO), ==, FDC_ST0_H);
    fdc_get(t, FDC_FIFO);
    fdc_get(t, FDC_FIFO);
    g_assert_cmpuint(fdc_get(t, FDC_FIFO), ==, 33);
    g_assert_cmpuint(fdc_get(t, FDC_FIFO), ==, 1);
    unsigned sector = fdc_get(t, FDC_FIFO);
    g_assert_cmpuint(sector, >=, 1);
    g_assert_cmpuint(sector, <=, 18);
    g_assert_cmpuint(fdc_get(t, FDC_FIFO), ==, 2);
}

/*
 * "EC: stops after SC sectors"; without EC, after EOT.  The TC of an earlier
 * command has no effect.
 */
static void test_verify(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 2, 2);
    COMMAND(t, FDC_CMD_VERIFY | FDC_CMD_MFM, FDC_EC, 0, 0, 3, 2, 18, 0x1b, 4);
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 7, 2);
    COMMAND(t, FDC_CMD_VERIFY | FDC_CMD_MFM, 0, 0, 0, 3, 2, 5, 0x1b, 0xff);
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 1, 0, 1, 2);
    t->drive[0]->bad = 3;
    COMMAND(t, FDC_CMD_VERIFY | FDC_CMD_MFM, 0, 0, 0, 3, 2, 5, 0x1b, 0xff);
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_DE, FDC_ST2_DD, 0, 0, 4, 2);
}

/* "Sectors are read as they come".  ND tells that they are not those that were asked for. */
static void test_read_track(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, 0x4000);
    COMMAND(t, FDC_CMD_READ_TRACK | FDC_CMD_MFM, 0, 0, 0, 1, 2, 3, 0x1b, 0xff);
    fdc_run(t);
    expect_memory(t, AT, disk(t, 0, 0), 3 * SECTOR);
    EXPECT(t, 0, 0, 0, 1, 0, 1, 2);
    fdc_dma(t, DMA_MODE_WRITE, AT, 0x4000);
    COMMAND(t, FDC_CMD_READ_TRACK | FDC_CMD_MFM, 0, 0, 0, 7, 2, 3, 0x1b, 0xff);
    fdc_run(t);
    expect_memory(t, AT, disk(t, 0, 0), 3 * SECTOR);
    EXPECT(t, 0, FDC_ST1_ND, 0, 0, 0, 10, 2);
    COMMAND(t, FDC_CMD_READ_TRACK | FDC_CMD_MFM, 0, 0, 0, 1, 2, 30, 0x1b, 0xff);
    expect_failure(t, FDC_ST1_MA, 0);
}

/* "CM: READ DELETED DATA has found a normal mark".  With SK such sectors are skipped. */
static void test_read_deleted(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, 2 * SECTOR);
    COMMAND(t, FDC_CMD_READ_DELETED | FDC_CMD_MFM, SECTOR_AT(0, 0, 2));
    fdc_run(t);
    EXPECT(t, 0, 0, FDC_ST2_CM, 0, 0, 2, 2);
    expect_memory(t, AT, disk(t, 0, 1), SECTOR);
    COMMAND(t, FDC_CMD_READ_DELETED | FDC_CMD_MFM | FDC_CMD_SK, SECTOR_AT(0, 0, 2));
    fdc_run(t);
    EXPECT(t, FDC_ST0_ABNORMAL, FDC_ST1_EN, FDC_ST2_CM, 1, 0, 1, 2);
}

static void scan(Fdc *t, unsigned command, unsigned first, unsigned step)
{
    fdc_dma(t, DMA_MODE_READ, AT, 0x4000);
    COMMAND(t, (uint8_t)(command | FDC_CMD_MFM), 0, 0, 0, (uint8_t)first, 2, 8, 0x1b,
            (uint8_t)step);
    fdc_run(t);
}

/* "SH: the condition of equal was met; SN: the scan was not satisfied".  FFh matches any byte. */
static void test_scan(Fdc *t, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 10; i++) {
        memset(t->drive[0]->data + i * SECTOR, (int)(i + 1), SECTOR);
        fill_memory(t, AT + i * SECTOR, 5, SECTOR);
    }
    fill_memory(t, AT + 4 * SECTOR, 0xff, 100);
    scan(t, FDC_CMD_SCAN_EQUAL, 1, 1);
    EXPECT(t, 0, 0, FDC_ST2_SH, 0, 0, 5, 2);
    scan(t, FDC_CMD_SCAN_EQUAL, 2, 2);
    EXPECT(t, 0, 0, FDC_ST2_SN, 1, 0, 1, 2);
    scan(t, FDC_CMD_SCAN_LOW, 3, 1);
    EXPECT(t, 0, 0, 0, 0, 0, 3, 2);
    scan(t, FDC_CMD_SCAN_HIGH, 4, 1);
    EXPECT(t, 0, 0, FDC_ST2_SH, 0, 0, 5, 2);
    scan(t, FDC_CMD_SCAN_HIGH, 6, 1);
    EXPECT(t, 0, 0, 0, 0, 0, 6, 2);
}

static void test_write_deleted(Fdc *t, gconstpointer data)
{
    (void)data;
    fill_memory(t, AT, 0x31, SECTOR);
    fdc_dma(t, DMA_MODE_READ, AT, SECTOR);
    COMMAND(t, FDC_CMD_WRITE_DELETED | FDC_CMD_MFM, SECTOR_AT(0, 0, 1));
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 2, 2);
    g_assert_cmphex(disk(t, 0, 0)[SECTOR - 1], ==, 0x31);
}

/* ---- a guest that changes its mind, and state ---- */

/* The medium is gone when the bytes of the sector have come. */
static void test_other_drive_in_a_write(Fdc *t, gconstpointer data)
{
    (void)data;
    without_dma(t);
    COMMAND(t, MFM_WRITE, SECTOR_AT(0, 0, 18));
    fdc_run(t);
    fdc_put(t, FDC_DOR, DOR_DRIVE1);
    rig_outb(t->rig, BASE + FDC_CCR, FDC_RATE_250);
    for (unsigned i = 0; i < SECTOR; i++) {
        fdc_put(t, FDC_FIFO, i);
    }
    expect_failure(t, FDC_ST1_ND, 0);
}

static void test_reset_in_a_transfer(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    rig_step(t->rig, MS);
    fdc_put(t, FDC_DOR, 0);
    fdc_put(t, FDC_DOR, DOR_DRIVE0);
    while (rig_drive_step(t->drive[0])) {
    }
    /* A state with a transfer that was not requested is impossible. */
    g_autoptr(GBytes) saved = device_save(t->dev);
    g_assert_true(rig_load(t->dev, saved));
    fdc_start(t);
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 2));
    fdc_run(t);
    EXPECT(t, 0, 0, 0, 0, 0, 3, 2);
    expect_memory(t, AT, disk(t, 0, 1), SECTOR);
}

/* A command ends in the same way if it is saved and loaded at any moment. */
static void test_state_in_a_transfer(Fdc *t, gconstpointer data)
{
    (void)data;
    for (unsigned moment = 0; moment < 8; moment++) {
        fill_memory(t, AT, 0, 2 * SECTOR);
        fdc_dma(t, DMA_MODE_WRITE, AT, 2 * SECTOR);
        COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 4));
        for (unsigned i = 0; i < moment && !fdc_irq(t); i++) {
            if (!rig_drive_step(t->drive[0])) {
                rig_step(t->rig, MS / 4);
            }
        }
        g_autoptr(GBytes) saved = device_save(t->dev);
        g_assert_true(rig_load(t->dev, saved));
        fdc_run(t);
        EXPECT(t, 0, 0, 0, 0, 0, 6, 2);
        expect_memory(t, AT, disk(t, 0, 3), 2 * SECTOR);
    }
}

static void test_impossible_states(Fdc *t, gconstpointer data)
{
    (void)data;
    fdc_dma(t, DMA_MODE_WRITE, AT, SECTOR);
    COMMAND(t, MFM_READ, SECTOR_AT(0, 0, 1));
    rig_step(t->rig, MS);
    g_autoptr(GBytes) saved = device_save(t->dev);
    g_autoptr(GBytes) far = rig_patch(saved, "block", 0, SECTORS_1440);
    g_autoptr(GBytes) open = rig_patch(saved, "step", 0, 3);
    g_assert_false(rig_load(t->dev, far));
    g_assert_false(rig_load(t->dev, open));
    g_assert_true(rig_load(t->dev, saved));
}

static void random_event(Fdc *t, GRand *rand)
{
    static const uint8_t CODES[] = {0x46, 0x45, 0xc6, 0xc5, 0x0f, 0x07, 0x08, 0x4a,
                                    0x4d, 0x42, 0x56, 0x51, 0x6c, 0x13, 0x03, 0xcf};
    switch (g_rand_int_range(rand, 0, 9)) {
    case 0:
        fdc_put(t, FDC_FIFO, CODES[g_rand_int_range(rand, 0, sizeof(CODES))]);
        break;
    case 1:
    case 2:
        fdc_put(t, FDC_FIFO, (unsigned)g_rand_int_range(rand, 0, 20));
        break;
    case 3:
        fdc_put(t, (unsigned)g_rand_int_range(rand, 0, 8), g_rand_int(rand) & 0xff);
        break;
    case 4:
        fdc_put(t, FDC_DOR, g_rand_boolean(rand) ? DOR_DRIVE0 : DOR_DRIVE1);
        break;
    case 5:
        fdc_dma(t, g_rand_boolean(rand) ? DMA_MODE_WRITE : DMA_MODE_READ, g_rand_int(rand),
                (unsigned)g_rand_int_range(rand, 1, 3000));
        break;
    case 6:
        rig_step(t->rig, (uint64_t)g_rand_int_range(rand, 0, 1000000));
        break;
    case 7:
        for (unsigned i = 0; i < 20; i++) {
            fdc_get(t, FDC_FIFO);
        }
        break;
    default:
        rig_drive_step(t->drive[g_rand_int_range(rand, 0, 2)]);
    }
}

/* Whatever a guest does, nothing breaks, and a saved state can be loaded. */
static void test_random_guest(Fdc *t, gconstpointer data)
{
    (void)data;
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (unsigned i = 0; i < 20000; i++) {
        random_event(t, rand);
        if (i % 64 == 0) {
            g_autoptr(GBytes) saved = device_save(t->dev);
            g_assert_true(rig_load(t->dev, saved));
        }
    }
}

static void add(const char *name, void (*test)(Fdc *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/i82077aa_transfer/", name, NULL);
    g_test_add(path, Fdc, NULL, setup, test, fdc_teardown);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("read/until_terminal_count", test_read);
    add("read/the_last_sector_leads_to_the_next_cylinder", test_read_in_the_last_sector);
    add("read/past_the_last_sector_is_an_error", test_end_of_cylinder);
    add("read/multitrack_goes_on_with_side_1", test_multitrack);
    add("read/part_of_a_sector", test_part_of_a_sector);
    add("read/second_drive", test_second_drive);
    add("read/implied_seek", test_implied_seek);
    add("write/rest_of_a_sector_is_zeros", test_write);
    add("write/protected_medium", test_write_protected);
    add("write/motor_off_flushes", test_motor_off_flushes);
    add("write/deleted_mark_is_lost", test_write_deleted);
    add("write/format_fills_sectors", test_format);
    add("errors/no_such_sector", test_no_such_sector);
    add("errors/wrong_cylinder", test_wrong_cylinder);
    add("errors/no_address_mark", test_no_address_mark);
    add("errors/motor_off", test_motor_off);
    g_test_add_func("/i82077aa_transfer/errors/no_medium", test_no_medium);
    g_test_add_func("/i82077aa_transfer/errors/between_tracks", test_double_step);
    add("errors/of_the_host", test_host_errors);
    add("dma/late_channel_is_served", test_late_channel);
    add("dma/masked_channel_is_an_overrun", test_overrun);
    add("pio/read", test_read_without_dma);
    add("pio/write", test_write_without_dma);
    add("others/read_id", test_read_id);
    add("others/verify", test_verify);
    add("others/read_track", test_read_track);
    add("others/read_deleted", test_read_deleted);
    add("others/scan", test_scan);
    add("guest/other_drive_in_a_write", test_other_drive_in_a_write);
    add("guest/reset_in_a_transfer", test_reset_in_a_transfer);
    add("guest/random", test_random_guest);
    add("state/goes_on_in_a_transfer", test_state_in_a_transfer);
    add("state/impossible_ones_are_refused", test_impossible_states);
    return g_test_run();
}
