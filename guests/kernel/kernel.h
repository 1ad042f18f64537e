/* Shared by the kernels in C: ports, printing, the end of the run. */
#ifndef PIOEMU_GUEST_KERNEL_H
#define PIOEMU_GUEST_KERNEL_H

#include "devices/serial/uart16550_regs.h"

#include <stdint.h>

#define COM1 0x3f8

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Interrupts are off, so nothing wakes the CPU and the run ends. */
static inline void halt_forever(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

static inline void put_char(char c)
{
    while (!(inb(COM1 + UART_LSR) & UART_LSR_THRE)) {
    }
    outb(COM1 + UART_THR, (uint8_t)c);
}

static inline void put(const char *text)
{
    while (*text) {
        put_char(*text++);
    }
}

static inline void put_hex(uint64_t value, int digits)
{
    while (digits--) {
        put_char("0123456789abcdef"[value >> digits * 4 & 15]);
    }
}

static inline void put_decimal(uint32_t value)
{
    if (value >= 10) {
        put_decimal(value / 10);
    }
    put_char((char)('0' + value % 10));
}

/* Converts an address, as it is in the tables of the boot protocols, to a pointer. */
static inline const void *at(uint64_t address)
{
    return (const void *)(uintptr_t)address;
}

#endif
