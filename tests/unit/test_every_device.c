/*
 * Properties that hold for every device class in the program.  The same random
 * scripts run on the rig for each of them.
 */
#include "devices/device_table.h"
#include "src/machine/machine.h"
#include "tests/unit/rig.h"

#include <string.h>

#define SCRIPTS    60u
#define STEPS      60u
#define HOSTILE    100u
#define TIME_STEPS 5u

/* One kind of device: a class, or a class with properties that change what it does. */
typedef struct Kind {
    const char *class_name, *properties;
} Kind;

/*
 * Accesses that set a chip up, which random ones would never find: "PORT=VALUE"
 * writes a byte to a port, "@ADDRESS=VALUE" writes a dword to memory.  All numbers
 * are hexadecimal.
 */
typedef struct Setup {
    const char *class_name, *accesses;
} Setup;

static const Setup SETUPS[] = {
    {"isa-pic", "20=11 21=8 21=4 21=3 21=0 20=80 a0=11 a1=70 a1=2 a1=3 a1=0 a0=80"},
    {"isa-pic", "20=11 21=8 21=4 21=11 21=0 a0=11 a1=70 a1=2 a1=1 a1=0 20=c3 a0=c5"},
    {"isa-pic", "20=11 21=8 21=4 21=1 21=0 a0=19 a1=70 a1=2 a1=1 a1=0 20=68 4d0=f8 20=e3"},
    {"lapic", "@fee000f0=1ff @fee00000=c061 @fee00300=40052 @fee00300=40093 @fee00370=e3"},
    {"lapic", "@fee000f0=1ff @fee003e0=b @fee00320=20041 @fee00380=100 @fee00350=71 @fee00360=172"},
    {"lapic", "@fee000f0=1ff @fee000d0=3000000 @fee00310=3000000 @fee00300=8c1 @fee00300=40005"},
    {"lapic", "@fee000f0=1ff @fee00000=c0f1 @fee00000=700 @fee00080=40 @fee003e0=3 @fee00380=9999"},
    {"ioapic", "@fec00000=10 @fec00010=8051 @fec00000=14 @fec00010=a052 @fec00000=18 @fec00010=53"},
    {"ioapic", "@fec00000=11 @fec00010=5000000 @fec00000=0 @fec00010=7000000 @fec00040=51"},
    {"isa-ide", "1f6=e0 1f2=3 1f3=5 1f4=0 1f5=0 1f7=20"},
    {"isa-ide", "1f6=e0 1f2=9 1f3=7 1f4=0 1f5=0 1f7=c4"},
    {"isa-ide", "1f6=e0 1f2=2 1f3=9 1f4=0 1f5=0 1f7=30"},
    {"isa-ide", "1f6=a3 1f2=20 1f7=91 1f2=4 1f7=c6 1f6=a1 1f2=2 1f3=2 1f4=0 1f5=0 1f7=c4"},
    {"isa-ide", "1f6=b0 1f1=0 1f4=8 1f5=0 1f7=a0"},
    {"isa-ide", "1f6=b0 1f7=a1"},
    {"isa-ide", "1f6=e0 1f7=ec"},
    {"piix3-ide", "1f6=e0 1f2=3 1f3=5 1f4=0 1f5=0 1f7=c8"},
    {"piix3-ide", "1f6=e0 1f2=2 1f3=9 1f4=0 1f5=0 1f7=30"},
    {"isa-dma", "c=0 0=34 0=12 1=7 1=0 2=78 2=56 3=3 3=0 b=88 b=95 8=1 d4=0 d6=c0 9=4"},
    {"isa-dma", "d8=0 c4=1 c4=2 c6=3 d6=59 dc=0 8=4 9=5 87=3 8b=4"},
    {"isa-fdc", "3f2=1c 3f7=0 3f5=3 3f5=af 3f5=3 3f5=7 3f5=0"},
    {"isa-fdc", "3f2=1c 3f5=13 3f5=0 3f5=57 3f5=4 3f5=94 3f5=12 3f5=84"},
    {"isa-fdc",
     "3f2=1c 3f5=f 3f5=0 3f5=5 3f3=2 3f5=46 3f5=0 3f5=5 3f5=0 3f5=1 3f5=2 3f5=2 3f5=1b 3f5=ff"},
    {"i8042", "64=60 60=43 60=f0 60=3 60=ed 60=7 60=f3"},
    {"i8042", "64=60 60=3 64=d4 60=f4 64=d4 60=e8 64=d4 60=2 64=d4 60=e7 64=d4 60=f3 64=d4 60=28"},
    {"i8042", "64=60 60=3 64=d4 60=f0 64=d4 60=ee 64=65 60=5a 64=d1 60=dd"},
    {"isa-pit", "43=30 40=10 40=0 43=b6 61=1 42=64 42=0 43=72 41=20 41=1 43=c2"},
    {"isa-pit", "43=34 40=0 40=10 43=b2 42=44 42=2 61=1 43=0 43=ea"},
    {"isa-serial", "3fb=3 3fc=1b 3fa=87 3f9=f 3f8=41 3f8=42"},
    {"isa-serial", "3fb=83 3f8=1 3f9=0 3fb=3 3fa=47 3f9=5 3fb=43"},
    {"mc146818rtc", "70=a 71=2f 70=b 71=72 70=1 71=c0 70=3 71=ff 70=5 71=c0"},
    {"mc146818rtc", "70=a 71=26 70=b 71=82 70=4 71=12 70=b 71=40"},
};

/* Classes that are not in this table are made without properties and without a line. */
static const Kind KINDS[] = {
    {"isa-serial", "chardev=line"},
    {"isa-serial", "chardev=line,pace=baud"},
    {"debug-port", "chardev=line"},
    {"isa-debugcon", "chardev=line"},
    {"mc146818rtc", "base=951782398,ram-size=16M"},
    {"mc146818rtc", "base=4107542399,lost-ticks=drop"},
    {"isa-pit", "lost-ticks=merge"},
    {"isa-fdc", "dma=none,type0=1440,type1=1200"},
    {"isa-fdc", "dma=none,drive0=floppy"},
    {"isa-ide", "drive0=disk,drive1=cd"},
    {"piix3-ide", "drive0=disk,drive1=cd"},
    {"lapic", "cpu=3"},
};

/* Drives that the properties name. */
static const struct {
    const char *id;
    uint64_t sectors;
    bool cdrom;
} DRIVES[] = {{"floppy", 2880, false}, {"disk", 200, false}, {"cd", 80, true}};

typedef struct Subject {
    const Kind *kind;
    Rig *rig;
    Device *dev;
    RigChar *line; /* NULL: it has none */
    RigDrive *drives[G_N_ELEMENTS(DRIVES)];
    GArray *ports;
    uint64_t memory, memory_size; /* 0: it has no addresses */
    bool gentle;                  /* random accesses only read, so that the setup is kept */
} Subject;

static void note_claim(const BusMapping *mapping, void *opaque)
{
    Subject *s = opaque;
    if (mapping->claim->space == IO_MEMORY) {
        s->memory = mapping->base;
        s->memory_size = mapping->size;
        return;
    }
    for (uint64_t i = 0; i < mapping->size; i++) {
        uint16_t port = (uint16_t)(mapping->base + i);
        g_array_append_val(s->ports, port);
    }
}

static Device *make_device(Rig *rig, const Kind *kind)
{
    Device *dev = rig_device_new(rig, kind->class_name);
    unsigned line = ISA_IRQ_COUNT;
    for (const DeviceOutput *o = device_class(dev)->outputs; o && o->name; o++) {
        device_connect(dev, o->name, rig_line(rig, line++), NULL);
    }
    g_assert_true(rig_realize(rig, dev, kind->properties));
    return dev;
}

static Subject subject_new(const Kind *kind, uint64_t now)
{
    Subject s = {.kind = kind,
                 .rig = rig_new_unlocked(),
                 .ports = g_array_new(false, false, sizeof(uint16_t))};
    clock_skip(rig_clock(s.rig), now);
    for (size_t i = 0; i < G_N_ELEMENTS(DRIVES); i++) {
        bool named = kind->properties && strstr(kind->properties, DRIVES[i].id);
        s.drives[i] = rig_drive_sparse(s.rig, DRIVES[i].id, DRIVES[i].sectors, named ? 40 : 0);
        s.drives[i]->cdrom = DRIVES[i].cdrom;
        s.drives[i]->bad = 20;
    }
    s.dev = make_device(s.rig, kind);
    RigChar *line = rig_char(s.rig, "line");
    s.line = line->port ? line : NULL;
    rig_set_cpu(s.rig, !g_strcmp0(kind->properties, "cpu=3") ? 3 : 0);
    bus_foreach_mapping(rig_bus(s.rig), note_claim, &s);
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

/* Mostly values that set up chips, so that a script reaches something. */
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
    if (g_rand_boolean(random) && !s->gentle) {
        rig_out(s->rig, port, random_value(random), size);
    } else {
        append(answers, "in", rig_in(s->rig, port, size));
    }
}

/* Most registers are in the first KiB, sixteen bytes apart. */
static void access_memory(Subject *s, GRand *random, GString *answers)
{
    static const uint32_t USEFUL[] = {0x1ff, 0x40052, 0x8061, 0x20041, 0xb, 0x100, 0x10};
    uint64_t offset = g_rand_int(random) % 16  ? g_rand_int(random) % 0x40 * 0x10
                      : g_rand_int(random) % 2 ? g_rand_int(random) % 0x1000
                                               : g_rand_int(random) % s->memory_size;
    uint64_t address = s->memory + offset % s->memory_size;
    unsigned size = g_rand_int(random) % 8 ? 4 : 1u << g_rand_int(random) % 3;
    if (g_rand_boolean(random) && !s->gentle) {
        uint64_t value = g_rand_boolean(random) ? USEFUL[g_rand_int(random) % G_N_ELEMENTS(USEFUL)]
                                                : random_value(random);
        rig_write(s->rig, address, value, size);
    } else {
        append(answers, "read", rig_read(s->rig, address, size));
    }
}

static void access_somewhere(Subject *s, GRand *random, GString *answers)
{
    if (s->memory_size && (!s->ports->len || g_rand_boolean(random))) {
        access_memory(s, random, answers);
    } else {
        access_port(s, random, answers);
    }
}

/* Sets the chip up.  Then random accesses follow. */
static void set_up(Subject *s, GRand *random)
{
    const Setup *found[G_N_ELEMENTS(SETUPS)];
    guint32 count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(SETUPS); i++) {
        if (!strcmp(SETUPS[i].class_name, s->kind->class_name)) {
            found[count++] = &SETUPS[i];
        }
    }
    if (!count) {
        return;
    }
    g_auto(GStrv) words = g_strsplit(found[g_rand_int(random) % count]->accesses, " ", -1);
    for (char **word = words; *word; word++) {
        bool memory = **word == '@';
        char *value;
        uint64_t where = g_ascii_strtoull(*word + memory, &value, 16);
        uint32_t what = (uint32_t)g_ascii_strtoull(value + 1, NULL, 16);
        if (memory) {
            rig_write(s->rig, where, what, 4);
        } else {
            rig_outb(s->rig, (uint16_t)where, (uint8_t)what);
        }
    }
}

/* The drives perform their requests when they are told to. */
static void use_drives(Subject *s)
{
    for (size_t i = 0; i < G_N_ELEMENTS(DRIVES); i++) {
        rig_drive_step(s->drives[i]);
    }
}

static void use_input(Subject *s, GRand *random, GString *answers)
{
    const InputClient *client = device_class(s->dev)->input_client;
    if (!client) {
        return;
    }
    if (g_rand_boolean(random)) {
        unsigned code = 1 + g_rand_int(random) % 0x58;
        append(answers, "key", device_key(s->dev, code, g_rand_boolean(random)));
    } else {
        int dx = g_rand_int_range(random, -300, 300), dy = g_rand_int_range(random, -300, 300);
        append(answers, "pointer", device_pointer(s->dev, dx, dy, g_rand_int(random) % 8));
    }
}

/* The line is as before the load, and its output is taken at once. */
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
    if (class->acknowledge && g_rand_boolean(random)) {
        append(answers, "vector", device_acknowledge(s->dev));
    }
}

/* A local APIC's timer may fire each microsecond, so seconds would be too many events. */
static uint64_t random_time(const Subject *s, GRand *random)
{
    static const uint64_t SPANS[TIME_STEPS] = {1, 1000, 100000, 10000000, 1500000000};
    return SPANS[g_rand_int(random) % (TIME_STEPS - (s->memory_size > 0))] *
           (1 + g_rand_int(random) % 4) / 2;
}

static void step(Subject *s, GRand *random, GString *answers)
{
    switch (g_rand_int(random) % 12) {
    case 0:
        rig_step(s->rig, random_time(s, random));
        break;
    case 1:
    case 2:
        use_pins(s, random, answers);
        break;
    case 3:
        if (s->line) {
            use_line(s, random, answers);
        }
        break;
    case 4:
        use_drives(s);
        use_input(s, random, answers);
        break;
    case 5:
        if (g_rand_int(random) % 4 == 0) {
            set_up(s, random);
        }
        break;
    default:
        access_somewhere(s, random, answers);
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

/* Makes another rig at the same time, whose device is loaded from this one. */
static Subject clone_subject(const Kind *kind, Subject *s, GBytes *saved)
{
    Subject clone = subject_new(kind, rig_now(s->rig));
    if (s->line) {
        /* What waits outside of the device is not part of its state. */
        g_string_assign(clone.line->input, "");
        g_string_append_len(clone.line->input, s->line->input->str, (gssize)s->line->input->len);
        clone.line->tx_room = s->line->tx_room;
        g_string_truncate(s->line->output, 0);
    }
    g_assert_true(rig_load(clone.dev, saved));
    if (clone.line) {
        g_string_truncate(clone.line->output, 0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(DRIVES); i++) {
        if (s->drives[i]->stored) {
            memcpy(clone.drives[i]->data, s->drives[i]->data,
                   s->drives[i]->stored * BLOCK_SECTOR_SIZE);
        }
    }
    return clone;
}

static void assert_same_levels(Subject *a, Subject *b)
{
    for (unsigned i = 0; i < RIG_LINES; i++) {
        g_assert_cmpint(rig_irq(a->rig, i), ==, rig_irq(b->rig, i));
    }
}

/* Reads every register once, so that differences that no random access found show here. */
static void read_all(Subject *s, GString *answers)
{
    for (guint i = 0; i < s->ports->len; i++) {
        append(answers, "all", rig_inb(s->rig, g_array_index(s->ports, uint16_t, i)));
    }
    for (uint64_t offset = 0; offset < MIN(s->memory_size, 0x400); offset += 0x10) {
        append(answers, "all", rig_read(s->rig, s->memory + offset, 4));
    }
}

static void test_a_loaded_device_continues_like_the_saved_one(gconstpointer data)
{
    const Kind *kind = data;
    for (guint32 seed = 1; seed <= SCRIPTS; seed++) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_autoptr(GString) before = g_string_new(NULL), a = g_string_new(NULL),
                           b = g_string_new(NULL);
        Subject s = subject_new(kind, seed * 1234567u);
        s.gentle = seed % 3 == 0;
        set_up(&s, random);
        run_steps(&s, random, seed % STEPS, before);
        g_autoptr(GBytes) saved = device_save(s.dev);
        Subject clone = clone_subject(kind, &s, saved);
        clone.gentle = s.gentle;
        g_autoptr(GRand) same = g_rand_copy(random);
        if (seed % 2) {
            read_all(&s, a);
            read_all(&clone, b);
        }
        run_steps(&s, random, STEPS, a);
        run_steps(&clone, same, STEPS, b);
        read_all(&s, a);
        read_all(&clone, b);
        g_test_message("%s %s, seed %u", kind->class_name, kind->properties, seed);
        g_assert_true(g_string_equal(a, b));
        subject_free(&clone);
        subject_free(&s);
    }
}

/* After a load the levels depend on the state alone. */
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
 * What a reset does not change according to the data sheet: clock and memory with a
 * battery, and the levels of input pins.
 */
static bool survives_reset(const char *field)
{
    static const char *const NAMES[] = {"pirq",   "cmos",          "phase",
                                        "synced", "chip[0].lines", "chip[1].lines",
                                        "inputs", "lint",          NULL};
    return g_strv_contains(NAMES, field);
}

static void assert_same_but_survivors(GBytes *a, GBytes *b)
{
    const GVariantType *type = G_VARIANT_TYPE("(sua{sat})");
    g_autoptr(GVariant) x = g_variant_ref_sink(g_variant_new_from_bytes(type, a, false));
    g_autoptr(GVariant) y = g_variant_ref_sink(g_variant_new_from_bytes(type, b, false));
    g_autoptr(GVariant) fields = g_variant_get_child_value(x, 2);
    g_autoptr(GVariant) others = g_variant_get_child_value(y, 2);
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
        set_up(&s, random);
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

/* Any value in any field is either refused, which resets the device, or does no harm. */
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
        {"a_loaded_device_continues_like_the_saved_one",
         test_a_loaded_device_continues_like_the_saved_one},
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

/*
 * What a device cannot do without: a drive.  The rig would make the DMA controllers,
 * whose state is not part of the device's.
 */
static const char *needed_properties(const DeviceClass *class)
{
    for (const DeviceProperty *p = class->properties; p && p->name; p++) {
        if (p->kind == PROPERTY_DMA) {
            return "dma=none";
        }
        if (p->kind == PROPERTY_DRIVE && strcmp(p->name, "drive") == 0) {
            return "drive=disk";
        }
    }
    return NULL;
}

static void test_the_list_of_devices_names_each(void)
{
    g_autofree char *list = machine_device_list();
    for (size_t i = 0; device_table[i]; i++) {
        g_autofree char *line = g_strdup_printf("\n  %s ", device_table[i]->head.name);
        g_assert_nonnull(strstr(list, line));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/every_device/the_list_of_devices_names_each",
                    test_the_list_of_devices_names_each);
    Kind plain[G_N_ELEMENTS(device_table)];
    for (size_t i = 0; device_table[i]; i++) {
        plain[i] = (Kind){device_table[i]->head.name, needed_properties(device_table[i])};
        add_kind(&plain[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        add_kind(&KINDS[i]);
    }
    return g_test_run();
}
