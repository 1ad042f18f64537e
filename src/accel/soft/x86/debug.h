/* A debugger's breakpoints and watchpoints.  See debug.c. */
#ifndef PIOEMU_ACCEL_SOFT_X86_DEBUG_H
#define PIOEMU_ACCEL_SOFT_X86_DEBUG_H

#include "src/accel/soft/x86/cpu.h"

bool debug_changed(Accel *accel, GError **error);
/* Whether there is a breakpoint at CS:RIP. */
bool debug_at_breakpoint(const Cpu *cpu);
/* Whether the run loop must stop before the instruction at CS:RIP. */
bool debug_stops_before(Cpu *cpu);
/* Whether the instruction at this address must be the first of its block. */
bool debug_cuts_before(const Cpu *cpu, PhysAddr address);
/* Whether anything on the page is watched. */
bool debug_watches_page(const Cpu *cpu, LinearAddr linear);
/*
 * The CPU is about to access a page with a watchpoint.  If the debugger waits for
 * this access, the CPU stops after the instruction.
 */
void debug_access(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access);

#endif
