/*
 * Decoded instructions, the blocks that hold runs of them, and the pages of
 * code that blocks were made of.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_INSN_H
#define PIOEMU_ACCEL_SOFT_X86_INSN_H

#include "src/cpu/address.h"
#include "src/cpu/cpu_feature.h"
#include "src/cpu/cpu_state.h"

#include <stddef.h>

typedef struct Cpu Cpu;
typedef struct Insn Insn;
typedef struct Block Block;
typedef struct CodeCache CodeCache;
typedef struct InterpAccel InterpAccel;

/*
 * A handler does one instruction and yields the next one to do, or NULL to
 * return to the run loop.  With dispatch by tail call it does not yield but
 * goes there; see NEXT in handlers.h.
 */
typedef const Insn *Handler(Cpu *cpu, const Insn *insn);

/* Insn.prefix */
#define INSN_OP32   0x01u /* operand size is 32 bits */
#define INSN_REP    0x02u
#define INSN_REPNE  0x04u
#define INSN_LOCK   0x08u
#define INSN_MEMORY 0x10u /* the ModRM operand is in memory */
#define INSN_OP64   0x20u /* operand size is 64 bits */

/*
 * A decoded instruction.  dst, src, base and index are byte offsets into
 * Cpu.gpr; base and index are REG_ZERO when there is none.
 *
 * In 64-bit code imm and disp are sign-extended, or together they are one
 * number of 64 bits; a displacement that counts from RIP counts from the
 * block's start, with REG_IP as the base.
 */
struct Insn {
    Handler *handler;
    uint32_t imm;
    uint32_t disp;
    uint32_t address_mask; /* 0xffff or 0xffffffff; in 64-bit code 0 for 32 bits */
    uint16_t start, end;   /* from the start of the block */
    uint8_t after;         /* instructions after this one in the block */
    uint8_t dst, src;
    uint8_t base, index, scale;
    uint8_t segment;
    uint8_t prefix;
};
_Static_assert(sizeof(Insn) == 32, "half a cache line");

#define REG_ZERO      (CPU_GPR_COUNT * 8u)
#define REG_IP        (REG_ZERO + 8u)
#define REG_FAR       (REG_ZERO + 16u)
#define REG_OFFSET(n) ((uint8_t)((n)*8u))
/* Added to a displacement that would not fit 32 bits when it counts from the block. */
#define FAR_DISPLACEMENT UINT64_C(0x40000000)
#define BLOCK_MAX        64u
#define INSN_BYTES_MAX   15u

/* What follows the last instruction of a block, in an Insn's place. */
typedef struct BlockTail {
    Handler *handler; /* goes on after the block */
    Block *link[2];   /* where it went last: fallen through, taken */
    uint16_t end;
    uint16_t count; /* of the block's instructions, which lie before it */
} BlockTail;
_Static_assert(sizeof(BlockTail) <= sizeof(Insn), "takes an Insn's place");

/* Decoded instructions of one page, in a row, that only the last may leave. */
struct Block {
    uint64_t generation; /* Cpu.generation that it may be entered in */
    LinearAddr linear;   /* the address that it may be entered at */
    PhysAddr physical;
    Block *hash_next, *page_next;
    uint8_t *copy;               /* paranoid: the bytes as they were decoded */
    uint16_t count;              /* of instructions */
    uint16_t length;             /* in bytes */
    uint8_t mode;                /* Cpu.mode */
    bool kept;                   /* in the cache; otherwise used at once */
    bool stale;                  /* its bytes changed */
    bool fixed;                  /* not patched but made again */
    const CpuFeatures *features; /* that its instructions were decoded for */
    Insn insns[];                /* each in one cache line of the arena */
};

_Static_assert(sizeof(Block) % sizeof(Insn) == 0, "keeps the arena aligned");

/*
 * Cpu.generation is a number that grows when translations change, and below it
 * what else a block's instructions and the right to run them depend on.
 */
#define GENERATION_MODE UINT64_C(3) /* Cpu.mode / 32 */
#define GENERATION_USER UINT64_C(4) /* the privilege level is 3 */
#define GENERATION_STEP UINT64_C(8)
#define NO_GENERATION   UINT64_MAX

/*
 * The immediate that was patched last, if nothing else was made of its bytes.
 * An instruction is in several blocks where the code was also entered between
 * their beginnings, as a slice does that ends there.
 */
#define PATCHED_MAX 4u
typedef struct Patched {
    uint16_t at, size; /* in the page; size 0: none */
    uint8_t how;       /* IMMEDIATE_SIZE and IMMEDIATE_SIGNED */
    uint8_t from;      /* bytes of the immediate before `at` */
    uint8_t count;
    Insn *insn[PATCHED_MAX];
} Patched;

/* The bytes of a physical page that blocks were made of. */
typedef struct CodePage {
    Patched patched;
    uint64_t bytes[64]; /* a bit per byte */
    Block *blocks[64];  /* by the 64 bytes they begin in, linked by page_next */
    unsigned longest;   /* bytes of the longest of them, or more */
} CodePage;

/* ---- block.c ---- */

/* NULL: the host has no memory. */
CodeCache *code_cache_new(Cpu *cpu);
void code_cache_free(CodeCache *cache);
void code_cache_flush(Cpu *cpu);
/*
 * The block at CS:RIP, which it may be entered at; at most `limit`
 * instructions long.  Raises what fetching raises.
 */
Block *block_find(Cpu *cpu, uint64_t limit);
/*
 * [address, address + size) of one page, which is at `host`, was written by
 * the instruction `by`, which goes on as the one that it began as.
 */
void code_written(CodePage *page, PhysAddr address, const uint8_t *host, size_t size,
                  const Insn *by);
CodePage **code_page_slot(InterpAccel *accel, PhysAddr physical);
/* The instruction in progress reached a device: its block ends with it from now on. */
void block_end_here(Cpu *cpu);

/* ---- decode.c ---- */

typedef enum DecodeResult { DECODE_OK, DECODE_ENDS_BLOCK, DECODE_NEEDS_MORE } DecodeResult;

/* How an immediate is stored, at the end of the instruction; 0: not plainly. */
#define IMMEDIATE_SIZE   0x7u
#define IMMEDIATE_SIGNED 0x8u

/*
 * Decodes one instruction from `size` bytes into `insn` (all but after);
 * `mode` is Cpu.mode, `start` the instruction's place in the block.
 */
DecodeResult decode_insn(const uint8_t *bytes, size_t size, unsigned mode,
                         const CpuFeatures *features, uint16_t start, Insn *insn,
                         uint8_t *immediate);

#endif
