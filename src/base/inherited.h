/*
 * Descriptors that whoever started us left open, knowingly or not.
 */
#ifndef PIOEMU_BASE_INHERITED_H
#define PIOEMU_BASE_INHERITED_H

/*
 * Closes all of them but 0 to 2 and those that a word of the command line
 * names, as /dev/fd/N or /proc/self/fd/N.
 */
void inherited_close(int argc, char *const *argv);

#endif
