/*
 * The translator: it makes host code from runs of instructions in blocks that
 * are entered often.
 *
 * A translated run replaces the handler of its first instruction.  It loads
 * the guest's registers into host registers, executes the run, and continues
 * with the next translated block without storing them.  Everything else is
 * left to the interpreter.  If an access misses the TLB, if the fuel is not
 * enough, or if the next instruction has no translation, the run stores the
 * registers and calls the interpreter's handler for that instruction, as if
 * the run had ended before it.  So only the interpreter executes what faults,
 * reaches a device or changes code, and both engines have the same state after
 * the same number of instructions.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATE_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATE_H

#include "src/accel/soft/x86/insn.h"

#include <glib.h>

typedef struct Translator Translator;

/* Why the interpreter takes over from translated code. */
typedef enum TranslateExit {
    TRANSLATE_EXIT_ACCESS, /* an operand: TLB miss, device, code, limit of a segment */
    TRANSLATE_EXIT_NEXT,   /* the next block is not translated or not found, or the fuel is short */
    TRANSLATE_EXIT_FORM,   /* the next instruction has no translation */
    TRANSLATE_EXIT_OTHER,  /* a quotient that does not fit, or the state of SSE */
    TRANSLATE_EXITS
} TranslateExit;

/* What has been translated since the start, and how translated code was used. */
typedef struct TranslatorCounts {
    uint64_t blocks, instructions; /* the instructions in translated runs */
    uint64_t flushes;
    uint64_t entries; /* from the interpreter */
    uint64_t exits[TRANSLATE_EXITS];
} TranslatorCounts;

/*
 * Returns NULL with an error if the host does not allow us to make code.
 * `near` is the memory of the blocks.  Memory is committed as it is used.
 */
Translator *translator_new(const void *near, GError **error);
void translator_free(Translator *translator);
/* Drops all translations.  The caller drops the blocks, too. */
void translator_empty(Translator *translator);
const TranslatorCounts *translator_counts(const Translator *translator);
/* How much of the memory is used, in bytes.  `*size` is all of it. */
size_t translator_used(const Translator *translator, size_t *size);
/* Whether there is room for one more block. */
bool translator_has_room(const Translator *translator);
/*
 * Translates the runs of a block that is kept and is at CS:RIP, and its
 * successors.  Their entries are no longer counted. Block.context is set to the number of what the
 * translation depends on in addition to the code, which is a combination of segments.
 */
void translate_block(Translator *translator, Cpu *cpu, Block *block);
/* Makes the interpreter execute the block again. */
void translate_drop(const Translator *translator, Block *block);

#endif
