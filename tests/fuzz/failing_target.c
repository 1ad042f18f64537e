/*
 * A fuzz target that fails for any input with an 'X'. check-corpus.sh checks what
 * is printed then.
 */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (memchr(data, 'X', size)) {
        abort();
    }
    return 0;
}
