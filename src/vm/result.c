#include "src/vm/result.h"

#include "src/base/file_io.h"
#include "src/base/json_text.h"

static const char *const BY_NAMES[] = {
    [VM_ENDED_BY_GUEST] = "guest",      [VM_ENDED_BY_GUEST_STOP] = "guest-stop",
    [VM_ENDED_BY_DEATH] = "guest-died", [VM_ENDED_BY_TIMEOUT] = "timeout",
    [VM_ENDED_BY_HOST] = "host",        [VM_ENDED_BY_USER] = "user",
    [VM_ENDED_BY_SIGNAL] = "signal",    [VM_ENDED_BY_SCRIPT] = "script",
};

bool result_write(const VmResult *result, const char *screen, const char *path, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "status");
    json_builder_add_int_value(builder, result->status);
    json_builder_set_member_name(builder, "by");
    json_builder_add_string_value(builder, BY_NAMES[result->by]);
    json_builder_set_member_name(builder, "reason");
    json_builder_add_string_value(builder, result->reason);
    if (screen) {
        json_builder_set_member_name(builder, "screen");
        json_builder_add_string_value(builder, screen);
    }
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *json = json_text(root);
    g_autofree char *line = g_strdup_printf("%s\n", json);
    return file_io_replace("-result", path, line, error);
}
