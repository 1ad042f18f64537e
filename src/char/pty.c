/*
 * pty: a pseudo-terminal that users can open, close and open again.
 *
 * We never hold its other side open, so the kernel tells us when there is no
 * reader.  A watch on its name tells us when one comes, so no polling is needed.
 */
#include "src/base/error.h"
#include "src/char/backends.h"
#include "src/char/path_watch.h"
#include "src/char/pty_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define PTY_RX_SIZE 16384u
#define READ_SIZE   4096u
#define NAME_SIZE   64u

/* Terminal programs first set their modes and discard input. */
#define SETTLE_NS (NS_PER_SECOND / 10)

typedef enum Presence {
    ABSENT,
    SETTLING, /* a reader has just come, and is not shown anything yet */
    PRESENT
} Presence;

typedef struct Pty {
    Chardev parent;
    CharReader reader;
    int master;
    char name[NAME_SIZE]; /* the name of the other side */
    LoopFd *watch;
    PathWatch *opens;
    LoopTimer *settled;
    PtyLink *link;
    Presence presence;
    bool leftovers; /* there may be input that a reader typed before it left */
    bool reading;   /* the device has room */
} Pty;

static void watch_for(Pty *pty, bool write)
{
    bool there = pty->presence != ABSENT || pty->leftovers;
    bool read = pty->reading || !chardev_has_receiver(&pty->parent);
    loop_fd_watch(pty->watch, (there && read ? LOOP_READ : 0) | (write ? LOOP_WRITE : 0));
}

static void update_watch(Pty *pty)
{
    watch_for(pty, pty->reader.chardev && pty->reader.blocked);
}

static bool has_hung_up(const Pty *pty)
{
    struct pollfd poller = {.fd = pty->master};
    return poll(&poller, 1, 0) == 1 && poller.revents & POLLHUP;
}

/* ---- coming and going ---- */

static int open_other_side(const Pty *pty)
{
    return open(pty->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* The next reader must not get what the last one left unread.  The history shows it again. */
static void discard_unread(const Pty *pty)
{
    int fd = open_other_side(pty);
    if (fd >= 0) {
        tcflush(fd, TCIFLUSH);
        close(fd);
    }
}

static void depart(Pty *pty)
{
    if (pty->presence != ABSENT) {
        pty->presence = ABSENT;
        loop_timer_stop(pty->settled);
        char_reader_detach(&pty->reader);
        discard_unread(pty);
        chardev_set_carrier(&pty->parent, false);
    }
}

static void arrive(Pty *pty)
{
    pty->presence = SETTLING;
    loop_timer_start(pty->settled, SETTLE_NS);
    chardev_set_carrier(&pty->parent, true);
}

static void settled(void *opaque)
{
    Pty *pty = opaque;
    pty->presence = PRESENT;
    char_reader_attach(&pty->reader, &pty->parent, CHAR_REPLAY);
    update_watch(pty);
}

/* A reader who comes as soon as another has left still counts as a new one. */
static void look(void *opaque, bool reopened)
{
    Pty *pty = opaque;
    bool hung_up = has_hung_up(pty);
    if (hung_up || reopened) {
        depart(pty);
        pty->leftovers = hung_up;
    }
    if (!hung_up && pty->presence == ABSENT) {
        arrive(pty);
    }
    update_watch(pty);
}

/* ---- input and output ---- */

static void read_input(Pty *pty)
{
    size_t room = chardev_has_receiver(&pty->parent) ? chardev_rx_room(&pty->parent) : READ_SIZE;
    uint8_t data[READ_SIZE];
    if (!room) {
        return;
    }
    ssize_t got = read(pty->master, data, MIN(room, sizeof(data)));
    if (got > 0) {
        chardev_receive(&pty->parent, data, (size_t)got);
    } else if (got == 0 || errno != EAGAIN) {
        pty->leftovers = false;
        depart(pty);
    }
}

static void ready(void *opaque, unsigned events)
{
    Pty *pty = opaque;
    if (events & LOOP_READ) {
        read_input(pty);
    } else if (has_hung_up(pty)) {
        look(pty, false);
    } else {
        char_reader_writable(&pty->reader);
    }
    update_watch(pty);
}

/* An error other than a full buffer means that the reader has left.  look() will notice. */
static size_t write_output(CharReader *reader, const uint8_t *data, size_t size)
{
    Pty *pty = (Pty *)reader->chardev;
    ssize_t put;
    do {
        put = write(pty->master, data, size);
    } while (put < 0 && errno == EINTR);
    if (put < 0) {
        put = errno == EAGAIN ? 0 : (ssize_t)size;
    }
    if ((size_t)put < size) {
        watch_for(pty, true);
    }
    return (size_t)put;
}

static void pty_set_reading(Chardev *chardev, bool on)
{
    Pty *pty = (Pty *)chardev;
    pty->reading = on;
    update_watch(pty);
}

/* ---- open and close ---- */

/* Sets raw mode: bytes pass unchanged until the reader sets something else. */
static bool make_raw(const Pty *pty)
{
    struct termios modes;
    int fd = open_other_side(pty);
    bool ok = fd >= 0 && tcgetattr(fd, &modes) == 0;
    if (ok) {
        cfmakeraw(&modes);
        ok = tcsetattr(fd, TCSANOW, &modes) == 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static bool make_pair(Pty *pty, GError **error)
{
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (pty->master < 0 || grantpt(pty->master) < 0 || unlockpt(pty->master) < 0 ||
        ptsname_r(pty->master, pty->name, sizeof(pty->name)) != 0 || !make_raw(pty)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "no pseudo-terminal: %s",
                    g_strerror(errno));
        return false;
    }
    return true;
}

static void announce(const Pty *pty)
{
    const CharEvents *events = chardev_set_events(pty->parent.set);
    if (events->print) {
        g_autofree char *text =
            g_strdup_printf("char device redirected to %s (label %s)", pty->name, pty->parent.id);
        events->print(events->opaque, text);
    }
}

static bool pty_open(Chardev *chardev, GError **error)
{
    Pty *pty = (Pty *)chardev;
    Loop *loop = chardev_set_loop(chardev->set);
    const char *link = chardev_option(chardev, "link");
    pty->reader.write = write_output;
    if (!make_pair(pty, error)) {
        return false;
    }
    pty->watch = loop_fd_new(loop, pty->master, ready, pty);
    pty->settled = loop_timer_new(loop, settled, pty);
    pty->link = link ? pty_link_new(link, pty->name, error) : NULL;
    if (link && !pty->link) {
        return false;
    }
    pty->opens = path_watch_new(loop, pty->name, look, pty);
    chardev_set_carrier(chardev, false);
    announce(pty);
    return true;
}

static void pty_close(Chardev *chardev)
{
    Pty *pty = (Pty *)chardev;
    char_reader_detach(&pty->reader);
    pty_link_free(pty->link);
    path_watch_free(pty->opens);
    loop_timer_free(pty->settled);
    loop_fd_free(pty->watch);
    if (pty->master > 0) {
        close(pty->master);
    }
}

static const char *const PTY_OPTIONS[] = {"link", "carrier", NULL};

const ChardevClass chardev_pty_class = {
    .name = "pty",
    .usage = "pty[,link=PATH]",
    .help = "a pseudo-terminal, whose name is printed; link=PATH adds a name that stays the same",
    .options = PTY_OPTIONS,
    .size = sizeof(Pty),
    .rx_size = PTY_RX_SIZE,
    .open = pty_open,
    .set_reading = pty_set_reading,
    .close = pty_close,
};
