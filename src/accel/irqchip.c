#include "src/accel/irqchip.h"

#include "src/base/error.h"

#include <string.h>

static SplitSupport split_support(const IrqchipNeeds *needs)
{
    return needs->class->probe_split ? needs->class->probe_split(needs->options) : SPLIT_NONE;
}

/* If the split is not available, the guest gets the controllers that matter most to it. */
static Irqchip best(const IrqchipNeeds *needs)
{
    if (split_support(needs) == SPLIT_WORKS) {
        return IRQCHIP_SPLIT;
    }
    bool wanted = needs->cpus > 1 || needs->wants_apic;
    return needs->class->has_irqchip && wanted ? IRQCHIP_KERNEL : IRQCHIP_USER;
}

static bool parse(const char *wish, const IrqchipNeeds *needs, Irqchip *irqchip, GError **error)
{
    if (!wish || !strcmp(wish, "auto")) {
        *irqchip = best(needs);
        return true;
    }
    for (*irqchip = IRQCHIP_USER; *irqchip <= IRQCHIP_KERNEL; (*irqchip)++) {
        if (!strcmp(wish, irqchip_name(*irqchip))) {
            return true;
        }
    }
    return error_refuse(error, "-machine irqchip=%s: not one of auto, user, split, kernel", wish);
}

static bool is_possible(Irqchip irqchip, const IrqchipNeeds *needs, GError **error)
{
    const char *name = needs->class->name;
    if (irqchip != IRQCHIP_USER && !needs->class->has_irqchip) {
        return error_refuse(error,
                            "-machine irqchip=%s: accelerator %s has none (use irqchip=user)",
                            irqchip_name(irqchip), name);
    }
    if (irqchip == IRQCHIP_SPLIT && split_support(needs) == SPLIT_NONE) {
        return error_refuse(error, "-machine irqchip=split: this host's KVM cannot do it (use "
                                   "irqchip=kernel)");
    }
    if (irqchip == IRQCHIP_USER && needs->class->threaded && needs->cpus > 1) {
        return error_refuse(error,
                            "-smp %u: more than one CPU needs an APIC (use -machine irqchip=auto)",
                            needs->cpus);
    }
    return true;
}

bool irqchip_choose(const char *wish, const IrqchipNeeds *needs, Irqchip *irqchip, GError **error)
{
    *irqchip = IRQCHIP_USER;
    return !needs->class->has_cpu ||
           (parse(wish, needs, irqchip, error) && is_possible(*irqchip, needs, error));
}
