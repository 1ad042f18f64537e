/* Used in a build without a disassembler library. */
#include "src/cpu/disasm.h"

bool disasm_available(void)
{
    return false;
}

size_t disasm_insn(GString *text, unsigned bits, uint64_t address, const uint8_t *bytes,
                   size_t size)
{
    (void)text;
    (void)bits;
    (void)address;
    (void)bytes;
    (void)size;
    return 0;
}
