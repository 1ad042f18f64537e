/*
 * A ring of frames with one producer and one consumer, which may be different
 * threads.  Each frame lies in one piece, behind its length.  The size is a power
 * of two; positions increase and wrap at 2^32.
 */
#ifndef PIOEMU_NET_FRAME_RING_H
#define PIOEMU_NET_FRAME_RING_H

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct FrameRing {
    uint8_t *data;
    uint32_t size;
    _Atomic uint32_t head; /* changed by the producer: the position of the next frame */
    _Atomic uint32_t tail; /* changed by the consumer: the position of the oldest frame */
} FrameRing;

/* In place of a length: the next frame is at the start of the memory. */
#define FRAME_RING_WRAP UINT32_MAX

static inline void frame_ring_init(FrameRing *ring, uint32_t size)
{
    ring->data = g_malloc(size);
    ring->size = size;
    ring->head = 0;
    ring->tail = 0;
}

static inline void frame_ring_clear(FrameRing *ring)
{
    g_clear_pointer(&ring->data, g_free);
}

/* Bytes, with the lengths. */
static inline uint32_t frame_ring_used(const FrameRing *ring)
{
    return atomic_load(&ring->head) - atomic_load(&ring->tail);
}

static inline uint32_t frame_ring_space(size_t size)
{
    return (uint32_t)((sizeof(uint32_t) + size + 3) & ~(size_t)3);
}

/* For the producer; false: there is no room for it. */
static inline bool frame_ring_put(FrameRing *ring, const uint8_t *frame, size_t size)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t at = head & (ring->size - 1), room = ring->size - frame_ring_used(ring);
    uint32_t space = frame_ring_space(size), gap = ring->size - at;
    uint32_t length = (uint32_t)size;
    gap = gap < space ? gap : 0;
    if (size >= ring->size || room < space + gap) {
        return false;
    }
    if (gap) {
        memcpy(ring->data + at, &(uint32_t){FRAME_RING_WRAP}, sizeof(uint32_t));
        at = 0;
    }
    memcpy(ring->data + at, &length, sizeof(length));
    memcpy(ring->data + at + sizeof(length), frame, size);
    atomic_store(&ring->head, head + gap + space);
    return true;
}

/* For the consumer: the oldest frame and its size; 0: there is none. */
static inline size_t frame_ring_peek(FrameRing *ring, const uint8_t **frame)
{
    uint32_t length;
    for (;;) {
        uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        uint32_t at = tail & (ring->size - 1);
        if (tail == atomic_load(&ring->head)) {
            return 0;
        }
        memcpy(&length, ring->data + at, sizeof(length));
        *frame = ring->data + at + sizeof(length);
        if (length != FRAME_RING_WRAP) {
            return length;
        }
        atomic_store(&ring->tail, tail + (ring->size - at));
    }
}

/* For the consumer: removes the oldest frame, of this size. */
static inline void frame_ring_skip(FrameRing *ring, size_t size)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store(&ring->tail, tail + frame_ring_space(size));
}

#endif
