/*
 * The bus during changes: ranges are mapped, moved and unmapped, also while four
 * CPUs access them.
 */
#include "tests/unit/bus_rig.h"

/* ---- one thread ---- */

static void test_a_range_answers_where_it_is_mapped_last(Fixture *f, gconstpointer data)
{
    const IoSpace space = GPOINTER_TO_UINT(data);
    const BusClaim wanted = claim_of(f, space, 0, 8, &BYTE_OPS);
    const BusClaim *range = bus_add(f->bus, &wanted);
    g_assert_null(bus_find(f->bus, space, 0));
    g_assert_true(bus_map(f->bus, range, 0x1000));
    g_assert_true(bus_find(f->bus, space, 0x1007)->claim == range);
    /* The new place overlaps the old one. */
    g_assert_true(bus_map(f->bus, range, 0x1004));
    g_assert_null(bus_find(f->bus, space, 0x1003));
    g_assert_cmphex(bus_find(f->bus, space, 0x1004)->base, ==, 0x1004);
    g_assert_cmphex(bus_find(f->bus, space, 0x100b)->base, ==, 0x1004);
    bus_unmap(f->bus, range);
    g_assert_null(bus_find(f->bus, space, 0x1004));
    bus_unmap(f->bus, range);
    g_assert_true(bus_map(f->bus, range, 0x1000));
    g_assert_cmphex(bus_find(f->bus, space, 0x1000)->base, ==, 0x1000);
}

static void test_a_range_that_is_in_the_way_stays_and_the_newcomer_is_nowhere(Fixture *f,
                                                                              gconstpointer data)
{
    const IoSpace space = GPOINTER_TO_UINT(data);
    const BusClaim wanted = claim_of(f, space, 0, 8, &BYTE_OPS);
    const BusClaim *first = bus_add(f->bus, &wanted), *second = bus_add(f->bus, &wanted);
    g_assert_true(bus_map(f->bus, first, 0x1000));
    g_assert_true(bus_map(f->bus, second, 0x2000));
    g_assert_true(bus_obstacle(f->bus, second, 0x1007) == first);
    g_assert_false(bus_map(f->bus, second, 0x1007));
    g_assert_true(bus_find(f->bus, space, 0x1007)->claim == first);
    g_assert_null(bus_find(f->bus, space, 0x1008));
    g_assert_null(bus_find(f->bus, space, 0x2000));
    g_assert_true(bus_map(f->bus, first, 0x3000));
    g_assert_null(bus_obstacle(f->bus, second, 0x1007));
    g_assert_true(bus_map(f->bus, second, 0x1007));
}

static void test_a_range_past_the_end_is_not_mapped(Fixture *f, gconstpointer data)
{
    (void)data;
    const BusClaim wanted = claim_of(f, IO_PORTS, 0, 8, &BYTE_OPS);
    const BusClaim *range = bus_add(f->bus, &wanted);
    g_assert_true(bus_map(f->bus, range, 0xfff8));
    g_assert_false(bus_map(f->bus, range, 0xfff9));
    g_assert_null(bus_find(f->bus, IO_PORTS, 0xfffa));
    g_assert_false(bus_map(f->bus, range, 0x10000));
}

static void test_an_access_sees_the_offset_from_the_new_base(Fixture *f, gconstpointer data)
{
    (void)data;
    const BusClaim ports = claim_of(f, IO_PORTS, 0, 8, &BYTE_OPS);
    const BusClaim memory = claim_of(f, IO_MEMORY, 0, 8, &BYTE_OPS);
    const BusClaim *low = bus_add(f->bus, &ports), *high = bus_add(f->bus, &memory);
    bus_map(f->bus, low, 0x100);
    bus_map(f->bus, low, 0x102);
    bus_map(f->bus, high, 0xe0000000);
    bus_map(f->bus, high, 0xe0000002);
    g_assert_cmphex(in(f, 0x103, 1), ==, 0x11);
    g_assert_cmphex(load(f, 0xe0000003, 1), ==, 0x11);
    g_assert_cmphex(in(f, 0x101, 1), ==, 0xff);
    g_assert_cmphex(load(f, 0xe0000001, 1), ==, 0xff);
    assert_calls(f, "r1@1 r1@1 ");
}

/* A guest that moves a range in a loop must not use up the bus. */
static void test_moves_without_end(Fixture *f, gconstpointer data)
{
    const IoSpace space = GPOINTER_TO_UINT(data);
    const BusClaim wanted = claim_of(f, space, 0, 8, &BYTE_OPS);
    const BusClaim *range = bus_add(f->bus, &wanted);
    for (unsigned i = 0; i < 20000; i++) {
        g_assert_true(bus_map(f->bus, range, 0x1000 + i % 7 * 8));
        in(f, 0x80, 1);
    }
    g_assert_cmphex(bus_find(f->bus, space, 0x1000 + 19999 % 7 * 8)->base, ==,
                    0x1000 + 19999 % 7 * 8);
}

/* ---- the listener ---- */

static void note(GString *log, char what, const BusMapping *mapping)
{
    g_string_append_printf(log, "%c%x+%x ", what, (unsigned)mapping->base, (unsigned)mapping->size);
}

static void note_map(void *opaque, const BusMapping *mapping)
{
    note(opaque, '+', mapping);
}

static void note_unmap(void *opaque, const BusMapping *mapping)
{
    note(opaque, '-', mapping);
}

static void test_the_listener_is_told_of_each_mapping_and_its_end(Fixture *f, gconstpointer data)
{
    static const BusListener LISTENER = {.map = note_map, .unmap = note_unmap};
    const IoSpace space = GPOINTER_TO_UINT(data);
    const BusClaim wanted = claim_of(f, space, 0, 8, &BYTE_OPS);
    const BusClaim *first = bus_add(f->bus, &wanted), *second = bus_add(f->bus, &wanted);
    g_autoptr(GString) log = g_string_new(NULL);
    bus_map(f->bus, first, 0x10);
    bus_set_listener(f->bus, &LISTENER, log);
    g_assert_cmpstr(log->str, ==, "+10+8 ");
    bus_map(f->bus, second, 0x20);
    bus_map(f->bus, second, 0x30);
    bus_map(f->bus, second, 0x30); /* the place is free */
    bus_map(f->bus, second, 0x10); /* the place is taken */
    bus_unmap(f->bus, first);
    g_assert_cmpstr(log->str, ==, "+10+8 +20+8 -20+8 +30+8 -30+8 -10+8 ");
    bus_set_listener(f->bus, NULL, NULL);
    bus_map(f->bus, first, 0x10);
    g_assert_cmpstr(log->str, ==, "+10+8 +20+8 -20+8 +30+8 -30+8 -10+8 ");
}

/* ---- four CPUs ---- */

#define CPUS   4u
#define RANGES 3u
#define PLACES 5u
#define SIZE   0x10u
#define MOVES  6000u
#define FOUND  10000u
/* Besides the range that moves there is one whose device makes the moves, as a host bridge does. */
#define MOVER UINT64_C(0xcfc)

/*
 * A read returns the part's number and the offset.  An offset outside of the part
 * would be a fault of the bus.
 */
typedef struct Part {
    GMutex lock;
    unsigned number;
} Part;

typedef struct Stress {
    Bus *bus;
    Part parts[2 * RANGES];
    const BusClaim *ranges[2 * RANGES];
    GMutex mover_lock;
    unsigned moves;
    atomic_uint running, wrong, found;
} Stress;

typedef struct Cpu {
    BusInitiator by;
    Stress *stress;
    GThread *thread;
    atomic_bool kicked;
} Cpu;

static uint64_t part_read(void *state, uint64_t offset, unsigned size)
{
    const Part *part = state;
    (void)size;
    return part->number << 4 | offset;
}

static uint64_t place(unsigned number, unsigned at)
{
    return 0x1000 + number % RANGES * 0x400 + at * 8;
}

static void move_all(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Stress *s = state;
    (void)offset, (void)value, (void)size;
    for (unsigned i = 0; i < 2 * RANGES; i++) {
        unsigned at = s->moves % (PLACES + 1);
        if (at == PLACES) {
            bus_unmap(s->bus, s->ranges[i]);
        } else {
            g_assert_true(bus_map(s->bus, s->ranges[i], place(i, at)));
        }
    }
    s->moves++;
}

static void check(Stress *s, unsigned number, unsigned at, uint8_t got)
{
    unsigned offset = got & 0xf;
    if (got == 0xff) {
        return;
    }
    /* The part must have been mapped at one of the places that contain the address. */
    bool right = got >> 4 == number && offset <= at * 8 && at * 8 - offset <= (PLACES - 1) * 8 &&
                 (at * 8 - offset) % 8 == 0;
    atomic_fetch_add(right ? &s->found : &s->wrong, 1);
}

static void kick_cpu(BusInitiator *by)
{
    atomic_store(&((Cpu *)by)->kicked, true);
}

static void one_access(Cpu *cpu, unsigned i)
{
    unsigned number = i % (2 * RANGES), at = i / 7 % (PLACES + 1);
    uint64_t address = place(number, at);
    uint8_t byte = 0;
    if (number < RANGES) {
        bus_port_access(cpu->stress->bus, &cpu->by, (uint16_t)address, false, 1, &byte, 1);
    } else {
        bus_memory_access(cpu->stress->bus, &cpu->by, address, false, 1, &byte);
    }
    check(cpu->stress, number, at, byte);
}

/* The first CPU moves the range until the others have found it often enough. */
static bool goes_on(const Cpu *cpu, unsigned i)
{
    const Stress *s = cpu->stress;
    return cpu->by.cpu ? atomic_load(&s->running) : i < MOVES || atomic_load(&s->found) < FOUND;
}

/*
 * The first CPU moves the range and the others read it.  From time to time each
 * reports that it makes no accesses.
 */
static gpointer run_cpu(gpointer opaque)
{
    Cpu *cpu = opaque;
    Stress *s = cpu->stress;
    bus_enter(&cpu->by);
    for (unsigned i = 0; goes_on(cpu, i); i++) {
        uint8_t byte = 0;
        if (cpu->by.cpu) {
            one_access(cpu, i);
        } else {
            bus_port_access(s->bus, &cpu->by, MOVER, true, 1, &byte, 1);
        }
        if (atomic_exchange(&cpu->kicked, false)) {
            bus_leave(&cpu->by);
            g_thread_yield();
            bus_enter(&cpu->by);
        }
    }
    bus_leave(&cpu->by);
    if (!cpu->by.cpu) {
        atomic_store(&s->running, 0);
    }
    return NULL;
}

/* A CPU that waits in the guest, and makes no access until it is kicked. */
static gpointer run_idle(gpointer opaque)
{
    Cpu *cpu = opaque;
    while (atomic_load(&cpu->stress->running)) {
        bus_enter(&cpu->by);
        while (!atomic_exchange(&cpu->kicked, false) && atomic_load(&cpu->stress->running)) {
            g_thread_yield();
        }
        bus_leave(&cpu->by);
    }
    return NULL;
}

static void add_ranges(Stress *s)
{
    static const IoOps OPS = {.read = part_read, .max_size = 1};
    static const IoOps MOVER_OPS = {.write = move_all, .max_size = 1};
    for (unsigned i = 0; i < 2 * RANGES; i++) {
        Part *part = &s->parts[i];
        part->number = i;
        g_mutex_init(&part->lock);
        s->ranges[i] = bus_add(s->bus, &(BusClaim){.name = "part",
                                                   .space = i < RANGES ? IO_PORTS : IO_MEMORY,
                                                   .size = SIZE,
                                                   .ops = &OPS,
                                                   .state = part,
                                                   .lock = &part->lock});
    }
    g_mutex_init(&s->mover_lock);
    const BusClaim mover = {.name = "mover",
                            .space = IO_PORTS,
                            .base = MOVER,
                            .size = 4,
                            .ops = &MOVER_OPS,
                            .state = s,
                            .lock = &s->mover_lock};
    g_assert_true(bus_claim(s->bus, &mover, NULL));
}

static void test_four_cpus_read_a_range_that_another_moves(void)
{
    g_autoptr(Bus) bus = bus_new(true);
    Stress s = {.bus = bus, .running = 1};
    Cpu cpus[CPUS + 1] = {0};
    add_ranges(&s);
    for (unsigned i = 0; i <= CPUS; i++) {
        cpus[i].by.cpu = i;
        cpus[i].by.kick = kick_cpu;
        cpus[i].stress = &s;
        bus_add_initiator(bus, &cpus[i].by);
    }
    for (unsigned i = 0; i <= CPUS; i++) {
        cpus[i].thread = g_thread_new("cpu", i < CPUS ? run_cpu : run_idle, &cpus[i]);
    }
    for (unsigned i = 0; i <= CPUS; i++) {
        g_thread_join(cpus[i].thread);
        bus_remove_initiator(bus, &cpus[i].by);
    }
    g_test_message("%u reads found a range", atomic_load(&s.found));
    g_assert_cmpuint(atomic_load(&s.wrong), ==, 0);
    for (unsigned i = 0; i < 2 * RANGES; i++) {
        g_mutex_clear(&s.parts[i].lock);
    }
    g_mutex_clear(&s.mover_lock);
}

#define TEST(name) g_test_add("/bus_moves/" #name, Fixture, NULL, set_up, test_##name, tear_down)
#define TEST_SPACES(name)                                                                          \
    g_test_add("/bus_moves/ports/" #name, Fixture, GUINT_TO_POINTER(IO_PORTS), set_up,             \
               test_##name, tear_down);                                                            \
    g_test_add("/bus_moves/memory/" #name, Fixture, GUINT_TO_POINTER(IO_MEMORY), set_up,           \
               test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST_SPACES(a_range_answers_where_it_is_mapped_last);
    TEST_SPACES(a_range_that_is_in_the_way_stays_and_the_newcomer_is_nowhere);
    TEST(a_range_past_the_end_is_not_mapped);
    TEST(an_access_sees_the_offset_from_the_new_base);
    TEST_SPACES(moves_without_end);
    TEST_SPACES(the_listener_is_told_of_each_mapping_and_its_end);
    g_test_add_func("/bus_moves/four_cpus_read_a_range_that_another_moves",
                    test_four_cpus_read_a_range_that_another_moves);
    return g_test_run();
}
