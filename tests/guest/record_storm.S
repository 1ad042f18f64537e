/*
 * A guest that repeats string instructions at devices for ever.  A test can
 * then reset it, stop it or send it an NMI at any moment.
 *
 * The bytes for the PIT start counts as short as a hundred input clocks or so,
 * so that deadlines fall into the middle of a repetition.
 */
#include "guests/guest.inc"

    .set NMI_VECTOR, 2
    .set BYTES, 3000 /* more than the CPU passes to a device at once */

    guest_start
    movw $nmi, NMI_VECTOR * 4
    movw $0, NMI_VECTOR * 4 + 2
    pic_init
    set_vector IRQ_VECTOR + IRQ_TIMER, tick
    pic_unmask IRQ_TIMER
    uart_set UART_IER, 0
    mov $0x30, %al /* channel 0, both bytes, mode 0: the counter starts when the count is written */
    out %al, $PIT + 3
1:  sti
    mov $counts, %si
    mov $PIT, %dx
    mov $counts_end - counts, %cx
    rep outsb
    mov $counts, %si
    mov $COM1, %dx
    mov $BYTES, %cx
    rep outsb
    mov $buffer, %di
    mov $PORTB, %dx
    mov $BYTES, %cx
    rep insb
    mov $PIT, %dx
    mov $BYTES, %cx
    rep insb
    incw rounds
    testw $15, rounds
    jnz 1b
    hlt
    jmp 1b

tick:
    push %ax
    incw ticks
    pic_eoi IRQ_TIMER
    pop %ax
    iret

nmi:
    incw nmis
    iret

counts:
    .rept 250
    .word 0x8000, 0x4000, 0x2000, 0x1000, 0x800, 0x400
    .endr
    .word 0x0800
counts_end:
rounds:
    .word 0
ticks:
    .word 0
nmis:
    .word 0
buffer:
    .fill BYTES
