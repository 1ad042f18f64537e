/*
 * Timer ticks as the guest sees them: PIT channel 0 in mode 2 runs at ECX ticks per
 * second (1000 if it starts as 0) until EDX ticks have come (10000 if 0, at most
 * 30000).
 *
 * The handler reads how far the counter has counted since the tick.  At the end
 * COM1 gets, little-endian: the reload value and the number of ticks (16 bits
 * each), the time-stamp counter at the first and the last tick (64 bits each), and
 * for each tick how far the counter had counted (16 bits).
 */
#include "guests/guest.inc"

    .set SAMPLES, 0x2000 /* segment */
    .set TICKS_MAX, 30000

    .globl _start
_start:
    cli
    cld
    test %ecx, %ecx
    jnz 1f
    mov $1000, %ecx
1:  test %edx, %edx
    jnz 2f
    mov $10000, %edx
2:  mov %dx, ticks
    mov %dx, left
    mov $PIT_CLOCK_HZ, %eax
    xor %edx, %edx
    div %ecx
    mov %ax, reload
    mov $SAMPLES, %ax
    mov %ax, %es
    pic_init
    set_vector IRQ_VECTOR + IRQ_TIMER, timer_irq
    xor %di, %di
    mov reload, %cx
    pit_start_cx
    pic_unmask IRQ_TIMER
3:  sti
    hlt
    cli
    cmpw $0, left
    jne 3b

    mov $reload, %si
    mov $(report_end - reload), %cx
    call send
    push %es
    pop %ds
    xor %si, %si
    mov %di, %cx
    call send
    halt_forever

/* Sends CX bytes at DS:SI to COM1. */
send:
    mov $COM1 + UART_LSR, %dx
1:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 1b
    mov $COM1 + UART_THR, %dx
    lodsb
    out %al, (%dx)
    loop send
    ret

timer_irq:
    mov $PIT_CW_RW_LATCH, %al
    out %al, $PIT + PIT_CONTROL
    in $PIT, %al
    mov %al, %bl
    in $PIT, %al
    mov %al, %bh
    mov reload, %ax
    sub %bx, %ax
    stosw
    rdtsc
    mov left, %bx
    cmp ticks, %bx
    jne 1f
    mov %eax, first
    mov %edx, first + 4
1:  mov %eax, last
    mov %edx, last + 4
    decw left
    jnz 2f
    mov $0xff, %al
    out %al, $PIC1 + PIC_DATA
2:  pic_eoi IRQ_TIMER
    iret

    .balign 4
left:
    .word 0
reload:
    .word 0
ticks:
    .word 0
first:
    .quad 0
last:
    .quad 0
report_end:
