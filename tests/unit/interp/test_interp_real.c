/*
 * Real mode beyond single instructions: the way into protected mode and back, big
 * real mode, the interrupt table, wrap-around and A20.
 */
#include "tests/unit/interp/interp_protected.h"

#define CODE_SEGMENT 0x1000
#define CODE         0x10000u
#define HANDLER      0x0600u
#define RAM          0x400000u

SNIPPET(enter_and_leave, 16,
        "   lgdtl 0x800\n"
        "   movl %cr0, %eax\n"
        "   orl $1, %eax\n"
        "   movl %eax, %cr0\n"
        "   ljmpl $0x08, $0x10000 + 1f - enter_and_leave\n"
        ".code32\n"
        "1: movl $0x10, %ecx\n"
        "   movl %ecx, %ds\n"
        "   movl %ecx, %ss\n"
        "   movl $0xfeedface, 0x200000\n"
        "   ljmpl $0x18, $2f - enter_and_leave\n"
        ".code16\n"
        "2: movl %cr0, %eax\n"
        "   andl $~1, %eax\n"
        "   movl %eax, %cr0\n"
        "   ljmpw $0x1000, $3f - enter_and_leave\n"
        "3: movl $0x200004, %ebx\n"
        "   movl $0xdeadbeef, (%ebx)\n" /* DS keeps its limit of 4 GiB */
        "   xorw %cx, %cx\n"
        "   movw %cx, %ds\n"
        "   movl $0x0badcafe, 4(%ebx)\n" /* and also if only the base changes */
        "   hlt\n");

static Rig *real_rig(void)
{
    Rig *rig = rig_new(RAM, false);
    rig_fill(rig, HANDLER, 0xf4, 0x100);
    for (unsigned vector = 0; vector < 256; vector++) {
        rig_write32(rig, vector * 4, HANDLER + vector % 0x40);
    }
    return rig;
}

static CpuState real_state(void)
{
    CpuState state;
    cpu_state_reset(&state);
    state.segment[CPU_CS] = rig_real_segment(CODE_SEGMENT);
    state.idtr.limit = 0x3ff;
    state.rip = 0;
    state.gpr[CPU_SP] = 0x8000;
    return state;
}

/* The vector of the handler that was reached. */
static unsigned real_run(Rig *rig, const CpuState *state)
{
    rig_set(rig, state);
    g_assert_cmpint(rig_run(rig, 1000), ==, VCPU_HALTED_DEAD);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.segment[CPU_CS].selector, ==, 0);
    return (unsigned)(after.rip - 1 - HANDLER);
}

static void test_into_protected_mode_and_back_with_big_segments(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    rig_write16(rig, 0x800, 0x1f);
    rig_write32(rig, 0x802, 0x810);
    rig_write64(rig, 0x818, rig_descriptor(0, 0xfffff, PM_READABLE | PM_FLAT));
    rig_write64(rig, 0x820, rig_descriptor(0, 0xfffff, PM_WRITABLE | PM_FLAT));
    rig_write64(rig, 0x828, rig_descriptor(CODE, 0xffff, PM_READABLE));
    PM_LOAD(rig, CODE, enter_and_leave);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 1000), ==, VCPU_HALTED_DEAD);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.segment[CPU_CS].base, ==, CODE);
    g_assert_cmphex(rig_read32(rig, 0x200000), ==, 0xfeedface);
    g_assert_cmphex(rig_read32(rig, 0x200004), ==, 0xdeadbeef);
    g_assert_cmphex(rig_read32(rig, 0x200008), ==, 0x0badcafe);
}

static void test_limit_of_64k_holds_without_that(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0x67, 0x8a, 0x03); /* mov al, [ebx] */
    state.gpr[CPU_BX] = 0x10000;
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_GP);
    g_assert_cmphex(rig_get(rig).gpr[CPU_SP], ==, 0x8000 - 6); /* no error code */
    g_assert_cmphex(rig_read16(rig, 0x8000 - 6), ==, 0);
    state.segment[CPU_SS] = rig_real_segment(0x3000);
    PM_BYTES(rig, CODE, 0x8b, 0x46, 0x7f); /* mov ax, [bp + 0x7f] */
    state.gpr[CPU_BP] = 0xff80;
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_SS);
}

static void test_addresses_wrap_at_16_bits(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0x8a, 0x47, 0x10, 0xf4); /* mov al, [bx + 0x10] */
    state.segment[CPU_DS] = rig_real_segment(0x2000);
    PM_BYTES(rig, 0x20005, 0x77);
    state.gpr[CPU_BX] = 0xdeadfff5;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0x77);
}

static void test_stack_pointer_wraps_at_16_bits(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0x50, 0xf4); /* push ax */
    state.segment[CPU_SS] = rig_real_segment(0x2000);
    state.gpr[CPU_AX] = 0x1234;
    state.gpr[CPU_SP] = 0xdead0000;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_read16(rig, 0x2fffe), ==, 0x1234);
    g_assert_cmphex(rig_get(rig).gpr[CPU_SP], ==, 0xdeadfffe);
}

static void test_code_does_not_run_over_64k(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE + 0xffff, 0x90, 0xf4);
    PM_BYTES(rig, CODE, 0xf4);
    state.rip = 0xffff;
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_GP);
    g_assert_cmphex(rig_read16(rig, 0x8000 - 4), ==, CODE_SEGMENT);
}

/* The limit that protected mode left applies to jumps, returns and interrupts. */
static void test_code_limit_is_kept(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    state.segment[CPU_CS].limit = 0x6ff;
    PM_BYTES(rig, CODE, 0xea, 0x00, 0x08, 0x00, 0x00); /* jmp 0:0x800 */
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_GP);
    PM_BYTES(rig, CODE, 0xcf);
    rig_write16(rig, 0x8000, 0x0800);
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_GP);
    PM_BYTES(rig, CODE, 0xcd, 0x50);
    rig_write32(rig, 0x50 * 4, 0x0800);
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_GP);
}

/* ---- the interrupt table ---- */

static void test_interrupt_and_return(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0xf9, 0xcd, 0x21, 0x41, 0xcd, 0x22); /* stc; int; inc cx; int */
    PM_BYTES(rig, HANDLER + 0x21, 0xf8, 0xcf);               /* clc; iret */
    rig_write32(rig, 0x22 * 4, 0x700);
    PM_BYTES(rig, 0x700, 0xf4);
    state.rflags |= CPU_FLAG_IF;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 20), ==, VCPU_HALTED_DEAD);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.gpr[CPU_CX], ==, 1);
    g_assert_cmphex(after.rflags & CPU_FLAG_IF, ==, 0);
    g_assert_cmphex(rig_read16(rig, 0x8000 - 6), ==, 6);
    g_assert_cmphex(rig_read16(rig, 0x8000 - 4), ==, CODE_SEGMENT);
    g_assert_cmphex(rig_read16(rig, 0x8000 - 2), ==, CPU_FLAG_ONE | CPU_FLAG_CF | CPU_FLAG_IF);
}

static void test_interrupt_table_can_move(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0x0f, 0x01, 0x1e, 0x00, 0x09, 0xcd, 0x21); /* lidt [0x900]; int 0x21 */
    rig_write16(rig, 0x900, 0x3ff);
    rig_write32(rig, 0x902, 0x20000);
    rig_write32(rig, 0x20000 + 0x21 * 4, 0x0700);
    PM_BYTES(rig, 0x700, 0xf4);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).rip, ==, 0x701);
}

/* A vector beyond the limit is a fault.  The double fault's vector is beyond it too. */
static void test_interrupt_beyond_the_table(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0xcd, 0x21);
    state.idtr.limit = 0x21 * 4 + 2;
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_GP);
    state.idtr.limit = VECTOR_DF * 4 + 3;
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_DF);
    state.idtr.limit = 3;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_TRIPLE_FAULT);
}

static void test_int3_and_into(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0xcc);
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_BP);
    PM_BYTES(rig, CODE, 0xce);
    state.rflags |= CPU_FLAG_OF;
    g_assert_cmpuint(real_run(rig, &state), ==, VECTOR_OF);
}

/* ---- A20 ---- */

static void test_a20_closed_wraps_addresses(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0x8a, 0x07, 0x88, 0x67, 0x01, 0xf4); /* mov al, [bx]; mov [bx+1], ah */
    PM_BYTES(rig, 0x100500, 0x11);
    PM_BYTES(rig, 0x00500, 0x22, 0x33);
    state.segment[CPU_DS] = rig_real_segment(0xffff);
    state.gpr[CPU_BX] = 0x510;
    state.gpr[CPU_AX] = 0x9900;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0x9911);
    g_assert_cmphex(rig_read8(rig, 0x100501), ==, 0x99);
    g_assert_cmphex(rig_read8(rig, 0x501), ==, 0x33);
    rig->accel->class->set_a20(rig->accel, false);
    state.a20 = false;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0x9922);
    g_assert_cmphex(rig_read8(rig, 0x501), ==, 0x99);
}

static void close_a20(Rig *rig, const RigAccess *access)
{
    rig->accel->class->set_a20(rig->accel, access->value & 1);
}

/* A write to the port applies to the very next access, including the fetch. */
static void test_a20_changes_at_once(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    rig->on_access = close_a20;
    /* mov al, [bx]; out dx, ax; mov ah, [bx]; hlt */
    PM_BYTES(rig, CODE, 0x8a, 0x07, 0xee, 0x8a, 0x27, 0xf4);
    PM_BYTES(rig, 0x100500, 0x10);
    PM_BYTES(rig, 0x00500, 0x22);
    state.segment[CPU_DS] = rig_real_segment(0xffff);
    state.gpr[CPU_BX] = 0x510;
    state.gpr[CPU_DX] = RIG_PORT;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0x2210);
    g_assert_false(rig_get(rig).a20);
}

static void test_code_moves_with_a20(void)
{
    g_autoptr(Rig) rig = real_rig();
    CpuState state = real_state();
    rig->on_access = close_a20;
    state.segment[CPU_CS] = rig_real_segment(0xffff);
    state.rip = 0x510;
    state.gpr[CPU_DX] = RIG_PORT;
    PM_BYTES(rig, 0x100500, 0xee, 0xb0, 0x11, 0xf4); /* out dx, al; mov al, 0x11; hlt */
    PM_BYTES(rig, 0x00500, 0xee, 0xb0, 0x22, 0xf4);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0x22);
}

/* ---- reset ---- */

static void test_first_instruction_is_below_4_gib(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Rig) rig = rig_new(RAM, false);
    MemoryRegion *rom = memory_add_rom(rig->memory, "top", 0xffff0000, 0x10000, &error);
    g_assert_no_error(error);
    rom->host[0xfff0] = 0xea; /* jmp 0000:0700 */
    rom->host[0xfff1] = 0x00;
    rom->host[0xfff2] = 0x07;
    PM_BYTES(rig, 0x700, 0xf4);
    CpuState state;
    cpu_state_reset(&state);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).rip, ==, 0x701);
    g_assert_cmphex(rig_get(rig).segment[CPU_CS].base, ==, 0);
}

static void test_rom_refuses_writes(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Rig) rig = rig_new(RAM, false);
    MemoryRegion *rom = memory_add_rom(rig->memory, "rom", 0xf0000, 0x10000, &error);
    g_assert_no_error(error);
    rom->host[0] = 0x55;
    CpuState state = real_state();
    PM_BYTES(rig, CODE, 0xc6, 0x07, 0xaa, 0x8a, 0x07, 0xf4); /* mov byte [bx], 0xaa; mov al, [bx] */
    state.segment[CPU_DS] = rig_real_segment(0xf000);
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0x55);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/real/" #name, test_##name)
    TEST(into_protected_mode_and_back_with_big_segments);
    TEST(limit_of_64k_holds_without_that);
    TEST(addresses_wrap_at_16_bits);
    TEST(stack_pointer_wraps_at_16_bits);
    TEST(code_does_not_run_over_64k);
    TEST(code_limit_is_kept);
    TEST(interrupt_and_return);
    TEST(interrupt_table_can_move);
    TEST(interrupt_beyond_the_table);
    TEST(int3_and_into);
    TEST(a20_closed_wraps_addresses);
    TEST(a20_changes_at_once);
    TEST(code_moves_with_a20);
    TEST(first_instruction_is_below_4_gib);
    TEST(rom_refuses_writes);
    return g_test_run();
}
