/* The rig for chardevs: a device, a loop, and clients of the test. */
#include "tests/unit/char_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SETTLE_TRIES 50u
#define IDLE_TRIES   3u

/* ---- the device ---- */

static size_t line_rx_room(void *opaque, unsigned port)
{
    (void)port;
    return ((RigLine *)opaque)->room;
}

static void line_receive(void *opaque, unsigned port, const uint8_t *data, size_t size)
{
    (void)port;
    RigLine *line = opaque;
    line->room -= size;
    g_byte_array_append(line->input, data, (guint)size);
}

/* The caller holds the device's lock. */
static void transmit(void *opaque, unsigned port)
{
    (void)port;
    RigLine *line = opaque;
    size_t taken = pio_char_write(line->port, line->unsent->data, line->unsent->len);
    g_byte_array_remove_range(line->unsent, 0, (guint)taken);
}

static void line_break(void *opaque, unsigned port)
{
    (void)port;
    ((RigLine *)opaque)->breaks++;
}

static void line_lines(void *opaque, unsigned port, unsigned lines)
{
    (void)port;
    ((RigLine *)opaque)->lines = lines;
}

static void line_finalize(void *opaque)
{
    RigLine *line = opaque;
    g_byte_array_unref(line->unsent);
    g_byte_array_unref(line->input);
}

static const DeviceProperty LINE_PROPERTIES[] = {
    {.name = "chardev", .kind = PROPERTY_CHAR, .offset = offsetof(RigLine, port)},
    DEVICE_PROPERTY_END,
};

static const CharClient LINE_CLIENT = {
    .rx_room = line_rx_room,
    .receive = line_receive,
    .tx_room = transmit,
    .receive_break = line_break,
    .lines_changed = line_lines,
};

static const DeviceClass LINE_CLASS = {
    .head = DEVICE_CLASS_HEAD("line", RigLine),
    .description = "one end of a line",
    .properties = LINE_PROPERTIES,
    .char_client = &LINE_CLIENT,
    .finalize = line_finalize,
};

void rig_line_send(RigLine *line, const void *data, size_t size)
{
    g_mutex_lock(device_mutex(line->dev));
    g_byte_array_append(line->unsent, data, (guint)size);
    transmit(line, 0);
    g_mutex_unlock(device_mutex(line->dev));
}

void rig_line_send_text(RigLine *line, const char *text)
{
    rig_line_send(line, text, strlen(text));
}

void rig_line_take(RigLine *line, size_t room)
{
    g_mutex_lock(device_mutex(line->dev));
    line->room += room;
    pio_char_rx_ready(line->port);
    g_mutex_unlock(device_mutex(line->dev));
}

/* ---- the rig ---- */

static CharPort *connect_port(void *opaque, Device *dev, const char *id, GError **error)
{
    return chardev_set_connect(((CharRig *)opaque)->set, dev, id, error);
}

static void keep_message(void *opaque, const char *text)
{
    g_string_append_printf(((CharRig *)opaque)->said, "%s\n", text);
}

static void keep_quit(void *opaque)
{
    ((CharRig *)opaque)->quit = true;
}

static uint64_t machine_time(void *opaque)
{
    return ((CharRig *)opaque)->now;
}

CharRig *char_rig_new(void)
{
    CharRig *rig = g_new0(CharRig, 1);
    const CharEvents events = {
        .quit = keep_quit,
        .message = keep_message,
        .print = keep_message,
        .machine_time = machine_time,
        .opaque = rig,
    };
    rig->loop = loop_new(NULL);
    rig->set = chardev_set_new(rig->loop, &events, 1);
    rig->said = g_string_new(NULL);
    rig->dir = g_dir_make_tmp("pioemu-char-XXXXXX", NULL);
    rig->host = (DeviceHost){.opaque = rig, .char_port = connect_port};
    rig->devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
    return rig;
}

void char_rig_free(CharRig *rig)
{
    chardev_set_free(rig->set);
    g_ptr_array_unref(rig->devices);
    loop_free(rig->loop);
    GDir *dir = g_dir_open(rig->dir, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(rig->dir, name, NULL);
        g_unlink(path);
    }
    g_dir_close(dir);
    g_rmdir(rig->dir);
    g_free(rig->dir);
    g_string_free(rig->said, true);
    g_free(rig);
}

RigLine *char_rig_connect(CharRig *rig, const char *id)
{
    g_autofree char *name = g_strdup_printf("COM%u", rig->devices->len + 1);
    Device *dev = device_new(&LINE_CLASS, name, &rig->host);
    RigLine *line = device_state(dev);
    g_autoptr(GError) error = NULL;
    line->unsent = g_byte_array_new();
    line->input = g_byte_array_new();
    g_ptr_array_add(rig->devices, dev);
    device_set_property(dev, "chardev", id, &error);
    g_assert_no_error(error);
    g_assert_true(device_realize(dev, NULL));
    char_rig_settle(rig, 0);
    return line;
}

RigLine *char_rig_add(CharRig *rig, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *spec = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *label = g_strdup_printf("serial%u", rig->devices->len);
    g_autoptr(GError) error = NULL;
    g_autofree char *id = chardev_set_use(rig->set, "-serial", label, spec, &error);
    g_assert_no_error(error);
    return char_rig_connect(rig, id);
}

Chardev *char_rig_chardev(CharRig *rig, unsigned index)
{
    g_autofree char *id = g_strdup_printf("serial%u", index);
    return chardev_set_find(rig->set, id);
}

char *char_rig_path(const CharRig *rig, const char *name)
{
    return g_build_filename(rig->dir, name, NULL);
}

int char_rig_connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    return fd;
}

/* ---- waiting ---- */

static void time_over(void *opaque)
{
    *(bool *)opaque = true;
}

void char_rig_until(CharRig *rig, bool (*condition)(void *opaque), void *opaque)
{
    bool over = false;
    LoopTimer *timer = loop_timer_new(rig->loop, time_over, &over);
    loop_timer_start(timer, RIG_PATIENCE_NS);
    while (!condition(opaque)) {
        g_assert_false(over);
        loop_step(rig->loop, true);
    }
    loop_timer_free(timer);
}

/* How often something happened in this time. */
static unsigned steps_within(CharRig *rig, unsigned ms)
{
    bool over = false;
    unsigned steps = 0;
    LoopTimer *timer = loop_timer_new(rig->loop, time_over, &over);
    loop_timer_start(timer, ms * (NS_PER_SECOND / 1000));
    while (!over) {
        loop_step(rig->loop, true);
        steps++;
    }
    loop_timer_free(timer);
    return steps - 1;
}

void char_rig_settle(CharRig *rig, unsigned ms)
{
    for (unsigned i = 0; i < SETTLE_TRIES && steps_within(rig, ms); i++) {
    }
}

void char_rig_assert_idle(CharRig *rig, unsigned ms, unsigned most)
{
    unsigned steps = steps_within(rig, ms);
    for (unsigned i = 1; i < IDLE_TRIES && steps > most; i++) {
        steps = steps_within(rig, ms);
    }
    g_assert_cmpuint(steps, <=, most);
}

typedef struct Transfer {
    int fd;
    GByteArray *bytes;
    const uint8_t *data;
    size_t size, done;
} Transfer;

/* A FIFO without a writer and a terminal without input give 0 or EAGAIN, which means "not yet". */
static bool has_read(void *opaque)
{
    Transfer *transfer = opaque;
    uint8_t data[4096];
    while (transfer->bytes->len < transfer->size) {
        size_t want = MIN(sizeof(data), transfer->size - transfer->bytes->len);
        ssize_t got = read(transfer->fd, data, want);
        if (got <= 0) {
            g_assert_true(got == 0 || errno == EAGAIN);
            return false;
        }
        g_byte_array_append(transfer->bytes, data, (guint)got);
    }
    return true;
}

static bool has_written(void *opaque)
{
    Transfer *transfer = opaque;
    while (transfer->done < transfer->size) {
        ssize_t put =
            write(transfer->fd, transfer->data + transfer->done, transfer->size - transfer->done);
        if (put < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            return false;
        }
        transfer->done += (size_t)put;
    }
    return true;
}

/* The loop also wakes up for the client's descriptor. */
static void transfer(CharRig *rig, Transfer *transfer, bool (*done)(void *opaque), unsigned events)
{
    bool ready = false;
    struct pollfd poller = {.fd = transfer->fd, .events = (short)events};
    LoopTimer *timer = loop_timer_new(rig->loop, time_over, &ready);
    gint64 deadline = g_get_monotonic_time() + (gint64)(RIG_PATIENCE_NS / 1000);
    while (!done(transfer)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        poll(&poller, 1, 0);
        loop_timer_start(timer, NS_PER_SECOND / 1000);
        loop_step(rig->loop, !(poller.revents & (short)events));
    }
    loop_timer_free(timer);
}

void char_rig_read(CharRig *rig, int fd, GByteArray *bytes, size_t size)
{
    transfer(rig, &(Transfer){.fd = fd, .bytes = bytes, .size = size}, has_read, POLLIN);
}

void char_rig_write(CharRig *rig, int fd, const void *data, size_t size)
{
    transfer(rig, &(Transfer){.fd = fd, .data = data, .size = size}, has_written, POLLOUT);
}

/* ---- odds and ends ---- */

GByteArray *char_rig_pattern(size_t size)
{
    GByteArray *bytes = g_byte_array_sized_new((guint)size);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(i * 31 + i / 251);
        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

unsigned char_rig_count_fds(void)
{
    GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned count = 0;
    while (g_dir_read_name(dir)) {
        count++;
    }
    g_dir_close(dir);
    return count;
}
