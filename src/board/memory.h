/*
 * Guest physical memory: RAM with the hole below 4 GiB, and ROM.
 *
 * Backed by anonymous mappings that the host commits page by page as they are
 * touched.  Regions are added before the machine runs; look-up and copying are
 * then free of locks and safe from any thread.
 */
#ifndef PIOEMU_BOARD_MEMORY_H
#define PIOEMU_BOARD_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_HOLE_START UINT64_C(0xc0000000)
#define MEMORY_HOLE_END   UINT64_C(0x100000000)
#define MEMORY_PAGE_SIZE  4096u

typedef struct Memory Memory;

/* `host` backs [base, base + size); both are multiples of the page size. */
typedef struct MemoryRegion {
    const char *name;
    uint64_t base, size;
    uint8_t *host;
    bool read_only;
} MemoryRegion;

/* Told of writes by devices and loaders, never of the CPU's own. */
typedef void MemoryWritten(void *opaque, uint64_t address, size_t size);

/*
 * `size` bytes of RAM (a multiple of 4 KiB) from 0; what does not fit below
 * MEMORY_HOLE_START goes to MEMORY_HOLE_END.  NULL and `error` when the host
 * has no room.  Freed by memory_free().
 */
Memory *memory_new(uint64_t size, GError **error);
void memory_free(Memory *memory);
uint64_t memory_ram_size(const Memory *memory);

/*
 * Adds `size` bytes of zeroed memory at `base`, in place of any RAM that the
 * range covers; reads of it see `host`.  The region belongs to the memory.
 */
MemoryRegion *memory_add_rom(Memory *memory, const char *name, uint64_t base, uint64_t size,
                             GError **error);
/* The same, and writable; it does not count as part of the RAM's size. */
MemoryRegion *memory_add_shadow(Memory *memory, const char *name, uint64_t base, uint64_t size,
                                GError **error);

unsigned memory_region_count(const Memory *memory);
const MemoryRegion *memory_region(const Memory *memory, unsigned index);
/* The region that holds `address`, or NULL: nothing backs it. */
const MemoryRegion *memory_find(const Memory *memory, uint64_t address);

/* Copies, or returns false and copies nothing if any byte is not backed. */
bool memory_read(const Memory *memory, uint64_t address, void *data, size_t size);
/* As above; read-only regions refuse too (loaders write through `host`). */
bool memory_write(Memory *memory, uint64_t address, const void *data, size_t size);
bool memory_fill(Memory *memory, uint64_t address, uint8_t value, size_t size);

void memory_set_written(Memory *memory, MemoryWritten *written, void *opaque);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, memory_free)

#endif
