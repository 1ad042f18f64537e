/*
 * The time from a request to the end of the process, while the guest performs long
 * and endless operations (tests/guest/endless.S).
 */
#include "tests/bench/bench_run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS    20u
#define SETTLE_US 30000u
#define GOAL_MS   50.0
#define NS_PER_MS 1e6
#define DISK_SIZE (1 << 20)

static const struct {
    const char *name;
    const char *options[2];
} STATES[] = {
    {"rep outsb to an unclaimed port", {NULL}},
    {"rep insb from an unclaimed port", {NULL}},
    {"rep movsb of 48 MiB", {NULL}},
    {"the same, misaligned", {NULL}},
    {"the same, downwards", {NULL}},
    {"rep scasb of 4 GiB", {NULL}},
    {"rep stosb to the I/O APIC", {NULL}},
    {"rep stosd of 16 MiB", {NULL}},
    {"rep stosw of 64 K, 16 bits", {NULL}},
    {"8237 memory to memory", {NULL}},
    {"fw_cfg DMA of 127 MiB", {"-device", "fw_cfg"}},
    {"SRST and READ MULTIPLE", {"-hda"}},
    {"mov cr3", {NULL}},
    {"faults in the fetch", {NULL}},
    {"A20 of 255 CPUs", {"-smp", "255"}},
    {"IPI to 254 CPUs", {"-smp", "255"}},
};

typedef struct Took {
    double wall, cpu; /* ms, from the request to the end */
} Took;

static double cpu_of_children(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static Took measure(const char *const *argv)
{
    int input, status;
    double before = cpu_of_children();
    pid_t pid = bench_start(argv, &input);
    g_usleep(SETTLE_US);
    uint64_t start = bench_now();
    double used = (double)bench_cpu(pid) / NS_PER_MS;
    kill(pid, SIGTERM);
    if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM) {
        fprintf(stderr, "end_bench: %s did not end of SIGTERM\n", argv[0]);
        exit(1);
    }
    double wall = (double)(bench_now() - start) / NS_PER_MS;
    close(input);
    return (Took){.wall = wall, .cpu = cpu_of_children() - before - used};
}

static Took worst_of(const char *const *argv)
{
    Took worst = {0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        Took took = measure(argv);
        worst.wall = MAX(worst.wall, took.wall);
        worst.cpu = MAX(worst.cpu, took.cpu);
    }
    return worst;
}

static void show(const char *build, const char *disk, unsigned state)
{
    g_autofree char *program = g_build_filename(build, "src/pioemu", NULL);
    g_autofree char *kernel = g_build_filename(build, "tests/guest/endless.bin", NULL);
    g_autofree char *flat = g_strdup_printf("cx=%u", state);
    const char *first = STATES[state].options[0], *second = STATES[state].options[1];
    const char *argv[] = {
        program, "-accel", "soft", "-kernel", kernel, "-flat", flat, first, second ? second : disk,
        NULL};
    Took worst = worst_of(argv);
    printf("%-34s %8.1f %8.1f%s\n", STATES[state].name, worst.wall, worst.cpu,
           worst.wall > GOAL_MS ? "  late" : "");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: end_bench BUILD\n");
        return 2;
    }
    g_autofree char *disk = g_build_filename(g_get_tmp_dir(), "pioemu-end-XXXXXX", NULL);
    int fd = g_mkstemp(disk);
    if (fd < 0 || ftruncate(fd, DISK_SIZE) < 0) {
        perror(disk);
        return 1;
    }
    printf("ms from SIGTERM to the end, worst of %u (goal: %.0f)\n%-34s %8s %8s\n", ROUNDS, GOAL_MS,
           "while the guest does", "wall", "CPU");
    for (unsigned state = 0; state < G_N_ELEMENTS(STATES); state++) {
        show(argv[1], disk, state);
    }
    close(fd);
    unlink(disk);
    return 0;
}
