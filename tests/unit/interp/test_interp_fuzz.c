/*
 * Random bytes as code, in every mode.  The software CPU must not crash or hang.
 * It must do the same whether a stream runs in one go, from its cache of decoded
 * blocks, or one instruction at a time.  During all this, kicks and looks at the
 * host's time end runs, which must not have an effect either.
 *
 * PIOEMU_FUZZ_STREAMS is the number of streams, and PIOEMU_FUZZ_SEED the first one.
 */
#include "tests/unit/interp/interp_long.h"
#include "tests/unit/interp/interp_protected.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>

#define STREAMS             (RIG_SANITIZED ? UINT64_C(400) : UINT64_C(2500))
#define SEED                UINT64_C(0x51eed)
#define INSTRUCTIONS        1500u
#define STREAM_SIZE         0x400u
#define STREAMS_PER_MACHINE 64u
#define CPUS                3u
#define TURNS               120u
#define TURN_MAX            60u
#define KICK_MS             1

#define CODE          0x18000u
#define CODE_SPAN     0x8000u
#define PAE_POINTERS  0x50000u
#define PAE_DIRECTORY 0x51000u
#define REAL_HANDLER  0x7c0u
#define CR4_PAE       0x20u
#define CR4_PSE       0x10u

typedef enum Mode {
    REAL,
    FLAT0,
    FLAT3,
    SMALL,
    PAGED0,
    PAGED3,
    PAE,
    VIRTUAL,
    LONG0,
    LONG3,
    COMPATIBLE,
    MODE_COUNT
} Mode;

typedef struct Fuzz {
    uint64_t random;
    Rig *whole, *stepped;
    uint8_t *ram[2];
    uint64_t born; /* the first stream of these machines; later streams use the same memory */
    unsigned cpus;
} Fuzz;

/* Used by the handler that kicks: a signal handler has no argument. */
static Vcpu *volatile watched;

static void kick(int number)
{
    (void)number;
    if (watched != NULL) {
        watched->accel->class->kick(watched);
    }
}

static uint64_t next(Fuzz *fuzz)
{
    uint64_t z = fuzz->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(Fuzz *fuzz, uint32_t limit)
{
    return (uint32_t)((next(fuzz) >> 32) * limit >> 32);
}

/* ---- where a stream runs ---- */

/* The handler skips one byte of the faulting code and continues, so that a stream is long. */
static void fill_handlers(Rig *rig)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        bool error = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
        if (error) {
            /* add esp, 4; inc dword [esp]; iret */
            PM_BYTES(rig, pm_handler(vector), 0x83, 0xc4, 0x04, 0xff, 0x04, 0x24, 0xcf);
        } else {
            PM_BYTES(rig, pm_handler(vector), 0xff, 0x04, 0x24, 0xcf);
        }
        rig_write32(rig, vector * 4, REAL_HANDLER);
    }
    /* push bp; mov bp, sp; inc word [bp + 2]; pop bp; iret */
    PM_BYTES(rig, REAL_HANDLER, 0x55, 0x89, 0xe5, 0xff, 0x46, 0x02, 0x5d, 0xcf);
}

static void fill_pae(Rig *rig)
{
    rig_write64(rig, PAE_POINTERS, PAE_DIRECTORY | 1);
    rig_write64(rig, PAE_DIRECTORY, 0x87);
    rig_write64(rig, PAE_DIRECTORY + 8, 0x200087);
}

/* The same in 64-bit code. */
static void fill_long_handlers(Rig *rig)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        bool error = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
        if (error) {
            /* add $8, %rsp; incq (%rsp); iretq */
            LM_BYTES(rig, lm_handler(vector), 0x48, 0x83, 0xc4, 0x08, 0x48, 0xff, 0x04, 0x24, 0x48,
                     0xcf);
        } else {
            LM_BYTES(rig, lm_handler(vector), 0x48, 0xff, 0x04, 0x24, 0x48, 0xcf);
        }
    }
}

static bool is_long(Mode mode)
{
    return mode == LONG0 || mode == LONG3 || mode == COMPATIBLE;
}

static void fill_tables(Rig *rig, Mode mode)
{
    if (is_long(mode)) {
        lm_fill(rig);
        fill_long_handlers(rig);
        return;
    }
    pm_fill(rig);
    fill_handlers(rig);
    pm_identity_pages(rig);
    fill_pae(rig);
}

static CpuState real_state(void)
{
    CpuState state;
    cpu_state_reset(&state);
    state.segment[CPU_CS] = rig_real_segment(CODE >> 4);
    state.idtr.limit = 0x3ff;
    state.gpr[CPU_SP] = 0x7000;
    return state;
}

static CpuState virtual_state(Fuzz *fuzz)
{
    CpuState state = pm_state(3, 0);
    for (unsigned i = CPU_ES; i <= CPU_GS; i++) {
        state.segment[i] =
            rig_real_segment(i == CPU_CS ? CODE >> 4 : (uint16_t)below(fuzz, 0x3000));
        state.segment[i].attributes |= CPU_SEGMENT_DPL;
    }
    state.rflags |= CPU_FLAG_VM | (below(fuzz, 2) ? CPU_FLAG_IOPL : 0);
    state.gpr[CPU_SP] = 0x7000;
    return state;
}

static CpuState long_state(Fuzz *fuzz, Mode mode)
{
    CpuState state = lm_state(mode == LONG0 ? 0 : 3, CODE);
    state.cr4 |= next(fuzz) & 0x310000; /* SMAP SMEP FSGSBASE */
    state.cr4 |= 0x600;                 /* OSFXSR OSXMMEXCPT */
    if (mode == COMPATIBLE) {
        state.segment[CPU_CS] = rig_segment(LM_CODE3_32, UINT64_C(0x00cffb000000ffff));
    }
    for (unsigned i = 8; i < 16; i++) {
        state.gpr[i] = next(fuzz) >> below(fuzz, 64);
    }
    state.msr.star = UINT64_C(0x001b000800000000);
    state.msr.lstar = CODE + below(fuzz, 0x100);
    return state;
}

static CpuState mode_state(Fuzz *fuzz, Mode mode)
{
    CpuState state = pm_state(mode == FLAT3 || mode == PAGED3 ? 3 : 0, CODE);
    switch (mode) {
    case REAL:
        return real_state();
    case VIRTUAL:
        return virtual_state(fuzz);
    case LONG0:
    case LONG3:
    case COMPATIBLE:
        return long_state(fuzz, mode);
    case SMALL:
        state.segment[CPU_CS].attributes &= ~CPU_SEGMENT_DB;
        break;
    case PAGED0:
    case PAGED3:
        pm_paging_on(&state);
        state.cr4 = below(fuzz, 2) ? CR4_PSE : 0;
        break;
    case PAE:
        pm_paging_on(&state);
        state.cr3 = PAE_POINTERS;
        state.cr4 = CR4_PAE;
        break;
    default:
        break;
    }
    return state;
}

static void spice(Fuzz *fuzz, CpuState *state)
{
    for (unsigned i = 0; i < 8; i++) {
        if (i != CPU_SP) {
            state->gpr[i] = below(fuzz, 2) ? below(fuzz, 0x30000) : (uint32_t)next(fuzz);
        }
    }
    state->gpr[CPU_CX] &= 0xfff;
    state->gpr[CPU_DX] = below(fuzz, 2) ? RIG_PORT + below(fuzz, 0x100) : state->gpr[CPU_DX];
    state->gpr[CPU_DI] = below(fuzz, 8) ? state->gpr[CPU_DI] : (uint32_t)RIG_MMIO;
    state->rflags |= next(fuzz) & (CPU_FLAG_CF | CPU_FLAG_ZF | CPU_FLAG_DF | CPU_FLAG_OF);
    state->rflags |= below(fuzz, 10) == 0 ? CPU_FLAG_TF : 0;
    state->rflags |= below(fuzz, 10) == 0 ? CPU_FLAG_AC : 0;
    state->cr0 |= below(fuzz, 10) == 0 ? CPU_CR0_AM : 0;
    if (below(fuzz, 8) == 0) {
        state->dr[below(fuzz, 4)] = CODE + below(fuzz, 0x40);
        state->dr[7] |= next(fuzz) & 0xffff00ff;
    }
}

/* Half of the bytes are from the lower opcodes, with which a stream lasts longer. */
static void write_stream(Fuzz *fuzz)
{
    uint8_t stream[STREAM_SIZE];
    for (unsigned i = 0; i < sizeof(stream); i++) {
        uint64_t value = next(fuzz);
        stream[i] = (uint8_t)(value & 0x100 ? value : value & 0x5f);
        if (stream[i] == 0xf4) {
            stream[i] = 0x0f;
        }
    }
    uint32_t at = CODE + (below(fuzz, 2) ? 0 : below(fuzz, CODE_SPAN - STREAM_SIZE));
    rig_write(fuzz->whole, at, stream, sizeof(stream));
    rig_write(fuzz->stepped, at, stream, sizeof(stream));
}

/* ---- running ---- */

typedef enum Manner { IN_ONE_GO, STEP_BY_STEP } Manner;

/*
 * Runs so many instructions, or to a stop.  A kick, or a look at the host's time,
 * may end a run anywhere.  The next run continues as if that had not happened.
 */
static void run_on(Vcpu *vcpu, uint64_t count, Manner manner, VcpuStop *stop)
{
    while (count && (*stop == VCPU_SLICE_DONE || *stop == VCPU_KICKED)) {
        uint64_t done = interp_run_instructions(vcpu, manner == IN_ONE_GO ? count : 1, stop);
        count -= MIN(done, count);
    }
    if (*stop == VCPU_KICKED) {
        *stop = VCPU_SLICE_DONE;
    }
}

static VcpuStop run_in_one_go(Fuzz *fuzz)
{
    VcpuStop stop = VCPU_SLICE_DONE;
    watched = fuzz->whole->vcpu;
    run_on(fuzz->whole->vcpu, INSTRUCTIONS, IN_ONE_GO, &stop);
    watched = NULL;
    return stop;
}

static VcpuStop run_step_by_step(Fuzz *fuzz)
{
    VcpuStop stop = VCPU_SLICE_DONE;
    watched = fuzz->stepped->vcpu;
    run_on(fuzz->stepped->vcpu, INSTRUCTIONS, STEP_BY_STEP, &stop);
    watched = NULL;
    return stop;
}

static bool same_state(const CpuState *one, const CpuState *other)
{
    return memcmp(one->gpr, other->gpr, sizeof(one->gpr)) == 0 && one->rip == other->rip &&
           one->rflags == other->rflags && one->cr0 == other->cr0 && one->cr2 == other->cr2 &&
           one->cr3 == other->cr3 && one->cr4 == other->cr4 && one->dr[6] == other->dr[6] &&
           one->segment[CPU_CS].selector == other->segment[CPU_CS].selector &&
           one->segment[CPU_SS].base == other->segment[CPU_SS].base &&
           one->segment[CPU_DS].limit == other->segment[CPU_DS].limit;
}

static void print_state(const char *who, const CpuState *state)
{
    g_test_message("%s eip %04x:%08x flags %x cr0 %x eax %x ecx %x esp %x", who,
                   state->segment[CPU_CS].selector, (uint32_t)state->rip, (uint32_t)state->rflags,
                   (uint32_t)state->cr0, (uint32_t)state->gpr[CPU_AX], (uint32_t)state->gpr[CPU_CX],
                   (uint32_t)state->gpr[CPU_SP]);
}

static void print_memory(const Fuzz *fuzz)
{
    unsigned told = 0;
    for (uint32_t i = 0; i < PM_RAM && told < 8; i++) {
        if (fuzz->ram[0][i] != fuzz->ram[1][i]) {
            g_test_message("%06x: in one go %02x, step by step %02x", i, fuzz->ram[0][i],
                           fuzz->ram[1][i]);
            told++;
        }
    }
}

static void free_machines(Fuzz *fuzz)
{
    g_clear_pointer(&fuzz->whole, rig_free);
    g_clear_pointer(&fuzz->stepped, rig_free);
}

static void renew_machines(Fuzz *fuzz, uint64_t seed)
{
    free_machines(fuzz);
    fuzz->born = seed;
    fuzz->whole = rig_new_cpus(PM_RAM, fuzz->cpus, false);
    fuzz->stepped = rig_new_cpus(PM_RAM, fuzz->cpus, true);
    fuzz->whole->looks_between = fuzz->whole->looks_left = 1;
    fuzz->ram[0] = memory_find(fuzz->whole->memory, 0)->host;
    fuzz->ram[1] = memory_find(fuzz->stepped->memory, 0)->host;
}

static void compare(Fuzz *fuzz, uint64_t seed, Mode mode, VcpuStop one, VcpuStop other)
{
    CpuState whole = rig_get(fuzz->whole), stepped = rig_get(fuzz->stepped);
    if (one != other || !same_state(&whole, &stepped) ||
        memcmp(fuzz->ram[0], fuzz->ram[1], PM_RAM) != 0) {
        g_test_message("stream %" G_GUINT64_FORMAT " mode %d stops %d and %d", seed, mode, one,
                       other);
        g_test_message("again with PIOEMU_FUZZ_SEED=%" G_GUINT64_FORMAT
                       " PIOEMU_FUZZ_STREAMS=%" G_GUINT64_FORMAT,
                       fuzz->born, seed - fuzz->born + 1);
        print_state("in one go   ", &whole);
        print_state("step by step", &stepped);
        print_memory(fuzz);
        g_test_fail();
    }
}

static void run_stream(Fuzz *fuzz, uint64_t seed)
{
    fuzz->random = seed;
    Mode mode = (Mode)below(fuzz, MODE_COUNT);
    fill_tables(fuzz->whole, mode);
    fill_tables(fuzz->stepped, mode);
    CpuState state = mode_state(fuzz, mode);
    spice(fuzz, &state);
    write_stream(fuzz);
    rig_set(fuzz->whole, &state);
    rig_set(fuzz->stepped, &state);
    VcpuStop one = run_in_one_go(fuzz);
    VcpuStop other = run_step_by_step(fuzz);
    compare(fuzz, seed, mode, one, other);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = g_getenv(name);
    return text != NULL ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void start_kicker(void)
{
    struct sigaction action = {.sa_handler = kick, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval tick = {{0, KICK_MS * 1000}, {0, KICK_MS * 1000}};
    setitimer(ITIMER_REAL, &tick, NULL);
}

static void test_streams_run_the_same_whole_and_stepped(void)
{
    Fuzz fuzz = {.cpus = 1};
    uint64_t seed = setting("PIOEMU_FUZZ_SEED", SEED);
    uint64_t streams = setting("PIOEMU_FUZZ_STREAMS", STREAMS);
    start_kicker();
    for (uint64_t i = 0; i < streams && !g_test_failed(); i++) {
        if (i % STREAMS_PER_MACHINE == 0) {
            g_test_message("from PIOEMU_FUZZ_SEED=%" G_GUINT64_FORMAT, seed + i);
            renew_machines(&fuzz, seed + i);
        }
        run_stream(&fuzz, seed + i);
    }
    free_machines(&fuzz);
}

/* ---- several CPUs, in and over each other's code ---- */

static bool ended(VcpuStop stop)
{
    return stop != VCPU_SLICE_DONE && stop != VCPU_YIELDED;
}

/* Runs so many instructions, or to the end of the turn. */
static VcpuStop take_turn(Vcpu *vcpu, uint64_t count, Manner manner)
{
    VcpuStop stop = VCPU_SLICE_DONE;
    watched = vcpu;
    run_on(vcpu, count, manner, &stop);
    /* A stop after the last instruction of the turn is reported only before the next one. */
    do {
        if (stop == VCPU_SLICE_DONE || stop == VCPU_KICKED) {
            interp_run_instructions(vcpu, 0, &stop);
        }
    } while (stop == VCPU_KICKED);
    watched = NULL;
    return stop;
}

static bool same_cpu(Rig *one, Rig *other, unsigned cpu)
{
    const AccelClass *class = one->accel->class;
    CpuState a, b;
    return class->get_state(one->vcpus[cpu], &a, NULL) &&
           class->get_state(other->vcpus[cpu], &b, NULL) && same_state(&a, &b);
}

static void set_cpus(Fuzz *fuzz)
{
    const AccelClass *class = fuzz->whole->accel->class;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        CpuState state = mode_state(fuzz, (Mode)below(fuzz, MODE_COUNT));
        spice(fuzz, &state);
        g_assert_true(class->set_state(fuzz->whole->vcpus[cpu], &state, NULL));
        g_assert_true(class->set_state(fuzz->stepped->vcpus[cpu], &state, NULL));
    }
}

static void run_together(Fuzz *fuzz, uint64_t seed)
{
    bool over[CPUS] = {false};
    for (unsigned turn = 0; turn < TURNS && !g_test_failed(); turn++) {
        unsigned cpu = below(fuzz, CPUS);
        uint64_t count = 1 + below(fuzz, TURN_MAX);
        if (over[cpu]) {
            continue;
        }
        VcpuStop one = take_turn(fuzz->whole->vcpus[cpu], count, IN_ONE_GO);
        VcpuStop other = take_turn(fuzz->stepped->vcpus[cpu], count, STEP_BY_STEP);
        over[cpu] = ended(one);
        if (one != other || !same_cpu(fuzz->whole, fuzz->stepped, cpu) ||
            memcmp(fuzz->ram[0], fuzz->ram[1], PM_RAM) != 0) {
            g_test_message("stream %" G_GUINT64_FORMAT " turn %u of CPU %u, stops %d and %d", seed,
                           turn, cpu, one, other);
            print_memory(fuzz);
            g_test_fail();
        }
    }
}

static void test_several_cpus_run_the_same_whole_and_stepped(void)
{
    Fuzz fuzz = {.cpus = CPUS};
    uint64_t seed = setting("PIOEMU_FUZZ_SEED", SEED);
    uint64_t streams = setting("PIOEMU_FUZZ_STREAMS", STREAMS) / 8;
    start_kicker();
    for (uint64_t i = 0; i < streams && !g_test_failed(); i++) {
        if (i % STREAMS_PER_MACHINE == 0) {
            renew_machines(&fuzz, seed + i);
        }
        fuzz.random = seed + i;
        fill_tables(fuzz.whole, FLAT0);
        fill_tables(fuzz.stepped, FLAT0);
        write_stream(&fuzz);
        set_cpus(&fuzz);
        run_together(&fuzz, seed + i);
    }
    free_machines(&fuzz);
}

/* Registers, descriptors and page tables that no real system would set up. */
static void make_nonsense(Fuzz *fuzz, CpuState *state)
{
    for (unsigned i = 0; i < CPU_SEGMENT_COUNT; i++) {
        if (below(fuzz, 3) == 0) {
            state->segment[i].base = (uint32_t)next(fuzz);
            state->segment[i].limit = (uint32_t)next(fuzz);
        }
    }
    state->gdtr.base = below(fuzz, 2) ? state->gdtr.base : (uint32_t)next(fuzz);
    state->idtr.base = below(fuzz, 2) ? state->idtr.base : (uint32_t)next(fuzz);
    state->cr3 = below(fuzz, 2) ? state->cr3 : (uint32_t)next(fuzz) & ~0xfffu;
    state->gpr[CPU_SP] = (uint32_t)next(fuzz);
    state->rip = below(fuzz, 2) ? state->rip : (uint32_t)next(fuzz);
}

static void test_nonsense_does_no_harm(void)
{
    Fuzz fuzz = {.whole = rig_new(PM_RAM, false)};
    fuzz.stepped = fuzz.whole;
    uint8_t *ram = memory_find(fuzz.whole->memory, 0)->host;
    uint64_t seed = setting("PIOEMU_FUZZ_SEED", SEED);
    uint64_t streams = setting("PIOEMU_FUZZ_STREAMS", STREAMS);
    start_kicker();
    for (uint64_t i = 0; i < streams; i++) {
        fuzz.random = ~(seed + i);
        for (uint32_t at = 0; at < PM_RAM / 64; at += 8) {
            uint64_t value = next(&fuzz);
            memcpy(&ram[at], &value, sizeof(value));
        }
        fuzz.whole->accel->class->memory_written(fuzz.whole->accel, 0, PM_RAM);
        CpuState state = mode_state(&fuzz, (Mode)below(&fuzz, MODE_COUNT));
        spice(&fuzz, &state);
        make_nonsense(&fuzz, &state);
        rig_set(fuzz.whole, &state);
        rig_set_intr(fuzz.whole, below(&fuzz, 4) == 0);
        run_in_one_go(&fuzz);
        (void)rig_get(fuzz.whole);
    }
    rig_free(fuzz.whole);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/fuzz/streams_run_the_same_whole_and_stepped",
                    test_streams_run_the_same_whole_and_stepped);
    g_test_add_func("/interp/fuzz/several_cpus_run_the_same_whole_and_stepped",
                    test_several_cpus_run_the_same_whole_and_stepped);
    g_test_add_func("/interp/fuzz/nonsense_does_no_harm", test_nonsense_does_no_harm);
    return g_test_run();
}
