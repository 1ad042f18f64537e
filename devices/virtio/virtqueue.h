/*
 * Split virtqueues (Virtual I/O Device 1.2, section 2.7): the rings in guest memory
 * through which a driver gives a device its buffers and gets them back.
 *
 * A chain is checked as a whole before anything is done with it.  A ring or a chain
 * that the specification forbids is reported to the caller, who stops the device.
 */
#ifndef PIOEMU_VIRTIO_VIRTQUEUE_H
#define PIOEMU_VIRTIO_VIRTQUEUE_H

#include "devices/device.h"

#define VIRTQ_SIZE_MAX 256u

/* One queue. The addresses are those of guest memory. */
typedef struct Virtqueue {
    uint64_t descriptors, driver_ring, device_ring;
    uint16_t size;     /* how many descriptors, a power of two */
    uint16_t taken;    /* the position in the available ring */
    uint16_t returned; /* the position in the used ring */
    uint16_t told;     /* the position in the used ring at the last interrupt */
    bool has_told;     /* there was an interrupt since the reset */
} Virtqueue;

/* What the driver has accepted. */
typedef struct VirtqFeatures {
    bool indirect;    /* VIRTIO_F_INDIRECT_DESC */
    bool event_index; /* VIRTIO_F_EVENT_IDX */
} VirtqFeatures;

typedef struct VirtqSpan {
    uint64_t address;
    uint32_t size;
} VirtqSpan;

/* One buffer of the driver's: spans that the device reads, then spans that it writes. */
typedef struct VirtqChain {
    uint16_t head;
    unsigned readable, writable; /* how many spans of each */
    uint64_t readable_bytes, writable_bytes;
    VirtqSpan spans[VIRTQ_SIZE_MAX];
} VirtqChain;

typedef enum VirtqResult {
    VIRTQ_CHAIN,
    VIRTQ_EMPTY,
    VIRTQ_BROKEN /* the driver has broken a rule; `why` says which */
} VirtqResult;

/* Takes the next chain.  `dev` gives access to the memory. */
VirtqResult virtq_take(Device *dev, Virtqueue *q, const VirtqFeatures *features, VirtqChain *chain,
                       const char **why);
/* Reads a chain that was taken earlier once more. */
VirtqResult virtq_look_at(Device *dev, const Virtqueue *q, const VirtqFeatures *features,
                          uint16_t head, VirtqChain *chain, const char **why);
/* Gives a chain back, with the number of bytes that the device has written. */
bool virtq_return(Device *dev, Virtqueue *q, uint16_t head, uint32_t written);
/* Whether the driver wants an interrupt for what was returned. */
bool virtq_wants_interrupt(Device *dev, Virtqueue *q, const VirtqFeatures *features);
/*
 * Tells the driver that it is to notify for the next chain.  Returns true if there
 * is one already.
 */
bool virtq_wait(Device *dev, Virtqueue *q, const VirtqFeatures *features);

/*
 * Copies bytes of the readable or to the writable spans.  Returns how many there
 * were; 0 if some are outside of the memory.
 */
size_t virtq_read(Device *dev, const VirtqChain *chain, uint64_t offset, void *data, size_t size);
size_t virtq_write(Device *dev, const VirtqChain *chain, uint64_t offset, const void *data,
                   size_t size);
/*
 * The part of the spans of one kind at [offset, offset + size), as pieces for the
 * drives.  Returns how many pieces there are.
 */
size_t virtq_slice(const VirtqChain *chain, bool writable, uint64_t offset, uint64_t size,
                   BlockSpan pieces[VIRTQ_SIZE_MAX]);

#endif
