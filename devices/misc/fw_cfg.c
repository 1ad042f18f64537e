/*
 * QEMU's firmware configuration device (fw_cfg).  It gives a firmware what it must
 * know of the machine, as numbered items that are read byte by byte or by DMA.
 *
 * After QEMU's docs/specs/fw_cfg.  Modelled: selector and data port, the DMA
 * interface with read, skip, select and write, the file directory.  Not modelled:
 * items that a guest can write to; there are none.
 *
 * A write to the selector chooses an item and sets the offset to 0.  Each read of
 * the data port returns the byte at the offset and advances it.  A write of a
 * descriptor's address to the DMA register does the same for many bytes.
 */
#include "devices/misc/fw_cfg_regs.h"

#include "devices/device.h"

#include <stdio.h>
#include <string.h>

#define CHUNK 4096u
#define PIECE 65536u /* the bytes of a DMA transfer that are moved at a time */
/* The same as for REP MOVS on the software CPU. */
#define BYTES_PER_INSTRUCTION 64u
#define KEY_MASK              (0xffffu & ~(unsigned)FW_CFG_WRITE_CHANNEL)

static const uint8_t SIGNATURE[] = {'Q', 'E', 'M', 'U'};
/* The value that a read of the DMA register returns. */
static const uint8_t DMA_SIGNATURE[FW_CFG_DMA_PORTS] = {'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G'};

typedef struct FwCfg {
    Device *dev;
    uint16_t key;    /* the selected item */
    uint32_t offset; /* of the item's next byte; at most the item's size */

    uint32_t dma_high; /* the upper half of the descriptor's address; a transfer clears it */

    /* The transfer in progress, while `dma_left` is not 0. */
    uint64_t dma_descriptor, dma_to;
    uint32_t dma_left;

    uint16_t iobase, dma_iobase;
    bool dma;
    uint8_t id[4];
    const DataTable *items; /* NULL: only the built-in items */
} FwCfg;

/* ---- items ---- */

static const DataItem *find_item(const FwCfg *s, unsigned key)
{
    for (size_t i = 0; s->items && i < s->items->count; i++) {
        if (s->items->items[i].key == key) {
            return &s->items->items[i];
        }
    }
    return NULL;
}

static uint32_t file_count(const FwCfg *s)
{
    uint32_t count = 0;
    for (size_t i = 0; s->items && i < s->items->count; i++) {
        count += s->items->items[i].name != NULL;
    }
    return count;
}

static uint32_t item_size(const FwCfg *s)
{
    switch (s->key) {
    case FW_CFG_SIGNATURE:
        return sizeof(SIGNATURE);
    case FW_CFG_ID:
        return sizeof(s->id);
    case FW_CFG_FILE_DIR:
        return FW_CFG_DIR_COUNT_SIZE + file_count(s) * FW_CFG_DIR_ENTRY_SIZE;
    default: {
        const DataItem *item = find_item(s, s->key);
        return item ? item->size : 0;
    }
    }
}

static uint32_t bytes_left(const FwCfg *s)
{
    return item_size(s) - s->offset;
}

static void put_be32(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static uint32_t get_be32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void fill_entry(uint8_t *entry, const DataItem *item)
{
    memset(entry, 0, FW_CFG_DIR_ENTRY_SIZE);
    put_be32(entry, item->size);
    entry[FW_CFG_DIR_KEY] = (uint8_t)(item->key >> 8);
    entry[FW_CFG_DIR_KEY + 1] = (uint8_t)item->key;
    memcpy(entry + FW_CFG_DIR_NAME, item->name, strnlen(item->name, FW_CFG_NAME_SIZE - 1));
}

/* The file with this number, which must exist. */
static const DataItem *find_file(const FwCfg *s, uint32_t number)
{
    const DataItem *item = s->items->items;
    while (!item->name || number--) {
        item++;
    }
    return item;
}

/*
 * Copies the directory from s->offset.  It looks up each entry only once, because a
 * look-up takes time in proportion to the number of files.
 */
static void copy_directory(const FwCfg *s, uint8_t *to, uint32_t size)
{
    uint8_t entry[FW_CFG_DIR_ENTRY_SIZE];
    uint32_t offset = s->offset;
    while (size) {
        uint32_t length = FW_CFG_DIR_COUNT_SIZE, at = offset;
        if (offset < FW_CFG_DIR_COUNT_SIZE) {
            put_be32(entry, file_count(s));
        } else {
            uint32_t number = (offset - FW_CFG_DIR_COUNT_SIZE) / FW_CFG_DIR_ENTRY_SIZE;
            fill_entry(entry, find_file(s, number));
            length = FW_CFG_DIR_ENTRY_SIZE;
            at = (offset - FW_CFG_DIR_COUNT_SIZE) % FW_CFG_DIR_ENTRY_SIZE;
        }
        uint32_t part = length - at < size ? length - at : size;
        memcpy(to, entry + at, part);
        to += part;
        offset += part;
        size -= part;
    }
}

/* Copies the next `size` bytes of the item, which must have them. */
static void copy_bytes(const FwCfg *s, uint8_t *to, uint32_t size)
{
    switch (s->key) {
    case FW_CFG_SIGNATURE:
        memcpy(to, SIGNATURE + s->offset, size);
        break;
    case FW_CFG_ID:
        memcpy(to, s->id + s->offset, size);
        break;
    case FW_CFG_FILE_DIR:
        copy_directory(s, to, size);
        break;
    default:
        memcpy(to, find_item(s, s->key)->data + s->offset, size);
    }
}

static void select_item(FwCfg *s, unsigned key)
{
    s->key = (uint16_t)(key & KEY_MASK);
    s->offset = 0;
}

/* "If there is no more data, 0 is read." */
static void take_bytes(FwCfg *s, uint8_t *to, uint32_t size)
{
    uint32_t there = bytes_left(s) < size ? bytes_left(s) : size;
    if (there) {
        copy_bytes(s, to, there);
    }
    memset(to + there, 0, size - there);
    s->offset += there;
}

/* ---- DMA ---- */

static void dma_skip(FwCfg *s, uint32_t length)
{
    s->offset += length < bytes_left(s) ? length : bytes_left(s);
}

/* Ends the transfer.  The guest may poll the control field, so it is written last. */
static void dma_finish(FwCfg *s, bool ok)
{
    uint8_t control[4];
    put_be32(control, ok ? 0 : FW_CFG_DMA_CTL_ERROR);
    s->dma_left = 0;
    pio_memory_write(s->dev, s->dma_descriptor + FW_CFG_DMA_CONTROL, control, sizeof(control));
}

/* Starts what the descriptor asks for.  A transfer to memory is carried out by fw_cfg_go_on(). */
static void dma_carry_out(FwCfg *s, const uint8_t *descriptor)
{
    uint32_t control = get_be32(descriptor + FW_CFG_DMA_CONTROL);
    uint32_t length = get_be32(descriptor + FW_CFG_DMA_LENGTH);
    if (control & FW_CFG_DMA_CTL_SELECT) {
        select_item(s, control >> FW_CFG_DMA_CTL_KEY_SHIFT);
    }
    if (control & FW_CFG_DMA_CTL_READ && length) {
        s->dma_to = (uint64_t)get_be32(descriptor + FW_CFG_DMA_ADDRESS) << 32 |
                    get_be32(descriptor + FW_CFG_DMA_ADDRESS + 4);
        s->dma_left = length;
        return;
    }
    bool reads = control & FW_CFG_DMA_CTL_READ, writes = control & FW_CFG_DMA_CTL_WRITE;
    if (!reads && !writes && control & FW_CFG_DMA_CTL_SKIP) {
        dma_skip(s, length);
    }
    dma_finish(s, reads || !writes || length == 0);
}

/* If the descriptor is not in RAM, there is no control field to report the error in. */
static void dma_start(FwCfg *s, uint64_t address)
{
    uint8_t descriptor[FW_CFG_DMA_DESCRIPTOR_SIZE];
    s->dma_high = 0;
    if (s->dma_left) {
        pio_guest_error(s->dev, "transfer under way",
                        "DMA descriptor at 0x%llx: another transfer is under way",
                        (unsigned long long)address);
        return;
    }
    if (!pio_memory_read(s->dev, address, descriptor, sizeof(descriptor))) {
        pio_guest_error(s->dev, "descriptor outside memory",
                        "DMA descriptor at 0x%llx is not in memory", (unsigned long long)address);
        return;
    }
    s->dma_descriptor = address;
    dma_carry_out(s, descriptor);
}

static bool fw_cfg_unfinished(const void *state)
{
    const FwCfg *s = state;
    return s->dma_left != 0;
}

/*
 * Copies a piece to guest memory, with zeros after the end of the item.  Memory
 * that is not RAM ends the transfer with an error.
 */
static unsigned fw_cfg_go_on(void *state)
{
    FwCfg *s = state;
    uint8_t chunk[CHUNK];
    unsigned work = 0;
    bool ok = true;
    for (uint32_t done = 0; ok && s->dma_left && done < PIECE; done += CHUNK) {
        uint32_t size = s->dma_left < CHUNK ? s->dma_left : CHUNK;
        take_bytes(s, chunk, size);
        ok = pio_memory_write(s->dev, s->dma_to, chunk, size);
        s->dma_to += size;
        s->dma_left -= size;
        work += size / BYTES_PER_INSTRUCTION + 1;
        if (!ok || !s->dma_left) {
            dma_finish(s, ok);
        }
    }
    return work;
}

/* ---- ports ---- */

/* Both ports read as the data port.  A 16-bit read returns 0. */
static uint64_t fw_cfg_read(void *state, uint64_t offset, unsigned size)
{
    uint8_t byte = 0;
    (void)offset;
    take_bytes(state, &byte, size == 1);
    return byte;
}

/* Only a write of 16 bits selects an item.  The data port cannot be written. */
static void fw_cfg_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    if (offset == FW_CFG_SELECTOR) {
        select_item(state, (unsigned)value);
    }
}

static void fw_cfg_read_block(void *state, uint64_t offset, void *items, size_t count,
                              unsigned size)
{
    uint8_t *to = items;
    size_t left = size == 1 ? count : 0;
    (void)offset;
    memset(items, 0, count * size);
    while (left) {
        uint32_t part = left < CHUNK ? (uint32_t)left : CHUNK;
        take_bytes(state, to, part);
        to += part;
        left -= part;
    }
}

static uint64_t dma_register_read(void *state, uint64_t offset, unsigned size)
{
    const FwCfg *s = state;
    uint64_t value = 0;
    for (unsigned i = 0; i < size && offset + i < FW_CFG_DMA_PORTS; i++) {
        value |= (uint64_t)DMA_SIGNATURE[offset + i] << (8 * i);
    }
    return s->dma ? value : UINT64_MAX;
}

/* A write of the lower half starts the transfer. */
static void dma_register_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    FwCfg *s = state;
    uint32_t half = __builtin_bswap32((uint32_t)value);
    (void)size;
    if (!s->dma) {
        return;
    }
    if (offset == 0) {
        s->dma_high = half;
    } else {
        dma_start(s, (uint64_t)s->dma_high << 32 | half);
    }
}

static const char *fw_cfg_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    return offset == FW_CFG_SELECTOR && write ? "SELECTOR" : "DATA";
}

static const char *dma_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state, (void)write;
    return offset < FW_CFG_DMA_LOW - FW_CFG_DMA ? "DMA_HIGH" : "DMA_LOW";
}

/* ---- description, reset and state ---- */

static void fw_cfg_describe(const void *state, char *text, size_t size)
{
    const FwCfg *s = state;
    const DataItem *item = find_item(s, s->key);
    snprintf(text, size, "item 0x%04x%s%s, byte %u of %u", s->key, item && item->name ? " " : "",
             item && item->name ? item->name : "", s->offset, item_size(s));
}

static bool fw_cfg_realize(void *state, char *error, size_t size)
{
    FwCfg *s = state;
    (void)error, (void)size;
    s->id[0] = FW_CFG_ID_TRADITIONAL | (s->dma ? FW_CFG_ID_DMA : 0);
    return true;
}

static void fw_cfg_reset(void *state)
{
    FwCfg *s = state;
    select_item(s, FW_CFG_SIGNATURE);
    s->dma_high = 0;
    s->dma_left = 0;
}

static bool fw_cfg_post_load(void *state)
{
    const FwCfg *s = state;
    return !(s->key & ~KEY_MASK) && s->offset <= item_size(s);
}

static const DeviceField fw_cfg_fields[] = {
    DEVICE_FIELD(FwCfg, key),
    DEVICE_FIELD(FwCfg, offset),
    DEVICE_FIELD(FwCfg, dma_high),
    DEVICE_FIELD(FwCfg, dma_descriptor),
    DEVICE_FIELD(FwCfg, dma_to),
    DEVICE_FIELD(FwCfg, dma_left),
    DEVICE_FIELD_END,
};

/* ---- the class ---- */

static const IoOps fw_cfg_ops = {
    .read = fw_cfg_read,
    .write = fw_cfg_write,
    .max_size = 2,
    .read_block = fw_cfg_read_block,
    .min_write = 2,
    .wider = IO_WIDER_IS_IGNORED,
};

static const IoOps dma_ops = {
    .read = dma_register_read,
    .write = dma_register_write,
    .max_size = 4,
    .min_write = 4,
    .unfinished = fw_cfg_unfinished,
    .go_on = fw_cfg_go_on,
};

static const DeviceRegion fw_cfg_regions[] = {
    {.name = "ports",
     .space = IO_PORTS,
     .size = FW_CFG_PORTS,
     .ops = &fw_cfg_ops,
     .base_property = "iobase",
     .register_name = fw_cfg_register_name},
    {.name = "dma",
     .space = IO_PORTS,
     .size = FW_CFG_DMA_PORTS,
     .ops = &dma_ops,
     .base_property = "dma-iobase",
     .register_name = dma_register_name},
    DEVICE_REGION_END,
};

static const DeviceProperty fw_cfg_properties[] = {
    DEVICE_PORT(FwCfg, iobase, "iobase", "selector and data port"),
    DEVICE_PORT(FwCfg, dma_iobase, "dma-iobase", "the eight ports of the DMA register"),
    DEVICE_PROPERTY(FwCfg, dma, "dma", PROPERTY_BOOL, "on", "whether there is a DMA register"),
    DEVICE_PROPERTY(FwCfg, items, "items", PROPERTY_DATA, "fw_cfg", "the table of items"),
    DEVICE_PROPERTY_END,
};

extern const DeviceClass fw_cfg_class;
const DeviceClass fw_cfg_class = {
    .head = DEVICE_CLASS_HEAD("fw_cfg", FwCfg),
    .description = "QEMU's firmware configuration device",
    .properties = fw_cfg_properties,
    .regions = fw_cfg_regions,
    .realize = fw_cfg_realize,
    .reset = fw_cfg_reset,
    .fields = fw_cfg_fields,
    .post_load = fw_cfg_post_load,
    .describe = fw_cfg_describe,
};
