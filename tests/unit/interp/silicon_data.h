/*
 * Recordings of what processors did, one case a line.  They are in the folder that
 * PIOEMU_CPU_TESTS names, or in shared/cpu-tests beside the source tree.
 */
#ifndef PIOEMU_SILICON_DATA_H
#define PIOEMU_SILICON_DATA_H

#include <gio/gio.h>
#include <stdint.h>

/* Returns NULL if there is no such file.  The test has then been marked as skipped. */
GDataInputStream *silicon_open(const char *name);
/* The next line, or NULL after the last. */
char *silicon_line(GDataInputStream *stream);
/* Reads `size` bytes from hexadecimal digits.  Returns the text after them. */
const char *silicon_bytes(const char *text, void *to, size_t size);

#endif
