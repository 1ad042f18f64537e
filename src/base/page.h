/*
 * The 4 KiB page of x86: the unit of the page tables, and of all guest memory
 * that is mapped or loaded.
 */
#ifndef PIOEMU_BASE_PAGE_H
#define PIOEMU_BASE_PAGE_H

#include <stdint.h>

#define PAGE_SIZE 4096u
#define PAGE_MASK UINT64_C(0xfffffffffffff000) /* the address bits of a page */

#endif
