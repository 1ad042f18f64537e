/*
 * The boot image of an El Torito catalog, for a test.  It prints the drive
 * from which it was booted, the answer of INT 13h, AH = 41h for the drive,
 * block 16 of the disc by AH = 42h, the boot information by AH = 4Bh, and its
 * own second sector by AH = 02h. At the end it ends the emulation and looks at
 * the drive again.
 */
#include "guests/guest.inc"

    .set BOOT, 0x7c00
    .set BUFFER, 0x9000
    .set SPECIFICATION, 0x9900

    /* int13 AX: calls INT 13h with the DL of the start, and prints AH. */
    .macro int13 ax
    mov $\ax, %ax
    mov drive, %dl
    int $0x13
    mov %ah, %al
    call put_byte
    .endm

    .globl _start
_start:
    ljmp $0, $start
start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $BOOT, %sp
    cld
    mov %dl, drive
    mov $greeting, %si
    call print
    mov drive, %al
    call put_byte

    mov $0x55aa, %bx
    int13 0x4100
    mov $packet, %si
    int13 0x4200
    movb $0, BUFFER + 6
    mov $BUFFER + 1, %si
    call print

    mov $specification, %si
    call print
    mov $SPECIFICATION, %si
    int13 0x4b01
    mov SPECIFICATION + 1, %al
    call put_byte
    mov SPECIFICATION + 2, %al
    call put_byte
    mov SPECIFICATION + 4, %al
    call put_byte

    mov $sector, %si
    call print
    movb $0, BUFFER
    mov $2, %cx
    xor %dh, %dh
    mov $BUFFER, %bx
    int13 0x0201
    mov $BUFFER, %si
    call print
    mov $2, %cx
    xor %dh, %dh
    mov $BUFFER, %bx
    int13 0x0301

    int13 0x0800
    mov %bl, %al
    call put_byte
    mov %dl, %al
    call put_byte

    mov $ended, %si
    call print
    xor %ax, %ax
    mov %ax, %es
    mov $SPECIFICATION, %si
    int13 0x4b00
    mov $2, %cx
    xor %dh, %dh
    mov $BUFFER, %bx
    int13 0x0201
end:
    cli
    hlt
    jmp end

put_byte:
    push %ax
    shr $4, %al
    call 1f
    pop %ax
    and $15, %al
    call 1f
    mov $' ', %al
    jmp put
1:  cmp $10, %al
    jb 2f
    add $'a' - '0' - 10, %al
2:  add $'0', %al
put:
    push %bx
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    pop %bx
    ret

print:
    lodsb
    test %al, %al
    jz 1f
    call put
    jmp print
1:  ret

drive:
    .byte 0
packet:
    .byte 16, 0
    .word 1, BUFFER, 0
    .long 16, 0
greeting:
    .asciz "drive "
specification:
    .asciz " booted "
sector:
    .asciz "sector "
ended:
    .asciz "ended "

    .org 510
    .word 0xaa55
    .asciz "two "
    .org 1024
