/* Addresses of stream sockets: a path, or HOST:PORT. */
#ifndef PIOEMU_BASE_SOCKET_ADDRESS_H
#define PIOEMU_BASE_SOCKET_ADDRESS_H

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
    SocketName names[SOCKET_NAMES_MAX]; /* tried in this order, because a host may have several */
    unsigned count;
    char *text;       /* for messages: "unix:PATH", "tcp:HOST:PORT" */
    char *path;       /* unix only */
    struct stat file; /* the socket file of a listener */
} SocketAddress;

/*
 * The messages say what is wrong, but not with which address.  The caller knows how
 * it was written.
 */
bool socket_address_unix(SocketAddress *address, const char *path, GError **error);
/* "HOST:PORT" or "[::1]:PORT"; without a host 127.0.0.1.  Asks the resolver. */
bool socket_address_tcp(SocketAddress *address, const char *text, GError **error);
/* Makes the text for socket_address_tcp().  `host` may be NULL or empty. */
char *socket_address_join(const char *host, const char *port);
void socket_address_clear(SocketAddress *address);

/* Returns a listening descriptor, or -1.  Replaces the socket file of a dead process. */
int socket_address_listen(SocketAddress *address, GError **error);
/* Removes the socket file if it is still the listener's. */
void socket_address_unlink(const SocketAddress *address);
/* With `blocking`, returns when it is connected.  Without, errno may be EINPROGRESS. */
int socket_address_connect(const SocketAddress *address, bool blocking, bool *connected);
/* The port number that a listener got. */
unsigned socket_address_port(int fd);

#endif
