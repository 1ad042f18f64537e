/*
 * The thread of a vCPU of a threaded accelerator.  It runs the vCPU, sleeps while
 * the vCPU halts, and stops when the machine wants to look at the vCPU.
 *
 * Everything is called in the loop's thread, except where noted "any thread".
 */
#ifndef PIOEMU_VM_VCPU_THREAD_H
#define PIOEMU_VM_VCPU_THREAD_H

#include "src/accel/accel.h"
#include "src/board/clock.h"

typedef struct VcpuThread VcpuThread;

/*
 * The vCPU stopped for a reason that the machine must handle: any except a kick or
 * a halt that an interrupt can end.  Called in the vCPU's thread, which then waits
 * for vcpu_thread_resume().
 */
typedef void VcpuStopped(void *opaque, Vcpu *vcpu, VcpuStop stop);

/*
 * The thread starts paused.  The caller keeps the vCPU.  While the vCPU halts, the
 * thread may serve the deadlines of `clock` instead of the loop; `clock` may be
 * NULL.  Returns NULL if the host has no more threads.
 */
VcpuThread *vcpu_thread_new(Vcpu *vcpu, Clock *clock, VcpuStopped *stopped, void *opaque,
                            GError **error);
/* Stops the thread and joins it. */
void vcpu_thread_free(VcpuThread *thread);

void vcpu_thread_resume(VcpuThread *thread);
/* Any thread: asks it to pause and returns at once. */
void vcpu_thread_ask_pause(VcpuThread *thread);
/*
 * After vcpu_thread_ask_pause(): returns when the vCPU does not run any more.  Then its
 * state can be read and set.
 */
void vcpu_thread_await_pause(VcpuThread *thread);

/* Any thread: Vcpu.intr or Vcpu.nmi has changed.  Wakes the vCPU or tells the accelerator. */
void vcpu_thread_interrupt(VcpuThread *thread);

/* Only while paused: true if the vCPU waits in HLT. */
bool vcpu_thread_halted(VcpuThread *thread);
void vcpu_thread_set_halted(VcpuThread *thread, bool halted);

#endif
