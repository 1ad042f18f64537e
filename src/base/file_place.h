/*
 * A name in a directory that is held open.  Files are created, replaced and removed
 * in that directory, even if its path leads somewhere else by then.
 */
#ifndef PIOEMU_BASE_FILE_PLACE_H
#define PIOEMU_BASE_FILE_PLACE_H

#include <glib.h>
#include <stdbool.h>

typedef struct FilePlace {
    int directory;
    char *name;
} FilePlace;

/* Returns false with errno after a failure.  Then there is nothing to clear. */
bool file_place_open(FilePlace *place, const char *path);
void file_place_clear(FilePlace *place);

/*
 * Makes a new file in the same directory for writing, under a name that cannot be
 * guessed.  Returns its descriptor, or -1 with errno.  The caller frees the name,
 * and moves or removes the file.
 */
int file_place_make(const FilePlace *place, char **name);
/* The same for a symbolic link. */
bool file_place_make_link(const FilePlace *place, const char *target, char **name);
/* Moves the new file to the place.  With `replaces` it replaces what is there. */
bool file_place_put(const FilePlace *place, const char *name, bool replaces);
/* Removes the new file.  errno does not change. */
void file_place_discard(const FilePlace *place, const char *name);

/* True if exactly this open file is at the place, and not another one or a link to it. */
bool file_place_holds(const FilePlace *place, int fd);
/* Removes the open file if it is still at the place. */
void file_place_remove(const FilePlace *place, int fd);

#endif
