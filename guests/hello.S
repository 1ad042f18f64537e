/*
 * Prints the sum of AX and BX, then a greeting from its own image.  So code and
 * data have both been loaded at their addresses.
 *
 * Like `add` it needs neither a stack nor a line status register.
 */
    .code16
    .text
    .globl _start
_start:
    mov $0x3f8, %dx
    add %bx, %ax
    add $'0', %al
    out %al, (%dx)
    mov $text, %bx
1:  mov %cs:(%bx), %al
    test %al, %al
    jz 2f
    out %al, (%dx)
    inc %bx
    jmp 1b
2:  hlt

text:
    .asciz "\nHello\n"
