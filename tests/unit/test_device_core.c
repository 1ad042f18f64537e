/*
 * The engine's half of a device: properties, regions, lines, calls, saved state.
 */
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
    /* Saved. */
    uint8_t latch;
    uint32_t table[3];
    bool on;
    uint64_t wide;
    /* What was called. */
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
    {0},
};

static uint64_t toy_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return ((Toy *)state)->latch + offset;
}

static const IoOps TOY_OPS = {.read = toy_read, .max_size = 1};

static const DeviceRegion REGIONS[] = {
    {.name = "first", .size = 4, .ops = &TOY_OPS, .base_property = "iobase", .posted = true},
    {.name = "second", .size = 2, .ops = &TOY_OPS, .base_property = "other"},
    {0},
};

static const DeviceOutput OUTPUTS[] = {{"wire", offsetof(Toy, wire)}, {0}};

static void toy_fire(void *state, uint64_t deadline)
{
    Toy *toy = state;
    toy->fired_for = deadline;
    g_assert_false(g_mutex_trylock(device_mutex(toy->dev)));
}

static const DeviceTimer TIMERS[] = {{"timer", offsetof(Toy, timer), toy_fire}, {0}};

static bool toy_realize(void *state, char *error, size_t size)
{
    Toy *toy = state;
    toy->realizes++;
    if (toy->byte == 13) {
        g_strlcpy(error, "byte=13 brings bad luck (use 12 or 14)", size);
        return false;
    }
    return true;
}

static void toy_reset(void *state)
{
    Toy *toy = state;
    toy->resets++;
    toy->latch = 0x40;
    memset(toy->table, 0, sizeof(toy->table));
    toy->on = false;
    toy->wide = 0;
    irq_set(toy->irq, false);
}

static void toy_set_pin(void *state, unsigned pin, bool level)
{
    Toy *toy = state;
    toy->inputs = toy->inputs << 4 | pin << 1 | level;
}

static uint8_t toy_acknowledge(void *state)
{
    return ((Toy *)state)->latch;
}

static const DeviceField FIELDS[] = {
    DEVICE_FIELD(Toy, latch),   DEVICE_FIELD_ARRAY(Toy, table),
    DEVICE_FIELD_BOOL(Toy, on), DEVICE_FIELD_SINCE(Toy, wide, 3, 0x55),
    DEVICE_FIELD_END,
};

static bool toy_post_load(void *state)
{
    Toy *toy = state;
    toy->loads++;
    return toy->latch != 0xee;
}

static void toy_describe(const void *state, char *text, size_t size)
{
    g_snprintf(text, (gulong)size, "latch=%02x", ((const Toy *)state)->latch);
}

static const DeviceClass TOY = {
    .abi = DEVICE_ABI,
    .name = "toy",
    .description = "a device of every kind",
    .state_size = sizeof(Toy),
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

/* A device that has nothing. */
typedef struct Stub {
    Device *dev;
} Stub;

static const DeviceClass STUB = {
    .abi = DEVICE_ABI, .name = "stub", .description = "nothing", .state_size = sizeof(Stub)};

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

static void level_changed(void *opaque, unsigned irq, bool level)
{
    (void)irq;
    *(unsigned *)opaque = level;
}

static IrqLine *give_irq(void *opaque, unsigned irq)
{
    Fixture *f = opaque;
    f->irq_asked = irq;
    return f->irq;
}

static CharPort *give_char(void *opaque, Device *dev, const char *id, GError **error)
{
    (void)opaque;
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: no chardev '%s'", device_id(dev),
                id);
    return NULL;
}

static void take_request(void *opaque, DeviceRequest request, int status)
{
    Fixture *f = opaque;
    g_string_append_printf(f->log, "%u/%d ", request, status);
}

static void take_error(void *opaque, const Device *dev, const char *message)
{
    Fixture *f = opaque;
    g_string_append_printf(f->log, "%s: %s; ", device_id(dev), message);
}

static Device *new_toy(Fixture *f, const char *id)
{
    return device_new(&TOY, id, &f->host);
}

static void set_up(Fixture *f, gconstpointer data)
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

static void tear_down(Fixture *f, gconstpointer data)
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

static void set(Fixture *f, const char *text)
{
    g_autoptr(GError) error = NULL;
    bool ok = device_set_properties(f->dev, text, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static void realize(Fixture *f, const char *text)
{
    g_autoptr(GError) error = NULL;
    set(f, text);
    bool ok = device_realize(f->dev, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

static void assert_refused(Fixture *f, const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(device_set_properties(f->dev, text, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static uint8_t inb(Fixture *f, uint16_t port)
{
    uint8_t value;
    bus_port_access(f->host.bus, &f->by, port, false, 1, &value, 1);
    return value;
}

/* ---- properties ---- */

static void test_defaults_are_as_a_user_would_write_them(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_assert_true(f->toy->flag);
    g_assert_cmpuint(f->toy->byte, ==, 7);
    g_assert_cmphex(f->toy->word, ==, 0x1234);
    g_assert_cmpuint(f->toy->number, ==, 0);
    g_assert_cmpuint(f->toy->size, ==, 65536);
    g_assert_cmpstr(f->toy->text, ==, "plain");
    g_assert_cmpuint(f->toy->colour, ==, COLOUR_GREEN);
    g_assert_true(f->toy->irq == f->irq);
    g_assert_cmpuint(f->irq_asked, ==, 5);
    g_assert_null(f->toy->line);
}

static void test_every_kind_can_be_set(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "flag=off,byte=255,word=65535,number=0xffffffff,size=3G,text=a=b,colour=red,irq=15");
    g_assert_false(f->toy->flag);
    g_assert_cmpuint(f->toy->byte, ==, 255);
    g_assert_cmpuint(f->toy->word, ==, 65535);
    g_assert_cmphex(f->toy->number, ==, 0xffffffff);
    g_assert_cmphex(f->toy->size, ==, UINT64_C(3) << 30);
    g_assert_cmpstr(f->toy->text, ==, "a=b");
    g_assert_cmpuint(f->toy->colour, ==, COLOUR_RED);
    g_assert_cmpuint(f->irq_asked, ==, 15);
}

static void test_irq_none_is_not_connected(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "irq=none");
    g_assert_null(f->toy->irq);
    g_assert_cmpuint(f->irq_asked, ==, 0);
}

static void test_later_value_wins(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "byte=1,text=one,byte=2,text=two");
    g_assert_cmpuint(f->toy->byte, ==, 2);
    g_assert_cmpstr(f->toy->text, ==, "two");
}

static void test_bad_values_say_what_would_be_right(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(f, "flag=maybe", "toy0: flag maybe: neither on nor off");
    assert_refused(f, "byte=256", "toy0: byte 256: too large (at most 255)");
    assert_refused(f, "byte=-1", "toy0: byte -1: not a number (decimal or 0x...)");
    assert_refused(f, "word=65536", "toy0: word 65536: too large (at most 65535)");
    assert_refused(f, "word=12q", "toy0: word 12q: 'q' after the number (decimal or 0x...)");
    assert_refused(f, "number=4294967296",
                   "toy0: number 4294967296: too large (at most 4294967295)");
    assert_refused(f, "number=1K", "toy0: number 1K: 'K' after the number (decimal or 0x...)");
    assert_refused(f, "size=5Q", "toy0: size 5Q: unknown suffix 'Q' (use K, M or G)");
    assert_refused(f, "size=99999999999999999999",
                   "toy0: size 99999999999999999999: number too large");
    assert_refused(f, "colour=blue", "toy0: colour blue: not one of red, green");
    assert_refused(f, "irq=16", "toy0: irq 16: too large (at most 15)");
    assert_refused(f, "chardev=nope", "toy0: no chardev 'nope'");
}

static void test_unknown_property_lists_those_there_are(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(
        f, "bite=1",
        "toy0: no property 'bite' (it has: flag, byte, word, number, size, text, colour, "
        "irq, chardev, iobase, other)");
    assert_refused(f, "byte", "toy0: 'byte' is not name=value");
    Device *stub = device_new(&STUB, "stub0", &f->host);
    g_autoptr(GError) error = NULL;
    g_assert_false(device_set_property(stub, "x", "1", &error));
    g_assert_cmpstr(error->message, ==, "stub0: no property 'x' (it has: none)");
    device_free(stub);
}

static void test_help_has_every_property_with_its_default(Fixture *f, gconstpointer data)
{
    (void)f;
    (void)data;
    g_autofree char *help = device_class_help(&TOY);
    static const char *const LINES[] = {
        "toy: a device of every kind\n",
        "  flag=<on|off>  a flag (default on)\n",
        "  byte=<0..255>  a byte (default 7)\n",
        "  word=<0..65535>  a word (default 0x1234)\n",
        "  number=<number>  a number (default none)\n",
        "  size=<number/size>  a size (default 64K)\n",
        "  text=<text>  a text (default plain)\n",
        "  colour=<red|green>  a colour (default green)\n",
        "  irq=<0..15|none>  a line (default 5)\n",
        "  chardev=<chardev id>  a character line (default none)\n",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(LINES); i++) {
        g_assert_nonnull(strstr(help, LINES[i]));
    }
}

/* ---- realize ---- */

static void test_regions_are_claimed_where_the_properties_say(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "iobase=0x300,other=0x310");
    const BusClaim *first = bus_find(f->host.bus, IO_PORTS, 0x303);
    const BusClaim *second = bus_find(f->host.bus, IO_PORTS, 0x311);
    g_assert_cmpstr(first->name, ==, "toy0 first");
    g_assert_true(first->posted);
    g_assert_cmpstr(second->name, ==, "toy0 second");
    g_assert_false(second->posted);
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0x200));
    g_assert_cmphex(inb(f, 0x302), ==, 0x42);
}

static void test_base_of_zero_leaves_a_region_out(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, "iobase=0");
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0));
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0x200));
}

static void assert_not_realized(Fixture *f, Device *dev, const char *message)
{
    (void)f;
    g_autoptr(GError) error = NULL;
    g_assert_false(device_realize(dev, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_two_devices_at_one_port_are_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    Device *other = new_toy(f, "toy1");
    assert_not_realized(f, other,
                        "toy1 first: port range 0x200+0x4 overlaps toy0 first at 0x200+0x4 "
                        "(choose another base)");
    device_free(other);
}

static void test_device_may_refuse_its_properties(Fixture *f, gconstpointer data)
{
    (void)data;
    set(f, "byte=13");
    assert_not_realized(f, f->dev, "toy0: byte=13 brings bad luck (use 12 or 14)");
    g_assert_null(bus_find(f->host.bus, IO_PORTS, 0x200));
}

static void test_realize_ends_with_a_reset(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_assert_cmpuint(f->toy->realizes, ==, 1);
    g_assert_cmpuint(f->toy->resets, ==, 1);
    g_assert_cmphex(f->toy->latch, ==, 0x40);
}

/* ---- calls and services ---- */

static void test_calls_reach_the_device(Fixture *f, gconstpointer data)
{
    (void)data;
    device_connect(f->dev, "wire", f->wire);
    realize(f, NULL);
    device_set_input(f->dev, 1, true);
    device_set_input(f->dev, 0, false);
    g_assert_cmphex(f->toy->inputs, ==, 0x30);
    g_assert_cmphex(device_acknowledge(f->dev), ==, 0x40);
    g_autofree char *text = device_describe(f->dev);
    g_assert_cmpstr(text, ==, "latch=40");
    irq_set(f->toy->wire, true);
    g_assert_cmpuint(f->wire_level, ==, 1);
    irq_set(f->toy->irq, true);
    device_reset(f->dev);
    g_assert_cmpuint(f->irq_level, ==, 0);
}

static void test_device_without_callbacks_is_fine(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    Device *stub = device_new(&STUB, "stub0", &f->host);
    g_assert_true(device_set_properties(stub, "", &error));
    g_assert_true(device_realize(stub, &error));
    device_reset(stub);
    g_autofree char *text = device_describe(stub);
    g_assert_cmpstr(text, ==, "");
    g_autoptr(GBytes) saved = device_save(stub);
    g_assert_true(device_load(stub, saved, &error));
    device_free(stub);
}

static void test_timer_fires_with_the_lock_held(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    clock_step(f->host.clock, 100);
    g_assert_cmpuint(device_now(f->dev), ==, 100);
    timer_arm(f->toy->timer, 150);
    clock_step(f->host.clock, 100);
    g_assert_cmpuint(f->toy->fired_for, ==, 150);
}

static void test_memory_is_bounded(Fixture *f, gconstpointer data)
{
    (void)data;
    uint8_t bytes[2] = {1, 2}, read[2];
    g_assert_true(device_memory_write(f->dev, 65534, bytes, 2));
    g_assert_false(device_memory_write(f->dev, 65535, bytes, 2));
    g_assert_true(device_memory_read(f->dev, 65534, read, 2));
    g_assert_cmpmem(read, 2, bytes, 2);
    DeviceHost bare = f->host;
    bare.memory = NULL;
    Device *stub = device_new(&STUB, "stub0", &bare);
    g_assert_false(device_memory_read(stub, 0, read, 1));
    g_assert_false(device_memory_write(stub, 0, read, 1));
    device_free(stub);
}

static void test_requests_go_to_the_machine(Fixture *f, gconstpointer data)
{
    (void)data;
    device_request_exit(f->dev, 42);
    device_request_poweroff(f->dev);
    device_request_reset(f->dev);
    g_assert_cmpstr(f->log->str, ==, "0/42 1/0 2/0 ");
}

static void test_guest_error_is_told_once_and_counted(Fixture *f, gconstpointer data)
{
    (void)data;
    char *none = device_guest_errors(f->dev);
    g_assert_null(none);
    for (int i = 0; i < 3; i++) {
        device_guest_error(f->dev, "bad mode", "mode %d", i);
    }
    g_assert_cmpstr(f->log->str, ==, "toy0: mode 0; ");
    g_autofree char *all = device_guest_errors(f->dev);
    g_assert_cmpstr(all, ==, "bad mode: 3");
}

/* ---- saved state ---- */

static void fill(Toy *toy)
{
    toy->latch = 0x99;
    toy->table[0] = 1;
    toy->table[2] = UINT32_MAX;
    toy->on = true;
    toy->wide = UINT64_MAX;
}

static void test_saved_state_comes_back(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    fill(f->toy);
    g_autoptr(GBytes) saved = device_save(f->dev);
    device_reset(f->dev);
    g_autoptr(GError) error = NULL;
    g_assert_true(device_load(f->dev, saved, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(f->toy->loads, ==, 1);
    g_assert_cmphex(f->toy->latch, ==, 0x99);
    g_assert_cmpuint(f->toy->table[0], ==, 1);
    g_assert_cmpuint(f->toy->table[1], ==, 0);
    g_assert_cmphex(f->toy->table[2], ==, UINT32_MAX);
    g_assert_true(f->toy->on);
    g_assert_cmphex(f->toy->wide, ==, UINT64_MAX);
}

/* Builds "(sua{sat})"; `text` is GVariant's own notation. */
static GBytes *blob(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) variant =
        g_variant_parse(G_VARIANT_TYPE("(sua{sat})"), text, NULL, NULL, &error);
    g_assert_no_error(error);
    return g_variant_get_data_as_bytes(variant);
}

static void assert_not_loaded(Fixture *f, GBytes *saved, const char *message)
{
    g_autoptr(GError) error = NULL;
    f->toy->latch = 0x77;
    unsigned resets = f->toy->resets;
    g_assert_false(device_load(f->dev, saved, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    if (message) {
        g_assert_cmpstr(error->message, ==, message);
    }
    g_assert_cmpuint(f->toy->resets, ==, resets + 1);
    g_assert_cmphex(f->toy->latch, ==, 0x40);
    g_bytes_unref(saved);
}

#define GOOD_REST "'on': [uint64 1], 'wide': [uint64 5]"

static void test_impossible_states_are_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    assert_not_loaded(f, blob("('boy', 3, {})"), "toy0: saved state is of a 'boy', not a 'toy'");
    assert_not_loaded(f, blob("('toy', 3, {})"), "toy0: saved state, field latch: missing");
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2], " GOOD_REST "})"),
        "toy0: saved state, field table: wrong number of elements");
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 256], 'table': [uint64 1, 2, 3], " GOOD_REST "})"),
        "toy0: saved state, field latch: value too large");
    assert_not_loaded(
        f,
        blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 4294967296], " GOOD_REST
             "})"),
        "toy0: saved state, field table: value too large");
    assert_not_loaded(f,
                      blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], "
                           "'on': [uint64 2], 'wide': [uint64 5]})"),
                      "toy0: saved state, field on: value too large");
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 238], 'table': [uint64 1, 2, 3], " GOOD_REST "})"),
        "toy0: saved state, field (all): impossible combination");
}

static void test_unknown_fields_are_passed_over(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_autoptr(GBytes) saved = blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], "
                                   "'later': [uint64 9], " GOOD_REST "})");
    g_autoptr(GError) error = NULL;
    g_assert_true(device_load(f->dev, saved, &error));
    g_assert_cmphex(f->toy->latch, ==, 1);
    g_assert_cmpuint(f->toy->wide, ==, 5);
}

static void test_an_older_state_gets_defaults_for_what_it_lacks(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_autoptr(GBytes) saved =
        blob("('toy', 2, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], 'on': [uint64 1]})");
    g_autoptr(GError) error = NULL;
    f->toy->wide = 7;
    g_assert_true(device_load(f->dev, saved, &error));
    g_assert_true(f->toy->on);
    g_assert_cmphex(f->toy->wide, ==, 0x55);
}

/* Whatever an older state has under the name of a field that came later is another thing. */
static void test_an_older_state_cannot_set_a_later_field(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_autoptr(GBytes) saved =
        blob("('toy', 1, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], " GOOD_REST "})");
    g_assert_true(device_load(f->dev, saved, NULL));
    g_assert_cmphex(f->toy->wide, ==, 0x55);
}

static void test_a_state_of_the_version_has_all_its_fields(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], 'on': [uint64 1]})"),
        "toy0: saved state, field wide: missing");
}

static void test_a_later_state_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    assert_not_loaded(
        f, blob("('toy', 4, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], " GOOD_REST "})"),
        "toy0: saved state has version 4, and this pioemu knows up to 3");
    assert_not_loaded(f, blob("('toy', 0, {})"),
                      "toy0: saved state has version 0, and this pioemu knows up to 3");
}

static void test_rubbish_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    fill(f->toy);
    g_autoptr(GBytes) good = device_save(f->dev);
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(good, &size);
    for (gsize cut = 0; cut < size; cut++) {
        assert_not_loaded(f, g_bytes_new(bytes, cut), NULL);
    }
    for (unsigned round = 0; round < 2000; round++) {
        g_autofree uint8_t *random = g_malloc(size);
        for (gsize i = 0; i < size; i++) {
            random[i] = (uint8_t)g_test_rand_int();
        }
        assert_not_loaded(f, g_bytes_new(random, size), NULL);
    }
}

/* One byte wrong: loaded or refused, never a value that the field cannot hold. */
static void test_damaged_state_never_breaks_a_field(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    fill(f->toy);
    g_autoptr(GBytes) good = device_save(f->dev);
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(good, &size);
    for (gsize i = 0; i < size; i++) {
        g_autofree uint8_t *damaged = g_memdup2(bytes, size);
        damaged[i] ^= (uint8_t)(1u << (i % 8));
        g_autoptr(GBytes) saved = g_bytes_new(damaged, size);
        bool loaded = device_load(f->dev, saved, NULL);
        uint8_t on;
        memcpy(&on, &f->toy->on, 1);
        g_assert_cmpuint(on, <=, 1);
        g_assert_true(loaded || f->toy->latch == 0x40);
    }
}

#define TEST(name) g_test_add("/device_core/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(defaults_are_as_a_user_would_write_them);
    TEST(every_kind_can_be_set);
    TEST(irq_none_is_not_connected);
    TEST(later_value_wins);
    TEST(bad_values_say_what_would_be_right);
    TEST(unknown_property_lists_those_there_are);
    TEST(help_has_every_property_with_its_default);
    TEST(regions_are_claimed_where_the_properties_say);
    TEST(base_of_zero_leaves_a_region_out);
    TEST(two_devices_at_one_port_are_refused);
    TEST(device_may_refuse_its_properties);
    TEST(realize_ends_with_a_reset);
    TEST(calls_reach_the_device);
    TEST(device_without_callbacks_is_fine);
    TEST(timer_fires_with_the_lock_held);
    TEST(memory_is_bounded);
    TEST(requests_go_to_the_machine);
    TEST(guest_error_is_told_once_and_counted);
    TEST(saved_state_comes_back);
    TEST(impossible_states_are_refused);
    TEST(unknown_fields_are_passed_over);
    TEST(an_older_state_gets_defaults_for_what_it_lacks);
    TEST(an_older_state_cannot_set_a_later_field);
    TEST(a_state_of_the_version_has_all_its_fields);
    TEST(a_later_state_is_refused);
    TEST(rubbish_is_refused);
    TEST(damaged_state_never_breaks_a_field);
    return g_test_run();
}
