/*
 * Files that the user names for us to read: regular ones that are there, with
 * a message that names the option where one is not.
 */
#ifndef PIOEMU_BASE_INPUT_FILE_H
#define PIOEMU_BASE_INPUT_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct InputFile {
    const char *what; /* the option, for messages; the caller's, as is the path */
    const char *path;
    int fd;        /* -1: not open */
    uint64_t size; /* bytes, as it was opened */
} InputFile;

/* Never waits: a pipe or a device is refused. */
bool input_file_open(InputFile *file, const char *what, const char *path, GError **error);
/* "WHAT PATH: why", as the user's mistake; always false. */
bool input_file_refuse(const InputFile *file, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* What is in it now, of whatever size; the caller frees the bytes. */
GBytes *input_file_read(const InputFile *file, GError **error);
void input_file_close(InputFile *file);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(InputFile, input_file_close)

#endif
