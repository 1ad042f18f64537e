/*
 * Starts the program under a keeper.  The keeper is a process that acts like a
 * shell: it leads the session, owns the terminal while the program is stopped, and
 * waits.
 */
#ifndef PIOEMU_GUEST_PROCESS_H
#define PIOEMU_GUEST_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct GuestProcess {
    pid_t keeper, pid;
    int statuses; /* one int of waitpid() for each change */
    int commands;
} GuestProcess;

typedef struct GuestProcessConfig {
    const char *directory;
    char *const *argv;
    int fds[3];   /* -1: closed */
    int terminal; /* -1 if none; else the controlling terminal */
} GuestProcessConfig;

void guest_process_start(GuestProcess *process, const GuestProcessConfig *config);
/* Continues after a stop, in the foreground or the background of the terminal. */
void guest_process_continue(const GuestProcess *process, bool foreground);
void guest_process_end(GuestProcess *process);

#endif
