/*
 * A boot sector that makes the INT 10h calls of a list that a test has placed after its
 * code.  For each it prints AX, BX, CX and DX after the call, and the word at B800:DI, on
 * the debug console.
 *
 * A call is AX, BX, CX, DX and DI.  ES is the sector's segment, and BP points to the text
 * behind the list, whose end is the value FFFFh of AX.
 */
    .set BOOT, 0x7c00
    .set CALL_SIZE, 10
    .set DEBUGCON, 0xe9
    .set TEXT_SEGMENT, 0xb800

    .code16
    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $BOOT, %sp
    cld
    mov $calls, %si
next:
    mov (%si), %ax
    cmp $0xffff, %ax
    je end
    mov 2(%si), %bx
    mov 4(%si), %cx
    mov 6(%si), %dx
    mov 8(%si), %di
    mov $text, %bp
    push %si
    push %di
    int $0x10
    call put_word
    mov %bx, %ax
    call put_word
    mov %cx, %ax
    call put_word
    mov %dx, %ax
    call put_word
    pop %di
    push %es
    mov $TEXT_SEGMENT, %ax
    mov %ax, %es
    mov %es:(%di), %ax
    pop %es
    call put_word
    mov $10, %al
    out %al, $DEBUGCON
    pop %si
    add $CALL_SIZE, %si
    jmp next
end:
    cli
    hlt
    jmp end

    /* Prints AX in hexadecimal, and a space.  Changes AX and BP. */
put_word:
    mov $4, %bp
1:  rol $4, %ax
    push %ax
    and $0x0f, %al
    cmp $10, %al
    sbb $0x69, %al
    das
    out %al, $DEBUGCON
    pop %ax
    dec %bp
    jnz 1b
    mov $' ', %al
    out %al, $DEBUGCON
    ret

text:
    .ascii "ab"
calls:
    .org 508
    .word calls - _start /* where the test places the list */
    .word 0xaa55
