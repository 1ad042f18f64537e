/*
 * The x87 instructions as functions of the unit's state.
 *
 * An instruction is identified by eleven bits: the low three bits of the opcode and
 * the ModRM byte, as in FOP.  The caller handles the pointers and the exceptions of
 * the system (#NM, #MF).
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_X87_H
#define PIOEMU_ACCEL_SOFT_X86_X87_H

#include "src/accel/soft/x86/x87_quick.h"

/* For an instruction with a register operand or none. */
typedef void X87Register(Fx *fx, unsigned opcode);
/* For an instruction with a memory operand, which has been read. */
typedef void X87Load(Fx *fx, const uint8_t *operand);

/* The outcome of a store.  The caller writes it, which may fault, and then commits. */
typedef struct X87Result {
    uint8_t bytes[16];
    uint16_t raised; /* status bits to set */
    bool stored;     /* false if an unmasked exception forbids the store */
    bool c1;
} X87Result;
typedef void X87Store(Fx *fx, X87Result *result);

typedef enum X87Kind {
    X87_UNDEFINED,
    X87_LOADS,
    X87_STORES,
    X87_CONTROL, /* FLDENV FLDCW FNSTENV FNSTCW FRSTOR FNSAVE FNSTSW, which the caller executes */
} X87Kind;

typedef struct X87Memory {
    X87Kind kind;
    uint8_t size; /* size of the operand */
    bool pops;    /* for a store */
    X87Load *load;
    X87Store *store;
} X87Memory;

/* Indexed by the low three bits of the opcode and by ModRM.reg. */
extern const X87Memory X87_MEMORY[8][8];
/* Indexed by the low three bits of the opcode and the low six bits of ModRM.  NULL: undefined. */
extern X87Register *const X87_REGISTERS[8][64];
void x87_commit_store(Fx *fx, const X87Memory *memory, const X87Result *result);

/* ---- what transcendental.c and x87.c share ---- */

extern const F80 X87_INDEFINITE;

/* The fast path of an arithmetic instruction, by its ModRM.reg.  NULL if it has none. */
extern X87Quick *const X87_QUICK[8];

typedef struct X87Host X87Host;
typedef void X87Operation(X87Host *host);

/*
 * Takes over the exceptions and C1 of the host's instruction.  Returns false if an
 * unmasked exception stopped it.
 */
bool x87_take_exceptions(Fx *fx, X87Host *host);
/*
 * Compares ST(0) with `other` or with an operand in memory.  Sets the conditions in
 * any case.  Returns false if an exception stops the instruction.  `empty` is a
 * stack fault.
 */
bool x87_compare(Fx *fx, X87Operation *operation, const F80 *other, bool empty,
                 const uint8_t *operand, unsigned size, unsigned *conditions);
void x87_set_conditions(Fx *fx, unsigned conditions);
void x87_set_st(Fx *fx, unsigned i, const F80 *value);
/* Loads a value.  A full register is overwritten with the indefinite value. */
void x87_load(Fx *fx, const F80 *value);
void x87_pop_times(Fx *fx, unsigned count);
void x87_raise(Fx *fx, unsigned exceptions);
/* Whether one of these exceptions stops the instruction. */
static inline bool x87_stops(const Fx *fx, unsigned exceptions)
{
    return exceptions & ~fx->control & (FSW_IE | FSW_DE | FSW_ZE);
}
static inline void x87_set_c1(Fx *fx, bool c1)
{
    fx->status = (uint16_t)((fx->status & ~FSW_C1) | (c1 ? FSW_C1 : 0));
}
/*
 * Returns true if ST(i) is empty, which is a stack fault.  `stop` says whether the
 * fault ends the instruction.
 */
bool x87_underflows(Fx *fx, bool empty, bool *stop);
/* The same if there is no empty register to push to. */
bool x87_overflows(Fx *fx, bool *stop);
void x87_push(Fx *fx, const F80 *value);
void x87_pop(Fx *fx);

/* x87_constants.c */
X87Register x87_load_constant;
/* transcendental.c */
X87Register x87_f2xm1, x87_fyl2x, x87_fptan, x87_fpatan, x87_fyl2xp1, x87_fsincos, x87_fsin,
    x87_fcos;

#endif
