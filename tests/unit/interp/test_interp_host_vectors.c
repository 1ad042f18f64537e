/*
 * Compares x87, MMX, SSE and BMI instructions between the host's CPU and ours.
 *
 * Each case is one instruction with registers, or with memory at EBX.  The
 * registers are random, with many special values, and so are the control word
 * and MXCSR.  Some exceptions may be unmasked.  The host executes the bytes in
 * 64-bit code, and the software CPU executes the same bytes in 32-bit or
 * 64-bit code, in 64-bit code sometimes with REX.W.  An instruction that the
 * host does not have is left out. Instructions whose results differ between
 * processors (the transcendentals, RCP and RSQRT) are compared with recordings
 * by other tests.
 *
 * PIOEMU_ORACLE_CASES and PIOEMU_ORACLE_SEED are the number of cases and the
 * seed.
 */
#include "tests/unit/interp/fpu_image.h"
#include "tests/unit/interp/interp_long.h"
#include "tests/unit/interp/interp_protected.h"

#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CASES           (RIG_SANITIZED ? 20000u : 800000u)
#define DIFFERENCES_MAX 20u
#define MEMORY_SIZE     64u
#define IMAGE_COMPARED  (160u + 8u * 16u)
#define FLAGS_COMPARED  0x8d5u
#define FSW_C1          0x0200u
#define FSW_CONDITIONS  0x4500u

typedef struct Registers {
    _Alignas(64) uint8_t image[512]; /* the FXSAVE image */
    uint64_t gpr[4];                 /* RAX RCX RDX RBX */
    uint64_t flags;
    _Alignas(64) uint8_t memory[MEMORY_SIZE];
} Registers;

typedef struct Form {
    uint8_t bytes[16]; /* the bytes before and including the opcode */
    unsigned size;
    unsigned immediate; /* the number of immediate bytes after ModRM */
    bool x87;
    uint8_t modrm; /* for x87 */
} Form;

typedef struct Oracle {
    Rig *rigs[2]; /* for 32-bit and 64-bit code */
    Rig *rig;
    bool long_mode;
    GArray *forms;
    uint64_t random;
    uint8_t *page; /* executable */
    bool amd;      /* the host's CPU is from AMD */
    unsigned cases, compared, missing, raised, differences;
    /* The current case. */
    const Form *form;
    uint8_t code[16];
    unsigned size;
    Registers before, native, emulated;
    unsigned native_vector, emulated_vector;
} Oracle;

#define NO_VECTOR 256u

static uint64_t next_random(Oracle *o)
{
    o->random ^= o->random << 13;
    o->random ^= o->random >> 7;
    o->random ^= o->random << 17;
    return o->random * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned below(Oracle *o, unsigned n)
{
    return (unsigned)(next_random(o) >> 33) % n;
}

/* ---- forms ---- */

static bool is_vector_opcode(unsigned map, unsigned byte)
{
    static const uint8_t EXTENDED[] = {0xf0, 0xf1, 0xf6, 0xdb, 0xdc, 0xdd, 0xde,
                                       0xdf, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd};
    if (map == 0) {
        bool plain = (byte >= 0x10 && byte <= 0x17) || (byte >= 0x28 && byte <= 0x2f) ||
                     (byte >= 0x50 && byte <= 0x76) || (byte >= 0x7c && byte <= 0x7f) ||
                     byte == 0xc2 || (byte >= 0xc4 && byte <= 0xc6) ||
                     (byte >= 0xd0 && byte <= 0xfe);
        return plain && byte != 0x52 && byte != 0x53 && byte != 0xf7;
    }
    if (map == 1) {
        return byte <= 0x41 || memchr(EXTENDED, (int)byte, sizeof(EXTENDED)) != NULL;
    }
    return (byte >= 0x08 && byte <= 0x0f) || (byte >= 0x14 && byte <= 0x22) ||
           (byte >= 0x40 && byte <= 0x44) || (byte >= 0x60 && byte <= 0x63) || byte == 0xdf ||
           byte == 0xcc;
}

static bool has_immediate(unsigned map, unsigned byte)
{
    return map == 2 || (map == 0 && ((byte >= 0x70 && byte <= 0x73) || byte == 0xc2 ||
                                     (byte >= 0xc4 && byte <= 0xc6)));
}

static void add_form(Oracle *o, const uint8_t *bytes, unsigned size, unsigned immediate)
{
    Form form = {.size = size, .immediate = immediate};
    memcpy(form.bytes, bytes, size);
    g_array_append_val(o->forms, form);
}

static void add_vector_forms(Oracle *o)
{
    static const uint8_t PREFIX[] = {0, 0x66, 0xf3, 0xf2};
    static const uint8_t MAP[] = {0, 0x38, 0x3a};
    for (unsigned map = 0; map < 3; map++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            /* 0F 2B with F3 or F2 belongs to SSE4a. */
            unsigned prefixes = map == 0 && byte == 0x2b ? 2 : 4;
            for (unsigned p = 0; is_vector_opcode(map, byte) && p < prefixes; p++) {
                uint8_t bytes[4];
                unsigned size = 0;
                if (p) {
                    bytes[size++] = PREFIX[p];
                }
                bytes[size++] = 0x0f;
                if (map) {
                    bytes[size++] = MAP[map];
                }
                bytes[size++] = (uint8_t)byte;
                add_form(o, bytes, size, has_immediate(map, byte));
            }
        }
    }
}

/* POPCNT, TZCNT and LZCNT, and the instructions with VEX, whose vvvv is RDX (inverted). */
static void add_bit_forms(Oracle *o)
{
    static const uint8_t COUNT[] = {0xb8, 0xbc, 0xbd};
    for (unsigned i = 0; i < 3; i++) {
        add_form(o, (const uint8_t[]){0xf3, 0x0f, COUNT[i]}, 3, 0);
        add_form(o, (const uint8_t[]){0x66, 0xf3, 0x0f, COUNT[i]}, 4, 0);
    }
    for (uint8_t byte = 0xf2; byte <= 0xf7; byte++) {
        for (uint8_t pp = 0; pp < 4; pp++) {
            add_form(o, (const uint8_t[]){0xc4, 0xe2, 0x68 | pp, byte}, 4, 0);
        }
    }
    add_form(o, (const uint8_t[]){0xc4, 0xe3, 0x7b, 0xf0}, 4, 1);
}

static bool is_transcendental(unsigned opcode, unsigned modrm)
{
    return opcode == 0xd9 && (modrm == 0xf0 || modrm == 0xf1 || modrm == 0xf2 || modrm == 0xf3 ||
                              modrm == 0xf9 || modrm == 0xfb || modrm == 0xfe || modrm == 0xff);
}

/* The images of FLDENV, FNSTENV, FRSTOR and FNSAVE contain pointers. */
static bool has_pointers(unsigned opcode, unsigned reg)
{
    return (opcode == 0xd9 || opcode == 0xdd) && (reg == 4 || reg == 6);
}

static void add_x87_forms(Oracle *o)
{
    for (unsigned opcode = 0xd8; opcode <= 0xdf; opcode++) {
        for (unsigned modrm = 0xc0; modrm <= 0xff; modrm++) {
            Form form = {.bytes = {(uint8_t)opcode}, .size = 1, .x87 = true};
            form.modrm = (uint8_t)modrm;
            if (!is_transcendental(opcode, modrm)) {
                g_array_append_val(o->forms, form);
            }
        }
        for (unsigned reg = 0; reg < 8; reg++) {
            Form form = {.bytes = {(uint8_t)opcode}, .size = 1, .x87 = true};
            form.modrm = (uint8_t)(reg << 3 | 3);
            /* They are tried as often as the forms with eight registers. */
            for (unsigned i = 0; i < 8 && !has_pointers(opcode, reg); i++) {
                g_array_append_val(o->forms, form);
            }
        }
    }
}

/* ---- a case ---- */

static const uint32_t SINGLES[] = {0,          0x80000000, 1,          0x807fffff, 0x00800000,
                                   0x3f800000, 0xbf800000, 0x3f000000, 0x40490fdb, 0x4b000001,
                                   0x4f000000, 0xcf000000, 0x7f7fffff, 0x7f800000, 0xff800000,
                                   0x7fc00000, 0xffc12345, 0x7f812345, 0x3f7fffff, 0x5f000000};
static const uint64_t DOUBLES[] = {
    0,
    UINT64_C(0x8000000000000000),
    1,
    UINT64_C(0x800fffffffffffff),
    UINT64_C(0x0010000000000000),
    UINT64_C(0x3ff0000000000000),
    UINT64_C(0xbff8000000000000),
    UINT64_C(0x400921fb54442d18),
    UINT64_C(0x41e0000000000000),
    UINT64_C(0xc1e0000000200000),
    UINT64_C(0x43e0000000000000),
    UINT64_C(0x7fefffffffffffff),
    UINT64_C(0x7ff0000000000000),
    UINT64_C(0xfff0000000000000),
    UINT64_C(0x7ff8000000000000),
    UINT64_C(0xfff8000000012345),
    UINT64_C(0x7ff0000000012345),
    UINT64_C(0x36a0000000000000),
    UINT64_C(0x47f0000000000000),
    UINT64_C(0x0000000100000001),
};

static void fill(Oracle *o, uint8_t *to, unsigned size)
{
    unsigned kind = below(o, 4);
    for (unsigned i = 0; i + 8 <= size; i += 8) {
        uint64_t value = next_random(o);
        if (kind == 1) {
            value = DOUBLES[below(o, G_N_ELEMENTS(DOUBLES))];
        } else if (kind == 2) {
            value = SINGLES[below(o, G_N_ELEMENTS(SINGLES))] |
                    (uint64_t)SINGLES[below(o, G_N_ELEMENTS(SINGLES))] << 32;
        } else if (kind == 3) {
            value = (UINT64_C(0x3ff) << 52) + (next_random(o) >> 10) - (UINT64_C(1) << 53);
        }
        memcpy(to + i, &value, 8);
    }
}

static void fill_st(Oracle *o, uint8_t *to)
{
    static const uint16_t EXPONENTS[] = {0,      1,      0x3fff, 0x7ffe, 0x7fff,
                                         0x3fc0, 0x403e, 0x4000, 0x3f81, 0x407e};
    uint64_t fraction = below(o, 3) ? UINT64_C(1) << 63 | next_random(o) : UINT64_C(1) << 63;
    uint16_t exponent = below(o, 3) ? (uint16_t)(0x3fff - 40 + below(o, 80))
                                    : EXPONENTS[below(o, G_N_ELEMENTS(EXPONENTS))];
    switch (below(o, 18)) {
    case 5: /* halfway between two singles, or two doubles */
        fraction = (fraction & ~UINT64_C(0xffffffffff)) | UINT64_C(1) << 39;
        break;
    case 6:
        fraction = (fraction & ~UINT64_C(0x7ff)) | UINT64_C(1) << 10;
        break;
    case 7: /* makes sums that are often halfway */
        fraction = UINT64_C(1) << 63 | below(o, 8);
        exponent = (uint16_t)(0x3fff + below(o, 4));
        break;
    case 0:
        fraction = exponent = 0;
        break;
    case 1:
        fraction = UINT64_C(1) << 63;
        exponent = 0x7fff;
        break;
    case 2:
        exponent = 0x7fff;
        break;
    case 3:
        exponent = 0;
        fraction &= ~(UINT64_C(1) << 63);
        break;
    case 4:
        fraction &= ~(UINT64_C(1) << 63);
        break;
    default:
        break;
    }
    exponent |= (uint16_t)(below(o, 2) << 15);
    memset(to, 0, 16);
    memcpy(to, &fraction, 8);
    memcpy(to + 8, &exponent, 2);
}

static void put16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static void make_registers(Oracle *o)
{
    static const uint8_t PRECISION[] = {0, 2, 3, 3};
    Registers *r = &o->before;
    unsigned control = 0x7fu | (unsigned)PRECISION[below(o, 4)] << 8 | below(o, 4) << 10;
    uint32_t mxcsr = 0x1f80u | below(o, 4) << 13 | (below(o, 4) ? 0 : 0x8000u) |
                     (below(o, 4) ? 0 : 0x40u) | below(o, 64) * (below(o, 2));
    unsigned count = below(o, 8) ? 3 : below(o, 9), top = below(o, 8);

    memset(r, 0, sizeof(*r));
    if (below(o, 4) == 0) {
        control &= ~(1u << below(o, 6));
        mxcsr &= ~(0x80u << below(o, 6));
    }
    put16(r->image + FPU_CONTROL, control);
    put16(r->image + FPU_STATUS, top << 11);
    for (unsigned i = 0; i < 8; i++) {
        fill_st(o, r->image + FPU_ST + 16 * i);
        fill(o, r->image + FPU_XMM + 16 * i, 16);
        if (i < count) {
            r->image[FPU_TAGS] |= (uint8_t)(1u << ((top + i) & 7));
        }
    }
    memcpy(r->image + FPU_MXCSR, &mxcsr, sizeof(mxcsr));
    for (unsigned i = 0; i < 3; i++) {
        r->gpr[i] = next_random(o) >> below(o, 64);
        r->gpr[i] &= o->long_mode ? UINT64_MAX : UINT32_MAX;
    }
    r->flags = 2 | (next_random(o) & FLAGS_COMPARED);
    fill(o, r->memory, MEMORY_SIZE);
    if (o->form->x87 && below(o, 2)) {
        fill_st(o, r->memory);
    }
}

/* Copies the bytes up to the opcode.  The W bit may only be set if both sides are 64-bit code. */
static void copy_opcode(Oracle *o)
{
    const Form *form = o->form;
    bool wide = o->long_mode && !form->x87 && below(o, 3) == 0;
    unsigned at = 0;
    o->size = 0;
    if (form->bytes[0] == 0xc4) {
        memcpy(o->code, form->bytes, form->size);
        o->code[2] |= wide ? 0x80 : 0;
        o->size = form->size;
        return;
    }
    while (!form->x87 && form->bytes[at] != 0x0f) {
        o->code[o->size++] = form->bytes[at++];
    }
    if (wide) {
        o->code[o->size++] = 0x48;
    }
    memcpy(o->code + o->size, form->bytes + at, form->size - at);
    o->size += form->size - at;
}

static void make_case(Oracle *o)
{
    o->form = &g_array_index(o->forms, Form, below(o, o->forms->len));
    o->long_mode = below(o, 2);
    o->rig = o->rigs[o->long_mode];
    copy_opcode(o);
    unsigned modrm = below(o, 3) << 3 | (below(o, 2) ? 3 : 0xc0 | below(o, 3));
    o->code[o->size++] = o->form->x87 ? o->form->modrm : (uint8_t)modrm;
    for (unsigned i = 0; i < o->form->immediate; i++) {
        o->code[o->size++] = (uint8_t)(below(o, 2) ? below(o, 16) : next_random(o));
    }
    make_registers(o);
}

/* ---- the host ---- */

static sigjmp_buf escape;
static volatile sig_atomic_t signal_number;
static uint32_t signal_mxcsr;

static void on_signal(int number, siginfo_t *info, void *context)
{
    const ucontext_t *u = context;
    (void)info;
    signal_number = number;
    signal_mxcsr = u->uc_mcontext.fpregs->mxcsr;
    siglongjmp(escape, 1);
}

/*
 * The code for the host.  RDI is the Registers, which R15 keeps.  rbx, r15 and
 * the flags are saved, the state is loaded, the instruction runs, and the tail
 * stores the state again.
 */
static const uint8_t HEAD[] = {
    0x53, 0x41, 0x57,                               /* push rbx; push r15 */
    0x49, 0x89, 0xff,                               /* mov r15, rdi */
    0x41, 0x0f, 0xae, 0x0f,                         /* fxrstor [r15] */
    0x41, 0xff, 0xb7, 0x20, 0x02, 0x00, 0x00,       /* push [r15 + 0x220]; popfq */
    0x9d, 0x49, 0x8b, 0x87, 0x00, 0x02, 0x00, 0x00, /* mov rax, [r15 + 0x200] */
    0x49, 0x8b, 0x8f, 0x08, 0x02, 0x00, 0x00,       /* rcx */
    0x49, 0x8b, 0x97, 0x10, 0x02, 0x00, 0x00,       /* rdx */
    0x49, 0x8b, 0x9f, 0x18, 0x02, 0x00, 0x00,       /* rbx */
};
static const uint8_t TAIL[] = {
    0x9c, 0x41, 0x8f, 0x87, 0x20, 0x02, 0x00, 0x00, /* pushfq; pop [r15 + 0x220] */
    0x49, 0x89, 0x87, 0x00, 0x02, 0x00, 0x00,       /* rax */
    0x49, 0x89, 0x8f, 0x08, 0x02, 0x00, 0x00,       /* rcx */
    0x49, 0x89, 0x97, 0x10, 0x02, 0x00, 0x00,       /* rdx */
    0x41, 0x0f, 0xae, 0x07,                         /* fxsave [r15] */
    0x41, 0x5f, 0x5b, 0xc3,                         /* pop r15; pop rbx; ret */
};
G_STATIC_ASSERT(offsetof(Registers, gpr) == 0x200 && offsetof(Registers, flags) == 0x220);

static void restore_host(void)
{
    const uint32_t mxcsr = 0x1f80;
    __asm__ volatile("fninit\n\tldmxcsr %0\n\tcld" ::"m"(mxcsr) : "cc");
}

static void run_native(Oracle *o)
{
    uint8_t *at = o->page;
    o->native = o->before;
    o->native.gpr[3] = (uintptr_t)o->native.memory;
    memcpy(at, HEAD, sizeof(HEAD));
    memcpy(at + sizeof(HEAD), o->code, o->size);
    memcpy(at + sizeof(HEAD) + o->size, TAIL, sizeof(TAIL));
    signal_number = 0;
    if (sigsetjmp(escape, 1) == 0) {
        ((void (*)(Registers *))(uintptr_t)at)(&o->native);
    }
    restore_host();
    o->native_vector = signal_number == SIGILL   ? VECTOR_UD
                       : signal_number == SIGFPE ? FPU_VECTOR_XM
                       : signal_number           ? VECTOR_GP
                                                 : NO_VECTOR;
}

/* ---- the software CPU ---- */

static void run_emulated(Oracle *o)
{
    InterpException was, now;
    uint32_t data = o->long_mode ? LM_DATA : PM_DATA;
    CpuState state = o->long_mode ? lm_state(0, LM_CODE) : pm_state(0, PM_CODE);
    state.cr0 |= CPU_CR0_NE;
    state.cr4 |= FPU_CR4_OSFXSR | FPU_CR4_OSXMMEXCPT;
    state.rflags = o->before.flags;
    for (unsigned i = 0; i < 3; i++) {
        state.gpr[i] = o->before.gpr[i];
    }
    state.gpr[CPU_BX] = data;
    memcpy(state.fxsave, o->before.image, IMAGE_COMPARED);
    rig_write(o->rig, o->long_mode ? LM_CODE : PM_CODE, o->code, o->size);
    rig_write(o->rig, data, o->before.memory, MEMORY_SIZE);
    rig_set(o->rig, &state);
    interp_last_exception(o->rig->vcpu, &was);
    rig_step(o->rig, 1);
    interp_last_exception(o->rig->vcpu, &now);
    o->emulated_vector = now.count == was.count ? NO_VECTOR : now.vector;
    state = rig_get(o->rig);
    memcpy(o->emulated.image, state.fxsave, IMAGE_COMPARED);
    for (unsigned i = 0; i < 3; i++) {
        o->emulated.gpr[i] = o->long_mode ? state.gpr[i] : (uint32_t)state.gpr[i];
    }
    o->emulated.flags = state.rflags;
    rig_read(o->rig, data, o->emulated.memory, MEMORY_SIZE);
}

/* ---- comparing ---- */

/* Whether the condition codes have a meaning.  Otherwise only C1 does. */
static bool sets_conditions(const Oracle *o)
{
    unsigned opcode = o->code[0], modrm = o->code[1], reg = modrm >> 3 & 7;
    if (modrm < 0xc0) {
        return !(opcode & 1) && (reg == 2 || reg == 3);
    }
    switch (opcode) {
    case 0xd8:
    case 0xdc:
    case 0xde:
        return reg == 2 || reg == 3;
    case 0xd9:
        return modrm == 0xe4 || modrm == 0xe5;
    case 0xda:
        return modrm == 0xe9;
    case 0xdd:
        return reg == 4 || reg == 5;
    default:
        return false;
    }
}

/* Returns the flags that the manual leaves undefined after an instruction. */
static uint32_t undefined_flags(const Oracle *o)
{
    const Form *form = o->form;
    uint8_t last = form->bytes[form->size - 1];
    if (form->x87) {
        return 0;
    }
    if (form->bytes[0] == 0xc4) {
        bool bextr = last == 0xf7;
        return 0x14u | (bextr ? 0x80u : 0);
    }
    bool counts = form->bytes[form->size - 2] == 0x0f && (last == 0xbc || last == 0xbd);
    return counts ? 0x894u : 0;
}

/* Makes equal on both sides what is not compared. */
static void align(Oracle *o)
{
    Registers *n = &o->native, *e = &o->emulated;
    uint32_t flags = FLAGS_COMPARED & ~undefined_flags(o);
    /* The pointers are not compared, nor what FXSAVE leaves to software or stores as a mask. */
    memcpy(n->image + FPU_OPCODE, e->image + FPU_OPCODE, FPU_MXCSR - FPU_OPCODE);
    memcpy(n->image + FPU_MXCSR + 4, e->image + FPU_MXCSR + 4, 4);
    if (o->form->x87 && !sets_conditions(o)) {
        n->image[FPU_STATUS + 1] = (uint8_t)((n->image[FPU_STATUS + 1] & ~(FSW_CONDITIONS >> 8)) |
                                             (e->image[FPU_STATUS + 1] & FSW_CONDITIONS >> 8));
    }
    for (unsigned i = 0; i < 8; i++) {
        memcpy(n->image + FPU_ST + 16 * i + 10, e->image + FPU_ST + 16 * i + 10, 6);
    }
    n->flags &= flags;
    e->flags &= flags;
    for (unsigned i = 0; i < 3; i++) {
        n->gpr[i] = o->long_mode ? n->gpr[i] : (uint32_t)n->gpr[i];
    }
}

static bool same(const Oracle *o)
{
    const Registers *n = &o->native, *e = &o->emulated;
    return memcmp(n->image, e->image, IMAGE_COMPARED) == 0 &&
           memcmp(n->gpr, e->gpr, 3 * sizeof(n->gpr[0])) == 0 && n->flags == e->flags &&
           memcmp(n->memory, e->memory, MEMORY_SIZE) == 0;
}

static void print_registers(const char *who, const Registers *r)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (unsigned i = 0; i < IMAGE_COMPARED; i++) {
        g_string_append_printf(line, "%s%02x", i % 16 ? "" : " ", r->image[i]);
    }
    g_test_message("%-9s%s", who, line->str);
    g_string_truncate(line, 0);
    for (unsigned i = 0; i < MEMORY_SIZE; i++) {
        g_string_append_printf(line, "%s%02x", i % 16 ? "" : " ", r->memory[i]);
    }
    g_test_message("   rax %" G_GINT64_MODIFIER "x rcx %" G_GINT64_MODIFIER
                   "x rdx %" G_GINT64_MODIFIER "x flags %x memory%s",
                   r->gpr[0], r->gpr[1], r->gpr[2], (unsigned)r->flags, line->str);
}

static void report(Oracle *o)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    for (unsigned i = 0; i < o->size; i++) {
        g_string_append_printf(bytes, "%02x", o->code[i]);
    }
    o->differences++;
    g_test_message("case %u [%s]: host vector %u, pioemu %u", o->cases, bytes->str,
                   o->native_vector, o->emulated_vector);
    print_registers("before", &o->before);
    print_registers("host", &o->native);
    print_registers("pioemu", &o->emulated);
}

/* Whether both sides raised an unmasked exception with the same flags in MXCSR. */
static bool same_exception(const Oracle *o)
{
    uint32_t mxcsr;
    memcpy(&mxcsr, o->emulated.image + FPU_MXCSR, sizeof(mxcsr));
    return o->emulated_vector == FPU_VECTOR_XM && mxcsr == signal_mxcsr;
}

/*
 * Facts about AMD's processors that the software CPU follows and other
 * processors may not: the results of a comparison and a load that an exception
 * stops, and FSTP1 of an empty register.
 */
static bool is_of_the_vendor(const Oracle *o)
{
    unsigned opcode = o->code[0], modrm = o->code[1];
    bool stops = (o->before.image[FPU_CONTROL] & 3) != 3;
    bool loads = (opcode == 0xd9 || opcode == 0xdd) && modrm == 3;
    bool compares_flags = (opcode == 0xdb || opcode == 0xdf) && modrm >= 0xe8;
    if (!o->form->x87) {
        return false;
    }
    return (opcode == 0xd9 && modrm >= 0xd8 && modrm <= 0xdf) ||
           (stops && (loads || compares_flags || sets_conditions(o)));
}

static bool host_is_amd(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_AMD_ebx;
}

static void run_case(Oracle *o)
{
    make_case(o);
    if (!o->amd && is_of_the_vendor(o)) {
        o->missing++;
        return;
    }
    run_native(o);
    if (o->native_vector == VECTOR_UD) {
        o->missing++;
        return;
    }
    run_emulated(o);
    o->compared++;
    align(o);
    if (o->native_vector == FPU_VECTOR_XM) {
        o->raised++;
        if (!same_exception(o)) {
            report(o);
        }
    } else if (o->native_vector != o->emulated_vector ||
               (o->native_vector == NO_VECTOR && !same(o))) {
        report(o);
    }
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = g_getenv(name);
    return text ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void catch_signals(void)
{
    static uint8_t stack[65536];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    const int NUMBERS[] = {SIGILL, SIGFPE, SIGSEGV, SIGBUS};
    sigaltstack(&alternate, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(NUMBERS); i++) {
        struct sigaction action = {.sa_sigaction = on_signal,
                                   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
        sigaction(NUMBERS[i], &action, NULL);
    }
}

static void test_the_host_does_the_same(void)
{
    Oracle o = {.rigs = {pm_new(), lm_new()}, .forms = g_array_new(FALSE, FALSE, sizeof(Form))};
    o.amd = host_is_amd();
    o.random = setting("PIOEMU_ORACLE_SEED", 1) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    o.page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (o.page == MAP_FAILED) {
        g_test_skip("the host gives no memory that can be written and executed");
        return;
    }
    add_vector_forms(&o);
    add_bit_forms(&o);
    add_x87_forms(&o);
    catch_signals();
    uint64_t cases = setting("PIOEMU_ORACLE_CASES", CASES);
    for (; o.cases < cases && o.differences < DIFFERENCES_MAX; o.cases++) {
        run_case(&o);
    }
    g_test_message("%u compared, %u of them raised, %u that the host does not have", o.compared,
                   o.raised, o.missing);
    munmap(o.page, 4096);
    g_array_free(o.forms, TRUE);
    rig_free(o.rigs[0]);
    rig_free(o.rigs[1]);
    g_assert_cmpuint(o.differences, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/host_vectors/the_host_does_the_same", test_the_host_does_the_same);
    return g_test_run();
}
