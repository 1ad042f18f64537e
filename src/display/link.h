/*
 * A connection to one viewer.  Output waits in a queue, so nothing blocks.  The
 * owner looks at link_waiting() before it writes more than an answer.
 *
 * Input is not read while much output waits: a viewer that asks and does not
 * take the answers only stops itself.
 */
#ifndef PIOEMU_DISPLAY_LINK_H
#define PIOEMU_DISPLAY_LINK_H

#include "src/base/loop.h"

typedef struct Link Link;

/* Each function may free the link. */
typedef struct LinkEvents {
    void (*received)(void *opaque, const uint8_t *data, size_t size);
    /* The viewer's host has taken all output. */
    void (*drained)(void *opaque);
    /* The viewer has gone, or link_end() has done its work. */
    void (*closed)(void *opaque);
    void *opaque;
} LinkEvents;

/* Takes over `fd`, which must not block. */
Link *link_new(Loop *loop, int fd, const LinkEvents *events);
/* Closes the connection at once. */
void link_free(Link *link);
void link_write(Link *link, const void *data, size_t size);
size_t link_waiting(const Link *link);
/* Closes the connection when the output has been sent.  Input is ignored from now on. */
void link_end(Link *link);
/* The names of the viewer's address and port; those of a Unix socket are empty. */
void link_peer(const Link *link, char **host, char **service);

#endif
