/*
 * System control port A of the PS/2, and the reset control register of PC
 * chipsets.  For C and for assembly.
 */
#ifndef PIOEMU_DEVICES_MISC_PORT92_REGS_H
#define PIOEMU_DEVICES_MISC_PORT92_REGS_H

#define PORT92_RESET 0x01 /* going high resets the system */
#define PORT92_A20   0x02 /* 1: address line 20 passes */

#define RCR_HARD  0x02 /* the kind of reset: 1 hard, 0 the CPU alone */
#define RCR_RESET 0x04 /* going high resets */

#endif
