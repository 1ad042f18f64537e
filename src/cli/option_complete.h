/*
 * Completion of options in a shell, from the table of options.
 */
#ifndef PIOEMU_CLI_OPTION_COMPLETE_H
#define PIOEMU_CLI_OPTION_COMPLETE_H

#include <glib.h>

/* The script for `shell`, "bash" or "zsh"; the caller frees it.  NULL: another shell. */
char *option_complete(const char *shell, GError **error);

#endif
