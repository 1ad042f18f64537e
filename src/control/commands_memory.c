/* The commands that show memory and ports. */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/control/line.h"
#include "src/cpu/cpu_text.h"
#include "src/cpu/disasm.h"
#include "src/cpu/page_walk.h"
#include "src/cpu/translate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The most that one command shows. */
#define EXAMINE_MAX (1 << 20)
#define COPY_SIZE   65536u
#define INSN_MAX    15u

/* ---- /FMT: a count, a format and a size, each of which may be left out ---- */

typedef struct Format {
    int64_t count;
    char letter; /* one of o, d, u, x, c and i; 0: not given */
    int64_t size;
} Format;

static int64_t size_of_letter(char letter)
{
    static const char LETTERS[] = "bhwgl";
    static const int64_t SIZES[] = {1, 2, 4, 8, 4};
    const char *found = letter ? strchr(LETTERS, letter) : NULL;
    return found ? SIZES[found - LETTERS] : 0;
}

static bool take_format(CommandLine *line, Format *format, GError **error)
{
    *format = (Format){.count = 1};
    if (line_at_end(line) || *line->at != '/') {
        return true;
    }
    line->at++;
    if (g_ascii_isdigit(*line->at)) {
        char *end;
        format->count = (int64_t)MIN(g_ascii_strtoull(line->at, &end, 10), INT_MAX);
        line->at = end;
    }
    for (; *line->at && *line->at != ' '; line->at++) {
        if (size_of_letter(*line->at)) {
            format->size = size_of_letter(*line->at);
        } else if (strchr("odxuci", *line->at)) {
            format->letter = *line->at;
        } else {
            return error_refuse(error, "invalid char in format: '%c'", *line->at);
        }
    }
    return true;
}

static void set_number(JsonObject *arguments, const char *name, uint64_t value)
{
    json_object_set_int_member(arguments, name, (gint64)value);
}

static void set_letter(JsonObject *arguments, char letter)
{
    char text[] = {letter, '\0'};
    if (letter) {
        json_object_set_string_member(arguments, "format", text);
    }
}

/* ---- x and xp ---- */

/* An examination: whose view of memory, and which part of it. */
typedef struct Examine {
    Vm *vm;
    CpuState state;
    bool physical;
    uint64_t address;
    int64_t count;
    unsigned size;
    char letter;
    GString *text;
} Examine;

/* How many of the bytes exist. */
static size_t read_bytes(const Examine *e, uint64_t address, void *data, size_t size)
{
    const Memory *memory = vm_parts(e->vm).memory;
    size_t count = 0;
    if (!e->physical) {
        return translate_read(&e->state, memory, address, data, size);
    }
    while (count < size && memory_read(memory, address + count, (uint8_t *)data + count, 1)) {
        count++;
    }
    return count;
}

static void put_character(GString *text, uint8_t value)
{
    static const char PLAIN[] = "'\\\n\r", NAMES[] = "'\\nr";
    const char *escape = value ? strchr(PLAIN, value) : NULL;
    if (escape) {
        g_string_append_printf(text, "'\\%c'", NAMES[escape - PLAIN]);
    } else if (value >= 0x20 && value < 0x7f) {
        g_string_append_printf(text, "'%c'", value);
    } else {
        g_string_append_printf(text, "'\\x%02x'", value);
    }
}

/* A column is as wide as the largest number of its size. */
static void put_number(GString *text, char letter, unsigned size, uint64_t value)
{
    static const int OCTAL[] = {0, 3, 6, 0, 11, 0, 0, 0, 22};
    static const int DECIMAL[] = {0, 3, 5, 0, 10, 0, 0, 0, 20};
    switch (letter) {
    case 'o':
        g_string_append_printf(text, "%#*" PRIo64, OCTAL[size], value);
        break;
    case 'd':
        g_string_append_printf(text, "%*" PRId64, DECIMAL[size], (int64_t)value);
        break;
    case 'u':
        g_string_append_printf(text, "%*" PRIu64, DECIMAL[size], value);
        break;
    case 'c':
        put_character(text, (uint8_t)value);
        break;
    default:
        g_string_append_printf(text, "0x%0*" PRIx64, (int)size * 2, value);
        break;
    }
}

static void put_items(const Examine *e)
{
    uint8_t data[16];
    uint64_t left = (uint64_t)e->count * e->size, address = e->address;
    size_t line = e->size == 1 && e->letter != 'c' ? 8 : 16;
    while (left) {
        size_t size = MIN(left, line);
        g_string_append_printf(e->text, "%016" PRIx64 ":", address);
        if (read_bytes(e, address, data, size) < size) {
            g_string_append(e->text, " Cannot access memory\n");
            return;
        }
        for (size_t i = 0; i < size; i += e->size) {
            uint64_t value = 0;
            memcpy(&value, data + i, e->size);
            g_string_append_c(e->text, ' ');
            put_number(e->text, e->letter, e->size, value);
        }
        g_string_append_c(e->text, '\n');
        address += size;
        left -= size;
    }
}

/* Shows the bytes of an instruction, eight on a line, and its text after the first eight. */
static void put_insn(const Examine *e, uint64_t address, const uint8_t *code, size_t length,
                     const char *insn)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    for (size_t i = 0; i < length; i++) {
        if (i == 8) {
            g_string_append_printf(e->text, "0x%08" PRIx64 ":  %-24s %s\n", address, bytes->str,
                                   insn);
            g_string_truncate(bytes, 0);
        }
        g_string_append_printf(bytes, "%02x ", code[i]);
    }
    g_string_append_printf(e->text, "0x%08" PRIx64 ":  %-24s %s\n",
                           length > 8 ? address + 8 : address, bytes->str, length > 8 ? "" : insn);
}

static void put_code(const Examine *e)
{
    uint64_t address = e->address;
    for (int64_t i = 0; i < e->count; i++) {
        uint8_t code[INSN_MAX];
        g_autoptr(GString) insn = g_string_new(NULL);
        size_t have = read_bytes(e, address, code, sizeof(code));
        if (!have) {
            g_string_append_printf(e->text, "0x%08" PRIx64 ":  Cannot access memory\n", address);
            return;
        }
        size_t length = disasm_insn(insn, cpu_text_code_bits(&e->state), address, code, have);
        put_insn(e, address, code, MAX(1, length), length ? insn->str : "(bad)");
        address += MAX(1, length);
    }
}

static bool check_examine(const Examine *e, GError **error)
{
    bool size = e->size == 1 || e->size == 2 || e->size == 4 || e->size == 8;
    if (e->count < 0 || e->count > EXAMINE_MAX) {
        return error_refuse(error, "Parameter 'count' expects a number up to %d", EXAMINE_MAX);
    }
    if (!e->letter || !strchr("odxuci", e->letter)) {
        return error_refuse(error, "Parameter 'format' expects one of o, d, u, x, c, i");
    }
    if (e->letter == 'i' && !disasm_available()) {
        return error_refuse(error, "no disassembler was built in (libzydis-dev, when it is built)");
    }
    return size || error_refuse(error, "Parameter 'size' expects 1, 2, 4 or 8");
}

/* Physical memory can be shown without a CPU. */
static bool find_cpu(Examine *e, JsonObject *arguments, GError **error)
{
    bool needed = !e->physical || e->letter == 'i';
    unsigned cpu = (unsigned)command_get_int(arguments, "cpu-index", 0);
    return !needed || vm_get_cpu(e->vm, cpu, &e->state, error);
}

static JsonNode *examine_as(Vm *vm, JsonObject *arguments, bool physical, GError **error)
{
    const char *format = command_get_string(arguments, "format");
    Examine e = {
        .vm = vm,
        .physical = physical,
        .address = (uint64_t)command_get_int(arguments, "address", 0),
        .count = command_get_int(arguments, "count", 1),
        .letter = format ? *format : 'x',
    };
    e.size = (unsigned)command_get_int(arguments, "size", e.letter == 'c' ? 1 : 4);
    e.size = e.letter == 'c' ? 1 : e.size;
    if (!check_examine(&e, error) || !find_cpu(&e, arguments, error)) {
        return NULL;
    }
    e.text = g_string_new(NULL);
    if (e.letter == 'i') {
        put_code(&e);
    } else {
        put_items(&e);
    }
    return command_text(e.text);
}

static JsonNode *examine(Vm *vm, JsonObject *arguments, GError **error)
{
    return examine_as(vm, arguments, false, error);
}

static JsonNode *examine_physical(Vm *vm, JsonObject *arguments, GError **error)
{
    return examine_as(vm, arguments, true, error);
}

static bool parse_examine(CommandLine *line, JsonObject *arguments, GError **error)
{
    Format format;
    uint64_t address;
    if (!take_format(line, &format, error) || !line_take_number(line, &address, error)) {
        return false;
    }
    set_number(arguments, "address", address);
    set_number(arguments, "count", (uint64_t)format.count);
    set_letter(arguments, format.letter);
    if (format.size) {
        set_number(arguments, "size", (uint64_t)format.size);
    }
    return true;
}

/* ---- print ---- */

static JsonNode *evaluate(Vm *vm, JsonObject *arguments, GError **error)
{
    CommandLine line = {
        .at = command_get_string(arguments, "expression"),
        .vm = vm,
        .cpu = (unsigned)command_get_int(arguments, "cpu-index", 0),
    };
    const char *format = command_get_string(arguments, "format");
    char letter = format ? *format : 'x';
    uint64_t value;
    if (!line_take_number(&line, &value, error)) {
        return NULL;
    }
    if (!line_at_end(&line)) {
        error_refuse(error, "'%s' is more than an expression", line.at);
        return NULL;
    }
    GString *text = g_string_new(NULL);
    switch (letter) {
    case 'o':
        g_string_append_printf(text, "%#" PRIo64, value);
        break;
    case 'u':
        g_string_append_printf(text, "%" PRIu64, value);
        break;
    case 'd':
        g_string_append_printf(text, "%" PRId64, (int64_t)value);
        break;
    case 'c':
        put_character(text, (uint8_t)value);
        break;
    default:
        g_string_append_printf(text, "%#" PRIx64, value);
        break;
    }
    g_string_append_c(text, '\n');
    return command_text(text);
}

static bool parse_print(CommandLine *line, JsonObject *arguments, GError **error)
{
    Format format;
    if (!take_format(line, &format, error)) {
        return false;
    }
    const char *start = line->at;
    uint64_t unused;
    if (!line_take_number(line, &unused, error)) {
        return false;
    }
    g_autofree char *text = g_strndup(start, (gsize)(line->at - start));
    set_letter(arguments, format.letter);
    json_object_set_string_member(arguments, "expression", text);
    return true;
}

/* ---- ports ---- */

static bool check_port(JsonObject *arguments, int64_t *port, int64_t *size, GError **error)
{
    *port = command_get_int(arguments, "port", 0);
    *size = command_get_int(arguments, "size", 1);
    if (*port < 0 || *port > UINT16_MAX) {
        return error_refuse(error, "Parameter 'port' expects 0 to 0xffff");
    }
    return *size == 1 || *size == 2 || *size == 4 ||
           error_refuse(error, "Parameter 'size' expects 1, 2 or 4");
}

static JsonNode *read_port(Vm *vm, JsonObject *arguments, GError **error)
{
    int64_t port, size;
    uint32_t value = 0;
    if (!check_port(arguments, &port, &size, error) ||
        !vm_port_access(vm, (uint16_t)port, false, (unsigned)size, &value, error)) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    char letter = size == 1 ? 'b' : size == 2 ? 'w' : 'l';
    g_string_append_printf(text, "port%c[0x%04x] = 0x%0*" PRIx32 "\n", letter, (unsigned)port,
                           (int)size * 2, value);
    return command_text(text);
}

static JsonNode *write_port(Vm *vm, JsonObject *arguments, GError **error)
{
    int64_t port, size;
    uint32_t value = (uint32_t)command_get_int(arguments, "value", 0);
    if (check_port(arguments, &port, &size, error)) {
        vm_port_access(vm, (uint16_t)port, true, (unsigned)size, &value, error);
    }
    return NULL;
}

static bool parse_port(CommandLine *line, JsonObject *arguments, GError **error)
{
    Format format;
    uint64_t port;
    if (!take_format(line, &format, error) || !line_take_number(line, &port, error)) {
        return false;
    }
    set_number(arguments, "port", port & UINT16_MAX);
    set_number(arguments, "size", format.size ? (uint64_t)format.size : 1);
    return true;
}

static bool parse_write(CommandLine *line, JsonObject *arguments, GError **error)
{
    uint64_t value;
    if (!parse_port(line, arguments, error) || !line_take_number(line, &value, error)) {
        return false;
    }
    set_number(arguments, "value", value & UINT32_MAX);
    return true;
}

/* ---- addresses and page tables ---- */

static bool get_state(Vm *vm, JsonObject *arguments, CpuState *state, GError **error)
{
    return vm_get_cpu(vm, (unsigned)command_get_int(arguments, "cpu-index", 0), state, error);
}

static JsonNode *translate_address(Vm *vm, JsonObject *arguments, GError **error)
{
    CpuState state;
    uint64_t physical;
    if (!get_state(vm, arguments, &state, error)) {
        return NULL;
    }
    uint64_t address = (uint64_t)command_get_int(arguments, "address", 0);
    GString *text = g_string_new(NULL);
    if (translate_linear(&state, vm_parts(vm).memory, address, &physical)) {
        g_string_append_printf(text, "gpa: %#" PRIx64 "\n", physical);
    } else {
        g_string_append(text, "Unmapped\n");
    }
    return command_text(text);
}

static JsonNode *show_pages(Vm *vm, JsonObject *arguments, GError **error,
                            void (*put)(GString *text, const CpuState *state, const Memory *memory))
{
    CpuState state;
    if (!get_state(vm, arguments, &state, error)) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    put(text, &state, vm_parts(vm).memory);
    return command_text(text);
}

static JsonNode *query_mem(Vm *vm, JsonObject *arguments, GError **error)
{
    return show_pages(vm, arguments, error, page_walk_mem);
}

static JsonNode *query_tlb(Vm *vm, JsonObject *arguments, GError **error)
{
    return show_pages(vm, arguments, error, page_walk_tlb);
}

/* ---- memory into files ---- */

static bool copy_memory(const Examine *e, uint64_t size, FILE *file, GError **error)
{
    uint8_t data[COPY_SIZE];
    for (uint64_t done = 0; done < size;) {
        size_t piece = MIN(size - done, sizeof(data));
        if (read_bytes(e, e->address + done, data, piece) < piece) {
            return error_refuse(error, "Invalid addr 0x%016" PRIx64 "/size %" PRIu64 " specified",
                                e->address, size);
        }
        if (fwrite(data, 1, piece, file) < piece) {
            return error_refuse(error, "%s", g_strerror(errno));
        }
        done += piece;
    }
    return true;
}

static JsonNode *save_memory(Vm *vm, JsonObject *arguments, bool physical, GError **error)
{
    Examine e = {
        .vm = vm,
        .physical = physical,
        .address = (uint64_t)command_get_int(arguments, "val", 0),
    };
    int64_t size = command_get_int(arguments, "size", 0);
    const char *path = command_get_string(arguments, "filename");
    if (size < 0) {
        error_refuse(error, "Parameter 'size' expects a number from 0 on");
        return NULL;
    }
    if (!physical && !get_state(vm, arguments, &e.state, error)) {
        return NULL;
    }
    FILE *file = fopen(path, "we");
    if (!file) {
        error_refuse(error, "Could not open '%s': %s", path, g_strerror(errno));
        return NULL;
    }
    bool ok = copy_memory(&e, (uint64_t)size, file, error);
    if (fclose(file) != 0 && ok) {
        error_refuse(error, "'%s': %s", path, g_strerror(errno));
    }
    return NULL;
}

static JsonNode *memsave(Vm *vm, JsonObject *arguments, GError **error)
{
    return save_memory(vm, arguments, false, error);
}

static JsonNode *pmemsave(Vm *vm, JsonObject *arguments, GError **error)
{
    return save_memory(vm, arguments, true, error);
}

static JsonNode *dump_guest_memory(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *protocol = command_get_string(arguments, "protocol");
    const char *format = command_get_string(arguments, "format");
    if (format && strcmp(format, "elf") != 0) {
        error_refuse(error, "format %s: the only one is elf", format);
    } else if (!g_str_has_prefix(protocol, "file:")) {
        error_refuse(error, "protocol %s: write file:PATH", protocol);
    } else {
        vm_dump_memory(vm, protocol + strlen("file:"), command_get_bool(arguments, "paging"),
                       error);
    }
    return NULL;
}

/* A line of the monitor contains only the file. */
static bool parse_dump(CommandLine *line, JsonObject *arguments, GError **error)
{
    bool paging = !line_at_end(line) && g_str_has_prefix(line->at, "-p ");
    line->at += paging ? strlen("-p ") : 0;
    g_autofree char *path = line_take_string(line, "filename", error);
    if (!path) {
        return false;
    }
    g_autofree char *protocol = g_strconcat("file:", path, NULL);
    json_object_set_boolean_member(arguments, "paging", paging);
    json_object_set_string_member(arguments, "protocol", protocol);
    return true;
}

/* ---- the table ---- */

#define OF_CPU                                                                                     \
    {                                                                                              \
        .name = "cpu-index", .type = COMMAND_INTEGER, .optional = true                             \
    }
#define EXAMINE_ARGUMENTS                                                                          \
    {                                                                                              \
        {.name = "address", .type = COMMAND_INTEGER},                                              \
            {.name = "count", .type = COMMAND_INTEGER, .optional = true},                          \
            {.name = "format", .type = COMMAND_STRING, .optional = true},                          \
            {.name = "size", .type = COMMAND_INTEGER, .optional = true}, OF_CPU                    \
    }

const Command COMMANDS_MEMORY[] = {
    {.name = "x-examine",
     .line = "x",
     .usage = "/fmt addr",
     .help = "virtual memory dump starting at 'addr'",
     .arguments = EXAMINE_ARGUMENTS,
     .run = examine,
     .parse = parse_examine},
    {.name = "x-examine-physical",
     .line = "xp",
     .usage = "/fmt addr",
     .help = "physical memory dump starting at 'addr'",
     .arguments = EXAMINE_ARGUMENTS,
     .run = examine_physical,
     .parse = parse_examine},
    {.name = "x-evaluate",
     .line = "print",
     .alias = "p",
     .usage = "/fmt expr",
     .help = "print expression value (use $reg for CPU register access)",
     .arguments = {{.name = "expression", .type = COMMAND_STRING},
                   {.name = "format", .type = COMMAND_STRING, .optional = true},
                   OF_CPU},
     .run = evaluate,
     .parse = parse_print},
    {.name = "x-port-read",
     .line = "i",
     .usage = "/fmt addr",
     .help = "I/O port read",
     .arguments = {{.name = "port", .type = COMMAND_INTEGER},
                   {.name = "size", .type = COMMAND_INTEGER, .optional = true}},
     .run = read_port,
     .parse = parse_port},
    {.name = "x-port-write",
     .line = "o",
     .usage = "/fmt addr value",
     .help = "I/O port write",
     .arguments = {{.name = "port", .type = COMMAND_INTEGER},
                   {.name = "value", .type = COMMAND_INTEGER},
                   {.name = "size", .type = COMMAND_INTEGER, .optional = true}},
     .run = write_port,
     .parse = parse_write},
    {.name = "x-gva2gpa",
     .line = "gva2gpa",
     .usage = "addr",
     .help = "print the guest physical address corresponding to a guest virtual address",
     .arguments = {{.name = "address", .type = COMMAND_INTEGER}, OF_CPU},
     .run = translate_address},
    {.name = "x-query-mem",
     .line = "info mem",
     .help = "show the active virtual memory mappings",
     .arguments = {OF_CPU},
     .run = query_mem},
    {.name = "x-query-tlb",
     .line = "info tlb",
     .help = "show virtual to physical memory mappings",
     .arguments = {OF_CPU},
     .run = query_tlb},
    {.name = "memsave",
     .line = "memsave",
     .usage = "addr size file",
     .help = "save to disk virtual memory dump starting at 'addr' of size 'size'",
     .arguments = {{.name = "val", .type = COMMAND_INTEGER},
                   {.name = "size", .type = COMMAND_INTEGER},
                   {.name = "filename", .type = COMMAND_STRING},
                   OF_CPU},
     .run = memsave},
    {.name = "pmemsave",
     .line = "pmemsave",
     .usage = "addr size file",
     .help = "save to disk physical memory dump starting at 'addr' of size 'size'",
     .arguments = {{.name = "val", .type = COMMAND_INTEGER},
                   {.name = "size", .type = COMMAND_INTEGER},
                   {.name = "filename", .type = COMMAND_STRING}},
     .run = pmemsave},
    {.name = "dump-guest-memory",
     .line = "dump-guest-memory",
     .usage = "[-p] filename",
     .help = "dump guest memory into file 'filename', an ELF core (-p: by virtual addresses)",
     .arguments = {{.name = "paging", .type = COMMAND_BOOL},
                   {.name = "protocol", .type = COMMAND_STRING},
                   {.name = "format", .type = COMMAND_STRING, .optional = true}},
     .run = dump_guest_memory,
     .parse = parse_dump},
    COMMAND_END,
};
