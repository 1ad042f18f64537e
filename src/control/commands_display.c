/* The commands for the screen. */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/control/line.h"
#include "src/display/dump.h"
#include "src/vm/vm_display.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool write_file(const char *path, const GString *text, GError **error)
{
    FILE *file = fopen(path, "we");
    if (!file) {
        return error_refuse(error, "Could not open '%s': %s", path, g_strerror(errno));
    }
    bool ok = fwrite(text->str, 1, text->len, file) == text->len;
    ok = fclose(file) == 0 && ok;
    return ok || error_refuse(error, "'%s': %s", path, g_strerror(errno));
}

static JsonNode *screendump(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *name = command_get_string(arguments, "format");
    DumpFormat format = DUMP_PPM;
    g_auto(SurfacePicture) picture = {0};
    g_autoptr(GString) text = g_string_new(NULL);
    if (name && !dump_format_parse(name, &format, error)) {
        return NULL;
    }
    if (!vm_take_picture(vm, &picture)) {
        error_refuse(error, "the machine has no screen (-vga std)");
        return NULL;
    }
    if (dump_picture(&picture, format, text, error)) {
        write_file(command_get_string(arguments, "filename"), text, error);
    }
    return NULL;
}

/* screendump [-f format] filename; QEMU also has the option after the file. */
static bool parse_screendump(CommandLine *line, JsonObject *arguments, GError **error)
{
    while (!line_at_end(line)) {
        const bool format = g_str_has_prefix(line->at, "-f ");
        line->at += format ? strlen("-f ") : 0;
        const char *name = format ? "format" : "filename";
        g_autofree char *word = line_take_string(line, name, error);
        if (!word) {
            return false;
        }
        json_object_set_string_member(arguments, name, word);
    }
    return true;
}

const Command COMMANDS_DISPLAY[] = {
    {.name = "screendump",
     .line = "screendump",
     .usage = "[-f format] filename",
     .help = "save the screen into a file, as ppm (default), png, text or json",
     .arguments = {{.name = "filename", .type = COMMAND_STRING},
                   {.name = "device", .type = COMMAND_STRING, .optional = true},
                   {.name = "head", .type = COMMAND_INTEGER, .optional = true},
                   {.name = "format", .type = COMMAND_STRING, .optional = true}},
     .run = screendump,
     .parse = parse_screendump},
    COMMAND_END,
};
