/* A machine without a CPU that is recorded, and the replay of its recording. */
#ifndef PIOEMU_TEST_RECORD_RIG_H
#define PIOEMU_TEST_RECORD_RIG_H

#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"
#include "devices/serial/uart16550_regs.h"
#include "src/base/error.h"
#include "src/machine/machine.h"
#include "src/record/format.h"
#include "src/record/recorder.h"
#include "src/record/replay.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/wait.h>

typedef struct Session {
    Config *config;
    Loop *loop;
    Clock *clock;
    Bus *bus;
    Memory *memory;
    ChardevSet *chars;
    Machine *machine;
    Recorder *recorder;
    BusInitiator initiator;
    Chardev *line;    /* COM1's */
    BlockSet *blocks; /* NULL: the machine has no drives */
    unsigned messages;
    char *path;
} Session;

/* ---- a machine that is recorded ---- */

static inline size_t line_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    (void)chardev, (void)data;
    return size;
}

static const ChardevClass LINE_CLASS = {
    .name = "line",
    .usage = "line",
    .help = "a test's",
    .size = sizeof(Chardev),
    .rx_size = 64,
    .write = line_write,
};

static inline void count_message(void *opaque, const char *text)
{
    Session *s = opaque;
    g_test_message("%s", text);
    s->messages++;
}

static inline void access_made(void *opaque, const BusAccess *access)
{
    Session *s = opaque;
    if (!access->device) {
        recorder_unclaimed(s->recorder, access);
    }
}

static inline void build_machine(Session *s)
{
    bool apics = !bus_is_locked(s->bus);
    RecorderHost host = {
        .loop = s->loop, .clock = s->clock, .message = count_message, .opaque = s, .apics = apics};
    g_autoptr(GError) error = NULL;
    s->recorder = recorder_new(s->config, &host, &error);
    g_assert_no_error(error);
    if (s->blocks) {
        recorder_set_drives(s->recorder, s->blocks);
    }
    MachineParts parts = {.bus = s->bus,
                          .clock = s->clock,
                          .host_clock = s->clock,
                          .memory = s->memory,
                          .chars = s->chars,
                          .blocks = s->blocks,
                          .services = recorder_services(s->recorder)};
    MachineCpu cpu = {0};
    cpu.has_apics = apics;
    s->machine = machine_new(&machine_pc_class, s->config, &parts, &cpu);
    g_assert_true(machine_build(s->machine, &error));
    recorder_start(s->recorder);
    bus_set_observer(s->bus, access_made, false, s);
}

/*
 * A bus without locks has APICs, as with a software CPU.  `disk` is the image of the
 * first hard disk, or NULL.
 */
static inline Session *session_new_with(const char *path, bool locked, const char *disk)
{
    Session *s = g_new0(Session, 1);
    s->path = g_strdup(path);
    s->config = config_new();
    s->config->no_defaults = true;
    s->config->memory = 1 << 20;
    s->config->rtc = g_strdup("base=2026-01-31T23:59:58,clock=vm");
    s->config->record = g_strdup(path);
    g_ptr_array_add(s->config->devices, g_strdup("isa-serial,chardev=line"));
    s->loop = loop_new(NULL);
    s->clock = clock_new_stepped();
    s->bus = bus_new(locked);
    s->memory = memory_new(s->config->memory, NULL);
    s->chars = chardev_set_new(s->loop, &(CharEvents){0}, 0);
    s->line = chardev_set_add_class(s->chars, &LINE_CLASS, "-serial", "line", "line", NULL);
    if (disk) {
        s->blocks = blockset_new(s->loop, s->clock, count_message, s);
        g_ptr_array_add(s->config->drives, drive_new_short("hda", disk));
    }
    build_machine(s);
    return s;
}

static inline Session *session_new_on(const char *path, bool locked)
{
    return session_new_with(path, locked, NULL);
}

static inline Session *session_new(const char *path)
{
    return session_new_on(path, true);
}

/* Ends the recording and returns how many messages the user got. */
static inline unsigned session_end(Session *s)
{
    chardev_set_free(s->chars);
    g_clear_pointer(&s->blocks, blockset_free);
    machine_free(s->machine);
    recorder_finish(s->recorder, NS_PER_SECOND);
    recorder_free(s->recorder);
    bus_free(s->bus);
    clock_free(s->clock);
    memory_free(s->memory);
    loop_free(s->loop);
    config_free(s->config);
    unsigned messages = s->messages;
    g_free(s->path);
    g_free(s);
    return messages;
}

static inline void outb(Session *s, uint16_t port, uint8_t value)
{
    bus_port_access(s->bus, &s->initiator, port, true, 1, &value, 1);
}

static inline uint8_t inb(Session *s, uint16_t port)
{
    uint8_t value = 0;
    bus_port_access(s->bus, &s->initiator, port, false, 1, &value, 1);
    return value;
}

/* Uses output, input, a timer, an interrupt, and an address without a device. */
static inline void use_machine(Session *s)
{
    static const uint8_t TEXT[] = "input";
    outb(s, 0x3f8, 'x');
    outb(s, 0x3f9, 1);
    outb(s, 0x3fc, 8);
    chardev_receive(s->line, TEXT, sizeof(TEXT));
    chardev_receive_break(s->line);
    chardev_set_lines(s->line, CHAR_LINE_RI);
    for (size_t i = 0; i < sizeof(TEXT); i++) {
        inb(s, 0x3f8);
    }
    outb(s, 0x43, 0x34);
    outb(s, 0x40, 0);
    outb(s, 0x40, 4);
    clock_step(s->clock, NS_PER_SECOND / 100);
    inb(s, 0x1234);
    outb(s, 0x80, 0x5a);
    inb(s, 0x80);
}

typedef struct Recording {
    uint8_t *data;
    gsize size;
} Recording;

static inline void read_file(const char *path, Recording *r)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_get_contents(path, (char **)&r->data, &r->size, &error));
}

static inline char *temporary_file(void)
{
    g_autoptr(GError) error = NULL;
    char *path;
    int fd = g_file_open_tmp("pioemu-XXXXXX.rec", &path, &error);
    g_assert_no_error(error);
    close(fd);
    return path;
}

static inline Recording make_recording(void)
{
    Recording r;
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    use_machine(s);
    g_assert_cmpuint(session_end(s), ==, 0);
    read_file(path, &r);
    g_unlink(path);
    return r;
}

static inline ReplayResult replay(const Recording *r)
{
    ReplayResult result;
    g_autoptr(GError) error = NULL;
    bool ok = replay_data(r->data, r->size, &result, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return result;
}

static inline void assert_refused(const void *data, size_t size, const char *why)
{
    ReplayResult result;
    g_autoptr(GError) error = NULL;
    g_assert_false(replay_data(data, size, &result, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    if (why && !strstr(error->message, why)) {
        g_error("'%s' does not say '%s'", error->message, why);
    }
}

#endif
