/*
 * A name in a directory that stays open: what is made, replaced and removed
 * under it is in that directory, even if the directory's own name leads
 * somewhere else by then.
 */
#ifndef PIOEMU_BASE_FILE_PLACE_H
#define PIOEMU_BASE_FILE_PLACE_H

#include <glib.h>
#include <stdbool.h>

typedef struct FilePlace {
    int directory;
    char *name;
} FilePlace;

/* False: errno says why, and there is nothing to clear. */
bool file_place_open(FilePlace *place, const char *path);
void file_place_clear(FilePlace *place);

/*
 * Makes a new file beside it, whose name nobody can have guessed, for writing;
 * returns its descriptor, or -1 with errno.  The caller frees the name and
 * moves or removes the file.
 */
int file_place_make(const FilePlace *place, char **name);
/* The same for a symbolic link. */
bool file_place_make_link(const FilePlace *place, const char *target, char **name);
/* Moves what was made beside it into its place; `replaces`: whatever is there. */
bool file_place_put(const FilePlace *place, const char *name, bool replaces);
/* Removes what was made beside it; errno stays. */
void file_place_discard(const FilePlace *place, const char *name);

/* Whether the open file, and no other or a link to it, is at the place. */
bool file_place_holds(const FilePlace *place, int fd);
/* Removes the open file if it is still there. */
void file_place_remove(const FilePlace *place, int fd);

#endif
