/* Performs INT and IRET ECX times, in real mode. */
#include "tests/bench/bench.inc"

    .set VECTOR, 0x40

_start:
    default_count
    movw $handler, VECTOR * 4
    movw %cs, VECTOR * 4 + 2
1:  int $VECTOR
    dec %ecx
    jnz 1b
    bench_end_everywhere

handler:
    iret
