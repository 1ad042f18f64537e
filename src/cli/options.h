/*
 * The command line.
 */
#ifndef PIOEMU_CLI_OPTIONS_H
#define PIOEMU_CLI_OPTIONS_H

#include "src/machine/config.h"

/*
 * Fills `config` from the arguments.  Returns false on an error, or with `*text`
 * set to something to print instead of running (for --help and similar options).
 * The caller frees the text.
 */
bool options_parse(Config *config, int argc, char *const *argv, char **text, GError **error);

#endif
