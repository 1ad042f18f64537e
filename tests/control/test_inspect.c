/*
 * The monitor's commands that show memory, registers and ports, and those that
 * type keys.  The expected output is what QEMU 7.2 prints for the same memory.
 */
#include "tests/control/qmp_rig.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <unistd.h>

/* Starts a machine that is stopped before its first instruction, with known bytes at 0x7c00. */
static void start_known(ControlRig *rig)
{
    g_autofree char *guest =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "guests", "keyboard.bin", NULL);
    const char *const options[] = {"-accel",  "soft", "-kernel",    guest,  "-S",
                                   "-serial", "null", "-debugport", "null", NULL};
    start(rig, options);
    ask(rig, NEGOTIATE, "{\"return\":{}}");
    g_autofree char *answer =
        control_ask(rig, "write 0x7c00 0x10 0xea5be000f030362f32332f393900fc00");
    g_assert_cmpstr(answer, ==, "OK");
}

/* Returns the monitor's answer to a line, with lines that end with \n.  The caller frees it. */
static char *monitor(ControlRig *rig, const char *line)
{
    g_autofree char *escaped = g_strescape(line, NULL);
    g_autofree char *command = g_strdup_printf(
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}", escaped);
    g_autofree char *answer = control_qmp(rig, command);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(parser, answer, -1, NULL));
    JsonObject *object = json_node_get_object(json_parser_get_root(parser));
    g_auto(GStrv) lines = g_strsplit(json_object_get_string_member(object, "return"), "\r\n", -1);
    return g_strjoinv("\n", lines);
}

typedef struct Case {
    const char *line, *answer;
} Case;

static void check(ControlRig *rig, const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        g_autofree char *answer = monitor(rig, cases[i].line);
        g_test_message("%s", cases[i].line);
        g_assert_cmpstr(answer, ==, cases[i].answer);
    }
}

static void test_memory_is_shown_in_every_format(void)
{
    static const Case CASES[] = {
        {"xp /8xb 0x7c00", "0000000000007c00: 0xea 0x5b 0xe0 0x00 0xf0 0x30 0x36 0x2f\n"},
        {"x /8xb 0x7c00", "0000000000007c00: 0xea 0x5b 0xe0 0x00 0xf0 0x30 0x36 0x2f\n"},
        {"xp /9ub 0x7c00", "0000000000007c00: 234  91 224   0 240  48  54  47\n"
                           "0000000000007c08:  50\n"},
        {"xp 0x7c00", "0000000000007c00: 0x00e05bea\n"},
        {"xp /2dg 0x7c00", "0000000000007c00:  3401960375889976298    70931939903615794\n"},
        {"xp /3oh 0x7c00", "0000000000007c00: 055752   0340 030360\n"},
        {"xp /3uh 0x7c00", "0000000000007c00: 23530   224 12528\n"},
        {"xp /2uw 0x7c00", "0000000000007c00:   14703594  792080624\n"},
        {"xp /3c 0x7c00+3", "0000000000007c03: '\\x00' '\\xf0' '0'\n"},
        {"xp /xb 0xc0000000", "00000000c0000000: Cannot access memory\n"},
        {"xp /2q 0", "invalid char in format: 'q'\nTry \"help xp\" for more information\n"},
        {"x", "unexpected end of expression\nTry \"help x\" for more information\n"},
        {"gva2gpa 0x7c00", "gpa: 0x7c00\n"},
        {"info mem", "PG disabled\n"},
        {"info tlb", "PG disabled\n"},
    };
    ControlRig rig;
    start_known(&rig);
    check(&rig, CASES, G_N_ELEMENTS(CASES));
    control_rig_end(&rig);
}

static void test_instructions_are_disassembled(void)
{
    ControlRig rig;
    start_known(&rig);
    g_autofree char *answer = monitor(&rig, "x /2i 0x7c00");
    if (strstr(answer, "no disassembler was built in")) {
        g_test_skip("built without Zydis");
    } else {
        g_assert_cmpstr(answer, ==,
                        "0x00007c00:  ea 5b e0 00 f0           jmp far 0xf000:0xe05b\n"
                        "0x00007c05:  30 36 2f 32              xor [0x322f], dh\n");
    }
    control_rig_end(&rig);
}

static void test_expressions_are_computed(void)
{
    static const Case CASES[] = {
        {"p 5", "0x5\n"},
        {"print /d -5 % 3", "-2\n"},
        {"p /x 1+2*3", "0x7\n"},
        {"p /x (1+2)*3", "0x9\n"},
        {"p /x 0xff&0xf|0x30", "0x3f\n"},
        {"p /x 'A'", "0x41\n"},
        {"p /c 65", "'A'\n"},
        {"p /o 010", "010\n"},
        {"p /u ~0", "18446744073709551615\n"},
        {"p /x $eip", "0x1000\n"},
        {"p /x $pc - 0x1000", "0\n"},
        {"p /d 0x8000000000000000 / -1", "-9223372036854775808\n"},
        {"p 5/0", "division by zero\nTry \"help print\" for more information\n"},
        {"p $foo", "unknown register\nTry \"help print\" for more information\n"},
        {"p 1 +", "unexpected end of expression\nTry \"help print\" for more information\n"},
        {"p 1 2", "print|p: extraneous characters at the end of line\n"
                  "Try \"help print\" for more information\n"},
    };
    ControlRig rig;
    start_known(&rig);
    check(&rig, CASES, G_N_ELEMENTS(CASES));
    control_rig_end(&rig);
}

/* Uses the index and data ports of the CMOS memory. */
static void test_ports_are_read_and_written(void)
{
    static const Case CASES[] = {
        {"o /b 0x70 0x50", ""},
        {"o 0x71 0xa5", ""},
        {"i /b 0x71", "portb[0x0071] = 0xa5\n"},
        {"i /h 0x300", "portw[0x0300] = 0xffff\n"},
        {"i /w 0x300", "portl[0x0300] = 0xffffffff\n"},
    };
    ControlRig rig;
    start_known(&rig);
    check(&rig, CASES, G_N_ELEMENTS(CASES));
    control_rig_end(&rig);
}

static void test_memory_is_saved_to_files(void)
{
    ControlRig rig;
    start_known(&rig);
    g_autofree char *path = g_build_filename(rig.directory, "saved", NULL);
    for (unsigned physical = 0; physical < 2; physical++) {
        g_autofree char *line =
            g_strdup_printf("%smemsave 0x7c00 16 \"%s\"", physical ? "p" : "", path);
        g_autofree char *answer = monitor(&rig, line);
        g_autofree char *data = NULL;
        gsize size;
        g_assert_cmpstr(answer, ==, "");
        g_assert_true(g_file_get_contents(path, &data, &size, NULL));
        g_assert_cmpmem(data, (int)size,
                        "\xea\x5b\xe0\x00\xf0\x30\x36\x2f\x32\x33\x2f\x39\x39\x00\xfc\x00", 16);
        g_unlink(path);
    }
    g_autofree char *line = g_strdup_printf("pmemsave 0xc0000000 16 \"%s\"", path);
    g_autofree char *answer = monitor(&rig, line);
    g_assert_cmpstr(answer, ==, "Error: Invalid addr 0x00000000c0000000/size 16 specified\n");
    g_unlink(path);
    control_rig_end(&rig);
}

static void test_gdb_opens_a_dump(void)
{
    g_autofree char *gdb = g_find_program_in_path("gdb");
    if (!gdb) {
        g_test_skip("there is no gdb (Debian: gdb)");
        return;
    }
    ControlRig rig;
    start_known(&rig);
    g_autofree char *path = g_build_filename(rig.directory, "core", NULL);
    g_autofree char *line = g_strdup_printf("dump-guest-memory %s", path);
    g_autofree char *answer = monitor(&rig, line);
    g_assert_cmpstr(answer, ==, "");
    g_autofree char *command = g_strdup_printf(
        "'%s' -nx -batch -ex 'x/8xb 0x7c00' -ex 'info registers eip' -ex 'info threads' -c '%s'",
        gdb, path);
    g_autofree char *output = NULL;
    g_assert_true(g_spawn_command_line_sync(command, &output, NULL, NULL, NULL));
    g_test_message("%s", output);
    g_assert_nonnull(strstr(output, "0xea\t0x5b\t0xe0\t0x00\t0xf0\t0x30\t0x36\t0x2f"));
    g_assert_nonnull(strstr(output, "0x1000"));
    g_unlink(path);
    control_rig_end(&rig);
}

/* ---- keys ---- */

/* The guest prints scan codes until it gets the one of Esc. */
static void test_keys_reach_the_guest(void)
{
    g_autofree char *directory = g_dir_make_tmp("pioemu-keys-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "out", NULL);
    g_autofree char *serial = g_strdup_printf("file:%s", path);
    g_autofree char *guest =
        g_build_filename(g_getenv("PIOEMU_BUILD"), "guests", "keyboard.bin", NULL);
    const char *const options[] = {"-accel", "soft",       "-kernel", guest, "-serial",
                                   serial,   "-debugport", "null",    NULL};
    ControlRig rig;
    start(&rig, options);
    ask(&rig, NEGOTIATE, "{\"return\":{}}");
    g_autofree char *answer = monitor(&rig, "sendkey shift-a");
    g_assert_cmpstr(answer, ==, "");
    ask(&rig,
        "{\"execute\":\"send-key\",\"arguments\":{\"hold-time\":5,\"keys\":[{\"type\":\"qcode\","
        "\"data\":\"ctrl\"},{\"type\":\"number\",\"data\":211}]}}",
        "{\"return\":{}}");
    ask(&rig,
        "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"key\",\"data\":{"
        "\"down\":true,\"key\":{\"type\":\"qcode\",\"data\":\"b\"}}},{\"type\":\"key\",\"data\":{"
        "\"down\":false,\"key\":{\"type\":\"qcode\",\"data\":\"b\"}}}]}}",
        "{\"return\":{}}");
    g_free(control_qmp(&rig, "{\"execute\":\"human-monitor-command\",\"arguments\":{"
                             "\"command-line\":\"sendkey esc\"}}"));
    control_rig_wait(&rig);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "keys: 2a 1e 9e aa 1d e0 53 e0 d3 9d 30 b0 01"));
    g_unlink(path);
    g_rmdir(directory);
}

static void test_what_is_no_key_is_refused(void)
{
    static const Case CASES[] = {
        {"sendkey foo", "invalid parameter: foo\nTry \"help sendkey\" for more information\n"},
        {"sendkey ctrl-", "invalid parameter: \nTry \"help sendkey\" for more information\n"},
        {"mouse_move 1", "unexpected end of expression\nTry \"help mouse_move\" for more "
                         "information\n"},
        {"mouse_button 1", ""},
        {"mouse_move 3 -4 1", ""},
    };
    ControlRig rig;
    start_known(&rig);
    check(&rig, CASES, G_N_ELEMENTS(CASES));
    ask(&rig,
        "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"abs\",\"data\":{"
        "\"axis\":\"x\",\"value\":5}}]}}",
        GENERIC("Parameter 'type' does not accept value 'abs' (there are key, btn and rel: a PS/2 "
                "mouse knows no places)"));
    ask(&rig,
        "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[{\"type\":\"rel\",\"data\":{"
        "\"axis\":\"x\",\"value\":5}},{\"type\":\"btn\",\"data\":{\"down\":true,\"button\":"
        "\"left\"}}]}}",
        "{\"return\":{}}");
    control_rig_end(&rig);
}

#define TEST(name) g_test_add_func("/inspect/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(memory_is_shown_in_every_format);
    TEST(instructions_are_disassembled);
    TEST(expressions_are_computed);
    TEST(ports_are_read_and_written);
    TEST(memory_is_saved_to_files);
    TEST(gdb_opens_a_dump);
    TEST(keys_reach_the_guest);
    TEST(what_is_no_key_is_refused);
    return g_test_run();
}
