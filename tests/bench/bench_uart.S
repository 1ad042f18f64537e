/*
 * Writes ECX bytes to COM1, each after the line status says that the transmitter is
 * free.  This is the cost of a polling console.  Lines have 63 characters.
 */
#include "devices/serial/uart16550_regs.h"
#include "tests/bench/bench.inc"

    .set COM1, 0x3f8

_start:
    default_count
    mov $'0', %bl
1:  mov $COM1 + UART_LSR, %dx
2:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 2b
    mov $COM1 + UART_THR, %dx
    mov %bl, %al
    inc %bl
    cmp $'0' + 64, %bl
    jne 3f
    mov $'0', %bl
    mov $'\n', %al
3:  out %al, (%dx)
    dec %ecx
    jnz 1b
    bench_end
