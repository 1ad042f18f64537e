/*
 * A boot sector that makes the calls of the PCI BIOS of a list that a test has
 * placed after its code.  For each call it prints the names and values of AX, BX,
 * ECX and EDX after the call, and whether carry was set.
 *
 * A call is a number of bits, and EAX, EBX, ECX, EDX, ESI and EDI.  With 16 bits
 * it is an INT 1Ah, with 32 a far call through the BIOS32 directory, from flat
 * segments. 0 ends the list.
 */
#include "guests/guest.inc"

    .set BOOT, 0x7c00
    .set CALL_SIZE, 26
    .set BIOS_START, 0xf0000
    .set CODE32, 0x08
    .set DATA32, 0x10
    .set CODE16, 0x18
    .set DATA16, 0x20

    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $BOOT, %sp
    cld
    mov $calls, %bp
next:
    mov (%bp), %ax
    test %ax, %ax
    jz end
    mov 6(%bp), %ebx
    mov 10(%bp), %ecx
    mov 14(%bp), %edx
    mov 18(%bp), %esi
    mov 22(%bp), %edi
    push %bp
    cmp $32, %ax
    mov 2(%bp), %eax
    je 1f
    int $0x1a
    jmp 2f
1:  call call32
2:  pop %bp
    pushf
    pushl %edx
    pushl %ecx
    pushw %bx
    call put_word
    pop %ax
    call put_word
    pop %edx
    call put_dword
    pop %edx
    call put_dword
    popf
    mov $'.', %al
    jnc 3f
    mov $'C', %al
3:  call put
    mov $13, %al
    call put
    mov $10, %al
    call put
    add $CALL_SIZE, %bp
    jmp next
end:
    cli
    hlt
    jmp end

call32:
    cli
    pushl %eax
    lgdt gdtr
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmp $CODE32, $1f
    .code32
1:  mov $DATA32, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    movzwl %sp, %esp
    pushl %ebx
    pushl %ecx
    pushl %edx
    mov $BIOS_START, %eax
2:  add $16, %eax
    cmpl $0x5f32335f, (%eax) /* "_32_" */
    jne 2b
    mov 4(%eax), %eax
    mov %eax, entry
    movw $CODE32, entry + 4
    mov $0x49435024, %eax /* "$PCI" */
    xor %ebx, %ebx
    lcall *entry
    add %ebx, %edx
    mov %edx, entry
    popl %edx
    popl %ecx
    popl %ebx
    popl %eax
    lcall *entry
    pushl %eax
    ljmp $CODE16, $3f
    .code16
3:  mov $DATA16, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov %cr0, %eax
    mov $0, %al
    mov %eax, %cr0
    ljmp $0, $4f
4:  mov $0, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    popl %eax
    ret

put_dword:
    rol $16, %edx
    mov %dx, %ax
    call put_digits
    shr $16, %edx
    mov %dx, %ax
put_word:
    call put_digits
    mov $' ', %al
    jmp put

put_digits:
    push %cx
    push %dx
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
    pop %dx
    pop %cx
    ret

put:
    push %bx
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    pop %bx
    ret

    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00009b000000ffff, 0x000093000000ffff
gdtr:
    .word . - gdt - 1
    .long gdt
entry:
    .long 0
    .word 0

calls:
    .org 508
    .word calls - _start /* the offset at which the test places its list */
    .word 0xaa55
