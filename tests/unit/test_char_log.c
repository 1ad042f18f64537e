/*
 * Log files: stamps, stripping, rotation, a full disk.
 */
#include "src/char/ansi.h"
#include "tests/unit/char_rig.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fixture {
    CharRig *rig;
    RigLine *line;
    char *path;
} Fixture;

static void setup(Fixture *fix, gconstpointer data)
{
    fix->rig = char_rig_new();
    fix->path = char_rig_path(fix->rig, "log");
    fix->line = char_rig_add(fix->rig, "null,logfile=%s%s", fix->path, (const char *)data);
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    char_rig_free(fix->rig);
    g_free(fix->path);
}

static void print(Fixture *fix, const char *text)
{
    rig_line_send_text(fix->line, text);
    char_rig_settle(fix->rig, 3);
}

static char *read_log(Fixture *fix, const char *suffix)
{
    g_autofree char *path = g_strdup_printf("%s%s", fix->path, suffix);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void assert_log(Fixture *fix, const char *suffix, const char *expected)
{
    g_autofree char *text = read_log(fix, suffix);
    g_assert_cmpstr(text, ==, expected);
}

static void test_log_has_what_the_guest_printed(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "one\r\n\x1b[31mred\x1b[0m");
    print(fix, " two\n");
    assert_log(fix, "", "one\r\n\x1b[31mred\x1b[0m two\n");
}

static void test_guest_stamps_are_machine_time(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->rig->now = 1500000000;
    print(fix, "one\ntw");
    fix->rig->now = 2000001000;
    print(fix, "o\nthree");
    assert_log(fix, "", "[    1.500000] one\n[    1.500000] two\n[    2.000001] three");
}

static void test_host_stamps_are_the_date(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "one\n");
    g_autofree char *text = read_log(fix, "");
    g_assert_true(
        g_regex_match_simple("^\\[\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z] one\n$",
                             text, (GRegexCompileFlags)0, (GRegexMatchFlags)0));
}

static void test_escape_sequences_are_stripped(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "a\x1b[31;1mb\x1b]0;title\x07"
               "c\x1b(Bd\x1b[");
    print(fix, "2Je\x1bP1;2q..\x1b\\f\x1b[1\ng\n");
    assert_log(fix, "", "abcdef\ng\n");
}

static void test_log_is_rotated_at_its_size(Fixture *fix, gconstpointer data)
{
    (void)data;
    for (unsigned i = 0; i < 5; i++) {
        g_autofree char *text = g_strdup_printf("line %u is 20 long.\n", i);
        print(fix, text);
        print(fix, text);
        print(fix, text);
    }
    assert_log(fix, "", "line 4 is 20 long.\nline 4 is 20 long.\nline 4 is 20 long.\n");
    assert_log(fix, ".1", "line 3 is 20 long.\nline 3 is 20 long.\nline 3 is 20 long.\n");
    assert_log(fix, ".2", "line 2 is 20 long.\nline 2 is 20 long.\nline 2 is 20 long.\n");
    assert_log(fix, ".3", NULL);
}

static void test_one_large_write_is_rotated_between_lines(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < 100; i++) {
        g_string_append_printf(text, "line %02u is 20 longer\n", i);
    }
    print(fix, text->str);
    g_autofree char *last = read_log(fix, "");
    g_assert_cmpuint(strlen(last), <=, 64);
    g_assert_true(g_str_has_prefix(last, "line "));
    g_assert_true(g_str_has_suffix(last, "line 99 is 20 longer\n"));
}

static void test_log_is_appended_to_when_asked(Fixture *fix, gconstpointer data)
{
    (void)data;
    print(fix, "one ");
    g_autofree char *spec = g_strdup_printf("null,logfile=%s,logappend=on", fix->path);
    RigLine *again = char_rig_add(fix->rig, "%s", spec);
    rig_line_send_text(again, "two");
    char_rig_settle(fix->rig, 3);
    assert_log(fix, "", "one two");
}

static void test_full_disk_is_reported_once_and_the_guest_continues(void)
{
    CharRig *rig = char_rig_new();
    RigLine *line = char_rig_add(rig, "null,logfile=/dev/full");
    for (unsigned i = 0; i < 3; i++) {
        rig_line_send_text(line, "text\n");
        char_rig_settle(rig, 3);
    }
    g_assert_cmpuint(line->unsent->len, ==, 0);
    g_assert_cmpstr(rig->said->str, ==,
                    "serial0: lines for logfile /dev/full are lost: No space left on device\n");
    char_rig_free(rig);
}

/* A rotation would rename /dev/null, which is worse than a long log. */
static void test_only_a_regular_file_is_rotated(void)
{
    CharRig *rig = char_rig_new();
    g_autofree char *path = char_rig_path(rig, "fifo");
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    RigLine *line = char_rig_add(rig, "null,logfile=%s,logmax=8", path);
    rig_line_send_text(line, "one line\nanother line\nand one more\n");
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(rig, fd, got, 35);
    g_assert_cmpmem(got->data, got->len, "one line\nanother line\nand one more\n", 35);
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_true(S_ISFIFO(st.st_mode));
    close(fd);
    char_rig_free(rig);
}

static void test_filter_never_swallows_the_next_line(void)
{
    static const char TEXT[] = "\x1b[\nx\x18\x1b\ny\x1b[12;\x1b[mz";
    AnsiFilter filter = {0};
    g_autoptr(GString) kept = g_string_new(NULL);
    for (const char *c = TEXT; *c; c++) {
        if (ansi_filter_passes(&filter, (uint8_t)*c)) {
            g_string_append_c(kept, *c);
        }
    }
    g_assert_cmpstr(kept->str, ==, "\nx\nyz");
}

#define ADD(name, options) g_test_add("/log/" #name, Fixture, options, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(log_has_what_the_guest_printed, "");
    ADD(guest_stamps_are_machine_time, ",logstamp=guest");
    ADD(host_stamps_are_the_date, ",logstamp=host");
    ADD(escape_sequences_are_stripped, ",logstrip=on");
    ADD(log_is_rotated_at_its_size, ",logmax=64,logkeep=2");
    ADD(one_large_write_is_rotated_between_lines, ",logmax=64,logkeep=1");
    ADD(log_is_appended_to_when_asked, "");
    g_test_add_func("/log/only_a_regular_file_is_rotated", test_only_a_regular_file_is_rotated);
    g_test_add_func("/log/full_disk_is_reported_once_and_the_guest_continues",
                    test_full_disk_is_reported_once_and_the_guest_continues);
    g_test_add_func("/log/filter_never_swallows_the_next_line",
                    test_filter_never_swallows_the_next_line);
    return g_test_run();
}
