/*
 * A file that a run writes anew: what it held stays until the run begins, as
 * it may be one that is refused.
 */
#ifndef PIOEMU_BASE_OUTPUT_FILE_H
#define PIOEMU_BASE_OUTPUT_FILE_H

#include <stdbool.h>

typedef struct OutputFile {
    int fd; /* -1: not open */
    char *path;
    bool made;  /* it was not there before */
    bool keeps; /* and writes on behind what it holds */
    bool begun;
} OutputFile;

/*
 * For writing, without waiting for a pipe's reader (ENXIO: there is none) or a
 * terminal's line.  False: errno says why, and there is nothing to close.
 */
bool output_file_open(OutputFile *file, const char *path, int flags, bool keeps);
/* The run begins: empties it, if it is a plain file.  False: errno says why. */
bool output_file_begin(OutputFile *file);
/*
 * A file that was made for a run that did not begin goes.  False: errno says
 * what of its writing failed at last.  It may be closed already.
 */
bool output_file_close(OutputFile *file);

#endif
