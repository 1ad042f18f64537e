/*
 * tty: a serial port of the host.  The guest's line settings, DTR, RTS and breaks
 * go out on it; its modem inputs and breaks come in.
 */
#include "src/base/error.h"
#include "src/char/backends.h"
#include "src/char/fd_out.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define TTY_RX_SIZE 16384u
#define READ_SIZE   4096u

/* The kernel reports changes of modem lines only to a thread that sleeps for them, so we poll. */
#define LINES_NS (NS_PER_SECOND / 20)

/* With PARMRK a break arrives as 377 0 0, and the byte 377 is doubled. */
typedef enum MarkState { MARK_NONE, MARK_377, MARK_377_0 } MarkState;

typedef struct Tty {
    Chardev parent;
    FdOut out;
    FdIo *in;
    LoopFd *watch;
    LoopTimer *lines;
    struct termios original;
    bool opened; /* `original` must be restored */
    MarkState mark;
} Tty;

static int descriptor(const Tty *tty)
{
    return fd_io_fd(tty->in);
}

/* ---- input ---- */

static void end_input(Tty *tty, int failure)
{
    chardev_report(&tty->parent, "input has ended: %s",
                   failure ? g_strerror(failure) : "the line was hung up");
    g_clear_pointer(&tty->watch, loop_fd_free);
    loop_timer_stop(tty->lines);
}

/*
 * True if the byte is text.  377 377, and 377 0 X after a parity error, each end in
 * one byte of text.
 */
static bool unmark(Tty *tty, uint8_t byte)
{
    if (tty->mark == MARK_NONE) {
        tty->mark = byte == 0xff ? MARK_377 : MARK_NONE;
        return byte != 0xff;
    }
    bool zero = tty->mark == MARK_377 && byte == 0;
    tty->mark = zero ? MARK_377_0 : MARK_NONE;
    return !zero;
}

/* Keeps the order: bytes before a break are received before it. */
static void pass_on(Tty *tty, const uint8_t *data, size_t size)
{
    uint8_t text[READ_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        if (tty->mark == MARK_377_0 && data[i] == 0) {
            chardev_receive(&tty->parent, text, count);
            count = 0;
            tty->mark = MARK_NONE;
            chardev_receive_break(&tty->parent);
        } else if (unmark(tty, data[i])) {
            text[count++] = data[i];
        }
    }
    chardev_receive(&tty->parent, text, count);
}

static void readable(void *opaque, unsigned events)
{
    Tty *tty = opaque;
    uint8_t data[READ_SIZE];
    size_t room = chardev_rx_room(&tty->parent);
    (void)events;
    if (!room) {
        loop_fd_watch(tty->watch, 0);
        return;
    }
    ssize_t got = fd_io_read(tty->in, data, MIN(room, READ_SIZE));
    if (got > 0) {
        pass_on(tty, data, (size_t)got);
    } else if (got != -EAGAIN) {
        end_input(tty, (int)-got);
    }
}

static void tty_set_reading(Chardev *chardev, bool on)
{
    Tty *tty = (Tty *)chardev;
    if (tty->watch) {
        loop_fd_watch(tty->watch, on ? LOOP_READ : 0);
    }
}

/* ---- modem lines and breaks ---- */

/* False if there are no such lines: on a pseudo-terminal and on some USB adapters. */
static bool get_lines(const Tty *tty, unsigned *lines)
{
    static const struct {
        int host;
        unsigned line;
    } LINES[] = {
        {TIOCM_CTS, CHAR_LINE_CTS},
        {TIOCM_DSR, CHAR_LINE_DSR},
        {TIOCM_RI, CHAR_LINE_RI},
        {TIOCM_CD, CHAR_LINE_DCD},
    };
    int bits;
    if (ioctl(descriptor(tty), TIOCMGET, &bits) < 0) {
        return false;
    }
    *lines = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(LINES); i++) {
        *lines |= bits & LINES[i].host ? LINES[i].line : 0;
    }
    return true;
}

static void follow_lines(void *opaque)
{
    Tty *tty = opaque;
    unsigned lines;
    if (get_lines(tty, &lines)) {
        chardev_set_lines(&tty->parent, lines);
        loop_timer_start(tty->lines, LINES_NS);
    }
}

static void set_line(const Tty *tty, int line, bool on)
{
    ioctl(descriptor(tty), on ? TIOCMBIS : TIOCMBIC, &line);
}

static void tty_set_lines(Chardev *chardev, unsigned lines)
{
    const Tty *tty = (Tty *)chardev;
    set_line(tty, TIOCM_DTR, lines & CHAR_LINE_DTR);
    set_line(tty, TIOCM_RTS, lines & CHAR_LINE_RTS);
}

static void tty_set_break(Chardev *chardev, bool on)
{
    ioctl(descriptor((Tty *)chardev), on ? TIOCSBRK : TIOCCBRK);
}

/* ---- line settings ---- */

static speed_t speed_of(uint32_t baud)
{
    static const struct {
        uint32_t baud;
        speed_t speed;
    } SPEEDS[] = {
        {50, B50},     {75, B75},       {110, B110},     {134, B134},
        {150, B150},   {200, B200},     {300, B300},     {600, B600},
        {1200, B1200}, {1800, B1800},   {2400, B2400},   {4800, B4800},
        {9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(SPEEDS); i++) {
        if (baud <= SPEEDS[i].baud) {
            return SPEEDS[i].speed;
        }
    }
    return B115200;
}

static tcflag_t parity_flags(char parity)
{
    switch (parity) {
    case 'O':
        return PARENB | PARODD;
    case 'E':
        return PARENB;
    case 'M':
        return PARENB | PARODD | CMSPAR;
    case 'S':
        return PARENB | CMSPAR;
    default:
        return 0;
    }
}

static void tty_set_format(Chardev *chardev, const CharFormat *format)
{
    static const tcflag_t SIZES[] = {CS5, CS6, CS7, CS8};
    const Tty *tty = (Tty *)chardev;
    struct termios modes;
    if (tcgetattr(descriptor(tty), &modes) < 0) {
        return;
    }
    modes.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | PARENB | PARODD | CMSPAR);
    modes.c_cflag |= SIZES[format->data_bits - 5] | parity_flags(format->parity);
    modes.c_cflag |= format->stop_bits == 2 ? CSTOPB : 0;
    cfsetspeed(&modes, speed_of(format->baud));
    tcsetattr(descriptor(tty), TCSANOW, &modes);
}

/* ---- open and close ---- */

static size_t tty_write(Chardev *chardev, const uint8_t *data, size_t size)
{
    return fd_out_write(&((Tty *)chardev)->out, data, size);
}

static bool make_raw(Tty *tty)
{
    struct termios raw;
    if (tcgetattr(descriptor(tty), &tty->original) < 0) {
        return false;
    }
    raw = tty->original;
    cfmakeraw(&raw);
    raw.c_iflag |= PARMRK;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT);
    raw.c_cflag |= CREAD | CLOCAL;
    tty->opened = tcsetattr(descriptor(tty), TCSANOW, &raw) == 0;
    return tty->opened;
}

static bool tty_open(Chardev *chardev, GError **error)
{
    Tty *tty = (Tty *)chardev;
    Loop *loop = chardev_set_loop(chardev->set);
    const char *path = chardev_option(chardev, "path");
    int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    int out = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    tty->in = fd >= 0 ? fd_io_adopt(fd) : NULL;
    if (out >= 0) {
        fd_out_init(&tty->out, chardev, fd_io_adopt(out), path);
    }
    if (out < 0 || !make_raw(tty)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "'%s': %s", path, g_strerror(errno));
        return false;
    }
    tty->lines = loop_timer_new(loop, follow_lines, tty);
    tty->watch = loop_fd_new(loop, fd, readable, tty);
    follow_lines(tty);
    return true;
}

static void tty_close(Chardev *chardev)
{
    Tty *tty = (Tty *)chardev;
    if (tty->opened) {
        tcsetattr(descriptor(tty), TCSANOW, &tty->original);
    }
    loop_timer_free(tty->lines);
    loop_fd_free(tty->watch);
    fd_io_free(tty->in);
    fd_out_clear(&tty->out);
}

const ChardevClass chardev_tty_class = {
    .name = "tty",
    .usage = "tty:/dev/ttyX",
    .help = "a serial port of the host, with its modem lines and breaks",
    .argument = "path",
    .size = sizeof(Tty),
    .rx_size = TTY_RX_SIZE,
    .open = tty_open,
    .write = tty_write,
    .set_reading = tty_set_reading,
    .set_break = tty_set_break,
    .set_lines = tty_set_lines,
    .set_format = tty_set_format,
    .close = tty_close,
};
