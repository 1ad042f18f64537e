/* The character core, between a device that can be full and a host that can be full. */
#include "src/base/error.h"
#include "src/char/char.h"

#include <string.h>

/* ---- a device ---- */

typedef struct Line {
    Device *dev;
    CharPort *port;
    size_t room;    /* the receiver's room */
    GString *input; /* the input that it received */
    unsigned rooms; /* the number of calls of tx_room */
    unsigned breaks, lines;
    GCond *wake; /* wakes a thread that waits for tx_room */
} Line;

static size_t line_rx_room(void *opaque, unsigned port)
{
    (void)port;
    return ((Line *)opaque)->room;
}

static void line_receive(void *opaque, unsigned port, const uint8_t *data, size_t size)
{
    (void)port;
    Line *line = opaque;
    g_assert_cmpuint(size, <=, line->room);
    line->room -= size;
    g_string_append_len(line->input, (const char *)data, (gssize)size);
}

static void line_tx_room(void *opaque, unsigned port)
{
    (void)port;
    Line *line = opaque;
    line->rooms++;
    if (line->wake) {
        g_cond_signal(line->wake);
    }
}

static void line_receive_break(void *opaque, unsigned port)
{
    (void)port;
    ((Line *)opaque)->breaks++;
}

static void line_lines_changed(void *opaque, unsigned port, unsigned lines)
{
    (void)port;
    ((Line *)opaque)->lines = lines;
}

static const DeviceProperty LINE_PROPERTIES[] = {
    {.name = "chardev", .kind = PROPERTY_CHAR, .offset = offsetof(Line, port)},
    DEVICE_PROPERTY_END,
};

static const CharClient LINE_CLIENT = {
    .rx_room = line_rx_room,
    .receive = line_receive,
    .tx_room = line_tx_room,
    .receive_break = line_receive_break,
    .lines_changed = line_lines_changed,
};

static const DeviceClass LINE_CLASS = {
    .head = DEVICE_CLASS_HEAD("line", Line),
    .description = "one end of a line",
    .properties = LINE_PROPERTIES,
    .char_client = &LINE_CLIENT,
};

static const DeviceClass DEAF_CLASS = {
    .head = DEVICE_CLASS_HEAD("deaf", Line),
    .description = "writes only",
    .properties = LINE_PROPERTIES,
};

/* ---- a host ---- */

#define SINK_RX_SIZE 64u

typedef struct Sink {
    Chardev parent;
    GString *output;
    unsigned writes;
    size_t limit;   /* takes this many bytes, and then it is full */
    GRand *chance;  /* not NULL: takes random amounts and is full at random times */
    size_t wanted;  /* ends the loop when it has this many bytes */
    LoopTask again; /* posted when there is room */
    bool reading;
    bool on_break;
    unsigned lines;
    CharFormat format;
} Sink;

static void sink_again(void *opaque)
{
    chardev_writable(opaque);
}

static bool sink_open(Chardev *chardev, GError **error)
{
    (void)error;
    Sink *sink = (Sink *)chardev;
    sink->output = g_string_new(NULL);
    sink->limit = SIZE_MAX;
    sink->again = (LoopTask){.run = sink_again, .opaque = sink};
    return true;
}

static void sink_close(Chardev *chardev)
{
    Sink *sink = (Sink *)chardev;
    loop_cancel(chardev_set_loop(chardev->set), &sink->again);
    g_string_free(sink->output, true);
}

static size_t sink_take(Sink *sink, size_t size)
{
    if (sink->chance) {
        size = (size_t)g_rand_int_range(sink->chance, 0, (gint32)size + 1);
    }
    return MIN(size, sink->limit);
}

static size_t sink_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    Sink *sink = (Sink *)chardev;
    size_t taken = sink_take(sink, size);
    sink->writes++;
    sink->limit -= taken;
    g_string_append_len(sink->output, (const char *)data, (gssize)taken);
    if (taken < size && sink->chance) {
        loop_post(chardev_set_loop(chardev->set), &sink->again);
    }
    if (sink->wanted && sink->output->len >= sink->wanted) {
        loop_quit(chardev_set_loop(chardev->set));
    }
    return taken;
}

static void sink_set_reading(Chardev *chardev, bool on)
{
    ((Sink *)chardev)->reading = on;
}

static void sink_set_break(Chardev *chardev, bool on)
{
    ((Sink *)chardev)->on_break = on;
}

static void sink_set_lines(Chardev *chardev, unsigned lines)
{
    ((Sink *)chardev)->lines = lines;
}

static void sink_set_format(Chardev *chardev, const CharFormat *format)
{
    ((Sink *)chardev)->format = *format;
}

static const ChardevClass SINK_CLASS = {
    .name = "sink",
    .usage = "sink",
    .size = sizeof(Sink),
    .rx_size = SINK_RX_SIZE,
    .open = sink_open,
    .write = sink_write,
    .set_reading = sink_set_reading,
    .set_break = sink_set_break,
    .set_lines = sink_set_lines,
    .set_format = sink_set_format,
    .close = sink_close,
};

/* ---- both, wired ---- */

typedef struct Fixture {
    Loop *loop;
    ChardevSet *set;
    Sink *sink;
    DeviceHost host;
    Device *dev;
    Line *line;
} Fixture;

static CharPort *connect_port(void *opaque, Device *dev, const char *id, GError **error)
{
    return chardev_set_connect(((Fixture *)opaque)->set, dev, id, error);
}

static void step(Fixture *fix)
{
    loop_step(fix->loop, false);
}

static void setup(Fixture *fix, gconstpointer data)
{
    const DeviceClass *class = data ? data : &LINE_CLASS;
    fix->loop = loop_new(NULL);
    fix->set = chardev_set_new(fix->loop, &(CharEvents){0}, 1);
    fix->sink = (Sink *)chardev_set_add_class(fix->set, &SINK_CLASS, "-serial", "s0", "sink", NULL);
    fix->host = (DeviceHost){.opaque = fix, .char_port = connect_port};
    fix->dev = device_new(class, "COM1", &fix->host);
    fix->line = device_state(fix->dev);
    fix->line->input = g_string_new(NULL);
    g_assert_true(device_set_property(fix->dev, "chardev", "s0", NULL));
    g_assert_true(device_realize(fix->dev, NULL));
    step(fix);
}

static void teardown(Fixture *fix, gconstpointer data)
{
    (void)data;
    chardev_set_free(fix->set);
    g_string_free(fix->line->input, true);
    device_free(fix->dev);
    loop_free(fix->loop);
}

static size_t put(Fixture *fix, const char *text, size_t size)
{
    g_mutex_lock(device_mutex(fix->dev));
    size_t taken = pio_char_write(fix->line->port, (const uint8_t *)text, size);
    g_mutex_unlock(device_mutex(fix->dev));
    return taken;
}

static void take(Fixture *fix, size_t room)
{
    g_mutex_lock(device_mutex(fix->dev));
    fix->line->room = room;
    pio_char_rx_ready(fix->line->port);
    g_mutex_unlock(device_mutex(fix->dev));
}

static void give(Fixture *fix, const char *text)
{
    chardev_receive(&fix->sink->parent, (const uint8_t *)text, strlen(text));
}

static void run_until(Fixture *fix, size_t size)
{
    fix->sink->wanted = size;
    loop_run(fix->loop);
}

/* ---- device to host ---- */

static void test_first_byte_leaves_at_once(Fixture *fix, gconstpointer data)
{
    (void)data;
    put(fix, "a", 1);
    step(fix);
    g_assert_cmpstr(fix->sink->output->str, ==, "a");
}

static void test_bytes_of_a_stream_leave_together(Fixture *fix, gconstpointer data)
{
    (void)data;
    put(fix, "a", 1);
    step(fix);
    for (unsigned i = 0; i < 100; i++) {
        put(fix, &"bcdefghij"[i % 9], 1);
    }
    run_until(fix, 101);
    g_assert_true(g_str_has_prefix(fix->sink->output->str, "abcdefghijbcdefghijb"));
    g_assert_cmpuint(fix->sink->writes, ==, 2);
}

static void test_byte_after_a_silence_wakes_the_loop_again(Fixture *fix, gconstpointer data)
{
    (void)data;
    for (size_t i = 1; i <= 3; i++) {
        put(fix, "x", 1);
        run_until(fix, i);
        loop_step(fix->loop, true); /* the time of the batch is over */
    }
    g_assert_cmpstr(fix->sink->output->str, ==, "xxx");
}

static void fill(Fixture *fix)
{
    char block[1000];
    memset(block, 'f', sizeof(block));
    while (put(fix, block, sizeof(block)) == sizeof(block)) {
    }
}

/* Writes until history and ring are full. */
static void fill_all(Fixture *fix)
{
    for (unsigned i = 0; i < 10; i++) {
        fill(fix);
        step(fix);
    }
}

static void test_full_ring_calls_the_device_once_there_is_room(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->sink->limit = 0;
    fill_all(fix);
    fix->line->rooms = 0;
    g_assert_cmpuint(put(fix, "x", 1), ==, 0);
    step(fix);
    g_assert_cmpuint(fix->line->rooms, ==, 0);
    fix->sink->limit = SIZE_MAX;
    chardev_writable(&fix->sink->parent);
    g_assert_cmpuint(fix->line->rooms, ==, 1);
    g_assert_cmpuint(put(fix, "x", 1), ==, 1);
}

static void test_blocked_host_goes_on_where_it_stopped(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->sink->limit = 3;
    put(fix, "abcdefgh", 8);
    step(fix);
    g_assert_cmpstr(fix->sink->output->str, ==, "abc");
    put(fix, "ij", 2);
    step(fix);
    g_assert_cmpstr(fix->sink->output->str, ==, "abc");
    fix->sink->limit = SIZE_MAX;
    chardev_writable(&fix->sink->parent);
    run_until(fix, 10);
    g_assert_cmpstr(fix->sink->output->str, ==, "abcdefghij");
}

#define STREAM_SIZE 1000000u

static uint8_t stream_byte(size_t position)
{
    return (uint8_t)(position * 31 + position / 251);
}

/* Writes like a vCPU: holds the lock, sends a few bytes at a time, and waits when it is told to. */
static gpointer produce_stream(gpointer opaque)
{
    Fixture *fix = opaque;
    Line *line = fix->line;
    g_autoptr(GRand) chance = g_rand_new_with_seed(7);
    g_mutex_lock(device_mutex(fix->dev));
    for (size_t sent = 0; sent < STREAM_SIZE;) {
        uint8_t data[700];
        size_t size = (size_t)g_rand_int_range(chance, 1, sizeof(data));
        size = MIN(size, STREAM_SIZE - sent);
        for (size_t i = 0; i < size; i++) {
            data[i] = stream_byte(sent + i);
        }
        unsigned rooms = line->rooms;
        size_t taken = pio_char_write(line->port, data, size);
        sent += taken;
        while (taken < size && line->rooms == rooms) {
            g_cond_wait(line->wake, device_mutex(fix->dev));
        }
    }
    g_mutex_unlock(device_mutex(fix->dev));
    return NULL;
}

static void test_thread_and_random_host_lose_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    GCond wake;
    g_cond_init(&wake);
    fix->line->wake = &wake;
    fix->sink->chance = g_rand_new_with_seed(42);
    GThread *thread = g_thread_new("vcpu", produce_stream, fix);
    run_until(fix, STREAM_SIZE);
    g_thread_join(thread);
    g_assert_cmpuint(fix->sink->output->len, ==, STREAM_SIZE);
    for (size_t i = 0; i < STREAM_SIZE; i++) {
        g_assert_cmpuint((uint8_t)fix->sink->output->str[i], ==, stream_byte(i));
    }
    g_rand_free(fix->sink->chance);
    g_cond_clear(&wake);
}

static void test_drain_delivers_what_is_left(Fixture *fix, gconstpointer data)
{
    (void)data;
    fill(fix);
    g_assert_cmpuint(chardev_set_drain(fix->set, NS_PER_SECOND), ==, 0);
    g_assert_cmpuint(fix->sink->output->len, ==, 16384);
}

static void test_drain_gives_up_on_a_host_that_takes_nothing(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->sink->limit = 2;
    put(fix, "abcde", 5);
    g_assert_cmpuint(chardev_set_drain(fix->set, 1000000), ==, 3);
}

static void test_no_port_takes_everything(Fixture *fix, gconstpointer data)
{
    (void)fix;
    (void)data;
    g_assert_cmpuint(pio_char_write(NULL, (const uint8_t *)"abc", 3), ==, 3);
    pio_char_rx_ready(NULL);
    pio_char_set_break(NULL, true);
    pio_char_set_lines(NULL, CHAR_LINE_DTR);
    pio_char_set_format(NULL, &(CharFormat){0});
    g_assert_cmpuint(pio_char_lines(NULL), ==, 0);
}

/* ---- host to device ---- */

static void test_device_gets_no_more_than_it_has_room_for(Fixture *fix, gconstpointer data)
{
    (void)data;
    fix->line->room = 4;
    give(fix, "abcdefghij");
    g_assert_cmpstr(fix->line->input->str, ==, "abcd");
    take(fix, 1);
    g_assert_cmpstr(fix->line->input->str, ==, "abcde");
    take(fix, 100);
    g_assert_cmpstr(fix->line->input->str, ==, "abcdefghij");
}

static void test_host_is_read_only_while_there_is_room(Fixture *fix, gconstpointer data)
{
    (void)data;
    char full[SINK_RX_SIZE + 1] = "";
    memset(full, 'r', SINK_RX_SIZE);
    g_assert_true(fix->sink->reading);
    g_assert_cmpuint(chardev_rx_room(&fix->sink->parent), ==, SINK_RX_SIZE);
    give(fix, full);
    g_assert_false(fix->sink->reading);
    g_assert_cmpuint(chardev_rx_room(&fix->sink->parent), ==, 0);
    take(fix, SINK_RX_SIZE / 2 - 1);
    step(fix);
    g_assert_false(fix->sink->reading);
    take(fix, 1);
    step(fix);
    g_assert_true(fix->sink->reading);
    g_assert_cmpuint(fix->line->input->len, ==, SINK_RX_SIZE / 2);
}

static void test_device_that_takes_no_input_is_not_read_for(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_assert_false(fix->sink->reading);
    g_assert_false(chardev_has_receiver(&fix->sink->parent));
    g_assert_cmpuint(chardev_rx_room(&fix->sink->parent), ==, 0);
    put(fix, "out", 3);
    step(fix);
    g_assert_cmpstr(fix->sink->output->str, ==, "out");
}

/* ---- breaks, modem lines, format ---- */

static void test_break_goes_both_ways(Fixture *fix, gconstpointer data)
{
    (void)data;
    chardev_receive_break(&fix->sink->parent);
    g_assert_cmpuint(fix->line->breaks, ==, 1);
    pio_char_set_break(fix->line->port, true);
    step(fix);
    g_assert_true(fix->sink->on_break);
    pio_char_set_break(fix->line->port, false);
    step(fix);
    g_assert_false(fix->sink->on_break);
}

static void test_modem_lines_go_both_ways(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_assert_cmpuint(pio_char_lines(fix->line->port), ==,
                     CHAR_LINE_CTS | CHAR_LINE_DSR | CHAR_LINE_DCD);
    chardev_set_lines(&fix->sink->parent, CHAR_LINE_RI);
    g_assert_cmpuint(fix->line->lines, ==, CHAR_LINE_RI);
    g_assert_cmpuint(pio_char_lines(fix->line->port), ==, CHAR_LINE_RI);
    pio_char_set_lines(fix->line->port, CHAR_LINE_DTR | CHAR_LINE_RTS);
    step(fix);
    g_assert_cmpuint(fix->sink->lines, ==, CHAR_LINE_DTR | CHAR_LINE_RTS);
}

static void test_host_learns_the_line_format(Fixture *fix, gconstpointer data)
{
    (void)data;
    const CharFormat format = {.baud = 115200, .data_bits = 7, .stop_bits = 2, .parity = 'E'};
    pio_char_set_format(fix->line->port, &format);
    step(fix);
    g_assert_cmpuint(fix->sink->format.baud, ==, 115200);
    g_assert_cmpuint(fix->sink->format.data_bits, ==, 7);
    g_assert_cmpuint(fix->sink->format.stop_bits, ==, 2);
    g_assert_cmpint(fix->sink->format.parity, ==, 'E');
}

/* ---- specifications ---- */

#define BACKENDS    "null, stdio, file, stdout, pty, unix, tcp, pipe, ringbuf, tty"
#define COMMON_KEYS "mux, policy, history, logfile, logappend, logmax, logkeep, logstamp, logstrip"

static void assert_refused(Fixture *fix, const char *id, const char *spec, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(chardev_set_add(fix->set, "-serial", id, spec, &error));
    g_assert_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_errors_name_the_option_and_what_would_be_right(Fixture *fix, gconstpointer data)
{
    (void)data;
    assert_refused(fix, "a", "nul",
                   "-serial nul: no such backend (did you mean 'null'? there are: " BACKENDS ")");
    assert_refused(fix, "a", "zzzzzz", "-serial zzzzzz: no such backend (there are: " BACKENDS ")");
    assert_refused(fix, "a", "null:x", "-serial null:x: nothing may follow null:");
    assert_refused(fix, "a", "null,x=1",
                   "-serial null,x=1: unknown key 'x' (known: " COMMON_KEYS ")");
    assert_refused(fix, "a", "file", "-serial file: write file:PATH[,append=on]");
    assert_refused(fix, "a", "file:", "-serial file:: write file:PATH[,append=on]");
    assert_refused(fix, "a", "file:/x,apend=on",
                   "-serial file:/x,apend=on: unknown key 'apend' (did you mean 'append'? known: "
                   "append, path, " COMMON_KEYS ")");
    assert_refused(fix, "a", "file:/x,append=often",
                   "-serial file:/x,append=often: append often: neither on nor off");
    assert_refused(fix, "s0", "null",
                   "-serial null: its id 's0' is that of a -chardev (give that another)");
}

static void test_chardev_has_one_user(Fixture *fix, gconstpointer data)
{
    (void)data;
    g_autoptr(Device) second = device_new(&DEAF_CLASS, "COM2", &fix->host);
    g_autoptr(GError) taken = NULL, missing = NULL;
    g_assert_false(device_set_property(second, "chardev", "s0", &taken));
    g_assert_cmpstr(taken->message, ==,
                    "COM2: chardev 's0' is used by COM1 (mux=on lets devices share it)");
    g_assert_false(device_set_property(second, "chardev", "s9", &missing));
    g_assert_cmpstr(missing->message, ==, "COM2: no chardev 's9'");
}

static void test_help_has_a_line_per_backend(Fixture *fix, gconstpointer data)
{
    (void)fix;
    (void)data;
    g_autofree char *help = chardev_set_help();
    g_assert_nonnull(strstr(help, "  file:PATH[,append=on]    output goes to a file"));
    g_assert_nonnull(strstr(help, "  stdio[,signal=on] "));
    g_assert_nonnull(strstr(help, "  stdout "));
    g_assert_nonnull(strstr(help, "  null "));
}

#define ADD(path, name) g_test_add("/char/" path #name, Fixture, NULL, setup, test_##name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("tx/", first_byte_leaves_at_once);
    ADD("tx/", bytes_of_a_stream_leave_together);
    ADD("tx/", byte_after_a_silence_wakes_the_loop_again);
    ADD("tx/", full_ring_calls_the_device_once_there_is_room);
    ADD("tx/", blocked_host_goes_on_where_it_stopped);
    ADD("tx/", thread_and_random_host_lose_nothing);
    ADD("tx/", drain_delivers_what_is_left);
    ADD("tx/", drain_gives_up_on_a_host_that_takes_nothing);
    ADD("tx/", no_port_takes_everything);
    ADD("rx/", device_gets_no_more_than_it_has_room_for);
    ADD("rx/", host_is_read_only_while_there_is_room);
    g_test_add("/char/rx/device_that_takes_no_input_is_not_read_for", Fixture, &DEAF_CLASS, setup,
               test_device_that_takes_no_input_is_not_read_for, teardown);
    ADD("control/", break_goes_both_ways);
    ADD("control/", modem_lines_go_both_ways);
    ADD("control/", host_learns_the_line_format);
    ADD("spec/", errors_name_the_option_and_what_would_be_right);
    ADD("spec/", chardev_has_one_user);
    ADD("spec/", help_has_a_line_per_backend);
    return g_test_run();
}
