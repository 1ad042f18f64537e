/*
 * Reads a byte from port DX ECX times.  If DX is 0 at the start, the port is
 * COM1's scratch register.
 */
#include "tests/bench/bench.inc"

_start:
    default_count
    test %dx, %dx
    jnz 1f
    mov $0x3ff, %dx
1:  in (%dx), %al
    dec %ecx
    jnz 1b
    bench_end
