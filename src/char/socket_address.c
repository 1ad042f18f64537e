/*
 * Parsing, resolving, binding and connecting.
 */
#include "src/char/socket_address.h"

#include "src/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG      16
#define DEFAULT_HOST "127.0.0.1"

static bool refuse(GError **error, int code, const char *what, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, code, "%s: %s", what, why);
    return false;
}

bool socket_address_unix(SocketAddress *address, const char *path, GError **error)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->address;
    if (strlen(path) >= sizeof(un->sun_path)) {
        return refuse(error, PIOEMU_ERROR_CONFIG, path, "a socket's path has at most 107 bytes");
    }
    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    address->size = sizeof(*un);
    address->path = g_strdup(path);
    address->text = g_strdup_printf("unix:%s", path);
    return true;
}

/* Splits at the last colon; a host with colons of its own is in brackets. */
static bool split(const char *text, char **host, char **port)
{
    const char *colon = strrchr(text, ':');
    const char *end = *text == '[' ? strchr(text, ']') : colon;
    if (!colon || !colon[1] || !end || (*end == ']' && end + 1 != colon)) {
        return false;
    }
    const char *start = *text == '[' ? text + 1 : text;
    *host = end > start ? g_strndup(start, (gsize)(end - start)) : g_strdup(DEFAULT_HOST);
    *port = g_strdup(colon + 1);
    return true;
}

bool socket_address_tcp(SocketAddress *address, const char *text, GError **error)
{
    g_autofree char *host = NULL, *port = NULL;
    if (!split(text, &host, &port)) {
        return refuse(error, PIOEMU_ERROR_CONFIG, text, "write HOST:PORT, :PORT or [::1]:PORT");
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure) {
        return refuse(error, PIOEMU_ERROR_CONFIG, text, gai_strerror(failure));
    }
    memcpy(&address->address, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    address->text = g_strdup_printf("tcp:%s", text);
    freeaddrinfo(found);
    return true;
}

void socket_address_clear(SocketAddress *address)
{
    g_clear_pointer(&address->text, g_free);
    g_clear_pointer(&address->path, g_free);
}

static int new_socket(const SocketAddress *address, int flags)
{
    int fd = socket(address->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    int on = 1;
    if (fd >= 0 && !address->path) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    return fd;
}

static const struct sockaddr *sockaddr_of(const SocketAddress *address)
{
    return (const struct sockaddr *)&address->address;
}

/* Somebody listens, or it is no socket at all: not ours to remove. */
static bool remove_stale(const SocketAddress *address)
{
    struct stat st;
    if (lstat(address->path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return false;
    }
    bool connected;
    int fd = socket_address_connect(address, false, &connected);
    if (fd >= 0) {
        close(fd);
    }
    if (fd >= 0 || errno != ECONNREFUSED) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->path) == 0;
}

static bool bind_to(int fd, const SocketAddress *address)
{
    if (bind(fd, sockaddr_of(address), address->size) == 0) {
        return true;
    }
    return errno == EADDRINUSE && address->path && remove_stale(address) &&
           bind(fd, sockaddr_of(address), address->size) == 0;
}

int socket_address_listen(SocketAddress *address, GError **error)
{
    int fd = new_socket(address, SOCK_NONBLOCK);
    if (fd < 0 || !bind_to(fd, address) || listen(fd, BACKLOG) < 0) {
        refuse(error, PIOEMU_ERROR_HOST, address->text,
               errno == EEXIST ? "exists and is no socket" : g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    if (address->path && lstat(address->path, &address->file) < 0) {
        address->file = (struct stat){0};
    }
    return fd;
}

void socket_address_unlink(const SocketAddress *address)
{
    struct stat st;
    if (address->path && lstat(address->path, &st) == 0 && st.st_ino == address->file.st_ino &&
        st.st_dev == address->file.st_dev) {
        unlink(address->path);
    }
}

int socket_address_connect(const SocketAddress *address, bool blocking, bool *connected)
{
    int fd = new_socket(address, blocking ? 0 : SOCK_NONBLOCK);
    if (fd < 0) {
        return -1;
    }
    *connected = connect(fd, sockaddr_of(address), address->size) == 0;
    if (!*connected && errno != EINPROGRESS) {
        int failure = errno;
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

unsigned socket_address_port(int fd)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof(bound);
    getsockname(fd, (struct sockaddr *)&bound, &size);
    return bound.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&bound)->sin6_port)
                                       : ntohs(((struct sockaddr_in *)&bound)->sin_port);
}
