/*
 * The I/O APIC: Intel 82093AA (data sheet 290566), with the EOI register of its
 * successors.
 *
 * Modelled: 24 inputs, edge and level, both polarities, all delivery modes, remote
 * IRR.  Not modelled: the three-wire APIC bus.  So the arbitration register only
 * mirrors the ID, and delivery is never pending.
 *
 * Each input has a redirection entry.  An interrupt is a write to memory, as on the
 * front-side bus; the entry gives its address (destination) and its data (vector,
 * delivery mode):
 *
 *     active = input xor INTPOL
 *     edge:   active rises and not MASK              -> send
 *     level:  active and not MASK and not remote IRR -> send, and set remote IRR
 *
 * The EOI of the same vector clears remote IRR.  If the input is still active, the
 * interrupt is sent again.
 */
#include "devices/device.h"
#include "devices/intc/ioapic_regs.h"
#include "devices/intc/lapic_regs.h"

#include <stdio.h>

#define ID_MASK 0x0f000000u

typedef struct Ioapic {
    Device *dev;

    /* Registers that the guest sees. */
    uint8_t select;              /* IOREGSEL */
    uint32_t id;                 /* bits 24-27 */
    uint32_t low[IOAPIC_INPUTS]; /* includes remote IRR: set when a level interrupt is sent,
                                    cleared by the EOI */
    uint32_t high[IOAPIC_INPUTS];

    /* Hidden latches. */
    uint32_t inputs; /* the electrical levels of the pins */

    /* Collaborators. */
    uint64_t base;
} Ioapic;

/* ---- predicates ---- */

static bool ioapic_active(const Ioapic *s, unsigned pin)
{
    bool high = s->inputs >> pin & 1;
    return high != !!(s->low[pin] & IOAPIC_INTPOL);
}

static bool ioapic_is_level(const Ioapic *s, unsigned pin)
{
    return s->low[pin] & IOAPIC_TRIGGER;
}

/* ---- delivery ---- */

static void ioapic_send(Ioapic *s, unsigned pin)
{
    uint32_t low = s->low[pin];
    uint64_t address = APIC_MESSAGE_BASE |
                       s->high[pin] >> IOAPIC_DEST_SHIFT << APIC_MESSAGE_DEST_SHIFT |
                       (low & IOAPIC_DESTMOD ? APIC_MESSAGE_LOGICAL : 0);
    uint32_t data = (low & (IOAPIC_INTVEC | IOAPIC_DELMOD)) | APIC_LEVEL_ASSERT |
                    (low & IOAPIC_TRIGGER ? APIC_TRIGGER_LEVEL : 0);
    pio_bus_write(s->dev, address, data, 4);
}

/* A level-triggered input sends one interrupt, and the next one only after the EOI. */
static void ioapic_update_level(Ioapic *s, unsigned pin)
{
    uint32_t blocked = IOAPIC_MASK | IOAPIC_REMOTE_IRR;
    if (ioapic_is_level(s, pin) && ioapic_active(s, pin) && !(s->low[pin] & blocked)) {
        s->low[pin] |= IOAPIC_REMOTE_IRR;
        ioapic_send(s, pin);
    }
}

/* An edge that comes while the input is masked is lost (data sheet, Interrupt Mask). */
static void ioapic_set_pin(void *state, unsigned pin, bool level)
{
    Ioapic *s = state;
    bool was_active = ioapic_active(s, pin);
    s->inputs = (s->inputs & ~(1u << pin)) | (uint32_t)level << pin;
    if (ioapic_is_level(s, pin)) {
        ioapic_update_level(s, pin);
    } else if (!was_active && ioapic_active(s, pin) && !(s->low[pin] & IOAPIC_MASK)) {
        ioapic_send(s, pin);
    }
}

static void ioapic_end_of_interrupt(Ioapic *s, uint8_t vector)
{
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        if (ioapic_is_level(s, pin) && (s->low[pin] & IOAPIC_INTVEC) == vector) {
            s->low[pin] &= ~(uint32_t)IOAPIC_REMOTE_IRR;
            ioapic_update_level(s, pin);
        }
    }
}

/* ---- registers ---- */

static uint32_t ioapic_read_window(const Ioapic *s)
{
    switch (s->select) {
    case IOAPIC_ID:
    case IOAPIC_ARB:
        return s->id;
    case IOAPIC_VER:
        return IOAPIC_VERSION | (IOAPIC_INPUTS - 1) << 16;
    default:
        break;
    }
    unsigned index = (unsigned)s->select - IOAPIC_REDTBL;
    if (s->select < IOAPIC_REDTBL || index >= 2 * IOAPIC_INPUTS) {
        return 0;
    }
    return index & 1 ? s->high[index / 2] : s->low[index / 2];
}

/* A write that makes an input edge-triggered clears its remote IRR. */
static void ioapic_write_low(Ioapic *s, unsigned pin, uint32_t value)
{
    uint32_t remote = value & IOAPIC_TRIGGER ? s->low[pin] & IOAPIC_REMOTE_IRR : 0;
    s->low[pin] = (value & IOAPIC_WRITABLE) | remote;
    ioapic_update_level(s, pin);
}

static void ioapic_write_window(Ioapic *s, uint32_t value)
{
    unsigned index = (unsigned)s->select - IOAPIC_REDTBL;
    if (s->select == IOAPIC_ID) {
        s->id = value & ID_MASK;
    } else if (s->select >= IOAPIC_REDTBL && index < 2 * IOAPIC_INPUTS) {
        if (index & 1) {
            s->high[index / 2] = value & 0xff000000u;
        } else {
            ioapic_write_low(s, index / 2, value);
        }
    }
}

static uint64_t ioapic_read(void *state, uint64_t offset, unsigned size)
{
    const Ioapic *s = state;
    uint32_t value = 0;
    if ((offset & ~UINT64_C(3)) == IOAPIC_IOREGSEL) {
        value = s->select;
    } else if ((offset & ~UINT64_C(3)) == IOAPIC_IOWIN) {
        value = ioapic_read_window(s);
    }
    (void)size;
    return value >> (offset & 3) * 8;
}

static void ioapic_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Ioapic *s = state;
    switch (offset) {
    case IOAPIC_IOREGSEL:
        s->select = (uint8_t)value;
        break;
    case IOAPIC_IOWIN:
        if (size == 4) {
            ioapic_write_window(s, (uint32_t)value);
        } else {
            pio_guest_error(s->dev, "narrow IOWIN",
                            "a write of %u bytes to IOWIN changes nothing (it takes 4)", size);
        }
        break;
    case IOAPIC_EOI:
        ioapic_end_of_interrupt(s, (uint8_t)value);
        break;
    default:
        break;
    }
}

static const char *ioapic_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    switch (offset) {
    case IOAPIC_IOREGSEL:
        return "IOREGSEL";
    case IOAPIC_IOWIN:
        return "IOWIN";
    case IOAPIC_EOI:
        return write ? "EOI" : NULL;
    default:
        return NULL;
    }
}

/* ---- reset and saved state ---- */

/* The pins are driven from outside, so a reset does not change them. */
static void ioapic_reset(void *state)
{
    Ioapic *s = state;
    s->select = 0;
    s->id = 0;
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        s->low[pin] = IOAPIC_MASK;
        s->high[pin] = 0;
    }
}

static bool ioapic_post_load(void *state)
{
    const Ioapic *s = state;
    for (unsigned pin = 0; pin < IOAPIC_INPUTS; pin++) {
        if (s->low[pin] & ~(uint32_t)(IOAPIC_WRITABLE | IOAPIC_REMOTE_IRR) ||
            s->high[pin] & 0x00ffffffu) {
            return false;
        }
    }
    return s->inputs >> IOAPIC_INPUTS == 0 && !(s->id & ~ID_MASK);
}

static void ioapic_describe(const void *state, char *text, size_t size)
{
    const Ioapic *s = state;
    int used = snprintf(text, size, "inputs %06x", s->inputs);
    for (unsigned pin = 0; pin < IOAPIC_INPUTS && used >= 0 && (size_t)used < size; pin++) {
        if (!(s->low[pin] & IOAPIC_MASK)) {
            used += snprintf(text + used, size - (size_t)used, ", %u: %08x%08x", pin, s->high[pin],
                             s->low[pin]);
        }
    }
}

static const DeviceField IOAPIC_FIELDS[] = {
    DEVICE_FIELD(Ioapic, select),     DEVICE_FIELD(Ioapic, id),     DEVICE_FIELD_ARRAY(Ioapic, low),
    DEVICE_FIELD_ARRAY(Ioapic, high), DEVICE_FIELD(Ioapic, inputs), DEVICE_FIELD_END,
};

/* ---- the class ---- */

/*
 * The data sheet has accesses of 32 bits.  IOREGSEL has only 8 bits, and can be
 * written as a byte.
 */
static const IoOps IOAPIC_OPS = {
    .read = ioapic_read,
    .write = ioapic_write,
    .max_size = 4,
    .wider = IO_WIDER_IS_IGNORED,
};

static const DeviceRegion IOAPIC_REGIONS[] = {
    {
        .name = "ioapic",
        .space = IO_MEMORY,
        .size = 0x1000,
        .ops = &IOAPIC_OPS,
        .base_property = "base",
        .register_name = ioapic_register_name,
    },
    DEVICE_REGION_END,
};

static const DeviceProperty IOAPIC_PROPERTIES[] = {
    DEVICE_PROPERTY(Ioapic, base, "base", PROPERTY_UINT64, NULL, "first address"),
    DEVICE_PROPERTY_END,
};

extern const DeviceClass ioapic_class;
const DeviceClass ioapic_class = {
    .head = DEVICE_CLASS_HEAD("ioapic", Ioapic),
    .description = "82093AA I/O APIC",
    .properties = IOAPIC_PROPERTIES,
    .regions = IOAPIC_REGIONS,
    .reset = ioapic_reset,
    .set_pin = ioapic_set_pin,
    .input_count = IOAPIC_INPUTS,
    .fields = IOAPIC_FIELDS,
    .post_load = ioapic_post_load,
    .describe = ioapic_describe,
};
