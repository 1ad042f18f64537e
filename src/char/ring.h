/*
 * A byte ring with one producer and one consumer, which may be different threads.
 * The size is a power of two.  Positions increase and wrap at 2^32.
 */
#ifndef PIOEMU_CHAR_RING_H
#define PIOEMU_CHAR_RING_H

#include <glib.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Ring {
    uint8_t *data;
    uint32_t size;
    _Atomic uint32_t head; /* changed by the producer: the position of the next byte */
    _Atomic uint32_t tail; /* changed by the consumer: the position of the oldest byte */
} Ring;

static inline void ring_init(Ring *ring, uint32_t size)
{
    ring->data = g_malloc(size);
    ring->size = size;
    ring->head = 0;
    ring->tail = 0;
}

static inline void ring_clear(Ring *ring)
{
    g_clear_pointer(&ring->data, g_free);
    ring->size = 0;
}

static inline uint32_t ring_used(const Ring *ring)
{
    return atomic_load(&ring->head) - atomic_load(&ring->tail);
}

static inline uint32_t ring_room(const Ring *ring)
{
    return ring->size - ring_used(ring);
}

/* For the producer: puts as much as fits, and returns how much that was. */
static inline size_t ring_put(Ring *ring, const uint8_t *data, size_t size)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t room = ring_room(ring); /* read once, as it may grow meanwhile */
    uint32_t take = (uint32_t)MIN(size, room);
    uint32_t at = head & (ring->size - 1);
    uint32_t first = MIN(take, ring->size - at);
    memcpy(ring->data + at, data, first);
    memcpy(ring->data, data + first, take - first);
    atomic_store(&ring->head, head + take);
    return take;
}

/* For the consumer: finds the oldest bytes that are contiguous in memory. */
static inline size_t ring_peek(const Ring *ring, const uint8_t **data)
{
    uint32_t at = atomic_load_explicit(&ring->tail, memory_order_relaxed) & (ring->size - 1);
    *data = ring->data + at;
    uint32_t used = ring_used(ring); /* read once, as it may grow meanwhile */
    return MIN(used, ring->size - at);
}

/* For the consumer: removes the oldest `size` bytes. */
static inline void ring_skip(Ring *ring, size_t size)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store(&ring->tail, tail + (uint32_t)size);
}

#endif
