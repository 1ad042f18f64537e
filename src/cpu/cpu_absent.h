/*
 * Features that QEMU has names for and the software CPU does not have.
 *
 * -cpu accepts their names, so that a user who asks for one gets the same warning as
 * from QEMU, and with "enforce" the same refusal.  The host's CPU may have them.
 */
#ifndef PIOEMU_CPU_CPU_ABSENT_H
#define PIOEMU_CPU_CPU_ABSENT_H

#include "src/cpu/cpu_feature.h"

#include <stdbool.h>
#include <stdint.h>

#define CPU_ABSENT_MAX 192u

/* The place of the feature's bit after CPUID. */
typedef struct CpuAbsent {
    const char *name;
    uint32_t leaf, subleaf;
    CpuidRegister which;
    unsigned bit;
} CpuAbsent;

typedef struct CpuAbsentSet {
    uint64_t bits[CPU_ABSENT_MAX / 64];
} CpuAbsentSet;

/* The features by their numbers from 0; NULL after the last. */
const CpuAbsent *cpu_absent_get(unsigned number);
/* Returns false if no such feature has the name. */
bool cpu_absent_find(const char *name, unsigned *number);

static inline bool cpu_absent_has(const CpuAbsentSet *set, unsigned number)
{
    return set->bits[number / 64] >> number % 64 & 1;
}

static inline void cpu_absent_put(CpuAbsentSet *set, unsigned number, bool on)
{
    uint64_t bit = UINT64_C(1) << number % 64;
    set->bits[number / 64] = on ? set->bits[number / 64] | bit : set->bits[number / 64] & ~bit;
}

#endif
