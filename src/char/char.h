/*
 * The character core: devices on one side, host backends on the other.
 *
 *   device ── CharPort ──► TX ring ──► chardev ──► backend ──► host
 *   device ◄── CharPort ◄── RX ring ◄── chardev ◄── backend ◄── host
 *
 * A port's rings have one producer and one consumer, so a vCPU that writes a
 * byte makes no system call and takes no lock but its device's.  The first
 * byte after a silence wakes the loop; after that the loop looks again every
 * CHAR_BATCH_NS until the line is silent, so a stream costs no wake-ups and
 * leaves in large writes.  When the TX ring is full the device is told so and
 * is called back when there is room.  Host input is read only while the RX
 * ring has room.
 *
 * Everything here but what devices/device.h declares runs in the loop's thread.
 */
#ifndef PIOEMU_CHAR_H
#define PIOEMU_CHAR_H

#include "src/device_core.h"
#include "src/loop.h"

#include <glib.h>

#define CHAR_BATCH_NS (NS_PER_SECOND / 1000)

typedef struct CharSet CharSet;
typedef struct Chardev Chardev;

/* What the machine does when the user asks for it on a terminal or a stream. */
typedef struct CharEvents {
    void (*quit)(void *opaque);                      /* Ctrl-A x */
    void (*message)(void *opaque, const char *text); /* a line for the user's stderr */
    void *opaque;
} CharEvents;

typedef struct ChardevClass {
    const char *name;           /* "file" in file:PATH */
    const char *usage;          /* "file:PATH" */
    const char *help;           /* one line */
    const char *argument;       /* the key of what follows the colon, or NULL: nothing may */
    const char *const *options; /* other keys that are allowed; NULL: none */
    size_t size;                /* of the backend's struct, which begins with Chardev */
    unsigned rx_size;           /* bytes of input kept while the device takes none; 0: no input */
    bool (*open)(Chardev *chardev, GError **error);
    /*
     * Takes what the host takes now, without blocking; after taking less it
     * calls chardev_writable() when there is room.  What nobody will ever read
     * is taken and forgotten.
     */
    size_t (*write)(Chardev *chardev, const uint8_t *data, size_t size);
    /* Starts and stops reading host input into chardev_receive(). */
    void (*set_reading)(Chardev *chardev, bool on);
    void (*set_break)(Chardev *chardev, bool on);
    void (*set_lines)(Chardev *chardev, unsigned lines);
    void (*set_format)(Chardev *chardev, const CharFormat *format);
    void (*close)(Chardev *chardev);
} ChardevClass;

struct Chardev {
    const ChardevClass *class;
    CharSet *set;
    char *id;
    GHashTable *options; /* char * to char *; the argument is under class->argument */
    CharPort *port;      /* NULL: no device is connected */
};

CharSet *charset_new(Loop *loop, const CharEvents *events, int escape);
/* Closes every chardev; the devices have to be gone. */
void charset_free(CharSet *set);
Loop *charset_loop(const CharSet *set);
const CharEvents *charset_events(const CharSet *set);
/* The key before a command on a terminal: a control character's code; 0: none. */
int charset_escape(const CharSet *set);

/*
 * Makes a chardev from what a user writes after -serial: "file:PATH,key=value".
 * `what` names the option in messages.
 */
Chardev *charset_add(CharSet *set, const char *what, const char *id, const char *spec,
                     GError **error);
/* The same for a class that no user can name. */
Chardev *charset_add_class(CharSet *set, const ChardevClass *class, const char *what,
                           const char *id, const char *spec, GError **error);
Chardev *charset_find(const CharSet *set, const char *id);
/* The first of a kind, or NULL: for backends of which there can be only one. */
Chardev *charset_find_class(const CharSet *set, const ChardevClass *class);
/* DeviceHost.char_port: refuses an id that does not exist or is taken. */
CharPort *charset_connect(CharSet *set, Device *dev, const char *id, GError **error);

/*
 * Delivers what the devices wrote, until everything is out or nothing moves
 * for `patience` ns; returns the bytes that are left.
 */
size_t charset_drain(CharSet *set, uint64_t patience);
/* Ends a charset_drain() that is under way, or the next one, early. */
void charset_stop_draining(CharSet *set);

/* One line per backend, as `-chardev help` prints it. */
char *charset_help(void);

/* ---- for taps (src/device_tap.h): what the device's calls do without one ---- */

size_t char_port_pass_write(CharPort *port, const uint8_t *data, size_t size);
void char_port_pass_rx_ready(CharPort *port);
unsigned char_port_pass_lines(const CharPort *port);

/* ---- for backends ---- */

/* A device is connected that takes input. */
bool chardev_has_receiver(const Chardev *chardev);
/* How many bytes chardev_receive() takes now. */
size_t chardev_rx_room(const Chardev *chardev);
void chardev_receive(Chardev *chardev, const uint8_t *data, size_t size);
void chardev_receive_break(Chardev *chardev);
void chardev_set_lines(Chardev *chardev, unsigned lines);
/* The host takes bytes again. */
void chardev_writable(Chardev *chardev);

#endif
