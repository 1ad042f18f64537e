/*
 * The commands about networks.
 */
#include "src/control/command.h"

#include "src/net/net.h"

static NetSet *nets_of(Vm *vm)
{
    return vm_parts(vm).nets;
}

static JsonNode *query_network(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    net_set_describe(nets_of(vm), text);
    return command_text(text);
}

static JsonNode *query_usernet(Vm *vm, JsonObject *arguments, GError **error)
{
    (void)arguments, (void)error;
    GString *text = g_string_new(NULL);
    net_set_describe_user(nets_of(vm), text);
    return command_text(text);
}

/* A recorded run has the change as a call into the device. */
static JsonNode *set_link(Vm *vm, JsonObject *arguments, GError **error)
{
    net_set_link(nets_of(vm), json_object_get_string_member(arguments, "name"),
                 json_object_get_boolean_member(arguments, "up"), error);
    return NULL;
}

/* "[NETDEV] RULE" */
static void forward(Vm *vm, JsonObject *arguments, bool add, GError **error)
{
    const char *first = json_object_get_string_member(arguments, "arg1");
    const char *second = command_get_string(arguments, "arg2");
    net_set_forward(nets_of(vm), second ? first : NULL, second ? second : first, add, error);
}

static JsonNode *add_forward(Vm *vm, JsonObject *arguments, GError **error)
{
    forward(vm, arguments, true, error);
    return NULL;
}

static JsonNode *remove_forward(Vm *vm, JsonObject *arguments, GError **error)
{
    forward(vm, arguments, false, error);
    return NULL;
}

static JsonNode *remove_netdev(Vm *vm, JsonObject *arguments, GError **error)
{
    net_set_remove(nets_of(vm), json_object_get_string_member(arguments, "id"), error);
    return NULL;
}

const Command COMMANDS_NET[] = {
    {.name = "x-query-network",
     .line = "info network",
     .help = "show the network cards, their networks, and what was sent and dropped",
     .run = query_network},
    {.name = "x-query-usernet",
     .line = "info usernet",
     .help = "show the connections of the networks of the type user",
     .run = query_usernet},
    {.name = "set_link",
     .line = "set_link",
     .usage = "name on|off",
     .help = "plug the cable of a network card or a netdev in, or pull it out",
     .arguments = {{.name = "name", .type = COMMAND_STRING}, {.name = "up", .type = COMMAND_BOOL}},
     .run = set_link},
    {.name = "x-hostfwd-add",
     .line = "hostfwd_add",
     .usage = "[netdev] tcp|udp:[address]:port-[address]:port",
     .help = "open a port of the host that leads to one of the guest",
     .arguments = {{.name = "arg1", .type = COMMAND_STRING},
                   {.name = "arg2", .type = COMMAND_STRING, .optional = true}},
     .run = add_forward},
    {.name = "x-hostfwd-remove",
     .line = "hostfwd_remove",
     .usage = "[netdev] tcp|udp:[address]:port",
     .help = "close a port that hostfwd_add or hostfwd= opened",
     .arguments = {{.name = "arg1", .type = COMMAND_STRING},
                   {.name = "arg2", .type = COMMAND_STRING, .optional = true}},
     .run = remove_forward},
    {.name = "netdev_del",
     .line = "netdev_del",
     .usage = "id",
     .help = "remove a netdev that no card has",
     .arguments = {{.name = "id", .type = COMMAND_STRING}},
     .run = remove_netdev},
    COMMAND_END,
};
