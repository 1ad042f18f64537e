/*
 * The x87 instructions: moves operands to and from the functions of x87.h, and
 * handles the pointers to the last instruction and operand and the control
 * instructions.
 */
#include "src/accel/soft/interp/fpu_handlers.h"
#include "src/accel/soft/x86/x87.h"

/* Records FIP, FCS and FOP.  Insn.imm is the opcode in the form of FOP. */
static inline void note_instruction(Cpu *cpu, const Insn *insn)
{
    cpu->fx.opcode = (u16)insn->imm;
    cpu->fx.instruction = cpu->rip + insn->start;
    cpu->fx.instruction_selector = cpu->segment[CPU_CS].selector;
}

static inline void note_operand(Cpu *cpu, const Insn *insn)
{
    cpu->fx.operand = insn_address(cpu, insn);
    cpu->fx.operand_selector = cpu->segment[insn->segment].selector;
    note_instruction(cpu, insn);
}

/* ---- registers ---- */

static inline X87Register *function_of(const Insn *insn)
{
    return X87_REGISTERS[insn->imm >> 8][insn->imm & 0x3f];
}

static void need_function(Cpu *cpu, const Insn *insn)
{
    if (!function_of(insn)) {
        insn_begin(cpu, insn);
        cpu_raise(cpu, VECTOR_UD);
    }
}

OP(x87_register)
{
    need_function(cpu, insn);
    NEED_X87();
    note_instruction(cpu, insn);
    function_of(insn)(&cpu->fx, insn->imm);
    NEXT();
}

/* FCMOVcc reads the flags, and FCOMI sets them. */
OP(x87_flags)
{
    u32 flags = flags_arithmetic(cpu);

    need_function(cpu, insn);
    NEED_X87();
    note_instruction(cpu, insn);
    cpu->fx.eflags = flags;
    function_of(insn)(&cpu->fx, insn->imm);
    if (cpu->fx.eflags != flags) {
        flags_load_arithmetic(cpu, cpu->fx.eflags);
    }
    NEXT();
}

/* Instructions that do not wait for exceptions: FNCLEX, FNINIT and similar ones. */
OP(x87_control)
{
    need_function(cpu, insn);
    NEED_CONTROL();
    function_of(insn)(&cpu->fx, insn->imm);
    NEXT();
}

OP(fnstsw_ax)
{
    NEED_CONTROL();
    *reg16(cpu, REG_OFFSET(CPU_AX)) = fx_status_word(&cpu->fx);
    NEXT();
}

/* ---- memory ---- */

static inline const X87Memory *memory_of(const Insn *insn)
{
    return &X87_MEMORY[insn->imm >> 8][insn->imm >> 3 & 7];
}

#define DEFINE_LOAD(bytes)                                                                         \
    OP(x87_load##bytes)                                                                            \
    {                                                                                              \
        NEED_X87();                                                                                \
        fpu_read(cpu, insn, &cpu->fx.source, bytes, 1);                                            \
        note_operand(cpu, insn);                                                                   \
        memory_of(insn)->load(&cpu->fx, cpu->fx.source.b);                                         \
        NEXT();                                                                                    \
    }

DEFINE_LOAD(2)
DEFINE_LOAD(4)
DEFINE_LOAD(8)
DEFINE_LOAD(10)

/* The unit's state changes only when the store can no longer fault. */
static __attribute__((noinline)) void store(Cpu *cpu, const Insn *insn, unsigned bytes)
{
    const X87Memory *memory = memory_of(insn);
    X87Result result;

    memory->store(&cpu->fx, &result);
    if (result.stored) {
        fpu_write(cpu, insn, result.bytes, bytes, 1);
    }
    note_operand(cpu, insn);
    x87_commit_store(&cpu->fx, memory, &result);
}

#define DEFINE_STORE(bytes)                                                                        \
    OP(x87_store##bytes)                                                                           \
    {                                                                                              \
        NEED_X87();                                                                                \
        store(cpu, insn, bytes);                                                                   \
        NEXT();                                                                                    \
    }

DEFINE_STORE(2)
DEFINE_STORE(4)
DEFINE_STORE(8)
DEFINE_STORE(10)

/* ---- control ---- */

OP(fldcw)
{
    NEED_X87();
    fpu_read(cpu, insn, &cpu->fx.source, 2, 1);
    fx_set_control(&cpu->fx, cpu->fx.source.w[0]);
    NEXT();
}

OP(fnstcw)
{
    NEED_CONTROL();
    fpu_write(cpu, insn, &cpu->fx.control, 2, 1);
    NEXT();
}

OP(fnstsw_m)
{
    NEED_CONTROL();
    cpu->fx.source.w[0] = fx_status_word(&cpu->fx);
    fpu_write(cpu, insn, &cpu->fx.source, 2, 1);
    NEXT();
}

static FxEnvironment layout_of(const Cpu *cpu, const Insn *insn)
{
    bool op32 = insn->prefix & INSN_OP32;

    if (cpu_protected(cpu)) {
        return op32 ? FX_PROTECTED32 : FX_PROTECTED16;
    }
    return op32 ? FX_REAL32 : FX_REAL16;
}

#define STATE_MAX (FX_ENVIRONMENT_MAX + FX_REGISTERS_SIZE)

static __attribute__((noinline)) void load_environment(Cpu *cpu, const Insn *insn, bool registers)
{
    FxEnvironment layout = layout_of(cpu, insn);
    unsigned size = fx_environment_size(layout);
    uint8_t image[STATE_MAX];

    fpu_read(cpu, insn, image, size + (registers ? FX_REGISTERS_SIZE : 0), 1);
    fx_load_environment(&cpu->fx, image, layout);
    if (registers) {
        fx_load_registers(&cpu->fx, image + size);
    }
}

static __attribute__((noinline)) void store_environment(Cpu *cpu, const Insn *insn, bool registers)
{
    FxEnvironment layout = layout_of(cpu, insn);
    unsigned size = fx_environment_size(layout);
    uint8_t image[STATE_MAX];

    fx_store_environment(&cpu->fx, image, layout);
    fx_store_registers(&cpu->fx, image + size);
    fpu_write(cpu, insn, image, size + (registers ? FX_REGISTERS_SIZE : 0), 1);
}

OP(fldenv)
{
    NEED_X87();
    load_environment(cpu, insn, false);
    NEXT();
}

OP(frstor)
{
    NEED_X87();
    load_environment(cpu, insn, true);
    NEXT();
}

/* Afterwards all exceptions are masked. */
OP(fnstenv)
{
    NEED_CONTROL();
    store_environment(cpu, insn, false);
    cpu->fx.control |= FSW_EXCEPTIONS;
    NEXT();
}

OP(fnsave)
{
    NEED_CONTROL();
    store_environment(cpu, insn, true);
    fx_init(&cpu->fx);
    NEXT();
}

OP(fwait)
{
    insn_begin(cpu, insn);
    if ((cpu->cr0 & (CPU_CR0_MP | CPU_CR0_TS)) == (CPU_CR0_MP | CPU_CR0_TS)) {
        cpu_raise(cpu, VECTOR_NM);
    }
    if (fx_pending(&cpu->fx)) {
        fpu_pending(cpu);
    }
    NEXT();
}
