/*
 * Hints for conditions on hot paths.
 */
#ifndef PIOEMU_BASE_LIKELY_H
#define PIOEMU_BASE_LIKELY_H

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
