/*
 * A boot sector that sends how long the BIOS took: the time stamp counter, which
 * counts instructions on the software CPU, and the power management timer, which
 * counts the machine's time.
 */
#include "devices/misc/acpi_pm_regs.h"
#include "devices/serial/uart16550_regs.h"

#define COM1    0x3f8
#define ACPI_PM 0x600
#define SIZE    12

    .code16
    .text
    .globl _start
_start:
    rdtsc
    mov %eax, %ebx
    mov %edx, %ebp
    mov $ACPI_PM + ACPI_PM_TMR, %dx
    in (%dx), %eax
    xor %cx, %cx
    mov %cx, %ds
    mov %ebx, 0x500
    mov %ebp, 0x504
    mov %eax, 0x508
    mov $0x500, %si
    mov $SIZE, %cx
1:  mov $COM1 + UART_LSR, %dx
    in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 1b
    mov $COM1 + UART_THR, %dx
    lodsb
    out %al, (%dx)
    loop 1b
    cli
    hlt

    .org 510
    .word 0xaa55
