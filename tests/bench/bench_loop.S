/* Runs an empty loop of two instructions ECX times. */
#include "tests/bench/bench.inc"

_start:
    default_count
1:  dec %ecx
    jnz 1b
    bench_end_everywhere
