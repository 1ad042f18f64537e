#include "src/boot/load.h"

#include "src/base/error.h"

#include <inttypes.h>

const BootArea BOOT_AREA_LOW = {.min = BOOT_LOW_START, .max = BOOT_4GB, .align = 16};

bool boot_refuse(const BootRequest *request, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-kernel %s: %s", request->path, why);
    return false;
}

/* ---- the memory map ---- */

static void add_entry(BootMap *map, uint64_t base, uint64_t end, uint32_t type)
{
    if (end > base) {
        map->entries[map->count++] = (BootMapEntry){base, end - base, type};
    }
}

BootMap boot_map(uint64_t ram)
{
    BootMap map = {.count = 0};
    uint64_t low = MIN(ram, MEMORY_HOLE_START);
    add_entry(&map, 0, MIN(low, BOOT_LOW_END), BOOT_MAP_RAM);
    add_entry(&map, BOOT_LOW_END, 0xa0000, BOOT_MAP_RESERVED);
    add_entry(&map, BOOT_ROM_START, BOOT_HIGH, BOOT_MAP_RESERVED);
    add_entry(&map, BOOT_HIGH, low, BOOT_MAP_RAM);
    add_entry(&map, MEMORY_HOLE_END, MEMORY_HOLE_END + (ram - low), BOOT_MAP_RAM);
    return map;
}

/* The size in KiB of the RAM that begins at `base`. */
static uint32_t ram_at(const BootMap *map, uint64_t base)
{
    for (unsigned i = 0; i < map->count; i++) {
        if (map->entries[i].base == base && map->entries[i].type == BOOT_MAP_RAM) {
            return (uint32_t)(map->entries[i].size >> 10);
        }
    }
    return 0;
}

uint32_t boot_map_lower(const BootMap *map)
{
    return ram_at(map, 0);
}

uint32_t boot_map_upper(const BootMap *map)
{
    return ram_at(map, BOOT_HIGH);
}

/* ---- what is where ---- */

/* A used range that overlaps this one, or NULL. */
static const BootRange *find_overlap(const BootLoad *load, uint64_t start, uint64_t size)
{
    for (guint i = 0; i < load->used->len; i++) {
        const BootRange *used = &g_array_index(load->used, BootRange, i);
        if (start < used->end && used->start < start + size) {
            return used;
        }
    }
    return NULL;
}

static bool write_all(BootLoad *load, uint64_t address, const void *data, uint64_t size,
                      uint64_t room)
{
    BootRange range = {address, address + room};
    g_array_append_val(load->used, range);
    return memory_write(load->memory, address, data, size) &&
           memory_fill(load->memory, address + size, 0, room - size);
}

static bool is_ram(const BootLoad *load, uint64_t address, uint64_t size)
{
    for (uint64_t end = address + size; address < end;) {
        const MemoryRegion *region = memory_find(load->memory, address);
        if (!region || region->read_only) {
            return false;
        }
        address = region->base + region->size;
    }
    return true;
}

bool boot_put(BootLoad *load, uint64_t address, const void *data, uint64_t size, uint64_t room,
              const char *what, GError **error)
{
    if (!room) {
        return true;
    }
    if (room > UINT64_MAX - address || !is_ram(load, address, room)) {
        return boot_refuse(load->request, error,
                           "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " do not fit into %" PRIu64
                           " KiB of memory (-m)",
                           what, room, address, memory_ram_size(load->memory) >> 10);
    }
    const BootRange *other = find_overlap(load, address, room);
    if (other) {
        return boot_refuse(load->request, error,
                           "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " overlap what is at 0x%" PRIx64
                           " to 0x%" PRIx64,
                           what, room, address, other->start, other->end - 1);
    }
    return write_all(load, address, data, size, room);
}

bool boot_patch(BootLoad *load, uint64_t address, const void *data, uint64_t size)
{
    return memory_write(load->memory, address, data, size);
}

/* The lowest or highest free address in [min, max), or 0. */
static uint64_t find_room(const BootLoad *load, uint64_t size, uint64_t min, uint64_t max,
                          const BootArea *area)
{
    if (size > max || max - size < min) {
        return 0;
    }
    uint64_t mask = ~(area->align - 1);
    uint64_t at = area->high ? (max - size) & mask : (min + area->align - 1) & mask;
    while (at >= min && at <= max - size) {
        const BootRange *other = find_overlap(load, at, size);
        if (!other) {
            return at;
        }
        if (area->high && other->start < size) {
            return 0;
        }
        at = area->high ? (other->start - size) & mask : (other->end + area->align - 1) & mask;
    }
    return 0;
}

/* Entry `i` of the map, in the direction of the area. */
static const BootMapEntry *map_entry(const BootLoad *load, const BootArea *area, unsigned i)
{
    return &load->map.entries[area->high ? load->map.count - 1 - i : i];
}

uint64_t boot_place(BootLoad *load, const void *data, uint64_t size, const BootArea *area,
                    const char *what, GError **error)
{
    for (unsigned i = 0; i < load->map.count; i++) {
        const BootMapEntry *entry = map_entry(load, area, i);
        uint64_t min = MAX(area->min, entry->base), max = MIN(area->max, entry->base + entry->size);
        uint64_t at = entry->type == BOOT_MAP_RAM && min < max
                          ? find_room(load, MAX(size, 1), min, max, area)
                          : 0;
        if (at) {
            write_all(load, at, data, data ? size : 0, MAX(size, 1));
            return at;
        }
    }
    boot_refuse(load->request, error,
                "%s: no room for 0x%" PRIx64 " bytes in %" PRIu64 " KiB of memory (-m)", what, size,
                memory_ram_size(load->memory) >> 10);
    return 0;
}

uint64_t boot_place_text(BootLoad *load, const char *text, const char *what, GError **error)
{
    return boot_place(load, text, strlen(text) + 1, &BOOT_AREA_LOW, what, error);
}
