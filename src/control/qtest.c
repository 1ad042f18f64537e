#include "src/control/qtest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Room for a `write` of QTEST_DATA_MAX bytes in hexadecimal. */
#define LINE_MAX_LENGTH (2u * QTEST_DATA_MAX + 128u)
/* Room for a command, its arguments and the rest of the line. */
#define WORDS_MAX 6
/* How many deadlines are served before the loop gets a turn. */
#define STEP_SLICE 10000u

struct Qtest {
    QtestTarget target;
    QtestEvents events;
    BusInitiator initiator;
    GString *input;
    bool overlong; /* the rest of the line is dropped */

    bool stepping;
    uint64_t step_target;
    LoopTask step_task;

    const char *intercepted; /* canonical name of the controller, or NULL */
    bool reported[ISA_IRQ_COUNT];
    IrqLine *driven[ISA_IRQ_COUNT]; /* the lines of set_irq_in */
    gint64 opened_at;
};

/* ---- answers ---- */

static double seconds_open(const Qtest *q)
{
    return (double)(g_get_monotonic_time() - q->opened_at) / G_USEC_PER_SEC;
}

static void send_line(Qtest *q, GString *line)
{
    if (q->target.log) {
        log_line(q->target.log, "[S +%f] %s", seconds_open(q), line->str);
    }
    g_string_append_c(line, '\n');
    q->events.send(q->events.opaque, line->str, line->len);
    g_string_free(line, true);
}

static void G_GNUC_PRINTF(2, 3) answer(Qtest *q, const char *format, ...)
{
    GString *line = g_string_new(NULL);
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(line, format, arguments);
    va_end(arguments);
    send_line(q, line);
}

/* ---- arguments ---- */

static bool parse_number(Qtest *q, const char *text, uint64_t max, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = g_ascii_strtoull(text, &end, 0);
    if (end == text || *end || errno) {
        answer(q, "FAIL '%s' is not a number", text);
        return false;
    }
    if (*value > max) {
        answer(q, "FAIL '%s' is too large", text);
        return false;
    }
    return true;
}

static bool parse_range(Qtest *q, char **words, uint64_t *address, uint64_t *size)
{
    return parse_number(q, words[1], UINT64_MAX, address) &&
           parse_number(q, words[2], QTEST_DATA_MAX, size);
}

/* ---- ports ---- */

static void port_out(Qtest *q, char **words, unsigned size)
{
    uint64_t port, value;
    if (parse_number(q, words[1], 0xffff, &port) && parse_number(q, words[2], UINT64_MAX, &value)) {
        bus_port_access(q->target.bus, &q->initiator, (uint16_t)port, true, size, &value, 1);
        answer(q, "OK");
    }
}

static void port_in(Qtest *q, char **words, unsigned size)
{
    uint64_t port, value = 0;
    if (parse_number(q, words[1], 0xffff, &port)) {
        bus_port_access(q->target.bus, &q->initiator, (uint16_t)port, false, size, &value, 1);
        answer(q, "OK 0x%04" PRIx64, value);
    }
}

/* ---- memory: RAM where there is some, else the bus ---- */

static size_t ram_at(const Qtest *q, uint64_t address, size_t size)
{
    const MemoryRegion *region = memory_find(q->target.memory, address);
    return region ? MIN(size, region->base + region->size - address) : 0;
}

static void memory_access(Qtest *q, uint64_t address, bool write, void *data, size_t size)
{
    uint8_t *bytes = data;
    while (size) {
        size_t piece = ram_at(q, address, size);
        if (piece && write) {
            /* A write to ROM is refused, and so it is lost, as on the board. */
            memory_write(q->target.memory, address, bytes, piece);
        } else if (piece) {
            memory_read(q->target.memory, address, bytes, piece);
        } else {
            piece = MIN(size, 8 - address % 8);
            bus_memory_access(q->target.bus, &q->initiator, address, write, (unsigned)piece, bytes);
        }
        address += piece;
        bytes += piece;
        size -= piece;
    }
}

static void write_value(Qtest *q, char **words, unsigned size)
{
    uint64_t address, value;
    if (parse_number(q, words[1], UINT64_MAX, &address) &&
        parse_number(q, words[2], UINT64_MAX, &value)) {
        memory_access(q, address, true, &value, size);
        answer(q, "OK");
    }
}

static void read_value(Qtest *q, char **words, unsigned size)
{
    uint64_t address, value = 0;
    if (parse_number(q, words[1], UINT64_MAX, &address)) {
        memory_access(q, address, false, &value, size);
        answer(q, "OK 0x%016" PRIx64, value);
    }
}

static void read_hex(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t address, size;
    if (!parse_range(q, words, &address, &size)) {
        return;
    }
    if (!size) {
        answer(q, "FAIL nothing to read");
        return;
    }
    g_autofree uint8_t *data = g_malloc(size);
    memory_access(q, address, false, data, size);
    GString *line = g_string_sized_new(2 * size + 8);
    g_string_append(line, "OK 0x");
    for (uint64_t i = 0; i < size; i++) {
        static const char DIGITS[] = "0123456789abcdef";
        g_string_append_c(line, DIGITS[data[i] >> 4]);
        g_string_append_c(line, DIGITS[data[i] & 15]);
    }
    send_line(q, line);
}

/* If the text is too short, the rest is zero. */
static bool parse_hex(Qtest *q, const char *text, uint8_t *data, uint64_t size)
{
    size_t digits = strlen(text);
    if (digits < 3 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
        answer(q, "FAIL invalid argument size");
        return false;
    }
    for (uint64_t i = 0; i < size && 2 * i + 4 <= digits; i++) {
        int high = g_ascii_xdigit_value(text[2 + 2 * i]);
        int low = g_ascii_xdigit_value(text[3 + 2 * i]);
        if (high < 0 || low < 0) {
            answer(q, "FAIL '%.2s' is not hexadecimal", text + 2 + 2 * i);
            return false;
        }
        data[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void write_hex(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t address, size;
    if (parse_range(q, words, &address, &size)) {
        g_autofree uint8_t *data = g_malloc0(size + 1);
        if (parse_hex(q, words[3], data, size)) {
            memory_access(q, address, true, data, size);
            answer(q, "OK");
        }
    }
}

static void read_base64(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t address, size;
    if (parse_range(q, words, &address, &size)) {
        g_autofree uint8_t *data = g_malloc(size + 1);
        memory_access(q, address, false, data, size);
        g_autofree char *text = g_base64_encode(data, size);
        answer(q, "OK %s", text);
    }
}

/* As in QEMU, a wrong length is only logged.  The shorter of the two counts. */
static void write_base64(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t address, size;
    if (parse_range(q, words, &address, &size)) {
        gsize found;
        g_autofree guchar *data = g_base64_decode(words[3], &found);
        if (found != size && q->target.log) {
            log_line(q->target.log, "b64write: told %" PRIu64 " bytes, found %zu", size, found);
        }
        memory_access(q, address, true, data, MIN(found, size));
        answer(q, "OK");
    }
}

static void fill_memory(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t address, size, value;
    if (parse_range(q, words, &address, &size) && parse_number(q, words[3], UINT64_MAX, &value)) {
        g_autofree uint8_t *data = g_malloc(size + 1);
        memset(data, (int)(value & 0xff), size);
        memory_access(q, address, true, data, size);
        answer(q, "OK");
    }
}

static void tell_endianness(Qtest *q, char **words, unsigned unused)
{
    (void)words;
    (void)unused;
    answer(q, "OK little");
}

/* ---- time ---- */

static void process_lines(Qtest *q);

/* Returns true when the time has been reached and the answer sent. */
static bool step_slice(Qtest *q)
{
    Clock *clock = q->target.clock;
    for (unsigned i = 0; i < STEP_SLICE; i++) {
        uint64_t now = clock_now(clock);
        uint64_t next = clock_next_deadline(clock);
        if (next > q->step_target) {
            clock_step(clock, q->step_target - now);
            answer(q, "OK %" PRIu64, clock_now(clock));
            return true;
        }
        clock_step(clock, next > now ? next - now : 0);
    }
    return false;
}

static void go_on_stepping(void *opaque)
{
    Qtest *q = opaque;
    if (!step_slice(q)) {
        loop_post(q->target.loop, &q->step_task);
        return;
    }
    q->stepping = false;
    q->events.busy(q->events.opaque, false);
    process_lines(q);
}

static void step_to(Qtest *q, uint64_t target)
{
    q->step_target = MAX(target, clock_now(q->target.clock));
    if (!step_slice(q)) {
        q->stepping = true;
        q->events.busy(q->events.opaque, true);
        loop_post(q->target.loop, &q->step_task);
    }
}

/* Without a time, it goes to the next deadline.  If there is none, time stays. */
static void step_clock(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t now = clock_now(q->target.clock);
    uint64_t ns;
    if (!words[1]) {
        uint64_t next = clock_next_deadline(q->target.clock);
        step_to(q, next == CLOCK_NEVER ? now : next);
    } else if (parse_number(q, words[1], INT64_MAX - now, &ns)) {
        step_to(q, now + ns);
    }
}

static void set_clock(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t ns;
    if (parse_number(q, words[1], INT64_MAX, &ns)) {
        step_to(q, ns);
    }
}

/* ---- interrupts ---- */

/*
 * Accepts QEMU's short names, its object paths, and pioemu's names.  NULL: there is
 * no such controller.
 */
static const char *controller_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *last = slash && g_str_has_prefix(name, "/machine/") ? slash + 1 : name;
    if (!strcmp(last, "ioapic")) {
        return "ioapic";
    }
    bool unattached = g_str_has_prefix(name, "/machine/unattached/device[");
    return unattached || !strcmp(last, "i8259") || !strcmp(last, "PIC") ? "i8259" : NULL;
}

static const char *find_controller(Qtest *q, const char *name)
{
    const char *found = controller_name(name);
    if (!found) {
        answer(q, "FAIL Unknown device");
    }
    return found;
}

static void line_changed(void *opaque, unsigned irq, bool level)
{
    Qtest *q = opaque;
    if (q->reported[irq] != level) {
        q->reported[irq] = level;
        answer(q, "IRQ %s %u", level ? "raise" : "lower", irq);
    }
}

/* Reports the line of the first CPU only: the protocol knows no other. */
static void intr_changed(void *opaque, unsigned cpu, bool level)
{
    if (cpu == 0) {
        line_changed(opaque, 0, level);
    }
}

static void intercept(Qtest *q, char **words, unsigned output)
{
    const char *name = find_controller(q, words[1]);
    if (!name) {
        return;
    }
    if (q->intercepted) {
        answer(q, q->intercepted == name ? "OK" : "FAIL IRQ intercept already enabled");
        return;
    }
    q->intercepted = name;
    memset(q->reported, 0, sizeof(q->reported));
    if (output) {
        machine_set_intr_observer(q->target.machine, intr_changed, q);
    } else {
        irq_router_set_observer(q->target.machine->irqs, line_changed, q);
    }
    answer(q, "OK");
}

static void drive_line(Qtest *q, char **words, unsigned unused)
{
    (void)unused;
    uint64_t irq, level;
    if (!find_controller(q, words[1]) || !parse_number(q, words[3], ISA_IRQ_COUNT - 1, &irq) ||
        !parse_number(q, words[4], UINT64_MAX, &level)) {
        return;
    }
    if (!q->driven[irq]) {
        q->driven[irq] = irq_router_line(q->target.machine->irqs, (unsigned)irq);
    }
    pio_irq_set(q->driven[irq], level != 0);
    answer(q, "OK");
}

static void load_module(Qtest *q, char **words, unsigned unused)
{
    (void)words;
    (void)unused;
    answer(q, "FAIL");
}

/* ---- commands ---- */

typedef struct Command {
    const char *name;
    unsigned arguments; /* the minimum; as in QEMU, further ones are ignored */
    void (*run)(Qtest *q, char **words, unsigned parameter);
    unsigned parameter;
    bool alone; /* requires QtestTarget.alone; otherwise the command is unknown */
} Command;

static const Command COMMANDS[] = {
    {"outb", 2, port_out, 1, false},
    {"outw", 2, port_out, 2, false},
    {"outl", 2, port_out, 4, false},
    {"inb", 1, port_in, 1, false},
    {"inw", 1, port_in, 2, false},
    {"inl", 1, port_in, 4, false},
    {"writeb", 2, write_value, 1, false},
    {"writew", 2, write_value, 2, false},
    {"writel", 2, write_value, 4, false},
    {"writeq", 2, write_value, 8, false},
    {"readb", 1, read_value, 1, false},
    {"readw", 1, read_value, 2, false},
    {"readl", 1, read_value, 4, false},
    {"readq", 1, read_value, 8, false},
    {"read", 2, read_hex, 0, false},
    {"write", 3, write_hex, 0, false},
    {"b64read", 2, read_base64, 0, false},
    {"b64write", 3, write_base64, 0, false},
    {"memset", 3, fill_memory, 0, false},
    {"endianness", 0, tell_endianness, 0, false},
    {"clock_step", 0, step_clock, 0, true},
    {"clock_set", 1, set_clock, 0, true},
    {"irq_intercept_in", 1, intercept, 0, true},
    {"irq_intercept_out", 1, intercept, 1, true},
    {"set_irq_in", 4, drive_line, 0, true},
    {"module_load", 2, load_module, 0, false},
};

static const Command *find_command(const Qtest *q, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (!strcmp(COMMANDS[i].name, name) && (q->target.alone || !COMMANDS[i].alone)) {
            return &COMMANDS[i];
        }
    }
    return NULL;
}

static void run_line(Qtest *q, char *line)
{
    if (q->target.log) {
        log_line(q->target.log, "[R +%f] %s", seconds_open(q), line);
    }
    g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", WORDS_MAX);
    unsigned count = g_strv_length(words);
    const char *name = count ? words[0] : "";
    const Command *command = find_command(q, name);
    if (!command) {
        answer(q, "FAIL Unknown command '%s'", name);
    } else if (count - 1 < command->arguments) {
        answer(q, "FAIL %s needs %u arguments", name, command->arguments);
    } else {
        command->run(q, words, command->parameter);
    }
}

/* ---- input ---- */

static void drop_overlong(Qtest *q)
{
    if (q->input->len > LINE_MAX_LENGTH && !memchr(q->input->str, '\n', q->input->len)) {
        if (!q->overlong) {
            answer(q, "FAIL the line is too long");
        }
        q->overlong = true;
        g_string_truncate(q->input, 0);
    }
}

static void process_lines(Qtest *q)
{
    char *start = q->input->str;
    char *end;
    size_t left = q->input->len;
    while (!q->stepping && (end = memchr(start, '\n', left))) {
        *end = '\0';
        if (!q->overlong) {
            run_line(q, start);
        }
        q->overlong = false;
        left -= (size_t)(end + 1 - start);
        start = end + 1;
    }
    g_string_erase(q->input, 0, start - q->input->str);
    if (!q->stepping) {
        drop_overlong(q);
    }
}

void qtest_input(Qtest *q, const char *data, size_t size)
{
    g_string_append_len(q->input, data, (gssize)size);
    if (!q->stepping) {
        process_lines(q);
    }
}

void qtest_connected(Qtest *q)
{
    q->opened_at = g_get_monotonic_time();
    if (q->target.log) {
        log_line(q->target.log, "[I 0.000000] OPENED");
    }
}

static void stop_work(Qtest *q)
{
    if (q->stepping) {
        loop_cancel(q->target.loop, &q->step_task);
        q->stepping = false;
        q->events.busy(q->events.opaque, false);
    }
    if (q->intercepted) {
        q->intercepted = NULL;
        machine_set_intr_observer(q->target.machine, NULL, NULL);
        irq_router_set_observer(q->target.machine->irqs, NULL, NULL);
    }
}

void qtest_disconnected(Qtest *q)
{
    if (q->target.log) {
        log_line(q->target.log, "[I +%f] CLOSED", seconds_open(q));
    }
    stop_work(q);
    g_string_truncate(q->input, 0);
    q->overlong = false;
}

Qtest *qtest_new(const QtestTarget *target, const QtestEvents *events)
{
    Qtest *q = g_new0(Qtest, 1);
    q->target = *target;
    q->events = *events;
    q->input = g_string_new(NULL);
    q->step_task = (LoopTask){.run = go_on_stepping, .opaque = q};
    q->opened_at = g_get_monotonic_time();
    return q;
}

void qtest_free(Qtest *q)
{
    stop_work(q);
    g_string_free(q->input, true);
    g_free(q);
}
