/* JSON text for other programs. */
#ifndef PIOEMU_BASE_JSON_TEXT_H
#define PIOEMU_BASE_JSON_TEXT_H

#include <json-glib/json-glib.h>
#include <stdbool.h>

/*
 * Formats the node on one line, and replaces bytes that are not valid UTF-8.  The
 * caller frees the text.
 */
char *json_text(JsonNode *node);

#endif
