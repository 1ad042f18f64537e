/*
 * The IDE function of the Intel 82371SB (PIIX3): two ATA channels and a bus
 * master for each (82371SB data sheet, sections 2.3 and 2.6).
 *
 * It is in the compatibility mode of the PCI IDE Controller Specification 1.0:
 * the channels have the ports and interrupt lines that they have in an AT.
 * The registers of the bus masters are at base address register 4.  The
 * channels and their drives are those of devices/storage/ata_internal.h.
 *
 * DEVIATION: the channels answer whatever IDETIM says, and always at the same
 * speed.
 */
#include "devices/pci.h"
#include "devices/pci/i440fx_regs.h"
#include "devices/storage/ata_internal.h"

#include <stdio.h>
#include <string.h>

#define CHANNELS  2u
#define DRIVES    2u /* for each channel */
#define MASTERS   (CHANNELS * BM_PORTS)
#define BAR       4u
#define INTERFACE 0x80u /* compatibility mode, with bus masters */

typedef struct Piix3Ide {
    Device *dev;
    Ata channel[2];
    AtaMaster master[2];

    bool power_on_attention;
} Piix3Ide;

/* ---- the bus masters ---- */

static uint64_t master_read(void *state, uint64_t offset, unsigned size)
{
    const Piix3Ide *s = state;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (unsigned)offset + i;
        value |= (uint64_t)ata_master_read(&s->master[at / BM_PORTS], at % BM_PORTS) << (8 * i);
    }
    return value;
}

static void master_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Piix3Ide *s = state;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (unsigned)offset + i;
        ata_master_write(&s->channel[at / BM_PORTS], at % BM_PORTS, (uint8_t)(value >> (8 * i)));
    }
}

static const char *master_name(const void *state, uint64_t offset, bool write)
{
    static const char *const NAMES[BM_PORTS] = {"BMIC",   NULL,     "BMIS",   NULL,
                                                "BMIDTP", "BMIDTP", "BMIDTP", "BMIDTP"};
    (void)state;
    (void)write;
    return NAMES[offset % BM_PORTS];
}

/* The guest may have let the function be a bus master. */
static void piix3_ide_registers_changed(void *state)
{
    Piix3Ide *s = state;
    for (unsigned i = 0; i < CHANNELS; i++) {
        ata_dma_go(&s->channel[i]);
    }
}

/* ---- the drives ---- */

static void piix3_ide_done(void *state, unsigned port, uint64_t tag, bool ok)
{
    (void)tag;
    ata_done(&((Piix3Ide *)state)->channel[port / DRIVES], port % DRIVES, ok);
}

static AtaDrive *drive_at(void *state, unsigned port)
{
    return &((Piix3Ide *)state)->channel[port / DRIVES].drives[port % DRIVES];
}

static bool piix3_ide_removable(const void *state, unsigned port)
{
    return ata_is_cdrom(drive_at((void *)state, port));
}

static void piix3_ide_medium_changed(void *state, unsigned port)
{
    ata_medium_changed(&((Piix3Ide *)state)->channel[port / DRIVES], port % DRIVES);
}

static bool piix3_ide_eject_asked(void *state, unsigned port)
{
    return atapi_eject_asked(drive_at(state, port));
}

/* ---- the function as a whole ---- */

static bool piix3_ide_realize(void *state, char *error, size_t size)
{
    Piix3Ide *s = state;
    bool ok = true;
    for (unsigned i = 0; i < CHANNELS && ok; i++) {
        s->channel[i].dev = s->dev;
        s->channel[i].master = &s->master[i];
        s->channel[i].power_on_attention = s->power_on_attention;
        ok = ata_realize(&s->channel[i], error, size);
    }
    return ok;
}

static void piix3_ide_reset(void *state)
{
    Piix3Ide *s = state;
    for (unsigned i = 0; i < CHANNELS; i++) {
        ata_master_reset(&s->master[i]);
        ata_reset(&s->channel[i]);
    }
}

static bool piix3_ide_post_load(void *state)
{
    Piix3Ide *s = state;
    bool ok = true;
    for (unsigned i = 0; i < CHANNELS; i++) {
        ok = ok && ata_master_is_possible(&s->master[i]) && ata_post_load(&s->channel[i]);
    }
    return ok;
}

static void piix3_ide_describe(const void *state, char *text, size_t size)
{
    const Piix3Ide *s = state;
    size_t used = 0;
    for (unsigned i = 0; i < CHANNELS && used < size; i++) {
        const AtaMaster *m = &s->master[i];
        int length = snprintf(text + used, size - used,
                              "%schannel %u: master command=%02x status=%02x table=%08x, ",
                              i ? "; " : "", i, m->command, m->status, m->table);
        used += length > 0 ? (size_t)length : 0;
        if (used < size) {
            ata_describe(&s->channel[i], text + used, size - used);
            used += strlen(text + used);
        }
    }
}

/* ---- the class ---- */

static const IoOps COMMAND_OPS = {.read = ata_read,
                                  .write = ata_write,
                                  .max_size = 4,
                                  .read_block = ata_read_block,
                                  .write_block = ata_write_block};
static const IoOps CONTROL_OPS = {
    .read = ata_read_control, .write = ata_write_control, .max_size = 1};
static const IoOps MASTER_OPS = {.read = master_read, .write = master_write, .max_size = 4};

#define CHANNEL_REGIONS(n)                                                                         \
    {DEVICE_PORTS("command" #n, ATA_PORTS, &COMMAND_OPS, "iobase" #n),                             \
     .register_name = ata_register_name, .state_offset = offsetof(Piix3Ide, channel[n])},          \
    {                                                                                              \
        DEVICE_PORTS("control" #n, 1, &CONTROL_OPS, "control-port" #n),                            \
            .register_name = ata_control_name, .state_offset = offsetof(Piix3Ide, channel[n])      \
    }

#define CHANNEL_PROPERTIES(n)                                                                      \
    DEVICE_PORT(Piix3Ide, channel[n].iobase, "iobase" #n, "first of a channel's eight ports"),     \
        DEVICE_PORT(Piix3Ide, channel[n].control_port, "control-port" #n,                          \
                    "its device control and alternate status"),                                    \
        DEVICE_IRQ(Piix3Ide, channel[n].irq, "irq" #n, "its interrupt line")

#define DRIVE(name, c, d)                                                                          \
    DEVICE_PROPERTY(Piix3Ide, channel[c].drives[d].port, name, PROPERTY_DRIVE, NULL,               \
                    "a drive; two for each channel")

#define CHANNEL_FIELDS(n)                                                                          \
    DEVICE_FIELD(Piix3Ide, channel[n].device), DEVICE_FIELD(Piix3Ide, channel[n].control),         \
        ATA_DRIVE_FIELDS(Piix3Ide, channel[n].drives[0]),                                          \
        ATA_DRIVE_FIELDS(Piix3Ide, channel[n].drives[1]), ATA_MASTER_FIELDS(Piix3Ide, master[n])

static const BlockClient BLOCK_CLIENT = {
    .done = piix3_ide_done,
    .removable = piix3_ide_removable,
    .medium_changed = piix3_ide_medium_changed,
    .eject_asked = piix3_ide_eject_asked,
};

static const PciBar BARS[] = {{.number = BAR, .ports = true, .size = MASTERS}, PCI_BAR_END};

static const PciRegister REGISTERS[] = {
    {PIIX3_IDETIM0, 0x00, 0xff},
    {PIIX3_IDETIM0 + 1, 0x00, 0xf3},
    {PIIX3_IDETIM1, 0x00, 0xff},
    {PIIX3_IDETIM1 + 1, 0x00, 0xf3},
    PCI_REGISTER_END,
};

static const PciIdentity IDENTITY = {
    .struct_size = sizeof(PciIdentity),
    .vendor = 0x8086,
    .device = 0x7010,
    .class_code = 0x010100 | INTERFACE,
    .bus_master = true,
    .bars = BARS,
    .registers = REGISTERS,
    .registers_changed = piix3_ide_registers_changed,
};

extern const DeviceClass piix3_ide_class;
const DeviceClass piix3_ide_class = {
    .head = DEVICE_CLASS_HEAD("piix3-ide", Piix3Ide),
    .description = "IDE function of the PCI to ISA bridge 82371SB",
    .properties = DEVICE_PROPERTIES(
        CHANNEL_PROPERTIES(0), CHANNEL_PROPERTIES(1), DRIVE("drive0", 0, 0), DRIVE("drive1", 0, 1),
        DRIVE("drive2", 1, 0), DRIVE("drive3", 1, 1),
        DEVICE_PROPERTY(Piix3Ide, power_on_attention, "power-on-attention", PROPERTY_BOOL, "on",
                        "off: a firmware has seen the CD-ROM drives' unit attention")),
    .regions = DEVICE_REGIONS(CHANNEL_REGIONS(0), CHANNEL_REGIONS(1),
                              {.name = "master",
                               .space = IO_PORTS,
                               .size = MASTERS,
                               .ops = &MASTER_OPS,
                               .bar = 1 + BAR,
                               .register_name = master_name}),
    .block_client = &BLOCK_CLIENT,
    .realize = piix3_ide_realize,
    .reset = piix3_ide_reset,
    .fields = DEVICE_FIELDS(CHANNEL_FIELDS(0), CHANNEL_FIELDS(1)),
    .state_version = 2,
    .post_load = piix3_ide_post_load,
    .describe = piix3_ide_describe,
    .pci = &IDENTITY,
};
