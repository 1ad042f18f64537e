#include "src/display/link.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 4096u
/* As long as so much output waits, no input is read. */
#define WAITING_MAX 65536u

struct Link {
    LinkEvents events;
    int fd;
    LoopFd *watch;
    GByteArray *out;
    size_t sent; /* bytes at the beginning of `out` that are gone */
    bool ending;
};

static void update_watch(Link *link)
{
    const size_t waiting = link_waiting(link);
    const bool reads = !link->ending && waiting < WAITING_MAX;
    const bool writes = waiting || link->ending;
    loop_fd_watch(link->watch, (reads ? LOOP_READ : 0) | (writes ? LOOP_WRITE : 0));
}

static void receive(Link *link)
{
    uint8_t data[READ_SIZE];
    const ssize_t got = recv(link->fd, data, sizeof(data), MSG_DONTWAIT);
    if (got > 0) {
        link->events.received(link->events.opaque, data, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        link->events.closed(link->events.opaque);
    }
}

/* Returns false if the connection is broken. */
static bool flush(Link *link)
{
    const size_t waiting = link_waiting(link);
    const ssize_t put =
        waiting ? send(link->fd, link->out->data + link->sent, waiting, MSG_DONTWAIT | MSG_NOSIGNAL)
                : 0;
    if (put < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    link->sent += (size_t)put;
    if (!link_waiting(link)) {
        g_byte_array_set_size(link->out, 0);
        link->sent = 0;
    }
    return true;
}

/* At most one function of the owner is called, because it may free the link. */
static void ready(void *opaque, unsigned events)
{
    Link *link = opaque;
    if (!(events & LOOP_WRITE)) {
        receive(link);
        return;
    }
    const bool good = flush(link), empty = !link_waiting(link);
    update_watch(link);
    if (!good || (empty && link->ending)) {
        link->events.closed(link->events.opaque);
    } else if (empty) {
        link->events.drained(link->events.opaque);
    }
}

Link *link_new(Loop *loop, int fd, const LinkEvents *events)
{
    Link *link = g_new0(Link, 1);
    link->events = *events;
    link->fd = fd;
    link->watch = loop_fd_new(loop, fd, ready, link);
    link->out = g_byte_array_new();
    update_watch(link);
    return link;
}

void link_free(Link *link)
{
    loop_fd_free(link->watch);
    close(link->fd);
    g_byte_array_unref(link->out);
    g_free(link);
}

void link_write(Link *link, const void *data, size_t size)
{
    if (!link->ending) {
        g_byte_array_append(link->out, data, (guint)size);
        update_watch(link);
    }
}

size_t link_waiting(const Link *link)
{
    return link->out->len - link->sent;
}

void link_end(Link *link)
{
    link->ending = true;
    update_watch(link);
}

void link_peer(const Link *link, char **host, char **service)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    char name[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    if (getpeername(link->fd, (struct sockaddr *)&address, &size) == 0 &&
        address.ss_family != AF_UNIX) {
        getnameinfo((struct sockaddr *)&address, size, name, sizeof(name), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    }
    *host = g_strdup(name);
    *service = g_strdup(port);
}
