/*
 * One block under translation: what is known at the place of the next instruction.
 * For the files of this folder alone.
 */
#ifndef PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATION_H
#define PIOEMU_ACCEL_SOFT_TRANSLATE_TRANSLATION_H

#include "src/accel/soft/translate/emit.h"
#include "src/accel/soft/translate/forms.h"
#include "src/accel/soft/translate/translate.h"
#include "src/accel/soft/x86/cpu.h"

/*
 * Registers of the host.  The guest's registers have a home each (host_home());
 * these are for the translator.  RAX, RCX and R11 hold values for one instruction.
 */
#define HOST_CPU  R15 /* the Cpu */
#define HOST_FUEL R14 /* Cpu.fuel */
#define HOST_TLB  R13 /* Cpu.tlb; in 64-bit code this is a guest's register */
#define HOST_AT   R11 /* the address of an operand in memory */

/* Groups of the arithmetic flags. */
#define FLAGS_CARRY 1u
#define FLAGS_REST  2u /* PF AF ZF SF OF */
#define FLAGS_ALL   3u

/* Conditions of Jcc that the translator itself uses. */
#define CONDITION_C  0x2u
#define CONDITION_NC 0x3u
#define CONDITION_NZ 0x5u
#define CONDITION_A  0x7u
#define CONDITION_S  0x8u
#define CONDITION_NS 0x9u
#define CONDITION_L  0xcu

/* How to compute the flags again, from registers that have not changed since. */
typedef enum RecipeKind {
    RECIPE_NONE,
    RECIPE_ADD, /* dst is the sum of something and src */
    RECIPE_SUB,
    RECIPE_CMP,
    RECIPE_TEST,
    RECIPE_INC, /* the carry is in Cpu.native_flags */
    RECIPE_DEC,
} RecipeKind;

#define RECIPE_IMMEDIATE 0xffu /* in place of src */

typedef struct Recipe {
    uint8_t kind, width;
    uint8_t dst, src; /* guest registers */
    uint32_t imm;
} Recipe;

/* How the host's flags after a shift differ from those of our CPU. */
typedef enum FlagFix {
    FIX_NONE,
    FIX_BY_ONE, /* AF is to be 0 */
    FIX_LEFT,   /* AF is to be 0, OF is SF xor CF */
    FIX_RIGHT,  /* AF and OF are to be 0 */
} FlagFix;

/* Where the guest's arithmetic flags are. Several places may hold them. */
typedef struct FlagState {
    bool host;        /* in the host's flags, but for `fix` */
    bool saved;       /* in Cpu.native_flags */
    bool carry_saved; /* CF alone is there */
    uint8_t fix;
    Recipe recipe;
} FlagState;

#define STUB_FIXUPS 6u
#define STUBS_MAX   (BLOCK_MAX + 4u)

/* Where a run ends early: the interpreter does instruction `at` and what follows. */
typedef struct Stub {
    Fixup fixups[STUB_FIXUPS];
    unsigned fixup_count;
    unsigned at;
    int32_t fuel; /* taken for a block that is not entered */
    FlagState flags;
} Stub;

typedef struct Translation {
    Translator *translator;
    const Cpu *cpu;
    Block *block;
    bool wide;
    Emitter e;
    Form forms[BLOCK_MAX];
    uint8_t live[BLOCK_MAX + 1]; /* groups of flags that are needed before instruction i */
    unsigned at;                 /* the instruction under translation */
    unsigned first;              /* of the run */
    uint8_t live_at_start;       /* of the run */
    FlagState flags;
    const uint8_t *start; /* where the run is entered with the registers in place */
    Stub stubs[STUBS_MAX];
    unsigned stub_count;
} Translation;

static inline const Insn *current(const Translation *t)
{
    return &t->block->insns[t->at];
}

/* The guest's address of the block's start. */
static inline uint64_t block_rip(const Translation *t)
{
    return t->block->linear;
}

/* Where code goes on after the instruction, cut to the size of addresses. */
static inline uint64_t next_rip(const Translation *t)
{
    uint64_t rip = block_rip(t) + current(t)->end;

    return t->wide ? rip : (uint32_t)rip;
}

/* The number of a general register from its place. */
static inline unsigned guest_register(uint8_t place)
{
    return place / 8u;
}

/* ---- translate.c: what all translations share ---- */

/* Stores the guest's registers.  RAX is then jumped to, with RCX as the instruction. */
const uint8_t *translator_exit(const Translation *t);
Form translator_form(const Translator *translator, Handler *handler);

/* ---- registers.c ---- */

/* The register of the host, or -1 if the guest's register stays in the Cpu. */
int host_home(bool wide, unsigned guest);
HostMemory cpu_field(size_t offset);
/* A guest's register for reading: its home, or `scratch`, into which it is loaded. */
unsigned use_register(Translation *t, unsigned guest, unsigned scratch);
/* The same for writing.  store_register() ends it. */
unsigned target_register(Translation *t, unsigned guest, unsigned scratch);
void store_register(Translation *t, unsigned guest, unsigned host);
/* The prefixes that an operand width asks for. */
unsigned width_prefixes(unsigned width);
/* `opcode` is that of the 8-bit form; the others have bit 0 set. */
void emit_sized_rr(Translation *t, unsigned width, uint8_t opcode, unsigned reg, unsigned rm);
void emit_sized_rm(Translation *t, unsigned width, uint8_t opcode, unsigned reg, HostMemory memory,
                   unsigned after);
/* An immediate of the operand width, at most 32 bits. */
void emit_immediate(Translation *t, unsigned width, uint32_t value);
unsigned immediate_size(unsigned width);
/* Keeps the flags. */
void emit_move(Translation *t, unsigned to, unsigned from);

/* ---- plan.c ---- */

/* Which instructions are translated, and which flags are live. */
void plan_block(Translation *t);
bool plan_reaches_memory(const Translation *t, unsigned i);
/* Guest registers that the instruction changes, as bits. */
uint32_t plan_changes(const Translation *t, unsigned i);
/* The groups of flags that it sets. */
unsigned plan_sets(const Translation *t, unsigned i);
/* Whether the host's flags survive it. */
bool plan_keeps_host_flags(const Translation *t, unsigned i);
bool plan_may_leave(const Translation *t, unsigned i);

/* ---- flags.c ---- */

/* Before an instruction: saves what its exits or what comes after it need. */
void flags_prepare(Translation *t);
/* After it: what is still there.  `recipe` may be NULL. */
void flags_after(Translation *t, FlagFix fix, const Recipe *recipe);
/* `overflow`: OF is looked at. */
void flags_need_host(Translation *t, bool overflow);
void flags_need_host_carry(Translation *t);
void flags_need_saved(Translation *t);
/* In a stub, where the host's flags are lost. */
void flags_rebuild(Translation *t, FlagState *flags);

/* ---- memory.c ---- */

/* Puts the host's address of the operand into HOST_AT, or leaves by the stub. */
void memory_operand(Translation *t, Stub *stub, unsigned bytes, bool write);
/* The same at the guest's address in HOST_AT. */
void memory_at(Translation *t, Stub *stub, unsigned segment, unsigned bytes, bool write);
/* The address alone. */
void memory_address(Translation *t);

/* ---- exit.c ---- */

/* A stub for the current instruction. */
Stub *stub_new(Translation *t);
void stub_add(Stub *stub, Fixup fixup);
void stubs_emit(Translation *t);
/* Goes on at another block: at a fixed address by link `slot`, or at that in HOST_AT. */
void exit_to(Translation *t, unsigned slot, uint64_t rip);
/* In two parts, with what the instruction stores in between.  RAX stays. */
void exit_find(Translation *t, Stub *stub, unsigned slot, uint64_t rip);
void exit_find_indirect(Translation *t, Stub *stub);
void exit_enter(Translation *t);
/* The next instruction is not translated. */
void exit_to_interpreter(Translation *t);

/* ---- body.c ---- */

/* Translates the current instruction. */
void body_emit(Translation *t);

#endif
