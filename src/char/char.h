/*
 * The character core.  It connects devices with the backends of the host.
 *
 *   device ─ CharPort ─ TX ring ─► chardev: history ─► readers ─► host
 *                                     └─► log file
 *   device ─ CharPort ◄ RX ring ◄─ chardev: escape key ◄───────── host
 *
 * Each ring of a port has one producer and one consumer.  So a vCPU that writes a
 * byte makes no system call and takes no lock except its device's.  The first byte
 * after a silence wakes the loop.  The loop looks again after CHAR_BATCH_NS, and
 * then after twice that time, up to CHAR_BATCH_MAX_NS, until the line is silent.
 * So a stream needs no wake-ups and leaves in large writes.
 *
 * The loop moves the bytes from the ring into the chardev's history.  Ports that
 * write to the same place keep the guest's order among them (src/char/order.h).  A
 * reader is a listener with a position in the history.  If the next bytes would
 * overwrite what an attached reader has not got, the policy decides.  With "stall"
 * the TX ring fills, and the device is told so.  With "drop-old" the reader loses
 * the oldest bytes, with "drop-new" the newest.  If there are several readers, a
 * slow one loses bytes whatever the policy is, and does not hold up the others.
 * Without an attached reader nothing ever stalls.  Host input is read only while
 * the RX ring has room.
 *
 * Except for the functions that devices/device.h declares, everything here runs in
 * the loop's thread.
 */
#ifndef PIOEMU_CHAR_H
#define PIOEMU_CHAR_H

#include "src/base/loop.h"
#include "src/char/history.h"
#include "src/device/device_core.h"

#include <glib.h>

#define CHAR_BATCH_NS     (NS_PER_SECOND / 1000)
#define CHAR_BATCH_MAX_NS (CHAR_BATCH_NS * 8) /* shorter than an eye can notice */
#define CHAR_LINES_READY  (CHAR_LINE_CTS | CHAR_LINE_DSR | CHAR_LINE_DCD)
#define CHAR_LINES_ABSENT CHAR_LINE_CTS /* without a reader; output is still accepted */

typedef struct ChardevSet ChardevSet;
typedef struct Chardev Chardev;
typedef struct CharReader CharReader;
typedef struct CharLog CharLog;
typedef struct CharFrontend CharFrontend; /* src/char/frontend.h */

/* What the machine does at a line's request.  Every member may be NULL. */
typedef struct CharEvents {
    void (*quit)(void *opaque);                      /* Ctrl-A x */
    void (*message)(void *opaque, const char *text); /* a line for the user's stderr */
    void (*print)(void *opaque, const char *text);   /* a line for standard output */
    uint64_t (*machine_time)(void *opaque);          /* in ns, for the time stamps of logs */
    void *opaque;
} CharEvents;

typedef struct ChardevClass {
    const char *name;           /* "file" in file:PATH */
    const char *usage;          /* "file:PATH" */
    const char *help;           /* one line */
    const char *argument;       /* the key for the text after the colon; NULL: there must be none */
    const char *const *options; /* the other keys that are allowed; NULL if none */
    size_t size;                /* of the backend's struct, which begins with Chardev */
    unsigned rx_size;           /* bytes of input kept while the device accepts none; 0: no input */
    bool (*open)(Chardev *chardev, GError **error);
    void (*begin)(Chardev *chardev); /* the run begins, so a file can be truncated; may be NULL */
    /*
     * For a backend that always listens.  Writes as much as the host accepts now,
     * without blocking, and returns how much that was.  If it was less than `size`,
     * the backend calls chardev_writable() when there is room again.  Bytes that
     * can never be delivered count as written.  NULL: the backend attaches readers
     * itself.
     */
    size_t (*write)(Chardev *chardev, const uint8_t *data, size_t size);
    /*
     * The descriptor that `write` writes to, or -1.  NULL: no other chardev can
     * write to the same file.
     */
    int (*output_fd)(const Chardev *chardev);
    /* Starts and stops reading host input into chardev_receive(). */
    void (*set_reading)(Chardev *chardev, bool on);
    void (*set_break)(Chardev *chardev, bool on);
    void (*set_lines)(Chardev *chardev, unsigned lines);
    void (*set_format)(Chardev *chardev, const CharFormat *format);
    /* Shows a line to the user of the chardev.  NULL: the line is shown among the output. */
    void (*say)(Chardev *chardev, const char *text);
    /* True if the machine must not start yet. */
    bool (*awaits_peer)(const Chardev *chardev);
    void (*close)(Chardev *chardev);
} ChardevClass;

/*
 * A listener.  `write` writes as much as the host accepts now, without blocking,
 * and returns how much that was.  It must not detach the reader.  If it wrote less
 * than `size`, the owner calls char_reader_writable() when there is room again.
 */
struct CharReader {
    Chardev *chardev; /* NULL: not attached */
    size_t (*write)(CharReader *reader, const uint8_t *data, size_t size);
    uint64_t position; /* the position of the next byte */
    GString *notice;   /* text to show before the next byte; NULL if none */
    bool blocked;
};

typedef enum CharPolicy { CHAR_STALL, CHAR_DROP_OLD, CHAR_DROP_NEW } CharPolicy;

typedef struct CharCounters {
    uint64_t in, ignored;  /* bytes from the host; those of them that no device took */
    uint64_t out, dropped; /* bytes from the devices; those that no reader or not every reader
                              got */
    uint64_t stalls;       /* how often a device had to wait */
    uint64_t breaks_in, breaks_out;
    uint64_t attached; /* how many readers have been attached in all */
} CharCounters;

struct Chardev {
    const ChardevClass *class;
    ChardevSet *set;
    char *id;
    GHashTable *options; /* char * to char *; the argument has the key class->argument */
    GPtrArray *ports;    /* CharPort; more than one only with `mux` */
    guint focus;         /* the index of the port that gets the input, if it accepts any */
    bool mux;
    CharFrontend *front; /* NULL: only devices use it */
    bool monitored;      /* mon:DEV: the monitor is to be its front end */

    History history;
    uint64_t replay; /* how many bytes of the history a new reader is shown */
    bool unread;     /* a new reader is shown only what no reader has got */
    uint64_t seen;   /* the position up to which some reader has got everything */
    GPtrArray *readers;
    CharReader sink; /* the reader of a class with `write` */
    CharPolicy policy;
    uint64_t gap; /* bytes dropped since the last one that was kept */
    CharLog *log; /* NULL if none */
    CharCounters count;

    bool keys;       /* the input is searched for the escape key */
    bool escaped;    /* the last byte was the escape key */
    bool stamping;   /* each line of the output begins with the time */
    bool line_start; /* with `stamping`: the next byte begins a line */
    unsigned lines_in;
    LoopTask *typist; /* posted when there may be room for more input; NULL: no typed input */
};

/* ---- the set (chardev_set.c) ---- */

ChardevSet *chardev_set_new(Loop *loop, const CharEvents *events, int escape);
/* Closes every chardev.  After this call no device is called. */
void chardev_set_free(ChardevSet *set);
/* The run begins.  Until this call, files that output will replace keep their contents. */
void chardev_set_begin(ChardevSet *set);
Loop *chardev_set_loop(const ChardevSet *set);
const CharEvents *chardev_set_events(const ChardevSet *set);
/* The escape key, as the code of a control character; 0: there is none. */
int chardev_set_escape(const ChardevSet *set);

/*
 * Makes a chardev from the argument of -serial: "file:PATH,key=value".  `what`
 * names the option in messages.
 */
Chardev *chardev_set_add(ChardevSet *set, const char *what, const char *id, const char *spec,
                         GError **error);
/* The same for a class that a user cannot name. */
Chardev *chardev_set_add_class(ChardevSet *set, const ChardevClass *class, const char *what,
                               const char *id, const char *spec, GError **error);
/*
 * Makes a chardev from the argument of -chardev: "backend,id=ID,key=value", with
 * QEMU's names of the backends.
 */
bool chardev_set_add_option(ChardevSet *set, const char *text, GError **error);
/*
 * Handles the argument of -serial and similar options: a spec for a new chardev
 * `id`, chardev:ID, mon:SPEC, or in=X,out=Y with a spec or an id for each.  Returns
 * the name for chardev_set_connect(), which the caller frees, or NULL.
 */
char *chardev_set_use(ChardevSet *set, const char *what, const char *id, const char *spec,
                      GError **error);
/* True if the spec refers to chardevs by their id.  They must be created before it is used. */
bool chardev_set_spec_names(const char *spec);
Chardev *chardev_set_find(const ChardevSet *set, const char *id);
/* In the order in which they were made. */
void chardev_set_foreach(const ChardevSet *set, void (*visit)(void *opaque, Chardev *chardev),
                         void *opaque);
/* The first chardev of a class, or NULL.  For backends of which there can be only one. */
Chardev *chardev_set_find_class(const ChardevSet *set, const ChardevClass *class);
/* See DeviceHost.char_port.  Refuses an id that does not exist or is in use. */
CharPort *chardev_set_connect(ChardevSet *set, Device *dev, const char *id, GError **error);

/* True while a server with wait=on has had no client. */
bool chardev_set_awaits_peers(const ChardevSet *set);

/*
 * Delivers what the devices wrote, until everything is out or nothing has moved for
 * `patience` ns.  Returns the number of bytes left.
 */
size_t chardev_set_drain(ChardevSet *set, uint64_t patience);
/*
 * For the end of the run: moves out what devices that pace their output still hold.
 * Another chardev_set_drain() delivers it.  Returns the number of bytes that found
 * no room.
 */
size_t chardev_set_send_rest(ChardevSet *set);
/* Makes the current or the next chardev_set_drain() return early. */
void chardev_set_stop_draining(ChardevSet *set);

/* A line for each backend, as `-chardev help` prints it. */
char *chardev_set_help(void);
/* Appends a line of counters for each chardev. */
void chardev_set_describe(const ChardevSet *set, GString *text);
/* Appends the last lines that each chardev printed, in printable form. */
void chardev_set_tail(ChardevSet *set, GString *text);

/* ---- for backends (chardev.c, reader.c) ---- */

/* True if a connected device accepts input. */
bool chardev_has_receiver(const Chardev *chardev);
/* How many bytes chardev_receive() accepts now. */
size_t chardev_rx_room(const Chardev *chardev);
/* Passes input to the device.  Without a receiver the bytes are discarded. */
void chardev_receive(Chardev *chardev, const uint8_t *data, size_t size);
/* The same, but without the escape key and without counting. */
void chardev_type(Chardev *chardev, const uint8_t *data, size_t size);
/* Passes a break to the device that has the focus. */
void chardev_receive_break(Chardev *chardev);
void chardev_set_lines(Chardev *chardev, unsigned lines);
/* Sets CHAR_LINES_READY, or fewer lines with carrier=attached and no reader. */
void chardev_set_carrier(Chardev *chardev, bool attached);
/* Tells that the host accepts bytes again. */
void chardev_writable(Chardev *chardev);
/* Shows a line to the user of the chardev. */
void chardev_say(Chardev *chardev, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Prints a line with the chardev's id on stderr. */
void chardev_report(const Chardev *chardev, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The value of the option `key`, or NULL. */
const char *chardev_option(const Chardev *chardev, const char *key);
/* If the option is absent, `value` does not change. */
bool chardev_option_bool(const Chardev *chardev, const char *key, bool *value, GError **error);
bool chardev_option_number(const Chardev *chardev, const char *key, uint64_t maximum,
                           uint64_t *value, GError **error);
/* A size in bytes, with an optional suffix K, M or G. */
bool chardev_option_size(const Chardev *chardev, const char *key, uint64_t maximum, uint64_t *value,
                         GError **error);

typedef enum CharStart { CHAR_REPLAY, CHAR_CONTINUE } CharStart;

/* With CHAR_CONTINUE the reader begins at `reader->position`. */
void char_reader_attach(CharReader *reader, Chardev *chardev, CharStart start);
/* Does nothing if the reader is not attached. */
void char_reader_detach(CharReader *reader);
void char_reader_writable(CharReader *reader);
/* Shows a line between what has been written and what follows. */
void char_reader_notice(CharReader *reader, const char *text);

#endif
