/*
 * A fake device on a real chardev, in one thread: the test steps the loop.
 *
 * The device transmits as a guest with a full FIFO does, when there is room,
 * and receives as much as the test lets it.
 */
#ifndef PIOEMU_TESTS_CHAR_RIG_H
#define PIOEMU_TESTS_CHAR_RIG_H

#include "src/char/char.h"

#include <glib.h>
#include <stdbool.h>

/* Nothing here waits for longer, which only a failure reaches. */
#define RIG_PATIENCE_NS (20 * NS_PER_SECOND)

typedef struct RigLine {
    Device *dev;
    CharPort *port;
    GByteArray *unsent; /* to transmit */
    GByteArray *input;  /* received */
    size_t room;        /* of the receiver */
    unsigned breaks, lines;
} RigLine;

typedef struct CharRig {
    Loop *loop;
    ChardevSet *set;
    GString *said; /* messages, one a line */
    bool quit;     /* Ctrl-A x */
    char *dir;
    DeviceHost host;
    GPtrArray *devices;
    uint64_t now; /* machine time */
} CharRig;

CharRig *char_rig_new(void);
void char_rig_free(CharRig *rig);
/* A chardev as after -serial, with a device on it; names it "serialN". */
RigLine *char_rig_add(CharRig *rig, const char *spec, ...) G_GNUC_PRINTF(2, 3);
/* A device on a chardev that exists, by its name. */
RigLine *char_rig_connect(CharRig *rig, const char *id);
Chardev *char_rig_chardev(CharRig *rig, unsigned index);
/* A path in a directory that goes away with the rig; the caller frees it. */
char *char_rig_path(const CharRig *rig, const char *name);
/* Connects to "path" or to "127.0.0.1:port"; non-blocking. */
int char_rig_connect_unix(const char *path);

/* The device transmits: now what goes, then whenever there is room. */
void rig_line_send(RigLine *line, const void *data, size_t size);
void rig_line_send_text(RigLine *line, const char *text);
/* The device's receiver has room for `room` more bytes. */
void rig_line_take(RigLine *line, size_t room);

/* Steps until the condition holds. */
void char_rig_until(CharRig *rig, bool (*condition)(void *opaque), void *opaque);
/* Steps until nothing has happened for `ms`, or for long enough if that never comes. */
void char_rig_settle(CharRig *rig, unsigned ms);
/*
 * At most so much happens in some `ms`: a busy host may take a while to bring
 * what was under way before.
 */
void char_rig_assert_idle(CharRig *rig, unsigned ms, unsigned most);
/* Steps until so many bytes came from `fd`, which it reads; appends them. */
void char_rig_read(CharRig *rig, int fd, GByteArray *bytes, size_t size);
/* Steps until all is written. */
void char_rig_write(CharRig *rig, int fd, const void *data, size_t size);

/* `size` bytes that repeat late and differ from their neighbours; '\n' now and then. */
GByteArray *char_rig_pattern(size_t size);
unsigned char_rig_count_fds(void);

#endif
