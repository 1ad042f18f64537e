/*
 * Sends back every byte that arrives on COM1, for ever, by polling.
 *
 * It reads the receiver only if a byte is there, and writes the transmitter only if
 * it is free.  The FIFOs stay off, because turning them on would clear what has
 * already arrived.
 */
#include "guest.inc"

    .globl _start
_start:
    uart_init
receive:
    mov $COM1 + UART_LSR, %dx
1:  in (%dx), %al
    test $UART_LSR_DR, %al
    jz 1b
    mov $COM1 + UART_RBR, %dx
    in (%dx), %al
    mov %al, %bl
    mov $COM1 + UART_LSR, %dx
2:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 2b
    mov $COM1 + UART_THR, %dx
    mov %bl, %al
    out %al, (%dx)
    jmp receive
