#include "src/control/gdb_internal.h"

#include "src/cpu/translate.h"

#include <string.h>

/* ---- answers ---- */

void gdb_reply(Gdb *gdb, const char *text)
{
    gdb_packets_send(gdb->packets, text, strlen(text));
}

static void append_hex(GString *text, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        g_string_append_printf(text, "%02x", ((const uint8_t *)data)[i]);
    }
}

void gdb_console(Gdb *gdb, const char *text)
{
    size_t left = strlen(text);
    while (left) {
        size_t part = MIN(left, GDB_DATA_MAX);
        g_autoptr(GString) packet = g_string_new("O");
        append_hex(packet, text, part);
        gdb_reply(gdb, packet->str);
        text += part;
        left -= part;
    }
}

/* ---- parts of packets ---- */

bool gdb_parse_char(const char **text, char c)
{
    bool there = **text == c;
    *text += there;
    return there;
}

bool gdb_parse_number(const char **text, uint64_t *number)
{
    const char *begin = *text;
    *number = 0;
    while (g_ascii_isxdigit(**text) && *text - begin < 16) {
        *number = *number << 4 | (uint64_t)g_ascii_xdigit_value(*(*text)++);
    }
    return *text != begin && !g_ascii_isxdigit(**text);
}

/* Threads are numbered from 1. */
bool gdb_parse_thread(const Gdb *gdb, const char **text, bool *all, unsigned *cpu)
{
    uint64_t number;
    *cpu = gdb->cpu;
    *all = g_str_has_prefix(*text, "-1");
    if (*all) {
        *text += 2;
        return true;
    }
    if (!gdb_parse_number(text, &number) || number > vm_cpu_count(gdb->vm)) {
        return false;
    }
    *cpu = number ? (unsigned)number - 1 : *cpu;
    return true;
}

/* Parses `size` bytes in hexadecimal.  Returns false if there are fewer. */
static bool parse_bytes(const char **text, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = g_ascii_xdigit_value((*text)[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value((*text)[1]);
        if (low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
        *text += 2;
    }
    return true;
}

/* ---- registers ---- */

const CpuState *gdb_state(Gdb *gdb)
{
    bool fresh = gdb->cached == (int)gdb->cpu && vm_state(gdb->vm) != VM_RUNNING;
    if (!fresh && !vm_get_registers(gdb->vm, gdb->cpu, &gdb->state, NULL)) {
        gdb->cached = -1;
        return NULL;
    }
    gdb->cached = (int)gdb->cpu;
    return &gdb->state;
}

static uint64_t shown_base(const Gdb *gdb, const CpuState *state)
{
    return gdb->linear_pc ? state->segment[CPU_CS].base : 0;
}

static void append_register(const Gdb *gdb, unsigned number, const CpuState *state, GString *text)
{
    uint8_t value[16];
    CpuState shown = *state;
    shown.rip += shown_base(gdb, state);
    gdb_register_get(gdb->arch, number, &shown, value);
    append_hex(text, value, gdb_register_size(gdb->arch, number));
}

static void read_registers(Gdb *gdb, const char *packet)
{
    (void)packet;
    const CpuState *state = gdb_state(gdb);
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; state && i < gdb_register_count(gdb->arch); i++) {
        append_register(gdb, i, state, text);
    }
    gdb_reply(gdb, state ? text->str : GDB_EIO);
}

static void read_register(Gdb *gdb, const char *text)
{
    const CpuState *state = gdb_state(gdb);
    uint64_t number;
    if (!state || !gdb_parse_number(&text, &number) || number >= gdb_register_count(gdb->arch)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    g_autoptr(GString) value = g_string_new(NULL);
    append_register(gdb, (unsigned)number, state, value);
    gdb_reply(gdb, value->str);
}

/* Returns false if the text has no value for the register. */
static bool change_register(const Gdb *gdb, unsigned number, CpuState *state, const char **text)
{
    uint8_t value[16];
    if (!parse_bytes(text, value, gdb_register_size(gdb->arch, number))) {
        return false;
    }
    gdb_register_set(gdb->arch, number, state, value);
    return true;
}

/*
 * The client's program counter includes the base that it was shown, which is the
 * base before the change.
 */
static void store_registers(Gdb *gdb, CpuState *state, uint64_t base)
{
    state->rip -= base;
    gdb->cached = -1;
    gdb_reply(gdb, vm_set_registers(gdb->vm, gdb->cpu, state, NULL) ? "OK" : GDB_EIO);
}

static void write_registers(Gdb *gdb, const char *text)
{
    const CpuState *now = gdb_state(gdb);
    if (!now) {
        gdb_reply(gdb, GDB_EIO);
        return;
    }
    CpuState state = *now;
    uint64_t base = shown_base(gdb, now);
    state.rip += base;
    for (unsigned i = 0; i < gdb_register_count(gdb->arch); i++) {
        if (!change_register(gdb, i, &state, &text)) {
            gdb_reply(gdb, GDB_EINVAL);
            return;
        }
    }
    store_registers(gdb, &state, base);
}

static void write_register(Gdb *gdb, const char *text)
{
    const CpuState *now = gdb_state(gdb);
    uint64_t number;
    if (!now || !gdb_parse_number(&text, &number) || !gdb_parse_char(&text, '=') ||
        number >= gdb_register_count(gdb->arch)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    CpuState state = *now;
    uint64_t base = shown_base(gdb, now);
    state.rip += base;
    if (!change_register(gdb, (unsigned)number, &state, &text)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    store_registers(gdb, &state, base);
}

/* ---- memory ---- */

static bool parse_range(const char **text, uint64_t *address, uint64_t *size)
{
    return gdb_parse_number(text, address) && gdb_parse_char(text, ',') &&
           gdb_parse_number(text, size);
}

/* Returns false if nothing is mapped there. */
static bool translate(Gdb *gdb, uint64_t address, uint64_t *physical)
{
    const CpuState *state = gdb->physical ? NULL : gdb_state(gdb);
    *physical = address;
    return gdb->physical ||
           (state && translate_linear(state, vm_parts(gdb->vm).memory, address, physical));
}

/* The size of the part up to the end of the page or of the range. */
static size_t part_of(uint64_t address, uint64_t size)
{
    return (size_t)MIN(size, PAGE_SIZE - address % PAGE_SIZE);
}

/* Answers with the bytes before the first one that does not exist. */
static void read_memory(Gdb *gdb, const char *text)
{
    uint64_t address, size, physical;
    if (!parse_range(&text, &address, &size)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    uint64_t left = MIN(size, GDB_DATA_MAX);
    g_autoptr(GString) answer = g_string_new(NULL);
    uint8_t data[PAGE_SIZE];
    while (left && translate(gdb, address, &physical)) {
        size_t part = part_of(address, left);
        if (!memory_read(vm_parts(gdb->vm).memory, physical, data, part)) {
            break;
        }
        append_hex(answer, data, part);
        address += part;
        left -= part;
    }
    gdb_reply(gdb, answer->len || !size ? answer->str : GDB_EFAULT);
}

static bool write_bytes(Gdb *gdb, uint64_t address, const uint8_t *data, size_t size)
{
    uint64_t physical;
    while (size) {
        size_t part = part_of(address, size);
        if (!translate(gdb, address, &physical) ||
            !vm_write_memory(gdb->vm, physical, data, part)) {
            return false;
        }
        address += part;
        data += part;
        size -= part;
    }
    return true;
}

/* The bytes follow a colon, in hexadecimal or in binary. */
static void write_memory(Gdb *gdb, const char *packet, size_t packet_size, bool binary)
{
    const char *text = packet;
    uint64_t address, size;
    uint8_t data[GDB_PACKET_MAX];
    if (!parse_range(&text, &address, &size) || !gdb_parse_char(&text, ':') || size > packet_size) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    size_t there = packet_size - (size_t)(text - packet);
    bool whole = binary ? there == size : parse_bytes(&text, data, (size_t)size);
    if (!whole) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    const uint8_t *bytes = binary ? (const uint8_t *)text : data;
    gdb_reply(gdb, write_bytes(gdb, address, bytes, (size_t)size) ? "OK" : GDB_EFAULT);
}

/* ---- threads ---- */

static void choose_thread(Gdb *gdb, const char *text)
{
    bool all;
    unsigned cpu;
    char what = *text;
    if (what) {
        text++;
    }
    if (!gdb_parse_thread(gdb, &text, &all, &cpu)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    if (what == 'c') {
        gdb->all_move = all;
        gdb->stepper = cpu;
    } else if (what == 'g' && !all) {
        gdb->cpu = cpu;
    }
    gdb_reply(gdb, "OK");
}

static void is_alive(Gdb *gdb, const char *text)
{
    bool all;
    unsigned cpu;
    gdb_reply(gdb, gdb_parse_thread(gdb, &text, &all, &cpu) ? "OK" : GDB_EINVAL);
}

/* ---- the end of a session ---- */

static void detach(Gdb *gdb, const char *text)
{
    (void)text;
    gdb_drop_points(gdb);
    gdb_reply(gdb, "OK");
    vm_resume(gdb->vm, NULL);
    gdb->connected = false;
}

static void kill_machine(Gdb *gdb, const char *text)
{
    (void)text;
    vm_quit(gdb->vm, "host-signal", "the debugger killed it");
}

/* ---- packets ---- */

static void multiletter(Gdb *gdb, const char *text)
{
    if (!strcmp(text, "Cont?")) {
        gdb_reply(gdb, "vCont;c;C;s;S");
    } else if (g_str_has_prefix(text, "Cont;")) {
        gdb_vcont(gdb, text + strlen("Cont"));
    } else if (g_str_has_prefix(text, "Kill")) {
        gdb_reply(gdb, "OK");
        kill_machine(gdb, text);
    } else {
        gdb_reply(gdb, "");
    }
}

static void tell_stop(Gdb *gdb, const char *text)
{
    (void)text;
    gdb_tell_stop(gdb);
}

static void insert_point(Gdb *gdb, const char *text)
{
    gdb_point(gdb, text, true);
}

static void remove_point(Gdb *gdb, const char *text)
{
    gdb_point(gdb, text, false);
}

static void go_on(Gdb *gdb, const char *text)
{
    gdb_go_on(gdb, text, VM_MOVE_RUN, false);
}

static void go_on_with_signal(Gdb *gdb, const char *text)
{
    gdb_go_on(gdb, text, VM_MOVE_RUN, true);
}

static void step(Gdb *gdb, const char *text)
{
    gdb_go_on(gdb, text, VM_MOVE_STEP, false);
}

static void step_with_signal(Gdb *gdb, const char *text)
{
    gdb_go_on(gdb, text, VM_MOVE_STEP, true);
}

static void query(Gdb *gdb, const char *text)
{
    if (!gdb_query(gdb, text)) {
        gdb_reply(gdb, "");
    }
}

static void set(Gdb *gdb, const char *text)
{
    if (!gdb_set(gdb, text)) {
        gdb_reply(gdb, "");
    }
}

static const struct {
    char letter;
    void (*run)(Gdb *gdb, const char *text); /* takes what follows the letter */
} PACKETS[] = {
    {'?', tell_stop},     {'g', read_registers},    {'G', write_registers},
    {'p', read_register}, {'P', write_register},    {'m', read_memory},
    {'Z', insert_point},  {'z', remove_point},      {'c', go_on},
    {'s', step},          {'C', go_on_with_signal}, {'S', step_with_signal},
    {'v', multiletter},   {'H', choose_thread},     {'T', is_alive},
    {'D', detach},        {'k', kill_machine},      {'q', query},
    {'Q', set},
};

/* The protocol requires an empty answer to unknown packets. */
static void packet_came(void *opaque, const char *data, size_t size)
{
    Gdb *gdb = opaque;
    if (*data == 'M' || *data == 'X') {
        write_memory(gdb, data + 1, size - 1, *data == 'X');
        return;
    }
    for (size_t i = 0; size && i < G_N_ELEMENTS(PACKETS); i++) {
        if (PACKETS[i].letter == *data) {
            PACKETS[i].run(gdb, data + 1);
            return;
        }
    }
    gdb_reply(gdb, "");
}

static void overlong_came(void *opaque)
{
    gdb_reply(opaque, GDB_E2BIG);
}

static void interrupt_came(void *opaque)
{
    Gdb *gdb = opaque;
    gdb->interrupted = gdb->waiting;
    vm_pause(gdb->vm);
}

/* ---- sessions ---- */

static void send_bytes(void *opaque, const char *data, size_t size)
{
    Gdb *gdb = opaque;
    gdb->send(gdb->opaque, data, size);
}

Gdb *gdb_new(Vm *vm, GdbArch arch, void (*send)(void *opaque, const char *data, size_t size),
             void *opaque)
{
    Gdb *gdb = g_new0(Gdb, 1);
    gdb->vm = vm;
    gdb->wanted = arch;
    gdb->arch = GDB_I386;
    gdb->send = send;
    gdb->opaque = opaque;
    gdb->cached = -1;
    gdb->points = g_array_new(false, true, sizeof(DebugPoint));
    gdb->packets = gdb_packets_new(&(GdbPacketEvents){
        .packet = packet_came,
        .interrupt = interrupt_came,
        .overlong = overlong_came,
        .send = send_bytes,
        .opaque = gdb,
    });
    return gdb;
}

void gdb_free(Gdb *gdb)
{
    gdb_packets_free(gdb->packets);
    g_array_unref(gdb->points);
    g_free(gdb);
}

static GdbArch fitting_arch(Gdb *gdb)
{
    const CpuState *state = gdb_state(gdb);
    return gdb->wanted != GDB_ARCH_COUNT ? gdb->wanted : state ? gdb_arch_of(state) : GDB_I386;
}

void gdb_connected(Gdb *gdb)
{
    gdb_packets_reset(gdb->packets);
    vm_pause(gdb->vm);
    gdb->connected = true;
    gdb->waiting = gdb->interrupted = gdb->told_mode = gdb->tells_breaks = false;
    gdb->linear_pc = gdb->physical = false;
    gdb->cached = -1;
    gdb->cpu = gdb->stepper = gdb->stop.cpu;
    gdb->all_move = true;
    gdb->arch = fitting_arch(gdb);
}

void gdb_disconnected(Gdb *gdb)
{
    bool stands = vm_state(gdb->vm) != VM_RUNNING && vm_state(gdb->vm) != VM_SHUTDOWN;
    gdb_drop_points(gdb);
    gdb->waiting = false;
    if (gdb->connected && stands) {
        vm_message(gdb->vm, "the debugger is gone and the machine stands: connect again, or let "
                            "it go with the command cont");
    }
    gdb->connected = false;
}

void gdb_input(Gdb *gdb, const char *data, size_t size)
{
    gdb_packets_input(gdb->packets, data, size);
}

void gdb_ended(Gdb *gdb)
{
    if (gdb->connected && gdb->waiting) {
        g_autofree char *text = g_strdup_printf("W%02x", (unsigned)vm_status(gdb->vm) & 0xff);
        gdb_reply(gdb, text);
    }
}
