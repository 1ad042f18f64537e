/*
 * Which interrupt controllers a machine gets: what -machine irqchip= says, as
 * far as the accelerator on this host can do it.
 */
#ifndef PIOEMU_IRQCHIP_H
#define PIOEMU_IRQCHIP_H

#include "src/accel/accel.h"

typedef struct IrqchipNeeds {
    const AccelClass *class;
    GHashTable *options; /* of the accelerator */
    unsigned cpus;
    bool wants_apic; /* what runs expects one even on a single CPU */
} IrqchipNeeds;

/* `wish` NULL: auto. */
bool irqchip_choose(const char *wish, const IrqchipNeeds *needs, Irqchip *irqchip, GError **error);

#endif
