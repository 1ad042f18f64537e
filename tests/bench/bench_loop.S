/* ECX turns of an empty loop: two instructions each. */
#include "tests/bench/bench.inc"

_start:
    default_count
1:  dec %ecx
    jnz 1b
    bench_end_everywhere
