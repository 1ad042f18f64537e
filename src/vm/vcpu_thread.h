/*
 * A thread around a vCPU of a threaded accelerator: runs it, puts it to sleep
 * when it halts, stops it when the machine wants to look at it.
 *
 * Everything but the kind of call marked "any thread" is the loop's thread's.
 */
#ifndef PIOEMU_VM_VCPU_THREAD_H
#define PIOEMU_VM_VCPU_THREAD_H

#include "src/accel/accel.h"
#include "src/board/clock.h"

typedef struct VcpuThread VcpuThread;

/*
 * The vCPU stopped for a reason that is the machine's to handle (everything
 * but a kick and a halt that an interrupt can end).  Called in the vCPU's
 * thread, which then waits for vcpu_thread_resume().
 */
typedef void VcpuStopped(void *opaque, Vcpu *vcpu, VcpuStop stop);

/*
 * The thread starts paused.  The vCPU stays the caller's.  While it halts, the
 * thread may serve the deadlines of `clock` (NULL: never) in place of the
 * loop's.  NULL: the host has no more threads.
 */
VcpuThread *vcpu_thread_new(Vcpu *vcpu, Clock *clock, VcpuStopped *stopped, void *opaque,
                            GError **error);
/* Stops and joins it. */
void vcpu_thread_free(VcpuThread *thread);

void vcpu_thread_resume(VcpuThread *thread);
/* Any thread: asks it to pause and returns at once. */
void vcpu_thread_ask_pause(VcpuThread *thread);
/* Returns when the vCPU runs no more; its state may be read and set then. */
void vcpu_thread_pause(VcpuThread *thread);

/* Any thread: Vcpu.intr or Vcpu.nmi changed; wakes the vCPU or tells the accelerator. */
void vcpu_thread_interrupt(VcpuThread *thread);

/* Only while paused: whether it waits in HLT. */
bool vcpu_thread_halted(VcpuThread *thread);
void vcpu_thread_set_halted(VcpuThread *thread, bool halted);

#endif
