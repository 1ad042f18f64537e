/*
 * 64-bit integer instructions, one at a time, with random prefixes, registers and
 * memory.  The software CPU and the host must agree.
 *
 * The host runs them in this process: a signal handler returns to a context that
 * loads every register, and the trap flag ends the run after one instruction.
 */
#include "tests/unit/interp/interp_long.h"
#include "tests/unit/interp/oracle_case.h"

#if defined(__x86_64__)

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CODE  UINT64_C(0x10000000)
#define DATA  UINT64_C(0x20000000)
#define PAGES 4u
#define SIZE  (PAGES * 4096u)
#define CASES (RIG_SANITIZED ? 20000u : 100000u)
#define BYTES 15u

/* Physical addresses, in the rig. */
#define CODE_AT 0x100000u
#define DATA_AT 0x110000u
#define TABLES  0x120000u

#define FLAGS                                                                                      \
    (CPU_FLAG_CF | CPU_FLAG_PF | CPU_FLAG_AF | CPU_FLAG_ZF | CPU_FLAG_SF | CPU_FLAG_DF |           \
     CPU_FLAG_OF)

typedef struct State {
    uint64_t gpr[16];
    uint64_t rip;
    uint32_t flags;
    unsigned vector; /* the exception, or 1 */
    uint64_t cr2;    /* for vector 14, of the software CPU only */
    uint8_t data[SIZE];
} State;

typedef struct Form {
    uint16_t first, last; /* opcodes; 0x0fXX is in the second map */
    int8_t reg;           /* ModRM.reg, or -1 */
    uint8_t immediate;    /* size in bytes; 9: z, 10: v */
    bool modrm;
    bool repeats;
    uint8_t undefined; /* OracleUndefined */
} Form;

#define Z 9
#define V 10

static const Form FORMS[] = {
    {0x00, 0x03, -1, 0, true, false, UNDEFINED_NONE},
    {0x04, 0x04, -1, 1, false, false, UNDEFINED_NONE},
    {0x05, 0x05, -1, Z, false, false, UNDEFINED_NONE},
    {0x08, 0x0b, -1, 0, true, false, UNDEFINED_LOGIC},
    {0x10, 0x13, -1, 0, true, false, UNDEFINED_NONE},
    {0x18, 0x1b, -1, 0, true, false, UNDEFINED_NONE},
    {0x20, 0x23, -1, 0, true, false, UNDEFINED_LOGIC},
    {0x28, 0x2b, -1, 0, true, false, UNDEFINED_NONE},
    {0x2d, 0x2d, -1, Z, false, false, UNDEFINED_NONE},
    {0x30, 0x33, -1, 0, true, false, UNDEFINED_LOGIC},
    {0x38, 0x3b, -1, 0, true, false, UNDEFINED_NONE},
    {0x50, 0x5f, -1, 0, false, false, UNDEFINED_NONE},
    {0x63, 0x63, -1, 0, true, false, UNDEFINED_NONE},
    {0x68, 0x68, -1, Z, false, false, UNDEFINED_NONE},
    {0x69, 0x69, -1, Z, true, false, UNDEFINED_MULTIPLY},
    {0x6a, 0x6a, -1, 1, false, false, UNDEFINED_NONE},
    {0x6b, 0x6b, -1, 1, true, false, UNDEFINED_MULTIPLY},
    {0x70, 0x7f, -1, 1, false, false, UNDEFINED_NONE},
    {0x80, 0x80, 0, 1, true, false, UNDEFINED_NONE},
    {0x81, 0x81, 5, Z, true, false, UNDEFINED_NONE},
    {0x81, 0x81, 6, Z, true, false, UNDEFINED_LOGIC},
    {0x83, 0x83, 2, 1, true, false, UNDEFINED_NONE},
    {0x83, 0x83, 7, 1, true, false, UNDEFINED_NONE},
    {0x84, 0x85, -1, 0, true, false, UNDEFINED_LOGIC},
    {0x86, 0x8b, -1, 0, true, false, UNDEFINED_NONE},
    {0x8d, 0x8d, -1, 0, true, false, UNDEFINED_NONE},
    {0x8f, 0x8f, 0, 0, true, false, UNDEFINED_NONE},
    {0x90, 0x99, -1, 0, false, false, UNDEFINED_NONE},
    {0x9e, 0x9f, -1, 0, false, false, UNDEFINED_NONE},
    {0xa4, 0xa7, -1, 0, false, true, UNDEFINED_NONE},
    {0xa8, 0xa8, -1, 1, false, false, UNDEFINED_LOGIC},
    {0xa9, 0xa9, -1, Z, false, false, UNDEFINED_LOGIC},
    {0xaa, 0xaf, -1, 0, false, true, UNDEFINED_NONE},
    {0xb0, 0xb7, -1, 1, false, false, UNDEFINED_NONE},
    {0xb8, 0xbf, -1, V, false, false, UNDEFINED_NONE},
    {0xc0, 0xc1, 0, 1, true, false, UNDEFINED_ROTATE},
    {0xc0, 0xc1, 2, 1, true, false, UNDEFINED_ROTATE},
    {0xc0, 0xc1, 4, 1, true, false, UNDEFINED_SHIFT},
    {0xc0, 0xc1, 7, 1, true, false, UNDEFINED_SHIFT_SIGNED},
    {0xd2, 0xd3, 1, 0, true, false, UNDEFINED_ROTATE},
    {0xd2, 0xd3, 3, 0, true, false, UNDEFINED_ROTATE},
    {0xd2, 0xd3, 5, 0, true, false, UNDEFINED_SHIFT},
    {0xc3, 0xc3, -1, 0, false, false, UNDEFINED_NONE},
    {0xc6, 0xc6, 0, 1, true, false, UNDEFINED_NONE},
    {0xc7, 0xc7, 0, Z, true, false, UNDEFINED_NONE},
    {0xc9, 0xc9, -1, 0, false, false, UNDEFINED_NONE},
    {0xd7, 0xd7, -1, 0, false, false, UNDEFINED_NONE},
    {0xe0, 0xe3, -1, 1, false, false, UNDEFINED_NONE},
    {0xeb, 0xeb, -1, 1, false, false, UNDEFINED_NONE},
    {0xe8, 0xe9, -1, 4, false, false, UNDEFINED_NONE},
    {0xf5, 0xf5, -1, 0, false, false, UNDEFINED_NONE},
    {0xf6, 0xf6, 0, 1, true, false, UNDEFINED_LOGIC},
    {0xf6, 0xf7, 2, 0, true, false, UNDEFINED_NONE},
    {0xf6, 0xf7, 3, 0, true, false, UNDEFINED_NONE},
    {0xf6, 0xf7, 4, 0, true, false, UNDEFINED_MULTIPLY},
    {0xf6, 0xf7, 5, 0, true, false, UNDEFINED_MULTIPLY},
    {0xf6, 0xf7, 6, 0, true, false, UNDEFINED_DIVIDE},
    {0xf6, 0xf7, 7, 0, true, false, UNDEFINED_DIVIDE},
    {0xf8, 0xf9, -1, 0, false, false, UNDEFINED_NONE},
    {0xfc, 0xfd, -1, 0, false, false, UNDEFINED_NONE},
    {0xfe, 0xff, 0, 0, true, false, UNDEFINED_NONE},
    {0xfe, 0xff, 1, 0, true, false, UNDEFINED_NONE},
    {0xff, 0xff, 2, 0, true, false, UNDEFINED_NONE},
    {0xff, 0xff, 4, 0, true, false, UNDEFINED_NONE},
    {0xff, 0xff, 6, 0, true, false, UNDEFINED_NONE},
    {0x0f1f, 0x0f1f, 0, 0, true, false, UNDEFINED_NONE},
    {0x0f40, 0x0f4f, -1, 0, true, false, UNDEFINED_NONE},
    {0x0f80, 0x0f8f, -1, 4, false, false, UNDEFINED_NONE},
    {0x0f90, 0x0f9f, -1, 0, true, false, UNDEFINED_NONE},
    {0x0fa3, 0x0fa3, -1, 0, true, false, UNDEFINED_BIT_TEST},
    {0x0fa4, 0x0fa4, -1, 1, true, false, UNDEFINED_DOUBLE_SHIFT},
    {0x0fa5, 0x0fa5, -1, 0, true, false, UNDEFINED_DOUBLE_SHIFT},
    {0x0fab, 0x0fab, -1, 0, true, false, UNDEFINED_BIT_TEST},
    {0x0fac, 0x0fac, -1, 1, true, false, UNDEFINED_DOUBLE_SHIFT},
    {0x0faf, 0x0faf, -1, 0, true, false, UNDEFINED_MULTIPLY},
    {0x0fb0, 0x0fb1, -1, 0, true, false, UNDEFINED_NONE},
    {0x0fb3, 0x0fb3, -1, 0, true, false, UNDEFINED_BIT_TEST},
    {0x0fb6, 0x0fb7, -1, 0, true, false, UNDEFINED_NONE},
    {0x0fba, 0x0fba, 4, 1, true, false, UNDEFINED_BIT_TEST},
    {0x0fba, 0x0fba, 7, 1, true, false, UNDEFINED_BIT_TEST},
    {0x0fbb, 0x0fbb, -1, 0, true, false, UNDEFINED_BIT_TEST},
    {0x0fbc, 0x0fbd, -1, 0, true, false, UNDEFINED_BIT_SCAN},
    {0x0fbe, 0x0fbf, -1, 0, true, false, UNDEFINED_NONE},
    {0x0fc0, 0x0fc1, -1, 0, true, false, UNDEFINED_NONE},
    {0x0fc7, 0x0fc7, 1, 0, true, false, UNDEFINED_NONE},
    {0x0fc8, 0x0fcf, -1, 0, false, false, UNDEFINED_NONE},
};

/*
 * Near branches are left out with prefix 66: AMD cuts the target to 16 bits; Intel
 * and the software CPU do not.
 */
static bool branches(const Form *form)
{
    unsigned first = form->first;

    return first == 0x70 || first == 0xc3 || (first >= 0xe0 && first <= 0xeb) || first == 0x0f80 ||
           (first == 0xff && form->reg != 6);
}

typedef struct Case {
    const Form *form;
    uint8_t bytes[BYTES + 10];
    unsigned length;
    unsigned bits; /* of the operand */
    unsigned count;
    bool byte;
} Case;

/* ---- the host ---- */

static struct {
    const State *before;
    State *after;
    const Case *item;
    sigjmp_buf leave;
    uint8_t *code;
} host;

/* The general registers in the order of a signal's frame. */
static const int GREGS[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                              REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15};

static void enter_host(int number G_GNUC_UNUSED, siginfo_t *info G_GNUC_UNUSED, void *context)
{
    greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;

    for (unsigned i = 0; i < 16; i++) {
        gregs[GREGS[i]] = (greg_t)host.before->gpr[i];
    }
    gregs[REG_RIP] = (greg_t)host.before->rip;
    gregs[REG_EFL] = host.before->flags | CPU_FLAG_TF | CPU_FLAG_ONE | CPU_FLAG_IF;
}

static void leave_host(int number G_GNUC_UNUSED, siginfo_t *info G_GNUC_UNUSED, void *context)
{
    const greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
    unsigned vector = (unsigned)gregs[REG_TRAPNO];

    /* A repetition traps after each of its items. */
    if (vector == 1 && host.item->form->repeats && (uint64_t)gregs[REG_RIP] == host.before->rip) {
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        host.after->gpr[i] = (uint64_t)gregs[GREGS[i]];
    }
    host.after->rip = (uint64_t)gregs[REG_RIP];
    host.after->flags = (uint32_t)gregs[REG_EFL];
    host.after->vector = vector;
    siglongjmp(host.leave, 1);
}

static void open_host(void)
{
    static uint8_t stack[65536];
    const int prot = PROT_READ | PROT_WRITE,
              flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    const int faults[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction enter = {.sa_sigaction = enter_host, .sa_flags = SA_SIGINFO};
    struct sigaction leave = {.sa_sigaction = leave_host, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    host.code = mmap((void *)CODE, 4096, prot | PROT_EXEC, flags, -1, 0);
    g_assert_true(host.code == (void *)CODE);
    g_assert_true(mmap((void *)DATA, SIZE, prot, flags, -1, 0) == (void *)DATA);
    g_assert_cmpint(sigaltstack(&alternate, NULL), ==, 0);
    sigaction(SIGUSR1, &enter, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        sigaction(faults[i], &leave, NULL);
    }
}

static void run_on_host(const Case *item, const State *before, State *after)
{
    host.item = item;
    host.before = before;
    host.after = after;
    memcpy(host.code + (before->rip - CODE), item->bytes, item->length);
    memcpy((void *)DATA, before->data, SIZE);
    if (!sigsetjmp(host.leave, 1)) {
        raise(SIGUSR1);
    }
    memcpy(after->data, (void *)DATA, SIZE);
}

/* ---- the software CPU ---- */

static Rig *open_rig(void)
{
    Rig *rig = lm_new();
    uint64_t all = LM_PTE_P | LM_PTE_W | LM_PTE_U;

    /* The host has nothing mapped at low addresses. */
    for (uint64_t page = 0; page < LM_RAM; page += 0x1000) {
        rig_write64(rig, lm_pte(page), page | LM_PTE_P | LM_PTE_W);
    }
    rig_write64(rig, LM_PD + (CODE >> 21) * 8, TABLES | all);
    rig_write64(rig, LM_PD + (DATA >> 21) * 8, (TABLES + 0x1000) | all);
    rig_write64(rig, TABLES, CODE_AT | LM_PTE_P | LM_PTE_U);
    for (unsigned i = 0; i < PAGES; i++) {
        rig_write64(rig, TABLES + 0x1000 + i * 8, (DATA_AT + i * 4096u) | all);
    }
    return rig;
}

static void run_on_rig(Rig *rig, const Case *item, const State *before, State *after)
{
    CpuState state = lm_state(3, before->rip);
    InterpException was, is;

    rig_write(rig, CODE_AT + (before->rip - CODE), item->bytes, item->length);
    rig_write(rig, DATA_AT, before->data, SIZE);
    memcpy(state.gpr, before->gpr, sizeof(state.gpr));
    state.rflags = before->flags | CPU_FLAG_ONE | CPU_FLAG_IF;
    rig_set(rig, &state);
    interp_last_exception(rig->vcpu, &was);
    do {
        rig_step(rig, 1);
        state = rig_get(rig);
        interp_last_exception(rig->vcpu, &is);
    } while (item->form->repeats && is.count == was.count && state.rip == before->rip);
    memcpy(after->gpr, state.gpr, sizeof(after->gpr));
    after->rip = state.rip;
    after->flags = (uint32_t)state.rflags;
    after->vector = 1;
    if (is.count != was.count) {
        uint64_t frame = state.gpr[CPU_SP] + (is.has_error ? 8 : 0);

        after->vector = is.vector;
        after->cr2 = state.cr2;
        rig_read(rig, frame, &after->rip, 8);
        rig_read(rig, frame + 16, &after->flags, 4);
        rig_read(rig, frame + 24, &after->gpr[CPU_SP], 8);
    }
    rig_read(rig, DATA_AT, after->data, SIZE);
}

/* ---- cases ---- */

static uint64_t random_value(uint64_t *seed)
{
    static const uint64_t SPECIAL[] = {
        0,
        1,
        2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        UINT64_MAX,
        UINT64_MAX - 1,
    };
    uint64_t r = oracle_random(seed);

    switch (r & 3) {
    case 0:
        return SPECIAL[(r >> 8) % G_N_ELEMENTS(SPECIAL)];
    case 1:
        return r >> (r >> 2 & 63);
    case 2:
        return DATA + 0x1000 + (r >> 8 & 0x1fff);
    default:
        return oracle_random(seed);
    }
}

static void put(Case *item, uint64_t value, unsigned bytes)
{
    memcpy(item->bytes + item->length, &value, bytes);
    item->length += bytes;
}

/* Mostly an address in the data area, whatever it is made of. */
static void make_modrm(Case *item, State *before, uint64_t *seed, unsigned rex)
{
    uint64_t r = oracle_random(seed);
    unsigned mod = r & 3, rm = r >> 2 & 7;
    unsigned reg = item->form->reg >= 0 ? (unsigned)item->form->reg : (unsigned)(r >> 5 & 7);
    unsigned base = rm | (rex & 1) << 3;

    put(item, mod << 6 | reg << 3 | rm, 1);
    if (mod == 3) {
        return;
    }
    if (rm == 4) {
        unsigned index = r >> 10 & 7, sib_base = r >> 13 & 7;

        put(item, (r >> 8 & 3) << 6 | index << 3 | sib_base, 1);
        index |= (rex & 2) << 2;
        if (index != CPU_SP) {
            before->gpr[index] = r >> 20 & 0xff;
        }
        base = sib_base | (rex & 1) << 3;
        rm = sib_base;
        if (mod == 0 && rm == 5) {
            put(item, DATA + 0x1000 + (r >> 30 & 0xfff), 4);
            return;
        }
    } else if (mod == 0 && rm == 5) {
        put(item, DATA - CODE + 0x1000 + (r >> 30 & 0xfff), 4);
        return;
    }
    if (base != CPU_SP && r >> 40 & 7) {
        before->gpr[base] = DATA + 0x1800 + (r >> 43 & 0xfff);
    }
    if (mod) {
        put(item, mod == 1 ? r >> 50 & 0xff : (uint64_t)(int64_t)(int8_t)(r >> 50),
            mod == 1 ? 1 : 4);
    }
}

static void make_registers(State *before, uint64_t *seed)
{
    for (unsigned i = 0; i < 16; i++) {
        before->gpr[i] = random_value(seed);
    }
    uint64_t r = oracle_random(seed);
    before->gpr[CPU_SP] = DATA + 0x2000 + (r & 0x7f8);
    before->flags = (uint32_t)(r >> 16) & FLAGS;
}

static void make_prefixes(Case *item, uint64_t r, unsigned *rex, bool *word)
{
    *word = (r & 7) == 0 && !branches(item->form);
    if (*word) {
        put(item, 0x66, 1);
    }
    if (item->form->repeats && r & 8) {
        put(item, r & 16 ? 0xf3 : 0xf2, 1);
    }
    if ((r >> 5 & 15) == 0) {
        put(item, 0x67, 1);
    }
    if (r >> 9 & 3) {
        *rex = (unsigned)(r >> 11 & 15);
        put(item, 0x40 | *rex, 1);
    }
}

static bool is_byte(unsigned opcode)
{
    return (opcode < 0x40 && !(opcode & 1)) || opcode == 0x80 || opcode == 0x84 || opcode == 0x86 ||
           (opcode >= 0x88 && opcode < 0x8c && !(opcode & 1)) || opcode == 0xc0 || opcode == 0xd2 ||
           opcode == 0xf6 || opcode == 0xfe || opcode == 0xa8;
}

static void bound_bit_number(const Case *item, State *before, unsigned rex)
{
    uint8_t modrm = item->bytes[item->length - 1];

    for (unsigned i = item->length; i-- > 0;) {
        if (item->bytes[i] == 0x0f) {
            modrm = item->bytes[i + 2];
            break;
        }
    }
    uint64_t *bit = &before->gpr[(modrm >> 3 & 7u) | (rex & 4) << 1];
    *bit = (uint64_t)((int64_t)(*bit << 50) >> 50);
}

static void make_case(uint64_t number, Case *item, State *before)
{
    uint64_t seed = number * 0x9e3779b97f4a7c15u + 1, r = oracle_random(&seed);
    unsigned rex = 0;
    bool word;

    *item = (Case){.form = &FORMS[r % G_N_ELEMENTS(FORMS)]};
    const Form *form = item->form;
    make_registers(before, &seed);
    make_prefixes(item, r >> 16, &rex, &word);
    unsigned opcode = form->first + (unsigned)((r >> 40) % (form->last - form->first + 1u));
    if (opcode >> 8) {
        put(item, 0x0f, 1);
    }
    put(item, opcode & 0xff, 1);
    if (form->modrm) {
        make_modrm(item, before, &seed, rex);
    }
    if (form->undefined == UNDEFINED_BIT_TEST && form->reg < 0) {
        /*
         * A bit number may reach beyond the operand, but it must not reach this
         * program's own memory.
         */
        bound_bit_number(item, before, rex);
    }
    if (form->repeats) {
        before->gpr[CPU_CX] = r >> 50 & 15;
        before->gpr[CPU_SI] = DATA + 0x1000 + (r >> 54 & 0x3f);
        before->gpr[CPU_DI] = DATA + 0x2000 + (r >> 58 & 0x3f);
    }
    uint64_t immediate = oracle_random(&seed);
    unsigned size = form->immediate;
    size = size == Z   ? (word && !(rex & 8) ? 2 : 4)
           : size == V ? (rex & 8 ? 8
                          : word  ? 2
                                  : 4)
                       : size;
    unsigned start = item->length;
    put(item, immediate, size);
    item->byte = is_byte(opcode);
    item->bits = item->byte ? 8 : rex & 8 ? 64 : word ? 16 : 32;
    unsigned mask = item->bits == 64 ? 63 : 31;
    item->count = (size == 1 ? item->bytes[start] : (unsigned)before->gpr[CPU_CX]) & mask;
    before->rip = CODE + (r >> 48 & 0x7ff);
}

/* ---- comparing ---- */

static uint32_t compared_flags(const Case *item)
{
    return FLAGS & ~oracle_undefined_flags(item->form->undefined, item->count, item->bits);
}

/* After a 16-bit double shift by more than 16 everything is undefined. */
static bool is_undefined(const Case *item, const State *native)
{
    /* After a bit scan of 0 the destination is undefined. */
    if (item->form->undefined == UNDEFINED_BIT_SCAN && native->flags & CPU_FLAG_ZF) {
        return true;
    }
    return item->form->undefined == UNDEFINED_DOUBLE_SHIFT && item->bits == 16 && item->count > 16;
}

static bool agree(const Case *item, const State *a, const State *b)
{
    if (a->vector != b->vector || a->rip != b->rip) {
        return false;
    }
    return is_undefined(item, a) ||
           (!memcmp(a->gpr, b->gpr, sizeof(a->gpr)) && !memcmp(a->data, b->data, SIZE) &&
            (a->vector != 1 || !((a->flags ^ b->flags) & compared_flags(item))));
}

static void show(const Case *item, const State *before, const State *native, const State *ours)
{
    g_autoptr(GString) text = g_string_new("");

    for (unsigned i = 0; i < item->length; i++) {
        g_string_append_printf(text, "%02x ", item->bytes[i]);
    }
    g_test_message("%s: vector %u %u rip %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
                   "x flags %x -> %x %x (differ %x)",
                   text->str, native->vector, ours->vector, native->rip, ours->rip, before->flags,
                   native->flags, ours->flags,
                   (native->flags ^ ours->flags) & compared_flags(item));
    for (unsigned i = 0; i < 16; i++) {
        if (native->gpr[i] != ours->gpr[i]) {
            g_test_message("  register %u was %" G_GINT64_MODIFIER "x: host %" G_GINT64_MODIFIER
                           "x, ours %" G_GINT64_MODIFIER "x",
                           i, before->gpr[i], native->gpr[i], ours->gpr[i]);
        }
    }
    for (unsigned i = 0; i < SIZE; i++) {
        if (native->data[i] != ours->data[i]) {
            g_test_message("  data %x: host %02x, ours %02x", i, native->data[i], ours->data[i]);
        }
    }
}

static void test_every_form_agrees_with_the_host(void)
{
    static State before, native, ours;
    const char *wanted = g_getenv("PIOEMU_ORACLE64_CASES");
    uint64_t cases = wanted ? g_ascii_strtoull(wanted, NULL, 0) : CASES;
    g_autoptr(Rig) rig = open_rig();
    unsigned differences = 0;
    Case item;

    open_host();
    oracle_fill_data(1, before.data);
    for (uint64_t i = 0; i < cases && differences < 20; i++) {
        make_case(i, &item, &before);
        run_on_rig(rig, &item, &before, &ours);
        if (ours.vector == 14 && rig_is_sanitizers(ours.cr2)) {
            continue;
        }
        run_on_host(&item, &before, &native);
        if (!agree(&item, &native, &ours)) {
            show(&item, &before, &native, &ours);
            differences++;
        }
    }
    g_assert_cmpuint(differences, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/host64/every_form_agrees_with_the_host",
                    test_every_form_agrees_with_the_host);
    return g_test_run();
}

#else

int main(void)
{
    puts("1..0 # SKIP the host is not an x86-64");
    return 0;
}

#endif
