/*
 * The 8259A: initialization, edges and levels, spurious interrupts.
 */
#include "tests/unit/pic_rig.h"

/* ---- initialization ---- */

static void unprogrammed_asks_for_nothing(Pair *p, gconstpointer data)
{
    (void)data;
    for (unsigned irq = 0; irq < 16; irq++) {
        pic_edge(p, irq);
    }
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_DATA, 0);
    g_assert_false(pic_intr(p));
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0);
}

static void vector_base_from_icw2(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 3);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 3);
    g_assert_false(pic_intr(p));
}

static void icw2_low_bits_do_not_count(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4, (uint8_t[]){0x4f, 4, PIC_ICW4_UPM}, 3);
    pic_edge(p, 1);
    g_assert_cmphex(pic_ack(p), ==, 0x49);
}

static void icw1_clears_imr(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_DATA, 0xa5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0xa5);
    pic_command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0);
}

static void icw1_resets_edge_sense(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 4);
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0x10);
    pic_init_chips(p, 0, 0, 0);
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0);
    g_assert_false(pic_intr(p));
    pic_edge(p, 4);
    g_assert_true(pic_intr(p));
}

static void icw1_resets_priority(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_CMD, PIC_OCW2_SET_PRIORITY | 4);
    pic_init_chips(p, 0, 0, 0);
    pic_edge(p, 5);
    pic_edge(p, 0);
    pic_expect_order(p, "30 35");
}

static void icw1_clears_special_mask_and_status_select(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM | PIC_OCW3_SMM);
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_RR | PIC_OCW3_RIS);
    pic_init_chips(p, 0, 0, 0);
    pic_edge(p, 6);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x40);
    pic_edge(p, 1);
    pic_ack(p);
    pic_command(p, MASTER_DATA, 0x02);
    g_assert_false(pic_intr(p));
}

static void icw1_clears_isr(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 0);
    pic_ack(p);
    pic_init_chips(p, 0, 0, 0);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0);
}

static void nothing_during_the_sequence(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    pic_edge(p, 1);
    pic_command(p, MASTER_DATA, MASTER_BASE);
    pic_command(p, MASTER_DATA, 4);
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_DATA, PIC_ICW4_UPM);
    g_assert_true(pic_intr(p));
}

static void without_ic4_there_is_no_icw4(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, 0, PIC_ICW4_AEOI, 0);
    pic_icw(p, MASTER_CMD, PIC_ICW1_ADI, (uint8_t[]){MASTER_BASE, 4}, 2);
    pic_command(p, MASTER_DATA, 0xfe);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0xfe);
    pic_edge(p, 0);
    pic_ack(p);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x01);
}

static void single_has_no_icw3(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4 | PIC_ICW1_SNGL, (uint8_t[]){MASTER_BASE, PIC_ICW4_UPM}, 2);
    pic_command(p, MASTER_DATA, 0x55);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0x55);
}

static void single_answers_for_level_2_itself(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4 | PIC_ICW1_SNGL, (uint8_t[]){MASTER_BASE, PIC_ICW4_UPM}, 2);
    pic_edge(p, 9);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 2);
    g_assert_cmphex(pic_isr(p, SLAVE_CMD), ==, 0);
}

static void icw1_restarts_the_sequence(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    pic_command(p, MASTER_DATA, 0x50);
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4, (uint8_t[]){0x60, 4, PIC_ICW4_UPM}, 3);
    pic_edge(p, 7);
    g_assert_cmphex(pic_ack(p), ==, 0x67);
}

static void ocw2_and_ocw3_do_not_disturb_the_sequence(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_CMD, PIC_ICW1_SELECT | PIC_ICW1_IC4);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    pic_command(p, MASTER_DATA, 0x60);
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_RR);
    pic_command(p, MASTER_DATA, 4);
    pic_command(p, MASTER_DATA, PIC_ICW4_UPM);
    pic_edge(p, 0);
    g_assert_cmphex(pic_ack(p), ==, 0x60);
}

static void mcs80_address_interval_4(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, PIC_ICW1_ADI | 0xa0, (uint8_t[]){0x12, 4}, 2);
    pic_edge(p, 5);
    g_assert_cmphex(pic_ack(p), ==, 0xa0 + 5 * 4);
}

static void mcs80_address_interval_8(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, 0xe0, (uint8_t[]){0x12, 4}, 2);
    pic_edge(p, 5);
    g_assert_cmphex(pic_ack(p), ==, 0xc0 + 5 * 8);
}

/* ---- edges and levels ---- */

static void line_that_becomes_edge_needs_a_new_edge(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, ELCR, 0x40);
    pic_set_pin(p, 6, true);
    g_assert_true(pic_intr(p));
    rig_outb(p->rig, ELCR, 0);
    g_assert_false(pic_intr(p));
    pic_edge(p, 6);
    g_assert_true(pic_intr(p));
}

static void edge_needs_a_transition(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 3);
    pic_ack(p);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_false(pic_intr(p));
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0);
    pic_edge(p, 3);
    g_assert_true(pic_intr(p));
}

static void ltim_makes_all_inputs_level(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, PIC_ICW1_LTIM, 0, 0);
    pic_set_pin(p, 3, true);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 3);
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_true(pic_intr(p));
    pic_set_pin(p, 3, false);
    g_assert_false(pic_intr(p));
}

static void elcr_selects_level_per_line(Pair *p, gconstpointer data)
{
    (void)data;
    pic_set_pin(p, 11, true);
    pic_set_pin(p, 10, true);
    pic_init_chips(p, 0, 0, 0);
    g_assert_cmphex(pic_irr(p, SLAVE_CMD), ==, 0);
    rig_outb(p->rig, ELCR + PIC_ELCR_SLAVE, 0x08);
    g_assert_cmphex(pic_irr(p, SLAVE_CMD), ==, 0x08);
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 3);
}

static void elcr_level_repeats_after_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, ELCR, 0x20);
    pic_set_pin(p, 5, true);
    pic_set_pin(p, 4, true);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 4);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 5);
        pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    }
    pic_set_pin(p, 5, false);
    g_assert_false(pic_intr(p));
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
    pic_command(p, MASTER_DATA, 0xff);
    pic_edge(p, 6);
    rig_outb(p->rig, ELCR, 0x40);
    rig_outb(p->rig, ELCR, 0);
    pic_command(p, MASTER_DATA, 0);
    g_assert_false(pic_intr(p));
}

static void early_drop_is_default_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 3);
    pic_set_pin(p, 3, false);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 7);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0);
    g_assert_false(pic_intr(p));
}

static void early_drop_on_the_slave_is_its_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 12);
    pic_set_pin(p, 12, false);
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 7);
    g_assert_cmphex(pic_isr(p, SLAVE_CMD), ==, 0);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 1 << PIC_CASCADE);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_false(pic_intr(p));
}

static void real_ir7_sets_isr(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 7);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 7);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x80);
}

static void acknowledge_with_nothing_is_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 7);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0);
}

static void level_that_goes_takes_intr_with_it(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, ELCR, 0x10);
    pic_set_pin(p, 4, true);
    pic_set_pin(p, 4, false);
    g_assert_false(pic_intr(p));
}

static void masked_pulse_leaves_nothing_behind(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_DATA, 0x08);
    pic_edge(p, 3);
    pic_set_pin(p, 3, false);
    pic_command(p, MASTER_DATA, 0);
    g_assert_false(pic_intr(p));
}

static void masking_after_an_early_drop_forgets_it(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 3);
    pic_set_pin(p, 3, false);
    pic_command(p, MASTER_DATA, 0x08);
    pic_command(p, MASTER_DATA, 0);
    g_assert_false(pic_intr(p));
}

static void masked_edge_is_kept_while_high(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_DATA, 0x08);
    pic_edge(p, 3);
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0x08);
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_DATA, 0);
    g_assert_true(pic_intr(p));
}

static void outside_cannot_drive_the_cascade(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, PIC_CASCADE);
    g_assert_false(pic_intr(p));
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0);
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4 | PIC_ICW1_SNGL, (uint8_t[]){MASTER_BASE, PIC_ICW4_UPM}, 2);
    pic_edge(p, 9);
    pic_ack(p);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    pic_edge(p, PIC_CASCADE);
    g_assert_false(pic_intr(p));
}

static void add_sentences(void)
{
    g_test_add("/i8259/init/unprogrammed_asks_for_nothing", Pair, NULL, pic_pair_setup,
               unprogrammed_asks_for_nothing, pic_pair_teardown);
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
    SENTENCE("trigger", line_that_becomes_edge_needs_a_new_edge);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_sentences();
    return g_test_run();
}
