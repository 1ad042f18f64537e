/*
 * Executes one x87 instruction on the host's unit, under the guest's control word.
 *
 * Loads, basic operations, conversions and remainders are exact on every processor,
 * so every host gives the same results.  Nothing traps here.  After an unmasked
 * exception only a waiting instruction would trap, so the results are then fetched
 * with FNSAVE, which does not wait.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_X87_HOST_H
#define PIOEMU_ACCEL_SOFT_X86_X87_HOST_H

#include "src/accel/soft/x86/x87.h"

/* The control word that the unit has afterwards, as at the start of a process. */
static const uint16_t X87_HOST_CONTROL = FCW_INIT;

struct X87Host {
    const F80 *a, *b; /* the operands */
    F80 *result;      /* is written unless an unmasked exception is pending */
    F80 st0, st1;     /* what these point to if the caller says nothing else */
    uint8_t memory[16];
    uint16_t control;
    uint16_t status;    /* as the instruction left it */
    uint8_t image[108]; /* the image of FNSAVE */
};

/*
 * Old exceptions of the host would be taken for those of this instruction.  If the
 * guest has the same ones and all are masked, they do no harm, and it costs less to
 * check for that than to clear them.
 */
static inline void x87_host_begin(X87Host *host, const Fx *fx)
{
    uint16_t before;

    host->a = &host->st0;
    host->b = &host->st1;
    host->result = &host->st0;
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

#define X87_HOST_POP0 "fstpt %[result]\n\t"
#define X87_HOST_POP1 "fstpt %[st1]\n\t"
#define X87_HOST_DROP "fstp %%st(0)\n\t"

/* `loads` pushes the operands, `text` is the instruction, and `pops` empties the stack. */
#define X87_HOST_RUN(host, loads, text, pops)                                                      \
    do {                                                                                           \
        uint16_t status_;                                                                          \
        __asm__ volatile(                                                                          \
            "fldcw %[control]\n\t" loads text "\n\t" X87_HOST_END_(pops)                           \
            : [result] "+m"(*(host)->result), [st1] "+m"((host)->st1),                             \
              [memory] "+m"((host)->memory), [image] "=m"((host)->image), [status] "=&a"(status_)  \
            : [a] "m"(*(host)->a), [b] "m"(*(host)->b), [control] "m"((host)->control),            \
              [restored] "m"(X87_HOST_CONTROL)                                                     \
            : "cc", "st", "st(1)");                                                                \
        (host)->status = status_;                                                                  \
    } while (0)

#define X87_HOST_LOAD0 "fldt %[a]\n\t"
#define X87_HOST_LOAD1 "fldt %[b]\n\t"

/* One operand, one result. */
#define X87_HOST_UNARY(host, text) X87_HOST_RUN(host, X87_HOST_LOAD0, text, X87_HOST_POP0)
/* ST(0) and ST(1), or a value in memory, give ST(0). */
#define X87_HOST_BINARY(host, text)                                                                \
    X87_HOST_RUN(host, X87_HOST_LOAD1 X87_HOST_LOAD0, text, X87_HOST_POP0 X87_HOST_DROP)
/* ST(0) alone gives two results. */
#define X87_HOST_SPLIT(host, text)                                                                 \
    X87_HOST_RUN(host, X87_HOST_LOAD0, text, X87_HOST_POP0 X87_HOST_POP1)
/* A value in memory gives ST(0). */
#define X87_HOST_LOAD(host, text) X87_HOST_RUN(host, "", text, X87_HOST_POP0)
/* ST(0) goes to memory and is popped. */
#define X87_HOST_STORE(host, text) X87_HOST_RUN(host, X87_HOST_LOAD0, text, "")

#endif
