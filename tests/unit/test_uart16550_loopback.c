/*
 * The 16550A's diagnostic loopback and its modem outputs.
 */
#include "tests/unit/uart_com.h"

#define LOOP UART_MCR_LOOP

static void open_loop(Com *com, unsigned mcr)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_MCR, LOOP | mcr);
    com_in(com, UART_MSR);
}

/* ---- data ---- */

static void data_returns(Com *com)
{
    open_loop(com, 0);
    for (unsigned value = 0; value < 256; value++) {
        com_out(com, UART_THR, value);
        g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_DR | UART_LSR_THRE | UART_LSR_TEMT);
        g_assert_cmphex(com_in(com, UART_RBR), ==, value);
    }
}

static void sout_is_marking(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_THR, 'x');
    com_expect_output(com, "");
}

static void sin_is_disconnected(Com *com)
{
    open_loop(com, 0);
    com_type(com, "hello");
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
    g_assert_cmpuint(com->line->input->len, ==, 5);
}

static void input_comes_after(Com *com)
{
    open_loop(com, 0);
    com_type(com, "hello");
    com_out(com, UART_MCR, 0);
    com_expect(com, "hello");
}

static void break_is_disconnected(Com *com)
{
    open_loop(com, 0);
    rig_char_break(com->line);
    com_out(com, UART_MCR, 0);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
}

static void word_length_applies(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_LCR, UART_LCR_WLS_5);
    com_out(com, UART_THR, 0xf5);
    g_assert_cmphex(com_in(com, UART_RBR), ==, 0x15);
}

static void held_output_turns_round(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'h');
    com_out(com, UART_MCR, LOOP);
    com_expect(com, "h");
    rig_char_set_room(com->line, G_MAXSIZE);
    com_expect_output(com, "");
}

static void rep_outs_turns_round(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_FCR, COM_FIFO);
    rig_out_block(com->rig, COM_BASE + UART_THR, "string", 6, 1);
    com_expect_output(com, "");
    com_expect(com, "string");
}

/* ---- break ---- */

static void break_returns(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_BREAK);
    g_assert_false(com->line->break_out);
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_BI | UART_LSR_FE | UART_LSR_DR), ==,
                    UART_LSR_BI | UART_LSR_FE | UART_LSR_DR);
    g_assert_cmphex(com_in(com, UART_RBR), ==, 0);
}

static void break_returns_once(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_BREAK);
    com_in(com, UART_LSR);
    com_in(com, UART_RBR);
    com_out(com, UART_LCR, UART_LCR_WLS_7 | UART_LCR_BREAK);
    com_out(com, UART_MCR, LOOP | UART_MCR_DTR);
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_BI | UART_LSR_DR), ==, 0);
}

static void break_covers_data(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_BREAK);
    com_in(com, UART_RBR);
    com_out(com, UART_THR, 'x');
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'y');
    com_expect(com, "y");
}

static void break_begun_outside_returns(Com *com)
{
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_BREAK);
    g_assert_true(com->line->break_out);
    com_out(com, UART_MCR, LOOP);
    g_assert_false(com->line->break_out);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_BI, ==, UART_LSR_BI);
}

/* ---- modem lines ---- */

static void outputs_are_inputs(Com *com)
{
    static const uint8_t INPUT[] = {UART_MSR_DSR, UART_MSR_CTS, UART_MSR_RI, UART_MSR_DCD};
    open_loop(com, 0);
    for (unsigned bits = 0; bits < 16; bits++) {
        unsigned expected = 0;
        com_out(com, UART_MCR, LOOP | bits);
        for (unsigned i = 0; i < 4; i++) {
            expected |= bits >> i & 1 ? INPUT[i] : 0;
        }
        g_assert_cmphex(com_in(com, UART_MSR) & 0xf0, ==, expected);
    }
}

static void outputs_make_deltas(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_MCR, LOOP | UART_MCR_RTS);
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_CTS | UART_MSR_DCTS);
    com_out(com, UART_MCR, LOOP | UART_MCR_DTR);
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_DSR | UART_MSR_DDSR | UART_MSR_DCTS);
    com_out(com, UART_MCR, LOOP | UART_MCR_OUT1);
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_RI | UART_MSR_DDSR);
    com_out(com, UART_MCR, LOOP | UART_MCR_OUT2);
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_DCD | UART_MSR_DDCD | UART_MSR_TERI);
}

static void inputs_are_disconnected(Com *com)
{
    open_loop(com, 0);
    rig_char_set_lines(com->line, 0);
    g_assert_cmphex(com_in(com, UART_MSR), ==, 0);
    rig_char_set_lines(com->line, CHAR_LINE_RI);
    g_assert_cmphex(com_in(com, UART_MSR), ==, 0);
}

static void inputs_return(Com *com)
{
    open_loop(com, UART_MCR_RTS);
    rig_char_set_lines(com->line, CHAR_LINE_CTS);
    com_out(com, UART_MCR, 0);
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_CTS);
}

static void outputs_are_inactive(Com *com)
{
    com_out(com, UART_MCR, UART_MCR_DTR | UART_MCR_RTS);
    g_assert_cmphex(com->line->lines_out, ==, CHAR_LINE_DTR | CHAR_LINE_RTS);
    com_out(com, UART_MCR, LOOP | UART_MCR_DTR | UART_MCR_RTS);
    g_assert_cmphex(com->line->lines_out, ==, 0);
    com_out(com, UART_MCR, UART_MCR_RTS);
    g_assert_cmphex(com->line->lines_out, ==, CHAR_LINE_RTS);
}

static void linux_size_probe(Com *com)
{
    com_out(com, UART_MCR, LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
    g_assert_cmphex(com_in(com, UART_MSR) & 0xf0, ==, UART_MSR_DCD | UART_MSR_CTS);
}

/* ---- interrupts ---- */

static void interrupts_are_operational(Com *com)
{
    open_loop(com, UART_MCR_OUT2);
    com_out(com, UART_IER, UART_IER_RDI);
    com_out(com, UART_THR, 'i');
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RDI);
    com_expect(com, "i");
    g_assert_false(com_irq(com));
}

static void modem_interrupts_from_mcr(Com *com)
{
    open_loop(com, UART_MCR_OUT2);
    com_out(com, UART_IER, UART_IER_MSI);
    g_assert_false(com_irq(com));
    com_out(com, UART_MCR, LOOP | UART_MCR_OUT2 | UART_MCR_DTR);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_MSI);
    com_in(com, UART_MSR);
    g_assert_false(com_irq(com));
}

static void gate_is_the_bit(Com *com)
{
    open_loop(com, 0);
    com_out(com, UART_IER, UART_IER_RDI);
    com_out(com, UART_THR, 'i');
    g_assert_false(com_irq(com));
    com_out(com, UART_MCR, LOOP | UART_MCR_OUT2);
    g_assert_true(com_irq(com));
}

static const ComTest TESTS[] = {
    {"transmitted_data_is_received_at_once", data_returns, NULL},
    {"serial_output_is_marking", sout_is_marking, NULL},
    {"serial_input_is_disconnected", sin_is_disconnected, NULL},
    {"input_held_back_comes_afterwards", input_comes_after, NULL},
    {"break_from_outside_is_not_seen", break_is_disconnected, NULL},
    {"word_length_applies", word_length_applies, NULL},
    {"output_held_by_a_full_line_turns_round", held_output_turns_round, NULL},
    {"rep_outs_turns_round", rep_outs_turns_round, NULL},
    {"set_break_is_received", break_returns, NULL},
    {"set_break_is_received_once", break_returns_once, NULL},
    {"set_break_covers_data", break_covers_data, NULL},
    {"break_begun_outside_moves_inside", break_begun_outside_returns, NULL},
    {"modem_outputs_are_the_inputs", outputs_are_inputs, NULL},
    {"modem_outputs_make_deltas", outputs_make_deltas, NULL},
    {"modem_inputs_are_disconnected", inputs_are_disconnected, NULL},
    {"modem_inputs_return_afterwards", inputs_return, NULL},
    {"modem_outputs_are_inactive_outside", outputs_are_inactive, NULL},
    {"linux_finds_the_port", linux_size_probe, NULL},
    {"receiver_interrupt_is_operational", interrupts_are_operational, NULL},
    {"modem_interrupt_comes_from_mcr", modem_interrupts_from_mcr, NULL},
    {"interrupt_gate_is_the_out2_bit", gate_is_the_bit, "out2=strict"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    com_add_tests("loopback", TESTS, G_N_ELEMENTS(TESTS));
    return g_test_run();
}
