/*
 * Runs random programs on the interpreter and on the translator.  Both must
 * have the same registers, flags and memory after the same number of
 * instructions, wherever a run ends.  Interrupts, faults and code that changes
 * itself must not make a difference.
 *
 * A program is a loop of valid instructions with branches and calls.  Its
 * memory operands are in a page of data or next to it, so that some of them
 * fault.  Every other program has SSE instructions, in any state of MXCSR.
 *
 * PIOEMU_TRANSLATE_PROGRAMS is the number of programs for each mode, and
 * PIOEMU_TRANSLATE_SEED is the first seed.
 */
#include "src/accel/soft/translate/translate.h"
#include "tests/unit/interp/fpu_image.h"
#include "tests/unit/interp/interp_long.h"
#include "tests/unit/interp/interp_protected.h"

#include <string.h>

#define PROGRAMS (RIG_SANITIZED ? UINT64_C(60) : UINT64_C(500))
#define SEED     UINT64_C(1)

#define CODE      0x10000u
#define FUNCTION  0x10800u
#define DATA      0x30000u
#define COUNTER   0x32000u
#define TICKS     0x32010u
#define HANDLER   0x9000u /* the handler of the interrupt */
#define VECTOR    0x40u
#define ROUNDS    40u
#define INSNS_MAX 48u
#define CODE_MAX  0x700u
/* In the mode SEGMENTS: the bases of the segments, and the last byte of data. */
#define CODE_BASE  0x4000u
#define DATA_BASE  0x1000u
#define STACK_BASE 0x800u
#define DATA_LIMIT (0x33000u - DATA_BASE - 1)
#define STEPS_MAX  4000u
#define RUN_MAX    400u

typedef enum Mode { FLAT, PAGED, SEGMENTS, LONG } Mode;

typedef struct Test {
    uint64_t random;
    Rig *translated, *interpreted;
    Mode mode;
    uint8_t code[CODE_MAX];
    unsigned size;
    unsigned immediates[INSNS_MAX]; /* the bytes that the program may change itself */
    unsigned immediate_count;
    bool vectors; /* the program has SSE instructions */
} Test;

static uint64_t next(Test *t)
{
    uint64_t z = t->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned below(Test *t, unsigned limit)
{
    return (unsigned)((next(t) >> 32) * limit >> 32);
}

/* ---- programs ---- */

static void put(Test *t, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        t->code[t->size++] = (uint8_t)(value >> i * 8);
    }
}

static bool is_long(const Test *t)
{
    return t->mode == LONG;
}

/* Returns an address as an offset in DS. */
static uint32_t in_data(const Test *t, uint32_t address)
{
    return t->mode == SEGMENTS ? address - DATA_BASE : address;
}

typedef enum Immediate { NO_IMMEDIATE, BYTE, BY_SIZE } Immediate;

typedef struct Template {
    uint16_t opcode; /* 0x0f00 and more for opcodes with the prefix 0F */
    uint8_t spread;  /* how many opcodes after it are alike */
    uint8_t regs;    /* the allowed values of ModRM.reg as bits; 0 if there is no ModRM */
    uint8_t immediate;
    bool memory_only;
} Template;

#define ANY 0xffu

static const Template TEMPLATES[] = {
    {0x00, 4, ANY, 0, false},       {0x08, 4, ANY, 0, false},       {0x10, 4, ANY, 0, false},
    {0x18, 4, ANY, 0, false},       {0x20, 4, ANY, 0, false},       {0x28, 4, ANY, 0, false},
    {0x30, 4, ANY, 0, false},       {0x38, 4, ANY, 0, false},       {0x80, 1, ANY, BYTE, false},
    {0x81, 1, ANY, BY_SIZE, false}, {0x83, 1, ANY, BYTE, false},    {0x84, 2, ANY, 0, false},
    {0x86, 2, ANY, 0, false},       {0x88, 4, ANY, 0, false},       {0x8d, 1, ANY, 0, true},
    {0x98, 2, 0, 0, false},         {0xc0, 2, 0xbf, BYTE, false},   {0xd0, 4, 0xbf, 0, false},
    {0xc6, 1, 1, BYTE, false},      {0xc7, 1, 1, BY_SIZE, false},   {0xf6, 1, 1, BYTE, false},
    {0xf7, 1, 1, BY_SIZE, false},   {0xf6, 2, 0x7c, 0, false},      {0xfe, 2, 3, 0, false},
    {0x69, 1, ANY, BY_SIZE, false}, {0x6b, 1, ANY, BYTE, false},    {0x0fb6, 2, ANY, 0, false},
    {0x0fbe, 2, ANY, 0, false},     {0x0f40, 16, ANY, 0, false},    {0x0f90, 16, 1, 0, false},
    {0x0faf, 1, ANY, 0, false},     {0x0fba, 1, 0xf0, BYTE, false}, {0x0fa3, 1, ANY, 0, false},
    {0x0fbc, 2, ANY, 0, false},     {0x0fa4, 1, ANY, BYTE, false},  {0x0fc8, 1, 0, 0, false},
    {0x0fca, 1, 0, 0, false},       {0xf5, 1, 0, 0, false},         {0xf8, 2, 0, 0, false},
    {0x9e, 2, 0, 0, false},         {0xaa, 2, 0, 0, false},         {0x90, 3, 0, 0, false},
};

/* Returns a register that the program may change, which is not used in its addresses. */
static unsigned free_register(Test *t)
{
    static const uint8_t FREE[] = {0, 1, 2, 7};
    return FREE[below(t, G_N_ELEMENTS(FREE))];
}

/* [EBX], [ESI] or [EBP] with a displacement, [EBX + EDI * 4], or an absolute address. */
static void put_memory(Test *t, unsigned reg)
{
    static const uint8_t BASES[] = {3, 6, 5};
    unsigned form = below(t, 16);

    if (form == 0) {
        put(t, 0x04 | reg << 3, 1);
        put(t, 0x25, 1);
        put(t, in_data(t, DATA + below(t, 0x1008)), 4);
    } else if (form == 1) {
        put(t, 0x84 | reg << 3, 1);
        put(t, 0x80 | 7 << 3 | 3, 1);
        put(t, below(t, 0x100), 4);
    } else if (form < 5) {
        put(t, 0x80 | reg << 3 | BASES[below(t, 3)], 1);
        put(t, below(t, 0x200), 4);
    } else {
        put(t, 0x40 | reg << 3 | BASES[below(t, 3)], 1);
        put(t, below(t, 0x80), 1);
    }
}

/* Returns the operand size in bytes. */
static unsigned put_prefixes(Test *t)
{
    unsigned size = 4;

    if (below(t, 8) == 0) {
        put(t, 0x66, 1);
        size = 2;
    }
    if (below(t, 24) == 0) {
        put(t, 0x64, 1); /* FS */
    }
    if (is_long(t) && below(t, 2)) {
        unsigned rex = 0x40 | (below(t, 2) ? 8 : 0) | (below(t, 4) ? 0 : 4);
        put(t, rex, 1);
        size = rex & 8 ? 8 : size;
    }
    return size;
}

static void put_template(Test *t)
{
    const Template *template = &TEMPLATES[below(t, G_N_ELEMENTS(TEMPLATES))];
    unsigned size = put_prefixes(t);
    unsigned opcode = template->opcode + below(t, template->spread);

    put(t, opcode >> 8 ? opcode >> 8 | (opcode & 0xff) << 8 : opcode, opcode >> 8 ? 2 : 1);
    if (template->regs) {
        unsigned reg = template->regs == ANY ? free_register(t) : below(t, 8);
        while (!(template->regs >> reg & 1)) {
            reg = (reg + 1) & 7;
        }
        if (template->memory_only || below(t, 3) == 0) {
            put_memory(t, reg);
        } else {
            put(t, 0xc0 | reg << 3 | (below(t, 8) ? free_register(t) : below(t, 8)), 1);
        }
    }
    if (template->immediate == BYTE) {
        put(t, next(t), 1);
    } else if (template->immediate == BY_SIZE) {
        put(t, next(t), MIN(size, 4));
    }
}

/* The opcodes of SSE after 0F.  `prefixes` are those that are allowed, as bits of PREFIXES. */
static const struct {
    uint8_t opcode, spread, prefixes;
    bool immediate, memory_only;
} VECTORS[] = {
    {0x10, 2, 15, false, false}, {0x12, 1, 1, false, false},  {0x16, 1, 1, false, false},
    {0x13, 1, 3, false, true},   {0x17, 1, 3, false, true},   {0x14, 2, 3, false, false},
    {0x28, 2, 3, false, false},  {0x2a, 1, 12, false, false}, {0x2c, 2, 12, false, false},
    {0x2e, 2, 3, false, false},  {0x51, 1, 15, false, false}, {0x54, 4, 3, false, false},
    {0x58, 2, 15, false, false}, {0x5a, 1, 15, false, false}, {0x5b, 1, 7, false, false},
    {0x5c, 4, 15, false, false}, {0x60, 14, 2, false, false}, {0x6e, 2, 2, false, false},
    {0x6f, 1, 4, false, false},  {0x70, 1, 14, true, false},  {0x74, 3, 2, false, false},
    {0x7e, 2, 6, false, false},  {0xc2, 1, 15, true, false},  {0xc6, 1, 3, true, false},
    {0xd1, 5, 2, false, false},  {0xd6, 1, 2, false, true},   {0xd8, 14, 2, false, false},
    {0xe6, 1, 14, false, false}, {0xe8, 8, 2, false, false},  {0xf1, 6, 2, false, false},
    {0xf8, 7, 2, false, false},  {0xe7, 1, 2, false, true},   {0x71, 3, 2, true, false},
};

static void put_vector_shift(Test *t, unsigned opcode)
{
    static const uint8_t EXTENSIONS[] = {2, 4, 6, 3, 7};
    unsigned extension = EXTENSIONS[below(t, opcode == 0x73 ? 5 : 3)];

    if (opcode == 0x73 && extension == 4) {
        extension = 2;
    }
    put(t, 0xc0 | extension << 3 | below(t, 8), 1);
}

static void put_vector(Test *t)
{
    static const uint8_t PREFIXES[] = {0, 0x66, 0xf3, 0xf2};
    unsigned i = below(t, G_N_ELEMENTS(VECTORS)), prefix = below(t, 4);
    unsigned opcode = VECTORS[i].opcode + below(t, VECTORS[i].spread);

    while (!(VECTORS[i].prefixes >> prefix & 1)) {
        prefix = (prefix + 1) & 3;
    }
    if (prefix) {
        put(t, PREFIXES[prefix], 1);
    }
    /* REX.X and REX.B would change the addresses. */
    if (is_long(t) && below(t, 2)) {
        put(t, below(t, 2) ? 0x48 : 0x44, 1);
    }
    put(t, 0x0f | opcode << 8, 2);
    if (opcode >= 0x71 && opcode <= 0x73) {
        put_vector_shift(t, opcode);
    } else if (VECTORS[i].memory_only || below(t, 3) == 0) {
        put_memory(t, free_register(t));
    } else {
        put(t, 0xc0 | free_register(t) << 3 | free_register(t), 1);
    }
    if (VECTORS[i].immediate) {
        put(t, next(t), 1);
    }
}

/* MOV EAX, imm32, which another instruction may change. */
static void put_changeable(Test *t)
{
    put(t, 0xb8 | free_register(t), 1);
    if (t->immediate_count < INSNS_MAX) {
        t->immediates[t->immediate_count++] = t->size;
    }
    put(t, next(t), 4);
}

static void put_change(Test *t)
{
    if (!t->immediate_count) {
        return;
    }
    unsigned at = t->immediates[below(t, t->immediate_count)];
    put(t, 0x0488 | free_register(t) << 11, 2); /* mov [abs], r8 */
    put(t, 0x25, 1);
    put(t, in_data(t, CODE + at), 4);
}

static void put_stack(Test *t)
{
    unsigned reg = free_register(t);

    switch (below(t, 5)) {
    case 0:
        put(t, 0x68, 1);
        put(t, next(t), 4);
        break;
    case 1:
        put(t, 0xff, 1);
        put_memory(t, 6);
        break;
    default:
        put(t, 0x50 | reg, 1);
        break;
    }
    put(t, 0x58 | free_register(t), 1);
}

static void put_call(Test *t)
{
    put(t, 0xe8, 1);
    put(t, FUNCTION - (CODE + t->size + 4), 4);
}

static void put_insn(Test *t)
{
    switch (below(t, 24)) {
    case 0:
        put_changeable(t);
        break;
    case 1:
        if (below(t, 8) == 0) {
            put_change(t);
        }
        break;
    case 2:
    case 3:
        put_stack(t);
        break;
    case 4:
        put_call(t);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        if (t->vectors) {
            put_vector(t);
        } else {
            put_template(t);
        }
        break;
    default:
        put_template(t);
        break;
    }
}

static void put_load(Test *t, unsigned reg, uint32_t value)
{
    put(t, 0xb8 | reg, 1);
    put(t, value, 4);
}

/* Loads the registers for addresses, and loops until the counter is 0. */
static void make_program(Test *t)
{
    t->size = 0;
    t->immediate_count = 0;
    put_load(t, 3, in_data(t, DATA + 0x100));
    put_load(t, 6, in_data(t, DATA + 0x400));
    put_load(t, 5, t->mode == SEGMENTS ? 0x5000 : DATA + 0xf00 + below(t, 0x80));
    for (unsigned i = below(t, INSNS_MAX); i > 0 && t->size < CODE_MAX - 64; i--) {
        unsigned hole = 0;
        if (below(t, 6) == 0) {
            put(t, 0x70 | below(t, 16), 1);
            put(t, 0, 1);
            hole = t->size;
        }
        put_insn(t);
        if (hole) {
            t->code[hole - 1] = (uint8_t)(t->size - hole);
        }
    }
    put(t, 0x0cff, 2); /* dec dword [COUNTER] */
    put(t, 0x25, 1);
    put(t, in_data(t, COUNTER), 4);
    put(t, 0x850f, 2); /* jnz */
    put(t, 0u - (t->size + 4), 4);
    put(t, 0xcc, 1);
}

static void load_program(Test *t, Rig *rig)
{
    static const uint8_t FUNCTION_CODE[] = {0x01, 0xc8, 0x0f, 0xaf, 0xc2, 0x31, 0xd1, 0xc3};
    static const uint8_t HANDLER_CODE[] = {0xff, 0x04, 0x25, 0x10, 0x20, 0x03, 0x00, 0x48, 0xcf};

    rig_write(rig, CODE, t->code, t->size);
    rig_write(rig, FUNCTION, FUNCTION_CODE, sizeof(FUNCTION_CODE));
    if (is_long(t)) {
        rig_write(rig, HANDLER, HANDLER_CODE, sizeof(HANDLER_CODE));
        lm_set_idt(rig, VECTOR, LM_CODE0, HANDLER, LM_INT_GATE, 0);
    } else {
        rig_write(rig, HANDLER, HANDLER_CODE, 7);
        rig_write(rig, HANDLER + 7, &HANDLER_CODE[8], 1);
        pm_set_idt(rig, VECTOR, rig_gate(PM_CODE0, HANDLER, PM_INT_GATE, 0));
    }
    rig_write32(rig, COUNTER, ROUNDS);
    rig_write32(rig, TICKS, 0);
}

/* Sets up segments with a base and an end, and a 16-bit stack. */
static void set_segments(Rig *rig, CpuState *state)
{
    pm_set_segment(rig, PM_FREE, CODE_BASE, 0x1ffff, PM_READABLE | PM_WIDE);
    pm_set_segment(rig, PM_FREE + 8, DATA_BASE, DATA_LIMIT, PM_WRITABLE | PM_WIDE);
    pm_set_segment(rig, PM_FREE + 16, STACK_BASE, 0xffff, PM_WRITABLE);
    state->segment[CPU_CS] = rig_segment(PM_FREE, pm_get_gdt(rig, PM_FREE));
    state->segment[CPU_DS] = rig_segment(PM_FREE + 8, pm_get_gdt(rig, PM_FREE + 8));
    state->segment[CPU_SS] = rig_segment(PM_FREE + 16, pm_get_gdt(rig, PM_FREE + 16));
    state->rip -= CODE_BASE;
    state->gpr[CPU_SP] = PM_STACK0 - STACK_BASE;
}

/* Numbers of all kinds, among them zeros, infinities and numbers that are not normal. */
static uint32_t some_single(Test *t)
{
    static const uint32_t SPECIAL[] = {0,          0x80000000, 0x3f800000, 0x7f800000, 0x7fc00000,
                                       0xff800001, 1,          0x807fffff, 0x3ff00000};

    return below(t, 3) ? (uint32_t)next(t) : SPECIAL[below(t, G_N_ELEMENTS(SPECIAL))];
}

#define FX_MXCSR   24u
#define FX_XMM     160u
#define MXCSR_MASK 0x1f80u

static void set_vectors(Test *t, CpuState *state)
{
    uint32_t masks = below(t, 4) ? MXCSR_MASK : (uint32_t)next(t) & MXCSR_MASK;
    uint32_t mxcsr = masks | (below(t, 2) ? 0 : (uint32_t)next(t) & 0xe07f);

    state->cr4 |= below(t, 32) ? FPU_CR4_OSFXSR | FPU_CR4_OSXMMEXCPT : 0;
    state->cr0 |= below(t, 32) ? 0 : CPU_CR0_TS;
    memcpy(state->fxsave + FX_MXCSR, &mxcsr, sizeof(mxcsr));
    for (unsigned i = 0; i < (is_long(t) ? 64 : 32); i++) {
        uint32_t value = some_single(t);
        memcpy(state->fxsave + FX_XMM + i * sizeof(value), &value, sizeof(value));
    }
}

static CpuState make_state(Test *t)
{
    CpuState state = is_long(t) ? lm_state(0, CODE) : pm_state(0, CODE);

    if (t->mode == PAGED) {
        pm_paging_on(&state);
    }
    for (unsigned i = 0; i < CPU_GPR_COUNT; i++) {
        if (i != CPU_SP && (i < 8 || is_long(t))) {
            state.gpr[i] = is_long(t) ? next(t) >> below(t, 64) : (uint32_t)next(t);
        }
    }
    if (t->mode == SEGMENTS) {
        set_segments(t->translated, &state);
        set_segments(t->interpreted, &state);
        state.rip = CODE - CODE_BASE;
    }
    state.gpr[CPU_DI] = in_data(t, DATA + below(t, 0x400));
    if (t->vectors) {
        set_vectors(t, &state);
    }
    state.rflags |= CPU_FLAG_IF | (next(t) & (CPU_FLAG_CF | CPU_FLAG_OF | CPU_FLAG_AF));
    return state;
}

/* ---- both machines ---- */

static Rig *new_rig(Mode mode, const char *after)
{
    if (after) {
        g_setenv("INTERP_TRANSLATE_AFTER", after, true);
    } else {
        g_unsetenv("INTERP_TRANSLATE_AFTER");
    }
    Rig *rig = rig_new(PM_RAM, false);
    if (mode == LONG) {
        lm_fill(rig);
    } else {
        pm_fill(rig);
        pm_identity_pages(rig);
    }
    return rig;
}

static uint8_t *ram(Rig *rig)
{
    return memory_find(rig->memory, 0)->host;
}

static void print_difference(const Test *t, const CpuState *a, const CpuState *b)
{
    for (unsigned i = 0; i < CPU_GPR_COUNT; i++) {
        if (a->gpr[i] != b->gpr[i]) {
            g_test_message("register %u: translated %" G_GINT64_MODIFIER
                           "x, interpreted %" G_GINT64_MODIFIER "x",
                           i, a->gpr[i], b->gpr[i]);
        }
    }
    for (unsigned i = 0; i < sizeof(a->fxsave); i++) {
        if (a->fxsave[i] != b->fxsave[i]) {
            g_test_message("byte %u of FXSAVE: translated %02x, interpreted %02x", i, a->fxsave[i],
                           b->fxsave[i]);
        }
    }
    g_test_message("rip %" G_GINT64_MODIFIER "x and %" G_GINT64_MODIFIER
                   "x, flags %x and %x, cr2 %x and %x",
                   a->rip, b->rip, (uint32_t)a->rflags, (uint32_t)b->rflags, (uint32_t)a->cr2,
                   (uint32_t)b->cr2);
    for (unsigned i = 0; i < PM_RAM; i++) {
        if (ram(t->translated)[i] != ram(t->interpreted)[i]) {
            g_test_message("memory at %x: translated %02x, interpreted %02x", i,
                           ram(t->translated)[i], ram(t->interpreted)[i]);
            break;
        }
    }
}

static bool is_same(const Test *t, uint64_t seed, unsigned done)
{
    CpuState a = rig_get(t->translated), b = rig_get(t->interpreted);

    if (memcmp(a.gpr, b.gpr, sizeof(a.gpr)) == 0 && a.rip == b.rip && a.rflags == b.rflags &&
        a.cr2 == b.cr2 && memcmp(a.fxsave, b.fxsave, sizeof(a.fxsave)) == 0 &&
        memcmp(ram(t->translated), ram(t->interpreted), PM_RAM) == 0) {
        return true;
    }
    g_test_message("program %" G_GUINT64_FORMAT " in mode %d differs after %u instructions", seed,
                   t->mode, done);
    print_difference(t, &a, &b);
    for (unsigned i = 0; i < t->size; i += 16) {
        g_autoptr(GString) line = g_string_new(NULL);
        for (unsigned j = i; j < MIN(i + 16, t->size); j++) {
            g_string_append_printf(line, " %02x", t->code[j]);
        }
        g_test_message("%x:%s", CODE + i, line->str);
    }
    g_test_fail();
    return false;
}

static void run_program(Test *t, uint64_t seed)
{
    VcpuStop one = VCPU_SLICE_DONE, other = VCPU_SLICE_DONE;
    unsigned done = 0;

    t->random = seed;
    t->vectors = seed & 1;
    make_program(t);
    load_program(t, t->translated);
    load_program(t, t->interpreted);
    CpuState state = make_state(t);
    rig_set(t->translated, &state);
    rig_set(t->interpreted, &state);
    t->translated->irq_vector = t->interpreted->irq_vector = VECTOR;
    while (done < STEPS_MAX && one == VCPU_SLICE_DONE) {
        uint64_t count = below(t, 4) ? 1 + below(t, RUN_MAX) : 1 + below(t, 8);
        bool interrupts = below(t, 8) == 0;

        rig_set_intr(t->translated, interrupts);
        rig_set_intr(t->interpreted, interrupts);
        one = rig_step(t->translated, count);
        other = rig_step(t->interpreted, count);
        done += (unsigned)count;
        g_assert_cmpint(one, ==, other);
        if (!is_same(t, seed, done)) {
            return;
        }
    }
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = g_getenv(name);
    return text ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

/* Each entry of translated code ends with one of the counted exits. */
static void check_counts(const Rig *rig)
{
    const TranslatorCounts *counts = rig_translator_counts(rig);
    uint64_t exits = 0;

    if (!counts) {
        g_test_message("this host does not let a program make code");
        return;
    }
    for (unsigned i = 0; i < TRANSLATE_EXITS; i++) {
        g_assert_cmpuint(counts->exits[i], >, 0);
        exits += counts->exits[i];
    }
    g_assert_cmpuint(counts->entries, ==, exits);
    g_assert_cmpuint(counts->blocks, >, 0);
    g_assert_cmpuint(counts->instructions, >, counts->blocks);
}

static void test_same(const void *data)
{
    Test t = {.mode = (Mode)GPOINTER_TO_INT(data)};
    uint64_t first = setting("PIOEMU_TRANSLATE_SEED", SEED);
    uint64_t count = setting("PIOEMU_TRANSLATE_PROGRAMS", PROGRAMS);

    t.translated = new_rig(t.mode, "1");
    t.interpreted = new_rig(t.mode, NULL);
    for (uint64_t i = 0; i < count && !g_test_failed(); i++) {
        run_program(&t, first + i);
    }
    check_counts(t.translated);
    rig_free(t.translated);
    rig_free(t.interpreted);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/translate/same/flat", GINT_TO_POINTER(FLAT), test_same);
    g_test_add_data_func("/translate/same/paged", GINT_TO_POINTER(PAGED), test_same);
    g_test_add_data_func("/translate/same/segments", GINT_TO_POINTER(SEGMENTS), test_same);
    g_test_add_data_func("/translate/same/long", GINT_TO_POINTER(LONG), test_same);
    return g_test_run();
}
