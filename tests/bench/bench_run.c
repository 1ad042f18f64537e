#include "tests/bench/bench_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static uint64_t to_ns(time_t seconds, long ns)
{
    return (uint64_t)seconds * 1000000000u + (uint64_t)ns;
}

uint64_t bench_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return to_ns(ts.tv_sec, ts.tv_nsec);
}

static void die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void child(const char *const *argv, int input, int output)
{
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

static void open_output(BenchOutput to, int *mine, int *theirs)
{
    int ends[2] = {-1, -1};
    struct termios raw;
    switch (to) {
    case BENCH_TO_NULL:
        ends[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
        break;
    case BENCH_TO_PIPE:
        if (pipe2(ends, O_CLOEXEC) < 0) {
            die("pipe");
        }
        break;
    case BENCH_TO_PTY:
        if (openpty(&ends[0], &ends[1], NULL, NULL, NULL) < 0 || tcgetattr(ends[1], &raw) < 0) {
            die("openpty");
        }
        cfmakeraw(&raw);
        tcsetattr(ends[1], TCSANOW, &raw);
        fcntl(ends[0], F_SETFD, FD_CLOEXEC);
        fcntl(ends[1], F_SETFD, FD_CLOEXEC);
        break;
    }
    *mine = ends[0];
    *theirs = ends[1];
}

static void collect(BenchRun *run, int fd, uint64_t start)
{
    uint8_t buffer[65536];
    ssize_t got;
    while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
        if (!run->first_byte) {
            run->first_byte = bench_now() - start;
        }
        g_byte_array_append(run->output, buffer, (guint)got);
    }
}

bool bench_try(const char *const *argv, BenchOutput to, int expected, BenchRun *run)
{
    int mine, theirs, status;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *run = (BenchRun){.output = g_byte_array_new()};
    open_output(to, &mine, &theirs);
    uint64_t start = bench_now();
    pid_t pid = fork();
    if (pid == 0) {
        child(argv, null, theirs);
    }
    close(theirs);
    close(null);
    if (mine >= 0) {
        collect(run, mine, start);
        close(mine);
    }
    struct rusage usage;
    bool ended = wait4(pid, &status, 0, &usage) == pid;
    run->wall = bench_now() - start;
    run->cpu = to_ns(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec,
                     (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000);
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == expected;
}

BenchRun bench_run(const char *const *argv, BenchOutput to, int expected)
{
    BenchRun run;
    if (!bench_try(argv, to, expected, &run)) {
        fprintf(stderr, "bench: %s %s failed\n", argv[0], argv[1]);
        exit(1);
    }
    return run;
}

void bench_run_clear(BenchRun *run)
{
    g_byte_array_unref(run->output);
}

pid_t bench_start(const char *const *argv, int *input)
{
    int to_child[2], from_child[2];
    char byte;
    if (pipe2(to_child, O_CLOEXEC) < 0 || pipe2(from_child, O_CLOEXEC) < 0) {
        die("pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        child(argv, to_child[0], from_child[1]);
    }
    close(to_child[0]);
    close(from_child[1]);
    if (read(from_child[0], &byte, 1) != 1) {
        fprintf(stderr, "bench: %s wrote nothing\n", argv[0]);
        exit(1);
    }
    *input = to_child[1];
    /* The pipe takes further output.  Its end is closed with this process. */
    return pid;
}

void bench_stop(pid_t pid, int input)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    close(input);
}

uint64_t bench_cpu(pid_t pid)
{
    clockid_t clock;
    struct timespec ts;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts) < 0) {
        die("clock_getcpuclockid");
    }
    return to_ns(ts.tv_sec, ts.tv_nsec);
}

uint64_t bench_own_memory(pid_t pid, uint64_t guest)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps", (int)pid);
    FILE *file = fopen(path, "r");
    char line[512];
    uint64_t total = 0, kib;
    bool is_guest = false;
    if (!file) {
        die(path);
    }
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "Size: %" SCNu64, &kib) == 1) {
            is_guest = kib << 10 == guest;
        } else if (sscanf(line, "Anonymous: %" SCNu64, &kib) == 1 && !is_guest) {
            total += kib << 10;
        }
    }
    fclose(file);
    return total;
}

double bench_cost(double few, double many, double count)
{
    return many > few ? (many - few) / count : NAN;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(GArray *doubles, double percent)
{
    g_array_sort(doubles, compare);
    guint at = (guint)((doubles->len - 1) * percent / 100 + 0.5);
    return g_array_index(doubles, double, at);
}

double bench_median(GArray *doubles)
{
    return bench_percentile(doubles, 50);
}
