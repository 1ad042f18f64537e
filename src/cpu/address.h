/*
 * The two kinds of address that a guest's memory has.
 *
 * Both are 64 bits wide whatever the guest's mode is.  Code of 16 and 32 bits
 * computes linear addresses that wrap at 4 GiB.
 */
#ifndef PIOEMU_CPU_ADDRESS_H
#define PIOEMU_CPU_ADDRESS_H

#include <stdint.h>

/* What segmentation yields and paging takes. */
typedef uint64_t LinearAddr;
/* What paging yields and the bus takes. */
typedef uint64_t PhysAddr;

#endif
