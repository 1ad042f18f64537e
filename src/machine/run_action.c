#include "src/machine/run_action.h"

#include "src/base/error.h"
#include "src/base/keyval.h"

#include <string.h>

static const char *const EVENT_NAMES[RUN_EVENTS + 1] = {"reboot", "shutdown", "panic",
                                                        "triple-fault"};
static const char *const ACTION_NAMES[RUN_ACTIONS + 1] = {"reset", "shutdown", "pause", "die"};

const char *run_event_name(RunEvent event)
{
    return EVENT_NAMES[event];
}

/* QEMU's names for the same actions. */
static const struct {
    const char *alias;
    RunAction action;
} ALIASES[] = {{"poweroff", ACTION_SHUTDOWN}, {"exit-failure", ACTION_DIE}};

bool run_action_parse(RunEvent event, const char *text, RunAction *action, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ALIASES); i++) {
        if (!strcmp(text, ALIASES[i].alias)) {
            *action = ALIASES[i].action;
            return true;
        }
    }
    for (unsigned i = 0; i < RUN_ACTIONS; i++) {
        if (!strcmp(text, ACTION_NAMES[i])) {
            *action = i;
            return true;
        }
    }
    return error_refuse(error, "%s=%s: not one of reset, shutdown, pause, die", EVENT_NAMES[event],
                        text);
}

bool run_actions_parse(const char *text, RunActions *actions, GError **error)
{
    g_autoptr(GHashTable) table = keyval_parse("-action", text, NULL, EVENT_NAMES, error);
    for (unsigned i = 0; table && i < RUN_EVENTS; i++) {
        const char *value = g_hash_table_lookup(table, EVENT_NAMES[i]);
        if (value && !run_action_parse(i, value, &actions->on[i], error)) {
            g_prefix_error(error, "-action ");
            return false;
        }
    }
    return table != NULL;
}

char *run_actions_text(const RunActions *actions)
{
    static const RunActions DEFAULT = RUN_ACTIONS_DEFAULT;
    if (!memcmp(actions, &DEFAULT, sizeof(DEFAULT))) {
        return NULL;
    }
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < RUN_EVENTS; i++) {
        g_string_append_printf(text, "%s%s=%s", i ? "," : "", EVENT_NAMES[i],
                               ACTION_NAMES[actions->on[i]]);
    }
    return g_string_free(text, false);
}
