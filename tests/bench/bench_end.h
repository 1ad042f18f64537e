/*
 * How a benchmark's image ends: the value that it writes to port 0xf4, and the
 * status that QEMU's isa-debug-exit makes of it.  QEMU never ends with this status
 * when it cannot start.
 */
#ifndef PIOEMU_BENCH_END_H
#define PIOEMU_BENCH_END_H

#define BENCH_END_VALUE   0x15
#define BENCH_QEMU_STATUS (BENCH_END_VALUE << 1 | 1)

#endif
