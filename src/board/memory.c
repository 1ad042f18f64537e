#include "src/board/memory.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* From the lowest layer to the one that hides the others. */
enum { LAYER_RAM, LAYER_GAP, LAYER_ROM, LAYER_WINDOW, LAYERS };

struct MemoryBlock {
    const char *name;
    uint64_t base, size;
    uint8_t *host; /* NULL: a gap */
    bool placed, read_only;
    unsigned layer;
};

struct Memory {
    uint64_t ram_size;
    uint8_t *ram;
    bool shared;
    GMutex lock;        /* protects `regions` if the memory is shared */
    GArray *regions;    /* of MemoryRegion, sorted by base; they never overlap */
    GMutex change_lock; /* held during a change; taken before `lock` */
    GPtrArray *blocks;  /* of MemoryBlock, in the order in which they were added */
    GArray *cuts;       /* of uint64_t */
    GArray *mappings;   /* of Mapping: what memory_free() unmaps */
    MemoryChanged *changed;
    void *changed_opaque;
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
    /*
     * A core file should show the state of pioemu.  It need not contain a guest's
     * gigabytes and secrets.
     */
    madvise(host, size, MADV_DONTDUMP);
    Mapping mapping = {host, size};
    g_array_append_val(memory->mappings, mapping);
    return host;
}

/* ---- blocks ---- */

static MemoryBlock *add(Memory *memory, const MemoryBlock *wanted)
{
    MemoryBlock *block = g_memdup2(wanted, sizeof(*wanted));
    g_mutex_lock(&memory->change_lock);
    g_ptr_array_add(memory->blocks, block);
    g_mutex_unlock(&memory->change_lock);
    return block;
}

/* ---- regions: what is seen of the blocks ---- */

static gint compare_bases(gconstpointer a, gconstpointer b)
{
    const MemoryRegion *x = a, *y = b;
    return (x->base > y->base) - (x->base < y->base);
}

static void add_part(GArray *regions, const MemoryRegion *whole, uint64_t base, uint64_t end)
{
    if (base < end) {
        MemoryRegion part = *whole;
        part.host += base - whole->base;
        part.base = base;
        part.size = end - base;
        g_array_append_val(regions, part);
    }
}

/* Cuts [base, end) out of every region it touches. */
static GArray *punch_hole(GArray *regions, uint64_t base, uint64_t end)
{
    GArray *rest = g_array_new(false, false, sizeof(MemoryRegion));
    for (guint i = 0; i < regions->len; i++) {
        const MemoryRegion *r = &g_array_index(regions, MemoryRegion, i);
        add_part(rest, r, r->base, MIN(r->base + r->size, base));
        add_part(rest, r, MAX(r->base, end), r->base + r->size);
    }
    g_array_unref(regions);
    return rest;
}

static GArray *add_block(GArray *regions, const MemoryBlock *block)
{
    regions = punch_hole(regions, block->base, block->base + block->size);
    const MemoryRegion whole = {.name = block->name,
                                .base = block->base,
                                .size = block->size,
                                .host = block->host,
                                .read_only = block->read_only};
    if (block->host) {
        g_array_append_val(regions, whole);
    }
    return regions;
}

static GArray *cut_at(GArray *regions, uint64_t address)
{
    for (guint i = 0; i < regions->len; i++) {
        const MemoryRegion r = g_array_index(regions, MemoryRegion, i);
        if (address > r.base && address - r.base < r.size) {
            g_array_remove_index(regions, i);
            add_part(regions, &r, r.base, address);
            add_part(regions, &r, address, r.base + r.size);
            break;
        }
    }
    return regions;
}

static GArray *make_regions(const Memory *memory)
{
    GArray *regions = g_array_new(false, false, sizeof(MemoryRegion));
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        for (guint i = 0; i < memory->blocks->len; i++) {
            const MemoryBlock *block = memory->blocks->pdata[i];
            if (block->placed && block->layer == layer) {
                regions = add_block(regions, block);
            }
        }
    }
    for (guint i = 0; i < memory->cuts->len; i++) {
        regions = cut_at(regions, g_array_index(memory->cuts, uint64_t, i));
    }
    g_array_sort(regions, compare_bases);
    g_array_set_size(regions, MIN(regions->len, MEMORY_SLOTS));
    return regions;
}

static bool is_same_region(const MemoryRegion *a, const MemoryRegion *b)
{
    return a->base == b->base && a->size == b->size && a->host == b->host &&
           a->read_only == b->read_only;
}

/* A region that has not changed keeps its slot.  The others get the lowest free slots. */
static void number_regions(GArray *regions, const GArray *before)
{
    uint64_t used = 0;
    for (guint i = 0; i < regions->len; i++) {
        MemoryRegion *r = &g_array_index(regions, MemoryRegion, i);
        r->slot = MEMORY_SLOTS;
        for (guint j = 0; j < before->len; j++) {
            const MemoryRegion *old = &g_array_index(before, MemoryRegion, j);
            if (is_same_region(r, old)) {
                r->slot = old->slot;
                used |= UINT64_C(1) << old->slot;
            }
        }
    }
    for (guint i = 0; i < regions->len; i++) {
        MemoryRegion *r = &g_array_index(regions, MemoryRegion, i);
        for (unsigned slot = 0; r->slot == MEMORY_SLOTS; slot++) {
            if (!(used >> slot & 1)) {
                r->slot = slot;
                used |= UINT64_C(1) << slot;
            }
        }
    }
}

static void lock(const Memory *memory)
{
    if (memory->shared) {
        g_mutex_lock((GMutex *)&memory->lock);
    }
}

static void unlock(const Memory *memory)
{
    if (memory->shared) {
        g_mutex_unlock((GMutex *)&memory->lock);
    }
}

/* Called with change_lock held. */
static void update(Memory *memory)
{
    g_autoptr(GArray) before = memory->regions;
    GArray *regions = make_regions(memory);
    number_regions(regions, before);
    lock(memory);
    memory->regions = regions;
    unlock(memory);
}

static void tell_changed(Memory *memory, uint64_t base, uint64_t size)
{
    if (memory->changed) {
        memory->changed(memory->changed_opaque, base, size);
    }
}

/* Whether both place the same bytes in the same way. */
static bool is_same_place(const MemoryBlock *a, const MemoryBlock *b)
{
    return a->placed == b->placed && a->base == b->base && a->size == b->size &&
           a->host == b->host && a->read_only == b->read_only;
}

static void move_block(Memory *memory, MemoryBlock *block, const MemoryBlock *wanted)
{
    g_mutex_lock(&memory->change_lock);
    const MemoryBlock before = *block;
    if (!is_same_place(block, wanted)) {
        *block = *wanted;
        update(memory);
        if (before.placed) {
            tell_changed(memory, before.base, before.size);
        }
        bool same_range = before.base == block->base && before.size == block->size;
        if (block->placed && !(before.placed && same_range)) {
            tell_changed(memory, block->base, block->size);
        }
    }
    g_mutex_unlock(&memory->change_lock);
}

void memory_place(Memory *memory, MemoryBlock *block, uint64_t base, bool read_only)
{
    MemoryBlock wanted = *block;
    wanted.placed = true;
    wanted.base = base;
    wanted.read_only = read_only;
    move_block(memory, block, &wanted);
}

void memory_show(Memory *memory, MemoryBlock *view, uint64_t base, const MemoryBlock *of,
                 uint64_t offset, uint64_t size)
{
    g_assert(offset <= of->size && size <= of->size - offset);
    MemoryBlock wanted = *view;
    wanted.placed = true;
    wanted.base = base;
    wanted.size = size;
    wanted.host = of->host + offset;
    move_block(memory, view, &wanted);
}

void memory_unplace(Memory *memory, MemoryBlock *block)
{
    MemoryBlock wanted = *block;
    wanted.placed = false;
    move_block(memory, block, &wanted);
}

void memory_cut(Memory *memory, uint64_t address)
{
    g_mutex_lock(&memory->change_lock);
    g_array_append_val(memory->cuts, address);
    update(memory);
    tell_changed(memory, address, 0);
    g_mutex_unlock(&memory->change_lock);
}

/* ---- making and freeing ---- */

Memory *memory_new(uint64_t size, GError **error)
{
    Memory *memory = g_new0(Memory, 1);
    g_mutex_init(&memory->lock);
    g_mutex_init(&memory->change_lock);
    memory->ram_size = size;
    memory->regions = g_array_new(false, false, sizeof(MemoryRegion));
    memory->cuts = g_array_new(false, false, sizeof(uint64_t));
    memory->blocks = g_ptr_array_new_with_free_func(g_free);
    memory->mappings = g_array_new(false, false, sizeof(Mapping));
    memory->ram = map(memory, "-m", size, error);
    if (!memory->ram) {
        memory_free(memory);
        return NULL;
    }
    uint64_t low = MIN(size, MEMORY_HOLE_START);
    add(memory, &(MemoryBlock){.name = "ram", .size = low, .host = memory->ram, .placed = true});
    if (size > low) {
        add(memory, &(MemoryBlock){.name = "ram-above-4g",
                                   .base = MEMORY_HOLE_END,
                                   .size = size - low,
                                   .host = memory->ram + low,
                                   .placed = true});
    }
    update(memory);
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
    g_array_unref(memory->cuts);
    g_ptr_array_unref(memory->blocks);
    g_mutex_clear(&memory->lock);
    g_mutex_clear(&memory->change_lock);
    g_free(memory);
}

uint64_t memory_ram_size(const Memory *memory)
{
    return memory->ram_size;
}

void memory_set_shared(Memory *memory)
{
    memory->shared = true;
}

MemoryBlock *memory_add_block(Memory *memory, const char *name, uint64_t size, GError **error)
{
    uint8_t *host = map(memory, name, size, error);
    const MemoryBlock wanted = {.name = name, .size = size, .host = host, .layer = LAYER_ROM};
    return host ? add(memory, &wanted) : NULL;
}

MemoryBlock *memory_add_window(Memory *memory, const char *name, uint64_t offset, uint64_t size)
{
    const MemoryBlock wanted = {
        .name = name, .size = size, .host = memory->ram + offset, .layer = LAYER_WINDOW};
    bool is_there = size <= memory->ram_size && offset <= memory->ram_size - size;
    return is_there ? add(memory, &wanted) : NULL;
}

MemoryBlock *memory_add_view(Memory *memory, const char *name)
{
    return add(memory, &(MemoryBlock){.name = name, .layer = LAYER_WINDOW});
}

void memory_add_gap(Memory *memory, const char *name, uint64_t base, uint64_t size)
{
    const MemoryBlock wanted = {.name = name, .base = base, .size = size, .layer = LAYER_GAP};
    memory_place(memory, add(memory, &wanted), base, false);
}

uint8_t *memory_block_host(const MemoryBlock *block)
{
    return block->host;
}

static MemoryRegion *add_over_ram(Memory *memory, const MemoryBlock *wanted, GError **error)
{
    MemoryBlock *block = memory_add_block(memory, wanted->name, wanted->size, error);
    if (!block) {
        return NULL;
    }
    memory_place(memory, block, wanted->base, wanted->read_only);
    return (MemoryRegion *)memory_find(memory, wanted->base);
}

MemoryRegion *memory_add_rom(Memory *memory, const char *name, uint64_t base, uint64_t size,
                             GError **error)
{
    const MemoryBlock wanted = {.name = name, .base = base, .size = size, .read_only = true};
    return add_over_ram(memory, &wanted, error);
}

MemoryRegion *memory_add_shadow(Memory *memory, const char *name, uint64_t base, uint64_t size,
                                GError **error)
{
    const MemoryBlock wanted = {.name = name, .base = base, .size = size};
    return add_over_ram(memory, &wanted, error);
}

/* ---- looking up ---- */

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
    const MemoryRegion *regions = (const MemoryRegion *)(const void *)memory->regions->data;
    unsigned low = 0, high = memory->regions->len;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const MemoryRegion *region = &regions[middle];
        if (address < region->base) {
            high = middle;
        } else if (address - region->base < region->size) {
            return region;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

bool memory_overlaps(const Memory *memory, uint64_t address, uint64_t size)
{
    bool overlaps = false;
    lock(memory);
    for (guint i = 0; i < memory->regions->len && !overlaps; i++) {
        const MemoryRegion *r = memory_region(memory, i);
        overlaps = address <= r->base + (r->size - 1) && r->base <= address + (size - 1);
    }
    unlock(memory);
    return overlaps;
}

/* ---- copying ---- */

/* The size of the part of [address, address + size) that lies in one region, or 0. */
static size_t span(const Memory *memory, uint64_t address, size_t size, bool write, uint8_t **host)
{
    size_t part = 0;
    *host = NULL;
    lock(memory);
    const MemoryRegion *region = memory_find(memory, address);
    if (region && !(write && region->read_only)) {
        uint64_t offset = address - region->base;
        *host = region->host + offset;
        part = (size_t)MIN(size, region->size - offset);
    }
    unlock(memory);
    return part;
}

/* Whether the range is backed now.  A region may go away before its bytes are copied. */
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
        if (!part) {
            return false;
        }
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
        if (!part) {
            return false;
        }
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
        if (!part) {
            return false;
        }
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

void memory_set_changed(Memory *memory, MemoryChanged *changed, void *opaque)
{
    memory->changed = changed;
    memory->changed_opaque = opaque;
}
