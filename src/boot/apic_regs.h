/*
 * Where a PC's interrupt controllers are for its tables.
 */
#ifndef PIOEMU_BOOT_APIC_REGS_H
#define PIOEMU_BOOT_APIC_REGS_H

#define LOCAL_APIC_BASE 0xfee00000u
#define IO_APIC_BASE    0xfec00000u
/*
 * What the chip's ID register has after a reset.  Only APICs on a serial bus
 * need an ID that no CPU has, and four bits could not follow 16 CPUs.
 */
#define IO_APIC_ID  0u
#define ISA_IRQS    16u
#define ISA_CASCADE 2u

#endif
