/*
 * Options in JSON: {"driver": "file", "file": {"filename": "a"}} means
 * "file,file.filename=a".
 */
#include "src/cli/option_util.h"

#include "src/base/error.h"

#include <json-glib/json-glib.h>
#include <string.h>

static bool add_object(GString *text, const char *prefix, JsonObject *object, GError **error);

/* On a command line a comma in a value is doubled. */
static void add_pair(GString *text, const char *name, const char *value)
{
    g_string_append_printf(text, "%s%s%s", text->len ? "," : "", name, *name ? "=" : "");
    for (; *value; value++) {
        g_string_append(text, *value == ',' ? ",," : (char[]){*value, '\0'});
    }
}

static bool add_value(GString *text, const char *name, JsonNode *node, GError **error)
{
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    if (JSON_NODE_HOLDS_OBJECT(node)) {
        g_autofree char *prefix = g_strdup_printf("%s.", name);
        return add_object(text, prefix, json_node_get_object(node), error);
    }
    if (type == G_TYPE_STRING) {
        add_pair(text, name, json_node_get_string(node));
    } else if (type == G_TYPE_BOOLEAN) {
        add_pair(text, name, json_node_get_boolean(node) ? "on" : "off");
    } else if (type == G_TYPE_INT64) {
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
        add_pair(text, name, number);
    } else {
        return error_refuse(error, "'%s' is not a string, a number, true, false or an object",
                            name);
    }
    return true;
}

static bool add_object(GString *text, const char *prefix, JsonObject *object, GError **error)
{
    g_autoptr(GList) names = json_object_get_members(object);
    for (GList *item = names; item; item = item->next) {
        g_autofree char *name = g_strdup_printf("%s%s", prefix, (const char *)item->data);
        if (!add_value(text, name, json_object_get_member(object, item->data), error)) {
            return false;
        }
    }
    return true;
}

/* Takes the member `first`, which stands in front of the others and without its name. */
static bool add_first(GString *text, const char *first, JsonObject *object, GError **error)
{
    JsonNode *node = json_object_get_member(object, first);
    bool is_text = node && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_STRING && *json_node_get_string(node);
    if (!is_text) {
        return error_refuse(error, "\"%s\" is missing", first);
    }
    add_pair(text, "", json_node_get_string(node));
    json_object_remove_member(object, first);
    return true;
}

char *option_from_json(const char *option, const char *json, const char *first, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) failure = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    JsonNode *root = json_parser_load_from_data(parser, json, -1, &failure)
                         ? json_parser_get_root(parser)
                         : NULL;
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        option_error(error, option, json, failure ? failure->message : "not a JSON object");
        return NULL;
    }
    JsonObject *object = json_node_get_object(root);
    if (!add_first(text, first, object, error) || !add_object(text, "", object, error)) {
        g_prefix_error(error, "-%s %s: ", option, json);
        return NULL;
    }
    return g_string_free(g_steal_pointer(&text), false);
}
