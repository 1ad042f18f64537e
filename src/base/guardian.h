/*
 * A process that lives slightly longer than ours.  If we die without time to clean
 * up, above all by SIGKILL, the guardian does it.
 */
#ifndef PIOEMU_BASE_GUARDIAN_H
#define PIOEMU_BASE_GUARDIAN_H

#include <glib.h>

typedef struct Guardian Guardian;

/*
 * Forks, so there must be no other thread yet.  `restore` runs in the guardian when
 * our process has ended, with the guardian's copy of `fd`. `shared` is memory that
 * both processes see.
 */
Guardian *guardian_start(int fd, void (*restore)(int fd, void *shared), void *shared,
                         GError **error);
/* Ends the guardian without a call of `restore`.  NULL is allowed. */
void guardian_dismiss(Guardian *guardian);

#endif
