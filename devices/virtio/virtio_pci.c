/*
 * The registers of virtio over PCI; see the header.  Numbers in brackets are
 * sections of VIRTIO 1.2.
 *
 * DEVIATION: there are no MSI-X vectors, so a driver uses INTx.  The capability by
 * which a firmware reaches the registers through configuration space [4.1.4.9] is
 * there but reads as zero.
 */
#include "devices/virtio/virtio.h"

#include <string.h>

/* The parts of the range behind the base address register. */
#define COMMON_AT   0x0000u
#define ISR_AT      0x1000u
#define DEVICE_AT   0x2000u
#define NOTIFY_AT   0x3000u
#define PART_SIZE   0x1000u
#define RANGE_SIZE  0x4000u
#define NOTIFY_STEP 4u

/* Device status [2.1]. */
#define STATUS_FEATURES_OK 0x08u
#define STATUS_DRIVER_OK   0x04u
#define STATUS_NEEDS_RESET 0x40u

#define ISR_QUEUE  0x1u
#define ISR_CONFIG 0x2u

#define NO_VECTOR 0xffffu

/* The common configuration [4.1.4.3]. */
enum {
    DEVICE_FEATURE_SELECT = 0x00,
    DEVICE_FEATURE = 0x04,
    DRIVER_FEATURE_SELECT = 0x08,
    DRIVER_FEATURE = 0x0c,
    CONFIG_VECTOR = 0x10,
    QUEUE_COUNT = 0x12,
    DEVICE_STATUS = 0x14,
    CONFIG_GENERATION = 0x15,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c,
    QUEUE_NOTIFY_OFFSET = 0x1e,
    QUEUE_DESCRIPTORS = 0x20,
    QUEUE_DRIVER = 0x28,
    QUEUE_DEVICE = 0x30,
    COMMON_END = 0x38,
};

/* ---- capabilities [4.1.4] ---- */

#define CAP_VENDOR     0x09
#define CAP_COMMON     1
#define CAP_NOTIFY     2
#define CAP_ISR        3
#define CAP_DEVICE     4
#define CAP_PCI_CONFIG 5
#define BYTE(value, n) ((uint8_t)((value) >> (n)*8))
#define BYTES4(at, value)                                                                          \
    {(at), BYTE(value, 0), 0}, {(at) + 1, BYTE(value, 1), 0}, {(at) + 2, BYTE(value, 2), 0},       \
    {                                                                                              \
        (at) + 3, BYTE(value, 3), 0                                                                \
    }
#define CAPABILITY(at, next, length, kind, where, size)                                            \
    {(at), CAP_VENDOR, 0}, {(at) + 1, next, 0}, {(at) + 2, length, 0}, {(at) + 3, kind, 0},        \
        BYTES4((at) + 4, VIRTIO_BAR), BYTES4((at) + 8, where), BYTES4((at) + 12, size)

#define COMMON_CAP VIRTIO_CAPABILITIES
#define ISR_CAP    (COMMON_CAP + 16)
#define DEVICE_CAP (ISR_CAP + 16)
#define NOTIFY_CAP (DEVICE_CAP + 16)
#define CONFIG_CAP (NOTIFY_CAP + 20)

/* The window has an address that can be written, and data that are always 0. */
#define WINDOW_BYTES(at)                                                                           \
    {(at), 0, 0xff}, {(at) + 1, 0, 0xff}, {(at) + 2, 0, 0xff},                                     \
    {                                                                                              \
        (at) + 3, 0, 0xff                                                                          \
    }

const PciRegister virtio_registers[] = {
    CAPABILITY(COMMON_CAP, ISR_CAP, 16, CAP_COMMON, COMMON_AT, PART_SIZE),
    CAPABILITY(ISR_CAP, DEVICE_CAP, 16, CAP_ISR, ISR_AT, PART_SIZE),
    CAPABILITY(DEVICE_CAP, NOTIFY_CAP, 16, CAP_DEVICE, DEVICE_AT, PART_SIZE),
    CAPABILITY(NOTIFY_CAP, CONFIG_CAP, 20, CAP_NOTIFY, NOTIFY_AT, PART_SIZE),
    BYTES4(NOTIFY_CAP + 16, NOTIFY_STEP),
    {CONFIG_CAP, CAP_VENDOR, 0},
    {CONFIG_CAP + 2, 20, 0},
    {CONFIG_CAP + 3, CAP_PCI_CONFIG, 0},
    {CONFIG_CAP + 4, 0, 0xff},
    WINDOW_BYTES(CONFIG_CAP + 8),
    WINDOW_BYTES(CONFIG_CAP + 12),
    PCI_REGISTER_END,
};

const PciBar virtio_bars[] = {
    {.number = VIRTIO_BAR, .prefetch = true, .wide = true, .size = RANGE_SIZE},
    PCI_BAR_END,
};

/* ---- state ---- */

static unsigned queue_count(const Virtio *v)
{
    return v->type->queue_count(v);
}

static uint64_t offered(const Virtio *v)
{
    return v->type->features(v) | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;
}

static VirtqFeatures accepted(const Virtio *v)
{
    return (VirtqFeatures){
        .indirect = v->features & VIRTIO_F_INDIRECT_DESC,
        .event_index = v->features & VIRTIO_F_EVENT_IDX,
    };
}

static Virtqueue load_queue(const Virtio *v, unsigned i)
{
    return (Virtqueue){
        .descriptors = v->descriptors[i],
        .driver_ring = v->driver_ring[i],
        .device_ring = v->device_ring[i],
        .size = v->size[i],
        .taken = v->taken[i],
        .returned = v->returned[i],
        .told = v->told[i],
        .has_told = v->has_told[i],
    };
}

static void store_queue(Virtio *v, unsigned i, const Virtqueue *q)
{
    v->taken[i] = q->taken;
    v->returned[i] = q->returned;
    v->told[i] = q->told;
    v->has_told[i] = q->has_told;
}

static void interrupt(Virtio *v, uint8_t reason)
{
    v->interrupt_status |= reason;
    pio_irq_set(v->intx, true);
}

void virtio_reset(Virtio *v)
{
    v->device_feature_select = v->driver_feature_select = 0;
    v->features = 0;
    v->queue_select = 0;
    v->status = v->interrupt_status = v->generation = 0;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        v->enabled[i] = v->has_told[i] = 0;
        v->size[i] = v->type->queue_size;
        v->taken[i] = v->returned[i] = v->told[i] = 0;
        v->descriptors[i] = v->driver_ring[i] = v->device_ring[i] = 0;
    }
    pio_irq_set(v->intx, false);
}

bool virtio_post_load(Virtio *v)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        uint16_t size = v->size[i];
        if (!size || size > v->type->queue_size || size & (size - 1) || v->enabled[i] > 1 ||
            v->has_told[i] > 1) {
            return false;
        }
    }
    /* Before FEATURES_OK a driver may have written any. */
    if (v->status & STATUS_FEATURES_OK && v->features & ~offered(v)) {
        return false;
    }
    pio_irq_set(v->intx, v->interrupt_status);
    return true;
}

void virtio_break(Virtio *v, const char *why)
{
    pio_guest_error(v->dev, "virtqueue", "the driver has made %s; it has to reset the device", why);
    v->type->stop(v);
    v->status |= STATUS_NEEDS_RESET;
    if (v->status & STATUS_DRIVER_OK) {
        interrupt(v, ISR_CONFIG);
    }
}

bool virtio_runs(const Virtio *v)
{
    return v->status & STATUS_DRIVER_OK && !(v->status & STATUS_NEEDS_RESET);
}

bool virtio_queue_runs(const Virtio *v, unsigned queue)
{
    return virtio_runs(v) && queue < queue_count(v) && v->enabled[queue] &&
           pio_pci_is_master(v->dev);
}

/* ---- queues ---- */

bool virtio_take(Virtio *v, unsigned queue, VirtqChain *chain)
{
    Virtqueue q = load_queue(v, queue);
    const VirtqFeatures features = accepted(v);
    const char *why = NULL;
    VirtqResult result = virtq_take(v->dev, &q, &features, chain, &why);

    if (result == VIRTQ_EMPTY && virtq_wait(v->dev, &q, &features)) {
        result = virtq_take(v->dev, &q, &features, chain, &why);
    }
    store_queue(v, queue, &q);
    if (result == VIRTQ_BROKEN) {
        virtio_break(v, why);
    }
    return result == VIRTQ_CHAIN;
}

bool virtio_look_at(Virtio *v, unsigned queue, uint16_t head, VirtqChain *chain)
{
    const Virtqueue q = load_queue(v, queue);
    const VirtqFeatures features = accepted(v);
    const char *why = NULL;

    return virtq_look_at(v->dev, &q, &features, head, chain, &why) == VIRTQ_CHAIN;
}

void virtio_return(Virtio *v, unsigned queue, uint16_t head, uint32_t written)
{
    Virtqueue q = load_queue(v, queue);
    const VirtqFeatures features = accepted(v);
    bool returned = virtq_return(v->dev, &q, head, written);
    bool wanted = returned && virtq_wants_interrupt(v->dev, &q, &features);

    store_queue(v, queue, &q);
    if (!returned) {
        virtio_break(v, "a ring outside of the memory");
    } else if (wanted) {
        interrupt(v, ISR_QUEUE);
    }
}

void virtio_config_changed(Virtio *v)
{
    v->generation++;
    if (virtio_runs(v)) {
        interrupt(v, ISR_CONFIG);
    }
}

/* ---- the common configuration ---- */

static void put(uint8_t *bytes, unsigned at, uint64_t value, unsigned size)
{
    memcpy(bytes + at, &value, size);
}

static uint32_t feature_word(uint64_t features, uint32_t select)
{
    return select < 2 ? (uint32_t)(features >> select * 32) : 0;
}

static void fill_queue(const Virtio *v, uint8_t *bytes)
{
    unsigned i = v->queue_select;

    put(bytes, QUEUE_VECTOR, NO_VECTOR, 2);
    if (i >= queue_count(v)) {
        return;
    }
    put(bytes, QUEUE_SIZE, v->size[i], 2);
    put(bytes, QUEUE_ENABLE, v->enabled[i], 2);
    put(bytes, QUEUE_NOTIFY_OFFSET, i, 2);
    put(bytes, QUEUE_DESCRIPTORS, v->descriptors[i], 8);
    put(bytes, QUEUE_DRIVER, v->driver_ring[i], 8);
    put(bytes, QUEUE_DEVICE, v->device_ring[i], 8);
}

static uint64_t common_read(void *state, uint64_t offset, unsigned size)
{
    const Virtio *v = state;
    uint8_t bytes[COMMON_END + 8] = {0};
    uint64_t value = 0;

    if (offset >= COMMON_END) {
        return 0;
    }
    put(bytes, DEVICE_FEATURE_SELECT, v->device_feature_select, 4);
    put(bytes, DEVICE_FEATURE, feature_word(offered(v), v->device_feature_select), 4);
    put(bytes, DRIVER_FEATURE_SELECT, v->driver_feature_select, 4);
    put(bytes, DRIVER_FEATURE, feature_word(v->features, v->driver_feature_select), 4);
    put(bytes, CONFIG_VECTOR, NO_VECTOR, 2);
    put(bytes, QUEUE_COUNT, queue_count(v), 2);
    put(bytes, DEVICE_STATUS, v->status, 1);
    put(bytes, CONFIG_GENERATION, v->generation, 1);
    put(bytes, QUEUE_SELECT, v->queue_select, 2);
    fill_queue(v, bytes);
    memcpy(&value, bytes + offset, size);
    return value;
}

static void accept_features(Virtio *v, uint32_t value)
{
    if (v->status & STATUS_FEATURES_OK || v->driver_feature_select > 1) {
        return;
    }
    unsigned shift = v->driver_feature_select * 32;
    v->features = (v->features & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
}

/* FEATURES_OK stays clear if the device cannot do what the driver wants [3.1.1]. */
static void set_status(Virtio *v, uint8_t value)
{
    bool possible = !(v->features & ~offered(v)) && v->features & VIRTIO_F_VERSION_1;

    if (value == 0) {
        v->type->stop(v);
        virtio_reset(v);
        return;
    }
    if (!possible) {
        value &= (uint8_t)~STATUS_FEATURES_OK;
    }
    bool starts = value & STATUS_DRIVER_OK && !(v->status & STATUS_DRIVER_OK);
    v->status = value | (v->status & STATUS_NEEDS_RESET);
    for (unsigned i = 0; starts && i < queue_count(v); i++) {
        if (virtio_queue_runs(v, i)) {
            v->type->notified(v, i);
        }
    }
}

/* The half of an address that is written by 32 bits, or all of it by 64. */
static void write_address(uint64_t *address, unsigned half, uint64_t value, unsigned size)
{
    if (size == 8) {
        *address = value;
    } else {
        memcpy((uint8_t *)address + half, &value, size);
    }
}

static void write_queue(Virtio *v, unsigned offset, uint64_t value, unsigned size)
{
    unsigned i = v->queue_select;

    if (i >= queue_count(v) || v->enabled[i]) {
        return;
    }
    if (offset >= QUEUE_DEVICE) {
        write_address(&v->device_ring[i], offset - QUEUE_DEVICE, value, size);
    } else if (offset >= QUEUE_DRIVER) {
        write_address(&v->driver_ring[i], offset - QUEUE_DRIVER, value, size);
    } else if (offset >= QUEUE_DESCRIPTORS) {
        write_address(&v->descriptors[i], offset - QUEUE_DESCRIPTORS, value, size);
    } else if (offset == QUEUE_ENABLE) {
        v->enabled[i] = value == 1;
    } else if (offset == QUEUE_SIZE) {
        bool possible = value && value <= v->type->queue_size && !(value & (value - 1));
        v->size[i] = possible ? (uint16_t)value : v->size[i];
    }
}

static void common_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Virtio *v = state;

    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        v->device_feature_select = (uint32_t)value;
        break;
    case DRIVER_FEATURE_SELECT:
        v->driver_feature_select = (uint32_t)value;
        break;
    case DRIVER_FEATURE:
        accept_features(v, (uint32_t)value);
        break;
    case DEVICE_STATUS:
        set_status(v, (uint8_t)value);
        break;
    case QUEUE_SELECT:
        v->queue_select = (uint16_t)value;
        break;
    default:
        if (offset >= QUEUE_SIZE && offset + size <= COMMON_END) {
            write_queue(v, (unsigned)offset, value, size);
        }
        break;
    }
}

/* ---- the other parts ---- */

/* A read clears it and the interrupt [4.1.4.5]. */
static uint64_t isr_read(void *state, uint64_t offset, unsigned size)
{
    Virtio *v = state;
    uint8_t value = v->interrupt_status;

    (void)size;
    if (offset) {
        return 0;
    }
    v->interrupt_status = 0;
    pio_irq_set(v->intx, false);
    return value;
}

static uint64_t device_read(void *state, uint64_t offset, unsigned size)
{
    const Virtio *v = state;
    uint8_t bytes[64 + 8] = {0};
    unsigned count = v->type->config(v, bytes);
    uint64_t value = 0;

    if (offset < count) {
        memcpy(&value, bytes + offset, size);
    }
    return value;
}

static void device_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Virtio *v = state;

    for (unsigned i = 0; v->type->config_written && i < size; i++) {
        v->type->config_written(v, (unsigned)offset + i, (uint8_t)(value >> i * 8));
    }
}

static void notify_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Virtio *v = state;
    unsigned queue = (unsigned)(offset / NOTIFY_STEP);

    (void)value;
    (void)size;
    if (virtio_queue_runs(v, queue)) {
        v->type->notified(v, queue);
    }
}

static const IoOps COMMON = {.read = common_read, .write = common_write, .max_size = 8};
static const IoOps ISR = {.read = isr_read, .max_size = 4};
static const IoOps CONFIGURATION = {.read = device_read, .write = device_write, .max_size = 8};
static const IoOps NOTIFY = {.write = notify_write, .max_size = 4};

#define PART(range_name, operations, where)                                                        \
    {                                                                                              \
        .name = range_name, .space = IO_MEMORY, .size = PART_SIZE, .ops = &operations,             \
        .bar = 1 + VIRTIO_BAR, .bar_offset = where                                                 \
    }

const DeviceRegion virtio_regions[] = {
    PART("common", COMMON, COMMON_AT),
    PART("isr", ISR, ISR_AT),
    PART("device", CONFIGURATION, DEVICE_AT),
    PART("notify", NOTIFY, NOTIFY_AT),
    DEVICE_REGION_END,
};

const DeviceOutput virtio_outputs[] = {
    DEVICE_OUTPUT(Virtio, intx, "intx"),
    DEVICE_OUTPUT_END,
};
