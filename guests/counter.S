/*
 * Counts in AX for ever, and writes each value as a word to the debug port.
 *
 * Options: -flat addr=0,ip=0
 */
    .code16
    .text
    .globl _start
_start:
    xor %ax, %ax
1:  out %ax, $0x10
    inc %ax
    jmp 1b
