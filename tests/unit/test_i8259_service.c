/*
 * The 8259A: priorities, ends of interrupts, masks, reading and polling.
 */
#include "tests/unit/pic_rig.h"

/* ---- priorities ---- */

static void ir0_is_highest(Pair *p, gconstpointer data)
{
    (void)data;
    for (unsigned irq = 8; irq-- > 0;) {
        pic_edge(p, irq);
    }
    pic_expect_order(p, "30 31 33 34 35 36 37");
}

static void in_service_holds_back_equal_and_lower(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 3);
    pic_ack(p);
    pic_edge(p, 3);
    pic_edge(p, 4);
    g_assert_false(pic_intr(p));
    pic_edge(p, 1);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 1);
}

static void non_specific_eoi_ends_the_highest(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    pic_ack(p);
    pic_edge(p, 1);
    pic_ack(p);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x22);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x20);
}

static void specific_eoi_ends_its_level(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    pic_ack(p);
    pic_edge(p, 1);
    pic_ack(p);
    pic_command(p, MASTER_CMD, PIC_OCW2_SPECIFIC_EOI | 5);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x02);
}

static void eoi_with_nothing_in_service_does_nothing(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_CMD, PIC_OCW2_ROTATE_NON_SPECIFIC_EOI);
    pic_edge(p, 7);
    pic_edge(p, 0);
    pic_expect_order(p, "30 37");
}

static void rotate_on_non_specific_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 4);
    pic_ack(p);
    pic_command(p, MASTER_CMD, PIC_OCW2_ROTATE_NON_SPECIFIC_EOI);
    pic_edge(p, 4);
    pic_edge(p, 3);
    pic_edge(p, 6);
    pic_expect_order(p, "36 33 34");
}

static void rotate_on_specific_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    pic_ack(p);
    pic_edge(p, 1);
    pic_ack(p);
    pic_command(p, MASTER_CMD, PIC_OCW2_ROTATE_SPECIFIC_EOI | 5);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x02);
    pic_command(p, MASTER_CMD, PIC_OCW2_SPECIFIC_EOI | 1);
    pic_edge(p, 5);
    pic_edge(p, 0);
    pic_edge(p, 7);
    pic_expect_order(p, "37 30 35");
}

static void set_priority(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_CMD, PIC_OCW2_SET_PRIORITY | 5);
    pic_edge(p, 5);
    pic_edge(p, 0);
    pic_edge(p, 6);
    pic_expect_order(p, "36 30 35");
}

static void no_operation_changes_nothing(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 1);
    pic_ack(p);
    pic_command(p, MASTER_CMD, PIC_OCW2_SL | 3);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x02);
}

static void auto_eoi_ends_at_the_acknowledge(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, 0, PIC_ICW4_AEOI, PIC_ICW4_AEOI);
    pic_edge(p, 10);
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 2);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0);
    g_assert_cmphex(pic_isr(p, SLAVE_CMD), ==, 0);
}

static void rotate_in_auto_eoi(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, 0, PIC_ICW4_AEOI, 0);
    pic_command(p, MASTER_CMD, PIC_OCW2_ROTATE_AEOI_SET);
    pic_edge(p, 0);
    pic_ack(p);
    pic_edge(p, 0);
    pic_edge(p, 1);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 1);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 0);
}

static void rotate_in_auto_eoi_cleared(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, 0, PIC_ICW4_AEOI, 0);
    pic_command(p, MASTER_CMD, PIC_OCW2_ROTATE_AEOI_SET);
    pic_command(p, MASTER_CMD, PIC_OCW2_ROTATE_AEOI_CLEAR);
    pic_edge(p, 0);
    pic_ack(p);
    pic_edge(p, 0);
    pic_edge(p, 1);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 0);
}

/* ---- masks ---- */

static void mask_affects_only_its_level(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_DATA, 0x02);
    pic_edge(p, 1);
    pic_edge(p, 3);
    pic_expect_order(p, "33");
}

static void special_mask_lets_lower_levels_in(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 1);
    pic_ack(p);
    pic_edge(p, 6);
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_DATA, 0x02);
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM | PIC_OCW3_SMM);
    g_assert_true(pic_intr(p));
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM);
    g_assert_false(pic_intr(p));
}

static void smm_needs_esmm(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 1);
    pic_ack(p);
    pic_edge(p, 6);
    pic_command(p, MASTER_DATA, 0x02);
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_SMM);
    g_assert_false(pic_intr(p));
}

static void non_specific_eoi_spares_specially_masked(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 1);
    pic_ack(p);
    pic_command(p, MASTER_DATA, 0x02);
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_ESMM | PIC_OCW3_SMM);
    pic_edge(p, 6);
    pic_ack(p);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x02);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x02);
}

/* ---- reading and polling ---- */

static void irr_is_read_by_default(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x20);
}

static void register_selection_is_remembered(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    pic_ack(p);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x20);
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x20);
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0);
}

static void poll_is_an_acknowledge(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    pic_edge(p, 4);
    g_assert_cmphex(pic_poll(p, MASTER_CMD), ==, PIC_POLL_I | 4);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x10);
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0x20);
}

static void poll_without_a_request(Pair *p, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(pic_poll(p, MASTER_CMD) & PIC_POLL_I, ==, 0);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0);
}

static void poll_lasts_for_one_read(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_DATA, 0x80);
    pic_edge(p, 5);
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_P);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, PIC_POLL_I | 5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_DATA), ==, 0x80);
}

static void poll_overrides_a_register_read(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    pic_command(p, MASTER_CMD, PIC_OCW3_SELECT | PIC_OCW3_P | PIC_OCW3_RR | PIC_OCW3_RIS);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, PIC_POLL_I | 5);
    g_assert_cmphex(rig_inb(p->rig, MASTER_CMD), ==, 0x20);
}

static void polling_both_chips(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 14);
    g_assert_cmphex(pic_poll(p, MASTER_CMD), ==, PIC_POLL_I | PIC_CASCADE);
    g_assert_cmphex(pic_poll(p, SLAVE_CMD), ==, PIC_POLL_I | 6);
    g_assert_false(pic_intr(p));
}

static void add_sentences(void)
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_sentences();
    return g_test_run();
}
