#include "src/cpu/cpu_text.h"

#include "src/cpu/disasm.h"
#include "src/cpu/translate.h"

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

static void put_gprs(GString *text, const CpuState *state)
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

static void put_flags(GString *text, const CpuState *state)
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

static void put_segments(GString *text, const CpuState *state)
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

void cpu_text_registers(GString *text, const CpuState *state)
{
    put_gprs(text, state);
    put_flags(text, state);
    put_segments(text, state);
}

unsigned cpu_text_code_bits(const CpuState *state)
{
    uint32_t attributes = state->segment[CPU_CS].attributes;
    if (in_long_mode(state) && attributes & CPU_SEGMENT_L) {
        return 64;
    }
    return attributes & CPU_SEGMENT_DB ? 32 : 16;
}

static void put_code(GString *text, const CpuState *state, const Memory *memory)
{
    uint8_t code[CODE_BYTES];
    uint64_t base = cpu_text_code_bits(state) == 64 ? 0 : state->segment[CPU_CS].base;
    size_t count = translate_read(state, memory, base + state->rip, code, sizeof(code));
    g_string_append_printf(text, "Code at %08" PRIx64 ":", base + state->rip);
    for (size_t i = 0; i < count; i++) {
        g_string_append_printf(text, " %02x", code[i]);
    }
    g_string_append(text, count ? "\n" : " (no memory there)\n");
    if (disasm_available() && count) {
        g_autoptr(GString) insn = g_string_new(NULL);
        disasm_insn(insn, cpu_text_code_bits(state), state->rip, code, count);
        g_string_append_printf(text, "Instruction: %s\n", insn->len ? insn->str : "(bad)");
    }
}

void cpu_text(GString *text, const CpuState *state, const Memory *memory)
{
    cpu_text_registers(text, state);
    put_code(text, state, memory);
}
