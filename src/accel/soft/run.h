/* The run loop and the count of instructions, for the class in accel.c. */
#ifndef PIOEMU_ACCEL_SOFT_RUN_H
#define PIOEMU_ACCEL_SOFT_RUN_H

#include "src/accel/soft/x86/cpu.h"

/* ---- run.c ---- */

/* Prepares a new CPU for its first run. */
void run_init(Cpu *cpu);
/* Functions of the class; see AccelClass. */
VcpuStop run_vcpu(Vcpu *vcpu);
void run_kick(Vcpu *vcpu);
VcpuActivity run_activity(const Vcpu *vcpu);
void run_interrupt_changed(Vcpu *vcpu);

/* ---- pace.c ---- */

uint64_t pace_work_time(const Accel *accel);
uint64_t pace_instructions_in(const Accel *accel, uint64_t ns);
void pace_position(const Accel *accel, VcpuPosition *position);

#endif
