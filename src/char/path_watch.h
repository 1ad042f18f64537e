/*
 * Tells when a path is opened or closed by anybody, so that a line learns of
 * its reader without asking again and again.  Where the kernel gives no such
 * notice it asks four times a second.
 */
#ifndef PIOEMU_CHAR_PATH_WATCH_H
#define PIOEMU_CHAR_PATH_WATCH_H

#include "src/base/loop.h"

typedef struct PathWatch PathWatch;

/*
 * `changed` may be called for nothing, and by what its caller does to the path;
 * `reopened`: one left and one came since the last call.
 */
PathWatch *path_watch_new(Loop *loop, const char *path,
                          void (*changed)(void *opaque, bool reopened), void *opaque);
/* NULL is no watch. */
void path_watch_free(PathWatch *watch);

#endif
