#include "src/base/json_text.h"

char *json_text(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, false);
    return g_utf8_make_valid(text, -1);
}
