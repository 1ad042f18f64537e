/*
 * Input and output of whole files and on descriptors.
 *
 * There are three groups of functions.  The first moves bytes on a descriptor
 * and goes on until all of them are moved.  The second reads the files that
 * the user names as inputs.  The third writes small files that other programs
 * read while we run, so that they never see one half-written.
 */
#ifndef PIOEMU_BASE_FILE_IO_H
#define PIOEMU_BASE_FILE_IO_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- descriptors ---- */

/* Returns how much there was from `offset` up to the end of the file; -1: errno says why. */
ssize_t file_io_read_at(int fd, void *data, size_t size, uint64_t offset);
/* False: errno says why, and a part may have been written. */
bool file_io_write_at(int fd, const void *data, size_t size, uint64_t offset);
/* Writes from where the descriptor is; false: errno says why. */
bool file_io_write(int fd, const void *data, size_t size);

/* Closes those of first to last that are open; UINT_MAX: to the end. */
void file_io_close_range(unsigned first, unsigned last);

/* ---- files to read ---- */

/* A regular file that the user names for us to read. */
typedef struct InputFile {
    const char *what; /* the option, for messages; the caller owns it and the path */
    const char *path;
    int fd;        /* -1: not open */
    uint64_t size; /* bytes, as it was opened */
} InputFile;

/* Never waits: a pipe or a device is refused. */
bool input_file_open(InputFile *file, const char *what, const char *path, GError **error);
/* Sets "WHAT PATH: why" as the user's mistake; always returns false. */
bool input_file_refuse(const InputFile *file, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Returns what the file holds now, of whatever size; the caller frees the bytes. */
GBytes *input_file_read(const InputFile *file, GError **error);
void input_file_close(InputFile *file);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(InputFile, input_file_close)

/* ---- small files to write ---- */

/* Whether the file could be written later; `what` names the option in the message. */
bool file_io_check_replace(const char *what, const char *path, GError **error);
/*
 * Replaces the file as a whole or leaves it alone.  What is not a regular file
 * (a pipe, a terminal) is written to as it is.
 */
bool file_io_replace(const char *what, const char *path, const char *text, GError **error);

#endif
