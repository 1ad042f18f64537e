/*
 * A running clock on the terminal: it prints the time again at each update-ended
 * interrupt of the real-time clock, for ever, and the CPU halts in between.
 */
#include "guest.inc"

    guest_start
    uart_init
    rtc_probe
    jz 1f
    say "clock: no clock answers\n"
    halt_forever

1:  pic_init
    set_vector IRQ_VECTOR + IRQ_RTC, clock_irq
    pic_unmask IRQ_RTC
    rtc_enable_update_interrupt
2:  call put_time
    mov $'\r', %al
    call putc
3:  cli
    cmpb $0, updated
    jne 4f
    sti
    hlt
    jmp 3b
4:  movb $0, updated
    sti
    jmp 2b

clock_irq:
    push %ax
    mov $RTC_C, %al
    call rtc_read
    movb $1, updated
    pic_eoi IRQ_RTC
    pop %ax
    iret

    define_putc
    define_puts
    define_rtc_read
    define_put_time

updated:
    .byte 0
