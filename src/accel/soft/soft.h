/*
 * The software CPU, `-accel soft`: what the machine and the tests can ask it in
 * addition to the interface of all accelerators.
 *
 * The thread that calls run() calls everything here, and never from inside run()
 * unless a comment allows it.  The Vcpu must come from accel_soft_class.
 */
#ifndef PIOEMU_ACCEL_SOFT_SOFT_H
#define PIOEMU_ACCEL_SOFT_SOFT_H

#include "src/accel/accel.h"

extern const AccelClass accel_soft_class;

/*
 * Runs at most `count` instructions and returns how many were completed.  A
 * faulting instruction counts as one together with the delivery of its exception.
 * An interrupt that is taken also counts as one.  Each step of a repeated string
 * instruction counts as one (see op_string.c).  `*stop` is the reason for the end:
 * VCPU_SLICE_DONE when `count` is used up.
 */
uint64_t interp_run_instructions(Vcpu *vcpu, uint64_t count, VcpuStop *stop);

/*
 * How many instructions were completed since the vCPU was made.  It may be called
 * from inside run() during a bus access: the instruction that makes the access is
 * already included.
 */
uint64_t interp_instruction_count(const Vcpu *vcpu);

/* Limits how many instructions each later run() call may execute. */
void interp_set_budget(Vcpu *vcpu, uint64_t instructions);

/*
 * How many exceptions have been delivered, and the last one.  INT3, INTO and BOUND
 * count.  INT n and interrupts from outside do not.  `error` is valid if
 * `has_error`. `cr2` is the value of CR2 at the delivery.
 */
typedef struct InterpException {
    uint64_t count;
    uint8_t vector;
    bool has_error;
    uint32_t error;
    uint64_t cr2;
} InterpException;

void interp_last_exception(const Vcpu *vcpu, InterpException *out);

#endif
