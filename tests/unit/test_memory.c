/* Guest memory: the hole below 4 GiB, bounds, and ROM in the place of RAM. */
#include "src/base/error.h"
#include "src/board/memory.h"

#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

static Memory *new_memory(uint64_t size)
{
    g_autoptr(GError) error = NULL;
    Memory *memory = memory_new(size, &error);
    g_assert_no_error(error);
    return memory;
}

static void assert_region(const Memory *memory, unsigned index, const char *name, uint64_t base,
                          uint64_t size, bool read_only)
{
    const MemoryRegion *region = memory_region(memory, index);
    g_assert_cmpstr(region->name, ==, name);
    g_assert_cmphex(region->base, ==, base);
    g_assert_cmphex(region->size, ==, size);
    g_assert_cmpint(region->read_only, ==, read_only);
}

static void test_small_memory_is_one_region_of_zeros(void)
{
    g_autoptr(Memory) memory = new_memory(1 * MIB);
    g_assert_cmpuint(memory_ram_size(memory), ==, 1 * MIB);
    g_assert_cmpuint(memory_region_count(memory), ==, 1);
    assert_region(memory, 0, "ram", 0, 1 * MIB, false);
    uint8_t bytes[4] = {1, 2, 3, 4};
    g_assert_true(memory_read(memory, 1 * MIB - 4, bytes, 4));
    g_assert_cmpmem(bytes, 4, "\0\0\0\0", 4);
}

static void test_memory_up_to_the_hole_needs_no_second_region(void)
{
    g_autoptr(Memory) memory = new_memory(MEMORY_HOLE_START);
    g_assert_cmpuint(memory_region_count(memory), ==, 1);
    g_assert_null(memory_find(memory, MEMORY_HOLE_START));
    g_assert_null(memory_find(memory, MEMORY_HOLE_END));
}

static void test_large_memory_goes_around_the_hole(void)
{
    g_autoptr(Memory) memory = new_memory(5 * GIB);
    g_assert_cmpuint(memory_ram_size(memory), ==, 5 * GIB);
    g_assert_cmpuint(memory_region_count(memory), ==, 2);
    assert_region(memory, 0, "ram", 0, 3 * GIB, false);
    assert_region(memory, 1, "ram-above-4g", 4 * GIB, 2 * GIB, false);
    g_assert_nonnull(memory_find(memory, MEMORY_HOLE_START - 1));
    g_assert_null(memory_find(memory, MEMORY_HOLE_START));
    g_assert_null(memory_find(memory, MEMORY_HOLE_END - 1));
    g_assert_nonnull(memory_find(memory, MEMORY_HOLE_END));
    g_assert_null(memory_find(memory, 6 * GIB));
    /* The host's memory has no hole. */
    g_assert_true(memory_region(memory, 1)->host == memory_region(memory, 0)->host + 3 * GIB);
}

static void test_one_page_above_the_hole(void)
{
    g_autoptr(Memory) memory = new_memory(MEMORY_HOLE_START + PAGE_SIZE);
    assert_region(memory, 1, "ram-above-4g", MEMORY_HOLE_END, PAGE_SIZE, false);
    g_assert_true(memory_write(memory, MEMORY_HOLE_END + PAGE_SIZE - 1, "x", 1));
    g_assert_false(memory_write(memory, MEMORY_HOLE_END + PAGE_SIZE, "x", 1));
}

static void test_impossible_size_is_the_hosts_failure(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(memory_new(UINT64_C(1) << 60, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST);
    g_assert_cmpstr(error->message, ==,
                    "-m: the host has no 1099511627776 MiB of address space: "
                    "Cannot allocate memory");
}

static void test_what_is_written_is_read(void)
{
    g_autoptr(Memory) memory = new_memory(64 * KIB);
    char text[6];
    g_assert_true(memory_write(memory, 0x1000, "hello", 6));
    g_assert_true(memory_read(memory, 0x1000, text, 6));
    g_assert_cmpstr(text, ==, "hello");
    g_assert_true(memory_fill(memory, 0x1001, 'x', 3));
    g_assert_true(memory_read(memory, 0x1000, text, 6));
    g_assert_cmpstr(text, ==, "hxxxo");
}

static void test_copy_past_the_end_copies_nothing(void)
{
    g_autoptr(Memory) memory = new_memory(64 * KIB);
    uint8_t bytes[4] = {1, 2, 3, 4}, read[2] = {9, 9};
    g_assert_false(memory_write(memory, 64 * KIB - 2, bytes, 4));
    g_assert_true(memory_read(memory, 64 * KIB - 2, read, 2));
    g_assert_cmpmem(read, 2, "\0\0", 2);
    g_assert_false(memory_read(memory, 64 * KIB - 2, bytes, 4));
    g_assert_cmpmem(bytes, 4, "\1\2\3\4", 4);
    g_assert_false(memory_fill(memory, 64 * KIB - 2, 1, 4));
    g_assert_true(memory_read(memory, 64 * KIB - 2, read, 2));
    g_assert_cmpmem(read, 2, "\0\0", 2);
}

static void test_copy_into_the_hole_copies_nothing(void)
{
    g_autoptr(Memory) memory = new_memory(4 * GIB);
    uint8_t bytes[4] = {1, 2, 3, 4}, read[2];
    g_assert_false(memory_write(memory, MEMORY_HOLE_START - 2, bytes, 4));
    g_assert_true(memory_read(memory, MEMORY_HOLE_START - 2, read, 2));
    g_assert_cmpmem(read, 2, "\0\0", 2);
    g_assert_false(memory_write(memory, MEMORY_HOLE_END - 2, bytes, 4));
}

static void test_addresses_do_not_wrap(void)
{
    g_autoptr(Memory) memory = new_memory(64 * KIB);
    uint8_t bytes[4] = {1, 2, 3, 4};
    g_assert_false(memory_read(memory, UINT64_MAX - 1, bytes, 4));
    g_assert_false(memory_write(memory, UINT64_MAX, bytes, 1));
    g_assert_false(memory_write(memory, 0, bytes, SIZE_MAX));
    g_assert_false(memory_fill(memory, 1, 0, SIZE_MAX));
    g_assert_true(memory_read(memory, UINT64_MAX, bytes, 0));
}

/* ---- ROM ---- */

static MemoryRegion *add_rom(Memory *memory, uint64_t base, uint64_t size)
{
    g_autoptr(GError) error = NULL;
    MemoryRegion *rom = memory_add_rom(memory, "rom", base, size, &error);
    g_assert_no_error(error);
    return rom;
}

static void test_rom_takes_the_place_of_ram(void)
{
    g_autoptr(Memory) memory = new_memory(2 * MIB);
    g_assert_true(memory_fill(memory, 0xe0000, 0x11, 0x20000 + 1));
    MemoryRegion *rom = add_rom(memory, 0xf0000, 0x10000);
    g_assert_cmpuint(memory_region_count(memory), ==, 3);
    assert_region(memory, 0, "ram", 0, 0xf0000, false);
    assert_region(memory, 1, "rom", 0xf0000, 0x10000, true);
    assert_region(memory, 2, "ram", 0x100000, 2 * MIB - 0x100000, false);
    rom->host[0] = 0x22;
    uint8_t bytes[2];
    g_assert_true(memory_read(memory, 0xeffff, bytes, 2));
    g_assert_cmpmem(bytes, 2, "\x11\x22", 2);
    g_assert_true(memory_read(memory, 0xfffff, bytes, 2));
    g_assert_cmpmem(bytes, 2, "\x00\x11", 2);
}

static void test_rom_refuses_writes_and_those_that_reach_into_it(void)
{
    g_autoptr(Memory) memory = new_memory(2 * MIB);
    add_rom(memory, 0xf0000, 0x10000);
    g_assert_false(memory_write(memory, 0xf0000, "x", 1));
    g_assert_false(memory_fill(memory, 0xfffff, 1, 1));
    g_assert_false(memory_write(memory, 0xeffff, "xy", 2));
    uint8_t byte;
    g_assert_true(memory_read(memory, 0xeffff, &byte, 1));
    g_assert_cmphex(byte, ==, 0);
    g_assert_true(memory_write(memory, 0xeffff, "x", 1));
    g_assert_true(memory_write(memory, 0x100000, "x", 1));
}

static void test_rom_in_the_hole_and_over_the_end_of_ram(void)
{
    g_autoptr(Memory) memory = new_memory(1 * MIB);
    add_rom(memory, 0xffff0000, 0x10000);
    g_assert_cmphex(memory_find(memory, 0xffffffff)->base, ==, 0xffff0000);
    add_rom(memory, 1 * MIB - 0x8000, 0x10000);
    assert_region(memory, 0, "ram", 0, 1 * MIB - 0x8000, false);
    assert_region(memory, 1, "rom", 1 * MIB - 0x8000, 0x10000, true);
    g_assert_cmpuint(memory_region_count(memory), ==, 3);
}

static void test_rom_at_address_zero(void)
{
    g_autoptr(Memory) memory = new_memory(1 * MIB);
    add_rom(memory, 0, 0x1000);
    g_assert_cmpuint(memory_region_count(memory), ==, 2);
    assert_region(memory, 0, "rom", 0, 0x1000, true);
    assert_region(memory, 1, "ram", 0x1000, 1 * MIB - 0x1000, false);
}

/* ---- who is told ---- */

static void note_write(void *opaque, uint64_t address, size_t size)
{
    g_string_append_printf(opaque, "%x+%x ", (unsigned)address, (unsigned)size);
}

static void test_writes_are_reported_with_their_range(void)
{
    g_autoptr(Memory) memory = new_memory(64 * KIB);
    g_autoptr(GString) log = g_string_new(NULL);
    uint8_t bytes[16];
    memory_set_written(memory, note_write, log);
    memory_write(memory, 0x1234, "abc", 3);
    memory_fill(memory, 0x2000, 0, 0x100);
    memory_read(memory, 0x1234, bytes, 3);
    memory_write(memory, 64 * KIB - 1, "abc", 3);
    g_assert_cmpstr(log->str, ==, "1234+3 2000+100 ");
}

#define TEST(name) g_test_add_func("/memory/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(small_memory_is_one_region_of_zeros);
    TEST(memory_up_to_the_hole_needs_no_second_region);
    TEST(large_memory_goes_around_the_hole);
    TEST(one_page_above_the_hole);
    TEST(impossible_size_is_the_hosts_failure);
    TEST(what_is_written_is_read);
    TEST(copy_past_the_end_copies_nothing);
    TEST(copy_into_the_hole_copies_nothing);
    TEST(addresses_do_not_wrap);
    TEST(rom_takes_the_place_of_ram);
    TEST(rom_refuses_writes_and_those_that_reach_into_it);
    TEST(rom_in_the_hole_and_over_the_end_of_ram);
    TEST(rom_at_address_zero);
    TEST(writes_are_reported_with_their_range);
    return g_test_run();
}
