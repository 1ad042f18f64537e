/*
 * The speed of the software CPU: the number of instructions a second, the cost of a
 * port access, an interrupt and self-modifying code, and how soon and how fast the
 * whole program prints.  Prints a table.  With --check it fails if a figure misses
 * its gate.
 */
#include "src/accel/soft/soft.h"
#include "tests/bench/bench_run.h"
#include "tests/bench/interp_mixed.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RAM_SIZE  (UINT64_C(16) << 20)
#define GDT       0x1000u
#define IDT       0x2000u
#define DIRECTORY 0x4000u
#define TABLES    0x5000u /* four tables for 16 MiB */
#define LONG_MAP  0xa000u /* four levels of tables; the last are four */
#define CODE      0x100000u
#define MIXED     0x400000u
#define STACK     0x90000u
#define PORT      0x200u
#define RUNS      40

typedef struct Bench {
    Memory *memory;
    Bus *bus;
    Accel *accel;
    Vcpu *vcpu;
    uint8_t latch; /* of the device at PORT */
} Bench;

/* ---- the machine ---- */

static uint64_t latch_read(void *state, uint64_t offset G_GNUC_UNUSED, unsigned size G_GNUC_UNUSED)
{
    return ((Bench *)state)->latch;
}

static void latch_write(void *state, uint64_t offset G_GNUC_UNUSED, uint64_t value,
                        unsigned size G_GNUC_UNUSED)
{
    ((Bench *)state)->latch = (uint8_t)value;
}

static const IoOps LATCH = {.read = latch_read, .write = latch_write, .max_size = 1};

static uint8_t no_vector(void *opaque G_GNUC_UNUSED, unsigned cpu G_GNUC_UNUSED)
{
    return 0;
}

static void die_on(GError *error)
{
    if (error) {
        fprintf(stderr, "interp_bench: %s\n", error->message);
        exit(1);
    }
}

static void machine_new(Bench *b)
{
    GError *error = NULL;

    b->memory = memory_new(RAM_SIZE, &error);
    die_on(error);
    b->bus = bus_new(false);
    bus_claim(
        b->bus,
        &(BusClaim){
            .name = "latch", .space = IO_PORTS, .base = PORT, .size = 8, .ops = &LATCH, .state = b},
        &error);
    die_on(error);
    const AccelHost host = {
        .bus = b->bus, .memory = b->memory, .acknowledge = no_vector, .cpu_count = 1};
    b->accel = accel_new(&accel_soft_class, &host, &error);
    die_on(error);
    b->vcpu = vcpu_new(b->accel, 0, &error);
    die_on(error);
}

static void machine_free(Bench *b)
{
    vcpu_free(b->vcpu);
    accel_free(b->accel);
    bus_free(b->bus);
    memory_free(b->memory);
}

static void poke(Bench *b, uint32_t address, const void *data, size_t size)
{
    memory_write(b->memory, address, data, size);
    b->accel->class->memory_written(b->accel, address, size);
}

static void poke32(Bench *b, uint32_t address, uint32_t value)
{
    poke(b, address, &value, sizeof(value));
}

static CpuSegment flat(uint16_t selector, uint32_t type)
{
    return (CpuSegment){
        .selector = selector,
        .limit = UINT32_MAX,
        .attributes = CPU_SEGMENT_P | CPU_SEGMENT_S | CPU_SEGMENT_DB | CPU_SEGMENT_G | type,
    };
}

/* Flat 32-bit code at CODE.  4 KiB pages map 16 MiB to themselves. */
static CpuState protected_state(Bench *b, bool paging)
{
    CpuState state;

    cpu_state_reset(&state);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state.segment[i] = flat(0x10, 3);
    }
    state.segment[CPU_CS] = flat(0x08, 0xb);
    state.gdtr = (CpuTable){.base = GDT, .limit = 0x17};
    state.idtr = (CpuTable){.base = IDT, .limit = 0x7ff};
    poke32(b, GDT + 8, 0x0000ffff);
    poke32(b, GDT + 12, 0x00cf9b00);
    poke32(b, GDT + 16, 0x0000ffff);
    poke32(b, GDT + 20, 0x00cf9300);
    poke32(b, IDT + 0x40 * 8, 0x00080000 | (CODE & 0xffff) | 0x800);
    poke32(b, IDT + 0x40 * 8 + 4, (CODE & 0xffff0000) | 0x8e00);
    for (uint32_t i = 0; i < 4096; i++) {
        poke32(b, TABLES + i * 4, i << 12 | 3);
    }
    for (uint32_t i = 0; i < 4; i++) {
        poke32(b, DIRECTORY + i * 4, (TABLES + i * 4096) | 3);
    }
    state.cr3 = DIRECTORY;
    state.cr0 |= CPU_CR0_PE | (paging ? CPU_CR0_PG : 0);
    state.rip = CODE;
    state.gpr[CPU_SP] = STACK;
    state.gpr[CPU_DX] = PORT;
    return state;
}

static void poke64(Bench *b, uint32_t address, uint64_t value)
{
    poke(b, address, &value, sizeof(value));
}

/* 64-bit code at CODE; the same 16 MiB mapped by 4 KiB pages. */
static CpuState long_state(Bench *b)
{
    const uint32_t directory = LONG_MAP + 0x2000, tables = LONG_MAP + 0x3000;
    CpuState state = protected_state(b, true);

    poke64(b, LONG_MAP, (LONG_MAP + 0x1000) | 3);
    poke64(b, LONG_MAP + 0x1000, directory | 3);
    for (uint32_t i = 0; i < 8; i++) {
        poke64(b, directory + i * 8, (tables + i * 4096) | 3);
    }
    for (uint32_t i = 0; i < 4096; i++) {
        poke64(b, tables + i * 8, i << 12 | 3);
    }
    state.segment[CPU_CS].attributes ^= CPU_SEGMENT_DB | CPU_SEGMENT_L;
    state.cr3 = LONG_MAP;
    state.cr4 = 0x20; /* PAE */
    state.msr.efer = CPU_EFER_LME | CPU_EFER_LMA;
    return state;
}

static CpuState real_state(Bench *b)
{
    CpuState state;

    cpu_state_reset(&state);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state.segment[i].selector = 0;
        state.segment[i].base = 0;
    }
    state.rip = 0x8000;
    state.gpr[CPU_SP] = 0x7000;
    poke32(b, 0x40 * 4, 0x8800);
    return state;
}

/* ---- measuring ---- */

/* The CPU time of this process, so that other processes do not count. */
static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

typedef struct Result {
    double seconds;
    uint64_t instructions;
} Result;

/* Runs from `state` to the HLT at the end.  The result is the fastest of many short runs. */
static Result measure(Bench *b, const CpuState *state)
{
    Result best = {.seconds = 1e9};

    for (unsigned i = 0; i < RUNS; i++) {
        GError *error = NULL;
        VcpuStop stop;

        b->accel->class->set_state(b->vcpu, state, &error);
        die_on(error);
        double begin = seconds();
        uint64_t done = interp_run_instructions(b->vcpu, UINT64_MAX / 4, &stop);
        double taken = seconds() - begin;
        if (stop != VCPU_HALTED_DEAD) {
            fprintf(stderr, "interp_bench: the guest stopped for reason %d\n", stop);
            exit(1);
        }
        if (taken < best.seconds) {
            best = (Result){taken, done};
        }
    }
    return best;
}

static Result measure_code(Bench *b, const CpuState *base, const uint8_t *code, size_t size,
                           uint32_t count)
{
    CpuState state = *base;

    poke(b, (uint32_t)state.rip, code, size);
    state.gpr[CPU_CX] = count;
    return measure(b, &state);
}

/* ---- the table ---- */

static bool missed;

static void report(const char *what, double value, const char *unit, double gate, bool at_least)
{
    bool ok = at_least ? value >= gate : value <= gate;

    printf("%-44s %9.1f %-6s %s %5.0f  %s\n", what, value, unit, at_least ? ">=" : "<=", gate,
           ok ? "ok" : "MISSED");
    missed |= !ok;
}

static double mips(Result r)
{
    return (double)r.instructions / r.seconds / 1e6;
}

/* The cost of a loop's turn beyond that of the bare loop. */
static double extra_ns(Result with, Result without, uint32_t turns)
{
    return bench_cost(without.seconds, with.seconds, turns) * 1e9;
}

#define LOOP_TURNS 3000000u
#define PORT_TURNS 500000u

static const uint8_t BARE[] = {0x49, 0x75, 0xfd, 0xf4};            /* dec ecx; jnz */
static const uint8_t OUT[] = {0xee, 0x49, 0x75, 0xfc, 0xf4};       /* out dx, al */
static const uint8_t IN[] = {0xec, 0x49, 0x75, 0xfc, 0xf4};        /* in al, dx */
static const uint8_t INT[] = {0xcd, 0x40, 0x49, 0x75, 0xfb, 0xf4}; /* int 0x40 */
static const uint8_t IRET[] = {0xcf};
/* mov [address], ecx; mov al, imm; dec ecx; jnz; hlt */
static const uint8_t STORE[] = {0x89, 0x0d, 0, 0, 0, 0, 0xb0, 0x00, 0x49, 0x75, 0xf5, 0xf4};
/* The same, a byte: mov [address], cl; nop */
static const uint8_t STORE8[] = {0x88, 0x0d, 0, 0, 0, 0, 0xb0, 0x00, 0x49, 0x75, 0xf5, 0xf4};

static Result measure_store(Bench *b, const CpuState *state, const uint8_t *code, uint32_t address)
{
    uint8_t bytes[sizeof(STORE)];

    memcpy(bytes, code, sizeof(bytes));
    memcpy(bytes + 2, &address, sizeof(address));
    return measure_code(b, state, bytes, sizeof(bytes), PORT_TURNS);
}

static void bench_mixed(Bench *b, const char *build, const char *name, const CpuState *state,
                        const char *what, double gate)
{
    g_autofree char *image = g_strdup_printf("%s/tests/bench/%s.bin", build, name);
    g_autofree char *bytes = NULL;
    g_autofree Mixed *host = g_new0(Mixed, 1);
    GError *error = NULL;
    uint32_t checksum = 0;
    size_t size;

    g_file_get_contents(image, &bytes, &size, &error);
    die_on(error);
    poke(b, CODE, bytes, size);
    host->rounds = 2;
    poke(b, MIXED, host, sizeof(*host));
    Result r = measure(b, state);
    mixed_run(host);
    memory_read(b->memory, MIXED + offsetof(Mixed, checksum), &checksum, sizeof(checksum));
    if (checksum != host->checksum) {
        fprintf(stderr, "interp_bench: checksum 0x%08x, the host has 0x%08x\n", checksum,
                host->checksum);
        exit(1);
    }
    report(what, mips(r), "MIPS", gate, true);
}

static void bench_loops(Bench *b)
{
    CpuState state = protected_state(b, true), real = real_state(b);

    Result bare = measure_code(b, &state, BARE, sizeof(BARE), LOOP_TURNS);
    report("dec/jnz loop", mips(bare), "MIPS", 400, true);
    bare = measure_code(b, &state, BARE, sizeof(BARE), PORT_TURNS);
    Result with = measure_code(b, &state, OUT, sizeof(OUT), PORT_TURNS);
    report("port write, 8 bits", extra_ns(with, bare, PORT_TURNS), "ns", 12, false);
    with = measure_code(b, &state, IN, sizeof(IN), PORT_TURNS);
    report("port read, 8 bits", extra_ns(with, bare, PORT_TURNS), "ns", 12, false);
    poke(b, CODE + 0x800, IRET, sizeof(IRET));
    with = measure_code(b, &state, INT, sizeof(INT), PORT_TURNS);
    report("INT and IRET, protected mode", extra_ns(with, bare, PORT_TURNS), "ns", 40, false);
    poke(b, 0x8800, IRET, sizeof(IRET));
    real.gpr[CPU_CX] = 0;
    bare = measure_code(b, &real, BARE, sizeof(BARE), 0xffff);
    with = measure_code(b, &real, INT, sizeof(INT), 0xffff);
    report("INT and IRET, real mode", extra_ns(with, bare, 0xffff), "ns", 40, false);
}

static void bench_stores(Bench *b)
{
    CpuState state = protected_state(b, true);

    Result clean = measure_store(b, &state, STORE, CODE + 0x10000);
    Result beside = measure_store(b, &state, STORE, CODE + 0x20);
    Result modify = measure_store(b, &state, STORE8, CODE + 7);
    printf("%-44s %9.1f %-6s\n", "store loop", clean.seconds / PORT_TURNS * 1e9, "ns");
    report("store loop, data beside code", beside.seconds / clean.seconds, "x", 3, false);
    report("store loop, modifies itself", modify.seconds / clean.seconds, "x", 3, false);
}

/* ---- the whole program ---- */

#define FIRST_RUNS 20
#define UART_RUNS  8
#define UART_FEW   20000u
#define UART_MANY  520000u

static BenchRun run_program(const char *build, const char *image, unsigned count)
{
    g_autofree char *program = g_build_filename(build, "src/pioemu", NULL);
    g_autofree char *kernel = g_strdup_printf("%s/tests/bench/%s.bin", build, image);
    g_autofree char *flat_options = g_strdup_printf("cx=%u", count);
    const char *const argv[] = {program, "-accel", "soft",       "-kernel",
                                kernel,  "-flat",  flat_options, NULL};

    return bench_run(argv, BENCH_TO_PIPE, 0);
}

/* The CPU time in ns, the fastest of a few runs. */
static double program_cpu(const char *build, const char *image, unsigned count)
{
    double best = 1e18;

    for (unsigned i = 0; i < UART_RUNS; i++) {
        BenchRun run = run_program(build, image, count);
        best = MIN(best, (double)run.cpu);
        bench_run_clear(&run);
    }
    return best;
}

static void bench_program(const char *build)
{
    double first = 1e18;

    for (unsigned i = 0; i < FIRST_RUNS; i++) {
        BenchRun run = run_program(build, "bench_first", 1);
        first = MIN(first, (double)run.first_byte);
        bench_run_clear(&run);
    }
    report("exec to the first serial byte", first / 1e6, "ms", 5, false);
    double few = program_cpu(build, "bench_uart", UART_FEW);
    double many = program_cpu(build, "bench_uart", UART_MANY);
    report("polled UART byte to a pipe", bench_cost(few, many, UART_MANY - UART_FEW), "ns", 100,
           false);
}

int main(int argc, char **argv)
{
    Bench bench = {0};

    if (argc < 2) {
        fprintf(stderr, "usage: interp_bench BUILD-DIRECTORY [--check]\n");
        return 2;
    }
    machine_new(&bench);
    bench_loops(&bench);
    CpuState state = protected_state(&bench, true);
    bench_mixed(&bench, argv[1], "interp_mixed", &state, "mixed 32-bit code, paging on", 350);
    state = long_state(&bench);
    bench_mixed(&bench, argv[1], "interp_mixed64", &state, "mixed 64-bit code, paging on", 315);
    bench_stores(&bench);
    machine_free(&bench);
    bench_program(argv[1]);
    return missed && argc > 2 && strcmp(argv[2], "--check") == 0;
}
