/*
 * Page faults in the middle of something: accesses and instructions on two pages,
 * repetitions, and the CPU's own accesses (SDM volume 3, chapter 4).
 */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP

#define PTE_P 0x001u
#define PTE_W 0x002u
#define PTE_U 0x004u

#define ERROR_P 1u /* the page was present but refused the access */
#define ERROR_W 2u
#define ERROR_U 4u

#define PAGE PAGE_SIZE

#define TARGET PM_TARGET

static void test_write_across_an_absent_page_changes_nothing(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(3, PM_CODE);
    pm_set_pte(rig, TARGET + PAGE, 0);
    rig_write32(rig, TARGET + PAGE - 4, 0x55555555);
    PM_BYTES(rig, PM_CODE, 0x89, 0x03, INT3);
    state.gpr[CPU_BX] = TARGET + PAGE - 2;
    state.gpr[CPU_AX] = 0xffffffff;
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_U | ERROR_W);
    g_assert_cmphex(fault.state.cr2, ==, TARGET + PAGE);
    g_assert_cmphex(rig_read32(rig, TARGET + PAGE - 4), ==, 0x55555555);
}

static void test_access_across_pages_that_are_apart(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(3, PM_CODE);
    uint32_t elsewhere = PM_DATA + 0x8000;
    pm_set_pte(rig, TARGET + PAGE, elsewhere | 7);
    PM_BYTES(rig, PM_CODE, 0x89, 0x03, 0x8b, 0x0b, INT3); /* mov [ebx], eax; mov ecx, [ebx] */
    state.gpr[CPU_BX] = TARGET + PAGE - 1;
    state.gpr[CPU_AX] = 0x44332211;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0x44332211);
    g_assert_cmphex(rig_read8(rig, TARGET + PAGE - 1), ==, 0x11);
    g_assert_cmphex(rig_read32(rig, elsewhere) & 0xffffff, ==, 0x443322);
}

static void test_instruction_across_an_absent_page(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    uint32_t at = PM_CODE + PAGE - 3;
    CpuState state = pm_paged_state(3, at);
    pm_set_pte(rig, PM_CODE + PAGE, 0);
    PM_BYTES(rig, at, 0xb8, 0x11, 0x22, 0x33, 0x44, INT3); /* mov eax, 0x44332211 */
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_U);
    g_assert_cmphex(fault.eip, ==, at);
    g_assert_cmphex(fault.state.cr2, ==, PM_CODE + PAGE);
    /* The page becomes present, at another physical address, and the instruction completes. */
    pm_set_pte(rig, PM_CODE + PAGE, (PM_DATA + 0x8000) | 7);
    PM_BYTES(rig, PM_DATA + 0x8000, 0x77, 0x88, INT3);
    fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x88772211);
}

/* The last instruction of a page is executed before the fetch from the next page faults. */
static void test_fetch_of_an_absent_page(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    uint32_t at = PM_CODE + PAGE - 2;
    CpuState state = pm_paged_state(3, at);
    pm_set_pte(rig, PM_CODE + PAGE, 0);
    PM_BYTES(rig, at, 0x40, 0x41); /* inc eax; inc ecx */
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_U);
    g_assert_cmphex(fault.eip, ==, PM_CODE + PAGE);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 1);
}

static void test_rep_movs_stops_at_the_page_and_continues(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(3, PM_CODE);
    pm_set_pte(rig, TARGET + PAGE, 0);
    for (uint32_t i = 0; i < 0x40; i++) {
        PM_BYTES(rig, PM_DATA + i, (uint8_t)i);
    }
    PM_BYTES(rig, PM_CODE, 0xf3, 0xa5, INT3); /* rep movsd */
    state.gpr[CPU_SI] = PM_DATA;
    state.gpr[CPU_DI] = TARGET + PAGE - 0x1e;
    state.gpr[CPU_CX] = 0x10;
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_U | ERROR_W);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 9);
    g_assert_cmphex(fault.state.gpr[CPU_SI], ==, PM_DATA + 0x1c);
    g_assert_cmphex(fault.state.gpr[CPU_DI], ==, TARGET + PAGE - 2);
    g_assert_cmphex(fault.state.cr2, ==, TARGET + PAGE);
    g_assert_cmphex(rig_read8(rig, TARGET + PAGE - 2), ==, 0);
    for (unsigned i = 0; i < 8; i++) {
        state.gpr[i] = i == CPU_SP ? PM_STACK3 : fault.state.gpr[i];
    }
    pm_set_pte(rig, TARGET + PAGE, (TARGET + PAGE) | 7);
    fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0);
    for (uint32_t i = 0; i < 0x40; i++) {
        g_assert_cmphex(rig_read8(rig, TARGET + PAGE - 0x1e + i), ==, i);
    }
}

static void test_push_on_an_absent_page_leaves_esp(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(3, PM_CODE);
    pm_set_pte(rig, TARGET, 0);
    PM_BYTES(rig, PM_CODE, 0xff, 0x33); /* push [ebx] */
    state.gpr[CPU_SP] = TARGET + 4;
    state.gpr[CPU_BX] = PM_DATA;
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_U | ERROR_W);
    g_assert_cmphex(fault.esp, ==, TARGET + 4);
    PM_BYTES(rig, PM_CODE, 0x60); /* pusha, over the page's start */
    pm_set_pte(rig, TARGET, TARGET | 7);
    pm_set_pte(rig, TARGET - PAGE, 0);
    state.gpr[CPU_SP] = TARGET + 0x10;
    fault = pm_expect(rig, &state, VECTOR_PF, ERROR_U | ERROR_W);
    g_assert_cmphex(fault.esp, ==, TARGET + 0x10);
}

/* ---- the CPU's own accesses ---- */

/* Descriptor tables are read with the rights of ring 0, whatever ring runs. */
static void test_system_accesses_are_supervisors(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(3, PM_CODE);
    pm_set_pte(rig, PM_GDT, PM_GDT | PTE_P | PTE_W);
    pm_set_pte(rig, PM_IDT, PM_IDT | PTE_P);
    pm_set_pte(rig, PM_TSS, PM_TSS | PTE_P | PTE_W);
    pm_set_pte(rig, PM_HANDLERS, PM_HANDLERS | PTE_P);
    PM_BYTES(rig, PM_CODE, 0x8e, 0xd8, INT3); /* mov ds, ax */
    state.gpr[CPU_AX] = PM_DATA3;
    pm_expect(rig, &state, DONE, 0);
}

static void test_absent_descriptor_table(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(3, PM_CODE);
    /* Moves the GDT to a page of its own.  The page after it is absent. */
    uint8_t gdt[PAGE / 2];
    rig_read(rig, PM_GDT, gdt, sizeof(gdt));
    rig_write(rig, PM_DATA + 0x8000, gdt, sizeof(gdt));
    state.gdtr = (CpuTable){PM_DATA + 0x8000, 0xffff};
    pm_set_pte(rig, PM_DATA + 0x9000, 0);
    PM_BYTES(rig, PM_CODE, 0x8e, 0xd8, INT3);
    state.gpr[CPU_AX] = 0x1013;
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, 0);
    g_assert_cmphex(fault.state.cr2 & ~UINT64_C(7), ==, PM_DATA + 0x9010);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
}

/* The mark "accessed" in a descriptor is a write to the GDT, to which WP applies. */
static void test_read_only_descriptor_table(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    pm_set_segment(rig, PM_FREE, 0, 0xffff, PM_WRITABLE & ~1u);
    pm_set_pte(rig, PM_GDT, PM_GDT | PTE_P | PTE_U);
    PM_BYTES(rig, PM_CODE, 0x8e, 0xd8, INT3);
    state.gpr[CPU_AX] = PM_FREE;
    pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_W);
    state.gpr[CPU_AX] = PM_DATA3; /* already marked as accessed, so there is nothing to write */
    pm_expect(rig, &state, DONE, 0);
}

static void test_linear_addresses_wrap(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    rig_write32(rig, PM_DIRECTORY + 4 * 1023, PM_TABLES | 7);
    pm_set_pte(rig, 0x3ff000, TARGET | 7); /* the last page of all */
    pm_set_pte(rig, 0, PM_DATA | 7);
    rig_write16(rig, TARGET + PAGE - 2, 0x2211);
    rig_write16(rig, PM_DATA, 0x4433);
    state.segment[CPU_DS].base = 0x1000;
    state.gpr[CPU_BX] = 0xffffeffe;
    PM_BYTES(rig, PM_CODE, 0x8b, 0x03, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x44332211);
}

/* Level 0 calls the code first.  This makes a block that level 3 must not enter. */
SNIPPET(call_then_leave, 32,
        "mov $0x31000, %eax\n call *%eax\n push $0x23\n push $0x7000\n"
        "pushf\n push $0x1b\n push $0x20000\n iret");

static void test_code_that_level_0_ran_is_fetched_with_rights_of_level_3(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    pm_set_pte(rig, TARGET, TARGET | PTE_P);
    PM_LOAD(rig, PM_CODE, call_then_leave);
    PM_BYTES(rig, TARGET, 0xc3);             /* ret */
    PM_BYTES(rig, PM_USER_CODE, 0xff, 0xd0); /* call *%eax */
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_U);
    g_assert_cmphex(fault.state.cr2, ==, TARGET);
    g_assert_cmphex(fault.eip, ==, TARGET);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/page_faults/" #name, test_##name)
    TEST(write_across_an_absent_page_changes_nothing);
    TEST(access_across_pages_that_are_apart);
    TEST(instruction_across_an_absent_page);
    TEST(fetch_of_an_absent_page);
    TEST(rep_movs_stops_at_the_page_and_continues);
    TEST(push_on_an_absent_page_leaves_esp);
    TEST(system_accesses_are_supervisors);
    TEST(absent_descriptor_table);
    TEST(read_only_descriptor_table);
    TEST(linear_addresses_wrap);
    TEST(code_that_level_0_ran_is_fetched_with_rights_of_level_3);
    return g_test_run();
}
