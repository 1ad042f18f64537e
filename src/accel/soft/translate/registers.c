/* The places of the guest's registers, and moves between them. */
#include "src/accel/soft/translate/translation.h"

/*
 * Registers that instructions name implicitly (except RAX, RCX and RSP) have
 * the same number in guest and host.  64-bit code has more registers than the
 * host has left, so those that code uses least stay in the Cpu.
 */
int host_home(bool wide, unsigned guest)
{
    static const int8_t HOMES[CPU_GPR_COUNT] = {
        R8, R9, RDX, RBX, R10, RBP, RSI, RDI, R12, -1, -1, -1, R13, -1, -1, -1,
    };

    return guest < 8 || wide ? HOMES[guest] : -1;
}

HostMemory cpu_field(size_t offset)
{
    return at_base(HOST_CPU, (int32_t)offset);
}

static HostMemory register_field(unsigned guest)
{
    return cpu_field(offsetof(Cpu, gpr) + guest * 8u);
}

unsigned target_register(Translation *t, unsigned guest, unsigned scratch)
{
    int home = host_home(t->wide, guest);

    return home >= 0 ? (unsigned)home : scratch;
}

unsigned use_register(Translation *t, unsigned guest, unsigned scratch)
{
    unsigned host = target_register(t, guest, scratch);

    if (host_home(t->wide, guest) < 0) {
        emit_rm(&t->e, EMIT_W, 0x8b, host, register_field(guest), 0);
    }
    return host;
}

void store_register(Translation *t, unsigned guest, unsigned host)
{
    int home = host_home(t->wide, guest);

    if (home < 0) {
        emit_rm(&t->e, EMIT_W, 0x89, host, register_field(guest), 0);
    } else if ((unsigned)home != host) {
        emit_move(t, (unsigned)home, host);
    }
}

unsigned width_prefixes(unsigned width)
{
    return width == 8 ? EMIT_BYTE : width == 16 ? EMIT_66 : width == 64 ? EMIT_W : 0;
}

void emit_sized_rr(Translation *t, unsigned width, uint8_t opcode, unsigned reg, unsigned rm)
{
    emit_rr(&t->e, width_prefixes(width), (uint8_t)(opcode | (width != 8)), reg, rm);
}

void emit_sized_rm(Translation *t, unsigned width, uint8_t opcode, unsigned reg, HostMemory memory,
                   unsigned after)
{
    emit_rm(&t->e, width_prefixes(width), (uint8_t)(opcode | (width != 8)), reg, memory, after);
}

unsigned immediate_size(unsigned width)
{
    return width == 8 ? 1 : width == 16 ? 2 : 4;
}

void emit_immediate(Translation *t, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < immediate_size(width); i++) {
        emit8(&t->e, (uint8_t)(value >> i * 8));
    }
}

void emit_cut_address(Translation *t)
{
    emit_rr(&t->e, EMIT_0F, 0xb7, HOST_AT, HOST_AT); /* movzx */
}

void emit_move(Translation *t, unsigned to, unsigned from)
{
    emit_rr(&t->e, t->wide ? EMIT_W : 0, 0x8b, to, from);
}
