/*
 * The registers of the egg timer of docs/first-device.md.
 */
#ifndef PIOEMU_FIRST_DEVICE_REGS_H
#define PIOEMU_FIRST_DEVICE_REGS_H

#define EGG_COUNT   0 /* in milliseconds, 1 to 255 */
#define EGG_CONTROL 1

/* The bits of CONTROL. */
#define EGG_START   0x01 /* written: start or stop; read: the timer runs */
#define EGG_IE      0x02 /* interrupt enable */
#define EGG_EXPIRED 0x80 /* read: the time is over; writing 1 clears it */

#endif
