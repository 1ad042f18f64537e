/*
 * Lines for the user, on stderr or in the file of -D.
 *
 * Any thread may log; the loop writes.  A stderr that nobody reads loses
 * lines rather than stop the machine, and says how many.
 */
#ifndef PIOEMU_BASE_LOG_H
#define PIOEMU_BASE_LOG_H

#include "src/base/loop.h"

#include <glib.h>

/* What -d turns on. */
typedef enum LogItem {
    LOG_IO = 1 << 0,        /* every access to a device */
    LOG_UNCLAIMED = 1 << 1, /* summary of accesses that nobody answered, at the end */
    LOG_CHAR = 1 << 2,      /* counters of the chardevs, at the end */
    LOG_IN_ASM = 1 << 3,    /* blocks of instructions, when they are decoded */
    LOG_INT = 1 << 4,       /* interrupts and exceptions */
    LOG_CPU = 1 << 5,       /* registers, before each block */
    LOG_EXEC = 1 << 6,      /* a line a block, before it */
    LOG_NOCHAIN = 1 << 7,   /* blocks are not linked */
    /* What the guest asked of the CPU that is not there and does not hurt it. */
    LOG_GUEST_ERRORS = 1 << 8
} LogItem;

/* Those that only an accelerator which sees the guest's instructions can log. */
#define LOG_OF_CPU (LOG_IN_ASM | LOG_INT | LOG_CPU | LOG_EXEC | LOG_NOCHAIN)

typedef struct Log Log;

/* `path` NULL: stderr.  A file keeps what it holds, and lines wait, until the run begins. */
Log *log_new(Loop *loop, const char *path, GError **error);
void log_begin(Log *log);
/* Writes what is queued. */
void log_free(Log *log);

/* Parses -d: "io,unclaimed". */
bool log_parse_items(const char *text, unsigned *items, GError **error);
/* One line per item for -d help. */
char *log_help(void);

/* Any thread; the text needs no newline and may have several lines. */
void log_line(Log *log, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The loop's thread: writes at once, after what was queued. */
void log_flush(Log *log);

#endif
