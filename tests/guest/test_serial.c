/* Serial lines as users have them: the real program, real guests, real clients. */
#include "tests/guest/guest_shell.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

/* ---- a client program on pipes ---- */

typedef struct Client {
    GPid pid;
    int in, out;
} Client;

static bool client_start(Client *client, const char *const *argv)
{
    g_autofree char *program = g_find_program_in_path(argv[0]);
    if (!program) {
        g_test_skip("socat is not installed");
        return false;
    }
    g_autoptr(GError) error = NULL;
    g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                             &client->pid, &client->in, &client->out, NULL, &error);
    g_assert_no_error(error);
    return true;
}

static void client_type(const Client *client, const char *text)
{
    g_assert_cmpint(write(client->in, text, strlen(text)), ==, (gssize)strlen(text));
}

static void client_expect(const Client *client, const char *text)
{
    g_autoptr(GString) got = g_string_new(NULL);
    while (!strstr(got->str, text)) {
        char byte;
        struct pollfd poller = {.fd = client->out, .events = POLLIN};
        g_assert_cmpint(poll(&poller, 1, PATIENCE_MS), ==, 1);
        g_assert_cmpint(read(client->out, &byte, 1), ==, 1);
        g_string_append_c(got, byte);
    }
}

static void client_end(const Client *client)
{
    kill(client->pid, SIGTERM);
    waitpid(client->pid, NULL, 0);
    close(client->in);
    close(client->out);
}

/* ---- tests ---- */

static void test_socat_comes_and_goes_on_a_pty(const GuestTarget *target)
{
    g_autofree char *link = guest_path("com1");
    g_autofree char *address = g_strdup_printf("%s,rawer", link);
    const char *const argv[] = {"socat", "-", address, NULL};
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel echo.bin -serial pty,link=%s", link);
    Client client;
    guest_expect(guest, GUEST_OUT, "char device redirected to /dev/pts/");
    if (!client_start(&client, argv)) {
        return;
    }
    client_type(&client, "first");
    client_expect(&client, "first");
    client_end(&client);
    client_start(&client, argv);
    client_expect(&client, "first");
    client_type(&client, " second");
    client_expect(&client, " second");
    client_end(&client);
    guest_signal(guest, SIGTERM);
    guest_wait_killed(guest);
    g_assert_false(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
}

static void test_server_that_waits_holds_the_guest(const GuestTarget *target)
{
    g_autofree char *path = guest_path("socket");
    g_autofree char *address = g_strdup_printf("UNIX-CONNECT:%s", path);
    const char *const argv[] = {"socat", "-", address, NULL};
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -serial unix:%s,server=on", path);
    Client client;
    guest_expect(guest, GUEST_ERR, "waiting for a connection");
    if (!client_start(&client, argv)) {
        return;
    }
    client_expect(&client, "Hello");
    client_end(&client);
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_wait_for_a_client_can_be_ended(const GuestTarget *target)
{
    g_autofree char *path = guest_path("socket");
    g_autoptr(Guest) guest = guest_start(
        target, &GUEST_ON_PIPES, "-kernel hello.bin -serial unix:%s,server=on -timeout 1", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 5);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_line_that_nobody_reads_costs_nothing(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel uart-irq.bin -serial pty");
    guest_expect(guest, GUEST_OUT, "char device redirected");
    guest_assert_idle(guest);
    guest_signal(guest, SIGTERM);
    guest_wait_killed(guest);
}

static char *write_script(const char *text)
{
    char *path = guest_path("script");
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void test_script_judges_the_run(const GuestTarget *target)
{
    g_autofree char *path = write_script("send \"ping\"\nwait \"p(i)ng\" 20\nexit 9\n");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel echo.bin -serial null -expect %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 9);
}

static void test_script_that_fails_shows_everything(const GuestTarget *target)
{
    g_autofree char *path = write_script("send \"ping\"\nwait \"ping\" 20\nwait \"pong\" 0.1\n");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel echo.bin -serial null -expect %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 1);
    guest_expect(guest, GUEST_ERR, "line 3: time ran out waiting for \"pong\"");
    guest_expect(guest, GUEST_ERR, "accesses, oldest first:");
    guest_expect(guest, GUEST_ERR, "COM1: IER=");
    guest_expect(guest, GUEST_ERR, "Last output of serial0:\n  ping");
}

static void test_last_words_of_a_guest_satisfy_the_script(const GuestTarget *target)
{
    g_autofree char *path = write_script("wait \"Hello\" 20\nexit 3\n");
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -serial null -expect %s", path);
    g_assert_cmpint(guest_wait_exit(guest), ==, 3);
}

/* The debug port is built before COM1 and takes no input; the monitor comes between them. */
static void test_line_is_named_before_it_is_made(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_shell_start(target, &GUEST_ON_PIPES, "-serial mon:stdio -debugport chardev:serial0");
    guest_type(guest, "\001c\001c");
    guest_shell_say(guest, "out 0x10 0x41", "IO port: 10, data: 41\n");
    guest_expect(guest, GUEST_ERR, "input goes to COM1");
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_halves_name_other_lines(const GuestTarget *target)
{
    g_autoptr(Guest) guest = guest_shell_start(
        target, &GUEST_ON_PIPES, "-serial in=chardev:serial1,out=stdout -serial stdio,mux=on");
    guest_shell_say(guest, "add 2 2", "4\r\n");
    guest_shell_last(guest, "halt");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
}

static void test_counters_are_printed_at_the_end(const GuestTarget *target)
{
    g_autoptr(Guest) guest =
        guest_start(target, &GUEST_ON_PIPES, "-kernel hello.bin -serial null -d char");
    g_assert_cmpint(guest_wait_exit(guest), ==, 0);
    guest_expect(guest, GUEST_ERR, "serial0 (null): ");
    guest_expect(guest, GUEST_ERR, " bytes out, 0 dropped, 0 stalls");
}

#define ADD(name) guest_tests_add("serial/" #name, test_##name, GUEST_DEFAULT_IRQCHIP)

int main(int argc, char **argv)
{
    guest_tests_init(&argc, &argv);
    ADD(socat_comes_and_goes_on_a_pty);
    ADD(server_that_waits_holds_the_guest);
    ADD(wait_for_a_client_can_be_ended);
    ADD(line_that_nobody_reads_costs_nothing);
    ADD(script_judges_the_run);
    ADD(script_that_fails_shows_everything);
    ADD(last_words_of_a_guest_satisfy_the_script);
    ADD(line_is_named_before_it_is_made);
    ADD(halves_name_other_lines);
    ADD(counters_are_printed_at_the_end);
    return guest_tests_run();
}
