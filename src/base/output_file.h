/*
 * A file that a run writes from the beginning.  Its old contents remain until the
 * run begins, because the run may still be refused.
 */
#ifndef PIOEMU_BASE_OUTPUT_FILE_H
#define PIOEMU_BASE_OUTPUT_FILE_H

#include <stdbool.h>

typedef struct OutputFile {
    int fd; /* -1: not open */
    char *path;
    bool made;  /* it did not exist before */
    bool keeps; /* the file keeps its contents, and output is appended */
    bool begun;
} OutputFile;

/*
 * Opens the file for writing.  Does not wait for a pipe's reader (ENXIO: there is
 * none) or for a terminal's line.  Returns false with errno after a failure; then
 * there is nothing to close.
 */
bool output_file_open(OutputFile *file, const char *path, int flags, bool keeps);
/*
 * The run begins: truncates the file if it is a regular one.  Returns false with
 * errno after a failure.
 */
bool output_file_begin(OutputFile *file);
/*
 * Closes the file, and removes it if it was created for a run that did not begin.
 * Returns false with errno if writing has failed.  The file may already be closed.
 */
bool output_file_close(OutputFile *file);

#endif
