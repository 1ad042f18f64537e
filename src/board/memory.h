/*
 * Guest physical memory: RAM with the hole below 4 GiB, ROM, and blocks and
 * windows that come and go while CPUs run.
 *
 * A block has bytes of its own, a window shows bytes of the RAM at another
 * address or in another way.  Each can be placed at an address, and hides what
 * is below it there: windows hide ROM, and ROM hides RAM.  What is left of
 * each is a region.  A region keeps the number of its slot for as long as
 * nothing about it changes, so an accelerator changes only what has changed.
 *
 * The bytes are anonymous mappings of the host, which it commits page by page as
 * they are touched; they stay until memory_free().  A copy that is under way while a region
 * moves ends in the bytes that it began with.
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
    unsigned slot; /* below MEMORY_SLOTS; no two regions have the same */
} MemoryRegion;

/* More regions than these cannot be: what does not fit is left out. */
#define MEMORY_SLOTS 64u

typedef struct MemoryBlock MemoryBlock;

/* Told of writes by devices and loaders, never of the CPU's own. */
typedef void MemoryWritten(void *opaque, uint64_t address, size_t size);
/*
 * Told after other bytes than before, or none, are at these addresses.  It is
 * called by the thread that made the change, and one at a time.
 */
typedef void MemoryChanged(void *opaque, uint64_t address, uint64_t size);

/*
 * `size` bytes of RAM (a multiple of 4 KiB) from 0; what does not fit below
 * MEMORY_HOLE_START goes to MEMORY_HOLE_END.  NULL and `error` when the host
 * has no room.  Freed by memory_free().
 */
Memory *memory_new(uint64_t size, GError **error);
void memory_free(Memory *memory);
uint64_t memory_ram_size(const Memory *memory);
/* CPUs are threads from now on: each look-up and copy takes a lock for a moment. */
void memory_set_shared(Memory *memory);

/*
 * Adds `size` bytes of zeroed memory at `base`, in place of any RAM that the
 * range covers; reads of it see `host`.  The region belongs to the memory.
 */
MemoryRegion *memory_add_rom(Memory *memory, const char *name, uint64_t base, uint64_t size,
                             GError **error);
/* The same, and writable; it does not count as part of the RAM's size. */
MemoryRegion *memory_add_shadow(Memory *memory, const char *name, uint64_t base, uint64_t size,
                                GError **error);

/* `size` bytes (whole pages) that are nowhere yet; NULL and `error` if the host has no room. */
MemoryBlock *memory_add_block(Memory *memory, const char *name, uint64_t size, GError **error);
/* The bytes of the RAM from its byte `offset` on; NULL: the RAM does not have all of them. */
MemoryBlock *memory_add_window(Memory *memory, const char *name, uint64_t offset, uint64_t size);
uint8_t *memory_block_host(const MemoryBlock *block);
/*
 * Places the block at `base` (a multiple of the page size), from wherever it is;
 * any thread.  Of two blocks in one place the one that was added last is seen.
 */
void memory_place(Memory *memory, MemoryBlock *block, uint64_t base, bool read_only);
void memory_unplace(Memory *memory, MemoryBlock *block);
/* No region crosses the address: a change on one side of it leaves the other alone. */
void memory_cut(Memory *memory, uint64_t address);

/* These three are for a memory that is not shared, or does not change now. */
unsigned memory_region_count(const Memory *memory);
const MemoryRegion *memory_region(const Memory *memory, unsigned index);
/* The region that holds `address`, or NULL: nothing backs it. */
const MemoryRegion *memory_find(const Memory *memory, uint64_t address);

/* Copies, or returns false and copies nothing if any byte is not backed. */
bool memory_read(const Memory *memory, uint64_t address, void *data, size_t size);
/* As above; read-only regions refuse too (loaders write through `host`). */
bool memory_write(Memory *memory, uint64_t address, const void *data, size_t size);
bool memory_fill(Memory *memory, uint64_t address, uint8_t value, size_t size);

/* Whether RAM, ROM or a block has any of these bytes; any thread. */
bool memory_overlaps(const Memory *memory, uint64_t address, uint64_t size);

void memory_set_changed(Memory *memory, MemoryChanged *changed, void *opaque);
void memory_set_written(Memory *memory, MemoryWritten *written, void *opaque);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, memory_free)

#endif
