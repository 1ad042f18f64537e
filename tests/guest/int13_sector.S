/*
 * A boot sector that makes the INT 13h calls of a list that a test has placed
 * after its code.  For each call it prints a line with AH, carry, AX, BX, CX
 * and DX after the call.  For a read it also prints the sum of the words that
 * it read.
 *
 * A call is AX, CX, DX, ES, BX.  An AX of FFFFh ends the list.
 */
#include "guests/guest.inc"

    .set BOOT, 0x7c00
    .set CALL_SIZE, 10

    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $BOOT, %sp
    cld
    mov $calls, %bp
next:
    mov (%bp), %ax
    cmp $-1, %ax
    je end
    mov 2(%bp), %cx
    mov 4(%bp), %dx
    mov 6(%bp), %es
    mov 8(%bp), %bx
    push %ds
    push %bp
    int $0x13
    pop %bp
    pop %ds
    pushf
    push %dx
    push %cx
    push %bx
    push %ax
    pushf
    pop %ax
    mov 8(%bp), %bx
    pop %ax
    push %ax
    call put_word
    pop %ax
    mov %ax, %si
    pop %ax
    call put_word
    pop %ax
    call put_word
    pop %ax
    call put_word
    popf
    mov $'.', %al
    jnc 1f
    mov $'C', %al
1:  call put
    cmpb $2, 1(%bp)
    jne 3f
    call put_sum
3:  mov $'\r', %al
    call put
    mov $'\n', %al
    call put
    add $CALL_SIZE, %bp
    jmp next
end:
    cli
    hlt
    jmp end

    /* Adds up the words of the sectors at ES:BX.  SI's low byte is their number. */
put_sum:
    mov %si, %cx
    xor %ch, %ch
    shl $8, %cx
    jz 2f
    mov 8(%bp), %bx
    mov 6(%bp), %es
    xor %dx, %dx
1:  add %es:(%bx), %dx
    add $2, %bx
    jnz 3f
    mov %es, %ax
    add $0x1000, %ax
    mov %ax, %es
3:  loop 1b
    mov $' ', %al
    call put
    mov %dx, %ax
    jmp put_word
2:  ret

put_word:
    push %cx
    mov $4, %cx
    mov %ax, %dx
1:  rol $4, %dx
    mov %dl, %al
    and $15, %al
    cmp $10, %al
    jb 2f
    add $'a' - '0' - 10, %al
2:  add $'0', %al
    call put
    loop 1b
    mov $' ', %al
    call put
    pop %cx
    ret

put:
    push %bx
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    pop %bx
    ret

calls:
    .word -1
    .org 510
    .word 0xaa55
    .word calls - _start /* the address at which the test places its list */
