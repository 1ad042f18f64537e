/*
 * The software CPU, `-accel soft`: what the machine and the tests may ask of
 * it beyond the accelerator seam.
 *
 * Everything here is called by the thread that calls run(), never from inside
 * run() except where a function says so.  A Vcpu must be one that
 * accel_soft_class made.
 */
#ifndef PIOEMU_ACCEL_SOFT_SOFT_H
#define PIOEMU_ACCEL_SOFT_SOFT_H

#include "src/accel/accel.h"

extern const AccelClass accel_soft_class;

/*
 * Runs at most `count` instructions and returns how many were completed.  A
 * faulting instruction counts as one together with the delivery of its
 * exception; so does an interrupt that is taken.  A REP string instruction is
 * one instruction however often it repeats.  `*stop` says why it ended:
 * VCPU_SLICE_DONE when the count is used up.
 */
uint64_t interp_run_instructions(Vcpu *vcpu, uint64_t count, VcpuStop *stop);

/*
 * Instructions completed since the vCPU was made.  Also from inside run(), in
 * a bus access: the instruction that makes the access is counted already.
 */
uint64_t interp_instruction_count(const Vcpu *vcpu);

/* How many instructions the following run() calls may execute each. */
void interp_set_budget(Vcpu *vcpu, uint64_t instructions);

/*
 * The exceptions that were delivered so far and the last of them.  INT3, INTO
 * and BOUND count; INT n and interrupts from outside do not.  `error` is valid
 * if `has_error`; `cr2` is CR2 as it was at the delivery.
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
