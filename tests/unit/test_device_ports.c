/* A device with several lines and drives is told which of them a call is about. */
#include "tests/unit/rig.h"

typedef struct Several {
    Device *dev;
    CharPort *lines[2];
    BlockPort *drives[2];
    uint8_t sector[BLOCK_SECTOR_SIZE];
    /* The calls so far. */
    GString *log;
    size_t room0; /* the room of the first line */
} Several;

static void note(Several *s, const char *what, unsigned port)
{
    g_string_append_printf(s->log, "%s %u\n", what, port);
}

static size_t several_rx_room(void *state, unsigned port)
{
    return port == 1 ? 2 : ((Several *)state)->room0;
}

static void several_receive(void *state, unsigned port, const uint8_t *data, size_t size)
{
    (void)data;
    g_assert_cmpuint(size, ==, port == 1 ? 2 : 1);
    note(state, "receive", port);
}

static void several_tx_room(void *state, unsigned port)
{
    note(state, "tx room", port);
}

static void several_break(void *state, unsigned port)
{
    note(state, "break", port);
}

static void several_lines(void *state, unsigned port, unsigned lines)
{
    (void)lines;
    note(state, "lines", port);
}

static void several_done(void *state, unsigned port, uint64_t tag, bool ok)
{
    (void)tag, (void)ok;
    note(state, "done", port);
}

static const CharClient CHAR_CLIENT = {
    .rx_room = several_rx_room,
    .receive = several_receive,
    .tx_room = several_tx_room,
    .receive_break = several_break,
    .lines_changed = several_lines,
};

static const BlockClient BLOCK_CLIENT = {.done = several_done};

/* Lines and drives are mixed, so that a number counts the properties of one kind. */
static const DeviceProperty PROPERTIES[] = {
    {"drive0", PROPERTY_DRIVE, offsetof(Several, drives[0]), NULL, "a drive", NULL},
    {"line0", PROPERTY_CHAR, offsetof(Several, lines[0]), NULL, "a line", NULL},
    {"line1", PROPERTY_CHAR, offsetof(Several, lines[1]), NULL, "a line", NULL},
    {"drive1", PROPERTY_DRIVE, offsetof(Several, drives[1]), NULL, "a drive", NULL},
    DEVICE_PROPERTY_END,
};

static const DeviceClass SEVERAL = {
    .head = DEVICE_CLASS_HEAD("several", Several),
    .properties = PROPERTIES,
    .char_client = &CHAR_CLIENT,
    .block_client = &BLOCK_CLIENT,
};

typedef struct Fixture {
    Rig *rig;
    RigChar *lines[2];
    RigDrive *drives[2];
    Several *s;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->rig = rig_new();
    for (unsigned i = 0; i < 2; i++) {
        f->lines[i] = rig_char(f->rig, i ? "b" : "a");
        f->drives[i] = rig_drive(f->rig, i ? "y" : "x", 8);
    }
    Device *dev = rig_device_of(f->rig, &SEVERAL);
    f->s = device_state(dev);
    f->s->log = g_string_new(NULL);
    /* In another order than in the class. */
    g_assert_true(rig_realize(f->rig, dev, "drive1=y,line1=b,drive0=x,line0=a"));
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    GString *log = f->s->log;
    rig_free(f->rig);
    g_string_free(log, true);
}

static void assert_log(Fixture *f, const char *expected)
{
    g_assert_cmpstr(f->s->log->str, ==, expected);
    g_string_truncate(f->s->log, 0);
}

static void test_input_says_which_line(Fixture *f, gconstpointer data)
{
    (void)data;
    f->s->room0 = 1;
    rig_char_input(f->lines[1], "xy");
    assert_log(f, "receive 1\n");
    rig_char_input(f->lines[0], "xy");
    assert_log(f, "receive 0\nreceive 0\n");
}

static void test_breaks_and_modem_lines_say_which_line(Fixture *f, gconstpointer data)
{
    (void)data;
    rig_char_break(f->lines[1]);
    rig_char_set_lines(f->lines[1], 0);
    rig_char_break(f->lines[0]);
    rig_char_set_lines(f->lines[0], 0);
    assert_log(f, "break 1\nlines 1\nbreak 0\nlines 0\n");
}

static void test_room_for_output_says_which_line(Fixture *f, gconstpointer data)
{
    (void)data;
    for (unsigned i = 2; i-- > 0;) {
        rig_char_set_room(f->lines[i], 0);
        g_mutex_lock(device_mutex(f->s->dev));
        g_assert_cmpuint(pio_char_write(f->s->lines[i], (const uint8_t *)"x", 1), ==, 0);
        g_mutex_unlock(device_mutex(f->s->dev));
        rig_char_set_room(f->lines[i], 1);
    }
    assert_log(f, "tx room 1\ntx room 0\n");
}

static void test_a_request_says_which_drive(Fixture *f, gconstpointer data)
{
    (void)data;
    for (unsigned i = 2; i-- > 0;) {
        g_mutex_lock(device_mutex(f->s->dev));
        pio_block_read(f->s->drives[i], 0, f->s->sector, 1, 7);
        g_mutex_unlock(device_mutex(f->s->dev));
        g_assert_true(rig_drive_step(f->drives[i]));
    }
    assert_log(f, "done 1\ndone 0\n");
}

#define PORTS(name, function)                                                                      \
    g_test_add("/device_ports/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    PORTS("input_says_which_line", test_input_says_which_line);
    PORTS("breaks_and_modem_lines_say_which_line", test_breaks_and_modem_lines_say_which_line);
    PORTS("room_for_output_says_which_line", test_room_for_output_says_which_line);
    PORTS("a_request_says_which_drive", test_a_request_says_which_drive);
    return g_test_run();
}
