/* The memory of the blocks; see the header. */
#include "src/accel/soft/interp/code_arena.h"

#include "src/base/error.h"

#include <errno.h>
#include <sys/mman.h>

/* Returns false if the host has no more memory at the moment. */
static bool commit(CodeArena *arena)
{
    uint8_t *from = arena->base + arena->committed;
    if (arena->committed == arena->size ||
        mprotect(from, CODE_ARENA_CHUNK, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    arena->committed += CODE_ARENA_CHUNK;
    return true;
}

/* Returns NULL if there is no such room. */
static uint8_t *reserve(size_t size)
{
    void *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return base == MAP_FAILED ? NULL : base;
}

bool code_arena_open(CodeArena *arena, GError **error)
{
    *arena = (CodeArena){.size = CODE_ARENA_SIZE, .base = reserve(CODE_ARENA_SIZE)};
    while (!arena->base && arena->size > CODE_ARENA_LEAST) {
        arena->size /= 2;
        arena->base = reserve(arena->size);
    }
    if (!arena->base || !commit(arena)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "-accel soft: the host has no %zu MiB of address space for decoded code: %s",
                    CODE_ARENA_LEAST >> 20, g_strerror(errno));
        return false;
    }
    return true;
}

void code_arena_close(CodeArena *arena)
{
    if (arena->base) {
        munmap(arena->base, arena->size);
        arena->base = NULL;
    }
}

uint8_t *code_arena_room(CodeArena *arena, size_t size)
{
    while (arena->used + size > arena->committed) {
        if (!commit(arena)) {
            return NULL;
        }
    }
    return arena->base + arena->used;
}

void code_arena_take(CodeArena *arena, size_t size)
{
    arena->used += size;
}

void code_arena_empty(CodeArena *arena)
{
    arena->used = 0;
    arena->epoch++;
}
