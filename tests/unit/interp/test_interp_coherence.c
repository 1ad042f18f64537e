/*
 * Code that changes: through the code itself, another mapping, a device, or a
 * change of the page tables.  The CPU must always execute what is in memory.
 *
 * Every test runs both plainly and with paranoid=on.
 */
#include "tests/unit/interp/interp_protected.h"

#include <string.h>

#define INT3  0xcc
#define DONE  VECTOR_BP
#define PAGE  PAGE_SIZE
#define ALIAS 0x300000u /* a second linear address for the page of PM_CODE, with paging */

typedef void Test(Rig *rig);

static void run_both_ways(const void *data)
{
    for (unsigned paranoid = 0; paranoid < 2; paranoid++) {
        g_autoptr(Rig) rig = rig_new(PM_RAM, paranoid);
        pm_fill(rig);
        (*(Test *const *)data)(rig);
    }
}

static PmFault go(Rig *rig, const CpuState *state)
{
    return pm_expect(rig, state, DONE, 0);
}

/* The write changes the very next instruction. */
static void test_next_instruction(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    /* mov byte [PM_CODE + 8], 0x22; mov al, 0x11 */
    PM_BYTES(rig, PM_CODE, 0xc6, 0x05, 0x08, 0x00, 0x01, 0x00, 0x22, 0xb0, 0x11, INT3);
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX] & 0xff, ==, 0x22);
}

/* The same if a slice ends right after the write, in the middle of the block. */
static void test_next_instruction_at_the_end_of_a_slice(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xc6, 0x05, 0x08, 0x00, 0x01, 0x00, 0x22, 0xb0, 0x11, 0x90, 0x90, 0x90,
             0x90, INT3);
    rig_set(rig, &state);
    rig_step(rig, 2);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0x22);
    PmFault fault = pm_run(rig);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x22);
}

/* The MOV to memory becomes INC, ADD, INC for the second time around. */
static void test_instruction_that_overwrites_itself(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    /* mov byte [PM_CODE], 0x40; inc ecx; cmp ecx, 2; jb back */
    PM_BYTES(rig, PM_CODE, 0xc6, 0x05, 0x00, 0x00, 0x01, 0x00, 0x40, 0x41, 0x83, 0xf9, 0x02, 0x72,
             0xf3, INT3);
    PmFault fault = go(rig, &state);
    g_assert_cmphex(rig_read8(rig, PM_CODE), ==, 0x40);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x10002);
}

/* ENTER 16, 0 pushes EBP over itself.  It is ENTER 32, 0 only afterwards. */
static void test_instruction_that_overwrites_its_operands(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xc8, 0x10, 0x00, 0x00, INT3);
    state.gpr[CPU_SP] = PM_CODE + 4;
    state.gpr[CPU_BP] = 0x000020c8;
    rig_set(rig, &state);
    rig_step(rig, 2);
    g_assert_cmphex(rig_read32(rig, PM_CODE), ==, 0x000020c8);
    g_assert_cmphex(rig_get(rig).gpr[CPU_SP], ==, PM_CODE - 0x10 - 12); /* with INT3's frame */
    rig_set(rig, &state);
    rig_step(rig, 1);
    g_assert_cmphex(rig_get(rig).gpr[CPU_SP], ==, PM_CODE - 0x20);
}

/* CALL pushes over its displacement, which the previous instruction wrote. */
static void test_call_over_its_displacement(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    /* mov dword [PM_CODE + 11], 0x10; call PM_CODE + 0x1f */
    PM_BYTES(rig, PM_CODE, 0xc7, 0x05, 0x0b, 0x00, 0x01, 0x00, 0x10, 0x00, 0x00, 0x00, 0xe8, 0, 0,
             0, 0, INT3);
    PM_BYTES(rig, PM_CODE + 0x1f, INT3);
    state.gpr[CPU_SP] = PM_CODE + 15;
    for (unsigned i = 0; i < 3; i++) {
        rig_set(rig, &state);
        rig_step(rig, 2);
        g_assert_cmphex(rig_get(rig).rip, ==, PM_CODE + 0x1f);
        g_assert_cmphex(rig_read32(rig, PM_CODE + 11), ==, PM_CODE + 15);
    }
}

/* A loop with its counter in its own immediate. */
static void test_loop_that_changes_its_immediate(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    /* add eax, 1; inc dword [PM_CODE + 1]; loop back */
    PM_BYTES(rig, PM_CODE, 0x05, 1, 0, 0, 0, 0xff, 0x05, 0x01, 0x00, 0x01, 0x00, 0xe2, 0xf3, INT3);
    state.gpr[CPU_CX] = 1000;
    PmFault fault = go(rig, &state);
    g_assert_cmpuint(fault.state.gpr[CPU_AX], ==, 1000 * 1001 / 2);
}

/* The same in slices that end everywhere, so that the instruction is in many blocks. */
static void test_loop_that_changes_its_immediate_in_slices(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    /* nop three times; add eax, 1; inc dword [PM_CODE + 4]; loop back */
    PM_BYTES(rig, PM_CODE, 0x90, 0x90, 0x90, 0x05, 1, 0, 0, 0, 0xff, 0x05, 0x04, 0x00, 0x01, 0x00,
             0xe2, 0xf0, INT3);
    state.gpr[CPU_CX] = 1000;
    rig_set(rig, &state);
    for (unsigned i = 0; i < 1000; i++) {
        rig_step(rig, 1 + i % 7);
    }
    PmFault fault = pm_run(rig);
    g_assert_cmpuint(fault.vector, ==, DONE);
    g_assert_cmpuint(fault.state.gpr[CPU_AX], ==, 1000 * 1001 / 2);
}

/* Immediates of all sizes, signed and unsigned, which change each time around. */
static void test_immediates_of_every_size(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    /* add ebx, imm8; add dx, imm16; add si, imm8; add al, imm8; push imm8; pop edi */
    PM_BYTES(rig, PM_CODE, 0x83, 0xc3, 0x7e, 0x66, 0x81, 0xc2, 0xfe, 0x7f, 0x66, 0x83, 0xc6, 0x7e,
             0x04, 0x7e, 0x6a, 0x7e, 0x5f);
    /* inc byte or word of each; loop back */
    PM_BYTES(rig, PM_CODE + 17, 0xfe, 0x05, 0x02, 0x00, 0x01, 0x00, 0x66, 0xff, 0x05, 0x06, 0x00,
             0x01, 0x00, 0xfe, 0x05, 0x0b, 0x00, 0x01, 0x00, 0xfe, 0x05, 0x0d, 0x00, 0x01, 0x00,
             0xfe, 0x05, 0x0f, 0x00, 0x01, 0x00, 0xe2, 0xce, INT3);
    state.gpr[CPU_CX] = 4;
    PmFault fault = go(rig, &state);
    /* 0x7e, 0x7f, -0x80, -0x7f, and so on. */
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0xfffffffe); /* -2 */
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, (0x7ffe + 0x7fff + 0x8000 + 0x8001) & 0xffff);
    g_assert_cmphex(fault.state.gpr[CPU_SI], ==, fault.state.gpr[CPU_BX] & 0xffff);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, (0x7e + 0x7f + 0x80 + 0x81) & 0xff);
    g_assert_cmphex(fault.state.gpr[CPU_DI], ==, 0xffffff81);
}

/* More code than any cache of it can hold. */
static void test_more_code_than_the_cache_holds(Rig *rig)
{
    CpuState state = pm_state(0, 0x100000);
    static const uint8_t BLOCK[] = {0x40, 0xeb, 0x00}; /* inc eax; jmp to the next */
    uint8_t page[3 * PAGE];
    for (unsigned i = 0; i < sizeof(page); i++) {
        page[i] = BLOCK[i % 3];
    }
    for (unsigned i = 0; i < 0x60; i++) {
        rig_write(rig, 0x100000 + i * sizeof(page), page, sizeof(page));
    }
    /* dec ecx; jz out; jmp to the start; out: int3 */
    PM_BYTES(rig, 0x100000 + 0x60 * sizeof(page), 0x49, 0x74, 0x05, 0xe9, 0xf8, 0xff, 0xed, 0xff,
             INT3);
    state.gpr[CPU_CX] = 2;
    rig_set(rig, &state);
    rig_step(rig, 2 * (2 * 0x60 * PAGE + 3) - 1);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.rip, ==, 0x100000 + 0x60 * sizeof(page) + 8);
    g_assert_cmphex(after.gpr[CPU_AX], ==, 2 * 0x60 * PAGE);
}

/* A block that has run and is linked to is changed from another block. */
static void test_linked_block(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    uint32_t routine = PM_CODE + 0x2000;
    /* call routine; inc byte [routine + 1]; loop back */
    PM_BYTES(rig, PM_CODE, 0xe8, 0xfb, 0x1f, 0, 0, 0xfe, 0x05, 0x01, 0x20, 0x01, 0x00, 0xe2, 0xf3,
             INT3);
    PM_BYTES(rig, routine, 0xb0, 1, 0x01, 0xc3, 0xc3); /* mov al, 1; add ebx, eax; ret */
    state.gpr[CPU_CX] = 100;
    PmFault fault = go(rig, &state);
    g_assert_cmpuint(fault.state.gpr[CPU_BX], ==, 100 * 101 / 2);
}

/* REP STOS over the code that follows. */
static void test_string_instruction_over_code(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xf3, 0xaa, 0x0f, 0x0b, 0x0f, 0x0b, 0x0f, 0x0b, INT3);
    state.gpr[CPU_AX] = 0x41; /* inc ecx */
    state.gpr[CPU_CX] = 6;
    state.gpr[CPU_DI] = PM_CODE + 2;
    PmFault fault = go(rig, &state);
    g_assert_cmpuint(fault.state.gpr[CPU_CX], ==, 6);
}

/* A stack that grows into the code. */
static void test_push_over_code(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x50, 0xb0, 0x11, 0xb0, 0x22, 0xb0, 0x33, INT3);
    state.gpr[CPU_SP] = PM_CODE + 7;
    state.gpr[CPU_AX] = 0x41414141; /* written over the last two: inc ecx, four times */
    rig_set(rig, &state);
    rig_step(rig, 6);
    CpuState after = rig_get(rig);
    g_assert_cmphex(after.rip, ==, PM_CODE + 7);
    g_assert_cmpuint(after.gpr[CPU_CX], ==, 4);
    g_assert_cmphex(after.gpr[CPU_AX], ==, 0x41414111);
}

/* ---- other ways to the same memory ---- */

static CpuState aliased_state(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    pm_identity_pages(rig);
    rig_write32(rig, pm_pte(ALIAS), PM_CODE | 7);
    pm_paging_on(&state);
    return state;
}

static void test_write_through_an_alias(Rig *rig)
{
    CpuState state = aliased_state(rig);
    /* mov byte [ALIAS + 8], 0x22; mov al, 0x11 */
    PM_BYTES(rig, PM_CODE, 0xc6, 0x05, 0x08, 0x00, 0x30, 0x00, 0x22, 0xb0, 0x11, INT3);
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX] & 0xff, ==, 0x22);
}

/* Code runs at one address, is changed, and runs at the other. */
static void test_run_at_two_addresses(Rig *rig)
{
    CpuState state = aliased_state(rig);
    PM_BYTES(rig, PM_CODE, 0xb0, 0x11, INT3);
    go(rig, &state);
    state.rip = ALIAS;
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x11);
    g_assert_cmphex(fault.eip, ==, ALIAS + 3);
    /* mov byte [PM_CODE + 1], 0x22, run elsewhere */
    PM_BYTES(rig, PM_USER_CODE, 0xc6, 0x05, 0x01, 0x00, 0x01, 0x00, 0x22, 0xbb, 0x00, 0x00, 0x30,
             0x00, 0xff, 0xe3); /* mov ebx, ALIAS; jmp ebx */
    state.rip = PM_USER_CODE;
    fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x22);
}

/* The same linear address then shows other memory. */
static void test_page_tables_change_under_the_code(Rig *rig)
{
    CpuState state = aliased_state(rig);
    uint32_t routine = 0x310000, first = 0x320000, second = 0x330000;
    PM_BYTES(rig, first, 0x83, 0xc3, 0x01, 0xc3);  /* add ebx, 1; ret */
    PM_BYTES(rig, second, 0x83, 0xc3, 0x10, 0xc3); /* add ebx, 16; ret */
    rig_write32(rig, pm_pte(routine), first | 7);
    /* call esi; mov [edi], edx; invlpg [esi]; call esi */
    PM_BYTES(rig, PM_CODE, 0xff, 0xd6, 0x89, 0x17, 0x0f, 0x01, 0x3e, 0xff, 0xd6, INT3);
    state.gpr[CPU_SI] = routine;
    state.gpr[CPU_DI] = pm_pte(routine);
    state.gpr[CPU_DX] = second | 7;
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x11);
}

/* The same bytes run as 16-bit and as 32-bit code. */
static void test_one_code_in_two_sizes(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0xb8, 0x11, 0x11, 0x41, 0x41, INT3);
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x41411111);
    state.segment[CPU_CS].attributes &= ~CPU_SEGMENT_DB;
    state.segment[CPU_CS].base = PM_CODE;
    state.rip = 0;
    fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x1111);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 2);
}

/* The same in one run, so that one is reached where the other is in the cache. */
static void test_two_sizes_in_one_run(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    pm_set_segment(rig, PM_FREE, PM_CODE, 0xffff, PM_READABLE | PM_WIDE);
    pm_set_segment(rig, PM_FREE + 8, PM_CODE, 0xffff, PM_READABLE);
    /* twice call PM_FREE:0x100; xor ecx, ecx; jmp PM_FREE + 8:0x200 */
    PM_BYTES(rig, PM_CODE, 0x9a, 0x00, 0x01, 0, 0, PM_FREE, 0, 0x9a, 0x00, 0x01, 0, 0, PM_FREE, 0,
             0x33, 0xc9, 0xea, 0x00, 0x02, 0, 0, PM_FREE + 8, 0);
    PM_BYTES(rig, PM_CODE + 0x100, 0xeb, 0x0e); /* jmp to 0x110, where the sizes differ */
    PM_BYTES(rig, PM_CODE + 0x110, 0xb8, 0x11, 0x11, 0x41, 0x41, 0xcb);
    PM_BYTES(rig, PM_CODE + 0x200, 0x9a, 0x00, 0x01, PM_FREE + 8, 0, INT3);
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x41411111);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 2);
}

/* ---- devices ---- */

static void write_from_device(Rig *rig, const RigAccess *access)
{
    uint8_t byte = (uint8_t)access->value;
    rig_write(rig, PM_CODE + 2, &byte, 1);
}

/* A disk controller loads over the code that gave the command. */
static void test_device_write_to_the_next_instruction(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    rig->on_access = write_from_device;
    PM_BYTES(rig, PM_CODE, 0xee, 0xb3, 0x11, INT3); /* out dx, al; mov bl, 0x11 */
    state.gpr[CPU_DX] = RIG_PORT;
    state.gpr[CPU_AX] = 0x33;
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x33);
}

/* A host bridge replaces the memory that contains the code which told it to. */
static void place_from_device(Rig *rig, const RigAccess *access)
{
    MemoryBlock *block = memory_add_block(rig->memory, "block", PAGE, NULL);
    const uint8_t code[] = {0xcc, 0xb3, (uint8_t)access->value, INT3};
    memcpy(memory_block_host(block), code, sizeof(code));
    memory_place(rig->memory, block, PM_CODE, true);
}

static void test_other_memory_at_the_next_instruction(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    rig->on_access = place_from_device;
    PM_BYTES(rig, PM_CODE, 0xee, 0xb3, 0x11, INT3); /* out dx, al; mov bl, 0x11 */
    state.gpr[CPU_DX] = RIG_PORT;
    state.gpr[CPU_AX] = 0x33;
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x33);
    g_assert_cmphex(rig_read8(rig, PM_CODE), ==, 0xcc);
}

static void test_device_write_between_runs(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE + PAGE - 1);
    PM_BYTES(rig, PM_CODE + PAGE - 1, 0xbb, 0x11, 0x11, 0x11, 0x11, INT3);
    go(rig, &state);
    /* Changes the second page of an instruction that lies on two. */
    PM_BYTES(rig, PM_CODE + PAGE, 0x22);
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x11111122);
    PM_BYTES(rig, PM_CODE + PAGE - 1, 0xb9);
    fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0x11111122);
}

/* A read of a whole disk over pages that have run. */
static void test_device_write_of_many_pages(Rig *rig)
{
    uint8_t image[4 * PAGE];
    CpuState state = pm_state(0, PM_CODE);
    for (unsigned value = 1; value < 4; value++) {
        memset(image, 0x90, sizeof(image));
        image[sizeof(image) - 3] = 0xb0;
        image[sizeof(image) - 2] = (uint8_t)value;
        image[sizeof(image) - 1] = INT3;
        rig_write(rig, PM_CODE, image, sizeof(image));
        PmFault fault = go(rig, &state);
        g_assert_cmphex(fault.state.gpr[CPU_AX], ==, value);
    }
}

/* ---- two pages, and data in between ---- */

static void test_write_to_the_second_page_of_an_instruction(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE + PAGE - 10);
    uint32_t at = PM_CODE + PAGE - 10;
    /* mov byte [PM_CODE + PAGE + 1], 0x22; mov eax, 0x11111111 over the edge; dec ecx; jnz */
    PM_BYTES(rig, at, 0x90, 0xc6, 0x05, 0x01, 0x10, 0x01, 0x00, 0x22, 0xb8, 0x11, 0x11, 0x11, 0x11,
             0x49, 0x75, 0xf0, INT3);
    state.gpr[CPU_CX] = 3;
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x11221111);
}

/* A counter in the middle of the code that increments it. */
static void test_data_beside_code(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    /* inc dword [PM_CODE + 0x10]; dec ecx; jnz; int3; ...; the counter */
    PM_BYTES(rig, PM_CODE, 0xff, 0x05, 0x10, 0x00, 0x01, 0x00, 0x49, 0x75, 0xf7, INT3);
    state.gpr[CPU_CX] = 5000;
    go(rig, &state);
    g_assert_cmpuint(rig_read32(rig, PM_CODE + 0x10), ==, 5000);
}

/* Code replaces data, and data replaces code. */
static void test_code_and_data_change_places(Rig *rig)
{
    CpuState state = pm_state(0, PM_CODE);
    uint32_t buffer = PM_DATA;
    /* mov [edi], eax; call edi; inc dword [edi]; mov ebx, [edi] */
    PM_BYTES(rig, PM_CODE, 0x89, 0x07, 0xff, 0xd7, 0xff, 0x07, 0x8b, 0x1f, INT3);
    state.gpr[CPU_AX] = 0xc3414141; /* inc ecx, three times; ret */
    state.gpr[CPU_DI] = buffer;
    for (unsigned i = 0; i < 3; i++) {
        state.gpr[CPU_CX] = 0;
        PmFault fault = go(rig, &state);
        g_assert_cmpuint(fault.state.gpr[CPU_CX], ==, 3);
        g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0xc3414142);
    }
}

/* Code at the same linear address, with paging off and on. */
static void test_same_linear_address_paged_and_not(Rig *rig)
{
    CpuState state = pm_state(0, PM_DATA);
    PM_BYTES(rig, PM_DATA, 0xb0, 0x11, INT3);
    PM_BYTES(rig, PM_DATA + 0x8000, 0xb0, 0x22, INT3);
    go(rig, &state);
    pm_identity_pages(rig);
    rig_write32(rig, pm_pte(PM_DATA), (PM_DATA + 0x8000) | 7);
    pm_paging_on(&state);
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x22);
    state.cr0 &= ~(uint64_t)CPU_CR0_PG;
    fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x11);
}

/* Code in memory-mapped registers. */
static void test_code_on_a_device(Rig *rig)
{
    CpuState state = pm_state(0, (uint32_t)RIG_MMIO);
    static const uint8_t CODE[] = {0xb0, 0x11, 0xc6, 0x05, 0x0a, 0x00,
                                   0x00, 0xf0, 0x77, 0xb3, 0x22, INT3};
    memcpy(rig->mmio, CODE, sizeof(CODE)); /* mov al; mov byte [RIG_MMIO + 10], 0x77; mov bl */
    PmFault fault = go(rig, &state);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x11);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x77);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    do {                                                                                           \
        static Test *const TEST_##name = test_##name;                                              \
        g_test_add_data_func("/interp/coherence/" #name, &TEST_##name, run_both_ways);             \
    } while (0)
    TEST(next_instruction);
    TEST(next_instruction_at_the_end_of_a_slice);
    TEST(instruction_that_overwrites_itself);
    TEST(instruction_that_overwrites_its_operands);
    TEST(call_over_its_displacement);
    TEST(loop_that_changes_its_immediate);
    TEST(loop_that_changes_its_immediate_in_slices);
    TEST(immediates_of_every_size);
    TEST(more_code_than_the_cache_holds);
    TEST(linked_block);
    TEST(string_instruction_over_code);
    TEST(push_over_code);
    TEST(write_through_an_alias);
    TEST(run_at_two_addresses);
    TEST(page_tables_change_under_the_code);
    TEST(one_code_in_two_sizes);
    TEST(two_sizes_in_one_run);
    TEST(device_write_to_the_next_instruction);
    TEST(other_memory_at_the_next_instruction);
    TEST(device_write_between_runs);
    TEST(device_write_of_many_pages);
    TEST(write_to_the_second_page_of_an_instruction);
    TEST(data_beside_code);
    TEST(code_and_data_change_places);
    TEST(same_linear_address_paged_and_not);
    TEST(code_on_a_device);
    return g_test_run();
}
