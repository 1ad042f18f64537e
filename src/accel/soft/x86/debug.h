/*
 * A debugger's breakpoints and watchpoints: debug.c.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_DEBUG_H
#define PIOEMU_ACCEL_SOFT_X86_DEBUG_H

#include "src/accel/soft/x86/cpu.h"

bool debug_changed(Accel *accel, GError **error);
/* Whether a breakpoint is at CS:RIP. */
bool debug_at_breakpoint(const Cpu *cpu);
/* Whether the run loop must stop before the instruction at CS:RIP. */
bool debug_stops_before(Cpu *cpu);
/* Whether a block may not contain the instruction at this address behind another one. */
bool debug_cuts_before(const Cpu *cpu, PhysAddr address);
/* Whether anything on the page is watched. */
bool debug_watches_page(const Cpu *cpu, LinearAddr linear);
/*
 * The CPU is about to access a page that has a watchpoint.  If the access is
 * one that the debugger waits for, the CPU stops behind the instruction.
 */
void debug_access(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access);

#endif
