#include "src/block/drive.h"

#include "src/error.h"
#include "src/keyval.h"
#include "src/number.h"

#include <string.h>

static const char *const KEYS[] = {"file",     "format",   "if",    "index", "media",
                                   "readonly", "snapshot", "cache", "id",    NULL};

/* As DriveInterface has them. */
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
    g_autoptr(GHashTable) table = keyval_parse("-drive", text, NULL, KEYS, error);
    if (!table) {
        return NULL;
    }
    g_autoptr(Drive) drive = g_new0(Drive, 1);
    if (!parse_choices(table, drive, error) || !parse_index(table, drive, error) ||
        !parse_bool(table, "readonly", &drive->read_only, error) ||
        !parse_bool(table, "snapshot", &drive->snapshot, error)) {
        return NULL;
    }
    const char *file = g_hash_table_lookup(table, "file");
    if (!file || !*file) {
        refuse(error, text, "names no file (file=PATH)");
        return NULL;
    }
    if (drive->interface == DRIVE_FLOPPY && drive->cdrom) {
        refuse(error, text, "if=floppy has no media=cdrom");
        return NULL;
    }
    drive->read_only |= drive->cdrom;
    drive->file = g_strdup(file);
    drive->id = g_strdup(g_hash_table_lookup(table, "id"));
    return g_steal_pointer(&drive);
}

void drive_free(Drive *drive)
{
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

char *drive_text(const char *file, const char *rest)
{
    g_auto(GStrv) parts = g_strsplit(file, ",", -1);
    g_autofree char *doubled = g_strjoinv(",,", parts);
    return g_strdup_printf("file=%s,%s", doubled, rest);
}
