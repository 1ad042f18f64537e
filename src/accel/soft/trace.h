/*
 * What -d logs of the software CPU.  The flags in Cpu say which of these are
 * wanted; each is called only then, trace_init() always.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRACE_H
#define PIOEMU_ACCEL_SOFT_TRACE_H

#include "src/accel/soft/x86/cpu.h"
#include "src/cpu/cpu_trace.h"

void trace_init(Cpu *cpu);

/* trace_code: the block was made of `bytes`, which are at `linear`. */
void trace_decoded(Cpu *cpu, const Block *block, LinearAddr linear, const uint8_t *bytes);
/* trace_entries: the block is at CS:EIP and runs next. */
void trace_entered(Cpu *cpu, const Block *block);
/* trace_interrupts: before an event is delivered, and when it was. */
TracedInterrupt trace_interrupt_begin(const Cpu *cpu, EventKind kind, const Fault *event);
void trace_interrupt_end(Cpu *cpu, TracedInterrupt *taken);
/* trace_interrupts: the fault cannot be delivered. */
void trace_shutdown(Cpu *cpu, const Fault *fault);

#endif
