/* A serial port of the host, for which a pseudo-terminal stands in. */
#include "tests/unit/char_rig.h"

#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

typedef struct Fixture {
    int host, port;
    struct termios original;
    CharRig *rig;
    RigLine *line;
} Fixture;

static void setup(Fixture *fix, gconstpointer data)
{
    (void)data;
    char path[64];
    fix->rig = char_rig_new();
    g_assert_cmpint(openpty(&fix->host, &fix->port, path, NULL, NULL), ==, 0);
    fcntl(fix->host, F_SETFL, O_NONBLOCK);
    tcgetattr(fix->port, &fix->original);
    fix->line = char_rig_add(fix->rig, "serial:%s", path);
    fix->line->room = 100000;
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    char_rig_free(fix->rig);
    close(fix->host);
    close(fix->port);
}

static struct termios modes(const Fixture *fix)
{
    struct termios now;
    g_assert_cmpint(tcgetattr(fix->port, &now), ==, 0);
    return now;
}

typedef struct Wanted {
    const RigLine *line;
    size_t size;
} Wanted;

static bool has_received(void *opaque)
{
    const Wanted *wanted = opaque;
    return wanted->line->input->len >= wanted->size;
}

static void test_every_byte_passes_both_ways(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(GByteArray) sent = char_rig_pattern(20000);
    g_autoptr(GByteArray) got = g_byte_array_new();
    char_rig_write(fix->rig, fix->host, sent->data, sent->len);
    Wanted wanted = {fix->line, sent->len};
    char_rig_until(fix->rig, has_received, &wanted);
    g_assert_cmpmem(fix->line->input->data, fix->line->input->len, sent->data, sent->len);
    rig_line_send(fix->line, sent->data, sent->len);
    char_rig_read(fix->rig, fix->host, got, sent->len);
    g_assert_cmpmem(got->data, got->len, sent->data, sent->len);
}

/* The host's driver decides whether the port can have parity, and a terminal has none. */
static void test_line_settings_follow_the_guest(Fixture *fix, gconstpointer data)
{
    (void)data;
    static const CharFormat FORMAT = {.baud = 1200, .data_bits = 7, .stop_bits = 2, .parity = 'E'};
    pio_char_set_format(fix->line->port, &FORMAT);
    char_rig_settle(fix->rig, 5);
    struct termios now = modes(fix);
    g_assert_cmpuint(cfgetospeed(&now), ==, B1200);
    g_assert_true(now.c_cflag & CSTOPB);
    static const CharFormat FAST = {.baud = 115200, .data_bits = 8, .stop_bits = 1, .parity = 'N'};
    pio_char_set_format(fix->line->port, &FAST);
    char_rig_settle(fix->rig, 5);
    now = modes(fix);
    g_assert_cmpuint(cfgetospeed(&now), ==, B115200);
    g_assert_false(now.c_cflag & CSTOPB);
}

typedef struct Arrivals {
    const RigLine *line;
    guint bytes, breaks;
} Arrivals;

static bool has_arrived(void *opaque)
{
    const Arrivals *wanted = opaque;
    return wanted->line->input->len == wanted->bytes && wanted->line->breaks == wanted->breaks;
}

/* With EXTPROC the test can write the bytes with which a driver marks a break. */
static void test_break_comes_in_its_place(Fixture *fix, gconstpointer data)
{
    (void)data;
    static const uint8_t MARKED[] = {'a', 0xff, 0xff, 'b', 0xff, 0, 0, 'c', 0xff, 0, 'd', 'e'};
    /* How many characters have come after each of these bytes. */
    static const guint CAME[] = {1, 1, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6};
    struct termios now = modes(fix);
    g_assert_true(now.c_iflag & PARMRK);
    now.c_lflag |= EXTPROC;
    tcsetattr(fix->port, TCSANOW, &now);
    for (size_t i = 0; i < sizeof(MARKED); i++) {
        char_rig_write(fix->rig, fix->host, &MARKED[i], 1);
        char_rig_until(fix->rig, has_arrived, &(Arrivals){fix->line, CAME[i], i >= 6});
    }
    g_assert_cmpmem(fix->line->input->data, fix->line->input->len, "a\377bcde", 6);
}

static void test_modes_are_given_back(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(modes(fix).c_lflag & (ICANON | ECHO), ==, 0);
    char_rig_free(fix->rig);
    struct termios now = modes(fix);
    g_assert_cmphex(now.c_lflag, ==, fix->original.c_lflag);
    g_assert_cmphex(now.c_iflag, ==, fix->original.c_iflag);
    fix->rig = char_rig_new();
}

static void test_lost_line_is_reported_once(Fixture *fix, gconstpointer data)
{
    (void)data;
    close(fix->host);
    char_rig_settle(fix->rig, 20);
    rig_line_send_text(fix->line, "to nobody");
    char_rig_assert_idle(fix->rig, 200, 6);
    g_assert_cmpuint(fix->line->unsent->len, ==, 0);
    g_assert_nonnull(strstr(fix->rig->said->str, "serial0: input has ended: "));
    g_assert_nonnull(strstr(fix->rig->said->str, "serial0: output to /dev/pts/"));
    fix->host = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

#define ADD(name) g_test_add("/tty/" #name, Fixture, NULL, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(every_byte_passes_both_ways);
    ADD(line_settings_follow_the_guest);
    ADD(break_comes_in_its_place);
    ADD(modes_are_given_back);
    ADD(lost_line_is_reported_once);
    return g_test_run();
}
