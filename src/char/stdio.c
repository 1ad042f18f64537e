/*
 * stdio: the guest's line on our standard input and output.
 *
 * On a terminal the keys go to the guest one by one, except for the escape key and
 * the key after it.  From a pipe, a file or a socket every byte is passed on
 * unchanged.
 */
#include "src/base/error.h"
#include "src/base/terminal.h"
#include "src/char/backends.h"
#include "src/char/fd_out.h"
#include "src/char/keys.h"

#include <errno.h>
#include <unistd.h>

/* So large that a paste does not hide the escape key while a guest does not read. */
#define STDIO_RX_SIZE 131072u
#define READ_SIZE     4096u

typedef struct Stdio {
    Chardev parent;
    FdOut out;
    FdIo *in; /* NULL: the input has ended, or there was none */
    LoopFd *watch;
    bool reading;       /* the device has room */
    Terminal *terminal; /* NULL: the input is not a terminal */
    bool announced;
} Stdio;

static void stdio_say(Chardev *chardev, const char *text)
{
    const CharEvents *events = chardev_set_events(chardev->set);
    if (events->message) {
        events->message(events->opaque, text);
    }
}

/* ---- input ---- */

/* Even without a receiver a terminal is read, because of the escape key. */
static size_t read_limit(const Stdio *stdio)
{
    if (stdio->terminal && !chardev_has_receiver(&stdio->parent)) {
        return READ_SIZE;
    }
    size_t room = chardev_rx_room(&stdio->parent);
    return MIN(READ_SIZE, room);
}

static void update_watch(Stdio *stdio)
{
    if (stdio->watch) {
        bool on = stdio->terminal ? terminal_is_ours(stdio->terminal) && read_limit(stdio) > 0
                                  : stdio->reading;
        loop_fd_watch(stdio->watch, on ? LOOP_READ : 0);
    }
}

static void end_input(Stdio *stdio)
{
    g_clear_pointer(&stdio->watch, loop_fd_free);
    g_clear_pointer(&stdio->in, fd_io_free);
}

static void pass_on(Stdio *stdio, const uint8_t *data, size_t size)
{
    chardev_receive(&stdio->parent, data, size);
    update_watch(stdio);
}

static void readable(void *opaque, unsigned events)
{
    (void)events;
    Stdio *stdio = opaque;
    if (stdio->terminal) {
        terminal_check(stdio->terminal);
    }
    size_t limit = read_limit(stdio);
    if (!limit || (stdio->terminal && !terminal_is_ours(stdio->terminal))) {
        update_watch(stdio);
        return;
    }
    uint8_t data[READ_SIZE];
    ssize_t got = fd_io_read(stdio->in, data, limit);
    if (got > 0) {
        pass_on(stdio, data, (size_t)got);
    } else if (got != -EAGAIN) {
        end_input(stdio);
    }
}

static void stdio_set_reading(Chardev *chardev, bool on)
{
    Stdio *stdio = (Stdio *)chardev;
    stdio->reading = on;
    update_watch(stdio);
}

static void terminal_changed(void *opaque)
{
    Stdio *stdio = opaque;
    if (stdio->terminal && terminal_is_ours(stdio->terminal) && !stdio->announced) {
        chardev_announce_keys(&stdio->parent);
        stdio->announced = true;
    }
    update_watch(stdio);
}

/* ---- output, open and close ---- */

static size_t stdio_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    return fd_out_write(&((Stdio *)chardev)->out, data, size);
}

static int stdio_output_fd(const Chardev *chardev)
{
    return fd_out_fd(&((const Stdio *)chardev)->out);
}

static bool take_terminal(Stdio *stdio, bool keep_signals, GError **error)
{
    TerminalConfig config = {
        .fd = STDIN_FILENO,
        .keep_signals = keep_signals,
        .changed = terminal_changed,
        .opaque = stdio,
    };
    stdio->terminal = terminal_open(chardev_set_loop(stdio->parent.set), &config, error);
    if (!stdio->terminal) {
        return false;
    }
    stdio->parent.keys = true;
    terminal_changed(stdio);
    return true;
}

static bool check_alone(const Chardev *chardev, GError **error)
{
    const Chardev *other = chardev_set_find_class(chardev->set, chardev->class);
    if (other) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "standard input is used by '%s' (only one stdio is possible)", other->id);
    }
    return !other;
}

static bool stdio_open(Chardev *chardev, GError **error)
{
    Stdio *stdio = (Stdio *)chardev;
    bool keep_signals = false;
    if (!check_alone(chardev, error) ||
        !chardev_option_bool(chardev, "signal", &keep_signals, error)) {
        return false;
    }
    fd_out_init(&stdio->out, chardev, fd_io_new(STDOUT_FILENO, FD_IO_WRITE), "standard output");
    stdio->in = fd_io_new(STDIN_FILENO, FD_IO_READ);
    if (!stdio->in) {
        return true;
    }
    stdio->watch =
        loop_fd_new(chardev_set_loop(chardev->set), fd_io_fd(stdio->in), readable, stdio);
    return !isatty(STDIN_FILENO) || take_terminal(stdio, keep_signals, error);
}

static void stdio_close(Chardev *chardev)
{
    Stdio *stdio = (Stdio *)chardev;
    g_clear_pointer(&stdio->terminal, terminal_close);
    end_input(stdio);
    fd_out_clear(&stdio->out);
}

static const char *const STDIO_OPTIONS[] = {"signal", NULL};

const ChardevClass chardev_stdio_class = {
    .name = "stdio",
    .usage = "stdio[,signal=on]",
    .help = "standard input and output; signal=on: Ctrl-C ends pioemu, not the guest's program",
    .options = STDIO_OPTIONS,
    .size = sizeof(Stdio),
    .rx_size = STDIO_RX_SIZE,
    .open = stdio_open,
    .write = stdio_write,
    .output_fd = stdio_output_fd,
    .set_reading = stdio_set_reading,
    .say = stdio_say,
    .close = stdio_close,
};
