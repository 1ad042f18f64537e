/* Stores into the immediate of the next instruction ECX times. */
#include "tests/bench/bench.inc"

_start:
    default_count
1:  mov %cl, 2f - 1
    mov $0, %al
2:  dec %ecx
    jnz 1b
    bench_end_everywhere
