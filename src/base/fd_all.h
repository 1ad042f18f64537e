/*
 * Reads and writes of files that go on until all is done, and descriptors by
 * the range.
 */
#ifndef PIOEMU_BASE_FD_ALL_H
#define PIOEMU_BASE_FD_ALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How much there was from `offset` up to the end of the file; -1: errno says why. */
ssize_t fd_read_all(int fd, void *data, size_t size, uint64_t offset);
/* From where the descriptor is; false: errno says why. */
bool fd_write_all(int fd, const void *data, size_t size);

/* Closes those of first to last that are open; UINT_MAX: to the end. */
void fd_close_range(unsigned first, unsigned last);

#endif
