/* Runs the same images in QEMU, if it is installed. */
#ifndef PIOEMU_BENCH_QEMU_H
#define PIOEMU_BENCH_QEMU_H

#include "tests/bench/bench_run.h"

/* QEMU's path (free), or NULL if there is no QEMU that can use KVM. */
char *bench_qemu_find(void);
/*
 * Makes a copy of `rom`, bench_rom.bin, that runs `image` with `count` in ECX.
 * Returns its path (free and remove).
 */
char *bench_make_rom(const char *rom, const char *image, uint32_t count);
/* Runs such an image with KVM. */
BenchRun bench_qemu_run(const char *qemu, const char *rom, const char *image, unsigned count,
                        BenchOutput to);

#endif
