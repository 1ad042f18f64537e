/*
 * What socket.c (who is connected) and socket_client.c (one of them) share.
 */
#ifndef PIOEMU_CHAR_SOCKET_INTERNAL_H
#define PIOEMU_CHAR_SOCKET_INTERNAL_H

#include "src/char/char.h"
#include "src/char/socket_address.h"

typedef struct SocketClient SocketClient;

typedef struct Socket {
    Chardev parent;
    SocketAddress address;
    int listener; /* -1: we connect */
    LoopFd *listen_watch;
    GPtrArray *clients;   /* SocketClient, the oldest first */
    SocketClient *writer; /* the one that types; NULL: nobody is there */
    uint64_t limit;       /* of clients */
    bool waiting;         /* the machine starts with the first client */
    bool reading;         /* the device has room */

    uint64_t reconnect; /* s; 0: never */
    LoopTimer *retry;   /* of a connection that failed, or of accept() */
    int connecting;     /* -1: none is under way */
    LoopFd *connect_watch;
    uint64_t position; /* in the history, where the last connection ended */
    bool reported;     /* that connecting failed */
} Socket;

/* ---- socket_client.c ---- */

SocketClient *socket_client_new(Socket *socket, int fd, CharStart start);
void socket_client_free(SocketClient *client);
/* Who types, or whether the device has room, changed. */
void socket_client_update(SocketClient *client);
uint64_t socket_client_position(const SocketClient *client);

/* ---- socket.c ---- */

/* Frees it. */
void socket_drop(Socket *socket, SocketClient *client);
/* From now on it types. */
void socket_take_over(Socket *socket, SocketClient *client);

#endif
