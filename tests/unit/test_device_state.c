/*
 * The saved state of a device: its versions, and what cannot be loaded.
 */
#include "tests/unit/toy_device.h"

/* ---- saved state ---- */

static void fill(Toy *toy)
{
    toy->latch = 0x99;
    toy->table[0] = 1;
    toy->table[2] = UINT32_MAX;
    toy->on = true;
    toy->wide = UINT64_MAX;
}

static void test_saved_state_comes_back(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    fill(f->toy);
    g_autoptr(GBytes) saved = device_save(f->dev);
    device_reset(f->dev);
    g_autoptr(GError) error = NULL;
    g_assert_true(device_load(f->dev, saved, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(f->toy->loads, ==, 1);
    g_assert_cmphex(f->toy->latch, ==, 0x99);
    g_assert_cmpuint(f->toy->table[0], ==, 1);
    g_assert_cmpuint(f->toy->table[1], ==, 0);
    g_assert_cmphex(f->toy->table[2], ==, UINT32_MAX);
    g_assert_true(f->toy->on);
    g_assert_cmphex(f->toy->wide, ==, UINT64_MAX);
}

/* Builds "(sua{sat})" from `text`, which is in GVariant's notation. */
static GBytes *blob(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) variant =
        g_variant_parse(G_VARIANT_TYPE("(sua{sat})"), text, NULL, NULL, &error);
    g_assert_no_error(error);
    return g_variant_get_data_as_bytes(variant);
}

static void assert_not_loaded(Fixture *f, GBytes *saved, const char *message)
{
    g_autoptr(GError) error = NULL;
    f->toy->latch = 0x77;
    unsigned resets = f->toy->resets;
    g_assert_false(device_load(f->dev, saved, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    if (message) {
        g_assert_cmpstr(error->message, ==, message);
    }
    g_assert_cmpuint(f->toy->resets, ==, resets + 1);
    g_assert_cmphex(f->toy->latch, ==, 0x40);
    g_bytes_unref(saved);
}

#define GOOD_REST "'on': [uint64 1], 'wide': [uint64 5]"

static void test_impossible_states_are_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    assert_not_loaded(f, blob("('boy', 3, {})"), "toy0: saved state is of a 'boy', not a 'toy'");
    assert_not_loaded(f, blob("('toy', 3, {})"), "toy0: saved state, field latch: missing");
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2], " GOOD_REST "})"),
        "toy0: saved state, field table: wrong number of elements");
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 256], 'table': [uint64 1, 2, 3], " GOOD_REST "})"),
        "toy0: saved state, field latch: value too large");
    assert_not_loaded(
        f,
        blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 4294967296], " GOOD_REST
             "})"),
        "toy0: saved state, field table: value too large");
    assert_not_loaded(f,
                      blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], "
                           "'on': [uint64 2], 'wide': [uint64 5]})"),
                      "toy0: saved state, field on: value too large");
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 238], 'table': [uint64 1, 2, 3], " GOOD_REST "})"),
        "toy0: saved state, field (all): impossible combination");
}

static void test_unknown_fields_are_passed_over(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_autoptr(GBytes) saved = blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], "
                                   "'later': [uint64 9], " GOOD_REST "})");
    g_autoptr(GError) error = NULL;
    g_assert_true(device_load(f->dev, saved, &error));
    g_assert_cmphex(f->toy->latch, ==, 1);
    g_assert_cmpuint(f->toy->wide, ==, 5);
}

static void test_an_older_state_gets_defaults_for_missing_fields(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_autoptr(GBytes) saved =
        blob("('toy', 2, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], 'on': [uint64 1]})");
    g_autoptr(GError) error = NULL;
    f->toy->wide = 7;
    g_assert_true(device_load(f->dev, saved, &error));
    g_assert_true(f->toy->on);
    g_assert_cmphex(f->toy->wide, ==, 0x55);
}

/* In an older state, a value under the name of a later field means something else. */
static void test_an_older_state_cannot_set_a_later_field(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    g_autoptr(GBytes) saved =
        blob("('toy', 1, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], " GOOD_REST "})");
    g_assert_true(device_load(f->dev, saved, NULL));
    g_assert_cmphex(f->toy->wide, ==, 0x55);
}

static void test_a_state_of_the_version_has_all_its_fields(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    assert_not_loaded(
        f, blob("('toy', 3, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], 'on': [uint64 1]})"),
        "toy0: saved state, field wide: missing");
}

static void test_a_later_state_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    assert_not_loaded(
        f, blob("('toy', 4, {'latch': [uint64 1], 'table': [uint64 1, 2, 3], " GOOD_REST "})"),
        "toy0: saved state has version 4, and this pioemu knows up to 3");
    assert_not_loaded(f, blob("('toy', 0, {})"),
                      "toy0: saved state has version 0, and this pioemu knows up to 3");
}

static void test_rubbish_is_refused(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    fill(f->toy);
    g_autoptr(GBytes) good = device_save(f->dev);
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(good, &size);
    for (gsize cut = 0; cut < size; cut++) {
        assert_not_loaded(f, g_bytes_new(bytes, cut), NULL);
    }
    for (unsigned round = 0; round < 2000; round++) {
        g_autofree uint8_t *random = g_malloc(size);
        for (gsize i = 0; i < size; i++) {
            random[i] = (uint8_t)g_test_rand_int();
        }
        assert_not_loaded(f, g_bytes_new(random, size), NULL);
    }
}

/*
 * With one wrong byte the state is either loaded or refused, but no field gets an
 * impossible value.
 */
static void test_damaged_state_never_breaks_a_field(Fixture *f, gconstpointer data)
{
    (void)data;
    realize(f, NULL);
    fill(f->toy);
    g_autoptr(GBytes) good = device_save(f->dev);
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(good, &size);
    for (gsize i = 0; i < size; i++) {
        g_autofree uint8_t *damaged = g_memdup2(bytes, size);
        damaged[i] ^= (uint8_t)(1u << (i % 8));
        g_autoptr(GBytes) saved = g_bytes_new(damaged, size);
        bool loaded = device_load(f->dev, saved, NULL);
        uint8_t on;
        memcpy(&on, &f->toy->on, 1);
        g_assert_cmpuint(on, <=, 1);
        g_assert_true(loaded || f->toy->latch == 0x40);
    }
}

#define TEST(name) g_test_add("/device_core/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(saved_state_comes_back);
    TEST(impossible_states_are_refused);
    TEST(unknown_fields_are_passed_over);
    TEST(an_older_state_gets_defaults_for_missing_fields);
    TEST(an_older_state_cannot_set_a_later_field);
    TEST(a_state_of_the_version_has_all_its_fields);
    TEST(a_later_state_is_refused);
    TEST(rubbish_is_refused);
    TEST(damaged_state_never_breaks_a_field);
    return g_test_run();
}
