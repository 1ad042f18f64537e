/*
 * Disks whose boot sector is a few bytes of code.
 */
#ifndef PIOEMU_BOOT_DISK_H
#define PIOEMU_BOOT_DISK_H

#include <stddef.h>

/* Of which the whole cylinders are 8. */
#define BOOT_DISK_SIZE (4u << 20)

/* The path of a disk that begins with `size` bytes (free). */
char *boot_disk_make_of(const void *data, size_t size, size_t disk_size);
/* With a boot sector of this code. */
char *boot_disk_make(const void *code, size_t size);

#endif
