/*
 * Adds AX and BX and prints the digit.  A guest can hardly do less.
 *
 * It needs no stack and no device except a transmitter at 0x3f8, so it runs in any
 * program that makes a virtual CPU, even with a single page of memory.
 */
    .code16
    .text
    .globl _start
_start:
    add %bx, %ax
    add $'0', %al
    mov $0x3f8, %dx
    out %al, (%dx)
    mov $'\n', %al
    out %al, (%dx)
    hlt
