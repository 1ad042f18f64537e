/* The commands for the server of VNC: who is connected, and the password. */
#include "src/control/command.h"

#include "src/base/error.h"
#include "src/base/number.h"
#include "src/control/line.h"
#include "src/vm/vm_viewers.h"

#include <string.h>

/* ---- who is connected ---- */

static JsonObject *address_object(const VncAddress *address)
{
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "host", address->host);
    json_object_set_string_member(object, "service", address->service);
    json_object_set_string_member(object, "family", address->family);
    json_object_set_boolean_member(object, "websocket", address->websocket);
    return object;
}

static JsonArray *client_array(const VncReport *report)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < report->clients->len; i++) {
        json_array_add_object_element(
            array, address_object(&g_array_index(report->clients, VncAddress, i)));
    }
    return array;
}

static JsonNode *query_vnc(Vm *vm, JsonObject *arguments, GError **error)
{
    JsonObject *object = json_object_new();
    const VncServer *server = vm_vnc(vm);
    (void)arguments, (void)error;
    json_object_set_boolean_member(object, "enabled", server != NULL);
    if (server) {
        g_autoptr(VncReport) report = vnc_server_report(server);
        const VncAddress *listen = &g_array_index(report->listens, VncAddress, 0);
        json_object_set_string_member(object, "host", listen->host);
        json_object_set_string_member(object, "service", listen->service);
        json_object_set_string_member(object, "family", listen->family);
        json_object_set_string_member(object, "auth", report->password ? "vnc" : "none");
        json_object_set_array_member(object, "clients", client_array(report));
    }
    return command_object(object);
}

static void show_address(GString *text, const char *what, JsonObject *address)
{
    const char *service = json_object_get_string_member(address, "service");
    const char *family = json_object_get_string_member(address, "family");
    g_string_append_printf(text, "  %s: %s%s%s (%s)\n", what,
                           json_object_get_string_member(address, "host"), *service ? ":" : "",
                           service, family);
}

static void show_vnc(JsonNode *value, GString *text)
{
    JsonObject *object = json_node_get_object(value);
    if (!json_object_get_boolean_member(object, "enabled")) {
        g_string_append(text, "None\n");
        return;
    }
    g_string_append(text, "default:\n");
    show_address(text, "Server", object);
    g_string_append_printf(text, "    Auth: %s\n", json_object_get_string_member(object, "auth"));
    JsonArray *clients = json_object_get_array_member(object, "clients");
    for (guint i = 0; i < json_array_get_length(clients); i++) {
        show_address(text, "Client", json_array_get_object_element(clients, i));
    }
}

/* ---- the password ---- */

static VncServer *find_server(Vm *vm, const char *protocol, GError **error)
{
    VncServer *server = vm_vnc(vm);
    if (strcmp(protocol, "vnc") != 0) {
        error_refuse(error, "Parameter 'protocol' does not accept value '%s' (vnc)", protocol);
        return NULL;
    }
    if (!server) {
        error_refuse(error, "VNC server is not enabled (-vnc :N,password=on)");
    }
    return server;
}

/* QEMU can also do something with the clients of the moment; here they stay. */
static JsonNode *set_password(Vm *vm, JsonObject *arguments, GError **error)
{
    const char *connected = command_get_string(arguments, "connected");
    VncServer *server =
        find_server(vm, json_object_get_string_member(arguments, "protocol"), error);
    if (server && connected && strcmp(connected, "keep") != 0) {
        error_refuse(error, "Parameter 'connected' expects keep");
    } else if (server) {
        vnc_server_set_password(server, json_object_get_string_member(arguments, "password"),
                                error);
    }
    return NULL;
}

static JsonNode *change_password(Vm *vm, JsonObject *arguments, GError **error)
{
    VncServer *server = find_server(vm, "vnc", error);
    if (server) {
        vnc_server_set_password(server, json_object_get_string_member(arguments, "password"),
                                error);
    }
    return NULL;
}

/* change vnc password [TEXT]; QEMU asks for the text if it is missing. */
static bool parse_change(CommandLine *line, JsonObject *arguments, GError **error)
{
    g_autofree char *word = line_take_string(line, "password", error);
    if (!word) {
        return false;
    }
    if (strcmp(word, "password") != 0 && strcmp(word, "passwd") != 0) {
        return error_refuse(error, "write: change vnc password TEXT");
    }
    g_autofree char *text = line_take_string(line, "password", error);
    if (text) {
        json_object_set_string_member(arguments, "password", text);
    }
    return text != NULL;
}

/* "now", "never", "+SECONDS" or seconds since 1970. */
static bool parse_time(const char *text, int64_t *when, GError **error)
{
    const int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    uint64_t number = 0;
    if (!strcmp(text, "never")) {
        *when = INT64_MAX;
        return true;
    }
    const bool from_now = *text == '+' || !strcmp(text, "now");
    if (strcmp(text, "now") != 0 &&
        !number_parse("time", text + (*text == '+'), INT64_MAX / 2, &number, error)) {
        return false;
    }
    *when = (int64_t)number + (from_now ? now : 0);
    return true;
}

static JsonNode *expire_password(Vm *vm, JsonObject *arguments, GError **error)
{
    int64_t when;
    VncServer *server =
        find_server(vm, json_object_get_string_member(arguments, "protocol"), error);
    if (server && parse_time(json_object_get_string_member(arguments, "time"), &when, error)) {
        vnc_server_expire_password(server, when);
    }
    return NULL;
}

/* ---- the table ---- */

const Command COMMANDS_VNC[] = {
    {.name = "query-vnc",
     .line = "info vnc",
     .help = "show the vnc server status",
     .run = query_vnc,
     .show = show_vnc},
    {.name = "set_password",
     .line = "set_password",
     .usage = "protocol password [action-if-connected]",
     .help = "set the password that clients of VNC must know",
     .arguments = {{.name = "protocol", .type = COMMAND_STRING},
                   {.name = "password", .type = COMMAND_STRING},
                   {.name = "connected", .type = COMMAND_STRING, .optional = true}},
     .run = set_password},
    {.name = "change-vnc-password",
     .line = "change vnc",
     .usage = "password text",
     .help = "the same",
     .arguments = {{.name = "password", .type = COMMAND_STRING}},
     .run = change_password,
     .parse = parse_change},
    {.name = "expire_password",
     .line = "expire_password",
     .usage = "protocol time",
     .help = "set when the password ends: now, never, +seconds, or seconds since 1970",
     .arguments = {{.name = "protocol", .type = COMMAND_STRING},
                   {.name = "time", .type = COMMAND_STRING}},
     .run = expire_password},
    COMMAND_END,
};
