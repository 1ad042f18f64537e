/*
 * Tells when any process opens or closes a path.  So a line learns of its reader
 * without polling.  If inotify is not available, the watch polls four times a
 * second.
 */
#ifndef PIOEMU_CHAR_PATH_WATCH_H
#define PIOEMU_CHAR_PATH_WATCH_H

#include "src/base/loop.h"

typedef struct PathWatch PathWatch;

/*
 * `changed` may also be called when nothing has changed, and for changes that its
 * caller makes.  `reopened` means that a reader left and another came since the
 * last call.
 */
PathWatch *path_watch_new(Loop *loop, const char *path,
                          void (*changed)(void *opaque, bool reopened), void *opaque);
/* NULL is allowed: there is no watch. */
void path_watch_free(PathWatch *watch);

#endif
