/*
 * Disks whose boot sector is a few bytes of code.
 */
#ifndef PIOEMU_BOOT_DISK_H
#define PIOEMU_BOOT_DISK_H

#include <stddef.h>

/* A disk of this size has 8 whole cylinders. */
#define BOOT_DISK_SIZE (4u << 20)

/* Makes a disk that begins with `size` bytes and returns its path (free). */
char *boot_disk_make_of(const void *data, size_t size, size_t disk_size);
/* Makes a disk with a boot sector of this code. */
char *boot_disk_make(const void *code, size_t size);

#endif
