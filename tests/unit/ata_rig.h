/* Shared by the tests of the ATA channel: the primary channel with drives of the rig. */
#ifndef PIOEMU_TEST_ATA_RIG_H
#define PIOEMU_TEST_ATA_RIG_H

#include "devices/storage/ata_regs.h"
#include "tests/unit/rig.h"

#include <string.h>

#define BASE    0x1f0
#define CONTROL 0x3f6
#define IRQ     14u

#define READY (ATA_ST_DRDY | ATA_ST_DSC)
#define DATA  (READY | ATA_ST_DRQ)

typedef struct Channel {
    Rig *rig;
    Device *dev;
    RigDrive *drive[2];
} Channel;

static inline void channel_setup(Channel *t, uint64_t sectors0, bool cdrom0, uint64_t sectors1)
{
    g_autoptr(GString) properties = g_string_new(NULL);
    t->rig = rig_new();
    t->drive[0] = sectors0 ? rig_drive(t->rig, "a", sectors0) : NULL;
    t->drive[1] = sectors1 ? rig_drive(t->rig, "b", sectors1) : NULL;
    if (t->drive[0]) {
        t->drive[0]->cdrom = cdrom0;
        g_string_append(properties, "drive0=a");
    }
    if (t->drive[1]) {
        g_string_append_printf(properties, "%sdrive1=b", properties->len ? "," : "");
    }
    t->dev = rig_device(t->rig, "isa-ide", properties->str);
}

static inline void channel_teardown(Channel *t, gconstpointer data)
{
    (void)data;
    rig_free(t->rig);
}

static inline uint8_t ata_get(Channel *t, unsigned reg)
{
    return rig_inb(t->rig, (uint16_t)(BASE + reg));
}

static inline void ata_put(Channel *t, unsigned reg, uint8_t value)
{
    rig_outb(t->rig, (uint16_t)(BASE + reg), value);
}

static inline uint8_t ata_alt(Channel *t)
{
    return rig_inb(t->rig, CONTROL);
}

static inline void ata_run(Channel *t)
{
    for (unsigned i = 0; i < 2; i++) {
        while (t->drive[i] && rig_drive_step(t->drive[i])) {
        }
    }
}

static inline void ata_lba28(Channel *t, uint32_t lba, uint8_t count, uint8_t command)
{
    ata_put(t, ATA_DEVICE, (uint8_t)(ATA_DEV_ONES | ATA_DEV_LBA | lba >> 24));
    ata_put(t, ATA_COUNT, count);
    ata_put(t, ATA_LBA_LOW, (uint8_t)lba);
    ata_put(t, ATA_LBA_MID, (uint8_t)(lba >> 8));
    ata_put(t, ATA_LBA_HIGH, (uint8_t)(lba >> 16));
    ata_put(t, ATA_COMMAND, command);
}

static inline void ata_lba48(Channel *t, uint64_t lba, uint16_t count, uint8_t command)
{
    ata_put(t, ATA_DEVICE, ATA_DEV_LBA);
    ata_put(t, ATA_COUNT, (uint8_t)(count >> 8));
    ata_put(t, ATA_COUNT, (uint8_t)count);
    for (unsigned shift = 24; shift < 48; shift += 8) {
        unsigned reg = ATA_LBA_LOW + (shift - 24) / 8;
        ata_put(t, reg, (uint8_t)(lba >> shift));
        ata_put(t, reg, (uint8_t)(lba >> (shift - 24)));
    }
    ata_put(t, ATA_COMMAND, command);
}

static inline void ata_in(Channel *t, void *data, size_t size)
{
    rig_in_block(t->rig, BASE, data, size / 2, 2);
}

static inline void ata_out(Channel *t, const void *data, size_t size)
{
    rig_out_block(t->rig, BASE, data, size / 2, 2);
}

static inline bool ata_irq(Channel *t)
{
    return rig_irq(t->rig, IRQ);
}

#endif
