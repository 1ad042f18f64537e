/*
 * The 16550A's time: the character time-out, and pace=baud.
 */
#include "tests/unit/uart_com.h"

#define TIMEOUT_NS (4 * COM_CHARACTER_NS)
#define CTI        (UART_IIR_FIFO_ENABLED | UART_IIR_CTI)
#define FIFO_IDLE  (UART_IIR_FIFO_ENABLED | UART_IIR_NO_INT)
#define TX_EMPTY   (UART_LSR_THRE | UART_LSR_TEMT)

static void open_fifo(Com *com, unsigned trigger, unsigned ier)
{
    com_enable(com, ier);
    com_out(com, UART_FCR, COM_FIFO | trigger);
}

/* ---- character time-out ---- */

static void timeout_after_four(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "a");
    rig_step(com->rig, TIMEOUT_NS - 1);
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, FIFO_IDLE);
    rig_step(com->rig, 1);
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, CTI);
}

static void timeout_restarts_on_character(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "a");
    rig_step(com->rig, TIMEOUT_NS - 1);
    com_type(com, "b");
    rig_step(com->rig, TIMEOUT_NS - 1);
    g_assert_false(com_irq(com));
    rig_step(com->rig, 1);
    g_assert_true(com_irq(com));
}

static void timeout_restarts_on_read(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "ab");
    rig_step(com->rig, TIMEOUT_NS - 1);
    com_expect(com, "a");
    rig_step(com->rig, TIMEOUT_NS - 1);
    g_assert_false(com_irq(com));
    rig_step(com->rig, 1);
    g_assert_true(com_irq(com));
}

static void timeout_cleared_by_read(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "ab");
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_cmphex(com_in(com, UART_IIR), ==, CTI);
    com_in(com, UART_LSR);
    g_assert_true(com_irq(com));
    com_expect(com, "a");
    g_assert_false(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, FIFO_IDLE);
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_true(com_irq(com));
}

/*
 * DS, FIFO Interrupt Mode Operation: C says what clears a time-out that has
 * occurred, D what restarts one that has not.
 */
static void timeout_outlives_a_character(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "a");
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_cmphex(com_in(com, UART_IIR), ==, CTI);
    com_type(com, "b");
    g_assert_true(com_irq(com));
    g_assert_cmphex(com_in(com, UART_IIR), ==, CTI);
    com_expect(com, "a");
    g_assert_false(com_irq(com));
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_true(com_irq(com));
}

/* ---- a guest that takes one character per interrupt ---- */

static void one_per_interrupt_is_told(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, UART_IER_RDI);
    com_type(com, "abc");
    com_expect(com, "a");
    rig_step(com->rig, NS_PER_SECOND - 1);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
    rig_step(com->rig, 1);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 1);
    g_assert_true(com_irq(com));
    com_expect(com, "b");
    rig_step(com->rig, 2 * NS_PER_SECOND);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 1);
}

/*
 * A guest that accesses the port again has seen the other characters, whatever it
 * does with them.
 */
static void one_that_looks_is_not_told(Com *com)
{
    static const uint8_t REGISTERS[] = {UART_LSR, UART_IIR};
    open_fifo(com, UART_FCR_TRIGGER_1, UART_IER_RDI);
    for (unsigned i = 0; i < G_N_ELEMENTS(REGISTERS); i++) {
        com_type(com, "abc");
        com_expect(com, "a");
        com_in(com, REGISTERS[i]);
        rig_step(com->rig, 2 * NS_PER_SECOND);
        com_expect(com, "bc");
    }
    /* The same is true of a guest that polls, or has fewer characters than the trigger. */
    com_type(com, "abc");
    com_out(com, UART_IER, 0);
    com_expect(com, "a");
    rig_step(com->rig, 2 * NS_PER_SECOND);
    com_expect(com, "bc");
    open_fifo(com, UART_FCR_TRIGGER_4, UART_IER_RDI);
    com_type(com, "abcd");
    com_expect(com, "a");
    rig_step(com->rig, 2 * NS_PER_SECOND);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
}

/* While the CPU has interrupts off, the edge is pending at the controller. */
static void one_with_interrupts_off_is_not_told(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, UART_IER_RDI);
    rig_set_pending(com->rig, COM_IRQ, true);
    com_type(com, "abc");
    com_expect(com, "a");
    rig_step(com->rig, 5 * NS_PER_SECOND);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
    rig_set_pending(com->rig, COM_IRQ, false);
    rig_step(com->rig, NS_PER_SECOND);
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 1);
}

static void timeout_not_when_empty(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "a");
    com_expect(com, "a");
    rig_step(com->rig, 10 * TIMEOUT_NS);
    g_assert_false(com_irq(com));
}

static void timeout_needs_fifo(Com *com)
{
    com_enable(com, UART_IER_RDI);
    com_type(com, "a");
    rig_step(com->rig, 10 * TIMEOUT_NS);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_RDI);
}

static void timeout_needs_enable(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RLSI);
    com_type(com, "a");
    rig_step(com->rig, 10 * TIMEOUT_NS);
    g_assert_cmphex(com_in(com, UART_IIR), ==, FIFO_IDLE);
    com_out(com, UART_IER, UART_IER_RDI);
    rig_step(com->rig, 0);
    g_assert_cmphex(com_in(com, UART_IIR), ==, CTI);
}

static void trigger_before_timeout(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_4, UART_IER_RDI);
    com_type(com, "abcd");
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_FIFO_ENABLED | UART_IIR_RDI);
    com_expect(com, "a");
    g_assert_false(com_irq(com));
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_cmphex(com_in(com, UART_IIR), ==, CTI);
}

static void timeout_priority(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_ALL);
    com_type(com, "a");
    rig_char_set_lines(com->line, 0);
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_cmphex(com_in(com, UART_IIR), ==, CTI);
    com_expect(com, "a");
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_FIFO_ENABLED | UART_IIR_THRI);
}

static void timeout_follows_the_format(Com *com)
{
    static const struct {
        uint8_t lcr;
        unsigned half_bits;
    } FORMATS[] = {
        {UART_LCR_WLS_5, 14},
        {UART_LCR_WLS_5 | UART_LCR_STB, 15},
        {UART_LCR_WLS_6 | UART_LCR_STB, 18},
        {UART_LCR_WLS_8, 20},
        {UART_LCR_WLS_8 | UART_LCR_PEN, 22},
        {UART_LCR_WLS_8 | UART_LCR_PEN | UART_LCR_STB, 24},
    };
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_set_divisor(com, 96);
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        /* 1200 bit/s: a half bit is 416666 2/3 ns. */
        uint64_t character = FORMATS[i].half_bits * UINT64_C(1250000) / 3;
        com_out(com, UART_LCR, FORMATS[i].lcr);
        com_type(com, "a");
        rig_step(com->rig, 4 * character - 1);
        g_assert_false(com_irq(com));
        rig_step(com->rig, 1);
        g_assert_true(com_irq(com));
        com_in(com, UART_RBR);
    }
}

static void timeout_follows_a_new_divisor(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_set_divisor(com, 1200);
    com_type(com, "a");
    com_set_divisor(com, 12);
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_true(com_irq(com));
}

/* Until the first write to the LCR the port sends eight bits, and then what the LCR says. */
static void timeout_outlives_the_first_format(Com *com)
{
    com_out(com, UART_MCR, UART_MCR_OUT2);
    com_out(com, UART_IER, UART_IER_RDI);
    com_out(com, UART_FCR, COM_FIFO | UART_FCR_TRIGGER_8);
    com_type(com, "a");
    com_out(com, UART_LCR, COM_8N1);
    rig_step(com->rig, TIMEOUT_NS);
    g_assert_true(com_irq(com));
}

static void longest_timeout_is_sane(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_set_divisor(com, 0);
    com_out(com, UART_LCR, UART_LCR_WLS_8 | UART_LCR_PEN | UART_LCR_STB);
    com_type(com, "a");
    rig_step(com->rig, 27 * NS_PER_SECOND);
    g_assert_false(com_irq(com));
    rig_step(com->rig, NS_PER_SECOND);
    g_assert_true(com_irq(com));
}

static void timeout_survives_loading(Com *com)
{
    rig_step(com->rig, NS_PER_SECOND);
    open_fifo(com, UART_FCR_TRIGGER_8, UART_IER_RDI);
    com_type(com, "a");
    rig_step(com->rig, TIMEOUT_NS / 2);
    g_autoptr(GBytes) saved = device_save(com->dev);
    device_reset(com->dev);
    g_assert_true(rig_load(com->dev, saved));
    rig_step(com->rig, TIMEOUT_NS / 2 - 1);
    g_assert_false(com_irq(com));
    rig_step(com->rig, 1);
    g_assert_true(com_irq(com));
}

/* ---- pace=baud: transmission ---- */

static void tx_takes_a_character_time(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'a');
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE);
    rig_step(com->rig, COM_CHARACTER_NS - 1);
    com_expect_output(com, "");
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE);
    rig_step(com->rig, 1);
    com_expect_output(com, "a");
    g_assert_cmphex(com_in(com, UART_LSR), ==, TX_EMPTY);
}

static void thr_waits_for_shift_register(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'a');
    com_out(com, UART_THR, 'b');
    g_assert_cmphex(com_in(com, UART_LSR), ==, 0);
    rig_step(com->rig, COM_CHARACTER_NS);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE);
    rig_step(com->rig, COM_CHARACTER_NS);
    g_assert_cmphex(com_in(com, UART_LSR), ==, TX_EMPTY);
    com_expect_output(com, "ab");
}

static void thre_interrupt_when_thr_moves(Com *com)
{
    com_enable(com, UART_IER_THRI);
    com_in(com, UART_IIR);
    com_out(com, UART_THR, 'a');
    g_assert_cmphex(com_in(com, UART_IIR), ==, UART_IIR_THRI);
    com_out(com, UART_THR, 'b');
    g_assert_false(com_irq(com));
    rig_step(com->rig, COM_CHARACTER_NS - 1);
    g_assert_false(com_irq(com));
    rig_step(com->rig, 1);
    g_assert_true(com_irq(com));
}

static void fifo_goes_out_at_the_rate(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    for (const char *c = "0123456789abcdefg"; *c; c++) {
        com_out(com, UART_THR, (uint8_t)*c);
    }
    g_assert_cmpuint(rig_guest_error_count(com->rig), ==, 0);
    for (unsigned n = 1; n <= 17; n++) {
        rig_step(com->rig, COM_CHARACTER_NS);
        g_assert_cmpuint(com->line->output->len, ==, n);
        bool empty = com_in(com, UART_LSR) & UART_LSR_THRE;
        g_assert_cmpint(empty, ==, n >= 16);
    }
    com_expect_output(com, "0123456789abcdefg");
}

static void tx_does_not_drift(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_THR, 'x');
    for (unsigned n = 1; n <= 1000; n++) {
        com_out(com, UART_THR, 'x');
        rig_step(com->rig, COM_CHARACTER_NS);
        g_assert_cmpuint(com->line->output->len, ==, n);
    }
}

static void full_line_holds_shift_register(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'a');
    com_out(com, UART_THR, 'b');
    rig_step(com->rig, 10 * COM_CHARACTER_NS);
    g_assert_cmphex(com_in(com, UART_LSR), ==, 0);
    rig_char_set_room(com->line, G_MAXSIZE);
    com_expect_output(com, "a");
    rig_step(com->rig, COM_CHARACTER_NS);
    com_expect_output(com, "b");
}

static void clear_keeps_shift_register(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_out(com, UART_THR, 'a');
    com_out(com, UART_THR, 'b');
    com_out(com, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_XMIT);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE);
    rig_step(com->rig, 2 * COM_CHARACTER_NS);
    com_expect_output(com, "a");
    g_assert_cmphex(com_in(com, UART_LSR), ==, TX_EMPTY);
}

static void loopback_takes_a_character_time(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    com_out(com, UART_MCR, UART_MCR_LOOP);
    com_out(com, UART_THR, 'a');
    rig_step(com->rig, COM_CHARACTER_NS - 1);
    g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE);
    rig_step(com->rig, 1);
    g_assert_cmphex(com_in(com, UART_LSR), ==, TX_EMPTY | UART_LSR_DR);
    com_expect(com, "a");
}

static void line_comes_before_loopback(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    rig_step(com->rig, NS_PER_SECOND);
    com_out(com, UART_THR, 't');
    com_type(com, "rs");
    com_out(com, UART_MCR, UART_MCR_LOOP);
    rig_step(com->rig, COM_CHARACTER_NS);
    com_expect(com, "rt");
    com_out(com, UART_MCR, 0);
    rig_step(com->rig, COM_CHARACTER_NS);
    com_expect(com, "s");
}

static void rates_and_formats(Com *com)
{
    static const struct {
        unsigned divisor;
        uint8_t lcr;
        uint64_t ns;
    } CASES[] = {
        {1, UART_LCR_WLS_8, 86805},
        {384, UART_LCR_WLS_7 | UART_LCR_PEN, 33333333},
        {2304, UART_LCR_WLS_5 | UART_LCR_STB, 150000000},
        {96, UART_LCR_WLS_8 | UART_LCR_STB, 9166666},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        com_set_divisor(com, CASES[i].divisor);
        com_out(com, UART_LCR, CASES[i].lcr);
        com_out(com, UART_THR, 0x11);
        rig_step(com->rig, CASES[i].ns - 1);
        g_assert_cmphex(com_in(com, UART_LSR), ==, UART_LSR_THRE);
        rig_step(com->rig, 1);
        g_assert_cmphex(com_in(com, UART_LSR), ==, TX_EMPTY);
    }
}

/* ---- pace=baud: reception ---- */

static void rx_takes_a_character_time(Com *com)
{
    com_enable(com, UART_IER_RDI);
    rig_step(com->rig, NS_PER_SECOND);
    com_type(com, "a");
    rig_step(com->rig, COM_CHARACTER_NS - 1);
    g_assert_false(com_irq(com));
    rig_step(com->rig, 1);
    g_assert_true(com_irq(com));
    com_expect(com, "a");
}

static void rx_comes_at_the_rate(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    rig_step(com->rig, NS_PER_SECOND);
    com_type(com, "0123456789abcdef0123456789abcdef");
    for (unsigned n = 0; n < 16; n++) {
        g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
        rig_step(com->rig, COM_CHARACTER_NS);
        g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
        com_in(com, UART_RBR);
    }
}

static void rx_stream_does_not_drift(Com *com)
{
    g_autofree char *text = g_strnfill(1000, 's');
    com_out(com, UART_LCR, COM_8N1);
    rig_step(com->rig, NS_PER_SECOND);
    com_type(com, text);
    for (unsigned n = 0; n < 1000; n++) {
        /* Every second time the guest is late, but the line does not become slower. */
        rig_step(com->rig, n % 2 ? COM_CHARACTER_NS - 100 : COM_CHARACTER_NS + 100);
        g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
        com_in(com, UART_RBR);
    }
}

static void rx_late_input_keeps_the_rate(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    rig_step(com->rig, NS_PER_SECOND);
    com_type(com, "a");
    rig_step(com->rig, COM_CHARACTER_NS + 100);
    com_expect(com, "a");
    com_type(com, "b");
    rig_step(com->rig, COM_CHARACTER_NS - 101);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, 0);
    rig_step(com->rig, 1);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_DR, ==, UART_LSR_DR);
}

static void rx_never_overruns(Com *com)
{
    g_autofree char *text = g_strnfill(40, 'o');
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, text);
    rig_step(com->rig, 100 * COM_CHARACTER_NS);
    g_assert_cmphex(com_in(com, UART_LSR) & UART_LSR_OE, ==, 0);
    for (unsigned n = 0; n < 40; n++) {
        com_expect(com, "o");
        rig_step(com->rig, COM_CHARACTER_NS);
    }
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_OE | UART_LSR_DR), ==, 0);
}

static void rx_break_follows_its_character(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_type(com, "a");
    rig_char_break(com->line);
    rig_step(com->rig, COM_CHARACTER_NS);
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_DR | UART_LSR_BI), ==, UART_LSR_DR);
    com_expect(com, "a");
    g_assert_cmphex(com_in(com, UART_LSR) & (UART_LSR_DR | UART_LSR_BI), ==,
                    UART_LSR_DR | UART_LSR_BI);
}

static void paced_state_survives_loading(Com *com)
{
    open_fifo(com, UART_FCR_TRIGGER_1, 0);
    com_out(com, UART_THR, 'a');
    com_out(com, UART_THR, 'b');
    com_type(com, "r");
    rig_step(com->rig, COM_CHARACTER_NS / 2);
    g_autoptr(GBytes) saved = device_save(com->dev);
    device_reset(com->dev);
    g_assert_true(rig_load(com->dev, saved));
    rig_step(com->rig, COM_CHARACTER_NS / 2);
    com_expect_output(com, "a");
    com_expect(com, "r");
    rig_step(com->rig, COM_CHARACTER_NS);
    com_expect_output(com, "b");
}

static void stalled_state_survives_loading(Com *com)
{
    com_out(com, UART_LCR, COM_8N1);
    rig_char_set_room(com->line, 0);
    com_out(com, UART_THR, 'a');
    rig_step(com->rig, 2 * COM_CHARACTER_NS);
    g_autoptr(GBytes) saved = device_save(com->dev);
    device_reset(com->dev);
    rig_char_set_room(com->line, G_MAXSIZE);
    com_expect_output(com, "");
    g_assert_true(rig_load(com->dev, saved));
    com_expect_output(com, "a");
    g_assert_cmphex(com_in(com, UART_LSR), ==, TX_EMPTY);
}

#define BAUD "pace=baud"

static const ComTest TESTS[] = {
    {"timeout_after_four_characters", timeout_after_four, NULL},
    {"timeout_restarts_with_a_character", timeout_restarts_on_character, NULL},
    {"timeout_restarts_with_a_read", timeout_restarts_on_read, NULL},
    {"timeout_is_cleared_by_reading_rbr_alone", timeout_cleared_by_read, NULL},
    {"timeout_that_occurred_outlives_a_character", timeout_outlives_a_character, NULL},
    {"one_character_per_interrupt_gets_a_message", one_per_interrupt_is_told, NULL},
    {"a_guest_that_accesses_the_port_again_gets_no_message", one_that_looks_is_not_told, NULL},
    {"a_guest_with_interrupts_off_gets_no_message", one_with_interrupts_off_is_not_told, NULL},
    {"no_timeout_of_an_empty_fifo", timeout_not_when_empty, NULL},
    {"no_timeout_without_fifo", timeout_needs_fifo, NULL},
    {"no_timeout_in_polled_mode", timeout_needs_enable, NULL},
    {"trigger_reached_shows_before_timeout", trigger_before_timeout, NULL},
    {"timeout_has_the_priority_of_received_data", timeout_priority, NULL},
    {"timeout_counts_start_data_parity_and_stop_bits", timeout_follows_the_format, NULL},
    {"timeout_follows_a_new_divisor", timeout_follows_a_new_divisor, NULL},
    {"timeout_outlives_the_first_write_of_lcr", timeout_outlives_the_first_format, NULL},
    {"divisor_zero_is_65536", longest_timeout_is_sane, NULL},
    {"timeout_survives_loading", timeout_survives_loading, NULL},
    {"transmission_takes_a_character_time", tx_takes_a_character_time, BAUD},
    {"thr_waits_for_the_shift_register", thr_waits_for_shift_register, BAUD},
    {"thre_interrupt_when_thr_moves_on", thre_interrupt_when_thr_moves, BAUD},
    {"fifo_goes_out_at_the_rate", fifo_goes_out_at_the_rate, BAUD},
    {"transmission_does_not_drift", tx_does_not_drift, BAUD},
    {"full_line_holds_the_shift_register", full_line_holds_shift_register, BAUD},
    {"clear_transmitter_keeps_the_shift_register", clear_keeps_shift_register, BAUD},
    {"loopback_takes_a_character_time", loopback_takes_a_character_time, BAUD},
    {"line_comes_before_loopback_at_one_instant", line_comes_before_loopback, BAUD},
    {"character_time_follows_rate_and_format", rates_and_formats, BAUD},
    {"reception_takes_a_character_time", rx_takes_a_character_time, BAUD},
    {"reception_comes_at_the_rate", rx_comes_at_the_rate, BAUD},
    {"reception_does_not_drift", rx_stream_does_not_drift, BAUD},
    {"late_input_keeps_the_rate", rx_late_input_keeps_the_rate, BAUD},
    {"paced_reception_never_overruns", rx_never_overruns, BAUD},
    {"break_follows_the_character_in_the_shift_register", rx_break_follows_its_character, BAUD},
    {"shift_registers_survive_loading", paced_state_survives_loading, BAUD},
    {"shift_register_held_by_the_line_survives_loading", stalled_state_survives_loading, BAUD},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    com_add_tests("timing", TESTS, G_N_ELEMENTS(TESTS));
    return g_test_run();
}
