/* Writes a byte to COM1's scratch register ECX times. */
#include "devices/serial/uart16550_regs.h"
#include "tests/bench/bench.inc"

_start:
    default_count
    mov $0x3f8 + UART_SCR, %dx
1:  out %al, (%dx)
    dec %ecx
    jnz 1b
    bench_end_everywhere
