/*
 * What the tables for a kernel say of the interrupt controllers of a PC.
 */
#ifndef PIOEMU_BOOT_APIC_REGS_H
#define PIOEMU_BOOT_APIC_REGS_H

/*
 * The reset value of the chip's ID register.  Only APICs on a serial bus need an ID
 * that differs from those of the CPUs, and its four bits would not suffice for more
 * than 15 CPUs.
 */
#define IO_APIC_ID  0u
#define ISA_IRQS    16u
#define ISA_CASCADE 2u

#endif
