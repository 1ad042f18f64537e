/*
 * What a user may ask of a machine while it runs: one table of commands, which
 * the protocols share.  QMP and the human monitor differ only in how they
 * write a command and how they show its result.
 *
 * Everything runs in the loop's thread.
 */
#ifndef PIOEMU_CONTROL_COMMAND_H
#define PIOEMU_CONTROL_COMMAND_H

#include "src/vm/vm.h"

#include <json-glib/json-glib.h>

#define COMMAND_ARGUMENTS_MAX 6u

typedef enum CommandType {
    COMMAND_STRING,  /* in the monitor: a word, or text in double quotes */
    COMMAND_REST,    /* a string; in the monitor: the rest of the line */
    COMMAND_INTEGER, /* in the monitor: an expression */
    COMMAND_BOOL,    /* in the monitor: on or off */
    COMMAND_ARRAY,   /* not available in the monitor */
    COMMAND_OBJECT   /* not available in the monitor */
} CommandType;

typedef struct CommandArgument {
    const char *name; /* NULL at the end of the arguments */
    CommandType type;
    bool optional;
    char flag; /* for COMMAND_BOOL: the monitor's -x sets it; 0 if it is a word there */
    /* Adds the words to which the monitor completes the argument.  `names` frees them. */
    void (*complete)(Vm *vm, GPtrArray *names);
} CommandArgument;

/* The rest of a monitor's line, and the CPU that is used if the line names none. */
typedef struct CommandLine {
    const char *at;
    Vm *vm;
    unsigned cpu;
} CommandLine;

typedef struct Command {
    const char *name;  /* the name in QMP */
    const char *line;  /* the name in the monitor, one or two words; NULL if it is not there */
    const char *alias; /* another name in the monitor */
    const char
        *usage; /* the arguments in the monitor, as help shows them; NULL if there are none */
    const char *help;
    CommandArgument arguments[COMMAND_ARGUMENTS_MAX + 1];
    /*
     * Runs the command.  `arguments` is never NULL and has been checked.
     * Returns the result, or NULL with an error.  NULL without an error means
     * {}.
     */
    JsonNode *(*run)(Vm *vm, JsonObject *arguments, GError **error);
    /*
     * Appends the result as the monitor shows it.  If it is NULL, the monitor
     * shows the text of a command_text(), or nothing.
     */
    void (*show)(JsonNode *value, GString *text);
    /*
     * Makes the arguments from the monitor's line.  If it is NULL, they are
     * taken from the line in their order.
     */
    bool (*parse)(CommandLine *line, JsonObject *arguments, GError **error);
} Command;

/* The tables by subject, from commands_*.c.  Each ends with COMMAND_END. */
extern const Command COMMANDS_MACHINE[], COMMANDS_MEMORY[], COMMANDS_INPUT[], COMMANDS_DEBUG[];
extern const Command COMMANDS_DISPLAY[];
extern const Command COMMANDS_BLOCK[], COMMANDS_DEVICES[], COMMANDS_PCI[], COMMANDS_QUERY[];
extern const Command COMMANDS_NET[], COMMANDS_VNC[];

#define COMMAND_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/*
 * Returns the command after `command`, or the first one for NULL.  Returns
 * NULL after the last.
 */
const Command *command_next(const Command *command);
/* Returns the command of this name in QMP, or NULL. */
const Command *command_find(const char *name);
/* Returns false with an error if an argument is missing, has a wrong type or is unknown. */
bool command_check(const Command *command, JsonObject *arguments, GError **error);

/* Make the result of a command.  They take the object or text over. */
JsonNode *command_object(JsonObject *object);
JsonNode *command_array(JsonArray *array);
JsonNode *command_string(const char *text);
/* Makes {"human-readable-text": ...}, which is what QEMU's commands return that print text. */
JsonNode *command_text(GString *text);
/* Makes {"qemu": {...}, "package": ...}. */
JsonNode *command_version(void);

/* Read an argument that may be left out. */
const char *command_get_string(JsonObject *arguments, const char *name);
int64_t command_get_int(JsonObject *arguments, const char *name, int64_t otherwise);
bool command_get_bool(JsonObject *arguments, const char *name);

/* The name of the member that command_text() fills. */
#define COMMAND_TEXT_MEMBER "human-readable-text"

/* Returns QEMU's word for a state: "running", "paused" and so on. */
const char *command_state_name(VmState state);

#endif
