#include "tests/bench/bench_qemu.h"

#include "tests/bench/bench_end.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As in bench_rom.S. */
#define ROM_SIZE_AT  0x8
#define ROM_COUNT_AT 0xc
#define ROM_IMAGE_AT 0x100
#define ROM_VECTOR   0xfff0

/* isa-debug-exit turns the value 0 into (value << 1) | 1. */

char *bench_qemu_find(void)
{
    char *qemu = g_find_program_in_path("qemu-system-x86_64");
    return qemu ? qemu : g_find_program_in_path("kvm");
}

static void read_file(const char *path, char **data, gsize *size)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, data, size, &error)) {
        fprintf(stderr, "bench: %s\n", error->message);
        exit(1);
    }
}

char *bench_make_rom(const char *rom, const char *image, uint32_t count)
{
    g_autofree char *data = NULL, *code = NULL;
    g_autoptr(GError) error = NULL;
    gsize size, code_size;
    char *path = NULL;
    read_file(rom, &data, &size);
    read_file(image, &code, &code_size);
    g_assert(size > ROM_VECTOR && code_size <= ROM_VECTOR - ROM_IMAGE_AT);
    uint32_t length = (uint32_t)code_size;
    memcpy(data + ROM_SIZE_AT, &length, sizeof(length));
    memcpy(data + ROM_COUNT_AT, &count, sizeof(count));
    memcpy(data + ROM_IMAGE_AT, code, code_size);
    int fd = g_file_open_tmp("pioemu-bench-XXXXXX.rom", &path, &error);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        fprintf(stderr, "bench: cannot write a ROM\n");
        exit(1);
    }
    close(fd);
    return path;
}

BenchRun bench_qemu_run(const char *qemu, const char *rom, const char *image, unsigned count,
                        BenchOutput to)
{
    g_autofree char *file = bench_make_rom(rom, image, count);
    const char *const argv[] = {
        qemu,      "-M",          "isapc",    "-accel",
        "kvm",     "-m",          "128",      "-bios",
        file,      "-nodefaults", "-display", "none",
        "-serial", "stdio",       "-device",  "isa-debug-exit,iobase=0xf4,iosize=1",
        NULL};
    BenchRun run = bench_run(argv, to, BENCH_QEMU_STATUS);
    g_remove(file);
    return run;
}
