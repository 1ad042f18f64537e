/*
 * Counts the interrupts of PIT channel 0 through the interrupt controller, and
 * compares them with the seconds of the clock.
 *
 * CX is the rate in ticks per second (1000 if it starts as 0), DX the number of
 * seconds (3 if 0).  Both sources are interrupts, and the CPU halts in between.
 */
#include "guest.inc"

    .set DEFAULT_RATE, 1000
    .set DEFAULT_SECONDS, 3
    .set LOWEST_RATE, 19 /* the lowest rate with a 16-bit divisor */

    guest_start
    jcxz 1f
    mov %cx, rate
1:  test %dx, %dx
    jz 2f
    mov %dx, seconds
2:  uart_init
    rtc_probe
    jz 3f
    say "timer: no clock answers\n"
    halt_forever
3:  cmpw $LOWEST_RATE, rate
    jae 4f
    say "timer: the rate in CX has to be 19 to 65535\n"
    halt_forever

4:  pic_init
    set_vector IRQ_VECTOR + IRQ_TIMER, timer_irq
    set_vector IRQ_VECTOR + IRQ_RTC, clock_irq
    mov $PIT_CLOCK_HZ, %eax
    movzwl rate, %ebx
    mov %ebx, %edx
    shr $1, %edx
    add %edx, %eax
    xor %edx, %edx
    div %ebx
    mov %ax, %cx
    pit_start_cx
    pic_unmask IRQ_TIMER
    pic_unmask IRQ_RTC
    rtc_enable_update_interrupt

    call wait_second
    mov %eax, %ebp /* the count at the start */
    mov %eax, %ebx
    xor %cx, %cx
1:  call wait_second
    inc %cx
    push %eax
    say "second "
    movzwl %cx, %eax
    call put_decimal
    say ": "
    pop %eax
    mov %eax, %edx
    sub %ebx, %eax
    mov %edx, %ebx
    call put_decimal
    say " ticks\n"
    cmp seconds, %cx
    jb 1b

    mov %ebx, %eax
    sub %ebp, %eax
    call put_decimal
    say " ticks in "
    movzwl %cx, %eax
    call put_decimal
    say " seconds, "
    movzwl rate, %eax
    call put_decimal
    say " a second asked for\n"
    halt_forever

    /* EAX = the ticks up to the end of the current second. */
wait_second:
    cli
    cmpb $0, second_ended
    jne 1f
    sti
    hlt
    jmp wait_second
1:  movb $0, second_ended
    mov second_ticks, %eax
    sti
    ret

timer_irq:
    push %ax
    incl ticks
    pic_eoi IRQ_TIMER
    pop %ax
    iret

clock_irq:
    push %eax
    mov $RTC_C, %al
    call rtc_read
    test $RTC_C_UF, %al
    jz 1f
    mov ticks, %eax
    mov %eax, second_ticks
    movb $1, second_ended
1:  pic_eoi IRQ_RTC
    pop %eax
    iret

    define_putc
    define_puts
    define_put_decimal
    define_rtc_read

    .balign 4
ticks:
    .long 0
second_ticks:
    .long 0
rate:
    .word DEFAULT_RATE
seconds:
    .word DEFAULT_SECONDS
second_ended:
    .byte 0
