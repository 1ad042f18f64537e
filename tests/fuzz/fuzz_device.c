/*
 * One device on the test rig, through everything that it can be told: its
 * registers, its timers, its line, its pins, resets, saving and loading.
 *
 * FUZZ_CLASS and FUZZ_PROPERTIES say which.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/rig.h"

#define OPS_MAX   400u
#define BLOCK_MAX 64u

typedef struct Target {
    Rig *rig;
    Device *dev;
    RigChar *line;
    GArray *ports; /* uint16_t: all that the device has */
} Target;

static void note_ports(const BusClaim *claim, void *opaque)
{
    Target *t = opaque;
    for (uint64_t i = 0; claim->space == IO_PORTS && i < claim->size; i++) {
        uint16_t port = (uint16_t)(claim->base + i);
        g_array_append_val(t->ports, port);
    }
}

static uint16_t take_port(Target *t, FuzzInput *in)
{
    return g_array_index(t->ports, uint16_t, fuzz_take(in, 1) % t->ports->len);
}

static void do_block(Target *t, FuzzInput *in)
{
    uint64_t how = fuzz_take(in, 1);
    unsigned size = 1u << how % 3;
    uint16_t port = take_port(t, in);
    uint8_t items[BLOCK_MAX * 4] = {0};
    size_t count;
    const uint8_t *bytes = fuzz_take_bytes(in, BLOCK_MAX, &count);
    memcpy(items, bytes, count);
    if (how & 0x80) {
        rig_out_block(t->rig, port, items, count / size, size);
    } else {
        rig_in_block(t->rig, port, items, count / size, size);
    }
}

static void do_line(Target *t, FuzzInput *in)
{
    if (!t->line || !t->line->port || !device_class(t->dev)->char_client) {
        return;
    }
    const CharClient *client = device_class(t->dev)->char_client;
    uint64_t what = fuzz_take(in, 1);
    size_t size;
    if (what < 0x80 && client->receive) {
        const uint8_t *bytes = fuzz_take_bytes(in, BLOCK_MAX, &size);
        rig_char_input_bytes(t->line, bytes, size);
    } else if (what < 0xa0 && client->receive_break) {
        rig_char_break(t->line);
    } else if (what < 0xd0 && client->lines_changed) {
        rig_char_set_lines(t->line, (unsigned)fuzz_take(in, 1) & 0xf0);
    } else if (client->tx_room) {
        rig_char_set_room(t->line, what == 0xff ? G_MAXSIZE : what & 0xf);
    }
}

static void do_pin(Target *t, FuzzInput *in)
{
    const DeviceClass *class = device_class(t->dev);
    uint64_t what = fuzz_take(in, 1);
    if (class->input_count) {
        device_set_input(t->dev, (unsigned)what % class->input_count, what & 0x80);
        device_input_pending(t->dev, (unsigned)what % class->input_count);
    }
    if (class->acknowledge && what & 0x40) {
        device_acknowledge(t->dev);
    }
    for (unsigned i = 0; i < ISA_IRQ_COUNT; i++) {
        rig_set_pending(t->rig, i, what & 1);
    }
}

/* A device takes its own state back. */
static void save_and_load(Target *t)
{
    g_autoptr(GBytes) saved = device_save(t->dev);
    g_assert_true(rig_load(t->dev, saved));
}

/* It may refuse a state that somebody changed, and is reset then. */
static void load_changed(Target *t, FuzzInput *in)
{
    const DeviceField *fields = device_class(t->dev)->fields;
    unsigned count = 0;
    while (fields && fields[count].kind != FIELD_END) {
        count++;
    }
    if (!count) {
        return;
    }
    const DeviceField *field = &fields[fuzz_take(in, 1) % count];
    unsigned index = (unsigned)fuzz_take(in, 1) % field->count;
    unsigned bytes = (unsigned)fuzz_take(in, 1) % 8 + 1;
    uint64_t value = fuzz_take(in, bytes);
    g_autoptr(GBytes) saved = device_save(t->dev);
    g_autoptr(GBytes) patched = rig_patch(saved, field->name, index, value);
    if (!rig_load(t->dev, patched)) {
        save_and_load(t);
    }
}

static void do_rare(Target *t, FuzzInput *in)
{
    switch (fuzz_take(in, 1) % 8) {
    case 0:
        device_reset(t->dev);
        break;
    case 1:
        rig_late(t->rig, fuzz_take_time(in));
        break;
    case 2:
        load_changed(t, in);
        break;
    case 3:
        clock_skip(rig_clock(t->rig), fuzz_take(in, 7));
        clock_run_due(rig_clock(t->rig));
        break;
    case 4:
        g_free(device_describe(t->dev));
        break;
    default:
        save_and_load(t);
    }
}

static void do_one(Target *t, FuzzInput *in)
{
    uint64_t op = fuzz_take(in, 1);
    unsigned size = op & 0x10 ? op & 0x08 ? 4 : 2 : 1;
    uint16_t port;
    switch (op % 8) {
    case 0:
    case 1:
        port = take_port(t, in);
        rig_out(t->rig, port, (uint32_t)fuzz_take(in, size), size);
        break;
    case 2:
    case 3:
        rig_in(t->rig, take_port(t, in), size);
        break;
    case 4:
        rig_step(t->rig, fuzz_take_step(in));
        break;
    case 5:
        do_line(t, in);
        break;
    case 6:
        if (op & 0x40) {
            do_block(t, in);
        } else {
            do_pin(t, in);
        }
        break;
    default:
        do_rare(t, in);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    Target t = {.rig = rig_new(), .ports = g_array_new(false, false, sizeof(uint16_t))};
    t.dev = rig_device(t.rig, FUZZ_CLASS, FUZZ_PROPERTIES);
    t.line = rig_char(t.rig, "line");
    bus_foreach_claim(rig_bus(t.rig), note_ports, &t);
    for (unsigned i = 0; in.size && i < OPS_MAX; i++) {
        do_one(&t, &in);
    }
    g_array_unref(t.ports);
    rig_free(t.rig);
    return 0;
}
