/*
 * Writes a byte to port DX ECX times.  If DX is 0 at the start, the port is
 * COM1's scratch register, which the device handles in its own state only.
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
