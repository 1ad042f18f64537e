/*
 * The same images in QEMU, where it is installed.
 */
#ifndef PIOEMU_BENCH_QEMU_H
#define PIOEMU_BENCH_QEMU_H

#include "tests/bench/bench_run.h"

/* QEMU's path (free), or NULL where there is none that can use KVM. */
char *bench_qemu_find(void);
/* A copy of `rom`, bench_rom.bin, that runs `image` with `count` in ECX: a file (free and remove).
 */
char *bench_make_rom(const char *rom, const char *image, uint32_t count);
/* Runs that with KVM. */
BenchRun bench_qemu_run(const char *qemu, const char *rom, const char *image, unsigned count,
                        BenchOutput to);

#endif
