/*
 * QEMU's pc-testdev, which kvm-unit-tests use.  It has no data sheet;
 * docs/devices/isa-misc.md lists its ports.
 *
 * Modelled: the latch that both data ranges show, the interrupt lines, the memory.
 * DEVIATION: a write to the flush port does nothing.  In QEMU it makes KVM forget
 * where a page of the guest is, which the guest cannot observe.
 */
#include "devices/device.h"

#include <stdio.h>
#include <string.h>

#define DATA_PORTS  4u
#define LINES       16u
#define LINE_PORTS  24u /* the inputs of an I/O APIC; ISA has only the first 16 */
#define MEMORY_SIZE 0x10000u

typedef struct PcTestdev {
    Device *dev;

    /* Registers that the guest sees. */
    uint32_t data;
    uint8_t memory[MEMORY_SIZE];

    /* Hidden latches. */
    uint16_t levels; /* the levels of the lines */

    /* Collaborators. */
    IrqLine *lines[LINES];
    uint16_t data_base, flush_base, bytes_base, lines_base;
    uint64_t memory_base;
} PcTestdev;

static void testdev_update(PcTestdev *s)
{
    for (unsigned i = 0; i < LINES; i++) {
        pio_irq_set(s->lines[i], s->levels >> i & 1);
    }
}

/* ---- the latch ---- */

static uint64_t data_read(void *state, uint64_t offset, unsigned size)
{
    const PcTestdev *s = state;
    (void)size;
    return s->data >> offset * 8;
}

static void data_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    PcTestdev *s = state;
    for (unsigned i = 0; i < size && offset + i < DATA_PORTS; i++) {
        unsigned shift = (unsigned)(offset + i) * 8;
        s->data = (s->data & ~(0xffu << shift)) | (uint32_t)(value >> i * 8 & 0xff) << shift;
    }
}

/* ---- the lines ---- */

/* Any value except 0 asserts the line. */
static void lines_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    PcTestdev *s = state;
    (void)size;
    if (offset >= LINES) {
        pio_guest_error(s->dev, "line", "there is no IRQ %u", (unsigned)offset);
        return;
    }
    uint16_t bit = (uint16_t)(1u << offset);
    s->levels = (uint16_t)(value ? s->levels | bit : s->levels & ~bit);
    testdev_update(s);
}

/* ---- the memory: pages of a guest that exit ---- */

static uint64_t memory_read(void *state, uint64_t offset, unsigned size)
{
    const PcTestdev *s = state;
    uint64_t value = 0;
    for (unsigned i = 0; i < size && offset + i < MEMORY_SIZE; i++) {
        value |= (uint64_t)s->memory[offset + i] << i * 8;
    }
    return value;
}

static void memory_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    PcTestdev *s = state;
    for (unsigned i = 0; i < size && offset + i < MEMORY_SIZE; i++) {
        s->memory[offset + i] = (uint8_t)(value >> i * 8);
    }
}

/* ---- reset and saved state ---- */

static void testdev_reset(void *state)
{
    PcTestdev *s = state;
    s->data = 0;
    s->levels = 0;
    memset(s->memory, 0, sizeof(s->memory));
    testdev_update(s);
}

static bool testdev_post_load(void *state)
{
    testdev_update(state);
    return true;
}

static void testdev_describe(const void *state, char *text, size_t size)
{
    const PcTestdev *s = state;
    snprintf(text, size, "data %08x, lines %04x", s->data, s->levels);
}

static const DeviceField TESTDEV_FIELDS[] = {
    DEVICE_FIELD(PcTestdev, data),
    DEVICE_FIELD(PcTestdev, levels),
    DEVICE_FIELD_ARRAY(PcTestdev, memory),
    DEVICE_FIELD_END,
};

/* ---- the class ---- */

static const IoOps DATA_OPS = {.read = data_read, .write = data_write, .max_size = 4};
static const IoOps BYTES_OPS = {.read = data_read, .write = data_write, .max_size = 1};
static const IoOps FLUSH_OPS = {.max_size = 4};
static const IoOps LINES_OPS = {.write = lines_write, .max_size = 1};
static const IoOps MEMORY_OPS = {.read = memory_read, .write = memory_write, .max_size = 8};

static const DeviceRegion TESTDEV_REGIONS[] = {
    {.name = "data",
     .space = IO_PORTS,
     .size = DATA_PORTS,
     .ops = &DATA_OPS,
     .base_property = "data"},
    {.name = "flush",
     .space = IO_PORTS,
     .size = DATA_PORTS,
     .ops = &FLUSH_OPS,
     .base_property = "flush"},
    {.name = "bytes",
     .space = IO_PORTS,
     .size = DATA_PORTS,
     .ops = &BYTES_OPS,
     .base_property = "bytes"},
    {.name = "lines",
     .space = IO_PORTS,
     .size = LINE_PORTS,
     .ops = &LINES_OPS,
     .base_property = "lines"},
    {.name = "memory",
     .space = IO_MEMORY,
     .size = MEMORY_SIZE,
     .ops = &MEMORY_OPS,
     .base_property = "memory"},
    DEVICE_REGION_END,
};

#define LINE_PROPERTY(n) DEVICE_IRQ(PcTestdev, lines[n], "irq" #n, "line of port " #n)

static const DeviceProperty TESTDEV_PROPERTIES[] = {
    DEVICE_PORT(PcTestdev, data_base, "data", "first of four ports"),
    DEVICE_PORT(PcTestdev, flush_base, "flush", "the same, ignored"),
    DEVICE_PORT(PcTestdev, bytes_base, "bytes", "the first four again, byte by byte"),
    DEVICE_PORT(PcTestdev, lines_base, "lines", "a port for each line"),
    DEVICE_PROPERTY(PcTestdev, memory_base, "memory", PROPERTY_UINT64, NULL,
                    "first address of 64 KiB"),
    LINE_PROPERTY(0),
    LINE_PROPERTY(1),
    LINE_PROPERTY(2),
    LINE_PROPERTY(3),
    LINE_PROPERTY(4),
    LINE_PROPERTY(5),
    LINE_PROPERTY(6),
    LINE_PROPERTY(7),
    LINE_PROPERTY(8),
    LINE_PROPERTY(9),
    LINE_PROPERTY(10),
    LINE_PROPERTY(11),
    LINE_PROPERTY(12),
    LINE_PROPERTY(13),
    LINE_PROPERTY(14),
    LINE_PROPERTY(15),
    DEVICE_PROPERTY_END,
};

extern const DeviceClass pc_testdev_class;
const DeviceClass pc_testdev_class = {
    .head = DEVICE_CLASS_HEAD("pc-testdev", PcTestdev),
    .description = "what kvm-unit-tests drive: interrupt lines, a latch, memory",
    .properties = TESTDEV_PROPERTIES,
    .regions = TESTDEV_REGIONS,
    .reset = testdev_reset,
    .fields = TESTDEV_FIELDS,
    .post_load = testdev_post_load,
    .describe = testdev_describe,
};
