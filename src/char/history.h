/*
 * The last bytes that a line printed, each at its absolute position.
 *
 * Position 0 is the first byte of the run.  A reader is a position.  Putting never
 * fails: it overwrites the oldest bytes.  A reader that has missed bytes finds its
 * position below history_tail().
 */
#ifndef PIOEMU_CHAR_HISTORY_H
#define PIOEMU_CHAR_HISTORY_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct History {
    uint8_t *data;
    size_t size;
    uint64_t head; /* the position of the next byte */
} History;

static inline void history_init(History *history, size_t size)
{
    *history = (History){.data = g_malloc(size), .size = size};
}

static inline void history_clear(History *history)
{
    g_clear_pointer(&history->data, g_free);
}

/* The position of the oldest byte that is kept. */
static inline uint64_t history_tail(const History *history)
{
    return history->head > history->size ? history->head - history->size : 0;
}

static inline void history_put(History *history, const uint8_t *data, size_t size)
{
    size_t kept = MIN(size, history->size);
    size_t at = (history->head + size - kept) % history->size;
    size_t first = MIN(kept, history->size - at);
    data += size - kept;
    memcpy(history->data + at, data, first);
    memcpy(history->data, data + first, kept - first);
    history->head += size;
}

/*
 * Finds the bytes from `position` (tail to head) that are contiguous in memory, and
 * returns how many there are.
 */
static inline size_t history_peek(const History *history, uint64_t position, const uint8_t **data)
{
    size_t at = position % history->size;
    *data = history->data + at;
    return MIN(history->head - position, history->size - at);
}

#endif
