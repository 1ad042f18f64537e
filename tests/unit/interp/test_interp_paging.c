/*
 * Paging: rights, accessed and dirty bits, the TLB, large pages and PAE
 * (SDM volume 3, chapter 4).
 */
#include "tests/unit/interp/interp_protected.h"

#define INT3 0xcc
#define DONE VECTOR_BP

#define PTE_P  0x001u
#define PTE_W  0x002u
#define PTE_U  0x004u
#define PTE_A  0x020u
#define PTE_D  0x040u
#define PTE_PS 0x080u

#define ERROR_P 1u /* the page was present but refused the access */
#define ERROR_W 2u
#define ERROR_U 4u

#define CR4_PSE 0x10u
#define CR4_PAE 0x20u
#define PAGE    PAGE_SIZE

#define TARGET PM_TARGET

#define MOV_AL_EBX 0x8a, 0x03
#define MOV_EBX_AL 0x88, 0x03

/* ---- rights ---- */

typedef struct Right {
    unsigned cpl;
    bool write;
    bool protect; /* CR0.WP */
    uint32_t directory, entry;
    bool allowed;
    uint32_t error;
} Right;

static void run_right(const Right *right)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(right->cpl, PM_CODE);
    if (!right->protect) {
        state.cr0 &= ~(uint64_t)CPU_CR0_WP;
    }
    /* The target is at 4 MiB, so that it has a directory entry of its own. */
    uint32_t linear = 0x400000;
    uint32_t table = PM_TABLES + PAGE;
    rig_write32(rig, PM_DIRECTORY + 4, table | right->directory);
    rig_write32(rig, table, PM_DATA | right->entry);
    state.gpr[CPU_BX] = linear + 0x123;
    PM_BYTES(rig, PM_CODE, (uint8_t)(right->write ? 0x88 : 0x8a), 0x03, INT3);
    g_test_message("ring %u %s WP %d directory %x entry %x", right->cpl,
                   right->write ? "write" : "read", right->protect, right->directory, right->entry);
    PmFault fault = pm_expect(rig, &state, right->allowed ? DONE : VECTOR_PF,
                              right->allowed ? 0 : right->error);
    /* A page that refused the access may be marked accessed or not, but must not be dirty. */
    uint32_t compared = right->allowed ? ~0u : ~PTE_A;
    uint32_t marks = right->allowed ? PTE_A | (right->write ? PTE_D : 0) : 0;
    g_assert_cmphex(rig_read32(rig, table) & compared, ==, PM_DATA | right->entry | marks);
    if (!right->allowed) {
        g_assert_cmphex(fault.state.cr2, ==, linear + 0x123);
        g_assert_cmphex(fault.eip, ==, PM_CODE);
    }
}

static void test_rights(void)
{
    const uint32_t P = PTE_P, W = PTE_P | PTE_W, U = PTE_P | PTE_U, A = PTE_P | PTE_W | PTE_U;
    const Right RIGHTS[] = {
        {0, false, true, P, P, true, 0},
        {0, true, true, W, W, true, 0},
        {0, true, true, W, P, false, ERROR_P | ERROR_W},
        {0, true, true, P, W, false, ERROR_P | ERROR_W},
        {0, true, false, P, P, true, 0},
        {0, true, true, A, U, false, ERROR_P | ERROR_W},
        {0, true, false, U, U, true, 0},
        {0, false, true, A, A, true, 0},
        {3, false, true, A, A, true, 0},
        {3, true, true, A, A, true, 0},
        {3, false, true, A, W, false, ERROR_P | ERROR_U},
        {3, false, true, W, A, false, ERROR_P | ERROR_U},
        {3, true, true, A, W, false, ERROR_P | ERROR_U | ERROR_W},
        {3, true, true, A, U, false, ERROR_P | ERROR_U | ERROR_W},
        {3, true, true, U, A, false, ERROR_P | ERROR_U | ERROR_W},
        {3, true, false, A, U, false, ERROR_P | ERROR_U | ERROR_W},
        {3, false, true, U, U, true, 0},
        {0, false, true, A, 0, false, 0},
        {0, true, true, A, 0, false, ERROR_W},
        {3, false, true, A, 0, false, ERROR_U},
        {3, true, true, A, PTE_W | PTE_U, false, ERROR_U | ERROR_W},
        {3, true, true, 0, A, false, ERROR_U | ERROR_W},
        {0, false, true, 0, A, false, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(RIGHTS); i++) {
        run_right(&RIGHTS[i]);
    }
}

/* ---- accessed and dirty ---- */

static void test_accessed_and_dirty_bits(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, MOV_AL_EBX, INT3);
    pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig_read32(rig, pm_pte(TARGET)), ==, TARGET | 7 | PTE_A);
    g_assert_cmphex(rig_read32(rig, PM_DIRECTORY), ==, PM_TABLES | 7 | PTE_A);
    g_assert_cmphex(rig_read32(rig, pm_pte(PM_CODE)) & (PTE_A | PTE_D), ==, PTE_A);
    g_assert_cmphex(rig_read32(rig, pm_pte(PM_USER_CODE)) & (PTE_A | PTE_D), ==, 0);
    PM_BYTES(rig, PM_CODE, MOV_EBX_AL, INT3);
    pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig_read32(rig, pm_pte(TARGET)), ==, TARGET | 7 | PTE_A | PTE_D);
}

/* A read puts the page into the TLB.  The write after it must still set the dirty bit. */
static void test_first_write_after_a_read_marks_dirty(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    PM_BYTES(rig, PM_CODE, MOV_AL_EBX, MOV_AL_EBX, MOV_EBX_AL, MOV_EBX_AL, INT3);
    pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig_read32(rig, pm_pte(TARGET)), ==, TARGET | 7 | PTE_A | PTE_D);
}

/* The same after the system has cleared the bit and flushed the entry. */
static void test_dirty_bit_comes_back_after_invlpg(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    /* mov [ebx], al; and byte [esi], ~0x60; invlpg [ebx]; mov [ebx], al */
    PM_BYTES(rig, PM_CODE, MOV_EBX_AL, 0x80, 0x26, 0x9f, 0x0f, 0x01, 0x3b, MOV_EBX_AL, INT3);
    state.gpr[CPU_SI] = pm_pte(TARGET);
    pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig_read32(rig, pm_pte(TARGET)), ==, TARGET | 7 | PTE_A | PTE_D);
}

/* ---- the TLB ---- */

/* mov eax, [ebx]; mov [esi], edi; FLUSH; mov edx, [ebx] */
static void run_flush(const uint8_t *flush, unsigned size)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    rig_write32(rig, TARGET, 0x11111111);
    rig_write32(rig, TARGET + PAGE, 0x22222222);
    PM_BYTES(rig, PM_CODE, 0x8b, 0x03, 0x89, 0x3e);
    rig_write(rig, PM_CODE + 4, flush, size);
    PM_BYTES(rig, PM_CODE + 4 + size, 0x8b, 0x13, INT3);
    state.gpr[CPU_SI] = pm_pte(TARGET);
    state.gpr[CPU_DI] = (TARGET + PAGE) | 7;
    state.gpr[CPU_CX] = state.cr3;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x11111111);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, 0x22222222);
}

static void test_flushes(void)
{
    static const uint8_t INVLPG[] = {0x0f, 0x01, 0x3b};
    static const uint8_t MOV_CR3[] = {0x0f, 0x22, 0xd9}; /* mov cr3, ecx */
    /* mov ecx, cr0; and ecx, ~PG; mov cr0, ecx; or ecx, PG; mov cr0, ecx */
    static const uint8_t PG_TOGGLE[] = {0x0f, 0x20, 0xc1, 0x81, 0xe1, 0xff, 0xff,
                                        0xff, 0x7f, 0x0f, 0x22, 0xc1, 0x81, 0xc9,
                                        0x00, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc1};
    run_flush(INVLPG, sizeof(INVLPG));
    run_flush(MOV_CR3, sizeof(MOV_CR3));
    run_flush(PG_TOGGLE, sizeof(PG_TOGGLE));
}

static void test_write_protect_takes_effect_at_once(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    state.cr0 &= ~(uint64_t)CPU_CR0_WP;
    pm_set_pte(rig, TARGET, TARGET | PTE_P);
    /* mov [ebx], al; mov ecx, cr0; or ecx, WP; mov cr0, ecx; mov [ebx], al */
    PM_BYTES(rig, PM_CODE, MOV_EBX_AL, 0x0f, 0x20, 0xc1, 0x81, 0xc9, 0, 0, 1, 0, 0x0f, 0x22, 0xc1,
             MOV_EBX_AL, INT3);
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_W);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 14);
}

/* A translation for the supervisor must not serve ring 3. */
static void test_rings_do_not_share_translations(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    pm_set_pte(rig, TARGET, TARGET | PTE_P | PTE_W);
    /* mov al, [ebx]; push ds3; push esp3; push flags; push cs3; push eip; iret */
    PM_BYTES(rig, PM_CODE, MOV_AL_EBX, 0x6a, PM_DATA3, 0x68, 0, 0x70, 0, 0, 0x6a, 2, 0x6a, PM_CODE3,
             0x68, 0, 0, 2, 0, 0xcf);
    PM_BYTES(rig, PM_USER_CODE, 0x36, MOV_AL_EBX); /* mov al, ss:[ebx] */
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_U);
    g_assert_cmphex(fault.eip, ==, PM_USER_CODE);
}

/* ---- large pages and PAE ---- */

static void test_four_megabyte_page(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(3, PM_CODE);
    state.cr4 = CR4_PSE;
    rig_write32(rig, PM_DIRECTORY + 4 * 2, 0 | PTE_P | PTE_W | PTE_U | PTE_PS);
    rig_write32(rig, 0x3ffffc, 0xcafef00d);
    state.gpr[CPU_BX] = 0x800000 + 0x3ffffc;
    PM_BYTES(rig, PM_CODE, 0x8b, 0x03, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0xcafef00d);
    g_assert_cmphex(rig_read32(rig, PM_DIRECTORY + 8), ==, 0xa7);
    PM_BYTES(rig, PM_CODE, 0x89, 0x03, INT3);
    pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(rig_read32(rig, PM_DIRECTORY + 8), ==, 0xe7);
    rig_write32(rig, PM_DIRECTORY + 8, PTE_P | PTE_U | PTE_PS);
    pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_W | ERROR_U);
}

/* Reads through a large page, changes an entry, and reads again after an INVLPG of EBP. */
SNIPPET(read_change_read, 32,
        "mov (%ecx), %eax\n mov (%ebx), %eax\n mov %edi, (%esi)\n"
        "invlpg (%ebp)\n mov (%ebx), %edx\n int3");

static CpuState large_state(Rig *rig)
{
    CpuState state = pm_paged_state(0, PM_CODE);
    state.cr4 = CR4_PSE;
    rig_write32(rig, PM_DIRECTORY + 4 * 2, 0 | PTE_P | PTE_W | PTE_U | PTE_PS);
    rig_write32(rig, TARGET, 0x11111111);
    rig_write32(rig, TARGET + PAGE, 0x22222222);
    state.gpr[CPU_CX] = 0x800000;
    PM_LOAD(rig, PM_CODE, read_change_read);
    return state;
}

static void test_invlpg_drops_all_of_a_large_page(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = large_state(rig);
    state.gpr[CPU_BX] = 0x800000 + TARGET;
    state.gpr[CPU_SI] = PM_DIRECTORY + 4 * 2;
    state.gpr[CPU_DI] = 0;
    state.gpr[CPU_BP] = 0x800000 + TARGET + 5 * PAGE;
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, 0);
    g_assert_cmphex(fault.state.cr2, ==, 0x800000 + TARGET);
}

/* The other translations stay, although one of them is for a large page. */
static void test_invlpg_drops_one_page(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = large_state(rig);
    state.gpr[CPU_BX] = TARGET;
    state.gpr[CPU_SI] = pm_pte(TARGET);
    state.gpr[CPU_DI] = (TARGET + PAGE) | 7;
    state.gpr[CPU_BP] = TARGET + 5 * PAGE;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, 0x11111111);
    pm_set_pte(rig, TARGET, TARGET | 7);
    state.gpr[CPU_BP] = TARGET;
    fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_DX], ==, 0x22222222);
}

/* Without CR4.PSE the bit has no meaning. */
static void test_page_size_bit_needs_cr4(void)
{
    g_autoptr(Rig) rig = pm_new_paged();
    CpuState state = pm_paged_state(0, PM_CODE);
    rig_write32(rig, PM_DIRECTORY + 4 * 2, PM_TABLES | 7 | PTE_PS);
    rig_write32(rig, TARGET, 0xcafef00d);
    state.gpr[CPU_BX] = 0x800000 + TARGET;
    PM_BYTES(rig, PM_CODE, 0x8b, 0x03, INT3);
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0xcafef00d);
}

#define PAE_POINTERS  0x50000u
#define PAE_DIRECTORY 0x51000u
#define PAE_TABLE     0x52000u

static CpuState pae_state(Rig *rig, unsigned cpl)
{
    CpuState state = pm_state(cpl, PM_CODE);
    state.cr0 |= CPU_CR0_PG | CPU_CR0_WP;
    state.cr3 = PAE_POINTERS;
    state.cr4 = CR4_PAE;
    state.gpr[CPU_BX] = TARGET;
    rig_write64(rig, PAE_POINTERS, PAE_DIRECTORY | PTE_P);
    rig_write64(rig, PAE_DIRECTORY, PAE_TABLE | 7);
    rig_write64(rig, PAE_DIRECTORY + 8, 0x200000 | 7 | PTE_PS);
    for (unsigned i = 0; i < 512; i++) {
        rig_write64(rig, PAE_TABLE + 8 * i, i * PAGE | 7);
    }
    return state;
}

static void test_physical_address_extension(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pae_state(rig, 3);
    rig_write32(rig, TARGET, 0x12345678);
    PM_BYTES(rig, PM_CODE, 0x8b, 0x03, 0x89, 0x06, INT3); /* mov eax, [ebx]; mov [esi], eax */
    state.gpr[CPU_SI] = 0x200000 + 0x154320;
    PmFault fault = pm_expect(rig, &state, DONE, 0);
    g_assert_cmphex(fault.state.gpr[CPU_AX], ==, 0x12345678);
    g_assert_cmphex(rig_read32(rig, 0x354320), ==, 0x12345678);
    g_assert_cmphex(rig_read32(rig, PAE_TABLE + TARGET / PAGE * 8), ==, TARGET | 7 | PTE_A);
    g_assert_cmphex(rig_read32(rig, PAE_DIRECTORY), ==, PAE_TABLE | 7 | PTE_A);
    g_assert_cmphex(rig_read32(rig, PAE_DIRECTORY + 8), ==, 0x2000e7);
    g_assert_cmphex(rig_read32(rig, PAE_POINTERS), ==, PAE_DIRECTORY | PTE_P);
}

static void test_pae_faults(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pae_state(rig, 3);
    PM_BYTES(rig, PM_CODE, 0x8b, 0x03, INT3);
    rig_write64(rig, PAE_TABLE + TARGET / PAGE * 8, TARGET | PTE_P | PTE_W);
    pm_expect(rig, &state, VECTOR_PF, ERROR_P | ERROR_U);
    state.gpr[CPU_BX] = 0x40000000; /* its directory pointer is not present */
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, ERROR_U);
    g_assert_cmphex(fault.state.cr2, ==, 0x40000000);
}

/* The CPU reads the pointers when CR3 is written, and not during a walk. */
static void test_pae_pointers_are_cached_by_cr3(void)
{
    g_autoptr(Rig) rig = pm_new();
    CpuState state = pae_state(rig, 0);
    /* mov [ecx], edi, which makes a pointer present; mov eax, [ebx] */
    PM_BYTES(rig, PM_CODE, 0x89, 0x39, 0x8b, 0x03, INT3);
    state.gpr[CPU_CX] = PAE_POINTERS + 8;
    state.gpr[CPU_DI] = PAE_DIRECTORY | PTE_P;
    state.gpr[CPU_BX] = 0x40000000 + TARGET;
    PmFault fault = pm_expect(rig, &state, VECTOR_PF, 0);
    g_assert_cmphex(fault.eip, ==, PM_CODE + 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/interp/paging/" #name, test_##name)
    TEST(rights);
    TEST(accessed_and_dirty_bits);
    TEST(first_write_after_a_read_marks_dirty);
    TEST(dirty_bit_comes_back_after_invlpg);
    TEST(flushes);
    TEST(write_protect_takes_effect_at_once);
    TEST(rings_do_not_share_translations);
    TEST(four_megabyte_page);
    TEST(invlpg_drops_all_of_a_large_page);
    TEST(invlpg_drops_one_page);
    TEST(page_size_bit_needs_cr4);
    TEST(physical_address_extension);
    TEST(pae_faults);
    TEST(pae_pointers_are_cached_by_cr3);
    return g_test_run();
}
