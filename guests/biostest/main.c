#include "guests/biostest/biostest.h"

#define DEBUGCON  0xe9
#define EXIT_PORT 0xf4

#define HIGH_HALF 0xabcd0000u

void call_interrupt(unsigned vector, Regs *regs);
void tests_main(void);

typedef struct Results {
    unsigned count, failed;
    const char *about;
} Results;

static Results results;

/* ---- results ---- */

static void put(const char *text)
{
    while (*text) {
        out8(DEBUGCON, (uint8_t)*text++);
    }
}

static void put_number(uint32_t number, unsigned base)
{
    if (number >= base) {
        put_number(number / base, base);
    }
    out8(DEBUGCON, (uint8_t) "0123456789abcdef"[number % base]);
}

void about(const char *what)
{
    results.about = what;
}

void check(bool passed, const char *what)
{
    results.failed += !passed;
    put(passed ? "ok " : "not ok ");
    put_number(++results.count, 10);
    put(" - ");
    put(results.about);
    put(": ");
    put(what);
    put("\n");
}

void note(const char *name, uint32_t value)
{
    put("# ");
    put(name);
    put(" is 0x");
    put_number(value, 16);
    put("\n");
}

void check_equal(uint32_t value, uint32_t expected, const char *what)
{
    check(value == expected, what);
    if (value != expected) {
        note("it", value);
    }
}

/* ---- calls ---- */

static bool keeps_high_halves(const Regs *regs)
{
    return (regs->edi & regs->esi & regs->ebp & regs->ebx & regs->edx & regs->ecx & 0xffff0000) ==
           HIGH_HALF;
}

void interrupt(unsigned vector, Regs *regs)
{
    Regs before = *regs;
    call_interrupt(vector, regs);
    uint32_t canary = *(volatile uint32_t *)((uint32_t)caller_stack - 4);
    if (canary != CANARY) {
        check(false, "the caller's stack is kept");
        note("canary", canary);
    }
    if (regs->esp != 0x5a5a0000u + (uint32_t)caller_stack + CALLER_STACK) {
        check(false, "ESP is kept");
        note("ESP", regs->esp);
    }
    if (regs->ds != before.ds || regs->fs != before.fs || regs->gs != before.gs) {
        check(false, "DS, FS and GS are kept");
    }
    if (regs->flags & FLAG_IF) {
        check(false, "interrupts are off as they were");
    }
}

Regs interrupt_abcd(unsigned vector, uint16_t ax, uint16_t bx, uint16_t cx, uint16_t dx)
{
    Regs regs = {
        .fs = 0x1234,
        .gs = 0x4321,
        .edi = HIGH_HALF,
        .esi = HIGH_HALF,
        .ebp = HIGH_HALF,
        .ebx = HIGH_HALF | bx,
        .ecx = HIGH_HALF | cx,
        .edx = HIGH_HALF | dx,
        .eax = ax,
    };
    interrupt(vector, &regs);
    if (!keeps_high_halves(&regs)) {
        check(false, "the upper halves of registers are kept");
    }
    return regs;
}

Regs interrupt_ax(unsigned vector, uint16_t ax)
{
    return interrupt_abcd(vector, ax, 0, 0, 0);
}

void set_handler(unsigned vector, uint16_t segment, uint16_t offset)
{
    __asm__ volatile("cli");
    IVT[vector].segment = segment;
    IVT[vector].offset = offset;
    __asm__ volatile("sti");
}

void wait_for_interrupt(void)
{
    __asm__ volatile("hlt");
}

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *at, int byte, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    while (size--) {
        *(volatile uint8_t *)target++ = *source++;
    }
    return to;
}

void *memset(void *at, int byte, size_t size)
{
    uint8_t *target = at;
    while (size--) {
        *(volatile uint8_t *)target++ = (uint8_t)byte;
    }
    return at;
}

void tests_main(void)
{
    test_all();
    put("1..");
    put_number(results.count, 10);
    put("\n");
    out8(EXIT_PORT, results.failed ? 1 : 0);
}
