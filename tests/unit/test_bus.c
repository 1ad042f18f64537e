/* The bus: which ranges can be claimed, and how an access reaches their owner. */
#include "tests/unit/bus_rig.h"

/* ---- claims ---- */

static void assert_refused(Fixture *f, const char *name, IoSpace space, uint64_t base,
                           uint64_t size, const char *message)
{
    BusClaim wanted = claim_of(f, space, base, size, &BYTE_OPS);
    wanted.name = name;
    g_autoptr(GError) error = NULL;
    g_assert_false(bus_claim(f->bus, &wanted, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_overlap_is_refused_with_both_names(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x3f8, 8, &BYTE_OPS);
    claim(f, IO_MEMORY, 0xfed00000, 0x1000, &BYTE_OPS);
    assert_refused(f, "other", IO_PORTS, 0x3ff, 1,
                   "other: port range 0x3ff+0x1 overlaps chip at 0x3f8+0x8 (choose another base)");
    assert_refused(f, "other", IO_PORTS, 0x3f0, 9,
                   "other: port range 0x3f0+0x9 overlaps chip at 0x3f8+0x8 (choose another base)");
    assert_refused(
        f, "other", IO_PORTS, 0, 0x10000,
        "other: port range 0x0+0x10000 overlaps chip at 0x3f8+0x8 (choose another base)");
    assert_refused(f, "other", IO_MEMORY, 0xfed00fff, 2,
                   "other: address range 0xfed00fff+0x2 overlaps chip at 0xfed00000+0x1000 "
                   "(choose another base)");
}

static void test_neighbours_and_spaces_do_not_overlap(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x3f8, 8, &BYTE_OPS);
    claim(f, IO_PORTS, 0x3f0, 8, &BYTE_OPS);
    claim(f, IO_PORTS, 0x400, 8, &BYTE_OPS);
    claim(f, IO_MEMORY, 0x3f8, 8, &BYTE_OPS);
    claim(f, IO_MEMORY, 0x3f0, 8, &BYTE_OPS);
    claim(f, IO_MEMORY, 0x400, 8, &BYTE_OPS);
    g_assert_cmpuint(bus_find(f->bus, IO_PORTS, 0x3ff)->base, ==, 0x3f8);
    g_assert_cmpuint(bus_find(f->bus, IO_MEMORY, 0x3f7)->base, ==, 0x3f0);
    g_assert_cmpuint(bus_find(f->bus, IO_MEMORY, 0x400)->base, ==, 0x400);
    g_assert_null(bus_find(f->bus, IO_PORTS, 0x408));
    g_assert_null(bus_find(f->bus, IO_PORTS, 0x103f8));
    g_assert_null(bus_find(f->bus, IO_MEMORY, 0x3ef));
    g_assert_null(bus_find(f->bus, IO_MEMORY, 0x408));
}

static void test_empty_range_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(f, "none", IO_PORTS, 0x80, 0, "none: port range 0x80+0x0 is empty");
    assert_refused(f, "none", IO_MEMORY, 0x80, 0, "none: address range 0x80+0x0 is empty");
}

static void test_range_past_the_end_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_refused(f, "far", IO_PORTS, 0xffff, 2,
                   "far: port range 0xffff+0x2 runs past the end of the address space");
    assert_refused(f, "far", IO_PORTS, 0x10000, 1,
                   "far: port range 0x10000+0x1 runs past the end of the address space");
    assert_refused(f, "far", IO_PORTS, 1, UINT64_MAX,
                   "far: port range 0x1+0xffffffffffffffff runs past the end of the address space");
    assert_refused(f, "far", IO_MEMORY, UINT64_MAX, 2,
                   "far: address range 0xffffffffffffffff+0x2 runs past the end of the address "
                   "space");
    claim(f, IO_PORTS, 0xffff, 1, &BYTE_OPS);
    claim(f, IO_MEMORY, UINT64_MAX, 1, &BYTE_OPS);
}

static void count_claim(const BusMapping *mapping, void *opaque)
{
    GString *bases = opaque;
    g_string_append_printf(bases, "%x%s ", (unsigned)mapping->base,
                           mapping->claim->posted ? "p" : "");
}

static void test_claims_keep_their_order_and_the_posted_flag(Fixture *f, gconstpointer data)
{
    (void)data;
    BusClaim posted = claim_of(f, IO_PORTS, 0x80, 1, &BYTE_OPS);
    posted.posted = true;
    claim(f, IO_PORTS, 0x90, 1, &BYTE_OPS);
    g_assert_true(bus_claim(f->bus, &posted, NULL));
    claim(f, IO_MEMORY, 0x10, 1, &BYTE_OPS);
    g_autoptr(GString) bases = g_string_new(NULL);
    bus_foreach_mapping(f->bus, count_claim, bases);
    g_assert_cmpstr(bases->str, ==, "90 80p 10 ");
    g_assert_true(bus_find(f->bus, IO_PORTS, 0x80)->claim->posted);
}

static void test_refused_claim_leaves_nothing_behind(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x84, 1, &BYTE_OPS);
    BusClaim wanted = claim_of(f, IO_PORTS, 0x80, 8, &BYTE_OPS);
    g_assert_false(bus_claim(f->bus, &wanted, NULL));
    g_assert_null(bus_find(f->bus, IO_PORTS, 0x80));
    g_assert_nonnull(bus_find(f->bus, IO_PORTS, 0x84));
}

/* ---- port accesses ---- */

static void test_unclaimed_ports_float(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(in(f, 0x5e0, 1), ==, 0xff);
    g_assert_cmphex(in(f, 0x5e0, 2), ==, 0xffff);
    g_assert_cmphex(in(f, 0x5e0, 4), ==, 0xffffffff);
    out(f, 0x5e0, 0x12345678, 4);
}

static void test_device_sees_offsets_and_its_width(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 8, &LONG_OPS);
    g_assert_cmphex(in(f, 0x103, 1), ==, 0x13);
    g_assert_cmphex(in(f, 0x102, 2), ==, 0x1312);
    g_assert_cmphex(in(f, 0x100, 4), ==, 0x13121110);
    assert_calls(f, "r1@3 r2@2 r4@0 ");
    out(f, 0x104, 0xcafe1234, 4);
    out(f, 0x104, 0x56, 1);
    assert_calls(f, "w4@4=cafe1234 w1@4=56 ");
}

static void test_value_is_cut_to_its_width(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &LONG_OPS);
    out(f, 0x100, 0xffff1234, 2);
    assert_calls(f, "w2@0=1234 ");
    g_assert_cmphex(in(f, 0x102, 1), ==, 0x12);
    g_assert_cmphex(f->by.history[1].value, ==, 0x12);
}

static void test_wide_access_to_byte_device_is_split_low_first(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 8, &BYTE_OPS);
    g_assert_cmphex(in(f, 0x100, 4), ==, 0x13121110);
    assert_calls(f, "r1@0 r1@1 r1@2 r1@3 ");
    out(f, 0x102, 0x0d0c0b0a, 4);
    assert_calls(f, "w1@2=a w1@3=b w1@4=c w1@5=d ");
}

static void test_long_access_to_word_device_is_two_words(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 8, &WORD_OPS);
    g_assert_cmphex(in(f, 0x104, 4), ==, 0x17161514);
    out(f, 0x100, 0x0d0c0b0a, 4);
    assert_calls(f, "r2@4 r2@6 w2@0=b0a w2@2=d0c ");
}

static void test_access_across_claims_reaches_each(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 2, &LONG_OPS);
    claim(f, IO_PORTS, 0x103, 1, &LONG_OPS);
    g_assert_cmphex(in(f, 0x100, 4), ==, 0x10ff1110);
    assert_calls(f, "r2@0 r1@0 ");
    out(f, 0x101, 0x44332211, 4);
    assert_calls(f, "w1@1=11 w1@0=33 ");
}

static void test_wider_access_is_ignored_if_the_region_says_so(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x101, 1, &ONLY_BYTES_OPS);
    claim(f, IO_PORTS, 0x102, 1, &BYTE_OPS);
    out(f, 0x101, 0x55, 1);
    g_assert_cmphex(in(f, 0x101, 1), ==, 0x55);
    assert_calls(f, "w1@0=55 r1@0 ");
    /*
     * The chip is not reached from its first port, nor from the port below.  Its
     * neighbour gets its piece.
     */
    out(f, 0x101, 0x7766, 2);
    g_assert_cmphex(in(f, 0x101, 2), ==, 0x66ff + 0x1100);
    out(f, 0x100, 0x44332211, 4);
    g_assert_cmphex(in(f, 0x100, 4), ==, 0xff33ffff);
    assert_calls(f, "w1@0=77 r1@0 w1@0=33 r1@0 ");
}

static void test_narrower_access_is_ignored(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_MEMORY, 0x1000, 16, &ONLY_LONGS_OPS);
    store(f, 0x1004, 0xddccbbaa, 4);
    g_assert_cmphex(load(f, 0x1004, 4), ==, 0xddccbbaa);
    assert_calls(f, "w4@4=ddccbbaa r4@4 ");
    store(f, 0x1004, 0x11, 1);
    store(f, 0x1004, 0x1111, 2);
    store(f, 0x1008, 0x1111, 8);
    g_assert_cmphex(load(f, 0x1005, 1), ==, 0xff);
    g_assert_cmphex(load(f, 0x1006, 2), ==, 0xffff);
    g_assert_cmphex(load(f, 0x1000, 8), ==, UINT64_MAX);
    /* An access that is not aligned becomes two narrower ones. */
    store(f, 0x1002, 0x11111111, 4);
    g_assert_cmphex(load(f, 0x1006, 4), ==, 0xffffffff);
    assert_calls(f, "");
}

static void test_reads_and_writes_have_a_least_width_each(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &WRITE_WORDS_OPS);
    out(f, 0x100, 0x99, 1);
    g_assert_cmphex(in(f, 0x100, 1), ==, 0x10);
    out(f, 0x102, 0x9988, 2);
    assert_calls(f, "r1@0 w2@2=9988 ");
}

static void test_access_of_an_ignored_width_is_counted_as_unclaimed(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x101, 1, &ONLY_BYTES_OPS);
    in(f, 0x101, 1);
    g_assert_cmpstr(f->by.history[0].device, ==, "chip");
    in(f, 0x101, 2);
    g_assert_null(f->by.history[1].device);
    g_autoptr(GArray) unclaimed = bus_unclaimed(f->bus);
    g_assert_cmpuint(unclaimed->len, ==, 2);
    g_assert_cmphex(g_array_index(unclaimed, BusUnclaimed, 0).address, ==, 0x101);
    const BusMapping *mapping = bus_find(f->bus, IO_PORTS, 0x101);
    g_assert_true(bus_mapping_decodes(mapping, 0x101, 1, true));
    g_assert_false(bus_mapping_decodes(mapping, 0x101, 2, true));
}

/* The rule also holds for REP, with and without a block operation. */
static void test_rep_of_an_ignored_width_is_unclaimed(Fixture *f, gconstpointer data)
{
    (void)data;
    uint16_t items[2] = {0x2211, 0x4433};
    claim(f, IO_PORTS, 0x101, 1, &ONLY_BYTES_OPS);
    bus_port_access(f->bus, &f->by, 0x101, true, 2, items, 2);
    bus_port_access(f->bus, &f->by, 0x100, false, 2, items, 2);
    g_assert_cmphex(items[1], ==, 0xffff);
    assert_calls(f, "");
}

static void test_ports_wrap_at_the_end(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0xffff, 1, &LONG_OPS);
    claim(f, IO_PORTS, 0, 1, &LONG_OPS);
    g_assert_cmphex(in(f, 0xffff, 2), ==, 0x1010);
    g_assert_cmphex(in(f, 0xfffe, 4), ==, 0xff1010ff);
    out(f, 0xffff, 0xddccbbaa, 4);
    assert_calls(f, "r1@0 r1@0 r1@0 r1@0 w1@0=aa w1@0=bb ");
}

static void test_region_without_read_floats_and_without_write_ignores(Fixture *f,
                                                                      gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &NO_OPS);
    g_assert_cmphex(in(f, 0x100, 1), ==, 0xff);
    g_assert_cmphex(in(f, 0x100, 4), ==, 0xffffffff);
    out(f, 0x100, 1, 4);
    g_autoptr(GArray) unclaimed = bus_unclaimed(f->bus);
    g_assert_cmpuint(unclaimed->len, ==, 0);
}

static void test_lock_is_taken_unless_the_bus_is_unlocked(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &LONG_OPS);
    in(f, 0x100, 1);
    g_assert_true(f->chip.locked_when_called);
    out(f, 0x100, 1, 4);
    g_assert_true(f->chip.locked_when_called);
    bus_free(f->bus);
    f->bus = bus_new(false);
    claim(f, IO_PORTS, 0x100, 4, &LONG_OPS);
    in(f, 0x100, 1);
    g_assert_false(f->chip.locked_when_called);
    out(f, 0x100, 1, 4);
    g_assert_false(f->chip.locked_when_called);
}

/* ---- REP ---- */

static void test_rep_is_taken_apart_at_one_port(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &WORD_OPS);
    uint16_t items[3] = {0x201, 0x403, 0x605};
    bus_port_access(f->bus, &f->by, 0x100, true, 2, items, 3);
    assert_calls(f, "w2@0=201 w2@0=403 w2@0=605 ");
    bus_port_access(f->bus, &f->by, 0x102, false, 2, items, 3);
    assert_calls(f, "r2@2 r2@2 r2@2 ");
    g_assert_cmphex(items[0], ==, 0x1312);
    g_assert_cmphex(items[2], ==, 0x1312);
}

static void test_rep_from_a_free_port_is_all_ones(Fixture *f, gconstpointer data)
{
    (void)data;
    uint8_t items[6] = {0};
    bus_port_access(f->bus, &f->by, 0x100, false, 2, items, 3);
    g_assert_cmpmem(items, 6, "\xff\xff\xff\xff\xff\xff", 6);
    bus_port_access(f->bus, &f->by, 0x100, true, 2, items, 3);
}

static void test_block_operation_takes_rep_whole(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &BLOCK_OPS);
    uint16_t items[3] = {0x201, 0x403, 0x605};
    bus_port_access(f->bus, &f->by, 0x101, true, 2, items, 3);
    bus_port_access(f->bus, &f->by, 0x101, false, 2, items, 3);
    assert_calls(f, "W3x2@1..06 R3x2@1 ");
    g_assert_cmphex(items[1], ==, 0x5a5a);
}

static void test_block_operation_is_only_for_widths_that_the_claim_decodes(Fixture *f,
                                                                           gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &BLOCK_OPS);
    uint32_t items[2] = {0x04030201, 0x08070605};
    bus_port_access(f->bus, &f->by, 0x100, true, 4, items, 2);
    assert_calls(f, "w2@0=201 w2@2=403 w2@0=605 w2@2=807 ");
    bus_port_access(f->bus, &f->by, 0x103, true, 2, items, 2);
    assert_calls(f, "w1@3=1 w1@3=3 ");
}

static void test_rep_of_nothing_does_nothing(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &BLOCK_OPS);
    bus_port_access(f->bus, &f->by, 0x100, true, 1, NULL, 0);
    assert_calls(f, "");
    g_assert_cmpuint(f->by.access_count, ==, 0);
}

/* ---- memory ---- */

static void test_memory_accesses_of_every_size(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_MEMORY, 0xfee00000, 64, &QUAD_OPS);
    g_assert_cmphex(load(f, 0xfee00000, 8), ==, UINT64_C(0x1716151413121110));
    g_assert_cmphex(load(f, 0xfee00000, 3), ==, 0x121110);
    g_assert_cmphex(load(f, 0xfee00001, 5), ==, UINT64_C(0x1514131211));
    g_assert_cmphex(load(f, 0xfee00000, 6), ==, UINT64_C(0x151413121110));
    g_assert_cmphex(load(f, 0xfee00000, 7), ==, UINT64_C(0x16151413121110));
    assert_calls(f, "r8@0 r2@0 r1@2 r4@1 r1@5 r4@0 r2@4 r4@0 r2@4 r1@6 ");
    store(f, 0xfee00010, UINT64_C(0x0807060504030201), 7);
    assert_calls(f, "w4@10=4030201 w2@14=605 w1@16=7 ");
}

static void test_wide_memory_access_to_long_device_is_halved(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_MEMORY, 0x1000, 16, &LONG_OPS);
    g_assert_cmphex(load(f, 0x1000, 8), ==, UINT64_C(0x1716151413121110));
    assert_calls(f, "r4@0 r4@4 ");
}

static void test_memory_access_past_the_end_of_a_claim_floats_there(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_MEMORY, 0x1000, 6, &QUAD_OPS);
    g_assert_cmphex(load(f, 0x1000, 8), ==, UINT64_C(0xffff151413121110));
    store(f, 0x1004, 0x44332211, 4);
    assert_calls(f, "r4@0 r2@4 w2@4=2211 ");
}

static void test_unclaimed_memory_floats(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(load(f, 0xd0000000, 8), ==, UINT64_MAX);
    g_assert_cmphex(load(f, 0xd0000000, 3), ==, 0xffffff);
    g_assert_cmphex(load(f, UINT64_MAX, 2), ==, 0xffff);
}

static void test_memory_claims_are_found_in_any_order(Fixture *f, gconstpointer data)
{
    (void)data;
    static const uint64_t BASES[] = {0x5000, 0x1000, 0x9000, 0x3000, 0x7000};
    for (unsigned i = 0; i < G_N_ELEMENTS(BASES); i++) {
        claim(f, IO_MEMORY, BASES[i], 0x10, &QUAD_OPS);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(BASES); i++) {
        g_assert_cmphex(bus_find(f->bus, IO_MEMORY, BASES[i])->base, ==, BASES[i]);
        g_assert_cmphex(bus_find(f->bus, IO_MEMORY, BASES[i] + 15)->base, ==, BASES[i]);
        g_assert_null(bus_find(f->bus, IO_MEMORY, BASES[i] + 16));
        g_assert_null(bus_find(f->bus, IO_MEMORY, BASES[i] - 1));
    }
}

#define TEST(name) g_test_add("/bus/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(overlap_is_refused_with_both_names);
    TEST(neighbours_and_spaces_do_not_overlap);
    TEST(empty_range_is_refused);
    TEST(range_past_the_end_is_refused);
    TEST(claims_keep_their_order_and_the_posted_flag);
    TEST(refused_claim_leaves_nothing_behind);
    TEST(unclaimed_ports_float);
    TEST(device_sees_offsets_and_its_width);
    TEST(value_is_cut_to_its_width);
    TEST(wide_access_to_byte_device_is_split_low_first);
    TEST(long_access_to_word_device_is_two_words);
    TEST(access_across_claims_reaches_each);
    TEST(wider_access_is_ignored_if_the_region_says_so);
    TEST(narrower_access_is_ignored);
    TEST(reads_and_writes_have_a_least_width_each);
    TEST(access_of_an_ignored_width_is_counted_as_unclaimed);
    TEST(rep_of_an_ignored_width_is_unclaimed);
    TEST(ports_wrap_at_the_end);
    TEST(region_without_read_floats_and_without_write_ignores);
    TEST(lock_is_taken_unless_the_bus_is_unlocked);
    TEST(rep_is_taken_apart_at_one_port);
    TEST(rep_from_a_free_port_is_all_ones);
    TEST(block_operation_takes_rep_whole);
    TEST(block_operation_is_only_for_widths_that_the_claim_decodes);
    TEST(rep_of_nothing_does_nothing);
    TEST(memory_accesses_of_every_size);
    TEST(wide_memory_access_to_long_device_is_halved);
    TEST(memory_access_past_the_end_of_a_claim_floats_there);
    TEST(unclaimed_memory_floats);
    TEST(memory_claims_are_found_in_any_order);
    return g_test_run();
}
