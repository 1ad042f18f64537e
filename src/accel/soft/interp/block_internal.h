/*
 * What block.c, block_make.c and code_page.c share.
 */
#ifndef PIOEMU_ACCEL_SOFT_INTERP_BLOCK_INTERNAL_H
#define PIOEMU_ACCEL_SOFT_INTERP_BLOCK_INTERNAL_H

#include "src/accel/soft/x86/cpu.h"

#define SINGLE_SIZE (sizeof(Block) + 2 * sizeof(Insn))
#define CROSS_PAGES 64u /* a power of two */

/* An instruction across two pages, with its bytes.  Writes to them are not noticed. */
typedef struct CrossPage {
    uint8_t bytes[INSN_BYTES_MAX];
    _Alignas(Block) uint8_t room[SINGLE_SIZE]; /* room for a Block of one instruction */
} CrossPage;

struct CodeCache {
    CrossPage cross_pages[CROSS_PAGES];
    Block **hash;       /* the first block of each list */
    unsigned hash_bits; /* log2 of the number of lists */
    size_t block_count; /* in all lists, with stale blocks */
    Block *scratch;     /* for blocks that are not kept */
};

/* The instruction bytes at CS:EIP. */
typedef struct Fetch {
    const uint8_t *bytes; /* NULL: not in memory */
    LinearAddr linear;
    PhysAddr physical;
    size_t in_page;  /* bytes up to the end of the page or the segment */
    size_t in_limit; /* bytes up to the end of the segment, at most 15 */
} Fetch;

/* How each instruction's immediate is stored.  The array follows the tail. */
static inline uint8_t *immediates_of(Block *block)
{
    return (uint8_t *)&block->insns[block->count + 1];
}

/* ---- block.c ---- */

/* Adds a block to the cache. */
void block_hash_add(CodeCache *cache, Block *block);

/* ---- block_make.c ---- */

/* Decodes the block at CS:RIP.  It is in the cache afterwards if it can be kept. */
Block *block_make(Cpu *cpu, const Fetch *fetch);
/*
 * Makes a block that is used at once and not kept.  Writes to its bytes are not
 * noticed, so it has only one instruction.  `known`: the instruction is part of a
 * block that is kept.
 */
Block *block_make_scratch(Cpu *cpu, const Fetch *fetch, bool known);

/* ---- code_page.c ---- */

/* Stale blocks stay in the hash table, where searches skip them. */
void block_make_stale(Block *block);
/* Code that changes is left to the interpreter, which patches it in place. */
void block_untranslate(const InterpAccel *accel, Block *block);
/* Marks the bytes that belong to a block. */
void code_page_mark(CodePage *page, uint64_t address, size_t size);

#endif
