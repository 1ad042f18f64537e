/*
 * The meaning of an input of fuzz_bus.c: operations in a row whose sizes do not
 * depend on the machine, so mutate_bus.c can change whole operations.
 */
#ifndef PIOEMU_FUZZ_BUS_SCRIPT_H
#define PIOEMU_FUZZ_BUS_SCRIPT_H

#include "tests/fuzz/fuzz.h"

#define BUS_OPS_MAX   400u
#define BUS_LINE_RX   64u
#define BUS_ITEMS_MAX 31u
#define BUS_ANY_PORT  0xffu /* a port of 16 bits follows */
#define BUS_WRITE     0x80u /* in `what` of an access, or in `how` of a memory access */
#define BUS_BLOCK     0x80u /* in `how` of an access */
#define BUS_APIC      0x80u /* in `what` of an acknowledge: access an APIC instead */
#define BUS_IOAPIC    0x04u /* in `how` of that: the I/O APIC, otherwise the CPU's own */
#define BUS_CPUS      3u

/* The first byte, modulo 8.  Three of the values are accesses. */
typedef enum BusOpKind {
    BUS_ACCESS,
    BUS_STEP = 3,
    BUS_LINE,
    BUS_ACKNOWLEDGE, /* by a CPU, or an access to an APIC */
    BUS_MEMORY,
    BUS_LATE, /* 0xff: after a reset */
    BUS_OP_KINDS
} BusOpKind;

/* `how` of a line.  Bit 0 selects the line, and the other bits are one of these. */
typedef enum BusLineKind {
    BUS_LINE_INPUT,
    BUS_LINE_BREAK,
    BUS_LINE_MODEM,
    BUS_LINE_ROOM
} BusLineKind;

typedef struct BusOp {
    uint8_t what, how;
    uint8_t which;        /* the number of one of the devices' ports, BUS_ANY_PORT, or an APIC
                             register */
    uint64_t number;      /* port, address, time, modem lines, or the value for an APIC */
    const uint8_t *bytes; /* items to write, or input; they belong to the fuzzer */
    size_t size;          /* how many bytes there are; missing ones are zero */
} BusOp;

static inline BusOpKind bus_op_kind(const BusOp *op)
{
    unsigned kind = op->what % BUS_OP_KINDS;
    return kind < BUS_STEP ? BUS_ACCESS : (BusOpKind)kind;
}

static inline unsigned bus_op_width(const BusOp *op)
{
    return 1u << op->how % 3;
}

static inline size_t bus_op_count(const BusOp *op)
{
    return op->how & BUS_BLOCK ? op->how >> 2 & BUS_ITEMS_MAX : 1;
}

static inline void bus_take_access(FuzzInput *in, BusOp *op)
{
    op->how = (uint8_t)fuzz_take(in, 1);
    op->which = (uint8_t)fuzz_take(in, 1);
    op->number = op->which == BUS_ANY_PORT ? fuzz_take(in, 2) : 0;
    if (op->what & BUS_WRITE) {
        op->bytes = in->data;
        op->size = MIN(in->size, bus_op_count(op) * bus_op_width(op));
        in->data += op->size;
        in->size -= op->size;
    }
}

static inline void bus_take_line(FuzzInput *in, BusOp *op)
{
    op->how = (uint8_t)fuzz_take(in, 1);
    unsigned kind = op->how >> 1 & 3;
    if (kind == BUS_LINE_INPUT) {
        op->bytes = fuzz_take_bytes(in, BUS_LINE_RX, &op->size);
    } else if (kind == BUS_LINE_MODEM) {
        op->number = fuzz_take(in, 1);
    }
}

/* `how` contains the CPU, the choice of APIC, and BUS_WRITE. */
static inline void bus_take_apic(FuzzInput *in, BusOp *op)
{
    op->how = (uint8_t)fuzz_take(in, 1);
    op->which = (uint8_t)fuzz_take(in, 1);
    op->number = op->how & BUS_WRITE ? fuzz_take(in, 4) : 0;
}

static inline BusOp bus_take_op(FuzzInput *in)
{
    BusOp op = {.what = (uint8_t)fuzz_take(in, 1)};
    switch (bus_op_kind(&op)) {
    case BUS_STEP:
        op.number = fuzz_take_step(in);
        break;
    case BUS_LATE:
        op.number = fuzz_take_time(in);
        break;
    case BUS_LINE:
        bus_take_line(in, &op);
        break;
    case BUS_MEMORY:
        op.how = (uint8_t)fuzz_take(in, 1);
        op.number = fuzz_take(in, 8);
        break;
    case BUS_ACKNOWLEDGE:
        if (op.what & BUS_APIC) {
            bus_take_apic(in, &op);
        }
        break;
    default:
        bus_take_access(in, &op);
    }
    return op;
}

#endif
