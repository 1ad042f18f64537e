/*
 * "key=value" lists and the search for the nearest word.
 */
#include "src/base/error.h"
#include "src/base/keyval.h"

static const char *value(GHashTable *table, const char *key)
{
    return g_hash_table_lookup(table, key);
}

static void test_splits_at_commas(void)
{
    g_autoptr(GHashTable) table = keyval_parse("-x", "a=1,b=two=2,c", NULL, NULL, NULL);
    g_assert_cmpuint(g_hash_table_size(table), ==, 3);
    g_assert_cmpstr(value(table, "a"), ==, "1");
    g_assert_cmpstr(value(table, "b"), ==, "two=2");
    g_assert_cmpstr(value(table, "c"), ==, "on");
}

static void test_doubled_comma_is_a_comma(void)
{
    g_autoptr(GHashTable) table = keyval_parse("-x", "path=a,,b,,,,c,k=v", NULL, NULL, NULL);
    g_assert_cmpstr(value(table, "path"), ==, "a,b,,c");
    g_assert_cmpstr(value(table, "k"), ==, "v");
}

static void test_leading_value_gets_the_first_key(void)
{
    g_autoptr(GHashTable) table = keyval_parse("-M", "pc,irq=user", "type", NULL, NULL);
    g_assert_cmpstr(value(table, "type"), ==, "pc");
    g_assert_cmpstr(value(table, "irq"), ==, "user");
    g_autoptr(GHashTable) named = keyval_parse("-M", "type=pc", "type", NULL, NULL);
    g_assert_cmpstr(value(named, "type"), ==, "pc");
}

static void test_later_of_two_wins(void)
{
    g_autoptr(GHashTable) table = keyval_parse("-x", "a=1,a=2", NULL, NULL, NULL);
    g_assert_cmpstr(value(table, "a"), ==, "2");
}

/* The checks of a key come after it has been stored. */
static void test_a_known_key_may_come_twice(void)
{
    static const char *const KNOWN[] = {"a", NULL};
    g_autoptr(GHashTable) table = keyval_parse("-x", "a,a=2,a=3", NULL, KNOWN, NULL);
    g_assert_cmpstr(value(table, "a"), ==, "3");
}

static void test_nothing_is_an_empty_list(void)
{
    g_autoptr(GHashTable) table = keyval_parse("-x", "", NULL, NULL, NULL);
    g_assert_cmpuint(g_hash_table_size(table), ==, 0);
}

static void assert_error(const char *text, const char *message)
{
    static const char *const KNOWN[] = {"append", "path", NULL};
    g_autoptr(GError) error = NULL;
    g_assert_null(keyval_parse("-x", text, NULL, KNOWN, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_errors_give_the_correct_form(void)
{
    assert_error("apend=on",
                 "-x: unknown key 'apend' (did you mean 'append'? known: append, path)");
    assert_error("zzz=1", "-x: unknown key 'zzz' (known: append, path)");
    assert_error("path=a,,,append=on,=b", "-x: unknown key '' (known: append, path)");
    assert_error(",path=a", "-x: empty item between commas (write key=value)");
}

static void test_nearest_word(void)
{
    static const char *const WORDS[] = {"-serial", "-smp", "-snapshot", NULL};
    g_assert_cmpstr(keyval_nearest("-seral", WORDS), ==, "-serial");
    g_assert_cmpstr(keyval_nearest("-sm", WORDS), ==, "-smp");
    g_assert_null(keyval_nearest("-completely-different", WORDS));
    g_assert_null(keyval_nearest("x", NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keyval/splits_at_commas", test_splits_at_commas);
    g_test_add_func("/keyval/doubled_comma_is_a_comma", test_doubled_comma_is_a_comma);
    g_test_add_func("/keyval/leading_value_gets_the_first_key",
                    test_leading_value_gets_the_first_key);
    g_test_add_func("/keyval/later_of_two_wins", test_later_of_two_wins);
    g_test_add_func("/keyval/a_known_key_may_come_twice", test_a_known_key_may_come_twice);
    g_test_add_func("/keyval/nothing_is_an_empty_list", test_nothing_is_an_empty_list);
    g_test_add_func("/keyval/errors_give_the_correct_form", test_errors_give_the_correct_form);
    g_test_add_func("/keyval/nearest_word", test_nearest_word);
    return g_test_run();
}
