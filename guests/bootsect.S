/*
 * A boot sector that prints through INT 10h, reads the next sector through INT 13h,
 * and prints the keys that INT 16h gives.
 *
 * Its image is the whole disk.  A key without a character is shown by its scan
 * code, and q ends the program.  With an exit port the status is 0.  Without one
 * the BIOS tries the next device.
 */
#define EXIT_PORT 0xf4 /* `-device exit-port` */
#define MESSAGE   0x7e00

    .code16
    .text
    .globl _start
_start:
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %dl, drive
    mov $hello, %si
    call print

    mov drive, %dl
    mov $MESSAGE, %bx
    mov $0x0002, %cx
    mov $0, %dh
    mov $0x0201, %ax
    int $0x13
    mov $failed, %si
    jc 1f
    mov $MESSAGE, %si
1:  call print

next_key:
    mov $0x10, %ah
    int $0x16
    cmp $'q', %al
    je end
    test %al, %al
    jz 1f
    cmp $0xe0, %al
    je 1f
    call put
    cmp $'\r', %al
    jne next_key
    mov $'\n', %al
    call put
    jmp next_key
1:  mov $'<', %al
    call put
    mov %ah, %al
    call put_hex
    mov $'>', %al
    call put
    jmp next_key

end:
    mov $bye, %si
    call print
    xor %al, %al
    out %al, $EXIT_PORT
    int $0x18

    /* print: prints the text at SI up to a NUL.  Changes AX, BX, SI. */
print:
    lodsb
    test %al, %al
    jz 1f
    call put
    jmp print
1:  ret

    /* put_hex: prints AL in hexadecimal.  Changes BX. */
put_hex:
    push %ax
    shr $4, %al
    call put_digit
    pop %ax
    push %ax
    and $0x0f, %al
    call put_digit
    pop %ax
    ret
put_digit:
    cmp $10, %al
    sbb $0x69, %al
    das
    /* put: prints the character AL.  Changes BX. */
put:
    push %ax
    mov $0x0e, %ah
    mov $0x0007, %bx
    int $0x10
    pop %ax
    ret

drive:
    .byte 0
hello:
    .asciz "Hello from the boot sector.\r\n"
failed:
    .asciz "The second sector cannot be read.\r\n"
bye:
    .asciz "\r\nBye.\r\n"

    .org 510
    .word 0xaa55
    .asciz "Hello from the second sector. Type, and q to end.\r\n"
    .org 4096
