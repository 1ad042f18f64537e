/*
 * A diskette that loads a program with its own driver: it programs the floppy
 * controller (82077AA) and channel 2 of the DMA controller (8237A), and the
 * firmware only loads the first sector.
 *
 * The diskette has 1.44 MB.  The program is on side 1 of cylinder 5.  It prints a
 * line, writes it to the last sector of the diskette, reads that back and says
 * whether it is the same.
 */
#include "devices/misc/i8237_regs.h"
#include "devices/storage/i82077aa_regs.h"
#include "src/machine/pc_board.h"
#include "guest.inc"

    .set CYLINDERS, 80
    .set SECTORS, 18
    .set BYTES, 512
    .set BOOT, 0x7c00   /* the address of the first sector */
    .set LOADED, 0x8000 /* the address of side 1 of the cylinder */
    .set COPY, 0xb000
    .set CYLINDER, 5
    .set IRQ_FLOPPY, 6
    .set BIOS_VECTOR, 0x08 /* the vector of IRQ 0 */
    .set GAP, 0x1b
    .set SELECT, FDC_DOR_RESET | FDC_DOR_DMA | FDC_DOR_MOTOR

    /* The offset of cylinder, side and sector in the image. */
    #define PLACE(cylinder, side, sector) (((cylinder)*2 + (side)) * SECTORS + (sector)-1) * BYTES

    .globl _start
_start:
    ljmp $0, $start
start:
    cli
    cld
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $BOOT, %sp
    uart_init
    set_vector BIOS_VECTOR + IRQ_FLOPPY, floppy_irq
    pic_unmask IRQ_FLOPPY
    sti
    call reset
    mov $recalibrate_command, %si
    call seek
    mov $seek_command, %si
    call seek

    mov $LOADED, %bx
    mov $SECTORS * BYTES - 1, %cx
    mov $DMA_MODE_SINGLE | DMA_MODE_WRITE | 2, %al
    call program_dma
    mov $read_command, %si
    call transfer
    jnz failed
    mov $transfer, %bp /* the program is linked at another address */
    jmp LOADED

failed:
    mov $bad, %si
    call puts
    halt_forever

    /* reset: after it the controller interrupts, with a status for each drive. */
reset:
    mov $PORT_FDC + FDC_DOR, %dx
    xor %al, %al
    out %al, (%dx)
    movb $0, interrupted /* clears what the firmware has left */
    mov $SELECT, %al
    out %al, (%dx)
    call await
    mov $4, %cx
1:  mov $sense_command, %si
    call send
    call receive
    loop 1b
    mov $PORT_FDC + FDC_CCR, %dx
    mov $FDC_RATE_500, %al
    out %al, (%dx)
    mov $specify_command, %si
    jmp send

    /* seek: sends the command at SI and gets the status of its interrupt. */
seek:
    call send
    call await
    mov $sense_command, %si
    call send
    jmp receive

    /* transfer: sends the command at SI; ZF: it has succeeded. */
transfer:
    call send
    call await
    call receive
    testb $FDC_ST0_IC, result
    ret

    /*
     * program_dma: AL is the mode, BX the address in the first 64 KiB, CX the
     * number of bytes less one.
     */
program_dma:
    out %al, $DMA_MODE
    out %al, $DMA_CLEAR_FLIP_FLOP
    mov %bl, %al
    out %al, $DMA_ADDRESS(2)
    mov %bh, %al
    out %al, $DMA_ADDRESS(2)
    mov %cl, %al
    out %al, $DMA_COUNT(2)
    mov %ch, %al
    out %al, $DMA_COUNT(2)
    xor %al, %al
    out %al, $DMA_PAGE_2
    mov $2, %al
    out %al, $DMA_MASK
    ret

    /* send: sends the command at SI, which begins with its length.  Changes AX, DX, SI. */
send:
    push %cx
    movzbw (%si), %cx
    inc %si
    movb $0, interrupted
    mov $PORT_FDC + FDC_MSR, %dx
1:  in (%dx), %al
    and $FDC_MSR_RQM | FDC_MSR_DIO, %al
    cmp $FDC_MSR_RQM, %al
    jne 1b
    lodsb
    inc %dx
    out %al, (%dx)
    dec %dx
    loop 1b
    pop %cx
    ret

    /* receive: takes all bytes of the result.  Changes AX, DX, DI. */
receive:
    mov $result, %di
    mov $PORT_FDC + FDC_MSR, %dx
1:  in (%dx), %al
    test $FDC_MSR_RQM, %al
    jz 1b
    test $FDC_MSR_DIO, %al
    jz 2f
    inc %dx
    in (%dx), %al
    dec %dx
    stosb
    jmp 1b
2:  ret

    /* await: halts until the controller interrupts. */
await:
    cli
    cmpb $0, interrupted
    jne 1f
    sti
    hlt
    jmp await
1:  sti
    ret

floppy_irq:
    push %ax
    movb $1, interrupted
    pic_eoi IRQ_FLOPPY
    pop %ax
    iret

    define_putc
    define_puts

specify_command:
    .byte 3, FDC_CMD_SPECIFY, 0xdf, 0x02
recalibrate_command:
    .byte 2, FDC_CMD_RECALIBRATE, 0
seek_command:
    .byte 3, FDC_CMD_SEEK, 0, CYLINDER
sense_command:
    .byte 1, FDC_CMD_SENSE_INTERRUPT
read_command:
    .byte 9, FDC_CMD_READ | FDC_CMD_MFM, FDC_HDS, CYLINDER, 1, 1, 2, SECTORS, GAP, 0xff
bad:
    .asciz "the diskette cannot be read\n"
    .set interrupted, 0x7000
    .set result, 0x7001

    .org BYTES - 2
    .word 0xaa55

    /* ---- side 1 of the cylinder: it runs at LOADED ---- */

    #define AT(label) (label - loaded + LOADED)

    .org PLACE(CYLINDER, 1, 1)
loaded:
    mov $AT(greeting), %si
    call *AT(puts_pointer)
    mov $AT(last_command), %si
    call *AT(seek_pointer)

    mov $AT(greeting), %bx
    mov $DMA_MODE_SINGLE | DMA_MODE_READ | 2, %al
    mov $AT(write_command), %si
    call 3f
    jnz 1f
    mov $COPY, %bx
    mov $DMA_MODE_SINGLE | DMA_MODE_WRITE | 2, %al
    mov $AT(reread_command), %si
    call 3f
    jnz 1f
    mov $AT(greeting), %si
    mov $COPY, %di
    mov $BYTES, %cx
    repe cmpsb
    mov $AT(same), %si
    je 2f
1:  mov $AT(different), %si
2:  call *AT(puts_pointer)
    /* When the motor is off, the written data are safe. */
    mov $PORT_FDC + FDC_DOR, %dx
    mov $FDC_DOR_RESET | FDC_DOR_DMA, %al
    out %al, (%dx)
    halt_forever

    /* Transfers a sector at BX, with mode AL and the command at SI. */
3:  mov $BYTES - 1, %cx
    call *AT(dma_pointer)
    call *%bp
    ret

puts_pointer:
    .word puts
seek_pointer:
    .word seek
dma_pointer:
    .word program_dma
last_command:
    .byte 3, FDC_CMD_SEEK, FDC_HDS, CYLINDERS - 1
write_command:
    .byte 9, FDC_CMD_WRITE | FDC_CMD_MFM, FDC_HDS, CYLINDERS - 1, 1, SECTORS, 2, SECTORS, GAP, 0xff
reread_command:
    .byte 9, FDC_CMD_READ | FDC_CMD_MFM, FDC_HDS, CYLINDERS - 1, 1, SECTORS, 2, SECTORS, GAP, 0xff
same:
    .asciz "the last sector has it too\n"
different:
    .asciz "the last sector could not be written\n"

    /* This is in the last of the sectors that are loaded. */
    .org PLACE(CYLINDER, 1, SECTORS)
greeting:
    .asciz "loaded from cylinder 5, side 1, by DMA\n"

    .org PLACE(CYLINDERS, 0, 1)
