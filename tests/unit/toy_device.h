/* A device with one of every kind of feature, and a host for it. */
#ifndef PIOEMU_TEST_TOY_DEVICE_H
#define PIOEMU_TEST_TOY_DEVICE_H

#include "src/base/error.h"
#include "src/board/irq.h"
#include "src/device/device_core.h"

#include <string.h>

enum { COLOUR_RED, COLOUR_GREEN };

typedef struct Toy {
    Device *dev;
    bool flag;
    uint8_t byte;
    uint16_t word, iobase, other_base;
    uint32_t number;
    uint64_t size;
    char *text;
    unsigned colour;
    IrqLine *irq, *wire;
    CharPort *line;
    Timer *timer;
    /* Saved state. */
    uint8_t latch;
    uint32_t table[3];
    bool on;
    uint64_t wide;
    /* Counts of the calls. */
    unsigned realizes, resets, loads;
    unsigned inputs;
    uint64_t fired_for;
} Toy;

static const char *const COLOURS[] = {"red", "green", NULL};

static const DeviceProperty PROPERTIES[] = {
    {"flag", PROPERTY_BOOL, offsetof(Toy, flag), "on", "a flag", NULL},
    {"byte", PROPERTY_UINT8, offsetof(Toy, byte), "7", "a byte", NULL},
    {"word", PROPERTY_UINT16, offsetof(Toy, word), "0x1234", "a word", NULL},
    {"number", PROPERTY_UINT32, offsetof(Toy, number), NULL, "a number", NULL},
    {"size", PROPERTY_UINT64, offsetof(Toy, size), "64K", "a size", NULL},
    {"text", PROPERTY_STRING, offsetof(Toy, text), "plain", "a text", NULL},
    {"colour", PROPERTY_CHOICE, offsetof(Toy, colour), "green", "a colour", COLOURS},
    {"irq", PROPERTY_IRQ, offsetof(Toy, irq), "5", "a line", NULL},
    {"chardev", PROPERTY_CHAR, offsetof(Toy, line), NULL, "a character line", NULL},
    {"iobase", PROPERTY_UINT16, offsetof(Toy, iobase), "0x200", "the ports", NULL},
    {"other", PROPERTY_UINT16, offsetof(Toy, other_base), NULL, "more ports", NULL},
    DEVICE_PROPERTY_END,
};

static inline uint64_t toy_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return ((Toy *)state)->latch + offset;
}

static const IoOps TOY_OPS = {.read = toy_read, .max_size = 1};

static const DeviceRegion REGIONS[] = {
    {.name = "first", .size = 4, .ops = &TOY_OPS, .base_property = "iobase", .posted = true},
    {.name = "second", .size = 2, .ops = &TOY_OPS, .base_property = "other"},
    DEVICE_REGION_END,
};

static const DeviceOutput OUTPUTS[] = {{"wire", offsetof(Toy, wire)}, DEVICE_OUTPUT_END};

static inline void toy_fire(void *state, uint64_t deadline)
{
    Toy *toy = state;
    toy->fired_for = deadline;
    g_assert_false(g_mutex_trylock(device_mutex(toy->dev)));
}

static const DeviceTimer TIMERS[] = {{"timer", offsetof(Toy, timer), toy_fire}, DEVICE_TIMER_END};

static inline bool toy_realize(void *state, char *error, size_t size)
{
    Toy *toy = state;
    toy->realizes++;
    if (toy->byte == 13) {
        g_strlcpy(error, "byte=13 brings bad luck (use 12 or 14)", size);
        return false;
    }
    return true;
}

static inline void toy_reset(void *state)
{
    Toy *toy = state;
    toy->resets++;
    toy->latch = 0x40;
    memset(toy->table, 0, sizeof(toy->table));
    toy->on = false;
    toy->wide = 0;
    pio_irq_set(toy->irq, false);
}

static inline void toy_set_pin(void *state, unsigned pin, bool level)
{
    Toy *toy = state;
    toy->inputs = toy->inputs << 4 | pin << 1 | level;
}

static inline uint8_t toy_acknowledge(void *state)
{
    return ((Toy *)state)->latch;
}

static const DeviceField FIELDS[] = {
    DEVICE_FIELD(Toy, latch),   DEVICE_FIELD_ARRAY(Toy, table),
    DEVICE_FIELD_BOOL(Toy, on), DEVICE_FIELD_SINCE(Toy, wide, 3, 0x55),
    DEVICE_FIELD_END,
};

static inline bool toy_post_load(void *state)
{
    Toy *toy = state;
    toy->loads++;
    return toy->latch != 0xee;
}

static inline void toy_describe(const void *state, char *text, size_t size)
{
    g_snprintf(text, (gulong)size, "latch=%02x", ((const Toy *)state)->latch);
}

static const DeviceClass TOY = {
    .head = DEVICE_CLASS_HEAD("toy", Toy),
    .description = "a device of every kind",
    .properties = PROPERTIES,
    .regions = REGIONS,
    .outputs = OUTPUTS,
    .timers = TIMERS,
    .realize = toy_realize,
    .reset = toy_reset,
    .set_pin = toy_set_pin,
    .input_count = 2,
    .acknowledge = toy_acknowledge,
    .fields = FIELDS,
    .state_version = 3,
    .post_load = toy_post_load,
    .describe = toy_describe,
};

/* A device without any feature. */
typedef struct Stub {
    Device *dev;
} Stub;

static const DeviceClass STUB = {
    .head = DEVICE_CLASS_HEAD("stub", Stub),
    .description = "nothing",
};

/* ---- the host ---- */

typedef struct Fixture {
    DeviceHost host;
    BusInitiator by;
    IrqLine *irq, *wire;
    unsigned irq_asked, irq_level, wire_level;
    GString *log;
    Device *dev;
    Toy *toy;
} Fixture;

static inline void level_changed(void *opaque, unsigned irq, bool level)
{
    (void)irq;
    *(unsigned *)opaque = level;
}

static inline IrqLine *give_irq(void *opaque, unsigned irq)
{
    Fixture *f = opaque;
    f->irq_asked = irq;
    return f->irq;
}

static inline CharPort *give_char(void *opaque, Device *dev, const char *id, GError **error)
{
    (void)opaque;
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: no chardev '%s'", device_id(dev),
                id);
    return NULL;
}

static inline void take_request(void *opaque, const DeviceRequest *request)
{
    Fixture *f = opaque;
    g_string_append_printf(f->log, "%u/%d ", request->kind, request->status);
}

static inline void take_error(void *opaque, const Device *dev, const char *message)
{
    Fixture *f = opaque;
    g_string_append_printf(f->log, "%s: %s; ", device_id(dev), message);
}

static inline Device *new_toy(Fixture *f, const char *id)
{
    return device_new(&TOY, id, &f->host);
}

static inline void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->irq = irq_line_new(level_changed, &f->irq_level, 0);
    f->wire = irq_line_new(level_changed, &f->wire_level, 0);
    f->log = g_string_new(NULL);
    f->host = (DeviceHost){
        .bus = bus_new(true),
        .clock = clock_new_stepped(),
        .memory = memory_new(65536, NULL),
        .opaque = f,
        .irq_line = give_irq,
        .char_port = give_char,
        .request = take_request,
        .guest_error = take_error,
    };
    f->dev = new_toy(f, "toy0");
    f->toy = device_state(f->dev);
}

static inline void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    device_free(f->dev);
    bus_free(f->host.bus);
    clock_free(f->host.clock);
    memory_free(f->host.memory);
    irq_line_free(f->irq);
    irq_line_free(f->wire);
    g_string_free(f->log, true);
}

static inline void set(Fixture *f, const char *text)
{
    g_autoptr(GError) error = NULL;
    bool ok = device_set_properties(f->dev, text, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static inline void realize(Fixture *f, const char *text)
{
    g_autoptr(GError) error = NULL;
    set(f, text);
    bool ok = device_realize(f->dev, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static inline void assert_refused(Fixture *f, const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(device_set_properties(f->dev, text, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static inline uint8_t inb(Fixture *f, uint16_t port)
{
    uint8_t value;
    bus_port_access(f->host.bus, &f->by, port, false, 1, &value, 1);
    return value;
}

#endif
