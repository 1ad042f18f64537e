/*
 * Interrupt delivery: the timer runs at ECX ticks per second (1000 if it starts as
 * 0) until EDX interrupts have come (1000 if 0).  The CPU halts in between.
 *
 * The handler first writes to COM1's scratch register.  There a host can measure
 * latency or loss.
 */
#include "guests/guest.inc"

    .globl _start
_start:
    cli
    cld
    test %ecx, %ecx
    jnz 1f
    mov $1000, %ecx
1:  test %edx, %edx
    jnz 2f
    mov $1000, %edx
2:  mov %edx, left
    mov $PIT_CLOCK_HZ, %eax
    xor %edx, %edx
    div %ecx
    mov %ax, %bx
    pic_init
    set_vector IRQ_VECTOR + IRQ_TIMER, timer_irq
    mov %bx, %cx
    pit_start_cx
    pic_unmask IRQ_TIMER
    mov $COM1 + UART_SCR, %dx
3:  sti
    hlt
    cli
    cmpl $0, left
    jne 3b
    halt_forever

timer_irq:
    out %al, (%dx)
    decl left
    pic_eoi IRQ_TIMER
    iret

    .balign 4
left:
    .long 0
