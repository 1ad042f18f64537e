/*
 * Segmentation in protected mode: which descriptors may be loaded where, which
 * addresses can be accessed, and the error code of each refusal (SDM volume 3,
 * chapter 5).
 */
#include "tests/unit/interp/interp_protected.h"

#define MOV_SS_AX 0x8e, 0xd0
#define MOV_DS_AX 0x8e, 0xd8
#define INT3      0xcc
#define DONE      VECTOR_BP

/* A load of a selector: the kind of descriptor and the outcome. */
typedef struct SegmentLoad {
    const char *name;
    uint16_t selector;
    uint32_t attributes; /* for the descriptor; 0: unchanged */
    unsigned cpl;
    unsigned vector;
    uint32_t error;
} SegmentLoad;

static void run_load(const SegmentLoad *load, uint8_t modrm)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(load->cpl, PM_CODE);
    if (load->attributes != 0) {
        bool down = (load->attributes & 0x0c) == 0x04;
        pm_set_segment(rig, load->selector, PM_DATA, down ? 0xff : 0xffff, load->attributes);
    }
    PM_BYTES(rig, PM_CODE, 0x8e, modrm, INT3);
    state.gpr[CPU_AX] = load->selector;
    g_test_message("%s", load->name);
    PmFault fault = pm_expect(rig, &state, load->vector, load->error);
    if (load->vector == DONE) {
        bool stack = modrm == 0xd0 && load->cpl != 0;
        uint32_t got = stack ? fault.ss : fault.state.segment[modrm >> 3 & 7].selector;
        g_assert_cmphex(got, ==, load->selector);
        g_assert_cmphex(fault.eip, ==, PM_CODE + 3);
    } else {
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

#define LDT_ENTRY (1 * 8 + 4)

static void test_data_segment_load(void)
{
    static const SegmentLoad LOADS[] = {
        {"null", 0, 0, 0, DONE, 0},
        {"null with a privilege level", 3, 0, 0, DONE, 0},
        {"writable", PM_FREE, PM_WRITABLE, 0, DONE, 0},
        {"read-only", PM_FREE, PM_READ_ONLY, 0, DONE, 0},
        {"readable code", PM_FREE, PM_READABLE, 0, DONE, 0},
        {"readable code, asked at a lower privilege", PM_FREE + 3, PM_READABLE, 0, VECTOR_GP,
         PM_FREE},
        {"execute-only code", PM_FREE, PM_EXECUTE, 0, VECTOR_GP, PM_FREE},
        {"conforming code of ring 0 from ring 3", PM_FREE + 3, PM_CONFORMING, 3, DONE, 0},
        {"conforming but not readable", PM_FREE, PM_CONFORMING & ~2u, 0, VECTOR_GP, PM_FREE},
        {"ring 0's from ring 3", PM_FREE, PM_WRITABLE, 3, VECTOR_GP, PM_FREE},
        {"requested level above the descriptor's", PM_FREE + 3, PM_WRITABLE, 0, VECTOR_GP, PM_FREE},
        {"ring 3's from ring 0", PM_FREE, PM_WRITABLE | PM_DPL(3), 0, DONE, 0},
        {"absent", PM_FREE, PM_WRITABLE - PM_ABSENT, 0, VECTOR_NP, PM_FREE},
        {"absent and not allowed", PM_FREE, PM_WRITABLE - PM_ABSENT, 3, VECTOR_GP, PM_FREE},
        {"a system descriptor", PM_FREE, PM_LDT_TYPE, 0, VECTOR_GP, PM_FREE},
        {"an empty descriptor", PM_FREE + 8, 0, 0, VECTOR_GP, PM_FREE + 8},
        {"beyond the GDT", PM_GDT_ENTRIES * 8, 0, 0, VECTOR_GP, PM_GDT_ENTRIES * 8},
        {"beyond the LDT", PM_LDT_ENTRIES * 8 + 4, 0, 0, VECTOR_GP, PM_LDT_ENTRIES * 8 + 4},
        {"in the LDT", LDT_ENTRY, PM_WRITABLE, 0, DONE, 0},
        {"absent in the LDT", LDT_ENTRY, PM_WRITABLE - PM_ABSENT, 0, VECTOR_NP, LDT_ENTRY},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(LOADS); i++) {
        run_load(&LOADS[i], 0xd8); /* DS */
        run_load(&LOADS[i], 0xc0); /* ES */
        run_load(&LOADS[i], 0xe8); /* GS */
    }
}

static void test_stack_segment_load(void)
{
    static const SegmentLoad LOADS[] = {
        {"null", 0, 0, 0, VECTOR_GP, 0},
        {"null at ring 3", 3, 0, 3, VECTOR_GP, 0},
        {"writable", PM_FREE, PM_WRITABLE | PM_WIDE, 0, DONE, 0},
        {"expand-down", PM_FREE, PM_DOWN | PM_WIDE, 0, DONE, 0},
        {"writable at ring 3", PM_FREE + 3, PM_WRITABLE | PM_DPL(3) | PM_WIDE, 3, DONE, 0},
        {"requested level is not the current one", PM_FREE + 1, PM_WRITABLE, 0, VECTOR_GP, PM_FREE},
        {"requested level 0 at ring 3", PM_FREE, PM_WRITABLE | PM_DPL(3), 3, VECTOR_GP, PM_FREE},
        {"descriptor of ring 3 at ring 0", PM_FREE, PM_WRITABLE | PM_DPL(3), 0, VECTOR_GP, PM_FREE},
        {"read-only", PM_FREE, PM_READ_ONLY, 0, VECTOR_GP, PM_FREE},
        {"code", PM_FREE, PM_READABLE, 0, VECTOR_GP, PM_FREE},
        {"system", PM_FREE, PM_TSS_FREE, 0, VECTOR_GP, PM_FREE},
        {"absent", PM_FREE, PM_WRITABLE - PM_ABSENT, 0, VECTOR_SS, PM_FREE},
        {"absent and read-only", PM_FREE, PM_READ_ONLY - PM_ABSENT, 0, VECTOR_GP, PM_FREE},
        {"beyond the GDT", PM_GDT_ENTRIES * 8, 0, 0, VECTOR_GP, PM_GDT_ENTRIES * 8},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(LOADS); i++) {
        run_load(&LOADS[i], 0xd0);
    }
}

static void test_code_segment_is_not_for_mov(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x8e, 0xc8, INT3); /* mov cs, ax */
    pm_expect(rig, &state, VECTOR_UD, 0);
}

static void test_loading_marks_the_descriptor_accessed(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_set_segment(rig, PM_FREE, 0, 0xfff, PM_WRITABLE & ~1u);
    PM_BYTES(rig, PM_CODE, MOV_DS_AX, INT3);
    state.gpr[CPU_AX] = PM_FREE;
    pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(pm_get_gdt(rig, PM_FREE) >> 40 & 0xff, ==, PM_WRITABLE);
}

static void test_refused_load_leaves_everything(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_set_segment(rig, PM_FREE, 0, 0xfff, (PM_WRITABLE & ~1u) - PM_ABSENT);
    uint64_t before = pm_get_gdt(rig, PM_FREE);
    rig_write32(rig, PM_DATA, 0x12345678);
    rig_write16(rig, PM_DATA + 4, PM_FREE);
    PM_BYTES(rig, PM_CODE, 0xc5, 0x1d, 0x00, 0x00, 0x03, 0x00, INT3); /* lds ebx, [PM_DATA] */
    state.gpr[CPU_BX] = 0x55555555;
    PmFault fault = pm_expect(rig, &state, VECTOR_NP, PM_FREE);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x55555555);
    g_assert_cmphex(fault.state.segment[CPU_DS].selector, ==, PM_DATA0);
    g_assert_cmphex(pm_get_gdt(rig, PM_FREE), ==, before);
}

/* ---- far jumps ---- */

static void run_far_jump(const SegmentLoad *load)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(load->cpl, PM_CODE);
    if (load->attributes != 0) {
        pm_set_segment(rig, load->selector, PM_DATA, 0xfff, load->attributes);
    }
    PM_BYTES(rig, PM_DATA, INT3);
    PM_BYTES(rig, PM_CODE, 0xea, 0, 0, 0, 0, (uint8_t)load->selector,
             (uint8_t)(load->selector >> 8));
    g_test_message("%s", load->name);
    PmFault fault = pm_expect(rig, &state, load->vector, load->error);
    g_assert_cmphex(fault.eip, ==, load->vector == DONE ? 1 : PM_CODE);
    if (load->vector == DONE) {
        g_assert_cmphex(fault.cs, ==, (load->selector & ~3u) | load->cpl);
    }
}

static void test_far_jump(void)
{
    static const SegmentLoad LOADS[] = {
        {"code of the same ring", PM_FREE, PM_READABLE | PM_WIDE, 0, DONE, 0},
        {"execute-only code", PM_FREE, PM_EXECUTE | PM_WIDE, 0, DONE, 0},
        {"null", 0, 0, 0, VECTOR_GP, 0},
        {"null with a privilege level", 2, 0, 0, VECTOR_GP, 0},
        {"data", PM_FREE, PM_WRITABLE, 0, VECTOR_GP, PM_FREE},
        {"outer ring's code", PM_FREE, PM_READABLE | PM_DPL(3), 0, VECTOR_GP, PM_FREE},
        {"inner ring's code", PM_FREE, PM_READABLE, 3, VECTOR_GP, PM_FREE},
        {"requested level above the current one", PM_FREE + 3, PM_READABLE, 0, VECTOR_GP, PM_FREE},
        {"requested level below the current one", PM_FREE, PM_READABLE | PM_DPL(3) | PM_WIDE, 3,
         DONE, 0},
        {"inner conforming code", PM_FREE, PM_CONFORMING | PM_WIDE, 3, DONE, 0},
        {"outer conforming code", PM_FREE, PM_CONFORMING | PM_DPL(3), 0, VECTOR_GP, PM_FREE},
        {"absent", PM_FREE, PM_READABLE - PM_ABSENT, 0, VECTOR_NP, PM_FREE},
        {"an interrupt gate", PM_FREE, PM_INT_GATE, 0, VECTOR_GP, PM_FREE},
        {"a local descriptor table", PM_FREE, PM_LDT_TYPE, 0, VECTOR_GP, PM_FREE},
        {"beyond the GDT", PM_GDT_ENTRIES * 8 + 1, 0, 0, VECTOR_GP, PM_GDT_ENTRIES * 8},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(LOADS); i++) {
        run_far_jump(&LOADS[i]);
    }
}

static void test_far_jump_beyond_the_limit(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_set_segment(rig, PM_FREE, PM_DATA, 0xff, PM_READABLE | PM_WIDE);
    PM_BYTES(rig, PM_CODE, 0xea, 0x00, 0x01, 0, 0, PM_FREE, 0);
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    g_assert_cmphex(fault.cs, ==, PM_CODE0);
}

/* ---- accesses ---- */

typedef struct SegmentAccess {
    const char *name;
    uint32_t attributes, limit;
    uint32_t offset;
    uint8_t code[3]; /* a ModRM instruction on [ebx], padded with NOP */
    unsigned vector;
} SegmentAccess;

#define READ_BYTE                                                                                  \
    {                                                                                              \
        0x8a, 0x03, 0x90                                                                           \
    }
#define READ_WORD                                                                                  \
    {                                                                                              \
        0x66, 0x8b, 0x03                                                                           \
    }
#define READ_DWORD                                                                                 \
    {                                                                                              \
        0x8b, 0x03, 0x90                                                                           \
    }
#define WRITE_BYTE                                                                                 \
    {                                                                                              \
        0x88, 0x03, 0x90                                                                           \
    }
#define WRITE_DWORD                                                                                \
    {                                                                                              \
        0x89, 0x03, 0x90                                                                           \
    }
#define ADD_BYTE                                                                                   \
    {                                                                                              \
        0x00, 0x03, 0x90                                                                           \
    }

static void run_access(const SegmentAccess *access)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_set_segment(rig, PM_FREE, PM_DATA, access->limit, access->attributes);
    PM_BYTES(rig, PM_CODE, MOV_DS_AX);
    rig_write(rig, PM_CODE + 2, access->code, sizeof(access->code));
    PM_BYTES(rig, PM_CODE + 5, INT3);
    state.gpr[CPU_AX] = PM_FREE;
    state.gpr[CPU_BX] = access->offset;
    g_test_message("%s", access->name);
    PmFault fault = pm_expect(rig, &state, access->vector, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + (access->vector == DONE ? 6 : 2));
}

static void test_limits_and_rights(void)
{
    static const SegmentAccess ACCESSES[] = {
        {"the last byte", PM_WRITABLE, 0xff, 0xff, READ_BYTE, DONE},
        {"a byte past it", PM_WRITABLE, 0xff, 0x100, READ_BYTE, VECTOR_GP},
        {"the last word", PM_WRITABLE, 0xff, 0xfe, READ_WORD, DONE},
        {"half a word past it", PM_WRITABLE, 0xff, 0xff, READ_WORD, VECTOR_GP},
        {"a quarter past it", PM_WRITABLE, 0xff, 0xfd, READ_DWORD, VECTOR_GP},
        {"a write past it", PM_WRITABLE, 0xff, 0xfd, WRITE_DWORD, VECTOR_GP},
        {"a doubleword that wraps", PM_WRITABLE, 0xff, 0xfffffffe, READ_DWORD, VECTOR_GP},
        {"the last byte of pages", PM_WRITABLE | PM_PAGES, 1, 0x1fff, READ_BYTE, DONE},
        {"a byte past the pages", PM_WRITABLE | PM_PAGES, 1, 0x2000, READ_BYTE, VECTOR_GP},
        {"a limit of 0 has one byte", PM_WRITABLE, 0, 0, READ_BYTE, DONE},
        {"and not two", PM_WRITABLE, 0, 0, READ_WORD, VECTOR_GP},
        {"a write to read-only", PM_READ_ONLY, 0xff, 0, WRITE_BYTE, VECTOR_GP},
        {"a read of read-only", PM_READ_ONLY, 0xff, 0, READ_BYTE, DONE},
        {"a read-modify-write of read-only", PM_READ_ONLY, 0xff, 0, ADD_BYTE, VECTOR_GP},
        {"a write to code", PM_READABLE, 0xff, 0, WRITE_BYTE, VECTOR_GP},
        {"a read of code", PM_READABLE, 0xff, 0, READ_BYTE, DONE},
        {"expand-down, at its limit", PM_DOWN, 0xff, 0xff, READ_BYTE, VECTOR_GP},
        {"expand-down, above its limit", PM_DOWN, 0xff, 0x100, READ_BYTE, DONE},
        {"expand-down, across its limit", PM_DOWN, 0xff, 0xff, READ_WORD, VECTOR_GP},
        {"expand-down, small, the top", PM_DOWN, 0xff, 0xffff, READ_BYTE, DONE},
        {"expand-down, small, past the top", PM_DOWN, 0xff, 0x10000, READ_BYTE, VECTOR_GP},
        {"expand-down, small, across the top", PM_DOWN, 0xff, 0xffff, READ_WORD, VECTOR_GP},
        {"expand-down, big, past 64 KiB", PM_DOWN | PM_WIDE, 0xff, 0x10000, READ_BYTE, DONE},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(ACCESSES); i++) {
        run_access(&ACCESSES[i]);
    }
}

static void test_null_segment_faults_when_used(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, MOV_DS_AX, 0x8a, 0x03, INT3); /* mov al, [ebx] */
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 2);
}

static void test_stack_limit_raises_stack_fault(void)
{
    g_autoptr(Rig) rig = pm_new();
    /* At ring 1 the handler has a stack of its own. */
    pm_set_segment(rig, PM_FREE + 1, PM_DATA, 0xff, PM_WRITABLE | PM_WIDE | PM_DPL(1));
    PM_BYTES(rig, PM_CODE, MOV_SS_AX, 0x50, INT3); /* push eax */
    CpuState state = pm_state(1, PM_CODE);
    state.gpr[CPU_AX] = PM_FREE + 1;
    state.gpr[CPU_SP] = 0x102;
    PmFault fault = pm_expect(rig, &state, VECTOR_SS, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 2);
    g_assert_cmphex(fault.esp, ==, 0x102);
    g_assert_cmphex(fault.ss, ==, PM_FREE + 1);
    PM_BYTES(rig, PM_CODE + 2, 0x8b, 0x45, 0x7f, INT3); /* mov eax, [ebp + 0x7f] */
    state.gpr[CPU_BP] = 0x7e;
    fault = pm_expect(rig, &state, VECTOR_SS, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 2);
}

static void test_fetch_beyond_the_limit(void)
{
    g_autoptr(Rig) rig = pm_new();
    pm_set_segment(rig, PM_FREE, PM_CODE, 5, PM_READABLE | PM_WIDE);
    PM_BYTES(rig, PM_CODE, 0x90, 0x90, 0x90, 0x90, 0x66, 0xb8, 0, 0); /* mov ax, 0 crosses it */
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_USER_CODE, 0xea, 0, 0, 0, 0, PM_FREE, 0);
    state.rip = PM_USER_CODE;
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, 0);
    g_assert_cmphex(fault.eip, ==, 4);
    g_assert_cmphex(fault.cs, ==, PM_FREE);
}

/* ---- looking at descriptors ---- */

typedef struct Probe {
    const char *name;
    uint32_t attributes;
    uint16_t selector;
    unsigned cpl;
    bool lar, lsl, verr, verw;
} Probe;

static bool probe(const Probe *item, uint8_t second, uint8_t modrm, uint64_t *result)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(item->cpl, PM_CODE);
    pm_set_segment(rig, PM_FREE, 0x12345678, 0x56789, item->attributes);
    PM_BYTES(rig, PM_CODE, 0x0f, second, modrm, INT3);
    state.gpr[CPU_AX] = item->selector;
    state.gpr[CPU_BX] = 0x55aa55aa;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    *result = fault.state.gpr[CPU_BX];
    if ((fault.eflags & CPU_FLAG_ZF) == 0) {
        g_assert_cmphex(*result, ==, 0x55aa55aa);
    }
    return fault.eflags & CPU_FLAG_ZF;
}

static void run_probe(const Probe *item)
{
    uint64_t result;
    bool wide = item->attributes & PM_PAGES;
    g_test_message("%s", item->name);
    g_assert_cmpint(probe(item, 0x02, 0xd8, &result), ==, item->lar);
    if (item->lar) {
        g_assert_cmphex(result & 0xf0ff00, ==, item->attributes << 8);
    }
    g_assert_cmpint(probe(item, 0x03, 0xd8, &result), ==, item->lsl);
    if (item->lsl) {
        g_assert_cmphex(result, ==, wide ? 0x56789fff : 0x56789);
    }
    g_assert_cmpint(probe(item, 0x00, 0xe0, &result), ==, item->verr);
    g_assert_cmpint(probe(item, 0x00, 0xe8, &result), ==, item->verw);
}

static void test_probes(void)
{
    static const Probe PROBES[] = {
        {"writable", PM_WRITABLE, PM_FREE, 0, true, true, true, true},
        {"writable, in pages", PM_WRITABLE | PM_FLAT, PM_FREE, 0, true, true, true, true},
        {"read-only", PM_READ_ONLY, PM_FREE, 0, true, true, true, false},
        {"readable code", PM_READABLE, PM_FREE, 0, true, true, true, false},
        {"execute-only", PM_EXECUTE, PM_FREE, 0, true, true, false, false},
        {"ring 0's from ring 3", PM_WRITABLE, PM_FREE, 3, false, false, false, false},
        {"requested level 3", PM_WRITABLE, PM_FREE + 3, 0, false, false, false, false},
        {"conforming from ring 3", PM_CONFORMING, PM_FREE + 3, 3, true, true, true, false},
        {"absent", PM_WRITABLE - PM_ABSENT, PM_FREE, 0, true, true, true, true},
        {"a TSS", PM_TSS_FREE, PM_FREE, 0, true, true, false, false},
        {"a busy TSS", PM_TSS_BUSY, PM_FREE, 0, true, true, false, false},
        {"an LDT", PM_LDT_TYPE, PM_FREE, 0, true, true, false, false},
        {"a call gate", PM_CALL_GATE, PM_FREE, 0, true, false, false, false},
        {"a 16-bit call gate", PM_CALL_GATE16, PM_FREE, 0, true, false, false, false},
        {"a task gate", PM_TASK_GATE, PM_FREE, 0, true, false, false, false},
        {"an interrupt gate", PM_INT_GATE, PM_FREE, 0, false, false, false, false},
        {"a reserved type", 0x80, PM_FREE, 0, false, false, false, false},
        {"null", PM_WRITABLE, 0, 0, false, false, false, false},
        {"beyond the GDT", PM_WRITABLE, PM_GDT_ENTRIES * 8, 0, false, false, false, false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(PROBES); i++) {
        run_probe(&PROBES[i]);
    }
}

/* ---- LDTR and TR ---- */

static void run_system_load(const SegmentLoad *load, uint8_t modrm)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(load->cpl, PM_CODE);
    if (load->attributes != 0) {
        pm_set_segment(rig, load->selector, PM_DATA, 0x6f, load->attributes);
    }
    PM_BYTES(rig, PM_CODE, 0x0f, 0x00, modrm, INT3);
    state.gpr[CPU_AX] = load->selector;
    g_test_message("%s", load->name);
    pm_expect(rig, &state, load->vector, load->error);
}

static void test_lldt(void)
{
    static const SegmentLoad LOADS[] = {
        {"null", 0, 0, 0, DONE, 0},
        {"an LDT", PM_FREE, PM_LDT_TYPE, 0, DONE, 0},
        {"at ring 3", PM_FREE, PM_LDT_TYPE, 3, VECTOR_GP, 0},
        {"absent", PM_FREE, PM_LDT_TYPE - PM_ABSENT, 0, VECTOR_NP, PM_FREE},
        {"a TSS", PM_FREE, PM_TSS_FREE, 0, VECTOR_GP, PM_FREE},
        {"data", PM_FREE, PM_WRITABLE, 0, VECTOR_GP, PM_FREE},
        {"in the LDT", LDT_ENTRY, PM_LDT_TYPE, 0, VECTOR_GP, LDT_ENTRY},
        {"beyond the GDT", PM_GDT_ENTRIES * 8, 0, 0, VECTOR_GP, PM_GDT_ENTRIES * 8},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(LOADS); i++) {
        run_system_load(&LOADS[i], 0xd0);
    }
}

static void test_ltr(void)
{
    static const SegmentLoad LOADS[] = {
        {"null", 0, 0, 0, VECTOR_GP, 0},
        {"a TSS", PM_FREE, PM_TSS_FREE, 0, DONE, 0},
        {"a 16-bit TSS", PM_FREE, PM_TSS16_FREE, 0, DONE, 0},
        {"at ring 3", PM_FREE, PM_TSS_FREE, 3, VECTOR_GP, 0},
        {"busy", PM_FREE, PM_TSS_BUSY, 0, VECTOR_GP, PM_FREE},
        {"absent", PM_FREE, PM_TSS_FREE - PM_ABSENT, 0, VECTOR_NP, PM_FREE},
        {"an LDT", PM_FREE, PM_LDT_TYPE, 0, VECTOR_GP, PM_FREE},
        {"in the LDT", LDT_ENTRY, PM_TSS_FREE, 0, VECTOR_GP, LDT_ENTRY},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(LOADS); i++) {
        run_system_load(&LOADS[i], 0xd8);
    }
}

static void test_ltr_marks_the_tss_busy(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x00, 0xd8, 0x0f, 0x00, 0xcb, INT3); /* ltr ax; str ebx */
    state.gpr[CPU_AX] = PM_TSS2_SELECTOR;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, PM_TSS2_SELECTOR);
    g_assert_cmphex(fault.state.segment[CPU_TR].base, ==, PM_TSS2);
    g_assert_cmphex(pm_get_gdt(rig, PM_TSS2_SELECTOR) >> 40 & 0xff, ==, PM_TSS_BUSY);
}

static void test_null_ldt_has_no_entries(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_set_segment(rig, LDT_ENTRY, PM_DATA, 0xff, PM_WRITABLE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x00, 0xd3, MOV_DS_AX, INT3); /* lldt bx */
    state.gpr[CPU_AX] = LDT_ENTRY;
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, LDT_ENTRY);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/segments/" #name, test_##name)
    TEST(data_segment_load);
    TEST(stack_segment_load);
    TEST(code_segment_is_not_for_mov);
    TEST(loading_marks_the_descriptor_accessed);
    TEST(refused_load_leaves_everything);
    TEST(far_jump);
    TEST(far_jump_beyond_the_limit);
    TEST(limits_and_rights);
    TEST(null_segment_faults_when_used);
    TEST(stack_limit_raises_stack_fault);
    TEST(fetch_beyond_the_limit);
    TEST(probes);
    TEST(lldt);
    TEST(ltr);
    TEST(ltr_marks_the_tss_busy);
    TEST(null_ldt_has_no_entries);
    return g_test_run();
}
