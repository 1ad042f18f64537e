/*
 * The character core: devices on one side, the host's backends on the other.
 *
 *   device ─ CharPort ─ TX ring ─► chardev: history ─► readers ─► host
 *                                     └─► log file
 *   device ─ CharPort ◄ RX ring ◄─ chardev: escape key ◄───────── host
 *
 * The rings of a port have one producer and one consumer each, so a vCPU that
 * writes a byte makes no system call and takes no lock but its device's.  The
 * first byte after a silence wakes the loop; after that the loop looks again
 * after CHAR_BATCH_NS and then twice that, up to CHAR_BATCH_MAX_NS, until the
 * line is silent, so a stream costs no wake-ups and leaves in large writes.
 *
 * The loop moves what was written into the chardev's history.  Ports that meet
 * at one place keep the guest's order among them (src/char/order.h).  Whoever listens
 * is a reader: a position in that history.  When the next bytes would overrun
 * the attached reader, the policy decides: the TX ring fills and the device is
 * told so (stall), the reader loses the oldest bytes (drop-old) or the newest
 * (drop-new).  Where several read, one that stalls loses bytes, whatever the
 * policy, and holds nobody up.  With nobody attached nothing ever stalls.  Host
 * input is read only while the RX ring has room.
 *
 * Everything here but what devices/device.h declares runs in the loop's thread.
 */
#ifndef PIOEMU_CHAR_H
#define PIOEMU_CHAR_H

#include "src/base/loop.h"
#include "src/char/history.h"
#include "src/device/device_core.h"

#include <glib.h>

#define CHAR_BATCH_NS     (NS_PER_SECOND / 1000)
#define CHAR_BATCH_MAX_NS (CHAR_BATCH_NS * 8) /* what an eye does not see */
#define CHAR_LINES_READY  (CHAR_LINE_CTS | CHAR_LINE_DSR | CHAR_LINE_DCD)
#define CHAR_LINES_ABSENT CHAR_LINE_CTS /* nobody there, yet output is taken */

typedef struct ChardevSet ChardevSet;
typedef struct Chardev Chardev;
typedef struct CharReader CharReader;
typedef struct CharLog CharLog;

/* What the machine does when a line asks for it.  Every member may be NULL. */
typedef struct CharEvents {
    void (*quit)(void *opaque);                      /* Ctrl-A x */
    void (*message)(void *opaque, const char *text); /* a line for the user's stderr */
    void (*print)(void *opaque, const char *text);   /* a line for standard output */
    uint64_t (*machine_time)(void *opaque);          /* ns, for the stamps of logs */
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
    void (*begin)(Chardev *chardev); /* the run begins: a file may be emptied; may be NULL */
    /*
     * For a backend that listens from the first byte to the last: takes what
     * the host takes now, without blocking; after taking less it calls
     * chardev_writable() when there is room.  What nobody will ever read is
     * taken and forgotten.  NULL: it attaches readers of its own.
     */
    size_t (*write)(Chardev *chardev, const uint8_t *data, size_t size);
    /* Where `write` writes to, or -1; NULL: not a file that another chardev writes to. */
    int (*output_fd)(const Chardev *chardev);
    /* Starts and stops reading host input into chardev_receive(). */
    void (*set_reading)(Chardev *chardev, bool on);
    void (*set_break)(Chardev *chardev, bool on);
    void (*set_lines)(Chardev *chardev, unsigned lines);
    void (*set_format)(Chardev *chardev, const CharFormat *format);
    /* A line for whoever sits there; NULL: it is shown among the output. */
    void (*say)(Chardev *chardev, const char *text);
    /* The machine must not start yet. */
    bool (*awaits_peer)(const Chardev *chardev);
    void (*close)(Chardev *chardev);
} ChardevClass;

/*
 * One listener.  `write` takes what the host takes now, without blocking, and
 * does not detach the reader; after taking less, char_reader_writable().
 */
struct CharReader {
    Chardev *chardev; /* NULL: not attached */
    size_t (*write)(CharReader *reader, const uint8_t *data, size_t size);
    uint64_t position; /* of the next byte */
    GString *notice;   /* goes before that; NULL: nothing */
    bool blocked;
};

typedef enum CharPolicy { CHAR_STALL, CHAR_DROP_OLD, CHAR_DROP_NEW } CharPolicy;

typedef struct CharCounters {
    uint64_t in, ignored;  /* bytes from the host; those that no device took */
    uint64_t out, dropped; /* bytes from the devices; those that a reader or all missed */
    uint64_t stalls;       /* how often a device was made to wait */
    uint64_t breaks_in, breaks_out;
    uint64_t attached; /* readers, in all */
} CharCounters;

struct Chardev {
    const ChardevClass *class;
    ChardevSet *set;
    char *id;
    GHashTable *options; /* char * to char *; the argument is under class->argument */
    GPtrArray *ports;    /* CharPort: several only with `mux` */
    guint focus;         /* the port that gets the input, if it takes any */
    bool mux;

    History history;
    uint64_t replay; /* how much of it a newcomer is shown */
    bool unread;     /* and only of that which no reader has got */
    uint64_t seen;   /* the end of what some reader has got */
    GPtrArray *readers;
    CharReader sink; /* of a class with `write` */
    CharPolicy policy;
    uint64_t gap; /* bytes dropped since the last that was kept */
    CharLog *log; /* NULL: none */
    CharCounters count;

    bool keys;       /* the escape key is looked for */
    bool escaped;    /* it came last */
    bool stamping;   /* lines of the output begin with the time */
    bool line_start; /* with `stamping` */
    unsigned lines_in;
    LoopTask *typist; /* posted when there may be room for more input; NULL: none */
};

/* ---- the set (chardev_set.c) ---- */

ChardevSet *chardev_set_new(Loop *loop, const CharEvents *events, int escape);
/* Closes every chardev; no device is called after this. */
void chardev_set_free(ChardevSet *set);
/* The run begins; what output replaces is there until now. */
void chardev_set_begin(ChardevSet *set);
Loop *chardev_set_loop(const ChardevSet *set);
const CharEvents *chardev_set_events(const ChardevSet *set);
/* The key before a command on a terminal: a control character's code; 0: none. */
int chardev_set_escape(const ChardevSet *set);

/*
 * Makes a chardev from what a user writes after -serial: "file:PATH,key=value".
 * `what` names the option in messages.
 */
Chardev *chardev_set_add(ChardevSet *set, const char *what, const char *id, const char *spec,
                         GError **error);
/* The same for a class that no user can name. */
Chardev *chardev_set_add_class(ChardevSet *set, const ChardevClass *class, const char *what,
                               const char *id, const char *spec, GError **error);
/* From -chardev: "backend,id=ID,key=value", with QEMU's names of the backends. */
bool chardev_set_add_option(ChardevSet *set, const char *text, GError **error);
/*
 * What -serial and its like take: a spec for a new chardev `id`, chardev:ID,
 * mon:SPEC, or in=X,out=Y with a spec or an id each.  Returns the name for
 * chardev_set_connect(), which the caller frees, or NULL.
 */
char *chardev_set_use(ChardevSet *set, const char *what, const char *id, const char *spec,
                      GError **error);
/* Of a spec: it names chardevs that are there by then, or may. */
bool chardev_set_spec_names(const char *spec);
Chardev *chardev_set_find(const ChardevSet *set, const char *id);
/* The first of a kind, or NULL: for backends of which there can be only one. */
Chardev *chardev_set_find_class(const ChardevSet *set, const ChardevClass *class);
/* DeviceHost.char_port: refuses an id that does not exist or is taken. */
CharPort *chardev_set_connect(ChardevSet *set, Device *dev, const char *id, GError **error);

/* A server with wait=on has had no client yet. */
bool chardev_set_awaits_peers(const ChardevSet *set);

/*
 * Delivers what the devices wrote, until everything is out or nothing moves
 * for `patience` ns; returns the bytes that are left.
 */
size_t chardev_set_drain(ChardevSet *set, uint64_t patience);
/*
 * The run is over: what devices hold that pace their output is written, for
 * another chardev_set_drain(); returns the bytes that found no room.
 */
size_t chardev_set_send_rest(ChardevSet *set);
/* Ends a chardev_set_drain() that is under way, or the next one, early. */
void chardev_set_stop_draining(ChardevSet *set);

/* One line per backend, as `-chardev help` prints it. */
char *chardev_set_help(void);
/* One line of counters per chardev. */
void chardev_set_describe(const ChardevSet *set, GString *text);
/* The last lines that each chardev printed, made printable. */
void chardev_set_tail(ChardevSet *set, GString *text);

/* ---- for backends (chardev.c, reader.c) ---- */

/* A device is connected that takes input. */
bool chardev_has_receiver(const Chardev *chardev);
/* How many bytes chardev_receive() takes now. */
size_t chardev_rx_room(const Chardev *chardev);
/* Without a receiver the bytes are forgotten. */
void chardev_receive(Chardev *chardev, const uint8_t *data, size_t size);
/* The same, with no look at the escape key or the counters. */
void chardev_type(Chardev *chardev, const uint8_t *data, size_t size);
/* To the device that has the focus. */
void chardev_receive_break(Chardev *chardev);
void chardev_set_lines(Chardev *chardev, unsigned lines);
/* CHAR_LINES_READY or, with carrier=attached and nobody there, less. */
void chardev_set_carrier(Chardev *chardev, bool attached);
/* The host takes bytes again. */
void chardev_writable(Chardev *chardev);
/* A line for whoever sits there. */
void chardev_say(Chardev *chardev, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A line for the user's stderr, with the chardev's id. */
void chardev_report(const Chardev *chardev, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The option `key`, or NULL. */
const char *chardev_option(const Chardev *chardev, const char *key);
/* Absent: `value` is left alone. */
bool chardev_option_bool(const Chardev *chardev, const char *key, bool *value, GError **error);
bool chardev_option_number(const Chardev *chardev, const char *key, uint64_t maximum,
                           uint64_t *value, GError **error);
/* In bytes, with K, M or G. */
bool chardev_option_size(const Chardev *chardev, const char *key, uint64_t maximum, uint64_t *value,
                         GError **error);

typedef enum CharStart { CHAR_REPLAY, CHAR_CONTINUE } CharStart;

/* CHAR_CONTINUE: from `reader->position` on. */
void char_reader_attach(CharReader *reader, Chardev *chardev, CharStart start);
/* One that is not attached is left alone. */
void char_reader_detach(CharReader *reader);
void char_reader_writable(CharReader *reader);
/* Shows a line between what was written and what follows. */
void char_reader_notice(CharReader *reader, const char *text);

#endif
