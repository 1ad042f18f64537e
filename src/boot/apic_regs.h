/*
 * Where a PC's interrupt controllers are for its tables.
 */
#ifndef PIOEMU_BOOT_APIC_REGS_H
#define PIOEMU_BOOT_APIC_REGS_H

#define LOCAL_APIC_BASE 0xfee00000u
#define IO_APIC_BASE    0xfec00000u
#define ISA_IRQS        16u
#define ISA_CASCADE     2u

#endif
