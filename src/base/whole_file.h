/*
 * Small files that others read while we run: never seen half-written.
 */
#ifndef PIOEMU_BASE_WHOLE_FILE_H
#define PIOEMU_BASE_WHOLE_FILE_H

#include <glib.h>
#include <stdbool.h>

/* Whether the file could be written later; `what` names the option in the message. */
bool whole_file_check(const char *what, const char *path, GError **error);
/*
 * Replaces the file as a whole or leaves it alone; what is no regular file (a
 * pipe, a terminal) is written to as it is.
 */
bool whole_file_write(const char *what, const char *path, const char *text, GError **error);

#endif
