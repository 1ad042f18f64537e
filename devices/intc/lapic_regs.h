/*
 * Local APIC registers and bits, under the names of the Intel SDM, volume 3,
 * chapter "Advanced Programmable Interrupt Controller (APIC)".  C and assembly can
 * include it.
 */
#ifndef PIOEMU_DEVICES_INTC_LAPIC_REGS_H
#define PIOEMU_DEVICES_INTC_LAPIC_REGS_H

#define APIC_ID        0x020
#define APIC_VERSION   0x030
#define APIC_TPR       0x080
#define APIC_PPR       0x0a0
#define APIC_EOI       0x0b0
#define APIC_LDR       0x0d0
#define APIC_DFR       0x0e0
#define APIC_SVR       0x0f0
#define APIC_ISR       0x100 /* eight registers of 32 vectors, 16 bytes apart */
#define APIC_TMR       0x180
#define APIC_IRR       0x200
#define APIC_ESR       0x280
#define APIC_ICR_LOW   0x300
#define APIC_ICR_HIGH  0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_THERM 0x330
#define APIC_LVT_PERF  0x340
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_ICR 0x380 /* initial count */
#define APIC_TIMER_CCR 0x390 /* current count */
#define APIC_TIMER_DCR 0x3e0 /* divide configuration */

#define APIC_SVR_VECTOR 0x0ff
#define APIC_SVR_ENABLE 0x100

#define APIC_DFR_FLAT 0xffffffff

/* These fields are the same in interrupt commands, the local vector table and messages. */
#define APIC_VECTOR_MASK     0x000000ff
#define APIC_DELIVERY_MASK   0x00000700
#define APIC_DELIVERY_FIXED  0x00000000
#define APIC_DELIVERY_LOWEST 0x00000100
#define APIC_DELIVERY_SMI    0x00000200
#define APIC_DELIVERY_NMI    0x00000400
#define APIC_DELIVERY_INIT   0x00000500
#define APIC_DELIVERY_START  0x00000600
#define APIC_DELIVERY_EXTINT 0x00000700
#define APIC_LEVEL_ASSERT    0x00004000
#define APIC_TRIGGER_LEVEL   0x00008000
#define APIC_ICR_LOGICAL     0x00000800
#define APIC_ICR_SHORTHAND   0x000c0000
#define APIC_ICR_SELF        0x00040000
#define APIC_ICR_ALL         0x00080000
#define APIC_ICR_OTHERS      0x000c0000
#define APIC_LVT_MASKED      0x00010000
#define APIC_LVT_PERIODIC    0x00020000

#define APIC_ESR_SEND_ILLEGAL    0x20
#define APIC_ESR_RECEIVE_ILLEGAL 0x40
#define APIC_ESR_REGISTER        0x80

/* A message is a write to memory: SDM, "Message Signalled Interrupts". */
#define APIC_MESSAGE_BASE       0xfee00000
#define APIC_MESSAGE_DEST_SHIFT 12
#define APIC_MESSAGE_LOGICAL    0x4
#define APIC_DEST_ALL           0xff

/* The frequency of the timer's input, before the divider. */
#define APIC_TIMER_HZ 100000000

#endif
