/*
 * The CPU of a machine under test that has none: it hears of everything and
 * does nothing.
 */
#ifndef PIOEMU_TEST_NO_CPU_H
#define PIOEMU_TEST_NO_CPU_H

#include "src/machine/machine.h"

static inline MachineCpu no_cpu(void)
{
    return (MachineCpu){0};
}

#endif
