/*
 * The 16550A's register file: banks, masks, reset values, word and line
 * format, saved state.
 */
#include "tests/unit/uart_com.h"

#include <string.h>

/* ---- master reset ---- */

static void reset_ier(Com *com)
{
    g_assert_cmphex(com_in(com, UART_IER), ==, 0);
}

static void reset_iir(Com *com)
{
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
}

static void reset_lcr(Com *com)
{
    g_assert_cmphex(com_in(com, UART_LCR), ==, 0);
}

static void reset_mcr(Com *com)
{
    g_assert_cmphex(com_in(com, UART_MCR), ==, 0);
}

static void reset_lsr(Com *com)
{
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
}

static void reset_msr(Com *com)
{
    com->line->lines = CHAR_LINE_RI | CHAR_LINE_CTS;
    device_reset(com->dev);
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_RI | UART_MSR_CTS);
}

static void reset_divisor(Com *com)
{
    com_out(com, UART_LCR, UART_LCR_DLAB);
    g_assert_cmphex(com_in(com, UART_DLL), ==, UART_DIVISOR_POWER_ON);
    g_assert_cmphex(com_in(com, UART_DLM), ==, 0);
    g_assert_cmpuint(com->line->format.baud, ==, 9600);
}

static void reset_clears_everything(Com *com)
{
    for (unsigned offset = 0; offset < UART_REGISTER_COUNT; offset++) {
        com_out(com, offset, 0xff);
    }
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'l');
    device_reset(com->dev);
    g_assert_cmphex(com_in(com, UART_IER), ==, 0);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
    g_assert_cmphex(com_in(com, UART_LCR), ==, 0);
    g_assert_cmphex(com_in(com, UART_MCR), ==, 0);
    g_assert_cmphex(com_in(com, UART_SCR), ==, 0);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    g_assert_cmphex(com_in(com, UART_MSR) & 0xf, ==, 0);
    g_assert_false(com_irq(com));
    g_assert_cmpuint(com->line->lines_out, ==, 0);
    g_assert_false(com->line->break_out);
}

/* ---- banks and masks ---- */

static void scratch_holds(Com *com)
{
    for (unsigned value = 0; value < 256; value++) {
        com_out(com, UART_SCR, value);
        g_assert_cmphex(com_in(com, UART_SCR), ==, value);
    }
}

static void ier_upper_bits(Com *com)
{
    com_out(com, UART_IER, 0xff);
    g_assert_cmphex(com_in(com, UART_IER), ==, UART_IER_ALL);
}

static void mcr_upper_bits(Com *com)
{
    com_out(com, UART_MCR, 0xff);
    g_assert_cmphex(com_in(com, UART_MCR), ==, UART_MCR_ALL);
}

static void lcr_reads_back(Com *com)
{
    for (unsigned value = 0; value < 256; value++) {
        com_out(com, UART_LCR, value);
        g_assert_cmphex(com_in(com, UART_LCR), ==, value);
    }
}

static void dlab_opens_divisor(Com *com)
{
    com_out(com, UART_IER, UART_IER_MSI);
    com_out(com, UART_LCR, UART_LCR_DLAB | COM_8N1);
    com_out(com, UART_DLL, 0x34);
    com_out(com, UART_DLM, 0x12);
    g_assert_cmphex(com_in(com, UART_DLL), ==, 0x34);
    g_assert_cmphex(com_in(com, UART_DLM), ==, 0x12);
    com_out(com, UART_LCR, COM_8N1);
    g_assert_cmphex(com_in(com, UART_IER), ==, UART_IER_MSI);
    com_expect_output(com, "");
}

static void dlab_hides_rbr(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_type(com, "x");
    com_out(com, UART_LCR, UART_LCR_DLAB | COM_8N1);
    com_in(com, UART_DLL);
    com_out(com, UART_LCR, COM_8N1);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
    com_expect(com, "x");
}

static void dlab_leaves_others(Com *com)
{
    com_out(com, UART_LCR, UART_LCR_DLAB);
    com_out(com, UART_SCR, 0x5a);
    com_out(com, UART_MCR, UART_MCR_DTR);
    g_assert_cmphex(com_in(com, UART_SCR), ==, 0x5a);
    g_assert_cmphex(com_in(com, UART_MCR), ==, UART_MCR_DTR);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_NO_INT);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
}

static void status_writes_ignored(Com *com)
{
    com_out(com, UART_LSR, 0xff);
    com_out(com, UART_MSR, 0xff);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    g_assert_cmphex(com_in(com, UART_MSR) & 0xf, ==, 0);
}

static void empty_rbr_repeats(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_type(com, "q");
    com_expect(com, "qq");
}

static void wide_access(Com *com)
{
    rig_out(com->rig, COM_BASE + UART_MCR, UART_MCR_DTR | 0xff00, 2);
    g_assert_cmphex(com_in(com, UART_MCR), ==, UART_MCR_DTR);
    com_out(com, UART_SCR, 0x77);
    g_assert_cmphex(rig_in(com->rig, COM_BASE + UART_MSR, 2) >> 8, ==, 0x77);
}

static void banks_of_writes(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'A');
    com_out(com, UART_LCR, COM_8N1 | UART_LCR_DLAB);
    com_out(com, UART_DLL, 'B');
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'C');
    com_expect_output(com, "AC");
}

/* ---- word and line format ---- */

static void word_length_out(Com *com)
{
    static const uint8_t MASK[] = {0x1f, 0x3f, 0x7f, 0xff};
    for (unsigned wls = 0; wls < 4; wls++) {
        com_out(com, UART_LCR, wls);
        com_out(com, UART_THR, 0xf5);
        g_assert_cmpuint(com->line->output->len, ==, wls + 1);
        g_assert_cmphex((uint8_t)com->line->output->str[wls], ==, 0xf5 & MASK[wls]);
    }
}

static void word_length_in(Com *com)
{
    static const uint8_t MASK[] = {0x1f, 0x3f, 0x7f, 0xff};
    for (unsigned wls = 0; wls < 4; wls++) {
        com_out(com, UART_LCR, wls);
        com_type(com, "\xf5");
        g_assert_cmphex(com_in(com, UART_RBR), ==, 0xf5 & MASK[wls]);
    }
}

static void format_follows(Com *com)
{
    static const struct {
        uint8_t lcr, data_bits, stop_bits;
        char parity;
    } FORMATS[] = {
        {UART_LCR_WLS_8, 8, 1, 'N'},
        {UART_LCR_WLS_7 | UART_LCR_PEN, 7, 1, 'O'},
        {UART_LCR_WLS_7 | UART_LCR_PEN | UART_LCR_EPS, 7, 1, 'E'},
        {UART_LCR_WLS_6 | UART_LCR_PEN | UART_LCR_STICK, 6, 1, 'M'},
        {UART_LCR_WLS_6 | UART_LCR_PEN | UART_LCR_STICK | UART_LCR_EPS, 6, 1, 'S'},
        {UART_LCR_WLS_8 | UART_LCR_STICK | UART_LCR_EPS, 8, 1, 'N'},
        {UART_LCR_WLS_8 | UART_LCR_STB, 8, 2, 'N'},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        com_out(com, UART_LCR, FORMATS[i].lcr);
        g_assert_cmpuint(com->line->format.data_bits, ==, FORMATS[i].data_bits);
        g_assert_cmpuint(com->line->format.stop_bits, ==, FORMATS[i].stop_bits);
        g_assert_cmpint(com->line->format.parity, ==, FORMATS[i].parity);
    }
}

static void divisor_sets_baud(Com *com)
{
    static const struct {
        unsigned divisor, baud;
    } RATES[] = {{1, 115200}, {2, 57600}, {12, 9600}, {384, 300}, {2304, 50}, {0, 1}};
    for (size_t i = 0; i < G_N_ELEMENTS(RATES); i++) {
        com_set_divisor(com, RATES[i].divisor);
        g_assert_cmpuint(com->line->format.baud, ==, RATES[i].baud);
    }
}

/* ---- traces and crash reports ---- */

static void register_names(Com *com)
{
    const DeviceRegion *region = device_class(com->dev)->regions;
    const void *state = device_state(com->dev);
    static const char *const READ[] = {"RBR", "IER", "IIR", "LCR", "MCR", "LSR", "MSR", "SCR"};
    for (unsigned offset = 0; offset < UART_REGISTER_COUNT; offset++) {
        g_assert_cmpstr(region->register_name(state, offset, false), ==, READ[offset]);
    }
    g_assert_cmpstr(region->register_name(state, UART_THR, true), ==, "THR");
    g_assert_cmpstr(region->register_name(state, UART_FCR, true), ==, "FCR");
    com_out(com, UART_LCR, UART_LCR_DLAB);
    g_assert_cmpstr(region->register_name(state, UART_DLL, true), ==, "DLL");
    g_assert_cmpstr(region->register_name(state, UART_DLM, false), ==, "DLM");
    g_assert_cmpstr(region->register_name(state, UART_LCR, true), ==, "LCR");
    g_assert_null(region->register_name(state, UART_REGISTER_COUNT, true));
}

static void describes_itself(Com *com)
{
    com_enable(com, UART_IER_RDI);
    com_type(com, "z");
    g_autofree char *text = device_describe(com->dev);
    g_assert_nonnull(strstr(text, "IER=01 IIR=04"));
    g_assert_nonnull(strstr(text, "9600 bit/s"));
    g_assert_nonnull(strstr(text, "receiver holds 1"));
}

/* ---- saved state ---- */

static void refuses_impossible_state(Com *com)
{
    static const struct {
        const char *field;
        unsigned index;
        uint64_t value;
    } IMPOSSIBLE[] = {
        {"rx.head", 0, 16},     {"rx.count", 0, 2},       {"rx.count", 0, 17},
        {"tx.head", 0, 255},    {"tx.count", 0, 2},       {"ier", 0, 0x10},
        {"mcr", 0, 0x20},       {"fcr", 0, 0x02},         {"fcr", 0, 0x40},
        {"fcr", 0, 0x20},       {"line_errors", 0, 0x20}, {"modem_deltas", 0, 0x10},
        {"modem_pins", 0, 1},   {"rx.entry", 3, 0x2000},  {"tx.entry", 15, 0x8000},
        {"thre_latched", 0, 2}, {"timed_out", 0, 1},      {"tx_busy", 0, 1},
        {"rx_busy", 0, 1},
    };
    g_autoptr(GBytes) good = device_save(com->dev);
    g_assert_true(rig_load(com->dev, good));
    for (size_t i = 0; i < G_N_ELEMENTS(IMPOSSIBLE); i++) {
        g_autoptr(GBytes) bad =
            rig_patch(good, IMPOSSIBLE[i].field, IMPOSSIBLE[i].index, IMPOSSIBLE[i].value);
        g_test_message("%s", IMPOSSIBLE[i].field);
        g_assert_false(rig_load(com->dev, bad));
        g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE | UART_LSR_TEMT);
    }
}

static void load_drives_the_line(Com *com)
{
    com_enable(com, UART_IER_RDI);
    com_out(com, UART_MCR, UART_MCR_OUT2 | UART_MCR_DTR);
    com_out(com, UART_LCR, UART_LCR_WLS_7 | UART_LCR_BREAK);
    com_type(com, "w");
    g_autoptr(GBytes) saved = device_save(com->dev);
    device_reset(com->dev);
    g_assert_false(com_irq(com));
    g_assert_true(rig_load(com->dev, saved));
    g_assert_true(com_irq(com));
    g_assert_true(com->line->break_out);
    g_assert_cmphex(com->line->lines_out, ==, CHAR_LINE_DTR);
    g_assert_cmpuint(com->line->format.data_bits, ==, 7);
    com_expect(com, "w");
}

static void load_sees_other_lines(Com *com)
{
    com_enable(com, UART_IER_MSI);
    g_autoptr(GBytes) saved = device_save(com->dev);
    com->line->lines = CHAR_LINE_CTS | CHAR_LINE_DSR;
    g_assert_true(rig_load(com->dev, saved));
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_MSR), ==, UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DDCD);
}

static const ComTest TESTS[] = {
    {"reset_clears_ier", reset_ier, NULL},
    {"reset_leaves_no_interrupt_in_iir", reset_iir, NULL},
    {"reset_clears_lcr", reset_lcr, NULL},
    {"reset_clears_mcr", reset_mcr, NULL},
    {"reset_sets_thre_and_temt_only", reset_lsr, NULL},
    {"reset_clears_deltas_and_shows_inputs", reset_msr, NULL},
    {"power_on_divisor_is_9600", reset_divisor, NULL},
    {"reset_clears_from_any_state", reset_clears_everything, NULL},
    {"scratch_holds_any_byte", scratch_holds, NULL},
    {"ier_bits_4_to_7_are_zero", ier_upper_bits, NULL},
    {"mcr_bits_5_to_7_are_zero", mcr_upper_bits, NULL},
    {"lcr_reads_back", lcr_reads_back, NULL},
    {"dlab_opens_the_divisor_latches", dlab_opens_divisor, NULL},
    {"dlab_hides_the_receiver_buffer", dlab_hides_rbr, NULL},
    {"dlab_leaves_the_other_registers", dlab_leaves_others, NULL},
    {"dlab_keeps_divisor_writes_off_the_line", banks_of_writes, NULL},
    {"lsr_and_msr_writes_do_nothing", status_writes_ignored, NULL},
    {"empty_receiver_buffer_repeats_the_last_character", empty_rbr_repeats, NULL},
    {"wide_accesses_reach_adjacent_registers", wide_access, NULL},
    {"word_length_masks_transmission", word_length_out, NULL},
    {"word_length_masks_reception", word_length_in, NULL},
    {"line_is_told_of_word_stop_and_parity", format_follows, NULL},
    {"divisor_divides_115200", divisor_sets_baud, NULL},
    {"register_names_follow_dlab_and_direction", register_names, NULL},
    {"description_names_registers_and_rate", describes_itself, NULL},
    {"load_refuses_impossible_state", refuses_impossible_state, NULL},
    {"load_drives_interrupt_and_line", load_drives_the_line, NULL},
    {"load_notes_modem_lines_that_differ", load_sees_other_lines, NULL},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    com_add_tests("registers", TESTS, G_N_ELEMENTS(TESTS));
    return g_test_run();
}
