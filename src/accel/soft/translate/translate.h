/*
 * The translator: makes host code of runs of instructions in blocks that are
 * entered often.
 *
 * A translated run takes the place of its first instruction's handler.  It loads
 * the guest's registers into registers of the host, executes the run, and goes on
 * at the next translated block with the registers in place.  Everything else is
 * left to the interpreter: when an access misses the translation cache, when the
 * fuel does not suffice, or when the next instruction has no translation, the run
 * stores the registers and calls the interpreter's handler of that instruction, as
 * if the run had ended before it.  So what may fault, reach a device or change
 * code, the interpreter does, and both engines have the same state after the same
 * number of instructions.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATE_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATE_H

#include "src/accel/soft/x86/insn.h"

#include <glib.h>

typedef struct Translator Translator;

/*
 * NULL: the host does not let us make code; `error` says why.  `near` is the memory
 * of the blocks.  Memory is committed as it is used.
 */
Translator *translator_new(const void *near, GError **error);
void translator_free(Translator *translator);
/* Drops all translations; the blocks are dropped with them. */
void translator_empty(Translator *translator);
/* Whether there is room for one more block. */
bool translator_has_room(const Translator *translator);
/*
 * Translates the runs of a block that is kept and is at CS:RIP, and blocks that it
 * goes on to.  Block.context is then what the translation depends on beside the
 * code: the number of a combination of segments.
 */
void translate_block(Translator *translator, Cpu *cpu, Block *block);
/* Gives the block to the interpreter again. */
void translate_drop(const Translator *translator, Block *block);

#endif
