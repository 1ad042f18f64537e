/*
 * Computes for a while, and then sleeps for one tick of the timer.
 *
 * CX is how often 65,536 turns of a loop are made (1000 times if it starts as 0).
 */
#include "guest.inc"

    .set DEFAULT_ROUNDS, 1000

    guest_start
    test %cx, %cx
    jnz 1f
    mov $DEFAULT_ROUNDS, %cx
1:  mov $0x10000, %eax
2:  dec %eax
    jnz 2b
    loop 1b

    uart_init
    say "computed\n"
    set_vector IRQ_VECTOR + IRQ_TIMER, timer_irq
    pic_init /* forgets the ticks of the computation */
    pic_unmask IRQ_TIMER
    sti
    hlt
    say "slept\n"
    halt_forever

timer_irq:
    push %ax
    pic_eoi IRQ_TIMER
    pop %ax
    iret

    define_putc
    define_puts
