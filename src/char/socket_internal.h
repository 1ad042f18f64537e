/* Shared by socket.c (the connections) and socket_client.c (a single client). */
#ifndef PIOEMU_CHAR_SOCKET_INTERNAL_H
#define PIOEMU_CHAR_SOCKET_INTERNAL_H

#include "src/base/socket_address.h"
#include "src/char/char.h"

typedef struct SocketClient SocketClient;

typedef struct Socket {
    Chardev parent;
    SocketAddress address;
    int listener; /* -1: we are the client */
    LoopFd *listen_watch;
    GPtrArray *clients;   /* SocketClient; the oldest comes first */
    SocketClient *writer; /* the client that types; NULL: there is none */
    uint64_t limit;       /* how many clients are allowed */
    bool waiting;         /* the machine waits for the first client */
    bool telnet;          /* clients speak telnet (RFC 854) */
    bool reading;         /* the device has room */

    uint64_t reconnect; /* in seconds; 0: never */
    LoopTimer *retry;   /* after a failed connection or a failed accept() */
    int connecting;     /* -1: no connection is in progress */
    LoopFd *connect_watch;
    uint64_t position; /* the position in the history at which the last connection ended */
    bool reported;     /* a message said that connecting failed */
} Socket;

/* ---- socket_client.c ---- */

SocketClient *socket_client_new(Socket *socket, int fd, CharStart start);
void socket_client_free(SocketClient *client);
/* To be called when the typing client or the device's room has changed. */
void socket_client_update(SocketClient *client);
uint64_t socket_client_position(const SocketClient *client);

/* ---- socket.c ---- */

/* Frees it. */
void socket_drop(Socket *socket, SocketClient *client);
/* From now on this client types. */
void socket_take_over(Socket *socket, SocketClient *client);

#endif
