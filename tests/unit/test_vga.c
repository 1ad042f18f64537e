/* The registers and the text of the VGA. */
#include "tests/unit/vga_rig.h"

#include <string.h>

#define BLUE  0x0000aau
#define WHITE 0xffffffu

/* ---- registers ---- */

static void registers_read_back_with_their_bits_only(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_seq(f, VGA_SEQ_MAP_MASK, 0xff);
    g_assert_cmphex(vga_get(f, VGA_SEQUENCER_INDEX, VGA_SEQ_MAP_MASK), ==, 0x0f);
    vga_gc(f, VGA_GC_BIT_MASK, 0xa5);
    g_assert_cmphex(vga_get(f, VGA_GRAPHICS_INDEX, VGA_GC_BIT_MASK), ==, 0xa5);
    vga_gc(f, VGA_GC_ROTATE, 0xff);
    g_assert_cmphex(vga_get(f, VGA_GRAPHICS_INDEX, VGA_GC_ROTATE), ==, 0x1f);
    vga_crtc(f, CRTC_OFFSET, 0x5a);
    g_assert_cmphex(vga_get(f, VGA_COLOR_CRTC_INDEX, CRTC_OFFSET), ==, 0x5a);
}

static void the_crtc_moves_with_the_colour_bit(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_OFFSET, 0x5a);
    vga_out(f, VGA_MISC_WRITE, 0x66);
    g_assert_cmphex(vga_get(f, VGA_MONO_CRTC_INDEX, CRTC_OFFSET), ==, 0x5a);
    g_assert_cmphex(vga_in(f, VGA_COLOR_CRTC_DATA), ==, 0xff);
    g_assert_cmphex(vga_in(f, VGA_MISC_READ), ==, 0x66);
}

static void the_first_eight_registers_can_be_protected(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_VSYNC_END, 0x80);
    vga_crtc(f, CRTC_HTOTAL, 0x11);
    vga_crtc(f, CRTC_OVERFLOW, 0x00);
    g_assert_cmphex(vga_get(f, VGA_COLOR_CRTC_INDEX, CRTC_HTOTAL), ==, 0x5f);
    g_assert_cmphex(vga_get(f, VGA_COLOR_CRTC_INDEX, CRTC_OVERFLOW), ==, 0x0f);
    vga_crtc(f, CRTC_VSYNC_END, 0x00);
    vga_crtc(f, CRTC_HTOTAL, 0x11);
    g_assert_cmphex(vga_get(f, VGA_COLOR_CRTC_INDEX, CRTC_HTOTAL), ==, 0x11);
}

static void the_attribute_port_takes_index_and_data_in_turn(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_attribute(f, 0x01, 0x2a);
    vga_in(f, VGA_COLOR_STATUS1);
    vga_out(f, VGA_ATTRIBUTE, VGA_AC_INDEX_VIDEO | 0x01);
    g_assert_cmphex(vga_in(f, VGA_ATTRIBUTE_READ), ==, 0x2a);
    /* The palette is protected while it shows. */
    vga_out(f, VGA_ATTRIBUTE, 0x15);
    g_assert_cmphex(vga_in(f, VGA_ATTRIBUTE_READ), ==, 0x2a);
    g_assert_cmphex(vga_in(f, VGA_ATTRIBUTE), ==, VGA_AC_INDEX_VIDEO | 0x01);
}

static void the_dac_takes_three_components(VgaRig *f, gconstpointer data)
{
    static const uint8_t BYTES[] = {0x3f, 0x01, 0xff, 0x10, 0x20, 0x30};
    (void)data;
    vga_out(f, VGA_DAC_WRITE_INDEX, 0x20);
    for (size_t i = 0; i < sizeof(BYTES); i++) {
        vga_out(f, VGA_DAC_DATA, BYTES[i]);
    }
    g_assert_cmphex(vga_in(f, VGA_DAC_READ_INDEX), ==, VGA_DAC_STATE_WRITE);
    vga_out(f, VGA_DAC_READ_INDEX, 0x20);
    g_assert_cmphex(vga_in(f, VGA_DAC_READ_INDEX), ==, VGA_DAC_STATE_READ);
    for (size_t i = 0; i < sizeof(BYTES); i++) {
        g_assert_cmphex(vga_in(f, VGA_DAC_DATA), ==, BYTES[i] & 0x3f);
    }
}

static void a_colour_changes_with_its_last_component(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_out(f, VGA_DAC_WRITE_INDEX, 0);
    vga_out(f, VGA_DAC_DATA, 0x3f);
    vga_out(f, VGA_DAC_DATA, 0x3f);
    g_assert_cmphex(vga_look(f)->shape.palette[0], ==, 0);
    vga_out(f, VGA_DAC_DATA, 0x3f);
    g_assert_cmphex(vga_look(f)->shape.palette[0], ==, WHITE);
}

/* 720 x 400 at 70 Hz: 449 lines of 31.8 us, of which 400 show; the retrace begins at 412. */
static void the_beam_moves_with_machine_time(VgaRig *f, gconstpointer data)
{
    const uint64_t line = 31778, frame = 449 * line;
    (void)data;
    g_assert_cmphex(vga_in(f, VGA_COLOR_STATUS1), ==, 0);
    rig_step(f->rig, line - line / 10);
    g_assert_cmphex(vga_in(f, VGA_COLOR_STATUS1), ==, VGA_STATUS1_BLANKED);
    rig_step(f->rig, 405 * line - rig_now(f->rig));
    g_assert_cmphex(vga_in(f, VGA_COLOR_STATUS1), ==, VGA_STATUS1_BLANKED);
    rig_step(f->rig, 412 * line + line / 2 - rig_now(f->rig));
    g_assert_cmphex(vga_in(f, VGA_COLOR_STATUS1), ==, VGA_STATUS1_BLANKED | VGA_STATUS1_VRETRACE);
    rig_step(f->rig, 415 * line - rig_now(f->rig));
    g_assert_cmphex(vga_in(f, VGA_COLOR_STATUS1), ==, VGA_STATUS1_BLANKED);
    rig_step(f->rig, frame + line / 2 - rig_now(f->rig));
    g_assert_cmphex(vga_in(f, VGA_COLOR_STATUS1), ==, 0);
}

/* ---- text ---- */

static void put(VgaRig *f, unsigned cell, uint8_t character, uint8_t attribute)
{
    vga_poke(f, TEXT + 2 * cell, character);
    vga_poke(f, TEXT + 2 * cell + 1, attribute);
}

static void text_is_seen_without_a_call_of_the_device(VgaRig *f, gconstpointer data)
{
    (void)data;
    g_assert_true(vga_is_seen(f, TEXT));
    g_assert_true(vga_is_seen(f, TEXT + 0x7fff));
    g_assert_false(vga_is_seen(f, TEXT - 1));
    put(f, 81, 'x', 0x1e);
    const SurfacePicture *picture = vga_look(f);
    g_assert_cmpuint(picture->shape.kind, ==, SURFACE_TEXT);
    g_assert_cmpuint(picture->shape.columns, ==, 80);
    g_assert_cmpuint(picture->shape.rows, ==, 25);
    g_assert_cmpuint(picture->shape.width, ==, 720);
    g_assert_cmpuint(picture->shape.height, ==, 400);
    g_assert_cmphex(picture->cells[81].character, ==, 'x');
    g_assert_cmphex(picture->cells[81].attribute, ==, 0x1e);
    g_assert_cmphex(picture->cells[82].character, ==, ' ');
}

static void the_window_moves_with_the_memory_map(VgaRig *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 'x', 0x07);
    vga_gc(f, VGA_GC_MISC, 0x0a);
    g_assert_cmphex(vga_peek(f, 0xb0000), ==, 'x');
    g_assert_cmphex(vga_peek(f, TEXT), ==, 0xff);
}

static void the_planes_have_the_text_of_the_window(VgaRig *f, gconstpointer data)
{
    (void)data;
    put(f, 1, 'x', 0x1e);
    vga_seq(f, VGA_SEQ_MEMORY, 0x06);
    vga_gc(f, VGA_GC_MODE, 0x00);
    vga_gc(f, VGA_GC_MISC, 0x04);
    g_assert_false(vga_is_seen(f, TEXT));
    g_assert_cmphex(vga_peek(f, GRAPHICS + 2), ==, 'x');
    vga_gc(f, VGA_GC_READ_MAP, 1);
    g_assert_cmphex(vga_peek(f, GRAPHICS + 2), ==, 0x1e);
    vga_seq(f, VGA_SEQ_MAP_MASK, 1);
    vga_poke(f, GRAPHICS + 2, 'y');
    vga_seq(f, VGA_SEQ_MAP_MASK, 3);
    vga_seq(f, VGA_SEQ_MEMORY, 0x02);
    vga_gc(f, VGA_GC_MODE, 0x10);
    vga_gc(f, VGA_GC_READ_MAP, 0);
    vga_gc(f, VGA_GC_MISC, 0x0e);
    g_assert_true(vga_is_seen(f, TEXT));
    g_assert_cmphex(vga_peek(f, TEXT + 2), ==, 'y');
    g_assert_cmphex(vga_peek(f, TEXT + 3), ==, 0x1e);
}

/* As a font loader does: plane 2 at sequential addresses, a character every 32 bytes. */
static void load_glyph(VgaRig *f, uint32_t font, uint8_t character, uint8_t line)
{
    vga_seq(f, VGA_SEQ_MAP_MASK, 4);
    vga_seq(f, VGA_SEQ_MEMORY, 0x07);
    vga_gc(f, VGA_GC_READ_MAP, 2);
    vga_gc(f, VGA_GC_MODE, 0);
    vga_gc(f, VGA_GC_MISC, 0);
    for (unsigned i = 0; i < 16; i++) {
        vga_poke(f, GRAPHICS + font + character * 32u + i, line);
    }
    vga_seq(f, VGA_SEQ_MAP_MASK, 3);
    vga_seq(f, VGA_SEQ_MEMORY, 0x03);
    vga_gc(f, VGA_GC_READ_MAP, 0);
    vga_gc(f, VGA_GC_MODE, 0x10);
    vga_gc(f, VGA_GC_MISC, 0x0e);
}

static void a_font_that_the_guest_loads_is_drawn(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_CURSOR_START, 0x20);
    put(f, 0, 'x', 0x1f);
    load_glyph(f, 0, 'x', 0x81);
    g_assert_cmphex(vga_pixel(f, 0, 5), ==, WHITE);
    g_assert_cmphex(vga_pixel(f, 1, 5), ==, BLUE);
    g_assert_cmphex(vga_pixel(f, 7, 5), ==, WHITE);
    g_assert_cmphex(vga_pixel(f, 8, 5), ==, BLUE);
}

static void the_ninth_column_continues_line_drawings(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_CURSOR_START, 0x20);
    put(f, 0, 0xc4, 0x1f);
    load_glyph(f, 0, 0xc4, 0x01);
    g_assert_cmphex(vga_pixel(f, 8, 5), ==, WHITE);
    vga_attribute(f, VGA_AC_MODE, 0x08);
    g_assert_cmphex(vga_pixel(f, 8, 5), ==, BLUE);
}

static void bit_3_selects_the_second_font(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_CURSOR_START, 0x20);
    load_glyph(f, 0x4000, 'x', 0xff);
    load_glyph(f, 0, 'x', 0x00);
    put(f, 0, 'x', 0x1f);
    g_assert_false(vga_look(f)->shape.two_fonts);
    g_assert_cmphex(vga_pixel(f, 0, 5), ==, BLUE);
    vga_seq(f, VGA_SEQ_FONT, 0x04);
    g_assert_true(vga_look(f)->shape.two_fonts);
    g_assert_cmphex(vga_pixel(f, 0, 5), ==, WHITE);
    put(f, 0, 'x', 0x17);
    g_assert_cmphex(vga_pixel(f, 0, 5), ==, BLUE);
}

static void the_cursor_is_where_the_crtc_says(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_CURSOR_HIGH, 0);
    vga_crtc(f, CRTC_CURSOR_LOW, 165);
    const SurfaceCursor *cursor = &vga_look(f)->shape.cursor;
    g_assert_true(cursor->shown);
    g_assert_cmpuint(cursor->row, ==, 2);
    g_assert_cmpuint(cursor->column, ==, 5);
    g_assert_cmpuint(cursor->first_line, ==, 13);
    g_assert_cmpuint(cursor->last_line, ==, 14);
    vga_crtc(f, CRTC_CURSOR_HIGH, 0x20);
    g_assert_false(vga_look(f)->shape.cursor.shown);
    vga_crtc(f, CRTC_CURSOR_HIGH, 0);
    vga_crtc(f, CRTC_CURSOR_START, 0x2d);
    g_assert_false(vga_look(f)->shape.cursor.shown);
}

static void the_cursor_blinks_with_machine_time(VgaRig *f, gconstpointer data)
{
    (void)data;
    put(f, 0, ' ', 0x1f);
    g_assert_cmphex(vga_pixel(f, 0, 14), ==, WHITE);
    g_assert_cmphex(vga_pixel(f, 0, 12), ==, BLUE);
    rig_step(f->rig, 16 * NS_PER_SECOND / 70);
    g_assert_cmphex(vga_pixel(f, 0, 14), ==, BLUE);
}

static void bit_7_blinks_or_is_a_bright_background(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_CURSOR_START, 0x20);
    put(f, 0, 0xdb, 0x9f);
    g_assert_true(vga_look(f)->shape.blinks);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, WHITE);
    rig_step(f->rig, 32 * NS_PER_SECOND / 70 + 1);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, BLUE);
    vga_attribute(f, VGA_AC_MODE, 0x04);
    g_assert_false(vga_look(f)->shape.blinks);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, WHITE);
    put(f, 0, ' ', 0x9f);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, 0x5555ff);
}

static void the_screen_starts_where_the_crtc_says(VgaRig *f, gconstpointer data)
{
    (void)data;
    put(f, 160, 'x', 0x07);
    vga_crtc(f, CRTC_START_LOW, 160);
    g_assert_cmphex(vga_look(f)->cells[0].character, ==, 'x');
}

static void the_part_below_the_split_starts_at_0(VgaRig *f, gconstpointer data)
{
    (void)data;
    put(f, 0, 'a', 0x07);
    put(f, 160, 'b', 0x07);
    vga_crtc(f, CRTC_START_LOW, 160);
    vga_crtc(f, CRTC_OVERFLOW, 0x0f);
    vga_crtc(f, CRTC_MAX_SCAN_LINE, 0x0f);
    vga_crtc(f, CRTC_LINE_COMPARE, 10 * 16 - 1);
    g_assert_cmphex(vga_look(f)->cells[0].character, ==, 'b');
    g_assert_cmphex(vga_look(f)->cells[800].character, ==, 'a');
}

static void the_line_is_shifted_by_the_pan(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_CURSOR_START, 0x20);
    put(f, 0, ' ', 0x1f);
    put(f, 1, 0xdb, 0x1f);
    g_assert_cmphex(vga_pixel(f, 8, 0), ==, BLUE);
    vga_attribute(f, VGA_AC_PAN, 0x00);
    g_assert_cmphex(vga_pixel(f, 7, 0), ==, BLUE);
    g_assert_cmphex(vga_pixel(f, 8, 0), ==, WHITE);
}

static void rows_of_eight_lines_make_fifty_rows(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_MAX_SCAN_LINE, 0x47);
    g_assert_cmpuint(vga_look(f)->shape.rows, ==, 50);
    vga_crtc(f, CRTC_VSYNC_END, 0);
    vga_crtc(f, CRTC_HDISPLAY_END, 131);
    g_assert_cmpuint(vga_look(f)->shape.columns, ==, 132);
}

static void a_screen_that_is_off_is_blank(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_seq(f, VGA_SEQ_CLOCKING, VGA_SEQ_CLOCKING_OFF);
    g_assert_cmpuint(vga_look(f)->shape.kind, ==, SURFACE_BLANK);
    vga_seq(f, VGA_SEQ_CLOCKING, 0);
    vga_in(f, VGA_COLOR_STATUS1);
    vga_out(f, VGA_ATTRIBUTE, 0);
    g_assert_cmpuint(vga_look(f)->shape.kind, ==, SURFACE_BLANK);
}

static void a_saved_card_shows_the_same_form(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_crtc(f, CRTC_MAX_SCAN_LINE, 0x47);
    vga_gc(f, VGA_GC_MISC, 0x0a);
    g_autoptr(GBytes) saved = device_save(f->dev);
    device_reset(f->dev);
    g_assert_true(rig_load(f->dev, saved));
    g_assert_cmpuint(vga_look(f)->shape.rows, ==, 50);
    g_assert_true(vga_is_seen(f, 0xb0000));
    g_autoptr(GBytes) wrong = rig_patch(saved, "dac_step", 0, 3);
    g_assert_false(rig_load(f->dev, wrong));
}

#define ADD(name) g_test_add("/vga/" #name, VgaRig, NULL, vga_set_up, name, vga_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(registers_read_back_with_their_bits_only);
    ADD(the_crtc_moves_with_the_colour_bit);
    ADD(the_first_eight_registers_can_be_protected);
    ADD(the_attribute_port_takes_index_and_data_in_turn);
    ADD(the_dac_takes_three_components);
    ADD(a_colour_changes_with_its_last_component);
    ADD(the_beam_moves_with_machine_time);
    ADD(text_is_seen_without_a_call_of_the_device);
    ADD(the_window_moves_with_the_memory_map);
    ADD(the_planes_have_the_text_of_the_window);
    ADD(a_font_that_the_guest_loads_is_drawn);
    ADD(the_ninth_column_continues_line_drawings);
    ADD(bit_3_selects_the_second_font);
    ADD(the_cursor_is_where_the_crtc_says);
    ADD(the_cursor_blinks_with_machine_time);
    ADD(bit_7_blinks_or_is_a_bright_background);
    ADD(the_screen_starts_where_the_crtc_says);
    ADD(the_part_below_the_split_starts_at_0);
    ADD(the_line_is_shifted_by_the_pan);
    ADD(rows_of_eight_lines_make_fifty_rows);
    ADD(a_screen_that_is_off_is_blank);
    ADD(a_saved_card_shows_the_same_form);
    return g_test_run();
}
