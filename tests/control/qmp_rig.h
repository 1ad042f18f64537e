/* A QMP client that checks each answer. */
#ifndef PIOEMU_TESTS_CONTROL_QMP_RIG_H
#define PIOEMU_TESTS_CONTROL_QMP_RIG_H

#include "tests/control/control_rig.h"

#include <string.h>
#include <sys/wait.h>

#define NEGOTIATE     "{\"execute\":\"qmp_capabilities\"}"
#define EXECUTE(name) "{\"execute\":\"" name "\"}"

static inline void start(ControlRig *rig, const char *const *options)
{
    g_autofree char *program = control_rig_program();
    g_assert_true(control_rig_start(rig, program, options));
    g_autofree char *greeting = control_line_read(&rig->qmp);
    g_assert_true(g_str_has_prefix(greeting, "{\"QMP\":{\"version\":{\"qemu\":{\"major\":"));
    g_assert_true(g_str_has_suffix(greeting, "\"capabilities\":[]}}"));
}

static inline void start_plain(ControlRig *rig)
{
    start(rig, (const char *const[]){"-accel", "qtest", NULL});
    g_autofree char *answer = control_qmp(rig, NEGOTIATE);
    g_assert_cmpstr(answer, ==, "{\"return\":{}}");
}

static inline void end(ControlRig *rig)
{
    int status = control_rig_end(rig);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static inline void next_is(ControlRig *rig, const char *expected)
{
    g_autofree char *line = control_line_read(&rig->qmp);
    g_assert_cmpstr(line, ==, expected);
}

static inline void ask(ControlRig *rig, const char *json, const char *expected)
{
    g_autofree char *line = control_qmp(rig, json);
    g_assert_cmpstr(line, ==, expected);
}

#define GENERIC(text) "{\"error\":{\"class\":\"GenericError\",\"desc\":\"" text "\"}}"
#define UNKNOWN(text) "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"" text "\"}}"
#define STATUS(name, running)                                                                      \
    "{\"return\":{\"status\":\"" name "\",\"singlestep\":false,\"running\":" running "}}"

#endif
