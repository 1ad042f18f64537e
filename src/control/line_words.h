/*
 * The words that a line of the monitor begins with: which command they are,
 * help, and completion.
 */
#ifndef PIOEMU_CONTROL_LINE_WORDS_H
#define PIOEMU_CONTROL_LINE_WORDS_H

#include "src/control/command.h"

/* What follows in `line` when it begins with the words of `name`, or NULL. */
const char *line_words_match(const char *name, const char *line);
/* The command with the longest name that the line begins with, and its arguments; or NULL. */
const Command *line_words_find(const char *line, const char **rest);
/* "": all commands; else those whose words begin so. */
void line_words_help(const char *name, GString *text);

#endif
