#include "src/cpu/cpu_dump.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* Offsets in the image that FXSAVE makes (SDM volume 1, 10.5.1). */
enum { FX_FCW = 0, FX_FSW = 2, FX_FTW = 4, FX_MXCSR = 24, FX_ST = 32, FX_XMM = 160 };

static bool long_mode(const CpuState *state)
{
    return state->msr.efer & CPU_EFER_LMA;
}

static bool is_64_bit(const CpuState *state)
{
    return long_mode(state) && state->segment[CPU_CS].attributes & CPU_SEGMENT_L;
}

static unsigned privilege(const CpuState *state)
{
    if (state->rflags & CPU_FLAG_VM) {
        return 3;
    }
    return state->cr0 & CPU_CR0_PE ? (state->segment[CPU_SS].attributes & CPU_SEGMENT_DPL) >> 5 : 0;
}

/* ---- general registers ---- */

static void put_wide(GString *text, const CpuState *state)
{
    static const char *const NAMES[CPU_GPR_COUNT] = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI",
                                                     "RBP", "RSP", "R8 ", "R9 ", "R10", "R11",
                                                     "R12", "R13", "R14", "R15"};
    static const unsigned ORDER[] = {CPU_AX, CPU_BX, CPU_CX, CPU_DX,
                                     CPU_SI, CPU_DI, CPU_BP, CPU_SP};
    for (unsigned i = 0; i < CPU_GPR_COUNT; i++) {
        g_string_append_printf(text, "%s=%016" PRIx64 "%c", NAMES[i],
                               state->gpr[i < 8 ? ORDER[i] : i], i % 4 == 3 ? '\n' : ' ');
    }
}

static void put_narrow(GString *text, const CpuState *state)
{
    static const char *const NAMES[] = {"EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "EBP", "ESP"};
    static const unsigned ORDER[] = {CPU_AX, CPU_BX, CPU_CX, CPU_DX,
                                     CPU_SI, CPU_DI, CPU_BP, CPU_SP};
    for (unsigned i = 0; i < G_N_ELEMENTS(ORDER); i++) {
        g_string_append_printf(text, "%s=%08" PRIx32 "%c", NAMES[i], (uint32_t)state->gpr[ORDER[i]],
                               i % 4 == 3 ? '\n' : ' ');
    }
}

static void put_flags(GString *text, const CpuState *state)
{
    static const struct {
        uint32_t bit;
        char letter;
    } FLAGS[] = {
        {CPU_FLAG_DF, 'D'}, {CPU_FLAG_OF, 'O'}, {CPU_FLAG_SF, 'S'}, {CPU_FLAG_ZF, 'Z'},
        {CPU_FLAG_AF, 'A'}, {CPU_FLAG_PF, 'P'}, {CPU_FLAG_CF, 'C'},
    };
    bool wide = is_64_bit(state);
    g_string_append_printf(text, "%s=%0*" PRIx64 " %s=%08" PRIx32 " [", wide ? "RIP" : "EIP",
                           wide ? 16 : 8, wide ? state->rip : (uint32_t)state->rip,
                           wide ? "RFL" : "EFL", (uint32_t)state->rflags);
    for (size_t i = 0; i < G_N_ELEMENTS(FLAGS); i++) {
        g_string_append_c(text, state->rflags & FLAGS[i].bit ? FLAGS[i].letter : '-');
    }
    g_string_append_printf(text, "] CPL=%u II=%d A20=%d SMM=0 HLT=%d\n", privilege(state),
                           state->interrupt_shadow, state->a20, state->halted);
}

/* ---- segments ---- */

/*
 * The upper half of a descriptor without its bits of the base.  It contains the
 * limit's high bits as well.
 */
static uint32_t descriptor_flags(const CpuSegment *s)
{
    uint32_t limit = s->attributes & CPU_SEGMENT_G ? s->limit >> 12 : s->limit;
    return (s->attributes & 0xf0ff) << 8 | (limit & 0xf0000);
}

static void put_code_or_data(GString *text, const CpuState *state, uint32_t attributes)
{
    bool code = attributes & 8;
    const char *kind;
    if (code) {
        kind = attributes & CPU_SEGMENT_L ? "CS64" : attributes & CPU_SEGMENT_DB ? "CS32" : "CS16";
    } else {
        kind = attributes & CPU_SEGMENT_DB || long_mode(state) ? "DS  " : "DS16";
    }
    g_string_append_printf(text, "%s [%c%c%c]", kind, attributes & 4 ? (code ? 'C' : 'E') : '-',
                           attributes & 2 ? (code ? 'R' : 'W') : '-', attributes & 1 ? 'A' : '-');
}

static const char *system_type(const CpuState *state, unsigned type)
{
    static const char *const NAMES[2][16] = {
        {"Reserved", "TSS16-avl", "LDT", "TSS16-busy", "CallGate16", "TaskGate", "IntGate16",
         "TrapGate16", "Reserved", "TSS32-avl", "Reserved", "TSS32-busy", "CallGate32", "Reserved",
         "IntGate32", "TrapGate32"},
        {"<hiword>", "Reserved", "LDT", "Reserved", "Reserved", "Reserved", "Reserved", "Reserved",
         "Reserved", "TSS64-avl", "Reserved", "TSS64-busy", "CallGate64", "Reserved", "IntGate64",
         "TrapGate64"},
    };
    return NAMES[long_mode(state)][type];
}

static void put_segment(GString *text, const CpuState *state, unsigned index)
{
    static const char *const NAMES[] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDT", "TR"};
    const CpuSegment *s = &state->segment[index];
    bool wide = is_64_bit(state);
    g_string_append_printf(text, "%-3s=%04x %0*" PRIx64 " %08" PRIx32 " %08" PRIx32, NAMES[index],
                           s->selector, wide ? 16 : 8, wide ? s->base : (uint32_t)s->base, s->limit,
                           descriptor_flags(s));
    bool usable = s->attributes & CPU_SEGMENT_P && !(s->attributes & CPU_SEGMENT_UNUSABLE);
    if (state->cr0 & CPU_CR0_PE && usable) {
        g_string_append_printf(text, " DPL=%u ", (s->attributes & CPU_SEGMENT_DPL) >> 5);
        if (s->attributes & CPU_SEGMENT_S) {
            put_code_or_data(text, state, s->attributes);
        } else {
            g_string_append(text, system_type(state, s->attributes & CPU_SEGMENT_TYPE));
        }
    }
    g_string_append_c(text, '\n');
}

static void put_tables(GString *text, const CpuState *state)
{
    int digits = long_mode(state) ? 16 : 8;
    uint64_t mask = long_mode(state) ? UINT64_MAX : UINT32_MAX;
    g_string_append_printf(text, "GDT=     %0*" PRIx64 " %08x\n", digits, state->gdtr.base & mask,
                           state->gdtr.limit);
    g_string_append_printf(text, "IDT=     %0*" PRIx64 " %08x\n", digits, state->idtr.base & mask,
                           state->idtr.limit);
    g_string_append_printf(
        text, "CR0=%08" PRIx32 " CR2=%0*" PRIx64 " CR3=%0*" PRIx64 " CR4=%08" PRIx32 "\n",
        (uint32_t)state->cr0, digits, state->cr2 & mask, digits, state->cr3 & mask,
        (uint32_t)state->cr4);
    for (unsigned i = 0; i < 4; i++) {
        g_string_append_printf(text, "DR%u=%016" PRIx64 " ", i, state->dr[i]);
    }
    g_string_append_printf(text, "\nDR6=%016" PRIx64 " DR7=%016" PRIx64 "\nEFER=%016" PRIx64 "\n",
                           state->dr[6], state->dr[7], state->msr.efer);
}

/* ---- floating point ---- */

static uint64_t load(const CpuState *state, unsigned offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, &state->fxsave[offset], size);
    return value;
}

/*
 * The image has the registers in the order of the stack, from its top.  The dump
 * shows them by their own numbers.
 */
static void put_x87(GString *text, const CpuState *state)
{
    unsigned fsw = (unsigned)load(state, FX_FSW, 2);
    unsigned top = fsw >> 11 & 7;
    g_string_append_printf(text, "FCW=%04x FSW=%04x [ST=%u] FTW=%02x MXCSR=%08x\n",
                           (unsigned)load(state, FX_FCW, 2), fsw, top,
                           (unsigned)load(state, FX_FTW, 1), (unsigned)load(state, FX_MXCSR, 4));
    for (unsigned i = 0; i < 8; i++) {
        unsigned at = FX_ST + ((i - top) & 7) * 16;
        g_string_append_printf(text, "FPR%u=%016" PRIx64 " %04x%c", i, load(state, at, 8),
                               (unsigned)load(state, at + 8, 2), i % 2 ? '\n' : ' ');
    }
}

static void put_xmm(GString *text, const CpuState *state)
{
    for (unsigned i = 0; i < (is_64_bit(state) ? 16 : 8); i++) {
        unsigned at = FX_XMM + i * 16;
        g_string_append_printf(text, "XMM%02u=%016" PRIx64 " %016" PRIx64 "%c", i,
                               load(state, at + 8, 8), load(state, at, 8), i % 2 ? '\n' : ' ');
    }
}

void cpu_dump(GString *text, const CpuState *state)
{
    if (is_64_bit(state)) {
        put_wide(text, state);
    } else {
        put_narrow(text, state);
    }
    put_flags(text, state);
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        put_segment(text, state, i);
    }
    put_tables(text, state);
    put_x87(text, state);
    put_xmm(text, state);
}

/* ---- registers by name ---- */

typedef struct Name {
    const char *name, *alias;
    size_t offset;
    unsigned size;
} Name;

#define GPR(name, wide, index)                                                                     \
    {                                                                                              \
        name, wide, offsetof(CpuState, gpr) + 8 * (index), 8                                       \
    }
#define FIELD(name, alias, member)                                                                 \
    {                                                                                              \
        name, alias, offsetof(CpuState, member), sizeof(((CpuState *)0)->member)                   \
    }
#define SEGMENT(name, index)                                                                       \
    FIELD(name, NULL, segment[index].selector), FIELD(name ".limit", NULL, segment[index].limit),  \
        FIELD(name ".base", NULL, segment[index].base)

static const Name NAMES[] = {
    GPR("eax", "rax", CPU_AX),
    GPR("ecx", "rcx", CPU_CX),
    GPR("edx", "rdx", CPU_DX),
    GPR("ebx", "rbx", CPU_BX),
    GPR("esp", "sp", CPU_SP),
    GPR("rsp", NULL, CPU_SP),
    GPR("ebp", "fp", CPU_BP),
    GPR("rbp", NULL, CPU_BP),
    GPR("esi", "rsi", CPU_SI),
    GPR("edi", "rdi", CPU_DI),
    GPR("r8", NULL, 8),
    GPR("r9", NULL, 9),
    GPR("r10", NULL, 10),
    GPR("r11", NULL, 11),
    GPR("r12", NULL, 12),
    GPR("r13", NULL, 13),
    GPR("r14", NULL, 14),
    GPR("r15", NULL, 15),
    FIELD("eflags", "rflags", rflags),
    FIELD("eip", "rip", rip),
    SEGMENT("es", CPU_ES),
    SEGMENT("cs", CPU_CS),
    SEGMENT("ss", CPU_SS),
    SEGMENT("ds", CPU_DS),
    SEGMENT("fs", CPU_FS),
    SEGMENT("gs", CPU_GS),
    SEGMENT("ldt", CPU_LDTR),
    SEGMENT("tr", CPU_TR),
    FIELD("gdt.base", NULL, gdtr.base),
    FIELD("idt.base", NULL, idtr.base),
    FIELD("cr0", NULL, cr0),
    FIELD("cr2", NULL, cr2),
    FIELD("cr3", NULL, cr3),
    FIELD("cr4", NULL, cr4),
    FIELD("efer", NULL, msr.efer),
};

/* The name for the linear address of the next instruction, which is not a register of its own. */
static const char PC[] = "pc";

bool cpu_dump_value(const CpuState *state, const char *name, uint64_t *value)
{
    if (!strcmp(name, PC)) {
        *value = state->rip + (is_64_bit(state) ? 0 : state->segment[CPU_CS].base);
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (!strcmp(NAMES[i].name, name) || !g_strcmp0(NAMES[i].alias, name)) {
            *value = 0;
            memcpy(value, (const uint8_t *)state + NAMES[i].offset, NAMES[i].size);
            return true;
        }
    }
    return false;
}

void cpu_dump_names(GPtrArray *names)
{
    g_ptr_array_add(names, g_strdup(PC));
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_ptr_array_add(names, g_strdup(NAMES[i].name));
    }
}
