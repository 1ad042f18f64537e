/*
 * Lines for the user, on stderr or in the file of -D or another option.
 *
 * Any thread can log; the loop writes.  If a pipe is not being read, lines are lost
 * and counted, and the machine does not stop.
 */
#ifndef PIOEMU_BASE_LOG_H
#define PIOEMU_BASE_LOG_H

#include "src/base/loop.h"

#include <glib.h>

/* The items of -d. */
typedef enum LogItem {
    LOG_IO = 1 << 0,        /* every access to a device */
    LOG_UNCLAIMED = 1 << 1, /* a summary, at the end, of accesses that no device answered */
    LOG_CHAR = 1 << 2,      /* counters of the chardevs, at the end */
    LOG_IN_ASM = 1 << 3,    /* blocks of instructions, when they are decoded */
    LOG_INT = 1 << 4,       /* interrupts and exceptions */
    LOG_CPU = 1 << 5,       /* the registers before each block */
    LOG_EXEC = 1 << 6,      /* a line before each block */
    LOG_NOCHAIN = 1 << 7,   /* blocks are not chained */
    /* Requests to the CPU that it does not support, if the guest can continue. */
    LOG_GUEST_ERRORS = 1 << 8,
    LOG_ACCEPTED = 1 << 9,   /* options that were accepted and change nothing */
    LOG_CPU_RESET = 1 << 10, /* the registers before each reset of a CPU */
    LOG_MMU = 1 << 11        /* changes of the control registers that paging depends on */
} LogItem;

/* Only an accelerator that sees the guest's instructions can log these. */
#define LOG_OF_CPU (LOG_IN_ASM | LOG_INT | LOG_CPU | LOG_EXEC | LOG_NOCHAIN | LOG_MMU)

typedef struct Log Log;

/*
 * `option` names the option in messages.  `path` NULL means stderr.  Until the run
 * begins, a file keeps its contents and lines are queued.
 */
Log *log_new(Loop *loop, const char *option, const char *path, GError **error);
void log_begin(Log *log);
/* Lines begin with the date and time from now on. */
void log_set_timestamps(Log *log, bool on);
/* From now on the lines go to this file, which is replaced. */
bool log_set_file(Log *log, const char *path, GError **error);
/*
 * A viewer has the terminal to which the lines would go.  Until log_release()
 * they are held, and each is passed to `show`.  log_set_file() ends that, too.
 */
void log_hold(Log *log, void (*show)(void *opaque, const char *line), void *opaque);
/* Writes what was held. */
void log_release(Log *log);
/* Writes the queued lines first. */
void log_free(Log *log);

/* Parses -d: "io,unclaimed". */
bool log_parse_items(const char *text, unsigned *items, GError **error);
/* Their names, NULL at the end. */
const char *const *log_item_names(void);
/* One line for each item, for -d help. */
char *log_help(void);

/* Any thread may call it.  The text needs no final newline, and may have several lines. */
void log_line(Log *log, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Writes the queued lines at once.  For the loop's thread. */
void log_flush(Log *log);

#endif
