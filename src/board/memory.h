/*
 * Guest physical memory: RAM with the hole below 4 GiB, ROM, and blocks and windows
 * that are placed and removed while CPUs run.
 *
 * A block has bytes of its own.  A window shows bytes of the RAM, or of a block, at
 * another address or with other rights.  Both can be placed at an address, where they
 * hide what is below them: windows hide ROM, and ROM hides RAM.  A gap hides RAM and
 * shows nothing, so that accesses reach the bus.  The visible parts are the
 * regions.  A region keeps the number of its slot as long as nothing about it
 * changes, so that an accelerator has to update only what has changed.
 *
 * The bytes are anonymous mappings.  The host commits them page by page as they are
 * touched, and they stay until memory_free().  If a region moves during a copy, the
 * copy ends in the bytes in which it began.
 */
#ifndef PIOEMU_BOARD_MEMORY_H
#define PIOEMU_BOARD_MEMORY_H

#include "src/base/page.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_HOLE_START UINT64_C(0xc0000000)
#define MEMORY_HOLE_END   UINT64_C(0x100000000)

typedef struct Memory Memory;

/* `host` backs [base, base + size); both are multiples of the page size. */
typedef struct MemoryRegion {
    const char *name;
    uint64_t base, size;
    uint8_t *host;
    bool read_only;
    unsigned slot; /* below MEMORY_SLOTS; differs for any two regions */
} MemoryRegion;

/* The limit for regions.  Regions that exceed it are left out. */
#define MEMORY_SLOTS 64u

typedef struct MemoryBlock MemoryBlock;

/* Told of writes by devices and loaders, but never of the CPU's own. */
typedef void MemoryWritten(void *opaque, uint64_t address, size_t size);
/*
 * Told after the bytes at these addresses have been replaced or removed.  Called by
 * the thread that made the change, for one change at a time.
 */
typedef void MemoryChanged(void *opaque, uint64_t address, uint64_t size);

/*
 * Makes `size` bytes of RAM (a multiple of 4 KiB) from address 0.  The part that
 * does not fit below MEMORY_HOLE_START goes to MEMORY_HOLE_END.  Returns NULL with
 * `error` when the host has no room.  Freed by memory_free().
 */
Memory *memory_new(uint64_t size, GError **error);
void memory_free(Memory *memory);
uint64_t memory_ram_size(const Memory *memory);
/* CPUs are threads from now on: each look-up and copy holds a lock for a moment. */
void memory_set_shared(Memory *memory);

/*
 * Adds `size` bytes of zeroed memory at `base`. They replace any RAM in the range,
 * for reads of `host` as well.  The region belongs to the memory.
 */
MemoryRegion *memory_add_rom(Memory *memory, const char *name, uint64_t base, uint64_t size,
                             GError **error);
/* The same, but writable.  It does not count as part of the RAM's size. */
MemoryRegion *memory_add_shadow(Memory *memory, const char *name, uint64_t base, uint64_t size,
                                GError **error);

/*
 * Adds a block of `size` bytes (whole pages) that is not placed yet.  NULL with
 * `error` if the host has no room.
 */
MemoryBlock *memory_add_block(Memory *memory, const char *name, uint64_t size, GError **error);
/* Adds a window to the RAM's bytes from `offset` on.  NULL if the RAM does not have all of them. */
MemoryBlock *memory_add_window(Memory *memory, const char *name, uint64_t offset, uint64_t size);
/* Adds a window that shows nothing yet.  memory_show() places it. */
MemoryBlock *memory_add_view(Memory *memory, const char *name);
/* Adds a gap at `base`.  Both numbers are multiples of the page size. */
void memory_add_gap(Memory *memory, const char *name, uint64_t base, uint64_t size);
uint8_t *memory_block_host(const MemoryBlock *block);
/*
 * Places the block at `base` (a multiple of the page size), or moves it there.  Any
 * thread can call it.  Of two blocks in one place, the one that was added last is
 * visible.
 */
void memory_place(Memory *memory, MemoryBlock *block, uint64_t base, bool read_only);
/* Places a window of memory_add_view(), or moves it: to `base`, and to these bytes of `of`. */
void memory_show(Memory *memory, MemoryBlock *view, uint64_t base, const MemoryBlock *of,
                 uint64_t offset, uint64_t size);
void memory_unplace(Memory *memory, MemoryBlock *block);
/*
 * From now on no region crosses the address: a change on one side of it leaves the
 * other side alone.
 */
void memory_cut(Memory *memory, uint64_t address);

/* These three are for a memory that is not shared or does not change now. */
unsigned memory_region_count(const Memory *memory);
const MemoryRegion *memory_region(const Memory *memory, unsigned index);
/* The region that contains `address`, or NULL if nothing backs it. */
const MemoryRegion *memory_find(const Memory *memory, uint64_t address);

/* Copies.  Returns false and copies nothing if any byte is not backed. */
bool memory_read(const Memory *memory, uint64_t address, void *data, size_t size);
/* Likewise.  These also refuse to write to read-only regions (loaders write through `host`). */
bool memory_write(Memory *memory, uint64_t address, const void *data, size_t size);
bool memory_fill(Memory *memory, uint64_t address, uint8_t value, size_t size);

/* Whether any of these bytes is in RAM, ROM or a block.  Any thread can call it. */
bool memory_overlaps(const Memory *memory, uint64_t address, uint64_t size);

void memory_set_changed(Memory *memory, MemoryChanged *changed, void *opaque);
void memory_set_written(Memory *memory, MemoryWritten *written, void *opaque);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, memory_free)

#endif
