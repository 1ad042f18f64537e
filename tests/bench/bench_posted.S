/* Writes a byte to the debug port ECX times.  Such writes may be delivered late. */
#include "tests/bench/bench.inc"

_start:
    default_count
1:  out %al, $0x10
    dec %ecx
    jnz 1b
    bench_end
