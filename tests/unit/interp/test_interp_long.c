/*
 * Long mode, as far as it cannot be compared with the host: its start, gates
 * of 16 bytes, the interrupt stack table, canonical addresses, access rights
 * of pages, and the fast system calls (SDM volumes 2 and 3).
 */
#include "tests/unit/interp/interp_long.h"

#define INT3 0xcc
#define DE   0
#define BP   3
#define DB   1
#define UD   6
#define NP   11
#define SS   12
#define GP   13
#define PF   14

#define DONE BP

#define ERROR_P     0x01u
#define ERROR_W     0x02u
#define ERROR_U     0x04u
#define ERROR_RSVD  0x08u
#define ERROR_FETCH 0x10u

#define CR4_SMEP     (1u << 20)
#define CR4_SMAP     (1u << 21)
#define CR4_UMIP     (1u << 11)
#define CR4_FSGSBASE (1u << 16)

#define TARGET        (LM_DATA + 0x1000u)
#define NOT_CANONICAL UINT64_C(0x0000800000000000)
#define UPPER_HALF    UINT64_C(0xffff800000000000)

static void set_pte(Rig *rig, uint64_t linear, uint64_t entry)
{
    rig_write64(rig, lm_pte(linear), entry);
}

/* ---- the start of long mode ---- */

/* mov %eax, %cr0 */
#define MOV_CR0_EAX 0x0f, 0x22, 0xc0

/* 32-bit code for which everything but paging is ready. */
static CpuState before_paging(void)
{
    CpuState state = lm_state(0, LM_CODE);

    state.segment[CPU_CS] = rig_segment(LM_CODE0_32, UINT64_C(0x00cf9b000000ffff));
    state.msr.efer = CPU_EFER_LME;
    state.cr0 &= ~(uint64_t)CPU_CR0_PG;
    state.gpr[CPU_AX] = state.cr0 | CPU_CR0_PG;
    return state;
}

static void test_paging_with_lme_is_long_mode(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = before_paging();
    /* ljmp to 64-bit code: mov $0x1122334455667788, %rbx; int3 */
    LM_BYTES(rig, LM_CODE, MOV_CR0_EAX, 0xea, 0, 0, 2, 0, LM_CODE0, 0);
    LM_BYTES(rig, LM_USER_CODE, 0x48, 0xbb, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, UINT64_C(0x1122334455667788));
    g_assert_cmphex(fault.state.msr.efer, ==, CPU_EFER_LME | CPU_EFER_LMA);
    g_assert_cmphex(fault.rip, ==, LM_USER_CODE + 11);
}

/* The fault occurs in protected mode with an empty IDT, so it cannot be delivered. */
static void refuses_cr0(const CpuState *state)
{
    g_autoptr(Rig) rig = lm_new();
    LM_BYTES(rig, LM_CODE, MOV_CR0_EAX);
    rig_set(rig, state);
    g_assert_cmpint(rig_step(rig, 2), ==, VCPU_TRIPLE_FAULT);
    g_assert_cmphex(rig_get(rig).cr0 & CPU_CR0_PG, ==, 0);
}

static void test_paging_with_lme_needs_pae_and_code_that_is_not_long(void)
{
    CpuState state = before_paging();
    state.idtr.limit = 0;
    state.cr4 = 0;
    refuses_cr0(&state);
    state = before_paging();
    state.idtr.limit = 0;
    state.segment[CPU_CS].attributes |= CPU_SEGMENT_L;
    refuses_cr0(&state);
}

static void test_paging_cannot_end_in_64_bit_code(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    state.gpr[CPU_AX] = state.cr0 & ~(uint64_t)CPU_CR0_PG;
    LM_BYTES(rig, LM_CODE, MOV_CR0_EAX);
    lm_expect(rig, &state, GP, 0);
    /* PAE and LME cannot be cleared either. */
    LM_BYTES(rig, LM_CODE, 0x0f, 0x22, 0xe3); /* mov %rbx, %cr4 */
    lm_expect(rig, &state, GP, 0);
    state.gpr[CPU_CX] = 0xc0000080;
    state.gpr[CPU_AX] = 0;
    LM_BYTES(rig, LM_CODE, 0x0f, 0x30); /* wrmsr */
    lm_expect(rig, &state, GP, 0);
}

/* ---- delivery ---- */

static void test_interrupt_of_the_same_level_aligns_the_stack(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    state.gpr[CPU_SP] = LM_STACK0 - 3;
    LM_BYTES(rig, LM_CODE, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, LM_STACK0 - 16 - 40);
    g_assert_cmphex(fault.rsp, ==, LM_STACK0 - 3);
    g_assert_cmphex(fault.ss, ==, LM_DATA0);
    g_assert_cmphex(fault.state.segment[CPU_SS].selector, ==, LM_DATA0);
}

static void test_interrupt_of_an_outer_level_makes_ss_null(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(3, LM_USER_CODE);
    LM_BYTES(rig, LM_USER_CODE, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, LM_STACK0 - 40);
    g_assert_cmphex(fault.state.segment[CPU_SS].selector, ==, 0);
    g_assert_cmphex(fault.cs, ==, LM_CODE3);
    g_assert_cmphex(fault.ss, ==, LM_DATA3);
    g_assert_cmphex(fault.rsp, ==, LM_STACK3);
}

static void test_interrupt_stack_table(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    lm_set_idt(rig, BP, LM_CODE0, lm_handler(BP), LM_INT_GATE, 1);
    LM_BYTES(rig, LM_CODE, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, LM_IST1 - 40);
    g_assert_cmphex(fault.rsp, ==, LM_STACK0);
    g_assert_cmphex(fault.ss, ==, LM_DATA0);
}

static void test_gates(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(3, LM_USER_CODE);
    LM_BYTES(rig, LM_USER_CODE, 0xcd, 0x40);
    /* First its DPL is 0, then it is absent, and then it leads to 32-bit code. */
    lm_expect(rig, &state, GP, 0x40 * 8 + 2);
    lm_set_idt(rig, 0x40, LM_CODE0, lm_handler(0x40), 0x6e, 0);
    lm_expect(rig, &state, NP, 0x40 * 8 + 2);
    lm_set_idt(rig, 0x40, LM_CODE0_32, lm_handler(0x40), 0xee, 0);
    lm_expect(rig, &state, GP, LM_CODE0_32);
    /* Task gates do not exist in long mode. */
    lm_set_idt(rig, 0x40, LM_TSS_SEL, 0, 0xe5, 0);
    lm_expect(rig, &state, GP, 0x40 * 8 + 2);
    lm_set_idt(rig, 0x40, LM_CODE0, NOT_CANONICAL, 0xee, 0);
    lm_expect(rig, &state, GP, 0);
    lm_set_idt(rig, 0x40, LM_CODE0, lm_handler(0x40), 0xee, 0);
    lm_expect(rig, &state, 0x40, 0);
}

LM_SNIPPET(interrupt_and_return, "int $0x40\n mov $0x77, %eax\n int3");
LM_SNIPPET(iretq, "inc %ebx\n iretq");

static void test_iretq_returns_to_either_level(void)
{
    g_autoptr(Rig) rig = lm_new();
    LM_LOAD(rig, LM_USER_CODE, interrupt_and_return);
    LM_LOAD(rig, LM_CODE, iretq);
    lm_set_idt(rig, 0x40, LM_CODE0, LM_CODE, LM_INT_GATE | 0x60, 0);
    for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
        CpuState state = lm_state(cpl, LM_USER_CODE);
        state.gpr[CPU_SP] -= 8;
        LmFault fault = lm_expect(rig, &state, DONE, 0);
        g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 1);
        g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x77);
        g_assert_cmphex(fault.rsp, ==, state.gpr[CPU_SP]);
        g_assert_cmphex(fault.cs, ==, cpl ? LM_CODE3 : LM_CODE0);
    }
}

/* Returns to 32-bit code of level 3, where addresses have 32 bits. */
LM_SNIPPET(return_to_compatibility, "pushq $0x23\n pushq $0x38000\n pushq $2\n pushq $0x1b\n"
                                    "pushq $0x20000\n iretq");

static void test_compatibility_mode(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    LM_LOAD(rig, LM_CODE, return_to_compatibility);
    /* 32-bit code: inc %eax; push %eax; mov $1, %ecx; int3 (40 would be REX) */
    LM_BYTES(rig, LM_USER_CODE, 0x40, 0x50, 0xb9, 1, 0, 0, 0, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 1);
    g_assert_cmphex(fault.rsp, ==, LM_STACK3 - 4);
    g_assert_cmphex(fault.cs, ==, LM_CODE3_32);
    g_assert_cmphex(fault.rip, ==, LM_USER_CODE + 8);
    g_assert_cmphex(rig_read32(rig, LM_STACK3 - 4), ==, 1);
}

static void test_iretq_to_where_it_may_not(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    LM_BYTES(rig, LM_CODE, 0x48, 0xcf);
    uint64_t frame[] = {NOT_CANONICAL, LM_CODE3, 2, LM_STACK3, LM_DATA3};
    state.gpr[CPU_SP] = LM_STACK0 - sizeof(frame);
    rig_write(rig, state.gpr[CPU_SP], frame, sizeof(frame));
    LmFault fault = lm_expect(rig, &state, GP, 0);
    g_assert_cmphex(fault.rip, ==, LM_CODE);
    /* Level 3 must not have a null SS. */
    frame[0] = LM_USER_CODE;
    frame[4] = 3;
    rig_write(rig, state.gpr[CPU_SP], frame, sizeof(frame));
    lm_expect(rig, &state, GP, 0);
    /* Long mode has no nested tasks. */
    state.rflags |= CPU_FLAG_NT;
    lm_expect(rig, &state, GP, 0);
}

/* ---- addresses ---- */

static void test_addresses_that_are_not_canonical(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    state.gpr[CPU_BX] = NOT_CANONICAL;
    state.gpr[CPU_BP] = NOT_CANONICAL;
    LM_BYTES(rig, LM_CODE, 0x48, 0x8b, 0x03); /* mov (%rbx), %rax */
    lm_expect(rig, &state, GP, 0);
    LM_BYTES(rig, LM_CODE, 0x48, 0x89, 0x45, 0); /* mov %rax, 0(%rbp): the stack */
    lm_expect(rig, &state, SS, 0);
    state.gpr[CPU_BX] = NOT_CANONICAL - 4; /* its last bytes are not canonical */
    LM_BYTES(rig, LM_CODE, 0x48, 0x8b, 0x03);
    lm_expect(rig, &state, GP, 0);
    state.gpr[CPU_BX] = NOT_CANONICAL;
    LM_BYTES(rig, LM_CODE, 0xff, 0xe3); /* jmp *%rbx */
    LmFault fault = lm_expect(rig, &state, GP, 0);
    g_assert_cmphex(fault.rip, ==, LM_CODE);
    LM_BYTES(rig, LM_CODE, 0x53, 0xc3); /* push %rbx; ret */
    fault = lm_expect(rig, &state, GP, 0);
    g_assert_cmphex(fault.rip, ==, LM_CODE + 1);
    g_assert_cmphex(fault.rsp, ==, LM_STACK0 - 8);
}

static void test_upper_half_and_pages_of_a_gigabyte(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    /* Entry 256 of the first table leads to a page of 1 GiB at 0. */
    rig_write64(rig, LM_PML4 + 256 * 8, LM_DATA | LM_PTE_P | LM_PTE_W);
    rig_write64(rig, LM_DATA, LM_PTE_P | LM_PTE_W | LM_PTE_PS);
    rig_write64(rig, TARGET, UINT64_C(0x1122334455667788));
    state.gpr[CPU_BX] = UPPER_HALF + TARGET;
    LM_BYTES(rig, LM_CODE, 0x48, 0x8b, 0x03, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, UINT64_C(0x1122334455667788));
    /* The address bits below 1 GiB are reserved in such an entry. */
    rig_write64(rig, LM_DATA, LM_PTE_P | LM_PTE_W | LM_PTE_PS | 0x200000);
    fault = lm_expect(rig, &state, PF, ERROR_P | ERROR_RSVD);
    g_assert_cmphex(fault.state.cr2, ==, UPPER_HALF + TARGET);
}

static void test_bits_of_entries_that_are_reserved(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(3, LM_USER_CODE);
    uint64_t all = LM_PTE_P | LM_PTE_W | LM_PTE_U;
    state.gpr[CPU_BX] = TARGET;
    LM_BYTES(rig, LM_USER_CODE, 0x8a, 0x03, INT3);
    set_pte(rig, TARGET, TARGET | all | UINT64_C(1) << 40);
    lm_expect(rig, &state, PF, ERROR_P | ERROR_U | ERROR_RSVD);
    /* NX is reserved as long as EFER.NXE is 0.  Bits 52 to 62 are never reserved. */
    set_pte(rig, TARGET, TARGET | all | LM_PTE_NX);
    state.msr.efer &= ~(uint64_t)CPU_EFER_NXE;
    lm_expect(rig, &state, PF, ERROR_P | ERROR_U | ERROR_RSVD);
    set_pte(rig, TARGET, TARGET | all | UINT64_C(1) << 62 | UINT64_C(1) << 52);
    lm_expect(rig, &state, DONE, 0);
}

static void test_pages_without_execution(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(3, TARGET);
    LM_BYTES(rig, TARGET, INT3);
    lm_expect(rig, &state, DONE, 0);
    set_pte(rig, TARGET, TARGET | LM_PTE_P | LM_PTE_W | LM_PTE_U | LM_PTE_NX);
    LmFault fault = lm_expect(rig, &state, PF, ERROR_P | ERROR_U | ERROR_FETCH);
    g_assert_cmphex(fault.state.cr2, ==, TARGET);
    /* It is still a page of data: mov (%rbx), %al. */
    state = lm_state(3, LM_USER_CODE);
    state.gpr[CPU_BX] = TARGET;
    LM_BYTES(rig, LM_USER_CODE, 0x8a, 0x03, INT3);
    lm_expect(rig, &state, DONE, 0);
}

static void test_smep(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, TARGET);
    for (uint64_t page = 0; page < LM_CODE + 0x1000; page += 0x1000) {
        set_pte(rig, page, page | LM_PTE_P | LM_PTE_W);
    }
    LM_BYTES(rig, TARGET, INT3);
    lm_expect(rig, &state, DONE, 0);
    state.cr4 |= CR4_SMEP;
    lm_expect(rig, &state, PF, ERROR_P | ERROR_FETCH);
}

static void test_smap(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    for (uint64_t page = 0; page < LM_USER_CODE; page += 0x1000) {
        set_pte(rig, page, page | LM_PTE_P | LM_PTE_W);
    }
    state.gpr[CPU_BX] = TARGET;
    state.cr4 |= CR4_SMAP;
    LM_BYTES(rig, LM_CODE, 0x8a, 0x03, INT3);
    lm_expect(rig, &state, PF, ERROR_P);
    LM_BYTES(rig, LM_CODE, 0x88, 0x03, INT3);
    lm_expect(rig, &state, PF, ERROR_P | ERROR_W);
    /* stac; mov %al, (%rbx); clac; mov %al, (%rbx) */
    LM_BYTES(rig, LM_CODE, 0x0f, 0x01, 0xcb, 0x88, 0x03, 0x0f, 0x01, 0xca, 0x88, 0x03, INT3);
    LmFault fault = lm_expect(rig, &state, PF, ERROR_P | ERROR_W);
    g_assert_cmphex(fault.rip, ==, LM_CODE + 8);
    /* A program may not change AC with STAC. */
    state = lm_state(3, LM_USER_CODE);
    LM_BYTES(rig, LM_USER_CODE, 0x0f, 0x01, 0xcb);
    lm_expect(rig, &state, UD, 0);
}

/* ---- the fast system calls ---- */

static CpuState with_syscall(unsigned cpl, uint64_t rip)
{
    CpuState state = lm_state(cpl, rip);

    /* SYSCALL: CS 8, SS 10h; SYSRET: CS 2Bh (or 1Bh), SS 23h. */
    state.msr.star = (uint64_t)LM_CODE0 << 32 | (uint64_t)0x1b << 48;
    state.msr.lstar = LM_CODE;
    state.msr.sfmask = CPU_FLAG_IF | CPU_FLAG_DF;
    return state;
}

static void test_syscall(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = with_syscall(3, LM_USER_CODE);
    state.rflags |= CPU_FLAG_IF | CPU_FLAG_DF | CPU_FLAG_CF;
    LM_BYTES(rig, LM_USER_CODE, 0x0f, 0x05);
    LM_BYTES(rig, LM_CODE, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, LM_USER_CODE + 2);
    g_assert_cmphex(fault.state.gpr[11], ==, state.rflags);
    g_assert_cmphex(fault.rflags, ==, CPU_FLAG_ONE | CPU_FLAG_CF);
    g_assert_cmphex(fault.cs, ==, LM_CODE0);
    g_assert_cmphex(fault.ss, ==, LM_DATA0);
    g_assert_cmphex(fault.rsp, ==, LM_STACK3);
    state.msr.efer &= ~(uint64_t)CPU_EFER_SCE;
    lm_expect(rig, &state, UD, 0);
}

static void test_sysret(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = with_syscall(0, LM_CODE);
    state.gpr[CPU_CX] = LM_USER_CODE;
    state.gpr[11] = CPU_FLAG_CF | CPU_FLAG_ONE | CPU_FLAG_RF | CPU_FLAG_VM;
    LM_BYTES(rig, LM_CODE, 0x48, 0x0f, 0x07);
    LM_BYTES(rig, LM_USER_CODE, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.cs, ==, LM_CODE3);
    g_assert_cmphex(fault.ss, ==, LM_DATA3);
    g_assert_cmphex(fault.rflags, ==, CPU_FLAG_CF | CPU_FLAG_ONE);
    /* Without REX.W, it returns to 32-bit code. */
    LM_BYTES(rig, LM_CODE, 0x0f, 0x07);
    fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.cs, ==, LM_CODE3_32);
    /* RCX is checked while the level is still 0. */
    state.gpr[CPU_CX] = NOT_CANONICAL;
    LM_BYTES(rig, LM_CODE, 0x48, 0x0f, 0x07);
    fault = lm_expect(rig, &state, GP, 0);
    g_assert_cmphex(fault.cs, ==, LM_CODE0);
    g_assert_cmphex(fault.rip, ==, LM_CODE);
    /* Only level 0 may execute it. */
    state = with_syscall(3, LM_USER_CODE);
    LM_BYTES(rig, LM_USER_CODE, 0x48, 0x0f, 0x07);
    lm_expect(rig, &state, GP, 0);
}

#define COMPATIBLE_CODE (LM_CODE + 0x800)

/* As on AMD's CPUs, 32-bit programs have SYSCALL, with a target address of their own. */
static void test_syscall_of_32_bits(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = with_syscall(0, LM_CODE);
    state.msr.cstar = COMPATIBLE_CODE;
    state.msr.lstar = NOT_CANONICAL;
    state.gpr[CPU_CX] = LM_USER_CODE;
    state.gpr[11] = CPU_FLAG_ONE | CPU_FLAG_CF;
    LM_BYTES(rig, LM_CODE, 0x0f, 0x07);
    LM_BYTES(rig, LM_USER_CODE, 0x0f, 0x05);
    LM_BYTES(rig, COMPATIBLE_CODE, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.rip, ==, COMPATIBLE_CODE + 1);
    g_assert_cmphex(fault.cs, ==, LM_CODE0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, LM_USER_CODE + 2);
    g_assert_cmphex(fault.state.gpr[11], ==, CPU_FLAG_ONE | CPU_FLAG_CF);
}

/*
 * A system call is one step for a debugger: the trap comes after SYSRET if the
 * restored flags have TF.
 */
static void test_single_step_of_a_system_call(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = with_syscall(3, LM_USER_CODE);
    state.msr.sfmask |= CPU_FLAG_TF;
    state.rflags |= CPU_FLAG_TF;
    LM_BYTES(rig, LM_USER_CODE, 0x0f, 0x05, 0x90);
    LM_BYTES(rig, LM_CODE, 0x48, 0x0f, 0x07);
    LmFault fault = lm_expect(rig, &state, DB, 0);
    g_assert_cmphex(fault.cs, ==, LM_CODE3);
    g_assert_cmphex(fault.rip, ==, LM_USER_CODE + 2);
    g_assert_cmphex(fault.rflags & CPU_FLAG_TF, ==, CPU_FLAG_TF);
}

static void test_swapgs_and_bases(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    state.segment[CPU_GS].base = TARGET;
    state.msr.kernel_gs_base = TARGET + 8;
    rig_write64(rig, TARGET + 8, 0x55);
    /* swapgs; mov %gs:0, %rax; rdgsbase %rbx; wrfsbase %rcx; mov %fs:0, %rdx; int3 */
    LM_BYTES(rig, LM_CODE, 0x0f, 0x01, 0xf8, 0x65, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0xf3, 0x48,
             0x0f, 0xae, 0xcb, 0xf3, 0x48, 0x0f, 0xae, 0xd1, 0x64, 0x48, 0x8b, 0x14, 0x25, 0, 0, 0,
             0, INT3);
    state.gpr[CPU_CX] = TARGET + 8;
    state.cr4 |= CR4_FSGSBASE;
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x55);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, TARGET + 8);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, 0x55);
    g_assert_cmphex(fault.state.msr.kernel_gs_base, ==, TARGET);
    state.gpr[CPU_CX] = NOT_CANONICAL;
    lm_expect(rig, &state, GP, 0);
    state.cr4 &= ~(uint64_t)CR4_FSGSBASE;
    lm_expect(rig, &state, UD, 0);
    state = lm_state(3, LM_USER_CODE);
    LM_BYTES(rig, LM_USER_CODE, 0x0f, 0x01, 0xf8);
    lm_expect(rig, &state, GP, 0);
}

/* A return to a program keeps segment bases that an MSR has set. */
static void test_bases_outlive_a_return_to_level_3(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = with_syscall(0, LM_CODE);
    state.segment[CPU_FS] = (CpuSegment){.base = TARGET, .attributes = CPU_SEGMENT_UNUSABLE};
    uint64_t frame[] = {LM_USER_CODE, LM_CODE3, 2, LM_STACK3, LM_DATA3};
    state.gpr[CPU_SP] = LM_STACK0 - sizeof(frame);
    rig_write(rig, state.gpr[CPU_SP], frame, sizeof(frame));
    rig_write64(rig, TARGET, 0x66);
    LM_BYTES(rig, LM_CODE, 0x48, 0xcf);
    LM_BYTES(rig, LM_USER_CODE, 0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x66);
}

/* ---- instructions ---- */

typedef struct Bytes {
    const char *what;
    uint8_t code[16];
    uint64_t rax;
} Bytes;

/* RAX is 1122334455667788h before each instruction, and RBX is -2. */
static void test_prefixes(void)
{
    static const Bytes CASES[] = {
        {"32-bit result clears the upper half", {0x89, 0xc0, INT3}, 0x55667788},
        {"REX.W after 66 wins", {0x66, 0x48, 0xff, 0xc0, INT3}, UINT64_C(0x1122334455667789)},
        {"REX before 66 is none, 16 bits",
         {0x48, 0x66, 0x01, 0xd8, INT3},
         UINT64_C(0x1122334455667786)},
        {"AH without REX", {0x88, 0xe0, INT3}, UINT64_C(0x1122334455667777)},
        {"SPL with REX", {0x40, 0x88, 0xe0, INT3}, UINT64_C(0x1122334455667700)},
        {"NOP is not XCHG", {0x90, INT3}, UINT64_C(0x1122334455667788)},
        {"MOV of a signed immediate",
         {0x48, 0xc7, 0xc0, 0xfe, 0xff, 0xff, 0xff, INT3},
         (uint64_t)-2},
        {"RIP-relative", {0x8b, 0x05, 1, 0, 0, 0, INT3, 0x44, 0x33, 0x22, 0x11}, 0x11223344},
        {"RIP-relative LEA", {0x48, 0x8d, 0x05, 0xf9, 0xff, 0xff, 0xff, INT3}, LM_CODE},
        {"LEA with 67", {0x67, 0x48, 0x8d, 0x03, INT3}, 0xfffffffe},
        {"the override of DS is none", {0x3e, 0x48, 0x89, 0xd8, INT3}, (uint64_t)-2},
    };
    g_autoptr(Rig) rig = lm_new();
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuState state = lm_state(0, LM_CODE);
        state.gpr[CPU_AX] = UINT64_C(0x1122334455667788);
        state.gpr[CPU_BX] = (uint64_t)-2;
        g_test_message("%s", CASES[i].what);
        rig_write(rig, LM_CODE, CASES[i].code, sizeof(CASES[i].code));
        LmFault fault = lm_expect(rig, &state, DONE, 0);
        g_assert_cmphex(fault.state.gpr[CPU_AX], ==, CASES[i].rax);
    }
}

/* A displacement near 2 GiB, which would overflow if it were relative to the block. */
static void test_far_displacement_from_rip(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    /* 60 times nop; lea 0x7ffffff0(%rip), %rax; int3 */
    rig_fill(rig, LM_CODE, 0x90, 60);
    LM_BYTES(rig, LM_CODE + 60, 0x48, 0x8d, 0x05, 0xf0, 0xff, 0xff, 0x7f, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, LM_CODE + 67 + UINT64_C(0x7ffffff0));
}

static void test_what_64_bit_code_does_not_have(void)
{
    static const uint8_t CODES[] = {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27,
                                    0x2f, 0x37, 0x3f, 0x60, 0x61, 0x62, 0x82, 0x9a,
                                    0xc4, 0xce, 0xd4, 0xd5, 0xd6, 0xea};
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    for (size_t i = 0; i < sizeof(CODES); i++) {
        LM_BYTES(rig, LM_CODE, CODES[i], 0x00, 0, 0, 0, 0, 0, 0);
        g_test_message("%02x", CODES[i]);
        lm_expect(rig, &state, UD, 0);
    }
}

static void test_cmpxchg16b_needs_alignment(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    state.gpr[CPU_DI] = TARGET;
    state.gpr[CPU_BX] = 0x11;
    state.gpr[CPU_CX] = 0x22;
    LM_BYTES(rig, LM_CODE, 0xf0, 0x48, 0x0f, 0xc7, 0x0f, INT3);
    lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig_read32(rig, TARGET), ==, 0x11);
    g_assert_cmphex(rig_read32(rig, TARGET + 8), ==, 0x22);
    state.gpr[CPU_DI] = TARGET + 8;
    lm_expect(rig, &state, GP, 0);
}

/* The rig's device takes the place of the local APIC. */
static void test_cr8_is_the_priority_of_the_local_apic(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(0, LM_CODE);
    state.msr.apic_base = RIG_MMIO | 0x800;
    state.gpr[CPU_AX] = 5;
    /* mov %rax, %cr8; mov %cr8, %rbx */
    LM_BYTES(rig, LM_CODE, 0x44, 0x0f, 0x22, 0xc0, 0x44, 0x0f, 0x20, 0xc3, INT3);
    LmFault fault = lm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig->mmio[0x80], ==, 0x50);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 5);
    state.gpr[CPU_AX] = 16;
    lm_expect(rig, &state, GP, 0);
}

static void test_umip(void)
{
    static const uint8_t CODES[][3] = {{0x0f, 0x01, 0x03},
                                       {0x0f, 0x01, 0x0b},
                                       {0x0f, 0x00, 0xc0},
                                       {0x0f, 0x00, 0xc8},
                                       {0x0f, 0x01, 0xe0}};
    g_autoptr(Rig) rig = lm_new();
    for (size_t i = 0; i < G_N_ELEMENTS(CODES); i++) {
        CpuState state = lm_state(3, LM_USER_CODE);
        state.gpr[CPU_BX] = TARGET;
        rig_write(rig, LM_USER_CODE, CODES[i], 3);
        LM_BYTES(rig, LM_USER_CODE + 3, INT3);
        lm_expect(rig, &state, DONE, 0);
        state.cr4 |= CR4_UMIP;
        lm_expect(rig, &state, GP, 0);
    }
}

static void test_state_round_trip(void)
{
    g_autoptr(Rig) rig = lm_new();
    CpuState state = lm_state(3, UPPER_HALF + 0x123);
    for (unsigned i = 0; i < 16; i++) {
        state.gpr[i] = UINT64_C(0x0102030405060708) * (i + 1);
    }
    state.segment[CPU_GS].base = UPPER_HALF;
    state.cr2 = UPPER_HALF + 5;
    state.dr[0] = UPPER_HALF + 7;
    state.msr.lstar = UPPER_HALF;
    state.msr.mtrr_base[3] = 0x123006;
    rig_set(rig, &state);
    CpuState after = rig_get(rig);
    g_assert_cmpmem(after.gpr, sizeof(after.gpr), state.gpr, sizeof(state.gpr));
    g_assert_cmphex(after.rip, ==, state.rip);
    g_assert_cmphex(after.segment[CPU_GS].base, ==, UPPER_HALF);
    g_assert_cmphex(after.cr2, ==, state.cr2);
    g_assert_cmphex(after.dr[0], ==, state.dr[0]);
    g_assert_cmphex(after.msr.lstar, ==, UPPER_HALF);
    g_assert_cmphex(after.msr.efer, ==, state.msr.efer);
    g_assert_cmphex(after.msr.mtrr_base[3], ==, 0x123006);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/long/" #name, test_##name)
    TEST(paging_with_lme_is_long_mode);
    TEST(paging_with_lme_needs_pae_and_code_that_is_not_long);
    TEST(paging_cannot_end_in_64_bit_code);
    TEST(interrupt_of_the_same_level_aligns_the_stack);
    TEST(interrupt_of_an_outer_level_makes_ss_null);
    TEST(interrupt_stack_table);
    TEST(gates);
    TEST(iretq_returns_to_either_level);
    TEST(compatibility_mode);
    TEST(iretq_to_where_it_may_not);
    TEST(addresses_that_are_not_canonical);
    TEST(upper_half_and_pages_of_a_gigabyte);
    TEST(bits_of_entries_that_are_reserved);
    TEST(pages_without_execution);
    TEST(smep);
    TEST(smap);
    TEST(syscall);
    TEST(sysret);
    TEST(syscall_of_32_bits);
    TEST(single_step_of_a_system_call);
    TEST(swapgs_and_bases);
    TEST(bases_outlive_a_return_to_level_3);
    TEST(prefixes);
    TEST(far_displacement_from_rip);
    TEST(what_64_bit_code_does_not_have);
    TEST(cmpxchg16b_needs_alignment);
    TEST(cr8_is_the_priority_of_the_local_apic);
    TEST(umip);
    TEST(state_round_trip);
    return g_test_run();
}
