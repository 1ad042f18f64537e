/* Lines of the human monitor: how they run, what they answer, and how they can be completed. */
#ifndef PIOEMU_CONTROL_LINE_H
#define PIOEMU_CONTROL_LINE_H

#include "src/control/command.h"

/* What lasts from one line to the next. */
typedef struct LineSession {
    Vm *vm;
    unsigned cpu; /* the CPU for commands that do not name one */
    GPtrArray *history;
} LineSession;

void line_session_init(LineSession *session, Vm *vm);
void line_session_clear(LineSession *session);

/* Runs a line.  In the returned text every line ends with \r\n.  The caller frees it. */
char *line_run(LineSession *session, const char *line);

/* The same for a single line.  `cpu` is the CPU that it means. */
char *line_run_once(Vm *vm, unsigned cpu, const char *line);

/*
 * The candidates for the last word of the line, sorted, each as a whole word.
 * NULL: they are not known.  The caller frees them.
 */
char **line_complete(LineSession *session, const char *line);

/* ---- for the commands that take their arguments from the line themselves ---- */

bool line_at_end(CommandLine *line);
/* Takes a word, or text in double quotes.  The caller frees it. */
char *line_take_string(CommandLine *line, const char *name, GError **error);
/* Takes an expression. */
bool line_take_number(CommandLine *line, uint64_t *value, GError **error);
/* Finds the value of a register by QEMU's name. */
bool line_register(const CommandLine *line, const char *name, uint64_t *value);

#endif
