/*
 * The software CPU compared with QEMU's (TCG) and Bochs, if they are
 * installed.  All run the same guest images in turns.
 *
 * A cost is the difference between the CPU times of a long and a short run,
 * divided by the difference of their counts, so that the cost of starting
 * cancels out.  The fastest of a few rounds counts.  Each run has a time
 * limit.
 */
#include "tests/bench/bench_end.h"
#include "tests/bench/bench_qemu.h"
#include "tests/bench/bench_run.h"

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS        3u
#define LIMIT         "60" /* in seconds */
#define VGA_ROM_SIZE  512u
#define ITEMS         1024 /* as in bench_work.inc */
#define BOCHS_STATUS  1    /* Bochs calls the end a panic, as it does every failure of its start */
#define BOCHS_END     "Shutdown port: shutdown requested"
#define BOCHS_COMMAND "exec timeout -k 5 " LIMIT " \"$0\" -q -f \"$1\" -rc \"$2\" 2>/dev/null"

typedef enum Program { PIOEMU, QEMU, BOCHS, PROGRAMS } Program;

typedef struct Peers {
    const char *build;
    char *qemu, *bochs; /* NULL: it is not installed, or does not run */
    char *directory;    /* for Bochs's files */
} Peers;

/* `goal` is the least ratio of QEMU's CPU time to pioemu's. */
static const struct {
    const char *what, *image, *unit;
    unsigned few, many;
    double unit_ns, goal;
} ROWS[] = {
    {"dec/jnz loop, a turn", "bench_loop", "ns", 1000000, 41000000, 1, 3},
    {"mixed 32-bit code with paging, a round", "bench_mixed", "ms", 1, 21, 1e6, 1.5},
    {"mixed 64-bit code, a round", "bench_mixed64", "ms", 1, 21, 1e6, 1.25},
    {"copy loop, 32 bits, a word", "bench_copy32", "ns", 10, 20010, ITEMS, 1.5},
    {"copy loop, 64 bits, a word", "bench_copy64", "ns", 10, 20010, ITEMS, 1.5},
    {"two calls and returns, 32 bits", "bench_calls32", "ns", 10, 5010, ITEMS, 2},
    {"two calls and returns, 64 bits", "bench_calls64", "ns", 10, 5010, ITEMS, 2},
    {"indirect call, 32 bits", "bench_indirect32", "ns", 10, 5010, ITEMS, 1.5},
    {"indirect call, 64 bits", "bench_indirect64", "ns", 10, 5010, ITEMS, 2},
    {"SSE loop of single numbers, 16 bytes", "bench_sse_float64", "ns", 10, 2010, ITEMS / 4, 6},
    {"SSE loop of integers, 16 bytes", "bench_sse_integer64", "ns", 10, 10010, ITEMS / 4, 2.5},
    {"x87 loop, a number", "bench_x87_32", "ns", 10, 2010, ITEMS, 4},
    {"REP MOVSD and STOSD of 4 KiB", "bench_rep32", "ns", 1000, 101000, 1, 10},
    {"code that runs once, 8 instructions", "bench_once32", "ns", 10, 410, 2048, 3},
    {"port write, 8 bits", "bench_port", "ns", 10000, 1010000, 1, 4},
    {"INT and IRET, real mode", "bench_int", "ns", 10000, 1010000, 1, 5},
    {"store that changes the next instruction", "bench_modify", "ns", 2000, 42000, 1, 100},
};

/* ---- one run ---- */

static char *path(const Peers *peers, const char *name)
{
    return g_build_filename(peers->build, name, NULL);
}

static bool run_pioemu(const Peers *peers, const char *image, unsigned count, BenchRun *run)
{
    g_autofree char *exe = path(peers, "src/pioemu");
    g_autofree char *flat = g_strdup_printf("cx=%u", count);
    const char *const argv[] = {exe,     "-accel", "soft",     "-kernel", image,
                                "-flat", flat,     "-timeout", LIMIT,     NULL};
    return bench_try(argv, BENCH_TO_NULL, 0, run);
}

static bool run_qemu(const Peers *peers, const char *rom, BenchRun *run)
{
    const char *const argv[] = {"/usr/bin/timeout",
                                LIMIT,
                                peers->qemu,
                                "-M",
                                "isapc",
                                "-accel",
                                "tcg",
                                "-cpu",
                                "max",
                                "-m",
                                "128",
                                "-bios",
                                rom,
                                "-nodefaults",
                                "-display",
                                "none",
                                "-serial",
                                "null",
                                "-device",
                                "isa-debug-exit,iobase=0xf4,iosize=1",
                                NULL};
    return bench_try(argv, BENCH_TO_NULL, BENCH_QEMU_STATUS, run);
}

static void write_file(const char *name, const char *text, gssize size)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(name, text, size, &error)) {
        fprintf(stderr, "interp_peers: %s\n", error->message);
        exit(1);
    }
}

/* The status does not tell whether the image came to its end, but the log does. */
static bool bochs_came_to_the_end(const char *log)
{
    g_autofree char *text = NULL;
    return g_file_get_contents(log, &text, NULL, NULL) && strstr(text, BOCHS_END);
}

/*
 * Runs without a terminal, sound or a VGA BIOS.  Debian's Bochs waits for a
 * debugger's command first.
 */
static bool run_bochs(const Peers *peers, const char *rom, BenchRun *run)
{
    g_autofree char *vga = g_build_filename(peers->directory, "vga.rom", NULL);
    g_autofree char *settings = g_build_filename(peers->directory, "bochsrc", NULL);
    g_autofree char *commands = g_build_filename(peers->directory, "commands", NULL);
    g_autofree char *log = g_build_filename(peers->directory, "log", NULL);
    g_autofree char *text = g_strdup_printf("display_library: term\n"
                                            "romimage: file=%s, address=0xffff0000\n"
                                            "vgaromimage: file=%s\n"
                                            "megs: 128\n"
                                            "cpu: count=1, ips=500000000\n"
                                            "clock: sync=none\n"
                                            "sound: driver=dummy\n"
                                            "plugin_ctrl: speaker=0, sb16=0, e1000=0\n"
                                            "log: %s\n"
                                            "panic: action=fatal\n"
                                            "error: action=ignore\n"
                                            "info: action=ignore\n",
                                            rom, vga, log);
    char header[VGA_ROM_SIZE] = {0x55, (char)0xaa, 1, (char)0xcb};
    header[VGA_ROM_SIZE - 1] = (char)(0 - (0x55 + 0xaa + 1 + 0xcb));
    write_file(vga, header, sizeof(header));
    write_file(settings, text, -1);
    write_file(commands, "c\n", -1);
    const char *const argv[] = {"/bin/sh", "-c",     BOCHS_COMMAND, peers->bochs,
                                settings,  commands, NULL};
    g_remove(log);
    bool ended = bench_try(argv, BENCH_TO_NULL, BOCHS_STATUS, run) && bochs_came_to_the_end(log);
    g_remove(log);
    g_remove(vga);
    g_remove(settings);
    g_remove(commands);
    return ended;
}

static bool run_image(const Peers *peers, Program program, const char *image, unsigned count,
                      double *cpu)
{
    g_autofree char *name = g_strdup_printf("tests/bench/%s.bin", image);
    g_autofree char *file = path(peers, name);
    g_autofree char *empty = path(peers, "tests/bench/bench_rom.bin");
    g_autofree char *rom = bench_make_rom(empty, file, count);
    BenchRun run;
    bool ended = program == PIOEMU ? run_pioemu(peers, file, count, &run)
                 : program == QEMU ? run_qemu(peers, rom, &run)
                                   : run_bochs(peers, rom, &run);
    *cpu = (double)run.cpu;
    bench_run_clear(&run);
    g_remove(rom);
    return ended;
}

/* ---- the table ---- */

static double fastest(const Peers *peers, Program program, const char *image, unsigned count)
{
    double best = 1e18, cpu;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (!run_image(peers, program, image, count, &cpu)) {
            fprintf(stderr, "interp_peers: %s did not end as it should\n", image);
            exit(1);
        }
        best = MIN(best, cpu);
    }
    return best;
}

static bool is_there(const Peers *peers, Program program)
{
    return program == PIOEMU || (program == QEMU ? peers->qemu : peers->bochs) != NULL;
}

/* NAN means that there is no figure. */
static void print_figure(int width, double figure, const char *unit)
{
    if (isnan(figure)) {
        printf(" %*s%*s", width, "-", (int)strlen(unit), "");
    } else {
        printf(" %*.2f%s", width, figure, unit);
    }
}

/* Says whether the goal is met, if QEMU was measured. */
static void print_goal(size_t row, double ratio)
{
    printf("  >= %g%s\n", ROWS[row].goal, ratio < ROWS[row].goal ? "   MISSED" : "");
}

static void print_row(const Peers *peers, size_t row)
{
    double costs[PROGRAMS];
    printf("%-40s", ROWS[row].what);
    for (Program program = PIOEMU; program < PROGRAMS; program++) {
        if (!is_there(peers, program)) {
            printf(" %9s         ", "-");
            continue;
        }
        costs[program] = bench_cost(fastest(peers, program, ROWS[row].image, ROWS[row].few),
                                    fastest(peers, program, ROWS[row].image, ROWS[row].many),
                                    ROWS[row].many - ROWS[row].few);
        print_figure(9, costs[program] / ROWS[row].unit_ns, "");
        if (program != PIOEMU) {
            print_figure(7, costs[program] / costs[PIOEMU], "x");
        }
        fflush(stdout);
    }
    printf(" %s", ROWS[row].unit);
    print_goal(row, peers->qemu ? costs[QEMU] / costs[PIOEMU] : NAN);
}

/* Checks whether a peer runs here at all.  A sandbox or a missing part can prevent it. */
static void probe(const Peers *peers, Program program, char **name)
{
    double cpu;
    if (*name && !run_image(peers, program, "bench_loop", 1, &cpu)) {
        fprintf(stderr, "interp_peers: %s is installed but does not run a ROM here%s\n", *name,
                program == BOCHS ? " (package bochs-term has the display that it is to use)" : "");
        g_clear_pointer(name, g_free);
    }
}

static void print_table(const Peers *peers)
{
    printf("%-40s %9s %18s %18s\n", "", "pioemu", "QEMU TCG", "Bochs");
    for (size_t row = 0; row < G_N_ELEMENTS(ROWS); row++) {
        print_row(peers, row);
    }
}

/* Prints the peers that run here. */
static void print_peers(const Peers *peers)
{
    const char *const names[] = {peers->qemu, peers->bochs};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i]) {
            printf("%s\n", names[i]);
        }
    }
}

int main(int argc, char **argv)
{
    bool only_peers = argc == 3 && g_str_equal(argv[2], "--peers");
    if (argc != 2 && !only_peers) {
        fprintf(stderr, "usage: interp_peers BUILD-DIRECTORY [--peers]\n");
        return 2;
    }
    Peers peers = {
        .build = argv[1],
        .qemu = g_find_program_in_path("qemu-system-x86_64"),
        .bochs = g_find_program_in_path("bochs"),
        .directory = g_dir_make_tmp("pioemu-peers-XXXXXX", NULL),
    };
    probe(&peers, QEMU, &peers.qemu);
    probe(&peers, BOCHS, &peers.bochs);
    if (only_peers) {
        print_peers(&peers);
    } else {
        print_table(&peers);
    }
    g_rmdir(peers.directory);
    g_free(peers.directory);
    g_free(peers.qemu);
    g_free(peers.bochs);
    return 0;
}
