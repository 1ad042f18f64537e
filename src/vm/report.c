#include "src/report.h"

#include "src/disasm.h"
#include "src/translate.h"

#include <inttypes.h>

#define CODE_BYTES 16u

static bool in_long_mode(const CpuState *state)
{
    return state->msr.efer & CPU_EFER_LMA;
}

static const char *mode_name(const CpuState *state)
{
    const CpuSegment *cs = &state->segment[CPU_CS];
    if (!(state->cr0 & CPU_CR0_PE)) {
        return "real mode";
    }
    if (state->rflags & CPU_FLAG_VM) {
        return "virtual-8086 mode";
    }
    if (in_long_mode(state) && cs->attributes & CPU_SEGMENT_L) {
        return "long mode";
    }
    return cs->attributes & CPU_SEGMENT_DB ? "protected mode, 32-bit" : "protected mode, 16-bit";
}

static void report_gprs(GString *text, const CpuState *state)
{
    static const char *const NAMES[] = {"AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP"};
    static const unsigned ORDER[] = {CPU_AX, CPU_BX, CPU_CX, CPU_DX,
                                     CPU_SI, CPU_DI, CPU_BP, CPU_SP};
    bool wide = in_long_mode(state);
    int digits = wide ? 16 : 8;
    for (unsigned i = 0; i < 8; i++) {
        g_string_append_printf(text, "%c%s=%0*" PRIx64 "%c", wide ? 'R' : 'E', NAMES[i], digits,
                               state->gpr[ORDER[i]] & (wide ? UINT64_MAX : UINT32_MAX),
                               i % 4 == 3 ? '\n' : ' ');
    }
    for (unsigned i = 8; wide && i < CPU_GPR_COUNT; i++) {
        g_string_append_printf(text, "%sR%u=%016" PRIx64 "%c", i < 10 ? " " : "", i, state->gpr[i],
                               i % 4 == 3 ? '\n' : ' ');
    }
}

static void report_flags(GString *text, const CpuState *state)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } FLAGS[] = {
        {CPU_FLAG_CF, "CF"}, {CPU_FLAG_PF, "PF"}, {CPU_FLAG_AF, "AF"}, {CPU_FLAG_ZF, "ZF"},
        {CPU_FLAG_SF, "SF"}, {CPU_FLAG_TF, "TF"}, {CPU_FLAG_IF, "IF"}, {CPU_FLAG_DF, "DF"},
        {CPU_FLAG_OF, "OF"}, {CPU_FLAG_NT, "NT"}, {CPU_FLAG_RF, "RF"}, {CPU_FLAG_VM, "VM"},
        {CPU_FLAG_AC, "AC"},
    };
    g_string_append_printf(text, "%s=%0*" PRIx64 " FLAGS=%08" PRIx64 " [",
                           in_long_mode(state) ? "RIP" : "EIP", in_long_mode(state) ? 16 : 8,
                           state->rip, state->rflags);
    bool first = true;
    for (size_t i = 0; i < G_N_ELEMENTS(FLAGS); i++) {
        if (state->rflags & FLAGS[i].bit) {
            g_string_append_printf(text, "%s%s", first ? "" : " ", FLAGS[i].name);
            first = false;
        }
    }
    g_string_append_printf(text, "] %s%s%s\n", mode_name(state), state->halted ? ", halted" : "",
                           state->unstarted ? ", not started" : "");
}

static const char *segment_type(uint32_t attributes)
{
    if (attributes & CPU_SEGMENT_UNUSABLE) {
        return "unusable";
    }
    if (!(attributes & CPU_SEGMENT_P)) {
        return "not present";
    }
    if (!(attributes & CPU_SEGMENT_S)) {
        return "system";
    }
    if (attributes & 8) {
        return attributes & CPU_SEGMENT_L    ? "code64"
               : attributes & CPU_SEGMENT_DB ? "code32"
                                             : "code16";
    }
    return attributes & 2 ? "data" : "data, read-only";
}

static void report_segments(GString *text, const CpuState *state)
{
    static const char *const NAMES[] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDT", "TR"};
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        const CpuSegment *s = &state->segment[i];
        g_string_append_printf(text,
                               "%-3s=%04x base=%08" PRIx64 " limit=%08x attr=%05x DPL=%u %s\n",
                               NAMES[i], s->selector, s->base, s->limit, s->attributes,
                               (s->attributes & CPU_SEGMENT_DPL) >> 5, segment_type(s->attributes));
    }
    g_string_append_printf(
        text, "GDT base=%08" PRIx64 " limit=%04x  IDT base=%08" PRIx64 " limit=%04x\n",
        state->gdtr.base, state->gdtr.limit, state->idtr.base, state->idtr.limit);
    g_string_append_printf(text,
                           "CR0=%08" PRIx64 " CR2=%08" PRIx64 " CR3=%08" PRIx64 " CR4=%08" PRIx64
                           " EFER=%08" PRIx64 "\n",
                           state->cr0, state->cr2, state->cr3, state->cr4, state->msr.efer);
}

void report_registers(GString *text, const CpuState *state)
{
    report_gprs(text, state);
    report_flags(text, state);
    report_segments(text, state);
}

static unsigned code_bits(const CpuState *state)
{
    uint32_t attributes = state->segment[CPU_CS].attributes;
    if (in_long_mode(state) && attributes & CPU_SEGMENT_L) {
        return 64;
    }
    return attributes & CPU_SEGMENT_DB ? 32 : 16;
}

static void report_code(GString *text, const CpuState *state, const Memory *memory)
{
    uint8_t code[CODE_BYTES];
    uint64_t base = code_bits(state) == 64 ? 0 : state->segment[CPU_CS].base;
    size_t count = translate_read(state, memory, base + state->rip, code, sizeof(code));
    g_string_append_printf(text, "Code at %08" PRIx64 ":", base + state->rip);
    for (size_t i = 0; i < count; i++) {
        g_string_append_printf(text, " %02x", code[i]);
    }
    g_string_append(text, count ? "\n" : " (no memory there)\n");
    if (disasm_available() && count) {
        g_autoptr(GString) insn = g_string_new(NULL);
        disasm_insn(insn, code_bits(state), state->rip, code, count);
        g_string_append_printf(text, "Instruction: %s\n", insn->len ? insn->str : "(bad)");
    }
}

void report_cpu(GString *text, const CpuState *state, const Memory *memory)
{
    report_registers(text, state);
    report_code(text, state, memory);
}

void report_remains(GString *text, const VcpuRemains *remains, const Memory *memory)
{
    g_string_append(text, "This host's CPU does not keep the registers of a guest that dies so.\n");
    if (!remains->seen) {
        g_string_append(text, "Nor are those of an exit before it known.\n");
        return;
    }
    g_string_append_printf(
        text, "Its registers at its last exit, at most %" PRIu64 " ms before it died:\n",
        remains->age_ms);
    report_cpu(text, &remains->state, memory);
}

static void report_access(GString *text, const BusAccess *access)
{
    g_string_append_printf(text, "  %s %s 0x%0*" PRIx64 " %s 0x%0*" PRIx64,
                           access->memory ? "mem " : "port", access->write ? "write" : "read ",
                           access->memory ? 8 : 4, access->address, access->write ? "<-" : "->",
                           access->size * 2, access->value);
    if (access->count > 1) {
        g_string_append_printf(text, " (last of %u)", access->count);
    }
    g_string_append_printf(text, "  %s", access->device ? access->device : "(nobody)");
    if (access->times > 1) {
        g_string_append_printf(text, "  (%u times)", access->times);
    }
    g_string_append_c(text, '\n');
}

void report_accesses(GString *text, const BusInitiator *by)
{
    uint32_t lines = MIN(by->history_count, BUS_HISTORY);
    uint32_t first = by->history_count - lines;
    uint64_t accesses = 0;
    if (lines == 0) {
        g_string_append(text, "No accesses.\n");
        return;
    }
    for (uint32_t i = 0; i < lines; i++) {
        accesses += by->history[(first + i) % BUS_HISTORY].times;
    }
    g_string_append_printf(text, "Last %" PRIu64 " accesses, oldest first:\n", accesses);
    for (uint32_t i = 0; i < lines; i++) {
        report_access(text, &by->history[(first + i) % BUS_HISTORY]);
    }
}

void report_devices(GString *text, const Machine *machine)
{
    g_string_append(text, "Devices:\n");
    for (guint i = 0; i < machine->devices->len; i++) {
        Device *dev = machine->devices->pdata[i];
        g_autofree char *line = device_describe(dev);
        if (*line) {
            g_string_append_printf(text, "  %s: %s\n", device_id(dev), line);
        }
    }
}

void report_unclaimed(GString *text, const Bus *bus)
{
    g_autoptr(GArray) entries = bus_unclaimed(bus);
    g_string_append_printf(text, "Accesses that nobody answered: %s\n", entries->len ? "" : "none");
    for (guint i = 0; i < entries->len; i++) {
        const BusUnclaimed *e = &g_array_index(entries, BusUnclaimed, i);
        g_string_append_printf(text,
                               "  %s 0x%0*" PRIx64 ": %" PRIu64 " reads, %" PRIu64
                               " writes, first at 0x%" PRIx64 "\n",
                               e->memory ? "address" : "port", e->memory ? 8 : 4, e->address,
                               e->reads, e->writes, e->first_pc);
    }
}
