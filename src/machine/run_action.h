/* -action: what happens when the guest asks for its end or reaches it. */
#ifndef PIOEMU_MACHINE_RUN_ACTION_H
#define PIOEMU_MACHINE_RUN_ACTION_H

#include <glib.h>
#include <stdbool.h>

typedef enum RunEvent {
    RUN_REBOOT,       /* the guest asked for a reset */
    RUN_SHUTDOWN,     /* the guest powered off or halted for good */
    RUN_PANIC,        /* the accelerator cannot continue the guest */
    RUN_TRIPLE_FAULT, /* a CPU had a triple fault */
    RUN_EVENTS
} RunEvent;

typedef enum RunAction {
    ACTION_RESET,
    ACTION_SHUTDOWN, /* the run ends with status 0 */
    ACTION_PAUSE,    /* the machine stays paused for inspection; a control protocol may reset it */
    ACTION_DIE,      /* prints the report and ends with status 4 */
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

/* The names that users write. */
const char *run_event_name(RunEvent event);
bool run_action_parse(RunEvent event, const char *text, RunAction *action, GError **error);
/* Parses "reboot=ACTION,..." and changes the actions that it names. */
bool run_actions_parse(const char *text, RunActions *actions, GError **error);
/* All actions in the form of the option.  The caller frees it.  NULL: they are the defaults. */
char *run_actions_text(const RunActions *actions);

#endif
