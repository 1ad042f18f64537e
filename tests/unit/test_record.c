/*
 * -record and -replay: a machine with no CPU is recorded and replayed, and the
 * recordings of guests in tests/replay still replay.
 */
#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"
#include "devices/serial/uart16550_regs.h"
#include "src/base/error.h"
#include "src/machine/machine.h"
#include "src/record/format.h"
#include "src/record/recorder.h"
#include "src/record/replay.h"
#include "tests/unit/no_cpu.h"

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
    Chardev *line; /* COM1's */
    unsigned messages;
    char *path;
} Session;

/* ---- a machine that is recorded ---- */

static size_t line_write(Chardev *chardev, const uint8_t *data, size_t size)
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

static void count_message(void *opaque, const char *text)
{
    Session *s = opaque;
    g_test_message("%s", text);
    s->messages++;
}

static void access_made(void *opaque, const BusAccess *access)
{
    Session *s = opaque;
    if (!access->device) {
        recorder_unclaimed(s->recorder, access);
    }
}

static void build_machine(Session *s)
{
    bool apics = !bus_is_locked(s->bus);
    RecorderHost host = {
        .loop = s->loop, .clock = s->clock, .message = count_message, .opaque = s, .apics = apics};
    g_autoptr(GError) error = NULL;
    s->recorder = recorder_new(s->config, &host, &error);
    g_assert_no_error(error);
    MachineParts parts = {.bus = s->bus,
                          .clock = s->clock,
                          .host_clock = s->clock,
                          .memory = s->memory,
                          .chars = s->chars,
                          .services = recorder_services(s->recorder)};
    MachineCpu cpu = no_cpu();
    cpu.has_apics = apics;
    s->machine = machine_new(&machine_pc_class, s->config, &parts, &cpu);
    g_assert_true(machine_build(s->machine, &error));
    recorder_start(s->recorder);
    bus_set_observer(s->bus, access_made, false, s);
}

/* A bus without locks has APICs on it, as with a software CPU. */
static Session *session_new_on(const char *path, bool locked)
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
    build_machine(s);
    return s;
}

static Session *session_new(const char *path)
{
    return session_new_on(path, true);
}

/* Ends the recording; returns how often the user was told something. */
static unsigned session_end(Session *s)
{
    chardev_set_free(s->chars);
    machine_free(s->machine);
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

static void outb(Session *s, uint16_t port, uint8_t value)
{
    bus_port_access(s->bus, &s->initiator, port, true, 1, &value, 1);
}

static uint8_t inb(Session *s, uint16_t port)
{
    uint8_t value = 0;
    bus_port_access(s->bus, &s->initiator, port, false, 1, &value, 1);
    return value;
}

/* Output, input, a timer, an interrupt, an access that nobody answers. */
static void use_machine(Session *s)
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

static void read_file(const char *path, Recording *r)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_get_contents(path, (char **)&r->data, &r->size, &error));
}

static char *temporary_file(void)
{
    g_autoptr(GError) error = NULL;
    char *path;
    int fd = g_file_open_tmp("pioemu-XXXXXX.rec", &path, &error);
    g_assert_no_error(error);
    close(fd);
    return path;
}

static Recording make_recording(void)
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

static ReplayResult replay(const Recording *r)
{
    ReplayResult result;
    g_autoptr(GError) error = NULL;
    bool ok = replay_data(r->data, r->size, &result, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return result;
}

static void assert_refused(const void *data, size_t size, const char *why)
{
    ReplayResult result;
    g_autoptr(GError) error = NULL;
    g_assert_false(replay_data(data, size, &result, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    if (why && !strstr(error->message, why)) {
        g_error("'%s' does not say '%s'", error->message, why);
    }
}

/* ---- the sentences ---- */

static void test_a_recording_replays_without_a_difference(void)
{
    Recording r = make_recording();
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, 30);
    g_assert_cmpuint(result.time, ==, NS_PER_SECOND / 100);
    g_free(r.data);
}

/* The last record is the read of 0x5a, and an end follows. */
static void test_a_difference_is_told_with_time_port_and_values(void)
{
    Recording r = make_recording();
    g_assert_cmphex(r.data[r.size - 2], ==, 0x5a);
    r.data[r.size - 2] = 0x5b;
    ReplayResult result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "at 0.010000000 s"));
    g_assert_nonnull(strstr(result.difference, "POST read (port 0x80): expected 0x5b, got 0x5a"));
    g_free(result.difference);
    g_free(r.data);
}

/* Lines, output and deadlines are compared too, not only what is read. */
static void test_a_changed_byte_is_noticed(void)
{
    Recording r = make_recording();
    size_t body = (size_t)((uint8_t *)memmem(r.data, r.size, "\n\n", 2) - r.data) + 2;
    unsigned unnoticed = 0;
    for (size_t i = body; i < r.size; i++) {
        ReplayResult result;
        g_autoptr(GError) error = NULL;
        r.data[i] ^= 1;
        bool ok = replay_data(r.data, r.size, &result, &error);
        unnoticed += ok && !result.difference;
        g_free(result.difference);
        r.data[i] ^= 1;
    }
    /* Times are a fifth of it, and few answers depend on a nanosecond. */
    g_test_message("%u of %zu", unnoticed, r.size - body);
    g_assert_cmpuint(unnoticed, <, (r.size - body) / 2);
    g_free(r.data);
}

static void test_a_register_has_its_name(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    inb(s, 0x3fd);
    session_end(s);
    Recording r;
    read_file(path, &r);
    g_unlink(path);
    r.data[r.size - 2] ^= 0x20;
    ReplayResult result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "isa-serial read LSR (port 0x3fd): expected 0x40, "
                                               "got 0x60"));
    g_free(result.difference);
    g_free(r.data);
}

static void test_a_shortened_recording_is_refused(void)
{
    Recording r = make_recording();
    for (size_t size = 0; size < r.size; size++) {
        assert_refused(r.data, size, NULL);
    }
    assert_refused(r.data, r.size - 1, "cut short");
    g_free(r.data);
}

static void test_other_files_are_refused(void)
{
    static const char OTHER[] = "#!/bin/sh\necho\n";
    static const char VERSION[] = "pioemu recording 7\n\n";
    static const char OLD[] = "pioemu recording 3\nmachine pc\n\n";
    static const char HEADER[] = "pioemu recording 4\nflavour sweet\n\n";
    static const char MACHINE[] = "pioemu recording 4\nmachine vax\n\n\2";
    static const char ESCAPE[] = "pioemu recording 4\nmachine p\\\nmemory 4096\n\n\2";
    assert_refused(OTHER, sizeof(OTHER) - 1, "not a recording");
    assert_refused(VERSION, sizeof(VERSION) - 1, "version 7 of the format");
    assert_refused(OLD, sizeof(OLD) - 1, "version 3 of the format, and this pioemu reads 4");
    assert_refused(HEADER, sizeof(HEADER) - 1, "'flavour'");
    assert_refused(MACHINE, sizeof(MACHINE) - 1, "cannot be built");
    assert_refused(ESCAPE, sizeof(ESCAPE) - 1, "header is damaged");
}

/* The name of a kind in the header, which is as long afterwards. */
static void rename_in_header(Recording *r, const char *line, const char *from, const char *to)
{
    uint8_t *start = memmem(r->data, r->size, line, strlen(line));
    g_assert_nonnull(start);
    uint8_t *end = memchr(start + 1, '\n', r->size - (size_t)(start - r->data) - 1);
    uint8_t *at = memmem(start, (size_t)(end - start), from, strlen(from));
    g_assert_nonnull(at);
    g_assert_cmpuint(strlen(from), ==, strlen(to));
    memcpy(at, to, strlen(to));
}

static void test_a_service_that_is_unknown_is_refused_by_its_name(void)
{
    Recording r = make_recording();
    rename_in_header(&r, "\nservices ", " output ", " octopu ");
    assert_refused(r.data, r.size, "the service 'octopu', which this pioemu does not know");
    g_free(r.data);
}

/* Nothing was moved to or from memory in this recording. */
static void test_a_service_that_is_unknown_and_not_used_does_no_harm(void)
{
    Recording r = make_recording();
    rename_in_header(&r, "\nservices ", " dma-to-memory ", " dna-to-memory ");
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

/* The numbers of kinds are those that the header gives them. */
static void test_kinds_are_found_by_their_names(void)
{
    Recording r = make_recording();
    ReplayResult before = replay(&r);
    uint8_t *at = memmem(r.data, r.size, "\nservices ", 10);
    /* One that never was, in front: every item's number is one too small then. */
    static const char LINE[] = "\nservices none-such ";
    size_t offset = (size_t)(at - r.data), more = sizeof(LINE) - 1 - 10;
    r.data = g_realloc(r.data, r.size + more);
    memmove(r.data + offset + 10 + more, r.data + offset + 10, r.size - offset - 10);
    memcpy(r.data + offset, LINE, sizeof(LINE) - 1);
    r.size += more;
    assert_refused(r.data, r.size, "the service 'none-such'");
    g_assert_cmpstr(before.difference, ==, NULL);
    g_free(r.data);
}

static void test_a_call_that_is_unknown_is_refused(void)
{
    Recording r = make_recording();
    rename_in_header(&r, "\ncalls ", " receive ", " perceiv ");
    assert_refused(r.data, r.size, "call of a kind that this pioemu does not know");
    g_free(r.data);
}

static Device *find_device(const Session *s, const char *id)
{
    for (guint i = 0; i < s->machine->devices->len; i++) {
        Device *dev = s->machine->devices->pdata[i];
        if (!strcmp(device_id(dev), id)) {
            return dev;
        }
    }
    g_assert_not_reached();
}

/* Changes the header, which is as long afterwards. */
static void change(Recording *r, const char *from, const char *to)
{
    g_assert_cmpuint(strlen(from), ==, strlen(to));
    void *at = memmem(r->data, r->size, from, strlen(from));
    g_assert_nonnull(at);
    memcpy(at, to, strlen(to));
}

static void test_a_device_that_the_machine_has_not_is_named(void)
{
    Recording r = make_recording();
    change(&r, "device isa-serial,chardev=line", "device exit-port,id=otherwise1");
    assert_refused(r.data, r.size,
                   "with the device isa-serial (isa-serial), and this machine has "
                   "no such device");
    g_free(r.data);
}

static void test_a_device_of_another_class_is_named(void)
{
    Recording r = make_recording();
    change(&r, "device isa-serial,chardev=line", "device exit-port,id=isa-serial");
    assert_refused(r.data, r.size,
                   "with the device isa-serial (isa-serial), and this machine has "
                   "it as a device of class exit-port");
    g_free(r.data);
}

/* Ends it and takes its recording. */
static Recording session_take(Session *s)
{
    Recording r;
    g_autofree char *path = g_strdup(s->path);
    g_assert_cmpuint(session_end(s), ==, 0);
    read_file(path, &r);
    g_unlink(path);
    return r;
}

/* Once it had the time to send it. */
static uint8_t take_key(Session *s)
{
    clock_step(s->clock, NS_PER_SECOND / 100);
    return inb(s, 0x60);
}

static void test_keys_and_pointers_are_recorded(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    Device *keyboard = find_device(s, "KBC");
    g_assert_true(device_key(keyboard, 0x1e, true));
    g_assert_cmphex(take_key(s), ==, 0x1e);
    g_assert_false(device_key(keyboard, 0x55, true));
    g_assert_true(device_key(keyboard, 0x1e, false));
    g_assert_cmphex(take_key(s), ==, 0x9e);
    outb(s, 0x64, 0xd4);
    outb(s, 0x60, 0xf4);
    g_assert_cmphex(take_key(s), ==, 0xfa);
    g_assert_true(device_pointer(keyboard, -3, 5, POINTER_LEFT));
    g_assert_cmphex(take_key(s), ==, 0x19);
    g_assert_cmphex(take_key(s), ==, 0xfd);
    g_assert_cmphex(take_key(s), ==, 0x05);
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmphex(r.data[r.size - 2], ==, 0x05);
    r.data[r.size - 2] = 0x06;
    result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "expected 0x06, got 0x05"));
    g_free(result.difference);
    g_free(r.data);
}

static void test_modem_lines_are_recorded(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    chardev_set_lines(s->line, CHAR_LINE_RI | CHAR_LINE_CTS);
    g_assert_cmphex(inb(s, 0x3fe) & 0xf0, ==, CHAR_LINE_RI | CHAR_LINE_CTS);
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

static void outsb(Session *s, uint16_t port, const void *items, size_t count)
{
    g_autofree uint8_t *copy = g_memdup2(items, count);
    bus_port_access(s->bus, &s->initiator, port, true, 1, copy, count);
}

/* REP OUTS to the FCR: each item empties the receiver, which takes as much as it holds then. */
static Recording record_several_questions(void)
{
    static const uint8_t FCR[] = {UART_FCR_ENABLE, 0, UART_FCR_ENABLE};
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    chardev_receive(s->line, (const uint8_t *)"abcdefghijklmnopqrstuvwx", 24);
    outsb(s, 0x3fa, FCR, sizeof(FCR));
    for (const char *rest = "stuvwx"; *rest; rest++) {
        g_assert_cmphex(inb(s, 0x3f8), ==, (uint8_t)*rest);
    }
    return session_take(s);
}

static void test_input_comes_at_the_question_that_it_came_at(void)
{
    Recording r = record_several_questions();
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

static void test_a_question_that_is_missing_is_a_difference(void)
{
    /* Port 0, the third request of the call, six bytes. */
    static const uint8_t THIRD[] = {ITEM_SERVICES + SERVICE_INPUT, 9, 0, 3, 6, 's'};
    Recording r = record_several_questions();
    uint8_t *at = memmem(r.data, r.size, THIRD, sizeof(THIRD));
    g_assert_nonnull(at);
    at[3] = 4;
    ReplayResult result = replay(&r);
    g_assert_nonnull(strstr(result.difference, "expected a request for input, got nothing"));
    g_free(result.difference);
    g_free(r.data);
}

static void write32(Session *s, uint64_t address, uint32_t value)
{
    bus_memory_access(s->bus, &s->initiator, address, true, 4, &value);
}

/* The end of an interrupt whose line is still high brings the next one, in the same access. */
static void test_apic_calls_that_nest_are_recorded(void)
{
    static const uint64_t LAPIC = UINT64_C(0xfee00000), IOAPIC = UINT64_C(0xfec00000);
    g_autofree char *path = temporary_file();
    Session *s = session_new_on(path, false);
    write32(s, LAPIC + APIC_SVR, APIC_SVR_ENABLE | 0xff);
    write32(s, IOAPIC + IOAPIC_IOREGSEL, IOAPIC_REDTBL + 2 * 5);
    write32(s, IOAPIC + IOAPIC_IOWIN, IOAPIC_TRIGGER | 0x55);
    device_set_input(s->machine->ioapic, 5, true);
    g_assert_cmphex(device_acknowledge(s->machine->lapics->pdata[0]), ==, 0x55);
    write32(s, LAPIC + APIC_EOI, 0);
    g_assert_cmphex(device_acknowledge(s->machine->lapics->pdata[0]), ==, 0x55);
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

/* Before the one that the recording has, so that their numbers differ. */
static void add_to_header(Recording *r, const char *line)
{
    uint8_t *at = memmem(r->data, r->size, "device ", 7);
    size_t before = (size_t)(at - r->data), size = strlen(line);
    r->data = g_realloc(r->data, r->size + size);
    memmove(r->data + before + size, r->data + before, r->size - before);
    memcpy(r->data + before, line, size);
    r->size += size;
}

static void test_a_machine_may_have_more_devices(void)
{
    Recording r = make_recording();
    add_to_header(&r, "device isa-debugcon\ndevice isa-serial,id=more,iobase=0x1230,irq=4\n");
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_free(r.data);
}

#define MANY            200000u
#define THREAD_ACCESSES 5000u

/* More than the buffer holds, with the loop at work in between and at the end. */
static void test_nothing_is_lost(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    for (unsigned i = 0; i < MANY; i++) {
        outb(s, 0x3ff, (uint8_t)i);
        if (i % 50000 == 0) {
            loop_step(s->loop, false);
        }
    }
    g_assert_cmpuint(session_end(s), ==, 0);
    Recording r;
    read_file(path, &r);
    g_unlink(path);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, MANY);
    g_free(r.data);
}

/* As vCPUs do: each in a thread of its own, while the loop writes the file. */
static gpointer write_scratch(gpointer data)
{
    Session *s = data;
    BusInitiator by = {0};
    for (unsigned i = 0; i < THREAD_ACCESSES; i++) {
        uint8_t value = (uint8_t)i;
        bus_port_access(s->bus, &by, 0x3ff, true, 1, &value, 1);
        bus_port_access(s->bus, &by, 0x4321, false, 1, &value, 1);
    }
    return NULL;
}

static gpointer write_post(gpointer data)
{
    Session *s = data;
    BusInitiator by = {0};
    for (unsigned i = 0; i < THREAD_ACCESSES; i++) {
        uint8_t value = (uint8_t)(i >> 8);
        bus_port_access(s->bus, &by, 0x80, true, 1, &value, 1);
        bus_port_access(s->bus, &by, 0x3ff, false, 1, &value, 1);
    }
    return NULL;
}

static void test_threads_are_recorded(void)
{
    g_autofree char *path = temporary_file();
    Session *s = session_new(path);
    GThread *threads[] = {g_thread_new("scratch", write_scratch, s),
                          g_thread_new("post", write_post, s)};
    static const uint8_t TEXT[] = "input";
    for (unsigned i = 0; i < 50; i++) {
        chardev_receive(s->line, TEXT, MIN(sizeof(TEXT), chardev_rx_room(s->line)));
        loop_step(s->loop, false);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
    Recording r = session_take(s);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, 4 * THREAD_ACCESSES);
    g_free(r.data);
}

static void test_a_full_disk_is_told_once(void)
{
    Session *s = session_new("/dev/full");
    for (unsigned i = 0; i < MANY; i++) {
        outb(s, 0x3ff, (uint8_t)i);
        if (i % 10000 == 0) {
            loop_step(s->loop, false);
        }
    }
    g_assert_cmpuint(session_end(s), ==, 1);
}

static void test_a_file_that_cannot_be_made_is_an_error(void)
{
    g_autoptr(Config) config = config_new();
    config->record = g_strdup("/nonexistent/x.rec");
    g_autoptr(GError) error = NULL;
    g_assert_null(recorder_new(config, &(RecorderHost){0}, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "-record /nonexistent/x.rec: "));
}

static void test_the_date_is_fixed(void)
{
    g_autoptr(Config) config = config_new();
    g_assert_true(recorder_fix_date(config, NULL));
    g_assert_true(g_str_has_prefix(config->rtc, "base=2"));
    g_assert_true(g_str_has_suffix(config->rtc, ",clock=host"));
    g_free(config->rtc);
    config->rtc = g_strdup("base=2000-02-29T01:02:03,clock=vm");
    g_assert_true(recorder_fix_date(config, NULL));
    g_assert_cmpstr(config->rtc, ==, "base=2000-02-29T01:02:03,clock=vm");
}

/* ---- recordings of guests, made on KVM, and of port accesses ---- */

static void test_a_recorded_guest(gconstpointer name)
{
    g_autofree char *path =
        g_strdup_printf("%s/%s.rec", g_getenv("PIOEMU_RECORDINGS"), (const char *)name);
    Recording r;
    read_file(path, &r);
    ReplayResult result = replay(&r);
    g_assert_cmpstr(result.difference, ==, NULL);
    g_assert_cmpuint(result.records, >, 100);
    g_free(r.data);
}

/* ---- the program ---- */

static int run_program(const char *const *args, char **output)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    int status;
    g_ptr_array_add(words, (gpointer)g_getenv("PIOEMU"));
    for (; *args; args++) {
        g_ptr_array_add(words, (gpointer)*args);
    }
    g_ptr_array_add(words, NULL);
    g_assert_true(g_spawn_sync(NULL, (char **)words->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                               output, NULL, &status, &error));
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run_replay(const char *path, char **output)
{
    return run_program((const char *const[]){"-replay", path, NULL}, output);
}

static void test_the_program_says_0_1_or_2(void)
{
    Recording r = make_recording();
    g_autofree char *path = temporary_file();
    g_autofree char *same = NULL, *other = NULL, *bad = NULL;
    g_file_set_contents(path, (char *)r.data, (gssize)r.size, NULL);
    g_assert_cmpint(run_replay(path, &same), ==, 0);
    g_assert_nonnull(strstr(same, "no difference"));
    r.data[r.size - 2] = 0;
    g_file_set_contents(path, (char *)r.data, (gssize)r.size, NULL);
    g_assert_cmpint(run_replay(path, &other), ==, REPLAY_DIFFERS);
    g_assert_nonnull(strstr(other, "expected 0x00, got 0x5a"));
    g_assert_cmpint(run_replay("/dev/null", &bad), ==, 2);
    g_unlink(path);
    g_free(r.data);
}

static void test_a_guest_is_recorded_and_replayed(void)
{
    if (g_access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("no /dev/kvm");
        return;
    }
    g_autofree char *path = temporary_file();
    g_autofree char *printed = NULL, *same = NULL;
    const char *const args[] = {"-kernel", g_getenv("HELLO_BIN"), "-serial", "stdio",
                                "-device", "exit-port",           "-record", path,
                                NULL};
    g_assert_cmpint(run_program(args, &printed), ==, 0);
    g_assert_cmpint(run_replay(path, &same), ==, 0);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    static const char *const GUESTS[] = {"timer",  "uart-irq", "shell",
                                         "portio", "diskread", "floppy"};
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/replays_without_a_difference",
                    test_a_recording_replays_without_a_difference);
    g_test_add_func("/record/a_difference_is_told_with_time_port_and_values",
                    test_a_difference_is_told_with_time_port_and_values);
    g_test_add_func("/record/a_register_has_its_name", test_a_register_has_its_name);
    g_test_add_func("/record/a_changed_byte_is_noticed", test_a_changed_byte_is_noticed);
    g_test_add_func("/record/a_shortened_recording_is_refused",
                    test_a_shortened_recording_is_refused);
    g_test_add_func("/record/other_files_are_refused", test_other_files_are_refused);
    g_test_add_func("/record/a_service_that_is_unknown_is_refused_by_its_name",
                    test_a_service_that_is_unknown_is_refused_by_its_name);
    g_test_add_func("/record/a_service_that_is_unknown_and_not_used_does_no_harm",
                    test_a_service_that_is_unknown_and_not_used_does_no_harm);
    g_test_add_func("/record/kinds_are_found_by_their_names", test_kinds_are_found_by_their_names);
    g_test_add_func("/record/a_call_that_is_unknown_is_refused",
                    test_a_call_that_is_unknown_is_refused);
    g_test_add_func("/record/a_device_that_the_machine_has_not_is_named",
                    test_a_device_that_the_machine_has_not_is_named);
    g_test_add_func("/record/a_device_of_another_class_is_named",
                    test_a_device_of_another_class_is_named);
    g_test_add_func("/record/a_machine_may_have_more_devices",
                    test_a_machine_may_have_more_devices);
    g_test_add_func("/record/keys_and_pointers_are_recorded", test_keys_and_pointers_are_recorded);
    g_test_add_func("/record/modem_lines_are_recorded", test_modem_lines_are_recorded);
    g_test_add_func("/record/input_comes_at_the_question_that_it_came_at",
                    test_input_comes_at_the_question_that_it_came_at);
    g_test_add_func("/record/a_question_that_is_missing_is_a_difference",
                    test_a_question_that_is_missing_is_a_difference);
    g_test_add_func("/record/apic/calls_that_nest_are_recorded",
                    test_apic_calls_that_nest_are_recorded);
    g_test_add_func("/record/nothing_is_lost", test_nothing_is_lost);
    g_test_add_func("/record/threads_are_recorded", test_threads_are_recorded);
    g_test_add_func("/record/a_full_disk_is_told_once", test_a_full_disk_is_told_once);
    g_test_add_func("/record/a_file_that_cannot_be_made_is_an_error",
                    test_a_file_that_cannot_be_made_is_an_error);
    g_test_add_func("/record/the_date_is_fixed", test_the_date_is_fixed);
    for (size_t i = 0; i < G_N_ELEMENTS(GUESTS); i++) {
        g_autofree char *name = g_strdup_printf("/record/guest/%s", GUESTS[i]);
        g_test_add_data_func(name, GUESTS[i], test_a_recorded_guest);
    }
    g_test_add_func("/record/program/says_0_1_or_2", test_the_program_says_0_1_or_2);
    g_test_add_func("/record/program/a_guest_is_recorded_and_replayed",
                    test_a_guest_is_recorded_and_replayed);
    return g_test_run();
}
