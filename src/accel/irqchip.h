/*
 * Chooses the interrupt controllers of a machine: those of -machine irqchip=, if
 * the accelerator supports them on this host.
 */
#ifndef PIOEMU_IRQCHIP_H
#define PIOEMU_IRQCHIP_H

#include "src/accel/accel.h"

typedef struct IrqchipNeeds {
    const AccelClass *class;
    GHashTable *options; /* the accelerator's options */
    unsigned cpus;
    bool wants_apic; /* the guest expects an APIC even with a single CPU */
} IrqchipNeeds;

/* `wish` NULL means auto. */
bool irqchip_choose(const char *wish, const IrqchipNeeds *needs, Irqchip *irqchip, GError **error);

#endif
