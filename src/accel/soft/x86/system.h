/*
 * The system level of the CPU: exceptions, interrupts, task switches, control and
 * model specific registers, I/O permission, and the CPU's start.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_SYSTEM_H
#define PIOEMU_ACCEL_SOFT_X86_SYSTEM_H

#include "src/accel/soft/soft.h"
#include "src/accel/soft/x86/segment.h"

/* Bits of CR4 that belong to features of the CPU.  A write that sets another bit faults. */
#define CR4_TSD        (1u << 2)
#define CR4_DE         (1u << 3)
#define CR4_PSE        (1u << 4)
#define CR4_PAE        (1u << 5)
#define CR4_MCE        (1u << 6)
#define CR4_PGE        (1u << 7)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_UMIP       (1u << 11)
#define CR4_FSGSBASE   (1u << 16)
#define CR4_OSXSAVE    (1u << 18)
#define CR4_SMEP       (1u << 20)
#define CR4_SMAP       (1u << 21)

/* Bits of DR6: a breakpoint each of DR0 to DR3, and a single step. */
#define DR6_BREAKPOINTS 0xfu
#define DR6_BS          (1u << 14)

enum Vector {
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_NMI = 2,
    VECTOR_BP = 3,
    VECTOR_OF = 4,
    VECTOR_BR = 5,
    VECTOR_UD = 6,
    VECTOR_NM = 7,
    VECTOR_DF = 8,
    VECTOR_TS = 10,
    VECTOR_NP = 11,
    VECTOR_SS = 12,
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_MF = 16,
    VECTOR_AC = 17,
    VECTOR_XM = 19,
};

typedef struct Fault {
    uint8_t vector;
    bool has_error;
    uint32_t error;
} Fault;

/* The source of an event, which determines its delivery. */
typedef enum EventKind { EVENT_EXCEPTION, EVENT_SOFTWARE, EVENT_EXTERNAL } EventKind;

/* ---- run.c ---- */

/* Abandons the current instruction.  The run loop then delivers the exception. */
G_NORETURN void cpu_raise(Cpu *cpu, uint8_t vector);
G_NORETURN void cpu_raise_error(Cpu *cpu, uint8_t vector, uint32_t error);

/* ---- interrupt.c ---- */

void interrupt_deliver(Cpu *cpu, uint8_t vector, EventKind kind, bool has_error, uint32_t error,
                       uint64_t return_rip);
void interrupt_return(Cpu *cpu, unsigned size);

/* An event to deliver, and the address that its handler returns to. */
typedef struct Event {
    uint8_t vector;
    EventKind kind;
    bool has_error;
    uint32_t error;
    uint64_t return_rip;
} Event;

/* ---- interrupt_long.c: the same in long mode ---- */

void interrupt_deliver_long(Cpu *cpu, const Event *event);
/* `size` is the operand size in bytes. */
void interrupt_return_long(Cpu *cpu, unsigned size);

/* ---- task.c ---- */

typedef enum TaskSource { TASK_JUMP, TASK_CALL, TASK_RETURN } TaskSource;

/* Finds the descriptor of a TSS, busy or not.  Raises `vector` if it is something else. */
void task_need_tss(Cpu *cpu, uint16_t selector, uint8_t vector, bool busy, Descriptor *tss);
/*
 * Switches to the TSS.  `next_eip` is saved for the old task.  The caller has
 * checked the descriptor's rights but not its type.
 */
void task_switch(Cpu *cpu, uint16_t selector, Descriptor *descriptor, TaskSource source,
                 uint32_t next_eip);

/* ---- control.c ---- */

void control_set_cr0(Cpu *cpu, uint64_t value);
void control_set_cr3(Cpu *cpu, uint64_t value);
void control_set_cr4(Cpu *cpu, uint64_t value);
/* Sets EFER.LMA and everything that depends on it. */
void control_set_long_mode(Cpu *cpu, bool on);
/* The bits of CR4 that belong to the CPU's features. */
uint64_t control_cr4_bits(const Cpu *cpu);
/* The task priority of the local APIC. */
uint64_t control_get_cr8(Cpu *cpu);
void control_set_cr8(Cpu *cpu, uint64_t value);
/* Return false for #GP.  In msr.c. */
bool msr_read(Cpu *cpu, uint32_t index, uint64_t *value);
bool msr_write(Cpu *cpu, uint32_t index, uint64_t value);
/*
 * Whether the register belongs to the machine check architecture, and if it does,
 * its value.  A write returns false for #GP.  In machine_check.c.
 */
bool machine_check_has(const Cpu *cpu, uint32_t index);
uint64_t machine_check_read(const Cpu *cpu, uint32_t index);
bool machine_check_write(Cpu *cpu, uint32_t index, uint64_t value);
/* Records the I/O breakpoints that an access hits. */
void io_breakpoints(Cpu *cpu, uint32_t port, unsigned size);
/* Raises #GP unless the TSS allows the code to use the ports. */
void io_permission_by_map(Cpu *cpu, uint32_t port, unsigned size);

/* ---- cpuid.c ---- */

CpuidAnswer cpuid_answer(const Cpu *cpu, uint32_t leaf, uint32_t subleaf);

/* ---- state.c ---- */

bool state_get(Vcpu *vcpu, CpuState *state, GError **error);
bool state_set(Vcpu *vcpu, const CpuState *state, GError **error);

/* ---- start.c ---- */

bool start_reset(Vcpu *vcpu, GError **error);
/* Carries out the requests of Vcpu.init and Vcpu.start. */
void start_take(Cpu *cpu);

#endif
