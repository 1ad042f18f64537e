/*
 * How a benchmark's image ends: what it writes to port 0xf4, and the status that
 * this gives QEMU with its isa-debug-exit.  It is none that QEMU ends with when
 * it could not start at all.
 */
#ifndef PIOEMU_BENCH_END_H
#define PIOEMU_BENCH_END_H

#define BENCH_END_VALUE   0x15
#define BENCH_QEMU_STATUS (BENCH_END_VALUE << 1 | 1)

#endif
