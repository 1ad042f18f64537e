/*
 * ECX byte writes to port DX (COM1's scratch register if DX starts as 0),
 * which a device answers from its own state.
 */
#include "tests/bench/bench.inc"

_start:
    default_count
    test %dx, %dx
    jnz 1f
    mov $0x3ff, %dx
1:  out %al, (%dx)
    dec %ecx
    jnz 1b
    bench_end
