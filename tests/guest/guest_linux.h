/*
 * A stock 64-bit Linux for tests: Debian's kernel for clouds, with busybox in an
 * initial file system in memory.
 */
#ifndef PIOEMU_GUEST_LINUX_H
#define PIOEMU_GUEST_LINUX_H

#include "tests/guest/guest_needs.h"

/* The path of the kernel (free), or NULL if it is not installed. */
char *guest_linux_kernel(void);
/* Skips the test and returns false if something is missing, or if this is not the software CPU. */
bool guest_linux_can_run(const GuestTarget *target, const char *kernel);
/*
 * Makes the initial file system `name` and returns its path (free).  `init` is the rest of
 * the init script, after it has printed "user space".  The script /load loads the modules
 * and those that they need.
 */
char *guest_linux_initrd(const char *name, const char *kernel, const char *modules,
                         const char *init);

#endif
