/*
 * How x87, MMX and SSE instructions behave under the control of the system
 * (#NM, #UD, #MF, #XM), and the layouts of their state in memory.  See Intel
 * SDM, volume 3, chapter "System Programming for Instruction Set Extensions";
 * volume 1, figures 8-9 to 8-12 and the table of the FXSAVE area.
 */
#include "tests/unit/interp/fpu_image.h"
#include "tests/unit/interp/interp_protected.h"

#define CR0_EM_TS   (CPU_CR0_EM | CPU_CR0_TS)
#define CR4_SSE     (FPU_CR4_OSFXSR | FPU_CR4_OSXMMEXCPT)
#define NO_VECTOR   256u
#define ONE_ST      "\0\0\0\0\0\0\0\x80\xff\x3f"
#define MASK_ALL    0x3fu
#define FSW_IE      0x0001u
#define FSW_ZE      0x0004u
#define FSW_SF      0x0040u
#define FSW_ES      0x8080u
#define FSW_C1      0x0200u
#define MXCSR_NO_ZM 0x1d80u

/* ---- one instruction ---- */

static CpuState fpu_state(void)
{
    CpuState state = pm_state(0, PM_CODE);
    state.cr0 |= CPU_CR0_NE;
    state.cr4 |= CR4_SSE;
    state.gpr[CPU_BX] = PM_DATA;
    return state;
}

/* Executes one instruction and returns the vector that it raised. */
static unsigned step_one(Rig *rig, const CpuState *state, const uint8_t *code, size_t size)
{
    InterpException was, now;
    rig_write(rig, PM_CODE, code, size);
    rig_set(rig, state);
    interp_last_exception(rig->vcpu, &was);
    rig_step(rig, 1);
    interp_last_exception(rig->vcpu, &now);
    return now.count == was.count ? NO_VECTOR : now.vector;
}

#define STEP(rig, state, ...)                                                                      \
    step_one(rig, state, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* ---- what the system refuses ---- */

static void test_em_and_ts_make_an_x87_instruction_raise_nm(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0xe8), ==, NO_VECTOR);
    state.cr0 |= CPU_CR0_TS;
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0xe8), ==, VECTOR_NM);
    g_assert_cmpuint(STEP(rig, &state, 0xdb, 0xe3), ==, VECTOR_NM);
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0x03), ==, VECTOR_NM);
    state.cr0 = (state.cr0 & ~(uint64_t)CPU_CR0_TS) | CPU_CR0_EM;
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0xe8), ==, VECTOR_NM);
    g_assert_cmpuint(STEP(rig, &state, 0xdf, 0xe0), ==, VECTOR_NM);
}

static void test_fwait_raises_nm_with_mp_and_ts_alone(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    state.cr0 = (state.cr0 & ~(uint64_t)CPU_CR0_MP) | CR0_EM_TS;
    g_assert_cmpuint(STEP(rig, &state, 0x9b), ==, NO_VECTOR);
    state.cr0 |= CPU_CR0_MP;
    g_assert_cmpuint(STEP(rig, &state, 0x9b), ==, VECTOR_NM);
    state.cr0 &= ~(uint64_t)CPU_CR0_TS;
    g_assert_cmpuint(STEP(rig, &state, 0x9b), ==, NO_VECTOR);
}

static void test_em_makes_mmx_and_sse_undefined_and_ts_raises_nm(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    state.cr0 |= CPU_CR0_TS;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xfc, 0xc1), ==, VECTOR_NM);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x58, 0xc1), ==, VECTOR_NM);
    state.cr0 |= CPU_CR0_EM;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xfc, 0xc1), ==, VECTOR_UD);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x58, 0xc1), ==, VECTOR_UD);
}

static void test_sse_needs_osfxsr_and_mmx_does_not(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    state.cr4 &= ~(uint64_t)FPU_CR4_OSFXSR;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x58, 0xc1), ==, VECTOR_UD);
    g_assert_cmpuint(STEP(rig, &state, 0x66, 0x0f, 0xfc, 0xc1), ==, VECTOR_UD);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x13), ==, VECTOR_UD);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xfc, 0xc1), ==, NO_VECTOR);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x03), ==, NO_VECTOR);
}

static void test_a_pending_exception_raises_mf_at_the_next_waiting_instruction(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    fpu_put16(&state, FPU_CONTROL, 0x37f & ~FSW_ZE);
    fpu_put16(&state, FPU_STATUS, FSW_ZE);
    g_assert_cmpuint(STEP(rig, &state, 0x9b), ==, FPU_VECTOR_MF);
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0xe8), ==, FPU_VECTOR_MF);
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0x03), ==, FPU_VECTOR_MF);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x77), ==, FPU_VECTOR_MF);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xfc, 0xc1), ==, FPU_VECTOR_MF);
    /* SSE instructions, and x87 instructions that do not wait, raise nothing. */
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x58, 0xc1), ==, NO_VECTOR);
    g_assert_cmpuint(STEP(rig, &state, 0xdf, 0xe0), ==, NO_VECTOR);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX] & 0xffff, ==, FSW_ES | FSW_ZE);
    g_assert_cmpuint(STEP(rig, &state, 0xdb, 0xe2), ==, NO_VECTOR);
    CpuState after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 0);
}

static void test_an_unmasked_exception_leaves_the_operands(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    fpu_put16(&state, FPU_CONTROL, 0x37f & ~FSW_ZE);
    fpu_put16(&state, FPU_STATUS, 6u << 11);
    state.fxsave[FPU_TAGS] = 0xc0;
    memcpy(fpu_st(&state, 1), ONE_ST, 10);
    /* FDIVRP: 1 / 0 */
    g_assert_cmpuint(STEP(rig, &state, 0xde, 0xf9), ==, NO_VECTOR);
    CpuState after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 6u << 11 | FSW_ES | FSW_ZE);
    g_assert_cmpmem(fpu_st(&after, 1), 10, ONE_ST, 10);
    g_assert_cmphex(after.fxsave[FPU_TAGS], ==, 0xc0);
    /* A masked exception gives infinity, and the instruction pops. */
    fpu_put16(&state, FPU_CONTROL, 0x37f);
    STEP(rig, &state, 0xde, 0xf9);
    after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 7u << 11 | FSW_ZE);
    g_assert_cmpmem(fpu_st(&after, 0), 10, "\0\0\0\0\0\0\0\x80\xff\x7f", 10);
}

static void test_stack_faults_tell_their_direction_in_c1(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    /* FSTP of an empty register stores the indefinite value. */
    g_assert_cmpuint(STEP(rig, &state, 0xdb, 0x3b), ==, NO_VECTOR);
    CpuState after = rig_get(rig);
    uint8_t stored[10];
    rig_read(rig, PM_DATA, stored, sizeof(stored));
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 1u << 11 | FSW_IE | FSW_SF);
    g_assert_cmpmem(stored, 10, "\0\0\0\0\0\0\0\xc0\xff\xff", 10);
    /* A push to a stack of eight values. */
    state.fxsave[FPU_TAGS] = 0xff;
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0xe8), ==, NO_VECTOR);
    after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 7u << 11 | FSW_IE | FSW_SF | FSW_C1);
}

static void test_an_unmasked_sse_exception_raises_xm_before_the_result(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    const float one = 1;
    memcpy(fpu_xmm(&state, 0), &one, sizeof(one));
    fpu_put32(&state, FPU_MXCSR, MXCSR_NO_ZM);
    /* DIVSS: 1 / 0 */
    g_assert_cmpuint(STEP(rig, &state, 0xf3, 0x0f, 0x5e, 0xc1), ==, FPU_VECTOR_XM);
    CpuState after = rig_get(rig);
    g_assert_cmpmem(fpu_xmm(&after, 0), 4, &one, 4);
    g_assert_cmphex(fpu_get32(&after, FPU_MXCSR), ==, MXCSR_NO_ZM | FSW_ZE);
    state.cr4 &= ~(uint64_t)FPU_CR4_OSXMMEXCPT;
    g_assert_cmpuint(STEP(rig, &state, 0xf3, 0x0f, 0x5e, 0xc1), ==, VECTOR_UD);
}

static void test_a_misaligned_operand_of_sixteen_bytes_raises_gp(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    state.gpr[CPU_BX] = PM_DATA + 8;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x28, 0x03), ==, VECTOR_GP);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x29, 0x03), ==, VECTOR_GP);
    g_assert_cmpuint(STEP(rig, &state, 0x66, 0x0f, 0xfc, 0x03), ==, VECTOR_GP);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x03), ==, VECTOR_GP);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x10, 0x03), ==, NO_VECTOR);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x11, 0x03), ==, NO_VECTOR);
    g_assert_cmpuint(STEP(rig, &state, 0xf3, 0x0f, 0x58, 0x03), ==, NO_VECTOR);
}

static void test_a_store_over_two_pages_writes_nothing_if_one_is_absent(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    state.cr4 |= CR4_SSE;
    state.gpr[CPU_BX] = PM_TARGET - 8;
    memset(fpu_xmm(&state, 0), 0x55, 16);
    pm_set_pte(rig, PM_TARGET, 0);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x11, 0x03), ==, VECTOR_PF);
    g_assert_cmphex(rig_get(rig).cr2, ==, PM_TARGET);
    g_assert_cmphex(rig_read32(rig, PM_TARGET - 8), ==, 0);
}

/* ---- MMX and x87 ---- */

static void test_mmx_uses_the_fractions_and_fills_the_stack(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    fpu_put16(&state, FPU_STATUS, 3u << 11);
    rig_write64(rig, PM_DATA, UINT64_C(0x1122334455667788));
    /* MOVQ MM2, [EBX] */
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x6f, 0x13), ==, NO_VECTOR);
    CpuState after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 0);
    g_assert_cmphex(after.fxsave[FPU_TAGS], ==, 0xff);
    g_assert_cmpmem(fpu_st(&after, 2), 10, "\x88\x77\x66\x55\x44\x33\x22\x11\xff\xff", 10);
    after.rip = PM_CODE;
    g_assert_cmpuint(STEP(rig, &after, 0x0f, 0x77), ==, NO_VECTOR);
    g_assert_cmphex(rig_get(rig).fxsave[FPU_TAGS], ==, 0);
}

/* ---- layouts ---- */

#define OPERAND 0x12344u

/* Executes FSTP m32 at CS:PM_CODE, with an operand after it, so that all pointers are known. */
static CpuState after_a_store(Rig *rig, const CpuState *before)
{
    CpuState state = *before;
    state.gpr[CPU_BX] = OPERAND;
    fpu_put16(&state, FPU_STATUS, 7u << 11);
    state.fxsave[FPU_TAGS] = 0x80;
    memcpy(fpu_st(&state, 0), ONE_ST, 10);
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0x13), ==, NO_VECTOR);
    state = rig_get(rig);
    state.rip = PM_CODE;
    state.gpr[CPU_BX] = PM_DATA;
    return state;
}

static void expect_words(Rig *rig, const uint16_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmphex(rig_read16(rig, PM_DATA + 2 * i), ==, words[i]);
    }
}

static void test_fsave_in_protected_mode_stores_selectors(void)
{
    static const uint16_t WIDE[] = {0x037f, 0xffff, 0x3800, 0xffff, 0x3fff, 0xffff, 0x0000,
                                    0x0001, 0x0008, 0x0113, 0x2344, 0x0001, 0x0010, 0xffff};
    static const uint16_t NARROW[] = {0x037f, 0x3800, 0x3fff, 0x0000, 0x0008, 0x2344, 0x0010};
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    CpuState stored = after_a_store(rig, &state);
    STEP(rig, &stored, 0xdd, 0x33);
    expect_words(rig, WIDE, G_N_ELEMENTS(WIDE));
    CpuState after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_CONTROL), ==, 0x37f);
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 0);
    g_assert_cmphex(after.fxsave[FPU_TAGS], ==, 0);
    STEP(rig, &stored, 0x66, 0xdd, 0x33);
    expect_words(rig, NARROW, G_N_ELEMENTS(NARROW));
    /* The registers follow it, and FRSTOR loads all of it. */
    uint8_t st0[10];
    rig_read(rig, PM_DATA + 14, st0, sizeof(st0));
    g_assert_cmpmem(st0, 10, ONE_ST, 10);
    after = rig_get(rig);
    after.rip = PM_CODE;
    STEP(rig, &after, 0x66, 0xdd, 0x23);
    after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_STATUS), ==, 0x3800);
    g_assert_cmpmem(fpu_st(&after, 0), 10, ONE_ST, 10);
    g_assert_cmphex(fpu_get32(&after, FPU_OPERAND), ==, 0x2344);
    g_assert_cmphex(fpu_get16(&after, FPU_OPERAND_SELECTOR), ==, 0x10);
}

static CpuState real_state(void)
{
    CpuState state;
    cpu_state_reset(&state);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state.segment[i] = rig_real_segment(0);
    }
    state.segment[CPU_CS] = rig_real_segment(PM_CODE >> 4);
    state.segment[CPU_DS] = rig_real_segment(0x1000);
    state.rip = 0;
    state.cr0 |= CPU_CR0_NE;
    fpu_put16(&state, FPU_STATUS, 7u << 11);
    state.fxsave[FPU_TAGS] = 0x80;
    memcpy(fpu_st(&state, 0), ONE_ST, 10);
    state.gpr[CPU_BX] = 0x2344;
    state.gpr[CPU_SI] = 0x4000;
    return state;
}

#define REAL_DATA 0x14000u

static void test_fsave_in_real_mode_stores_linear_addresses(void)
{
    static const uint16_t WIDE[] = {0x037f, 0xffff, 0x3800, 0xffff, 0x3fff, 0xffff, 0x0000,
                                    0xffff, 0x1117, 0x0000, 0x2344, 0xffff, 0x1000, 0x0000};
    static const uint16_t NARROW[] = {0x037f, 0x3800, 0x3fff, 0x0000, 0x1117, 0x2344, 0x1000};
    g_autoptr(Rig) rig = pm_new();
    CpuState state = real_state();
    /* FST dword [bx] */
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0x17), ==, NO_VECTOR);
    state = rig_get(rig);
    state.rip = 0;
    g_assert_cmpuint(STEP(rig, &state, 0xd9, 0x34), ==, NO_VECTOR);
    for (unsigned i = 0; i < G_N_ELEMENTS(NARROW); i++) {
        g_assert_cmphex(rig_read16(rig, REAL_DATA + 2 * i), ==, NARROW[i]);
    }
    g_assert_cmpuint(STEP(rig, &state, 0x66, 0xd9, 0x34), ==, NO_VECTOR);
    for (unsigned i = 0; i < G_N_ELEMENTS(WIDE); i++) {
        g_assert_cmphex(rig_read16(rig, REAL_DATA + 2 * i), ==, WIDE[i]);
    }
    /* FNSTENV masks all exceptions. */
    CpuState after = rig_get(rig);
    g_assert_cmphex(fpu_get16(&after, FPU_CONTROL) & MASK_ALL, ==, MASK_ALL);
}

static void test_fxsave_stores_what_fxrstor_loads(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state(), stored;
    stored = after_a_store(rig, &state);
    for (unsigned i = 0; i < 8; i++) {
        memset(fpu_xmm(&stored, i), 0x10 + (int)i, 16);
    }
    rig_fill(rig, PM_DATA, 0xee, 512);
    g_assert_cmpuint(STEP(rig, &stored, 0x0f, 0xae, 0x03), ==, NO_VECTOR);
    g_assert_cmphex(rig_read16(rig, PM_DATA + FPU_STATUS), ==, 0x3800);
    g_assert_cmphex(rig_read8(rig, PM_DATA + FPU_TAGS), ==, 0x80);
    g_assert_cmphex(rig_read16(rig, PM_DATA + FPU_OPCODE), ==, 0x113);
    g_assert_cmphex(rig_read32(rig, PM_DATA + FPU_OPERAND), ==, OPERAND);
    g_assert_cmphex(rig_read32(rig, PM_DATA + FPU_OPERAND_SELECTOR), ==, PM_DATA0);
    g_assert_cmphex(rig_read32(rig, PM_DATA + 28), ==, 0xffff);
    g_assert_cmphex(rig_read8(rig, PM_DATA + FPU_XMM + 7 * 16), ==, 0x17);
    /* 32-bit code does not write XMM8 to XMM15, nor the bytes for software at the end. */
    g_assert_cmphex(rig_read8(rig, PM_DATA + FPU_XMM + 8 * 16), ==, 0xee);
    g_assert_cmphex(rig_read8(rig, PM_DATA + 511), ==, 0xee);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x0b), ==, NO_VECTOR);
    CpuState after = rig_get(rig);
    g_assert_cmpmem(after.fxsave, 288, stored.fxsave, 288);
    rig_write32(rig, PM_DATA + FPU_MXCSR, 0x10000);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x0b), ==, VECTOR_GP);
}

static void test_ldmxcsr_refuses_reserved_bits(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    rig_write32(rig, PM_DATA, 0xffff);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x13), ==, NO_VECTOR);
    CpuState after = rig_get(rig);
    g_assert_cmphex(fpu_get32(&after, FPU_MXCSR), ==, 0xffff);
    after.rip = PM_CODE;
    g_assert_cmpuint(STEP(rig, &after, 0x0f, 0xae, 0x1b), ==, NO_VECTOR);
    g_assert_cmphex(rig_read32(rig, PM_DATA), ==, 0xffff);
    rig_write32(rig, PM_DATA, 0x1ffff);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x13), ==, VECTOR_GP);
}

/* ---- XSAVE ---- */

#define CR4_OSXSAVE  (1u << 18)
#define XSAVE_HEADER 512u

static CpuState xsave_state(uint32_t components)
{
    CpuState state = fpu_state();
    state.cr4 |= CR4_OSXSAVE;
    state.xcr0 = 3;
    state.gpr[CPU_AX] = components;
    memset(fpu_xmm(&state, 1), 0x77, 16);
    memcpy(fpu_st(&state, 0), ONE_ST, 10);
    state.fxsave[FPU_TAGS] = 1;
    return state;
}

static void test_xsave_stores_the_components_that_are_asked_for(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = xsave_state(2);
    rig_fill(rig, PM_DATA, 0, 576);
    rig_fill(rig, PM_DATA, 0xee, 160);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x23), ==, NO_VECTOR);
    g_assert_cmphex(rig_read8(rig, PM_DATA + FPU_XMM + 16), ==, 0x77);
    g_assert_cmphex(rig_read32(rig, PM_DATA + FPU_MXCSR), ==, 0x1f80);
    g_assert_cmphex(rig_read8(rig, PM_DATA + FPU_ST + 7), ==, 0xee);
    g_assert_cmphex(rig_read32(rig, PM_DATA + XSAVE_HEADER), ==, 2);
    state.gpr[CPU_AX] = 3;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x23), ==, NO_VECTOR);
    g_assert_cmphex(rig_read8(rig, PM_DATA + FPU_ST + 7), ==, 0x80);
    g_assert_cmphex(rig_read32(rig, PM_DATA + XSAVE_HEADER), ==, 3);
}

static void test_xrstor_initializes_what_the_header_does_not_have(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = xsave_state(3);
    rig_fill(rig, PM_DATA, 0, 576);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x23), ==, NO_VECTOR);
    rig_write32(rig, PM_DATA + XSAVE_HEADER, 1);
    rig_write32(rig, PM_DATA + FPU_MXCSR, 0x3f80);
    CpuState other = xsave_state(3);
    memset(other.fxsave + FPU_ST, 0x99, 10);
    g_assert_cmpuint(STEP(rig, &other, 0x0f, 0xae, 0x2b), ==, NO_VECTOR);
    CpuState after = rig_get(rig);
    g_assert_cmpmem(fpu_st(&after, 0), 10, ONE_ST, 10);
    g_assert_cmphex(fpu_xmm(&after, 1)[0], ==, 0);
    g_assert_cmphex(fpu_get32(&after, FPU_MXCSR), ==, 0x3f80);
}

static void test_xrstor_refuses_a_header_that_it_does_not_know(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = xsave_state(3);
    rig_fill(rig, PM_DATA, 0, 576);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x2b), ==, NO_VECTOR);
    rig_write32(rig, PM_DATA + XSAVE_HEADER, 4);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x2b), ==, VECTOR_GP);
    rig_write64(rig, PM_DATA + XSAVE_HEADER, 0);
    rig_write64(rig, PM_DATA + XSAVE_HEADER + 8, UINT64_C(1) << 63);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x2b), ==, VECTOR_GP);
    rig_write64(rig, PM_DATA + XSAVE_HEADER + 8, 0);
    rig_write32(rig, PM_DATA + FPU_MXCSR, 0x10000);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x2b), ==, VECTOR_GP);
    state.gpr[CPU_BX] = PM_DATA + 16;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x23), ==, VECTOR_GP);
}

static void test_xsetbv_takes_x87_with_or_without_sse(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = xsave_state(1);
    state.gpr[CPU_CX] = state.gpr[CPU_DX] = 0;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x01, 0xd1), ==, NO_VECTOR);
    g_assert_cmphex(rig_get(rig).xcr0, ==, 1);
    state.gpr[CPU_AX] = 2;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x01, 0xd1), ==, VECTOR_GP);
    state.gpr[CPU_AX] = 7;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x01, 0xd1), ==, VECTOR_GP);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x01, 0xd0), ==, NO_VECTOR);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 3);
    state.gpr[CPU_CX] = 1;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x01, 0xd0), ==, VECTOR_GP);
    state.cr4 &= ~(uint64_t)CR4_OSXSAVE;
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0x01, 0xd0), ==, VECTOR_UD);
    g_assert_cmpuint(STEP(rig, &state, 0x0f, 0xae, 0x23), ==, VECTOR_UD);
}

/* ---- VEX ---- */

static void test_vex_is_undefined_outside_protected_mode_and_les_with_memory(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = fpu_state();
    state.gpr[CPU_CX] = 0xff;
    state.gpr[CPU_DX] = 0x0f;
    /* ANDN EAX, EDX, ECX */
    g_assert_cmpuint(STEP(rig, &state, 0xc4, 0xe2, 0x68, 0xf2, 0xc1), ==, NO_VECTOR);
    g_assert_cmphex(rig_get(rig).gpr[CPU_AX], ==, 0xf0);
    g_assert_cmpuint(STEP(rig, &state, 0x66, 0xc4, 0xe2, 0x68, 0xf2, 0xc1), ==, VECTOR_UD);
    g_assert_cmpuint(STEP(rig, &state, 0xc4, 0xe2, 0x6c, 0xf2, 0xc1), ==, VECTOR_UD);
    CpuState real = real_state();
    g_assert_cmpuint(STEP(rig, &real, 0xc4, 0xe2, 0x68, 0xf2, 0xc1), ==, VECTOR_UD);
    /* LES AX, [SI] */
    g_assert_cmpuint(STEP(rig, &real, 0xc4, 0x04), ==, NO_VECTOR);
}

#define TEST(name) g_test_add_func("/interp/fpu/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(em_and_ts_make_an_x87_instruction_raise_nm);
    TEST(fwait_raises_nm_with_mp_and_ts_alone);
    TEST(em_makes_mmx_and_sse_undefined_and_ts_raises_nm);
    TEST(sse_needs_osfxsr_and_mmx_does_not);
    TEST(a_pending_exception_raises_mf_at_the_next_waiting_instruction);
    TEST(an_unmasked_exception_leaves_the_operands);
    TEST(stack_faults_tell_their_direction_in_c1);
    TEST(an_unmasked_sse_exception_raises_xm_before_the_result);
    TEST(a_misaligned_operand_of_sixteen_bytes_raises_gp);
    TEST(a_store_over_two_pages_writes_nothing_if_one_is_absent);
    TEST(mmx_uses_the_fractions_and_fills_the_stack);
    TEST(fsave_in_protected_mode_stores_selectors);
    TEST(fsave_in_real_mode_stores_linear_addresses);
    TEST(fxsave_stores_what_fxrstor_loads);
    TEST(ldmxcsr_refuses_reserved_bits);
    TEST(xsave_stores_the_components_that_are_asked_for);
    TEST(xrstor_initializes_what_the_header_does_not_have);
    TEST(xrstor_refuses_a_header_that_it_does_not_know);
    TEST(xsetbv_takes_x87_with_or_without_sse);
    TEST(vex_is_undefined_outside_protected_mode_and_les_with_memory);
    return g_test_run();
}
