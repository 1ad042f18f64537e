/*
 * The boot sector of the BIOS's tests, which loads the rest of them, and the
 * routine that calls an interrupt.
 */
#include "guests/biostest/biostest.h"

#define DEBUGCON 0xe9

    .code16
    .section .boot, "ax"
    .globl _start
_start:
    cli
    cld
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %ss
    mov $STACK_TOP, %esp
    sti
    mov $PROGRAM_SECTORS, %cx
    mov $0x7e00 >> 4, %di
    mov $2, %si /* sector numbers begin at 1 */
1:  push %cx
    mov %di, %es
    mov %si, %cx
    xor %bx, %bx
    mov $0x0201, %ax
    mov $0, %dh
    int $0x13
    pop %cx
    jc 2f
    add $0x20, %di
    inc %si
    loop 1b
    xor %ax, %ax
    mov %ax, %es
    calll tests_main
    cli
    hlt
2:  mov $'!', %al
    out %al, $DEBUGCON
    int $0x18
    .org 510
    .word 0xaa55

    .text
    /*
     * EAX: the vector; EDX: the registers, which are replaced by those after the
     * interrupt.  The interrupt has CALLER_STACK bytes of stack.  The upper half of
     * ESP is not 0.  Interrupts are off, because an IRQ would lose that half on
     * some KVMs.
     */
    .globl call_interrupt
call_interrupt:
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    pushw %es
    mov %al, 1f + 1
    mov %edx, call_regs
    mov %esp, call_esp
    cli
    movl $CANARY, caller_stack - 4
    mov $caller_stack + CALLER_STACK + 0x5a5a0000, %esp
    mov REGS_GS(%edx), %gs
    mov REGS_FS(%edx), %fs
    mov REGS_ES(%edx), %es
    mov REGS_EDI(%edx), %edi
    mov REGS_ESI(%edx), %esi
    mov REGS_EBP(%edx), %ebp
    mov REGS_EBX(%edx), %ebx
    mov REGS_ECX(%edx), %ecx
    mov REGS_EAX(%edx), %eax
    mov REGS_DS(%edx), %ds
    mov %cs:REGS_EDX(%edx), %edx
1:  int $0
    mov %esp, %cs:call_after
    mov %cs:call_esp, %esp
    pushfw
    pushw %ds
    pushw %cs
    popw %ds
    pushl %edx
    mov call_regs, %edx
    mov %eax, REGS_EAX(%edx)
    mov %ecx, REGS_ECX(%edx)
    mov %ebx, REGS_EBX(%edx)
    mov %ebp, REGS_EBP(%edx)
    mov %esi, REGS_ESI(%edx)
    mov %edi, REGS_EDI(%edx)
    mov %es, REGS_ES(%edx)
    mov %fs, REGS_FS(%edx)
    mov %gs, REGS_GS(%edx)
    popl REGS_EDX(%edx)
    popw REGS_DS(%edx)
    popw REGS_FLAGS(%edx)
    mov call_after, %eax
    mov %eax, REGS_ESP(%edx)
    sti
    xor %cx, %cx
    mov %cx, %fs
    cld
    popw %es
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    retl

    /* The tests' own handlers, which count their calls. */
    .globl tick_handler, alarm_handler, key_handler
key_handler:
    incl %cs:key_calls
    ljmpw *%cs:key_vector
tick_handler:
    incl %cs:tick_calls
    iretw
alarm_handler:
    incl %cs:alarm_calls
    iretw

    /* INT 15h, AH = 4Fh: 'b' becomes 'c', and 'd' is dropped. */
    .globl key_hook
key_hook:
    cmp $0x4f, %ah
    jne 2f
    cmp $0x30, %al
    jne 1f
    mov $0x2e, %al
1:  cmp $0x20, %al
    stc
    jne 3f
    clc
3:  lretw $2
2:  ljmpw *%cs:system_vector

    .globl eject_hook
eject_hook:
    cmp $0x52, %ah
    jne 2b
    incl %cs:eject_calls
    mov %dx, %cs:eject_dx
    cmpw $1, %cs:eject_answer
    cmc
    jnc 1f
    mov %cs:eject_answer, %ax
1:  lretw $2

    .globl mouse_irq_handler, mouse_handler
mouse_irq_handler:
    incl %cs:mouse_irqs
    ljmpw *%cs:mouse_vector
mouse_handler:
    incl %cs:mouse_calls
    mov %sp, %bp
    .set word, 0
    .rept 4
    mov 4 + word(%bp), %ax
    mov %ax, %cs:mouse_words + word
    .set word, word + 2
    .endr
    mov $0x12345678, %eax
    mov %eax, %ebx
    mov %eax, %ecx
    mov %eax, %edx
    mov %eax, %esi
    mov %eax, %edi
    mov %eax, %ebp
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %gs
    std
    lretw

    .data
    .balign 4
call_regs:
    .long 0
call_esp:
    .long 0
call_after:
    .long 0
    .globl tick_calls, alarm_calls, key_calls, caller_stack, system_vector, key_vector
    .globl mouse_calls, mouse_irqs, mouse_words, mouse_vector
mouse_calls:
    .long 0
mouse_irqs:
    .long 0
mouse_words:
    .fill 4, 2, 0
mouse_vector:
    .long 0
    .globl eject_calls, eject_dx, eject_answer
eject_calls:
    .long 0
eject_dx:
    .word 0
eject_answer:
    .word 0
tick_calls:
    .long 0
alarm_calls:
    .long 0
key_calls:
    .long 0
key_vector:
    .long 0
system_vector:
    .long 0
    .long 0
caller_stack:
    .fill CALLER_STACK

    /* The sectors that the tests read: each word is the number of its sector. */
    .section .pattern, "a"
    .set number, PATTERN_SECTOR
    .rept PATTERN_SECTORS
    .fill 256, 2, number
    .set number, number + 1
    .endr

    .section .note.GNU-stack, "", @progbits
