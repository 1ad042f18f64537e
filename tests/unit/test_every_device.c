/*
 * What holds for every device class in the program: the same random scripts,
 * on the rig, for each of them.
 */
#include "devices/device_table.h"
#include "tests/unit/rig.h"

#include <string.h>

#define SCRIPTS    20u
#define STEPS      60u
#define HOSTILE    100u
#define TIME_STEPS 5u

/* One kind of device: a class, or a class with properties that change what it does. */
typedef struct Kind {
    const char *class_name, *properties;
} Kind;

/* Classes that are not here are made with no properties and no line. */
static const Kind KINDS[] = {
    {"isa-serial", "chardev=line"},
    {"isa-serial", "chardev=line,pace=baud"},
    {"debug-port", "chardev=line"},
    {"isa-debugcon", "chardev=line"},
    {"mc146818rtc", "base=951782398,ram-size=16M"},
    {"mc146818rtc", "base=4107542399,lost-ticks=drop"},
    {"isa-pit", "lost-ticks=merge"},
    {"isa-fdc", "dma=none,type0=1440,type1=1200"},
};

typedef struct Subject {
    Rig *rig;
    Device *dev;
    RigChar *line; /* NULL: none */
    GArray *ports;
} Subject;

static void note_ports(const BusClaim *claim, void *opaque)
{
    Subject *s = opaque;
    for (uint64_t i = 0; claim->space == IO_PORTS && i < claim->size; i++) {
        uint16_t port = (uint16_t)(claim->base + i);
        g_array_append_val(s->ports, port);
    }
}

static Device *make_device(Rig *rig, const Kind *kind)
{
    Device *dev = rig_device_new(rig, kind->class_name);
    unsigned line = ISA_IRQ_COUNT;
    for (const DeviceOutput *o = device_class(dev)->outputs; o && o->name; o++) {
        device_connect(dev, o->name, rig_line(rig, line++));
    }
    g_assert_true(rig_realize(rig, dev, kind->properties));
    return dev;
}

static Subject subject_new(const Kind *kind, uint64_t now)
{
    Subject s = {.rig = rig_new(), .ports = g_array_new(false, false, sizeof(uint16_t))};
    clock_skip(rig_clock(s.rig), now);
    s.dev = make_device(s.rig, kind);
    RigChar *line = rig_char(s.rig, "line");
    s.line = line->port ? line : NULL;
    bus_foreach_claim(rig_bus(s.rig), note_ports, &s);
    return s;
}

static void subject_free(Subject *s)
{
    g_array_unref(s->ports);
    rig_free(s->rig);
}

/* ---- one random thing ---- */

static void append(GString *answers, const char *what, uint64_t value)
{
    g_string_append_printf(answers, "%s=%" G_GINT64_MODIFIER "x ", what, value);
}

/* Mostly the values that set up chips, so that a script gets somewhere. */
static uint32_t random_value(GRand *random)
{
    static const uint8_t USEFUL[] = {0x00, 0x01, 0x03, 0x0b, 0x0f, 0x10, 0x11, 0x1f, 0x20, 0x34,
                                     0x40, 0x80, 0x83, 0xb6, 0xc0, 0xc7, 0xe2, 0xfe, 0xff, 0x36};
    return g_rand_boolean(random)
               ? USEFUL[g_rand_int_range(random, 0, (gint32)G_N_ELEMENTS(USEFUL))]
               : g_rand_int(random);
}

static void access_port(Subject *s, GRand *random, GString *answers)
{
    if (!s->ports->len) {
        return;
    }
    uint16_t port =
        g_array_index(s->ports, uint16_t, g_rand_int_range(random, 0, (gint32)s->ports->len));
    unsigned size = 1u << (g_rand_int(random) % 8 == 0 ? g_rand_int(random) % 3 : 0);
    if (g_rand_boolean(random)) {
        rig_out(s->rig, port, random_value(random), size);
    } else {
        append(answers, "in", rig_in(s->rig, port, size));
    }
}

/* A line that is as it was before a load, and has its output taken at once. */
static void use_line(Subject *s, GRand *random, GString *answers)
{
    uint8_t byte = (uint8_t)g_rand_int(random);
    const CharClient *client = device_class(s->dev)->char_client;
    if (client->receive) {
        rig_char_input_bytes(s->line, &byte, 1);
    }
    if (client->receive_break && byte % 16 == 0) {
        rig_char_break(s->line);
    }
    g_string_append_len(answers, s->line->output->str, (gssize)s->line->output->len);
    g_string_truncate(s->line->output, 0);
    append(answers, "lines", s->line->lines_out);
}

static void use_pins(Subject *s, GRand *random, GString *answers)
{
    const DeviceClass *class = device_class(s->dev);
    if (class->input_count) {
        gint32 pin = g_rand_int_range(random, 0, (gint32) class->input_count);
        device_set_input(s->dev, (unsigned)pin, g_rand_boolean(random));
    }
    if (class->acknowledge && g_rand_int(random) % 4 == 0) {
        append(answers, "vector", device_acknowledge(s->dev));
    }
}

static uint64_t random_time(GRand *random)
{
    static const uint64_t SPANS[TIME_STEPS] = {1, 1000, 100000, 10000000, 1500000000};
    return SPANS[g_rand_int(random) % TIME_STEPS] * (1 + g_rand_int(random) % 4) / 2;
}

static void step(Subject *s, GRand *random, GString *answers)
{
    switch (g_rand_int(random) % 8) {
    case 0:
        rig_step(s->rig, random_time(random));
        break;
    case 1:
        use_pins(s, random, answers);
        break;
    case 2:
        if (s->line) {
            use_line(s, random, answers);
        }
        break;
    default:
        access_port(s, random, answers);
    }
    for (unsigned i = 0; i < RIG_LINES; i++) {
        append(answers, "", rig_irq(s->rig, i));
    }
}

static void run_steps(Subject *s, GRand *random, unsigned count, GString *answers)
{
    for (unsigned i = 0; i < count; i++) {
        step(s, random, answers);
    }
}

/* ---- the sentences ---- */

/* Another rig at the same time, whose device is loaded from this one. */
static Subject clone_subject(const Kind *kind, Subject *s, GBytes *saved)
{
    Subject clone = subject_new(kind, rig_now(s->rig));
    if (s->line) {
        /* What waits outside of the device is not its state. */
        g_string_assign(clone.line->input, "");
        g_string_append_len(clone.line->input, s->line->input->str, (gssize)s->line->input->len);
        clone.line->tx_room = s->line->tx_room;
        g_string_truncate(s->line->output, 0);
    }
    g_assert_true(rig_load(clone.dev, saved));
    if (clone.line) {
        g_string_truncate(clone.line->output, 0);
    }
    return clone;
}

static void assert_same_levels(Subject *a, Subject *b)
{
    for (unsigned i = 0; i < RIG_LINES; i++) {
        g_assert_cmpint(rig_irq(a->rig, i), ==, rig_irq(b->rig, i));
    }
}

static void test_a_loaded_device_goes_on_as_the_saved_one(gconstpointer data)
{
    const Kind *kind = data;
    for (guint32 seed = 1; seed <= SCRIPTS; seed++) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_autoptr(GString) before = g_string_new(NULL), a = g_string_new(NULL),
                           b = g_string_new(NULL);
        Subject s = subject_new(kind, seed * 1234567u);
        run_steps(&s, random, seed % STEPS, before);
        g_autoptr(GBytes) saved = device_save(s.dev);
        Subject clone = clone_subject(kind, &s, saved);
        g_autoptr(GRand) same = g_rand_copy(random);
        run_steps(&s, random, STEPS, a);
        run_steps(&clone, same, STEPS, b);
        g_test_message("%s %s, seed %u", kind->class_name, kind->properties, seed);
        g_assert_true(g_string_equal(a, b));
        subject_free(&clone);
        subject_free(&s);
    }
}

/* After a load the levels come from the state alone. */
static void test_the_line_levels_are_a_function_of_the_state(gconstpointer data)
{
    const Kind *kind = data;
    for (guint32 seed = 1; seed <= SCRIPTS / 10; seed++) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_autoptr(GString) answers = g_string_new(NULL);
        Subject s = subject_new(kind, 0);
        for (unsigned i = 0; i < STEPS; i++) {
            step(&s, random, answers);
            g_autoptr(GBytes) saved = device_save(s.dev);
            Subject clone = clone_subject(kind, &s, saved);
            assert_same_levels(&s, &clone);
            subject_free(&clone);
        }
        subject_free(&s);
    }
}

/*
 * What a reset leaves by its data sheet: the clock and memory that a battery
 * keeps, and the level of input pins.
 */
static bool survives_reset(const char *field)
{
    static const char *const NAMES[] = {"cmos",          "phase",  "synced", "chip[0].lines",
                                        "chip[1].lines", "inputs", "lint",   NULL};
    return g_strv_contains(NAMES, field);
}

static void assert_same_but_survivors(GBytes *a, GBytes *b)
{
    const GVariantType *type = G_VARIANT_TYPE("(sa{sat})");
    g_autoptr(GVariant) x = g_variant_ref_sink(g_variant_new_from_bytes(type, a, false));
    g_autoptr(GVariant) y = g_variant_ref_sink(g_variant_new_from_bytes(type, b, false));
    g_autoptr(GVariant) fields = g_variant_get_child_value(x, 1);
    g_autoptr(GVariant) others = g_variant_get_child_value(y, 1);
    GVariantIter iter;
    const char *name;
    GVariant *value;
    g_variant_iter_init(&iter, fields);
    while (g_variant_iter_next(&iter, "{&s@at}", &name, &value)) {
        g_autoptr(GVariant) other = g_variant_lookup_value(others, name, NULL);
        if (!survives_reset(name) && !g_variant_equal(value, other)) {
            g_error("field %s is not as at power-on", name);
        }
        g_variant_unref(value);
    }
}

static void test_a_reset_is_the_power_on_state(gconstpointer data)
{
    const Kind *kind = data;
    for (guint32 seed = 1; seed <= SCRIPTS; seed++) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_autoptr(GString) answers = g_string_new(NULL);
        Subject s = subject_new(kind, 0);
        run_steps(&s, random, STEPS, answers);
        if (s.line) {
            g_string_truncate(s.line->input, 0);
        }
        device_reset(s.dev);
        Subject fresh = subject_new(kind, rig_now(s.rig));
        g_autoptr(GBytes) a = device_save(s.dev), b = device_save(fresh.dev);
        assert_same_but_survivors(a, b);
        subject_free(&fresh);
        subject_free(&s);
    }
}

/* Any value in any field: refused, which resets it, or lived with. */
static void test_a_hostile_state_is_survived(gconstpointer data)
{
    const Kind *kind = data;
    const DeviceField *fields = rig_class(kind->class_name)->fields;
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    g_autoptr(GString) answers = g_string_new(NULL);
    unsigned count = 0;
    while (fields && fields[count].kind != FIELD_END) {
        count++;
    }
    for (unsigned i = 0; count && i < HOSTILE; i++) {
        Subject s = subject_new(kind, i);
        run_steps(&s, random, STEPS / 4, answers);
        g_autoptr(GBytes) saved = device_save(s.dev);
        const DeviceField *f = &fields[i % count];
        uint64_t value = (uint64_t)g_rand_int(random) << 32 | g_rand_int(random);
        g_autoptr(GBytes) bad = rig_patch(saved, f->name, g_rand_int(random) % f->count,
                                          value >> g_rand_int(random) % 64);
        rig_load(s.dev, bad);
        run_steps(&s, random, STEPS / 4, answers);
        g_autoptr(GBytes) after = device_save(s.dev);
        g_assert_true(rig_load(s.dev, after));
        subject_free(&s);
    }
}

/* ---- every kind ---- */

static void add_kind(const Kind *kind)
{
    static const struct {
        const char *name;
        GTestDataFunc test;
    } SENTENCES[] = {
        {"a_loaded_device_goes_on_as_the_saved_one", test_a_loaded_device_goes_on_as_the_saved_one},
        {"the_line_levels_are_a_function_of_the_state",
         test_the_line_levels_are_a_function_of_the_state},
        {"a_reset_is_the_power_on_state", test_a_reset_is_the_power_on_state},
        {"a_hostile_state_is_survived", test_a_hostile_state_is_survived},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(SENTENCES); i++) {
        g_autofree char *path = g_strdup_printf(
            "/every_device/%s%s%s/%s", kind->class_name, kind->properties ? "," : "",
            kind->properties ? kind->properties : "", SENTENCES[i].name);
        g_test_add_data_func(path, kind, SENTENCES[i].test);
    }
}

/* The rig would make the controllers beside it, whose state is not the device's. */
static bool has_dma(const DeviceClass *class)
{
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        if (p->kind == PROPERTY_DMA) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    Kind plain[G_N_ELEMENTS(device_table)];
    for (size_t i = 0; device_table[i]; i++) {
        plain[i] = (Kind){device_table[i]->name, has_dma(device_table[i]) ? "dma=none" : NULL};
        add_kind(&plain[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        add_kind(&KINDS[i]);
    }
    return g_test_run();
}
