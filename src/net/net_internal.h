/* What the files of src/net/ share: a netdev, its port, and the types of it. */
#ifndef PIOEMU_NET_NET_INTERNAL_H
#define PIOEMU_NET_NET_INTERNAL_H

#include "src/device/device_services.h"
#include "src/net/frame_ring.h"
#include "src/net/net.h"

typedef struct NetBackend NetBackend;

/* What the user wrote of a netdev. */
typedef struct NetOptions {
    const char *what;    /* for messages: "-netdev user,id=n0" */
    GHashTable *values;  /* the keys that may be there once */
    GPtrArray *repeated; /* "key=value" of NetBackendClass.repeated, in their order */
} NetOptions;

/* What became of a frame of the guest. */
typedef enum NetSent {
    NET_TAKEN,
    NET_LATER, /* no room now; net_resume() says when there is */
    NET_LOST
} NetSent;

typedef struct NetBackendClass {
    const char *name, *help;
    const char *const *keys;     /* those that it knows, NULL at the end */
    const char *const *repeated; /* those that may come several times; NULL: none */
    size_t size;                 /* of its struct, which begins with a NetBackend */
    bool (*open)(NetBackend *net, const NetOptions *options, GError **error);
    NetSent (*send)(NetBackend *net, const uint8_t *frame, size_t size);
    /* The guest takes frames again, after net_is_full() was true.  May be NULL. */
    void (*room)(NetBackend *net);
    /* Appends what it is connected to: "net=10.0.2.0,restrict=off".  May be NULL. */
    void (*describe)(const NetBackend *net, GString *text);
    /* Also after `open` has failed. */
    void (*close)(NetBackend *net);
} NetBackendClass;

/* A -netdev. */
struct NetBackend {
    const NetBackendClass *class;
    NetSet *set;
    char *id;
    NetPort *port;      /* NULL: no device has it */
    GPtrArray *filters; /* of NetDump */
    bool down;          /* its cable was pulled out */
};

/* src/net/dump.c: writes each frame into a file. */
typedef struct NetDump NetDump;
NetDump *net_dump_new(const NetHost *host, GHashTable *options, GError **error);
const char *net_dump_id(const NetDump *dump);
void net_dump_frame(NetDump *dump, const uint8_t *frame, size_t size);
void net_dump_free(NetDump *dump);

/* ---- for back ends, in the loop's thread ---- */

const NetHost *net_host(const NetBackend *net);
/* A frame for the guest. */
void net_deliver(NetBackend *net, const uint8_t *frame, size_t size);
/* Whether half of the guest's ring is in use: a back end that can wait should. */
bool net_is_full(const NetBackend *net);
/* The back end takes frames again. */
void net_resume(NetBackend *net);

/* ---- src/net/port.c ---- */

typedef struct NetCounters {
    uint64_t sent, received;
    uint64_t lost;              /* for the guest: no room, no cable, or no frame */
    _Atomic uint64_t lost_sent; /* of the guest */
} NetCounters;

struct NetPort {
    NetPortEnd end;
    NetBackend *net;
    Loop *loop;
    const NetClient *client;
    FrameRing tx, rx;
    LoopTask tx_task, rx_task;
    bool offered;         /* the first frame of `tx` was dumped, and the back end had no room */
    bool was_full;        /* net_is_full() since the back end was last told of room */
    _Atomic bool stopped; /* the device waits for tx_room */
    NetCounters count;
};

NetPort *net_port_new(NetBackend *net, Device *dev);
void net_port_free(NetPort *port);
void net_port_link(NetPort *port, bool up);

extern const NetBackendClass net_user_class, net_stream_class, net_socket_class, net_tap_class;

/* ---- src/net/descriptor.c ---- */

void net_set_nonblocking(int fd);
/*
 * The descriptor with this number, which from now on is ours and does not block; -1: it
 * is not there, or not a socket of this type.  The type 0 is any.
 */
int net_take_descriptor(const char *text, int type, GError **error);

/* ---- src/net/user.c ---- */

bool net_user_forward(NetBackend *net, const char *rule, bool add, GError **error);
void net_user_describe_connections(const NetBackend *net, GString *text);

#endif
