/* What QMP accepts as a command, how it answers everything else, and how it recovers. */
#include "tests/control/qmp_rig.h"

#include <string.h>

/* QEMU 7.2 gives the same messages for these mistakes, except for text that is no JSON. */
static const struct {
    const char *input, *answer;
} MISTAKES[] = {
    {EXECUTE("nosuch"), UNKNOWN("The command nosuch has not been found")},
    {"{\"execute\":\"query-status\",\"arguments\":{\"x\":1}}",
     GENERIC("Parameter 'x' is unexpected")},
    {"{\"execute\":\"query-status\",\"foo\":1}", GENERIC("QMP input member 'foo' is unexpected")},
    {"{\"arguments\":{}}", GENERIC("QMP input lacks member 'execute'")},
    {"{}", GENERIC("QMP input lacks member 'execute'")},
    {"{\"execute\":5}", GENERIC("QMP input member 'execute' must be a string")},
    {"{\"execute\":\"query-status\",\"arguments\":5}",
     GENERIC("QMP input member 'arguments' must be an object")},
    {"[1,2]", GENERIC("QMP input must be a JSON object")},
    {"5\n", GENERIC("QMP input must be a JSON object")},
    {"\"abc\" ", GENERIC("QMP input must be a JSON object")},
    {"{\"execute\":\"human-monitor-command\"}", GENERIC("Parameter 'command-line' is missing")},
    {"{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":5}}",
     GENERIC("Invalid parameter type for 'command-line', expected: string")},
    {"}\n", GENERIC("JSON parse error, expecting value")},
    {"{\"execute\":}", GENERIC("JSON parse error, this is not JSON")},
    {"{\"execute\":\"query-status\" \"id\":2}", GENERIC("JSON parse error, this is not JSON")},
    {"{\"execute\":\"query-status]\"]", GENERIC("JSON parse error, this is not JSON")},
    {"{\"execute\":\"\xff\"}", GENERIC("JSON parse error, invalid UTF-8 sequence")},
    {"nonsense\n", GENERIC("JSON parse error, this is not JSON")},
};

static void test_mistakes_are_named(void)
{
    ControlRig rig;
    start_plain(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(MISTAKES); i++) {
        ask(&rig, MISTAKES[i].input, MISTAKES[i].answer);
        ask(&rig, EXECUTE("query-status"), STATUS("running", "true"));
    }
    end(&rig);
}

static void test_ids_come_back_as_they_were(void)
{
    ControlRig rig;
    start_plain(&rig);
    ask(&rig, "{\"execute\":\"query-name\",\"id\":7}", "{\"return\":{},\"id\":7}");
    ask(&rig, "{\"execute\":\"query-name\",\"id\":{\"a\":[1,null]}}",
        "{\"return\":{},\"id\":{\"a\":[1,null]}}");
    ask(&rig, "{\"execute\":\"nosuch\",\"id\":\"x\"}",
        "{\"id\":\"x\",\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command nosuch has "
        "not been found\"}}");
    end(&rig);
}

/* An id belongs to the client: it may be a number or a text that C could not represent. */
static void test_ids_are_not_ours_to_understand(void)
{
    static const char *const IDS[] = {
        "18446744073709551615",
        "9223372036854775808",
        "-0",
        "1e30",
        "1.10",
        "1E400",
        "\"\\u0000x\"",
        "\"\\u00e9\\/\"",
        "{\"a\":1,\"a\":[2.50]}",
        "null",
        "true",
        "[]",
    };
    ControlRig rig;
    start_plain(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(IDS); i++) {
        g_autofree char *good = g_strdup_printf("{\"execute\":\"query-name\",\"id\":%s}", IDS[i]);
        g_autofree char *answer = g_strdup_printf("{\"return\":{},\"id\":%s}", IDS[i]);
        ask(&rig, good, answer);
        g_autofree char *bad = g_strdup_printf("{ \"\\u0069d\" : %s , \"execute\":1}", IDS[i]);
        g_autofree char *error = g_strdup_printf(
            "{\"id\":%s,\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input member "
            "'execute' must be a string\"}}",
            IDS[i]);
        ask(&rig, bad, error);
    }
    /* The answer is on one line in any case. */
    ask(&rig, "{\"execute\":\"query-name\",\"id\":[1,\n2\n]}", "{\"return\":{},\"id\":[1, 2 ]}");
    end(&rig);
}

/*
 * "To get it back into known-good state, the client should provoke a lexical
 * error" (qmp-spec 2.6): a control character, or 0xFF.  Each is answered at once.
 */
static void test_a_client_can_start_over_in_the_middle_of_anything(void)
{
    static const char *const BEFORE[] = {"", "{", "{\"execute\":\"qu", "[[[", "{'a\\", "12"};
    static const struct {
        const char *byte, *answer;
    } STRAYS[] = {
        {"\x01", GENERIC("JSON parse error, stray control character")},
        {"\x1b", GENERIC("JSON parse error, stray control character")},
        {"\x7f", GENERIC("JSON parse error, stray control character")},
        {"\xff", GENERIC("JSON parse error, invalid UTF-8 sequence")},
    };
    ControlRig rig;
    start_plain(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(BEFORE); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(STRAYS); j++) {
            g_autofree char *input = g_strconcat(BEFORE[i], STRAYS[j].byte, NULL);
            ask(&rig, input, STRAYS[j].answer);
            ask(&rig, "{'execute':'q'}", UNKNOWN("The command q has not been found"));
        }
    }
    /* A line that is too deep to be skipped by braces does not shut the client out either. */
    g_autofree char *brackets = g_strnfill(100, '{');
    ask(&rig, brackets, GENERIC("JSON nesting depth limit exceeded"));
    ask(&rig, "\x01" EXECUTE("query-name"), GENERIC("JSON parse error, stray control character"));
    next_is(&rig, "{\"return\":{}}");
    end(&rig);
}

static void test_invalid_input_does_not_swallow_the_next_command(void)
{
    static const struct {
        const char *input, *answer;
    } PIECES[] = {
        {"1", GENERIC("QMP input must be a JSON object")},
        {"\"a\"", GENERIC("QMP input must be a JSON object")},
        {"word", GENERIC("JSON parse error, this is not JSON")},
        {"%word ", GENERIC("JSON parse error, stray character")},
        {"\xc3\xa9 ", GENERIC("JSON parse error, stray character")},
        {",", GENERIC("JSON parse error, expecting value")},
        {"]", GENERIC("JSON parse error, expecting value")},
        {"{\"a\n", GENERIC("JSON parse error, stray control character")},
    };
    ControlRig rig;
    start_plain(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(PIECES); i++) {
        g_autofree char *input = g_strconcat(PIECES[i].input, EXECUTE("query-name"), NULL);
        ask(&rig, input, PIECES[i].answer);
        next_is(&rig, "{\"return\":{}}");
    }
    end(&rig);
}

/* json-glib alone would accept these. */
static void test_only_json_is_json(void)
{
    static const char *const IDS[] = {
        "0x10", "010",        "1.",   ".5",      "+1",        "1e",
        "[1,]", "{\"a\":1,}", "nulL", "\"\\q\"", "\"\\u12\"", "[1 2]",
    };
    ControlRig rig;
    start_plain(&rig);
    for (gsize i = 0; i < G_N_ELEMENTS(IDS); i++) {
        g_autofree char *input = g_strdup_printf("{\"execute\":\"query-name\",\"id\":%s}", IDS[i]);
        ask(&rig, input, GENERIC("JSON parse error, this is not JSON"));
    }
    ask(&rig, "{'execute':'query-name','id':'it\\'s \"so\"\\n'}",
        "{\"return\":{},\"id\":\"it's \\\"so\\\"\\n\"}");
    end(&rig);
}

/* Two commands come in one packet, and one in many. */
static void test_commands_need_no_lines(void)
{
    ControlRig rig;
    start_plain(&rig);
    ask(&rig, EXECUTE("query-name") " \r\n\t" EXECUTE("query-name") EXECUTE("query-status"),
        "{\"return\":{}}");
    next_is(&rig, "{\"return\":{}}");
    next_is(&rig, STATUS("running", "true"));
    const char *text = "{\"id\":\"\\\"}{\\\\\",\"execute\":\n\"query-name\"}";
    for (const char *c = text; *c; c++) {
        control_line_write(&rig.qmp, c, 1);
    }
    next_is(&rig, "{\"return\":{},\"id\":\"\\\"}{\\\\\"}");
    end(&rig);
}

static void test_too_much_is_refused_and_forgotten(void)
{
    ControlRig rig;
    start_plain(&rig);
    g_autofree char *brackets = g_strnfill(100000, '[');
    ask(&rig, brackets, GENERIC("JSON nesting depth limit exceeded"));
    ask(&rig, "\n" EXECUTE("query-name"), "{\"return\":{}}");
    g_autofree char *letters = g_strnfill(3u << 20, 'a');
    g_autofree char *command = g_strconcat("{\"execute\":\"", letters, "\"}\n", NULL);
    ask(&rig, command, GENERIC("JSON token size limit exceeded"));
    ask(&rig, EXECUTE("query-name"), "{\"return\":{}}");
    control_line_write(&rig.qmp, "\0\n", 2);
    next_is(&rig, GENERIC("JSON parse error, stray NUL"));
    ask(&rig, EXECUTE("query-name"), "{\"return\":{}}");
    end(&rig);
}

#define TEST(name) g_test_add_func("/qmp_input/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(mistakes_are_named);
    TEST(ids_come_back_as_they_were);
    TEST(ids_are_not_ours_to_understand);
    TEST(a_client_can_start_over_in_the_middle_of_anything);
    TEST(invalid_input_does_not_swallow_the_next_command);
    TEST(only_json_is_json);
    TEST(commands_need_no_lines);
    TEST(too_much_is_refused_and_forgotten);
    return g_test_run();
}
