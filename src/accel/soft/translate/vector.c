/*
 * Translates SSE and SSE2.  The guest's registers stay in the Cpu, and XMM0 and
 * XMM1 of the host hold values within one instruction.
 *
 * The first vector instruction of a run checks that the system has enabled them.
 * The first one that depends on MXCSR puts the guest's value into the host's
 * register, where it stays until translated code is left.  Where the guest has
 * not masked all exceptions, the interpreter executes the instruction.
 */
#include "src/accel/soft/translate/body.h"
#include "src/accel/soft/translate/forms_vector.h"
#include "src/accel/soft/x86/fpu.h"
#include "src/accel/soft/x86/system.h"

#define XMM0 0u
#define XMM1 1u

#define OPCODE_MOVAPS_LOAD  0x28
#define OPCODE_MOVAPS_STORE 0x29
#define OPCODE_MOVD_STORE   0x7e
#define OPCODE_CMP          0xc2

/* ---- operands ---- */

static HostMemory xmm_field(uint8_t place)
{
    return cpu_field(offsetof(Cpu, fx.xmm) + place);
}

static void load_xmm(Translation *t, unsigned to, uint8_t place)
{
    emit_rm(&t->e, EMIT_0F, OPCODE_MOVAPS_LOAD, to, xmm_field(place), 0);
}

static void store_xmm(Translation *t, unsigned from, uint8_t place)
{
    emit_rm(&t->e, EMIT_0F, OPCODE_MOVAPS_STORE, from, xmm_field(place), 0);
}

static unsigned encoding(const Translation *t)
{
    return form_at(t)->how & EMIT_HOW;
}

static bool has_immediate(const Form *form)
{
    return form->shape == SHAPE_RRI || form->shape == SHAPE_RMI;
}

static bool is_in_memory(const Form *form)
{
    return form->shape == SHAPE_RM || form->shape == SHAPE_RMI || form->shape == SHAPE_MR;
}

/* ---- what must hold before ---- */

static void test_field(Translation *t, size_t field, uint32_t mask)
{
    emit_rm(&t->e, 0, 0xf7, 0, cpu_field(field), 4);
    emit32(&t->e, mask);
}

static void need_enabled(Translation *t, Stub *stub)
{
    if (t->vectors_enabled) {
        return;
    }
    test_field(t, offsetof(Cpu, cr0), CPU_CR0_EM | CPU_CR0_TS);
    stub_add(stub, emit_jcc(&t->e, CONDITION_NZ));
    test_field(t, offsetof(Cpu, cr4), CR4_OSFXSR);
    stub_add(stub, emit_jcc(&t->e, CONDITION_Z));
    t->vectors_enabled = true;
}

/* Puts the guest's MXCSR into the host's register, unless it is there. */
static void need_mxcsr(Translation *t, Stub *stub)
{
    Emitter *e = &t->e;
    HostMemory mxcsr = cpu_field(offsetof(Cpu, fx.mxcsr));
    HostMemory loaded = cpu_field(offsetof(Cpu, native_mxcsr));

    if (t->mxcsr_loaded || !(form_at(t)->how & VECTOR_FLOAT)) {
        return;
    }
    emit_rm(e, 0, 0x80, 7, loaded, 1); /* cmp */
    emit8(e, 0);
    Fixup there = emit_jcc(e, CONDITION_NZ);
    emit_rm(e, 0, 0x8b, RAX, mxcsr, 0);
    emit_rr(e, 0, 0xf7, 2, RAX); /* not */
    emit_rr(e, 0, 0xf7, 0, RAX); /* test */
    emit32(e, MXCSR_MASKS);
    stub_add(stub, emit_jcc(e, CONDITION_NZ));
    emit_rm(e, EMIT_0F, 0xae, 2, mxcsr, 0); /* ldmxcsr */
    emit_rm(e, 0, 0xc6, 0, loaded, 1);      /* mov */
    emit8(e, 1);
    emit_land(e, there);
    t->mxcsr_loaded = true;
}

/* Checks everything, and finds an operand in memory. */
static void begin(Translation *t)
{
    const Form *form = form_at(t);
    Stub *stub = stub_new(t);

    need_enabled(t, stub);
    need_mxcsr(t, stub);
    if (is_in_memory(form)) {
        memory_operand(t, stub, form->width / 8u,
                       (form->how & VECTOR_ALIGNED ? MEMORY_ALIGNED : 0) |
                           (form->kind == KIND_VECTOR_STORE ? MEMORY_WRITE : 0));
    }
    t->flags.host = false;
}

/* ---- the instructions ---- */

/* The predicate of a comparison has three bits; the others are reserved. */
static uint8_t immediate(const Translation *t)
{
    return (uint8_t)(form_at(t)->op == OPCODE_CMP ? current(t)->imm & 7 : current(t)->imm);
}

/* Executes the instruction with the register and the source, which is in memory. */
static void emit_with(Translation *t, unsigned reg, HostMemory source)
{
    bool extra = has_immediate(form_at(t));

    emit_rm(&t->e, encoding(t), form_at(t)->op, reg, source, extra);
    if (extra) {
        emit8(&t->e, immediate(t));
    }
}

void emit_vector(Translation *t)
{
    const Insn *insn = current(t);
    const Form *form = form_at(t);

    begin(t);
    if (form->how & VECTOR_READS) {
        load_xmm(t, XMM0, insn->dst);
    }
    if (is_in_memory(form)) {
        emit_with(t, XMM0, t->operand);
    } else {
        /* MOVLPS and MOVHPS mean something else with a register. */
        load_xmm(t, XMM1, insn->src);
        emit_rr(&t->e, encoding(t), form->op, XMM0, XMM1);
        if (has_immediate(form)) {
            emit8(&t->e, immediate(t));
        }
    }
    store_xmm(t, XMM0, insn->dst);
}

void emit_vector_store(Translation *t)
{
    begin(t);
    load_xmm(t, XMM0, current(t)->src);
    emit_with(t, XMM0, t->operand);
}

/* The width is the extension of the opcode. */
void emit_vector_shift(Translation *t)
{
    const Insn *insn = current(t);

    begin(t);
    load_xmm(t, XMM0, insn->dst);
    emit_rr(&t->e, encoding(t), form_at(t)->op, form_at(t)->width, XMM0);
    emit8(&t->e, (uint8_t)insn->imm);
    store_xmm(t, XMM0, insn->dst);
}

void emit_vector_flags(Translation *t)
{
    const Insn *insn = current(t);

    begin(t);
    load_xmm(t, XMM0, insn->dst);
    emit_with(t, XMM0, is_in_memory(form_at(t)) ? t->operand : xmm_field(insn->src));
}

void emit_vector_to_general(Translation *t)
{
    const Insn *insn = current(t);
    const Form *form = form_at(t);

    begin(t);
    unsigned dst = target_register(t, dst_guest(t), RAX);
    if (is_in_memory(form)) {
        emit_with(t, dst, t->operand);
    } else {
        load_xmm(t, XMM0, insn->src);
        /* MOVD and MOVQ name the XMM register first. */
        if (form->op == OPCODE_MOVD_STORE) {
            emit_rr(&t->e, encoding(t), form->op, XMM0, dst);
        } else {
            emit_rr(&t->e, encoding(t), form->op, dst, XMM0);
        }
    }
    store_register(t, dst_guest(t), dst);
}

void emit_vector_from_general(Translation *t)
{
    const Insn *insn = current(t);

    begin(t);
    if (form_at(t)->how & VECTOR_READS) {
        load_xmm(t, XMM0, insn->dst);
    }
    emit_rr(&t->e, encoding(t), form_at(t)->op, XMM0, use_register(t, src_guest(t), RAX));
    store_xmm(t, XMM0, insn->dst);
}
