/*
 * Tests of the BIOS's services.  They run like its users, from a boot sector in
 * real mode, and print their results on the debug console as TAP.
 */
#ifndef PIOEMU_BIOSTEST_H
#define PIOEMU_BIOSTEST_H

/* The program is in memory from 0x7e00 on.  The stack is below the boot sector. */
#define PROGRAM_SECTORS 62
#define STACK_TOP       0x7c00
/* Sectors in which each 16-bit word is the number of the sector, and a sector to write to. */
#define PATTERN_SECTOR  63
#define PATTERN_SECTORS 130
#define SCRATCH_SECTOR  200

/* The INT takes 6 bytes and the BIOS 4. */
#define CALLER_STACK 10
#define CANARY       0x5ca1ab1e

#define REGS_DS    0
#define REGS_FLAGS 2
#define REGS_EDI   4
#define REGS_ESI   8
#define REGS_EBP   12
#define REGS_EBX   16
#define REGS_EDX   20
#define REGS_ECX   24
#define REGS_EAX   28
#define REGS_GS    32
#define REGS_FS    34
#define REGS_ES    36
#define REGS_ESP   40

#ifndef __ASSEMBLER__
#include "bios/bios.h"

extern volatile uint32_t tick_calls, alarm_calls, key_calls, eject_calls;
extern volatile uint16_t eject_dx, eject_answer;
extern volatile uint32_t mouse_calls, mouse_irqs;
extern volatile uint16_t mouse_words[4]; /* as on the stack: the word that was pushed last is the
                                            first */
extern FarPointer system_vector, key_vector, mouse_vector;
extern uint8_t caller_stack[];
void tick_handler(void);
void alarm_handler(void);
void key_handler(void);
void key_hook(void);
/* INT 15h, AH = 52h: forbids the eject with `eject_answer` in AX, if that is not 0. */
void eject_hook(void);
/* The handler for INT 15h, AX = C207h.  It changes every register. */
void mouse_handler(void);
/* Counts IRQ 12. */
void mouse_irq_handler(void);

/*
 * Calls the interrupt with these registers and returns all of them.  Checks those
 * that must not change.
 */
void interrupt(unsigned vector, Regs *regs);
/* The same with these registers.  The lower halves of the others are 0. */
Regs interrupt_ax(unsigned vector, uint16_t ax);
Regs interrupt_abcd(unsigned vector, uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx);

/*
 * The packet of INT 13h, AH = 42h and 43h, in a low segment.  `size` says how much
 * of it is used.
 */
typedef struct DiskPacket {
    uint8_t size, zero;
    uint16_t count, offset, segment;
    uint32_t sector, sector_high, flat, flat_high;
} DiskPacket;

static inline Regs interrupt_packet(uint16_t ax, uint8_t drive, DiskPacket *packet)
{
    Regs regs = {.ax = ax, .dl = drive, .si = (uint16_t)(uint32_t)packet};
    interrupt(0x13, &regs);
    return regs;
}

static inline bool carry(const Regs *regs)
{
    return regs->flags & FLAG_CF;
}

static inline bool zero(const Regs *regs)
{
    return regs->flags & FLAG_ZF;
}

/* Prints a line of TAP. */
void check(bool passed, const char *what);
/* Prints a comment for something that is wrong. */
void note(const char *name, uint32_t value);
#define check_is(value, expected)                                                                  \
    check_equal((uint32_t)(value), (uint32_t)(expected), #value " is " #expected)
void check_equal(uint32_t value, uint32_t expected, const char *what);
/* Prints a title for the checks that follow. */
void about(const char *what);

void set_handler(unsigned vector, uint16_t segment, uint16_t offset);
/* Waits until an interrupt has been served. */
void wait_for_interrupt(void);

/* Each program defines it: all of its tests. */
void test_all(void);

void test_video(void);
void test_disk(void);
void test_system(void);
void test_clock(void);
void test_keyboard(void);
void test_serial(void);
void test_cdrom(void);
void test_high(void);
void test_mouse(void);
#endif

#endif
