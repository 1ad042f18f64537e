/*
 * The memory for the blocks of all CPUs: one reserved range of addresses with one
 * limit, for any number of CPUs.  Memory is committed as it is used.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_CODE_ARENA_H
#define PIOEMU_ACCEL_SOFT_INTERP_CODE_ARENA_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CodeArena {
    uint8_t *base;
    size_t size; /* of the reserved range */
    size_t used, committed;
    unsigned epoch; /* grows each time the arena is emptied */
} CodeArena;

/*
 * The smallest amount that is committed, and therefore the largest that
 * code_arena_room() can guarantee.
 */
#define CODE_ARENA_CHUNK ((size_t)1 << 20)
/* The sizes of the range: the host may limit the address space of a process. */
#define CODE_ARENA_SIZE  ((size_t)128 << 20)
#define CODE_ARENA_LEAST ((size_t)16 << 20)

/* Returns false if the host has no room for even the smallest range. */
bool code_arena_open(CodeArena *arena, GError **error);
/* Can also be called for an arena that was not opened. */
void code_arena_close(CodeArena *arena);
/*
 * Returns the free room after the used part, aligned to a cache line.
 * code_arena_take() then takes some of it.  NULL: the arena must be emptied first.
 */
uint8_t *code_arena_room(CodeArena *arena, size_t size);
void code_arena_take(CodeArena *arena, size_t size);
void code_arena_empty(CodeArena *arena);

#endif
