/*
 * What -d logs about the software CPU.  Flags in Cpu say which of these functions
 * are wanted.  Each is called only then, except trace_init(), which is always
 * called.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRACE_H
#define PIOEMU_ACCEL_SOFT_TRACE_H

#include "src/accel/soft/x86/cpu.h"
#include "src/cpu/cpu_trace.h"

void trace_init(Cpu *cpu);
void trace_changed(Accel *accel);

/* For trace_code: the block was decoded from `bytes` at `linear`. */
void trace_decoded(Cpu *cpu, const Block *block, LinearAddr linear, const uint8_t *bytes);
/* For trace_entries: the block at CS:EIP runs next. */
void trace_entered(Cpu *cpu, const Block *block);
/* For trace_mmu: the control register was changed. */
void trace_control(const Cpu *cpu, const char *name, uint64_t value);
/* For trace_interrupts: called before an event is delivered, and after. */
TracedInterrupt trace_interrupt_begin(const Cpu *cpu, EventKind kind, const Fault *event);
void trace_interrupt_end(Cpu *cpu, TracedInterrupt *taken);
/* For trace_interrupts: the fault cannot be delivered. */
void trace_shutdown(Cpu *cpu, const Fault *fault);

#endif
