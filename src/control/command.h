/*
 * What a user may ask of a machine while it runs: one table of commands, which
 * the protocols share.  QMP and the human monitor only differ in how they
 * write a command and show what comes back.
 *
 * Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_COMMAND_H
#define PIOEMU_CONTROL_COMMAND_H

#include "src/vm/vm.h"

#include <json-glib/json-glib.h>

#define COMMAND_ARGUMENTS_MAX 4u

typedef enum CommandType {
    COMMAND_STRING,  /* in the monitor the last argument takes the rest of the line */
    COMMAND_INTEGER, /* decimal or 0x in the monitor */
    COMMAND_BOOL,    /* on or off in the monitor */
    COMMAND_ARRAY    /* not in the monitor */
} CommandType;

typedef struct CommandArgument {
    const char *name; /* NULL: no more */
    CommandType type;
    bool optional;
} CommandArgument;

typedef struct Command {
    const char *name; /* in QMP */
    const char *line; /* in the monitor, one or two words; NULL: not there */
    const char *help;
    CommandArgument arguments[COMMAND_ARGUMENTS_MAX + 1];
    /*
     * `arguments` is never NULL and has been checked.  Returns what comes back,
     * or NULL with the error; a NULL without one means {}.
     */
    JsonNode *(*run)(Vm *vm, JsonObject *arguments, GError **error);
    /*
     * Appends what came back as the monitor shows it.  NULL: the text of a
     * command_text(), or nothing.
     */
    void (*show)(JsonNode *value, GString *text);
} Command;

/* Ends with a NULL name. */
extern const Command COMMANDS[];

/* The command of this name in QMP, or NULL. */
const Command *command_find(const char *name);
/* False, with a message: an argument is missing, of a wrong type, or one that there is not. */
bool command_check(const Command *command, JsonObject *arguments, GError **error);

/* Values to return.  The text is taken over. */
JsonNode *command_object(JsonObject *object);
JsonNode *command_array(JsonArray *array);
/* {"human-readable-text": ...}, as QEMU's commands have it that give text. */
JsonNode *command_text(GString *text);
/* {"qemu": {...}, "package": ...} */
JsonNode *command_version(void);

/*
 * Runs a line of the human monitor.  The text to show has \r\n at the end of
 * each line; the caller frees it.
 */
char *command_run_line(Vm *vm, const char *line);

/* QEMU's word for a state: "running", "paused" ... */
const char *command_state_name(VmState state);

#endif
