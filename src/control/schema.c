#include "src/control/schema.h"

#include "src/control/command.h"
#include "src/control/qmp.h"

#define EMPTY "q_empty"
#define ANY   "any"

static JsonObject *add_entity(JsonArray *schema, const char *name, const char *kind)
{
    JsonObject *entity = json_object_new();
    json_object_set_string_member(entity, "name", name);
    json_object_set_string_member(entity, "meta-type", kind);
    json_array_add_object_element(schema, entity);
    return entity;
}

static void add_builtins(JsonArray *schema)
{
    static const char *const BUILTINS[][2] = {
        {"str", "string"}, {"int", "int"}, {"bool", "boolean"}, {ANY, "value"}};
    for (size_t i = 0; i < G_N_ELEMENTS(BUILTINS); i++) {
        JsonObject *builtin = add_entity(schema, BUILTINS[i][0], "builtin");
        json_object_set_string_member(builtin, "json-type", BUILTINS[i][1]);
    }
    json_object_set_string_member(add_entity(schema, "[any]", "array"), "element-type", ANY);
    json_object_set_array_member(add_entity(schema, EMPTY, "object"), "members", json_array_new());
}

static const char *type_of(CommandType type)
{
    static const char *const TYPES[] = {
        [COMMAND_STRING] = "str", [COMMAND_REST] = "str",    [COMMAND_INTEGER] = "int",
        [COMMAND_BOOL] = "bool",  [COMMAND_ARRAY] = "[any]", [COMMAND_OBJECT] = ANY,
    };
    return TYPES[type];
}

/* An argument that may be left out has the member "default".  Its value is null, as in QEMU. */
static void add_arguments(JsonArray *schema, const Command *command, const char *name)
{
    JsonArray *members = json_array_new();
    for (const CommandArgument *argument = command->arguments; argument->name; argument++) {
        JsonObject *member = json_object_new();
        json_object_set_string_member(member, "name", argument->name);
        json_object_set_string_member(member, "type", type_of(argument->type));
        if (argument->optional) {
            json_object_set_null_member(member, "default");
        }
        json_array_add_object_element(members, member);
    }
    json_object_set_array_member(add_entity(schema, name, "object"), "members", members);
}

static void add_command(JsonArray *schema, const Command *command)
{
    bool takes = command->arguments[0].name;
    g_autofree char *arguments = g_strdup_printf("q_obj_%s-arg", command->name);
    JsonObject *entity = add_entity(schema, command->name, "command");
    json_object_set_string_member(entity, "arg-type", takes ? arguments : EMPTY);
    json_object_set_string_member(entity, "ret-type", ANY);
    if (takes) {
        add_arguments(schema, command, arguments);
    }
}

JsonArray *schema_new(void)
{
    JsonArray *schema = json_array_new();
    const char *event;
    add_builtins(schema);
    for (const Command *command = command_next(NULL); command; command = command_next(command)) {
        add_command(schema, command);
    }
    for (unsigned i = 0; (event = qmp_event_name(i)); i++) {
        json_object_set_string_member(add_entity(schema, event, "event"), "arg-type", EMPTY);
    }
    return schema;
}
