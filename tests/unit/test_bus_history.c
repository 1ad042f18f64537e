/*
 * What the bus records: accesses that no device answers, and the last accesses of
 * each initiator.
 */
#include "tests/unit/bus_rig.h"

/* ---- what is remembered ---- */

static void test_unclaimed_accesses_are_counted_by_byte(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x101, 1, &BYTE_OPS);
    in(f, 0x100, 1);
    in(f, 0x100, 4);
    out(f, 0x100, 0, 1);
    load(f, 0x50, 1);
    g_autoptr(GArray) all = bus_unclaimed(f->bus);
    g_assert_cmpuint(all->len, ==, 4);
    const BusUnclaimed *e = &g_array_index(all, BusUnclaimed, 0);
    g_assert_cmphex(e[0].address, ==, 0x100);
    g_assert_cmpuint(e[0].reads, ==, 2);
    g_assert_cmpuint(e[0].writes, ==, 1);
    g_assert_cmphex(e[0].first_pc, ==, PC);
    g_assert_false(e[0].memory);
    g_assert_cmphex(e[1].address, ==, 0x102);
    g_assert_cmphex(e[2].address, ==, 0x103);
    g_assert_cmpuint(e[2].reads, ==, 1);
    g_assert_true(e[3].memory);
    g_assert_cmphex(e[3].address, ==, 0x50);
}

static void test_unclaimed_ports_wrap_too(Fixture *f, gconstpointer data)
{
    (void)data;
    in(f, 0xffff, 2);
    g_autoptr(GArray) all = bus_unclaimed(f->bus);
    g_assert_cmpuint(all->len, ==, 2);
    g_assert_cmphex(g_array_index(all, BusUnclaimed, 0).address, ==, 0);
    g_assert_cmphex(g_array_index(all, BusUnclaimed, 1).address, ==, 0xffff);
}

static void test_a_walk_through_memory_does_not_eat_the_host(Fixture *f, gconstpointer data)
{
    (void)data;
    for (uint64_t i = 0; i < 70000; i++) {
        load(f, 0xd0000000 + i * 4096, 1);
    }
    g_autoptr(GArray) all = bus_unclaimed(f->bus);
    g_assert_cmpuint(all->len, ==, 65536);
}

static void test_history_keeps_the_last_sixteen(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &BYTE_OPS);
    for (uint32_t i = 0; i < BUS_HISTORY + 1; i++) {
        out(f, 0x100, i, 1);
    }
    in(f, 0x200, 2);
    uint8_t items[3] = {7, 8, 9};
    bus_port_access(f->bus, &f->by, 0x100, true, 1, items, 3);
    g_assert_cmpuint(f->by.access_count, ==, BUS_HISTORY + 3);
    const BusAccess *oldest = &f->by.history[f->by.history_count % BUS_HISTORY];
    g_assert_cmphex(oldest->value, ==, 3);
    g_assert_cmpstr(oldest->device, ==, "chip");
    const BusAccess *nobody = &f->by.history[(f->by.history_count - 2) % BUS_HISTORY];
    g_assert_null(nobody->device);
    g_assert_cmphex(nobody->value, ==, 0xffff);
    g_assert_false(nobody->write);
    const BusAccess *last = &f->by.history[(f->by.history_count - 1) % BUS_HISTORY];
    g_assert_cmpuint(last->count, ==, 3);
    g_assert_cmphex(last->value, ==, 9);
    g_assert_true(last->write);
}

/* Accesses that differ in only one way are not equal. */
static void test_equal_accesses_in_a_row_are_one_line_of_the_history(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &WORD_OPS);
    claim(f, IO_MEMORY, 0x100, 4, &WORD_OPS);
    for (unsigned i = 0; i < 1000; i++) {
        in(f, 0x100, 1);
    }
    out(f, 0x100, 0x10, 1);
    in(f, 0x100, 1);
    in(f, 0x100, 1);
    load(f, 0x100, 1);
    in(f, 0x100, 2);
    f->chip.bytes[0] = 0x77;
    in(f, 0x100, 2);
    static const uint32_t TIMES[] = {1000, 1, 2, 1, 1, 1};
    g_assert_cmpuint(f->by.history_count, ==, G_N_ELEMENTS(TIMES));
    g_assert_cmpuint(f->by.access_count, ==, 1006);
    for (size_t i = 0; i < G_N_ELEMENTS(TIMES); i++) {
        g_assert_cmpuint(f->by.history[i].times, ==, TIMES[i]);
    }
}

static void observe(void *opaque, const BusAccess *access)
{
    Fixture *f = opaque;
    bool was_free = g_mutex_trylock(&f->chip.lock);
    g_assert_true(was_free);
    g_mutex_unlock(&f->chip.lock);
    g_string_append_printf(f->chip.calls, "%c%c%u %x=%x; ", access->memory ? 'm' : 'p',
                           access->write ? 'w' : 'r', access->size, (unsigned)access->address,
                           (unsigned)access->value);
}

static void test_observer_sees_each_access_once_and_unlocked(Fixture *f, gconstpointer data)
{
    (void)data;
    claim(f, IO_PORTS, 0x100, 4, &LONG_OPS);
    claim(f, IO_MEMORY, 0x100, 4, &LONG_OPS);
    bus_set_observer(f->bus, observe, false, f);
    out(f, 0x100, 0xab, 1);
    assert_calls(f, "w1@0=ab pw1 100=ab; ");
    load(f, 0x100, 3);
    assert_calls(f, "r2@0 mr2 100=11ab; r1@2 mr1 102=12; ");
    in(f, 0x200, 2);
    assert_calls(f, "pr2 200=ffff; ");
    bus_set_observer(f->bus, NULL, false, NULL);
    in(f, 0x100, 1);
    assert_calls(f, "r1@0 ");
}

/*
 * A chip with an index register and a data port.  The register behind the data port
 * depends on the access before.
 */
static const char *chip_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const NAMES[] = {"NONE", "FIRST", "SECOND"};
    Chip *chip = (Chip *)(uintptr_t)state;
    note_lock(chip);
    return offset == 0 ? NAMES[chip->bytes[0]] : write ? "DATA" : NULL;
}

static void observe_name(void *opaque, const BusAccess *access)
{
    Fixture *f = opaque;
    g_assert_true(f->chip.locked_when_called);
    g_string_append_printf(f->chip.calls, "%s ",
                           access->register_name ? access->register_name : "-");
}

static void test_register_has_the_name_it_had_when_the_access_came(Fixture *f, gconstpointer data)
{
    (void)data;
    BusClaim ports = claim_of(f, IO_PORTS, 0x100, 4, &BYTE_OPS);
    ports.register_name = chip_register_name;
    g_assert_true(bus_claim(f->bus, &ports, NULL));
    f->chip.bytes[0] = 0;
    bus_set_observer(f->bus, observe_name, true, f);
    out(f, 0x100, 1, 1);
    out(f, 0x100, 2, 1);
    assert_calls(f, "w1@0=1 NONE w1@0=2 FIRST ");
    out(f, 0x100, 0x1101, 2); /* in two halves: the first half goes to the chip */
    in(f, 0x101, 1);
    in(f, 0x200, 1);
    in(f, 0xff, 2); /* begins where there is no device */
    assert_calls(f, "w1@0=1 w1@1=11 SECOND r1@1 - - r1@0 - ");
    uint8_t items[2] = {2, 1};
    bus_port_access(f->bus, &f->by, 0x100, true, 1, items, 2);
    assert_calls(f, "w1@0=2 w1@0=1 FIRST ");
}

#define TEST(name) g_test_add("/bus/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(unclaimed_accesses_are_counted_by_byte);
    TEST(unclaimed_ports_wrap_too);
    TEST(a_walk_through_memory_does_not_eat_the_host);
    TEST(history_keeps_the_last_sixteen);
    TEST(equal_accesses_in_a_row_are_one_line_of_the_history);
    TEST(register_has_the_name_it_had_when_the_access_came);
    TEST(observer_sees_each_access_once_and_unlocked);
    return g_test_run();
}
