/*
 * The kvm accelerator: finds the handlers of interrupts and exceptions, for a
 * vCPU that is stepped.
 *
 * Interrupt vector table: volume 3 of Intel's manual, "8086 Emulation"; gates:
 * "Interrupt and Exception Handling".
 */
#include "src/accel/kvm/kvm.h"

#include "src/cpu/translate.h"

#include <string.h>

/* The handler of a vector, and where its entry pushes the flags. */
typedef struct Handler {
    uint64_t address;
    unsigned flags_at, width;
    uint16_t selector;
    uint64_t offset;
    bool is_trap; /* interrupts stay enabled */
} Handler;

static bool has_error_code(unsigned vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

static bool find_real_handler(const CpuState *state, const Memory *memory, unsigned vector,
                              Handler *handler)
{
    uint16_t entry[2];
    uint64_t at = state->idtr.base + vector * sizeof(entry);
    if (translate_read(state, memory, at, entry, sizeof(entry)) != sizeof(entry)) {
        return false;
    }
    *handler = (Handler){
        .address = ((uint64_t)entry[1] << 4) + entry[0],
        .flags_at = 4,
        .width = 2,
        .selector = entry[1],
        .offset = entry[0],
    };
    return true;
}

/* Returns false if the selector is not in the GDT. */
static bool read_segment(const CpuState *state, const Memory *memory, uint16_t selector,
                         CpuSegment *segment)
{
    uint8_t d[8];
    uint64_t at = state->gdtr.base + (selector & ~7u);
    if (selector & 4 || translate_read(state, memory, at, d, sizeof(d)) != sizeof(d)) {
        return false;
    }
    uint32_t limit = d[0] | (uint32_t)d[1] << 8 | (uint32_t)(d[6] & 0xf) << 16;
    segment->selector = selector;
    segment->attributes = d[5] | (uint32_t)(d[6] & 0xf0) << 8;
    segment->limit = segment->attributes & CPU_SEGMENT_G ? limit << 12 | 0xfff : limit;
    segment->base = d[2] | (uint64_t)d[3] << 8 | (uint64_t)d[4] << 16 | (uint64_t)d[7] << 24;
    return true;
}

/* Finds interrupt and trap gates.  A task gate is not supported. */
static bool find_gate(const CpuState *state, const Memory *memory, unsigned vector,
                      Handler *handler)
{
    bool is_long = state->msr.efer & CPU_EFER_LMA;
    uint8_t gate[16] = {0};
    size_t size = is_long ? 16 : 8;
    CpuSegment code = {0};
    if (translate_read(state, memory, state->idtr.base + vector * size, gate, size) != size ||
        !(gate[5] & 0x80) || (gate[5] & 0x16) != 0x06) {
        return false;
    }
    bool wide = gate[5] & 8;
    uint64_t offset = gate[0] | (uint64_t)gate[1] << 8;
    if (wide) {
        offset |= (uint64_t)gate[6] << 16 | (uint64_t)gate[7] << 24;
    }
    if (is_long) {
        uint32_t high;
        memcpy(&high, gate + 8, sizeof(high));
        offset |= (uint64_t)high << 32;
    } else if (!read_segment(state, memory, (uint16_t)(gate[2] | gate[3] << 8), &code)) {
        return false;
    }
    unsigned width = is_long ? 8 : wide ? 4 : 2;
    unsigned pushed = has_error_code(vector) ? 3 : 2;
    *handler = (Handler){
        .address = code.base + offset,
        .flags_at = pushed * width,
        .width = width,
        .selector = (uint16_t)(gate[2] | gate[3] << 8),
        .offset = offset,
        .is_trap = gate[5] & 1,
    };
    return true;
}

static bool find_handler(const CpuState *state, const Memory *memory, unsigned vector,
                         Handler *handler)
{
    return state->cr0 & CPU_CR0_PE ? find_gate(state, memory, vector, handler)
                                   : find_real_handler(state, memory, vector, handler);
}

bool kvm_find_handler(const KvmVcpu *kv, const CpuState *state, unsigned vector, uint64_t *address)
{
    Handler handler;
    bool found = find_handler(state, kv->vcpu.accel->host.memory, vector, &handler);
    *address = found ? handler.address : 0;
    return found;
}

/* The pushed flags contain the TF of the step, which IRET would restore. */
void kvm_clear_pushed_trap(KvmVcpu *kv, unsigned vector)
{
    Memory *memory = kv->vcpu.accel->host.memory;
    CpuState state;
    Handler handler;
    uint64_t physical, flags = 0;
    if (!kvm_vcpu_get_state(&kv->vcpu, &state, NULL) ||
        !find_handler(&state, memory, vector, &handler)) {
        return;
    }
    uint64_t sp = state.gpr[CPU_SP];
    if (handler.width < 8 && !(state.segment[CPU_SS].attributes & CPU_SEGMENT_DB)) {
        sp &= 0xffff;
    }
    uint64_t at = state.segment[CPU_SS].base + sp + handler.flags_at;
    if (translate_linear(&state, memory, at, &physical) &&
        memory_read(memory, physical, &flags, handler.width)) {
        flags &= ~(uint64_t)CPU_FLAG_TF;
        memory_write(memory, physical, &flags, handler.width);
    }
}

/* ---- interrupts ---- */

/* The stack must stay the same, so the code must not be a program's or in long mode. */
static bool find_code(const CpuState *state, const Memory *memory, const Handler *handler,
                      CpuSegment *code)
{
    if (!(state->cr0 & CPU_CR0_PE)) {
        *code = state->segment[CPU_CS];
        code->selector = handler->selector;
        code->base = (uint64_t)handler->selector << 4;
        return true;
    }
    bool simple = !(state->rflags & CPU_FLAG_VM) && !(state->msr.efer & CPU_EFER_LMA);
    return simple && read_segment(state, memory, handler->selector, code) &&
           !((code->attributes ^ state->segment[CPU_CS].attributes) & CPU_SEGMENT_DPL);
}

static bool push_frame(const CpuState *state, Memory *memory, const Handler *handler,
                       uint64_t *stack_pointer)
{
    const uint64_t frame[] = {state->rip, state->segment[CPU_CS].selector, state->rflags};
    uint64_t mask = state->segment[CPU_SS].attributes & CPU_SEGMENT_DB ? UINT32_MAX : UINT16_MAX;
    uint64_t sp = (state->gpr[CPU_SP] - 3 * handler->width) & mask, physical;
    for (unsigned i = 0; i < G_N_ELEMENTS(frame); i++) {
        uint64_t at = state->segment[CPU_SS].base + ((sp + i * handler->width) & mask);
        if (!translate_linear(state, memory, at, &physical) ||
            !memory_write(memory, physical, &frame[i], handler->width)) {
            return false;
        }
    }
    *stack_pointer = (state->gpr[CPU_SP] & ~mask) | sp;
    return true;
}

/*
 * Enters the handler instead of KVM.  KVM would push flags with the TF of the
 * step, and would run the handler without it.  Returns false if KVM must do
 * it.
 */
bool kvm_enter_handler(KvmVcpu *kv, unsigned vector)
{
    Memory *memory = kv->vcpu.accel->host.memory;
    CpuState state;
    Handler handler;
    CpuSegment code;
    uint64_t sp;
    if (!kvm_vcpu_get_state(&kv->vcpu, &state, NULL) ||
        !find_handler(&state, memory, vector, &handler) ||
        !find_code(&state, memory, &handler, &code) || !push_frame(&state, memory, &handler, &sp)) {
        return false;
    }
    state.gpr[CPU_SP] = sp;
    state.rip = handler.offset;
    state.segment[CPU_CS] = code;
    state.rflags &= ~(uint64_t)(CPU_FLAG_TF | CPU_FLAG_NT | CPU_FLAG_RF | CPU_FLAG_AC);
    state.rflags &= handler.is_trap ? UINT64_MAX : ~(uint64_t)CPU_FLAG_IF;
    return kvm_vcpu_set_place(&kv->vcpu, &state);
}
