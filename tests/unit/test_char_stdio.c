/*
 * stdio, stdout and file on pipes, sockets, files and closed descriptors: nothing
 * is lost, nothing spins, nothing hangs.
 */
#include "src/base/error.h"
#include "src/char/char.h"
#include "tests/unit/child.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDLE_MS     300
#define IDLE_CPU_MS 20u

typedef struct Fixture {
    int in[2], out[2], err[2]; /* pipes: [0] is read, [1] is written */
    pid_t pid;
    char *dir, *path;
} Fixture;

static void drop(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void setup(Fixture *fix, gconstpointer data)
{
    (void)data;
    signal(SIGPIPE, SIG_IGN);
    g_assert_cmpint(pipe2(fix->in, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(fix->out, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(fix->err, O_CLOEXEC), ==, 0);
    fix->dir = g_dir_make_tmp("pioemu-char-XXXXXX", NULL);
    fix->path = g_build_filename(fix->dir, "output", NULL);
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 2; i++) {
        drop(&fix->in[i]);
        drop(&fix->out[i]);
        drop(&fix->err[i]);
    }
    child_assert_none_left();
    g_unlink(fix->path);
    g_rmdir(fix->dir);
    g_free(fix->path);
    g_free(fix->dir);
}

static void start_with(Fixture *fix, int in, int out, const char *arguments)
{
    const ChildFds fds = {in, out, fix->err[1]};
    fix->pid = child_start(&fds, CHILD_SAME_GROUP, arguments);
    drop(&fix->in[0]);
    drop(&fix->out[1]);
    drop(&fix->err[1]);
}

static void start(Fixture *fix, const char *arguments)
{
    start_with(fix, fix->in[0], fix->out[1], arguments);
}

static void wait_ready(Fixture *fix)
{
    g_autofree char *text = child_read_until(fix->out[0], "READY\n");
    g_assert_cmpstr(text, ==, "READY\n");
}

static char *messages(Fixture *fix)
{
    GByteArray *bytes = child_read_bytes(fix->err[0], 0);
    g_byte_array_append(bytes, (const uint8_t *)"", 1);
    return (char *)g_byte_array_free(bytes, false);
}

static void assert_idle(Fixture *fix)
{
    g_assert_cmpuint(child_idle_cpu_ms(fix->pid, IDLE_MS), <, IDLE_CPU_MS);
}

static void terminate(Fixture *fix)
{
    kill(fix->pid, SIGTERM);
    child_assert_killed(fix->pid, SIGTERM);
}

static GByteArray *every_byte(guint size)
{
    GByteArray *bytes = g_byte_array_new();
    for (guint i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(i * 5 + i / 256);
        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

/* ---- input ---- */

static void test_pipe_is_passed_on_untouched(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "");
    wait_ready(fix);
    g_autoptr(GByteArray) sent = every_byte(100000);
    g_autoptr(GByteArray) got = child_exchange(fix->in[1], fix->out[0], sent);
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    terminate(fix);
    g_autofree char *said = messages(fix);
    g_assert_cmpstr(said, ==, "");
}

static void test_socket_is_passed_on_untouched(Fixture *fix, gconstpointer data)
{
    (void)data;
    int ends[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    start_with(fix, ends[1], ends[1], "");
    g_free(child_read_until(ends[0], "READY\n"));
    g_autoptr(GByteArray) sent = every_byte(100000);
    g_autoptr(GByteArray) got = child_exchange(ends[0], ends[0], sent);
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    g_assert_false(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
    terminate(fix);
    close(ends[0]);
    close(ends[1]);
}

static void test_file_is_read_to_its_end(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) sent = every_byte(100000);
    g_assert_true(
        g_file_set_contents(fix->path, (const char *)sent->data, (gssize)sent->len, NULL));
    int file = open(fix->path, O_RDONLY | O_CLOEXEC);
    start_with(fix, file, fix->out[1], "");
    wait_ready(fix);
    g_autoptr(GByteArray) got = child_read_bytes(fix->out[0], sent->len);
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    assert_idle(fix);
    terminate(fix);
    close(file);
}

static void test_end_of_input_is_no_input(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "");
    wait_ready(fix);
    child_write(fix->in[1], "last words");
    drop(&fix->in[1]);
    g_free(child_read_until(fix->out[0], "last words"));
    assert_idle(fix);
    terminate(fix);
}

/* `data` is a path, or empty for a descriptor that is not open. */
static void test_nothing_to_read_is_no_input(gconstpointer data)
{
    Fixture fix = {0};
    const char *path = data;
    setup(&fix, NULL);
    int fd = *path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    start_with(&fix, fd, fix.out[1], "");
    wait_ready(&fix);
    assert_idle(&fix);
    terminate(&fix);
    g_autofree char *said = messages(&fix);
    g_assert_cmpstr(said, ==, "");
    drop(&fd);
    teardown(&fix, NULL);
}

static void test_input_open_for_writing_is_no_input(Fixture *fix, gconstpointer data)
{
    (void)data;
    start_with(fix, fix->in[1], fix->out[1], "");
    wait_ready(fix);
    assert_idle(fix);
    terminate(fix);
}

static void test_input_waits_for_a_guest_that_does_not_read(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "--deaf");
    wait_ready(fix);
    fcntl(fix->in[1], F_SETFL, O_NONBLOCK);
    g_autofree char *block = g_strnfill(4096, 'i');
    while (write(fix->in[1], block, 4096) > 0) {
    }
    assert_idle(fix);
    terminate(fix);
}

/* ---- output ---- */

static void assert_lost_once(Fixture *fix, const char *why)
{
    child_write(fix->in[1], "xxx");
    child_write(fix->in[1], "xxxq");
    child_assert_exit(fix->pid, 7);
    g_autofree char *expected =
        g_strdup_printf("pioemu: serial0: output to standard output is lost: %s\n", why);
    g_autofree char *said = messages(fix);
    g_assert_cmpstr(said, ==, expected);
}

static void test_reader_that_went_away_is_reported_once(Fixture *fix, gconstpointer data)
{
    (void)data;
    drop(&fix->out[0]);
    start(fix, "--commands");
    assert_lost_once(fix, "Broken pipe");
}

static void test_closed_output_is_reported_once(Fixture *fix, gconstpointer data)
{
    (void)data;
    start_with(fix, fix->in[0], -1, "--commands");
    assert_lost_once(fix, "Bad file descriptor");
}

static void test_full_device_is_reported_once(Fixture *fix, gconstpointer data)
{
    (void)data;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    start_with(fix, fix->in[0], full, "--commands");
    assert_lost_once(fix, "No space left on device");
    close(full);
}

static void test_reader_that_leaves_a_full_pipe_frees_the_guest(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "--commands --flood 300000");
    g_free(child_read_until(fix->out[0], "READY\n"));
    assert_idle(fix);
    drop(&fix->out[0]);
    assert_lost_once(fix, "Broken pipe");
}

static void assert_flood(const GByteArray *got, guint size)
{
    g_assert_cmpuint(got->len, ==, size);
    for (guint i = 0; i < size; i++) {
        g_assert_cmpint(got->data[i], ==, 'a' + (int)(i % 23));
    }
}

static void test_full_pipe_waits_at_no_cost_and_loses_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "--flood 300000");
    wait_ready(fix);
    assert_idle(fix);
    g_autoptr(GByteArray) got = child_read_bytes(fix->out[0], 300000);
    assert_flood(got, 300000);
    terminate(fix);
}

/* There is no reader, but the run ends with its own status. */
static void test_full_pipe_does_not_hold_up_the_end(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "--flood 300000");
    wait_ready(fix);
    terminate(fix);
}

static void test_flags_of_pipes_stay(Fixture *fix, gconstpointer data)
{
    (void)data;
    int in = dup(fix->in[0]), out = dup(fix->out[1]);
    start(fix, "");
    wait_ready(fix);
    g_assert_cmphex(fcntl(in, F_GETFL), ==, O_RDONLY);
    g_assert_cmphex(fcntl(out, F_GETFL), ==, O_WRONLY);
    terminate(fix);
    close(in);
    close(out);
}

static void test_shared_offset_of_a_file_is_kept(Fixture *fix, gconstpointer data)
{
    (void)data;
    int file = open(fix->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    child_write(file, "before\n");
    start_with(fix, fix->in[0], file, "--commands");
    child_write(fix->in[1], "q");
    child_assert_exit(fix->pid, 7);
    child_write(file, "\nafter");
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(fix->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "before\nREADY\nq\nafter");
    close(file);
}

/*
 * The master of a pseudo-terminal cannot be opened a second time, so poll() comes
 * before each piece.
 */
static void test_pty_master_as_output(Fixture *fix, gconstpointer data)
{
    (void)data;
    Pty pty;
    pty_open(&pty);
    struct termios raw = pty.original;
    cfmakeraw(&raw);
    tcsetattr(pty.slave, TCSANOW, &raw);
    start_with(fix, fix->in[0], pty.master, "--flood 20000");
    g_free(child_read_until(pty.slave, "READY\n"));
    g_autoptr(GByteArray) got = child_read_bytes(pty.slave, 20000);
    assert_flood(got, 20000);
    terminate(fix);
    pty_close(&pty);
}

static void test_second_stdio_is_refused(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "--spec stdio --spec stdio");
    child_assert_exit(fix->pid, PIOEMU_ERROR_CONFIG);
    g_autofree char *said = messages(fix);
    g_assert_cmpstr(said, ==,
                    "pioemu: -serial stdio: standard input is used by 'serial0' (only one stdio "
                    "is possible)\n");
}

static void test_stdout_goes_beside_stdio(Fixture *fix, gconstpointer data)
{
    (void)data;
    start(fix, "--commands --spec stdout --spec stdio");
    wait_ready(fix);
    terminate(fix);
}

/* ---- file:PATH ---- */

static void run_to_file(Fixture *fix, const char *options)
{
    Fixture own = {0};
    setup(&own, NULL);
    g_autofree char *arguments = g_strdup_printf("--flood 10 --spec file:%s%s", fix->path, options);
    start(&own, arguments);
    /* There is only output.  When the process is told to end, it first drains. */
    while (!g_file_test(fix->path, G_FILE_TEST_EXISTS)) {
        child_idle_cpu_ms(own.pid, 1);
    }
    terminate(&own);
    teardown(&own, NULL);
}

static void assert_contents(Fixture *fix, const char *expected)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(fix->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

/* ---- in this process: the chardev alone ---- */

static void keep_message(void *opaque, const char *text)
{
    g_string_append_printf(opaque, "%s\n", text);
}

typedef struct Bench {
    Loop *loop;
    ChardevSet *set;
    GString *said;
} Bench;

static Bench bench_open(void)
{
    Bench bench = {.loop = loop_new(NULL), .said = g_string_new(NULL)};
    const CharEvents events = {.message = keep_message, .opaque = bench.said};
    bench.set = chardev_set_new(bench.loop, &events, 1);
    return bench;
}

static void bench_close(Bench *bench)
{
    chardev_set_free(bench->set);
    loop_free(bench->loop);
    g_string_free(bench->said, true);
}

static void write_file(const char *path, const char *options, const char *text)
{
    Bench bench = bench_open();
    g_autofree char *spec = g_strdup_printf("file:%s%s", path, options);
    Chardev *chardev = chardev_set_add(bench.set, "-serial", "f", spec, NULL);
    g_assert_nonnull(chardev);
    size_t size = strlen(text);
    g_assert_cmpuint(chardev->class->write(chardev, (const uint8_t *)text, size), ==, size);
    g_assert_cmpstr(bench.said->str, ==, "");
    bench_close(&bench);
}

static void test_file_is_emptied_first(Fixture *fix, gconstpointer data)
{
    (void)data;
    write_file(fix->path, "", "a long text");
    write_file(fix->path, "", "short");
    assert_contents(fix, "short");
    write_file(fix->path, ",append=off", "again");
    assert_contents(fix, "again");
}

static void test_file_is_appended_to_when_asked(Fixture *fix, gconstpointer data)
{
    (void)data;
    write_file(fix->path, "", "one ");
    write_file(fix->path, ",append=on", "two");
    assert_contents(fix, "one two");
}

static void test_file_mode_follows_the_umask(Fixture *fix, gconstpointer data)
{
    (void)data;
    mode_t former = umask(027);
    write_file(fix->path, "", "x");
    umask(former);
    struct stat st;
    g_assert_cmpint(stat(fix->path, &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, ==, 0640);
}

static void test_file_gets_what_is_left_at_the_end(Fixture *fix, gconstpointer data)
{
    (void)data;
    run_to_file(fix, "");
    assert_contents(fix, "READY\nabcdefghij");
}

static void assert_file_error(const char *path, const char *why)
{
    Bench bench = bench_open();
    g_autofree char *spec = g_strdup_printf("file:%s", path);
    g_autofree char *message =
        g_strdup_printf("-serial %s: cannot write to '%s': %s", spec, path, why);
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_set_add(bench.set, "-serial", "f", spec, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, message);
    bench_close(&bench);
}

static void test_file_errors_name_the_path_and_the_reason(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_file_error(fix->dir, "Is a directory");
    assert_file_error("/nowhere/at/all", "No such file or directory");
    /* Even root is refused. */
    assert_file_error("/proc/sys/kernel/osrelease", "Permission denied");
    g_assert_cmpint(mkfifo(fix->path, 0600), ==, 0);
    assert_file_error(fix->path, "a FIFO without a reader (start the reader first)");
}

static void test_file_on_a_full_disk_is_reported_once(Fixture *fix, gconstpointer data)
{
    (void)fix;
    (void)data;
    Bench bench = bench_open();
    Chardev *chardev = chardev_set_add(bench.set, "-serial", "f", "file:/dev/full", NULL);
    for (int i = 0; i < 3; i++) {
        g_assert_cmpuint(chardev->class->write(chardev, (const uint8_t *)"abc", 3), ==, 3);
    }
    g_assert_cmpstr(bench.said->str, ==,
                    "f: output to /dev/full is lost: No space left on device\n");
    bench_close(&bench);
}

#define ADD(path, name)                                                                            \
    g_test_add("/stdio/" path #name, Fixture, NULL, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    child_adopt_orphans();
    ADD("input/", pipe_is_passed_on_untouched);
    ADD("input/", socket_is_passed_on_untouched);
    ADD("input/", file_is_read_to_its_end);
    ADD("input/", end_of_input_is_no_input);
    g_test_add_data_func("/stdio/input/dev_null_gives_no_input", "/dev/null",
                         test_nothing_to_read_is_no_input);
    g_test_add_data_func("/stdio/input/directory_gives_no_input", "/",
                         test_nothing_to_read_is_no_input);
    g_test_add_data_func("/stdio/input/closed_descriptor_gives_no_input", "",
                         test_nothing_to_read_is_no_input);
    ADD("input/", input_open_for_writing_is_no_input);
    ADD("input/", input_waits_for_a_guest_that_does_not_read);
    ADD("output/", reader_that_went_away_is_reported_once);
    ADD("output/", closed_output_is_reported_once);
    ADD("output/", full_device_is_reported_once);
    ADD("output/", reader_that_leaves_a_full_pipe_frees_the_guest);
    ADD("output/", full_pipe_waits_at_no_cost_and_loses_nothing);
    ADD("output/", full_pipe_does_not_hold_up_the_end);
    ADD("output/", flags_of_pipes_stay);
    ADD("output/", shared_offset_of_a_file_is_kept);
    ADD("output/", pty_master_as_output);
    ADD("", second_stdio_is_refused);
    ADD("", stdout_goes_beside_stdio);
    ADD("file/", file_is_emptied_first);
    ADD("file/", file_is_appended_to_when_asked);
    ADD("file/", file_mode_follows_the_umask);
    ADD("file/", file_gets_what_is_left_at_the_end);
    ADD("file/", file_errors_name_the_path_and_the_reason);
    ADD("file/", file_on_a_full_disk_is_reported_once);
    return g_test_run();
}
