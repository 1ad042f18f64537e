/*
 * Addresses of stream sockets: a path, or HOST:PORT.
 */
#ifndef PIOEMU_CHAR_SOCKET_ADDRESS_H
#define PIOEMU_CHAR_SOCKET_ADDRESS_H

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SOCKET_NAMES_MAX 8u

typedef struct SocketName {
    struct sockaddr_storage address;
    socklen_t size;
} SocketName;

typedef struct SocketAddress {
    SocketName names[SOCKET_NAMES_MAX]; /* tried in this order: a host may have several */
    unsigned count;
    char *text;       /* "unix:PATH", "tcp:HOST:PORT": for messages */
    char *path;       /* unix only */
    struct stat file; /* of a listener's socket file */
} SocketAddress;

/* Messages say what is wrong, not with which address: the caller knows how it was written. */
bool socket_address_unix(SocketAddress *address, const char *path, GError **error);
/* "HOST:PORT", "[::1]:PORT"; no host is 127.0.0.1.  Asks the resolver. */
bool socket_address_tcp(SocketAddress *address, const char *text, GError **error);
/* What socket_address_tcp() takes; no host: NULL or empty. */
char *socket_address_join(const char *host, const char *port);
void socket_address_clear(SocketAddress *address);

/* A listening descriptor or -1.  A dead process's socket file is replaced. */
int socket_address_listen(SocketAddress *address, GError **error);
/* Removes the socket file if it is still the listener's. */
void socket_address_unlink(const SocketAddress *address);
/* `blocking`: returns when it is connected; else errno may be EINPROGRESS. */
int socket_address_connect(const SocketAddress *address, bool blocking, bool *connected);
/* The port that a listener got. */
unsigned socket_address_port(int fd);

#endif
