/*
 * The monitor's listing of page tables, in QEMU's form.
 */
#include "src/cpu/page_walk.h"

#include <glib.h>
#include <string.h>

#define RAM_SIZE (16u << 20)

enum { PRESENT = 1, WRITE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40, LARGE = 0x80 };

typedef struct Fixture {
    Memory *memory;
    CpuState state;
    GString *text;
} Fixture;

static void set_up(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    fix->memory = memory_new(RAM_SIZE, NULL);
    cpu_state_reset(&fix->state);
    fix->text = g_string_new(NULL);
}

static void tear_down(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    g_string_free(fix->text, true);
    memory_free(fix->memory);
}

static void put32(Fixture *fix, uint64_t table, unsigned index, uint32_t entry)
{
    g_assert_true(memory_write(fix->memory, table + 4 * index, &entry, sizeof(entry)));
}

static void put64(Fixture *fix, uint64_t table, unsigned index, uint64_t entry)
{
    g_assert_true(memory_write(fix->memory, table + 8 * index, &entry, sizeof(entry)));
}

static void enable(Fixture *fix, uint64_t root, uint64_t cr4, bool long_mode)
{
    fix->state.cr0 |= CPU_CR0_PE | CPU_CR0_PG;
    fix->state.cr3 = root;
    fix->state.cr4 = cr4;
    fix->state.msr.efer = long_mode ? CPU_EFER_LME | CPU_EFER_LMA : 0;
}

static void mem_is(Fixture *fix, const char *expected)
{
    g_string_truncate(fix->text, 0);
    page_walk_mem(fix->text, &fix->state, fix->memory);
    g_assert_cmpstr(fix->text->str, ==, expected);
}

static void tlb_is(Fixture *fix, const char *expected)
{
    g_string_truncate(fix->text, 0);
    page_walk_tlb(fix->text, &fix->state, fix->memory);
    g_assert_cmpstr(fix->text->str, ==, expected);
}

static void test_without_paging_it_says_so(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    mem_is(fix, "PG disabled\n");
    tlb_is(fix, "PG disabled\n");
}

/* Two adjacent pages form one range.  The directory takes a right away from the third page. */
static void test_pages_with_equal_rights_are_one_range(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    put32(fix, 0x1000, 0, 0x2000 | PRESENT | WRITE | USER);
    put32(fix, 0x1000, 1, 0x3000 | PRESENT | WRITE);
    put32(fix, 0x2000, 4, 0x8000 | PRESENT | WRITE | USER | DIRTY);
    put32(fix, 0x2000, 5, 0x7000 | PRESENT | WRITE | USER | ACCESSED);
    put32(fix, 0x2000, 6, 0x9000 | PRESENT | USER);
    put32(fix, 0x3000, 0, 0xa000 | PRESENT | WRITE | USER);
    enable(fix, 0x1000, 0, false);
    mem_is(fix, "0000000000004000-0000000000006000 0000000000002000 urw\n"
                "0000000000006000-0000000000007000 0000000000001000 ur-\n"
                "0000000000400000-0000000000401000 0000000000001000 -rw\n");
    tlb_is(fix, "0000000000004000: 0000000000008000 ---D---UW\n"
                "0000000000005000: 0000000000007000 ----A--UW\n"
                "0000000000006000: 0000000000009000 -------U-\n"
                "0000000000400000: 000000000000a000 -------UW\n");
}

static void test_large_pages_are_one_entry(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    put32(fix, 0x1000, 2, 0x400000 | PRESENT | WRITE | LARGE);
    enable(fix, 0x1000, 0x10, false);
    tlb_is(fix, "0000000000800000: 0000000000400000 --P-----W\n");
    mem_is(fix, "0000000000800000-0000000000c00000 0000000000400000 -rw\n");
}

/* The entries of the first table have no access-right bits. */
static void test_pae_has_four_directories(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    put64(fix, 0x1020, 3, 0x2000 | PRESENT);
    put64(fix, 0x2000, 0, UINT64_C(0x8000000000200000) | PRESENT | WRITE | LARGE);
    enable(fix, 0x1020, 0x20, false);
    tlb_is(fix, "00000000c0000000: 0000000000200000 X-P-----W\n");
    mem_is(fix, "00000000c0000000-00000000c0200000 0000000000200000 -rw\n");
}

static void test_addresses_of_long_mode_are_canonical(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    put64(fix, 0x1000, 511, 0x2000 | PRESENT | WRITE);
    put64(fix, 0x2000, 510, 0x40000000 | PRESENT | WRITE | LARGE);
    enable(fix, 0x1000, 0x20, true);
    tlb_is(fix, "ffffffff80000000: 0000000040000000 --P-----W\n");
    mem_is(fix, "ffffffff80000000-ffffffffc0000000 0000000040000000 -rw\n");
}

/* All 512 entries lead to the same table. */
static void test_tables_that_contain_themselves_come_to_an_end(Fixture *fix, gconstpointer unused)
{
    (void)unused;
    for (unsigned i = 0; i < 512; i++) {
        put64(fix, 0x1000, i, 0x1000 | PRESENT);
    }
    enable(fix, 0x1000, 0x20, true);
    page_walk_mem(fix->text, &fix->state, fix->memory);
    g_assert_nonnull(strstr(fix->text->str, "the rest is not shown"));
}

#define TEST(name) g_test_add("/page_walk/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(without_paging_it_says_so);
    TEST(pages_with_equal_rights_are_one_range);
    TEST(large_pages_are_one_entry);
    TEST(pae_has_four_directories);
    TEST(addresses_of_long_mode_are_canonical);
    TEST(tables_that_contain_themselves_come_to_an_end);
    return g_test_run();
}
