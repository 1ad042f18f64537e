/*
 * Files that have a known format but are no kernels: archives, disk images, texts,
 * kernels of other machines.  Running one as a flat binary would not do what the
 * user meant.
 */
#ifndef PIOEMU_BOOT_FOREIGN_H
#define PIOEMU_BOOT_FOREIGN_H

#include "src/boot/format.h"

/* The number of bytes at the beginning of a file that contain all marks. */
#define BOOT_FOREIGN_HEAD 0x9000u

/*
 * A message that says what the file is and which command makes it bootable; the
 * caller frees it.  NULL: it has no mark.  `file` may be only the beginning of the
 * file, and the command names it by `path`.
 */
char *boot_foreign(const BootBytes *file, const char *path);

/* The same for a whole file without a mark: it may be a firmware, a text, or one repeated value. */
char *boot_no_code(const BootBytes *file, const char *path);

#endif
