/* A queue of the bytes that a PS/2 device has to send. */
#ifndef PIOEMU_DEVICES_INPUT_PS2_QUEUE_H
#define PIOEMU_DEVICES_INPUT_PS2_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define PS2_QUEUE_SIZE 32u

typedef struct Ps2Queue {
    uint8_t bytes[PS2_QUEUE_SIZE]; /* the oldest byte comes first; unused bytes are 0 */
    uint8_t count;
} Ps2Queue;

static inline void ps2_queue_clear(Ps2Queue *q)
{
    *q = (Ps2Queue){0};
}

static inline unsigned ps2_queue_room(const Ps2Queue *q)
{
    return PS2_QUEUE_SIZE - q->count;
}

/* The caller has checked that there is room. */
static inline void ps2_queue_put(Ps2Queue *q, uint8_t byte)
{
    if (q->count < PS2_QUEUE_SIZE) {
        q->bytes[q->count++] = byte;
    }
}

static inline uint8_t ps2_queue_take(Ps2Queue *q)
{
    uint8_t byte = q->bytes[0];
    for (unsigned i = 1; i < q->count; i++) {
        q->bytes[i - 1] = q->bytes[i];
    }
    q->bytes[--q->count] = 0;
    return byte;
}

#endif
