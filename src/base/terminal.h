/*
 * The user's terminal: it is raw while we have it, and restored whenever we lose
 * it.
 *
 * In raw mode each key reaches the guest, including Ctrl-C, Ctrl-Z, Ctrl-S and
 * Ctrl-\. Output processing does not change.  We take the terminal only while we
 * are its foreground job, give it back when the job is stopped, and take it again
 * when the job continues.  After a crash the signal handler restores it, and after
 * SIGKILL the guardian process does.
 *
 * Used in the loop's thread except where noted.
 */
#ifndef PIOEMU_BASE_TERMINAL_H
#define PIOEMU_BASE_TERMINAL_H

#include "src/base/loop.h"

#include <glib.h>
#include <stdbool.h>

typedef struct Terminal Terminal;

#define TERMINAL_FAREWELL_MAX 256u

typedef struct TerminalConfig {
    int fd;
    bool keep_signals; /* Ctrl-C, Ctrl-Z and Ctrl-\ keep their meaning for the terminal */
    /*
     * Called when we got or lost the terminal: see terminal_is_ours().  Also called
     * when we have it again after other programs may have used it.
     */
    void (*changed)(void *opaque);
    void *opaque;
} TerminalConfig;

/*
 * To be called before any thread exists, because it forks the guardian.  A process
 * can have one terminal at a time.
 */
Terminal *terminal_open(Loop *loop, const TerminalConfig *config, GError **error);
/* Restores the terminal.  NULL is allowed: there is no terminal. */
void terminal_close(Terminal *terminal);

/*
 * What is written to the terminal when it is given back, however that happens.
 * Bytes beyond TERMINAL_FAREWELL_MAX are left out.
 */
void terminal_set_farewell(Terminal *terminal, const uint8_t *data, size_t size);

/* False in the background: there a read would stop us, and the modes are the shell's. */
bool terminal_is_ours(const Terminal *terminal);
/* Asks the system, so that terminal_is_ours() is up to date. */
void terminal_check(Terminal *terminal);

/* Restores the open terminal, if there is one.  Any thread and any signal handler may call it. */
void terminal_emergency_restore(void);

#endif
