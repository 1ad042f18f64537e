/*
 * The benchmark table: pioemu, the floor (floor.c) and, if it is installed, QEMU
 * run the same guest images in turns.
 *
 * The cost of an operation is the difference between a long and a short run,
 * divided by the difference of their counts, so that the cost of starting cancels
 * out.  A ratio is taken within a round, and the median of the ratios is shown.
 */
#include "tests/bench/bench_latency.h"
#include "tests/bench/bench_qemu.h"
#include "tests/bench/bench_run.h"

#include "devices/misc/acpi_pm_regs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS         7u
#define COUNT_SHORT    2000u
#define COUNT_LONG     52000u
#define IDLE_SECONDS   3u
#define IDLE_TICK_RATE 100u
/* Percent of a CPU. */
#define IDLE_GOAL         0.1
#define TICKS_GOAL        1.0
#define TICK_COUNT        10000u
#define TICK_RATE         1000u
#define INTERRUPTS        2000u
#define BOOT_INSTRUCTIONS 30000u
#define GUEST_MEMORY      (UINT64_C(128) << 20)
#define PIT_CLOCK_MHZ     (105.0 / 88.0)

static const char *build;
static char *qemu; /* NULL: it is not installed */
static unsigned missed;

static char *path(const char *name)
{
    return g_build_filename(build, name, NULL);
}

/* ---- one run of one image ---- */

typedef enum Program { FLOOR, PIOEMU, QEMU, PROGRAMS } Program;

static BenchRun run_image(Program program, const char *image, unsigned count, BenchOutput to)
{
    g_autofree char *exe = path(program == FLOOR ? "tests/bench/floor" : "src/pioemu");
    g_autofree char *name = g_strdup_printf("tests/bench/%s.bin", image);
    g_autofree char *file = path(name);
    g_autofree char *rom = path("tests/bench/bench_rom.bin");
    g_autofree char *flat = g_strdup_printf("cx=%u", count);
    const char *const floor_argv[] = {exe, "--flat", flat, file, NULL};
    const char *const pioemu_argv[] = {exe, "-kernel", file, "-flat", flat, NULL};
    return program == QEMU ? bench_qemu_run(qemu, rom, file, count, to)
                           : bench_run(program == FLOOR ? floor_argv : pioemu_argv, to, 0);
}

static double wall_of(Program program, const char *image, unsigned count, BenchOutput to)
{
    BenchRun run = run_image(program, image, count, to);
    bench_run_clear(&run);
    return (double)run.wall;
}

/* In ns for an operation. */
static double cost(Program program, const char *image, BenchOutput to)
{
    double few = wall_of(program, image, COUNT_SHORT, to);
    double many = wall_of(program, image, COUNT_LONG, to);
    return bench_cost(few, many, COUNT_LONG - COUNT_SHORT);
}

/* ---- rows ---- */

typedef struct Row {
    GArray *times[PROGRAMS];
    GArray *ratio; /* our time divided by the floor's, in each round */
} Row;

static GArray *doubles(void)
{
    return g_array_new(false, false, sizeof(double));
}

static Row row_new(void)
{
    return (Row){{doubles(), doubles(), doubles()}, doubles()};
}

static void row_free(Row *row)
{
    for (unsigned program = 0; program < PROGRAMS; program++) {
        g_array_unref(row->times[program]);
    }
    g_array_unref(row->ratio);
}

static void row_add(Row *row, Program program, double time)
{
    g_array_append_val(row->times[program], time);
}

static void row_end_round(Row *row)
{
    guint last = row->times[PIOEMU]->len - 1;
    double ratio = g_array_index(row->times[PIOEMU], double, last) /
                   g_array_index(row->times[FLOOR], double, last);
    g_array_append_val(row->ratio, ratio);
}

static void print_cell(GArray *times, double unit)
{
    if (times->len) {
        printf(" %9.2f", bench_median(times) / unit);
    } else {
        printf(" %9s", "-");
    }
}

static const char *verdict(bool reached)
{
    missed += !reached;
    return reached ? "" : "MISSED";
}

/* `goal` 0: there is none. */
static void row_print(Row *row, const char *what, double unit, const char *unit_name, double goal)
{
    printf("%-34s", what);
    for (unsigned program = 0; program < PROGRAMS; program++) {
        print_cell(row->times[program], unit);
    }
    double ratio = bench_median(row->ratio);
    printf(" %-3s %7.3f", unit_name, ratio);
    if (goal > 0) {
        printf("   <= %-5.2f %s", goal, verdict(ratio <= goal));
    }
    printf("\n");
    fflush(stdout);
    row_free(row);
}

static void bench_accesses(void)
{
    static const struct {
        const char *what, *image, *floor_image;
        BenchOutput to;
        double goal;
        bool in_qemu; /* QEMU has such a port */
    } ROWS[] = {
        {"port write", "bench_outb", "bench_outb", BENCH_TO_NULL, 1.05, true},
        {"port read", "bench_inb", "bench_inb", BENCH_TO_NULL, 1.05, true},
        {"polled UART byte to a pty", "bench_uart", "bench_uart", BENCH_TO_PTY, 1.10, true},
        {"posted write (floor: plain)", "bench_posted", "bench_outb", BENCH_TO_NULL, 0.5, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        Row row = row_new();
        for (unsigned round = 0; round < ROUNDS; round++) {
            row_add(&row, FLOOR, cost(FLOOR, ROWS[i].floor_image, ROWS[i].to));
            row_add(&row, PIOEMU, cost(PIOEMU, ROWS[i].image, ROWS[i].to));
            row_end_round(&row);
            if (qemu && ROWS[i].in_qemu) {
                row_add(&row, QEMU, cost(QEMU, ROWS[i].image, ROWS[i].to));
            }
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
        row_add(&row, FLOOR, first_byte(FLOOR));
        row_add(&row, PIOEMU, first_byte(PIOEMU));
        row_end_round(&row);
        if (qemu) {
            row_add(&row, QEMU, first_byte(QEMU));
        }
    }
    row_print(&row, "exec to first serial byte", 1e6, "ms", 3);
}

/* ---- the BIOS ---- */

#pragma pack(push, 1)
typedef struct BootReport {
    uint64_t tsc;
    uint32_t pm_timer;
} BootReport;
#pragma pack(pop)

/* What the boot sector sends after everything that the BIOS has printed. */
static BootReport boot_once(const char *accel)
{
    g_autofree char *exe = path("src/pioemu");
    g_autofree char *disk = path("tests/bench/bench_boot.img");
    const char *const argv[] = {exe, "-accel", accel, "-hda", disk, "-snapshot", NULL};
    BenchRun run = bench_run(argv, BENCH_TO_PIPE, 0);
    BootReport report;
    if (run.output->len < sizeof(report)) {
        fprintf(stderr, "bench: bench_boot sent %u bytes\n", run.output->len);
        exit(1);
    }
    memcpy(&report, run.output->data + run.output->len - sizeof(report), sizeof(report));
    bench_run_clear(&run);
    return report;
}

static void bench_boot(void)
{
    GArray *times = g_array_new(false, false, sizeof(double));
    uint64_t instructions = boot_once("soft").tsc;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double ms = boot_once("kvm").pm_timer * 1000.0 / ACPI_PM_TMR_HZ;
        g_array_append_val(times, ms);
    }
    printf("%-34s %19" PRIu64 "                       <= %u %s\n",
           "reset to boot sector, instructions", instructions, BOOT_INSTRUCTIONS,
           verdict(instructions <= BOOT_INSTRUCTIONS));
    printf("%-34s %19.2f ms\n", "reset to boot sector", bench_median(times));
    fflush(stdout);
    g_array_unref(times);
}

/* ---- interrupts ---- */

/* The floor prints its measurement after this word. */
static double floor_latency(const char *file)
{
    g_autofree char *exe = path("tests/bench/floor");
    g_autofree char *flat = g_strdup_printf("dx=%u", INTERRUPTS);
    g_autofree char *count = g_strdup_printf("%u", INTERRUPTS);
    g_autofree char *text = NULL;
    const char *argv[] = {exe, "--flat", flat, "--interrupts", count, "--stats", file, NULL};
    g_autoptr(GError) error = NULL;
    int status;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                      &text, &status, &error) ||
        !g_spawn_check_wait_status(status, &error)) {
        fprintf(stderr, "bench: floor: %s\n", error->message);
        exit(1);
    }
    static const char WORD[] = "irq_median_ns=";
    const char *found = strstr(text, WORD);
    return found ? g_ascii_strtod(found + strlen(WORD), NULL) : 0;
}

static void bench_interrupts(void)
{
    static const struct {
        const char *what;
        BenchRaise raise;
    } ROWS[] = {
        {"interrupt, raised by the vCPU", BENCH_RAISE_HERE},
        {"interrupt, from another thread", BENCH_RAISE_THREAD},
    };
    g_autofree char *file = path("tests/bench/bench_irq.bin");
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        Row row = row_new();
        for (unsigned round = 0; round < ROUNDS; round++) {
            row_add(&row, FLOOR, floor_latency(file));
            GArray *latencies = bench_latency(file, INTERRUPTS / ROUNDS, ROWS[i].raise);
            row_add(&row, PIOEMU, bench_median(latencies));
            g_array_unref(latencies);
            row_end_round(&row);
        }
        row_print(&row, ROWS[i].what, 1000, "us", 0);
    }
}

/* ---- an idle machine ---- */

/* The percentage of a CPU that the program uses after its start. */
static double idle_share(pid_t pid)
{
    /* The start itself is over after a moment. */
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    uint64_t before = bench_cpu(pid), start = bench_now();
    nanosleep(&(struct timespec){.tv_sec = IDLE_SECONDS}, NULL);
    return 100.0 * (double)(bench_cpu(pid) - before) / (double)(bench_now() - start);
}

static void bench_idle(void)
{
    g_autofree char *exe = path("src/pioemu");
    g_autofree char *file = path("guests/shell.bin");
    const char *const argv[] = {exe, "-kernel", file, NULL};
    int input;
    pid_t pid = bench_start(argv, &input);
    double share = idle_share(pid);
    double own = (double)bench_own_memory(pid, GUEST_MEMORY) / 1024;
    bench_stop(pid, input);
    printf("%-34s %19.3f %%                     <  %-5.1f %s\n", "idle: waiting for input", share,
           IDLE_GOAL, verdict(share < IDLE_GOAL));
    printf("%-34s %19.0f KiB                   <= 1024  %s\n",
           "anonymous memory beyond the guest's", own, verdict(own <= 1024));
    fflush(stdout);
}

static double ticking_share(const char *const *argv)
{
    int input;
    pid_t pid = bench_start(argv, &input);
    double share = idle_share(pid);
    bench_stop(pid, input);
    return share;
}

static void bench_idle_ticks(const char *what, const char *machine)
{
    g_autofree char *ours = path("src/pioemu");
    g_autofree char *floor = path("tests/bench/floor");
    g_autofree char *file = path("tests/bench/bench_idle.bin");
    g_autofree char *rate = g_strdup_printf("%u", IDLE_TICK_RATE);
    g_autofree char *flat = g_strdup_printf("cx=%u", IDLE_TICK_RATE);
    const char *const ours_argv[] = {ours, "-kernel", file, "-flat", flat, "-M", machine, NULL};
    const char *const floor_argv[] = {floor, "--flat", flat, "--ticks", rate, file, NULL};
    Row row = row_new();
    for (unsigned round = 0; round < ROUNDS; round++) {
        row_add(&row, FLOOR, ticking_share(floor_argv));
        row_add(&row, PIOEMU, ticking_share(ours_argv));
        row_end_round(&row);
    }
    double share = bench_median(row.times[PIOEMU]), ratio = bench_median(row.ratio);
    printf("%-34s %9.3f %9.3f %9s %%   %7.3f   <  %-5.1f %s\n", what,
           bench_median(row.times[FLOOR]), share, "-", ratio, TICKS_GOAL,
           verdict(share < TICKS_GOAL));
    fflush(stdout);
    row_free(&row);
}

/* ---- timer ticks ---- */

#pragma pack(push, 1)
typedef struct TickReport {
    uint16_t reload, ticks;
    uint64_t first, last;
} TickReport;
#pragma pack(pop)

/* Measures the rate of the guest's time-stamp counter, which is the host's, over the run. */
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
    printf("%u ticks at %u Hz: drift %+.3f ms in %.1f s %s; late by %.1f us (median), %.1f us (99 "
           "%%)\n",
           report->ticks, TICK_RATE, real - ideal, ideal / 1000,
           verdict(real - ideal < 1 && real - ideal > -1), bench_median(lateness),
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
    BenchRun run = bench_run(argv, BENCH_TO_PIPE, 0);
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
    qemu = bench_qemu_find();
    printf("%-34s %9s %9s %9s     %7s   %s\n", "", "floor", "pioemu", "QEMU", "ratio", "goal");
    bench_first_byte();
    bench_boot();
    bench_accesses();
    bench_interrupts();
    bench_idle();
    bench_idle_ticks("idle: 100 ticks a second", "pc,irqchip=user");
    bench_idle_ticks("the same, irqchip=kernel", "pc,irqchip=kernel");
    bench_ticks("user");
    bench_ticks("kernel");
    printf("%u goals missed\n", missed);
    g_free(qemu);
    return 0;
}
