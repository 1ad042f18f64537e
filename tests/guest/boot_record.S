/*
 * A boot sector that prints through INT 10h that it was booted, and from which
 * drive.  It leaves interrupts enabled, because a firmware may print at the
 * next tick of its timer.
 */
    .set SECTOR_SIZE, 512
    .set SIGNATURE, 0xaa55

    .code16
    .text
    .globl _start
_start:
    ljmp $0, $1f
1:  xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $_start, %sp
    mov $text, %si
2:  lodsb
    test %al, %al
    jz 3f
    call print
    jmp 2b
3:  mov %dl, %al
    shr $4, %al
    add $'0', %al
    call print
    mov $'\r', %al
    call print
    mov $'\n', %al
    call print
    sti
4:  hlt
    jmp 4b

    /* Prints AL. */
print:
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    ret

text:
    .asciz "boot record of drive class "

    .org SECTOR_SIZE - 2
    .word SIGNATURE
