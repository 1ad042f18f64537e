/*
 * Scripts: parsing, waiting, failing, judging.
 */
#include "src/base/error.h"
#include "src/expect/expect.h"
#include "tests/unit/char_rig.h"

#include <string.h>

typedef struct Fixture {
    CharRig *rig;
    RigLine *line;
    Expect *expect;
    bool done;
} Fixture;

static void setup(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->rig = char_rig_new();
    fix->line = char_rig_add(fix->rig, "null");
    fix->line->room = 100000;
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    expect_free(fix->expect);
    char_rig_free(fix->rig);
}

static void keep_done(void *opaque)
{
    ((Fixture *)opaque)->done = true;
}

static Expect *load(Fixture *fix, const char *script, GError **error)
{
    g_autofree char *path = char_rig_path(fix->rig, "script");
    g_assert_true(g_file_set_contents(path, script, -1, NULL));
    return expect_new(fix->rig->set, path, keep_done, fix, error);
}

static void start(Fixture *fix, const char *script)
{
    g_autoptr(GError) error = NULL;
    fix->expect = load(fix, script, &error);
    g_assert_no_error(error);
    expect_start(fix->expect);
    char_rig_settle(fix->rig, 5);
}

static void print(Fixture *fix, const char *text)
{
    rig_line_send_text(fix->line, text);
    char_rig_settle(fix->rig, 5);
}

static bool is_done(void *opaque)
{
    return ((Fixture *)opaque)->done;
}

static void assert_verdict(Fixture *fix, int status, const char *reason)
{
    g_assert_true(fix->done);
    ExpectVerdict verdict = expect_conclude(fix->expect);
    g_assert_cmpint(verdict.status, ==, status);
    g_assert_cmpstr(verdict.reason, ==, reason);
}

static void test_dialogue_ends_with_its_status(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "early ");
    start(fix, "# a dialogue\n"
               "wait \"early\"\n"
               "wait \"log+in: $\" 10\n"
               "send \"root\\r\\x41\\\"\\\\\"\n"
               "wait \"#\"\n"
               "exit 42\n");
    print(fix, "logg");
    g_assert_cmpuint(fix->line->input->len, ==, 0);
    print(fix, "in: ");
    g_assert_cmpmem(fix->line->input->data, fix->line->input->len, "root\rA\"\\", 8);
    g_assert_false(fix->done);
    print(fix, "\n# ");
    assert_verdict(fix, 42, "-expect, line 6: exit 42");
}

static void test_each_wait_looks_behind_the_last_match(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "a a");
    start(fix, "wait \"a\"\nwait \"a\"\nwait \"a\"\n");
    g_assert_false(fix->done);
    print(fix, "a");
    assert_verdict(fix, 0, "-expect: the script came to its end");
}

static void test_an_empty_match_uses_nothing_up(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "wait \"\"\nwait \"^ab\"\n");
    g_assert_false(fix->done);
    print(fix, "ab");
    assert_verdict(fix, 0, "-expect: the script came to its end");
}

static void test_an_expression_that_takes_too_long_fails(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    start(fix, "wait \"^(a+)+$\"\n");
    assert_verdict(fix, EXPECT_FAILED,
                   "-expect, line 1: it takes too long to look for \"^(a+)+$\"");
}

static void test_time_that_runs_out_fails(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "wait \"never\" 0.05\n");
    char_rig_until(fix->rig, is_done, fix);
    assert_verdict(fix, EXPECT_FAILED, "-expect, line 1: time ran out waiting for \"never\"");
}

static void test_taboo_fails_from_its_line_on(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "panic\nready\n");
    start(fix, "wait \"ready\\n\"\nfail-if \"pan+ic\"\nwait \"done\"\n");
    g_assert_false(fix->done);
    print(fix, "kernel pan");
    g_assert_false(fix->done);
    print(fix, "ic\n");
    assert_verdict(fix, EXPECT_FAILED, "-expect, line 2: there came \"pan+ic\"");
}

static void test_guest_that_ends_early_fails(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "wait \"done\"\n");
    expect_conclude(fix->expect);
    assert_verdict(fix, EXPECT_FAILED,
                   "-expect, line 1: the guest ended before the script, at \"done\"");
}

static void test_guests_last_words_count(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "wait \"done\"\nexit 3\n");
    rig_line_send_text(fix->line, "done");
    chardev_set_drain(fix->rig->set, NS_PER_SECOND);
    expect_conclude(fix->expect);
    assert_verdict(fix, 3, "-expect, line 2: exit 3");
}

static void test_long_send_waits_for_room(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->line->room = 10;
    g_autofree char *text = g_strnfill(20000, 'x');
    g_autofree char *script = g_strdup_printf("send \"%s\"\n", text);
    start(fix, script);
    g_assert_cmpuint(fix->line->input->len, ==, 10);
    g_assert_false(fix->done);
    rig_line_take(fix->line, 20000);
    char_rig_until(fix->rig, is_done, fix);
    g_assert_cmpmem(fix->line->input->data, fix->line->input->len, text, 20000);
}

static void test_match_is_found_in_much_output(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "wait \"the needle\" 10\n");
    g_autofree char *hay = g_strnfill(3000000, 'h');
    print(fix, hay);
    print(fix, "the nee");
    print(fix, "dle");
    assert_verdict(fix, 0, "-expect: the script came to its end");
}

static void assert_refused(Fixture *fix, const char *script, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load(fix, script, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_autofree char *path = char_rig_path(fix->rig, "script");
    g_autofree char *expected = g_strdup_printf("-expect %s%s", path, message);
    g_assert_cmpstr(error->message, ==, expected);
}

static bool note_keys(void *opaque, const unsigned *codes, unsigned count, GError **error)
{
    (void)error;
    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(opaque, " %x", codes[i]);
    }
    return true;
}

static void test_keys_are_pressed(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GString) keys = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    fix->expect = load(fix, "key \"ctrl-alt-del\"\nkey \"less\"\nkey \"pause\"\n", &error);
    g_assert_no_error(error);
    expect_set_keyboard(fix->expect, &(ExpectKeyboard){note_keys, keys});
    expect_start(fix->expect);
    char_rig_settle(fix->rig, 5);
    g_assert_cmpstr(keys->str, ==, " 1d 38 e053 56 e046");
    g_assert_true(fix->done);
}

static void test_a_machine_without_keys_fails(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "key \"ret\"\n");
    assert_verdict(fix, EXPECT_FAILED, "-expect, line 1: no keyboard, so it cannot press \"ret\"");
}

static void test_a_machine_without_a_screen_is_refused(Fixture *fix, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    fix->expect = load(fix, "wait \"x\"\nscreen \"y\"\n", &error);
    g_assert_no_error(error);
    g_assert_false(expect_set_display(fix->expect, NULL, &error));
    g_assert_cmpstr(error->message, ==, "-expect, line 2: the machine has no screen (-vga std)");
}

static void test_mistakes_name_the_line(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_refused(
        fix, "\nsned \"x\"\n",
        ", line 2: unknown command (use port, send, key, wait, screen, screen-at, fail-if "
        "or exit)");
    assert_refused(fix, "key \"ctrl-foo\"\n",
                   ", line 1: no such key (keys are named as in \"ctrl-alt-del\" and \"ret\")");
    assert_refused(fix, "send x\n", ", line 1: a string in double quotes must follow");
    assert_refused(fix, "send \"x\n", ", line 1: the string has no end");
    assert_refused(fix, "send \"\\q\"\n",
                   ", line 1: unknown escape (there are \\n \\r \\t \\e \\\\ \\\" \\xNN)");
    assert_refused(fix, "wait \"x\" soon\n",
                   ", line 1: the time-out is a number of seconds, up to a day");
    assert_refused(fix, "screen-at 1 \"x\"\n",
                   ", line 1: screen-at takes a row, a column and an expression");
    assert_refused(fix, "exit 256\n", ", line 1: exit takes a status from 0 to 255");
    assert_refused(fix, "exit 1 2\n", ", line 1: there must be nothing more on the line");
    assert_refused(fix, "port com9\n",
                   ": no chardev 'com9' to talk to (a -serial or -chardev makes one)");
}

#define ADD(name) g_test_add("/expect/" #name, Fixture, NULL, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(dialogue_ends_with_its_status);
    ADD(each_wait_looks_behind_the_last_match);
    ADD(an_empty_match_uses_nothing_up);
    ADD(an_expression_that_takes_too_long_fails);
    ADD(keys_are_pressed);
    ADD(a_machine_without_keys_fails);
    ADD(time_that_runs_out_fails);
    ADD(taboo_fails_from_its_line_on);
    ADD(guest_that_ends_early_fails);
    ADD(guests_last_words_count);
    ADD(long_send_waits_for_room);
    ADD(match_is_found_in_much_output);
    ADD(a_machine_without_a_screen_is_refused);
    ADD(mistakes_name_the_line);
    return g_test_run();
}
