/*
 * Control and debug registers, model-specific registers, CPUID, the time stamp
 * counter, and what the interface of accelerators refuses.
 */
#include "tests/unit/interp/interp_protected.h"

#include <string.h>

#define INT3 0xcc
#define DONE VECTOR_BP

#define CR4_TSD 0x04u
#define CR4_PSE 0x10u
#define CR4_PAE 0x20u

#define MSR_TSC       0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_UNKNOWN   0x12345u

#define CPUID_FPU  (1u << 0)
#define CPUID_TSC  (1u << 4)
#define CPUID_MSR  (1u << 5)
#define CPUID_CX8  (1u << 8)
#define CPUID_CMOV (1u << 15)
#define CPUID_MMX  (1u << 23)
#define CPUID_SSE  (3u << 25)
#define CPUID_LM   (1u << 29) /* of 80000001h */

#define PAE_POINTERS  0x50000u
#define PAE_DIRECTORY 0x51000u
#define PAE_TABLE     0x52000u
#define ERROR_P       1u
#define ERROR_RSVD    8u

/* ---- reading and writing ---- */

static void test_control_registers_read_back(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.cr2 = 0x12345678;
    state.cr3 = 0x7000;
    state.cr4 = CR4_PSE;
    /* mov eax, cr0; mov ebx, cr2; mov ecx, cr3; mov edx, cr4 */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x20, 0xc0, 0x0f, 0x20, 0xd3, 0x0f, 0x20, 0xd9, 0x0f, 0x20, 0xe2,
             INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, state.cr0);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0x12345678);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0x7000);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, CR4_PSE);
}

/* Fixed bits keep their values whatever is written. */
static void test_debug_registers_have_fixed_bits(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    /* mov dr3, eax; mov dr6, eax; mov dr7, ebx; mov ecx, dr6; mov edx, dr7; mov esi, dr3 */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x23, 0xd8, 0x0f, 0x23, 0xf0, 0x0f, 0x23, 0xfb, 0x0f, 0x21, 0xf1,
             0x0f, 0x21, 0xfa, 0x0f, 0x21, 0xde, INT3);
    state.gpr[CPU_AX] = 0x0000800f;
    state.gpr[CPU_BX] = 0;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0xffff8fff);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, 0x400);
    g_assert_cmphex(fault.state.gpr[CPU_SI], ==, 0x800f);
}

/* SMSW, SLDT and STR store a word in memory, and in a register as much as the operand size says. */
static void test_store_instructions(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    rig_fill(rig, PM_DATA, 0x55, 16);
    /* smsw [esi]; sldt [esi+4]; str [esi+8]; smsw ax; sldt bx; str cx; sldt edx; str edi */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x01, 0x26, 0x0f, 0x00, 0x46, 0x04, 0x0f, 0x00, 0x4e, 0x08, 0x66,
             0x0f, 0x01, 0xe0, 0x66, 0x0f, 0x00, 0xc3, 0x66, 0x0f, 0x00, 0xc9, 0x0f, 0x00, 0xc2,
             0x0f, 0x00, 0xcf, INT3);
    state.gpr[CPU_SI] = PM_DATA;
    state.gpr[CPU_AX] = state.gpr[CPU_BX] = state.gpr[CPU_CX] = 0xaaaa0000;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig_read32(rig, PM_DATA), ==, 0x55550000 | (state.cr0 & 0xffff));
    g_assert_cmphex(rig_read32(rig, PM_DATA + 4), ==, 0x55550000 | PM_LDT_SELECTOR);
    g_assert_cmphex(rig_read32(rig, PM_DATA + 8), ==, 0x55550000 | PM_TSS_SELECTOR);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0xaaaa0000 | (state.cr0 & 0xffff));
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, 0xaaaa0000 | PM_LDT_SELECTOR);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0xaaaa0000 | PM_TSS_SELECTOR);
    g_assert_cmphex(fault.state.gpr[CPU_DX] & 0xffff, ==, PM_LDT_SELECTOR);
    g_assert_cmphex(fault.state.gpr[CPU_DI] & 0xffff, ==, PM_TSS_SELECTOR);
}

static void test_lmsw_from_memory(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x01, 0x36, INT3); /* lmsw [esi] */
    rig_write16(rig, PM_DATA, CPU_CR0_EM);
    state.gpr[CPU_SI] = PM_DATA;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.cr0 & 0xf, ==, CPU_CR0_PE | CPU_CR0_EM);
}

/* LGDT and LIDT with a 16-bit operand use 24 bits of the base. */
static void test_descriptor_table_registers(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    /* sgdt [esi]; lgdt [esi]; sidt [esi+8]; o16 lidt [esi+16] */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x01, 0x06, 0x0f, 0x01, 0x16, 0x0f, 0x01, 0x4e, 0x08, 0x66, 0x0f,
             0x01, 0x5e, 0x10, 0xf4);
    rig_write16(rig, PM_DATA + 0x10, 0x7ff);
    rig_write32(rig, PM_DATA + 0x12, 0xff000000 | PM_IDT);
    state.gpr[CPU_SI] = PM_DATA;
    rig_set(rig, &state);
    g_assert_cmpint(rig_run(rig, 10), ==, VCPU_HALTED_DEAD);
    CpuState after = rig_get(rig);
    g_assert_cmphex(rig_read16(rig, PM_DATA), ==, PM_GDT_ENTRIES * 8 - 1);
    g_assert_cmphex(rig_read32(rig, PM_DATA + 2), ==, PM_GDT);
    g_assert_cmphex(rig_read32(rig, PM_DATA + 10), ==, PM_IDT);
    g_assert_cmphex(after.gdtr.base, ==, PM_GDT);
    g_assert_cmphex(after.idtr.base, ==, PM_IDT);
    g_assert_cmphex(after.idtr.limit, ==, 0x7ff);
}

/* ---- PAE ---- */

static void fill_pae(Rig *rig)
{
    rig_write64(rig, PAE_POINTERS, PAE_DIRECTORY | 1);
    rig_write64(rig, PAE_DIRECTORY, PAE_TABLE | 7);
    for (unsigned i = 0; i < 512; i++) {
        rig_write64(rig, PAE_TABLE + 8 * i, i * PAGE_SIZE | 7);
    }
}

/* mov cr3, esi; mov cr4, ebx; mov cr0, eax; then a read through a page of its own. */
static void test_pae_is_turned_on(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    fill_pae(rig);
    rig_write64(rig, PAE_TABLE + 8 * (PM_USER_CODE >> 12), PM_DATA | 7);
    rig_write32(rig, PM_DATA, 0xcafef00d);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x22, 0xde, 0x0f, 0x22, 0xe3, 0x0f, 0x22, 0xc0, 0x8b, 0x0f, 0x0f,
             0x22, 0xde, 0x8b, 0x17, INT3);
    state.gpr[CPU_SI] = PAE_POINTERS;
    state.gpr[CPU_BX] = CR4_PAE;
    state.gpr[CPU_AX] = state.cr0 | CPU_CR0_PG;
    state.gpr[CPU_DI] = PM_USER_CODE;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0xcafef00d);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, 0xcafef00d);
}

/*
 * Paging changes from two levels to three while it is on.  With two levels, bits 5
 * to 11 of CR3 are ignored.  With three, they select four pointers in the page of
 * the directory.
 */
static void test_pae_is_turned_on_under_paging(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_identity_pages(rig);
    fill_pae(rig);
    rig_write64(rig, PM_DIRECTORY + 0x20, PAE_DIRECTORY | 1);
    rig_write64(rig, PAE_TABLE + 8 * (PM_USER_CODE >> 12), PM_DATA | 7);
    rig_write32(rig, PM_DATA, 0xcafef00d);
    pm_paging_on(&state);
    state.cr3 = PM_DIRECTORY + 0x20;
    PM_BYTES(rig, PM_CODE, 0x0f, 0x22, 0xe3, 0x8b, 0x0f, INT3); /* mov cr4, ebx; mov ecx, [edi] */
    state.gpr[CPU_BX] = CR4_PAE;
    state.gpr[CPU_DI] = PM_USER_CODE;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_CX], ==, 0xcafef00d);
}

static void test_reserved_bits_of_the_pointers(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    fill_pae(rig);
    pm_paging_on(&state);
    state.cr3 = PAE_POINTERS;
    state.cr4 = CR4_PAE;
    rig_write64(rig, PM_DATA, PAE_DIRECTORY | 7); /* R/W and U/S are reserved in this entry */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x22, 0xde, INT3);
    state.gpr[CPU_SI] = PM_DATA;
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    g_assert_cmphex(fault.state.cr3, ==, PAE_POINTERS);
}

static void test_reserved_bits_of_the_entries(void)
{
    static const uint64_t ENTRIES[] = {UINT64_C(1) << 62, UINT64_C(1) << 63};
    for (unsigned i = 0; i < G_N_ELEMENTS(ENTRIES); i++) {
        g_autoptr(Rig) rig = pm_new();
        CpuState state = pm_state(0, PM_CODE);
        fill_pae(rig);
        pm_paging_on(&state);
        state.cr3 = PAE_POINTERS;
        state.cr4 = CR4_PAE;
        state.gpr[CPU_SI] = PM_DATA;
        rig_write64(rig, PAE_TABLE + 8 * (PM_DATA >> 12), PM_DATA | 7 | ENTRIES[i]);
        PM_BYTES(rig, PM_CODE, 0x8b, 0x06, INT3);
        pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_RSVD);
        state.gpr[CPU_SI] = 0x200000;
        rig_write64(rig, PAE_DIRECTORY + 8, PAE_TABLE | 7 | ENTRIES[i]);
        pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_RSVD);
        rig_write64(rig, PAE_DIRECTORY + 8, 0x200000 | 0x87 | 0x2000); /* not aligned to 2 MiB */
        pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_RSVD);
    }
}

/* INVLPG inside a large page. */
static void test_invlpg_of_a_large_page(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    pm_identity_pages(rig);
    pm_paging_on(&state);
    state.cr4 = CR4_PSE;
    rig_write32(rig, PM_DIRECTORY + 8, 0x87);
    rig_write32(rig, PM_DATA, 0x11111111);
    /* mov eax, [esi]; mov dword [edi], 0; invlpg [esi + 0x1000]; mov ebx, [esi] */
    PM_BYTES(rig, PM_CODE, 0x8b, 0x06, 0xc7, 0x07, 0, 0, 0, 0, 0x0f, 0x01, 0xbe, 0x00, 0x10, 0, 0,
             0x8b, 0x1e, INT3);
    state.gpr[CPU_SI] = 0x800000 + PM_DATA;
    state.gpr[CPU_DI] = PM_DIRECTORY + 8;
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x11111111);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 15);
}

/* ---- MSRs, CPUID, time ---- */

static void test_model_specific_registers(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    /* wrmsr; xor eax, eax; xor edx, edx; rdmsr */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x30, 0x33, 0xc0, 0x33, 0xd2, 0x0f, 0x32, INT3);
    state.gpr[CPU_CX] = MSR_TSC;
    state.gpr[CPU_AX] = 0xfffffffe;
    state.gpr[CPU_DX] = 5;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, 6); /* a few instructions later */
    g_assert_cmphex(fault.state.gpr[CPU_AX], <, 0x10);
    state.gpr[CPU_CX] = MSR_APIC_BASE;
    state.gpr[CPU_AX] = 0xfee00900;
    state.gpr[CPU_DX] = 0;
    fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0xfee00900);
    state.gpr[CPU_CX] = MSR_UNKNOWN;
    fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX] | fault.state.gpr[CPU_DX], ==, 0);
    rig->accel->host.model.unknown_msr_faults = true;
    fault = pm_expect(rig, &state, VECTOR_GP, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
    state.rip = PM_CODE + 6;
    pm_expect(rig, &state, VECTOR_GP, 0);
}

#define MSR_MCG_CAP    0x179u
#define MSR_MC0_CTL    0x400u
#define MSR_MC0_STATUS 0x401u
#define MSR_MC9_MISC   0x427u
#define CR4_MCE        0x40u

/* Writes a register, whose number and value are in `state`, and reads it. */
static uint64_t written_and_read(Rig *rig, CpuState *state, uint32_t index, uint64_t value)
{
    state->gpr[CPU_CX] = index;
    state->gpr[CPU_AX] = (uint32_t)value;
    state->gpr[CPU_DX] = value >> 32;
    PmFault fault = pm_expect(rig, state, DONE, 0);
    return fault.state.gpr[CPU_DX] << 32 | fault.state.gpr[CPU_AX];
}

static void refused(Rig *rig, CpuState *state, uint32_t index, uint32_t value)
{
    state->gpr[CPU_CX] = index;
    state->gpr[CPU_AX] = value;
    state->gpr[CPU_DX] = 0;
    pm_expect(rig, state, VECTOR_GP, 0);
}

/* Firmware of UEFI sets CR4.MCE first of all. */
static void test_machine_checks_can_be_enabled(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    /* mov cr4, eax; mov ebx, cr4 */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x22, 0xe0, 0x0f, 0x20, 0xe3, INT3);
    state.gpr[CPU_AX] = CR4_MCE;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_BX], ==, CR4_MCE);
    /* wrmsr; xor eax, eax; xor edx, edx; rdmsr */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x30, 0x33, 0xc0, 0x33, 0xd2, 0x0f, 0x32, INT3);
    g_assert_cmphex(written_and_read(rig, &state, MSR_MC0_CTL, UINT64_MAX), ==, UINT64_MAX);
    g_assert_cmphex(written_and_read(rig, &state, MSR_MC0_CTL, ~UINT64_C(0x400)), ==,
                    ~UINT64_C(0x400));
    g_assert_cmphex(written_and_read(rig, &state, MSR_MC9_MISC, 0x1234), ==, 0x1234);
    g_assert_cmphex(written_and_read(rig, &state, MSR_MC0_STATUS, 0), ==, 0);
    refused(rig, &state, MSR_MC0_CTL, 2);
    refused(rig, &state, MSR_MC0_STATUS, 1);
    refused(rig, &state, MSR_MCG_CAP, 0);
}

static GString *msrs_told;

static void hear_of_msr(void *opaque, const char *message)
{
    (void)opaque;
    g_string_append_printf(msrs_told, "%s\n", message);
}

/* rdmsr; inc ecx; dec esi; jnz */
static void read_msrs(Rig *rig, uint32_t first, uint32_t count)
{
    CpuState state = pm_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0x32, 0x41, 0x4e, 0x75, 0xfa, INT3);
    state.gpr[CPU_CX] = first;
    state.gpr[CPU_SI] = count;
    pm_expect(rig, &state, DONE, 0);
}

static unsigned lines_told(void)
{
    g_auto(GStrv) lines = g_strsplit(msrs_told->str, "\n", -1);
    return g_strv_length(lines) - 1;
}

static void test_unknown_registers_are_reported_once_and_up_to_a_limit(void)
{
    g_autoptr(Rig) rig = pm_new();
    msrs_told = g_string_new(NULL);
    rig->accel->host.guest_error = hear_of_msr;
    read_msrs(rig, MSR_UNKNOWN, 1);
    g_assert_cmpstr(msrs_told->str, ==, "CPU 0: read of MSR 0x12345, which does not exist: 0\n");
    read_msrs(rig, MSR_UNKNOWN, 2);
    g_assert_cmpuint(lines_told(), ==, 2);
    read_msrs(rig, MSR_TSC, 1);
    g_assert_cmpuint(lines_told(), ==, 2);
    read_msrs(rig, MSR_UNKNOWN, 10 * ACCEL_UNKNOWN_MSRS);
    g_assert_cmpuint(lines_told(), ==, ACCEL_UNKNOWN_MSRS);
    g_assert_nonnull(strstr(msrs_told->str, "(further MSRs are not reported)"));
    g_string_free(msrs_told, TRUE);
}

static void test_time_stamp_counter(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    /* rdtsc; mov ebx, eax; nop; nop; rdtsc; sub eax, ebx */
    PM_BYTES(rig, PM_CODE, 0x0f, 0x31, 0x89, 0xc3, 0x90, 0x90, 0x0f, 0x31, 0x29, 0xd8, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmpuint(fault.state.gpr[CPU_AX], ==, 4);
    state.cr4 = CR4_TSD;
    pm_expect(rig, &state, VECTOR_GP, 0);
    CpuState inner = pm_state(0, PM_CODE);
    inner.cr4 = CR4_TSD;
    pm_expect(rig, &inner, DONE, 0);
}

static CpuState cpuid(Rig *rig, uint32_t leaf)
{
    CpuState state = pm_state(3, PM_CODE);
    PM_BYTES(rig, PM_CODE, 0x0f, 0xa2, INT3);
    state.gpr[CPU_AX] = leaf;
    return pm_expect(rig, &state, DONE, 0).state;
}

/* CPUID must not report features that do not exist. */
static void test_cpuid(void)
{
    g_autoptr(Rig) rig = pm_new();
    const uint32_t HAS =
        CPUID_TSC | CPUID_MSR | CPUID_CX8 | CPUID_CMOV | CPUID_FPU | CPUID_MMX | CPUID_SSE;
    g_assert_cmpuint(cpuid(rig, 0).gpr[CPU_AX], >=, 1);
    CpuState features = cpuid(rig, 1);
    g_assert_cmpuint(features.gpr[CPU_AX] >> 8 & 0xf, >=, 5);
    g_assert_cmphex(features.gpr[CPU_DX] & HAS, ==, HAS);
    g_assert_cmphex(cpuid(rig, 0x80000000).gpr[CPU_AX], >=, 0x80000008);
    g_assert_cmphex(cpuid(rig, 0x80000001).gpr[CPU_DX] & CPUID_LM, ==, CPUID_LM);
    /* 40 bits of physical addresses, 48 of linear ones. */
    g_assert_cmphex(cpuid(rig, 0x80000008).gpr[CPU_AX], ==, 0x3028);
}

#define CPUID7_CACHES (7u << 22) /* PCOMMIT, CLFLUSHOPT, CLWB */

static void test_instructions_for_caches(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    g_assert_cmphex(cpuid(rig, 7).gpr[CPU_BX] & CPUID7_CACHES, ==, CPUID7_CACHES);
    /* clflush [esi]; clflushopt [esi]; clwb [esi]; pcommit */
    PM_BYTES(rig, PM_CODE, 0x0f, 0xae, 0x3e, 0x66, 0x0f, 0xae, 0x3e, 0x66, 0x0f, 0xae, 0x36, 0x66,
             0x0f, 0xae, 0xf8, INT3);
    state.gpr[CPU_SI] = PM_DATA;
    pm_expect(rig, &state, DONE, 0);
}

/* ---- the seam ---- */

/* A state that was set can be read back, with shadows, masks and pending events. */
static void test_state_round_trip(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    state.interrupt_shadow = true;
    state.nmi_masked = true;
    state.rflags |= CPU_FLAG_IF | CPU_FLAG_AC | CPU_FLAG_CF;
    state.dr[2] = 0x1234;
    state.cr2 = 0x4321;
    for (unsigned i = 0; i < 8; i++) {
        state.gpr[i] = 0x11111111u * (i + 1);
    }
    rig_set(rig, &state);
    CpuState got = rig_get(rig);
    g_assert_cmpint(memcmp(got.gpr, state.gpr, sizeof(state.gpr)), ==, 0);
    g_assert_cmphex(got.rflags, ==, state.rflags);
    g_assert_cmphex(got.rip, ==, state.rip);
    g_assert_cmphex(got.dr[2], ==, 0x1234);
    g_assert_cmphex(got.cr2, ==, 0x4321);
    g_assert_true(got.interrupt_shadow);
    g_assert_true(got.nmi_masked);
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        g_assert_cmphex(got.segment[i].selector, ==, state.segment[i].selector);
        g_assert_cmphex(got.segment[i].base, ==, state.segment[i].base);
        g_assert_cmphex(got.segment[i].limit, ==, state.segment[i].limit);
        g_assert_cmphex(got.segment[i].attributes, ==, state.segment[i].attributes);
    }
}

/* An exception that was pending when the state was taken is delivered. */
static void test_pending_exception_is_delivered(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    state.exception_pending = true;
    state.exception_vector = VECTOR_GP;
    state.exception_has_error = true;
    state.exception_error = 0x18;
    PmFault fault = pm_expect(rig, &state, VECTOR_GP, 0x18);
    g_assert_cmphex(fault.eip, ==, PM_CODE);
}

static void test_pending_nmi_is_delivered(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(3, PM_CODE);
    state.nmi_pending = true;
    pm_expect(rig, &state, VECTOR_NMI, 0);
}

/* A state contains the A20 gate, which is set with it. */
static void test_a20_is_part_of_the_state(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pm_state(0, PM_CODE);
    state.a20 = false;
    PM_BYTES(rig, PM_CODE, 0x8a, 0x06, INT3); /* mov al, [esi] */
    rig_fill(rig, PM_DATA, 0x11, 1);
    rig_fill(rig, 0x100000 + PM_DATA, 0x22, 1);
    state.gpr[CPU_SI] = 0x100000 + PM_DATA;
    g_assert_cmphex(pm_expect(rig, &state, DONE, 0).state.gpr[CPU_AX], ==, 0x11);
    state.a20 = true;
    g_assert_cmphex(pm_expect(rig, &state, DONE, 0).state.gpr[CPU_AX], ==, 0x22);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/control/" #name, test_##name)
    TEST(control_registers_read_back);
    TEST(debug_registers_have_fixed_bits);
    TEST(store_instructions);
    TEST(lmsw_from_memory);
    TEST(descriptor_table_registers);
    TEST(pae_is_turned_on);
    TEST(pae_is_turned_on_under_paging);
    TEST(reserved_bits_of_the_pointers);
    TEST(reserved_bits_of_the_entries);
    TEST(invlpg_of_a_large_page);
    TEST(model_specific_registers);
    TEST(machine_checks_can_be_enabled);
    TEST(unknown_registers_are_reported_once_and_up_to_a_limit);
    TEST(time_stamp_counter);
    TEST(cpuid);
    TEST(instructions_for_caches);
    TEST(state_round_trip);
    TEST(pending_exception_is_delivered);
    TEST(pending_nmi_is_delivered);
    TEST(a20_is_part_of_the_state);
    return g_test_run();
}
