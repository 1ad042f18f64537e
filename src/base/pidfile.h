/*
 * The file of -pidfile.  It is locked for as long as its process runs, so that
 * a second one can tell, and so can whoever asks with fcntl(F_GETLK).
 */
#ifndef PIOEMU_BASE_PIDFILE_H
#define PIOEMU_BASE_PIDFILE_H

#include <glib.h>
#include <stdbool.h>

typedef struct Pidfile Pidfile;

/* Refused if another process has it, or if it could not be written; changes nothing yet. */
Pidfile *pidfile_claim(const char *path, GError **error);
/* Puts our process id there, as a whole. */
bool pidfile_write(Pidfile *file, GError **error);
/* Removes it, if it was written and is still ours; NULL is none. */
void pidfile_free(Pidfile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pidfile, pidfile_free)

#endif
