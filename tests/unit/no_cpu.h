/*
 * For a machine under test without a CPU: functions that take every call of the
 * machine and do nothing.
 */
#ifndef PIOEMU_TEST_NO_CPU_H
#define PIOEMU_TEST_NO_CPU_H

#include "src/machine/machine.h"

static inline MachineCpu no_cpu(void)
{
    return (MachineCpu){0};
}

#endif
