#include "src/accel/soft/x86/fpu.h"

/* ---- what the system refuses ---- */

static void need_task(Cpu *cpu)
{
    if (cpu->cr0 & CPU_CR0_TS) {
        cpu_raise(cpu, VECTOR_NM);
    }
}

void fpu_refuse_control(Cpu *cpu)
{
    if (cpu->cr0 & (CPU_CR0_EM | CPU_CR0_TS)) {
        cpu_raise(cpu, VECTOR_NM);
    }
}

void fpu_refuse_x87(Cpu *cpu)
{
    fpu_refuse_control(cpu);
    if (fx_pending(&cpu->fx)) {
        fpu_pending(cpu);
    }
}

void fpu_refuse_mmx(Cpu *cpu)
{
    if (cpu->cr0 & CPU_CR0_EM) {
        cpu_raise(cpu, VECTOR_UD);
    }
    need_task(cpu);
    if (fx_pending(&cpu->fx)) {
        fpu_pending(cpu);
    }
}

void fpu_refuse_sse(Cpu *cpu)
{
    if (cpu->cr0 & CPU_CR0_EM || !(cpu->cr4 & CR4_OSFXSR)) {
        cpu_raise(cpu, VECTOR_UD);
    }
    need_task(cpu);
}

void fpu_pending(Cpu *cpu)
{
    if (cpu->cr0 & CPU_CR0_NE) {
        cpu_raise(cpu, VECTOR_MF);
    }
}

G_NORETURN void fpu_raise_simd(Cpu *cpu)
{
    cpu_raise(cpu, cpu->cr4 & CR4_OSXMMEXCPT ? VECTOR_XM : VECTOR_UD);
}

/* ---- memory that the fast path does not reach ---- */

/* 64-bit code has no limits, but an address must be canonical. */
static LinearAddr check_wide(Cpu *cpu, unsigned segment, uint64_t offset, unsigned size)
{
    LinearAddr linear = cpu->wide_base[segment] + offset;

    if (!linear_is_canonical(linear) || !linear_is_canonical(linear + size - 1)) {
        cpu_raise_error(cpu, segment == CPU_SS ? VECTOR_SS : VECTOR_GP, 0);
    }
    return linear;
}

static LinearAddr check(Cpu *cpu, const Insn *insn, uint64_t offset, unsigned size,
                        unsigned alignment, MemoryAccess access)
{
    cpu->current = insn;
    LinearAddr linear = cpu->mode == 64
                            ? check_wide(cpu, insn->segment, offset, size)
                            : segment_check(cpu, insn->segment, (uint32_t)offset, size, access);
    if (linear & (alignment - 1)) {
        cpu_raise_error(cpu, VECTOR_GP, 0);
    }
    return linear;
}

/* The size of the next piece: an access of a device has at most 8 bytes. */
static unsigned piece_of(unsigned left)
{
    return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

static void check_pieces(Cpu *cpu, LinearAddr linear, unsigned size, MemoryAccess access)
{
    if (cpu->checks) {
        linear_check(cpu, linear, MIN(size, 16), access);
    }
    linear_probe(cpu, linear, size, access, cpu_rights(cpu));
}

void fpu_read_slow(Cpu *cpu, const Insn *insn, uint64_t offset, void *to, unsigned size,
                   unsigned alignment)
{
    LinearAddr linear = check(cpu, insn, offset, size, alignment, ACCESS_READ);
    uint8_t *bytes = to;

    check_pieces(cpu, linear, size, ACCESS_READ);
    for (unsigned at = 0, piece; at < size; at += piece) {
        piece = piece_of(size - at);
        uint64_t value = linear_read(cpu, linear + at, piece, cpu_rights(cpu));
        memcpy(bytes + at, &value, piece);
    }
}

void fpu_write_slow(Cpu *cpu, const Insn *insn, uint64_t offset, const void *from, unsigned size,
                    unsigned alignment)
{
    LinearAddr linear = check(cpu, insn, offset, size, alignment, ACCESS_WRITE);
    const uint8_t *bytes = from;

    check_pieces(cpu, linear, size, ACCESS_WRITE);
    for (unsigned at = 0, piece; at < size; at += piece) {
        uint64_t value = 0;

        piece = piece_of(size - at);
        memcpy(&value, bytes + at, piece);
        linear_write(cpu, linear + at, piece, value, cpu_rights(cpu));
    }
}
