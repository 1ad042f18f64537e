/*
 * I/O APIC registers and bits, under the names of Intel's 82093AA data sheet
 * (290566).  The EOI register comes from its successors (version 20h).  C and
 * assembly can include it.
 */
#ifndef PIOEMU_DEVICES_INTC_IOAPIC_REGS_H
#define PIOEMU_DEVICES_INTC_IOAPIC_REGS_H

#define IOAPIC_IOREGSEL 0x00
#define IOAPIC_IOWIN    0x10
#define IOAPIC_EOI      0x40 /* write the vector */

/* Registers that are accessed through IOWIN. */
#define IOAPIC_ID     0x00
#define IOAPIC_VER    0x01
#define IOAPIC_ARB    0x02
#define IOAPIC_REDTBL 0x10 /* two registers for each input, low half first */

#define IOAPIC_INPUTS 24

#define IOAPIC_VERSION 0x20

/* Low half of a redirection entry. */
#define IOAPIC_INTVEC     0x000000ff
#define IOAPIC_DELMOD     0x00000700
#define IOAPIC_DESTMOD    0x00000800
#define IOAPIC_DELIVS     0x00001000 /* read only */
#define IOAPIC_INTPOL     0x00002000 /* 1: active low */
#define IOAPIC_REMOTE_IRR 0x00004000 /* read only */
#define IOAPIC_TRIGGER    0x00008000 /* 1: level */
#define IOAPIC_MASK       0x00010000
#define IOAPIC_WRITABLE   0x0001afff
/* High half of a redirection entry. */
#define IOAPIC_DEST_SHIFT 24

#endif
