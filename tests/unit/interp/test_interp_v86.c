/*
 * Virtual-8086 mode: how it is entered, what IOPL allows, interrupts that leave it,
 * and the I/O permission bitmap (SDM volume 3, chapter 20).
 */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP

#define V86_CODE            0x2000 /* segments */
#define V86_STACK           0x2800
#define V86_DATA            0x3000
#define V86_SP              0x0800
#define AT(segment, offset) (((uint32_t)(segment) << 4) + (offset))

static CpuSegment v86_segment(uint16_t selector)
{
    return (CpuSegment){.selector = selector,
                        .attributes = CPU_SEGMENT_P | CPU_SEGMENT_S | CPU_SEGMENT_DPL | 3u,
                        .limit = 0xffff,
                        .base = (uint64_t)selector << 4};
}

static CpuState v86_state(unsigned iopl)
{
    CpuState state = pm_state(3, 0);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state.segment[i] = v86_segment(V86_DATA);
    }
    state.segment[CPU_CS] = v86_segment(V86_CODE);
    state.segment[CPU_SS] = v86_segment(V86_STACK);
    state.gpr[CPU_SP] = V86_SP;
    state.rflags |= CPU_FLAG_VM | iopl << 12;
    return state;
}

static void test_iret_enters(void)
{
    g_autoptr(Rig) rig = pm_new();
    static const uint32_t FRAME[] = {0x10,   V86_CODE,  CPU_FLAG_VM | CPU_FLAG_IOPL | CPU_FLAG_IF,
                                     V86_SP, V86_STACK, 0x1111,
                                     0x2222, 0x3333,    0x4444};
    CpuState state = pm_state(0, PM_CODE);
    state.gpr[CPU_SP] = PM_STACK0 - sizeof(FRAME);
    rig_write(rig, PM_STACK0 - sizeof(FRAME), FRAME, sizeof(FRAME));
    PM_BYTES(rig, PM_CODE, 0xcf);
    PM_BYTES(rig, AT(V86_CODE, 0x10), 0x90);
    rig_set(rig, &state);
    rig_step(rig, 1);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.rip, ==, 0x10);
    g_assert_cmphex(after.rflags & (CPU_FLAG_VM | CPU_FLAG_IOPL), ==, CPU_FLAG_VM | CPU_FLAG_IOPL);
    g_assert_cmphex(after.segment[CPU_CS].base, ==, V86_CODE << 4);
    g_assert_cmphex(after.segment[CPU_SS].selector, ==, V86_STACK);
    g_assert_cmphex(after.segment[CPU_ES].selector, ==, 0x1111);
    g_assert_cmphex(after.segment[CPU_DS].selector, ==, 0x2222);
    g_assert_cmphex(after.segment[CPU_FS].selector, ==, 0x3333);
    g_assert_cmphex(after.segment[CPU_GS].base, ==, 0x44440);
    g_assert_cmphex(after.gpr[CPU_SP], ==, V86_SP);
}

static void test_segments_work_as_in_real_mode(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(3);
    PM_BYTES(rig, AT(V86_CODE, 0), 0x8e, 0xd8, 0xa1, 0x34, 0x12, INT3); /* mov ds, ax; mov ax */
    rig_write16(rig, AT(0x3456, 0x1234), 0xbeef);
    state.gpr[CPU_AX] = 0x3456;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX] & 0xffff, ==, 0xbeef);
}

/* The frame contains all segment registers, which are then null. */
static void test_exception_leaves_for_ring_0(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(0);
    state.segment[CPU_FS] = v86_segment(0x1234);
    PM_BYTES(rig, AT(V86_CODE, 0), 0x0f, 0x0b);
    PmFault fault = pm_expect(rig, &state, VECTOR_UD, 0);
    g_assert_cmphex(fault.eip, ==, 0);
    g_assert_cmphex(fault.cs, ==, V86_CODE);
    g_assert_cmphex(fault.eflags & CPU_FLAG_VM, ==, CPU_FLAG_VM);
    g_assert_cmphex(fault.esp, ==, V86_SP);
    g_assert_cmphex(fault.ss, ==, V86_STACK);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, PM_STACK0 - 36);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 16), ==, V86_DATA);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 12), ==, V86_DATA);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 8), ==, 0x1234);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 4), ==, V86_DATA);
    for (unsigned i = CPU_DS; i <= CPU_GS; i++) {
        g_assert_cmphex(fault.state.segment[i].selector, ==, 0);
    }
    g_assert_cmphex(fault.state.segment[CPU_ES].selector, ==, 0);
    g_assert_cmphex(fault.state.rflags & CPU_FLAG_VM, ==, 0);
}

static void test_iret_of_the_handler_goes_back(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(3);
    PM_BYTES(rig, AT(V86_CODE, 0), 0xcd, 0x40, 0x41, INT3); /* int 0x40; inc cx */
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE0, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    PM_BYTES(rig, pm_handler(0x40), 0xcf);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.eip, ==, 4);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 1);
    g_assert_cmphex(fault.eflags & CPU_FLAG_VM, ==, CPU_FLAG_VM);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 12), ==, V86_DATA);
}

/* CLI, STI, PUSHF, POPF, INT n and IRET need IOPL 3.  INT3 and INTO do not. */
static void test_sensitive_instructions(void)
{
    static const struct {
        uint8_t code[2];
        unsigned vector; /* the vector at IOPL 3 */
    } CASES[] = {
        {{0xfa, INT3}, DONE}, {{0xfb, INT3}, DONE}, {{0x9c, INT3}, DONE},
        {{0x9d, INT3}, DONE}, {{0xcd, 0x40}, 0x40}, {{0xcf, INT3}, DONE},
    };
    g_autoptr(Rig) rig = pm_new();
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE0, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    PM_BYTES(rig, AT(V86_CODE, 0x10), INT3);
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        rig_write(rig, AT(V86_CODE, 0), CASES[i].code, 2);
        rig_write16(rig, AT(V86_STACK, V86_SP), CASES[i].code[0] == 0xcf ? 0x10 : CPU_FLAG_ONE);
        rig_write16(rig, AT(V86_STACK, V86_SP + 2), V86_CODE);
        rig_write16(rig, AT(V86_STACK, V86_SP + 4), CPU_FLAG_ONE);
        for (unsigned iopl = 0; iopl < 4; iopl++) {
            CpuState state = v86_state(iopl);
            g_test_message("%02x at IOPL %u", CASES[i].code[0], iopl);
            PmFault fault = pm_expect(rig, &state, iopl == 3 ? CASES[i].vector : VECTOR_GP, 0);
            if (iopl < 3) {
                g_assert_cmphex(fault.eip, ==, 0);
                g_assert_cmphex(fault.esp, ==, V86_SP);
            }
        }
    }
}

static void test_int3_needs_no_iopl(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(0);
    PM_BYTES(rig, AT(V86_CODE, 0), INT3);
    pm_expect(rig, &state, VECTOR_BP, 0);
    PM_BYTES(rig, AT(V86_CODE, 0), 0xce);
    state.rflags |= CPU_FLAG_OF;
    pm_expect(rig, &state, VECTOR_OF, 0);
}

static void test_popf_keeps_iopl_and_vm(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(3);
    PM_BYTES(rig, AT(V86_CODE, 0), 0x66, 0x9d, INT3); /* popfd */
    rig_write32(rig, AT(V86_STACK, V86_SP), CPU_FLAG_IF | CPU_FLAG_CF | CPU_FLAG_ONE);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.eflags, ==,
                    CPU_FLAG_VM | CPU_FLAG_IOPL | CPU_FLAG_IF | CPU_FLAG_CF | CPU_FLAG_ONE);
}

/* IN and OUT use the bitmap even if IOPL is 3. */
static void test_ports_go_by_the_bitmap_alone(void)
{
    g_autoptr(Rig) rig = pm_new();
    uint32_t limit = PM_TSS_SIZE + (RIG_PORT + 8) / 8;
    pm_set_gdt(rig, PM_TSS_SELECTOR, rig_descriptor(PM_TSS, limit, PM_TSS_BUSY));
    rig_fill(rig, PM_TSS + PM_TSS_SIZE, 0xff, 0x60);
    rig_write16(rig, PM_TSS + PM_TSS_SIZE + RIG_PORT / 8, 0xfffe);
    PM_BYTES(rig, AT(V86_CODE, 0), 0xec, INT3);
    for (unsigned iopl = 0; iopl < 4; iopl += 3) {
        CpuState state = v86_state(iopl);
        state.segment[CPU_TR].limit = limit;
        state.gpr[CPU_DX] = RIG_PORT;
        pm_expect(rig, &state, DONE, 0);
        state.gpr[CPU_DX] = RIG_PORT + 1;
        pm_expect(rig, &state, VECTOR_GP, 0);
    }
}

static void test_protected_mode_opcodes_are_undefined(void)
{
    static const uint8_t CODE[][3] = {
        {0x0f, 0x00, 0xc0}, /* sldt ax */ {0x0f, 0x00, 0xd0}, /* lldt ax */
        {0x0f, 0x00, 0xe0}, /* verr ax */ {0x0f, 0x02, 0xc0}, /* lar ax, ax */
        {0x63, 0xc0, 0x90},                                   /* arpl ax, ax */
    };
    g_autoptr(Rig) rig = pm_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(CODE); i++) {
        CpuState state = v86_state(3);
        rig_write(rig, AT(V86_CODE, 0), CODE[i], 3);
        pm_expect(rig, &state, VECTOR_UD, 0);
    }
}

static void test_privileged_instructions(void)
{
    static const uint8_t CODE[][3] = {
        {0xf4, 0x90, 0x90}, /* hlt */ {0x0f, 0x06, 0x90},          /* clts */
        {0x0f, 0x20, 0xc0}, /* mov eax, cr0 */ {0x0f, 0x23, 0xc0}, /* mov dr0, eax */
        {0x0f, 0x01, 0x17}, /* lgdt [bx] */ {0x0f, 0x30, 0x90},    /* wrmsr */
    };
    g_autoptr(Rig) rig = pm_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(CODE); i++) {
        CpuState state = v86_state(3);
        rig_write(rig, AT(V86_CODE, 0), CODE[i], 3);
        pm_expect(rig, &state, VECTOR_GP, 0);
    }
}

/* The handler must be in ring 0. */
static void test_interrupt_into_an_outer_ring_is_refused(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(3);
    pm_set_idt(rig, 0x40, rig_gate(PM_CODE1, pm_handler(0x40), PM_INT_GATE | PM_DPL(3), 0));
    PM_BYTES(rig, AT(V86_CODE, 0), 0xcd, 0x40);
    pm_expect(rig, &state, VECTOR_GP, PM_CODE1 & ~3u);
}

static void test_interrupt_from_outside(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(0);
    state.rflags |= CPU_FLAG_IF;
    rig->irq_vector = 0x41;
    PM_BYTES(rig, AT(V86_CODE, 0), 0x90);
    rig_set(rig, &state);
    rig_set_intr(rig, true);
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, 0x41);
    g_assert_cmphex(fault.cs, ==, V86_CODE);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, PM_STACK0 - 36);
}

static void test_addresses_reach_the_high_memory_area(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(3);
    state.segment[CPU_DS] = v86_segment(0xffff);
    rig_write16(rig, AT(0xffff, 0x8000), 0x5678);
    PM_BYTES(rig, AT(V86_CODE, 0), 0xa1, 0x00, 0x80, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX] & 0xffff, ==, 0x5678);
}

static void test_offset_beyond_64k_faults(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = v86_state(3);
    PM_BYTES(rig, AT(V86_CODE, 0), 0x67, 0x8b, 0x03, INT3); /* mov ax, [ebx] */
    state.gpr[CPU_BX] = 0x10000;
    pm_expect(rig, &state, VECTOR_GP, 0);
    state.gpr[CPU_BX] = 0xffff;
    pm_expect(rig, &state, VECTOR_GP, 0);
}

/* A task whose EFLAGS image has VM set runs in virtual-8086 mode. */
static void test_task_switch_enters(void)
{
    g_autoptr(Rig) rig = pm_new();
    static const uint16_t SEGMENT[] = {0x1111, V86_CODE, V86_STACK, V86_DATA, 0x2222, 0x3333};
    for (unsigned i = 0; i < 6; i++) {
        rig_write32(rig, PM_TSS2 + TSS_ES + 4 * i, SEGMENT[i]);
    }
    rig_write32(rig, PM_TSS2 + TSS_GPR + 4 * CPU_SP, V86_SP);
    rig_write32(rig, PM_TSS2 + TSS_EIP, 0x20);
    rig_write32(rig, PM_TSS2 + TSS_EFLAGS, CPU_FLAG_VM | CPU_FLAG_ONE);
    rig_write32(rig, PM_TSS2 + TSS_ESP0, PM_STACK0 - 0x100);
    rig_write32(rig, PM_TSS2 + TSS_SS0, PM_DATA0);
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xea, 0, 0, 0, 0, PM_TSS2_SELECTOR, 0);
    PM_BYTES(rig, AT(V86_CODE, 0x20), INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.eip, ==, 0x21);
    g_assert_cmphex(fault.cs, ==, V86_CODE);
    g_assert_cmphex(fault.state.gpr[CPU_SP], ==, PM_STACK0 - 0x100 - 36);
    g_assert_cmphex(rig_read32(rig, PM_STACK0 - 0x100 - 16), ==, 0x1111);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/v86/" #name, test_##name)
    TEST(iret_enters);
    TEST(segments_work_as_in_real_mode);
    TEST(exception_leaves_for_ring_0);
    TEST(iret_of_the_handler_goes_back);
    TEST(sensitive_instructions);
    TEST(int3_needs_no_iopl);
    TEST(popf_keeps_iopl_and_vm);
    TEST(ports_go_by_the_bitmap_alone);
    TEST(protected_mode_opcodes_are_undefined);
    TEST(privileged_instructions);
    TEST(interrupt_into_an_outer_ring_is_refused);
    TEST(interrupt_from_outside);
    TEST(addresses_reach_the_high_memory_area);
    TEST(offset_beyond_64k_faults);
    TEST(task_switch_enters);
    return g_test_run();
}
