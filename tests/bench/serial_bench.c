/*
 * The serial table: bytes per second to each kind of reader compared with the
 * floor (floor.c, which writes the same bytes in blocks of 64 KiB), write
 * calls per KiB, four ports at once, and the latency of a typed character's
 * echo.
 *
 * A rate comes from the difference of a long and a short run, so that the cost
 * of starting cancels out.  A ratio is taken within a round, and the median of
 * the ratios is shown.
 */
#include "tests/bench/bench_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS      3u
#define COUNT_SHORT 10000u
#define COUNT_LONG  60000u
#define ECHOES      1000u
#define PATIENCE_MS 10000
#define SECOND      1e9

typedef struct Sink {
    const char *name;
    const char *serial;              /* a printf format for the directory */
    int (*attach)(const char *path); /* NULL: there is no reader */
} Sink;

typedef struct Bench {
    const char *build;
    char *dir;
} Bench;

static char *built(const Bench *bench, const char *name)
{
    return g_build_filename(bench->build, name, NULL);
}

static void fail(const char *what)
{
    fprintf(stderr, "serial_bench: %s: %s\n", what, g_strerror(errno));
    exit(1);
}

/* ---- the readers ---- */

/* The path appears when the program has made it. */
static void await(const char *path)
{
    struct stat st;
    for (int waited = 0; stat(path, &st) < 0; waited++) {
        if (waited == PATIENCE_MS) {
            fail(path);
        }
        g_usleep(1000);
    }
}

static int attach_pty(const char *path)
{
    await(path);
    return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static int attach_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    await(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Between its bind() and its listen() a server refuses connections. */
    while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno != ECONNREFUSED) {
            return -1;
        }
        g_usleep(1000);
    }
    return fd;
}

static int attach_fifo(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

static gpointer read_all(gpointer data)
{
    static _Thread_local char buffer[65536];
    int fd = GPOINTER_TO_INT(data);
    ssize_t got;
    do {
        got = read(fd, buffer, sizeof(buffer));
    } while (got > 0 || (got < 0 && errno == EINTR));
    close(fd);
    return NULL;
}

static const Sink SINKS[] = {
    {"file", "file:%s/line", NULL},
    {"pty", "pty,link=%s/line", attach_pty},
    {"pipe", "pipe:%s/fifo", attach_fifo},
    {"socket", "unix:%s/line,server=on", attach_socket},
};

/* ---- one run ---- */

static pid_t start(const char *const *argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++) {
            dup2(null, fd);
        }
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    return pid;
}

/* The write() calls of a process that has ended and has not been waited for. */
static uint64_t write_calls(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/io", (long)pid);
    g_autofree char *text = NULL;
    const char *line =
        g_file_get_contents(path, &text, NULL, NULL) ? strstr(text, "syscw: ") : NULL;
    return line ? g_ascii_strtoull(line + strlen("syscw: "), NULL, 10) : 0;
}

typedef struct Measure {
    double wall; /* in ns */
    double calls;
} Measure;

static Measure finish(pid_t pid, uint64_t began)
{
    siginfo_t info;
    int status;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    Measure measure = {(double)(bench_now() - began), (double)write_calls(pid)};
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        errno = ECANCELED;
        fail("a guest did not end well");
    }
    return measure;
}

static Measure run_floor(const Bench *bench, const char *image, unsigned count)
{
    g_autofree char *exe = built(bench, "tests/bench/floor");
    g_autofree char *file = built(bench, image);
    g_autofree char *flat = g_strdup_printf("cx=%u", count);
    const char *const argv[] = {exe, "--flat", flat, file, NULL};
    uint64_t began = bench_now();
    return finish(start(argv), began);
}

static Measure run_pioemu(const Bench *bench, const char *image, unsigned count, const Sink *sink)
{
    g_autofree char *exe = built(bench, "src/pioemu");
    g_autofree char *file = built(bench, image);
    g_autofree char *flat = g_strdup_printf("cx=%u", count);
    g_autofree char *path =
        g_strdup_printf("%s/%s", bench->dir, sink->attach == attach_fifo ? "fifo.out" : "line");
    g_autoptr(GString) serial = g_string_new(NULL);
    g_string_append_printf(serial, "%s", sink->serial);
    g_string_replace(serial, "%s", bench->dir, 1);
    const char *const argv[] = {exe,  "-accel",  "kvm",       "-kernel",  file,  "-flat",
                                flat, "-serial", serial->str, "-timeout", "100", NULL};
    if (sink->attach != attach_fifo) {
        unlink(path);
    }
    uint64_t began = bench_now();
    pid_t pid = start(argv);
    int fd = sink->attach ? sink->attach(path) : -1;
    if (sink->attach && fd < 0) {
        fail(path);
    }
    GThread *reader = fd >= 0 ? g_thread_new("reader", read_all, GINT_TO_POINTER(fd)) : NULL;
    Measure measure = finish(pid, began);
    if (reader) {
        g_thread_join(reader);
    }
    return measure;
}

/* ---- the rows ---- */

static GArray *doubles(void)
{
    return g_array_new(false, false, sizeof(double));
}

static double median(GArray *values)
{
    double result = bench_median(values);
    g_array_unref(values);
    return result;
}

/* The bytes a second, from the difference of two runs. */
static double rate(double few, double many)
{
    return SECOND / bench_cost(few, many, COUNT_LONG - COUNT_SHORT);
}

static void rate_row(const Bench *bench, const char *guest, const char *image, const Sink *sink)
{
    GArray *ours = doubles(), *ratios = doubles(), *calls = doubles();
    for (unsigned i = 0; i < ROUNDS; i++) {
        double floor = rate(run_floor(bench, image, COUNT_SHORT).wall,
                            run_floor(bench, image, COUNT_LONG).wall);
        Measure few = run_pioemu(bench, image, COUNT_SHORT, sink);
        Measure many = run_pioemu(bench, image, COUNT_LONG, sink);
        double rated = rate(few.wall, many.wall), ratio = rated / floor;
        double per_kib = (many.calls - few.calls) * 1024 / (COUNT_LONG - COUNT_SHORT);
        g_array_append_val(ours, rated);
        g_array_append_val(ratios, ratio);
        g_array_append_val(calls, per_kib);
    }
    double per_kib = median(calls);
    printf("%-8s %-8s %12.0f %8.2f", guest, sink->name, median(ours), median(ratios));
    if (sink->attach == attach_socket) {
        printf(" %12s\n", "-");
    } else {
        printf(" %12.2f\n", per_kib);
    }
    fflush(stdout);
}

static void four_ports(const Bench *bench)
{
    g_autofree char *exe = built(bench, "src/pioemu");
    g_autofree char *file = built(bench, "tests/bench/bench_uart4.bin");
    g_autofree char *a = g_strdup_printf("file:%s/a", bench->dir);
    g_autofree char *b = g_strdup_printf("file:%s/b", bench->dir);
    g_autofree char *c = g_strdup_printf("file:%s/c", bench->dir);
    g_autofree char *d = g_strdup_printf("file:%s/d", bench->dir);
    double wall[2];
    const char *const flats[] = {"cx=3000", "cx=18000"};
    for (unsigned i = 0; i < 2; i++) {
        const char *const argv[] = {exe,      "-accel",  "kvm", "-kernel", file, "-flat",
                                    flats[i], "-serial", a,     "-serial", b,    "-serial",
                                    c,        "-serial", d,     NULL};
        uint64_t began = bench_now();
        wall[i] = finish(start(argv), began).wall;
    }
    printf("four ports at once, to files: %.0f bytes/s in all\n",
           4 * 15000 * SECOND / (wall[1] - wall[0]));
}

/* ---- echo ---- */

static double echo_once(int fd)
{
    char byte = 'e';
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    uint64_t began = bench_now();
    if (write(fd, &byte, 1) != 1 || poll(&poller, 1, PATIENCE_MS) != 1 || read(fd, &byte, 1) != 1) {
        fail("no echo");
    }
    return (double)(bench_now() - began) / 1e3;
}

static void echo_row(const Bench *bench, const char *guest, const char *image)
{
    g_autofree char *exe = built(bench, "src/pioemu");
    g_autofree char *file = built(bench, image);
    g_autofree char *serial = g_strdup_printf("unix:%s/echo,server=on", bench->dir);
    g_autofree char *path = g_strdup_printf("%s/echo", bench->dir);
    const char *const argv[] = {exe,       "-accel", "kvm",      "-kernel", file,
                                "-serial", serial,   "-timeout", "100",     NULL};
    unlink(path);
    pid_t pid = start(argv);
    int fd = attach_socket(path);
    GArray *times = doubles();
    echo_once(fd);
    for (unsigned i = 0; i < ECHOES; i++) {
        double us = echo_once(fd);
        g_array_append_val(times, us);
        g_usleep(2000); /* like a typist, so that the line is silent again */
    }
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    close(fd);
    double p99 = bench_percentile(times, 99);
    printf("echo, %s guest: median %.0f us, 99 %% below %.0f us\n", guest, median(times), p99);
}

static void print_table(const Bench *bench)
{
    static const char *const GUESTS[][2] = {
        {"polled", "tests/bench/bench_uart.bin"},
        {"FIFO", "tests/bench/bench_fifo.bin"},
    };
    printf("%-8s %-8s %12s %8s %12s\n", "guest", "to", "bytes/s", "/floor", "writes/KiB");
    for (size_t g = 0; g < G_N_ELEMENTS(GUESTS); g++) {
        for (size_t s = 0; s < G_N_ELEMENTS(SINKS); s++) {
            rate_row(bench, GUESTS[g][0], GUESTS[g][1], &SINKS[s]);
        }
    }
    four_ports(bench);
    echo_row(bench, "polled", "guests/echo.bin");
    echo_row(bench, "interrupt", "guests/uart-irq.bin");
}

int main(int argc, char **argv)
{
    Bench bench = {.build = argc > 1 ? argv[1] : "build"};
    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        printf("no /dev/kvm: nothing to compare with the floor\n");
        return 77;
    }
    bench.dir = g_dir_make_tmp("pioemu-bench-XXXXXX", NULL);
    static const char *const FIFOS[] = {"fifo.in", "fifo.out"};
    for (size_t i = 0; i < G_N_ELEMENTS(FIFOS); i++) {
        g_autofree char *path = g_build_filename(bench.dir, FIFOS[i], NULL);
        mkfifo(path, 0600);
    }
    print_table(&bench);
    static const char *const FILES[] = {"fifo.in", "fifo.out", "line", "echo", "a", "b", "c", "d"};
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autofree char *path = g_build_filename(bench.dir, FILES[i], NULL);
        unlink(path);
    }
    rmdir(bench.dir);
    g_free(bench.dir);
    return 0;
}
