/* Measures the time to the first byte: it writes once to COM1 and ends. */
#include "tests/bench/bench.inc"

_start:
    mov $0x3f8, %dx
    mov $'!', %al
    out %al, (%dx)
    bench_end
