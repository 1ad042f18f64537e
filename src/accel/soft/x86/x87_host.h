/*
 * One x87 instruction on the host's unit, under the guest's control word.
 *
 * Loads, the basic operations, conversions and remainders are exact on every
 * processor, so that the host's results are everybody's.  Nothing traps here:
 * after an unmasked exception only waiting instructions would, so the results
 * are then fetched with FNSAVE, which does not wait.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_X87_HOST_H
#define PIOEMU_ACCEL_SOFT_X86_X87_HOST_H

#include "src/accel/soft/x86/x87.h"

/* What the unit is left with: its state at the start of a process. */
static const uint16_t X87_HOST_CONTROL = FCW_INIT;

struct X87Host {
    F80 st0, st1; /* in and out */
    uint8_t memory[16];
    uint16_t control;
    uint16_t status;    /* as the instruction left it */
    uint8_t image[108]; /* of FNSAVE */
};

/*
 * Exceptions that are left over from what ran before would be taken for this
 * instruction's.  Those that the guest has as well do no harm while all are
 * masked, and clearing costs more than looking.
 */
static inline void x87_host_begin(X87Host *host, const Fx *fx)
{
    uint16_t before;

    host->control = fx->control;
    __asm__ volatile("fnstsw %0" : "=a"(before));
    if (before & FSW_EXCEPTIONS & ~fx->status || ~fx->control & FSW_EXCEPTIONS) {
        __asm__ volatile("fnclex");
    }
}

#define X87_HOST_END_(pops)                                                                        \
    "fnstsw %[status]\n\t"                                                                         \
    "testb $0x80, %b[status]\n\t"                                                                  \
    "jnz 1f\n\t" pops "fldcw %[restored]\n\t"                                                      \
    "jmp 2f\n"                                                                                     \
    "1:\tfnsave %[image]\n"                                                                        \
    "2:\n\t"

#define X87_HOST_POP0 "fstpt %[st0]\n\t"
#define X87_HOST_POP1 "fstpt %[st1]\n\t"
#define X87_HOST_DROP "fstp %%st(0)\n\t"

/* `loads` push, `text` is the instruction, and `pops` empties the stack. */
#define X87_HOST_RUN(host, loads, text, pops)                                                      \
    do {                                                                                           \
        uint16_t status_;                                                                          \
        __asm__ volatile(                                                                          \
            "fldcw %[control]\n\t" loads text "\n\t" X87_HOST_END_(pops)                           \
            : [st0] "+m"((host)->st0), [st1] "+m"((host)->st1), [memory] "+m"((host)->memory),     \
              [image] "=m"((host)->image), [status] "=&a"(status_)                                 \
            : [control] "m"((host)->control), [restored] "m"(X87_HOST_CONTROL)                     \
            : "cc", "st", "st(1)");                                                                \
        (host)->status = status_;                                                                  \
    } while (0)

#define X87_HOST_LOAD0 "fldt %[st0]\n\t"
#define X87_HOST_LOAD1 "fldt %[st1]\n\t"

/* One operand, one result. */
#define X87_HOST_UNARY(host, text) X87_HOST_RUN(host, X87_HOST_LOAD0, text, X87_HOST_POP0)
/* ST(0) and ST(1), or a datum in memory, give ST(0). */
#define X87_HOST_BINARY(host, text)                                                                \
    X87_HOST_RUN(host, X87_HOST_LOAD1 X87_HOST_LOAD0, text, X87_HOST_POP0 X87_HOST_DROP)
/* ST(0) alone gives two. */
#define X87_HOST_SPLIT(host, text)                                                                 \
    X87_HOST_RUN(host, X87_HOST_LOAD0, text, X87_HOST_POP0 X87_HOST_POP1)
/* Memory gives ST(0). */
#define X87_HOST_LOAD(host, text) X87_HOST_RUN(host, "", text, X87_HOST_POP0)
/* ST(0) goes to memory and is popped. */
#define X87_HOST_STORE(host, text) X87_HOST_RUN(host, X87_HOST_LOAD0, text, "")

#endif
