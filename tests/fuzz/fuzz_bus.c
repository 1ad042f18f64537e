/*
 * The pc machine with every device and no CPU.  The input makes accesses to
 * any address, lets time pass, types and resets.  The run is recorded, and its
 * replay must be identical.
 */
#include "src/machine/machine.h"
#include "src/machine/pc_board.h"
#include "src/record/recorder.h"
#include "src/record/replay.h"
#include "tests/fuzz/bus_script.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A line whose other side takes as many bytes as the input says. */
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
    .rx_size = BUS_LINE_RX,
    .write = line_write,
};

typedef struct Target {
    Config *config;
    Loop *loop;
    Clock *clock;
    Bus *bus;
    Memory *memory;
    ChardevSet *chars;
    BlockSet *blocks;
    Machine *machine;
    Recorder *recorder;
    BusInitiator initiator;
    Chardev *lines[2];
    GArray *ports; /* uint16_t: all ports that a device decodes */
    bool intr[BUS_CPUS];
    int file;
} Target;

static void set_intr(void *opaque, unsigned cpu, bool level)
{
    ((Target *)opaque)->intr[cpu] = level;
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

static void message(void *opaque, const char *text)
{
    (void)opaque;
    g_error("%s", text);
}

/* Adds drives that have no file: they read as zeros and complete at moments of machine time. */
static void add_drives(Target *t)
{
    static const struct {
        const char *id, *text;
        uint64_t sectors;
    } DRIVES[] = {
        {"disk", "file=none,id=disk,if=ide", 1000},
        {"cd", "file=none,id=cd,if=ide,index=2,media=cdrom", 400},
        {"floppy", "file=none,id=floppy,if=floppy", 2880},
    };
    t->blocks = blockset_new(t->loop, t->clock, message, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(DRIVES); i++) {
        blockset_blank(t->blocks, DRIVES[i].id, DRIVES[i].sectors);
        g_ptr_array_add(t->config->drives, drive_parse(DRIVES[i].text, NULL));
    }
}

static void open_recorder(Target *t)
{
    t->file = memfd_create("recording", MFD_CLOEXEC);
    t->config->record = g_strdup_printf("/proc/self/fd/%d", t->file);
    RecorderHost host = {.loop = t->loop, .clock = t->clock, .message = message, .apics = true};
    t->recorder = recorder_new(t->config, &host, NULL);
    g_assert_nonnull(t->recorder);
    recorder_set_drives(t->recorder, t->blocks);
}

static void note_port(const BusMapping *mapping, void *opaque)
{
    Target *t = opaque;
    for (uint64_t i = 0; mapping->claim->space == IO_PORTS && i < mapping->size; i++) {
        uint16_t port = (uint16_t)(mapping->base + i);
        g_array_append_val(t->ports, port);
    }
}

static void build(Target *t)
{
    t->config = config_new();
    t->config->no_defaults = true;
    t->config->memory = 1 << 20;
    t->config->cpus = BUS_CPUS;
    t->config->rtc = g_strdup("base=2026-01-31T23:59:58,clock=vm");
    add_devices(t->config);
    t->loop = loop_new(NULL);
    t->clock = clock_new_stepped();
    t->bus = bus_new(false);
    t->memory = memory_new(t->config->memory, NULL);
    t->chars = chardev_set_new(t->loop, &(CharEvents){0}, 0);
    t->lines[0] = chardev_set_add_class(t->chars, &LINE_CLASS, "-serial", "line0", "fuzz", NULL);
    t->lines[1] = chardev_set_add_class(t->chars, &LINE_CLASS, "-serial", "line1", "fuzz", NULL);
    add_drives(t);
    open_recorder(t);
    MachineParts parts = {.bus = t->bus,
                          .clock = t->clock,
                          .host_clock = t->clock,
                          .memory = t->memory,
                          .chars = t->chars,
                          .blocks = t->blocks,
                          .services = recorder_services(t->recorder)};
    MachineCpu cpu = {0};
    cpu.set_intr = set_intr;
    cpu.has_apics = true;
    cpu.opaque = t;
    t->machine = machine_new(&machine_pc_class, t->config, &parts, &cpu);
    g_autoptr(GError) error = NULL;
    if (!machine_build(t->machine, &error)) {
        g_error("%s", error->message);
    }
    recorder_start(t->recorder);
    t->ports = g_array_new(false, false, sizeof(uint16_t));
    bus_foreach_mapping(t->bus, note_port, t);
    g_assert_cmpuint(t->ports->len, <, 0x100);
}

static void clear(Target *t)
{
    g_array_unref(t->ports);
    chardev_set_free(t->chars);
    blockset_free(t->blocks);
    machine_free(t->machine);
    if (t->recorder) {
        recorder_finish(t->recorder, 0);
    }
    g_clear_pointer(&t->recorder, recorder_free);
    bus_free(t->bus);
    clock_free(t->clock);
    memory_free(t->memory);
    loop_free(t->loop);
    config_free(t->config);
}

/* The devices' chardevs have no backend here, and a replay accepts any. */
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

/* ---- what an operation does ---- */

static void make_access(Target *t, const BusOp *op)
{
    uint16_t port = op->which == BUS_ANY_PORT
                        ? (uint16_t)op->number
                        : g_array_index(t->ports, uint16_t, op->which % t->ports->len);
    uint8_t items[BUS_ITEMS_MAX * 4] = {0};
    memcpy(items, op->bytes ?: items, op->size);
    bus_port_access(t->bus, &t->initiator, port, op->what & BUS_WRITE, bus_op_width(op), items,
                    bus_op_count(op));
}

static void touch_memory(Target *t, const BusOp *op)
{
    uint64_t data = 0;
    bus_memory_access(t->bus, &t->initiator, op->number, op->how & BUS_WRITE, 1 + op->how % 8,
                      &data);
}

/* The registers are 16 bytes apart. */
static void use_apic(Target *t, const BusOp *op)
{
    uint64_t base = op->how & BUS_IOAPIC ? IOAPIC_BASE : LAPIC_BASE;
    uint64_t data = op->number;
    t->initiator.cpu = (op->how & 3) % BUS_CPUS;
    bus_memory_access(t->bus, &t->initiator, base + op->which * 0x10u, op->how & BUS_WRITE, 4,
                      &data);
    t->initiator.cpu = 0;
}

static void acknowledge(Target *t, unsigned cpu)
{
    if (t->intr[cpu]) {
        machine_acknowledge(t->machine, cpu);
    }
}

static void use_line(Target *t, const BusOp *op)
{
    Chardev *chardev = t->lines[op->how & 1];
    switch ((BusLineKind)(op->how >> 1 & 3)) {
    case BUS_LINE_INPUT:
        chardev_receive(chardev, op->bytes, MIN(op->size, chardev_rx_room(chardev)));
        break;
    case BUS_LINE_BREAK:
        chardev_receive_break(chardev);
        break;
    case BUS_LINE_MODEM:
        chardev_set_lines(chardev, (unsigned)op->number & 0xf0);
        break;
    default:
        ((FuzzLine *)chardev)->room = op->how == 0xff ? SIZE_MAX / 2 : op->how >> 3;
        chardev_writable(chardev);
        loop_step(t->loop, false);
    }
}

static void do_one(Target *t, const BusOp *op)
{
    switch (bus_op_kind(op)) {
    case BUS_STEP:
        clock_step(t->clock, op->number);
        break;
    case BUS_LINE:
        use_line(t, op);
        break;
    case BUS_ACKNOWLEDGE:
        if (op->what & BUS_APIC) {
            use_apic(t, op);
        } else {
            acknowledge(t, (op->what >> 3) % BUS_CPUS);
        }
        break;
    case BUS_MEMORY:
        touch_memory(t, op);
        break;
    case BUS_LATE:
        if (op->what == 0xff) {
            machine_reset(t->machine);
        }
        clock_skip(t->clock, op->number);
        clock_run_due(t->clock);
        break;
    default:
        make_access(t, op);
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
    bus_set_observer(t.bus, note_unclaimed, false, &t);
    for (unsigned i = 0; in.size && i < BUS_OPS_MAX; i++) {
        BusOp op = bus_take_op(&in);
        do_one(&t, &op);
    }
    clear(&t);
    check_replay(&t);
    return 0;
}
