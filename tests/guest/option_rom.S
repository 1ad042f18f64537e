/*
 * An option ROM of a PCI device, of 3 KiB, whose initialization makes it 512 bytes
 * long.  Both the initialization and the boot entry print AX and their segment,
 * and whether they were told of a Plug and Play BIOS.
 *
 * The boot entry of a function in an odd slot gives up with INT 18h.  In slot 6 it
 * resets the machine once.  Others return.
 */
    .set SIZE, 3072
    .set MARK, 0x5f0 /* in memory that is not used */
    .set MARK_VALUE, 0x1234
    .set RESET_CONTROL, 0xcf9

    .code16
    .text
    .globl _start
_start:
    .word 0xaa55
    .byte SIZE / 512
    jmp init
    .org 6
    .byte 0 /* the test makes the sum 0 */
    .org 0x18
    .word data, header

    .balign 4
data:
    .ascii "PCIR"
    .word 0x1af4, 0x1044 /* virtio's source of random numbers */
    .word 0, 0x18
    .byte 3, 0, 0, 0
    .word SIZE / 512, 0
    .byte 0, 0x80
    .word 0

    .balign 16
header:
    .ascii "$PnP"
    .byte 1, 2
    .word 0
    .byte 0, 0
    .long 0
    .word maker, product
    .byte 2, 0, 0, 0x14
    .word 0, 0, boot, 0, 0
maker:
    .asciz "pioemu"
product:
    .asciz "test ROM"

init:
    mov $'I', %bl
    call print
    movb $1, %cs:2
    lret

boot:
    mov %ax, %si
    mov $'B', %bl
    call print
    test $8, %si
    jz 1f
    int $0x18
1:  cmp $6 << 3, %si
    jne 2f
    xor %ax, %ax
    mov %ax, %ds
    cmpw $MARK_VALUE, MARK
    je 2f
    movw $MARK_VALUE, MARK
    mov $RESET_CONTROL, %dx
    mov $6, %al
    out %al, %dx
    cli
    hlt
2:  lret

    /* BL: a letter.  Prints it, AX, CS, and P for a structure at ES:DI. */
print:
    push %ax
    mov %bl, %al
    call put
    pop %ax
    call put_word
    mov %cs, %ax
    call put_word
    mov $'-', %al
    cmpl $0x506e5024, %es:(%di)
    jne 1f
    mov $'P', %al
1:  call put
    mov $13, %al
    call put
    mov $10, %al
    call put
    ret

put_word:
    mov $4, %cx
    mov %ax, %dx
    mov $' ', %al
    call put
1:  rol $4, %dx
    mov %dl, %al
    and $15, %al
    cmp $10, %al
    jb 2f
    add $'a' - '0' - 10, %al
2:  add $'0', %al
    call put
    loop 1b
    ret

put:
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    ret

    .org SIZE
