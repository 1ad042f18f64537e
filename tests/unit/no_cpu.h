/*
 * The CPU of a machine under test that has none: it hears of everything and
 * does nothing.
 */
#ifndef PIOEMU_TEST_NO_CPU_H
#define PIOEMU_TEST_NO_CPU_H

#include "src/machine/machine.h"

static inline void no_cpu_level(void *opaque, bool level)
{
    (void)opaque, (void)level;
}

static inline void no_cpu_intr(void *opaque, unsigned cpu, bool level)
{
    (void)opaque, (void)cpu, (void)level;
}

static inline void no_cpu_nmi(void *opaque, unsigned cpu)
{
    (void)opaque, (void)cpu;
}

static inline void no_cpu_request(void *opaque, DeviceRequest request, int status)
{
    (void)opaque, (void)request, (void)status;
}

static inline void no_cpu_guest_error(void *opaque, const Device *dev, const char *message)
{
    (void)opaque, (void)dev, (void)message;
}

static inline MachineCpu no_cpu(void)
{
    return (MachineCpu){.set_intr = no_cpu_intr,
                        .nmi = no_cpu_nmi,
                        .set_a20 = no_cpu_level,
                        .request = no_cpu_request,
                        .guest_error = no_cpu_guest_error};
}

#endif
