/*
 * A symbolic link to a pseudo-terminal, so that its name stays the same from
 * run to run.
 */
#ifndef PIOEMU_CHAR_PTY_LINK_H
#define PIOEMU_CHAR_PTY_LINK_H

#include <glib.h>

typedef struct PtyLink PtyLink;

/*
 * Replaces a link that a dead process left behind; refuses one that a living
 * process holds, and everything that is not a link to a terminal.
 */
PtyLink *pty_link_new(const char *path, const char *target, GError **error);
/* Removes it if it still leads where it led; NULL is no link. */
void pty_link_free(PtyLink *link);

#endif
