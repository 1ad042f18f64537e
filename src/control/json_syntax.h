/*
 * The grammar of JSON (RFC 8259), to the letter: what a parser that is kinder
 * would take, and what it would lose of a value that only has to be echoed.
 *
 * The texts are values of json_split.h: as deep as that allows.
 */
#ifndef PIOEMU_CONTROL_JSON_SYNTAX_H
#define PIOEMU_CONTROL_JSON_SYNTAX_H

#include <stdbool.h>

/* One value, with or without spaces around it. */
bool json_syntax_is_value(const char *text);
/*
 * The text of an object's member as it stands in `object`, which is valid; the
 * last of several; NULL: there is none.  The caller frees it.
 */
char *json_syntax_member(const char *object, const char *name);

#endif
