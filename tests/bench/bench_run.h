/* Runs a program and measures its time, its CPU time and its output. */
#ifndef PIOEMU_BENCH_RUN_H
#define PIOEMU_BENCH_RUN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum BenchOutput { BENCH_TO_NULL, BENCH_TO_PTY, BENCH_TO_PIPE } BenchOutput;

typedef struct BenchRun {
    uint64_t wall, cpu;  /* ns, from fork to the exit */
    uint64_t first_byte; /* ns from fork; 0: it had no output */
    GByteArray *output;  /* BENCH_TO_PIPE and BENCH_TO_PTY */
} BenchRun;

/* Runs it to its end with /dev/null as input.  Returns false if it did not exit with `status`. */
bool bench_try(const char *const *argv, BenchOutput to, int status, BenchRun *run);
/* The same; another status than `status` ends the benchmark. */
BenchRun bench_run(const char *const *argv, BenchOutput to, int status);
void bench_run_clear(BenchRun *run);

/* Starts it with an input that stays open and silent, and waits for its first output. */
pid_t bench_start(const char *const *argv, int *input);
void bench_stop(pid_t pid, int input);
/* The CPU time so far in ns. */
uint64_t bench_cpu(pid_t pid);
/* Anonymous memory in bytes, without mappings of exactly `guest` bytes. */
uint64_t bench_own_memory(pid_t pid, uint64_t guest);

/*
 * The cost of one of `count` additional operations, from the times of two runs.
 * NAN if the longer run did not take longer.
 */
double bench_cost(double few, double many, double count);

uint64_t bench_now(void);
/* Sorts the array. */
double bench_median(GArray *doubles);
double bench_percentile(GArray *doubles, double percent);

#endif
