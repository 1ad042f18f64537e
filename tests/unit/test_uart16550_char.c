/*
 * The 16550A and its line: back-pressure in both directions, breaks, modem outputs,
 * REP OUTS, and a port without a line.
 */
#include "tests/unit/uart_com.h"

/* ---- output ---- */

static void output_is_immediate(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    for (const char *c = "hello"; *c; c++) {
        g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
        com_out(com, UART_THR, (uint8_t)*c);
    }
    com_expect_output(com, "hello");
}

static void full_line_holds_thre(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    rig_char_set_room(com->line, 1);
    com_out(com, UART_THR, 'a');
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    com_out(com, UART_THR, 'b');
    g_assert_cmphex(com_in(com, UART_LSR), ==, 0);
    rig_char_set_room(com->line, 1);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    com_expect_output(com, "ab");
}

/* A guest that checks THRE loses nothing, however often the line is full. */
static void polite_guest_loses_nothing(Com *com)
{
    g_autoptr(GString) sent = g_string_new(NULL);
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_FCR, COM_FIFO);
    rig_char_set_room(com->line, 0);
    for (unsigned i = 0; i < 5000; i++) {
        if (com_in(com, UART_LSR) & UART_LSR_THRE) {
            for (unsigned n = 0; n < UART_FIFO_SIZE; n++) {
                char c = (char)g_test_rand_int_range(' ', '~');
                g_string_append_c(sent, c);
                com_out(com, UART_THR, (uint8_t)c);
            }
        } else {
            rig_char_set_room(com->line, (size_t)g_test_rand_int_range(1, 9));
        }
    }
    rig_char_set_room(com->line, G_MAXSIZE);
    g_assert_cmpstr(com->line->output->str, ==, sent->str);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
}

static void rep_outs_in_one_piece(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    rig_out_block(com->rig, COM_BASE + UART_THR, "string output", 13, 1);
    com_expect_output(com, "string output");
}

static void rep_outs_fills_the_fifo(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_FCR, COM_FIFO);
    rig_char_set_room(com->line, 4);
    rig_out_block(com->rig, COM_BASE + UART_THR, "0123456789abcdefghij", 20, 1);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
    rig_char_set_room(com->line, G_MAXSIZE);
    com_expect_output(com, "0123456789abcdefghij");
}

static void rep_outs_masks(Com *com)
{
    com_out(com, UART_LCR, UART_LCR_WLS_7);
    rig_out_block(com->rig, COM_BASE + UART_THR, "\xe1\xe2", 2, 1);
    com_expect_output(com, "ab");
}

static void rep_outs_to_divisor(Com *com)
{
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_DLAB);
    rig_out_block(com->rig, COM_BASE + UART_DLL, "\x05\x06", 2, 1);
    g_assert_cmphex(com_in(com, UART_DLL), ==, 6);
    com_expect_output(com, "");
}

static void rep_outs_raises_thre(Com *com)
{
    com_enable(com, UART_IER_THRI);
    unsigned edges = com_edges(com);
    rig_out_block(com->rig, COM_BASE + UART_THR, "xyz", 3, 1);
    g_assert_true(com_irq(com));
    g_assert_cmpuint(com_edges(com), ==, edges + 3);
    com_expect_output(com, "xyz");
}

static void rep_ins_drains(Com *com)
{
    char data[5] = "";
    com_out(com, UART_LCR, COM_8N1);
    com_type(com, "four");
    rig_in_block(com->rig, COM_BASE + UART_RBR, data, 4, 1);
    g_assert_cmpstr(data, ==, "four");
}

/* ---- input ---- */

static void one_character_without_fifo(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_type(com, "abc");
    g_assert_cmpuint(com->line->largest, ==, 1);
    g_assert_cmpuint(com->line->input->len, ==, 2);
    com_expect(com, "abc");
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
}

static void reset_takes_input_again(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_type(com, "ab");
    device_reset(com->dev);
    com_out(com, UART_LCR, COM_8N1);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
    com_in(com, UART_RBR);
}

static void clearing_takes_input_again(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_FCR, COM_FIFO);
    com_type(com, "0123456789abcdefNEXT");
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RCVR);
    com_expect(com, "NEXT");
}

static void trigger_sized_reads_keep_going(Com *com)
{
    g_autofree char *text = g_strnfill(140, 't');
    com_enable(com, UART_IER_RDI);
    com_out(com, UART_FCR, COM_FIFO | UART_FCR_TRIGGER_14);
    com_type(com, text);
    for (unsigned n = 0; n < 10; n++) {
        g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_FIFO_ENABLED | UART_IIR_RDI);
        for (unsigned i = 0; i < 14; i++) {
            com_expect(com, "t");
        }
    }
    g_assert_false(com_irq(com));
}

/* ---- break and modem outputs ---- */

static void break_follows_lcr(Com *com)
{
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_BREAK);
    g_assert_true(com->line->break_out);
    com_out(com, UART_LCR, COM_8N1);
    g_assert_false(com->line->break_out);
    g_assert_cmpuint(com->line->breaks, ==, 1);
}

static void break_covers_output(Com *com)
{
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_BREAK);
    com_out(com, UART_THR, 'x');
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'y');
    com_expect_output(com, "y");
}

static void dtr_and_rts_follow_mcr(Com *com)
{
    com_out(com, UART_MCR, UART_MCR_DTR);
    g_assert_cmphex(com->line->lines_out, ==, CHAR_LINE_DTR);
    com_out(com, UART_MCR, UART_MCR_RTS | UART_MCR_OUT1 | UART_MCR_OUT2);
    g_assert_cmphex(com->line->lines_out, ==, CHAR_LINE_RTS);
}

/* ---- other wiring ---- */

static void no_line(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "isa-serial", NULL);
    rig_outb(rig, COM_BASE + UART_LCR, COM_8N1);
    rig_outb(rig, COM_BASE + UART_THR, 'x');
    rig_out_block(rig, COM_BASE + UART_THR, "xyz", 3, 1);
    g_assert_cmphex(rig_inb(rig, COM_BASE + UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    g_assert_cmphex(rig_inb(rig, COM_BASE + UART_MSR), ==, 0);
    rig_outb(rig, COM_BASE + UART_MCR, UART_MCR_LOOP);
    rig_outb(rig, COM_BASE + UART_THR, 'x');
    g_assert_cmphex(rig_inb(rig, COM_BASE + UART_RBR), ==, 'x');
}

static void four_ports(void)
{
    static const uint16_t BASE[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    static const uint8_t IRQ[] = {4, 3, 4, 3};
    g_autoptr(Rig) rig = rig_new();
    for (unsigned i = 0; i < 4; i++) {
        g_autofree char *id = g_strdup_printf("line%u", i);
        g_autofree char *properties =
            g_strdup_printf("iobase=0x%x,irq=%u,chardev=%s", BASE[i], IRQ[i], id);
        rig_device(rig, "isa-serial", properties);
        rig_outb(rig, BASE[i] + UART_LCR, COM_8N1);
        rig_outb(rig, BASE[i] + UART_MCR, UART_MCR_OUT2);
        rig_outb(rig, BASE[i] + UART_IER, UART_IER_RDI);
        rig_outb(rig, BASE[i] + UART_THR, (uint8_t)('a' + i));
        g_assert_cmpuint(rig_char(rig, id)->output->len, ==, 1);
        g_assert_cmphex(rig_char(rig, id)->output->str[0], ==, 'a' + i);
    }
    rig_char_input(rig_char(rig, "line0"), "x");
    rig_char_input(rig_char(rig, "line2"), "y");
    g_assert_true(rig_irq(rig, 4));
    g_assert_false(rig_irq(rig, 3));
    rig_inb(rig, BASE[0]);
    g_assert_true(rig_irq(rig, 4));
    rig_inb(rig, BASE[2]);
    g_assert_false(rig_irq(rig, 4));
}

static const ComTest TESTS[] = {
    {"output_is_immediate", output_is_immediate, NULL},
    {"full_line_keeps_thre_clear", full_line_holds_thre, NULL},
    {"guest_that_polls_thre_loses_nothing", polite_guest_loses_nothing, NULL},
    {"rep_outs_goes_out_whole", rep_outs_in_one_piece, NULL},
    {"rep_outs_on_a_full_line_uses_the_fifo", rep_outs_fills_the_fifo, NULL},
    {"rep_outs_obeys_the_word_length", rep_outs_masks, NULL},
    {"rep_outs_to_the_divisor_stays_there", rep_outs_to_divisor, NULL},
    {"rep_outs_raises_thre_per_character", rep_outs_raises_thre, NULL},
    {"rep_ins_takes_the_waiting_characters", rep_ins_drains, NULL},
    {"without_fifo_one_character_at_a_time", one_character_without_fifo, NULL},
    {"reset_takes_input_again", reset_takes_input_again, NULL},
    {"clearing_the_fifo_takes_input_again", clearing_takes_input_again, NULL},
    {"reads_of_a_trigger_each_keep_the_input_coming", trigger_sized_reads_keep_going, NULL},
    {"break_follows_lcr", break_follows_lcr, NULL},
    {"break_covers_output", break_covers_output, NULL},
    {"dtr_and_rts_follow_mcr", dtr_and_rts_follow_mcr, NULL},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    com_add_tests("char", TESTS, G_N_ELEMENTS(TESTS));
    g_test_add_func("/uart16550/char/port_without_a_line_works", no_line);
    g_test_add_func("/uart16550/char/four_ports_share_two_interrupts", four_ports);
    return g_test_run();
}
