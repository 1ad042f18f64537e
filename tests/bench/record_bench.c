/*
 * The cost of -record: the same guests run with it and without it, in turns, and
 * the table shows whether a byte or a tick is lost.
 *
 * A cost is CPU time: the difference between a long and a short run, divided by the
 * difference of their counts.  The smallest value of the rounds is taken, because
 * it was disturbed least.
 */
#include "tests/bench/bench_run.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS      5u
#define COUNT_SHORT 1000u
#define COUNT_LONG  31000u
/* The ticks in two seconds at this rate. */
#define TICK_OPTIONS "cx=500,dx=2"
#define TICKS_NEAR   10

/* The limit for an access, because a record is composed and copied while the guest waits. */
#define GOAL_NS 150.0

static const char *build;
static char *recording;
static unsigned missed;

static BenchRun run(const char *accel, const char *image, const char *flat, bool recorded,
                    BenchOutput to)
{
    g_autofree char *exe = g_build_filename(build, "src/pioemu", NULL);
    g_autofree char *file = g_build_filename(build, image, NULL);
    const char *const argv[] = {exe,       "-accel", accel, "-kernel",
                                file,      "-flat",  flat,  recorded ? "-record" : NULL,
                                recording, NULL};
    return bench_run(argv, to, 0);
}

static double cpu_of(const char *accel, const char *image, unsigned count, bool recorded)
{
    g_autofree char *name = g_strdup_printf("tests/bench/%s.bin", image);
    g_autofree char *flat = g_strdup_printf("cx=%u", count);
    BenchRun r = run(accel, name, flat, recorded, BENCH_TO_NULL);
    bench_run_clear(&r);
    return (double)r.cpu;
}

/* The CPU time of an operation in ns, the smallest of all rounds: without and with -record. */
static void costs(const char *accel, const char *image, double ns[2])
{
    double least[2][2] = {{1e18, 1e18}, {1e18, 1e18}};
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned recorded = 0; recorded < 2; recorded++) {
            double few = cpu_of(accel, image, COUNT_SHORT, recorded);
            double many = cpu_of(accel, image, COUNT_LONG, recorded);
            least[recorded][0] = MIN(least[recorded][0], few);
            least[recorded][1] = MIN(least[recorded][1], many);
        }
    }
    for (unsigned recorded = 0; recorded < 2; recorded++) {
        ns[recorded] = bench_cost(least[recorded][0], least[recorded][1], COUNT_LONG - COUNT_SHORT);
    }
}

static const char *verdict(bool reached)
{
    missed += !reached;
    return reached ? "" : "MISSED";
}

static void print_cost(const char *accel, const char *what, const char *image, unsigned accesses)
{
    double ns[2];
    costs(accel, image, ns);
    double added = (ns[1] - ns[0]) / accesses;
    printf("%-8s %-22s %9.0f %9.0f %9.2f %9.0f  %s\n", strcmp(accel, "kvm") ? "soft" : "kvm", what,
           ns[0], ns[1], ns[1] / ns[0], added, verdict(added <= GOAL_NS || ns[1] / ns[0] <= 1.05));
}

/* The guest's output must be the same, to the last byte. */
static void print_bytes(const char *accel)
{
    g_autofree char *flat = g_strdup_printf("cx=%u", COUNT_LONG);
    BenchRun without = run(accel, "tests/bench/bench_uart.bin", flat, false, BENCH_TO_PIPE);
    BenchRun with = run(accel, "tests/bench/bench_uart.bin", flat, true, BENCH_TO_PIPE);
    bool same = without.output->len == with.output->len &&
                !memcmp(without.output->data, with.output->data, with.output->len);
    printf("%-8s %-22s %9u %9u %30s\n", strcmp(accel, "kvm") ? "soft" : "kvm", "bytes of a UART",
           without.output->len, with.output->len, verdict(same));
    bench_run_clear(&without);
    bench_run_clear(&with);
}

static long ticks_of(const char *accel, bool recorded)
{
    BenchRun r = run(accel, "guests/timer.bin", TICK_OPTIONS, recorded, BENCH_TO_PIPE);
    g_autofree char *text = g_strndup((char *)r.output->data, r.output->len);
    const char *line = strstr(text, " ticks in");
    bench_run_clear(&r);
    while (line && line > text && g_ascii_isdigit(line[-1])) {
        line--;
    }
    return line ? strtol(line, NULL, 10) : 0;
}

static void print_ticks(const char *accel)
{
    long without = ticks_of(accel, false), with = ticks_of(accel, true);
    bool near = ABS(without - with) <= TICKS_NEAR;
    printf("%-8s %-22s %9ld %9ld %30s\n", strcmp(accel, "kvm") ? "soft" : "kvm",
           "ticks in two seconds", without, with, verdict(near));
}

int main(int argc, char **argv)
{
    static const char *const ACCELS[] = {"kvm", "soft,realtime=off"};
    if (argc != 2) {
        fprintf(stderr, "usage: record_bench BUILD-DIRECTORY\n");
        return 2;
    }
    build = argv[1];
    recording = g_build_filename(build, "bench.rec", NULL);
    printf("\n%-31s %9s %9s %9s %9s\n", "-record", "without", "with", "ratio", "added ns");
    for (size_t i = 0; i < G_N_ELEMENTS(ACCELS); i++) {
        if (!i && g_access("/dev/kvm", R_OK | W_OK) != 0) {
            printf("kvm      no /dev/kvm\n");
            continue;
        }
        print_cost(ACCELS[i], "port read, ns", "bench_inb", 1);
        print_cost(ACCELS[i], "polled UART byte, ns", "bench_uart", 2);
        print_bytes(ACCELS[i]);
        print_ticks(ACCELS[i]);
    }
    g_unlink(recording);
    g_free(recording);
    return missed ? 1 : 0;
}
