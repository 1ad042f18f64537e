/*
 * Sharing a line: several devices on one terminal, several readers of one device,
 * separate input and output, names of lines.
 */
#include "src/base/error.h"
#include "tests/unit/char_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct Fixture {
    CharRig *rig;
} Fixture;

static void setup(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->rig = char_rig_new();
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    char_rig_free(fix->rig);
}

static RigLine *serve(Fixture *fix, const char *options)
{
    RigLine *line =
        char_rig_add(fix->rig, "unix:%s/socket,server=on,wait=off%s", fix->rig->dir, options);
    line->room = SIZE_MAX / 2;
    return line;
}

static int join(Fixture *fix)
{
    g_autofree char *path = char_rig_path(fix->rig, "socket");
    int fd = char_rig_connect_unix(path);
    char_rig_settle(fix->rig, 5);
    return fd;
}

static void type(Fixture *fix, int fd, const char *text)
{
    g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize)strlen(text));
    char_rig_settle(fix->rig, 5);
}

static void assert_reads(Fixture *fix, int fd, const char *text)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(fix->rig, fd, got, strlen(text));
    g_assert_cmpmem(got->data, got->len, text, (guint)strlen(text));
}

static void assert_reads_no_more(int fd)
{
    uint8_t byte;
    g_assert_cmpint(read(fd, &byte, 1), ==, -1);
}

static void assert_input(const RigLine *line, const char *text)
{
    g_assert_cmpmem(line->input->data, line->input->len, text, (guint)strlen(text));
}

/* ---- many readers, one writer ---- */

static void test_every_reader_gets_the_same(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *line = serve(fix, "");
    int first = join(fix);
    rig_line_send_text(line, "one ");
    char_rig_settle(fix->rig, 5);
    int second = join(fix), third = join(fix);
    rig_line_send_text(line, "two ");
    assert_reads(fix, first, "one two ");
    assert_reads(fix, second, "one two ");
    close(second);
    rig_line_send_text(line, "three");
    assert_reads(fix, first, "three");
    assert_reads(fix, third, "one two three");
    close(first);
    close(third);
}

static void test_first_reader_types_and_another_takes_over(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *line = serve(fix, "");
    int first = join(fix), second = join(fix);
    type(fix, first, "a");
    type(fix, second, "not for the guest");
    assert_reads(fix, second, "[another client types; Ctrl-A w takes over]\r\n");
    type(fix, second, "\001wb");
    type(fix, first, "ignored");
    assert_input(line, "ab");
    close(second);
    char_rig_settle(fix->rig, 5);
    type(fix, first, "c");
    assert_input(line, "abc");
    close(first);
}

/*
 * There are two readers.  One of them, the first or the second to come, reads
 * nothing until the other has everything.
 */
static void stall_one(Fixture *fix, guint which)
{
    RigLine *line = serve(fix, "");
    int fds[] = {join(fix), join(fix)};
    int stalled = fds[which], other = fds[!which];
    g_autoptr(GByteArray) sent = char_rig_pattern(2000000);
    g_autoptr(GByteArray) got = g_byte_array_new();
    rig_line_send(line, sent->data, sent->len);
    char_rig_read(fix->rig, other, got, sent->len);
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
    g_assert_cmpuint(line->unsent->len, ==, 0);
    const Chardev *chardev = char_rig_chardev(fix->rig, 0);
    const CharReader *reader = chardev->readers->pdata[which];
    guint held = (guint)reader->position;
    g_autofree char *mark = g_strdup_printf("[%u bytes dropped]\r\n", sent->len - 65536 - held);
    g_byte_array_set_size(got, 0);
    char_rig_read(fix->rig, stalled, got, held);
    g_assert_cmpmem(got->data, got->len, sent->data, held);
    assert_reads(fix, stalled, mark);
    close(stalled);
    close(other);
}

static void test_first_reader_that_stalls_harms_no_other(Fixture *fix, gconstpointer data)
{
    (void)data;
    stall_one(fix, 0);
}

static void test_later_reader_that_stalls_harms_no_other(Fixture *fix, gconstpointer data)
{
    (void)data;
    stall_one(fix, 1);
}

static void test_readers_are_limited(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *line = serve(fix, ",readers=1");
    int first = join(fix), second = join(fix);
    rig_line_send_text(line, "x");
    assert_reads(fix, first, "x");
    assert_reads_no_more(second);
    char_rig_assert_idle(fix->rig, 100, 3);
    close(first);
    assert_reads(fix, second, "x");
    close(second);
}

/* ---- several devices, one terminal ---- */

static void test_escape_key_switches_between_devices(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *com1 = serve(fix, ",mux=on");
    RigLine *com2 = char_rig_connect(fix->rig, "serial0");
    com2->room = 100;
    int fd = join(fix);
    type(fix, fd, "one\001ctwo\001c\001\001end");
    assert_input(com1, "one\001end");
    assert_input(com2, "two");
    assert_reads(fix, fd, "[input goes to COM2]\r\n[input goes to COM1]\r\n");
    rig_line_send_text(com1, "from one ");
    char_rig_settle(fix->rig, 5);
    rig_line_send_text(com2, "from two");
    assert_reads(fix, fd, "from one from two");
    close(fd);
}

static void test_escape_key_sends_a_break_and_quits(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *line = serve(fix, ",mux=on");
    int fd = join(fix);
    type(fix, fd, "x\001by");
    g_assert_cmpuint(line->breaks, ==, 1);
    assert_input(line, "xy");
    g_assert_false(fix->rig->quit);
    type(fix, fd, "\001x");
    g_assert_true(fix->rig->quit);
    close(fd);
}

static void test_escape_key_turns_time_stamps_on_and_off(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *line = serve(fix, ",mux=on");
    int fd = join(fix);
    type(fix, fd, "\001t");
    assert_reads(fix, fd, "[time stamps are on]\r\n");
    rig_line_send_text(line, "a\nbc\n");
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(fix->rig, fd, got, 2 * strlen("[hh:mm:ss.mmm] ") + 5);
    g_byte_array_append(got, (const uint8_t *)"", 1);
    g_assert_true(g_regex_match_simple(
        "^\\[\\d\\d:\\d\\d:\\d\\d\\.\\d{3}] a\n\\[\\d\\d:\\d\\d:\\d\\d\\.\\d{3}] bc\n$",
        (const char *)got->data, (GRegexCompileFlags)0, (GRegexMatchFlags)0));
    type(fix, fd, "\001t");
    assert_reads(fix, fd, "[time stamps are off]\r\n");
    rig_line_send_text(line, "plain\n");
    assert_reads(fix, fd, "plain\n");
    close(fd);
}

static void test_without_mux_every_byte_passes(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *line = serve(fix, "");
    int fd = join(fix);
    type(fix, fd, "\001x\001c");
    assert_input(line, "\001x\001c");
    g_assert_false(fix->rig->quit);
    close(fd);
}

/* ---- routes and -chardev ---- */

static void test_input_and_output_are_routed_apart(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autofree char *file = char_rig_path(fix->rig, "out");
    RigLine *line = char_rig_add(fix->rig, "in=unix:%s/socket,,server=on,,wait=off,out=file:%s",
                                 fix->rig->dir, file);
    line->room = 100;
    int fd = join(fix);
    type(fix, fd, "typed");
    assert_input(line, "typed");
    rig_line_send_text(line, "printed");
    char_rig_settle(fix->rig, 5);
    assert_reads_no_more(fd);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "printed");
    close(fd);
}

static void test_chardev_option_has_qemus_spelling(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autofree char *unix_socket =
        g_strdup_printf("socket,id=u,path=%s/socket,server=on,wait=off,mux=on", fix->rig->dir);
    g_assert_true(chardev_set_add_option(fix->rig->set, unix_socket, NULL));
    g_assert_true(chardev_set_add_option(fix->rig->set,
                                         "socket,id=t,host=127.0.0.1,port=0,server,nowait", NULL));
    g_assert_true(chardev_set_add_option(fix->rig->set, "null,id=n", NULL));
    g_assert_true(chardev_set_add_option(fix->rig->set, "ringbuf,id=r,size=1K", NULL));
    g_assert_true(chardev_set_add_option(fix->rig->set, "pty,id=p", NULL));
    RigLine *line = char_rig_add(fix->rig, "chardev:u");
    line->room = 10;
    int fd = join(fix);
    type(fix, fd, "hello");
    assert_input(line, "hello");
    close(fd);
}

static void assert_chardev_refused(Fixture *fix, const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(chardev_set_add_option(fix->rig->set, text, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_bad_options_are_refused(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_chardev_refused(fix, "null", "-chardev null: needs an id (as in -chardev pty,id=com1)");
    assert_chardev_refused(fix, "socket,id=a,port=",
                           "-chardev socket,id=a,port=: write HOST:PORT, :PORT or [::1]:PORT");
    assert_chardev_refused(fix, "null,id=a,policy=wait",
                           "-chardev null,id=a,policy=wait: policy wait: not one of stall, "
                           "drop-old, drop-new");
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_set_use(fix->rig->set, "-serial", "s", "chardev:x", &error));
    g_assert_cmpstr(error->message, ==,
                    "-serial chardev:x: no such chardev (make it with -chardev BACKEND,id=ID)");
}

/* ---- clients of somebody else's server ---- */

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

typedef struct Accept {
    int listener, fd;
} Accept;

static bool has_accepted(void *opaque)
{
    Accept *waiting = opaque;
    waiting->fd = accept4(waiting->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return waiting->fd >= 0;
}

static void test_client_connects_again_and_goes_on(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autofree char *path = char_rig_path(fix->rig, "server");
    RigLine *line = char_rig_add(fix->rig, "unix:%s,reconnect=1", path);
    rig_line_send_text(line, "early ");
    char_rig_settle(fix->rig, 5);
    Accept waiting = {.listener = listen_at(path)};
    char_rig_until(fix->rig, has_accepted, &waiting);
    assert_reads(fix, waiting.fd, "early ");
    close(waiting.fd);
    char_rig_settle(fix->rig, 5);
    rig_line_send_text(line, "late");
    char_rig_until(fix->rig, has_accepted, &waiting);
    assert_reads(fix, waiting.fd, "late");
    close(waiting.fd);
    close(waiting.listener);
}

static void test_client_without_a_server_is_an_error(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_set_add(fix->rig->set, "-serial", "s", "unix:/nowhere/s", &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST);
    g_assert_cmpstr(error->message, ==,
                    "-serial unix:/nowhere/s: No such file or directory "
                    "(server=on listens, reconnect=1 tries again)");
}

static void test_server_waits_for_its_first_client(Fixture *fix, gconstpointer data)
{
    (void)data;
    char_rig_add(fix->rig, "unix:%s/socket,server=on", fix->rig->dir);
    g_assert_true(chardev_set_awaits_peers(fix->rig->set));
    int fd = join(fix);
    g_assert_false(chardev_set_awaits_peers(fix->rig->set));
    close(fd);
    char_rig_settle(fix->rig, 5);
    g_assert_false(chardev_set_awaits_peers(fix->rig->set));
}

/* ---- names in the file system ---- */

static bool can_add(Fixture *fix, const char *id, const char *spec)
{
    g_autoptr(GError) error = NULL;
    return chardev_set_add(fix->rig->set, "-serial", id, spec, &error) != NULL;
}

static void test_socket_file_is_replaced_only_if_stale(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autofree char *path = char_rig_path(fix->rig, "name");
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on,wait=off", path);
    int listener = listen_at(path);
    g_assert_false(can_add(fix, "a", spec));
    close(listener);
    g_assert_true(can_add(fix, "b", spec));
    g_assert_false(can_add(fix, "c", spec));
    unlink(path);
    g_assert_true(g_file_set_contents(path, "mine", -1, NULL));
    g_assert_false(can_add(fix, "d", spec));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_link_is_replaced_only_if_stale(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autofree char *path = char_rig_path(fix->rig, "name");
    g_autofree char *spec = g_strdup_printf("pty,link=%s", path);
    g_assert_cmpint(symlink("/dev/pts/12345", path), ==, 0);
    g_assert_true(can_add(fix, "a", spec));
    g_assert_false(can_add(fix, "held", spec));
    g_autofree char *target = g_file_read_link(path, NULL);
    g_assert_cmpstr(target, !=, "/dev/pts/12345");
    g_autofree char *file = char_rig_path(fix->rig, "file");
    g_autofree char *other = g_strdup_printf("pty,link=%s", file);
    g_assert_true(g_file_set_contents(file, "mine", -1, NULL));
    g_assert_false(can_add(fix, "b", other));
    unlink(file);
    g_assert_cmpint(symlink("/etc/passwd", file), ==, 0);
    g_assert_false(can_add(fix, "c", other));
}

static void test_names_go_away_with_the_chardev(void)
{
    g_autofree char *dir = g_dir_make_tmp("pioemu-names-XXXXXX", NULL);
    CharRig *rig = char_rig_new();
    char_rig_add(rig, "pty,link=%s/pty", dir);
    char_rig_add(rig, "unix:%s/socket,server=on,wait=off", dir);
    g_assert_cmpint(rmdir(dir), ==, -1);
    char_rig_free(rig);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

static void test_pty_says_where_it_is_as_qemu_does(Fixture *fix, gconstpointer data)
{
    (void)data;
    char_rig_add(fix->rig, "pty");
    g_assert_true(
        g_regex_match_simple("^char device redirected to /dev/pts/\\d+ \\(label serial0\\)\n$",
                             fix->rig->said->str, (GRegexCompileFlags)0, (GRegexMatchFlags)0));
}

/* ---- reports ---- */

static void test_counters_and_tail_tell_what_happened(Fixture *fix, gconstpointer data)
{
    (void)data;
    RigLine *line = char_rig_add(fix->rig, "ringbuf,size=4K");
    rig_line_send_text(line, "boot\r\n\x1b[1mlogin: ");
    g_autoptr(GString) tail = g_string_new(NULL);
    g_autoptr(GString) counters = g_string_new(NULL);
    chardev_set_tail(fix->rig->set, tail);
    chardev_set_describe(fix->rig->set, counters);
    g_assert_cmpstr(tail->str, ==, "Last output of serial0:\n  boot\n  \\x1b[1mlogin: \n");
    g_assert_cmpstr(counters->str, ==,
                    "serial0 (ringbuf): 17 bytes out, 0 dropped, 0 stalls, 0 bytes in, 0 ignored, "
                    "breaks 0 in 0 out, readers 0 now 0 in all\n");
}

#define ADD(path, name)                                                                            \
    g_test_add("/share/" path #name, Fixture, NULL, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    ADD("readers/", every_reader_gets_the_same);
    ADD("readers/", first_reader_types_and_another_takes_over);
    ADD("readers/", first_reader_that_stalls_harms_no_other);
    ADD("readers/", later_reader_that_stalls_harms_no_other);
    ADD("readers/", readers_are_limited);
    ADD("mux/", escape_key_switches_between_devices);
    ADD("mux/", escape_key_sends_a_break_and_quits);
    ADD("mux/", escape_key_turns_time_stamps_on_and_off);
    ADD("mux/", without_mux_every_byte_passes);
    ADD("spec/", input_and_output_are_routed_apart);
    ADD("spec/", chardev_option_has_qemus_spelling);
    ADD("spec/", bad_options_are_refused);
    ADD("client/", client_connects_again_and_goes_on);
    ADD("client/", client_without_a_server_is_an_error);
    ADD("server/", server_waits_for_its_first_client);
    ADD("names/", socket_file_is_replaced_only_if_stale);
    ADD("names/", link_is_replaced_only_if_stale);
    g_test_add_func("/share/names/names_go_away_with_the_chardev",
                    test_names_go_away_with_the_chardev);
    ADD("names/", pty_says_where_it_is_as_qemu_does);
    ADD("report/", counters_and_tail_tell_what_happened);
    return g_test_run();
}
