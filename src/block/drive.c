#include "src/block/drive.h"

#include "src/base/error.h"
#include "src/base/keyval.h"
#include "src/base/number.h"

#include <string.h>

static const char *const KEYS[] = {"file",     "format",   "if",    "index", "media",
                                   "readonly", "snapshot", "cache", "id",    NULL};

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
static const char *const INTERFACES[] = {"ide", "floppy", "none", NULL};

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

static bool parse_choices(GHashTable *table, Drive *drive, GError **error)
{
    static const char *const FORMATS[] = {"raw", NULL};
    static const char *const MEDIA[] = {"disk", "cdrom", NULL};
    static const char *const CACHES[] = {"writeback", "unsafe", NULL};
    unsigned format = 0, interface = DRIVE_IDE, media = 0, cache = 0;
    if (!parse_choice(table, "format", FORMATS, &format, error) ||
        !parse_choice(table, "if", INTERFACES, &interface, error) ||
        !parse_choice(table, "media", MEDIA, &media, error) ||
        !parse_choice(table, "cache", CACHES, &cache, error)) {
        return false;
    }
    drive->raw_asked = g_hash_table_contains(table, "format");
    drive->interface = interface;
    drive->cdrom = media == 1;
    drive->unsafe = cache == 1;
    return true;
}

static bool parse_index(GHashTable *table, Drive *drive, GError **error)
{
    const char *text = g_hash_table_lookup(table, "index");
    uint64_t index;
    drive->index = -1;
    if (!text) {
        return true;
    }
    uint64_t last = (drive->interface == DRIVE_FLOPPY ? DRIVE_FLOPPY_MAX : DRIVE_IDE_MAX) - 1;
    if (!number_parse("-drive index", text, last, &index, error)) {
        return false;
    }
    drive->index = (int)index;
    return true;
}

Drive *drive_parse(const char *text, GError **error)
{
    g_autofree char *what = g_strdup_printf("-drive %s", text);
    g_autoptr(GHashTable) table = keyval_parse(what, text, NULL, KEYS, error);
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
    return g_steal_pointer(&drive);
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
        .name = g_strdup_printf("-%s %s", option, file),
        .file = g_strdup(file),
        .interface = SHORT_FORMS[i].interface,
        .index = SHORT_FORMS[i].index,
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
    return copy;
}

void drive_free(Drive *drive)
{
    g_free(drive->name);
    g_free(drive->id);
    g_free(drive->file);
    g_free(drive);
}

char *drive_placeholder(const Drive *drive, const char *id)
{
    g_autofree char *index = g_strdup_printf(",index=%d", drive->index);
    return g_strdup_printf("file=%s,id=%s,if=%s%s,media=%s,readonly=%s", id, id,
                           INTERFACES[drive->interface], drive->index < 0 ? "" : index,
                           drive->cdrom ? "cdrom" : "disk", drive->read_only ? "on" : "off");
}
