/*
 * Takes a non-maskable interrupt: sleeps with every IRQ masked until an NMI comes
 * (QMP's inject-nmi), and then halts for good, which ends the run.
 *
 * First it writes AL to the clock's index port, whose bit 7 blocks NMIs.  So with
 * -flat ax=0x80 the run never ends.
 */
#include "guest.inc"

    .set NMI_VECTOR, 2

    .globl _start
_start:
    cli
    out %al, $RTC
    xor %ax, %ax
    mov %ax, %ds
    set_vector NMI_VECTOR, nmi
    pic_init
1:  sti
    hlt
    jmp 1b

nmi:
    halt_forever
