#include "src/block/block_internal.h"

#include "src/base/error.h"

#include <string.h>

static BlockPort *find_port(const BlockSet *set, const char *id)
{
    for (guint i = 0; i < set->ports->len; i++) {
        BlockPort *port = set->ports->pdata[i];
        if (!strcmp(port->id, id)) {
            return port;
        }
    }
    return NULL;
}

/* ---- building ---- */

BlockSet *blockset_new(Loop *loop, Clock *clock, void (*message)(void *opaque, const char *text),
                       void *opaque)
{
    BlockSet *set = g_new0(BlockSet, 1);
    set->loop = loop;
    set->clock = clock;
    set->message = message;
    set->opaque = opaque;
    set->ports = g_ptr_array_new_with_free_func((GDestroyNotify)block_port_free);
    set->blanks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return set;
}

void blockset_free(BlockSet *set)
{
    g_ptr_array_unref(set->ports);
    g_hash_table_unref(set->blanks);
    g_free(set);
}

void blockset_blank(BlockSet *set, const char *id, uint64_t sectors)
{
    g_hash_table_insert(set->blanks, g_strdup(id), g_memdup2(&sectors, sizeof(sectors)));
}

BlockPort *blockset_add(BlockSet *set, const char *id, const Drive *drive, GError **error)
{
    if (find_port(set, id)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "%s: there is a drive %s already (give another with -drive's id=NAME)",
                    drive->name, id);
        return NULL;
    }
    const uint64_t *blank = g_hash_table_lookup(set->blanks, id);
    Image *image = blank ? image_new_blank(*blank, drive->read_only) : image_open(drive, error);
    if (!image) {
        return NULL;
    }
    BlockPort *port = block_port_new(set, image);
    port->id = g_strdup(id);
    port->file = g_strdup(drive->file);
    port->placeholder = drive_placeholder(drive, id);
    port->end.cdrom = drive->cdrom;
    g_ptr_array_add(set->ports, port);
    if (!block_port_start(port, drive->name, error)) {
        g_ptr_array_remove(set->ports, port);
        return NULL;
    }
    return port;
}

BlockPort *blockset_connect(BlockSet *set, Device *dev, const char *id, GError **error)
{
    BlockPort *port = find_port(set, id);
    if (!port || port->end.dev) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "%s: drive %s %s", device_id(dev), id,
                    port ? "is in another device"
                         : "does not exist (-drive file=PATH,if=none,id=ID)");
        return NULL;
    }
    g_assert(device_class(dev)->block_client);
    port->end.dev = dev;
    return port;
}

/* ---- media ---- */

/* One whose medium may change. */
static BlockPort *find_removable(const BlockSet *set, const char *id, GError **error)
{
    BlockPort *port = find_port(set, id);
    if (!port) {
        error_refuse(error, "Device '%s' not found", id);
        return NULL;
    }
    if (port->end.dev && !device_class(port->end.dev)->block_client->medium_changed) {
        error_refuse(error, "Device '%s' is not removable", id);
        return NULL;
    }
    return port;
}

bool blockset_insert(BlockSet *set, const char *id, Image *image, GError **error)
{
    BlockPort *port = find_removable(set, id, error);
    if (!port) {
        image_free(image);
        return false;
    }
    block_port_insert(port, image);
    return true;
}

bool blockset_eject(BlockSet *set, const char *id, bool force, GError **error)
{
    BlockPort *port = find_removable(set, id, error);
    if (!port) {
        return false;
    }
    if (!force && !block_port_ask(port)) {
        return error_refuse(error, "Device '%s' is locked and force was not specified", id);
    }
    block_port_insert(port, NULL);
    return true;
}

/* ---- looking ---- */

const char *blockset_placeholder(const BlockSet *set, unsigned n, uint64_t *sectors)
{
    if (n >= set->ports->len) {
        return NULL;
    }
    const BlockPort *port = set->ports->pdata[n];
    *sectors = pio_block_sectors(port);
    return port->placeholder;
}
