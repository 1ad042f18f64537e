/*
 * The recordings of what processors did, one case a line: in the folder that
 * PIOEMU_CPU_TESTS names, or in shared/cpu-tests beside the source tree.
 */
#ifndef PIOEMU_SILICON_DATA_H
#define PIOEMU_SILICON_DATA_H

#include <gio/gio.h>
#include <stdint.h>

/* NULL if there is no such file, in which case the test has been marked as skipped. */
GDataInputStream *silicon_open(const char *name);
/* The next line, or NULL behind the last. */
char *silicon_line(GDataInputStream *stream);
/* `size` bytes from hexadecimal digits; returns the text behind them. */
const char *silicon_bytes(const char *text, void *to, size_t size);

#endif
