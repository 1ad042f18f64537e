/*
 * The pair of 8259A interrupt controllers, a sentence of the data sheet each.
 */
#include "devices/i8259_regs.h"
#include "tests/unit/rig.h"

#define MASTER_CMD  0x20
#define MASTER_DATA 0x21
#define SLAVE_CMD   0xa0
#define SLAVE_DATA  0xa1
#define ELCR        0x4d0

#define INTR_LINE 20u

#define MASTER_BASE 0x30
#define SLAVE_BASE  0x70

typedef struct Pair {
    Rig *rig;
    Device *pic;
} Pair;

/* ---- helpers ---- */

static void icw(Pair *p, uint16_t command, uint8_t icw1, const uint8_t *rest, unsigned count)
{
    rig_outb(p->rig, command, PIC_ICW1_SELECT | icw1);
    for (unsigned i = 0; i < count; i++) {
        rig_outb(p->rig, command + 1, rest[i]);
    }
}

static void init_chips(Pair *p, uint8_t icw1, uint8_t master_icw4, uint8_t slave_icw4)
{
    icw(p, MASTER_CMD, PIC_ICW1_IC4 | icw1,
        (uint8_t[]){MASTER_BASE, 1 << PIC_CASCADE, PIC_ICW4_UPM | master_icw4}, 3);
    icw(p, SLAVE_CMD, PIC_ICW1_IC4 | icw1,
        (uint8_t[]){SLAVE_BASE, PIC_CASCADE, PIC_ICW4_UPM | slave_icw4}, 3);
}

static void pair_setup(Pair *p, gconstpointer data)
{
    (void)data;
    p->rig = rig_new();
    p->pic = rig_device_new(p->rig, "isa-pic");
    device_connect(p->pic, "intr", rig_line(p->rig, INTR_LINE));
    g_assert_true(rig_realize(p->rig, p->pic, NULL));
}

static void programmed_setup(Pair *p, gconstpointer data)
{
    pair_setup(p, data);
    init_chips(p, 0, 0, 0);
}

static void pair_teardown(Pair *p, gconstpointer data)
{
    (void)data;
    rig_free(p->rig);
}

static void set_pin(Pair *p, unsigned irq, bool level)
{
    device_set_input(p->pic, irq, level);
}

static void edge(Pair *p, unsigned irq)
{
    set_pin(p, irq, false);
    set_pin(p, irq, true);
}

static bool intr(Pair *p)
{
    return rig_irq(p->rig, INTR_LINE);
}

static uint8_t ack(Pair *p)
{
    return device_acknowledge(p->pic);
}

static void command(Pair *p, uint16_t port, uint8_t value)
{
    rig_outb(p->rig, port, value);
}

static uint8_t read_ocw3(Pair *p, uint16_t port, uint8_t which)
{
    command(p, port, PIC_OCW3_SELECT | PIC_OCW3_RR | which);
    return rig_inb(p->rig, port);
}

static uint8_t irr(Pair *p, uint16_t port)
{
    return read_ocw3(p, port, 0);
}

static uint8_t isr(Pair *p, uint16_t port)
{
    return read_ocw3(p, port, PIC_OCW3_RIS);
}

static uint8_t poll(Pair *p, uint16_t port)
{
    command(p, port, PIC_OCW3_SELECT | PIC_OCW3_P);
    return rig_inb(p->rig, port);
}

/* Takes the vectors of everything that INTR is up for, ending each at once. */
static void expect_order(Pair *p, const char *expected)
{
    GString *got = g_string_new(NULL);
    while (intr(p)) {
        unsigned vector = ack(p);
        g_string_append_printf(got, "%s%02x", got->len ? " " : "", vector);
        if (vector >= SLAVE_BASE) {
            command(p, SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
        }
        command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    }
    g_assert_cmpstr(got->str, ==, expected);
    g_string_free(got, true);
}

/* ---- initialization ---- */

static void unprogrammed_asks_for_nothing(Pair *p, gconstpointer data)
{
    (void)data;
    for (unsigned irq = 0; irq < 16; irq++) {
        edge(p, irq);
    }
    g_assert_false(intr(p));
    command(p, MASTER_DATA, 0);
    g_assert_false(intr(p));
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0);
}

static void vector_base_from_icw2(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 3);
    g_assert_true(intr(p));
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 3);
    g_assert_false(intr(p));
}

static void icw2_low_bits_do_not_count(Pair *p, gconstpointer data)
{
    (void)data;
    icw(p, MASTER_CMD, PIC_ICW1_IC4, (uint8_t[]){0x4f, 4, PIC_ICW4_UPM}, 3);
    edge(p, 1);
    g_assert_cmphex(ack(p), ==, 0x49);
}

static void icw1_clears_imr(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0xa5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0xa5);
    command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0);
}

static void icw1_resets_edge_sense(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 4);
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0x10);
    init_chips(p, 0, 0, 0);
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0);
    g_assert_false(intr(p));
    edge(p, 4);
    g_assert_true(intr(p));
}

static void icw1_resets_priority(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_CMD, PIC_OCW2_SET_PRIORITY | 4);
    init_chips(p, 0, 0, 0);
    edge(p, 5);
    edge(p, 0);
    expect_order(p, "30 35");
}

static void icw1_clears_special_mask_and_status_select(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM | PIC_OCW3_SMM);
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_RR | PIC_OCW3_RIS);
    init_chips(p, 0, 0, 0);
    edge(p, 6);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x40);
    edge(p, 1);
    ack(p);
    command(p, MASTER_DATA, 0x02);
    g_assert_false(intr(p));
}

static void icw1_clears_isr(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 0);
    ack(p);
    init_chips(p, 0, 0, 0);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0);
}

static void nothing_during_the_sequence(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    edge(p, 1);
    command(p, MASTER_DATA, MASTER_BASE);
    command(p, MASTER_DATA, 4);
    g_assert_false(intr(p));
    command(p, MASTER_DATA, PIC_ICW4_UPM);
    g_assert_true(intr(p));
}

static void without_ic4_there_is_no_icw4(Pair *p, gconstpointer data)
{
    (void)data;
    init_chips(p, 0, PIC_ICW4_AEOI, 0);
    icw(p, MASTER_CMD, PIC_ICW1_ADI, (uint8_t[]){MASTER_BASE, 4}, 2);
    command(p, MASTER_DATA, 0xfe);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0xfe);
    edge(p, 0);
    ack(p);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x01);
}

static void single_has_no_icw3(Pair *p, gconstpointer data)
{
    (void)data;
    icw(p, MASTER_CMD, PIC_ICW1_IC4 | PIC_ICW1_SNGL, (uint8_t[]){MASTER_BASE, PIC_ICW4_UPM}, 2);
    command(p, MASTER_DATA, 0x55);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0x55);
}

static void single_answers_for_level_2_itself(Pair *p, gconstpointer data)
{
    (void)data;
    icw(p, MASTER_CMD, PIC_ICW1_IC4 | PIC_ICW1_SNGL, (uint8_t[]){MASTER_BASE, PIC_ICW4_UPM}, 2);
    edge(p, 9);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 2);
    g_assert_cmphex(isr(p, SLAVE_CMD), ==, 0);
}

static void icw1_restarts_the_sequence(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    command(p, MASTER_DATA, 0x50);
    icw(p, MASTER_CMD, PIC_ICW1_IC4, (uint8_t[]){0x60, 4, PIC_ICW4_UPM}, 3);
    edge(p, 7);
    g_assert_cmphex(ack(p), ==, 0x67);
}

static void ocw2_and_ocw3_do_not_disturb_the_sequence(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    command(p, MASTER_DATA, 0x60);
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_RR);
    command(p, MASTER_DATA, 4);
    command(p, MASTER_DATA, PIC_ICW4_UPM);
    edge(p, 0);
    g_assert_cmphex(ack(p), ==, 0x60);
}

static void mcs80_address_interval_4(Pair *p, gconstpointer data)
{
    (void)data;
    icw(p, MASTER_CMD, PIC_ICW1_ADI | 0xa0, (uint8_t[]){0x12, 4}, 2);
    edge(p, 5);
    g_assert_cmphex(ack(p), ==, 0xa0 + 5 * 4);
}

static void mcs80_address_interval_8(Pair *p, gconstpointer data)
{
    (void)data;
    icw(p, MASTER_CMD, 0xe0, (uint8_t[]){0x12, 4}, 2);
    edge(p, 5);
    g_assert_cmphex(ack(p), ==, 0xc0 + 5 * 8);
}

/* ---- edges and levels ---- */

static void edge_needs_a_transition(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 3);
    ack(p);
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_false(intr(p));
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0);
    edge(p, 3);
    g_assert_true(intr(p));
}

static void ltim_makes_all_inputs_level(Pair *p, gconstpointer data)
{
    (void)data;
    init_chips(p, PIC_ICW1_LTIM, 0, 0);
    set_pin(p, 3, true);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 3);
    g_assert_false(intr(p));
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_true(intr(p));
    set_pin(p, 3, false);
    g_assert_false(intr(p));
}

static void elcr_selects_level_per_line(Pair *p, gconstpointer data)
{
    (void)data;
    set_pin(p, 11, true);
    set_pin(p, 10, true);
    init_chips(p, 0, 0, 0);
    g_assert_cmphex(irr(p, SLAVE_CMD), ==, 0);
    rig_outb(p->rig, ELCR + PIC_ELCR_SLAVE, 0x08);
    g_assert_cmphex(irr(p, SLAVE_CMD), ==, 0x08);
    g_assert_cmphex(ack(p), ==, SLAVE_BASE + 3);
}

static void elcr_level_repeats_after_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, ELCR, 0x20);
    set_pin(p, 5, true);
    set_pin(p, 4, true);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 4);
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(ack(p), ==, MASTER_BASE + 5);
        command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    }
    set_pin(p, 5, false);
    g_assert_false(intr(p));
}

static void elcr_fixed_bits_stay_edge(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, ELCR, 0xff);
    rig_outb(p->rig, ELCR + 1, 0xff);
    g_assert_cmphex(rig_in(p->rig, ELCR, 2), ==, 0xdef8);
}

static void line_that_becomes_level_forgets_its_edge(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0xff);
    edge(p, 6);
    rig_outb(p->rig, ELCR, 0x40);
    set_pin(p, 6, false);
    rig_outb(p->rig, ELCR, 0);
    command(p, MASTER_DATA, 0);
    g_assert_false(intr(p));
}

static void early_drop_is_default_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 3);
    set_pin(p, 3, false);
    g_assert_true(intr(p));
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 7);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0);
    g_assert_false(intr(p));
}

static void early_drop_on_the_slave_is_its_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 12);
    set_pin(p, 12, false);
    g_assert_cmphex(ack(p), ==, SLAVE_BASE + 7);
    g_assert_cmphex(isr(p, SLAVE_CMD), ==, 0);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 1 << PIC_CASCADE);
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_false(intr(p));
}

static void real_ir7_sets_isr(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 7);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 7);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x80);
}

static void acknowledge_with_nothing_is_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 7);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0);
}

static void level_that_goes_takes_intr_with_it(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, ELCR, 0x10);
    set_pin(p, 4, true);
    set_pin(p, 4, false);
    g_assert_false(intr(p));
}

static void masked_pulse_leaves_nothing_behind(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0x08);
    edge(p, 3);
    set_pin(p, 3, false);
    command(p, MASTER_DATA, 0);
    g_assert_false(intr(p));
}

static void masking_after_an_early_drop_forgets_it(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 3);
    set_pin(p, 3, false);
    command(p, MASTER_DATA, 0x08);
    command(p, MASTER_DATA, 0);
    g_assert_false(intr(p));
}

static void masked_edge_is_kept_while_high(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0x08);
    edge(p, 3);
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0x08);
    g_assert_false(intr(p));
    command(p, MASTER_DATA, 0);
    g_assert_true(intr(p));
}

static void outside_cannot_drive_the_cascade(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, PIC_CASCADE);
    g_assert_false(intr(p));
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0);
}

/* ---- priorities ---- */

static void ir0_is_highest(Pair *p, gconstpointer data)
{
    (void)data;
    for (unsigned irq = 8; irq-- > 0;) {
        edge(p, irq);
    }
    expect_order(p, "30 31 33 34 35 36 37");
}

static void in_service_holds_back_equal_and_lower(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 3);
    ack(p);
    edge(p, 3);
    edge(p, 4);
    g_assert_false(intr(p));
    edge(p, 1);
    g_assert_true(intr(p));
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 1);
}

static void non_specific_eoi_ends_the_highest(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 5);
    ack(p);
    edge(p, 1);
    ack(p);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x22);
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x20);
}

static void specific_eoi_ends_its_level(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 5);
    ack(p);
    edge(p, 1);
    ack(p);
    command(p, MASTER_CMD, PIC_OCW2_SPECIFIC_EOI | 5);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x02);
}

static void eoi_with_nothing_in_service_does_nothing(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_CMD, PIC_OCW2_ROTATE_NON_SPECIFIC_EOI);
    edge(p, 7);
    edge(p, 0);
    expect_order(p, "30 37");
}

static void rotate_on_non_specific_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 4);
    ack(p);
    command(p, MASTER_CMD, PIC_OCW2_ROTATE_NON_SPECIFIC_EOI);
    edge(p, 4);
    edge(p, 3);
    edge(p, 6);
    expect_order(p, "36 33 34");
}

static void rotate_on_specific_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 5);
    ack(p);
    edge(p, 1);
    ack(p);
    command(p, MASTER_CMD, PIC_OCW2_ROTATE_SPECIFIC_EOI | 5);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x02);
    command(p, MASTER_CMD, PIC_OCW2_SPECIFIC_EOI | 1);
    edge(p, 5);
    edge(p, 0);
    edge(p, 7);
    expect_order(p, "37 30 35");
}

static void set_priority(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_CMD, PIC_OCW2_SET_PRIORITY | 5);
    edge(p, 5);
    edge(p, 0);
    edge(p, 6);
    expect_order(p, "36 30 35");
}

static void no_operation_changes_nothing(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 1);
    ack(p);
    command(p, MASTER_CMD, PIC_OCW2_SL | 3);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x02);
}

static void auto_eoi_ends_at_the_acknowledge(Pair *p, gconstpointer data)
{
    (void)data;
    init_chips(p, 0, PIC_ICW4_AEOI, PIC_ICW4_AEOI);
    edge(p, 10);
    g_assert_cmphex(ack(p), ==, SLAVE_BASE + 2);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0);
    g_assert_cmphex(isr(p, SLAVE_CMD), ==, 0);
}

static void rotate_in_auto_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    init_chips(p, 0, PIC_ICW4_AEOI, 0);
    command(p, MASTER_CMD, PIC_OCW2_ROTATE_AEOI_SET);
    edge(p, 0);
    ack(p);
    edge(p, 0);
    edge(p, 1);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 1);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 0);
}

static void rotate_in_auto_eoi_cleared(Pair *p, gconstpointer data)
{
    (void)data;
    init_chips(p, 0, PIC_ICW4_AEOI, 0);
    command(p, MASTER_CMD, PIC_OCW2_ROTATE_AEOI_SET);
    command(p, MASTER_CMD, PIC_OCW2_ROTATE_AEOI_CLEAR);
    edge(p, 0);
    ack(p);
    edge(p, 0);
    edge(p, 1);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + 0);
}

/* ---- masks ---- */

static void mask_affects_only_its_level(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0x02);
    edge(p, 1);
    edge(p, 3);
    expect_order(p, "33");
}

static void special_mask_lets_lower_levels_in(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 1);
    ack(p);
    edge(p, 6);
    g_assert_false(intr(p));
    command(p, MASTER_DATA, 0x02);
    g_assert_false(intr(p));
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM | PIC_OCW3_SMM);
    g_assert_true(intr(p));
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM);
    g_assert_false(intr(p));
}

static void smm_needs_esmm(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 1);
    ack(p);
    edge(p, 6);
    command(p, MASTER_DATA, 0x02);
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_SMM);
    g_assert_false(intr(p));
}

static void non_specific_eoi_spares_specially_masked(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 1);
    ack(p);
    command(p, MASTER_DATA, 0x02);
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM | PIC_OCW3_SMM);
    edge(p, 6);
    ack(p);
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x02);
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x02);
}

/* ---- reading and polling ---- */

static void irr_is_read_by_default(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x20);
}

static void register_selection_is_remembered(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 5);
    ack(p);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x20);
    command(p, MASTER_CMD, PIC_OCW3_SELECT);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x20);
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0);
}

static void poll_is_an_acknowledge(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 5);
    edge(p, 4);
    g_assert_cmphex(poll(p, MASTER_CMD), ==, PIC_POLL_I | 4);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x10);
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0x20);
}

static void poll_without_a_request(Pair *p, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(poll(p, MASTER_CMD) & PIC_POLL_I, ==, 0);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0);
}

static void poll_lasts_for_one_read(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0x80);
    edge(p, 5);
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_P);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, PIC_POLL_I | 5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0x80);
}

static void poll_overrides_a_register_read(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 5);
    command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_P | PIC_OCW3_RR | PIC_OCW3_RIS);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, PIC_POLL_I | 5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x20);
}

static void polling_both_chips(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 14);
    g_assert_cmphex(poll(p, MASTER_CMD), ==, PIC_POLL_I | PIC_CASCADE);
    g_assert_cmphex(poll(p, SLAVE_CMD), ==, PIC_POLL_I | 6);
    g_assert_false(intr(p));
}

/* ---- cascade ---- */

static void slave_gives_its_own_vector(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 8);
    g_assert_true(intr(p));
    g_assert_cmphex(ack(p), ==, SLAVE_BASE);
    g_assert_cmphex(isr(p, MASTER_CMD), ==, 0x04);
    g_assert_cmphex(isr(p, SLAVE_CMD), ==, 0x01);
}

static void slave_ranks_between_1_and_3(Pair *p, gconstpointer data)
{
    (void)data;
    for (unsigned irq = 16; irq-- > 0;) {
        edge(p, irq);
    }
    expect_order(p, "30 31 70 71 72 73 74 75 76 77 33 34 35 36 37");
}

static void master_holds_the_whole_slave_back(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 12);
    ack(p);
    edge(p, 8);
    g_assert_false(intr(p));
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_true(intr(p));
    g_assert_cmphex(ack(p), ==, SLAVE_BASE);
}

static void fully_nested_lets_the_slave_interrupt_itself(Pair *p, gconstpointer data)
{
    (void)data;
    init_chips(p, 0, PIC_ICW4_SFNM, 0);
    edge(p, 12);
    ack(p);
    edge(p, 8);
    g_assert_true(intr(p));
    g_assert_cmphex(ack(p), ==, SLAVE_BASE);
    edge(p, 13);
    g_assert_false(intr(p));
}

static void fully_nested_still_holds_back_lower_levels(Pair *p, gconstpointer data)
{
    (void)data;
    init_chips(p, 0, PIC_ICW4_SFNM, 0);
    edge(p, 12);
    ack(p);
    edge(p, 3);
    g_assert_false(intr(p));
    edge(p, 1);
    g_assert_true(intr(p));
}

static void slave_eoi_alone_is_not_enough(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 9);
    ack(p);
    edge(p, 10);
    command(p, SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_false(intr(p));
    command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(ack(p), ==, SLAVE_BASE + 2);
}

static void wrong_slave_id_leaves_the_bus_floating(Pair *p, gconstpointer data)
{
    (void)data;
    icw(p, SLAVE_CMD, PIC_ICW1_IC4, (uint8_t[]){SLAVE_BASE, 5, PIC_ICW4_UPM}, 3);
    edge(p, 9);
    g_assert_cmphex(ack(p), ==, 0xff);
    g_assert_cmphex(isr(p, SLAVE_CMD), ==, 0);
}

static void without_icw3_bit_the_master_answers(Pair *p, gconstpointer data)
{
    (void)data;
    icw(p, MASTER_CMD, PIC_ICW1_IC4, (uint8_t[]){MASTER_BASE, 0, PIC_ICW4_UPM}, 3);
    edge(p, 9);
    g_assert_cmphex(ack(p), ==, MASTER_BASE + PIC_CASCADE);
}

static void masking_the_cascade_masks_the_slave(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0x04);
    edge(p, 9);
    g_assert_false(intr(p));
    g_assert_cmphex(irr(p, MASTER_CMD), ==, 0x04);
    command(p, MASTER_DATA, 0);
    g_assert_cmphex(ack(p), ==, SLAVE_BASE + 1);
}

static void masking_the_slave_leaves_no_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    edge(p, 9);
    command(p, SLAVE_DATA, 0x02);
    g_assert_false(intr(p));
    command(p, SLAVE_DATA, 0x00);
    g_assert_cmphex(ack(p), ==, SLAVE_BASE + 1);
}

static void slave_rotates_within_itself(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, SLAVE_CMD, PIC_OCW2_SET_PRIORITY | 3);
    for (unsigned irq = 8; irq < 16; irq++) {
        edge(p, irq);
    }
    expect_order(p, "74 75 76 77 70 71 72 73");
}

/* ---- pending, reset, state ---- */

static void pending_until_taken(Pair *p, gconstpointer data)
{
    (void)data;
    g_assert_false(device_input_pending(p->pic, 0));
    edge(p, 0);
    g_assert_true(device_input_pending(p->pic, 0));
    ack(p);
    g_assert_false(device_input_pending(p->pic, 0));
    edge(p, 8);
    g_assert_true(device_input_pending(p->pic, 8));
}

static void masked_line_is_not_pending(Pair *p, gconstpointer data)
{
    (void)data;
    command(p, MASTER_DATA, 0x01);
    edge(p, 0);
    g_assert_false(device_input_pending(p->pic, 0));
}

static void random_event(Pair *p, GRand *rand)
{
    static const uint16_t PORTS[] = {MASTER_CMD, MASTER_DATA, SLAVE_CMD,
                                     SLAVE_DATA, ELCR,        ELCR + 1};
    uint16_t port = PORTS[g_rand_int_range(rand, 0, G_N_ELEMENTS(PORTS))];
    switch (g_rand_int_range(rand, 0, 10)) {
    case 0 ... 4:
        set_pin(p, (unsigned)g_rand_int_range(rand, 0, 16), g_rand_boolean(rand));
        break;
    case 5 ... 6:
        rig_outb(p->rig, port, (uint8_t)g_rand_int(rand));
        break;
    case 7:
        rig_inb(p->rig, port);
        break;
    case 8:
        rig_outb(p->rig, g_rand_boolean(rand) ? MASTER_CMD : SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
        break;
    default:
        ack(p);
        break;
    }
    if (g_rand_int_range(rand, 0, 60) == 0) {
        init_chips(p, 0, g_rand_boolean(rand) ? PIC_ICW4_AEOI : PIC_ICW4_SFNM, 0);
    }
}

/* What a guest could find out from here on: reads and acknowledges to the end. */
static void observe(Pair *p, GString *seen)
{
    for (unsigned i = 0; i < 20; i++) {
        g_string_append_printf(seen, "%d %02x ", intr(p), ack(p));
        g_string_append_printf(seen, "%02x ", rig_inb(p->rig, MASTER_CMD));
        g_string_append_printf(seen, "%02x ", rig_inb(p->rig, SLAVE_CMD));
        g_string_append_printf(seen, "%02x ", rig_inb(p->rig, MASTER_DATA));
        command(p, SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
        command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    }
}

static void expect_same_future(Pair *a, Pair *b)
{
    GString *of_a = g_string_new(NULL), *of_b = g_string_new(NULL);
    observe(a, of_a);
    observe(b, of_b);
    g_assert_cmpstr(of_a->str, ==, of_b->str);
    g_string_free(of_a, true);
    g_string_free(of_b, true);
}

static void saved_state_equals_the_uninterrupted_run(void)
{
    GRand *rand = g_rand_new_with_seed(8259);
    for (unsigned run = 0; run < 300; run++) {
        Pair a, b;
        programmed_setup(&a, NULL);
        pair_setup(&b, NULL);
        for (int i = g_rand_int_range(rand, 0, 80); i > 0; i--) {
            random_event(&a, rand);
        }
        g_autoptr(GBytes) saved = device_save(a.pic);
        g_assert_true(rig_load(b.pic, saved));
        g_assert_cmpint(intr(&a), ==, intr(&b));
        expect_same_future(&a, &b);
        pair_teardown(&a, NULL);
        pair_teardown(&b, NULL);
    }
    g_rand_free(rand);
}

static void reset_from_any_state_equals_power_on(void)
{
    GRand *rand = g_rand_new_with_seed(59);
    for (unsigned run = 0; run < 200; run++) {
        Pair a, b;
        programmed_setup(&a, NULL);
        pair_setup(&b, NULL);
        for (unsigned i = 0; i < 50; i++) {
            random_event(&a, rand);
        }
        for (unsigned irq = 0; irq < 16; irq++) {
            set_pin(&a, irq, false);
        }
        device_reset(a.pic);
        g_assert_false(intr(&a));
        g_autoptr(GBytes) of_a = device_save(a.pic), of_b = device_save(b.pic);
        g_assert_true(g_bytes_equal(of_a, of_b));
        pair_teardown(&a, NULL);
        pair_teardown(&b, NULL);
    }
    g_rand_free(rand);
}

/* A load recomputes INTR from the state alone: the line cannot have a memory. */
static void intr_is_a_function_of_the_state(void)
{
    GRand *rand = g_rand_new_with_seed(95);
    Pair a, b;
    programmed_setup(&a, NULL);
    programmed_setup(&b, NULL);
    for (unsigned i = 0; i < 3000; i++) {
        random_event(&a, rand);
        random_event(&b, rand);
        g_autoptr(GBytes) saved = device_save(a.pic);
        g_assert_true(rig_load(b.pic, saved));
        g_assert_cmpint(intr(&a), ==, intr(&b));
    }
    pair_teardown(&a, NULL);
    pair_teardown(&b, NULL);
    g_rand_free(rand);
}

static void impossible_state_is_refused(Pair *p, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *field;
        uint64_t value;
    } BAD[] = {
        {"chip[0].step", 4},    {"chip[1].lowest", 8}, {"chip[0].elcr", 0x04},
        {"chip[1].elcr", 0x01}, {"chip[0].step", 1},
    };
    g_autoptr(GBytes) saved = device_save(p->pic);
    for (unsigned i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GBytes) bad = rig_patch(saved, BAD[i].field, 0, BAD[i].value);
        g_assert_false(rig_load(p->pic, bad));
    }
    g_assert_true(rig_load(p->pic, saved));
}

#define SENTENCE(path, name)                                                                       \
    g_test_add("/i8259/" path "/" #name, Pair, NULL, programmed_setup, name, pair_teardown)

static void add_basics(void)
{
    g_test_add("/i8259/init/unprogrammed_asks_for_nothing", Pair, NULL, pair_setup,
               unprogrammed_asks_for_nothing, pair_teardown);
    SENTENCE("init", vector_base_from_icw2);
    SENTENCE("init", icw2_low_bits_do_not_count);
    SENTENCE("init", icw1_clears_imr);
    SENTENCE("init", icw1_resets_edge_sense);
    SENTENCE("init", icw1_resets_priority);
    SENTENCE("init", icw1_clears_special_mask_and_status_select);
    SENTENCE("init", icw1_clears_isr);
    SENTENCE("init", nothing_during_the_sequence);
    SENTENCE("init", without_ic4_there_is_no_icw4);
    SENTENCE("init", single_has_no_icw3);
    SENTENCE("init", single_answers_for_level_2_itself);
    SENTENCE("init", icw1_restarts_the_sequence);
    SENTENCE("init", ocw2_and_ocw3_do_not_disturb_the_sequence);
    SENTENCE("init", mcs80_address_interval_4);
    SENTENCE("init", mcs80_address_interval_8);
    SENTENCE("trigger", edge_needs_a_transition);
    SENTENCE("trigger", ltim_makes_all_inputs_level);
    SENTENCE("trigger", elcr_selects_level_per_line);
    SENTENCE("trigger", elcr_level_repeats_after_eoi);
    SENTENCE("trigger", elcr_fixed_bits_stay_edge);
    SENTENCE("trigger", line_that_becomes_level_forgets_its_edge);
    SENTENCE("spurious", early_drop_is_default_ir7);
    SENTENCE("spurious", early_drop_on_the_slave_is_its_ir7);
    SENTENCE("spurious", real_ir7_sets_isr);
    SENTENCE("spurious", acknowledge_with_nothing_is_ir7);
    SENTENCE("spurious", level_that_goes_takes_intr_with_it);
    SENTENCE("spurious", masked_pulse_leaves_nothing_behind);
    SENTENCE("spurious", masking_after_an_early_drop_forgets_it);
    SENTENCE("spurious", masked_edge_is_kept_while_high);
    SENTENCE("trigger", outside_cannot_drive_the_cascade);
}

static void add_operation(void)
{
    SENTENCE("priority", ir0_is_highest);
    SENTENCE("priority", in_service_holds_back_equal_and_lower);
    SENTENCE("eoi", non_specific_eoi_ends_the_highest);
    SENTENCE("eoi", specific_eoi_ends_its_level);
    SENTENCE("eoi", eoi_with_nothing_in_service_does_nothing);
    SENTENCE("priority", rotate_on_non_specific_eoi);
    SENTENCE("priority", rotate_on_specific_eoi);
    SENTENCE("priority", set_priority);
    SENTENCE("priority", no_operation_changes_nothing);
    SENTENCE("eoi", auto_eoi_ends_at_the_acknowledge);
    SENTENCE("priority", rotate_in_auto_eoi);
    SENTENCE("priority", rotate_in_auto_eoi_cleared);
    SENTENCE("mask", mask_affects_only_its_level);
    SENTENCE("mask", special_mask_lets_lower_levels_in);
    SENTENCE("mask", smm_needs_esmm);
    SENTENCE("mask", non_specific_eoi_spares_specially_masked);
    SENTENCE("read", irr_is_read_by_default);
    SENTENCE("read", register_selection_is_remembered);
    SENTENCE("poll", poll_is_an_acknowledge);
    SENTENCE("poll", poll_without_a_request);
    SENTENCE("poll", poll_lasts_for_one_read);
    SENTENCE("poll", poll_overrides_a_register_read);
    SENTENCE("poll", polling_both_chips);
}

static void add_cascade_and_state(void)
{
    SENTENCE("cascade", slave_gives_its_own_vector);
    SENTENCE("cascade", slave_ranks_between_1_and_3);
    SENTENCE("cascade", master_holds_the_whole_slave_back);
    SENTENCE("cascade", fully_nested_lets_the_slave_interrupt_itself);
    SENTENCE("cascade", fully_nested_still_holds_back_lower_levels);
    SENTENCE("cascade", slave_eoi_alone_is_not_enough);
    SENTENCE("cascade", wrong_slave_id_leaves_the_bus_floating);
    SENTENCE("cascade", without_icw3_bit_the_master_answers);
    SENTENCE("cascade", masking_the_cascade_masks_the_slave);
    SENTENCE("cascade", masking_the_slave_leaves_no_ir7);
    SENTENCE("cascade", slave_rotates_within_itself);
    SENTENCE("pending", pending_until_taken);
    SENTENCE("pending", masked_line_is_not_pending);
    SENTENCE("state", impossible_state_is_refused);
    g_test_add_func("/i8259/state/saved_state_equals_the_uninterrupted_run",
                    saved_state_equals_the_uninterrupted_run);
    g_test_add_func("/i8259/state/reset_from_any_state_equals_power_on",
                    reset_from_any_state_equals_power_on);
    g_test_add_func("/i8259/state/intr_is_a_function_of_the_state",
                    intr_is_a_function_of_the_state);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_basics();
    add_operation();
    add_cascade_and_state();
    return g_test_run();
}
