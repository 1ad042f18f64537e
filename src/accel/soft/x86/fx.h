/*
 * The state of the x87, MMX and SSE units, and its layouts in memory.
 *
 * The registers are in the silicon's order (R0 to R7), with TOP and the tags beside
 * them, so a push moves no data.  FXSAVE, XSAVE, FSAVE and FSTENV convert from this
 * form.
 */
#ifndef PIOEMU_ACCEL_SOFT_X86_FX_H
#define PIOEMU_ACCEL_SOFT_X86_FX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The status word.  TOP is stored separately, and ES and B are derived from the rest. */
#define FSW_IE         0x0001u
#define FSW_DE         0x0002u
#define FSW_ZE         0x0004u
#define FSW_OE         0x0008u
#define FSW_UE         0x0010u
#define FSW_PE         0x0020u
#define FSW_SF         0x0040u
#define FSW_ES         0x0080u
#define FSW_C0         0x0100u
#define FSW_C1         0x0200u
#define FSW_C2         0x0400u
#define FSW_TOP        0x3800u
#define FSW_C3         0x4000u
#define FSW_B          0x8000u
#define FSW_EXCEPTIONS 0x003fu
#define FSW_CONDITIONS (FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3)

/* The control word: bits 0 to 5 mask the exceptions. */
#define FCW_RESET    0x0040u /* after RESET# */
#define FCW_INIT     0x037fu /* after FNINIT */
#define FCW_WRITABLE 0x1f3fu
#define FCW_ONE      0x0040u /* always reads 1 */
#define FCW_RC_SHIFT 10

#define MXCSR_EXCEPTIONS  0x003fu
#define MXCSR_DAZ         0x0040u
#define MXCSR_MASKS       0x1f80u
#define MXCSR_MASKS_SHIFT 7
#define MXCSR_UM          0x0800u
#define MXCSR_RC          0x6000u
#define MXCSR_RC_SHIFT    13
#define MXCSR_FZ          0x8000u
#define MXCSR_INIT        0x1f80u
#define MXCSR_VALID       0xffffu

#define F80_BIAS     0x3fffu
#define F80_EXPONENT 0x7fffu
#define F80_SIGN     0x8000u
#define F80_INTEGER  (UINT64_C(1) << 63)
#define F80_QUIET    (UINT64_C(1) << 62)

/*
 * An 80-bit value.  The first ten bytes have the layout of memory.  MMX registers
 * are the fractions.
 */
typedef struct F80 {
    uint64_t fraction;
    uint16_t exponent; /* with the sign */
    uint16_t padding[3];
} F80;
_Static_assert(sizeof(F80) == 16, "as FXSAVE spaces them");

typedef union V128 {
    uint8_t b[16];
    uint16_t w[8];
    uint32_t d[4];
    uint64_t q[2];
    int8_t sb[16];
    int16_t sw[8];
    int32_t sd[4];
    int64_t sq[2];
} __attribute__((aligned(16), may_alias)) V128;

typedef struct Fx {
    V128 xmm[16];
    F80 reg[8]; /* R0 to R7 */
    uint32_t mxcsr;
    uint16_t control;
    uint16_t status; /* without TOP, ES and B */
    uint8_t top;
    uint8_t full; /* a bit for each register that is not empty */
    uint16_t opcode;
    uint64_t instruction, operand; /* FIP and FDP */
    uint16_t instruction_selector, operand_selector;
    uint32_t eflags; /* flags that FCMOV reads and FCOMI sets */
    /* For the vector instruction that is under way. */
    V128 source, result, work;
    int64_t lengths[2]; /* EAX and EDX, for PCMPESTRI and PCMPESTRM */
} Fx;

#define FXSAVE_SIZE 512u

static inline F80 *fx_st(Fx *fx, unsigned i)
{
    return &fx->reg[(fx->top + i) & 7];
}

static inline bool fx_st_full(const Fx *fx, unsigned i)
{
    return fx->full >> ((fx->top + i) & 7) & 1;
}

/* Whether an unmasked exception is pending. */
static inline bool fx_pending(const Fx *fx)
{
    return fx->status & ~fx->control & FSW_EXCEPTIONS;
}

/* The status word as FNSTSW stores it. */
static inline uint16_t fx_status_word(const Fx *fx)
{
    return (uint16_t)(fx->status | fx->top << 11 | (fx_pending(fx) ? FSW_ES | FSW_B : 0));
}

static inline void fx_set_control(Fx *fx, uint16_t value)
{
    fx->control = (uint16_t)((value & FCW_WRITABLE) | FCW_ONE);
}

static inline void fx_set_status(Fx *fx, uint16_t value)
{
    fx->status = value & (FSW_EXCEPTIONS | FSW_SF | FSW_CONDITIONS);
    fx->top = value >> 11 & 7;
}

/* Called before each MMX instruction except EMMS: TOP becomes 0 and no register is empty. */
static inline void fx_enter_mmx(Fx *fx)
{
    fx->top = 0;
    fx->full = 0xff;
}

/* FNINIT. */
void fx_init(Fx *fx);
/* The tag word, with two bits for each register. */
uint16_t fx_tag_word(const Fx *fx);
void fx_set_tag_word(Fx *fx, uint16_t tags);

/*
 * The FXSAVE image.  With `wide`, pointers have 64 bits and no selectors.
 * `xmm_count` registers are stored or loaded (8 outside of 64-bit mode).  Bytes
 * that the processor does not write stay unchanged.
 */
void fx_store_image(const Fx *fx, uint8_t *image, bool wide, unsigned xmm_count);
/* Does not check the reserved bits of MXCSR: the caller has done that. */
void fx_load_image(Fx *fx, const uint8_t *image, bool wide, unsigned xmm_count);
/* Only the x87 part of the image: bytes 0 to 23 and the registers. */
void fx_store_x87(const Fx *fx, uint8_t *image, bool wide);
void fx_load_x87(Fx *fx, const uint8_t *image, bool wide);
void fx_store_xmm(const Fx *fx, uint8_t *image, unsigned xmm_count);
void fx_load_xmm(Fx *fx, const uint8_t *image, unsigned xmm_count);

/*
 * The image of CpuState.  It has the wide form, or the narrow form with a mark if
 * the pointers have selectors.  Only 16-bit and 32-bit code sets selectors.
 */
void fx_store_state(const Fx *fx, uint8_t image[FXSAVE_SIZE]);
void fx_load_state(Fx *fx, const uint8_t image[FXSAVE_SIZE]);

typedef enum FxEnvironment {
    FX_REAL16,
    FX_PROTECTED16,
    FX_REAL32,
    FX_PROTECTED32,
} FxEnvironment;

#define FX_ENVIRONMENT_MAX 28u
#define FX_REGISTERS_SIZE  80u

/* For FSTENV and FLDENV.  The size is 14 or 28. */
unsigned fx_environment_size(FxEnvironment layout);
void fx_store_environment(const Fx *fx, uint8_t *to, FxEnvironment layout);
void fx_load_environment(Fx *fx, const uint8_t *from, FxEnvironment layout);
/*
 * What FSAVE and FRSTOR have after the environment: the eight registers from ST(0),
 * ten bytes each.
 */
void fx_store_registers(const Fx *fx, uint8_t *to);
void fx_load_registers(Fx *fx, const uint8_t *from);

#endif
