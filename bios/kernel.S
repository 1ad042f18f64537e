/*
 * Starts the Linux kernel in the machine's fw_cfg device: copies its parts by DMA
 * to the addresses that the device gives, and enters the setup code in real mode.
 *
 * It is part of the BIOS.  With KERNEL_ROM it is an option ROM, which other
 * firmwares find as a boot device (BIOS Boot Specification 1.01, Plug and Play BIOS
 * Specification 1.0A, chapter 3).
 */
#include "devices/misc/fw_cfg_regs.h"

    .set PORTS, 0x510
    .set QEMU, 0x554d4551
    .set DESCRIPTOR, 0x600 /* in memory that is not used */
    .set ENTRY_PARAGRAPHS, 0x20
    .set STACK, 0xe000 /* the machine puts the end of the setup's heap here */

    .code16
    .text

#ifdef KERNEL_ROM
    .set ROM_SIZE, 512
    .set VECTOR_NEXT_DEVICE, 0x18
    .set DEVICE_IPL, 0x80 /* the device can be booted */
    .set INDICATE_IPL, 0x04

    .globl _start
_start:
    .word 0xaa55
    .byte ROM_SIZE / 512
    lret /* there is nothing to set up */
    .org 0x1a
    .word plug_and_play
    .balign 16
plug_and_play:
    .ascii "$PnP"
    .byte 1, 2
    .word 0
    .byte 0, 0 /* the second one is the checksum of the ROM, which the machine fills in */
    .long 0
    .word maker, product
    .byte 0, 0, DEVICE_IPL, INDICATE_IPL
    .word 0, 0, boot, 0, 0
maker:
    .asciz "pioemu"
product:
    .asciz "Linux (-kernel)"

boot:
    call kernel_start
    int $VECTOR_NEXT_DEVICE
#else
    /* Called from C.  Returns if there is no kernel. */
    .globl kernel_boot
kernel_boot:
    pushal
    push %ds
    call kernel_start
    pop %ds
    popal
    retl
#endif

/* Copies item NAME_DATA to the address in NAME_ADDR. */
#define FETCH(name)                                                                                \
    mov $FW_CFG_##name##_ADDR, %ax;                                                                \
    call read_number;                                                                              \
    mov %eax, %edi;                                                                                \
    mov $FW_CFG_##name##_SIZE, %ax;                                                                \
    call read_number;                                                                              \
    mov %eax, %ecx;                                                                                \
    mov $FW_CFG_##name##_DATA, %ax;                                                                \
    call transfer;                                                                                 \
    jc 1f

kernel_start:
    xor %ax, %ax
    mov %ax, %ds
    mov $FW_CFG_SIGNATURE, %ax
    call read_number
    cmp $QEMU, %eax
    jne 1f
    mov $FW_CFG_ID, %ax
    call read_number
    test $FW_CFG_ID_DMA, %al
    jz 1f
    mov $FW_CFG_KERNEL_SIZE, %ax
    call read_number
    test %eax, %eax
    jz 1f
    FETCH(SETUP)
    FETCH(CMDLINE)
    FETCH(INITRD)
    FETCH(KERNEL)
    mov $FW_CFG_SETUP_ADDR, %ax
    call read_number
    shr $4, %eax
    cli
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %fs
    mov %ax, %gs
    mov %ax, %ss
    mov $STACK, %sp
    add $ENTRY_PARAGRAPHS, %ax
    push %ax
    push $0
    lret
1:  ret

    /* Reads the four bytes of item AX into EAX.  Changes DX and CX. */
read_number:
    mov $PORTS + FW_CFG_SELECTOR, %dx
    out %ax, (%dx)
    inc %dx
    mov $4, %cx
1:  in (%dx), %al
    ror $8, %eax
    loop 1b
    ret

    /* Copies ECX bytes of item AX to EDI.  Sets carry if that fails. */
transfer:
    test %ecx, %ecx
    jz 2f
    shl $FW_CFG_DMA_CTL_KEY_SHIFT, %eax
    mov $FW_CFG_DMA_CTL_SELECT | FW_CFG_DMA_CTL_READ, %ax
    bswap %eax
    mov %eax, DESCRIPTOR + FW_CFG_DMA_CONTROL
    bswap %ecx
    mov %ecx, DESCRIPTOR + FW_CFG_DMA_LENGTH
    movl $0, DESCRIPTOR + FW_CFG_DMA_ADDRESS
    bswap %edi
    mov %edi, DESCRIPTOR + FW_CFG_DMA_ADDRESS + 4
    xor %eax, %eax
    mov $PORTS + FW_CFG_DMA, %dx
    out %eax, (%dx)
    mov $DESCRIPTOR, %eax
    bswap %eax
    mov $PORTS + FW_CFG_DMA_LOW, %dx
    out %eax, (%dx)
    /* The transfer is over when the port write returns. */
    cmpl $0, DESCRIPTOR + FW_CFG_DMA_CONTROL
    je 2f
    stc
    ret
2:  clc
    ret

#ifdef KERNEL_ROM
    .org ROM_SIZE - 1
    .byte 0
#endif
