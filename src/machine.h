/*
 * A machine is a board: which chips there are, at which ports, on which IRQs.
 * machine_*.c know that and nobody else does.
 */
#ifndef PIOEMU_MACHINE_H
#define PIOEMU_MACHINE_H

#include "src/char/char.h"
#include "src/config.h"
#include "src/device_core.h"
#include "src/irq.h"

typedef struct Machine Machine;

typedef struct MachineClass {
    const char *name;
    const char *description;
    bool (*build)(Machine *machine, const Config *config, GError **error);
} MachineClass;

/* Where the machine's interrupts go; called with the controller's lock held. */
typedef struct MachineCpu {
    void (*set_intr)(void *opaque, bool level);
    /* In-kernel controllers take the ISA IRQs themselves; NULL: ours do. */
    void (*set_irq)(void *opaque, unsigned irq, bool level);
    void (*request)(void *opaque, DeviceRequest request, int status);
    void (*guest_error)(void *opaque, const Device *dev, const char *message);
    void *opaque;
} MachineCpu;

struct Machine {
    const MachineClass *class;
    DeviceHost host;
    MachineCpu cpu;
    CharSet *chars;
    const Config *config;
    IrqRouter *irqs;
    IrqLine *intr;      /* the controller's output */
    GPtrArray *devices; /* in the order of reset */
    Device *controller; /* the interrupt controller, or NULL */
};

extern const MachineClass machine_pc_class;

/* NULL-terminated. */
const MachineClass *const *machine_classes(void);
const MachineClass *machine_find(const char *name, GError **error);

/* The collaborators outlive the machine. */
Machine *machine_new(const MachineClass *class, const Config *config, Bus *bus, Clock *clock,
                     Memory *memory, CharSet *chars, const MachineCpu *cpu);
/* Builds the board and the devices of -device. */
bool machine_build(Machine *machine, GError **error);
void machine_free(Machine *machine);
void machine_reset(Machine *machine);

/* The interrupt acknowledge cycle. */
uint8_t machine_acknowledge(Machine *machine);

const DeviceClass *const *machine_device_classes(void);
const DeviceClass *machine_find_device_class(const char *what, const char *name, GError **error);

/* For machine_*.c: makes, sets, realizes; `properties` is "key=value,..." or NULL. */
Device *machine_add(Machine *machine, const char *class_name, const char *id,
                    const char *properties, GError **error);

#endif
