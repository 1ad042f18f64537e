/* Registers and bits of the 8259A interrupt controller, by the names of its data sheet. */
#ifndef PIOEMU_I8259_REGS_H
#define PIOEMU_I8259_REGS_H

#define PIC_COMMAND 0 /* ICW1, OCW2, OCW3 */
#define PIC_DATA    1 /* ICW2 to ICW4, OCW1 (the mask) */

#define PIC_ICW1_IC4  0x01
#define PIC_ICW1_INIT 0x10
#define PIC_ICW4_UPM  0x01
#define PIC_OCW2_EOI  0x20

#endif
