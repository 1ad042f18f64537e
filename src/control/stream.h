/*
 * A byte stream to one peer, for the control protocols: a Unix or TCP socket that
 * connects or listens, or standard input and output.
 *
 * A listening stream serves one client after the other: the next is accepted when
 * the previous one has gone, unless the owner makes streams for those that come
 * meanwhile.  Output is buffered, so a write never blocks.  A peer
 * that takes nothing for too long is dropped.  Everything runs in the loop's
 * thread.
 */
#ifndef PIOEMU_CONTROL_STREAM_H
#define PIOEMU_CONTROL_STREAM_H

#include "src/base/loop.h"

#include <glib.h>
#include <stdbool.h>

/* The limit for output that waits.  A peer that lets more accumulate is dropped. */
#define STREAM_BUFFER_MAX (64u << 20)

typedef struct Stream Stream;

typedef struct StreamAddress {
    enum { STREAM_UNIX, STREAM_TCP, STREAM_STDIO } kind;
    char *name;  /* STREAM_UNIX: the path; STREAM_TCP: HOST:PORT */
    bool server; /* it listens */
    bool wait;   /* for a server: the machine waits for the first client */
} StreamAddress;

/*
 * Parses "unix:PATH[,server=on][,wait=off]", "tcp:[HOST]:PORT[,...]" or "stdio", as
 * in -qmp.  Also parses the part of a -chardev after the id:
 * "socket,path=PATH,...", "socket,host=HOST,port=PORT,..." or "stdio".  `what`
 * names the option.
 */
bool stream_address_parse(StreamAddress *address, const char *what, const char *spec,
                          GError **error);
void stream_address_clear(StreamAddress *address);

/* The functions must not free the stream. */
typedef struct StreamEvents {
    void (*opened)(void *opaque);
    void (*received)(void *opaque, const char *data, size_t size);
    /* The peer has gone.  `final`: no other peer will come. */
    void (*closed)(void *opaque, bool final);
    /*
     * Another client came while one is there: takes `fd` with
     * stream_new_accepted(), or closes it.  NULL: it waits until the first goes.
     */
    void (*another)(void *opaque, int fd);
    void *opaque;
    /*
     * The end of standard input is not the end of the peer: it still gets output.
     * Without this flag the peer goes when it has taken its waiting output, as a
     * socket's peer does in any case.
     */
    bool outlasts_input;
} StreamEvents;

/*
 * Connects or listens.  The loop calls `opened`, even for a peer that connects at
 * once.  Messages do not contain the address.
 */
Stream *stream_new(Loop *loop, const StreamAddress *address, const StreamEvents *events,
                   GError **error);
/* For StreamEvents.another: a stream to this client alone, or NULL, when `fd` is closed. */
Stream *stream_new_accepted(Loop *loop, int fd, const StreamEvents *events);
/* Output that the peer has not taken is lost. */
void stream_free(Stream *stream);

bool stream_is_open(const Stream *stream);
/* Ignored while there is no peer. */
void stream_write(Stream *stream, const char *data, size_t size);
/* How many bytes the peer has not taken yet. */
size_t stream_waiting(const Stream *stream);
/* Input that is not read stays with the host. */
void stream_set_reading(Stream *stream, bool on);

#endif
