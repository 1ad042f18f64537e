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

/*
 * Returns the number of bytes read, which is less than `size` only at the end of
 * the file.  -1: errno says why.
 */
ssize_t file_io_read_at(int fd, void *data, size_t size, uint64_t offset);
/* Returns false with errno after a failure.  A part may have been written then. */
bool file_io_write_at(int fd, const void *data, size_t size, uint64_t offset);
/* Writes at the position of the descriptor.  Returns false with errno after a failure. */
bool file_io_write(int fd, const void *data, size_t size);

/* Closes all open descriptors from first to last.  UINT_MAX means up to the highest. */
void file_io_close_range(unsigned first, unsigned last);

/* ---- files to read ---- */

/* A regular file that the user names as an input. */
typedef struct InputFile {
    const char *what; /* the option, for messages; the caller owns it and the path */
    const char *path;
    int fd;        /* -1: not open */
    uint64_t size; /* in bytes, when it was opened */
} InputFile;

/* Never blocks, because it refuses pipes and devices. */
bool input_file_open(InputFile *file, const char *what, const char *path, GError **error);
/* Sets "WHAT PATH: why" as the user's mistake; always returns false. */
bool input_file_refuse(const InputFile *file, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Returns what the file holds now, of whatever size; the caller frees the bytes. */
GBytes *input_file_read(const InputFile *file, GError **error);
void input_file_close(InputFile *file);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(InputFile, input_file_close)

/* ---- small files to write ---- */

/* Checks whether the file can be written later.  `what` names the option in the message. */
bool file_io_check_replace(const char *what, const char *path, GError **error);
/*
 * Replaces the file as a whole or leaves it alone.  What is not a regular file
 * (a pipe, a terminal) is written to as it is.
 */
bool file_io_replace(const char *what, const char *path, const char *text, GError **error);

#endif
