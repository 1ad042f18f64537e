/*
 * The 16550A's interrupts: enables, priorities, what raises and acknowledges each
 * cause, and the gate to the bus.
 */
#include "tests/unit/uart_com.h"

#define ALL_LINES (CHAR_LINE_CTS | CHAR_LINE_DSR | CHAR_LINE_DCD)

/* ---- received data available, without FIFOs ---- */

static void rdi_raised(Com *com)
{
    com_enable(com, UART_IER_RDI);
    g_assert_false(com_irq(com));
    com_type(com, "a");
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RDI);
}

static void rdi_cleared_by_rbr(Com *com)
{
    com_enable(com, UART_IER_RDI);
    com_type(com, "a");
    com_in(com, UART_IIR);
    com_in(com, UART_LSR);
    g_assert_true(com_irq(com));
    com_expect(com, "a");
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
}

static void rdi_disabled(Com *com)
{
    com_enable(com, 0);
    com_type(com, "a");
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
}

static void rdi_enabled_late(Com *com)
{
    com_enable(com, 0);
    com_type(com, "a");
    com_out(com, UART_IER, UART_IER_RDI);
    g_assert_true(com_irq(com));
    com_out(com, UART_IER, 0);
    g_assert_false(com_irq(com));
}

static void rdi_per_character(Com *com)
{
    com_enable(com, UART_IER_RDI);
    com_type(com, "abc");
    unsigned edges = com_edges(com);
    com_expect(com, "abc");
    g_assert_cmpuint(com_edges(com), ==, edges + 2);
    g_assert_false(com_irq(com));
}

/* ---- transmitter holding register empty ---- */

static void thri_on_enable(Com *com)
{
    com_enable(com, UART_IER_THRI);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_THRI);
}

static void thri_cleared_by_iir(Com *com)
{
    com_enable(com, UART_IER_THRI);
    com_in(com, UART_IIR);
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_THRE, ==, UART_LSR_THRE);
}

static void thri_cleared_by_write(Com *com)
{
    com_enable(com, UART_IER_THRI);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'x');
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
}

static void thri_after_transmission(Com *com)
{
    com_enable(com, UART_IER_THRI);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'x');
    rig_char_set_room(com->line, 1);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_THRI);
}

static void thri_edge_per_write(Com *com)
{
    com_enable(com, UART_IER_THRI);
    unsigned edges = com_edges(com);
    for (unsigned i = 1; i <= 10; i++) {
        com_out(com, UART_THR, 'x');
        g_assert_cmpuint(com_edges(com), ==, edges + i);
    }
}

static void thri_kept_by_lower_read(Com *com)
{
    com_enable(com, UART_IER_THRI | UART_IER_RDI);
    com_type(com, "a");
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RDI);
    com_expect(com, "a");
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_THRI);
}

static void thri_again_on_enable(Com *com)
{
    com_enable(com, UART_IER_THRI);
    com_in(com, UART_IIR);
    com_out(com, UART_IER, UART_IER_THRI);
    g_assert_false(com_irq(com));
    com_out(com, UART_IER, 0);
    com_out(com, UART_IER, UART_IER_THRI);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_THRI);
}

static void thri_not_while_full(Com *com)
{
    com_enable(com, 0);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'x');
    com_out(com, UART_IER, UART_IER_THRI);
    g_assert_false(com_irq(com));
}

static void thri_disabled_hides(Com *com)
{
    com_enable(com, UART_IER_THRI);
    com_out(com, UART_IER, UART_IER_RDI);
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
}

/* ---- receiver line status ---- */

static void rlsi_on_break(Com *com)
{
    com_enable(com, UART_IER_RLSI);
    rig_char_break(com->line);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RLSI);
}

static void rlsi_cleared_by_lsr(Com *com)
{
    com_enable(com, UART_IER_RLSI);
    rig_char_break(com->line);
    com_in(com, UART_IIR);
    com_in(com, UART_RBR);
    g_assert_true(com_irq(com));
    com_in(com, UART_LSR);
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
}

static void rlsi_on_overrun(Com *com)
{
    com_enable(com, UART_IER_RLSI);
    com_out(com, UART_MCR, UART_MCR_OUT2 | UART_MCR_LOOP);
    com_out(com, UART_THR, 'a');
    g_assert_false(com_irq(com));
    com_out(com, UART_THR, 'b');
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RLSI);
}

/* ---- modem status ---- */

static void msi_raised(Com *com)
{
    com_enable(com, UART_IER_MSI);
    rig_char_set_lines(com->line, ALL_LINES & ~CHAR_LINE_CTS);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_MSI);
}

static void msi_cleared_by_msr(Com *com)
{
    com_enable(com, UART_IER_MSI);
    rig_char_set_lines(com->line, 0);
    com_in(com, UART_IIR);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD);
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_MSR), ==, 0);
}

static void msr_delta_survives_return(Com *com)
{
    com_enable(com, 0);
    rig_char_set_lines(com->line, ALL_LINES & ~CHAR_LINE_CTS);
    rig_char_set_lines(com->line, ALL_LINES);
    g_assert_cmphex(com_in(com, UART_MSR), ==, ALL_LINES | UART_MSR_DCTS);
}

static void msr_deltas_one_by_one(Com *com)
{
    static const uint8_t DELTA[] = {UART_MSR_DCTS, UART_MSR_DDSR, 0, UART_MSR_DDCD};
    for (unsigned i = 0; i < 4; i++) {
        unsigned line = CHAR_LINE_CTS << i;
        rig_char_set_lines(com->line, 0);
        com_in(com, UART_MSR);
        rig_char_set_lines(com->line, line);
        g_assert_cmphex(com_in(com, UART_MSR), ==, line | DELTA[i]);
    }
}

static void teri_on_trailing_edge(Com *com)
{
    com_enable(com, UART_IER_MSI);
    rig_char_set_lines(com->line, ALL_LINES | CHAR_LINE_RI);
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_MSR), ==, ALL_LINES | UART_MSR_RI);
    rig_char_set_lines(com->line, ALL_LINES);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_MSR), ==, ALL_LINES | UART_MSR_TERI);
}

/* ---- priority and gate ---- */

static void priority_order(Com *com)
{
    com_enable(com, UART_IER_ALL);
    com_in(com, UART_IIR);
    com_out(com, UART_THR, 'x');
    rig_char_set_lines(com->line, 0);
    rig_char_break(com->line);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RLSI);
    com_in(com, UART_LSR);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RDI);
    com_in(com, UART_RBR);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_THRI);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_MSI);
    g_assert_true(com_irq(com));
    com_in(com, UART_MSR);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
    g_assert_false(com_irq(com));
}

static void level_stays_until_last(Com *com)
{
    com_enable(com, UART_IER_ALL);
    unsigned edges = com_edges(com);
    rig_char_set_lines(com->line, 0);
    com_type(com, "a");
    com_in(com, UART_IIR);
    com_expect(com, "a");
    com_in(com, UART_IIR);
    g_assert_true(com_irq(com));
    com_in(com, UART_MSR);
    g_assert_false(com_irq(com));
    g_assert_cmpuint(com_edges(com), ==, edges);
}

static void out2_gates(Com *com)
{
    com_enable(com, UART_IER_RDI);
    com_out(com, UART_MCR, 0);
    com_type(com, "a");
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RDI);
    com_out(com, UART_MCR, UART_MCR_OUT2);
    g_assert_true(com_irq(com));
    com_out(com, UART_MCR, UART_MCR_OUT1 | UART_MCR_RTS | UART_MCR_DTR);
    g_assert_false(com_irq(com));
}

/* xv6 writes 0 to the MCR and depends on interrupts. */
static void out2_is_ignored(Com *com)
{
    com_enable(com, UART_IER_RDI);
    com_out(com, UART_MCR, 0);
    com_type(com, "a");
    g_assert_true(com_irq(com));
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
    com_expect(com, "a");
    g_assert_false(com_irq(com));
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 1);
    com_type(com, "bc");
    com_expect(com, "bc");
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 1);
}

static void polls_without_out2(Com *com)
{
    com_enable(com, 0);
    com_out(com, UART_MCR, 0);
    com_type(com, "a");
    com_expect(com, "a");
    /* A self-test in loopback, and Linux's test of the transmitter's interrupt. */
    com_out(com, UART_IER, UART_IER_ALL);
    com_in(com, UART_IIR);
    com_out(com, UART_MCR, UART_MCR_LOOP);
    com_out(com, UART_THR, 'l');
    com_expect(com, "l");
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
}

static void irq_none(Com *com)
{
    com_enable(com, UART_IER_ALL);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_THRI);
    g_assert_cmpuint(com_edges(com), ==, 0);
}

/* Linux looks for the interrupt of a port in this way. */
static void linux_irq_probe(Com *com)
{
    com_out(com, UART_MCR, UART_MCR_OUT1 | UART_MCR_OUT2);
    com_out(com, UART_MCR, 0);
    unsigned edges = com_edges(com);
    com_out(com, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
    com_out(com, UART_IER, UART_IER_ALL);
    com_in(com, UART_LSR);
    com_in(com, UART_RBR);
    com_in(com, UART_IIR);
    com_in(com, UART_MSR);
    com_out(com, UART_THR, 0xff);
    g_assert_cmpuint(com_edges(com), >, edges);
    g_assert_true(com_irq(com));
}

/* Linux checks in this way that enabling the transmitter's interrupt again raises it again. */
static void linux_thre_test(Com *com)
{
    com_out(com, UART_IER, UART_IER_THRI);
    uint8_t first = com_in(com, UART_IIR);
    com_out(com, UART_IER, 0);
    com_out(com, UART_IER, UART_IER_THRI);
    uint8_t second = com_in(com, UART_IIR);
    com_out(com, UART_IER, 0);
    g_assert_cmphex(first, ==, UART_IIR_THRI);
    g_assert_cmphex(second, ==, UART_IIR_THRI);
}

/* An interrupt handler that knows its only cause and never reads the IIR. */
static void handler_without_iir(Com *com)
{
    com_enable(com, UART_IER_THRI);
    for (const char *text = "hello"; *text; text++) {
        unsigned edges = com_edges(com);
        com_out(com, UART_THR, (uint8_t)*text);
        g_assert_cmpuint(com_edges(com), ==, edges + 1);
    }
    com_expect_output(com, "hello");
}

static const ComTest TESTS[] = {
    {"received_data_raises", rdi_raised, NULL},
    {"received_data_is_cleared_by_reading_rbr_alone", rdi_cleared_by_rbr, NULL},
    {"disabled_received_data_is_only_in_lsr", rdi_disabled, NULL},
    {"enable_shows_data_already_there", rdi_enabled_late, NULL},
    {"each_character_without_fifo_raises_the_interrupt_again", rdi_per_character, NULL},
    {"thre_raised_by_enabling_while_empty", thri_on_enable, NULL},
    {"thre_cleared_by_reading_its_iir_code", thri_cleared_by_iir, NULL},
    {"thre_cleared_by_writing_thr", thri_cleared_by_write, NULL},
    {"thre_raised_when_thr_empties", thri_after_transmission, NULL},
    {"thre_gives_an_edge_per_character", thri_edge_per_write, NULL},
    {"thre_survives_reading_a_higher_code", thri_kept_by_lower_read, NULL},
    {"thre_comes_back_only_when_enabled_again", thri_again_on_enable, NULL},
    {"thre_not_raised_by_enabling_while_full", thri_not_while_full, NULL},
    {"thre_disabled_is_not_pending", thri_disabled_hides, NULL},
    {"line_status_raised_by_break", rlsi_on_break, NULL},
    {"line_status_cleared_by_reading_lsr_alone", rlsi_cleared_by_lsr, NULL},
    {"line_status_raised_by_overrun", rlsi_on_overrun, NULL},
    {"modem_status_raised_by_cts", msi_raised, NULL},
    {"modem_status_cleared_by_reading_msr_alone", msi_cleared_by_msr, NULL},
    {"delta_stays_when_the_line_returns", msr_delta_survives_return, NULL},
    {"each_input_has_its_bit_and_delta", msr_deltas_one_by_one, NULL},
    {"teri_on_the_trailing_edge_of_ring_only", teri_on_trailing_edge, NULL},
    {"iir_gives_the_highest_cause_first", priority_order, NULL},
    {"level_stays_until_the_last_cause_is_cleared", level_stays_until_last, NULL},
    {"out2_lets_the_interrupt_to_the_bus", out2_gates, "out2=strict"},
    {"out2_is_ignored_and_one_line_says_so", out2_is_ignored, NULL},
    {"no_line_for_a_guest_that_polls_without_out2", polls_without_out2, NULL},
    {"irq_none_raises_nothing", irq_none, "irq=none"},
    {"linux_finds_its_irq", linux_irq_probe, NULL},
    {"linux_trusts_the_thre_interrupt", linux_thre_test, NULL},
    {"handler_that_never_reads_iir_is_not_stuck", handler_without_iir, NULL},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    com_add_tests("interrupts", TESTS, G_N_ELEMENTS(TESTS));
    return g_test_run();
}
