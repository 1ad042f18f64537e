/*
 * Lines for the reader of standard output: the name of a pseudo-terminal, the
 * number of a port.  If a pipe is full, they wait, and the machine does not.
 */
#ifndef PIOEMU_VM_NOTICES_H
#define PIOEMU_VM_NOTICES_H

#include "src/base/loop.h"

typedef struct Notices Notices;

/* The caller keeps `fd`.  If it is not open, every line is discarded. */
Notices *notices_new(Loop *loop, int fd);
/* Tries once more to write what is waiting, and discards the rest. */
void notices_free(Notices *notices);
/* To be called in the loop's thread.  The text has no newline. */
void notices_line(Notices *notices, const char *text);

#endif
