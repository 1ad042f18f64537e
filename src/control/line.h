/*
 * Lines of the human monitor: what they mean, what they answer, what they may
 * become.
 */
#ifndef PIOEMU_CONTROL_LINE_H
#define PIOEMU_CONTROL_LINE_H

#include "src/control/command.h"

/* What lasts from one line to the next. */
typedef struct LineSession {
    Vm *vm;
    unsigned cpu; /* that commands mean which name none */
    GPtrArray *history;
} LineSession;

void line_session_init(LineSession *session, Vm *vm);
void line_session_clear(LineSession *session);

/* Runs a line.  The text to show has \r\n at the end of each line; the caller frees it. */
char *line_run(LineSession *session, const char *line);

/* The same for a line alone, which means CPU `cpu`. */
char *line_run_once(Vm *vm, unsigned cpu, const char *line);

/*
 * What the last word of the line may become, sorted, each as a whole word;
 * NULL: nothing is known of it.  The caller frees it.
 */
char **line_complete(LineSession *session, const char *line);

/* ---- for the commands that take their arguments from the line themselves ---- */

bool line_at_end(CommandLine *line);
/* A word, or text in double quotes; the caller frees it. */
char *line_take_string(CommandLine *line, const char *name, GError **error);
/* An expression. */
bool line_take_number(CommandLine *line, uint64_t *value, GError **error);
/* The value of a register by QEMU's name for it. */
bool line_register(const CommandLine *line, const char *name, uint64_t *value);

#endif
