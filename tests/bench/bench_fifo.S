/*
 * Writes ECX bytes to COM1 through its FIFO: sixteen for each read of the line
 * status, as an interrupt handler or an efficient console does.  Lines have 63
 * characters.
 */
#include "devices/serial/uart16550_regs.h"
#include "tests/bench/bench.inc"

    .set COM1, 0x3f8

_start:
    default_count
    mov $COM1 + UART_FCR, %dx
    mov $UART_FCR_ENABLE, %al
    out %al, (%dx)
    mov $'0', %bl
1:  mov $COM1 + UART_LSR, %dx
2:  in (%dx), %al
    test $UART_LSR_THRE, %al
    jz 2b
    mov $COM1 + UART_THR, %dx
    mov $UART_FIFO_SIZE, %bh
3:  mov %bl, %al
    inc %bl
    cmp $'0' + 64, %bl
    jne 4f
    mov $'0', %bl
    mov $'\n', %al
4:  out %al, (%dx)
    dec %ecx
    jz 5f
    dec %bh
    jnz 3b
    jmp 1b
5:  hlt
