/* The order in which the output of several devices reaches one place. */
#include "tests/unit/char_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANY     200000u
#define HANDOVER 3000u

typedef struct Fixture {
    CharRig *rig;
    RigLine *line[2];
    int fd; /* the end of what both write to */
    atomic_uint turn;
} Fixture;

static char *make_fifo(Fixture *fix)
{
    char *path = char_rig_path(fix->rig, "fifo");
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    fix->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(fix->fd, >=, 0);
    fcntl(fix->fd, F_SETPIPE_SZ, 4096);
    return path;
}

/* With `data` each device has its own chardev, and both write to the same file. */
static void setup(Fixture *fix, gconstpointer data)
{
    fix->rig = char_rig_new();
    g_autofree char *path = make_fifo(fix);
    fix->line[0] = char_rig_add(fix->rig, "file:%s,mux=on", path);
    fix->line[1] =
        data ? char_rig_add(fix->rig, "file:%s", path) : char_rig_add(fix->rig, "chardev:serial0");
    atomic_init(&fix->turn, 0);
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    char_rig_free(fix->rig);
    close(fix->fd);
}

/* The devices send one byte each in turn. */
static void send_in_turns(Fixture *fix, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)i;
        rig_line_send(fix->line[i % 2], &byte, 1);
    }
}

static void expect_in_turns(Fixture *fix, size_t count)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(fix->rig, fix->fd, got, count);
    for (size_t i = 0; i < count; i++) {
        if (got->data[i] != (uint8_t)i) {
            g_error("byte %zu is %02x", i, got->data[i]);
        }
    }
}

static void test_bytes_leave_as_they_were_written(Fixture *fix, gconstpointer data)
{
    (void)data;
    send_in_turns(fix, 1001);
    expect_in_turns(fix, 1001);
    rig_line_send_text(fix->line[1], "and again ");
    char_rig_settle(fix->rig, 20);
    rig_line_send_text(fix->line[0], "after a ");
    rig_line_send_text(fix->line[1], "silence");
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(fix->rig, fix->fd, got, 25);
    g_assert_cmpmem(got->data, got->len, "and again after a silence", 25);
}

/* Nothing is done while the host accepts nothing. */
static void test_order_outlives_a_host_that_stalls(Fixture *fix, gconstpointer data)
{
    (void)data;
    send_in_turns(fix, 30000);
    char_rig_settle(fix->rig, 50);
    char_rig_assert_idle(fix->rig, 100, 3);
    expect_in_turns(fix, 30000);
}

/* One device must wait for room, and the other's bytes come after those that were accepted. */
static void test_full_ring_holds_up_what_comes_behind(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) much = char_rig_pattern(MANY);
    g_autoptr(GByteArray) got = g_byte_array_new();
    rig_line_send(fix->line[0], much->data, much->len);
    char_rig_settle(fix->rig, 20);
    guint taken = MANY - fix->line[0]->unsent->len;
    g_assert_cmpuint(taken, <, MANY);
    rig_line_send_text(fix->line[1], "behind");
    char_rig_read(fix->rig, fix->fd, got, taken + 6);
    g_assert_cmpmem(got->data, taken, much->data, taken);
    g_assert_cmpmem(got->data + taken, 6, "behind", 6);
    char_rig_read(fix->rig, fix->fd, got, MANY + 6);
    g_assert_cmpmem(got->data + taken + 6, MANY - taken, much->data + taken, MANY - taken);
}

typedef struct Writer {
    Fixture *fix;
    unsigned index;
} Writer;

/* The guest's CPUs take turns, and each writes after it has seen the other's turn. */
static gpointer hand_over(gpointer data)
{
    const Writer *writer = data;
    Fixture *fix = writer->fix;
    for (unsigned i = writer->index; i < HANDOVER; i += 2) {
        while (atomic_load(&fix->turn) != i) {
            g_thread_yield();
        }
        uint8_t byte = (uint8_t)i;
        rig_line_send(fix->line[writer->index], &byte, 1);
        atomic_store(&fix->turn, i + 1);
    }
    return NULL;
}

static void test_order_holds_between_cpus(Fixture *fix, gconstpointer data)
{
    (void)data;
    Writer writers[] = {{fix, 0}, {fix, 1}};
    GThread *threads[] = {g_thread_new("cpu0", hand_over, &writers[0]),
                          g_thread_new("cpu1", hand_over, &writers[1])};
    expect_in_turns(fix, HANDOVER);
    g_thread_join(threads[0]);
    g_thread_join(threads[1]);
}

static gpointer write_at_will(gpointer data)
{
    const Writer *writer = data;
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t byte = (uint8_t)(i % 128 + writer->index * 128);
        rig_line_send(writer->fix->line[writer->index], &byte, 1);
    }
    return NULL;
}

static void test_devices_at_the_same_time_lose_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    Writer writers[] = {{fix, 0}, {fix, 1}};
    GThread *threads[] = {g_thread_new("cpu0", write_at_will, &writers[0]),
                          g_thread_new("cpu1", write_at_will, &writers[1])};
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_read(fix->rig, fix->fd, got, 2 * MANY);
    g_thread_join(threads[0]);
    g_thread_join(threads[1]);
    unsigned seen[2] = {0};
    for (size_t i = 0; i < got->len; i++) {
        unsigned from = got->data[i] / 128;
        g_assert_cmpuint(got->data[i] % 128, ==, seen[from]++ % 128);
    }
}

static void test_a_plain_file_of_two_lines_is_whole(void)
{
    CharRig *rig = char_rig_new();
    g_autofree char *path = char_rig_path(rig, "file");
    RigLine *lines[] = {char_rig_add(rig, "file:%s", path), char_rig_add(rig, "file:%s", path)};
    static const char *const TEXTS[] = {"one ", "two ", "three ", "four"};
    chardev_set_begin(rig->set);
    for (unsigned i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        rig_line_send_text(lines[i % 2], TEXTS[i]);
        char_rig_settle(rig, 5);
    }
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "one two three four");
    char_rig_free(rig);
}

#define ADD(name)                                                                                  \
    do {                                                                                           \
        g_test_add("/order/one_chardev/" #name, Fixture, NULL, setup, test_##name, teardown);      \
        g_test_add("/order/one_file/" #name, Fixture, "", setup, test_##name, teardown);           \
    } while (0)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    ADD(bytes_leave_as_they_were_written);
    ADD(order_outlives_a_host_that_stalls);
    ADD(full_ring_holds_up_what_comes_behind);
    ADD(order_holds_between_cpus);
    ADD(devices_at_the_same_time_lose_nothing);
    g_test_add_func("/order/a_plain_file_of_two_lines_is_whole",
                    test_a_plain_file_of_two_lines_is_whole);
    return g_test_run();
}
