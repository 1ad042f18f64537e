/*
 * The monitor: on standard input as a script uses it, at a socket as a user
 * does, and on the same line as a serial port.
 */
#include "tests/control/control_rig.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BANNER "pioemu " PIOEMU_VERSION " monitor - type 'help' for more information\r\n"

/* Returns what the program prints for `input`.  It must end by itself with status 0. */
static char *run(const char *options, const char *input)
{
    g_autofree char *output = NULL;
    g_autofree char *quoted = g_shell_quote(input);
    const char *build = g_getenv("PIOEMU_BUILD");
    g_autofree char *script =
        g_strdup_printf("cd '%s' && printf %%s %s | src/pioemu %s", build, quoted, options);
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    int status;
    g_assert_true(
        g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, &output, NULL, &status, NULL));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    return g_steal_pointer(&output);
}

static void test_a_script_sees_prompts_and_answers_only(void)
{
    g_autofree char *output =
        run("-accel qtest -monitor stdio", "info status\n\ninfo history\r\nquit\ninfo status\n");
    g_assert_cmpstr(output, ==,
                    BANNER "(qemu) VM status: running\r\n(qemu) (qemu) 0: 'info status'\r\n"
                           "1: 'info history'\r\n(qemu) ");
}

static void test_the_cable_of_a_card_is_pulled_out(void)
{
    g_autofree char *output =
        run("-accel qtest -monitor stdio -netdev idle,id=n0 -device e1000,netdev=n0,id=nic",
            "info network\nset_link nic off\ninfo network\nset_link n1 off\nnetdev_del n0\n"
            "hostfwd_add tcp::1-:1\nquit\n");
    const char *second = strstr(output, "n0: index=0,type=idle\r\n");
    g_assert_nonnull(strstr(output, "nic: index=0,type=nic,model=e1000,frames sent=0 dropped=0"));
    g_assert_nonnull(second);
    g_assert_nonnull(strstr(second, "n0: index=0,type=idle,link=off\r\n"));
    g_assert_nonnull(strstr(second, "Error: Device 'n1' not found"));
    g_assert_nonnull(strstr(second, "Error: netdev 'n0' is in use by nic"));
    g_assert_nonnull(strstr(second, "Error: hostfwd: no netdev of the type user"));
}

/* Ctrl-A c switches a line from the guest to the monitor. */
static void test_the_escape_key_goes_from_the_serial_port_to_the_monitor(void)
{
    g_autofree char *output = run("-kernel guests/echo.bin -accel soft -serial mon:stdio",
                                  "ab\001cinfo status\n\001c\001cquit\n");
    const char *banner = strstr(output, BANNER "(qemu) VM status: running\r\n(qemu) ");
    g_assert_nonnull(banner);
    g_assert_nonnull(strstr(banner, "(qemu) \r\n\r\n(qemu) "));
}

static void test_a_chardev_is_shared_as_well(void)
{
    g_autofree char *output =
        run("-kernel guests/timer.bin -accel soft -chardev stdio,mux=on,id=c -serial chardev:c "
            "-mon chardev=c,mode=readline",
            "\001cinfo chardev\nquit\n");
    g_assert_nonnull(strstr(output, "(qemu) c: filename=stdio\r\n"));
}

/* The log of the software CPU begins with a command, and ends with another. */
static void test_the_log_of_the_cpu_begins_later(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("pioemu-log-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *path = g_build_filename(directory, "log", NULL);
    static const struct {
        const char *commands;
        bool logged;
    } CASES[] = {{"log in_asm,exec\ncont\n", true}, {"log exec\nlog none\ncont\n", false}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *options =
            g_strdup_printf("-kernel guests/hello.bin -accel soft -S -monitor stdio -D %s", path);
        g_free(run(options, CASES[i].commands));
        g_autofree char *log = NULL;
        g_file_get_contents(path, &log, NULL, NULL);
        g_assert_true((log && strstr(log, "exec 0x00001000")) == CASES[i].logged);
        g_assert_true((log && strstr(log, "in_asm 0x00001000")) == CASES[i].logged);
        g_unlink(path);
    }
    g_rmdir(directory);
}

static void test_its_own_chardev_is_listed(void)
{
    g_autofree char *output = run("-accel qtest -monitor stdio", "info chardev\nquit\n");
    g_assert_nonnull(strstr(output, "compat_monitor0: filename=stdio\r\n"));
}

/* Checks which options are refused, and with which messages. */
static void test_what_cannot_be_had_is_refused(void)
{
    static const struct {
        const char *options, *why;
    } CASES[] = {
        {"-mon chardev=x", "-mon chardev=x: no such chardev (-chardev socket,id=x,path=PATH makes"},
        {"-chardev null,id=c -mon chardev=c,mode=foo", "write chardev=ID,mode=readline or mode="},
        {"-chardev null,id=c -mon chardev=c", "gives no input"},
        {"-chardev stdio,id=c -serial chardev:c -mon chardev=c", "is used by COM1 (mux=on lets"},
        {"-monitor foo:bar", "-monitor foo:bar: no such backend"},
        {"-monitor stdio -qmp stdio", "stdio"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *errors = NULL;
        g_autofree char *program = control_rig_program();
        g_autofree char *line = g_strdup_printf("%s -accel qtest %s", program, CASES[i].options);
        int status;
        g_assert_true(g_spawn_command_line_sync(line, NULL, &errors, &status, NULL));
        g_assert_cmpint(WEXITSTATUS(status), ==, 2);
        g_test_message("%s", errors);
        g_assert_nonnull(strstr(errors, CASES[i].why));
    }
}

/* ---- at a socket ---- */

typedef struct Peer {
    GPid pid;
    char *directory, *path;
    ControlLine line;
} Peer;

/* The program ends with the test, even if the test fails. */
static void die_with_the_test(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void peer_start(Peer *peer, const char *guest)
{
    peer->directory = g_dir_make_tmp("pioemu-monitor-XXXXXX", NULL);
    peer->path = g_build_filename(peer->directory, "monitor", NULL);
    g_autofree char *address = g_strdup_printf("unix:%s,server=on,wait=off", peer->path);
    g_autofree char *program = control_rig_program();
    g_autofree char *kernel = g_build_filename(g_getenv("PIOEMU_BUILD"), "guests", guest, NULL);
    const char *argv[] = {program, "-accel",     "soft", "-kernel",  kernel,  "-S", "-serial",
                          "null",  "-debugport", "null", "-monitor", address, NULL};
    g_assert_true(g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                die_with_the_test, NULL, &peer->pid, NULL));
    control_line_open(&peer->line, control_connect(peer->path));
}

static void peer_end(Peer *peer)
{
    int status;
    control_line_write(&peer->line, "quit\r", strlen("quit\r"));
    g_assert_cmpint(waitpid(peer->pid, &status, 0), ==, peer->pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    control_line_close(&peer->line);
    g_rmdir(peer->directory);
    g_free(peer->directory);
    g_free(peer->path);
}

/* Reads lines up to one that ends with `text`. */
static void wait_for(Peer *peer, const char *text)
{
    g_autofree char *line = NULL;
    do {
        g_free(line);
        line = control_line_read(&peer->line);
        g_assert_nonnull(line);
    } while (!g_str_has_suffix(line, text));
}

static void type(Peer *peer, const char *keys, const char *answer)
{
    control_line_write(&peer->line, keys, strlen(keys));
    wait_for(peer, answer);
}

static void test_a_line_can_be_edited(void)
{
    Peer peer = {0};
    peer_start(&peer, "timer.bin");
    type(&peer, "info statts\b\bus\r", "VM status: paused (prelaunch)");
    type(&peer, "nonsense\025info name\r", "info name");
    type(&peer, "info sta\t\r", "VM status: paused (prelaunch)");
    peer_end(&peer);
}

static void test_another_client_is_greeted_too(void)
{
    Peer peer = {0};
    peer_start(&peer, "timer.bin");
    type(&peer, "info sta", "'help' for more information");
    control_line_close(&peer.line);
    control_line_open(&peer.line, control_connect(peer.path));
    type(&peer, "info name\r", "'help' for more information");
    type(&peer, "\r", "info name");
    peer_end(&peer);
}

#define TEST(name) g_test_add_func("/monitor/" #name, test_##name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST(a_script_sees_prompts_and_answers_only);
    TEST(the_cable_of_a_card_is_pulled_out);
    TEST(the_escape_key_goes_from_the_serial_port_to_the_monitor);
    TEST(a_chardev_is_shared_as_well);
    TEST(its_own_chardev_is_listed);
    TEST(the_log_of_the_cpu_begins_later);
    TEST(what_cannot_be_had_is_refused);
    TEST(a_line_can_be_edited);
    TEST(another_client_is_greeted_too);
    return g_test_run();
}
