/* The time to the first byte: one write to COM1, then the end. */
#include "tests/bench/bench.inc"

_start:
    mov $0x3f8, %dx
    mov $'!', %al
    out %al, (%dx)
    bench_end
