/*
 * Runs ECX rounds of interp_mixed.c: enters protected mode with 16 MiB mapped to
 * themselves by 4 KiB pages, and runs the image that is appended here.
 */
#include "tests/bench/bench.inc"

    .set DIRECTORY, 0x10000
    .set TABLES, 0x11000 /* four tables */
    .set MIXED_CODE, 0x100000
    .set MIXED_DATA, 0x400000
    .set STACK, 0x90000
    .set PAGES, 4096
    .set PRESENT_WRITABLE, 3
    .set CR0_PE, 1
    .set CR0_PG, 0x80000000
    .set A20_ON, 2

_start:
    default_count
    in $0x92, %al
    or $A20_ON, %al
    out %al, $0x92
    lgdtl descriptors
    mov %cr0, %eax
    or $CR0_PE, %eax
    mov %eax, %cr0
    ljmpl $0x08, $protected

    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
descriptors:
    .word . - gdt - 1
    .long gdt

    .code32
protected:
    mov $0x10, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $STACK, %esp
    mov %ecx, MIXED_DATA /* Mixed.rounds */
    mov $PAGES, %ecx
    mov $TABLES, %edi
    mov $PRESENT_WRITABLE, %eax
1:  stosl
    add $0x1000, %eax
    dec %ecx
    jnz 1b
    .irp n, 0, 1, 2, 3
    movl $TABLES + \n * 0x1000 + PRESENT_WRITABLE, DIRECTORY + \n * 4
    .endr
    mov $mixed, %esi
    mov $MIXED_CODE, %edi
    mov $mixed_end - mixed, %ecx
    rep movsb
    mov $DIRECTORY, %eax
    mov %eax, %cr3
    mov %cr0, %eax
    or $CR0_PG, %eax
    mov %eax, %cr0
    mov $MIXED_CODE, %eax
    jmp *%eax

mixed:
    .incbin "interp_mixed.bin"
mixed_end:
