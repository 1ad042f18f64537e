/* Corners of the 16550A in which a mutant had once survived. */
#include "devices/serial/uart16550_regs.h"
#include "tests/unit/rig.h"

#include <string.h>

#define COM 0x3f8

typedef struct Com {
    Rig *rig;
    Device *dev;
    RigChar *line;
} Com;

static void setup(Com *c, gconstpointer data)
{
    c->rig = rig_new();
    c->dev = rig_device(c->rig, "isa-serial", data);
    c->line = rig_char(c->rig, "line");
}

static void teardown(Com *c, gconstpointer data)
{
    (void)data;
    rig_free(c->rig);
}

static void put(Com *c, unsigned reg, uint8_t value)
{
    rig_outb(c->rig, (uint16_t)(COM + reg), value);
}

static void string_out(Com *c, unsigned reg, const char *text)
{
    rig_out_block(c->rig, (uint16_t)(COM + reg), text, strlen(text), 1);
}

static void assert_sent(Com *c, const char *text)
{
    g_autofree char *sent = rig_char_take(c->line);
    g_assert_cmpstr(sent, ==, text);
}

/* ---- strings ---- */

static void string_to_another_register_is_not_sent(Com *c, gconstpointer data)
{
    (void)data;
    put(c, UART_LCR, 3);
    string_out(c, UART_SCR, "abc");
    assert_sent(c, "");
    g_assert_cmphex(rig_inb(c->rig, COM + UART_SCR), ==, 'c');
    string_out(c, UART_THR, "abc");
    assert_sent(c, "abc");
}

static void string_does_not_overtake_what_waits(Com *c, gconstpointer data)
{
    (void)data;
    put(c, UART_LCR, 3);
    put(c, UART_FCR, UART_FCR_ENABLE);
    c->line->tx_room = 0;
    put(c, UART_THR, 'a');
    assert_sent(c, "");
    c->line->tx_room = G_MAXSIZE;
    string_out(c, UART_THR, "bc");
    assert_sent(c, "abc");
}

static void string_under_a_break_is_covered_by_it(Com *c, gconstpointer data)
{
    (void)data;
    put(c, UART_LCR, 3 | UART_LCR_BREAK);
    string_out(c, UART_THR, "abc");
    put(c, UART_LCR, 3);
    assert_sent(c, "");
}

static void string_is_paced_as_its_characters_are(Com *c, gconstpointer data)
{
    (void)data;
    put(c, UART_LCR, 3);
    put(c, UART_FCR, UART_FCR_ENABLE);
    string_out(c, UART_THR, "abc");
    assert_sent(c, "");
    rig_step(c->rig, 1042000); /* ten bits at 9600 bit/s */
    assert_sent(c, "a");
    rig_step(c->rig, 2084000);
    assert_sent(c, "bc");
}

/* ---- the rest ---- */

static void reset_drops_the_modem_outputs(Com *c, gconstpointer data)
{
    (void)data;
    put(c, UART_MCR, UART_MCR_DTR | UART_MCR_RTS);
    g_assert_cmphex(c->line->lines_out, ==, CHAR_LINE_DTR | CHAR_LINE_RTS);
    put(c, UART_LCR, UART_LCR_BREAK);
    g_assert_true(c->line->break_out);
    device_reset(c->dev);
    g_assert_cmphex(c->line->lines_out, ==, 0);
    g_assert_false(c->line->break_out);
}

static bool is_busy(Com *c)
{
    return device_class(c->dev)->busy(device_state(c->dev));
}

static void paced_port_is_busy_until_its_last_character_is_out(Com *c, gconstpointer data)
{
    (void)data;
    put(c, UART_LCR, 3);
    g_assert_false(is_busy(c));
    put(c, UART_THR, 'a');
    g_assert_true(is_busy(c));
    put(c, UART_THR, 'b');
    rig_step(c->rig, 1042000);
    g_assert_true(is_busy(c));
    rig_step(c->rig, 1042000);
    g_assert_false(is_busy(c));
}

static void full_line_makes_no_port_busy(Com *c, gconstpointer data)
{
    (void)data;
    put(c, UART_LCR, 3);
    c->line->tx_room = 0;
    put(c, UART_THR, 'a');
    g_assert_false(is_busy(c));
}

/*
 * At the end of the run, characters that are still held are sent once and in order,
 * and the port is idle then.
 */
static void end_of_the_run_hands_over_what_is_held(Com *c, gconstpointer data)
{
    (void)data;
    const CharClient *client = device_class(c->dev)->char_client;
    uint8_t rest[CHAR_UNSENT_MAX];
    put(c, UART_LCR, 3);
    put(c, UART_FCR, UART_FCR_ENABLE);
    g_assert_cmpuint(client->unsent(device_state(c->dev), 0, rest), ==, 0);
    string_out(c, UART_THR, "0123456789abcdefg");
    g_assert_cmpuint(client->unsent(device_state(c->dev), 0, rest), ==, 17);
    g_assert_cmpmem(rest, 17, "0123456789abcdefg", 17);
    g_assert_false(is_busy(c));
    g_assert_cmpuint(client->unsent(device_state(c->dev), 0, rest), ==, 0);
    rig_step(c->rig, NS_PER_SECOND);
    assert_sent(c, "");
}

static void end_of_the_run_sends_nothing_of_a_loop(Com *c, gconstpointer data)
{
    (void)data;
    uint8_t rest[CHAR_UNSENT_MAX];
    put(c, UART_LCR, 3);
    put(c, UART_MCR, UART_MCR_LOOP);
    put(c, UART_THR, 'a');
    g_assert_cmpuint(device_class(c->dev)->char_client->unsent(device_state(c->dev), 0, rest), ==,
                     0);
}

#define CORNER(name, properties)                                                                   \
    g_test_add("/uart16550/corners/" #name, Com, properties, setup, name, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CORNER(string_to_another_register_is_not_sent, "chardev=line");
    CORNER(string_does_not_overtake_what_waits, "chardev=line");
    CORNER(string_under_a_break_is_covered_by_it, "chardev=line");
    CORNER(string_is_paced_as_its_characters_are, "chardev=line,pace=baud");
    CORNER(reset_drops_the_modem_outputs, "chardev=line");
    CORNER(paced_port_is_busy_until_its_last_character_is_out, "chardev=line,pace=baud");
    CORNER(end_of_the_run_hands_over_what_is_held, "chardev=line,pace=baud");
    CORNER(end_of_the_run_sends_nothing_of_a_loop, "chardev=line,pace=baud");
    CORNER(full_line_makes_no_port_busy, "chardev=line");
    return g_test_run();
}
