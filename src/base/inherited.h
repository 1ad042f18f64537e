/* Descriptors that the parent process left open, on purpose or not. */
#ifndef PIOEMU_BASE_INHERITED_H
#define PIOEMU_BASE_INHERITED_H

/*
 * Closes them, except 0 to 2 and those that the command line names as /dev/fd/N or
 * /proc/self/fd/N.
 */
void inherited_close(int argc, char *const *argv);

#endif
