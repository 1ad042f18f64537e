/* -dfilter: the forms of a range, what a range covers, and texts that are no range. */
#include "src/base/error.h"
#include "src/cpu/address_filter.h"

static AddressFilter *filter_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    AddressFilter *filter = address_filter_new(text, &error);
    g_assert_no_error(error);
    return filter;
}

/* A single range covers its ends but not their neighbours. */
static void assert_range(const char *text, uint64_t first, uint64_t last)
{
    g_autoptr(AddressFilter) filter = filter_of(text);
    g_assert_true(address_filter_covers(filter, first, first));
    g_assert_true(address_filter_covers(filter, last, last));
    g_assert_true(first == 0 || !address_filter_covers(filter, first - 1, first - 1));
    g_assert_true(last == UINT64_MAX || !address_filter_covers(filter, last + 1, last + 1));
}

static void test_first_to_last(void)
{
    assert_range("0x8000..0x8fff", 0x8000, 0x8fff);
    assert_range("10..10", 10, 10);
    assert_range("0..0xffffffffffffffff", 0, UINT64_MAX);
}

static void test_first_and_size(void)
{
    assert_range("0x8000+0x100", 0x8000, 0x80ff);
    assert_range("0x8000+1", 0x8000, 0x8000);
    assert_range("0xfffffffffffffff0+16", 0xfffffffffffffff0, UINT64_MAX);
}

/* The range is the bytes up to and including the last one. */
static void test_last_and_size(void)
{
    assert_range("0x8000-0x100", 0x7f01, 0x8000);
    assert_range("255-256", 0, 255);
}

static void test_any_of_several(void)
{
    g_autoptr(AddressFilter) filter = filter_of("0x10..0x1f,0x40+0x10,0x8f-0x10");
    static const uint64_t IN[] = {0x10, 0x1f, 0x40, 0x4f, 0x80, 0x8f};
    static const uint64_t OUT[] = {0xf, 0x20, 0x3f, 0x50, 0x7f, 0x90};
    for (unsigned i = 0; i < G_N_ELEMENTS(IN); i++) {
        g_assert_true(address_filter_covers(filter, IN[i], IN[i]));
        g_assert_false(address_filter_covers(filter, OUT[i], OUT[i]));
    }
}

/* A block that begins before the range or ends after it counts. */
static void test_whatever_overlaps(void)
{
    g_autoptr(AddressFilter) filter = filter_of("0x100..0x1ff");
    g_assert_true(address_filter_covers(filter, 0xf0, 0x100));
    g_assert_true(address_filter_covers(filter, 0x1ff, 0x20f));
    g_assert_true(address_filter_covers(filter, 0, UINT64_MAX));
    g_assert_false(address_filter_covers(filter, 0xf0, 0xff));
    g_assert_false(address_filter_covers(filter, 0x200, 0x20f));
}

static void test_none_covers_everything(void)
{
    g_assert_true(address_filter_covers(NULL, 0, 0));
    g_assert_true(address_filter_covers(NULL, UINT64_MAX, UINT64_MAX));
}

static void assert_refused(const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(address_filter_new(text, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

#define NOT_A_RANGE ": not a range (FIRST..LAST, FIRST+SIZE or LAST-SIZE)"
#define NO_BYTES    ": a range has its first address first and at least one byte"

static void test_mistakes_are_refused(void)
{
    static const char *const FORMLESS[] = {"", "0x8000", "0x8000.0x9000", "0x8000:0x9000"};
    for (unsigned i = 0; i < G_N_ELEMENTS(FORMLESS); i++) {
        g_autofree char *message = g_strconcat("-dfilter ", FORMLESS[i], NOT_A_RANGE, NULL);
        assert_refused(FORMLESS[i], message);
    }
    static const char *const EMPTY[] = {"0x9000..0x8000",       "0x8000+0", "0x8000-0",
                                        "0xffffffffffffffff+2", "5-7",      "0x10..0"};
    for (unsigned i = 0; i < G_N_ELEMENTS(EMPTY); i++) {
        g_autofree char *message = g_strconcat("-dfilter ", EMPTY[i], NO_BYTES, NULL);
        assert_refused(EMPTY[i], message);
    }
    assert_refused("1..2,", "-dfilter 1..2," NOT_A_RANGE);
    assert_refused("1..2,3", "-dfilter 3" NOT_A_RANGE);
}

static void test_invalid_number_is_named(void)
{
    static const char *const TEXTS[] = {"x..5", "5..x", "..", "1...2", "5+", "-5", "1+2+3"};
    for (unsigned i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(address_filter_new(TEXTS[i], &error));
        g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
        g_assert_true(g_str_has_prefix(error->message, "-dfilter "));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address_filter/first_to_last", test_first_to_last);
    g_test_add_func("/address_filter/first_and_size", test_first_and_size);
    g_test_add_func("/address_filter/last_and_size", test_last_and_size);
    g_test_add_func("/address_filter/any_of_several", test_any_of_several);
    g_test_add_func("/address_filter/whatever_overlaps", test_whatever_overlaps);
    g_test_add_func("/address_filter/none_covers_everything", test_none_covers_everything);
    g_test_add_func("/address_filter/mistakes_are_refused", test_mistakes_are_refused);
    g_test_add_func("/address_filter/invalid_number_is_named", test_invalid_number_is_named);
    return g_test_run();
}
