/* Registers and bits of the 8254 timer, by the names of its data sheet. */
#ifndef PIOEMU_I8254_REGS_H
#define PIOEMU_I8254_REGS_H

#define PIT_COUNTER0 0
#define PIT_COUNTER2 2
#define PIT_CONTROL  3

#define PIT_FREQUENCY 1193182

#define PIT_CW_MODE2 0x04
#define PIT_CW_MODE3 0x06
#define PIT_CW_LATCH 0x00
#define PIT_CW_WORD  0x30
#define PIT_CW_SC2   0x80

#endif
