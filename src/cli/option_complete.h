/*
 * Makes scripts that complete the options in a shell, from the table of
 * options.
 */
#ifndef PIOEMU_CLI_OPTION_COMPLETE_H
#define PIOEMU_CLI_OPTION_COMPLETE_H

#include <glib.h>

/*
 * Returns the script for `shell`, which is "bash" or "zsh".  The caller frees
 * it.  For another shell it returns NULL with an error.
 */
char *option_complete(const char *shell, GError **error);

#endif
