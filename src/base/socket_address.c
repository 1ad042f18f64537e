/* Parses, resolves, binds and connects. */
#include "src/base/socket_address.h"

#include "src/base/error.h"
#include "src/base/number.h"

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

static bool fail(GError **error, const char *why)
{
    g_set_error_literal(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST, why);
    return false;
}

bool socket_address_unix(SocketAddress *address, const char *path, GError **error)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->names[0].address;
    if (!*path || strlen(path) >= sizeof(un->sun_path)) {
        return error_refuse(error, "a socket's path has 1 to 107 bytes");
    }
    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    address->names[0].size = sizeof(*un);
    address->count = 1;
    address->path = g_strdup(path);
    address->text = g_strdup_printf("unix:%s", path);
    return true;
}

/* Splits at the last colon.  A host that contains colons is in brackets. */
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

char *socket_address_join(const char *host, const char *port)
{
    bool brackets = host && strchr(host, ':') && *host != '[';
    return g_strdup_printf("%s%s%s:%s", brackets ? "[" : "", host ? host : "", brackets ? "]" : "",
                           port);
}

/* The resolver would silently take a larger number modulo 2^16. */
static bool check_port(const char *port, GError **error)
{
    uint64_t number;
    return port[strspn(port, G_CSET_DIGITS)] ||
           number_parse("port", port, UINT16_MAX, &number, error);
}

static bool resolve(SocketAddress *address, const char *host, const char *port, GError **error)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure == EAI_SERVICE) {
        return error_refuse(error, "port %s: neither a number nor a service", port);
    }
    if (failure) {
        return error_refuse(error, "%s", gai_strerror(failure));
    }
    for (const struct addrinfo *a = found; a && address->count < SOCKET_NAMES_MAX; a = a->ai_next) {
        SocketName *name = &address->names[address->count++];
        memcpy(&name->address, a->ai_addr, a->ai_addrlen);
        name->size = a->ai_addrlen;
    }
    freeaddrinfo(found);
    return true;
}

bool socket_address_tcp(SocketAddress *address, const char *text, GError **error)
{
    g_autofree char *host = NULL, *port = NULL;
    if (!split(text, &host, &port)) {
        return error_refuse(error, "write HOST:PORT, :PORT or [::1]:PORT");
    }
    if (!check_port(port, error) || !resolve(address, host, port, error)) {
        return false;
    }
    address->text = g_strdup_printf("tcp:%s", text);
    return true;
}

void socket_address_clear(SocketAddress *address)
{
    g_clear_pointer(&address->text, g_free);
    g_clear_pointer(&address->path, g_free);
}

static int new_socket(const SocketName *name, int flags)
{
    int family = name->address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    int on = 1;
    if (fd >= 0 && family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    return fd;
}

static const struct sockaddr *sockaddr_of(const SocketName *name)
{
    return (const struct sockaddr *)&name->address;
}

/* Closes `fd` and returns -1 for the caller to return.  errno does not change. */
static int give_up(int fd)
{
    int failure = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = failure;
    return -1;
}

/* If a process listens, or it is no socket, we must not remove it. */
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

static bool bind_to(int fd, const SocketAddress *address, const SocketName *name)
{
    if (bind(fd, sockaddr_of(name), name->size) == 0) {
        return true;
    }
    return errno == EADDRINUSE && address->path && remove_stale(address) &&
           bind(fd, sockaddr_of(name), name->size) == 0;
}

static int listen_at(const SocketAddress *address, const SocketName *name)
{
    int fd = new_socket(name, SOCK_NONBLOCK);
    return fd >= 0 && bind_to(fd, address, name) && listen(fd, BACKLOG) == 0 ? fd : give_up(fd);
}

int socket_address_listen(SocketAddress *address, GError **error)
{
    int fd = -1;
    for (unsigned i = 0; i < address->count && fd < 0; i++) {
        fd = listen_at(address, &address->names[i]);
    }
    if (fd < 0) {
        fail(error, errno == EEXIST ? "exists and is no socket" : g_strerror(errno));
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

static int connect_to(const SocketName *name, bool blocking, bool *connected)
{
    int fd = new_socket(name, blocking ? 0 : SOCK_NONBLOCK);
    *connected = fd >= 0 && connect(fd, sockaddr_of(name), name->size) == 0;
    return *connected || (fd >= 0 && errno == EINPROGRESS) ? fd : give_up(fd);
}

int socket_address_connect(const SocketAddress *address, bool blocking, bool *connected)
{
    int fd = -1;
    for (unsigned i = 0; i < address->count && fd < 0; i++) {
        fd = connect_to(&address->names[i], blocking, connected);
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
