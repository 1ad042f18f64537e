/*
 * A fake device on a real chardev, in one thread.  The test steps the loop.
 *
 * The device transmits whenever there is room, like a guest with a full FIFO, and
 * receives as much as the test allows.
 */
#ifndef PIOEMU_TESTS_CHAR_RIG_H
#define PIOEMU_TESTS_CHAR_RIG_H

#include "src/char/char.h"

#include <glib.h>
#include <stdbool.h>

/* No wait is longer.  Only a failure reaches this time. */
#define RIG_PATIENCE_NS (20 * NS_PER_SECOND)

typedef struct RigLine {
    Device *dev;
    CharPort *port;
    GByteArray *unsent; /* bytes to transmit */
    GByteArray *input;  /* bytes that were received */
    size_t room;        /* the receiver's room */
    unsigned breaks, lines;
} RigLine;

typedef struct CharRig {
    Loop *loop;
    ChardevSet *set;
    GString *said; /* messages, one on each line */
    bool quit;     /* the user pressed Ctrl-A x */
    char *dir;
    DeviceHost host;
    GPtrArray *devices;
    uint64_t now; /* machine time */
} CharRig;

CharRig *char_rig_new(void);
void char_rig_free(CharRig *rig);
/* Makes a chardev as -serial does, with a device on it, and names it "serialN". */
RigLine *char_rig_add(CharRig *rig, const char *spec, ...) G_GNUC_PRINTF(2, 3);
/* Connects a device to an existing chardev by its name. */
RigLine *char_rig_connect(CharRig *rig, const char *id);
Chardev *char_rig_chardev(CharRig *rig, unsigned index);
/* A path in a directory that is removed with the rig; the caller frees it. */
char *char_rig_path(const CharRig *rig, const char *name);
/* Connects to "path" or to "127.0.0.1:port", non-blocking. */
int char_rig_connect_unix(const char *path);

/* The device transmits what fits now, and the rest when there is room. */
void rig_line_send(RigLine *line, const void *data, size_t size);
void rig_line_send_text(RigLine *line, const char *text);
/* Gives the device's receiver room for `room` more bytes. */
void rig_line_take(RigLine *line, size_t room);

/* Steps until the condition holds. */
void char_rig_until(CharRig *rig, bool (*condition)(void *opaque), void *opaque);
/* Steps until nothing has happened for `ms`, or gives up after a long time. */
void char_rig_settle(CharRig *rig, unsigned ms);
/*
 * Checks that at most `most` things happen in some period of `ms`. A busy host may
 * need a while to finish earlier work.
 */
void char_rig_assert_idle(CharRig *rig, unsigned ms, unsigned most);
/* Reads from `fd` while it steps, until `size` bytes have come, and appends them. */
void char_rig_read(CharRig *rig, int fd, GByteArray *bytes, size_t size);
/* Steps until everything is written. */
void char_rig_write(CharRig *rig, int fd, const void *data, size_t size);

/*
 * Makes `size` bytes with a long period, which differ from their neighbours and
 * contain '\n' now and then.
 */
GByteArray *char_rig_pattern(size_t size);
unsigned char_rig_count_fds(void);

#endif
