/* A machine that only takes ECX timer ticks a second, for ever.  It sends one byte first. */
#include "guests/guest.inc"

    .globl _start
_start:
    cli
    mov $PIT_CLOCK_HZ, %eax
    xor %edx, %edx
    div %ecx
    mov %ax, %bx
    pic_init
    set_vector IRQ_VECTOR + IRQ_TIMER, timer_irq
    mov %bx, %cx
    pit_start_cx
    pic_unmask IRQ_TIMER
    mov $COM1 + UART_THR, %dx
    mov $'!', %al
    out %al, (%dx)
1:  sti
    hlt
    jmp 1b

timer_irq:
    pic_eoi IRQ_TIMER
    iret
