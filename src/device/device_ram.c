/*
 * Memory of a device's own: its bytes, and where the guest sees them.
 */
#include "devices/ram.h"
#include "src/device/device_internal.h"

#include <inttypes.h>

static unsigned count_rams(const DeviceClass *class)
{
    unsigned count = 0;
    while (class->rams && class->rams[count].name) {
        count++;
    }
    return count;
}

static unsigned count_regions(const DeviceClass *class)
{
    unsigned count = 0;
    while (class->regions && class->regions[count].name) {
        count++;
    }
    return count;
}

static bool make(Device *dev, unsigned index, GError **error)
{
    const DeviceRam *ram = &dev->class->rams[index];
    RamBytes *bytes = &dev->rams[index];
    Memory *memory = dev->host->memory;
    uint8_t **field = device_field(dev, ram->offset);
    if (!memory) {
        *field = bytes->own = g_malloc0(ram->size);
        return true;
    }
    char *name = g_strdup_printf("%s %s", dev->id, ram->name);
    g_ptr_array_add(dev->claim_names, name);
    bytes->block = memory_add_block(memory, name, ram->size, error);
    if (!bytes->block) {
        return false;
    }
    *field = memory_block_host(bytes->block);
    uint64_t base = ram->base_property ? device_property_value(dev, ram->base_property) : 0;
    if (base) {
        memory_place(memory, bytes->block, base, false);
    }
    return true;
}

bool device_rams_make(Device *dev, GError **error)
{
    const unsigned count = count_rams(dev->class);
    if (!count) {
        return true;
    }
    dev->rams = g_new0(RamBytes, count);
    dev->views = g_new0(MemoryBlock *, count_regions(dev->class));
    for (unsigned i = 0; i < count; i++) {
        if (!make(dev, i, error)) {
            return false;
        }
    }
    return true;
}

/* The blocks belong to the machine's memory. */
void device_rams_free(Device *dev)
{
    for (unsigned i = 0; dev->rams && i < count_rams(dev->class); i++) {
        g_free(dev->rams[i].own);
    }
    g_free(dev->rams);
    g_free(dev->views);
}

void device_ram_hide(Device *dev, const DeviceRegion *region, uint64_t base)
{
    if (region->hides_ram && dev->host->memory) {
        memory_add_gap(dev->host->memory, dev->class->head.name, base, region->size);
    }
}

void device_ram_map(Device *dev, unsigned bar, bool place, uint64_t base)
{
    for (unsigned i = 0; dev->rams && i < count_rams(dev->class); i++) {
        MemoryBlock *block = dev->rams[i].block;
        if (dev->class->rams[i].bar != bar + 1 || !block) {
            continue;
        }
        if (place) {
            memory_place(dev->host->memory, block, base, false);
        } else {
            memory_unplace(dev->host->memory, block);
        }
    }
}

/* ---- views ---- */

void pio_ram_show(Device *dev, unsigned region, const RamView *view)
{
    const RamView nothing = {0};
    view = view ? view : &nothing;
    ServiceCall call = {.kind = SERVICE_VIEW,
                        .args = {region, view->ram, view->from, view->offset, view->size}};
    serve(dev, &call);
}

void service_view_perform(Device *dev, ServiceCall *call)
{
    const uint64_t *args = call->args;
    const DeviceRegion *region = &dev->class->regions[args[0]];
    MemoryBlock **view = &dev->views[args[0]];
    Memory *memory = dev->host->memory;
    if (!memory) {
        return;
    }
    if (!args[4]) {
        if (*view) {
            memory_unplace(memory, *view);
        }
        return;
    }
    uint64_t base = device_property_value(dev, region->base_property) + args[3];
    *view = *view ? *view : memory_add_view(memory, dev->class->head.name);
    memory_show(memory, *view, base, dev->rams[args[1]].block, args[2], args[4]);
}

void service_view_describe(const ServiceCall *call, GString *text)
{
    g_string_append_printf(
        text,
        " %" PRIu64 " at 0x%" PRIx64 ": 0x%" PRIx64 " bytes at 0x%" PRIx64 " of region %" PRIu64,
        call->args[1], call->args[2], call->args[4], call->args[3], call->args[0]);
}
