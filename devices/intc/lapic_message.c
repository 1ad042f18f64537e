/*
 * Interrupt commands and messages between local APICs; see lapic.c.
 */
#include "devices/intc/lapic_internal.h"

/* `command` has delivery mode, trigger and vector in the same bits as the ICR. */
static void lapic_deliver(Lapic *s, uint32_t command)
{
    switch (command & APIC_DELIVERY_MASK) {
    case APIC_DELIVERY_FIXED:
    case APIC_DELIVERY_LOWEST:
        lapic_accept(s, command & APIC_VECTOR_MASK, command & APIC_TRIGGER_LEVEL);
        break;
    case APIC_DELIVERY_NMI:
        lapic_pulse_nmi(s);
        break;
    case APIC_DELIVERY_INIT:
        lapic_clear(s);
        pio_request_cpu_init(s->dev, s->cpu);
        break;
    case APIC_DELIVERY_START:
        pio_request_cpu_start(s->dev, s->cpu, (uint8_t)command);
        break;
    case APIC_DELIVERY_EXTINT:
        s->extint = true;
        break;
    default:
        pio_guest_error(s->dev, "delivery", "delivery mode %u does nothing",
                        (command & APIC_DELIVERY_MASK) >> 8);
        break;
    }
}

/* SDM, "Determining IPI Destination". */
static bool lapic_is_destination(const Lapic *s, uint64_t address)
{
    uint8_t destination = (uint8_t)(address >> APIC_MESSAGE_DEST_SHIFT);
    uint8_t own = (uint8_t)(s->ldr >> 24);
    if (!(address & APIC_MESSAGE_LOGICAL)) {
        return destination == s->id >> 24 || destination == APIC_DEST_ALL;
    }
    if (s->dfr == APIC_DFR_FLAT) {
        return destination & own;
    }
    bool cluster = destination >> 4 == own >> 4 || destination >> 4 == 0xf;
    return cluster && (destination & own & 0xf);
}

/*
 * SDM, "Lowest Priority Delivery Mode": among the destinations, the CPU with the
 * lowest priority gets the interrupt.
 */
int lapic_arbitrate(const void *state, uint64_t offset, uint64_t value)
{
    const Lapic *s = state;
    if (s->excludes_self || !lapic_is_destination(s, offset)) {
        return DEVICE_ARBITRATE_NONE;
    }
    if ((value & APIC_DELIVERY_MASK) != APIC_DELIVERY_LOWEST) {
        return DEVICE_ARBITRATE_SURE;
    }
    return lapic_enabled(s) ? lapic_ppr(s) : DEVICE_ARBITRATE_NONE;
}

void lapic_message(Lapic *s, uint64_t address, uint32_t data)
{
    if (lapic_is_destination(s, address)) {
        lapic_deliver(s, data);
        lapic_update(s);
    }
}

static void lapic_send(Lapic *s, uint32_t destination, bool logical, uint32_t command)
{
    uint64_t address = APIC_MESSAGE_BASE | destination << APIC_MESSAGE_DEST_SHIFT |
                       (logical ? APIC_MESSAGE_LOGICAL : 0);
    pio_bus_write(s->dev, address, command & (APIC_DELIVERY_MASK | APIC_VECTOR_MASK), 4);
}

static void lapic_send_to_others(Lapic *s, uint32_t command)
{
    s->excludes_self = true;
    lapic_send(s, APIC_DEST_ALL, false, command);
    s->excludes_self = false;
}

/* An INIT with the level de-asserted only sets arbitration IDs, and this model has none. */
static bool lapic_is_deassert(uint32_t command)
{
    return (command & APIC_DELIVERY_MASK) == APIC_DELIVERY_INIT && !(command & APIC_LEVEL_ASSERT);
}

void lapic_command(Lapic *s, uint32_t command)
{
    bool fixed = (command & APIC_DELIVERY_MASK) <= APIC_DELIVERY_LOWEST;
    s->icr_low = command & ~0x1000u & 0x000ccfffu;
    if (fixed && (command & APIC_VECTOR_MASK) < LAPIC_VECTOR_FIRST) {
        lapic_error(s, APIC_ESR_SEND_ILLEGAL);
        lapic_update(s);
        return;
    }
    if (lapic_is_deassert(command)) {
        return;
    }
    switch (command & APIC_ICR_SHORTHAND) {
    case APIC_ICR_SELF:
        lapic_deliver(s, command & (APIC_DELIVERY_MASK | APIC_VECTOR_MASK));
        break;
    case APIC_ICR_ALL:
        lapic_send(s, APIC_DEST_ALL, false, command);
        break;
    case APIC_ICR_OTHERS:
        lapic_send_to_others(s, command);
        break;
    default:
        lapic_send(s, s->icr_high >> 24, command & APIC_ICR_LOGICAL, command);
        break;
    }
    lapic_update(s);
}
