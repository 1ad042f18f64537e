/*
 * The user's terminal: raw while we have it, as it was on every way out.
 *
 * Raw means that each key reaches the guest, Ctrl-C, Ctrl-Z, Ctrl-S and
 * Ctrl-\ included.  Output processing stays as the user had it.  The terminal
 * is taken only while we are its foreground job, given back when the job is
 * stopped, and taken again when it continues.  A crash restores it from the
 * signal handler, and SIGKILL from the guardian process.
 *
 * Used in the loop's thread except where noted.
 */
#ifndef PIOEMU_CHAR_TERMINAL_H
#define PIOEMU_CHAR_TERMINAL_H

#include "src/base/loop.h"

#include <glib.h>
#include <stdbool.h>

typedef struct Terminal Terminal;

typedef struct TerminalConfig {
    int fd;
    bool keep_signals; /* Ctrl-C, Ctrl-Z and Ctrl-\ stay the terminal's */
    /* The terminal became ours or ceased to be: see terminal_is_ours(). */
    void (*changed)(void *opaque);
    void *opaque;
} TerminalConfig;

/*
 * Before any thread is made (it forks the guardian).  One terminal at a time
 * per process.
 */
Terminal *terminal_open(Loop *loop, const TerminalConfig *config, GError **error);
/* Restores it; NULL is no terminal. */
void terminal_close(Terminal *terminal);

/* False in the background, where reading would stop us and the modes are the shell's. */
bool terminal_is_ours(const Terminal *terminal);
/* Asks the system; after this terminal_is_ours() is true to the moment. */
void terminal_check(Terminal *terminal);

/* Restores the open terminal, if any.  Any thread, and signal handlers. */
void terminal_emergency_restore(void);

#endif
