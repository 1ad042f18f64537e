/*
 * Files that are somebody's format but no kernel's: archives, disk images,
 * texts, kernels of other machines.  Running one as a flat binary would do
 * nothing that its user meant.
 */
#ifndef PIOEMU_BOOT_FOREIGN_H
#define PIOEMU_BOOT_FOREIGN_H

#include "src/boot/format.h"

/* The bytes from a file's beginning in which every mark lies. */
#define BOOT_FOREIGN_HEAD 0x9000u

/*
 * What the file is and the command that makes it bootable, for a message; the
 * caller frees it.  NULL: it bears no mark.  `file` may be only the beginning,
 * and `path` is what the command names.
 */
char *boot_foreign(const BootBytes *file, const char *path);

/* The same for a whole file that bears none: a firmware, text, one value all through. */
char *boot_no_code(const BootBytes *file, const char *path);

#endif
