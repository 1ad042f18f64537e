/*
 * Guest memory that changes: blocks and windows that are placed, moved and
 * removed, also while other threads copy.
 */
#include "src/board/memory.h"

#include <stdatomic.h>
#include <string.h>

#define KIB    UINT64_C(1024)
#define MIB    (1024 * KIB)
#define WINDOW (16 * KIB)

typedef struct Fixture {
    Memory *memory;
    GString *log;
} Fixture;

static void note_change(void *opaque, uint64_t address, uint64_t size)
{
    g_string_append_printf(opaque, "%x+%x ", (unsigned)address, (unsigned)size);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->memory = memory_new(2 * MIB, NULL);
    f->log = g_string_new(NULL);
    memory_set_changed(f->memory, note_change, f->log);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    memory_free(f->memory);
    g_string_free(f->log, true);
}

static uint8_t byte_at(const Fixture *f, uint64_t address)
{
    uint8_t byte = 0xee;
    memory_read(f->memory, address, &byte, 1);
    return byte;
}

static MemoryBlock *add_block(Fixture *f, uint64_t size, uint8_t fill)
{
    MemoryBlock *block = memory_add_block(f->memory, "block", size, NULL);
    memset(memory_block_host(block), fill, size);
    return block;
}

static void test_a_view_shows_parts_of_a_block(Fixture *f, gconstpointer data)
{
    (void)data;
    MemoryBlock *block = add_block(f, 64 * KIB, 0x42);
    memory_block_host(block)[16 * KIB] = 0x43;
    memory_add_gap(f->memory, "gap", 0xa0000, 128 * KIB);
    g_assert_cmphex(byte_at(f, 0x9ffff), ==, 0);
    g_assert_cmphex(byte_at(f, 0xa0000), ==, 0xee);
    g_assert_cmphex(byte_at(f, 0xbffff), ==, 0xee);
    MemoryBlock *view = memory_add_view(f->memory, "view");
    g_string_truncate(f->log, 0);
    memory_show(f->memory, view, 0xb8000, block, 16 * KIB, 32 * KIB);
    g_assert_cmphex(byte_at(f, 0xb8000), ==, 0x43);
    g_assert_cmphex(byte_at(f, 0xb7fff), ==, 0xee);
    g_assert_cmpstr(f->log->str, ==, "b8000+8000 ");
    memory_show(f->memory, view, 0xb8000, block, 0, 16 * KIB);
    g_assert_cmphex(byte_at(f, 0xb8000), ==, 0x42);
    g_assert_cmphex(byte_at(f, 0xbc000), ==, 0xee);
    memory_unplace(f->memory, view);
    g_assert_cmphex(byte_at(f, 0xb8000), ==, 0xee);
}

static void test_a_block_is_seen_where_it_is_placed(Fixture *f, gconstpointer data)
{
    (void)data;
    MemoryBlock *block = add_block(f, 64 * KIB, 0x42);
    g_assert_cmphex(byte_at(f, 0xe0000000), ==, 0xee);
    memory_place(f->memory, block, 0xe0000000, false);
    g_assert_cmphex(byte_at(f, 0xe000ffff), ==, 0x42);
    memory_place(f->memory, block, 0xe0008000, false);
    g_assert_cmphex(byte_at(f, 0xe0007fff), ==, 0xee);
    g_assert_cmphex(byte_at(f, 0xe0017fff), ==, 0x42);
    memory_unplace(f->memory, block);
    g_assert_cmphex(byte_at(f, 0xe0008000), ==, 0xee);
    g_assert_cmpstr(f->log->str, ==,
                    "e0000000+10000 e0000000+10000 e0008000+10000 e0008000+10000 ");
}

static void test_a_placement_that_changes_nothing_is_not_told(Fixture *f, gconstpointer data)
{
    (void)data;
    MemoryBlock *block = add_block(f, 64 * KIB, 0x42);
    memory_unplace(f->memory, block);
    memory_place(f->memory, block, 0xe0000000, false);
    g_string_truncate(f->log, 0);
    memory_place(f->memory, block, 0xe0000000, false);
    g_assert_cmpstr(f->log->str, ==, "");
    memory_place(f->memory, block, 0xe0000000, true);
    g_assert_cmpstr(f->log->str, ==, "e0000000+10000 ");
    g_assert_false(memory_write(f->memory, 0xe0000000, "x", 1));
}

static void test_a_window_shows_the_ram_that_rom_hides(Fixture *f, gconstpointer data)
{
    (void)data;
    MemoryRegion *rom = memory_add_rom(f->memory, "rom", 0xf0000, 64 * KIB, NULL);
    memset(rom->host, 0x11, 64 * KIB);
    MemoryBlock *window = memory_add_window(f->memory, "window", 0xf4000, WINDOW);
    g_assert_cmphex(byte_at(f, 0xf4000), ==, 0x11);
    memory_place(f->memory, window, 0xf4000, false);
    g_assert_cmphex(byte_at(f, 0xf3fff), ==, 0x11);
    g_assert_cmphex(byte_at(f, 0xf4000), ==, 0);
    g_assert_cmphex(byte_at(f, 0xf8000), ==, 0x11);
    g_assert_true(memory_write(f->memory, 0xf4000, "\x22", 1));
    memory_place(f->memory, window, 0xf4000, true);
    g_assert_cmphex(byte_at(f, 0xf4000), ==, 0x22);
    g_assert_false(memory_write(f->memory, 0xf4000, "\x33", 1));
    memory_unplace(f->memory, window);
    g_assert_cmphex(byte_at(f, 0xf4000), ==, 0x11);
    /* Places the same bytes elsewhere. */
    memory_place(f->memory, window, 0xe0000000, false);
    g_assert_cmphex(byte_at(f, 0xe0000000), ==, 0x22);
}

static void test_a_window_over_ram_that_is_not_there(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_null(memory_add_window(f->memory, "window", 2 * MIB - WINDOW + 4096, WINDOW));
    g_assert_null(memory_add_window(f->memory, "window", 4 * MIB, WINDOW));
    g_assert_nonnull(memory_add_window(f->memory, "window", 2 * MIB - WINDOW, WINDOW));
}

static unsigned slot_at(const Fixture *f, uint64_t address)
{
    return memory_find(f->memory, address)->slot;
}

static void test_regions_that_did_not_change_keep_their_slots(Fixture *f, gconstpointer data)
{
    (void)data;
    memory_cut(f->memory, 0xc0000);
    memory_cut(f->memory, 0x100000);
    unsigned low = slot_at(f, 0), middle = slot_at(f, 0xc0000), high = slot_at(f, 0x100000);
    g_assert_cmpuint(low, !=, high);
    g_assert_cmpuint(middle, !=, low);
    MemoryBlock *window = memory_add_window(f->memory, "window", 0xc4000, WINDOW);
    memory_place(f->memory, window, 0xc4000, true);
    g_assert_cmpuint(slot_at(f, 0), ==, low);
    g_assert_cmpuint(slot_at(f, 0xbffff), ==, low);
    g_assert_cmpuint(slot_at(f, 0x100000), ==, high);
    uint64_t slots = 0;
    for (unsigned i = 0; i < memory_region_count(f->memory); i++) {
        unsigned slot = memory_region(f->memory, i)->slot;
        g_assert_cmpuint(slot, <, MEMORY_SLOTS);
        g_assert_false(slots >> slot & 1);
        slots |= UINT64_C(1) << slot;
    }
    memory_unplace(f->memory, window);
    g_assert_cmpuint(slot_at(f, 0), ==, low);
    g_assert_cmpuint(slot_at(f, 0x100000), ==, high);
}

static void test_overlap_is_known_of_every_byte(Fixture *f, gconstpointer data)
{
    (void)data;
    MemoryBlock *block = add_block(f, 64 * KIB, 0);
    memory_place(f->memory, block, 0xe0000000, true);
    g_assert_true(memory_overlaps(f->memory, 2 * MIB - 1, 1));
    g_assert_false(memory_overlaps(f->memory, 2 * MIB, 0xe0000000 - 2 * MIB));
    g_assert_true(memory_overlaps(f->memory, 2 * MIB, 0xe0000000 - 2 * MIB + 1));
    g_assert_true(memory_overlaps(f->memory, 0xe000ffff, UINT64_MAX - 0xe000ffff));
    g_assert_false(memory_overlaps(f->memory, 0xe0010000, 4096));
}

/* ---- threads ---- */

#define CHANGES 3000u

typedef struct Copier {
    Memory *memory;
    atomic_bool *running;
    unsigned odd;
} Copier;

/* The place must contain all bytes of the block or none of them. */
static gpointer copy(gpointer opaque)
{
    Copier *c = opaque;
    uint8_t bytes[256];
    while (atomic_load(c->running)) {
        memset(bytes, 0x42, sizeof(bytes));
        memory_read(c->memory, 0xe0000000 + 4096 - 128, bytes, sizeof(bytes));
        c->odd += bytes[0] != 0x42 || bytes[255] != 0x42;
    }
    return NULL;
}

static void test_copies_while_a_block_moves(Fixture *f, gconstpointer data)
{
    (void)data;
    atomic_bool running = true;
    MemoryBlock *block = add_block(f, 64 * KIB, 0x42);
    memory_set_shared(f->memory);
    Copier copiers[3];
    GThread *threads[3];
    for (unsigned i = 0; i < 3; i++) {
        copiers[i] = (Copier){.memory = f->memory, .running = &running};
        threads[i] = g_thread_new("copy", copy, &copiers[i]);
    }
    for (unsigned i = 0; i < CHANGES; i++) {
        if (i % 3 == 2) {
            memory_unplace(f->memory, block);
        } else {
            memory_place(f->memory, block, 0xe0000000 - i % 3 * 4096, i % 2);
        }
    }
    atomic_store(&running, false);
    for (unsigned i = 0; i < 3; i++) {
        g_thread_join(threads[i]);
        g_assert_cmpuint(copiers[i].odd, ==, 0);
    }
}

#define TEST(name)                                                                                 \
    g_test_add("/memory_changes/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(a_block_is_seen_where_it_is_placed);
    TEST(a_view_shows_parts_of_a_block);
    TEST(a_placement_that_changes_nothing_is_not_told);
    TEST(a_window_shows_the_ram_that_rom_hides);
    TEST(a_window_over_ram_that_is_not_there);
    TEST(regions_that_did_not_change_keep_their_slots);
    TEST(overlap_is_known_of_every_byte);
    TEST(copies_while_a_block_moves);
    return g_test_run();
}
