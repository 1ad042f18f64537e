/*
 * The calls into a device, as data.  Each call passes the services behind the
 * device before and after it.
 *
 * The functions are called with the device's lock held.  The services may
 * refuse a call that delivers something from the host.
 */
#ifndef PIOEMU_DEVICE_DEVICE_CALLS_H
#define PIOEMU_DEVICE_DEVICE_CALLS_H

#include "src/board/bus.h"
#include "src/board/clock.h"
#include "src/device/device_core.h"

typedef enum DeviceCallKind {
    CALL_REALIZE,
    CALL_RESET,
    CALL_READ,        /* address, value */
    CALL_WRITE,       /* address, value */
    CALL_READ_BLOCK,  /* address, items */
    CALL_WRITE_BLOCK, /* address, items */
    CALL_TIMER,       /* number, deadline */
    CALL_SET_PIN,     /* pin, level */
    CALL_ACKNOWLEDGE, /* value: the vector */
    CALL_RECEIVE,     /* port, bytes */
    CALL_BREAK,       /* port */
    CALL_LINES,       /* port, modem lines */
    CALL_TX_ROOM,     /* port */
    CALL_KEY,         /* key, pressed */
    CALL_POINTER,     /* movement, buttons */
    CALL_BLOCK,       /* tag, port << 1 | success; bytes that were read */
    CALL_DMA_REQUEST, /* channel, level */
    CALL_DMA,         /* channel << 1 | to memory, bytes moved << 1 | end of count; bytes */
    CALL_GO_ON,       /* the range's address, the number of instructions that it counts as */
    CALL_MEDIUM,      /* port << 1 | read only, sectors */
    CALL_EJECT,       /* port */
    CALL_PCI_WRITE,   /* offset in configuration space << 3 | size, value */
    CALL_NET_RECEIVE, /* port, bytes */
    CALL_NET_ROOM,    /* port */
    CALL_NET_LINK,    /* port, whether the cable is plugged in */
    CALL_KINDS
} DeviceCallKind;

/* One call into a device. */
typedef struct DeviceCall {
    DeviceCallKind kind;
    IoSpace space;    /* the space of an access */
    uint64_t address; /* the absolute address of an access; for other kinds, the first value of the
                         list above */
    uint64_t value;   /* the value of an access, for a read once it is over; for other kinds, the
                         second value */
    unsigned size;    /* the size of an access or of an item */
    size_t count;     /* the number of items or bytes; for a key, 1 afterwards if it was taken */
    const void *data; /* the items or bytes; for a block of reads, once it is over */
} DeviceCall;

/* The result of a device's request to a drive. */
typedef struct BlockResult {
    unsigned port; /* the number of the device's drive */
    uint64_t tag;
    bool ok;
    void *buffer; /* for a read: where `size` bytes of `data` go */
    const void *data;
    size_t size;            /* 0 if the request failed */
    size_t room;            /* for a read: how many bytes it requested */
    const BlockSpan *spans; /* where the bytes go if there is no buffer */
    size_t span_count;
} BlockResult;

/* The medium in a drive.  With no sectors the drive is empty. */
typedef struct BlockMedium {
    uint64_t sectors;
    bool read_only;
} BlockMedium;

/*
 * Exactly one of `from` and `to` is not NULL.  `ended` is set to whether the
 * channel's count ended.
 */
typedef struct DmaTransfer {
    const uint8_t *from;
    uint8_t *to;
    size_t size;
    bool *ended;
} DmaTransfer;

void device_call_set_pin(Device *dev, unsigned pin, bool level);
void device_call_receive(Device *dev, unsigned port, const uint8_t *data, size_t size);
void device_call_receive_break(Device *dev, unsigned port);
void device_call_lines_changed(Device *dev, unsigned port, unsigned lines);
void device_call_tx_room(Device *dev, unsigned port);
void device_call_block_done(Device *dev, const BlockResult *result);
/*
 * The device's drive `port` has this medium from now on.  Returns false in a
 * replay, which ignores it.
 */
bool device_call_medium(Device *dev, unsigned port, const BlockMedium *medium);
/* Whether the device lets the medium of its drive `port` be removed. */
bool device_call_eject(Device *dev, unsigned port);
/* The class has the function for frames and the one for room.  It need not have one for the link.
 */
void device_call_net_receive(Device *dev, unsigned port, const uint8_t *frame, size_t size);
void device_call_net_room(Device *dev, unsigned port);
void device_call_net_link(Device *dev, unsigned port, bool up);
/* Passes the level of DREQ to the device, which is a DMA controller. */
void device_call_dma_request(Device *dev, unsigned channel, bool level);
size_t device_call_dma(Device *dev, unsigned channel, const DmaTransfer *transfer);
/* Return false if the device has no such key or pointer, or cannot take more. */
bool device_call_key(Device *dev, unsigned code, bool pressed);
bool device_call_pointer(Device *dev, uint64_t movement, unsigned buttons);
/* Serves the deadline of one of the class's timers.  The timer is disarmed. */
void device_call_fire(Device *dev, unsigned timer, uint64_t deadline);
bool device_call_realize(Device *dev, char *message, size_t size);
void device_call_pci_write(Device *dev, unsigned offset, uint32_t value, unsigned size);
void device_call_reset(Device *dev);
uint8_t device_call_acknowledge(Device *dev);

/* ---- for device_core.c: puts the services between the device and its callers ---- */

void device_calls_claim(Device *dev, BusClaim *claim);
void device_calls_move(Device *dev, const BusClaim *claim, uint64_t base);
Timer *device_calls_timer(Device *dev, Clock *clock, GMutex *lock, unsigned index);

#endif
