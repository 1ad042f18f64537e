/*
 * Machine time counts executed instructions and never goes back, neither between
 * two accesses of a string instruction nor where a kick or the end of a slice
 * interrupts one.
 */
#include "tests/unit/interp/interp_rig.h"

#include <string.h>

#define RAM       UINT64_C(0x100000)
#define CODE      0x1000u
#define BUFFER    0x10000u
#define ROUNDS    40u
#define COUNT_MAX 5000u /* items of a repetition; several batches */

/* ECX items of 1, 2 or 4 bytes, in 32-bit code. */
static const struct {
    const char *name;
    uint8_t bytes[4];
    unsigned length;
    bool from_device, to_device, port;
} STRINGS[] = {
    {"rep outsb", {0xf3, 0x6e}, 2, false, false, true},
    {"rep outsw", {0xf3, 0x66, 0x6f}, 3, false, false, true},
    {"rep insb", {0xf3, 0x6c}, 2, false, false, true},
    {"rep insd", {0xf3, 0x6d}, 2, false, false, true},
    {"rep stosb", {0xf3, 0xaa}, 2, false, true, false},
    {"rep stosd", {0xf3, 0xab}, 2, false, true, false},
    {"rep movsb to a device", {0xf3, 0xa4}, 2, false, true, false},
    {"rep movsd from a device", {0xf3, 0xa5}, 2, true, false, false},
    {"rep lodsb", {0xf3, 0xac}, 2, true, false, false},
    {"repe scasb", {0xf3, 0xae}, 2, false, true, false},
    {"repe cmpsb", {0xf3, 0xa6}, 2, true, false, false},
};

typedef struct Watch {
    uint64_t last;
    unsigned looks, kicks;
} Watch;

static void look(Rig *rig, Watch *watch)
{
    VcpuPosition position;
    rig->accel->class->position(rig->accel, &position);
    g_assert_cmpuint(position.instructions, >=, watch->last);
    watch->last = position.instructions;
    watch->looks++;
}

static void accessed(Rig *rig, const RigAccess *access)
{
    (void)access;
    Watch *watch = rig->opaque;
    look(rig, watch);
    rig->access_count = 0;
    if (g_test_rand_int_range(0, 20) == 0) {
        rig->accel->class->kick(rig->vcpu);
        watch->kicks++;
    }
}

static void start(Rig *rig, unsigned which)
{
    static const uint8_t HALT = 0xf4;
    CpuState state = rig_get(rig);
    rig_write(rig, CODE, STRINGS[which].bytes, STRINGS[which].length);
    rig_write(rig, CODE + STRINGS[which].length, &HALT, 1);
    for (unsigned i = 0; i < 6; i++) {
        state.segment[i] = rig_real_segment(0);
        state.segment[i].limit = 0xffffffff;
        state.segment[i].attributes |= CPU_SEGMENT_G;
    }
    state.segment[CPU_CS].attributes |= CPU_SEGMENT_DB;
    state.rip = CODE;
    state.halted = false;
    state.rflags = CPU_FLAG_ONE;
    state.gpr[CPU_AX] = 0;
    state.gpr[CPU_CX] = (uint32_t)g_test_rand_int_range(1, COUNT_MAX);
    state.gpr[CPU_DX] = RIG_PORT;
    state.gpr[CPU_SI] = STRINGS[which].from_device ? RIG_MMIO : BUFFER;
    state.gpr[CPU_DI] = STRINGS[which].to_device ? RIG_MMIO : BUFFER;
    if (!STRINGS[which].port) {
        state.gpr[CPU_CX] %= RIG_MMIO_SIZE / 4;
    }
    rig_set(rig, &state);
}

static void run_to_the_end(Rig *rig, Watch *watch)
{
    VcpuStop stop = VCPU_SLICE_DONE;
    for (unsigned i = 0; stop == VCPU_SLICE_DONE || stop == VCPU_KICKED; i++) {
        g_assert_cmpuint(i, <, 100000);
        interp_run_instructions(rig->vcpu, (uint64_t)g_test_rand_int_range(1, 300), &stop);
        look(rig, watch);
    }
    g_assert_cmpint(stop, ==, VCPU_HALTED_DEAD);
}

static void test_time_never_goes_back(void)
{
    Watch watch = {0};
    g_autoptr(Rig) rig = rig_new(RAM, false);
    rig->on_access = accessed;
    rig->opaque = &watch;
    for (unsigned i = 0; i < ROUNDS * G_N_ELEMENTS(STRINGS); i++) {
        start(rig, i % G_N_ELEMENTS(STRINGS));
        run_to_the_end(rig, &watch);
    }
    g_test_message("%u looks, %u kicks", watch.looks, watch.kicks);
    g_assert_cmpuint(watch.kicks, >, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/time/never_goes_back", test_time_never_goes_back);
    return g_test_run();
}
