/*
 * A process that outlives ours by a moment: when we die in a way that leaves
 * no time for it, SIGKILL above all, it puts things back.
 */
#ifndef PIOEMU_CHAR_GUARDIAN_H
#define PIOEMU_CHAR_GUARDIAN_H

#include <glib.h>

typedef struct Guardian Guardian;

/*
 * Forks, so no thread may exist yet.  `restore` runs in the guardian, once we
 * are gone, with its copy of `fd`; `shared` is memory that both processes see.
 */
Guardian *guardian_start(int fd, void (*restore)(int fd, void *shared), void *shared,
                         GError **error);
/* Sends it away without a call of `restore`; NULL is nobody. */
void guardian_dismiss(Guardian *guardian);

#endif
