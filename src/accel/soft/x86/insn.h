/*
 * Decoded instructions, the blocks that contain runs of them, and the pages of code
 * that blocks were made from.
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
 * A handler executes one instruction.  It returns the next one, or NULL to return
 * to the run loop.  With dispatch by tail call it jumps to the next handler
 * instead; see NEXT in handlers.h.
 */
typedef const Insn *Handler(Cpu *cpu, const Insn *insn);

/* Bits of Insn.prefix. */
#define INSN_OP32   0x01u /* operand size is 32 bits */
#define INSN_REP    0x02u
#define INSN_REPNE  0x04u
#define INSN_LOCK   0x08u
#define INSN_MEMORY 0x10u /* the ModRM operand is in memory */
#define INSN_OP64   0x20u /* operand size is 64 bits */

/*
 * A decoded instruction. dst, src, base and index are byte offsets into Cpu.gpr.
 * base and index are REG_ZERO if there is none.
 *
 * In 64-bit code imm and disp are sign-extended, or together form one number of 64
 * bits.  A displacement relative to RIP is relative to the block's start here, with
 * REG_IP as the base.
 */
struct Insn {
    Handler *handler;
    uint32_t imm;
    uint32_t disp;
    uint32_t address_mask; /* 0xffff or 0xffffffff; in 64-bit code 0 means 32 bits */
    uint16_t start, end;   /* offsets from the start of the block */
    uint8_t after;         /* how many instructions follow in the block */
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
/* Added to a displacement if the displacement relative to the block would not fit into 32 bits. */
#define FAR_DISPLACEMENT UINT64_C(0x40000000)
#define BLOCK_MAX        64u
#define INSN_BYTES_MAX   15u

/* Follows the last instruction of a block, in the place of an Insn. */
typedef struct BlockTail {
    Handler *handler; /* goes on after the block */
    Block *link[2];   /* where it went last: without and with a taken branch */
    uint16_t end;
    uint16_t count; /* how many instructions the block has; they lie before this */
} BlockTail;
_Static_assert(sizeof(BlockTail) <= sizeof(Insn), "takes an Insn's place");

/* Consecutive decoded instructions of one page.  Only the last one may leave the block. */
struct Block {
    uint64_t generation; /* the Cpu.generation in which it may be entered */
    LinearAddr linear;   /* the address at which it may be entered */
    PhysAddr physical;
    Block *hash_next, *page_next;
    union {
        uint8_t *copy;         /* if `copied`: the bytes as they were decoded */
        const uint8_t *native; /* if `context`: where other translated blocks enter it */
        uintptr_t counted;     /* if its entries are counted; see op_count() */
    };
    uint16_t count;              /* of instructions */
    uint16_t length;             /* in bytes */
    uint8_t mode;                /* Cpu.mode */
    uint8_t entries;             /* if counted; see InterpAccel.translate_after */
    uint8_t context;             /* of its translation; 0: not translated.  See translate.h */
    bool kept : 1;               /* in the cache; otherwise it is used only once */
    bool stale : 1;              /* its bytes changed */
    bool fixed : 1;              /* made again after a write instead of patched */
    bool copied : 1;             /* with `paranoid` */
    uint8_t live : 2;            /* which flags its translation needs at the start */
    const CpuFeatures *features; /* the features that its instructions were decoded for */
    Insn insns[];                /* each in a cache line of the arena */
};

_Static_assert(sizeof(Block) % sizeof(Insn) == 0, "keeps the arena aligned");

/*
 * Cpu.generation is a number that grows when translations change.  Its low bits say
 * what else a block's instructions, and the right to run them, depend on.
 */
#define GENERATION_MODE UINT64_C(3) /* Cpu.mode / 32 */
#define GENERATION_USER UINT64_C(4) /* the privilege level is 3 */
#define GENERATION_STEP UINT64_C(8)
#define NO_GENERATION   UINT64_MAX

/*
 * The immediate that was patched last, if its bytes are in no other use.  An
 * instruction is in several blocks if the code was also entered between their
 * beginnings, for example after a slice that ended there.
 */
#define PATCHED_MAX 4u
typedef struct Patched {
    uint16_t at, size; /* within the page; size 0 if none */
    uint8_t how;       /* IMMEDIATE_SIZE and IMMEDIATE_SIGNED */
    uint8_t from;      /* how many bytes of the immediate precede `at` */
    uint8_t count;
    Insn *insn[PATCHED_MAX];
} Patched;

/* The bytes of a physical page that belong to blocks. */
typedef struct CodePage {
    Patched patched;
    uint64_t bytes[64];  /* a bit per byte */
    Block *blocks[64];   /* by the 64 bytes in which they begin, linked by page_next */
    unsigned longest;    /* size in bytes of the longest one, or more */
    uint8_t data_writes; /* a count of writes that found no translation for the page */
} CodePage;

/* After so many, the block that makes the next one is left to the interpreter. */
#define CODE_PAGE_DATA_WRITES 64u

/* ---- block.c, block_make.c and code_page.c ---- */

/* NULL: the host has no memory. */
CodeCache *code_cache_new(Cpu *cpu);
void code_cache_free(CodeCache *cache);
void code_cache_flush(Cpu *cpu);
/*
 * The block at CS:RIP, ready to be entered, with at most `limit` instructions.
 * Raises the faults of the fetch.
 */
Block *block_find(Cpu *cpu, uint64_t limit);
/*
 * The instruction `by` has written [address, address + size) of one page, which is
 * at `host`. It continues as the instruction that it was at its start.
 */
void code_written(const InterpAccel *accel, CodePage *page, PhysAddr address, const uint8_t *host,
                  size_t size, const Insn *by);
/* A block at another address of the same page, or NULL. */
Block *block_near(Cpu *cpu, const Block *block, LinearAddr linear);
/* The handler of an instruction, even while the entries of its block are counted. */
Handler *block_handler(const Block *block, unsigned i);
/* Ends the counting of entries. */
void block_end_count(Block *block);
CodePage **code_page_slot(InterpAccel *accel, PhysAddr physical);
/*
 * The instruction is one of those that often write next to code.  Each time, its
 * block leaves translated code, so the block is faster without.
 */
void block_writes_beside_code(Cpu *cpu, const Insn *insn);
/* The current instruction has reached a device.  From now on its block ends with it. */
void block_end_here(Cpu *cpu);

/* ---- make_insn.c ---- */

typedef enum DecodeResult { DECODE_OK, DECODE_ENDS_BLOCK, DECODE_NEEDS_MORE } DecodeResult;

/* How an immediate is stored at the end of the instruction. 0: in no simple way. */
#define IMMEDIATE_SIZE   0x7u
#define IMMEDIATE_SIGNED 0x8u

/*
 * Decodes one instruction from `size` bytes into `insn` (except `after`).  `mode`
 * is Cpu.mode, and `start` is the instruction's place in the block.
 */
DecodeResult decode_insn(const uint8_t *bytes, size_t size, unsigned mode,
                         const CpuFeatures *features, uint16_t start, Insn *insn,
                         uint8_t *immediate);

#endif
