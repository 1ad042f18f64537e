/*
 * The newer way to give drives in QEMU: -blockdev makes a drive, and -device
 * ide-hd and similar devices say where it is plugged in.
 */
#include "src/cli/option_util.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"

#include <stdlib.h>
#include <string.h>

/* ---- -drive and -blockdev ---- */

bool option_set_drive(Parse *parse, const char *value, GError **error)
{
    if (option_wants_help(value)) {
        parse->text = drive_help();
        return true;
    }
    Drive *drive = drive_parse(value, error);
    if (drive) {
        g_ptr_array_add(parse->config->drives, drive);
        if (drive->ignored) {
            option_note(parse, "drive %s: %s change nothing here", value, drive->ignored);
        }
    }
    return drive != NULL;
}

static Drive *find_drive(const Config *config, const char *id)
{
    for (guint i = 0; id && i < config->drives->len; i++) {
        Drive *drive = config->drives->pdata[i];
        if (!g_strcmp0(drive->id, id)) {
            return drive;
        }
    }
    return NULL;
}

static bool switch_on(GHashTable *table, const char *key, bool *on, GError **error)
{
    const char *text = g_hash_table_lookup(table, key);
    g_autofree char *what = g_strdup_printf("-blockdev %s", key);
    return !text || number_parse_bool(what, text, on, error);
}

/* Finds the drive of the node's own file, or of the node below it. */
static Drive *node_drive(Parse *parse, const char *value, GHashTable *table, GError **error)
{
    const char *name = g_hash_table_lookup(table, "node-name");
    const char *path =
        g_hash_table_lookup(table, "filename") ?: g_hash_table_lookup(table, "file.filename");
    Drive *below = find_drive(parse->config, g_hash_table_lookup(table, "file"));
    if (!name || (!path && !below)) {
        option_error(error, "blockdev", value,
                     "needs node-name=ID and filename=PATH or file=NODE (as in "
                     "driver=file,filename=disk.img,node-name=d0)");
        return NULL;
    }
    if (find_drive(parse->config, name)) {
        option_error(error, "blockdev", value, "the node-name is taken");
        return NULL;
    }
    if (!path) {
        option_replace(&below->id, name);
        return below;
    }
    Drive *drive = drive_new_node("-blockdev", name, path);
    g_ptr_array_add(parse->config->drives, drive);
    return drive;
}

bool option_set_blockdev(Parse *parse, const char *value, GError **error)
{
    static const char *const DRIVERS[] = {"file", "raw", "host_device", "host_cdrom", NULL};
    g_autofree char *what = g_strdup_printf("-blockdev %s", value);
    g_autoptr(GHashTable) table = keyval_parse(what, value, "driver", NULL, error);
    const char *driver = table ? g_hash_table_lookup(table, "driver") : NULL;
    if (!table) {
        return false;
    }
    if (!driver || !g_strv_contains(DRIVERS, driver)) {
        return option_error(error, "blockdev", value,
                            "the driver is not one of file, raw, host_device");
    }
    Drive *drive = node_drive(parse, value, table, error);
    return drive && switch_on(table, "read-only", &drive->read_only, error) &&
           switch_on(table, "cache.no-flush", &drive->unsafe, error);
}

/* ---- -device ide-hd,drive=ID and similar devices ---- */

static const struct {
    const char *driver;
    DriveInterface interface;
    bool cdrom;
    char letter; /* the letter of such a drive in -boot */
} PLUGS[] = {
    {"ide-hd", DRIVE_IDE, false, 'c'},
    {"ide-drive", DRIVE_IDE, false, 'c'},
    {"ide-cd", DRIVE_IDE, true, 'd'},
    {"floppy", DRIVE_FLOPPY, false, 'a'},
};

typedef struct Plug {
    const char *text; /* as the user wrote it */
    GHashTable *keys;
    size_t kind;
} Plug;

/*
 * Finds the channel and the unit: "ide.1" is the second channel, and each
 * channel counts its units from 0.
 */
static bool find_place(const Plug *plug, int *index, GError **error)
{
    const char *bus = g_hash_table_lookup(plug->keys, "bus");
    const char *unit = g_hash_table_lookup(plug->keys, "unit");
    uint64_t b = 0, u = 0;
    const char *dot = bus ? strrchr(bus, '.') : NULL;
    g_autofree char *what = g_strdup_printf("-device %s", plug->text);
    bool floppy = PLUGS[plug->kind].interface == DRIVE_FLOPPY;
    if ((dot && !number_parse(what, dot + 1, floppy ? 0 : DRIVE_IDE_MAX / 2 - 1, &b, error)) ||
        (unit && !number_parse(what, unit, 1, &u, error))) {
        return false;
    }
    *index = bus || unit ? (int)(b * 2 + u) : -1;
    return true;
}

static bool find_boot_index(const Plug *plug, int *index, GError **error)
{
    const char *text = g_hash_table_lookup(plug->keys, "bootindex");
    g_autofree char *what = g_strdup_printf("-device %s: bootindex", plug->text);
    uint64_t value = 0;
    if (text && !number_parse(what, text, INT32_MAX, &value, error)) {
        return false;
    }
    *index = text ? (int)value : -1;
    return true;
}

static bool check_plug_keys(Parse *parse, const Plug *plug, GError **error)
{
    static const char *const KNOWN[] = {"driver", "drive", "bus", "unit", "bootindex", "id", NULL};
    static const char *const IDLE[] = {"serial",
                                       "model",
                                       "ver",
                                       "wwn",
                                       "rotation_rate",
                                       "write-cache",
                                       "werror",
                                       "rerror",
                                       "cyls",
                                       "heads",
                                       "secs",
                                       "bios-chs-trans",
                                       "discard_granularity",
                                       "logical_block_size",
                                       "physical_block_size",
                                       "min_io_size",
                                       "opt_io_size",
                                       "share-rw",
                                       "drive-type",
                                       "lcyls",
                                       "lheads",
                                       "lsecs",
                                       NULL};
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, plug->keys);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (g_strv_contains(IDLE, key)) {
            option_note(parse, "device %s: %s changes nothing here", plug->text, (char *)key);
        } else if (!g_strv_contains(KNOWN, key)) {
            g_autofree char *what = g_strdup_printf("-device %s", plug->text);
            g_autoptr(GHashTable) none = keyval_parse(what, key, NULL, KNOWN, error);
            return none != NULL;
        }
    }
    return true;
}

static bool plug_in(Parse *parse, const Plug *plug, GError **error)
{
    const char *id = g_hash_table_lookup(plug->keys, "drive");
    Drive *drive = find_drive(parse->config, id);
    if (!drive || drive->interface != DRIVE_NONE) {
        return error_refuse(error,
                            "-device %s: names no drive (-drive file=PATH,if=none,id=ID makes one "
                            "for drive=ID)",
                            plug->text);
    }
    drive->interface = PLUGS[plug->kind].interface;
    drive->cdrom = PLUGS[plug->kind].cdrom;
    drive->read_only |= drive->cdrom;
    return check_plug_keys(parse, plug, error) && find_place(plug, &drive->index, error) &&
           find_boot_index(plug, &drive->bootindex, error);
}

/* Returns the index in PLUGS, or the size of PLUGS if the device is not in it. */
static size_t kind_of(const char *text)
{
    g_autofree char *driver = g_strndup(text, strcspn(text, ","));
    size_t kind = 0;
    while (kind < G_N_ELEMENTS(PLUGS) && strcmp(PLUGS[kind].driver, driver) != 0) {
        kind++;
    }
    return kind;
}

/* if=virtio is short for if=none and a -device. */
static void add_virtio_devices(Config *config)
{
    unsigned number = 0;
    for (guint i = 0; i < config->drives->len; i++) {
        Drive *drive = config->drives->pdata[i];
        if (drive->interface != DRIVE_VIRTIO) {
            continue;
        }
        if (!drive->id) {
            drive->id = g_strdup_printf("virtio%u", number);
        }
        number++;
        drive->interface = DRIVE_NONE;
        g_ptr_array_add(config->devices, g_strdup_printf("virtio-blk-pci,drive=%s", drive->id));
    }
}

bool option_plug_drives(Parse *parse, GError **error)
{
    Config *config = parse->config;
    add_virtio_devices(config);
    for (guint i = 0; i < config->devices->len;) {
        g_autofree char *text = g_strdup(config->devices->pdata[i]);
        size_t kind = kind_of(text);
        if (kind == G_N_ELEMENTS(PLUGS)) {
            i++;
            continue;
        }
        g_autofree char *what = g_strdup_printf("-device %s", text);
        g_autoptr(GHashTable) keys = keyval_parse(what, text, "driver", NULL, error);
        const Plug plug = {text, keys, kind};
        if (!keys || !plug_in(parse, &plug, error)) {
            return false;
        }
        g_ptr_array_remove_index(config->devices, i);
    }
    return true;
}
