/*
 * Corners of the 8259A pair in which a mutant had once survived.  "DS" is the data
 * sheet that devices/intc/i8259.c names.
 */
#include "tests/unit/pic_rig.h"

/* ---- initialization ---- */

/* DS, ICW1 c: "The slave mode address is set to 7", so IR2 of the master selects another slave. */
static void icw1_sets_the_slave_address_to_7(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, SLAVE_CMD, PIC_ICW1_IC4 | PIC_ICW1_SNGL, (uint8_t[]){SLAVE_BASE, PIC_ICW4_UPM}, 2);
    rig_outb(p->rig, SLAVE_DATA, 0);
    rig_outb(p->rig, MASTER_DATA, 0);
    pic_edge(p, 11);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, 0xff);
}

/* The PC has one slave.  If the master is programmed for another one, nothing drives the bus. */
static void slave_that_is_not_there_leaves_the_bus_floating(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4, (uint8_t[]){MASTER_BASE, 0x05, PIC_ICW4_UPM}, 3);
    pic_edge(p, 0);
    g_assert_cmphex(pic_ack(p), ==, 0xff);
}

/* DS, ICW1 and "MCS-80/85": with an interval of 8 only A7 and A6 can be programmed. */
static void interval_of_8_has_two_address_bits(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, 0x60, (uint8_t[]){MASTER_BASE, 0x04}, 2);
    pic_edge(p, 3);
    g_assert_cmphex(pic_ack(p), ==, 0x40 | 3 << 3);
}

/* ICW3 of a slave is a number, and not a mask of slaves. */
static void identification_of_a_slave_makes_no_slave_of_its_input(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, PIC_ICW1_LTIM, 0, PIC_ICW4_SFNM);
    rig_outb(p->rig, SLAVE_DATA, 0);
    rig_outb(p->rig, MASTER_DATA, 0);
    pic_set_pin(p, 9, true);
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 1);
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_false(pic_intr(p));
}

/* ---- masks and edges ---- */

static void masked_edge_that_went_is_gone_and_others_stay(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 5);
    pic_set_pin(p, 5, false);
    g_assert_true(pic_intr(p)); /* will be acknowledged as the default IR7 */
    rig_outb(p->rig, MASTER_DATA, 1 << 6);
    g_assert_true(pic_intr(p));
    rig_outb(p->rig, MASTER_DATA, 1 << 5);
    g_assert_false(pic_intr(p));
    rig_outb(p->rig, MASTER_DATA, 0);
    g_assert_false(pic_intr(p));
}

static void input_that_becomes_a_level_forgets_its_edge_alone(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, MASTER_DATA, 0xff);
    pic_edge(p, 5);
    pic_edge(p, 6);
    rig_outb(p->rig, ELCR, 1 << 5);
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 3 << 5);
    rig_outb(p->rig, ELCR, 0);
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 1 << 6);
}

/* The slave's IR2 is an ordinary input, because IRQ 10 has no cascade. */
static void early_drop_of_irq_10_is_a_default_too(Pair *p, gconstpointer data)
{
    (void)data;
    device_reset(p->pic);
    pic_init_chips(p, 0, 0, 0);
    rig_outb(p->rig, MASTER_DATA, 0);
    rig_outb(p->rig, SLAVE_DATA, 0);
    pic_edge(p, 10);
    pic_set_pin(p, 10, false);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 7);
}

static void poll_of_ir0_says_that_there_is_one(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 0);
    g_assert_cmphex(pic_poll(p, MASTER_CMD), ==, PIC_POLL_I);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 1);
}

/* ---- what the devices ask ---- */

static void pending_is_told_of_each_pin(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, MASTER_DATA, 0);
    rig_outb(p->rig, SLAVE_DATA, 0);
    for (unsigned pin = 0; pin < 16; pin++) {
        if (pin == PIC_CASCADE) {
            continue;
        }
        pic_edge(p, pin);
        for (unsigned other = 0; other < 16; other++) {
            if (other != PIC_CASCADE) {
                g_assert_cmpint(device_input_pending(p->pic, other), ==, other == pin);
            }
        }
        pic_set_pin(p, pin, false);
        while (pic_intr(p)) {
            pic_ack(p);
            pic_command(p, SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
            pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
        }
    }
}

#define CORNER(name)                                                                               \
    g_test_add("/i8259/corners/" #name, Pair, NULL, pic_programmed_setup, name, pic_pair_teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CORNER(icw1_sets_the_slave_address_to_7);
    CORNER(slave_that_is_not_there_leaves_the_bus_floating);
    CORNER(interval_of_8_has_two_address_bits);
    CORNER(identification_of_a_slave_makes_no_slave_of_its_input);
    CORNER(masked_edge_that_went_is_gone_and_others_stay);
    CORNER(input_that_becomes_a_level_forgets_its_edge_alone);
    CORNER(early_drop_of_irq_10_is_a_default_too);
    CORNER(poll_of_ir0_says_that_there_is_one);
    CORNER(pending_is_told_of_each_pin);
    return g_test_run();
}
