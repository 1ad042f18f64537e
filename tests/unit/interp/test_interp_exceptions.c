/*
 * Exceptions: which one comes first, what a fault during a delivery turns into, and
 * which opcodes and prefixes are refused (SDM volume 3, chapter 6).
 */
#include "tests/unit/interp/interp_protected.h"

#include <string.h>

#define INT3 0xcc
#define DONE VECTOR_BP
#define EXT  1u
#define IDT  2u

/* ---- double and triple faults ---- */

/* Makes the delivery of `vector` fail with the exception `with`. */
static void spoil_vector(Rig *rig, unsigned vector, unsigned with)
{
    switch (with) {
    case VECTOR_NP:
        pm_set_idt(rig, vector, rig_gate(PM_CODE0, 0, PM_INT_GATE - PM_ABSENT, 0));
        break;
    case VECTOR_GP:
        pm_set_idt(rig, vector, rig_gate(PM_DATA0, 0, PM_INT_GATE, 0));
        break;
    case VECTOR_PF:
        /* The descriptor of its code segment is on an absent page. */
        pm_set_idt(rig, vector, rig_gate(PM_GDT_ENTRIES * 8 + 0x1000, 0, PM_INT_GATE, 0));
        break;
    default:
        g_assert_not_reached();
    }
}

typedef struct DoubleCase {
    unsigned first;
    unsigned second;
    unsigned vector; /* the vector that the program sees */
    uint32_t error;
} DoubleCase;

/* Code that raises `vector` at ring 0. */
static void raise_vector(Rig *rig, CpuState *state, unsigned vector)
{
    switch (vector) {
    case VECTOR_DE:
        PM_BYTES(rig, PM_CODE, 0xf7, 0xf1); /* div ecx */
        break;
    case VECTOR_UD:
        PM_BYTES(rig, PM_CODE, 0x0f, 0x0b);
        break;
    case VECTOR_GP:
        PM_BYTES(rig, PM_CODE, 0x8e, 0xd8); /* mov ds, ax */
        state->gpr[CPU_AX] = PM_CODE3 & ~3u;
        pm_set_segment(rig, PM_CODE3, 0, 0, PM_EXECUTE);
        break;
    case VECTOR_PF:
        PM_BYTES(rig, PM_CODE, 0x8a, 0x03); /* mov al, [ebx] */
        state->gpr[CPU_BX] = PM_DATA;
        rig_write32(rig, pm_pte(PM_DATA), 0);
        break;
    default:
        g_assert_not_reached();
    }
}

static CpuState double_state(Rig *rig, unsigned first, unsigned second)
{
    CpuState state = pm_state(0, PM_CODE);
    pm_identity_pages(rig);
    pm_paging_on(&state);
    state.gdtr.limit = 0xffff;
    rig_write32(rig, pm_pte(PM_GDT + 0x1000), 0);
    /* Moves the IDT, which was on the page that is now absent. */
    uint8_t idt[0x800];
    rig_read(rig, PM_IDT, idt, sizeof(idt));
    rig_write(rig, PM_GDT + 0x100000, idt, sizeof(idt));
    state.idtr.base = PM_GDT + 0x100000;
    raise_vector(rig, &state, first);
    if (second != DONE) {
        uint64_t gate;
        spoil_vector(rig, first, second);
        rig_read(rig, PM_IDT + first * 8, &gate, sizeof(gate));
        rig_write64(rig, PM_GDT + 0x100000 + first * 8, gate);
    }
    return state;
}

/* Benign, contributory and page faults (SDM volume 3, table 6-5). */
static void test_double_fault_classes(void)
{
    const uint32_t ABSENT = IDT | EXT;
    const DoubleCase CASES[] = {
        {VECTOR_UD, VECTOR_NP, VECTOR_NP, VECTOR_UD * 8 + ABSENT},
        {VECTOR_UD, VECTOR_GP, VECTOR_GP, PM_DATA0 + EXT},
        {VECTOR_UD, VECTOR_PF, VECTOR_PF, 0},
        {VECTOR_DE, VECTOR_NP, VECTOR_DF, 0},
        {VECTOR_DE, VECTOR_GP, VECTOR_DF, 0},
        {VECTOR_DE, VECTOR_PF, VECTOR_PF, 0},
        {VECTOR_GP, VECTOR_NP, VECTOR_DF, 0},
        {VECTOR_GP, VECTOR_PF, VECTOR_PF, 0},
        {VECTOR_PF, VECTOR_NP, VECTOR_DF, 0},
        {VECTOR_PF, VECTOR_GP, VECTOR_DF, 0},
        {VECTOR_PF, VECTOR_PF, VECTOR_DF, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Rig) rig = pm_new();
        CpuState state = double_state(rig, CASES[i].first, CASES[i].second);
        g_test_message("%u whose delivery raises %u", CASES[i].first, CASES[i].second);
        PmFault fault = pm_expect(rig, &state, CASES[i].vector, CASES[i].error);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

static void test_triple_fault_shuts_down(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = double_state(rig, VECTOR_GP, VECTOR_NP);
    rig_write64(rig, PM_GDT + 0x100000 + VECTOR_DF * 8, 0);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 100), ==, VCPU_TRIPLE_FAULT);
    g_assert_cmphex(rig_get(rig).rip, ==, PM_CODE);
}

static void test_empty_idt_shuts_down(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.idtr.limit = 0;
    PM_BYTES(rig, PM_CODE, 0x0f, 0x0b);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 100), ==, VCPU_TRIPLE_FAULT);
}

/* An exception inside the handler is a new one, and not a double fault. */
static void test_fault_in_a_running_handler_causes_no_double_fault(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xf7, 0xf1);
    PM_BYTES(rig, pm_handler(VECTOR_DE), 0xf7, 0xf1);
    pm_set_idt(rig, VECTOR_DE, rig_gate(PM_CODE0, pm_handler(VECTOR_DE), PM_TRAP_GATE, 0));
    rig_set(rig, &state);
    g_assert_cmpint(rig_step(rig, 3), ==, VCPU_SLICE_DONE);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.rip, ==, pm_handler(VECTOR_DE));
    g_assert_cmphex(after.gpr[CPU_SP], ==, PM_STACK0 - 36);
}

/* ---- priority ---- */

static void test_limit_comes_before_the_page(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_identity_pages(rig);
    pm_paging_on(&state);
    rig_write32(rig, pm_pte(PM_DATA), 0);
    state.segment[CPU_DS].limit = PM_DATA - 1;
    PM_BYTES(rig, PM_CODE, 0x8a, 0x03);
    state.gpr[CPU_BX] = PM_DATA;
    pm_expect(rig, &state, VECTOR_GP, 0);
}

static void test_privilege_comes_before_the_operand(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    pm_identity_pages(rig);
    pm_paging_on(&state);
    rig_write32(rig, pm_pte(PM_DATA), 0);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x01, 0x13); /* lgdt [ebx] */
    state.gpr[CPU_BX] = PM_DATA;
    pm_expect(rig, &state, VECTOR_GP, 0);
}

static void test_operand_comes_before_the_division(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_identity_pages(rig);
    pm_paging_on(&state);
    rig_write32(rig, pm_pte(PM_DATA), 0);
    PM_BYTES(rig, PM_CODE, 0xf7, 0x33); /* div dword [ebx] */
    state.gpr[CPU_BX] = PM_DATA;
    state.gpr[CPU_DX] = ~0u;
    pm_expect(rig, &state, VECTOR_PF, 0);
}

static void test_undefined_opcode_comes_before_privilege(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xf0, 0xf4); /* lock hlt */
    pm_expect(rig, &state, VECTOR_UD, 0);
}

/* ---- length ---- */

static void test_fifteen_bytes_and_no_more(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    rig_fill(rig, PM_CODE, 0x66, 14);
    PM_BYTES(rig, PM_CODE + 14, 0x90, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 16);
    PM_BYTES(rig, PM_CODE + 14, 0x66, 0x90, INT3);
    fault = pm_expect(rig, &state, VECTOR_GP, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
}

/* ---- LOCK ---- */

typedef struct LockCase {
    uint8_t code[6]; /* after the prefix, padded with NOPs */
    bool legal;
} LockCase;

#define MEMORY(opcode, reg)                                                                        \
    {                                                                                              \
        opcode, (reg) << 3 | 3, 0x90, 0x90, 0x90, 0x90                                             \
    }
#define MEMORY_IMM8(opcode, reg)                                                                   \
    {                                                                                              \
        opcode, (reg) << 3 | 3, 1, 0x90, 0x90, 0x90                                                \
    }
#define MEMORY_IMMZ(opcode, reg)                                                                   \
    {                                                                                              \
        opcode, (reg) << 3 | 3, 1, 0, 0, 0                                                         \
    }
#define SECOND(opcode, reg)                                                                        \
    {                                                                                              \
        0x0f, opcode, (reg) << 3 | 3, 0x90, 0x90, 0x90                                             \
    }
#define SECOND_IMM8(reg)                                                                           \
    {                                                                                              \
        0x0f, 0xba, (reg) << 3 | 3, 1, 0x90, 0x90                                                  \
    }
#define REGISTER(opcode, reg)                                                                      \
    {                                                                                              \
        opcode, 0xc0 | (reg) << 3 | 1, 0x90, 0x90, 0x90, 0x90                                      \
    }

static void test_lock_is_only_for_some(void)
{
    static const LockCase CASES[] = {
        {MEMORY(0x00, 1), true},      {MEMORY(0x01, 1), true},       {MEMORY(0x02, 1), false},
        {MEMORY(0x03, 1), false},     {MEMORY(0x09, 1), true},       {MEMORY(0x11, 1), true},
        {MEMORY(0x19, 1), true},      {MEMORY(0x21, 1), true},       {MEMORY(0x29, 1), true},
        {MEMORY(0x31, 1), true},      {MEMORY(0x39, 1), false},      {MEMORY(0x85, 1), false},
        {MEMORY(0x87, 1), true},      {MEMORY(0x89, 1), false},      {MEMORY(0x8b, 1), false},
        {MEMORY_IMM8(0x80, 0), true}, {MEMORY_IMM8(0x80, 7), false}, {MEMORY_IMMZ(0x81, 5), true},
        {MEMORY_IMM8(0x83, 6), true}, {MEMORY_IMM8(0x83, 7), false}, {MEMORY(0xf7, 2), true},
        {MEMORY(0xf7, 3), true},      {MEMORY(0xf7, 4), false},      {MEMORY(0xff, 0), true},
        {MEMORY(0xff, 1), true},      {MEMORY(0xff, 6), false},      {MEMORY(0xd1, 4), false},
        {SECOND(0xa3, 1), false},     {SECOND(0xab, 1), true},       {SECOND(0xb3, 1), true},
        {SECOND(0xbb, 1), true},      {SECOND(0xb1, 1), true},       {SECOND(0xc1, 1), true},
        {SECOND(0xc7, 1), true},      {SECOND(0xaf, 1), false},      {SECOND_IMM8(4), false},
        {SECOND_IMM8(5), true},       {SECOND_IMM8(6), true},        {SECOND_IMM8(7), true},
        {REGISTER(0x01, 1), false},   {REGISTER(0x87, 1), false},    {REGISTER(0xff, 0), false},
        {REGISTER(0xf7, 3), false},
    };
    g_autoptr(Rig) rig = pm_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuState state = pm_state(0, PM_CODE);
        state.gpr[CPU_BX] = PM_DATA;
        PM_BYTES(rig, PM_CODE, 0xf0);
        rig_write(rig, PM_CODE + 1, CASES[i].code, sizeof(CASES[i].code));
        PM_BYTES(rig, PM_CODE + 7, INT3);
        g_test_message("f0 %02x %02x %02x", CASES[i].code[0], CASES[i].code[1], CASES[i].code[2]);
        pm_expect(rig, &state, CASES[i].legal ? DONE : VECTOR_UD, 0);
    }
}

/* ---- undefined opcodes ---- */

static void test_undefined_opcodes(void)
{
    static const uint8_t CODE[][4] = {
        {0x0f, 0x0b},             /* ud2 */
        {0x0f, 0xb9, 0xc0},       /* ud1 */
        {0x0f, 0xff, 0xc0},       /* ud0 */
        {0x8d, 0xc0},             /* lea eax, eax */
        {0x8e, 0xf0},             /* mov to the 7th segment register */
        {0x8c, 0xf8},             /* mov from the 8th */
        {0xff, 0xd8},             /* call far eax */
        {0xff, 0xe8},             /* jmp far eax */
        {0xff, 0xf8},             /* group 5, 7 */
        {0xfe, 0xd0},             /* group 4, 2 */
        {0x0f, 0xba, 0xc0, 0x01}, /* group 8, 0 */
        {0x0f, 0xc7, 0xc8},       /* cmpxchg8b eax */
        {0x0f, 0x01, 0xd0},       /* lgdt eax */
        {0x0f, 0x20, 0xc8},       /* mov eax, cr1 */
        {0x0f, 0x22, 0xe8},       /* mov cr5, eax */
        {0x0f, 0xb2, 0xc0},       /* lss eax, eax */
        {0x0f, 0xaa},             /* rsm outside system management mode */
    };
    g_autoptr(Rig) rig = pm_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(CODE); i++) {
        CpuState state = pm_state(0, PM_CODE);
        rig_write(rig, PM_CODE, CODE[i], sizeof(CODE[i]));
        g_test_message("%02x %02x %02x", CODE[i][0], CODE[i][1], CODE[i][2]);
        PmFault fault = pm_expect(rig, &state, VECTOR_UD, 0);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

/* Instructions that exist only in protected mode. */
static void test_protected_opcodes_in_real_mode(void)
{
    static const uint8_t CODE[][3] = {
        {0x0f, 0x00, 0xd0}, /* lldt ax */
        {0x0f, 0x00, 0xd8}, /* ltr ax */
        {0x0f, 0x00, 0xc0}, /* sldt ax */
        {0x0f, 0x00, 0xe0}, /* verr ax */
        {0x0f, 0x02, 0xc0}, /* lar ax, ax */
        {0x0f, 0x03, 0xc0}, /* lsl ax, ax */
        {0x63, 0xc0},       /* arpl ax, ax */
    };
    g_autoptr(Rig) rig = rig_new(0x200000, false);
    rig_write32(rig, VECTOR_UD * 4, 0x0600);
    rig_fill(rig, 0x600, 0xf4, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(CODE); i++) {
        CpuState state;
        cpu_state_reset(&state);
        state.segment[CPU_CS] = rig_real_segment(0x1000);
        state.rip = 0;
        state.gpr[CPU_SP] = 0x8000;
        rig_write(rig, 0x10000, CODE[i], sizeof(CODE[i]));
        rig_set(rig, &state);
        g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
        g_assert_cmphex(rig_get(rig).rip, ==, 0x601);
    }
}

/* ---- control registers ---- */

static void test_control_register_checks(void)
{
    static const struct {
        uint8_t modrm; /* of mov crN, eax */
        uint32_t value;
        unsigned vector;
    } CASES[] = {
        {0xc0, CPU_CR0_PG, VECTOR_GP},              /* PG without PE */
        {0xc0, CPU_CR0_PE | CPU_CR0_NW, VECTOR_GP}, /* NW without CD */
        {0xc0, CPU_CR0_PE | CPU_CR0_NW | CPU_CR0_CD, DONE},
        {0xe0, 0x80000000, VECTOR_GP}, /* reserved bits of CR4 */
        {0xe0, 0x10, DONE},
        {0xd0, 0x12345678, DONE}, /* CR2 */
    };
    g_autoptr(Rig) rig = pm_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuState state = pm_state(0, PM_CODE);
        state.gpr[CPU_AX] = CASES[i].value;
        PM_BYTES(rig, PM_CODE, 0x0f, 0x22, CASES[i].modrm, INT3);
        pm_expect(rig, &state, CASES[i].vector, 0);
    }
}

/* LMSW can set PE but not clear it. */
static void test_lmsw(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x01, 0xf0, 0x0f, 0x01, 0xe3, INT3); /* lmsw ax; smsw ebx */
    state.gpr[CPU_AX] = CPU_CR0_TS | CPU_CR0_MP;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.cr0 & 0xf, ==, CPU_CR0_PE | CPU_CR0_MP | CPU_CR0_TS);
    g_assert_cmphex(fault.state.gpr[CPU_BX] & 0xffff, ==, fault.state.cr0 & 0xffff);
}

static void test_coprocessor_not_available(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x9b, INT3); /* wait */
    state.cr0 |= CPU_CR0_TS;
    pm_expect(rig, &state, DONE, 0);
    state.cr0 |= CPU_CR0_MP;
    pm_expect(rig, &state, VECTOR_NM, 0);
    PM_BYTES(rig, PM_CODE, 0xd9, 0xe8, INT3); /* fld1 */
    pm_expect(rig, &state, VECTOR_NM, 0);
    state.cr0 = (state.cr0 | CPU_CR0_EM) & ~(uint64_t)CPU_CR0_TS;
    pm_expect(rig, &state, VECTOR_NM, 0);
}

static void test_alignment_check_is_for_ring_3(void)
{
    static const struct {
        unsigned cpl;
        uint64_t cr0;
        uint64_t flags;
        unsigned vector;
    } CASES[] = {
        {3, CPU_CR0_AM, CPU_FLAG_AC, VECTOR_AC},
        {0, CPU_CR0_AM, CPU_FLAG_AC, DONE},
        {3, 0, CPU_FLAG_AC, DONE},
        {3, CPU_CR0_AM, 0, DONE},
    };
    g_autoptr(Rig) rig = pm_new();
    PM_BYTES(rig, PM_CODE, 0x8b, 0x03, INT3);
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuState state = pm_state(CASES[i].cpl, PM_CODE);
        state.cr0 |= CASES[i].cr0;
        state.rflags |= CASES[i].flags;
        state.gpr[CPU_BX] = PM_DATA + 2;
        pm_expect(rig, &state, CASES[i].vector, 0);
    }
}

/* As the manual says, BOUND is a fault and INTO a trap. */
static void test_bound_is_a_fault_and_into_a_trap(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x62, 0x03); /* bound eax, [ebx] */
    rig_write32(rig, PM_DATA, (uint32_t)-5);
    rig_write32(rig, PM_DATA + 4, 5);
    state.gpr[CPU_BX] = PM_DATA;
    state.gpr[CPU_AX] = 6;
    PmFault fault = pm_expect(rig, &state, VECTOR_BR, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xce);
    state.rflags |= CPU_FLAG_OF;
    fault = pm_expect(rig, &state, VECTOR_OF, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 1);
}

/* The image that a fault pushes has RF set.  The image of a trap does not. */
static void test_resume_flag_in_the_pushed_image(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x0b);
    PmFault fault = pm_expect(rig, &state, VECTOR_UD, 0);
    g_assert_cmphex(fault.eflags & CPU_FLAG_RF, ==, CPU_FLAG_RF);
    PM_BYTES(rig, PM_CODE, INT3);
    fault = pm_expect(rig, &state, VECTOR_BP, 0);
    g_assert_cmphex(fault.eflags & CPU_FLAG_RF, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/exceptions/" #name, test_##name)
    TEST(double_fault_classes);
    TEST(triple_fault_shuts_down);
    TEST(empty_idt_shuts_down);
    TEST(fault_in_a_running_handler_causes_no_double_fault);
    TEST(limit_comes_before_the_page);
    TEST(privilege_comes_before_the_operand);
    TEST(operand_comes_before_the_division);
    TEST(undefined_opcode_comes_before_privilege);
    TEST(fifteen_bytes_and_no_more);
    TEST(lock_is_only_for_some);
    TEST(undefined_opcodes);
    TEST(protected_opcodes_in_real_mode);
    TEST(control_register_checks);
    TEST(lmsw);
    TEST(coprocessor_not_available);
    TEST(alignment_check_is_for_ring_3);
    TEST(bound_is_a_fault_and_into_a_trap);
    TEST(resume_flag_in_the_pushed_image);
    return g_test_run();
}
