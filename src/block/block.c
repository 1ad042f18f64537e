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

void blockset_say(const BlockSet *set, const char *text)
{
    if (set->message) {
        set->message(set->opaque, text);
    }
}

/* The user may mean it, or not know it. */
static void warn_of_format(const BlockSet *set, const Drive *drive)
{
    const char *looks = image_probe(drive->file);
    if (drive->format && !strcmp(drive->format, "raw") && strcmp(looks, "raw") != 0) {
        g_autofree char *text = g_strdup_printf(
            "%s: begins like a %s image, and format=raw takes it as it is", drive->name, looks);
        blockset_say(set, text);
    }
}

/* An empty drive is not an error: `image` gets NULL. */
static bool open_image(BlockSet *set, const char *id, const Drive *drive, BlockFit *fit,
                       Image **image, GError **error)
{
    const uint64_t *blank = g_hash_table_lookup(set->blanks, id);
    if (blank ? !*blank : !drive->file) {
        *image = NULL;
        return true;
    }
    *image = blank ? image_new_blank(*blank, drive->read_only) : image_open(drive, error);
    if (*image && fit && !fit(drive, *image, error)) {
        g_clear_pointer(image, image_free);
    }
    if (*image && !blank) {
        warn_of_format(set, drive);
    }
    return *image != NULL;
}

BlockPort *blockset_add(BlockSet *set, const char *id, const Drive *drive, BlockFit *fit,
                        GError **error)
{
    Image *image;
    if (find_port(set, id)) {
        g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG,
                    "%s: there is a drive %s already (give another with -drive's id=NAME)",
                    drive->name, id);
        return NULL;
    }
    if (!open_image(set, id, drive, fit, &image, error)) {
        return NULL;
    }
    BlockPort *port = block_port_new(set, image);
    port->id = g_strdup(id);
    port->file = g_strdup(drive->file);
    port->drive = drive_copy(drive);
    port->placeholder = drive_placeholder(drive, id);
    port->end.cdrom = drive->cdrom;
    port->write_error = drive->write_error;
    port->read_error = drive->read_error;
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

/* ---- failures ---- */

void blockset_set_failed(BlockSet *set, void (*failed)(void *opaque, const BlockFailure *failure))
{
    set->failed = failed;
}

void blockset_retry(BlockSet *set)
{
    for (guint i = 0; i < set->ports->len; i++) {
        block_port_retry(set->ports->pdata[i]);
    }
}

/* ---- media ---- */

static bool is_removable(const BlockPort *port)
{
    Device *dev = port->end.dev;
    const BlockClient *client = dev ? device_class(dev)->block_client : NULL;
    return client && client->removable && client->removable(device_state(dev), port->end.number);
}

/* Finds a drive whose medium may change. */
static BlockPort *find_removable(const BlockSet *set, const char *id, GError **error)
{
    BlockPort *port = find_port(set, id);
    if (!port) {
        error_refuse(error, "Device '%s' not found", id);
        return NULL;
    }
    if (!is_removable(port)) {
        error_refuse(error, "Device '%s' is not removable", id);
        return NULL;
    }
    return port;
}

static bool may_open(BlockPort *port, bool force, GError **error)
{
    return force || block_port_ask(port) ||
           error_refuse(error, "Device '%s' is locked and force was not specified", port->id);
}

static void insert(BlockPort *port, Image *image, Drive *drive)
{
    drive_free(port->drive);
    port->drive = drive;
    block_port_insert(port, image, drive->file);
}

/* The drive as it will be after the change. */
static Drive *changed_drive(const BlockPort *port, const BlockChange *change)
{
    Drive *drive = drive_copy(port->drive);
    g_free(drive->file);
    g_free(drive->name);
    drive->file = g_strdup(change->file);
    drive->name = g_strdup_printf("%s, %s", port->id, change->file);
    drive->format = change->format ? "raw" : NULL;
    if (change->mode != BLOCK_MODE_RETAIN && !drive->cdrom) {
        drive->read_only = change->mode == BLOCK_MODE_READ_ONLY;
    }
    return drive;
}

bool blockset_change(BlockSet *set, const char *id, const BlockChange *change, BlockFit *fit,
                     GError **error)
{
    BlockPort *port = find_removable(set, id, error);
    if (!port) {
        return false;
    }
    g_autoptr(Drive) drive = changed_drive(port, change);
    g_autoptr(Image) image = image_open(drive, error);
    if (!image || (fit && !fit(drive, image, error)) || !may_open(port, change->force, error)) {
        return false;
    }
    insert(port, g_steal_pointer(&image), g_steal_pointer(&drive));
    return true;
}

bool blockset_eject(BlockSet *set, const char *id, bool force, GError **error)
{
    BlockPort *port = find_removable(set, id, error);
    if (!port || !may_open(port, force, error)) {
        return false;
    }
    Drive *drive = drive_copy(port->drive);
    g_clear_pointer(&drive->file, g_free);
    insert(port, NULL, drive);
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

bool blockset_info(const BlockSet *set, unsigned n, BlockInfo *info)
{
    if (n >= set->ports->len) {
        return false;
    }
    const BlockPort *port = set->ports->pdata[n];
    *info = (BlockInfo){
        .id = port->id,
        .file = port->drive->file,
        .sectors = pio_block_sectors(port),
        .cdrom = port->end.cdrom,
        .removable = is_removable(port),
        .read_only = port->drive->read_only,
    };
    return true;
}
