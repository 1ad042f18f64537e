#include "src/board/memory.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct Memory {
    uint64_t ram_size;
    GArray *regions;  /* of MemoryRegion, by base, never overlapping */
    GArray *mappings; /* of Mapping: what to unmap */
    MemoryWritten *written;
    void *opaque;
};

typedef struct Mapping {
    uint8_t *host;
    uint64_t size;
} Mapping;

static uint8_t *map(Memory *memory, const char *name, uint64_t size, GError **error)
{
    void *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_HOST,
                    "%s: the host has no %" G_GUINT64_FORMAT " MiB of address space: %s", name,
                    size >> 20, g_strerror(errno));
        return NULL;
    }
    /* A core file is for us; a guest's gigabytes, and its secrets, are not in it. */
    madvise(host, size, MADV_DONTDUMP);
    Mapping mapping = {host, size};
    g_array_append_val(memory->mappings, mapping);
    return host;
}

static gint compare_bases(gconstpointer a, gconstpointer b)
{
    const MemoryRegion *x = a, *y = b;
    return (x->base > y->base) - (x->base < y->base);
}

static void add_region(Memory *memory, const char *name, uint64_t base, uint64_t size,
                       uint8_t *host, bool read_only)
{
    MemoryRegion region = {name, base, size, host, read_only};
    g_array_append_val(memory->regions, region);
    g_array_sort(memory->regions, compare_bases);
}

Memory *memory_new(uint64_t size, GError **error)
{
    Memory *memory = g_new0(Memory, 1);
    memory->ram_size = size;
    memory->regions = g_array_new(false, false, sizeof(MemoryRegion));
    memory->mappings = g_array_new(false, false, sizeof(Mapping));
    uint8_t *host = map(memory, "-m", size, error);
    if (!host) {
        memory_free(memory);
        return NULL;
    }
    uint64_t low = MIN(size, MEMORY_HOLE_START);
    add_region(memory, "ram", 0, low, host, false);
    if (size > low) {
        add_region(memory, "ram-above-4g", MEMORY_HOLE_END, size - low, host + low, false);
    }
    return memory;
}

void memory_free(Memory *memory)
{
    for (guint i = 0; i < memory->mappings->len; i++) {
        Mapping *mapping = &g_array_index(memory->mappings, Mapping, i);
        munmap(mapping->host, mapping->size);
    }
    g_array_unref(memory->mappings);
    g_array_unref(memory->regions);
    g_free(memory);
}

uint64_t memory_ram_size(const Memory *memory)
{
    return memory->ram_size;
}

/* Cuts [base, end) out of every region it touches. */
static void punch_hole(Memory *memory, uint64_t base, uint64_t end)
{
    g_autoptr(GArray) old = memory->regions;
    memory->regions = g_array_new(false, false, sizeof(MemoryRegion));
    for (guint i = 0; i < old->len; i++) {
        MemoryRegion *r = &g_array_index(old, MemoryRegion, i);
        uint64_t r_end = r->base + r->size;
        if (r->base < base) {
            add_region(memory, r->name, r->base, MIN(r_end, base) - r->base, r->host, r->read_only);
        }
        if (r_end > end) {
            uint64_t from = MAX(r->base, end);
            add_region(memory, r->name, from, r_end - from, r->host + (from - r->base),
                       r->read_only);
        }
    }
}

static MemoryRegion *add_over_ram(Memory *memory, const MemoryRegion *wanted, GError **error)
{
    uint8_t *host = map(memory, wanted->name, wanted->size, error);
    if (!host) {
        return NULL;
    }
    punch_hole(memory, wanted->base, wanted->base + wanted->size);
    add_region(memory, wanted->name, wanted->base, wanted->size, host, wanted->read_only);
    return (MemoryRegion *)memory_find(memory, wanted->base);
}

MemoryRegion *memory_add_rom(Memory *memory, const char *name, uint64_t base, uint64_t size,
                             GError **error)
{
    const MemoryRegion wanted = {.name = name, .base = base, .size = size, .read_only = true};
    return add_over_ram(memory, &wanted, error);
}

MemoryRegion *memory_add_shadow(Memory *memory, const char *name, uint64_t base, uint64_t size,
                                GError **error)
{
    const MemoryRegion wanted = {.name = name, .base = base, .size = size};
    return add_over_ram(memory, &wanted, error);
}

unsigned memory_region_count(const Memory *memory)
{
    return memory->regions->len;
}

const MemoryRegion *memory_region(const Memory *memory, unsigned index)
{
    return &g_array_index(memory->regions, MemoryRegion, index);
}

const MemoryRegion *memory_find(const Memory *memory, uint64_t address)
{
    for (guint i = 0; i < memory->regions->len; i++) {
        const MemoryRegion *region = memory_region(memory, i);
        if (address - region->base < region->size) {
            return region;
        }
    }
    return NULL;
}

/* The part of [address, address + size) in one region, or 0. */
static size_t span(const Memory *memory, uint64_t address, size_t size, bool write, uint8_t **host)
{
    const MemoryRegion *region = memory_find(memory, address);
    *host = NULL;
    if (!region || (write && region->read_only)) {
        return 0;
    }
    uint64_t offset = address - region->base;
    *host = region->host + offset;
    return (size_t)MIN(size, region->size - offset);
}

static bool is_backed(const Memory *memory, uint64_t address, size_t size, bool write)
{
    uint8_t *host;
    while (size) {
        size_t part = span(memory, address, size, write, &host);
        if (!part) {
            return false;
        }
        address += part;
        size -= part;
    }
    return true;
}

bool memory_read(const Memory *memory, uint64_t address, void *data, size_t size)
{
    if (!is_backed(memory, address, size, false)) {
        return false;
    }
    uint8_t *to = data, *host;
    while (size) {
        size_t part = span(memory, address, size, false, &host);
        memcpy(to, host, part);
        to += part;
        address += part;
        size -= part;
    }
    return true;
}

static void tell_written(Memory *memory, uint64_t address, size_t size)
{
    if (memory->written) {
        memory->written(memory->opaque, address, size);
    }
}

bool memory_write(Memory *memory, uint64_t address, const void *data, size_t size)
{
    if (!is_backed(memory, address, size, true)) {
        return false;
    }
    const uint8_t *from = data;
    uint8_t *host;
    while (size) {
        size_t part = span(memory, address, size, true, &host);
        memcpy(host, from, part);
        tell_written(memory, address, part);
        from += part;
        address += part;
        size -= part;
    }
    return true;
}

bool memory_fill(Memory *memory, uint64_t address, uint8_t value, size_t size)
{
    if (!is_backed(memory, address, size, true)) {
        return false;
    }
    uint8_t *host;
    while (size) {
        size_t part = span(memory, address, size, true, &host);
        memset(host, value, part);
        tell_written(memory, address, part);
        address += part;
        size -= part;
    }
    return true;
}

void memory_set_written(Memory *memory, MemoryWritten *written, void *opaque)
{
    memory->written = written;
    memory->opaque = opaque;
}
