/* A symbolic link to a pseudo-terminal, so that users find it under the same name in every run. */
#ifndef PIOEMU_CHAR_PTY_LINK_H
#define PIOEMU_CHAR_PTY_LINK_H

#include <glib.h>

typedef struct PtyLink PtyLink;

/*
 * Replaces a link that a dead process left behind.  Refuses a link that a living
 * process holds, and everything that is not a link to a terminal.
 */
PtyLink *pty_link_new(const char *path, const char *target, GError **error);
/* Removes the link if it still leads to the same place.  NULL is allowed: there is no link. */
void pty_link_free(PtyLink *link);

#endif
