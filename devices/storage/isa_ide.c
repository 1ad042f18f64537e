/*
 * An ATA channel on the ISA bus, without a bus master: all transfers are PIO.
 */
#include "devices/storage/ata_internal.h"

static bool isa_ide_realize(void *state, char *error, size_t size)
{
    return ata_realize(state, error, size);
}

static void isa_ide_reset(void *state)
{
    ata_reset(state);
}

static bool isa_ide_post_load(void *state)
{
    return ata_post_load(state);
}

static void isa_ide_describe(const void *state, char *text, size_t size)
{
    ata_describe(state, text, size);
}

/* ---- the drives ---- */

static void isa_ide_done(void *state, unsigned port, uint64_t tag, bool ok)
{
    (void)tag;
    ata_done(state, port, ok);
}

static bool isa_ide_removable(const void *state, unsigned port)
{
    return ata_is_cdrom(&((const Ata *)state)->drives[port]);
}

static void isa_ide_medium_changed(void *state, unsigned port)
{
    ata_medium_changed(state, port);
}

static bool isa_ide_eject_asked(void *state, unsigned port)
{
    return atapi_eject_asked(&((Ata *)state)->drives[port]);
}

static const DeviceField isa_ide_fields[] = {
    DEVICE_FIELD(Ata, device),        DEVICE_FIELD(Ata, control), ATA_DRIVE_FIELDS(Ata, drives[0]),
    ATA_DRIVE_FIELDS(Ata, drives[1]), DEVICE_FIELD_END,
};

/* ---- the class ---- */

static const IoOps ata_ops = {.read = ata_read,
                              .write = ata_write,
                              .max_size = 4,
                              .read_block = ata_read_block,
                              .write_block = ata_write_block};
static const IoOps ata_control_ops = {
    .read = ata_read_control, .write = ata_write_control, .max_size = 1};

static const DeviceRegion isa_ide_regions[] = {
    {.name = "command",
     .space = IO_PORTS,
     .size = ATA_PORTS,
     .ops = &ata_ops,
     .base_property = "iobase",
     .register_name = ata_register_name},
    {.name = "control",
     .space = IO_PORTS,
     .size = 1,
     .ops = &ata_control_ops,
     .base_property = "control-port",
     .register_name = ata_control_name},
    DEVICE_REGION_END,
};

static const DeviceProperty isa_ide_properties[] = {
    DEVICE_PORT(Ata, iobase, "iobase", "first of the eight ports"),
    DEVICE_PORT(Ata, control_port, "control-port", "device control and alternate status"),
    DEVICE_IRQ(Ata, irq, "irq", "interrupt line"),
    DEVICE_PROPERTY(Ata, drives[0].port, "drive0", PROPERTY_DRIVE, NULL, "the first drive"),
    DEVICE_PROPERTY(Ata, drives[1].port, "drive1", PROPERTY_DRIVE, NULL, "the second drive"),
    DEVICE_PROPERTY(Ata, power_on_attention, "power-on-attention", PROPERTY_BOOL, "on",
                    "off: a firmware has seen the CD-ROM drives' unit attention after a reset"),
    DEVICE_PROPERTY_END,
};

static const BlockClient isa_ide_block_client = {
    .done = isa_ide_done,
    .removable = isa_ide_removable,
    .medium_changed = isa_ide_medium_changed,
    .eject_asked = isa_ide_eject_asked,
};

extern const DeviceClass isa_ide_class;
const DeviceClass isa_ide_class = {
    .head = DEVICE_CLASS_HEAD("isa-ide", Ata),
    .description = "ATA channel with two drives, PIO",
    .properties = isa_ide_properties,
    .regions = isa_ide_regions,
    .block_client = &isa_ide_block_client,
    .realize = isa_ide_realize,
    .reset = isa_ide_reset,
    .fields = isa_ide_fields,
    .state_version = 2,
    .post_load = isa_ide_post_load,
    .describe = isa_ide_describe,
};
