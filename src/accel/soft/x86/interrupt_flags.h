/*
 * EFLAGS on the way to a handler and back, in and outside of long mode.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_INTERRUPT_FLAGS_H
#define PIOEMU_ACCEL_SOFT_X86_INTERRUPT_FLAGS_H

#include "src/accel/soft/x86/flags.h"

/* EFLAGS in the form that the handler finds on its stack: faults set RF. */
static inline uint32_t interrupt_pushed_flags(const Cpu *cpu, const Event *event)
{
    bool fault =
        event->kind == EVENT_EXCEPTION && event->vector != VECTOR_DB && event->vector != VECTOR_DF;

    return flags_get(cpu) | (fault ? CPU_FLAG_RF : 0);
}

static inline void interrupt_clear_flags(Cpu *cpu, uint32_t flags)
{
    uint32_t old = cpu->eflags;

    cpu->eflags &= ~flags;
    cpu_flags_changed(cpu, old);
}

/* The bits of EFLAGS that an IRET at this level may change. */
static inline uint32_t interrupt_changeable_flags(const Cpu *cpu, unsigned size)
{
    uint32_t mask = FLAGS_ARITHMETIC | CPU_FLAG_TF | CPU_FLAG_DF | CPU_FLAG_NT;

    if (size > 2) {
        mask |= CPU_FLAG_RF | CPU_FLAG_AC | CPU_FLAG_ID;
    }
    if (cpu->cpl <= cpu_iopl(cpu)) {
        mask |= CPU_FLAG_IF;
    }
    if (cpu->cpl == 0) {
        mask |= CPU_FLAG_IOPL;
    }
    return mask;
}

/* `mask` contains all of FLAGS_ARITHMETIC. */
static inline void interrupt_merge_flags(Cpu *cpu, uint32_t flags, uint32_t mask)
{
    uint32_t old = cpu->eflags;

    mask &= ~FLAGS_ARITHMETIC;
    flags_load_arithmetic(cpu, flags);
    cpu->eflags = (old & ~mask) | (flags & mask);
    cpu_flags_changed(cpu, old);
}

#endif
