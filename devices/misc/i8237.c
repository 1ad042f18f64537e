/*
 * The two 8237A DMA controllers of a PC/AT and their page registers.
 *
 * After Intel's data sheet "8237A High Performance Programmable DMA Controller"
 * (231466), wired as in the PC/AT: channels 0 to 3 move bytes, 5 to 7 words, and
 * channel 4 cascades the first controller.  Modelled: all registers, software
 * requests, memory-to-memory transfers, and the wrap of a channel's address at 64
 * KiB (128 KiB for words).
 *
 * Each transfer of a channel moves one byte or word, steps its address and
 * decrements its count:
 *
 *     memory address = page * 64 KiB + address          (channels 0 to 3)
 *                      page[7:1] * 128 KiB + address * 2 (channels 5 to 7)
 *     transfers      = count + 1
 *
 * When the count goes from 0 to FFFFh, the channel reaches its terminal count (TC):
 * a status bit is set, and the channel is either masked or loaded again from its
 * base registers.
 *
 * DEVIATION: a device's transfer takes no time, so the timing and priority bits of
 * the command register have no effect.
 * DEVIATION: memory-to-memory transfers use the page registers of channels 0 and 1.
 * The AT has no DACK in these cycles, and hence no page.
 */
#include "devices/misc/i8237_regs.h"

#include "devices/device.h"

#include <stdio.h>
#include <string.h>

#define CHANNELS    8u
#define CASCADE     4u /* the channel that carries the first controller's requests */
#define PAGE_COUNT  15u
#define ADDRESS_MAX 0xffffu
#define CHUNK       256u
#define PIECE       2048u /* transfers of a software request that are done at a time */

typedef struct DmaController {
    uint8_t command;
    uint8_t ended;    /* the TC bits of the status register */
    uint8_t software; /* the request register; TC clears a bit */
    uint8_t hardware; /* the DREQ pins, driven by the devices */
    uint8_t mask;
    uint8_t temporary; /* the last byte of a memory-to-memory transfer */
    bool high;         /* the state of the flip-flop: the next access is to the high byte */
} DmaController;

typedef struct I8237 {
    Device *dev;
    DmaController controllers[2];
    uint16_t base_address[CHANNELS], base_count[CHANNELS]; /* the guest can write but not read
                                                              them */
    uint16_t address[CHANNELS], count[CHANNELS];
    uint8_t mode[CHANNELS];
    uint8_t pages[PAGE_COUNT]; /* 0x81 to 0x8f */

    uint16_t words_base, pages_base;
} I8237;

/* ---- channels ---- */

static DmaController *controller_of(I8237 *s, unsigned channel)
{
    return &s->controllers[channel / 4];
}

static bool moves_words(unsigned channel)
{
    return channel >= CASCADE;
}

static uint8_t page_of(const I8237 *s, unsigned channel)
{
    static const uint8_t PAGES[CHANNELS] = {DMA_PAGE_0,       DMA_PAGE_1, DMA_PAGE_2, DMA_PAGE_3,
                                            DMA_PAGE_REFRESH, DMA_PAGE_5, DMA_PAGE_6, DMA_PAGE_7};
    return s->pages[PAGES[channel] - DMA_PORT_PAGES];
}

/* For words the address register drives A1 to A16, and bit 0 of the page is not used. */
static uint64_t memory_address(const I8237 *s, unsigned channel)
{
    uint64_t page = page_of(s, channel);
    return moves_words(channel) ? (page & 0xfe) << 16 | (uint64_t)s->address[channel] << 1
                                : page << 16 | s->address[channel];
}

static bool enabled(const DmaController *c, unsigned line)
{
    return !(c->command & (DMA_CMD_DISABLE | DMA_CMD_DREQ_LOW)) && !(c->mask & 1u << line);
}

/* The first controller's requests pass through channel 4 of the second controller. */
static bool reaches_bus(const I8237 *s, unsigned channel)
{
    return moves_words(channel) || (enabled(&s->controllers[1], 0) &&
                                    (s->mode[CASCADE] & DMA_MODE_SELECT) == DMA_MODE_CASCADE);
}

static bool serves(I8237 *s, unsigned channel)
{
    return enabled(controller_of(s, channel), channel % 4) && reaches_bus(s, channel) &&
           (s->mode[channel] & DMA_MODE_SELECT) != DMA_MODE_CASCADE;
}

static uint8_t status(const DmaController *c)
{
    return (uint8_t)((c->hardware | c->software) << 4 | c->ended);
}

/* ---- transfers ---- */

static void load_base(I8237 *s, unsigned channel)
{
    s->address[channel] = s->base_address[channel];
    s->count[channel] = s->base_count[channel];
}

/* The channel has reached its terminal count. */
static void end_channel(I8237 *s, unsigned channel)
{
    DmaController *c = controller_of(s, channel);
    uint8_t bit = (uint8_t)(1u << channel % 4);
    c->ended |= bit;
    c->software &= (uint8_t)~bit;
    if (s->mode[channel] & DMA_MODE_AUTO) {
        load_base(s, channel);
    } else {
        c->mask |= bit;
    }
}

static void step_address(I8237 *s, unsigned channel, uint32_t units)
{
    uint32_t address = s->address[channel];
    bool down = s->mode[channel] & DMA_MODE_DOWN;
    s->address[channel] = (uint16_t)(down ? address - units : address + units);
}

/* Accounts for `units` transfers.  Returns true if the channel has reached its terminal count. */
static bool step_channel(I8237 *s, unsigned channel, uint32_t units)
{
    bool ended = units > s->count[channel];
    step_address(s, channel, units);
    s->count[channel] = (uint16_t)(s->count[channel] - units);
    if (ended) {
        end_channel(s, channel);
    }
    return ended;
}

/* Addresses without memory read as all ones. */
static void read_memory(I8237 *s, uint64_t address, uint8_t *data, uint32_t size)
{
    if (pio_memory_read(s->dev, address, data, size)) {
        return;
    }
    for (uint32_t i = 0; i < size; i++) {
        if (!pio_memory_read(s->dev, address + i, data + i, 1)) {
            data[i] = 0xff;
        }
    }
}

static void write_memory(I8237 *s, uint64_t address, const uint8_t *data, uint32_t size)
{
    if (pio_memory_write(s->dev, address, data, size)) {
        return;
    }
    for (uint32_t i = 0; i < size; i++) {
        (void)pio_memory_write(s->dev, address + i, data + i, 1);
    }
}

/*
 * How many transfers can be done as one block: the addresses must rise without a
 * wrap, and the block ends with the count.
 */
static uint32_t run_length(const I8237 *s, unsigned channel, size_t units)
{
    uint32_t run = s->count[channel] + 1u;
    uint32_t around = ADDRESS_MAX + 1u - s->address[channel];
    run = run < around ? run : around;
    run = units < run ? (uint32_t)units : run;
    return run && s->mode[channel] & DMA_MODE_DOWN ? 1 : run;
}

static void move(I8237 *s, unsigned channel, const uint8_t *from, uint8_t *to, uint32_t size)
{
    uint8_t type = s->mode[channel] & DMA_MODE_TYPE;
    if (type == DMA_MODE_VERIFY && to) {
        memset(to, 0, size);
    } else if (type == DMA_MODE_WRITE) {
        write_memory(s, memory_address(s, channel), from, size);
    } else if (type == DMA_MODE_READ) {
        read_memory(s, memory_address(s, channel), to, size);
    }
}

/*
 * True if the channel is programmed for this direction.  "Verify transfers are
 * pseudo transfers": they access neither memory nor the device.
 */
static bool right_way(I8237 *s, unsigned channel, bool to_memory)
{
    uint8_t type = s->mode[channel] & DMA_MODE_TYPE;
    if (type == DMA_MODE_VERIFY || type == (to_memory ? DMA_MODE_WRITE : DMA_MODE_READ)) {
        return true;
    }
    pio_guest_error(s->dev, "direction", "channel %u, mode 0x%02x: its device moves bytes %s",
                    channel, s->mode[channel], to_memory ? "to memory" : "from memory");
    return false;
}

static size_t i8237_transfer(void *state, unsigned channel, const uint8_t *from, uint8_t *to,
                             size_t size, bool *ended)
{
    I8237 *s = state;
    unsigned width = moves_words(channel) ? 2 : 1;
    size_t done = 0;
    if (!serves(s, channel) || !right_way(s, channel, from != NULL)) {
        return 0;
    }
    while (!*ended && done + width <= size) {
        uint32_t units = run_length(s, channel, (size - done) / width);
        move(s, channel, from ? from + done : NULL, to ? to + done : NULL, units * width);
        done += units * width;
        *ended = step_channel(s, channel, units);
    }
    return done;
}

static void i8237_request(void *state, unsigned channel, bool level)
{
    I8237 *s = state;
    DmaController *c = controller_of(s, channel);
    uint8_t bit = (uint8_t)(1u << channel % 4);
    c->hardware = (uint8_t)(level ? c->hardware | bit : c->hardware & ~bit);
}

/* ---- requests by software ---- */

/* Channel 0 reads a byte, channel 1 writes it and counts. */
static bool copy_byte(I8237 *s, DmaController *c)
{
    read_memory(s, memory_address(s, 0), &c->temporary, 1);
    write_memory(s, memory_address(s, 1), &c->temporary, 1);
    if (!(c->command & DMA_CMD_HOLD)) {
        step_address(s, 0, 1);
    }
    /* "It will not set the TC bit nor generate an EOP, but will autoinitialize channel 0." */
    if (s->count[0]-- == 0 && s->mode[0] & DMA_MODE_AUTO) {
        load_base(s, 0);
    }
    return step_channel(s, 1, 1);
}

static unsigned copy_memory(I8237 *s, DmaController *c)
{
    bool ended = false;
    unsigned done = 0;
    while (!ended && done < PIECE) {
        ended = copy_byte(s, c);
        done++;
    }
    if (ended) {
        c->software = 0;
    }
    return done;
}

/*
 * A software request has no device behind it: data from the port is all ones, data
 * to the port is lost.
 */
static unsigned run_request(I8237 *s, unsigned channel)
{
    uint8_t bytes[CHUNK];
    bool ended = false;
    bool reads = (s->mode[channel] & DMA_MODE_TYPE) == DMA_MODE_READ;
    unsigned done = 0;
    while (!ended && done < PIECE) {
        memset(bytes, 0xff, sizeof(bytes));
        done += (unsigned)i8237_transfer(s, channel, reads ? NULL : bytes, reads ? bytes : NULL,
                                         sizeof(bytes), &ended);
    }
    return done;
}

static bool copies_memory(const I8237 *s, unsigned channel)
{
    return channel == 0 && s->controllers[0].command & DMA_CMD_MEMORY;
}

static bool may_request(const I8237 *s, unsigned channel)
{
    const DmaController *c = &s->controllers[channel / 4];
    uint8_t stops = DMA_CMD_DISABLE | (copies_memory(s, channel) ? 0 : DMA_CMD_DREQ_LOW);
    return c->software & 1u << channel % 4 && !(c->command & stops) && reaches_bus(s, channel) &&
           (s->mode[channel] & DMA_MODE_SELECT) == DMA_MODE_BLOCK &&
           (s->mode[channel] & DMA_MODE_TYPE) != DMA_MODE_ILLEGAL;
}

static bool i8237_unfinished(const void *state)
{
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        if (may_request(state, channel)) {
            return true;
        }
    }
    return false;
}

/*
 * Serves the first request that may run, or a part of it.  The CPU does not get the
 * bus meanwhile.  Software requests are "non-maskable", so the mask register does
 * not stop them.
 */
static unsigned i8237_go_on(void *state)
{
    I8237 *s = state;
    unsigned channel = 0, done;
    while (!may_request(s, channel)) {
        if (++channel == CHANNELS) {
            return 0;
        }
    }
    DmaController *c = controller_of(s, channel);
    if (copies_memory(s, channel)) {
        return copy_memory(s, c);
    }
    uint8_t mask = c->mask;
    c->mask &= (uint8_t) ~(1u << channel % 4);
    done = run_request(s, channel);
    c->mask |= mask;
    return done;
}

/* ---- registers ---- */

static uint8_t read_half(DmaController *c, uint16_t value)
{
    uint8_t half = (uint8_t)(c->high ? value >> 8 : value);
    c->high = !c->high;
    return half;
}

static void write_half(DmaController *c, uint16_t *base, uint16_t *current, uint8_t value)
{
    unsigned shift = c->high ? 8 : 0;
    *base = (uint16_t)((*base & ~(0xffu << shift)) | (unsigned)value << shift);
    *current = (uint16_t)((*current & ~(0xffu << shift)) | (unsigned)value << shift);
    c->high = !c->high;
}

static uint8_t read_status(DmaController *c)
{
    uint8_t value = status(c);
    c->ended = 0;
    return value;
}

/* "The same effect as a hardware reset." */
static void master_clear(DmaController *c)
{
    c->command = c->ended = c->software = c->temporary = 0;
    c->high = false;
    c->mask = 0x0f;
}

static uint8_t with_bit(uint8_t bits, uint8_t value)
{
    uint8_t bit = (uint8_t)(1u << (value & DMA_CHANNEL));
    return (uint8_t)(value & DMA_SET ? bits | bit : bits & ~bit);
}

static uint64_t read_register(I8237 *s, unsigned first, unsigned reg)
{
    DmaController *c = controller_of(s, first);
    if (reg < DMA_STATUS) {
        unsigned channel = first + reg / 2;
        return read_half(c, reg % 2 ? s->count[channel] : s->address[channel]);
    }
    switch (reg) {
    case DMA_STATUS:
        return read_status(c);
    case DMA_TEMPORARY:
        return c->temporary;
    default:
        return UINT64_MAX;
    }
}

static void write_control(I8237 *s, unsigned first, unsigned reg, uint8_t value)
{
    DmaController *c = controller_of(s, first);
    switch (reg) {
    case DMA_COMMAND:
        c->command = value;
        break;
    case DMA_REQUEST:
        c->software = with_bit(c->software, value);
        break;
    case DMA_MASK:
        c->mask = with_bit(c->mask, value);
        break;
    case DMA_MODE:
        s->mode[first + (value & DMA_MODE_CHANNEL)] = value & (uint8_t)~DMA_MODE_CHANNEL;
        break;
    case DMA_CLEAR_FLIP_FLOP:
        c->high = false;
        break;
    case DMA_MASTER_CLEAR:
        master_clear(c);
        break;
    case DMA_CLEAR_MASK:
        c->mask = 0;
        break;
    default:
        c->mask = value & 0x0f;
    }
}

static void write_register(I8237 *s, unsigned first, unsigned reg, uint8_t value)
{
    if (reg >= DMA_COMMAND) {
        write_control(s, first, reg, value);
        return;
    }
    unsigned channel = first + reg / 2;
    DmaController *c = controller_of(s, first);
    if (reg % 2) {
        write_half(c, &s->base_count[channel], &s->count[channel], value);
    } else {
        write_half(c, &s->base_address[channel], &s->address[channel], value);
    }
}

static uint64_t bytes_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return read_register(state, 0, (unsigned)offset);
}

static void bytes_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    write_register(state, 0, (unsigned)offset, (uint8_t)value);
}

/* The controller of the 16-bit channels has its A0 connected to A1 of the bus. */
static uint64_t words_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return read_register(state, CASCADE, (unsigned)offset / 2);
}

static void words_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    write_register(state, CASCADE, (unsigned)offset / 2, (uint8_t)value);
}

static uint64_t pages_read(void *state, uint64_t offset, unsigned size)
{
    const I8237 *s = state;
    (void)size;
    return s->pages[offset];
}

static void pages_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    I8237 *s = state;
    (void)size;
    s->pages[offset] = (uint8_t)value;
}

static const char *register_name(uint64_t reg, bool write)
{
    static const char *const READS[] = {"ADDR0", "COUNT0", "ADDR1",  "COUNT1", "ADDR2", "COUNT2",
                                        "ADDR3", "COUNT3", "STATUS", NULL,     NULL,    NULL,
                                        NULL,    "TEMP",   NULL,     NULL};
    static const char *const WRITES[] = {"COMMAND", "REQUEST",     "MASK",      "MODE",
                                         "CLEARFF", "MASTERCLEAR", "CLEARMASK", "ALLMASK"};
    return write && reg >= DMA_COMMAND ? WRITES[reg - DMA_COMMAND] : READS[reg];
}

static const char *bytes_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    return register_name(offset, write);
}

static const char *words_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    return register_name(offset / 2, write);
}

/* ---- the host side ---- */

static void i8237_describe(const void *state, char *text, size_t size)
{
    const I8237 *s = state;
    snprintf(text, size, "mask 0x%x/0x%x, channel 2: address 0x%06x count 0x%04x mode 0x%02x",
             s->controllers[0].mask, s->controllers[1].mask, (unsigned)memory_address(s, 2),
             s->count[2], s->mode[2]);
}

static void i8237_reset(void *state)
{
    I8237 *s = state;
    for (unsigned i = 0; i < 2; i++) {
        master_clear(&s->controllers[i]);
    }
    memset(s->base_address, 0, sizeof(s->base_address));
    memset(s->base_count, 0, sizeof(s->base_count));
    memset(s->address, 0, sizeof(s->address));
    memset(s->count, 0, sizeof(s->count));
    memset(s->mode, 0, sizeof(s->mode));
    memset(s->pages, 0, sizeof(s->pages));
}

static bool i8237_post_load(void *state)
{
    const I8237 *s = state;
    for (unsigned i = 0; i < 2; i++) {
        const DmaController *c = &s->controllers[i];
        if ((c->ended | c->software | c->mask) & 0xf0) {
            return false;
        }
    }
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (s->mode[i] & DMA_MODE_CHANNEL) {
            return false;
        }
    }
    return true;
}

#define CONTROLLER_FIELDS(i)                                                                       \
    DEVICE_FIELD(I8237, controllers[i].command), DEVICE_FIELD(I8237, controllers[i].ended),        \
        DEVICE_FIELD(I8237, controllers[i].software), DEVICE_FIELD(I8237, controllers[i].mask),    \
        DEVICE_FIELD(I8237, controllers[i].temporary),                                             \
        DEVICE_FIELD_BOOL(I8237, controllers[i].high)

static const DeviceField i8237_fields[] = {
    CONTROLLER_FIELDS(0),
    CONTROLLER_FIELDS(1),
    DEVICE_FIELD_ARRAY(I8237, base_address),
    DEVICE_FIELD_ARRAY(I8237, base_count),
    DEVICE_FIELD_ARRAY(I8237, address),
    DEVICE_FIELD_ARRAY(I8237, count),
    DEVICE_FIELD_ARRAY(I8237, mode),
    DEVICE_FIELD_ARRAY(I8237, pages),
    DEVICE_FIELD_END,
};

/* A change in one controller can let the other controller's channels run. */
static const IoOps bytes_ops = {.read = bytes_read,
                                .write = bytes_write,
                                .max_size = 1,
                                .unfinished = i8237_unfinished,
                                .go_on = i8237_go_on};
static const IoOps words_ops = {.read = words_read,
                                .write = words_write,
                                .max_size = 1,
                                .unfinished = i8237_unfinished,
                                .go_on = i8237_go_on};
static const IoOps pages_ops = {.read = pages_read, .write = pages_write, .max_size = 1};

static const DeviceRegion i8237_regions[] = {
    {
        .name = "bytes",
        .space = IO_PORTS,
        .size = 16,
        .ops = &bytes_ops,
        .register_name = bytes_register_name,
    },
    {
        .name = "words",
        .space = IO_PORTS,
        .size = 32,
        .ops = &words_ops,
        .base_property = "words-iobase",
        .register_name = words_register_name,
    },
    {
        .name = "pages",
        .space = IO_PORTS,
        .size = PAGE_COUNT,
        .ops = &pages_ops,
        .base_property = "pages-iobase",
    },
    DEVICE_REGION_END,
};

static const DeviceProperty i8237_properties[] = {
    DEVICE_PORT(I8237, words_base, "words-iobase", "first port of the controller for words"),
    DEVICE_PORT(I8237, pages_base, "pages-iobase",
                "first page register; port 0x80 is another device's"),
    DEVICE_PROPERTY_END,
};

static const DmaServer i8237_server = {
    .request = i8237_request,
    .transfer = i8237_transfer,
    .channel_count = CHANNELS,
};

extern const DeviceClass i8237_class;
const DeviceClass i8237_class = {
    .head = DEVICE_CLASS_HEAD("isa-dma", I8237),
    .description = "two 8237A DMA controllers and their page registers",
    .properties = i8237_properties,
    .regions = i8237_regions,
    .dma_server = &i8237_server,
    .reset = i8237_reset,
    .fields = i8237_fields,
    .post_load = i8237_post_load,
    .describe = i8237_describe,
};
