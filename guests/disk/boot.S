/*
 * The boot sector of the demo disk: loads the first guest of the directory with INT
 * 13h and starts it.  It reads by address if the BIOS can, else by cylinder, head
 * and sector.
 *
 * The BIOS passes the disk in DL, and so does this boot sector.
 */
#include "guests/disk/layout.h"

    .set LOADED, 0x7c00
    .set DIRECTORY, 0x7e00
    .set FILE_ENTRY, DIRECTORY + DISK_ENTRY_SIZE

    .code16
    .text
    .globl _start
_start:
    ljmp $0, $1f /* some BIOSes start it at 07c0:0 */
1:  cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $LOADED, %sp
    sti
    cld
    mov %dl, disk
    call find_geometry

    mov $DISK_DIRECTORY, %eax
    mov $DISK_DIRECTORY_SIZE, %cx
    mov $DIRECTORY >> 4, %bx
    call read
    xor %di, %di
    mov %di, %es
    mov $DIRECTORY + DISK_ENTRY_NAME, %si
    mov $mark, %di
    mov $DISK_ENTRY_NAME_SIZE, %cx
    repe cmpsb
    mov $no_guests, %si
    jne fail
    mov FILE_ENTRY + DISK_ENTRY_ADDRESS, %bx
    shr $4, %bx
    mov FILE_ENTRY + DISK_ENTRY_SECTORS, %cx
    mov FILE_ENTRY + DISK_ENTRY_FIRST, %eax
    call read
    mov disk, %dl
    jmp *FILE_ENTRY + DISK_ENTRY_START

    /* Finds out whether the BIOS can read by address.  If not, it gets heads and sectors. */
find_geometry:
    mov $0x41, %ah
    mov $0x55aa, %bx
    int $0x13
    jc 1f
    cmp $0xaa55, %bx
    jne 1f
    test $1, %cl
    jz 1f
    movb $1, by_address
    ret
1:  mov disk, %dl
    mov $8, %ah
    int $0x13
    mov $bad_disk, %si
    jc fail
    and $0x3f, %cx
    mov %cx, per_track
    movzbw %dh, %dx
    inc %dx
    mov %dx, heads
    ret

    /* Reads CX sectors from EAX on to the segment BX. */
read:
    pusha
    push %eax
    mov %bx, packet_segment
    mov %eax, packet_sector
    cmpb $0, by_address
    je 1f
    mov $packet, %si
    mov $0x42, %ah
    jmp 2f
1:  xor %edx, %edx
    movzwl per_track, %ecx
    div %ecx
    inc %dx
    mov %dl, %cl
    xor %edx, %edx
    movzwl heads, %ebx
    div %ebx
    mov %al, %ch
    shl $6, %ah
    or %ah, %cl
    mov %dl, %dh
    mov packet_segment, %es
    xor %bx, %bx
    mov $0x0201, %ax
2:  mov disk, %dl
    int $0x13
    mov $bad_disk, %si
    jc fail
    pop %eax
    popa
    inc %eax
    add $DISK_SECTOR >> 4, %bx
    loop read
    ret

    /* SI is the reason. */
fail:
    xor %ax, %ax
    mov %ax, %ds
1:  lodsb
    test %al, %al
    jz 2f
    mov $0x0e, %ah
    mov $7, %bx
    int $0x10
    jmp 1b
2:  int $0x18
3:  hlt
    jmp 3b

mark:
    .ascii DISK_MARK
    .skip DISK_ENTRY_NAME_SIZE - (. - mark)
no_guests:
    .asciz "No guests on this disk\r\n"
bad_disk:
    .asciz "The disk cannot be read\r\n"

    .balign 4
packet: /* reads one sector to packet_segment:0 */
    .byte 16, 0
    .word 1
    .word 0
packet_segment:
    .word 0
packet_sector:
    .quad 0
disk:
    .byte 0
by_address:
    .byte 0
heads:
    .word 0
per_track:
    .word 0

    .org 510
    .word 0xaa55
