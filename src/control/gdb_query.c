/*
 * A session's queries and settings: what the client and pioemu can do, the target
 * description, threads, and the monitor's commands.
 */
#include "src/control/gdb_internal.h"

#include "src/base/error.h"
#include "src/control/line.h"

#include <string.h>

/* ---- what there is ---- */

static void supported(Gdb *gdb, const char *text)
{
    gdb->tells_breaks = strstr(text, "swbreak+") && strstr(text, "hwbreak+");
    g_autofree char *answer =
        g_strdup_printf("PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;"
                        "swbreak+;hwbreak+",
                        GDB_PACKET_MAX);
    gdb_reply(gdb, answer);
}

/* ":target.xml:OFFSET,LENGTH" */
static void read_description(Gdb *gdb, const char *text)
{
    static const char FILE_NAME[] = "target.xml:";
    uint64_t offset, length;
    if (!g_str_has_prefix(text, FILE_NAME)) {
        gdb_reply(gdb, "E00");
        return;
    }
    text += strlen(FILE_NAME);
    if (!gdb_parse_number(&text, &offset) || !gdb_parse_char(&text, ',') ||
        !gdb_parse_number(&text, &length)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    g_autoptr(GString) xml = g_string_new(NULL);
    gdb_describe(gdb->arch, xml);
    offset = MIN(offset, xml->len);
    length = MIN(length, GDB_DATA_MAX);
    bool last = length >= xml->len - offset;
    g_autoptr(GString) answer = g_string_new(last ? "l" : "m");
    g_string_append_len(answer, xml->str + offset, (gssize)MIN(length, xml->len - offset));
    gdb_reply(gdb, answer->str);
}

/* ---- threads ---- */

static void list_threads(Gdb *gdb)
{
    g_autoptr(GString) text = g_string_new("m");
    for (unsigned i = 0; i < vm_cpu_count(gdb->vm); i++) {
        g_string_append_printf(text, "%s%x", i ? "," : "", i + 1);
    }
    gdb_reply(gdb, text->str);
}

static void reply_hex(Gdb *gdb, const char *text)
{
    g_autoptr(GString) hex = g_string_new(NULL);
    for (; *text; text++) {
        g_string_append_printf(hex, "%02x", (guint8)*text);
    }
    gdb_reply(gdb, hex->str);
}

static const char *mode_name(const CpuState *state)
{
    return state->msr.efer & CPU_EFER_LMA ? "long mode"
           : !(state->cr0 & CPU_CR0_PE)   ? "real mode"
           : state->rflags & CPU_FLAG_VM  ? "virtual-8086 mode"
           : state->cr0 & CPU_CR0_PG      ? "protected mode, paging"
                                          : "protected mode";
}

static void describe_thread(Gdb *gdb, const char *text)
{
    bool all;
    unsigned cpu;
    CpuState state;
    if (!gdb_parse_thread(gdb, &text, &all, &cpu) ||
        !vm_get_registers(gdb->vm, cpu, &state, NULL)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    g_autofree char *line = g_strdup_printf("CPU %u, %s%s", cpu, mode_name(&state),
                                            state.unstarted ? ", not started"
                                            : state.halted  ? ", halted"
                                                            : "");
    reply_hex(gdb, line);
}

/* ---- the monitor ---- */

typedef struct SessionCommand {
    const char *name, *off, *on; /* the words for its two positions */
    size_t field;                /* a bool of Gdb */
    const char *help;
} SessionCommand;

static const SessionCommand COMMANDS_HERE[] = {
    {"pc", "offset", "linear", offsetof(Gdb, linear_pc),
     "whether eip is shown with the base of CS added"},
    {"memory", "linear", "physical", offsetof(Gdb, physical),
     "what addresses of memory are taken for"},
};

static bool *field_of(Gdb *gdb, const SessionCommand *command)
{
    return (bool *)((char *)gdb + command->field);
}

/* gdb keeps the registers that it has read, so the answer tells the user how to read them again. */
static void change(Gdb *gdb, const SessionCommand *command, const char *word, GString *out)
{
    bool *field = field_of(gdb, command);
    bool on = word && !strcmp(word, command->on);
    if (word && !on && strcmp(word, command->off) != 0) {
        g_string_append_printf(out, "%s %s: write %s or %s\n", command->name, word, command->off,
                               command->on);
        return;
    }
    bool changed = word && *field != on;
    *field = word ? on : *field;
    g_string_append_printf(out, "%s %s%s\n", command->name, *field ? command->on : command->off,
                           changed ? " (maintenance flush register-cache makes gdb look again)"
                                   : "");
}

static bool run_here(Gdb *gdb, const char *line, GString *out)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 2);
    if (!words[0]) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS_HERE); i++) {
        if (!strcmp(words[0], COMMANDS_HERE[i].name)) {
            change(gdb, &COMMANDS_HERE[i], words[1] ? g_strstrip(words[1]) : NULL, out);
            return true;
        }
    }
    return false;
}

static void help_here(GString *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS_HERE); i++) {
        const SessionCommand *c = &COMMANDS_HERE[i];
        g_string_append_printf(out, "%s %s|%s -- %s, in this session\n", c->name, c->off, c->on,
                               c->help);
    }
}

/* A client that does not wait for a stop believes that the machine is stopped. */
static void warn_of_running(const Gdb *gdb, GString *out)
{
    if (vm_state(gdb->vm) == VM_RUNNING && !gdb->waiting) {
        g_string_append(out, "(the machine runs now, but gdb takes it for stopped: \"continue\" "
                             "lets gdb wait for it)\n");
    }
}

static void run_command(Gdb *gdb, const char *hex)
{
    g_autoptr(GString) line = g_string_new(NULL), out = g_string_new(NULL);
    for (; g_ascii_isxdigit(hex[0]) && g_ascii_isxdigit(hex[1]); hex += 2) {
        g_string_append_c(line,
                          (char)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1])));
    }
    if (*hex || strlen(line->str) != line->len || !g_utf8_validate(line->str, -1, NULL)) {
        gdb_reply(gdb, GDB_EINVAL);
        return;
    }
    if (!run_here(gdb, g_strstrip(line->str), out)) {
        g_autofree char *text = line_run_once(gdb->vm, 0, line->str);
        g_string_append(out, text);
        g_string_replace(out, "\r\n", "\n", 0);
    }
    if (!strcmp(line->str, "help")) {
        help_here(out);
    }
    gdb->cached = -1;
    warn_of_running(gdb, out);
    gdb_console(gdb, out->str);
    gdb_reply(gdb, "OK");
}

/* ---- the two kinds ---- */

typedef struct Query {
    const char *name; /* if it ends with ':', an argument follows */
    const char *answer;
    void (*run)(Gdb *gdb, const char *rest); /* used instead of `answer` */
} Query;

static void first_threads(Gdb *gdb, const char *rest)
{
    (void)rest;
    list_threads(gdb);
}

static void current_thread(Gdb *gdb, const char *rest)
{
    (void)rest;
    g_autofree char *text = g_strdup_printf("QC%x", gdb->cpu + 1);
    gdb_reply(gdb, text);
}

static void physical_mode(Gdb *gdb, const char *rest)
{
    (void)rest;
    gdb_reply(gdb, gdb->physical ? "1" : "0");
}

static void set_physical_mode(Gdb *gdb, const char *rest)
{
    gdb->physical = strcmp(rest, "0") != 0;
    gdb_reply(gdb, "OK");
}

static void trust(Gdb *gdb, const char *rest)
{
    (void)rest;
    gdb_reply(gdb, "OK");
    gdb_packets_trust(gdb->packets);
}

/* lldb asks for this before the description. gdb never does. lldb does not know i8086. */
static void meet_lldb(Gdb *gdb, const char *rest)
{
    (void)rest;
    gdb->arch = gdb->arch == GDB_I8086 ? GDB_I386 : gdb->arch;
    gdb_reply(gdb, "");
}

static const Query QUERIES[] = {
    {"Supported:", NULL, supported},
    {"Supported", NULL, supported},
    {"Xfer:features:read:", NULL, read_description},
    {"fThreadInfo", NULL, first_threads},
    {"sThreadInfo", "l", NULL},
    {"ThreadExtraInfo,", NULL, describe_thread},
    {"C", NULL, current_thread},
    {"Attached", "1", NULL},
    {"Rcmd,", NULL, run_command},
    /* QEMU's query, for "maintenance packet Qqemu.PhyMemMode:1" in gdb. */
    {"qemu.PhyMemMode", NULL, physical_mode},
};

static const Query SETTINGS[] = {
    {"StartNoAckMode", NULL, trust},
    {"ThreadSuffixSupported", NULL, meet_lldb},
    {"qemu.PhyMemMode:", NULL, set_physical_mode},
};

static bool fits(const Query *query, const char *text)
{
    size_t size = strlen(query->name);
    bool open_ended = strchr(":,", query->name[size - 1]);
    return open_ended ? g_str_has_prefix(text, query->name) : !strcmp(text, query->name);
}

static bool answer(Gdb *gdb, const Query *queries, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (!fits(&queries[i], text)) {
            continue;
        }
        if (queries[i].run) {
            queries[i].run(gdb, text + strlen(queries[i].name));
        } else {
            gdb_reply(gdb, queries[i].answer);
        }
        return true;
    }
    return false;
}

bool gdb_query(Gdb *gdb, const char *text)
{
    return answer(gdb, QUERIES, G_N_ELEMENTS(QUERIES), text);
}

bool gdb_set(Gdb *gdb, const char *text)
{
    return answer(gdb, SETTINGS, G_N_ELEMENTS(SETTINGS), text);
}
