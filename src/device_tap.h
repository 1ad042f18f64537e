/*
 * A tap sits at a device's boundary and sees everything that crosses it: each
 * call into the device, and each thing that the device does or asks outside.
 * A recorder writes that down; a replay answers in place of the outside.
 *
 * Every function is called with the device's lock held, so what one tap sees
 * is in the order in which its device saw it.  A device without a tap pays for
 * none of this but a test of a pointer.
 */
#ifndef PIOEMU_DEVICE_TAP_H
#define PIOEMU_DEVICE_TAP_H

#include "src/block/block.h"
#include "src/bus.h"
#include "src/clock.h"
#include "src/device_core.h"

#include <glib.h>

typedef enum TapKind {
    TAP_REALIZE,
    TAP_RESET,
    TAP_READ,
    TAP_WRITE,
    TAP_READ_BLOCK,
    TAP_WRITE_BLOCK,
    TAP_TIMER,
    TAP_INPUT,
    TAP_ACKNOWLEDGE,
    TAP_RECEIVE,
    TAP_BREAK,
    TAP_LINES,
    TAP_TX_ROOM,
    TAP_KEY,
    TAP_POINTER,
    TAP_BLOCK,
    TAP_DMA_REQUEST,
    TAP_DMA,
    TAP_KINDS
} TapKind;

/* One call into a device. */
typedef struct TapEvent {
    TapKind kind;
    IoSpace space;    /* of an access */
    uint64_t address; /* of an access, absolute; which timer; which pin; key; movement;
                         tag; DMA channel (TAP_DMA: << 1, 1: to memory) */
    uint64_t value;   /* written or, when it is over, read; deadline; level; lines; vector;
                         pressed; buttons; drive << 1 | success;
                         bytes moved << 1 | end of count */
    unsigned size;    /* of an access or an item */
    size_t count;     /* items of a block, bytes of input or from a drive; 1: it is over, and
                         the key was taken */
    const void *data; /* of a block, of input or from a drive; of a read block when it is over */
} TapEvent;

/* What came of a device's request of a drive. */
typedef struct BlockResult {
    unsigned number; /* the drive's */
    uint64_t tag;
    bool ok;
    void *buffer; /* of a read that succeeded: gets `size` bytes of `data` */
    const void *data;
    size_t size;
} BlockResult;

/* Exactly one of `from` and `to` is not NULL; `ended` gets whether the channel's count did. */
typedef struct DmaTransfer {
    const uint8_t *from;
    uint8_t *to;
    size_t size;
    bool *ended;
} DmaTransfer;

typedef struct TapClass {
    /* Around each call; they nest where a device's question brings it input. */
    void (*enter)(DeviceTap *tap, const TapEvent *event);
    void (*leave)(DeviceTap *tap, const TapEvent *event);
    /* What the device's questions and outputs meet. */
    uint64_t (*now)(DeviceTap *tap);
    void (*irq)(DeviceTap *tap, unsigned line, bool level, IrqLine *to);
    bool (*pending)(DeviceTap *tap, const IrqLine *to);
    size_t (*output)(DeviceTap *tap, CharPort *port, const uint8_t *data, size_t size);
    unsigned (*lines)(DeviceTap *tap, const CharPort *port);
    void (*rx_ready)(DeviceTap *tap, CharPort *port);
    bool (*memory_read)(DeviceTap *tap, uint64_t address, void *data, size_t size);
    bool (*memory_write)(DeviceTap *tap, uint64_t address, const void *data, size_t size);
    void (*bus_write)(DeviceTap *tap, uint64_t address, uint64_t value, unsigned size);
    void (*request)(DeviceTap *tap, DeviceRequest request, int status);
    void (*block)(DeviceTap *tap, BlockPort *port, const BlockRequest *request);
    void (*dma_request)(DeviceTap *tap, DmaLine *line, bool level);
    size_t (*dma)(DeviceTap *tap, DmaLine *line, const DmaTransfer *transfer);
    /* Changes what a drive did before the device is told; NULL: leaves it. */
    void (*block_result)(DeviceTap *tap, BlockResult *result);
    /* Whether the device may be told what the host has: input, keys, room; NULL: yes. */
    bool (*admits)(const DeviceTap *tap);
} TapClass;

/* Implementations begin their own structs with this. */
struct DeviceTap {
    const TapClass *class;
    Device *dev;
    GPtrArray *slots, *lines; /* what stands between the device and the outside */
};

/* Makes the taps of a machine's devices; they stay the source's and outlive the devices. */
struct TapSource {
    DeviceTap *(*make)(TapSource *source, Device *dev, const DeviceHost *host);
    /* The machine is complete; NULL: nobody wants to know. */
    void (*built)(TapSource *source);
};

void device_tap_init(DeviceTap *tap, const TapClass *class, Device *dev);
void device_tap_clear(DeviceTap *tap);

/* ---- for device_core.c: puts the tap into what the device is about to be given ---- */

void device_tap_claim(DeviceTap *tap, BusClaim *claim);
IrqLine *device_tap_line(DeviceTap *tap, IrqLine *to);
Timer *device_tap_timer(DeviceTap *tap, Clock *clock, GMutex *lock, unsigned index);

static inline void device_tap_enter(DeviceTap *tap, const TapEvent *event)
{
    if (G_UNLIKELY(tap)) {
        tap->class->enter(tap, event);
    }
}

static inline bool device_tap_admits(const DeviceTap *tap)
{
    return G_LIKELY(!tap) || !tap->class->admits || tap->class->admits(tap);
}

static inline void device_tap_leave(DeviceTap *tap, const TapEvent *event)
{
    if (G_UNLIKELY(tap)) {
        tap->class->leave(tap, event);
    }
}

/* ---- what the functions of devices/device.h do without a tap ---- */

bool device_memory_pass_read(const Device *dev, uint64_t address, void *data, size_t size);
bool device_memory_pass_write(const Device *dev, uint64_t address, const void *data, size_t size);
void device_bus_pass_write(const Device *dev, uint64_t address, uint64_t value, unsigned size);

/* ---- calls into a device, with its lock held; its tap may refuse what is the host's ---- */

void device_input(Device *dev, unsigned pin, bool level);

void device_receive(Device *dev, const uint8_t *data, size_t size);
void device_receive_break(Device *dev);
void device_lines_changed(Device *dev, unsigned lines);
void device_tx_room(Device *dev);
void device_block_done(Device *dev, const BlockResult *result);
/* What a device with a line to this one does; it is a DMA controller. */
void device_dma_request(Device *dev, unsigned channel, bool level);
size_t device_dma(Device *dev, unsigned channel, const DmaTransfer *transfer);
/* False when the device has no such thing or takes no more. */
bool device_take_key(Device *dev, unsigned code, bool pressed);
bool device_take_pointer(Device *dev, uint64_t movement, unsigned buttons);
/* Serves the deadline of one of the class's timers, which is disarmed. */
void device_fire(Device *dev, unsigned timer, uint64_t deadline);

#endif
