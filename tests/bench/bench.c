/*
 * The benchmark table: pioemu beside the floor (floor.c) and, where they are
 * installed, QEMU and kvmtool, all running the same guest images in turns.
 *
 * A cost per operation is the difference between a long and a short run
 * divided by the difference of their counts, so that starting costs nothing;
 * ratios are taken within a round and their median is shown.
 */
#include "tests/bench/bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS        7u
#define COUNT_SHORT   2000u
#define COUNT_LONG    52000u
#define IDLE_SECONDS  3u
#define TICK_COUNT    10000u
#define TICK_RATE     1000u
#define GUEST_MEMORY  (UINT64_C(128) << 20)
#define PIT_CLOCK_MHZ (105.0 / 88.0)

static const char *build;

static char *path(const char *name)
{
    return g_build_filename(build, name, NULL);
}

/* ---- one run of one image ---- */

typedef enum Program { FLOOR, PIOEMU } Program;

static BenchRun run_image(Program program, const char *image, unsigned count, BenchOutput to)
{
    g_autofree char *exe = path(program == FLOOR ? "tests/bench/floor" : "src/pioemu");
    g_autofree char *name = g_strdup_printf("tests/bench/%s.bin", image);
    g_autofree char *file = path(name);
    g_autofree char *flat = g_strdup_printf("cx=%u", count);
    const char *const floor_argv[] = {exe, "--flat", flat, file, NULL};
    const char *const pioemu_argv[] = {exe, "-kernel", file, "-flat", flat, NULL};
    return bench_run(program == FLOOR ? floor_argv : pioemu_argv, to);
}

static double wall_of(Program program, const char *image, unsigned count, BenchOutput to)
{
    BenchRun run = run_image(program, image, count, to);
    bench_run_clear(&run);
    return (double)run.wall;
}

/* ns an operation. */
static double cost(Program program, const char *image, BenchOutput to)
{
    double few = wall_of(program, image, COUNT_SHORT, to);
    double many = wall_of(program, image, COUNT_LONG, to);
    return (many - few) / (COUNT_LONG - COUNT_SHORT);
}

/* ---- rows ---- */

typedef struct Row {
    GArray *floor, *ours, *ratio;
} Row;

static Row row_new(void)
{
    return (Row){g_array_new(false, false, sizeof(double)),
                 g_array_new(false, false, sizeof(double)),
                 g_array_new(false, false, sizeof(double))};
}

static void row_add(Row *row, double floor, double ours)
{
    double ratio = ours / floor;
    g_array_append_val(row->floor, floor);
    g_array_append_val(row->ours, ours);
    g_array_append_val(row->ratio, ratio);
}

static void row_print(Row *row, const char *what, double unit, const char *unit_name, double goal)
{
    double ratio = bench_median(row->ratio);
    printf("%-34s %9.2f %9.2f %-3s %7.3f   <= %-5.2f %s\n", what, bench_median(row->floor) / unit,
           bench_median(row->ours) / unit, unit_name, ratio, goal, ratio <= goal ? "" : "MISSED");
    fflush(stdout);
    g_array_unref(row->floor);
    g_array_unref(row->ours);
    g_array_unref(row->ratio);
}

static void bench_accesses(void)
{
    static const struct {
        const char *what, *image, *floor_image;
        BenchOutput to;
        double goal;
    } ROWS[] = {
        {"port write", "bench_outb", "bench_outb", BENCH_TO_NULL, 1.05},
        {"port read", "bench_inb", "bench_inb", BENCH_TO_NULL, 1.05},
        {"polled UART byte to a pty", "bench_uart", "bench_uart", BENCH_TO_PTY, 1.10},
        {"posted write (floor: plain)", "bench_posted", "bench_outb", BENCH_TO_NULL, 0.5},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        Row row = row_new();
        for (unsigned round = 0; round < ROUNDS; round++) {
            double floor = cost(FLOOR, ROWS[i].floor_image, ROWS[i].to);
            row_add(&row, floor, cost(PIOEMU, ROWS[i].image, ROWS[i].to));
        }
        row_print(&row, ROWS[i].what, 1000, "us", ROWS[i].goal);
    }
}

static double first_byte(Program program)
{
    BenchRun run = run_image(program, "bench_first", 1, BENCH_TO_PIPE);
    double time = (double)run.first_byte;
    bench_run_clear(&run);
    return time;
}

static void bench_first_byte(void)
{
    Row row = row_new();
    for (unsigned round = 0; round < 3 * ROUNDS; round++) {
        double floor = first_byte(FLOOR);
        row_add(&row, floor, first_byte(PIOEMU));
    }
    row_print(&row, "exec to first serial byte", 1e6, "ms", 3);
}

/* ---- an idle machine ---- */

static void bench_idle(const char *what, const char *guest, const char *flat)
{
    g_autofree char *exe = path("src/pioemu");
    g_autofree char *file = path(guest);
    const char *const argv[] = {exe, "-kernel", file, "-flat", flat, NULL};
    int input;
    pid_t pid = bench_start(argv, &input);
    /* What starting costs is over after a moment. */
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    uint64_t before = bench_cpu(pid), start = bench_now();
    nanosleep(&(struct timespec){.tv_sec = IDLE_SECONDS}, NULL);
    double share = 100.0 * (double)(bench_cpu(pid) - before) / (double)(bench_now() - start);
    printf("%-34s %19.3f %%\n", what, share);
    if (!strcmp(what, "idle: waiting for input")) {
        double own = (double)bench_own_memory(pid, GUEST_MEMORY) / 1024;
        printf("%-34s %19.0f KiB           <= 1024  %s\n", "anonymous memory beyond the guest's",
               own, own <= 1024 ? "" : "MISSED");
    }
    fflush(stdout);
    bench_stop(pid, input);
}

/* ---- timer ticks ---- */

#pragma pack(push, 1)
typedef struct TickReport {
    uint16_t reload, ticks;
    uint64_t first, last;
} TickReport;
#pragma pack(pop)

/* The guest's time-stamp counter runs at the host's rate: measure that over the run. */
static double tsc_per_ns(uint64_t start, uint64_t tsc)
{
    return (double)(__builtin_ia32_rdtsc() - tsc) / (double)(bench_now() - start);
}

static void print_ticks(const TickReport *report, const uint16_t *late, double rate)
{
    GArray *lateness = g_array_new(false, false, sizeof(double));
    for (unsigned i = 0; i < report->ticks; i++) {
        double us = late[i] / PIT_CLOCK_MHZ;
        g_array_append_val(lateness, us);
    }
    double ideal = (report->ticks - 1.0) * report->reload / PIT_CLOCK_MHZ / 1000;
    double ends = (late[report->ticks - 1] - (double)late[0]) / PIT_CLOCK_MHZ / 1000;
    double real = (double)(report->last - report->first) / rate / 1e6 - ends;
    printf(
        "%u ticks at %u Hz: drift %+.3f ms in %.1f s; late by %.1f us (median), %.1f us (99 %%)\n",
        report->ticks, TICK_RATE, real - ideal, ideal / 1000, bench_median(lateness),
        bench_percentile(lateness, 99));
    g_array_unref(lateness);
}

static void bench_ticks(const char *irqchip)
{
    g_autofree char *exe = path("src/pioemu");
    g_autofree char *file = path("tests/bench/bench_tick.bin");
    g_autofree char *flat = g_strdup_printf("cx=%u,dx=%u", TICK_RATE, TICK_COUNT);
    g_autofree char *machine = g_strdup_printf("pc,irqchip=%s", irqchip);
    const char *const argv[] = {exe, "-kernel", file, "-flat", flat, "-M", machine, NULL};
    uint64_t start = bench_now(), tsc = __builtin_ia32_rdtsc();
    BenchRun run = bench_run(argv, BENCH_TO_PIPE);
    double rate = tsc_per_ns(start, tsc);
    const TickReport *report = (const void *)run.output->data;
    if (run.output->len != sizeof(*report) + 2u * TICK_COUNT) {
        fprintf(stderr, "bench: bench_tick sent %u bytes\n", run.output->len);
        exit(1);
    }
    printf("irqchip=%-7s ", irqchip);
    print_ticks(report, (const void *)(report + 1), rate);
    fflush(stdout);
    bench_run_clear(&run);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench BUILD-DIRECTORY\n");
        return 2;
    }
    build = argv[1];
    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        printf("SKIP: no usable /dev/kvm\n");
        return 77;
    }
    printf("%-34s %9s %9s     %7s   %s\n", "", "floor", "pioemu", "ratio", "goal");
    bench_first_byte();
    bench_accesses();
    bench_idle("idle: waiting for input", "guests/shell.bin", "cx=0");
    bench_idle("idle: 100 ticks a second", "tests/bench/bench_idle.bin", "cx=100");
    bench_ticks("user");
    bench_ticks("kernel");
    return 0;
}
