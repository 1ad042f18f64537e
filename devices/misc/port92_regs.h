/*
 * System control port A of the PS/2, and the reset control register of PC chip
 * sets.  C and assembly can include it.
 */
#ifndef PIOEMU_DEVICES_MISC_PORT92_REGS_H
#define PIOEMU_DEVICES_MISC_PORT92_REGS_H

#define PORT92_RESET 0x01 /* a change from 0 to 1 resets the system */
#define PORT92_A20   0x02 /* 1: address line 20 is enabled */

#define RCR_HARD  0x02 /* the kind of reset: 1 the whole system, 0 the CPU alone */
#define RCR_RESET 0x04 /* a change from 0 to 1 resets */

#endif
