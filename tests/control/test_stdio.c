/*
 * Control protocols on standard input and output, as scripts use them: the commands
 * come from a file, and the answers continue after its end.
 */
#include "tests/control/control_rig.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEGOTIATE "{\"execute\":\"qmp_capabilities\"}"

/*
 * Returns the output for `input`, after which the program must end with status 0;
 * the caller frees it.
 */
static char *run(const char *options, const char *input)
{
    g_autofree char *path = NULL;
    g_autofree char *output = NULL;
    int fd = g_file_open_tmp("pioemu-stdio-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, input, -1, NULL));
    const char *build = g_getenv("PIOEMU_BUILD");
    g_autofree char *script =
        g_strdup_printf("cd '%s' && src/pioemu %s <'%s'", build, options, path);
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    int status;
    g_assert_true(
        g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, &output, NULL, &status, NULL));
    g_unlink(path);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    return g_steal_pointer(&output);
}

static unsigned count(const char *text, const char *part)
{
    unsigned found = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) {
        found++;
    }
    return found;
}

static void test_events_come_after_the_end_of_the_commands(void)
{
    g_autofree char *output =
        run("-kernel guests/acpi-off.elf -S -qmp stdio", NEGOTIATE "{\"execute\":\"cont\"}");
    g_assert_cmpuint(count(output, "\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true"), ==, 1);
}

/* Megabytes of answers are waiting for the reader when the machine ends. */
static void test_all_answers_come_before_the_program_ends(void)
{
    enum { COMMANDS = 5000 };
    g_autoptr(GString) input = g_string_new(NEGOTIATE);
    for (unsigned i = 0; i < COMMANDS; i++) {
        g_string_append(input, "{\"execute\":\"query-commands\"}");
    }
    g_string_append(input, "{\"execute\":\"quit\"}");
    g_autofree char *output = run("-accel qtest -qmp stdio", input->str);
    g_assert_cmpuint(count(output, "query-chardev"), ==, COMMANDS);
    g_assert_cmpuint(count(output, "\"event\":\"SHUTDOWN\""), ==, 1);
}

/* The answer is far larger than a pipe.  Then the machine ends, because no client is left. */
static void test_a_long_answer_outlasts_the_commands(void)
{
    enum { BYTES = 0x800000 };
    g_autofree char *output = run("-accel qtest -qtest stdio", "read 0 0x800000\nendianness\n");
    g_assert_cmpuint(strlen(output), ==, strlen("OK 0x\nOK little\n") + 2 * BYTES);
    g_assert_true(g_str_has_suffix(output, "\nOK little\n"));
}

/* Makes a pipe that is full, so that a write to it blocks. */
static void make_full_pipe(int ends[2])
{
    static const char PAGE[4096] = "";
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    g_assert_cmpint(fcntl(ends[1], F_SETPIPE_SZ, (int)sizeof(PAGE)), ==, (int)sizeof(PAGE));
    g_assert_cmpint(write(ends[1], PAGE, sizeof(PAGE)), ==, (int)sizeof(PAGE));
}

/* At the start the program prints the names of the terminal and the port on standard output. */
static void test_a_start_does_not_wait_for_a_reader(void)
{
    int full[2], status;
    GPid pid;
    ControlLine qmp;
    make_full_pipe(full);
    g_autofree char *directory = g_dir_make_tmp("pioemu-stdio-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "qmp", NULL);
    g_autofree char *address = g_strdup_printf("unix:%s,server=on,wait=off", path);
    g_autofree char *program = control_rig_program();
    const char *argv[] = {
        program, "-accel", "qtest", "-serial", "pty", "-serial", "tcp::0,server=on,wait=off",
        "-qmp",  address,  NULL};
    g_assert_true(g_spawn_async_with_fds(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                         NULL, &pid, -1, full[1], -1, NULL));
    control_line_open(&qmp, control_connect(path));
    g_free(control_line_read(&qmp));
    control_line_write(&qmp, NEGOTIATE, strlen(NEGOTIATE));
    g_free(control_line_read(&qmp));
    static const char QUIT[] = "{\"execute\":\"quit\"}";
    control_line_write(&qmp, QUIT, strlen(QUIT));
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    control_line_close(&qmp);
    close(full[0]);
    close(full[1]);
    g_rmdir(directory);
}

#define TEST(name) g_test_add_func("/stdio/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(events_come_after_the_end_of_the_commands);
    TEST(all_answers_come_before_the_program_ends);
    TEST(a_long_answer_outlasts_the_commands);
    TEST(a_start_does_not_wait_for_a_reader);
    return g_test_run();
}
