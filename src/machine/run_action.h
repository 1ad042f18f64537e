/*
 * -action: what follows when the guest asks for its end or comes to it.
 */
#ifndef PIOEMU_MACHINE_RUN_ACTION_H
#define PIOEMU_MACHINE_RUN_ACTION_H

#include <glib.h>
#include <stdbool.h>

typedef enum RunEvent {
    RUN_REBOOT,       /* the guest asked for a reset */
    RUN_SHUTDOWN,     /* it powered off, or halted for good */
    RUN_PANIC,        /* the accelerator cannot run it on */
    RUN_TRIPLE_FAULT, /* of a CPU */
    RUN_EVENTS
} RunEvent;

typedef enum RunAction {
    ACTION_RESET,
    ACTION_SHUTDOWN, /* the run ends with status 0 */
    ACTION_PAUSE,    /* the machine stays for inspection; a control protocol may reset it */
    ACTION_DIE,      /* the report, and status 4 */
    RUN_ACTIONS
} RunAction;

typedef struct RunActions {
    RunAction on[RUN_EVENTS];
} RunActions;

#define RUN_ACTIONS_DEFAULT                                                                        \
    {                                                                                              \
        {                                                                                          \
            ACTION_RESET, ACTION_SHUTDOWN, ACTION_DIE, ACTION_DIE                                  \
        }                                                                                          \
    }

/* As users write it. */
const char *run_event_name(RunEvent event);
bool run_action_parse(RunEvent event, const char *text, RunAction *action, GError **error);
/* "reboot=ACTION,...": changes those that it names. */
bool run_actions_parse(const char *text, RunActions *actions, GError **error);
/* As the option has it, all of them; the caller frees it.  NULL: the default. */
char *run_actions_text(const RunActions *actions);

#endif
