/* ECX byte reads of port DX (COM1's scratch register if DX starts as 0). */
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
