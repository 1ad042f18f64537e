/*
 * Starting the program under a keeper, a process that does for it what a
 * shell does: it leads the session, has the terminal while the program is
 * stopped, and waits.
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
    int terminal; /* -1: none; else the controlling terminal */
} GuestProcessConfig;

void guest_process_start(GuestProcess *process, const GuestProcessConfig *config);
/* Goes on after a stop, in the foreground of the terminal or in the background. */
void guest_process_continue(const GuestProcess *process, bool foreground);
void guest_process_end(GuestProcess *process);

#endif
