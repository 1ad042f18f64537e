/*
 * Interrupt latency inside the process: from pio_irq_set() on an ISA line, through
 * our interrupt controller and the kvm accelerator, to the handler's first port
 * access.
 */
#ifndef PIOEMU_BENCH_LATENCY_H
#define PIOEMU_BENCH_LATENCY_H

#include <glib.h>

typedef enum BenchRaise {
    BENCH_RAISE_HERE,   /* in the vCPU's own thread, which then enters the guest */
    BENCH_RAISE_THREAD, /* from another thread, which must wake the vCPU's */
} BenchRaise;

/* Measures `count` latencies in ns.  `image` is bench_irq.bin.  A failure ends the benchmark. */
GArray *bench_latency(const char *image, unsigned count, BenchRaise raise);

#endif
