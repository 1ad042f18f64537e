/*
 * The same images in QEMU, where it is installed.
 */
#ifndef PIOEMU_BENCH_QEMU_H
#define PIOEMU_BENCH_QEMU_H

#include "tests/bench/bench_run.h"

/* QEMU's path (free), or NULL where there is none that can use KVM. */
char *bench_qemu_find(void);
/* Runs `image` with `count` in ECX; `rom` is bench_rom.bin. */
BenchRun bench_qemu_run(const char *qemu, const char *rom, const char *image, unsigned count,
                        BenchOutput to);

#endif
