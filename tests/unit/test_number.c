/*
 * Numbers, sizes and switches as users write them.
 */
#include "src/base/error.h"
#include "src/base/number.h"

static void test_decimal_and_hex(void)
{
    uint64_t value;
    g_assert_true(number_parse("-n", "0", 10, &value, NULL));
    g_assert_cmpuint(value, ==, 0);
    g_assert_true(number_parse("-n", "017", 100, &value, NULL));
    g_assert_cmpuint(value, ==, 17);
    g_assert_true(number_parse("-n", "0x3F8", 0xffff, &value, NULL));
    g_assert_cmpuint(value, ==, 0x3f8);
    g_assert_true(number_parse("-n", "18446744073709551615", UINT64_MAX, &value, NULL));
    g_assert_cmpuint(value, ==, UINT64_MAX);
}

static void assert_number_error(const char *text, uint64_t maximum, const char *message)
{
    g_autoptr(GError) error = NULL;
    uint64_t value = 77;
    g_assert_false(number_parse("-n", text, maximum, &value, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
    g_assert_cmpuint(value, ==, 77);
}

static void test_number_errors_end_with_the_correct_form(void)
{
    assert_number_error("", 9, "-n: a number is missing (decimal or 0x...)");
    assert_number_error("-1", 9, "-n -1: not a number (decimal or 0x...)");
    assert_number_error(" 1", 9, "-n  1: not a number (decimal or 0x...)");
    assert_number_error("0x", 9, "-n 0x: no digits after 0x");
    assert_number_error("0x-1", 9, "-n 0x-1: no digits after 0x");
    assert_number_error("0x 1", 9, "-n 0x 1: no digits after 0x");
    assert_number_error("5x", 9, "-n 5x: 'x' after the number (decimal or 0x...)");
    assert_number_error("10", 9, "-n 10: too large (at most 9)");
    assert_number_error("99999999999999999999", UINT64_MAX,
                        "-n 99999999999999999999: number too large");
}

static void assert_size(const char *text, uint64_t expected)
{
    uint64_t value;
    g_assert_true(number_parse_size("-m", text, UINT64_MAX, &value, NULL));
    g_assert_cmpuint(value, ==, expected);
}

static void test_sizes_have_suffixes(void)
{
    assert_size("512", 512);
    assert_size("4k", 4096);
    assert_size("128M", UINT64_C(128) << 20);
    assert_size("3g", UINT64_C(3) << 30);
    assert_size("0x10K", 0x4000);
    assert_size("3.5G", UINT64_C(3584) << 20);
    assert_size("1.25k", 1280);
}

static void assert_size_error(const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    uint64_t value;
    g_assert_false(number_parse_size("-m", text, 4096, &value, &error));
    g_assert_cmpstr(error->message, ==, message);
}

static void test_size_errors_end_with_the_correct_form(void)
{
    assert_size_error("5Q", "-m 5Q: unknown suffix 'Q' (use K, M or G)");
    assert_size_error("5MB", "-m 5MB: unknown suffix 'MB' (use K, M or G)");
    assert_size_error("5K", "-m 5K: too large (at most 4096 bytes)");
    assert_size_error("17179869184G", "-m 17179869184G: too large (at most 4096 bytes)");
    assert_size_error("1.5", "-m 1.5: unknown suffix '.5' (use K, M or G)");
    assert_size_error("1.M", "-m 1.M: unknown suffix '.M' (use K, M or G)");
    assert_size_error("1.1111K", "-m 1.1111K: unknown suffix '.1111K' (use K, M or G)");
    assert_size_error("M", "-m M: not a number (decimal or 0x...)");
}

static void test_switches(void)
{
    static const char *const ON[] = {"on", "yes", "true"}, *const OFF[] = {"off", "no", "false"};
    bool value;
    for (size_t i = 0; i < G_N_ELEMENTS(ON); i++) {
        g_assert_true(number_parse_bool("-b", ON[i], &value, NULL));
        g_assert_true(value);
        g_assert_true(number_parse_bool("-b", OFF[i], &value, NULL));
        g_assert_false(value);
    }
    g_autoptr(GError) error = NULL;
    g_assert_false(number_parse_bool("append", "maybe", &value, &error));
    g_assert_cmpstr(error->message, ==, "append maybe: neither on nor off");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/number/decimal_and_hex", test_decimal_and_hex);
    g_test_add_func("/number/errors_end_with_the_correct_form",
                    test_number_errors_end_with_the_correct_form);
    g_test_add_func("/number/sizes_have_suffixes", test_sizes_have_suffixes);
    g_test_add_func("/number/size_errors_end_with_the_correct_form",
                    test_size_errors_end_with_the_correct_form);
    g_test_add_func("/number/switches", test_switches);
    return g_test_run();
}
