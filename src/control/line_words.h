/* The words at the beginning of a monitor line: which command they name, help, and completion. */
#ifndef PIOEMU_CONTROL_LINE_WORDS_H
#define PIOEMU_CONTROL_LINE_WORDS_H

#include "src/control/command.h"

/* If `line` begins with the words of `name`, what follows them, else NULL. */
const char *line_words_match(const char *name, const char *line);
/* The command with the longest name at the beginning of the line, and its arguments, or NULL. */
const Command *line_words_find(const char *line, const char **rest);
/* "" lists all commands.  Otherwise it lists those that begin with these words. */
void line_words_help(const char *name, GString *text);

#endif
