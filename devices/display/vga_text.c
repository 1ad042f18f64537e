/*
 * The text of a VGA: its cells, and how they are drawn with the fonts in plane 2.
 */
#include "devices/display/vga_internal.h"

#define FONT_STRIDE     32u
#define FONT_PLANE      2u
#define FONTS_BIT       0x08 /* of an attribute */
#define BLINK_BIT       0x80
#define MONO_UNDERLINED 1
#define LINES_FIRST     0xc0 /* the characters whose eighth column continues in the ninth */
#define LINES_LAST      0xdf
#define NO_PAN_OF_9     8u

/* The cursor blinks every 16 frames, and characters every 32; there are 70 a second. */
#define FRAME_NS      (NS_PER_SECOND / 70)
#define CURSOR_FRAMES 16
#define BLINK_FRAMES  32

static SurfaceCell cell_at(const Vga *v, unsigned counter)
{
    const uint32_t address = vga_address(v, counter, 0);
    return (SurfaceCell){vga_plane(v, 0, address), vga_plane(v, 1, address)};
}

void vga_cells(const void *state, const SurfaceShape *shape, SurfaceCell *cells)
{
    const Vga *v = state;
    for (unsigned row = 0; row < shape->rows; row++) {
        const unsigned first = vga_line(v, row * shape->cell_height).address;
        for (unsigned column = 0; column < shape->columns; column++) {
            *cells++ = cell_at(v, first + column);
        }
    }
}

/* ---- drawing ---- */

/* A scan line that is being drawn. */
typedef struct Pen {
    const Vga *v;
    const SurfaceShape *shape;
    VgaLine line;
    bool blinked_off;         /* blinking characters are dark now */
    unsigned cursor_counter;  /* the cell with the cursor on this line; UINT32_MAX: none */
    uint32_t font[2];         /* the addresses of the fonts for attributes without and with bit 3 */
    unsigned dots, dot_width; /* of a cell; of a dot, in pixels */
} Pen;

static uint32_t font_address(unsigned low, unsigned high)
{
    return low * 0x4000u + high * 0x2000u;
}

static Pen new_pen(const Vga *v, uint64_t now, const SurfaceShape *shape)
{
    const uint8_t fonts = v->sequencer[VGA_SEQ_FONT];
    const unsigned width = v->sequencer[VGA_SEQ_CLOCKING] & VGA_SEQ_CLOCKING_HALF ? 2 : 1;
    return (Pen){
        .v = v,
        .shape = shape,
        .blinked_off = now / FRAME_NS / BLINK_FRAMES & 1,
        .cursor_counter = UINT32_MAX,
        .font = {font_address(fonts & 3, fonts >> 4 & 1),
                 font_address(fonts >> 2 & 3, fonts >> 5 & 1)},
        .dots = shape->cell_width / width,
        .dot_width = width,
    };
}

/* The dots of a cell on this line: the leftmost one is bit 8. */
static unsigned dots_of(const Pen *pen, SurfaceCell cell)
{
    const Vga *v = pen->v;
    const uint32_t font = pen->font[cell.attribute & FONTS_BIT && pen->shape->two_fonts];
    unsigned bits = vga_plane(v, FONT_PLANE, font + cell.character * FONT_STRIDE + pen->line.scan);
    const bool continues = v->attribute[VGA_AC_MODE] & VGA_AC_MODE_LINES &&
                           cell.character >= LINES_FIRST && cell.character <= LINES_LAST;
    bits = bits << 1 | (continues ? bits & 1 : 0);
    const bool underlined = v->attribute[VGA_AC_MODE] & VGA_AC_MODE_MONO &&
                            (cell.attribute & 0x07) == MONO_UNDERLINED &&
                            pen->line.scan == (v->crtc[CRTC_UNDERLINE] & CRTC_SCAN_LINE_MASK);
    return underlined ? 0x1ff : bits;
}

/* The bits that select the colour of the foreground, after IBM: with two fonts, all of them. */
static void draw_cell(const Pen *pen, unsigned counter, uint32_t *out)
{
    const SurfaceCell cell = cell_at(pen->v, counter);
    const bool blinks = pen->shape->blinks && cell.attribute & BLINK_BIT;
    const unsigned back = cell.attribute >> 4 & (pen->shape->blinks ? 7u : 15u);
    const uint32_t *palette = pen->shape->palette;
    unsigned bits = dots_of(pen, cell);
    bits = blinks && pen->blinked_off ? 0 : bits;
    bits = counter == pen->cursor_counter ? 0x1ff : bits;
    for (unsigned dot = 0; dot < pen->dots; dot++) {
        const uint32_t colour = palette[bits >> (8 - dot) & 1 ? cell.attribute & 15u : back];
        for (unsigned i = 0; i < pen->dot_width; i++) {
            *out++ = colour;
        }
    }
}

/* Returns how many dots the line is shifted to the left. */
static unsigned pan_of(const Pen *pen)
{
    if (pen->dots == 8) {
        return pen->line.pan & 7;
    }
    return pen->line.pan >= NO_PAN_OF_9 ? 0 : pen->line.pan + 1;
}

/* One cell more than the screen has is drawn if the line is shifted. */
static void draw_line(const Pen *pen, uint32_t *pixels)
{
    uint32_t cells[2 * 9];
    const unsigned width = pen->shape->width, cell_width = pen->shape->cell_width;
    int x = -(int)(pan_of(pen) * pen->dot_width);
    for (unsigned column = 0; x < (int)width; column++, x += (int)cell_width) {
        draw_cell(pen, pen->line.address + column, cells);
        for (unsigned i = 0; i < cell_width; i++) {
            const int at = x + (int)i;
            if (at >= 0 && at < (int)width) {
                pixels[at] = cells[i];
            }
        }
    }
}

static unsigned cursor_counter(const Vga *v, uint64_t now, const SurfaceShape *shape, unsigned line)
{
    const SurfaceCursor *cursor = &shape->cursor;
    const bool on = cursor->shown && !(now / FRAME_NS / CURSOR_FRAMES & 1) &&
                    line >= cursor->first_line && line <= cursor->last_line;
    return on ? (unsigned)v->crtc[CRTC_CURSOR_HIGH] << 8 | v->crtc[CRTC_CURSOR_LOW] : UINT32_MAX;
}

void vga_draw_text(const Vga *v, uint64_t now, const SurfaceShape *shape, uint32_t *pixels)
{
    Pen pen = new_pen(v, now, shape);
    for (unsigned y = 0; y < shape->height; y++) {
        pen.line = vga_line(v, y);
        const unsigned height = (v->crtc[CRTC_MAX_SCAN_LINE] & CRTC_SCAN_LINE_MASK) + 1u;
        pen.cursor_counter =
            cursor_counter(v, now, shape, pen.line.scan * (shape->cell_height / height));
        draw_line(&pen, pixels + (size_t)y * shape->width);
    }
}
