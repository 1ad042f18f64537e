/*
 * 8259A registers and bits, under the names of the Intel data sheet (231468).  C
 * and assembly can include it.
 */
#ifndef PIOEMU_DEVICES_INTC_I8259_REGS_H
#define PIOEMU_DEVICES_INTC_I8259_REGS_H

/* Ports of one chip, by A0. */
#define PIC_COMMAND 0 /* write: ICW1, OCW2, OCW3; read: IRR, ISR or poll */
#define PIC_DATA    1 /* write: ICW2, ICW3, ICW4, OCW1; read: IMR or poll */

#define PIC_ICW1_IC4        0x01 /* ICW4 follows */
#define PIC_ICW1_SNGL       0x02 /* no cascade, no ICW3 */
#define PIC_ICW1_ADI        0x04 /* MCS-80: call address interval 4, else 8 */
#define PIC_ICW1_LTIM       0x08 /* all inputs level triggered */
#define PIC_ICW1_SELECT     0x10
#define PIC_ICW1_A7_A5_MASK 0xe0 /* MCS-80 */

#define PIC_ICW2_T7_T3_MASK 0xf8

#define PIC_ICW3_ID_MASK 0x07 /* slave */

#define PIC_ICW4_UPM  0x01 /* 8086 mode */
#define PIC_ICW4_AEOI 0x02
#define PIC_ICW4_MS   0x04
#define PIC_ICW4_BUF  0x08
#define PIC_ICW4_SFNM 0x10

#define PIC_OCW2_LEVEL_MASK 0x07
#define PIC_OCW2_EOI        0x20
#define PIC_OCW2_SL         0x40
#define PIC_OCW2_R          0x80

#define PIC_OCW2_NON_SPECIFIC_EOI        0x20
#define PIC_OCW2_SPECIFIC_EOI            0x60
#define PIC_OCW2_ROTATE_NON_SPECIFIC_EOI 0xa0
#define PIC_OCW2_ROTATE_AEOI_SET         0x80
#define PIC_OCW2_ROTATE_AEOI_CLEAR       0x00
#define PIC_OCW2_ROTATE_SPECIFIC_EOI     0xe0
#define PIC_OCW2_SET_PRIORITY            0xc0
#define PIC_OCW2_COMMAND_MASK            0xe0

#define PIC_OCW3_RIS    0x01 /* with RR: 1 reads ISR, 0 IRR */
#define PIC_OCW3_RR     0x02
#define PIC_OCW3_P      0x04
#define PIC_OCW3_SELECT 0x08
#define PIC_OCW3_SMM    0x20 /* with ESMM: special mask mode on */
#define PIC_OCW3_ESMM   0x40

#define PIC_POLL_I          0x80
#define PIC_POLL_LEVEL_MASK 0x07

/* The edge/level control registers, one for each chip.  ISA fixes some inputs to edge. */
#define PIC_ELCR_MASTER 0
#define PIC_ELCR_SLAVE  1

#define PIC_ELCR_MASTER_FIXED 0x07 /* IRQ 0, 1 and the cascade */
#define PIC_ELCR_SLAVE_FIXED  0x21 /* IRQ 8 and 13 */

/* The input of the master that the slave's INT drives in a PC. */
#define PIC_CASCADE 2

/* The values that the BIOS of an AT programs.  Inputs without a driver stay masked. */
#define PIC_BIOS_VECTOR_MASTER 0x08
#define PIC_BIOS_VECTOR_SLAVE  0x70
#define PIC_BIOS_MASK_MASTER   0xb8 /* all except timer, keyboard, cascade and diskette */
#define PIC_BIOS_MASK_SLAVE    0xff

#endif
