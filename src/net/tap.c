/*
 * -netdev tap: a network device of Linux (/dev/net/tun), which the host's own bridges
 * and routes lead on.  No script is run: the user sets the device up, or gives the
 * descriptor of one with fd=.
 */
#include "src/base/error.h"
#include "src/base/number.h"
#include "src/net/net_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN_DEVICE "/dev/net/tun"
#define BURST      64u /* frames that are read before other sources have their turn */

typedef struct Tap {
    NetBackend net;
    int fd; /* -1: not open */
    char name[IFNAMSIZ];
    LoopFd *watch;
    bool blocked; /* the device has no room for a frame */
} Tap;

static void watch_tap(Tap *tap)
{
    loop_fd_watch(tap->watch,
                  (net_is_full(&tap->net) ? 0 : LOOP_READ) | (tap->blocked ? LOOP_WRITE : 0));
}

static void read_frames(Tap *tap)
{
    uint8_t frame[NET_FRAME_MAX + 1];
    for (unsigned i = 0; i < BURST && !net_is_full(&tap->net); i++) {
        ssize_t size = read(tap->fd, frame, sizeof(frame));
        if (size <= 0) {
            return;
        }
        net_deliver(&tap->net, frame, (size_t)size);
    }
}

static void tap_ready(void *opaque, unsigned events)
{
    Tap *tap = opaque;
    if (events & LOOP_WRITE) {
        tap->blocked = false;
        net_resume(&tap->net);
    }
    if (events & LOOP_READ) {
        read_frames(tap);
    }
    watch_tap(tap);
}

/* Any other failure is of this frame, as when the device is down. */
static NetSent tap_send(NetBackend *net, const uint8_t *frame, size_t size)
{
    Tap *tap = (Tap *)net;
    if (write(tap->fd, frame, size) >= 0) {
        return NET_TAKEN;
    }
    if (errno != EAGAIN) {
        return NET_LOST;
    }
    tap->blocked = true;
    watch_tap(tap);
    return NET_LATER;
}

static void tap_room(NetBackend *net)
{
    watch_tap((Tap *)net);
}

/* ---- opening and closing ---- */

static bool open_device(Tap *tap, const char *name, GError **error)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    if (name && (!*name || strlen(name) >= IFNAMSIZ)) {
        return error_refuse(error, "ifname=%s: a name has 1 to %d characters", name, IFNAMSIZ - 1);
    }
    strcpy(request.ifr_name, name ?: "tap%d");
    tap->fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap->fd < 0 || ioctl(tap->fd, TUNSETIFF, &request) < 0) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, "%s %s: %s%s",
                    tap->fd < 0 ? TUN_DEVICE : "ifname", name ?: "", g_strerror(errno),
                    errno == EPERM ? " (ip tuntap add NAME mode tap user USER gives the right)"
                                   : "");
        return false;
    }
    strcpy(tap->name, request.ifr_name);
    return true;
}

static bool check_script(const NetOptions *options, const char *key, GError **error)
{
    const char *value = g_hash_table_lookup(options->values, key);
    return !value || !strcmp(value, "no") || !*value ||
           error_refuse(error, "%s=%s: no script is run (%s=no; set the device up beforehand)", key,
                        value, key);
}

static bool open_tap(Tap *tap, const NetOptions *options, GError **error)
{
    const char *fd = g_hash_table_lookup(options->values, "fd");
    const char *name = g_hash_table_lookup(options->values, "ifname");
    if (!check_script(options, "script", error) || !check_script(options, "downscript", error)) {
        return false;
    }
    if (!fd) {
        return open_device(tap, name, error);
    }
    tap->fd = name ? -1 : net_take_descriptor(fd, 0, error);
    return tap->fd >= 0 ||
           (name ? error_refuse(error, "fd= and ifname= do not go together") : false);
}

static bool tap_open(NetBackend *net, const NetOptions *options, GError **error)
{
    Tap *tap = (Tap *)net;
    tap->fd = -1;
    if (!open_tap(tap, options, error)) {
        g_prefix_error(error, "%s: ", options->what);
        return false;
    }
    tap->watch = loop_fd_new(net_host(net)->loop, tap->fd, tap_ready, tap);
    watch_tap(tap);
    return true;
}

static void tap_close(NetBackend *net)
{
    Tap *tap = (Tap *)net;
    g_clear_pointer(&tap->watch, loop_fd_free);
    if (tap->fd >= 0) {
        close(tap->fd);
    }
}

static void tap_describe(const NetBackend *net, GString *text)
{
    const Tap *tap = (const Tap *)net;
    if (*tap->name) {
        g_string_append_printf(text, "ifname=%s", tap->name);
    } else {
        g_string_append_printf(text, "fd=%d", tap->fd);
    }
}

static const char *const KEYS[] = {"type", "id", "ifname", "fd", "script", "downscript", NULL};

const NetBackendClass net_tap_class = {
    .name = "tap",
    .help = "a network device of Linux (ifname=, fd=); it needs the right to use it",
    .keys = KEYS,
    .size = sizeof(Tap),
    .open = tap_open,
    .send = tap_send,
    .room = tap_room,
    .describe = tap_describe,
    .close = tap_close,
};
