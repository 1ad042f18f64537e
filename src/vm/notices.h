/*
 * Lines for whoever reads standard output: where a pseudo-terminal is, which
 * port was taken.  A full pipe makes them wait, not us.
 */
#ifndef PIOEMU_VM_NOTICES_H
#define PIOEMU_VM_NOTICES_H

#include "src/base/loop.h"

typedef struct Notices Notices;

/* `fd` stays the caller's; one that is not open takes everything. */
Notices *notices_new(Loop *loop, int fd);
/* What still waits is tried once more, and then lost. */
void notices_free(Notices *notices);
/* In the loop's thread; the text has no newline. */
void notices_line(Notices *notices, const char *text);

#endif
