/*
 * Writes ECX bytes to each of COM1 to COM4 in turn, each after its line status says
 * that the transmitter is free.
 */
#include "devices/serial/uart16550_regs.h"
#include "tests/bench/bench.inc"

    .macro put_to port
    mov $\port + UART_LSR, %dx
1:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 1b
    mov $\port + UART_THR, %dx
    mov $'x', %al
    out %al, (%dx)
    .endm

_start:
    default_count
2:  put_to 0x3f8
    put_to 0x2f8
    put_to 0x3e8
    put_to 0x2e8
    dec %ecx
    jnz 2b
    hlt
