/*
 * Real-mode instructions compared with recordings from silicon.
 *
 * The data is real-mode-286.tsv.gz, with one test of a single instruction on each
 * line.  It is looked for in PIOEMU_CPU_TESTS and in shared/cpu-tests beside the
 * source tree.  Where a 286 differs from its successors, the successors are right:
 *
 * - bits 12-15 of FLAGS are not compared;
 * - LOCK where it is illegal must raise #UD;
 * - instructions of more than 10 bytes are left out;
 * - a word beyond the end of the stack segment must raise #SS and not #GP;
 * - a string instruction that faults leaves SI and DI unchanged;
 * - OF after a shift by an immediate other than 1 is undefined for bytes too.  The
 *   file's mask has this only for words.
 */
#include "tests/unit/interp/interp_rig.h"
#include "tests/unit/interp/silicon_data.h"

#include <string.h>

#define DATA_FILE       "real-mode-286.tsv.gz"
#define RAM_SIZE        0x200000u
#define FLAGS_COMPARED  0x0fffu
#define LENGTH_LIMIT    10u
#define STEPS_MAX       64u
#define DIFFERENCES_MAX 20u
#define INVALID_OPCODE  6
#define STACK_FAULT     12
#define OVERFLOW_FLAG   0x800u

enum { REG_SP = 4, REG_BP, REG_SI, REG_DI, REG_ES, REG_CS, REG_SS, REG_DS };
enum { REG_IP = 12, REG_FLAGS = 13, REG_COUNT = 14 };
enum {
    FIELD_FORM,
    FIELD_MASK,
    FIELD_NAME,
    FIELD_BYTES,
    FIELD_REGISTERS,
    FIELD_MEMORY,
    FIELD_REGISTERS_AFTER,
    FIELD_MEMORY_AFTER,
    FIELD_EXCEPTION,
    FIELD_COUNT
};

static const char *const REGISTER[REG_COUNT] = {"ax", "cx", "dx", "bx", "sp", "bp", "si",
                                                "di", "es", "cs", "ss", "ds", "ip", "flags"};

typedef struct Silicon {
    Rig *rig;
    uint8_t *ram;      /* memory of the CPU */
    uint8_t *expected; /* its expected contents; between cases both are zero */
    uint16_t before[REG_COUNT], after[REG_COUNT], got[REG_COUNT];
    uint16_t mask;
    bool excepts;
    char **field;
    unsigned compared, left_out, refused, differences;
} Silicon;

/* ---- reading the file ---- */

static void parse_registers(const char *text, uint16_t registers[REG_COUNT])
{
    g_auto(GStrv) items = g_strsplit(text, " ", -1);
    for (char **item = items; *item != NULL && **item != '\0'; item++) {
        char *value = strchr(*item, '=');
        g_assert_nonnull(value);
        *value = '\0';
        for (unsigned i = 0; i < REG_COUNT; i++) {
            if (strcmp(*item, REGISTER[i]) == 0) {
                registers[i] = (uint16_t)g_ascii_strtoull(value + 1, NULL, 16);
            }
        }
    }
}

/* Calls `poke` for each address:byte. */
static void parse_memory(Silicon *silicon, const char *text,
                         void (*poke)(Silicon *silicon, uint32_t address, uint8_t value))
{
    for (const char *at = text; *at != '\0';) {
        char *end = NULL;
        uint32_t address = (uint32_t)g_ascii_strtoull(at, &end, 16);
        g_assert_cmpint(*end, ==, ':');
        uint8_t value = (uint8_t)g_ascii_strtoull(end + 1, &end, 16);
        g_assert_cmpuint(address, <, RAM_SIZE);
        poke(silicon, address, value);
        at = *end == ' ' ? end + 1 : end;
    }
}

static void poke_before(Silicon *silicon, uint32_t address, uint8_t value)
{
    rig_write(silicon->rig, address, &value, 1);
    silicon->expected[address] = value;
}

static void poke_after(Silicon *silicon, uint32_t address, uint8_t value)
{
    silicon->expected[address] = value;
}

static void poke_zero(Silicon *silicon, uint32_t address, uint8_t value)
{
    (void)value;
    poke_before(silicon, address, 0);
}

/* ---- what is not compared ---- */

static bool is_prefix(uint8_t byte)
{
    return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0xf0 ||
           byte == 0xf2 || byte == 0xf3;
}

static bool lockable(uint8_t opcode, uint8_t modrm)
{
    unsigned reg = modrm >> 3 & 7;
    if (modrm >= 0xc0) {
        return false;
    }
    if (opcode < 0x38) {
        return (opcode & 7) < 2;
    }
    switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x83:
        return reg != 7;
    case 0x86:
    case 0x87:
        return true;
    case 0xf6:
    case 0xf7:
        return reg == 2 || reg == 3;
    case 0xfe:
    case 0xff:
        return reg < 2;
    default:
        return false;
    }
}

static uint8_t byte_at(const Silicon *silicon, unsigned index)
{
    const char *hex = silicon->field[FIELD_BYTES] + 2 * index;
    return (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
}

typedef struct Instruction {
    unsigned opcode_at;
    bool locked, overridden;
} Instruction;

static Instruction scan_prefixes(const Silicon *silicon)
{
    Instruction found = {0};
    for (; is_prefix(byte_at(silicon, found.opcode_at)); found.opcode_at++) {
        uint8_t prefix = byte_at(silicon, found.opcode_at);
        found.locked = found.locked || prefix == 0xf0;
        found.overridden = found.overridden || prefix < 0x40;
    }
    return found;
}

static bool illegal_lock(const Silicon *silicon)
{
    Instruction found = scan_prefixes(silicon);
    return found.locked &&
           !lockable(byte_at(silicon, found.opcode_at), byte_at(silicon, found.opcode_at + 1));
}

/* Whether the instruction is LEAVE or has an address with BP in it. */
static bool stack_overrun(const Silicon *silicon)
{
    Instruction found = scan_prefixes(silicon);
    uint8_t opcode = byte_at(silicon, found.opcode_at);
    uint8_t modrm = byte_at(silicon, found.opcode_at + 1);
    unsigned mod = modrm >> 6, rm = modrm & 7;
    bool by_bp = mod != 3 && (rm == 2 || rm == 3 || (rm == 6 && mod != 0));
    bool has_modrm =
        opcode < 0x40 ? (opcode & 4) == 0 : strchr(silicon->field[FIELD_FORM], '.') != NULL;
    return strcmp(silicon->field[FIELD_EXCEPTION], "13") == 0 &&
           (opcode == 0xc9 || (has_modrm && by_bp && !found.overridden));
}

static bool is_string(uint8_t opcode)
{
    return (opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf);
}

static void adapt_to_successors(Silicon *silicon)
{
    uint8_t opcode = byte_at(silicon, scan_prefixes(silicon).opcode_at);
    if (opcode == 0xc0) {
        silicon->mask &= (uint16_t)~OVERFLOW_FLAG;
    }
    if (silicon->excepts && is_string(opcode)) {
        silicon->after[REG_SI] = silicon->before[REG_SI];
        silicon->after[REG_DI] = silicon->before[REG_DI];
    }
}

static bool too_long(const Silicon *silicon)
{
    return strlen(silicon->field[FIELD_BYTES]) / 2 - 1 > LENGTH_LIMIT;
}

/* The mask of FLAGS also applies to an image of FLAGS on the stack. */
static void mask_pushed_flags(Silicon *silicon)
{
    bool pushes = silicon->excepts || strcmp(silicon->field[FIELD_FORM], "9C") == 0;
    uint16_t offset = (uint16_t)(silicon->after[REG_SP] + (silicon->excepts ? 4 : 0));
    uint32_t base = (uint32_t)silicon->after[REG_SS] << 4;
    for (unsigned i = 0; pushes && i < 2; i++) {
        uint32_t address = base + (uint16_t)(offset + i);
        uint8_t kept = (uint8_t)((silicon->mask & FLAGS_COMPARED) >> (8 * i));
        silicon->expected[address] =
            (uint8_t)((silicon->expected[address] & kept) | (silicon->ram[address] & ~kept));
    }
}

/* ---- running ---- */

static void enter(Silicon *silicon)
{
    static const uint8_t SEGMENT[] = {CPU_ES, CPU_CS, CPU_SS, CPU_DS};
    CpuState state;
    cpu_state_reset(&state);
    for (unsigned i = 0; i < 8; i++) {
        state.gpr[i] = silicon->before[i];
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(SEGMENT); i++) {
        state.segment[SEGMENT[i]] = rig_real_segment(silicon->before[REG_ES + i]);
    }
    state.rip = silicon->before[REG_IP];
    state.rflags = (silicon->before[REG_FLAGS] & FLAGS_COMPARED) | CPU_FLAG_ONE;
    state.idtr.limit = 0x3ff;
    rig_set(silicon->rig, &state);
}

static void leave(Silicon *silicon)
{
    CpuState state = rig_get(silicon->rig);
    for (unsigned i = 0; i < 8; i++) {
        silicon->got[i] = (uint16_t)state.gpr[i];
    }
    silicon->got[REG_ES] = state.segment[CPU_ES].selector;
    silicon->got[REG_CS] = state.segment[CPU_CS].selector;
    silicon->got[REG_SS] = state.segment[CPU_SS].selector;
    silicon->got[REG_DS] = state.segment[CPU_DS].selector;
    silicon->got[REG_IP] = (uint16_t)state.rip;
    silicon->got[REG_FLAGS] = (uint16_t)state.rflags;
}

static bool same(Silicon *silicon, VcpuStop stop)
{
    uint16_t flags = silicon->mask & FLAGS_COMPARED;
    bool equal = stop == VCPU_HALTED || stop == VCPU_HALTED_DEAD;
    for (unsigned i = 0; i < REG_FLAGS; i++) {
        equal = equal && silicon->got[i] == silicon->after[i];
    }
    mask_pushed_flags(silicon);
    return equal && ((silicon->got[REG_FLAGS] ^ silicon->after[REG_FLAGS]) & flags) == 0 &&
           memcmp(silicon->ram, silicon->expected, RAM_SIZE) == 0;
}

static void print_registers(const char *who, const uint16_t registers[REG_COUNT])
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (unsigned i = 0; i < REG_COUNT; i++) {
        g_string_append_printf(line, " %s=%04x", REGISTER[i], registers[i]);
    }
    g_test_message("%-8s%s", who, line->str);
}

static void print_difference(const Silicon *silicon, VcpuStop stop)
{
    char **field = silicon->field;
    g_test_message("form %s mask %s: %s [%s] exception %s, stop %d", field[FIELD_FORM],
                   field[FIELD_MASK], field[FIELD_NAME], field[FIELD_BYTES], field[FIELD_EXCEPTION],
                   stop);
    print_registers("before", silicon->before);
    print_registers("silicon", silicon->after);
    print_registers("pioemu", silicon->got);
    unsigned told = 0;
    for (uint32_t i = 0; i < RAM_SIZE && told < 16; i++) {
        if (silicon->ram[i] != silicon->expected[i]) {
            g_test_message("         %06x: silicon %02x, pioemu %02x", i, silicon->expected[i],
                           silicon->ram[i]);
            told++;
        }
    }
}

/* Newer processors raise another exception, whose handler is not in the file. */
static void run_refused(Silicon *silicon, uint8_t vector)
{
    InterpException was, now;
    interp_last_exception(silicon->rig->vcpu, &was);
    rig_step(silicon->rig, 1);
    interp_last_exception(silicon->rig->vcpu, &now);
    silicon->refused++;
    if (now.count != was.count + 1 || now.vector != vector) {
        silicon->differences++;
        g_test_message("form %s [%s] did not raise %u", silicon->field[FIELD_FORM],
                       silicon->field[FIELD_BYTES], vector);
    }
}

static void run_compared(Silicon *silicon)
{
    VcpuStop stop = rig_step(silicon->rig, STEPS_MAX);
    leave(silicon);
    silicon->compared++;
    if (!same(silicon, stop)) {
        silicon->differences++;
        print_difference(silicon, stop);
    }
}

static void clear_memory(Silicon *silicon)
{
    parse_memory(silicon, silicon->field[FIELD_MEMORY], poke_zero);
    parse_memory(silicon, silicon->field[FIELD_MEMORY_AFTER], poke_zero);
    if (memcmp(silicon->ram, silicon->expected, RAM_SIZE) != 0) {
        rig_fill(silicon->rig, 0, 0, RAM_SIZE);
    }
}

static void run_line(Silicon *silicon, const char *line)
{
    g_auto(GStrv) field = g_strsplit(line, "\t", -1);
    g_assert_cmpuint(g_strv_length(field), ==, FIELD_COUNT);
    silicon->field = field;
    silicon->mask = (uint16_t)g_ascii_strtoull(field[FIELD_MASK], NULL, 16);
    silicon->excepts = strcmp(field[FIELD_EXCEPTION], "-") != 0;
    parse_registers(field[FIELD_REGISTERS], silicon->before);
    memcpy(silicon->after, silicon->before, sizeof(silicon->after));
    parse_registers(field[FIELD_REGISTERS_AFTER], silicon->after);
    parse_memory(silicon, field[FIELD_MEMORY], poke_before);
    enter(silicon);
    adapt_to_successors(silicon);
    if (illegal_lock(silicon)) {
        run_refused(silicon, INVALID_OPCODE);
    } else if (stack_overrun(silicon)) {
        run_refused(silicon, STACK_FAULT);
    } else if (too_long(silicon)) {
        silicon->left_out++;
    } else {
        parse_memory(silicon, field[FIELD_MEMORY_AFTER], poke_after);
        run_compared(silicon);
    }
    clear_memory(silicon);
}

static void run_file(Silicon *silicon, GDataInputStream *stream)
{
    for (;;) {
        g_autofree char *line = silicon_line(stream);
        if (line == NULL || silicon->differences >= DIFFERENCES_MAX) {
            return;
        }
        run_line(silicon, line);
    }
}

static void test_every_recording_agrees(void)
{
    g_autoptr(GDataInputStream) stream = silicon_open(DATA_FILE);
    if (stream == NULL) {
        return;
    }
    Silicon silicon = {.rig = rig_new(RAM_SIZE, false)};
    silicon.ram = memory_find(silicon.rig->memory, 0)->host;
    silicon.expected = g_malloc0(RAM_SIZE);
    run_file(&silicon, stream);
    g_test_message("%u compared, %u refused by newer processors, %u left out as too long",
                   silicon.compared, silicon.refused, silicon.left_out);
    rig_free(silicon.rig);
    g_free(silicon.expected);
    g_assert_cmpuint(silicon.differences, ==, 0);
    g_assert_cmpuint(silicon.compared, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/silicon/every_recording_agrees", test_every_recording_agrees);
    return g_test_run();
}
