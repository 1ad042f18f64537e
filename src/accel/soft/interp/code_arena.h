/*
 * Where the blocks of all CPUs lie: one reserved range of addresses with one
 * budget, however many CPUs there are.  Memory is committed as it is used.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_CODE_ARENA_H
#define PIOEMU_ACCEL_SOFT_INTERP_CODE_ARENA_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CodeArena {
    uint8_t *base;
    size_t used, committed;
    unsigned epoch; /* grows when it is emptied */
} CodeArena;

/* The least that is committed, and so the most that code_arena_room() gives for certain. */
#define CODE_ARENA_CHUNK ((size_t)1 << 20)
#define CODE_ARENA_SIZE  ((size_t)32 << 20)

/* False: the host has no room for it. */
bool code_arena_open(CodeArena *arena, GError **error);
/* Also one that was not opened. */
void code_arena_close(CodeArena *arena);
/*
 * Room behind what is used, aligned to a cache line, of which code_arena_take()
 * takes some; NULL: the arena has to be emptied first.
 */
uint8_t *code_arena_room(CodeArena *arena, size_t size);
void code_arena_take(CodeArena *arena, size_t size);
void code_arena_empty(CodeArena *arena);

#endif
