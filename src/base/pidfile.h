/*
 * The file of -pidfile.  It is locked while its process runs.  So a second process
 * notices, and other programs can ask with fcntl(F_GETLK).
 */
#ifndef PIOEMU_BASE_PIDFILE_H
#define PIOEMU_BASE_PIDFILE_H

#include <glib.h>
#include <stdbool.h>

typedef struct Pidfile Pidfile;

/*
 * Fails if another process has the file, or if it cannot be written.  Does not
 * change the file yet.
 */
Pidfile *pidfile_claim(const char *path, GError **error);
/* Writes our process id, and replaces the file as a whole. */
bool pidfile_write(Pidfile *file, GError **error);
/* Removes the file if we wrote it and it is still ours.  NULL is allowed: there is no file. */
void pidfile_free(Pidfile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pidfile, pidfile_free)

#endif
