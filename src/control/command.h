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

#define COMMAND_ARGUMENTS_MAX 6u

typedef enum CommandType {
    COMMAND_STRING,  /* in the monitor a word, or text in double quotes */
    COMMAND_REST,    /* a string; in the monitor it takes the rest of the line */
    COMMAND_INTEGER, /* in the monitor an expression */
    COMMAND_BOOL,    /* on or off in the monitor */
    COMMAND_ARRAY,   /* not in the monitor */
    COMMAND_OBJECT   /* not in the monitor */
} CommandType;

typedef struct CommandArgument {
    const char *name; /* NULL: no more */
    CommandType type;
    bool optional;
    char flag; /* COMMAND_BOOL: -x in the monitor sets it; 0: it is a word there */
    /* The words that the monitor completes it to, added to `names`, which frees them. */
    void (*complete)(Vm *vm, GPtrArray *names);
} CommandArgument;

/* The rest of a monitor's line, and the CPU that it means if it names none. */
typedef struct CommandLine {
    const char *at;
    Vm *vm;
    unsigned cpu;
} CommandLine;

typedef struct Command {
    const char *name;  /* in QMP */
    const char *line;  /* in the monitor, one or two words; NULL: not there */
    const char *alias; /* another word for it there */
    const char *usage; /* its arguments there, as help shows them; NULL: none */
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
    /* Makes the arguments of a monitor's line; NULL: they stand there in their order. */
    bool (*parse)(CommandLine *line, JsonObject *arguments, GError **error);
} Command;

/* Tables by subject, of commands_*.c; each ends with COMMAND_END. */
extern const Command COMMANDS_MACHINE[], COMMANDS_MEMORY[], COMMANDS_INPUT[], COMMANDS_DEBUG[];
extern const Command COMMANDS_BLOCK[], COMMANDS_DEVICES[], COMMANDS_QUERY[];

#define COMMAND_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* The command after `command`, the first for NULL; NULL: there is no other. */
const Command *command_next(const Command *command);
/* The command of this name in QMP, or NULL. */
const Command *command_find(const char *name);
/* False, with a message: an argument is missing, of a wrong type, or one that there is not. */
bool command_check(const Command *command, JsonObject *arguments, GError **error);

/* Values to return.  The text is taken over. */
JsonNode *command_object(JsonObject *object);
JsonNode *command_array(JsonArray *array);
JsonNode *command_string(const char *text);
/* {"human-readable-text": ...}, as QEMU's commands have it that give text. */
JsonNode *command_text(GString *text);
/* {"qemu": {...}, "package": ...} */
JsonNode *command_version(void);

/* An argument that may be left out. */
const char *command_get_string(JsonObject *arguments, const char *name);
int64_t command_get_int(JsonObject *arguments, const char *name, int64_t otherwise);
bool command_get_bool(JsonObject *arguments, const char *name);

/* The member of a command_text(). */
#define COMMAND_TEXT_MEMBER "human-readable-text"

/* QEMU's word for a state: "running", "paused" ... */
const char *command_state_name(VmState state);

#endif
