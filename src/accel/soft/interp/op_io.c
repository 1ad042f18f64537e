/*
 * IN OUT INS OUTS.  Each ends its block, because the device may have changed the
 * interrupt pin, guest memory or the A20 line.
 */
#include "src/accel/soft/interp/handlers.h"

#include <string.h>

/* The most items that are passed to the bus at once. */
#define IO_BATCH 1024u
/* This number of items in a batch takes the host as long as a turn of the run loop. */
#define ITEMS_PER_LOOK 16u

static void port_access(Cpu *cpu, uint16_t port, bool write, unsigned size, void *data,
                        size_t count)
{
    bus_port_access(cpu_host(cpu)->bus, &cpu->vcpu.initiator, port, write, size, data, count);
    if (unlikely(cpu->single_step & SINGLE_STEP_DEBUG)) {
        io_breakpoints(cpu, port, size);
    }
}

static __attribute__((noinline)) u32 port_read(Cpu *cpu, const Insn *insn, uint16_t port,
                                               unsigned size)
{
    u32 value = 0;

    insn_begin(cpu, insn);
    io_permission(cpu, port, size);
    port_access(cpu, port, false, size, &value, 1);
    return value;
}

static __attribute__((noinline)) void port_write(Cpu *cpu, const Insn *insn, uint16_t port,
                                                 unsigned size, u32 value)
{
    insn_begin(cpu, insn);
    io_permission(cpu, port, size);
    port_access(cpu, port, true, size, &value, 1);
}

/* The port is the immediate, or DX. */
#define DEFINE_IO(N)                                                                               \
    OP(in##N##_i)                                                                                  \
    {                                                                                              \
        reg_put##N(cpu, CPU_AX, (u##N)port_read(cpu, insn, (u16)insn->imm, N / 8));                \
        FINISH();                                                                                  \
    }                                                                                              \
    OP(in##N##_dx)                                                                                 \
    {                                                                                              \
        reg_put##N(cpu, CPU_AX, (u##N)port_read(cpu, insn, GPR16(cpu, CPU_DX), N / 8));            \
        FINISH();                                                                                  \
    }                                                                                              \
    OP(out##N##_i)                                                                                 \
    {                                                                                              \
        port_write(cpu, insn, (u16)insn->imm, N / 8, *reg##N(cpu, CPU_AX));                        \
        FINISH();                                                                                  \
    }                                                                                              \
    OP(out##N##_dx)                                                                                \
    {                                                                                              \
        port_write(cpu, insn, GPR16(cpu, CPU_DX), N / 8, *reg##N(cpu, CPU_AX));                    \
        FINISH();                                                                                  \
    }

DEFINE_IO(8)
DEFINE_IO(16)
DEFINE_IO(32)

/* ---- strings ---- */

static void advance(Cpu *cpu, const Insn *insn, unsigned reg, EffAddr delta)
{
#if INTERP_WIDE
    GPR64(cpu, reg) = (GPR64(cpu, reg) + delta) & insn_mask(insn);
#else
    u32 mask = insn->address_mask;

    GPR(cpu, reg) = (GPR(cpu, reg) & ~mask) | ((GPR(cpu, reg) + delta) & mask);
#endif
}

/* How many items from `offset` on fit into the page, the segment and the address size. */
static u32 batch_of(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset, u32 size,
                    EffAddr count, MemoryAccess access G_GNUC_UNUSED)
{
#if INTERP_WIDE
    LinearAddr linear = segment_base(cpu, segment) + offset;
    u64 room = insn_mask(insn) - offset;
#else
    const Segment *s = &cpu->segment[segment];
    LinearAddr linear = s->base + offset;
    u64 end = access == ACCESS_WRITE ? s->write_end : s->read_end;
    u64 room = MIN((u64)insn->address_mask + 1, MAX(end, offset)) - offset;
#endif
    room = MIN(room, PAGE_SIZE - (linear & ~PAGE_MASK));
    return (u32)MAX(1, MIN(count, MIN(IO_BATCH / size, room / size)));
}

static u32 load_item(Cpu *cpu, const Insn *insn, unsigned segment, EffAddr offset, u32 size)
{
    return size == 1   ? mem_read8(cpu, insn, segment, offset)
           : size == 2 ? mem_read16(cpu, insn, segment, offset)
                       : mem_read32(cpu, insn, segment, offset);
}

static void store_item(Cpu *cpu, const Insn *insn, EffAddr offset, u32 size, u32 value)
{
    if (size == 1) {
        mem_write8(cpu, insn, CPU_ES, offset, (u8)value);
    } else if (size == 2) {
        mem_write16(cpu, insn, CPU_ES, offset, (u16)value);
    } else {
        mem_write32(cpu, insn, CPU_ES, offset, value);
    }
}

/* Makes sure that memory can be written before it asks the device. */
static u32 ins_batch(Cpu *cpu, const Insn *insn, u32 size, EffAddr most)
{
    EffAddr offset = GPR_ADDRESS(cpu, CPU_DI) & insn_mask(insn);
    bool down = cpu->eflags & CPU_FLAG_DF;
    u8 items[IO_BATCH] = {0};

    u32 count = down ? 1 : batch_of(cpu, insn, CPU_ES, offset, size, most, ACCESS_WRITE);
    mem_probe(cpu, CPU_ES, offset, size, count);
    port_access(cpu, GPR16(cpu, CPU_DX), false, size, items, count);
    for (u32 i = 0; i < count; i++) {
        u32 value = 0;

        memcpy(&value, items + i * size, size);
        store_item(cpu, insn, offset + i * size, size, value);
    }
    advance(cpu, insn, CPU_DI, down ? -(EffAddr)size : size * count);
    return count;
}

static u32 outs_batch(Cpu *cpu, const Insn *insn, u32 size, EffAddr most)
{
    EffAddr offset = GPR_ADDRESS(cpu, CPU_SI) & insn_mask(insn);
    bool down = cpu->eflags & CPU_FLAG_DF;
    u8 items[IO_BATCH];

    bool alone = down || bus_is_slow(cpu_host(cpu)->bus, GPR16(cpu, CPU_DX));
    u32 count = alone ? 1 : batch_of(cpu, insn, insn->segment, offset, size, most, ACCESS_READ);
    for (u32 i = 0; i < count; i++) {
        u32 value = load_item(cpu, insn, insn->segment, offset + i * size, size);

        memcpy(items + i * size, &value, size);
    }
    port_access(cpu, GPR16(cpu, CPU_DX), true, size, items, count);
    advance(cpu, insn, CPU_SI, down ? -(EffAddr)size : size * count);
    return count;
}

typedef u32 Batch(Cpu *cpu, const Insn *insn, u32 size, EffAddr most);

/*
 * Returns true when the instruction has finished.  Each item of a repetition counts
 * as an instruction.  The fuel for the first item of a batch is already used.
 */
static __attribute__((noinline)) bool string_io(Cpu *cpu, const Insn *insn, Batch *batch, u32 size)
{
    insn_begin(cpu, insn);
    io_permission(cpu, GPR16(cpu, CPU_DX), size);
    if (!(insn->prefix & (INSN_REP | INSN_REPNE))) {
        batch(cpu, insn, size, 1);
        return true;
    }
    EffAddr count = GPR_ADDRESS(cpu, CPU_CX) & insn_mask(insn);
    if (count) {
        u32 items = batch(cpu, insn, size, cpu->single_step ? 1 : count);

        advance(cpu, insn, CPU_CX, -(EffAddr)items);
        count -= items;
        cpu->fuel -= items - (count == 0);
        cpu_look_sooner(cpu, 1 + (int)(items / ITEMS_PER_LOOK));
    }
    return count == 0;
}

#define DEFINE_STRING_IO(name, N)                                                                  \
    OP(name##N)                                                                                    \
    {                                                                                              \
        while (!string_io(cpu, insn, name##_batch, N / 8)) {                                       \
            if (rep_pauses(cpu, insn)) {                                                           \
                cpu->fuel++;                                                                       \
                return rep_leave(cpu, insn);                                                       \
            }                                                                                      \
        }                                                                                          \
        FINISH();                                                                                  \
    }

DEFINE_STRING_IO(ins, 8)
DEFINE_STRING_IO(ins, 16)
DEFINE_STRING_IO(ins, 32)
DEFINE_STRING_IO(outs, 8)
DEFINE_STRING_IO(outs, 16)
DEFINE_STRING_IO(outs, 32)
