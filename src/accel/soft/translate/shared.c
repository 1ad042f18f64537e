/*
 * The code that all translations share: the way in, which loads the guest's
 * registers into registers of the host, and the ways out, which store them.
 */
#include "src/accel/soft/translate/translation.h"

static const uint8_t PUSHED[] = {RBX, RBP, R12, R13, R14, R15};

static void emit_push_register(Emitter *e, unsigned reg)
{
    if (reg >= 8) {
        emit8(e, 0x41);
    }
    emit8(e, (uint8_t)(0x50 | (reg & 7)));
}

static void emit_pop_register(Emitter *e, unsigned reg)
{
    if (reg >= 8) {
        emit8(e, 0x41);
    }
    emit8(e, (uint8_t)(0x58 | (reg & 7)));
}

static void emit_registers(Emitter *e, bool wide, uint8_t opcode)
{
    for (unsigned guest = 0; guest < (wide ? CPU_GPR_COUNT : 8); guest++) {
        int host = host_home(wide, guest);

        if (host >= 0) {
            emit_rm(e, wide ? EMIT_W : 0, opcode, (unsigned)host,
                    at_base(HOST_CPU, (int32_t)(offsetof(Cpu, gpr) + guest * 8)), 0);
        }
    }
}

/* Jumps to RCX unless CS, DS, ES and SS are segments of 4 GiB at 0.  RDI is the Cpu. */
static void emit_flat_check(Emitter *e)
{
    static const uint8_t DATA[] = {CPU_DS, CPU_ES, CPU_SS};
    Fixup flat;

    emit_rm(e, EMIT_W, 0x8b, RAX,
            at_base(RDI, (int32_t)segment_field(CPU_CS, offsetof(Segment, base))), 0);
    emit_rm(e, EMIT_W, 0x8b, RDX, at_base(RDI, offsetof(Cpu, cs_end)), 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(DATA); i++) {
        emit_rm(e, EMIT_W, 0x0b, RAX,
                at_base(RDI, (int32_t)segment_field(DATA[i], offsetof(Segment, base))), 0);
        emit_rm(e, EMIT_W, 0x23, RDX,
                at_base(RDI, (int32_t)segment_field(DATA[i], offsetof(Segment, read_end))), 0);
        emit_rm(e, EMIT_W, 0x23, RDX,
                at_base(RDI, (int32_t)segment_field(DATA[i], offsetof(Segment, write_end))), 0);
    }
    /* Bit 32 is the only bit that is set for a segment that ends at 4 GiB. */
    emit_rr(e, EMIT_W, 0xc1, 5, RDX);
    emit8(e, 32);
    emit_rr(e, 0, 0x83, 6, RDX); /* xor: 0 if all are */
    emit8(e, 1);
    emit_rr(e, EMIT_W, 0x0b, RAX, RDX);
    emit_rm(e, 0, 0x8b, RDX, at_base(RDI, offsetof(Cpu, stack_mask)), 0);
    emit_rr(e, 0, 0xf7, 2, RDX); /* not */
    emit_rr(e, EMIT_W, 0x0b, RAX, RDX);
    flat = emit_jcc(e, CONDITION_NZ ^ 1);
    emit_rr(e, 0, 0xff, 4, RCX);
    emit_land(e, flat);
}

static void emit_shift(Emitter *e, unsigned how, unsigned op, unsigned reg, uint8_t by)
{
    emit_rr(e, how, 0xc1, op, reg);
    emit8(e, by);
}

static void emit_and(Emitter *e, unsigned reg, uint32_t mask)
{
    emit_rr(e, 0, 0x81, 4, reg);
    emit32(e, mask);
}

#define OP_SHL 4u
#define OP_SHR 5u

/* Converts Cpu.flag_result and flag_carry to Cpu.native_flags; see flags.h.  Keeps R11. */
static void emit_flags_in(Emitter *e)
{
    emit_rm(e, EMIT_W, 0x8b, RBX, at_base(HOST_CPU, offsetof(Cpu, flag_result)), 0);
    emit_rr(e, EMIT_W, 0x8b, RDX, RBX);
    emit_shift(e, EMIT_W, OP_SHR, RDX, 32);
    emit_rr(e, EMIT_BYTE, 0x32, RDX, RBX); /* xor dl, bl: PF */
    emit8(e, 0x9f);                        /* lahf */
    emit_and(e, RAX, 0x0400);
    emit_rr(e, 0, 0x33, RDX, RDX);
    emit_rr(e, 0, 0x85, RBX, RBX);
    emit_rr(e, EMIT_0F | EMIT_BYTE, 0x94, 0, RDX); /* sete: ZF */
    emit_shift(e, 0, OP_SHL, RDX, 14);
    emit_rr(e, 0, 0x0b, RAX, RDX);
    emit_shift(e, EMIT_W, OP_SHR, RBX, 63); /* SF */
    emit_shift(e, 0, OP_SHL, RBX, 15);
    emit_rr(e, 0, 0x0b, RAX, RBX);
    emit_rm(e, EMIT_W, 0x8b, RCX, at_base(HOST_CPU, offsetof(Cpu, flag_carry)), 0);
    emit_rr(e, 0, 0x8b, RDX, RCX);
    emit_and(e, RDX, 0x10); /* AF */
    emit_shift(e, 0, OP_SHL, RDX, 8);
    emit_rr(e, 0, 0x0b, RAX, RDX);
    emit_rr(e, EMIT_W, 0x8b, RDX, RCX);
    emit_shift(e, EMIT_W, OP_SHR, RDX, 32);
    emit_and(e, RDX, 1); /* CF */
    emit_shift(e, EMIT_W, OP_SHR, RCX, 31);
    emit_and(e, RCX, 1);
    emit_rr(e, 0, 0x33, RCX, RDX); /* OF */
    emit_shift(e, 0, OP_SHL, RDX, 8);
    emit_rr(e, 0, 0x0b, RAX, RDX);
    emit_rr(e, 0, 0x0b, RAX, RCX);
    emit_rm(e, EMIT_66, 0x89, RAX, at_base(HOST_CPU, offsetof(Cpu, native_flags)), 0);
}

/* Stores the registers and returns to the interpreter.  Keeps RAX and RCX. */
static void emit_flags_out(const SharedCode *code, Emitter *e)
{
    HostMemory row = {.base = RDX, .index = R11, .scale = 8};

    emit_constant(e, RDX, (uintptr_t)code->flags);
    emit_rm(e, EMIT_0F, 0xb6, R11, at_base(HOST_CPU, offsetof(Cpu, native_flags) + 1), 0);
    emit_rr(e, 0, 0x03, R11, R11);
    emit_rm(e, EMIT_W, 0x8b, RSI, row, 0);
    emit_rm(e, EMIT_W, 0x89, RSI, at_base(HOST_CPU, offsetof(Cpu, flag_result)), 0);
    row.disp = offsetof(FlagsOfByte, carry);
    emit_rm(e, EMIT_W, 0x8b, RSI, row, 0);
    emit_rm(e, EMIT_0F, 0xb6, RDX, at_base(HOST_CPU, offsetof(Cpu, native_flags)), 0);
    emit_shift(e, EMIT_W, OP_SHL, RDX, 31); /* OF is the difference of bits 31 and 32 */
    emit_rr(e, EMIT_W, 0x33, RSI, RDX);
    emit_rm(e, EMIT_W, 0x89, RSI, at_base(HOST_CPU, offsetof(Cpu, flag_carry)), 0);
}

static void emit_increment(Emitter *e, unsigned scratch, const uint64_t *count)
{
    emit_constant(e, scratch, (uintptr_t)count);
    emit_rm(e, EMIT_W, 0xff, 0, at_base(scratch, 0), 0); /* inc */
}

/*
 * The entry from the interpreter: RDI is the Cpu, RCX the handler of the
 * instruction, and R11 the address at which the run continues with the
 * registers in place.
 */
static void emit_enter(Emitter *e, bool wide, TranslatorCounts *counts)
{
    emit_increment(e, RAX, &counts->entries);
    for (unsigned i = 0; i < G_N_ELEMENTS(PUSHED); i++) {
        emit_push_register(e, PUSHED[i]);
    }
    emit_rr(e, EMIT_W, 0x8b, HOST_CPU, RDI);
    emit_flags_in(e);
    emit_rm(e, EMIT_W, 0x8b, HOST_FUEL, at_base(HOST_CPU, offsetof(Cpu, fuel)), 0);
    emit_registers(e, wide, 0x8b);
    emit_rr(e, 0, 0xff, 4, R11); /* jmp */
}

/* Takes the guest's MXCSR from the host's register, if it is there; see vector.c. */
static void emit_mxcsr_out(Emitter *e, const uint8_t *host_mxcsr)
{
    HostMemory loaded = at_base(HOST_CPU, offsetof(Cpu, native_mxcsr));

    emit_rm(e, 0, 0x80, 7, loaded, 1); /* cmp */
    emit8(e, 0);
    Fixup elsewhere = emit_jcc(e, CONDITION_Z);
    emit_rm(e, EMIT_0F, 0xae, 3, at_base(HOST_CPU, offsetof(Cpu, fx.mxcsr)), 0); /* stmxcsr */
    emit_rm(e, EMIT_0F, 0xae, 2, at_address(host_mxcsr), 0);                     /* ldmxcsr */
    emit_rm(e, 0, 0xc6, 0, loaded, 1);                                           /* mov */
    emit8(e, 0);
    emit_land(e, elsewhere);
}

static void emit_exit(const SharedCode *code, Emitter *e, bool wide)
{
    emit_mxcsr_out(e, code->mxcsr);
    emit_registers(e, wide, 0x89);
    emit_rm(e, EMIT_W, 0x89, HOST_FUEL, at_base(HOST_CPU, offsetof(Cpu, fuel)), 0);
    emit_flags_out(code, e);
    emit_rr(e, EMIT_W, 0x8b, RDI, HOST_CPU);
    emit_rr(e, EMIT_W, 0x8b, RSI, RCX);
    for (unsigned i = G_N_ELEMENTS(PUSHED); i-- > 0;) {
        emit_pop_register(e, PUSHED[i]);
    }
    emit_rr(e, 0, 0xff, 4, RAX); /* jmp */
}

/* The ways out, which count and lead to the one that all share. */
static void emit_exits(SharedCode *code, Emitter *e, bool wide, TranslatorCounts *counts)
{
    const uint8_t *shared = emit_here(e);

    emit_exit(code, e, wide);
    for (unsigned i = 0; i < TRANSLATE_EXITS; i++) {
        emit_align(e, RUN_ALIGN);
        code->exits[wide][i] = emit_here(e);
        emit_increment(e, R11, &counts->exits[i]);
        emit_jmp_to(e, shared);
    }
    emit_align(e, RUN_ALIGN);
}

static void fill_flags(SharedCode *code)
{
    for (unsigned byte = 0; byte < G_N_ELEMENTS(code->flags); byte++) {
        uint64_t cf = byte & CPU_FLAG_CF;
        uint64_t sign = byte & CPU_FLAG_SF ? UINT64_MAX << 32 : 0;
        uint64_t parity = byte & CPU_FLAG_PF ? 0 : UINT64_C(1) << 32;

        code->flags[byte] = (FlagsOfByte){
            .result = (int64_t)((sign ^ parity) | (byte & CPU_FLAG_ZF ? 0 : 0x100)),
            .carry = cf << 32 | cf << 31 | (byte & CPU_FLAG_AF),
        };
    }
}

void shared_emit(SharedCode *code, Emitter *e, TranslatorCounts *counts)
{
    fill_flags(code);
    code->mxcsr = emit_here(e);
    emit32(e, MXCSR_INIT);
    emit_align(e, RUN_ALIGN);
    emit_exits(code, e, false, counts);
    emit_exits(code, e, true, counts);
    code->enter_flat = emit_here(e);
    emit_flat_check(e);
    code->enter = emit_here(e);
    emit_enter(e, false, counts);
    emit_align(e, RUN_ALIGN);
    code->enter64 = emit_here(e);
    emit_enter(e, true, counts);
    g_assert(emit_fits(e));
}
