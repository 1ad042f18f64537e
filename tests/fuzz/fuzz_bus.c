/*
 * The pc machine with every device there is and no CPU: accesses anywhere,
 * time, input, resets.  The run is recorded, and its replay must not differ.
 */
#include "src/machine.h"
#include "src/record/recorder.h"
#include "src/record/replay.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/no_cpu.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define OPS_MAX   400u
#define LINE_RX   64u
#define BLOCK_MAX 64u

/* A line whose other side takes as much as it is told. */
typedef struct FuzzLine {
    Chardev chardev;
    size_t room;
} FuzzLine;

static size_t line_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    FuzzLine *line = (FuzzLine *)chardev;
    (void)data;
    size_t taken = MIN(size, line->room);
    line->room -= taken;
    return taken;
}

static const ChardevClass LINE_CLASS = {
    .name = "fuzz",
    .usage = "fuzz",
    .help = "a test's line",
    .size = sizeof(FuzzLine),
    .rx_size = LINE_RX,
    .write = line_write,
};

typedef struct Target {
    Config *config;
    Loop *loop;
    Clock *clock;
    Bus *bus;
    Memory *memory;
    CharSet *chars;
    Machine *machine;
    Recorder *recorder;
    BusInitiator initiator;
    Chardev *lines[2];
    GArray *ports; /* uint16_t: all that some device has */
    bool intr;
    int file;
} Target;

static void set_intr(void *opaque, unsigned cpu, bool level)
{
    (void)cpu;
    ((Target *)opaque)->intr = level;
}

static void recorder_message(void *opaque, const char *text)
{
    (void)opaque;
    g_error("%s", text);
}

static void add_devices(Config *config)
{
    static const char *const DEVICES[] = {
        "isa-serial,iobase=0x3f8,irq=4,chardev=line0",
        "isa-serial,iobase=0x2f8,irq=3,pace=baud,chardev=line1",
        "isa-debugcon,iobase=0xe9",
        "isa-debug-exit,iobase=0x501,iosize=4",
        "exit-port",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(DEVICES); i++) {
        g_ptr_array_add(config->devices, g_strdup(DEVICES[i]));
    }
}

static void open_recorder(Target *t)
{
    t->file = memfd_create("recording", MFD_CLOEXEC);
    t->config->record = g_strdup_printf("/proc/self/fd/%d", t->file);
    RecorderHost host = {.loop = t->loop, .clock = t->clock, .message = recorder_message};
    t->recorder = recorder_new(t->config, &host, NULL);
    g_assert_nonnull(t->recorder);
}

static void note_port(const BusClaim *claim, void *opaque)
{
    Target *t = opaque;
    for (uint64_t i = 0; claim->space == IO_PORTS && i < claim->size; i++) {
        uint16_t port = (uint16_t)(claim->base + i);
        g_array_append_val(t->ports, port);
    }
}

static void build(Target *t)
{
    t->config = config_new();
    t->config->no_defaults = true;
    t->config->memory = 1 << 20;
    t->config->rtc = g_strdup("base=2026-01-31T23:59:58,clock=vm");
    add_devices(t->config);
    t->loop = loop_new(NULL);
    t->clock = clock_new_stepped();
    t->bus = bus_new(false);
    t->memory = memory_new(t->config->memory, NULL);
    t->chars = charset_new(t->loop, &(CharEvents){0}, 0);
    t->lines[0] = charset_add_class(t->chars, &LINE_CLASS, "-serial", "line0", "fuzz", NULL);
    t->lines[1] = charset_add_class(t->chars, &LINE_CLASS, "-serial", "line1", "fuzz", NULL);
    open_recorder(t);
    MachineParts parts = {.bus = t->bus,
                          .clock = t->clock,
                          .host_clock = t->clock,
                          .memory = t->memory,
                          .chars = t->chars,
                          .taps = recorder_taps(t->recorder)};
    MachineCpu cpu = no_cpu();
    cpu.set_intr = set_intr;
    cpu.opaque = t;
    t->machine = machine_new(&machine_pc_class, t->config, &parts, &cpu);
    g_autoptr(GError) error = NULL;
    if (!machine_build(t->machine, &error)) {
        g_error("%s", error->message);
    }
    recorder_start(t->recorder);
    t->ports = g_array_new(false, false, sizeof(uint16_t));
    bus_foreach_claim(t->bus, note_port, t);
    g_assert_cmpuint(t->ports->len, <, 0x100);
}

static void clear(Target *t)
{
    g_array_unref(t->ports);
    charset_free(t->chars);
    machine_free(t->machine);
    g_clear_pointer(&t->recorder, recorder_free);
    bus_free(t->bus);
    clock_free(t->clock);
    memory_free(t->memory);
    loop_free(t->loop);
    config_free(t->config);
}

/* The chardevs of the devices are no backends' here: any will do for a replay. */
static void check_replay(Target *t)
{
    off_t size = lseek(t->file, 0, SEEK_END);
    g_autofree uint8_t *data = g_malloc((gsize)size);
    g_assert_cmpint(pread(t->file, data, (size_t)size, 0), ==, size);
    close(t->file);
    ReplayResult result;
    g_autoptr(GError) error = NULL;
    bool ok = replay_data(data, (size_t)size, &result, &error);
    if (!ok || result.difference) {
        g_error("%s", ok ? result.difference : error->message);
    }
}

/* ---- what may happen ---- */

/* One that a device has, or any. */
static uint16_t take_port(Target *t, FuzzInput *in)
{
    uint64_t which = fuzz_take(in, 1);
    return which == 0xff ? (uint16_t)fuzz_take(in, 2)
                         : g_array_index(t->ports, uint16_t, which % t->ports->len);
}

static void make_access(Target *t, FuzzInput *in, bool write)
{
    uint64_t how = fuzz_take(in, 1);
    uint16_t port = take_port(t, in);
    unsigned size = 1u << how % 3;
    size_t count = how & 0x80 ? how >> 2 & 0x1f : 1;
    uint8_t items[BLOCK_MAX * 4] = {0};
    for (size_t i = 0; write && i < count * size; i++) {
        items[i] = (uint8_t)fuzz_take(in, 1);
    }
    bus_port_access(t->bus, &t->initiator, port, write, size, items, count);
}

static void touch_memory(Target *t, FuzzInput *in)
{
    uint64_t data = 0;
    uint64_t how = fuzz_take(in, 1);
    uint64_t address = fuzz_take(in, 8);
    bus_memory_access(t->bus, &t->initiator, address, how & 0x80, 1 + how % 8, &data);
}

static void use_line(Target *t, FuzzInput *in)
{
    uint64_t what = fuzz_take(in, 1);
    Chardev *chardev = t->lines[what & 1];
    switch (what >> 1 & 3) {
    case 0: {
        size_t size;
        const uint8_t *bytes = fuzz_take_bytes(in, chardev_rx_room(chardev), &size);
        chardev_receive(chardev, bytes, size);
        break;
    }
    case 1:
        chardev_receive_break(chardev);
        break;
    case 2:
        chardev_set_lines(chardev, (unsigned)fuzz_take(in, 1) & 0xf0);
        break;
    default:
        ((FuzzLine *)chardev)->room = what == 0xff ? SIZE_MAX / 2 : what >> 3;
        chardev_writable(chardev);
        loop_step(t->loop, false);
    }
}

static void do_one(Target *t, FuzzInput *in)
{
    uint64_t op = fuzz_take(in, 1);
    switch (op % 8) {
    case 0:
    case 1:
    case 2:
        make_access(t, in, op & 0x80);
        break;
    case 3:
        clock_step(t->clock, fuzz_take_step(in));
        break;
    case 4:
        use_line(t, in);
        break;
    case 5:
        if (t->intr) {
            machine_acknowledge(t->machine, 0);
        }
        break;
    case 6:
        touch_memory(t, in);
        break;
    default:
        if (op == 0xff) {
            machine_reset(t->machine);
        }
        clock_skip(t->clock, fuzz_take_time(in));
        clock_run_due(t->clock);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_quiet();
    return 0;
}

static void note_unclaimed(void *opaque, const BusAccess *access)
{
    Target *t = opaque;
    if (!access->device) {
        recorder_unclaimed(t->recorder, access);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FuzzInput in = {data, size};
    Target t = {0};
    build(&t);
    bus_set_observer(t.bus, note_unclaimed, &t);
    for (unsigned i = 0; in.size && i < OPS_MAX; i++) {
        do_one(&t, &in);
    }
    clear(&t);
    check_replay(&t);
    return 0;
}
