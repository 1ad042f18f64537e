/*
 * Starts something that takes long and never ends.  CX selects it, as a number
 * in the order of `states`.  The guest sends '!' before it begins.  The states
 * that are called flat run in protected mode with segments of 4 GiB.
 */
#include "guests/guest.inc"

#include "devices/misc/fw_cfg_regs.h"
#include "devices/misc/i8237_regs.h"
#include "devices/intc/lapic_regs.h"
#include "devices/misc/port92_regs.h"

    .set IO_APIC,   0xfec00000
    .set NO_DEVICE, 0x9990
    .set FW_CFG,    0x510
    .set MIB,       0x100000
    .set PAGES,     0x20000 /* a page directory with pages of 4 MiB */
    .set NOWHERE,   0x8000000 /* an address that it does not map */

    .set CODE32, 8
    .set DATA32, 16
    .set DATA16, 24

    guest_start
    uart_init
    mov $COM1 + UART_THR, %dx
    mov $'!', %al
    out %al, (%dx)
    shl $1, %cx
    mov %cx, %bx
    jmp *states(%bx)

states:
    .word outs, ins, movs, movs_askew, movs_down, scas, stos_io_apic
    .word clear_bss, stos_64k, dma_memory, dma_fw_cfg, srst_read
    .word load_cr3, fault_in_fetch, toggle_a20, broadcast_ipi

    /* Continues in flat code after the macro. */
    .macro flat
    lgdt gdt_pointer
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmp $CODE32, $.Lflat\@
    .code32
.Lflat\@:
    mov $DATA32, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x1000, %esp
    .endm

    /* ---- strings --------------------------------------------------------- */

    .macro repeat_port instruction:vararg
    flat
1:  mov $NO_DEVICE, %dx
    mov $MIB, %esi
    mov %esi, %edi
    mov $-1, %ecx
    \instruction
    jmp 1b
    .code16
    .endm

outs:
    repeat_port rep outsb
ins:
    repeat_port rep insb

    /* Copies 48 MiB between the addresses. */
    .macro copy from, to
    flat
1:  mov $\from, %esi
    mov $\to, %edi
    mov $48 * MIB, %ecx
    rep movsb
    jmp 1b
    .code16
    .endm

movs:
    copy MIB, (64*MIB)
movs_askew:
    copy (MIB+1), (64*MIB+3)
movs_down:
    std
    copy (64*MIB-1), (120*MIB-1)

scas:
    flat
    mov $0x5a, %al
1:  mov $-1, %ecx
    repne scasb
    jmp 1b
    .code16

stos_io_apic:
    flat
1:  mov $IO_APIC, %edi
    mov $MIB, %ecx
    rep stosb
    jmp 1b
    .code16

clear_bss:
    flat
    xor %eax, %eax
1:  mov $16 * MIB, %edi
    mov $16 * MIB / 4, %ecx
    rep stosl
    jmp 1b
    .code16

stos_64k:
    mov $0x2000, %ax
    mov %ax, %es
1:  mov $0xffff, %cx
    rep stosw
    jmp 1b

    /* ---- DMA ------------------------------------------------------------- */

    .macro dma register, value
    mov $\value, %al
    out %al, $\register
    .endm

dma_memory:
    dma DMA_COMMAND, DMA_CMD_MEMORY
    dma DMA_MODE, (DMA_MODE_BLOCK|DMA_MODE_READ)
    dma DMA_MODE, (DMA_MODE_BLOCK|DMA_MODE_WRITE|1)
    dma (0xc0+2*DMA_MODE), DMA_MODE_CASCADE
    dma (0xc0+2*DMA_ALL_MASK), 0
    dma 0x83, 4 /* the page register of channel 1 */
1:  dma DMA_COUNT(1), 0xff
    dma DMA_COUNT(1), 0xff
    dma DMA_REQUEST, DMA_SET
    jmp 1b

    /* The item ends after a few bytes, and the rest are zeros. */
dma_fw_cfg:
    movl $descriptor, %eax
    bswap %eax
    mov $FW_CFG + FW_CFG_DMA_LOW, %dx
1:  movl $FW_CFG_DMA_CTL_READ << 24, descriptor + FW_CFG_DMA_CONTROL
    out %eax, (%dx)
    jmp 1b

    /* ---- a disk ---------------------------------------------------------- */

    .macro ata register, value
    mov $ATA0 + \register, %dx
    mov $\value, %al
    out %al, (%dx)
    .endm

srst_read:
    mov $ATA0_CONTROL, %dx
    mov $ATA_DC_SRST, %al
    out %al, (%dx)
    mov $0, %al
    out %al, (%dx)
    mov $ATA0 + ATA_STATUS, %dx
1:  in (%dx), %al
    test $ATA_ST_BSY, %al
    jnz 1b
    ata ATA_DEVICE, ATA_DEV_LBA
    ata ATA_COUNT, 128
    ata ATA_COMMAND, ATA_CMD_SET_MULTIPLE
    mov $ATA0 + ATA_STATUS, %dx
1:  in (%dx), %al
    test $ATA_ST_BSY, %al
    jnz 1b
    ata ATA_COUNT, 0
    ata ATA_COMMAND, ATA_CMD_READ_MULTIPLE
    jmp srst_read

    /* ---- what restarts a CPU ------------------------------------------- */

    /* Pages of 4 MiB for all of memory except one. */
    .macro paging
    flat
    mov $PAGES, %edi
    mov $0x83, %eax
    mov $1024, %ecx
1:  stosl
    add $0x400000, %eax
    loop 1b
    movl $0, PAGES + NOWHERE / 0x400000 * 4
    mov $PAGES, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x10, %eax
    mov %eax, %cr4
    mov %cr0, %eax
    or $0x80000000, %eax
    mov %eax, %cr0
    .endm

load_cr3:
    paging
    mov $PAGES, %eax
1:  mov %eax, %cr3
    jmp 1b
    .code16

    /* The page of the page-fault handler is not mapped.  The stack wraps around. */
fault_in_fetch:
    paging
    lidt idt_pointer
    mov $DATA16, %ax
    mov %ax, %ss
    mov $NOWHERE, %eax
    jmp *%eax
    .code16

toggle_a20:
1:  mov $PORT92_A20, %al
    out %al, $FAST_A20
    mov $0, %al
    out %al, $FAST_A20
    jmp 1b

    /* An interrupt that no CPU accepts. */
broadcast_ipi:
    flat
    mov $APIC_MESSAGE_BASE, %edi
    movl $0x1ff, APIC_SVR(%edi)
1:  movl $APIC_ICR_OTHERS | 0x40, APIC_ICR_LOW(%edi)
    jmp 1b
    .code16

    /* ---- data ------------------------------------------------------------ */

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff
    .quad 0x00cf92000000ffff
    .quad 0x000092300000ffff /* 64 KiB at 0x300000, for a 16-bit SP */
gdt_pointer:
    .word . - gdt - 1
    .long gdt

idt:
    .fill 14, 8, 0
    .word NOWHERE & 0xffff, CODE32, 0x8e00, NOWHERE >> 16
idt_pointer:
    .word . - idt - 1
    .long idt

descriptor: /* big-endian: control, 127 MiB, destination 1 MiB */
    .long 0
    .byte 0x07, 0xf0, 0, 0
    .byte 0, 0, 0, 0, 0, 0x10, 0, 0
