/* The commands for drives: they show what is in a drive, eject it and change it. */
#include "src/control/command.h"

#include "src/base/error.h"

#include <inttypes.h>
#include <string.h>

/* The name of a drive, from either of QEMU's two arguments. */
static const char *drive_of(JsonObject *arguments, GError **error)
{
    const char *device = command_get_string(arguments, "device");
    const char *id = command_get_string(arguments, "id");
    if (!device == !id) {
        error_refuse(error, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    return device ? device : id;
}

static JsonNode *eject(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *drive = drive_of(arguments, error);
    if (drive) {
        vm_eject(vm, drive, command_get_bool(arguments, "force"), error);
    }
    return NULL;
}

static bool parse_mode(const char *text, BlockMode *mode, GError **error)
{
    static const char *const MODES[] = {
        [BLOCK_MODE_RETAIN] = "retain",
        [BLOCK_MODE_READ_ONLY] = "read-only",
        [BLOCK_MODE_READ_WRITE] = "read-write",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(MODES); i++) {
        if (!text || !strcmp(text, MODES[i])) {
            *mode = (BlockMode)i;
            return true;
        }
    }
    return error_refuse(error, "read-only-mode '%s': not one of retain, read-only, read-write",
                        text);
}

static bool check_format(const char *format, GError **error)
{
    return !format || !strcmp(format, "raw") ||
           error_refuse(error, "Unknown driver '%s' (raw)", format);
}

static JsonNode *change(Vm *vm, JsonObject *arguments, GError **error)
{
    BlockChange wanted = {
        .file = json_object_get_string_member(arguments, "filename"),
        .format = command_get_string(arguments, "format"),
        .force = command_get_bool(arguments, "force"),
    };
    const char *drive = drive_of(arguments, error);
    if (drive && check_format(wanted.format, error) &&
        parse_mode(command_get_string(arguments, "read-only-mode"), &wanted.mode, error)) {
        vm_change_medium(vm, drive, &wanted, error);
    }
    return NULL;
}

/* The part of QEMU's answer that describes a drive and its medium. */
static JsonObject *describe(const BlockInfo *info)
{
    JsonObject *drive = json_object_new();
    json_object_set_string_member(drive, "device", info->id);
    json_object_set_string_member(drive, "type", "unknown");
    json_object_set_boolean_member(drive, "removable", info->removable);
    json_object_set_boolean_member(drive, "locked", false);
    if (info->file) {
        JsonObject *image = json_object_new();
        json_object_set_string_member(image, "filename", info->file);
        json_object_set_string_member(image, "format", "raw");
        json_object_set_int_member(image, "virtual-size",
                                   (gint64)(info->sectors * BLOCK_SECTOR_SIZE));
        JsonObject *inserted = json_object_new();
        json_object_set_string_member(inserted, "file", info->file);
        json_object_set_string_member(inserted, "drv", "raw");
        json_object_set_boolean_member(inserted, "ro", info->read_only);
        json_object_set_object_member(inserted, "image", image);
        json_object_set_object_member(drive, "inserted", inserted);
    }
    return drive;
}

static JsonNode *query_block(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    JsonArray *drives = json_array_new();
    BlockInfo info;
    for (unsigned n = 0; vm_drive_info(vm, n, &info); n++) {
        json_array_add_object_element(drives, describe(&info));
    }
    return command_array(drives);
}

/* Shows, as QEMU's monitor does, the drive, its file and format, and whether it is read only. */
static void show_drive(JsonObject *drive, GString *text)
{
    const char *name = json_object_get_string_member(drive, "device");
    bool removable = json_object_get_boolean_member(drive, "removable");
    if (json_object_has_member(drive, "inserted")) {
        JsonObject *inserted = json_object_get_object_member(drive, "inserted");
        bool read_only = json_object_get_boolean_member(inserted, "ro");
        g_string_append_printf(
            text, "%s: %s (%s%s)\n", name, json_object_get_string_member(inserted, "file"),
            json_object_get_string_member(inserted, "drv"), read_only ? ", read-only" : "");
    } else {
        g_string_append_printf(text, "%s: [not inserted]\n", name);
    }
    if (removable) {
        g_string_append(text, "    Removable device\n");
    }
}

static void show_block(JsonNode *value, GString *text)
{
    JsonArray *drives = json_node_get_array(value);
    for (guint i = 0; i < json_array_get_length(drives); i++) {
        show_drive(json_array_get_object_element(drives, i), text);
    }
}

/* Candidates are the drives whose medium can change. */
static void complete_drive(Vm *vm, GPtrArray *names)
{
    BlockInfo info;
    for (unsigned n = 0; vm_drive_info(vm, n, &info); n++) {
        if (info.removable) {
            g_ptr_array_add(names, g_strdup(info.id));
        }
    }
}

const Command COMMANDS_BLOCK[] = {
    {.name = "query-block",
     .line = "info block",
     .help = "show the drives and what is in them",
     .run = query_block,
     .show = show_block},
    {.name = "eject",
     .line = "eject",
     .usage = "[-f] device",
     .help = "take the medium out of a drive (-f: even if the guest has locked it)",
     .arguments =
         {{.name = "force", .type = COMMAND_BOOL, .optional = true, .flag = 'f'},
          {.name = "device", .type = COMMAND_STRING, .optional = true, .complete = complete_drive},
          {.name = "id", .type = COMMAND_STRING, .optional = true}},
     .run = eject},
    {.name = "blockdev-change-medium",
     .line = "change",
     .usage = "[-f] device filename [format [read-only-mode]]",
     .help = "put another image into a drive (-f: even if the guest has locked it)",
     .arguments =
         {{.name = "force", .type = COMMAND_BOOL, .optional = true, .flag = 'f'},
          {.name = "device", .type = COMMAND_STRING, .optional = true, .complete = complete_drive},
          {.name = "filename", .type = COMMAND_STRING},
          {.name = "format", .type = COMMAND_STRING, .optional = true},
          {.name = "read-only-mode", .type = COMMAND_STRING, .optional = true},
          {.name = "id", .type = COMMAND_STRING, .optional = true}},
     .run = change},
    COMMAND_END,
};
