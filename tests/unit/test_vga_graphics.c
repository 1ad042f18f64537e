/* The planes of the VGA, its graphics modes and DISPI. */
#include "tests/unit/vga_rig.h"

#define BLUE  0x0000aau
#define RED   0xaa0000u
#define WHITE 0xffffffu

/* ---- planes ---- */

static uint8_t plane(VgaRig *f, unsigned number, uint32_t address)
{
    vga_gc(f, VGA_GC_MODE, 0);
    vga_gc(f, VGA_GC_READ_MAP, (uint8_t)number);
    return vga_peek(f, GRAPHICS + address);
}

static void assert_planes(VgaRig *f, uint32_t address, uint8_t p0, uint8_t p1, uint8_t p2,
                          uint8_t p3)
{
    g_assert_cmphex(plane(f, 0, address), ==, p0);
    g_assert_cmphex(plane(f, 1, address), ==, p1);
    g_assert_cmphex(plane(f, 2, address), ==, p2);
    g_assert_cmphex(plane(f, 3, address), ==, p3);
}

/* Four planes with different bytes; a read then has them in the latches. */
static void fill(VgaRig *f, uint32_t address)
{
    static const uint8_t BYTES[] = {0x0f, 0x33, 0x55, 0xff};
    for (uint8_t i = 0; i < 4; i++) {
        vga_seq(f, VGA_SEQ_MAP_MASK, (uint8_t)(1u << i));
        vga_poke(f, GRAPHICS + address, BYTES[i]);
    }
    vga_seq(f, VGA_SEQ_MAP_MASK, 0x0f);
}

static void write_mode_0_goes_to_the_planes_of_the_mask(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    fill(f, 7);
    assert_planes(f, 7, 0x0f, 0x33, 0x55, 0xff);
    vga_seq(f, VGA_SEQ_MAP_MASK, 0x05);
    vga_poke(f, GRAPHICS + 7, 0xa0);
    assert_planes(f, 7, 0xa0, 0x33, 0xa0, 0xff);
}

static void write_mode_0_rotates_combines_and_masks(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    fill(f, 7);
    vga_peek(f, GRAPHICS + 7);
    vga_gc(f, VGA_GC_ROTATE, 0x18 | 4);
    vga_gc(f, VGA_GC_BIT_MASK, 0x3c);
    vga_poke(f, GRAPHICS + 7, 0xf0);
    /* 0xf0 rotated is 0x0f; XOR with the latch, in the middle bits. */
    assert_planes(f, 7, 0x03, 0x3f, 0x59, 0xf3);
}

static void and_and_or_combine_with_the_latch(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    fill(f, 7);
    vga_peek(f, GRAPHICS + 7);
    vga_gc(f, VGA_GC_ROTATE, 0x08);
    vga_poke(f, GRAPHICS + 8, 0x3c);
    assert_planes(f, 8, 0x0c, 0x30, 0x14, 0x3c);
    vga_peek(f, GRAPHICS + 7);
    vga_gc(f, VGA_GC_ROTATE, 0x10);
    vga_poke(f, GRAPHICS + 8, 0x3c);
    assert_planes(f, 8, 0x3f, 0x3f, 0x7d, 0xff);
}

static void set_reset_replaces_the_data_of_its_planes(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    vga_gc(f, VGA_GC_SET_RESET, 0x05);
    vga_gc(f, VGA_GC_ENABLE_SET_RESET, 0x0c);
    vga_poke(f, GRAPHICS, 0x81);
    assert_planes(f, 0, 0x81, 0x81, 0xff, 0x00);
}

static void write_mode_1_copies_the_latches(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    fill(f, 7);
    vga_peek(f, GRAPHICS + 7);
    vga_gc(f, VGA_GC_MODE, 1);
    vga_poke(f, GRAPHICS + 9, 0xee);
    assert_planes(f, 9, 0x0f, 0x33, 0x55, 0xff);
}

static void write_mode_2_writes_a_colour(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    fill(f, 7);
    vga_peek(f, GRAPHICS + 7);
    vga_gc(f, VGA_GC_MODE, 2);
    vga_gc(f, VGA_GC_BIT_MASK, 0x81);
    vga_poke(f, GRAPHICS + 7, 0x06);
    assert_planes(f, 7, 0x0e, 0xb3, 0xd5, 0x7e);
}

static void write_mode_3_uses_the_data_as_a_mask(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    fill(f, 7);
    vga_peek(f, GRAPHICS + 7);
    vga_gc(f, VGA_GC_MODE, 3);
    vga_gc(f, VGA_GC_SET_RESET, 0x09);
    vga_gc(f, VGA_GC_BIT_MASK, 0xf0);
    vga_poke(f, GRAPHICS + 7, 0xcc);
    assert_planes(f, 7, 0xcf, 0x33, 0x15, 0xff);
}

static void read_mode_1_compares_colours(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    fill(f, 7);
    vga_gc(f, VGA_GC_MODE, 8);
    vga_gc(f, VGA_GC_COMPARE, 0x0b);
    vga_gc(f, VGA_GC_DONT_CARE, 0x0f);
    g_assert_cmphex(vga_peek(f, GRAPHICS + 7), ==, 0x02);
    vga_gc(f, VGA_GC_DONT_CARE, 0x03);
    g_assert_cmphex(vga_peek(f, GRAPHICS + 7), ==, 0x03);
}

static void a_window_without_memory_reads_ones(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_planar(f);
    g_assert_cmphex(vga_peek(f, TEXT), ==, 0xff);
    vga_out(f, VGA_MISC_WRITE, 0x65);
    g_assert_cmphex(vga_peek(f, GRAPHICS), ==, 0xff);
}

/* ---- modes ---- */

static void mode_12h_shows_a_colour_of_the_four_planes(VgaRig *f, gconstpointer data)
{
    static const uint8_t CRTC[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00,
                                   0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0x0c,
                                   0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff};
    (void)data;
    vga_set_planar(f);
    vga_seq(f, VGA_SEQ_CLOCKING, 0x01);
    vga_attribute(f, VGA_AC_PAN, 0);
    vga_crtc(f, CRTC_VSYNC_END, 0);
    for (uint8_t i = 0; i < sizeof(CRTC); i++) {
        vga_crtc(f, i, CRTC[i]);
    }
    vga_gc(f, VGA_GC_MODE, 2);
    vga_gc(f, VGA_GC_BIT_MASK, 0x40);
    vga_poke(f, GRAPHICS + 479 * 80, 4);
    const SurfaceShape *shape = &vga_look(f)->shape;
    g_assert_cmpuint(shape->kind, ==, SURFACE_PIXELS);
    g_assert_cmpuint(shape->width, ==, 640);
    g_assert_cmpuint(shape->height, ==, 480);
    g_assert_cmphex(vga_pixel(f, 1, 479), ==, RED);
}

static void set_colour(VgaRig *f, uint8_t index, uint8_t red, uint8_t green, uint8_t blue)
{
    vga_out(f, VGA_DAC_WRITE_INDEX, index);
    vga_out(f, VGA_DAC_DATA, red);
    vga_out(f, VGA_DAC_DATA, green);
    vga_out(f, VGA_DAC_DATA, blue);
}

static void mode_13h_is_linear_and_doubled(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_chained(f);
    vga_attribute(f, VGA_AC_PAN, 0);
    set_colour(f, 0xc8, 0x3f, 0x3f, 0x3f);
    g_assert_true(vga_is_seen(f, GRAPHICS));
    g_assert_true(vga_is_seen(f, GRAPHICS + 0xffff));
    vga_poke(f, GRAPHICS + 199 * 320 + 319, 0xc8);
    const SurfaceShape *shape = &vga_look(f)->shape;
    g_assert_cmpuint(shape->width, ==, 640);
    g_assert_cmpuint(shape->height, ==, 400);
    g_assert_cmphex(vga_pixel(f, 638, 398), ==, WHITE);
    g_assert_cmphex(vga_pixel(f, 639, 399), ==, WHITE);
    g_assert_cmphex(vga_pixel(f, 637, 399), ==, 0);
}

/* Mode X: mode 13h without the chain. */
static void mode_x_has_a_pixel_in_each_plane(VgaRig *f, gconstpointer data)
{
    (void)data;
    vga_set_chained(f);
    vga_attribute(f, VGA_AC_PAN, 0);
    set_colour(f, 0xc8, 0x3f, 0x3f, 0x3f);
    vga_seq(f, VGA_SEQ_MEMORY, 0x06);
    vga_crtc(f, CRTC_UNDERLINE, 0x00);
    vga_crtc(f, CRTC_MODE, 0xe3);
    vga_seq(f, VGA_SEQ_MAP_MASK, 0x04);
    g_assert_false(vga_is_seen(f, GRAPHICS));
    vga_poke(f, GRAPHICS + 80, 0xc8);
    g_assert_cmphex(vga_pixel(f, 4, 2), ==, WHITE);
    g_assert_cmphex(vga_pixel(f, 5, 3), ==, WHITE);
    g_assert_cmphex(vga_pixel(f, 6, 2), ==, 0);
}

/* ---- DISPI ---- */

static void set_mode(VgaRig *f, uint16_t width, uint16_t height, uint16_t bpp)
{
    vga_dispi(f, DISPI_ENABLE, 0);
    vga_dispi(f, DISPI_XRES, width);
    vga_dispi(f, DISPI_YRES, height);
    vga_dispi(f, DISPI_BPP, bpp);
    vga_dispi(f, DISPI_ENABLE, DISPI_ENABLE_ON | DISPI_ENABLE_LINEAR);
}

static void dispi_names_its_version_and_its_memory(VgaRig *f, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(vga_dispi_in(f, DISPI_ID), ==, 0xb0c5);
    vga_dispi(f, DISPI_ID, 0xb0c2);
    g_assert_cmphex(vga_dispi_in(f, DISPI_ID), ==, 0xb0c2);
    vga_dispi(f, DISPI_ID, 0x1234);
    g_assert_cmphex(vga_dispi_in(f, DISPI_ID), ==, 0xb0c2);
    g_assert_cmpuint(vga_dispi_in(f, DISPI_MEMORY_64K), ==, 256);
    vga_dispi(f, DISPI_ENABLE, DISPI_ENABLE_GETCAPS);
    g_assert_cmpuint(vga_dispi_in(f, DISPI_BPP), ==, 32);
}

static void dispi_shows_pixels_of_each_depth(VgaRig *f, gconstpointer data)
{
    static const struct {
        uint16_t bpp;
        uint8_t bytes[4];
        uint32_t colour;
    } DEPTHS[] = {{8, {0x04}, RED},
                  {15, {0x00, 0x7c}, 0xff0000},
                  {16, {0xe0, 0x07}, 0x00ff00},
                  {24, {0x11, 0x22, 0x33}, 0x332211},
                  {32, {0x11, 0x22, 0x33, 0x44}, 0x332211}};
    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(DEPTHS); i++) {
        set_mode(f, 640, 480, DEPTHS[i].bpp);
        const unsigned size = (DEPTHS[i].bpp + 7u) / 8;
        for (unsigned byte = 0; byte < size; byte++) {
            vga_poke(f, GRAPHICS + 641 * size + byte, DEPTHS[i].bytes[byte]);
        }
        g_assert_cmpuint(vga_look(f)->shape.width, ==, 640);
        g_assert_cmphex(vga_pixel(f, 1, 1), ==, DEPTHS[i].colour);
        g_assert_cmphex(vga_pixel(f, 2, 1), ==, 0);
    }
}

static void dispi_moves_the_window_by_banks(VgaRig *f, gconstpointer data)
{
    (void)data;
    set_mode(f, 1024, 768, 32);
    vga_dispi(f, DISPI_BANK, 1);
    g_assert_true(vga_is_seen(f, GRAPHICS));
    vga_poke(f, GRAPHICS, 0xff);
    g_assert_cmphex(vga_pixel(f, 0, 16), ==, 0x0000ff);
    vga_dispi(f, DISPI_BANK, 0x101);
    g_assert_cmphex(vga_dispi_in(f, DISPI_BANK), ==, 1);
}

static void dispi_pans_in_a_virtual_screen(VgaRig *f, gconstpointer data)
{
    (void)data;
    set_mode(f, 640, 480, 8);
    vga_dispi(f, DISPI_VIRTUAL_WIDTH, 1024);
    g_assert_cmpuint(vga_dispi_in(f, DISPI_VIRTUAL_HEIGHT), ==, 16384);
    vga_dispi(f, DISPI_X_OFFSET, 8);
    vga_dispi(f, DISPI_Y_OFFSET, 2);
    vga_poke(f, GRAPHICS + 2 * 1024 + 8, 1);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, BLUE);
    vga_dispi(f, DISPI_X_OFFSET, 0xffff);
    g_assert_cmpuint(vga_dispi_in(f, DISPI_X_OFFSET), ==, 1024 - 640);
}

static void dispi_refuses_what_does_not_fit(VgaRig *f, gconstpointer data)
{
    (void)data;
    set_mode(f, 4096, 4096, 32);
    g_assert_false(vga_dispi_in(f, DISPI_ENABLE) & DISPI_ENABLE_ON);
    set_mode(f, 640, 480, 13);
    g_assert_false(vga_dispi_in(f, DISPI_ENABLE) & DISPI_ENABLE_ON);
    g_assert_cmpuint(vga_look(f)->shape.kind, ==, SURFACE_TEXT);
    set_mode(f, 1920, 1200, 32);
    g_assert_true(vga_dispi_in(f, DISPI_ENABLE) & DISPI_ENABLE_ON);
    g_assert_cmpuint(vga_look(f)->shape.height, ==, 1200);
}

static void dispi_clears_the_screen_unless_told(VgaRig *f, gconstpointer data)
{
    (void)data;
    set_mode(f, 640, 480, 32);
    vga_poke(f, GRAPHICS, 0xff);
    vga_dispi(f, DISPI_ENABLE, 0);
    vga_dispi(f, DISPI_ENABLE, DISPI_ENABLE_ON | DISPI_ENABLE_NO_CLEAR);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, 0x0000ff);
    set_mode(f, 640, 480, 32);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, 0);
}

static void eight_bits_of_the_dac_can_be_used(VgaRig *f, gconstpointer data)
{
    (void)data;
    set_mode(f, 640, 480, 8);
    vga_dispi(f, DISPI_ENABLE, DISPI_ENABLE_ON | DISPI_ENABLE_8BIT_DAC);
    set_colour(f, 0, 0x81, 0x42, 0x24);
    g_assert_cmphex(vga_pixel(f, 0, 0), ==, 0x814224);
}

#define ADD(name) g_test_add("/vga_graphics/" #name, VgaRig, NULL, vga_set_up, name, vga_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(write_mode_0_goes_to_the_planes_of_the_mask);
    ADD(write_mode_0_rotates_combines_and_masks);
    ADD(and_and_or_combine_with_the_latch);
    ADD(set_reset_replaces_the_data_of_its_planes);
    ADD(write_mode_1_copies_the_latches);
    ADD(write_mode_2_writes_a_colour);
    ADD(write_mode_3_uses_the_data_as_a_mask);
    ADD(read_mode_1_compares_colours);
    ADD(a_window_without_memory_reads_ones);
    ADD(mode_12h_shows_a_colour_of_the_four_planes);
    ADD(mode_13h_is_linear_and_doubled);
    ADD(mode_x_has_a_pixel_in_each_plane);
    ADD(dispi_names_its_version_and_its_memory);
    ADD(dispi_shows_pixels_of_each_depth);
    ADD(dispi_moves_the_window_by_banks);
    ADD(dispi_pans_in_a_virtual_screen);
    ADD(dispi_refuses_what_does_not_fit);
    ADD(dispi_clears_the_screen_unless_told);
    ADD(eight_bits_of_the_dac_can_be_used);
    return g_test_run();
}
