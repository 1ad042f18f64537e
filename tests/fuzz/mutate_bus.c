/*
 * How libFuzzer changes an input of fuzz_bus.c.  If bytes were inserted or removed
 * anywhere, all following operations would have another meaning.  This mutator changes
 * whole operations.  It also puts accesses to one device next to each other more
 * often.
 */
#include "tests/fuzz/bus_script.h"

#include <stdbool.h>

#define BURST_MAX  8u
#define PIECE_MAX  256u
#define NEIGHBOURS 8u /* how many ports a device has */

/* The names that libFuzzer expects. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

/* Where the operations of a script begin.  The last entry is the end. */
typedef struct Places {
    size_t at[BUS_OPS_MAX + 1];
    size_t count; /* how many operations there are */
} Places;

/* From one place to a later one. */
typedef struct Range {
    size_t from, size;
} Range;

static unsigned draw(unsigned *random, size_t below)
{
    *random = *random * 1664525u + 1013904223u;
    return (unsigned)((uint64_t)*random * below >> 32);
}

static void find_places(const uint8_t *data, size_t size, Places *places)
{
    FuzzInput in = {data, size};
    *places = (Places){0};
    while (in.size && places->count < BUS_OPS_MAX) {
        bus_take_op(&in);
        places->at[++places->count] = (size_t)(in.data - data);
    }
}

static size_t draw_place(const Places *places, unsigned *random)
{
    return places->at[draw(random, places->count + 1)];
}

/* Draws a range of one or several operations. */
static Range draw_range(const Places *places, unsigned *random)
{
    if (!places->count) {
        return (Range){0};
    }
    unsigned first = draw(random, places->count);
    unsigned most = 1u << draw(random, 7);
    size_t last = first + draw(random, MIN(places->count - first, most));
    return (Range){places->at[first], places->at[last + 1] - places->at[first]};
}

/* Returns the new size.  If it would be too large, nothing is inserted. */
static size_t insert(uint8_t *data, size_t size, size_t max_size, size_t at, const uint8_t *piece,
                     size_t piece_size)
{
    if (piece_size > max_size - size) {
        return size;
    }
    memmove(data + at + piece_size, data + at, size - at);
    memcpy(data + at, piece, piece_size);
    return size + piece_size;
}

static size_t erase(uint8_t *data, size_t size, Range range)
{
    memmove(data + range.from, data + range.from + range.size, size - range.from - range.size);
    return size - range.size;
}

static uint8_t draw_value(unsigned *random)
{
    unsigned value = draw(random, 0x100);
    switch (draw(random, 4)) {
    case 0:
        return (uint8_t)(1u << value % 8);
    case 1:
        return (uint8_t)(value % 4);
    default:
        return (uint8_t)value;
    }
}

/* Puts something between accesses: time, or the acknowledge of an interrupt. */
static size_t put_pause(uint8_t *to, unsigned *random)
{
    if (draw(random, 2)) {
        to[0] = BUS_ACKNOWLEDGE;
        return 1;
    }
    to[0] = BUS_STEP;
    to[1] = (uint8_t)draw(random, 0x100);
    to[2] = (uint8_t)draw(random, 0x80);
    return 3;
}

/* Puts accesses to adjacent ports. */
static size_t put_burst(uint8_t *to, unsigned *random)
{
    unsigned port = draw(random, BUS_ANY_PORT - NEIGHBOURS);
    unsigned near = 1 + draw(random, NEIGHBOURS);
    size_t size = 0;
    for (unsigned left = 1 + draw(random, BURST_MAX); left; left--) {
        bool write = draw(random, 3);
        to[size++] = write ? BUS_WRITE : 0;
        to[size++] = 0;
        to[size++] = (uint8_t)(port + draw(random, near));
        if (write) {
            to[size++] = draw_value(random);
        }
        if (!draw(random, 4)) {
            size += put_pause(to + size, random);
        }
    }
    return size;
}

static size_t insert_burst(uint8_t *data, size_t size, size_t max_size, size_t at, unsigned *random)
{
    uint8_t piece[BURST_MAX * 7];
    return insert(data, size, max_size, at, piece, put_burst(piece, random));
}

static size_t insert_copy(uint8_t *data, size_t size, size_t max_size, const Places *places,
                          unsigned *random)
{
    uint8_t piece[PIECE_MAX];
    Range range = draw_range(places, random);
    size_t piece_size = MIN(range.size, PIECE_MAX);
    memcpy(piece, data + range.from, piece_size);
    return insert(data, size, max_size, draw_place(places, random), piece, piece_size);
}

/* Changes bytes within one operation, which may be longer afterwards. */
static size_t change_one(uint8_t *data, size_t size, size_t max_size, const Places *places,
                         unsigned *random)
{
    uint8_t piece[PIECE_MAX];
    unsigned which = draw(random, places->count);
    Range range = {places->at[which], places->at[which + 1] - places->at[which]};
    size_t piece_size = MIN(range.size, PIECE_MAX / 2);
    memcpy(piece, data + range.from, piece_size);
    piece_size = LLVMFuzzerMutate(piece, piece_size, PIECE_MAX);
    size = erase(data, size, range);
    return insert(data, size, max_size, range.from, piece, piece_size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    unsigned random = seed;
    Places places;
    find_places(data, size, &places);
    unsigned how = draw(&random, 8);
    if (how < 2 || !places.count) {
        return insert_burst(data, size, max_size, draw_place(&places, &random), &random);
    }
    if (how < 4) {
        return insert_copy(data, size, max_size, &places, &random);
    }
    if (how < 5) {
        return erase(data, size, draw_range(&places, &random));
    }
    if (how < 7) {
        return change_one(data, size, max_size, &places, &random);
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

/* Inserts some operations of one input into the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    unsigned random = seed;
    Places places;
    size_t size = MIN(a_size, max_size);
    find_places(b, b_size, &places);
    Range range = draw_range(&places, &random);
    memcpy(out, a, size);
    find_places(out, size, &places);
    return insert(out, size, max_size, draw_place(&places, &random), b + range.from, range.size);
}
