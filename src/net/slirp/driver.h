/*
 * What the module pioemu-slirp offers: a network that the library libslirp makes of
 * the host's sockets.  It is a module because a plain run does not load that library.
 */
#ifndef PIOEMU_NET_SLIRP_DRIVER_H
#define PIOEMU_NET_SLIRP_DRIVER_H

#include <glib.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct SlirpNet SlirpNet;

/* What the user may say of the network.  Texts may be NULL. */
typedef struct SlirpOptions {
    bool restricted, ipv4, ipv6;
    struct in_addr network, mask, host, dhcp_start, dns;
    const char *hostname, *domain, *tftp, *tftp_server, *bootfile;
    const char **search; /* NULL at the end */
} SlirpOptions;

/* What the library needs, in the loop's thread. */
typedef struct SlirpHost {
    void (*send)(void *opaque, const uint8_t *frame, size_t size);
    uint64_t (*now)(void *opaque);
    /* A timer fires `fire(arg)` at a time of now(), in ns. */
    void *(*timer_new)(void *opaque, void (*fire)(void *arg), void *arg);
    void (*timer_free)(void *timer);
    void (*timer_start)(void *timer, uint64_t deadline);
    /* The descriptor is about to be closed. */
    void (*forget)(void *opaque, int fd);
    /* The descriptors or what they wait for may have changed. */
    void (*changed)(void *opaque);
    void (*message)(void *opaque, const char *text);
    void *opaque;
} SlirpHost;

/* A port of the host that leads to one of the guest. */
typedef struct SlirpForward {
    bool udp;
    struct in_addr host, guest;
    int host_port, guest_port;
} SlirpForward;

typedef struct SlirpDriver {
    /* NULL: the library refuses the options. */
    SlirpNet *(*open)(const SlirpOptions *options, const SlirpHost *host);
    void (*input)(SlirpNet *net, const uint8_t *frame, size_t size);
    /* Puts what it waits for into `fds`, of struct pollfd; returns for how many ms at most. */
    uint32_t (*fill)(SlirpNet *net, GArray *fds);
    /* The same descriptors, with what poll(2) found. */
    void (*poll)(SlirpNet *net, GArray *fds);
    /* On failure errno says why. */
    bool (*forward)(SlirpNet *net, const SlirpForward *forward, bool add);
    /* A port of an address of the network leads to the standard input and output of a command. */
    bool (*serve)(SlirpNet *net, struct in_addr address, int port, const char *command);
    /* What `info usernet` shows; the caller frees it with g_free(). */
    char *(*describe)(SlirpNet *net);
    void (*close)(SlirpNet *net);
} SlirpDriver;

extern const SlirpDriver PIOEMU_SLIRP;

#endif
