/* What each ring may do: privileged instructions, ports and flags. */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP

static void test_privileged_instructions(void)
{
    static const uint8_t CODE[][4] = {
        {0xf4, INT3},             /* hlt */
        {0x0f, 0x06, INT3},       /* clts */
        {0x0f, 0x08, INT3},       /* invd */
        {0x0f, 0x09, INT3},       /* wbinvd */
        {0x0f, 0x20, 0xc0, INT3}, /* mov eax, cr0 */
        {0x0f, 0x22, 0xc0, INT3}, /* mov cr0, eax */
        {0x0f, 0x21, 0xc0, INT3}, /* mov eax, dr0 */
        {0x0f, 0x23, 0xc0, INT3}, /* mov dr0, eax */
        {0x0f, 0x30, INT3},       /* wrmsr */
        {0x0f, 0x32, INT3},       /* rdmsr */
        {0x0f, 0x01, 0xf0, INT3}, /* lmsw ax */
        {0x0f, 0x01, 0x13, INT3}, /* lgdt [ebx] */
        {0x0f, 0x01, 0x1b, INT3}, /* lidt [ebx] */
        {0x0f, 0x01, 0x3b, INT3}, /* invlpg [ebx] */
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CODE); i++) {
        g_autoptr(Rig) rig = pm_new();
        rig_write(rig, PM_CODE, CODE[i], sizeof(CODE[i]));
        for (unsigned cpl = 1; cpl <= 3; cpl += 2) {
            CpuState state = pm_state(cpl, PM_CODE);
            state.gpr[CPU_BX] = PM_DATA;
            g_test_message("%02x %02x %02x", CODE[i][0], CODE[i][1], CODE[i][2]);
            pm_expect(rig, &state, VECTOR_GP, 0);
        }
    }
}

/* IN AL, DX; OUT DX, AL; CLI; STI; INSB: each at IOPL 0 and at IOPL 3. */
static void test_io_privilege(void)
{
    static const uint8_t CODE[] = {0xec, 0xee, 0xfa, 0xfb, 0x6c, 0x6e};
    for (unsigned i = 0; i < G_N_ELEMENTS(CODE); i++) {
        g_autoptr(Rig) rig = pm_new();
        PM_BYTES(rig, PM_CODE, CODE[i], INT3);
        CpuState state = pm_state(3, PM_CODE);
        state.gpr[CPU_DX] = RIG_PORT;
        state.gpr[CPU_DI] = state.gpr[CPU_SI] = PM_DATA;
        pm_expect(rig, &state, VECTOR_GP, 0);
        g_assert_cmpuint(rig->access_count, ==, 0);
        state.rflags |= CPU_FLAG_IOPL;
        pm_expect(rig, &state, DONE, 0);
    }
}

/* A port of a word needs both of its bits.  The byte after the map ends it. */
static void test_io_permission_bitmap(void)
{
    g_autoptr(Rig) rig = pm_new();
    uint32_t map = PM_TSS_SIZE;
    uint32_t limit = map + (RIG_PORT + 0x20) / 8;
    pm_set_gdt(rig, PM_TSS_SELECTOR, rig_descriptor(PM_TSS, limit, PM_TSS_BUSY));
    rig_fill(rig, PM_TSS + map, 0xff, 0x80);
    rig_write16(rig, PM_TSS + map + RIG_PORT / 8, 0xfe7e); /* ports 0, 7 and 8 are allowed */
    PM_BYTES(rig, PM_CODE, 0xec, INT3);                    /* in al, dx */
    PM_BYTES(rig, PM_CODE + 0x10, 0x66, 0xed, INT3);       /* in ax, dx */
    static const struct {
        uint32_t code, port;
        bool allowed;
    } CASES[] = {
        {0, 0, true},    {0, 1, false},    {0, 7, true},     {0, 8, true},     {0, 9, false},
        {0x10, 7, true}, {0x10, 0, false}, {0x10, 8, false}, {0, 0x28, false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuState state = pm_state(3, PM_CODE + CASES[i].code);
        state.segment[CPU_TR].limit = limit;
        state.gpr[CPU_DX] = RIG_PORT + CASES[i].port;
        pm_expect(rig, &state, CASES[i].allowed ? DONE : VECTOR_GP, 0);
    }
}

/* POPF changes IOPL only at ring 0, and IF only if the ring is at most IOPL. */
static void test_popf_keeps_the_flags_that_it_may_not_change(void)
{
    static const struct {
        unsigned cpl;
        uint32_t before, popped, after;
    } CASES[] = {
        {0, 0, CPU_FLAG_IOPL | CPU_FLAG_IF, CPU_FLAG_IOPL | CPU_FLAG_IF},
        {3, 0, CPU_FLAG_IOPL | CPU_FLAG_IF, 0},
        {3, CPU_FLAG_IOPL, CPU_FLAG_IF, CPU_FLAG_IOPL | CPU_FLAG_IF},
        {3, CPU_FLAG_IF, 0, CPU_FLAG_IF},
        {1, 1u << 12, CPU_FLAG_IF, 1u << 12 | CPU_FLAG_IF},
        {0, 0, CPU_FLAG_VM | CPU_FLAG_RF | CPU_FLAG_VIF | CPU_FLAG_VIP, 0},
        {0, 0, CPU_FLAG_NT | CPU_FLAG_AC | CPU_FLAG_ID, CPU_FLAG_NT | CPU_FLAG_AC | CPU_FLAG_ID},
    };
    g_autoptr(Rig) rig = pm_new();
    PM_BYTES(rig, PM_CODE, 0x50, 0x9d, INT3); /* push eax; popf */
    for (unsigned i = 0; i < G_N_ELEMENTS(CASES); i++) {
        CpuState state = pm_state(CASES[i].cpl, PM_CODE);
        state.rflags |= CASES[i].before;
        state.gpr[CPU_AX] = CASES[i].popped;
        PmFault fault = pm_expect(rig, &state, DONE, 0);
        g_assert_cmphex(fault.eflags, ==, CASES[i].after | CPU_FLAG_ONE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/privilege/" #name, test_##name)
    TEST(privileged_instructions);
    TEST(io_privilege);
    TEST(io_permission_bitmap);
    TEST(popf_keeps_the_flags_that_it_may_not_change);
    return g_test_run();
}
