/*
 * Instructions as text.  It works if a disassembler library was available when
 * pioemu was built (meson's option `disassembler`).
 */
#ifndef PIOEMU_CPU_DISASM_H
#define PIOEMU_CPU_DISASM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

bool disasm_available(void);

/*
 * Appends the text, in Intel's syntax, of the instruction that begins at `bytes`.
 * `bits` is the size of the code: 16, 32 or 64.  Returns the instruction's length.
 * Returns 0 and appends nothing if the `size` bytes are not an instruction or there
 * is no library.
 */
size_t disasm_insn(GString *text, unsigned bits, uint64_t address, const uint8_t *bytes,
                   size_t size);

#endif
