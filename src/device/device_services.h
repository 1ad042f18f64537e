/*
 * What stands between a device and the outside.
 *
 * Whatever a device does or asks (devices/device.h) becomes a ServiceCall,
 * which goes to the services behind that device.  The machine's own services
 * carry it out.  A recorder carries it out and writes it down; a replay
 * answers from a recording and compares; others ignore it.  They need not
 * know what the call is: SERVICES says how its data are laid out.
 *
 * To add a service, add its kind, its entry of SERVICES and the function that
 * devices call, all in device_services.[ch]: recordings and replays have it
 * then.
 *
 * Every function is called with the device's lock held, so what the services
 * of one device see is in the order in which the device saw it.
 */
#ifndef PIOEMU_DEVICE_DEVICE_SERVICES_H
#define PIOEMU_DEVICE_DEVICE_SERVICES_H

#include "src/board/bus.h"
#include "src/board/clock.h"
#include "src/device/device_calls.h"
#include "src/device/device_core.h"

#include <glib.h>

/* ---- what a device asks ---- */

typedef enum ServiceKind {
    SERVICE_IRQ,             /* line, level */
    SERVICE_IRQ_PENDING,     /* line; whether its last edge still waits */
    SERVICE_OUTPUT,          /* port, size; how many bytes the line took */
    SERVICE_MODEM_LINES,     /* port; the lines */
    SERVICE_INPUT,           /* port, which request of its call; bytes that came */
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
    SERVICE_KINDS
} ServiceKind;

#define SERVICE_ARGS 5u

typedef struct ServiceCall {
    ServiceKind kind;
    void *to;                    /* the line or port; NULL: the machine */
    uint64_t args[SERVICE_ARGS]; /* what the device says: see ServiceKind */
    const void *sent;            /* `size` bytes that the device hands over, or NULL */
    void *room;                  /* gets up to `size` bytes, or NULL */
    size_t size;
    uint64_t answer;
} ServiceCall;

/* The data of a call in a recording.  Their size is ServiceClass.data_size() bytes. */
typedef enum ServiceData {
    SERVICE_DATA_NONE,
    SERVICE_DATA_SENT, /* the bytes that the device hands over */
    SERVICE_DATA_SUM,  /* a checksum of them */
    SERVICE_DATA_GOT   /* the bytes that the device gets */
} ServiceData;

typedef struct ServiceClass {
    const char *name;        /* in a recording's header */
    const char *description; /* in messages: "output" */
    unsigned args;           /* how many there are */
    bool answers;            /* if not, the outside may call the device before it returns */
    bool of_host; /* the answer depends on the host, so that a replay takes the recorded one */
    ServiceData data;
    uint64_t (*data_size)(const ServiceCall *call);
    /* How many bytes the answer says were moved, of args[1]; NULL: it says nothing of the kind. */
    uint64_t (*moved)(const ServiceCall *call);
    /* Appends the call's arguments in words, after the description. */
    void (*describe)(const ServiceCall *call, GString *text);
    void (*perform)(Device *dev, ServiceCall *call);
} ServiceClass;

extern const ServiceClass SERVICES[SERVICE_KINDS];

/* "output of 3 bytes"; the caller frees it. */
char *service_describe(const ServiceCall *call);

/* ---- the services behind a device ---- */

typedef struct DeviceServices DeviceServices;

typedef struct DeviceServicesClass {
    uint64_t (*now)(const DeviceServices *services);
    /* The device does or asks something; fills in the answer. */
    void (*call)(DeviceServices *services, ServiceCall *call);
    /*
     * The outside calls the device: before and after.  The calls nest where
     * what the device does brings it another one.  NULL: the calls are not watched.
     */
    void (*enter)(DeviceServices *services, const DeviceCall *call);
    void (*leave)(DeviceServices *services, const DeviceCall *call);
    /* Changes what a drive did before the device is told; NULL: leaves it. */
    void (*block_result)(DeviceServices *services, BlockResult *result);
    /* Whether the device may be told what the host has: input, keys, room; NULL: yes. */
    bool (*admits)(const DeviceServices *services);
} DeviceServicesClass;

/* Implementations begin their own structs with this. */
struct DeviceServices {
    const DeviceServicesClass *class;
    Device *dev;
    GPtrArray *slots, *lines; /* what stands between the device and the outside */
};

/* Makes the services of a machine's devices; they stay the source's and outlive the devices. */
struct ServicesSource {
    /* NULL: the machine's own. */
    DeviceServices *(*make)(ServicesSource *source, Device *dev, const DeviceHost *host);
    /* The machine is complete; NULL: the source need not know. */
    void (*built)(ServicesSource *source);
};

void device_services_init(DeviceServices *services, const DeviceServicesClass *class, Device *dev);
void device_services_clear(DeviceServices *services);

/* The machine's own. */
extern const DeviceServicesClass MACHINE_SERVICES;

/* Carries the call out. */
static inline void service_perform(Device *dev, ServiceCall *call)
{
    SERVICES[call->kind].perform(dev, call);
}

/* ---- for device_core.c and device_properties.c ---- */

/* The device's line, which tells the services; `to` itself where the calls are not watched. */
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
    unsigned number; /* which of the device's character properties it is */
} CharPortEnd;

/* Recordings have these numbers: new ones come last. */
typedef enum BlockKind {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,
    BLOCK_CANCEL,
    BLOCK_DISCARD,
    BLOCK_WRITE_ZEROES,
    BLOCK_UNMAP_ZEROES, /* the same, and the space may be given up */
    BLOCK_KINDS
} BlockKind;

/* What a device asks of a drive. */
typedef struct BlockRequest {
    BlockKind kind;
    uint64_t lba, tag;
    uint64_t size;    /* bytes; of whole sectors unless the device is wrong */
    void *buffer;     /* of a read; NULL: it goes to the spans */
    const void *data; /* of a write; NULL: it comes from the spans */
    const BlockSpan *spans;
    size_t span_count;
} BlockRequest;

/* Copies from guest memory, or to it; false: not all of it is RAM, and nothing is copied. */
bool block_spans_read(Device *dev, const BlockSpan *spans, size_t count, void *data);
bool block_spans_write(Device *dev, const BlockSpan *spans, size_t count, const void *data);

/* Every BlockPort begins with this. */
typedef struct BlockPortEnd {
    void (*request)(BlockPort *port, const BlockRequest *request);
    Device *dev;
    unsigned number; /* which of the device's drive properties it is */
    /* What the device knows of the medium, under its lock. */
    BlockMedium medium;
    bool cdrom;
} BlockPortEnd;

/* What a SERVICE_BLOCK or SERVICE_BLOCK_VECTOR asks. */
BlockRequest service_block_request(const ServiceCall *call);
static inline bool service_is_block(const ServiceCall *call)
{
    return call->kind == SERVICE_BLOCK || call->kind == SERVICE_BLOCK_VECTOR;
}

#endif
