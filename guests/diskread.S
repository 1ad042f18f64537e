/*
 * Reads the first sectors of the first hard disk with its own driver and prints
 * their checksums, which are the sums of their 32-bit words.
 *
 * CX is the number of sectors (4 if it starts as 0, at most 255).  One command
 * reads all of them.  Each one causes an interrupt, and the CPU halts in between.
 */
#include "guest.inc"

    .set DEFAULT_SECTORS, 4
    .set SECTOR, 0x2000 /* the address of the data */

    guest_start
    jcxz 1f
    mov %cl, sectors
1:  uart_init
    pic_init
    set_vector IRQ_VECTOR + IRQ_ATA0, disk_irq
    pic_unmask IRQ_ATA0
    sti

    mov $ATA_DEV_LBA, %al
    mov $ATA0 + ATA_DEVICE, %dx
    out %al, (%dx)
    mov $ATA0_CONTROL, %dx
    xor %al, %al /* enables interrupts */
    out %al, (%dx)
    in (%dx), %al
    test $ATA_ST_BSY | ATA_ST_DRDY, %al
    jz no_disk
    cmp $0x7f, %al
    je no_disk

    mov $ATA_CMD_IDENTIFY, %al
    call command
    call take_sector
    jc failed
    say "disk: "
    mov SECTOR + 60 * 2, %eax
    call put_decimal
    say " sectors\n"

    mov $ATA0 + ATA_COUNT, %dx
    mov sectors, %al
    out %al, (%dx)
    xor %al, %al
    mov $ATA0 + ATA_LBA_LOW, %dx
    out %al, (%dx)
    inc %dx
    out %al, (%dx)
    inc %dx
    out %al, (%dx)
    mov $ATA_CMD_READ, %al
    call command
    xor %ebp, %ebp
1:  call take_sector
    jc failed
    say "sector "
    mov %ebp, %eax
    call put_decimal
    say ": "
    call checksum
    mov $8, %cl
    call put_hex
    say "\n"
    inc %bp
    mov %bp, %ax
    cmp sectors, %al
    jb 1b
    halt_forever

no_disk:
    say "no disk (-hda FILE)\n"
    halt_forever

failed:
    say "disk error, status "
    movzbl status, %eax
    mov $2, %cl
    call put_hex
    say "\n"
    halt_forever

    /* command: starts the command AL when the drive is free.  Changes DX. */
command:
    push %ax
    mov $ATA0_CONTROL, %dx
1:  in (%dx), %al
    test $ATA_ST_BSY, %al
    jnz 1b
    pop %ax
    mov $ATA0 + ATA_COMMAND, %dx
    out %al, (%dx)
    ret

    /*
     * take_sector: waits for an interrupt and takes the data; carry: an error.
     * Changes AX, CX, DX, DI.
     */
take_sector:
    cli
    cmpb $0, interrupted
    jne 1f
    sti
    hlt
    jmp take_sector
1:  movb $0, interrupted
    sti
    testb $ATA_ST_ERR, status
    jnz 2f
    mov $SECTOR, %di
    mov $ATA_SECTOR_SIZE / 2, %cx
    mov $ATA0 + ATA_DATA, %dx
    rep insw
    clc
    ret
2:  stc
    ret

    /* checksum: EAX = the sum of the sector's words.  Changes CX, SI. */
checksum:
    xor %eax, %eax
    mov $SECTOR, %si
    mov $ATA_SECTOR_SIZE / 4, %cx
1:  add (%si), %eax
    add $4, %si
    loop 1b
    ret

    /* Reading the status acknowledges the interrupt. */
disk_irq:
    push %ax
    push %dx
    mov $ATA0 + ATA_STATUS, %dx
    in (%dx), %al
    mov %al, status
    movb $1, interrupted
    pic_eoi IRQ_ATA0
    pop %dx
    pop %ax
    iret

    define_putc
    define_puts
    define_put_decimal
    define_put_hex

sectors:
    .byte DEFAULT_SECTORS
status:
    .byte 0
interrupted:
    .byte 0
