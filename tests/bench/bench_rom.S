/*
 * The ROM that starts a benchmark's image in QEMU as pioemu's -flat would: it
 * copies the image to 0x1000 and starts it in real mode with the given ECX.  The
 * bench program fills in the image, its size and ECX.
 */
    .set IMAGE_BASE, 0x1000
    .set ROM_SEGMENT, 0xf000
    .set RESET_VECTOR, 0xfff0
    .set ROM_SIZE, 0x10000

    .code16
    .text
    .globl _start
_start:
    jmp 1f
    .balign 8
size:
    .long 0
count:
    .long 0
1:  cli
    cld
    mov $ROM_SEGMENT, %ax
    mov %ax, %ds
    mov count, %ebx
    mov size, %cx
    mov $image, %si
    mov $IMAGE_BASE, %di
    xor %ax, %ax
    mov %ax, %es
    rep movsb
    mov %ax, %ds
    mov %ax, %ss
    mov $IMAGE_BASE, %sp
    mov %ebx, %ecx
    xor %edx, %edx
    ljmp $0, $IMAGE_BASE

    .org 0x100
image:

    .org RESET_VECTOR
    ljmp $ROM_SEGMENT, $_start
    .org ROM_SIZE - 1
    .byte 0
