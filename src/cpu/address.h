/*
 * The two kinds of guest addresses.
 *
 * Both are 64 bits wide in every mode of the guest.  Code of 16 and 32 bits
 * computes linear addresses that wrap at 4 GiB.
 */
#ifndef PIOEMU_CPU_ADDRESS_H
#define PIOEMU_CPU_ADDRESS_H

#include <stdint.h>

/* The result of segmentation, and the input of paging. */
typedef uint64_t LinearAddr;
/* The result of paging.  The bus takes it. */
typedef uint64_t PhysAddr;

#endif
