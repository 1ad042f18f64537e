/*
 * One block under translation: what is known at the place of the next
 * instruction. Only the files of this folder use it.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATION_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATION_H

#include "src/accel/soft/translate/emit.h"
#include "src/accel/soft/translate/forms.h"
#include "src/accel/soft/translate/translate.h"
#include "src/accel/soft/x86/cpu.h"

/*
 * Host registers.  Each of the guest's registers has a home (host_home()), and
 * these belong to the translator.  RAX, RCX and R11 hold values within one
 * instruction.
 */
#define HOST_CPU  R15 /* the Cpu */
#define HOST_FUEL R14 /* Cpu.fuel */
#define HOST_AT   R11 /* the address of an operand in memory */

/* Groups of the arithmetic flags. */
#define FLAGS_CARRY 1u
#define FLAGS_REST  2u /* PF AF ZF SF OF */
#define FLAGS_ALL   3u

/* Conditions of Jcc that the translator itself uses. */
#define CONDITION_C  0x2u
#define CONDITION_NC 0x3u
#define CONDITION_Z  0x4u
#define CONDITION_NZ 0x5u
#define CONDITION_A  0x7u
#define CONDITION_L  0xcu

/* How to compute the flags again from registers that have not changed since. */
typedef enum RecipeKind {
    RECIPE_NONE,
    RECIPE_ADD, /* dst is the sum of something and src */
    RECIPE_SUB,
    RECIPE_CMP,
    RECIPE_TEST,
    RECIPE_INC, /* the carry is in Cpu.native_flags */
    RECIPE_DEC,
} RecipeKind;

#define RECIPE_IMMEDIATE 0xffu /* an immediate instead of src */

typedef struct Recipe {
    uint8_t kind, width;
    uint8_t dst, src; /* guest registers */
    uint32_t imm;
} Recipe;

/* How the host's flags after a shift differ from the guest's. */
typedef enum FlagFix {
    FIX_NONE,
    FIX_BY_ONE, /* AF must become 0 */
    FIX_LEFT,   /* AF must become 0, and OF must become SF xor CF */
    FIX_RIGHT,  /* AF and OF must become 0 */
} FlagFix;

/* The places of the guest's arithmetic flags.  Several of them may be valid. */
typedef struct FlagState {
    bool host;        /* in the host's flags, except for `fix` */
    bool saved;       /* in Cpu.native_flags */
    bool carry_saved; /* only CF is there */
    uint8_t fix;
    Recipe recipe;
} FlagState;

#define STUB_FIXUPS 6u
#define STUBS_MAX   (BLOCK_MAX + 8u)

/* The early end of a run: the interpreter executes instruction `at` and those after it. */
typedef struct Stub {
    Fixup fixups[STUB_FIXUPS];
    unsigned fixup_count;
    unsigned at;
    int32_t fuel; /* the fuel that was taken for a block that is not entered */
    TranslateExit reason;
    FlagState flags;
} Stub;

/*
 * What translations depend on in addition to the code.  All depend on whose rights
 * their accesses have, which chooses the TLB, and 64-bit code on nothing else.
 * Flat code has segments of 4 GiB at 0.  Other code checks its segments at each
 * access, and depends on the base and end of CS and the size of the stack pointer.
 */
typedef struct Context {
    size_t tlb; /* its offset in the Cpu */
    bool wide, flat;
    uint32_t stack_mask;
    uint64_t cs_base, cs_end;
} Context;

typedef struct Translation {
    Translator *translator;
    Cpu *cpu;
    Block *block;
    bool wide;
    uint8_t context_number;
    Context context;
    unsigned depth; /* how many blocks are being translated that lead to this one */
    bool counts;    /* the instruction writes HOST_AT to the counter when it leaves */
    Emitter e;
    Form forms[BLOCK_MAX];
    uint8_t live[BLOCK_MAX + 1]; /* groups of flags that are needed before instruction i */
    unsigned at;                 /* the instruction under translation */
    unsigned first;              /* the first instruction of the run */
    uint8_t live_at_start;       /* the flags that are live at the start of the run */
    FlagState flags;
    HostMemory operand; /* of the instruction under translation, if it is in memory */
    bool vectors_enabled, mxcsr_loaded; /* checked in this run; see vector.c */
    const uint8_t *start; /* the address at which the run is entered with the registers in place */
    Stub stubs[STUBS_MAX];
    unsigned stub_count;
} Translation;

static inline const Insn *current(const Translation *t)
{
    return &t->block->insns[t->at];
}

/* Returns RIP at the start of the block. */
static inline uint64_t block_rip(const Translation *t)
{
    return t->wide ? t->block->linear : (uint32_t)(t->block->linear - t->context.cs_base);
}

static inline uint64_t rip_after(const Translation *t, const Insn *insn)
{
    uint64_t rip = block_rip(t) + insn->end;

    return t->wide ? rip : (uint32_t)rip;
}

/* Returns the address of the next instruction, cut to the size of addresses. */
static inline uint64_t next_rip(const Translation *t)
{
    return rip_after(t, current(t));
}

/* Returns the target of a relative branch. */
static inline uint64_t branch_target(const Translation *t, unsigned i)
{
    const Insn *insn = &t->block->insns[i];
    uint64_t rip = rip_after(t, insn) + (uint64_t)(int64_t)(int32_t)insn->imm;
    unsigned width = t->forms[i].width;

    return width == 64 ? rip : width == 32 ? (uint32_t)rip : (uint16_t)rip;
}

static inline LinearAddr linear_of(const Translation *t, uint64_t rip)
{
    return t->wide ? rip : (uint32_t)(t->context.cs_base + rip);
}

/* Returns the number of the general register at a place. */
static inline unsigned guest_register(uint8_t place)
{
    return place / 8u;
}

/* The offset of a field of a segment in the Cpu. */
static inline size_t segment_field(unsigned segment, size_t field)
{
    return offsetof(Cpu, segment) + segment * sizeof(Segment) + field;
}

/* ---- shared.c ---- */

/* Where runs and what all share begin. */
#define RUN_ALIGN 16u

/* The carry and the other flags in the interpreter's form, by the result of LAHF. */
typedef struct FlagsOfByte {
    int64_t result;
    uint64_t carry;
} FlagsOfByte;

typedef struct SharedCode {
    const uint8_t *enter_flat, *enter, *enter64;
    const uint8_t *exits[2][TRANSLATE_EXITS]; /* by the width of the code */
    const uint8_t *mxcsr;                     /* the host's own, a constant */
    FlagsOfByte flags[256];
} SharedCode;

void shared_emit(SharedCode *code, Emitter *e, TranslatorCounts *counts);

/* ---- translate.c ---- */

/* Stores the guest's registers.  It then jumps to RAX, with RCX as the instruction. */
const uint8_t *translator_exit(const Translation *t, TranslateExit reason);
Form translator_form(const Translator *translator, Handler *handler);

/* ---- registers.c ---- */

/* Returns the host register, or -1 if the guest's register stays in the Cpu. */
int host_home(bool wide, unsigned guest);
HostMemory cpu_field(size_t offset);
/* Returns a guest register for reading: its home, or `scratch`, into which it is loaded. */
unsigned use_register(Translation *t, unsigned guest, unsigned scratch);
/* Returns a guest register for writing.  store_register() ends the write. */
unsigned target_register(Translation *t, unsigned guest, unsigned scratch);
void store_register(Translation *t, unsigned guest, unsigned host);
/* Returns the prefixes that an operand width needs. */
unsigned width_prefixes(unsigned width);
/* `opcode` is the opcode of the 8-bit form.  The other forms have bit 0 set. */
void emit_sized_rr(Translation *t, unsigned width, uint8_t opcode, unsigned reg, unsigned rm);
void emit_sized_rm(Translation *t, unsigned width, uint8_t opcode, unsigned reg, HostMemory memory,
                   unsigned after);
/* Writes an immediate of the operand width, at most 32 bits. */
void emit_immediate(Translation *t, unsigned width, uint32_t value);
unsigned immediate_size(unsigned width);
/* Keeps the flags. */
void emit_move(Translation *t, unsigned to, unsigned from);
/* Cuts HOST_AT to 16 bits.  Keeps the flags. */
void emit_cut_address(Translation *t);

/* ---- plan.c ---- */

/* Decides which instructions are translated, and which flags are live. */
void plan_block(Translation *t);
bool plan_reaches_memory(const Translation *t, unsigned i);
/* Returns the guest registers that the instruction changes, as bits. */
uint32_t plan_changes(const Translation *t, unsigned i);
/* Returns the groups of flags that it sets. */
unsigned plan_sets(const Translation *t, unsigned i);
/* Whether it is a rotation, which changes only CF and OF. */
bool plan_rotates(const Form *form);
/* Whether the host's flags survive the instruction. */
bool plan_keeps_host_flags(const Translation *t, unsigned i);
bool plan_may_leave(const Translation *t, unsigned i);
bool plan_branches(const Translation *t, unsigned i);
/* Finds where the block can continue: at most two addresses.  Returns how many. */
unsigned plan_targets(const Translation *t, uint64_t rip[2]);

/* ---- flags.c ---- */

/* Called before an instruction: saves the flags that its exits or later instructions need. */
void flags_prepare(Translation *t);
/* Called after it: notes which flags are still there.  `recipe` may be NULL. */
void flags_after(Translation *t, FlagFix fix, const Recipe *recipe);
/* Puts the flags into the host's flags.  `overflow` says whether OF is needed. */
void flags_need_host(Translation *t, bool overflow);
void flags_need_host_carry(Translation *t);
void flags_need_saved(Translation *t);
/* Makes sure that a stub can rebuild the flags, from saved ones or by a recipe. */
void flags_need_outside_host(Translation *t);
/* Replaces CF and OF in the saved flags by those of a rotation with the result in RCX. */
void flags_save_rotation(Translation *t, unsigned width, bool left);
/* Rebuilds the flags in a stub, where the host's flags are lost. */
void flags_rebuild(Translation *t, FlagState *flags);

/* ---- memory.c ---- */

/* What an access needs in addition to reading, as bits. */
typedef enum MemoryNeeds {
    MEMORY_READ = 0,
    MEMORY_WRITE = 1,
    MEMORY_ALIGNED = 2, /* otherwise the interpreter executes the instruction */
} MemoryNeeds;

/*
 * Finds the operand in the host's memory, or leaves by the stub.  Afterwards
 * t->operand is its place.  It names HOST_AT, and perhaps a register of the guest,
 * so it holds until the instruction changes that register.
 */
void memory_operand(Translation *t, Stub *stub, unsigned bytes, MemoryNeeds needs);
/* Does the same for the guest's address in HOST_AT. */
void memory_at(Translation *t, Stub *stub, unsigned segment, unsigned bytes, MemoryNeeds needs);
/* Does the same for the sum of a host register and a constant, or returns false. */
bool memory_near(Translation *t, Stub *stub, unsigned segment, unsigned base, int32_t disp,
                 unsigned bytes, MemoryNeeds needs);
/* Computes only the guest's address. */
void memory_address(Translation *t);

/* ---- exit.c ---- */

/* Makes a stub for the current instruction. */
Stub *stub_new(Translation *t);
/* The same for a next block that cannot be entered. */
Stub *stub_for_next(Translation *t);
void stub_add(Stub *stub, Fixup fixup);
void stubs_emit(Translation *t);
/* Continues at a constant address, by link `slot`. */
void exit_to(Translation *t, unsigned slot, uint64_t rip);
/*
 * Do the same in two parts, so that the instruction can store its results in
 * between. Keep RAX.  exit_find() returns the block if it is known.
 */
const Block *exit_find(Translation *t, Stub *stub, unsigned slot, uint64_t rip);
/* Does the same for the address in RCX. */
void exit_find_indirect(Translation *t, Stub *stub);
void exit_enter(Translation *t, const Block *known);
/* Leaves because the next instruction is not translated. */
void exit_to_interpreter(Translation *t);

/* ---- body.c ---- */

/* Translates the current instruction. */
void body_emit(Translation *t);

#endif
