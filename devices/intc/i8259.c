/*
 * Two cascaded 8259A programmable interrupt controllers, as in a PC/AT, and the
 * edge/level control registers of the EISA and PCI chip sets.
 *
 * Data sheet: Intel 8259A/8259A-2 (231468-003, December 1988); ELCR: Intel 82371AB
 * (290562-001).  Modelled: all of it except the enable pin of the buffered mode,
 * which nothing in the machine can observe, and the third INTA pulse of MCS-80
 * mode, which no x86 processor makes.
 *
 * A controller has eight inputs, IR0 to IR7.  IR0 has the highest priority, unless
 * OCW2 rotates the priorities.  An edge-triggered input is latched when it rises,
 * and counts while it is high:
 *
 *     IRR     = input and (level triggered or edge latched)
 *     request = the highest level of IRR and not IMR
 *     INT     = request is higher than every level in ISR
 *
 * The processor answers INT with two INTA pulses.  The first one moves the level
 * from the edge latch to the ISR; the second one gets the vector, ICW2 + level.  If
 * the input has fallen in the meantime, the processor gets the vector of IR7 and
 * the ISR does not change.  An EOI clears a bit of the ISR.  The slave's INT drives
 * IR2 of the master.
 */
#include "devices/device.h"
#include "devices/intc/i8259_regs.h"

#include <stdio.h>

#define PIC_LEVELS       8u
#define PIC_INPUTS       16u
#define PIC_SPURIOUS     7u
#define PIC_FLOATING     0xffu
#define PIC_RESET_IMR    0xffu
#define PIC_RESET_LOWEST 7u

/* What the next write with A0 = 1 writes. */
enum { PIC_READY, PIC_WANT_ICW2, PIC_WANT_ICW3, PIC_WANT_ICW4 };

enum { MASTER, SLAVE, CHIPS };

typedef struct PicChip {
    uint8_t imr;  /* OCW1; cleared by ICW1 */
    uint8_t isr;  /* set by INTA and poll; cleared by EOI, ICW1 */
    uint8_t icw1; /* the last value written */
    uint8_t icw2;
    uint8_t icw3; /* cleared by ICW1 with SNGL */
    uint8_t icw4; /* cleared by ICW1 without IC4 */
    uint8_t elcr;

    bool programmed;    /* an initialization sequence has been completed since the last ICW1 */
    uint8_t step;       /* PIC_READY...; set by ICW1, advanced by each ICW */
    uint8_t lowest;     /* the level with the lowest priority; OCW2 rotates it, ICW1 sets it to 7 */
    bool special_mask;  /* OCW3; cleared by ICW1 */
    bool rotate_aeoi;   /* OCW2; cleared by ICW1 */
    bool read_isr;      /* OCW3; cleared by ICW1 */
    bool poll;          /* OCW3; cleared by the next read and by ICW1 */
    uint8_t edge_latch; /* set by a rising edge; cleared by INTA and ICW1, and by a falling edge
                           unless this input holds INT high */

    uint8_t lines; /* the levels of the inputs; no reset changes them */
    bool master;   /* the level of the SP/EN pin */
} PicChip;

typedef struct I8259 {
    Device *dev;
    PicChip chip[CHIPS];
    uint16_t master_base, slave_base, elcr_base;
    bool after_bios;
    uint16_t levels;
    IrqLine *intr;
} I8259;

/* ---- predicates ---- */

static uint8_t level_triggered(const PicChip *c)
{
    return c->icw1 & PIC_ICW1_LTIM ? 0xff : c->elcr;
}

/* An edge counts only while the input is still high (data sheet, "Edge and level triggered"). */
static uint8_t chip_irr(const PicChip *c)
{
    return c->lines & (level_triggered(c) | c->edge_latch);
}

/* What holds INT high.  This includes an edge whose input fell before the acknowledge. */
static uint8_t chip_asserted(const PicChip *c)
{
    uint8_t level = level_triggered(c);
    return (uint8_t)((c->lines & level) | (c->edge_latch & ~level));
}

/* The priority of a level; 0 is the highest. */
static unsigned rank_of(const PicChip *c, unsigned level)
{
    return (level - c->lowest - 1u) % PIC_LEVELS;
}

/* The level with the highest priority in `set`, or -1. */
static int highest_in(const PicChip *c, uint8_t set)
{
    for (unsigned rank = 0; rank < PIC_LEVELS; rank++) {
        unsigned level = (c->lowest + 1u + rank) % PIC_LEVELS;
        if (set >> level & 1) {
            return (int)level;
        }
    }
    return -1;
}

static bool has_slave(const PicChip *c, unsigned level)
{
    return c->master && !(c->icw1 & PIC_ICW1_SNGL) && (c->icw3 >> level & 1);
}

/*
 * True if a level in service blocks `level`. In special mask mode a masked level in
 * service blocks nothing.  In special fully nested mode a slave's level in service
 * does not block further requests of that slave.
 */
static bool held_back(const PicChip *c, unsigned level)
{
    uint8_t in_service = c->special_mask ? c->isr & (uint8_t)~c->imr : c->isr;
    int top = highest_in(c, in_service);
    if (top < 0 || rank_of(c, level) < rank_of(c, (unsigned)top)) {
        return false;
    }
    return level != (unsigned)top || !(c->icw4 & PIC_ICW4_SFNM) || !has_slave(c, level);
}

/* The level that holds INT high, or -1. */
static int chip_request(const PicChip *c)
{
    int level = c->programmed ? highest_in(c, chip_asserted(c) & (uint8_t)~c->imr) : -1;
    return level < 0 || held_back(c, (unsigned)level) ? -1 : level;
}

/* ---- pending and update ---- */

static void chip_set_line(PicChip *c, unsigned level, bool high)
{
    uint8_t bit = (uint8_t)(1u << level);
    if (high == !!(c->lines & bit)) {
        return;
    }
    if (high) {
        c->lines |= bit;
        c->edge_latch |= (uint8_t)(bit & ~level_triggered(c));
        return;
    }
    /*
     * The processor may already be about to acknowledge.  So an edge that holds INT
     * high stays latched, and is acknowledged as the default IR7.  DEVIATION: the
     * cascade line simply falls, as the slave itself withdraws the request.
     */
    bool stays = chip_request(c) == (int)level && !(c->master && level == PIC_CASCADE);
    c->lines &= (uint8_t)~bit;
    if (!stays) {
        c->edge_latch &= (uint8_t)~bit;
    }
}

static void i8259_update(I8259 *s)
{
    chip_set_line(&s->chip[MASTER], PIC_CASCADE, chip_request(&s->chip[SLAVE]) >= 0);
    pio_irq_set(s->intr, chip_request(&s->chip[MASTER]) >= 0);
}

/* ---- acknowledge ---- */

static void end_of_interrupt(PicChip *c, unsigned level, bool rotate)
{
    c->isr &= (uint8_t) ~(1u << level);
    if (rotate) {
        c->lowest = (uint8_t)level;
    }
}

/*
 * The first INTA pulse, or a poll.  Returns the level that is now in service, or -1
 * for the default IR7.
 */
static int chip_take(PicChip *c)
{
    int level = chip_request(c);
    if (level < 0) {
        return -1;
    }
    uint8_t bit = (uint8_t)(1u << level);
    bool valid = chip_irr(c) & bit;
    c->edge_latch &= (uint8_t)~bit;
    if (!valid) {
        return -1;
    }
    c->isr |= bit;
    if (c->icw4 & PIC_ICW4_AEOI) {
        end_of_interrupt(c, (unsigned)level, c->rotate_aeoi);
    }
    return level;
}

/* In MCS-80 mode the second pulse gets the low byte of the call address. */
static uint8_t chip_vector(const PicChip *c, unsigned level)
{
    if (c->icw4 & PIC_ICW4_UPM) {
        return (uint8_t)((c->icw2 & PIC_ICW2_T7_T3_MASK) | level);
    }
    unsigned a7_a5 = c->icw1 & PIC_ICW1_A7_A5_MASK;
    return (uint8_t)(c->icw1 & PIC_ICW1_ADI ? a7_a5 | level << 2 : (a7_a5 & 0xc0) | level << 3);
}

static uint8_t chip_acknowledge(PicChip *c)
{
    int level = chip_take(c);
    return chip_vector(c, level < 0 ? PIC_SPURIOUS : (unsigned)level);
}

/* In the second INTA pulse a slave drives the bus if the cascade lines carry its ID. */
static uint8_t slave_acknowledge(I8259 *s, unsigned id)
{
    PicChip *slave = &s->chip[SLAVE];
    bool selected = id == PIC_CASCADE && (slave->icw3 & PIC_ICW3_ID_MASK) == id;
    return selected ? chip_acknowledge(slave) : PIC_FLOATING;
}

static uint8_t i8259_acknowledge(void *state)
{
    I8259 *s = state;
    PicChip *master = &s->chip[MASTER];
    int level = chip_take(master);
    uint8_t vector;
    if (level >= 0 && has_slave(master, (unsigned)level)) {
        vector = slave_acknowledge(s, (unsigned)level);
    } else {
        vector = chip_vector(master, level < 0 ? PIC_SPURIOUS : (unsigned)level);
    }
    i8259_update(s);
    return vector;
}

/* ---- registers ---- */

/*
 * DEVIATION: the data sheet does not say whether ICW1 changes the ISR.  Here ICW1
 * clears it, as initialization software expects.
 */
static void write_icw1(PicChip *c, uint8_t value)
{
    c->icw1 = value;
    c->imr = 0;
    c->isr = 0;
    c->edge_latch = 0;
    c->lowest = PIC_RESET_LOWEST;
    c->special_mask = c->rotate_aeoi = c->read_isr = c->poll = false;
    c->icw3 = c->master ? 0 : PIC_ICW3_ID_MASK;
    if (!(value & PIC_ICW1_IC4)) {
        c->icw4 = 0;
    }
    c->programmed = false;
    c->step = PIC_WANT_ICW2;
}

static uint8_t step_after(const PicChip *c)
{
    if (c->step == PIC_WANT_ICW2 && !(c->icw1 & PIC_ICW1_SNGL)) {
        return PIC_WANT_ICW3;
    }
    return c->step != PIC_WANT_ICW4 && (c->icw1 & PIC_ICW1_IC4) ? PIC_WANT_ICW4 : PIC_READY;
}

/*
 * A masked input that is low loses its edge.  Otherwise the edge would become a
 * default IR7 later.
 */
static void write_ocw1(PicChip *c, uint8_t value)
{
    c->imr = value;
    c->edge_latch &= (uint8_t)(c->lines | ~value);
}

static void write_data(PicChip *c, uint8_t value)
{
    switch (c->step) {
    case PIC_WANT_ICW2:
        c->icw2 = value;
        break;
    case PIC_WANT_ICW3:
        c->icw3 = value;
        break;
    case PIC_WANT_ICW4:
        c->icw4 = value;
        break;
    default:
        write_ocw1(c, value);
        return;
    }
    c->step = step_after(c);
    c->programmed = c->step == PIC_READY;
}

/* In special mask mode a non-specific EOI skips masked levels. */
static void non_specific_eoi(PicChip *c, bool rotate)
{
    int level = highest_in(c, c->special_mask ? c->isr & (uint8_t)~c->imr : c->isr);
    if (level >= 0) {
        end_of_interrupt(c, (unsigned)level, rotate);
    }
}

static void write_ocw2(PicChip *c, uint8_t value)
{
    unsigned level = value & PIC_OCW2_LEVEL_MASK;
    bool rotate = value & PIC_OCW2_R;
    switch (value & PIC_OCW2_COMMAND_MASK) {
    case PIC_OCW2_ROTATE_AEOI_SET:
    case PIC_OCW2_ROTATE_AEOI_CLEAR:
        c->rotate_aeoi = rotate;
        break;
    case PIC_OCW2_NON_SPECIFIC_EOI:
    case PIC_OCW2_ROTATE_NON_SPECIFIC_EOI:
        non_specific_eoi(c, rotate);
        break;
    case PIC_OCW2_SPECIFIC_EOI:
    case PIC_OCW2_ROTATE_SPECIFIC_EOI:
        end_of_interrupt(c, level, rotate);
        break;
    case PIC_OCW2_SET_PRIORITY:
        c->lowest = (uint8_t)level;
        break;
    }
}

static void write_ocw3(PicChip *c, uint8_t value)
{
    if (value & PIC_OCW3_ESMM) {
        c->special_mask = value & PIC_OCW3_SMM;
    }
    c->poll = value & PIC_OCW3_P;
    if (value & PIC_OCW3_RR) {
        c->read_isr = value & PIC_OCW3_RIS;
    }
}

static void write_command(PicChip *c, uint8_t value)
{
    if (value & PIC_ICW1_SELECT) {
        write_icw1(c, value);
    } else if (value & PIC_OCW3_SELECT) {
        write_ocw3(c, value);
    } else {
        write_ocw2(c, value);
    }
}

/* "The 8259A treats the next RD pulse as an interrupt acknowledge", at either address. */
static uint8_t read_poll(PicChip *c)
{
    int level = chip_take(c);
    c->poll = false;
    return level < 0 ? 0 : (uint8_t)(PIC_POLL_I | level);
}

static uint8_t chip_read(PicChip *c, uint64_t offset)
{
    if (c->poll) {
        return read_poll(c);
    }
    if (offset == PIC_DATA) {
        return c->imr;
    }
    return c->read_isr ? c->isr : chip_irr(c);
}

/* ---- reads and writes ---- */

static uint64_t pair_read(I8259 *s, unsigned chip, uint64_t offset)
{
    uint8_t value = chip_read(&s->chip[chip], offset);
    i8259_update(s);
    return value;
}

static void pair_write(I8259 *s, unsigned chip, uint64_t offset, uint8_t value)
{
    if (offset == PIC_DATA) {
        write_data(&s->chip[chip], value);
    } else {
        write_command(&s->chip[chip], value);
    }
    i8259_update(s);
}

static uint64_t master_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return pair_read(state, MASTER, offset);
}

static void master_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    pair_write(state, MASTER, offset, (uint8_t)value);
}

static uint64_t slave_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return pair_read(state, SLAVE, offset);
}

static void slave_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    pair_write(state, SLAVE, offset, (uint8_t)value);
}

static uint64_t elcr_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    I8259 *s = state;
    return s->chip[offset].elcr;
}

static uint8_t elcr_fixed(unsigned chip)
{
    return chip == MASTER ? PIC_ELCR_MASTER_FIXED : PIC_ELCR_SLAVE_FIXED;
}

/* An input that becomes level triggered loses its latched edge. */
static void elcr_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    I8259 *s = state;
    PicChip *c = &s->chip[offset];
    c->elcr = (uint8_t)(value & ~(uint64_t)elcr_fixed((unsigned)offset));
    c->edge_latch &= (uint8_t)~c->elcr;
    i8259_update(s);
}

static const char *chip_register_name(const PicChip *c, uint64_t offset, bool write)
{
    static const char *const DATA_NAMES[] = {"OCW1", "ICW2", "ICW3", "ICW4"};
    if (c->poll && !write) {
        return "POLL";
    }
    if (offset == PIC_DATA) {
        return write ? DATA_NAMES[c->step] : "IMR";
    }
    if (write) {
        return "ICW1/OCW2/OCW3";
    }
    return c->read_isr ? "ISR" : "IRR";
}

static const char *master_register_name(const void *state, uint64_t offset, bool write)
{
    return chip_register_name(&((const I8259 *)state)->chip[MASTER], offset, write);
}

static const char *slave_register_name(const void *state, uint64_t offset, bool write)
{
    return chip_register_name(&((const I8259 *)state)->chip[SLAVE], offset, write);
}

static const char *elcr_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state, (void)write;
    return offset == PIC_ELCR_MASTER ? "ELCR1" : "ELCR2";
}

/* ---- inputs ---- */

/* The slave drives the master's cascade input, so the machine must not. */
static void i8259_set_pin(void *state, unsigned pin, bool level)
{
    I8259 *s = state;
    if (pin < PIC_INPUTS && pin != PIC_CASCADE) {
        chip_set_line(&s->chip[pin / PIC_LEVELS], pin % PIC_LEVELS, level);
        i8259_update(s);
    }
}

static bool i8259_input_pending(const void *state, unsigned pin)
{
    const I8259 *s = state;
    const PicChip *c = &s->chip[pin / PIC_LEVELS % CHIPS];
    return c->programmed && (chip_irr(c) & ~c->imr & 1u << pin % PIC_LEVELS);
}

static void i8259_describe(const void *state, char *text, size_t size)
{
    const PicChip *m = &((const I8259 *)state)->chip[MASTER];
    const PicChip *v = &((const I8259 *)state)->chip[SLAVE];
    snprintf(text, size,
             "master irr=%02x isr=%02x imr=%02x base=%02x elcr=%02x%s, "
             "slave irr=%02x isr=%02x imr=%02x base=%02x elcr=%02x%s",
             chip_irr(m), m->isr, m->imr, m->icw2, m->elcr, m->programmed ? "" : " unprogrammed",
             chip_irr(v), v->isr, v->imr, v->icw2, v->elcr, v->programmed ? "" : " unprogrammed");
}

/* ---- reset and state ---- */

/*
 * DEVIATION: the 8259A has no reset pin, and its state after power-on is undefined.
 * Here it makes no request until it has been initialized.
 */
static void chip_reset(PicChip *c, bool master)
{
    *c = (PicChip){
        .imr = PIC_RESET_IMR,
        .icw4 = PIC_ICW4_UPM,
        .lowest = PIC_RESET_LOWEST,
        .lines = c->lines,
        .master = master,
    };
}

/* Sets the state that the four ICWs and OCW1 would leave. */
static void set_up(PicChip *c, uint8_t vector, uint8_t cascade, uint8_t mask)
{
    c->icw1 = PIC_ICW1_SELECT | PIC_ICW1_IC4;
    c->icw2 = vector;
    c->icw3 = cascade;
    c->imr = mask;
    c->programmed = true;
}

static void i8259_reset(void *state)
{
    I8259 *s = state;
    chip_reset(&s->chip[MASTER], true);
    chip_reset(&s->chip[SLAVE], false);
    if (s->after_bios) {
        set_up(&s->chip[MASTER], PIC_BIOS_VECTOR_MASTER, 1u << PIC_CASCADE, PIC_BIOS_MASK_MASTER);
        set_up(&s->chip[SLAVE], PIC_BIOS_VECTOR_SLAVE, PIC_CASCADE, PIC_BIOS_MASK_SLAVE);
    }
    for (unsigned i = 0; i < CHIPS; i++) {
        s->chip[i].elcr = (uint8_t)((s->levels >> PIC_LEVELS * i) & ~elcr_fixed(i));
    }
    i8259_update(s);
}

static bool chip_valid(const PicChip *c, uint8_t elcr_bits_fixed)
{
    return c->step <= PIC_WANT_ICW4 && c->programmed <= (c->step == PIC_READY) &&
           c->lowest < PIC_LEVELS && !(c->elcr & elcr_bits_fixed);
}

static bool i8259_post_load(void *state)
{
    I8259 *s = state;
    for (unsigned i = 0; i < CHIPS; i++) {
        if (!chip_valid(&s->chip[i], elcr_fixed(i))) {
            return false;
        }
    }
    i8259_update(s);
    return true;
}

#define PIC_CHIP_FIELDS(chip)                                                                      \
    DEVICE_FIELD(I8259, chip.imr), DEVICE_FIELD(I8259, chip.isr), DEVICE_FIELD(I8259, chip.icw1),  \
        DEVICE_FIELD(I8259, chip.icw2), DEVICE_FIELD(I8259, chip.icw3),                            \
        DEVICE_FIELD(I8259, chip.icw4), DEVICE_FIELD(I8259, chip.elcr),                            \
        DEVICE_FIELD_BOOL(I8259, chip.programmed), DEVICE_FIELD(I8259, chip.step),                 \
        DEVICE_FIELD(I8259, chip.lowest), DEVICE_FIELD_BOOL(I8259, chip.special_mask),             \
        DEVICE_FIELD_BOOL(I8259, chip.rotate_aeoi), DEVICE_FIELD_BOOL(I8259, chip.read_isr),       \
        DEVICE_FIELD_BOOL(I8259, chip.poll), DEVICE_FIELD(I8259, chip.edge_latch),                 \
        DEVICE_FIELD(I8259, chip.lines)

static const DeviceField i8259_fields[] = {
    PIC_CHIP_FIELDS(chip[0]),
    PIC_CHIP_FIELDS(chip[1]),
    DEVICE_FIELD_END,
};

/* ---- the class ---- */

static const IoOps master_ops = {.read = master_read, .write = master_write, .max_size = 1};
static const IoOps slave_ops = {.read = slave_read, .write = slave_write, .max_size = 1};
static const IoOps elcr_ops = {.read = elcr_read, .write = elcr_write, .max_size = 1};

static const DeviceRegion i8259_regions[] = {
    {.name = "master",
     .space = IO_PORTS,
     .size = 2,
     .ops = &master_ops,
     .base_property = "master",
     .register_name = master_register_name},
    {.name = "slave",
     .space = IO_PORTS,
     .size = 2,
     .ops = &slave_ops,
     .base_property = "slave",
     .register_name = slave_register_name},
    {.name = "elcr",
     .space = IO_PORTS,
     .size = 2,
     .ops = &elcr_ops,
     .base_property = "elcr",
     .register_name = elcr_register_name},
    DEVICE_REGION_END,
};

static const DeviceProperty i8259_properties[] = {
    DEVICE_PROPERTY(I8259, after_bios, "after-bios", PROPERTY_BOOL, "off",
                    "a reset leaves it as a BIOS would"),
    DEVICE_PORT(I8259, master_base, "master", "first port of the master"),
    DEVICE_PORT(I8259, slave_base, "slave", "first port of the slave"),
    DEVICE_PROPERTY(I8259, levels, "levels", PROPERTY_UINT16, "0",
                    "IRQs that a BIOS has made level triggered, a bit for each"),
    DEVICE_PORT(I8259, elcr_base, "elcr", "first port of the edge/level registers, 0: none"),
    DEVICE_PROPERTY_END,
};

static const DeviceOutput i8259_outputs[] = {
    {.name = "intr", .offset = offsetof(I8259, intr)},
    DEVICE_OUTPUT_END,
};

extern const DeviceClass i8259_class;
const DeviceClass i8259_class = {
    .head = DEVICE_CLASS_HEAD("isa-pic", I8259),
    .description = "pair of 8259A interrupt controllers",
    .properties = i8259_properties,
    .regions = i8259_regions,
    .outputs = i8259_outputs,
    .reset = i8259_reset,
    .set_pin = i8259_set_pin,
    .input_count = PIC_INPUTS,
    .acknowledge = i8259_acknowledge,
    .input_pending = i8259_input_pending,
    .fields = i8259_fields,
    .post_load = i8259_post_load,
    .describe = i8259_describe,
};
