/*
 * A PC for tests: the board with its devices, a stepped clock and memory, and no CPU.
 */
#ifndef PIOEMU_TEST_BOARD_RIG_H
#define PIOEMU_TEST_BOARD_RIG_H

#include "src/machine/machine.h"
#include "src/machine/pc.h"

typedef struct BoardRig {
    Config *config;
    Loop *loop;
    Clock *clock;
    Bus *bus;
    Memory *memory;
    ChardevSet *chars;
    Machine *machine;
    BusInitiator by; /* for accesses of a CPU */
} BoardRig;

/* `cpu` is what the machine knows of the CPUs.  The machine is built and reset. */
static inline void board_rig_init(BoardRig *b, uint64_t ram, const MachineCpu *cpu,
                                  MachineStart started_by, bool own_bios)
{
    g_autoptr(GError) error = NULL;
    *b = (BoardRig){.config = config_new(), .loop = loop_new(NULL)};
    b->config->no_defaults = true;
    b->clock = clock_new_stepped();
    b->bus = bus_new(true);
    b->memory = memory_new(ram, NULL);
    b->chars = chardev_set_new(b->loop, &(CharEvents){0}, 0);
    const MachineParts parts = {.bus = b->bus,
                                .clock = b->clock,
                                .host_clock = b->clock,
                                .memory = b->memory,
                                .chars = b->chars,
                                .started_by = started_by,
                                .own_bios = own_bios};
    b->machine = machine_new(&machine_pc_class, b->config, &parts, cpu);
    machine_build(b->machine, &error);
    g_assert_no_error(error);
    machine_reset(b->machine);
}

static inline void board_rig_clear(BoardRig *b)
{
    chardev_set_free(b->chars);
    machine_free(b->machine);
    bus_free(b->bus);
    clock_free(b->clock);
    memory_free(b->memory);
    loop_free(b->loop);
    config_free(b->config);
}

#endif
