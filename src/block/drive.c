#include "src/block/drive.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"

#include <string.h>

static const char *const KEYS[] = {"file",  "format",   "if",       "index", "bus", "unit",
                                   "media", "readonly", "snapshot", "cache", "id",  "discard",
                                   "aio",   "werror",   "rerror",   NULL};

/* QEMU's keys that change nothing that the guest or the image could show. */
static const char *const IDLE_KEYS[] = {"detect-zeroes",
                                        "serial",
                                        "copy-on-read",
                                        "node-name",
                                        "cache.direct",
                                        "cache.no-flush",
                                        "cache.writeback",
                                        "file.locking",
                                        "locking",
                                        "auto-read-only",
                                        NULL};

/* Interfaces of QEMU's for which the board has nothing, and what comes nearest. */
static const struct {
    const char *name, *reason;
} OTHER_INTERFACES[] = {
    {"scsi", "there is no SCSI (if=ide)"},
    {"pflash", "the board has no flash chip (a firmware's image: -bios FILE)"},
    {"sd", "the board has no card reader (if=ide)"},
    {"mtd", "the board has no flash chip (if=ide)"},
    {"xen", "there is no Xen (if=ide)"},
};

/* The options that are short for a -drive with an interface and an index. */
static const struct {
    const char *option;
    DriveInterface interface;
    int index;
    bool cdrom;
} SHORT_FORMS[] = {
    {"fda", DRIVE_FLOPPY, 0, false}, {"fdb", DRIVE_FLOPPY, 1, false}, {"hda", DRIVE_IDE, 0, false},
    {"hdb", DRIVE_IDE, 1, false},    {"hdc", DRIVE_IDE, 2, false},    {"hdd", DRIVE_IDE, 3, false},
    {"cdrom", DRIVE_IDE, 2, true},
};

/* In the order of DriveInterface. */
static const char *const INTERFACES[] = {"ide", "floppy", "none", "virtio", NULL};

static bool refuse(GError **error, const char *text, const char *why)
{
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-drive %s: %s", text, why);
    return false;
}

static bool parse_choice(GHashTable *table, const char *key, const char *const *choices,
                         unsigned *value, GError **error)
{
    const char *text = g_hash_table_lookup(table, key);
    for (unsigned i = 0; text && choices[i]; i++) {
        if (!strcmp(choices[i], text)) {
            *value = i;
            return true;
        }
    }
    if (!text) {
        return true;
    }
    g_autofree char *all = g_strjoinv(", ", (char **)choices);
    g_set_error(error, PIOEMU_ERROR, PIOEMU_ERROR_CONFIG, "-drive %s=%s: not one of %s", key, text,
                all);
    return false;
}

static bool parse_bool(GHashTable *table, const char *key, bool *value, GError **error)
{
    const char *text = g_hash_table_lookup(table, key);
    g_autofree char *what = g_strdup_printf("-drive %s", key);
    return !text || number_parse_bool(what, text, value, error);
}

/* What each word of cache= means. */
static const struct {
    bool direct, sync, unsafe;
} CACHES[] = {
    {false, false, false}, /* writeback */
    {false, false, true},  /* unsafe */
    {false, true, false},  /* writethrough */
    {true, false, false},  /* none */
    {true, true, false},   /* directsync */
};

/* One worker per drive does what each way of aio= would; the words are QEMU's. */
static bool parse_host(GHashTable *table, Drive *drive, GError **error)
{
    static const char *const CACHE[] = {"writeback", "unsafe",     "writethrough",
                                        "none",      "directsync", NULL};
    static const char *const DISCARD[] = {"ignore", "off", "unmap", "on", NULL};
    static const char *const AIO[] = {"threads", "native", "io_uring", NULL};
    unsigned cache = 0, discard = 0, aio = 0;
    if (!parse_choice(table, "cache", CACHE, &cache, error) ||
        !parse_choice(table, "discard", DISCARD, &discard, error) ||
        !parse_choice(table, "aio", AIO, &aio, error)) {
        return false;
    }
    drive->direct = CACHES[cache].direct;
    drive->sync = CACHES[cache].sync;
    drive->unsafe = CACHES[cache].unsafe;
    drive->discards = discard >= 2;
    return true;
}

/* A read never fails for want of space. */
static bool parse_errors(GHashTable *table, Drive *drive, GError **error)
{
    static const char *const WRITE[] = {[DRIVE_REPORT] = "report",
                                        [DRIVE_IGNORE] = "ignore",
                                        [DRIVE_STOP] = "stop",
                                        [DRIVE_ENOSPC] = "enospc",
                                        [DRIVE_ENOSPC + 1] = NULL};
    static const char *const READ[] = {[DRIVE_REPORT] = "report",
                                       [DRIVE_IGNORE] = "ignore",
                                       [DRIVE_STOP] = "stop",
                                       [DRIVE_STOP + 1] = NULL};
    unsigned write_error = DRIVE_ENOSPC, read_error = DRIVE_REPORT;
    if (!parse_choice(table, "werror", WRITE, &write_error, error) ||
        !parse_choice(table, "rerror", READ, &read_error, error)) {
        return false;
    }
    drive->write_error = (DriveError)write_error;
    drive->read_error = (DriveError)read_error;
    return true;
}

static bool parse_choices(GHashTable *table, Drive *drive, GError **error)
{
    /* All but the first are read by qemu-nbd. */
    static const char *const FORMATS[] = {"raw", "qcow2", "qcow",      "qed",  "vdi",
                                          "vpc", "vmdk",  "parallels", "vhdx", NULL};
    static const char *const MEDIA[] = {"disk", "cdrom", NULL};
    unsigned format = 0, interface = DRIVE_IDE, media = 0;
    if (!parse_choice(table, "format", FORMATS, &format, error) ||
        !parse_choice(table, "if", INTERFACES, &interface, error) ||
        !parse_choice(table, "media", MEDIA, &media, error)) {
        return false;
    }
    drive->format = g_hash_table_contains(table, "format") ? FORMATS[format] : NULL;
    drive->interface = interface;
    drive->cdrom = media == 1;
    return parse_host(table, drive, error) && parse_errors(table, drive, error);
}

/* bus=B,unit=U is the index of two units a bus. */
static bool parse_unit(GHashTable *table, Drive *drive, GError **error)
{
    const char *bus = g_hash_table_lookup(table, "bus");
    const char *unit = g_hash_table_lookup(table, "unit");
    uint64_t buses = drive->interface == DRIVE_FLOPPY ? 1 : DRIVE_IDE_MAX / 2, b = 0, u = 0;
    if ((bus && !number_parse("-drive bus", bus, buses - 1, &b, error)) ||
        (unit && !number_parse("-drive unit", unit, 1, &u, error))) {
        return false;
    }
    drive->index = bus || unit ? (int)(b * 2 + u) : -1;
    return true;
}

static bool parse_index(GHashTable *table, Drive *drive, GError **error)
{
    const char *text = g_hash_table_lookup(table, "index");
    uint64_t index;
    drive->index = drive->bootindex = -1;
    if (!text) {
        return parse_unit(table, drive, error);
    }
    uint64_t last = (drive->interface == DRIVE_FLOPPY ? DRIVE_FLOPPY_MAX : DRIVE_IDE_MAX) - 1;
    if (!number_parse("-drive index", text, last, &index, error)) {
        return false;
    }
    drive->index = (int)index;
    return true;
}

/* QEMU's other names of the same keys. */
static void rename_keys(GHashTable *table)
{
    static const char *const NAMES[][2] = {
        {"driver", "format"}, {"file.filename", "file"}, {"read-only", "readonly"}};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        char *value = g_strdup(g_hash_table_lookup(table, NAMES[i][0]));
        if (value) {
            g_hash_table_remove(table, NAMES[i][0]);
            g_hash_table_replace(table, g_strdup(NAMES[i][1]), value);
        }
    }
    if (!g_strcmp0(g_hash_table_lookup(table, "file.driver"), "file")) {
        g_hash_table_remove(table, "file.driver");
    }
}

static bool is_idle(const char *key)
{
    return g_strv_contains(IDLE_KEYS, key) || g_str_has_prefix(key, "iops") ||
           g_str_has_prefix(key, "bps") || g_str_has_prefix(key, "throttling.");
}

/* Removes the keys that have no effect, and returns their names, or NULL. */
static char *take_idle_keys(GHashTable *table)
{
    GString *names = g_string_new(NULL);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (is_idle(key)) {
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", (char *)key);
            g_hash_table_iter_remove(&iter);
        }
    }
    return g_string_free(names, !names->len);
}

static bool check_key(const char *what, const char *key, GError **error)
{
    g_autoptr(GHashTable) none = keyval_parse(what, key, NULL, KEYS, error);
    return none != NULL;
}

static bool check_interface(GHashTable *table, const char *text, GError **error)
{
    const char *interface = g_hash_table_lookup(table, "if");
    for (size_t i = 0; interface && i < G_N_ELEMENTS(OTHER_INTERFACES); i++) {
        if (!strcmp(OTHER_INTERFACES[i].name, interface)) {
            return refuse(error, text, OTHER_INTERFACES[i].reason);
        }
    }
    return true;
}

/* With the keys that are left; NULL: one is unknown. */
static GHashTable *parse_keys(const char *what, const char *text, char **ignored, GError **error)
{
    g_autoptr(GHashTable) table = keyval_parse(what, text, NULL, NULL, error);
    if (!table) {
        return NULL;
    }
    rename_keys(table);
    *ignored = take_idle_keys(table);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (!check_key(what, key, error)) {
            g_clear_pointer(ignored, g_free);
            return NULL;
        }
    }
    return check_interface(table, text, error) ? g_steal_pointer(&table) : NULL;
}

Drive *drive_parse(const char *text, GError **error)
{
    g_autofree char *what = g_strdup_printf("-drive %s", text);
    g_autofree char *ignored = NULL;
    g_autoptr(GHashTable) table = parse_keys(what, text, &ignored, error);
    const char *id = table ? g_hash_table_lookup(table, "id") : NULL;
    if (!table || (id && !keyval_check_id(what, id, error))) {
        return NULL;
    }
    g_autoptr(Drive) drive = g_new0(Drive, 1);
    if (!parse_choices(table, drive, error) || !parse_index(table, drive, error) ||
        !parse_bool(table, "readonly", &drive->read_only, error) ||
        !parse_bool(table, "snapshot", &drive->snapshot, error)) {
        return NULL;
    }
    const char *file = g_hash_table_lookup(table, "file");
    bool removable = drive->cdrom || drive->interface == DRIVE_FLOPPY;
    if (file ? !*file : !removable) {
        refuse(error, text, "names no file (file=PATH)");
        return NULL;
    }
    if (drive->interface == DRIVE_FLOPPY && drive->cdrom) {
        refuse(error, text, "if=floppy has no media=cdrom");
        return NULL;
    }
    drive->read_only |= drive->cdrom;
    drive->file = g_strdup(file);
    drive->name = file ? g_strdup_printf("-drive file=%s", file) : g_strdup(what);
    drive->id = g_strdup(id);
    drive->ignored = g_steal_pointer(&ignored);
    return g_steal_pointer(&drive);
}

char *drive_help(void)
{
    g_autofree char *idle = g_strjoinv(", ", (char **)IDLE_KEYS);
    return g_strdup_printf(
        "Keys of -drive:\n"
        "  file=PATH                   the image; a CD-ROM or diskette drive may "
        "have none\n"
        "  format=raw|qcow2|vdi|vmdk|vpc|vhdx|qcow|qed|parallels\n"
        "                              (default: as the file looks)\n"
        "  if=ide|floppy|virtio|none   where it is (default ide); none: for "
        "-device\n"
        "  index=N, bus=N, unit=N      which of those drives it is\n"
        "  media=disk|cdrom            (default disk)\n"
        "  readonly=on|off             the guest cannot write\n"
        "  snapshot=on|off             what is written is forgotten at the end\n"
        "  cache=writeback|none|writethrough|directsync|unsafe\n"
        "                              unsafe: a flush does nothing\n"
        "  discard=ignore|unmap        whether the host gets space back\n"
        "  aio=threads|native|io_uring each drive has a thread\n"
        "  werror=report|ignore|stop|enospc, rerror=report|ignore|stop\n"
        "                              what follows when the host fails\n"
        "  id=ID                       its name\n"
        "Accepted, without effect: %s, and limits (iops, bps, throttling).\n",
        idle);
}

Drive *drive_new_node(const char *what, const char *id, const char *file)
{
    Drive *drive = g_new0(Drive, 1);
    *drive = (Drive){
        .write_error = DRIVE_ENOSPC,
        .name = g_strdup_printf("%s %s", what, file),
        .id = g_strdup(id),
        .file = g_strdup(file),
        .interface = DRIVE_NONE,
        .index = -1,
        .bootindex = -1,
        .format = "raw",
    };
    return drive;
}

Drive *drive_new_short(const char *option, const char *file)
{
    size_t i = 0;
    while (strcmp(SHORT_FORMS[i].option, option) != 0) {
        i++;
        g_assert(i < G_N_ELEMENTS(SHORT_FORMS));
    }
    Drive *drive = g_new0(Drive, 1);
    *drive = (Drive){
        .write_error = DRIVE_ENOSPC,
        .name = g_strdup_printf("-%s %s", option, file),
        .file = g_strdup(file),
        .interface = SHORT_FORMS[i].interface,
        .index = SHORT_FORMS[i].index,
        .bootindex = -1,
        .cdrom = SHORT_FORMS[i].cdrom,
        .read_only = SHORT_FORMS[i].cdrom,
    };
    return drive;
}

Drive *drive_copy(const Drive *drive)
{
    Drive *copy = g_memdup2(drive, sizeof(*drive));
    copy->name = g_strdup(drive->name);
    copy->id = g_strdup(drive->id);
    copy->file = g_strdup(drive->file);
    copy->ignored = g_strdup(drive->ignored);
    return copy;
}

void drive_free(Drive *drive)
{
    g_free(drive->name);
    g_free(drive->id);
    g_free(drive->file);
    g_free(drive->ignored);
    g_free(drive);
}

char *drive_placeholder(const Drive *drive, const char *id)
{
    g_autofree char *index = g_strdup_printf(",index=%d", drive->index);
    return g_strdup_printf("file=%s,id=%s,if=%s%s,media=%s,readonly=%s", id, id,
                           INTERFACES[drive->interface], drive->index < 0 ? "" : index,
                           drive->cdrom ? "cdrom" : "disk", drive->read_only ? "on" : "off");
}
