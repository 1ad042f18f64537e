/*
 * What the outside may call in a device, as data: each call passes the
 * services behind the device before and after it.
 *
 * The functions are called with the device's lock held.  Those that bring
 * what the host has may be refused by the services.
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
    CALL_GO_ON,       /* the range's address, instructions that it counts as */
    CALL_MEDIUM,      /* port << 1 | read only, sectors */
    CALL_EJECT,       /* port */
    CALL_PCI_WRITE,   /* offset in configuration space << 3 | size, value */
    CALL_KINDS
} DeviceCallKind;

/* One call into a device. */
typedef struct DeviceCall {
    DeviceCallKind kind;
    IoSpace space;    /* of an access */
    uint64_t address; /* of an access, absolute; else the first of what the kind has */
    uint64_t value;   /* written or, when it is over, read; else the second */
    unsigned size;    /* of an access or an item */
    size_t count;     /* items of a block, bytes; 1: it is over, and the key was taken */
    const void *data; /* of a block, of input or from a drive; of a read block when it is over */
} DeviceCall;

/* What came of a device's request of a drive. */
typedef struct BlockResult {
    unsigned port; /* which of the device's drives */
    uint64_t tag;
    bool ok;
    void *buffer; /* of a read: gets `size` bytes of `data` */
    const void *data;
    size_t size;            /* 0 if it failed */
    size_t room;            /* of a read: what it asked for */
    const BlockSpan *spans; /* get them where there is no buffer */
    size_t span_count;
} BlockResult;

/* What is in a drive; no sectors: nothing. */
typedef struct BlockMedium {
    uint64_t sectors;
    bool read_only;
} BlockMedium;

/* Exactly one of `from` and `to` is not NULL; `ended` gets whether the channel's count did. */
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
/* From now on this is in the device's drive `port`; false: a replay lets nothing in. */
bool device_call_medium(Device *dev, unsigned port, const BlockMedium *medium);
/* Whether the device gives the medium of its drive `port` away. */
bool device_call_eject(Device *dev, unsigned port);
/* What a device with a line to this one does; it is a DMA controller. */
void device_call_dma_request(Device *dev, unsigned channel, bool level);
size_t device_call_dma(Device *dev, unsigned channel, const DmaTransfer *transfer);
/* False when the device has no such thing or takes no more. */
bool device_call_key(Device *dev, unsigned code, bool pressed);
bool device_call_pointer(Device *dev, uint64_t movement, unsigned buttons);
/* Serves the deadline of one of the class's timers, which is disarmed. */
void device_call_fire(Device *dev, unsigned timer, uint64_t deadline);
bool device_call_realize(Device *dev, char *message, size_t size);
void device_call_pci_write(Device *dev, unsigned offset, uint32_t value, unsigned size);
void device_call_reset(Device *dev);
uint8_t device_call_acknowledge(Device *dev);

/* ---- for device_core.c: puts the services in the way of what calls the device ---- */

void device_calls_claim(Device *dev, BusClaim *claim);
void device_calls_move(Device *dev, const BusClaim *claim, uint64_t base);
Timer *device_calls_timer(Device *dev, Clock *clock, GMutex *lock, unsigned index);

#endif
