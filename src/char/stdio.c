/*
 * stdio: the guest's line on our standard input and output.
 *
 * On a terminal the keys go to the guest one by one, except for the escape key
 * and the one after it.  From a pipe, a file or a socket every byte is passed
 * on untouched.
 */
#include "src/char/backends.h"
#include "src/char/fd_out.h"
#include "src/char/terminal.h"
#include "src/error.h"
#include "src/number.h"

#include <errno.h>
#include <unistd.h>

/* A large paste does not hide the escape key behind a guest that does not read. */
#define STDIO_RX_SIZE 131072u
#define READ_SIZE     4096u

typedef struct Stdio {
    Chardev parent;
    FdOut out;
    FdIo *in; /* NULL: input has ended, or there never was any */
    LoopFd *watch;
    bool reading;       /* the device has room */
    Terminal *terminal; /* NULL: input is no terminal */
    bool escaped;       /* the escape key came last */
    bool announced;
} Stdio;

/* ---- the escape key ---- */

static char *key_name(int key)
{
    if (key < 0x20 || key == 0x7f) {
        return g_strdup_printf("Ctrl-%c", key ^ 0x40);
    }
    return key < 0x7f ? g_strdup_printf("%c", key) : g_strdup_printf("key 0x%02x", key);
}

static void say(const Stdio *stdio, const char *text)
{
    const CharEvents *events = charset_events(stdio->parent.set);
    if (events->message) {
        events->message(events->opaque, text);
    }
}

static int escape_key(const Stdio *stdio)
{
    return charset_escape(stdio->parent.set);
}

static void announce(Stdio *stdio)
{
    if (!stdio->announced && escape_key(stdio)) {
        g_autofree char *key = key_name(escape_key(stdio));
        g_autofree char *text = g_strdup_printf("%s x quits, %s h helps", key, key);
        say(stdio, text);
    }
    stdio->announced = true;
}

static void help(const Stdio *stdio)
{
    static const char *const COMMANDS[][2] = {{"x", "quits"}, {"h", "shows this help"}};
    g_autofree char *key = key_name(escape_key(stdio));
    for (size_t i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        g_autofree char *line = g_strdup_printf("%s %-7s %s", key, COMMANDS[i][0], COMMANDS[i][1]);
        say(stdio, line);
    }
    g_autofree char *twice = g_strdup_printf("%s %-7s sends %s to the guest", key, key, key);
    say(stdio, twice);
}

static void quit(const Stdio *stdio)
{
    const CharEvents *events = charset_events(stdio->parent.set);
    if (events->quit) {
        events->quit(events->opaque);
    }
}

/* The key after the escape key; true if it goes to the guest. */
static bool command(Stdio *stdio, uint8_t key)
{
    stdio->escaped = false;
    if (key == escape_key(stdio)) {
        return true;
    }
    if (key == 'x') {
        quit(stdio);
    } else {
        help(stdio);
    }
    return false;
}

/* Takes the commands out of `data`; returns how many bytes are left for the guest. */
static size_t take_commands(Stdio *stdio, uint8_t *data, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (stdio->escaped) {
            if (command(stdio, data[i])) {
                data[kept++] = data[i];
            }
        } else if (escape_key(stdio) && data[i] == escape_key(stdio)) {
            stdio->escaped = true;
        } else {
            data[kept++] = data[i];
        }
    }
    return kept;
}

/* ---- input ---- */

/* With nobody to receive, a terminal is read for the sake of the escape key. */
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

static void pass_on(Stdio *stdio, uint8_t *data, size_t size)
{
    if (stdio->terminal) {
        size = take_commands(stdio, data, size);
    }
    if (size && chardev_has_receiver(&stdio->parent)) {
        chardev_receive(&stdio->parent, data, size);
    }
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
    if (stdio->terminal && terminal_is_ours(stdio->terminal)) {
        announce(stdio);
    }
    update_watch(stdio);
}

/* ---- output, open and close ---- */

static size_t stdio_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    return fd_out_write(&((Stdio *)chardev)->out, data, size);
}

static bool take_terminal(Stdio *stdio, bool keep_signals, GError **error)
{
    TerminalConfig config = {
        .fd = STDIN_FILENO,
        .keep_signals = keep_signals,
        .changed = terminal_changed,
        .opaque = stdio,
    };
    stdio->terminal = terminal_open(charset_loop(stdio->parent.set), &config, error);
    if (!stdio->terminal) {
        return false;
    }
    terminal_changed(stdio);
    return true;
}

static bool check_alone(const Chardev *chardev, GError **error)
{
    const Chardev *other = charset_find_class(chardev->set, chardev->class);
    if (other) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "standard input is used by '%s' (only one stdio is possible)", other->id);
    }
    return !other;
}

static bool stdio_open(Chardev *chardev, GError **error)
{
    Stdio *stdio = (Stdio *)chardev;
    const char *text = g_hash_table_lookup(chardev->options, "signal");
    bool keep_signals = false;
    if (!check_alone(chardev, error) ||
        (text && !number_parse_bool("signal", text, &keep_signals, error))) {
        return false;
    }
    fd_out_init(&stdio->out, chardev, fd_io_new(STDOUT_FILENO, FD_IO_WRITE), "standard output");
    stdio->in = fd_io_new(STDIN_FILENO, FD_IO_READ);
    if (!stdio->in) {
        return true;
    }
    stdio->watch = loop_fd_new(charset_loop(chardev->set), fd_io_fd(stdio->in), readable, stdio);
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
    .set_reading = stdio_set_reading,
    .close = stdio_close,
};
