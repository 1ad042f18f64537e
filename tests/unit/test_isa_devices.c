/*
 * The small ISA devices: debug port, POST port, debug console, exit ports.
 */
#include "devices/display/crtc_regs.h"
#include "tests/unit/rig.h"

#include <stdio.h>
#include <string.h>

static void expect_output(Rig *rig, const char *id, const char *text)
{
    g_autofree char *output = rig_char_take(rig_char(rig, id));
    g_assert_cmpstr(output, ==, text);
}

/* ---- debug port ---- */

static void debug_port_prints_each_size(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", "chardev=out");
    rig_out(rig, 0x10, 0x2a, 1);
    rig_out(rig, 0x10, 0xbeef, 2);
    rig_out(rig, 0x10, 0xdeadbeef, 4);
    rig_out(rig, 0x10, 0, 2);
    expect_output(rig, "out",
                  "IO port: 10, data: 2a\n"
                  "IO port: 10, data: beef\n"
                  "IO port: 10, data: deadbeef\n"
                  "IO port: 10, data: 0\n");
}

static void debug_port_does_not_pad(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", "chardev=out");
    for (uint32_t value = 1; value; value <<= 1) {
        g_autofree char *line = g_strdup_printf("IO port: 10, data: %x\n", value);
        rig_out(rig, 0x10, value, 4);
        expect_output(rig, "out", line);
    }
}

static void debug_port_names_its_port(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", "chardev=out,iobase=0xab0");
    rig_out(rig, 0xab0, 1, 1);
    rig_out(rig, 0xab3, 2, 1);
    expect_output(rig, "out", "IO port: ab0, data: 1\nIO port: ab3, data: 2\n");
}

static void debug_port_reads_last(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "debug-port", "chardev=out");
    g_assert_cmphex(rig_in(rig, 0x10, 4), ==, 0);
    rig_out(rig, 0x10, 0x12345678, 4);
    g_assert_cmphex(rig_in(rig, 0x10, 4), ==, 0x12345678);
    g_assert_cmphex(rig_in(rig, 0x10, 2), ==, 0x5678);
    g_assert_cmphex(rig_in(rig, 0x10, 1), ==, 0x78);
    device_reset(dev);
    g_assert_cmphex(rig_in(rig, 0x10, 4), ==, 0);
}

static void debug_port_rep_outs(void)
{
    static const uint16_t VALUES[] = {0, 1, 0xffff};
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", "chardev=out");
    rig_out_block(rig, 0x10, VALUES, G_N_ELEMENTS(VALUES), 2);
    expect_output(rig, "out",
                  "IO port: 10, data: 0\nIO port: 10, data: 1\nIO port: 10, data: ffff\n");
    g_assert_cmphex(rig_in(rig, 0x10, 2), ==, 0xffff);
}

static void debug_port_is_posted(void)
{
    g_assert_true(rig_class("debug-port")->regions[0].posted);
    g_assert_true(rig_class("post-port")->regions[0].posted);
    g_assert_true(rig_class("isa-debugcon")->regions[0].posted);
    g_assert_false(rig_class("exit-port")->regions[0].posted);
    g_assert_false(rig_class("isa-debug-exit")->regions[0].posted);
}

static void debug_port_keeps_the_rest_of_a_line(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", "chardev=out");
    rig_char_set_room(rig_char(rig, "out"), 5);
    rig_out(rig, 0x10, 0x2a, 1);
    rig_out(rig, 0x10, 0x2b, 1);
    expect_output(rig, "out", "IO po");
    rig_char_set_room(rig_char(rig, "out"), G_MAXSIZE);
    expect_output(rig, "out", "rt: 10, data: 2a\nIO port: 10, data: 2b\n");
}

static void debug_port_counts_what_it_drops(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", "chardev=out");
    RigChar *line = rig_char(rig, "out");
    rig_char_set_room(line, 0);
    for (unsigned i = 0; i < 100; i++) {
        rig_out(rig, 0x10, 0x11, 1);
    }
    rig_char_set_room(line, G_MAXSIZE);
    rig_out(rig, 0x10, 0x22, 1);
    g_autofree char *output = rig_char_take(line);
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    unsigned kept = 0;
    while (!strcmp(lines[kept], "IO port: 10, data: 11")) {
        kept++;
    }
    g_autofree char *marker = g_strdup_printf("[%u lines dropped]", 100 - kept);
    g_assert_cmpuint(kept, >, 0);
    g_assert_cmpuint(kept, <, 100);
    g_assert_cmpstr(lines[kept], ==, marker);
    g_assert_cmpstr(lines[kept + 1], ==, "IO port: 10, data: 22");
    g_assert_cmpstr(lines[kept + 2], ==, "");
}

/* Whenever there is room, lines are complete and in order, and missing ones are marked. */
static void debug_port_accounts_for_every_line(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", "chardev=out");
    RigChar *line = rig_char(rig, "out");
    rig_char_set_room(line, 0);
    for (uint32_t n = 0; n < 3000; n++) {
        rig_out(rig, 0x10, n, 4);
        if (g_test_rand_bit()) {
            rig_char_set_room(line, (size_t)g_test_rand_int_range(0, 40));
        }
    }
    rig_char_set_room(line, G_MAXSIZE);
    g_autofree char *output = rig_char_take(line);
    uint32_t next = 0;
    bool dropped_some = false;
    for (char *text = strtok(output, "\n"); text; text = strtok(NULL, "\n")) {
        unsigned value;
        if (sscanf(text, "[%u lines dropped]", &value) == 1) {
            next += value;
            dropped_some = true;
        } else {
            g_autofree char *expected = g_strdup_printf("IO port: 10, data: %x", next++);
            g_assert_cmpstr(text, ==, expected);
        }
    }
    g_assert_cmpuint(next, ==, 3000);
    g_assert_true(dropped_some);
}

static void debug_port_waiting_output_is_saved(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "debug-port", "chardev=out");
    rig_char_set_room(rig_char(rig, "out"), 0);
    rig_out(rig, 0x10, 7, 1);
    g_autoptr(GBytes) saved = device_save(dev);
    device_reset(dev);
    rig_char_set_room(rig_char(rig, "out"), G_MAXSIZE);
    expect_output(rig, "out", "");
    g_assert_true(rig_load(dev, saved));
    expect_output(rig, "out", "IO port: 10, data: 7\n");
    g_assert_cmphex(rig_in(rig, 0x10, 1), ==, 7);
    g_autoptr(GBytes) bad = rig_patch(saved, "spill.count", 0, 257);
    g_assert_false(rig_load(dev, bad));
}

static void debug_port_without_a_line(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "debug-port", NULL);
    rig_out(rig, 0x10, 9, 1);
    g_assert_cmphex(rig_in(rig, 0x10, 1), ==, 9);
}

/* ---- POST port ---- */

static uint8_t crtc_get(Rig *rig, uint8_t index)
{
    rig_outb(rig, 0x3d4, index);
    return rig_inb(rig, 0x3d5);
}

/* xv6 reads the cursor's position back, and fails if it is off the screen. */
static void crtc_registers_can_be_read_back(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "crtc", NULL);
    for (uint8_t i = 0; i < CRTC_REGISTERS; i++) {
        g_assert_cmphex(crtc_get(rig, i), ==, 0);
    }
    for (uint8_t i = 0; i < CRTC_REGISTERS; i++) {
        rig_out(rig, 0x3d4, (uint32_t)(0x20 + i) << 8 | i, 2);
    }
    g_autoptr(GBytes) saved = device_save(dev);
    device_reset(dev);
    g_assert_cmphex(crtc_get(rig, CRTC_CURSOR_LOW), ==, 0);
    g_assert_true(rig_load(dev, saved));
    g_assert_cmphex(rig_inb(rig, 0x3d4), ==, CRTC_REGISTERS - 1);
    for (uint8_t i = 0; i < CRTC_REGISTERS; i++) {
        g_assert_cmphex(crtc_get(rig, i), ==, 0x20 + i);
    }
    g_autofree char *text = device_describe(dev);
    g_assert_cmpstr(text, ==, "start 0x2c2d, cursor at 0x2e2f");
    g_autoptr(GBytes) bad = rig_patch(saved, "index", 0, 0x40);
    g_assert_false(rig_load(dev, bad));
}

static void crtc_has_no_register_behind_the_last(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "crtc", NULL);
    rig_out(rig, 0x3d4, 0xff00 | CRTC_REGISTERS, 2);
    g_assert_cmphex(rig_inb(rig, 0x3d5), ==, 0);
    g_assert_cmphex(crtc_get(rig, 0x3f), ==, 0);
    rig_outb(rig, 0x3d4, 0xff);
    g_assert_cmphex(rig_inb(rig, 0x3d4), ==, 0x3f);
}

/* "Protect Registers 0-7"; the line compare bit can still be written. */
static void crtc_protects_its_timing(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "crtc", NULL);
    rig_out(rig, 0x3d4, 0x8000 | CRTC_VSYNC_END, 2);
    for (uint8_t i = 0; i <= 8; i++) {
        rig_out(rig, 0x3d4, 0xff00u | i, 2);
        g_assert_cmphex(rig_inb(rig, 0x3d5), ==, i == 8 ? 0xff : i == 7 ? 0x10 : 0);
    }
    rig_out(rig, 0x3d4, 0x0000 | CRTC_VSYNC_END, 2);
    rig_out(rig, 0x3d4, 0x5f00, 2);
    g_assert_cmphex(rig_inb(rig, 0x3d5), ==, 0x5f);
}

static void post_port_keeps_last(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "post-port", NULL);
    static const uint8_t CODES[] = {1, 2, 0xc3};
    rig_outb(rig, 0x80, 0x55);
    g_assert_cmphex(rig_inb(rig, 0x80), ==, 0x55);
    rig_out_block(rig, 0x80, CODES, sizeof(CODES), 1);
    g_assert_cmphex(rig_inb(rig, 0x80), ==, 0xc3);
    g_autofree char *text = device_describe(dev);
    g_assert_cmpstr(text, ==, "POST code 0xc3");
    g_autoptr(GBytes) saved = device_save(dev);
    device_reset(dev);
    g_assert_cmphex(rig_inb(rig, 0x80), ==, 0);
    g_assert_true(rig_load(dev, saved));
    g_assert_cmphex(rig_inb(rig, 0x80), ==, 0xc3);
}

/* ---- debug console ---- */

static void debugcon_outputs(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "isa-debugcon", "chardev=out");
    for (const char *c = "hi\n"; *c; c++) {
        rig_outb(rig, 0xe9, (uint8_t)*c);
    }
    rig_out_block(rig, 0xe9, "string", 6, 1);
    expect_output(rig, "out", "hi\nstring");
}

static void debugcon_reads_back(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "isa-debugcon", NULL);
    rig_device(rig, "isa-debugcon", "iobase=0x402,readback=0x37");
    g_assert_cmphex(rig_inb(rig, 0xe9), ==, 0xe9);
    g_assert_cmphex(rig_inb(rig, 0x402), ==, 0x37);
    rig_outb(rig, 0xe9, 'x');
    g_assert_cmphex(rig_inb(rig, 0xe9), ==, 0xe9);
}

static void debugcon_loses_nothing_small(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "isa-debugcon", "chardev=out");
    rig_char_set_room(rig_char(rig, "out"), 3);
    rig_out_block(rig, 0xe9, "0123456789", 10, 1);
    rig_outb(rig, 0xe9, 'a');
    expect_output(rig, "out", "012");
    rig_char_set_room(rig_char(rig, "out"), G_MAXSIZE);
    expect_output(rig, "out", "3456789a");
}

static void debugcon_counts_what_it_drops(void)
{
    g_autoptr(Rig) rig = rig_new();
    g_autofree char *text = g_strnfill(1000, 'd');
    rig_device(rig, "isa-debugcon", "chardev=out");
    rig_char_set_room(rig_char(rig, "out"), 0);
    rig_out_block(rig, 0xe9, text, 1000, 1);
    rig_char_set_room(rig_char(rig, "out"), G_MAXSIZE);
    g_autofree char *output = rig_char_take(rig_char(rig, "out"));
    size_t kept = strspn(output, "d");
    g_autofree char *marker = g_strdup_printf("[%zu bytes dropped]\n", 1000 - kept);
    g_assert_cmpstr(output + kept, ==, marker);
}

/* The digits count up, and gaps occur only where a mark says how many are missing. */
static void debugcon_accounts_for_every_byte(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "isa-debugcon", "chardev=out");
    RigChar *line = rig_char(rig, "out");
    rig_char_set_room(line, 0);
    for (unsigned n = 0; n < 20000; n++) {
        rig_outb(rig, 0xe9, (uint8_t)('0' + n % 10));
        if (g_test_rand_int_range(0, 20) == 0) {
            rig_char_set_room(line, (size_t)g_test_rand_int_range(0, 30));
        }
    }
    rig_char_set_room(line, G_MAXSIZE);
    g_autofree char *output = rig_char_take(line);
    unsigned next = 0;
    for (char *at = output; *at;) {
        unsigned dropped;
        int length = 1;
        if (sscanf(at, "[%u bytes dropped]\n%n", &dropped, &length) == 1) {
            next += dropped;
        } else {
            g_assert_cmpint(*at, ==, '0' + next++ % 10);
        }
        at += length;
    }
    g_assert_cmpuint(next, ==, 20000);
}

static void debugcon_waiting_output_is_saved(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device(rig, "isa-debugcon", "chardev=out");
    rig_char_set_room(rig_char(rig, "out"), 0);
    rig_outb(rig, 0xe9, 's');
    g_autoptr(GBytes) saved = device_save(dev);
    device_reset(dev);
    rig_char_set_room(rig_char(rig, "out"), G_MAXSIZE);
    g_assert_true(rig_load(dev, saved));
    expect_output(rig, "out", "s");
    g_autoptr(GBytes) bad = rig_patch(saved, "spill.count", 0, 65535);
    g_assert_false(rig_load(dev, bad));
}

/* ---- exits ---- */

static void debug_exit_statuses(void)
{
    static const struct {
        uint32_t value;
        unsigned size;
        int status;
    } CASES[] = {{0, 1, 1}, {1, 1, 3}, {0x10, 1, 0x21}, {0x7f, 1, 0xff}, {0x80, 1, 1}, {5, 2, 11}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(Rig) rig = rig_new();
        rig_device(rig, "isa-debug-exit", NULL);
        rig_out(rig, 0x501, CASES[i].value, CASES[i].size);
        g_assert_cmpint(rig_exit_status(rig), ==, CASES[i].status);
    }
}

static void debug_exit_where_users_put_it(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "isa-debug-exit", "iobase=0xf4,iosize=0x04");
    g_assert_cmphex(rig_in(rig, 0xf4, 4), ==, 0);
    g_assert_cmphex(rig_in(rig, 0xf8, 1), ==, 0xff);
    rig_out(rig, 0xf4, 0x10, 4);
    g_assert_cmpint(rig_exit_status(rig), ==, 0x21);
    g_assert_cmpuint(rig_requests(rig, DEVICE_EXIT), ==, 1);
}

static void debug_exit_has_no_empty_range(void)
{
    g_autoptr(Rig) rig = rig_new();
    Device *dev = rig_device_new(rig, "isa-debug-exit");
    g_assert_false(rig_realize(rig, dev, "iosize=0"));
    g_assert_nonnull(strstr(rig_error(rig), "is empty"));
}

static void exit_port_statuses(void)
{
    for (unsigned size = 1; size <= 4; size *= 2) {
        for (int status = 0; status < 256; status += 5) {
            g_autoptr(Rig) rig = rig_new();
            rig_device(rig, "exit-port", NULL);
            rig_out(rig, 0xf4, (uint32_t)status, size);
            g_assert_cmpint(rig_exit_status(rig), ==, status);
        }
    }
}

static void exit_port_refuses_large(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "exit-port", NULL);
    rig_out(rig, 0xf4, 256, 2);
    rig_out(rig, 0xf4, 0xffffff00, 4);
    g_assert_cmpuint(rig_requests(rig, DEVICE_EXIT), ==, 0);
    g_assert_cmpuint(rig_guest_error_count(rig), ==, 1);
    rig_out(rig, 0xf4, 255, 2);
    g_assert_cmpint(rig_exit_status(rig), ==, 255);
}

static void exit_port_floats(void)
{
    g_autoptr(Rig) rig = rig_new();
    rig_device(rig, "exit-port", NULL);
    g_assert_cmphex(rig_in(rig, 0xf4, 4), ==, 0xffffffff);
    g_assert_cmpuint(rig_requests(rig, DEVICE_EXIT), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/debug_port/prints_8_16_and_32_bits", debug_port_prints_each_size);
    g_test_add_func("/debug_port/hex_has_no_padding", debug_port_does_not_pad);
    g_test_add_func("/debug_port/line_names_the_port", debug_port_names_its_port);
    g_test_add_func("/debug_port/reads_give_the_last_value", debug_port_reads_last);
    g_test_add_func("/debug_port/rep_outs_prints_each_item", debug_port_rep_outs);
    g_test_add_func("/debug_port/works_without_a_line", debug_port_without_a_line);
    g_test_add_func("/debug_port/full_line_splits_no_line", debug_port_keeps_the_rest_of_a_line);
    g_test_add_func("/debug_port/dropped_lines_are_counted", debug_port_counts_what_it_drops);
    g_test_add_func("/debug_port/every_line_is_accounted_for", debug_port_accounts_for_every_line);
    g_test_add_func("/debug_port/waiting_output_is_saved", debug_port_waiting_output_is_saved);
    g_test_add_func("/isa/write_only_ports_are_posted", debug_port_is_posted);
    g_test_add_func("/crtc/registers_can_be_read_back", crtc_registers_can_be_read_back);
    g_test_add_func("/crtc/has_no_register_behind_the_last", crtc_has_no_register_behind_the_last);
    g_test_add_func("/crtc/protects_its_timing", crtc_protects_its_timing);
    g_test_add_func("/post_port/keeps_the_last_code", post_port_keeps_last);
    g_test_add_func("/debugcon/outputs_each_byte", debugcon_outputs);
    g_test_add_func("/debugcon/reads_its_constant", debugcon_reads_back);
    g_test_add_func("/debugcon/full_line_loses_nothing", debugcon_loses_nothing_small);
    g_test_add_func("/debugcon/dropped_bytes_are_counted", debugcon_counts_what_it_drops);
    g_test_add_func("/debugcon/every_byte_is_accounted_for", debugcon_accounts_for_every_byte);
    g_test_add_func("/debugcon/waiting_output_is_saved", debugcon_waiting_output_is_saved);
    g_test_add_func("/debug_exit/status_is_twice_the_value_plus_one", debug_exit_statuses);
    g_test_add_func("/debug_exit/four_ports_at_0xf4", debug_exit_where_users_put_it);
    g_test_add_func("/debug_exit/refuses_an_empty_range", debug_exit_has_no_empty_range);
    g_test_add_func("/exit_port/status_is_the_value", exit_port_statuses);
    g_test_add_func("/exit_port/refuses_more_than_255", exit_port_refuses_large);
    g_test_add_func("/exit_port/reads_float", exit_port_floats);
    return g_test_run();
}
