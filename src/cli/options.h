/*
 * The command line.
 */
#ifndef PIOEMU_CLI_OPTIONS_H
#define PIOEMU_CLI_OPTIONS_H

#include "src/machine/config.h"

/*
 * Fills `config` from the arguments.  False: an error, or, with `*text` set,
 * something to print instead of running (--help and its like); the caller
 * frees it.
 */
bool options_parse(Config *config, int argc, char *const *argv, char **text, GError **error);

#endif
