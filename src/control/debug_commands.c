/* The commands that stop a machine in order to examine it. */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/control/gdb_server.h"
#include "src/vm/vm_debug.h"

#include <inttypes.h>
#include <string.h>

#define PORT_COUNT 0x10000

static JsonNode *gdbserver(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *device =
        json_object_get_string_member_with_default(arguments, "device", GDB_SERVER_DEFAULT);
    if (!gdb_server_open(vm, "gdbserver", device, error)) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    if (strcmp(device, "none") != 0) {
        g_string_append_printf(text, "Waiting for gdb connection on device '%s'\n", device);
    }
    return command_text(text);
}

/* "r", "w" or "rw" */
static bool parse_access(const char *text, PortWatch *watch, GError **error)
{
    watch->reads = strchr(text, 'r');
    watch->writes = strchr(text, 'w');
    return (*text && strspn(text, "rw") == strlen(text)) ||
           error_refuse(error, "access %s: write r, w or rw", text);
}

static JsonNode *watch_port(Vm *vm, JsonObject *arguments, GError **error)
{
    gint64 port = json_object_get_int_member(arguments, "port");
    gint64 count = json_object_get_int_member_with_default(arguments, "count", 1);
    PortWatch watch;
    if (port < 0 || count < 1 || port >= PORT_COUNT || count > PORT_COUNT - port) {
        error_refuse(error, "ports %" PRId64 " and %" PRId64 " behind it: there are 0 to 0xffff",
                     port, count - 1);
        return NULL;
    }
    watch.first = (uint16_t)port;
    watch.last = (uint16_t)(port + count - 1);
    if (parse_access(json_object_get_string_member_with_default(arguments, "access", "rw"), &watch,
                     error)) {
        vm_watch_port(vm, &watch, error);
    }
    return NULL;
}

static JsonNode *unwatch_port(Vm *vm, JsonObject *arguments, GError **error)
{
    gint64 port = json_object_get_int_member(arguments, "port");
    if (port < 0 || port >= PORT_COUNT) {
        error_refuse(error, "port %" PRId64 ": there are 0 to 0xffff", port);
        return NULL;
    }
    vm_unwatch_port(vm, (uint16_t)port, error);
    return NULL;
}

static void add_watch(void *opaque, const PortWatch *watch)
{
    JsonObject *entry = json_object_new();
    g_autofree char *access =
        g_strdup_printf("%s%s", watch->reads ? "r" : "", watch->writes ? "w" : "");
    json_object_set_int_member(entry, "port", watch->first);
    json_object_set_int_member(entry, "count", watch->last - watch->first + 1);
    json_object_set_string_member(entry, "access", access);
    json_array_add_object_element(opaque, entry);
}

static JsonNode *query_port_watches(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    JsonArray *list = json_array_new();
    vm_foreach_port_watch(vm, add_watch, list);
    return command_array(list);
}

static void show_watch(JsonArray *list, guint index, JsonNode *element, gpointer text)
{
    JsonObject *entry = json_node_get_object(element);
    unsigned first = (unsigned)json_object_get_int_member(entry, "port");
    unsigned count = (unsigned)json_object_get_int_member(entry, "count");
    (void)list, (void)index;
    g_string_append_printf(text, "0x%04x-0x%04x %s\n", first, first + count - 1,
                           json_object_get_string_member(entry, "access"));
}

static void show_port_watches(JsonNode *value, GString *text)
{
    json_array_foreach_element(json_node_get_array(value), show_watch, text);
}

const Command COMMANDS_DEBUG[] = {
    {.name = "gdbserver",
     .line = "gdbserver",
     .usage = "[device]",
     .help = "start gdbserver on given device (default 'tcp::1234'), stop with 'none'",
     .arguments = {{.name = "device", .type = COMMAND_REST, .optional = true}},
     .run = gdbserver},
    {.name = "watch-port",
     .line = "watch-port",
     .usage = "port [count [r|w|rw]]",
     .help = "an access of these ports stops the machine",
     .arguments = {{.name = "port", .type = COMMAND_INTEGER},
                   {.name = "count", .type = COMMAND_INTEGER, .optional = true},
                   {.name = "access", .type = COMMAND_STRING, .optional = true}},
     .run = watch_port},
    {.name = "unwatch-port",
     .line = "unwatch-port",
     .usage = "port",
     .help = "end the watches that begin there",
     .arguments = {{.name = "port", .type = COMMAND_INTEGER}},
     .run = unwatch_port},
    {.name = "query-port-watches",
     .line = "info watch-ports",
     .help = "show the ports whose accesses stop the machine",
     .run = query_port_watches,
     .show = show_port_watches},
    COMMAND_END,
};
