/*
 * A byte stream to one peer, for the control protocols: a Unix or TCP socket
 * that connects or listens, or the standard input and output.
 *
 * A listening stream serves its clients in turn: the next is accepted when the
 * one before is gone.  Output is buffered, so a write never blocks; a peer that
 * takes nothing for too long is dropped.  Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_STREAM_H
#define PIOEMU_CONTROL_STREAM_H

#include "src/base/loop.h"

#include <glib.h>
#include <stdbool.h>

/* Output that waits for the peer; more than this drops it. */
#define STREAM_BUFFER_MAX (64u << 20)

typedef struct Stream Stream;

typedef struct StreamAddress {
    enum { STREAM_UNIX, STREAM_TCP, STREAM_STDIO } kind;
    char *name;  /* STREAM_UNIX: the path; STREAM_TCP: HOST:PORT */
    bool server; /* listens */
    bool wait;   /* server: the machine waits for the first client */
} StreamAddress;

/*
 * "unix:PATH[,server=on][,wait=off]", "tcp:[HOST]:PORT[,...]" or "stdio", as
 * after -qmp; or the part of -chardev after the id: "socket,path=PATH,...",
 * "socket,host=HOST,port=PORT,..." or "stdio".  `what` names the option.
 */
bool stream_address_parse(StreamAddress *address, const char *what, const char *spec,
                          GError **error);
void stream_address_clear(StreamAddress *address);

/* None of them may free the stream. */
typedef struct StreamEvents {
    void (*opened)(void *opaque);
    void (*received)(void *opaque, const char *data, size_t size);
    /* The peer is gone; `final`: no other will come. */
    void (*closed)(void *opaque, bool final);
    void *opaque;
    /*
     * The end of standard input is not the end of the peer: it is still told
     * what happens.  Without this it goes when it has taken what waits for it,
     * as a socket's peer does in any case.
     */
    bool outlasts_input;
} StreamEvents;

/*
 * Connects or listens.  `opened` is called from the loop, even for a peer that
 * is there at once.  Messages do not say with which address something is wrong.
 */
Stream *stream_new(Loop *loop, const StreamAddress *address, const StreamEvents *events,
                   GError **error);
/* What the peer has not taken is lost. */
void stream_free(Stream *stream);

bool stream_is_open(const Stream *stream);
/* Ignored while there is no peer. */
void stream_write(Stream *stream, const char *data, size_t size);
/* How much the peer has not taken yet. */
size_t stream_waiting(const Stream *stream);
/* Input that is not read stays with the host. */
void stream_set_reading(Stream *stream, bool on);

#endif
