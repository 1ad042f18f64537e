/*
 * The exact grammar of JSON (RFC 8259).  It refuses what a tolerant parser would
 * accept, and it preserves a value that only has to be echoed.
 *
 * The texts are values of json_split.h, so their depth has a limit.
 */
#ifndef PIOEMU_CONTROL_JSON_SYNTAX_H
#define PIOEMU_CONTROL_JSON_SYNTAX_H

#include <stdbool.h>

/* One value, with or without spaces around it. */
bool json_syntax_is_value(const char *text);
/*
 * Copies the text of an object's member from `object`, which must be valid.  If
 * several have the name, the last one counts.  Returns NULL if there is none.  The
 * caller frees the text.
 */
char *json_syntax_member(const char *object, const char *name);

#endif
