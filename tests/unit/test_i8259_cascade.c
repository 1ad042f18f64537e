/* The 8259A pair: the cascade, the question of a timer, reset and saved state. */
#include "tests/unit/pic_rig.h"

/* ---- cascade ---- */

static void slave_gives_its_own_vector(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 8);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE);
    g_assert_cmphex(pic_isr(p, MASTER_CMD), ==, 0x04);
    g_assert_cmphex(pic_isr(p, SLAVE_CMD), ==, 0x01);
}

static void slave_ranks_between_1_and_3(Pair *p, gconstpointer data)
{
    (void)data;
    for (unsigned irq = 16; irq-- > 0;) {
        pic_edge(p, irq);
    }
    pic_expect_order(p, "30 31 70 71 72 73 74 75 76 77 33 34 35 36 37");
}

static void master_holds_the_whole_slave_back(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 12);
    pic_ack(p);
    pic_edge(p, 8);
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE);
}

static void fully_nested_lets_the_slave_interrupt_itself(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, 0, PIC_ICW4_SFNM, 0);
    pic_edge(p, 12);
    pic_ack(p);
    pic_edge(p, 8);
    g_assert_true(pic_intr(p));
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE);
    pic_edge(p, 13);
    g_assert_false(pic_intr(p));
}

static void fully_nested_still_holds_back_lower_levels(Pair *p, gconstpointer data)
{
    (void)data;
    pic_init_chips(p, 0, PIC_ICW4_SFNM, 0);
    pic_edge(p, 12);
    pic_ack(p);
    pic_edge(p, 3);
    g_assert_false(pic_intr(p));
    pic_edge(p, 1);
    g_assert_true(pic_intr(p));
}

static void slave_eoi_alone_is_not_enough(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 9);
    pic_ack(p);
    pic_edge(p, 10);
    pic_command(p, SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_false(pic_intr(p));
    pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 2);
}

static void wrong_slave_id_leaves_the_bus_floating(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, SLAVE_CMD, PIC_ICW1_IC4, (uint8_t[]){SLAVE_BASE, 5, PIC_ICW4_UPM}, 3);
    pic_edge(p, 9);
    g_assert_cmphex(pic_ack(p), ==, 0xff);
    g_assert_cmphex(pic_isr(p, SLAVE_CMD), ==, 0);
}

static void without_icw3_bit_the_master_answers(Pair *p, gconstpointer data)
{
    (void)data;
    pic_icw(p, MASTER_CMD, PIC_ICW1_IC4, (uint8_t[]){MASTER_BASE, 0, PIC_ICW4_UPM}, 3);
    pic_edge(p, 9);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + PIC_CASCADE);
}

static void masking_the_cascade_masks_the_slave(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_DATA, 0x04);
    pic_edge(p, 9);
    g_assert_false(pic_intr(p));
    g_assert_cmphex(pic_irr(p, MASTER_CMD), ==, 0x04);
    pic_command(p, MASTER_DATA, 0);
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 1);
}

static void masking_the_slave_leaves_no_ir7(Pair *p, gconstpointer data)
{
    (void)data;
    pic_edge(p, 9);
    pic_command(p, SLAVE_DATA, 0x02);
    g_assert_false(pic_intr(p));
    pic_command(p, SLAVE_DATA, 0x00);
    g_assert_cmphex(pic_ack(p), ==, SLAVE_BASE + 1);
}

static void slave_rotates_within_itself(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, SLAVE_CMD, PIC_OCW2_SET_PRIORITY | 3);
    for (unsigned irq = 8; irq < 16; irq++) {
        pic_edge(p, irq);
    }
    pic_expect_order(p, "74 75 76 77 70 71 72 73");
}

/* ---- pending, reset, state ---- */

static void reset_leaves_the_pins(Pair *p, gconstpointer data)
{
    (void)data;
    rig_outb(p->rig, ELCR, 0x20);
    pic_set_pin(p, 5, true);
    device_reset(p->pic);
    g_assert_false(pic_intr(p));
    pic_init_chips(p, 0, 0, 0);
    rig_outb(p->rig, ELCR, 0x20);
    g_assert_cmphex(pic_ack(p), ==, MASTER_BASE + 5);
}

static void pending_until_taken(Pair *p, gconstpointer data)
{
    (void)data;
    g_assert_false(device_input_pending(p->pic, 0));
    pic_edge(p, 0);
    g_assert_true(device_input_pending(p->pic, 0));
    pic_ack(p);
    g_assert_false(device_input_pending(p->pic, 0));
    pic_edge(p, 8);
    g_assert_true(device_input_pending(p->pic, 8));
}

static void masked_line_is_not_pending(Pair *p, gconstpointer data)
{
    (void)data;
    pic_command(p, MASTER_DATA, 0x01);
    pic_edge(p, 0);
    g_assert_false(device_input_pending(p->pic, 0));
}

static void random_event(Pair *p, GRand *rand)
{
    static const uint16_t PORTS[] = {MASTER_CMD, MASTER_DATA, SLAVE_CMD,
                                     SLAVE_DATA, ELCR,        ELCR + 1};
    uint16_t port = PORTS[g_rand_int_range(rand, 0, G_N_ELEMENTS(PORTS))];
    switch (g_rand_int_range(rand, 0, 10)) {
    case 0 ... 4:
        pic_set_pin(p, (unsigned)g_rand_int_range(rand, 0, 16), g_rand_boolean(rand));
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
        pic_ack(p);
        break;
    }
    if (g_rand_int_range(rand, 0, 60) == 0) {
        pic_init_chips(p, 0, g_rand_boolean(rand) ? PIC_ICW4_AEOI : PIC_ICW4_SFNM, 0);
    }
}

/* Everything that a guest could find out from here on, by reads and acknowledges. */
static void observe(Pair *p, GString *seen)
{
    for (unsigned i = 0; i < 20; i++) {
        g_string_append_printf(seen, "%d %02x ", pic_intr(p), pic_ack(p));
        g_string_append_printf(seen, "%02x ", rig_inb(p->rig, MASTER_CMD));
        g_string_append_printf(seen, "%02x ", rig_inb(p->rig, SLAVE_CMD));
        g_string_append_printf(seen, "%02x ", rig_inb(p->rig, MASTER_DATA));
        pic_command(p, SLAVE_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
        pic_command(p, MASTER_CMD, PIC_OCW2_NON_SPECIFIC_EOI);
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
        pic_programmed_setup(&a, NULL);
        pic_pair_setup(&b, NULL);
        for (int i = g_rand_int_range(rand, 0, 80); i > 0; i--) {
            random_event(&a, rand);
        }
        g_autoptr(GBytes) saved = device_save(a.pic);
        g_assert_true(rig_load(b.pic, saved));
        g_assert_cmpint(pic_intr(&a), ==, pic_intr(&b));
        expect_same_future(&a, &b);
        pic_pair_teardown(&a, NULL);
        pic_pair_teardown(&b, NULL);
    }
    g_rand_free(rand);
}

static void reset_from_any_state_equals_power_on(void)
{
    GRand *rand = g_rand_new_with_seed(59);
    for (unsigned run = 0; run < 200; run++) {
        Pair a, b;
        pic_programmed_setup(&a, NULL);
        pic_pair_setup(&b, NULL);
        for (unsigned i = 0; i < 50; i++) {
            random_event(&a, rand);
        }
        for (unsigned irq = 0; irq < 16; irq++) {
            pic_set_pin(&a, irq, false);
        }
        device_reset(a.pic);
        g_assert_false(pic_intr(&a));
        g_autoptr(GBytes) of_a = device_save(a.pic), of_b = device_save(b.pic);
        g_assert_true(g_bytes_equal(of_a, of_b));
        pic_pair_teardown(&a, NULL);
        pic_pair_teardown(&b, NULL);
    }
    g_rand_free(rand);
}

/* A load computes INTR from the state alone, so the line has no memory. */
static void intr_is_a_function_of_the_state(void)
{
    GRand *rand = g_rand_new_with_seed(95);
    Pair a, b;
    pic_programmed_setup(&a, NULL);
    pic_programmed_setup(&b, NULL);
    for (unsigned i = 0; i < 1500; i++) {
        random_event(&a, rand);
        random_event(&b, rand);
        g_autoptr(GBytes) saved = device_save(a.pic);
        g_assert_true(rig_load(b.pic, saved));
        g_assert_cmpint(pic_intr(&a), ==, pic_intr(&b));
    }
    pic_pair_teardown(&a, NULL);
    pic_pair_teardown(&b, NULL);
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

static void add_sentences(void)
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
    SENTENCE("state", reset_leaves_the_pins);
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
    add_sentences();
    return g_test_run();
}
