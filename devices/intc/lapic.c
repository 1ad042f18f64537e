/*
 * The local APIC of one CPU: Intel SDM, volume 3, chapter "Advanced Programmable
 * Interrupt Controller (APIC)", xAPIC mode.
 *
 * Modelled: priorities, all delivery modes except SMI, the local vector table with
 * its timer (one-shot and periodic), interrupt commands, messages, errors.  Not
 * modelled: x2APIC, the TSC-deadline timer, thermal and performance interrupts
 * (their entries can be written).
 *
 * A vector that arrives sets its bit in the IRR.  The class of a vector is its bits
 * 7-4:
 *
 *     PPR  = TPR if class(TPR) >= class(highest ISR), else class(highest ISR) * 16
 *     INTR = (enabled and class(highest IRR) > class(PPR)) or an ExtINT is pending
 *
 * The acknowledge moves the highest vector from the IRR to the ISR, and the EOI
 * clears it there.  The timer counts down from its initial count at 100 MHz /
 * divider.
 *
 * The region is 1 MiB.  Its first page has the registers; a write to an address
 * without a register is a message (see lapic_regs.h).  Interrupt commands are sent
 * as messages too, as on the front-side bus.
 */
#include "devices/intc/lapic_internal.h"

#include <stdio.h>
#include <string.h>

#define VERSION       0x00050014u /* version 14h, six entries in the local vector table */
#define REGISTER_PAGE 0x1000u

#define PIN_LINT0 0u
#define PIN_LINT1 1u

/* An answer that tells the CPU to get the vector from the PIC.  Our own vectors are 16 or more. */
#define VECTOR_FROM_PIC 0u

#define NS_PER_TICK    (NS_PER_SECOND / APIC_TIMER_HZ)
#define SERVICE_MIN_NS 1000u

enum { LVT_TIMER, LVT_THERM, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR };

/* The bits that a guest can set, in the order of the registers. */
static const uint32_t LVT_WRITABLE[LAPIC_LVT_COUNT] = {0x300ff, 0x107ff, 0x107ff,
                                                       0x1a7ff, 0x1a7ff, 0x100ff};

/* ---- vectors ---- */

static void vector_set(uint32_t *words, unsigned vector, bool on)
{
    uint32_t bit = 1u << vector % 32;
    words[vector / 32] = on ? words[vector / 32] | bit : words[vector / 32] & ~bit;
}

static bool vector_is_set(const uint32_t *words, unsigned vector)
{
    return words[vector / 32] >> vector % 32 & 1;
}

/* The highest vector that is set, or -1. */
static int vector_highest(const uint32_t *words)
{
    for (unsigned i = LAPIC_WORDS; i-- > 0;) {
        if (words[i]) {
            return (int)(i * 32 + 31u - (unsigned)__builtin_clz(words[i]));
        }
    }
    return -1;
}

/* ---- predicates ---- */

bool lapic_enabled(const Lapic *s)
{
    return s->svr & APIC_SVR_ENABLE;
}

/* SDM, "Task and Processor Priorities". */
uint8_t lapic_ppr(const Lapic *s)
{
    int in_service = vector_highest(s->isr);
    uint8_t class = in_service < 0 ? 0 : (uint8_t)in_service & 0xf0;
    return (s->tpr & 0xf0) >= class ? s->tpr : class;
}

/* The vector that the CPU would get now, or -1. */
static int lapic_pending(const Lapic *s)
{
    int vector = vector_highest(s->irr);
    bool passes = lapic_enabled(s) && vector >= 0 && (vector & 0xf0) > (lapic_ppr(s) & 0xf0);
    return passes ? vector : -1;
}

static bool lapic_extint_pending(const Lapic *s)
{
    bool routed =
        (s->lvt[LVT_LINT0] & (APIC_LVT_MASKED | APIC_DELIVERY_MASK)) == APIC_DELIVERY_EXTINT;
    return s->extint || (routed && s->lint[PIN_LINT0]);
}

void lapic_update(Lapic *s)
{
    pio_irq_set(s->intr, lapic_pending(s) >= 0 || lapic_extint_pending(s));
}

/* ---- accepting interrupts ---- */

void lapic_accept(Lapic *s, unsigned vector, bool level)
{
    if (!lapic_enabled(s)) {
        return;
    }
    if (vector < LAPIC_VECTOR_FIRST) {
        lapic_error(s, APIC_ESR_RECEIVE_ILLEGAL);
        return;
    }
    vector_set(s->irr, vector, true);
    vector_set(s->tmr, vector, level);
}

/*
 * If the error entry itself has an illegal vector, no interrupt is raised and no
 * further error recorded.
 */
void lapic_error(Lapic *s, uint32_t error)
{
    uint32_t lvt = s->lvt[LVT_ERROR];
    s->errors |= error;
    if (!(lvt & APIC_LVT_MASKED) && (lvt & APIC_VECTOR_MASK) >= LAPIC_VECTOR_FIRST) {
        lapic_accept(s, lvt & APIC_VECTOR_MASK, false);
    }
}

void lapic_pulse_nmi(Lapic *s)
{
    pio_irq_set(s->nmi, true);
    pio_irq_set(s->nmi, false);
}

static void lapic_set_pin(void *state, unsigned pin, bool level)
{
    Lapic *s = state;
    uint32_t lvt = s->lvt[LVT_LINT0 + pin];
    bool rose = level && !s->lint[pin];
    s->lint[pin] = level;
    if (rose && !(lvt & APIC_LVT_MASKED)) {
        switch (lvt & APIC_DELIVERY_MASK) {
        case APIC_DELIVERY_FIXED:
            lapic_accept(s, lvt & APIC_VECTOR_MASK, false);
            break;
        case APIC_DELIVERY_NMI:
            lapic_pulse_nmi(s);
            break;
        default:
            break;
        }
    }
    lapic_update(s);
}

/*
 * If the interrupt has gone away meanwhile, the CPU gets the spurious vector (SDM,
 * "Spurious Interrupt").
 */
static uint8_t lapic_acknowledge(void *state)
{
    Lapic *s = state;
    int vector = lapic_pending(s);
    uint8_t answer = (uint8_t)(s->svr & APIC_SVR_VECTOR);
    if (vector >= 0) {
        vector_set(s->irr, (unsigned)vector, false);
        vector_set(s->isr, (unsigned)vector, true);
        answer = (uint8_t)vector;
    } else if (lapic_extint_pending(s)) {
        s->extint = false;
        answer = VECTOR_FROM_PIC;
    }
    lapic_update(s);
    return answer;
}

static void lapic_end_of_interrupt(Lapic *s)
{
    int vector = vector_highest(s->isr);
    if (vector < 0) {
        return;
    }
    vector_set(s->isr, (unsigned)vector, false);
    if (vector_is_set(s->tmr, (unsigned)vector)) {
        /* This writes the EOI register of the I/O APIC, which may send its next message at once. */
        pio_bus_write(s->dev, UINT64_C(0xfec00040), (uint64_t)vector, 4);
    }
    lapic_update(s);
}

/* ---- the timer: the count is derived from the clock ---- */

static uint64_t timer_tick_ns(const Lapic *s)
{
    unsigned code = (s->divide & 3) | (s->divide >> 1 & 4);
    return NS_PER_TICK << (code == 7 ? 0 : code + 1);
}

static uint64_t timer_period(const Lapic *s)
{
    return timer_tick_ns(s) * s->initial_count;
}

static bool timer_is_periodic(const Lapic *s)
{
    return s->lvt[LVT_TIMER] & APIC_LVT_PERIODIC;
}

static uint32_t timer_count(const Lapic *s)
{
    uint64_t elapsed = (pio_now(s->dev) - s->timer_start) / timer_tick_ns(s);
    if (s->initial_count == 0) {
        return 0;
    }
    if (timer_is_periodic(s)) {
        return s->initial_count - (uint32_t)(elapsed % s->initial_count);
    }
    return elapsed < s->initial_count ? s->initial_count - (uint32_t)elapsed : 0;
}

/*
 * The timer is armed only if it interrupts when it reaches zero.  With a very short
 * period, no handler could keep up, and the IRR has only one bit for the vector.
 * So several periods are served with one deadline.
 */
static void timer_schedule(Lapic *s)
{
    uint64_t period = timer_period(s);
    uint64_t elapsed = pio_now(s->dev) - s->timer_start;
    pio_timer_disarm(s->timer);
    if (!period || s->lvt[LVT_TIMER] & APIC_LVT_MASKED) {
        return;
    }
    if (timer_is_periodic(s)) {
        uint64_t step = (SERVICE_MIN_NS + period - 1) / period * period;
        pio_timer_arm(s->timer, s->timer_start + (elapsed / step + 1) * step);
    } else if (elapsed < period) {
        pio_timer_arm(s->timer, s->timer_start + period);
    }
}

static void lapic_timer_fired(void *state, uint64_t deadline)
{
    Lapic *s = state;
    (void)deadline;
    lapic_accept(s, s->lvt[LVT_TIMER] & APIC_VECTOR_MASK, false);
    timer_schedule(s);
    lapic_update(s);
}

static void timer_write_initial(Lapic *s, uint32_t value)
{
    s->initial_count = value;
    s->timer_start = pio_now(s->dev);
    timer_schedule(s);
}

/* The count continues from its current value, at the new rate. */
static void timer_write_divide(Lapic *s, uint32_t value)
{
    uint32_t left = timer_count(s);
    s->divide = value & 0xb;
    s->timer_start = pio_now(s->dev) - (s->initial_count - left) * timer_tick_ns(s);
    timer_schedule(s);
}

/* ---- registers ---- */

static int lvt_index(uint64_t offset)
{
    return offset >= APIC_LVT_TIMER && offset <= APIC_LVT_ERROR
               ? (int)((offset - APIC_LVT_TIMER) / 0x10)
               : -1;
}

/* While software has disabled the APIC, every entry stays masked. */
static void lapic_write_lvt(Lapic *s, unsigned index, uint32_t value)
{
    s->lvt[index] = (value & LVT_WRITABLE[index]) | (lapic_enabled(s) ? 0 : APIC_LVT_MASKED);
    if (index == LVT_TIMER) {
        timer_schedule(s);
    }
    lapic_update(s);
}

static void lapic_write_svr(Lapic *s, uint32_t value)
{
    s->svr = value & (APIC_SVR_VECTOR | APIC_SVR_ENABLE);
    for (unsigned i = 0; i < LAPIC_LVT_COUNT && !lapic_enabled(s); i++) {
        s->lvt[i] |= APIC_LVT_MASKED;
    }
    timer_schedule(s);
    lapic_update(s);
}

static void lapic_write_register(Lapic *s, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case APIC_ID:
        s->id = value & 0xff000000u;
        break;
    case APIC_TPR:
        s->tpr = (uint8_t)value;
        lapic_update(s);
        break;
    case APIC_EOI:
        lapic_end_of_interrupt(s);
        break;
    case APIC_LDR:
        s->ldr = value & 0xff000000u;
        break;
    case APIC_DFR:
        s->dfr = value | 0x0fffffffu;
        break;
    case APIC_SVR:
        lapic_write_svr(s, value);
        break;
    case APIC_ESR:
        s->esr = s->errors;
        s->errors = 0;
        break;
    case APIC_ICR_LOW:
        lapic_command(s, value);
        break;
    case APIC_ICR_HIGH:
        s->icr_high = value & 0xff000000u;
        break;
    case APIC_TIMER_ICR:
        timer_write_initial(s, value);
        break;
    case APIC_TIMER_DCR:
        timer_write_divide(s, value);
        break;
    default:
        lapic_error(s, APIC_ESR_REGISTER);
        lapic_update(s);
        break;
    }
}

static void lapic_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Lapic *s = state;
    int lvt = lvt_index(offset);
    (void)size;
    if (offset >= REGISTER_PAGE || offset < 0x10) {
        lapic_message(s, offset, (uint32_t)value);
    } else if (offset & 0xf) {
        lapic_error(s, APIC_ESR_REGISTER);
        lapic_update(s);
    } else if (lvt >= 0) {
        lapic_write_lvt(s, (unsigned)lvt, (uint32_t)value);
    } else {
        lapic_write_register(s, offset, (uint32_t)value);
    }
}

static uint32_t lapic_read_vectors(const Lapic *s, uint64_t offset)
{
    const uint32_t *words = offset < APIC_TMR ? s->isr : offset < APIC_IRR ? s->tmr : s->irr;
    return words[(offset & 0x7f) / 0x10];
}

static uint32_t lapic_read_register(Lapic *s, uint64_t offset)
{
    switch (offset) {
    case APIC_ID:
        return s->id;
    case APIC_VERSION:
        return VERSION;
    case APIC_TPR:
        return s->tpr;
    case APIC_PPR:
        return lapic_ppr(s);
    case APIC_LDR:
        return s->ldr;
    case APIC_DFR:
        return s->dfr;
    case APIC_SVR:
        return s->svr;
    case APIC_ESR:
        return s->esr;
    case APIC_ICR_LOW:
        return s->icr_low;
    case APIC_ICR_HIGH:
        return s->icr_high;
    case APIC_TIMER_ICR:
        return s->initial_count;
    case APIC_TIMER_CCR:
        return timer_count(s);
    case APIC_TIMER_DCR:
        return s->divide;
    case APIC_EOI:
        return 0;
    default:
        lapic_error(s, APIC_ESR_REGISTER);
        lapic_update(s);
        return 0;
    }
}

static uint64_t lapic_read(void *state, uint64_t offset, unsigned size)
{
    Lapic *s = state;
    uint64_t aligned = offset & ~UINT64_C(0xf);
    (void)size;
    if (offset >= REGISTER_PAGE || (offset & 0xf) > 3) {
        return 0;
    }
    unsigned shift = (offset & 3) * 8;
    if (aligned >= APIC_ISR && aligned < APIC_ESR) {
        return lapic_read_vectors(s, aligned) >> shift;
    }
    int lvt = lvt_index(aligned);
    return (lvt >= 0 ? s->lvt[lvt] : lapic_read_register(s, aligned)) >> shift;
}

/* ---- reset and saved state ---- */

/* SDM, "Local APIC State After It Receives an INIT": this clears everything except the ID. */
void lapic_clear(Lapic *s)
{
    s->ldr = 0;
    s->dfr = APIC_DFR_FLAT;
    s->svr = APIC_SVR_VECTOR;
    s->tpr = 0;
    memset(s->isr, 0, sizeof(s->isr));
    memset(s->tmr, 0, sizeof(s->tmr));
    memset(s->irr, 0, sizeof(s->irr));
    s->esr = s->errors = 0;
    s->icr_low = s->icr_high = 0;
    for (unsigned i = 0; i < LAPIC_LVT_COUNT; i++) {
        s->lvt[i] = APIC_LVT_MASKED;
    }
    s->initial_count = s->divide = 0;
    s->timer_start = 0;
    s->extint = s->excludes_self = false;
    timer_schedule(s);
    lapic_update(s);
}

/*
 * DEVIATION: LINT0 of the first CPU passes the PIC's interrupts, and LINT1 is the
 * NMI, as PC firmware leaves them (virtual wire mode).  In the SDM both are masked
 * after a reset.  So a guest that starts without firmware and does not know the
 * APIC gets its interrupts.
 */
static void lapic_reset(void *state)
{
    Lapic *s = state;
    lapic_clear(s);
    s->id = (s->apic_id == APIC_DEST_ALL ? s->cpu : s->apic_id) << 24;
    if (s->cpu == 0) {
        s->lvt[LVT_LINT0] = APIC_DELIVERY_EXTINT;
        s->lvt[LVT_LINT1] = APIC_DELIVERY_NMI;
    }
    lapic_update(s);
}

static bool lapic_realize(void *state, char *error, size_t size)
{
    const Lapic *s = state;
    if (s->cpu >= APIC_DEST_ALL) {
        snprintf(error, size, "cpu=%u: at most %u", s->cpu, APIC_DEST_ALL - 1u);
        return false;
    }
    if (s->apic_id > APIC_DEST_ALL) {
        snprintf(error, size, "apic-id=%u: at most %u", s->apic_id, APIC_DEST_ALL);
        return false;
    }
    return true;
}

static bool lapic_post_load(void *state)
{
    Lapic *s = state;
    if (s->divide & ~0xbu) {
        return false;
    }
    timer_schedule(s);
    lapic_update(s);
    return true;
}

static void lapic_describe(const void *state, char *text, size_t size)
{
    const Lapic *s = state;
    snprintf(text, size,
             "SVR=%03x TPR=%02x PPR=%02x LINT0=%05x timer=%05x %u/%u, highest IRR %d ISR %d",
             s->svr, s->tpr, lapic_ppr(s), s->lvt[LVT_LINT0], s->lvt[LVT_TIMER], timer_count(s),
             s->initial_count, vector_highest(s->irr), vector_highest(s->isr));
}

static const char *lapic_register_name(const void *state, uint64_t offset, bool write)
{
    static const struct {
        uint16_t offset;
        const char *name;
    } NAMES[] = {
        {APIC_ID, "ID"},
        {APIC_VERSION, "VERSION"},
        {APIC_TPR, "TPR"},
        {APIC_PPR, "PPR"},
        {APIC_EOI, "EOI"},
        {APIC_LDR, "LDR"},
        {APIC_DFR, "DFR"},
        {APIC_SVR, "SVR"},
        {APIC_ESR, "ESR"},
        {APIC_ICR_LOW, "ICR_LOW"},
        {APIC_ICR_HIGH, "ICR_HIGH"},
        {APIC_LVT_TIMER, "LVT_TIMER"},
        {APIC_LVT_LINT0, "LVT_LINT0"},
        {APIC_LVT_LINT1, "LVT_LINT1"},
        {APIC_LVT_ERROR, "LVT_ERROR"},
        {APIC_TIMER_ICR, "TIMER_ICR"},
        {APIC_TIMER_CCR, "TIMER_CCR"},
        {APIC_TIMER_DCR, "TIMER_DCR"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (NAMES[i].offset == offset) {
            return NAMES[i].name;
        }
    }
    return write && (offset >= REGISTER_PAGE || offset < 0x10) ? "message" : NULL;
}

static const DeviceField LAPIC_FIELDS[] = {
    DEVICE_FIELD(Lapic, id),
    DEVICE_FIELD(Lapic, ldr),
    DEVICE_FIELD(Lapic, dfr),
    DEVICE_FIELD(Lapic, svr),
    DEVICE_FIELD(Lapic, tpr),
    DEVICE_FIELD_ARRAY(Lapic, isr),
    DEVICE_FIELD_ARRAY(Lapic, tmr),
    DEVICE_FIELD_ARRAY(Lapic, irr),
    DEVICE_FIELD(Lapic, esr),
    DEVICE_FIELD(Lapic, icr_low),
    DEVICE_FIELD(Lapic, icr_high),
    DEVICE_FIELD_ARRAY(Lapic, lvt),
    DEVICE_FIELD(Lapic, initial_count),
    DEVICE_FIELD(Lapic, divide),
    DEVICE_FIELD(Lapic, errors),
    {.name = "lint", .offset = offsetof(Lapic, lint), .size = 1, .count = 2, .kind = FIELD_BOOL},
    DEVICE_FIELD_BOOL(Lapic, extint),
    DEVICE_FIELD(Lapic, timer_start),
    DEVICE_FIELD_END,
};

/* ---- the class ---- */

/*
 * SDM, "Local APIC Register Address Map": accesses have 32 bits.  Today's CPUs also
 * accept shorter reads, and so does this model.
 */
static const IoOps LAPIC_OPS = {
    .read = lapic_read,
    .write = lapic_write,
    .max_size = 4,
    .min_write = 4,
    .wider = IO_WIDER_IS_IGNORED,
};

static const DeviceRegion LAPIC_REGIONS[] = {
    {
        .name = "lapic",
        .space = IO_MEMORY,
        .size = 0x100000,
        .ops = &LAPIC_OPS,
        .base_property = "base",
        .register_name = lapic_register_name,
        .cpu_property = "cpu",
        .arbitrate = lapic_arbitrate,
    },
    DEVICE_REGION_END,
};

static const DeviceProperty LAPIC_PROPERTIES[] = {
    DEVICE_PROPERTY(Lapic, base, "base", PROPERTY_UINT64, NULL, "first address"),
    DEVICE_PROPERTY(Lapic, cpu, "cpu", PROPERTY_UINT32, "0", "number of its CPU"),
    DEVICE_PROPERTY(Lapic, apic_id, "apic-id", PROPERTY_UINT32, "255",
                    "its ID after a reset; 255: the number of its CPU"),
    DEVICE_PROPERTY_END,
};

static const DeviceOutput LAPIC_OUTPUTS[] = {
    {"intr", offsetof(Lapic, intr)},
    {"nmi", offsetof(Lapic, nmi)},
    DEVICE_OUTPUT_END,
};

static const DeviceTimer LAPIC_TIMERS[] = {
    {"timer", offsetof(Lapic, timer), lapic_timer_fired},
    DEVICE_TIMER_END,
};

extern const DeviceClass lapic_class;
const DeviceClass lapic_class = {
    .head = DEVICE_CLASS_HEAD("lapic", Lapic),
    .description = "local APIC",
    .properties = LAPIC_PROPERTIES,
    .regions = LAPIC_REGIONS,
    .outputs = LAPIC_OUTPUTS,
    .timers = LAPIC_TIMERS,
    .realize = lapic_realize,
    .reset = lapic_reset,
    .set_pin = lapic_set_pin,
    .input_count = 2,
    .acknowledge = lapic_acknowledge,
    .fields = LAPIC_FIELDS,
    .post_load = lapic_post_load,
    .describe = lapic_describe,
};
