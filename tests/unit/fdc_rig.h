/*
 * Shared by the tests of the floppy controller: two drives of the rig, the DMA
 * controllers, and commands in a driver's way.
 */
#ifndef PIOEMU_TEST_FDC_RIG_H
#define PIOEMU_TEST_FDC_RIG_H

#include "devices/misc/i8237_regs.h"
#include "devices/storage/i82077aa_regs.h"
#include "tests/unit/rig.h"

#include <string.h>

#define BASE 0x3f0
#define IRQ  6u
#define MS   UINT64_C(1000000)

#define SECTORS_360  720u
#define SECTORS_1440 2880u
#define DOR_DRIVE0   (FDC_DOR_RESET | FDC_DOR_DMA | FDC_DOR_MOTOR)
#define DOR_DRIVE1   (FDC_DOR_RESET | FDC_DOR_DMA | FDC_DOR_MOTOR << 1 | 1)

#define MFM_READ  (FDC_CMD_READ | FDC_CMD_MFM)
#define MFM_WRITE (FDC_CMD_WRITE | FDC_CMD_MFM)

typedef struct Fdc {
    Rig *rig;
    Device *dev;
    RigDrive *drive[2];
    uint8_t result[16];
    unsigned results;
} Fdc;

#define COMMAND(t, ...)                                                                            \
    fdc_command(t, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))
#define EXPECT(t, ...)                                                                             \
    fdc_expect(t, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static inline uint8_t fdc_get(Fdc *t, unsigned reg)
{
    return rig_inb(t->rig, (uint16_t)(BASE + reg));
}

static inline void fdc_put(Fdc *t, unsigned reg, unsigned value)
{
    rig_outb(t->rig, (uint16_t)(BASE + reg), (uint8_t)value);
}

static inline bool fdc_irq(Fdc *t)
{
    return rig_irq(t->rig, IRQ);
}

static inline void fdc_command(Fdc *t, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        g_assert_cmphex(fdc_get(t, FDC_MSR) & (FDC_MSR_RQM | FDC_MSR_DIO), ==, FDC_MSR_RQM);
        fdc_put(t, FDC_FIFO, bytes[i]);
    }
}

/* Checks that the result is exactly these bytes. */
static inline void fdc_expect(Fdc *t, const uint8_t *bytes, unsigned size)
{
    t->results = 0;
    while ((fdc_get(t, FDC_MSR) & 0xf0) == (FDC_MSR_RQM | FDC_MSR_DIO | FDC_MSR_CB)) {
        g_assert_cmpuint(t->results, <, sizeof(t->result));
        t->result[t->results++] = fdc_get(t, FDC_FIFO);
    }
    g_assert_cmpmem(t->result, (int)t->results, bytes, (int)size);
}

/* The host performs its requests and time passes, until neither causes anything further. */
static inline void fdc_run(Fdc *t)
{
    for (unsigned i = 0; i < 2000 && !fdc_irq(t); i++) {
        bool busy = false;
        for (unsigned d = 0; d < 2; d++) {
            busy |= t->drive[d] && rig_drive_step(t->drive[d]);
        }
        if (!busy) {
            rig_step(t->rig, MS / 4);
        }
    }
}

/* Ends the reset, takes its interrupts, and runs drive 0 at the rate of its diskette. */
static inline void fdc_start(Fdc *t)
{
    fdc_put(t, FDC_DOR, 0);
    fdc_put(t, FDC_DOR, DOR_DRIVE0);
    fdc_run(t);
    for (unsigned i = 0; i < 4; i++) {
        COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
        EXPECT(t, (uint8_t)(FDC_ST0_POLLED | i), 0);
    }
    rig_outb(t->rig, BASE + FDC_CCR,
             t->drive[0] && t->drive[0]->sectors == SECTORS_360 ? FDC_RATE_250 : FDC_RATE_500);
}

static inline void fdc_seek(Fdc *t, unsigned drive, unsigned cylinder)
{
    COMMAND(t, FDC_CMD_SEEK, (uint8_t)drive, (uint8_t)cylinder);
    fdc_run(t);
    COMMAND(t, FDC_CMD_SENSE_INTERRUPT);
    EXPECT(t, (uint8_t)(FDC_ST0_SE | drive), (uint8_t)cylinder);
}

/* Programs channel 2 for `size` bytes at `address`. */
static inline void fdc_dma(Fdc *t, unsigned mode, unsigned address, unsigned size)
{
    rig_outb(t->rig, 0xd6, DMA_MODE_CASCADE);
    rig_outb(t->rig, 0xd4, 0);
    rig_outb(t->rig, DMA_MASK, DMA_SET | 2);
    rig_outb(t->rig, DMA_CLEAR_FLIP_FLOP, 0);
    rig_outb(t->rig, DMA_MODE, (uint8_t)(DMA_MODE_SINGLE | mode | 2));
    rig_outb(t->rig, DMA_ADDRESS(2), (uint8_t)address);
    rig_outb(t->rig, DMA_ADDRESS(2), (uint8_t)(address >> 8));
    rig_outb(t->rig, DMA_COUNT(2), (uint8_t)(size - 1));
    rig_outb(t->rig, DMA_COUNT(2), (uint8_t)((size - 1) >> 8));
    rig_outb(t->rig, DMA_PAGE_2, (uint8_t)(address >> 16));
    rig_outb(t->rig, DMA_MASK, 2);
}

static inline void fdc_setup(Fdc *t, uint64_t sectors0, uint64_t sectors1, const char *more)
{
    g_autoptr(GString) properties = g_string_new(more);
    const uint64_t sectors[2] = {sectors0, sectors1};
    t->rig = rig_new();
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *id = g_strdup_printf("f%u", i);
        t->drive[i] = sectors[i] ? rig_drive(t->rig, id, sectors[i]) : NULL;
        if (sectors[i]) {
            g_string_append_printf(properties, "%sdrive%u=%s", properties->len ? "," : "", i, id);
        }
    }
    t->dev = rig_device(t->rig, "isa-fdc", properties->str);
}

static inline void fdc_teardown(Fdc *t, gconstpointer data)
{
    (void)data;
    rig_free(t->rig);
}

#endif
