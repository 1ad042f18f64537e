/*
 * The bus: ranges that each CPU has for itself, and which CPU's chip gets a
 * device's write to such a range.
 */
#include "src/base/error.h"
#include "src/board/bus.h"

#define OWN       UINT64_C(0xfee00000)
#define ELSEWHERE UINT64_C(0xfec00000)
#define SIZE      0x20u
#define AT        0x10u
#define VALUE     0x55u
#define CPUS      3u

/* Answers with its number, and counts its accesses. */
typedef struct Chip {
    unsigned number;
    unsigned writes;
    int rank;
} Chip;

typedef struct Fixture {
    Bus *bus;
    BusInitiator by;
    Chip own[CPUS], shared;
} Fixture;

static uint64_t chip_read(void *state, uint64_t offset, unsigned size)
{
    const Chip *chip = state;
    (void)offset, (void)size;
    return chip->number;
}

static void chip_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Chip *chip = state;
    g_assert_cmphex(offset, ==, AT);
    g_assert_cmphex(value, ==, VALUE);
    g_assert_cmpuint(size, ==, 4);
    chip->writes++;
}

static int chip_arbitrate(const void *state, uint64_t offset, uint64_t value)
{
    const Chip *chip = state;
    g_assert_cmphex(offset, ==, AT);
    g_assert_cmphex(value, ==, VALUE);
    return chip->rank;
}

static const IoOps OPS = {.read = chip_read, .write = chip_write, .max_size = 4};

static BusClaim claim_of(uint64_t base, Chip *chip)
{
    return (BusClaim){
        .name = "chip", .space = IO_MEMORY, .base = base, .size = SIZE, .ops = &OPS, .state = chip};
}

static bool claim_own(Fixture *f, unsigned cpu, GError **error)
{
    BusClaim wanted = claim_of(OWN, &f->own[cpu]);
    wanted.per_cpu = true;
    wanted.cpu = cpu;
    wanted.arbitrate = chip_arbitrate;
    return bus_claim(f->bus, &wanted, error);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->bus = bus_new(false);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        f->own[cpu].number = cpu;
        g_assert_true(claim_own(f, cpu, NULL));
    }
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    bus_free(f->bus);
}

static uint8_t read_as(Fixture *f, unsigned cpu)
{
    uint8_t value = 0;
    f->by.cpu = cpu;
    bus_memory_access(f->bus, &f->by, OWN, false, 1, &value);
    return value;
}

static void test_a_cpu_reaches_its_own(Fixture *f, gconstpointer data)
{
    (void)data;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        g_assert_cmpuint(read_as(f, cpu), ==, cpu);
    }
    g_assert_cmphex(read_as(f, CPUS), ==, 0xff);
}

static void test_own_ranges_overlap_only_strangers(Fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) twice = NULL, shared = NULL;
    g_assert_false(claim_own(f, 1, &twice));
    g_assert_error(twice, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    const BusClaim wanted = claim_of(OWN, &f->shared);
    g_assert_false(bus_claim(f->bus, &wanted, &shared));
    g_assert_error(shared, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
}

static void assert_takers(Fixture *f, const int *ranks, const char *expected)
{
    g_autoptr(GString) takers = g_string_new(NULL);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        f->own[cpu].rank = ranks[cpu];
        f->own[cpu].writes = 0;
    }
    bus_device_write(f->bus, OWN + AT, VALUE, 4);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        for (unsigned i = 0; i < f->own[cpu].writes; i++) {
            g_string_append_printf(takers, "%u", cpu);
        }
    }
    g_assert_cmpstr(takers->str, ==, expected);
}

static void test_device_write_goes_to_the_bidders(Fixture *f, gconstpointer data)
{
    (void)data;
    static const struct {
        int ranks[CPUS];
        const char *takers;
    } CASES[] = {
        {{DEVICE_ARBITRATE_NONE, DEVICE_ARBITRATE_NONE, DEVICE_ARBITRATE_NONE}, ""},
        {{DEVICE_ARBITRATE_SURE, DEVICE_ARBITRATE_NONE, DEVICE_ARBITRATE_SURE}, "02"},
        {{7, 5, 6}, "1"},
        {{7, DEVICE_ARBITRATE_NONE, 0}, "2"},
        {{DEVICE_ARBITRATE_NONE, 3, 3}, "1"},
        {{DEVICE_ARBITRATE_SURE, 255, 254}, "02"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        assert_takers(f, CASES[i].ranks, CASES[i].takers);
    }
    g_autoptr(GArray) unclaimed = bus_unclaimed(f->bus);
    g_assert_cmpuint(unclaimed->len, ==, 0);
}

static void test_device_write_to_another_range_is_an_ordinary_write(Fixture *f, gconstpointer data)
{
    (void)data;
    const BusClaim wanted = claim_of(ELSEWHERE, &f->shared);
    g_assert_true(bus_claim(f->bus, &wanted, NULL));
    bus_device_write(f->bus, ELSEWHERE + AT, VALUE, 4);
    g_assert_cmpuint(f->shared.writes, ==, 1);
}

#define TEST(name) g_test_add("/bus/cpus/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(a_cpu_reaches_its_own);
    TEST(own_ranges_overlap_only_strangers);
    TEST(device_write_goes_to_the_bidders);
    TEST(device_write_to_another_range_is_an_ordinary_write);
    return g_test_run();
}
