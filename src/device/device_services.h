/*
 * The boundary between a device and the outside.
 *
 * Everything that a device does or asks (devices/device.h) becomes a
 * ServiceCall, which goes to the services behind that device.  The machine's
 * own services carry it out.  A recorder carries it out and writes it down, a
 * replay answers from a recording and compares, and others ignore it.  They
 * need not know what the call is, because SERVICES describes the layout of its
 * data.
 *
 * To add a service, add its kind, its entry of SERVICES and the function that
 * devices call, all in device_services.[ch].  Recordings and replays then
 * support it.
 *
 * Every function is called with the device's lock held, so the services of a
 * device see the calls in the order in which the device makes them.
 */
#ifndef PIOEMU_DEVICE_DEVICE_SERVICES_H
#define PIOEMU_DEVICE_DEVICE_SERVICES_H

#include "devices/net.h"
#include "src/board/bus.h"
#include "src/board/clock.h"
#include "src/device/device_calls.h"
#include "src/device/device_core.h"

#include <glib.h>

/* ---- what a device requests: its arguments; its answer ---- */

typedef enum ServiceKind {
    SERVICE_IRQ,             /* line, level */
    SERVICE_IRQ_PENDING,     /* line; whether its last edge is still pending */
    SERVICE_OUTPUT,          /* port, size; how many bytes the line took */
    SERVICE_MODEM_LINES,     /* port; the lines */
    SERVICE_INPUT,           /* port, number of the request in its call; the bytes that came */
    SERVICE_MEMORY_READ,     /* size; whether all of it is memory */
    SERVICE_MEMORY_WRITE,    /* address, size; whether all of it is memory */
    SERVICE_BUS_WRITE,       /* size, address, value */
    SERVICE_REQUEST,         /* DeviceRequest, number */
    SERVICE_BLOCK,           /* port, BlockKind, sector, sectors, tag */
    SERVICE_DMA_REQUEST,     /* line, level */
    SERVICE_DMA_TO_MEMORY,   /* line, size; bytes moved << 1 | end of count */
    SERVICE_DMA_FROM_MEMORY, /* the same */
    SERVICE_BLOCK_VECTOR,    /* port, BlockKind, sector, tag, spans */
    SERVICE_PCI_READ,        /* function, offset, size; the value */
    SERVICE_PCI_WRITE,       /* function, offset, size, value */
    SERVICE_SHADOW,          /* address, size, ShadowMode */
    SERVICE_RANDOM,          /* size; whether the host gave its random bytes */
    SERVICE_NET_SEND,        /* port, size; whether there is room for more */
    SERVICE_VIEW,            /* region, RAM, first byte, offset, size */
    SERVICE_KINDS
} ServiceKind;

#define SERVICE_ARGS 5u

typedef struct ServiceCall {
    ServiceKind kind;
    void *to;                    /* the line or port; NULL for the machine */
    uint64_t args[SERVICE_ARGS]; /* the arguments of the call: see ServiceKind */
    const void *sent;            /* `size` bytes that the device passes, or NULL */
    void *room;                  /* where up to `size` bytes go, or NULL */
    size_t size;
    uint64_t answer;
} ServiceCall;

/* The data of a call in a recording.  Their size is ServiceClass.data_size() bytes. */
typedef enum ServiceData {
    SERVICE_DATA_NONE,
    SERVICE_DATA_SENT, /* the bytes that the device passes */
    SERVICE_DATA_SUM,  /* a checksum of them */
    SERVICE_DATA_GOT   /* the bytes that the device gets */
} ServiceData;

typedef struct ServiceClass {
    const char *name;        /* the name in a recording's header */
    const char *description; /* the name in messages, such as "output" */
    unsigned args;           /* the number of arguments */
    bool answers; /* whether the call has an answer; if not, the outside may call the device before
                     it returns */
    bool of_host; /* the answer depends on the host, so a replay takes the recorded one */
    ServiceData data;
    uint64_t (*data_size)(const ServiceCall *call);
    /*
     * Returns how many of args[1] bytes were moved, according to the answer.
     * NULL if the answer does not say.
     */
    uint64_t (*moved)(const ServiceCall *call);
    /* Appends the call's arguments in words, after the description. */
    void (*describe)(const ServiceCall *call, GString *text);
    void (*perform)(Device *dev, ServiceCall *call);
} ServiceClass;

extern const ServiceClass SERVICES[SERVICE_KINDS];

/* Returns a text such as "output of 3 bytes".  The caller frees it. */
char *service_describe(const ServiceCall *call);

/* ---- the services behind a device ---- */

typedef struct DeviceServices DeviceServices;

typedef struct DeviceServicesClass {
    uint64_t (*now)(const DeviceServices *services);
    /* Carries a call of the device out and fills in the answer. */
    void (*call)(DeviceServices *services, ServiceCall *call);
    /*
     * Called before and after the outside calls the device.  The calls nest if
     * what the device does causes another one.  NULL if the calls are not
     * watched.
     */
    void (*enter)(DeviceServices *services, const DeviceCall *call);
    void (*leave)(DeviceServices *services, const DeviceCall *call);
    /* May change the result of a drive before the device gets it.  NULL if it never does. */
    void (*block_result)(DeviceServices *services, BlockResult *result);
    /* Whether the device may get the host's input, keys and room.  NULL means yes. */
    bool (*admits)(const DeviceServices *services);
} DeviceServicesClass;

/* Implementations begin their own structs with this. */
struct DeviceServices {
    const DeviceServicesClass *class;
    Device *dev;
    GPtrArray *slots, *lines; /* the objects between the device and the outside */
};

/*
 * Makes the services of a machine's devices.  The source owns them, and they
 * outlive the devices.
 */
struct ServicesSource {
    /* NULL for the machine's own services. */
    DeviceServices *(*make)(ServicesSource *source, Device *dev, const DeviceHost *host);
    /* Called when the machine is complete.  NULL if the source need not know. */
    void (*built)(ServicesSource *source);
};

void device_services_init(DeviceServices *services, const DeviceServicesClass *class, Device *dev);
void device_services_clear(DeviceServices *services);

/* The machine's own services. */
extern const DeviceServicesClass MACHINE_SERVICES;

/* Carries the call out. */
static inline void service_perform(Device *dev, ServiceCall *call)
{
    SERVICES[call->kind].perform(dev, call);
}

/* ---- for device_core.c and device_properties.c ---- */

/*
 * Returns a line that tells the services of its level, or `to` itself if the
 * calls are not watched.
 */
IrqLine *device_services_line(DeviceServices *services, IrqLine *to);

/* ---- the ends of lines and drives that a device holds ---- */

typedef struct CharPortOps {
    size_t (*write)(CharPort *port, const uint8_t *data, size_t size);
    void (*rx_ready)(CharPort *port);
    unsigned (*lines)(const CharPort *port);
    void (*set_break)(CharPort *port, bool on);
    void (*set_lines)(CharPort *port, unsigned lines);
    void (*set_format)(CharPort *port, const CharFormat *format);
} CharPortOps;

/* Every CharPort begins with this. */
typedef struct CharPortEnd {
    const CharPortOps *ops;
    Device *dev;
    unsigned number; /* its number among the device's character properties */
} CharPortEnd;

/* Recordings contain these numbers, so new kinds are added at the end. */
typedef enum BlockKind {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_CANCEL,
    BLOCK_DISCARD,
    BLOCK_WRITE_ZEROES,
    BLOCK_UNMAP_ZEROES, /* writes zeroes, and the host may free the space */
    BLOCK_KINDS
} BlockKind;

/* A request of a device to a drive. */
typedef struct BlockRequest {
    BlockKind kind;
    uint64_t lba, tag;
    uint64_t size;    /* in bytes; whole sectors unless the device has a fault */
    void *buffer;     /* for a read; NULL if it goes to the spans */
    const void *data; /* for a write; NULL if it comes from the spans */
    const BlockSpan *spans;
    size_t span_count;
} BlockRequest;

/* Copy from guest memory, or to it.  Return false, without copying, if not all of it is RAM. */
bool block_spans_read(Device *dev, const BlockSpan *spans, size_t count, void *data);
bool block_spans_write(Device *dev, const BlockSpan *spans, size_t count, const void *data);

/* Every BlockPort begins with this. */
typedef struct BlockPortEnd {
    void (*request)(BlockPort *port, const BlockRequest *request);
    Device *dev;
    unsigned number; /* its number among the device's drive properties */
    /* What the device knows of the medium, under its lock. */
    BlockMedium medium;
    bool cdrom;
} BlockPortEnd;

typedef struct NetPortOps {
    bool (*send)(NetPort *port, const uint8_t *frame, size_t size);
    void (*rx_ready)(NetPort *port);
} NetPortOps;

/* Every NetPort begins with this. */
typedef struct NetPortEnd {
    const NetPortOps *ops;
    Device *dev;
    unsigned number; /* which of the device's network properties it is */
    bool link_up;    /* what the device knows, under its lock */
} NetPortEnd;
/* Carries out a SERVICE_VIEW (device_ram.c). */
void service_view_perform(Device *dev, ServiceCall *call);
void service_view_describe(const ServiceCall *call, GString *text);

/* Returns the request of a SERVICE_BLOCK or SERVICE_BLOCK_VECTOR. */
BlockRequest service_block_request(const ServiceCall *call);
static inline bool service_is_block(const ServiceCall *call)
{
    return call->kind == SERVICE_BLOCK || call->kind == SERVICE_BLOCK_VECTOR;
}

#endif
