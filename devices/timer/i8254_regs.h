/*
 * 8254 registers and bits, under the names of the Intel data sheet (231164), and
 * port B of the PC.  C and assembly can include it.
 */
#ifndef PIOEMU_DEVICES_TIMER_I8254_REGS_H
#define PIOEMU_DEVICES_TIMER_I8254_REGS_H

/* The counter's input clock in Hz is this fraction: 14.31818 MHz / 12. */
#define PIT_CLOCK_NUMERATOR   105000000
#define PIT_CLOCK_DENOMINATOR 88
#define PIT_CLOCK_HZ          1193182 /* rounded */

#define PIT_COUNTER0 0
#define PIT_COUNTER1 1
#define PIT_COUNTER2 2
#define PIT_CONTROL  3 /* write only */

/* Control word. */
#define PIT_CW_BCD       0x01
#define PIT_CW_M_MASK    0x0e
#define PIT_CW_M_SHIFT   1
#define PIT_CW_RW_MASK   0x30
#define PIT_CW_RW_LATCH  0x00 /* counter latch command */
#define PIT_CW_RW_LSB    0x10
#define PIT_CW_RW_MSB    0x20
#define PIT_CW_RW_WORD   0x30
#define PIT_CW_SC_MASK   0xc0
#define PIT_CW_SC_SHIFT  6
#define PIT_CW_READ_BACK 0xc0

#define PIT_CW_MODE(mode)  ((mode) << PIT_CW_M_SHIFT)
#define PIT_CW_SC(counter) ((counter) << PIT_CW_SC_SHIFT)

/* Read-back command. */
#define PIT_RB_CNT(counter) (2 << (counter))
#define PIT_RB_STATUS       0x10 /* 0: latch the status */
#define PIT_RB_COUNT        0x20 /* 0: latch the count */

/* Status byte; the bits below are the control word's. */
#define PIT_STATUS_NULL_COUNT 0x40
#define PIT_STATUS_OUT        0x80

/* Port B. */
#define PORTB_GATE2         0x01
#define PORTB_SPEAKER       0x02
#define PORTB_PARITY_OFF    0x04
#define PORTB_CHANNEL_OFF   0x08
#define PORTB_REFRESH       0x10 /* read only: toggles with each refresh request */
#define PORTB_OUT2          0x20 /* read only */
#define PORTB_WRITABLE_MASK 0x0f

#endif
