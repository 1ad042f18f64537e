/*
 * JSON that others read.
 */
#ifndef PIOEMU_BASE_JSON_TEXT_H
#define PIOEMU_BASE_JSON_TEXT_H

#include <json-glib/json-glib.h>
#include <stdbool.h>

/* On one line; bytes of a path or a name that are no UTF-8 are replaced.  The caller frees it. */
char *json_text(JsonNode *node);

#endif
