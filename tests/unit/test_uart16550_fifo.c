/*
 * The 16550A's FIFOs: enabling and clearing, trigger levels, depth, and the
 * errors that travel with their characters.
 */
#include "tests/unit/uart_com.h"

#define RX_ERRORS (UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)

static void open_fifo(Com *com, unsigned trigger, unsigned ier)
{
    com_enable(com, ier);
    com_out(com, UART_FCR, COM_FIFO | trigger);
    com_in(com, UART_IIR);
}

/* ---- enabling ---- */

static void iir_shows_fifos(Com *com)
{
    com_out(com, UART_FCR, UART_FCR_ENABLE);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_FIFO_ENABLED | UART_IIR_NO_INT);
    com_out(com, UART_FCR, 0);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
}

static void clear_bits_need_enable(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_type(com, "a");
    com_out(com, UART_FCR, UART_FCR_CLEAR_RCVR);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
    com_expect(com, "a");
}

static void switching_clears_both(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, "abc");
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'x');
    com_out(com, UART_FCR, 0);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    com_type(com, "d");
    com_out(com, UART_FCR, UART_FCR_ENABLE);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    rig_char_set_room(com->line, G_MAXSIZE);
    com_expect_output(com, "");
}

static void switching_raises_thre(Com *com)
{
    com_enable(com, UART_IER_THRI);
    com_in(com, UART_IIR);
    g_assert_false(com_irq(com));
    com_out(com, UART_FCR, UART_FCR_ENABLE);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_FIFO_ENABLED | UART_IIR_THRI);
}

static void enabling_again_keeps(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, "abc");
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_TRIGGER_8);
    com_expect(com, "abc");
}

static void clear_rcvr(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, UART_IER_RDI);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'x');
    com_type(com, "abc");
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RCVR);
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_LSR), ==, 0);
    rig_char_set_room(com->line, 1);
    com_expect_output(com, "x");
}

static void clear_xmit(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    rig_char_set_room(com->line, 0);
    com_type(com, "abc");
    com_out(com, UART_THR, 'x');
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_XMIT);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_DR | UART_LSR_THRE | UART_LSR_TEMT);
    rig_char_set_room(com->line, G_MAXSIZE);
    com_expect_output(com, "");
    com_expect(com, "abc");
}

static void clear_xmit_raises_thre(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, UART_IER_THRI);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'x');
    g_assert_false(com_irq(com));
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_XMIT);
    g_assert_true(com_irq(com));
}

/* ---- receiver: depth and trigger ---- */

static void trigger_levels(Com *com)
{
    static const uint8_t LEVEL[] = {1, 4, 8, 14};
    for (unsigned i = 0; i < 4; i++) {
        open_fifo(com, i << 6, UART_IER_RDI);
        for (unsigned n = 1; n < LEVEL[i]; n++) {
            com_type(com, "x");
            g_assert_false(com_irq(com));
        }
        com_type(com, "x");
        g_assert_true(com_irq(com));
        g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_FIFO_ENABLED | UART_IIR_RDI);
    }
}

static void falls_below_trigger(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_4, UART_IER_RDI);
    com_type(com, "abcdef");
    com_expect(com, "ab");
    g_assert_true(com_irq(com));
    com_expect(com, "c");
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
    com_expect(com, "def");
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
}

static void trigger_change_counts_at_once(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "abcd");
    g_assert_false(com_irq(com));
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_TRIGGER_4);
    g_assert_true(com_irq(com));
}

static void sixteen_deep(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, "0123456789abcdefXY");
    g_assert_cmpuint(com->line->input->len, ==, 2);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_OE, ==, 0);
    com_expect(com, "0123456789abcdefXY");
}

static void overrun_drops_newest(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_out(com, UART_MCR, UART_MCR_LOOP);
    for (const char *c = "0123456789abcdef"; *c; c++) {
        com_out(com, UART_THR, (uint8_t)*c);
    }
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_OE, ==, 0);
    com_out(com, UART_THR, 'X');
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_OE, ==, UART_LSR_OE);
    com_expect(com, "0123456789abcdef");
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_DR | UART_LSR_OE), ==, 0);
}

static void overrun_without_fifo(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_MCR, UART_MCR_LOOP);
    com_out(com, UART_THR, 'a');
    com_out(com, UART_THR, 'b');
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_OE | UART_LSR_DR), ==,
                    UART_LSR_OE | UART_LSR_DR);
    com_expect(com, "b");
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_OE | UART_LSR_DR), ==, 0);
}

static void overrun_at_once(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_14, UART_IER_RLSI);
    com_out(com, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
    for (unsigned i = 0; i < UART_FIFO_SIZE; i++) {
        com_out(com, UART_THR, i);
    }
    g_assert_false(com_irq(com));
    com_out(com, UART_THR, 0x99);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_FIFO_ENABLED | UART_IIR_RLSI);
}

static void no_host_overrun(Com *com)
{
    g_autofree char *text = g_strnfill(1000, '.');
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    for (unsigned i = 0; i < 1000; i++) {
        text[i] = (char)(' ' + i % 90);
    }
    com_type(com, text);
    g_assert_cmpuint(com->line->largest, <=, UART_FIFO_SIZE);
    for (unsigned i = 0; i < 1000; i++) {
        g_assert_cmphex(com_in(com, UART_LSR) & (RX_ERRORS | UART_LSR_DR), ==, UART_LSR_DR);
        g_assert_cmphex(com_in(com, UART_RBR), ==, text[i]);
    }
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
}

static void wraps_around(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    for (unsigned round = 0; round < 50; round++) {
        com_type(com, "abcde");
        com_expect(com, "abc");
        com_type(com, "XY");
        com_expect(com, "deXY");
    }
}

/* ---- receiver: errors ---- */

static void error_waits_for_top(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, UART_IER_RLSI);
    com_type(com, "ab");
    rig_char_break(com->line);
    com_type(com, "c");
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_LSR) & RX_ERRORS, ==, 0);
    com_expect(com, "a");
    g_assert_false(com_irq(com));
    com_expect(com, "b");
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_LSR) & RX_ERRORS, ==, UART_LSR_BI | UART_LSR_FE);
    g_assert_cmphex(com_in(com, UART_RBR), ==, 0);
    com_expect(com, "c");
}

static void lsr7_anywhere_in_fifo(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, "a");
    rig_char_break(com->line);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_ERR, ==, UART_LSR_ERR);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_ERR, ==, UART_LSR_ERR);
    com_expect(com, "a");
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_ERR, ==, UART_LSR_ERR);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_ERR, ==, 0);
}

static void lsr7_with_subsequent_errors(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    rig_char_break(com->line);
    rig_char_break(com->line);
    com_in(com, UART_LSR);
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_ERR | UART_LSR_BI), ==, UART_LSR_ERR);
    com_in(com, UART_RBR);
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_ERR | UART_LSR_BI), ==,
                    UART_LSR_ERR | UART_LSR_BI);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_ERR, ==, 0);
}

static void lsr7_zero_without_fifo(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    rig_char_break(com->line);
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_ERR | UART_LSR_BI), ==, UART_LSR_BI);
}

static void lsr7_not_for_overrun(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_out(com, UART_MCR, UART_MCR_LOOP);
    for (unsigned i = 0; i <= UART_FIFO_SIZE; i++) {
        com_out(com, UART_THR, i);
    }
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_ERR | UART_LSR_OE), ==, UART_LSR_OE);
}

static void clear_rcvr_drops_errors(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, "a");
    rig_char_break(com->line);
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RCVR);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
}

static void one_zero_per_break(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    rig_char_break(com->line);
    g_assert_cmphex(com_in(com, UART_RBR), ==, 0);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
}

static void break_parity(Com *com)
{
    static const struct {
        uint8_t lcr;
        bool error;
    } CASES[] = {
        {UART_LCR_WLS_7, false},
        {UART_LCR_WLS_7 | UART_LCR_PEN, true},
        {UART_LCR_WLS_7 | UART_LCR_PEN | UART_LCR_EPS, false},
        {UART_LCR_WLS_7 | UART_LCR_PEN | UART_LCR_STICK, true},
        {UART_LCR_WLS_7 | UART_LCR_PEN | UART_LCR_STICK | UART_LCR_EPS, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        com_out(com, UART_LCR, CASES[i].lcr);
        rig_char_break(com->line);
        bool error = com_in(com, UART_LSR) & UART_LSR_PE;
        g_assert_cmpint(error, ==, CASES[i].error);
        com_in(com, UART_RBR);
    }
}

static void break_waits_for_room(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, "0123456789abcdef");
    rig_char_break(com->line);
    com_type(com, "X");
    g_assert_cmphex(com_in(com, UART_LSR) & RX_ERRORS, ==, 0);
    com_expect(com, "0123456789abcdef");
    g_assert_cmphex(com_in(com, UART_LSR) & RX_ERRORS, ==, UART_LSR_BI | UART_LSR_FE);
    g_assert_cmphex(com_in(com, UART_RBR), ==, 0);
    com_expect(com, "X");
}

/* ---- transmitter ---- */

static void thre_is_fifo_empty(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'a');
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_THRE | UART_LSR_TEMT), ==, 0);
    com_out(com, UART_THR, 'b');
    rig_char_set_room(com->line, 1);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_THRE, ==, 0);
    rig_char_set_room(com->line, 1);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    com_expect_output(com, "ab");
}

static void transmitter_holds_sixteen(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, UART_IER_THRI);
    com_in(com, UART_IIR);
    rig_char_set_room(com->line, 0);
    for (const char *c = "0123456789abcdef"; *c; c++) {
        com_out(com, UART_THR, (uint8_t)*c);
    }
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
    com_out(com, UART_THR, 'X');
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 1);
    g_assert_false(com_irq(com));
    rig_char_set_room(com->line, G_MAXSIZE);
    g_assert_true(com_irq(com));
    com_expect_output(com, "0123456789abcdef");
}

static void transmitter_holds_one(Com *com)
{
    com_enable(com, 0);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'a');
    com_out(com, UART_THR, 'b');
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 1);
    rig_char_set_room(com->line, G_MAXSIZE);
    com_expect_output(com, "b");
}

static const ComTest TESTS[] = {
    {"iir_bits_6_and_7_show_the_fifos", iir_shows_fifos, NULL},
    {"clear_acts_only_with_enable", clear_bits_need_enable, NULL},
    {"changing_the_mode_clears_both", switching_clears_both, NULL},
    {"changing_the_mode_raises_thre_at_once", switching_raises_thre, NULL},
    {"enabling_again_keeps_the_contents", enabling_again_keeps, NULL},
    {"clear_receiver_clears_it_alone", clear_rcvr, NULL},
    {"clear_transmitter_clears_it_alone", clear_xmit, NULL},
    {"clear_transmitter_raises_thre", clear_xmit_raises_thre, NULL},
    {"trigger_levels_are_1_4_8_14", trigger_levels, NULL},
    {"interrupt_falls_below_the_trigger", falls_below_trigger, NULL},
    {"a_new_trigger_counts_at_once", trigger_change_counts_at_once, NULL},
    {"receiver_is_sixteen_deep", sixteen_deep, NULL},
    {"overrun_loses_the_newest", overrun_drops_newest, NULL},
    {"overrun_without_fifo_loses_the_unread", overrun_without_fifo, NULL},
    {"overrun_shows_at_once", overrun_at_once, NULL},
    {"host_input_never_overruns", no_host_overrun, NULL},
    {"order_survives_wrapping", wraps_around, NULL},
    {"error_shows_when_its_character_is_on_top", error_waits_for_top, NULL},
    {"lsr_7_while_an_error_is_in_the_fifo", lsr7_anywhere_in_fifo, NULL},
    {"lsr_7_stays_with_subsequent_errors", lsr7_with_subsequent_errors, NULL},
    {"lsr_7_is_zero_without_fifo", lsr7_zero_without_fifo, NULL},
    {"lsr_7_is_not_for_overrun", lsr7_not_for_overrun, NULL},
    {"clear_receiver_drops_errors_of_its_characters", clear_rcvr_drops_errors, NULL},
    {"a_break_loads_one_zero", one_zero_per_break, NULL},
    {"a_break_is_a_parity_error_where_one_is_due", break_parity, NULL},
    {"a_break_waits_for_room", break_waits_for_room, NULL},
    {"thre_and_temt_mean_an_empty_fifo", thre_is_fifo_empty, NULL},
    {"transmitter_holds_sixteen", transmitter_holds_sixteen, NULL},
    {"transmitter_without_fifo_holds_one", transmitter_holds_one, NULL},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    com_add_tests("fifo", TESTS, G_N_ELEMENTS(TESTS));
    return g_test_run();
}
