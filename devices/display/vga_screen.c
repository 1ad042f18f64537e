/*
 * The form of a VGA's screen: which kind of picture its registers select, how large it
 * is, and which address is shown at each scan line.
 */
#include "devices/display/vga_internal.h"

#define FULL_6BIT 0x3fu

/* ---- colours ---- */

static uint32_t component(const Vga *v, uint8_t value)
{
    if (v->dispi[DISPI_ENABLE] & DISPI_ENABLE_8BIT_DAC) {
        return value;
    }
    value &= FULL_6BIT;
    return (uint32_t)(value << 2 | value >> 4);
}

uint32_t vga_dac_colour(const Vga *v, uint8_t index)
{
    const uint8_t *rgb = &v->dac[3 * (index & v->dac_mask)];
    return component(v, rgb[0]) << 16 | component(v, rgb[1]) << 8 | component(v, rgb[2]);
}

uint32_t vga_colour(const Vga *v, unsigned colour)
{
    const uint8_t *a = v->attribute;
    uint8_t index = a[colour & a[VGA_AC_PLANES] & 0xf] & FULL_6BIT;
    if (a[VGA_AC_MODE] & VGA_AC_MODE_P54) {
        index = (uint8_t)((index & 0xf) | (a[VGA_AC_COLOR] & 3) << 4);
    }
    return vga_dac_colour(v, (uint8_t)(index | (a[VGA_AC_COLOR] & 0xc) << 4));
}

/* ---- scan lines ---- */

unsigned vga_line_compare(const Vga *v)
{
    return v->crtc[CRTC_LINE_COMPARE] |
           (v->crtc[CRTC_OVERFLOW] & CRTC_OVERFLOW_LINE_COMPARE ? 0x100u : 0) |
           (v->crtc[CRTC_MAX_SCAN_LINE] & CRTC_SCAN_LINE_COMPARE9 ? 0x200u : 0);
}

static unsigned doubling(const Vga *v)
{
    return v->crtc[CRTC_MAX_SCAN_LINE] & CRTC_SCAN_LINE_DOUBLE ? 2 : 1;
}

unsigned vga_cell_height(const Vga *v)
{
    return ((v->crtc[CRTC_MAX_SCAN_LINE] & CRTC_SCAN_LINE_MASK) + 1u) * doubling(v);
}

VgaLine vga_line(const Vga *v, unsigned y)
{
    const uint8_t *c = v->crtc;
    const unsigned compare = vga_line_compare(v);
    const bool below = y > compare;
    const bool pans = !below || !(v->attribute[VGA_AC_MODE] & VGA_AC_MODE_SPLIT_PAN);
    const unsigned height = (c[CRTC_MAX_SCAN_LINE] & CRTC_SCAN_LINE_MASK) + 1u;
    const unsigned start = below ? 0 : (unsigned)c[CRTC_START_HIGH] << 8 | c[CRTC_START_LOW];
    const unsigned preset = below ? 0 : c[CRTC_PRESET_ROW] & CRTC_SCAN_LINE_MASK;
    const unsigned line = (below ? y - compare - 1 : y) / doubling(v) + preset;
    return (VgaLine){
        .address =
            start + line / height * c[CRTC_OFFSET] * 2 + (pans ? c[CRTC_PRESET_ROW] >> 5 & 3u : 0),
        .scan = line % height,
        .pan = pans ? v->attribute[VGA_AC_PAN] & 0xfu : 0,
    };
}

uint32_t vga_address(const Vga *v, unsigned counter, unsigned scan)
{
    const uint8_t mode = v->crtc[CRTC_MODE];
    uint32_t address = counter & (VGA_PLANE_SIZE - 1);
    if (!(v->crtc[CRTC_UNDERLINE] & CRTC_UNDERLINE_DWORDS) && !(mode & CRTC_MODE_BYTES)) {
        address = address << 1 | (address >> (mode & CRTC_MODE_WRAP15 ? 15 : 13) & 1);
    }
    if (!(mode & CRTC_MODE_SCAN13)) {
        address = (address & ~0x2000u) | (scan & 1) << 13;
    }
    if (!(mode & CRTC_MODE_SCAN14)) {
        address = (address & ~0x4000u) | (scan >> 1 & 1) << 14;
    }
    return address & (VGA_PLANE_SIZE - 1);
}

/* ---- the form ---- */

static bool is_dark(const Vga *v)
{
    return !(v->attribute_index & VGA_AC_INDEX_VIDEO) ||
           v->sequencer[VGA_SEQ_CLOCKING] & VGA_SEQ_CLOCKING_OFF;
}

static unsigned shown_lines(const Vga *v)
{
    const uint8_t overflow = v->crtc[CRTC_OVERFLOW];
    return (v->crtc[CRTC_VDISPLAY_END] | (overflow >> 1 & 1u) << 8 | (overflow >> 6 & 1u) << 9) + 1;
}

static unsigned dot_width(const Vga *v)
{
    return v->sequencer[VGA_SEQ_CLOCKING] & VGA_SEQ_CLOCKING_HALF ? 2 : 1;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void find_cursor(const Vga *v, SurfaceShape *shape)
{
    const uint8_t *c = v->crtc;
    const unsigned at = (unsigned)c[CRTC_CURSOR_HIGH] << 8 | c[CRTC_CURSOR_LOW];
    SurfaceCursor *cursor = &shape->cursor;
    cursor->first_line = (c[CRTC_CURSOR_START] & CRTC_SCAN_LINE_MASK) * doubling(v);
    cursor->last_line = ((c[CRTC_CURSOR_END] & CRTC_SCAN_LINE_MASK) + 1u) * doubling(v) - 1;
    cursor->last_line = least(cursor->last_line, shape->cell_height - 1);
    if (c[CRTC_CURSOR_START] & CRTC_CURSOR_START_OFF || cursor->first_line > cursor->last_line) {
        return;
    }
    for (unsigned row = 0; row < shape->rows && !cursor->shown; row++) {
        const unsigned first = vga_line(v, row * shape->cell_height).address;
        cursor->shown = at >= first && at - first < shape->columns;
        cursor->row = row;
        cursor->column = at - first;
    }
}

static void text_shape(const Vga *v, SurfaceShape *shape)
{
    const bool eight = v->sequencer[VGA_SEQ_CLOCKING] & VGA_SEQ_CLOCKING_8_DOTS;
    const uint8_t fonts = v->sequencer[VGA_SEQ_FONT];
    shape->kind = SURFACE_TEXT;
    shape->cell_width = (eight ? 8 : 9) * dot_width(v);
    shape->cell_height = vga_cell_height(v);
    shape->columns = least(v->crtc[CRTC_HDISPLAY_END] + 1u, SURFACE_SIDE_MAX / shape->cell_width);
    shape->rows = shown_lines(v) / shape->cell_height;
    shape->rows = least(shape->rows ? shape->rows : 1, SURFACE_CELLS_MAX / shape->columns);
    shape->width = shape->columns * shape->cell_width;
    shape->height = shape->rows * shape->cell_height;
    shape->blinks = v->attribute[VGA_AC_MODE] & VGA_AC_MODE_BLINK;
    /* Bits 0, 1 and 4 select the one font, and bits 2, 3 and 5 the other. */
    shape->two_fonts = ((fonts & 3) | (fonts >> 2 & 4)) != ((fonts >> 2 & 3) | (fonts >> 3 & 4));
    for (unsigned i = 0; i < SURFACE_COLOURS; i++) {
        shape->palette[i] = vga_colour(v, i);
    }
    find_cursor(v, shape);
}

static void vga_shape(const void *state, uint64_t now, SurfaceShape *shape)
{
    const Vga *v = state;
    (void)now;
    if (vga_dispi_is_on(v)) {
        shape->kind = SURFACE_PIXELS;
        shape->width = v->dispi[DISPI_XRES];
        shape->height = v->dispi[DISPI_YRES];
    } else if (v->graphics[VGA_GC_MISC] & VGA_GC_MISC_GRAPHICS) {
        shape->kind = SURFACE_PIXELS;
        shape->width = (v->crtc[CRTC_HDISPLAY_END] + 1u) * VGA_CELL_DOTS * dot_width(v);
        shape->height = shown_lines(v);
    } else {
        text_shape(v, shape);
    }
    if (is_dark(v)) {
        shape->kind = SURFACE_BLANK;
    }
}

static void vga_pixels(const void *state, uint64_t now, const SurfaceShape *shape, uint32_t *pixels)
{
    const Vga *v = state;
    if (shape->kind == SURFACE_TEXT) {
        vga_draw_text(v, now, shape, pixels);
    } else if (vga_dispi_is_on(v)) {
        vga_draw_dispi(v, shape, pixels);
    } else {
        vga_draw_graphics(v, shape, pixels);
    }
}

const SurfaceClient VGA_SURFACE = {.struct_size = sizeof(SurfaceClient),
                                   .shape = vga_shape,
                                   .cells = vga_cells,
                                   .pixels = vga_pixels};
