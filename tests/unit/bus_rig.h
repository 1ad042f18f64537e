/*
 * A bus with chips that log how they are called.
 */
#ifndef PIOEMU_TEST_BUS_RIG_H
#define PIOEMU_TEST_BUS_RIG_H

#include "src/base/error.h"
#include "src/board/bus.h"

#include <string.h>

#define PC 0x7c12u

/* A chip with plain registers that logs its accesses. */
typedef struct Chip {
    uint8_t bytes[256];
    GString *calls;
    GMutex lock;
    bool locked_when_called;
} Chip;

static inline void note_lock(Chip *chip)
{
    bool was_free = g_mutex_trylock(&chip->lock);
    if (was_free) {
        g_mutex_unlock(&chip->lock);
    }
    chip->locked_when_called = !was_free;
}

static inline uint64_t chip_read(void *state, uint64_t offset, unsigned size)
{
    Chip *chip = state;
    uint64_t value = UINT64_MAX; /* the bus must ignore the bits above `size` */
    memcpy(&value, chip->bytes + offset, size);
    g_string_append_printf(chip->calls, "r%u@%x ", size, (unsigned)offset);
    note_lock(chip);
    return value;
}

static inline void chip_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Chip *chip = state;
    memcpy(chip->bytes + offset, &value, size);
    g_string_append_printf(chip->calls, "w%u@%x=%" G_GINT64_MODIFIER "x ", size, (unsigned)offset,
                           value);
    note_lock(chip);
}

static inline void chip_read_block(void *state, uint64_t offset, void *items, size_t count,
                                   unsigned size)
{
    Chip *chip = state;
    memset(items, 0x5a, count * size);
    g_string_append_printf(chip->calls, "R%zux%u@%x ", count, size, (unsigned)offset);
}

static inline void chip_write_block(void *state, uint64_t offset, const void *items, size_t count,
                                    unsigned size)
{
    Chip *chip = state;
    g_string_append_printf(chip->calls, "W%zux%u@%x..%02x ", count, size, (unsigned)offset,
                           ((const uint8_t *)items)[count * size - 1]);
}

static const IoOps BYTE_OPS = {.read = chip_read, .write = chip_write, .max_size = 1};
static const IoOps WORD_OPS = {.read = chip_read, .write = chip_write, .max_size = 2};
static const IoOps LONG_OPS = {.read = chip_read, .write = chip_write, .max_size = 4};
static const IoOps QUAD_OPS = {.read = chip_read, .write = chip_write, .max_size = 8};
static const IoOps BLOCK_OPS = {.read = chip_read,
                                .write = chip_write,
                                .max_size = 2,
                                .read_block = chip_read_block,
                                .write_block = chip_write_block};
static const IoOps NO_OPS = {.max_size = 4};
static const IoOps ONLY_BYTES_OPS = {
    .read = chip_read, .write = chip_write, .max_size = 1, .wider = IO_WIDER_IS_IGNORED};
static const IoOps ONLY_LONGS_OPS = {.read = chip_read,
                                     .write = chip_write,
                                     .max_size = 4,
                                     .min_read = 4,
                                     .min_write = 4,
                                     .wider = IO_WIDER_IS_IGNORED};
static const IoOps WRITE_WORDS_OPS = {
    .read = chip_read, .write = chip_write, .max_size = 4, .min_write = 2};

static inline uint64_t program_counter(BusInitiator *self)
{
    (void)self;
    return PC;
}

typedef struct Fixture {
    Bus *bus;
    BusInitiator by;
    Chip chip;
} Fixture;

static inline void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->bus = bus_new(true);
    f->by.program_counter = program_counter;
    f->chip.calls = g_string_new(NULL);
    g_mutex_init(&f->chip.lock);
    for (unsigned i = 0; i < sizeof(f->chip.bytes); i++) {
        f->chip.bytes[i] = (uint8_t)(0x10 + i);
    }
}

static inline void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    bus_free(f->bus);
    g_string_free(f->chip.calls, true);
    g_mutex_clear(&f->chip.lock);
}

static inline BusClaim claim_of(Fixture *f, IoSpace space, uint64_t base, uint64_t size,
                                const IoOps *ops)
{
    return (BusClaim){.name = "chip",
                      .space = space,
                      .base = base,
                      .size = size,
                      .ops = ops,
                      .state = &f->chip,
                      .lock = &f->chip.lock};
}

static inline void claim(Fixture *f, IoSpace space, uint64_t base, uint64_t size, const IoOps *ops)
{
    BusClaim wanted = claim_of(f, space, base, size, ops);
    g_autoptr(GError) error = NULL;
    bool ok = bus_claim(f->bus, &wanted, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static inline uint32_t in(Fixture *f, uint16_t port, unsigned size)
{
    uint32_t value = 0;
    bus_port_access(f->bus, &f->by, port, false, size, &value, 1);
    return value;
}

static inline void out(Fixture *f, uint16_t port, uint32_t value, unsigned size)
{
    bus_port_access(f->bus, &f->by, port, true, size, &value, 1);
}

static inline uint64_t load(Fixture *f, uint64_t address, unsigned size)
{
    uint64_t value = 0;
    bus_memory_access(f->bus, &f->by, address, false, size, &value);
    return value;
}

static inline void store(Fixture *f, uint64_t address, uint64_t value, unsigned size)
{
    bus_memory_access(f->bus, &f->by, address, true, size, &value);
}

static inline void assert_calls(Fixture *f, const char *calls)
{
    g_assert_cmpstr(f->chip.calls->str, ==, calls);
    g_string_truncate(f->chip.calls, 0);
}

#endif
