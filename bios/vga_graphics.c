/* Pixels and characters in the graphics modes of the VGA. */
#include "bios/vga.h"

#include "devices/display/vga_regs.h"
#include "src/machine/pc_board.h"

#define GRAPHICS  (PORT_VGA + VGA_GRAPHICS_INDEX)
#define SEQUENCER (PORT_VGA + VGA_SEQUENCER_INDEX)
#define XOR_BIT   0x80 /* of a colour: the pixels are combined with those that are there */
#define CGA_BANK  0x2000u
#define CGA_PITCH 80u
#define GC_XOR    0x18

/* ---- pixels ---- */

static uint16_t cga_address(const VgaMode *mode, unsigned x, unsigned y)
{
    return (uint16_t)((y & 1) * CGA_BANK + y / 2 * CGA_PITCH + x * mode->bits / 8);
}

static void write_cga(const VgaMode *mode, unsigned x, unsigned y, uint8_t colour)
{
    const uint16_t at = cga_address(mode, x, y);
    const unsigned shift = 8 - mode->bits - x * mode->bits % 8;
    const uint8_t mask = (uint8_t)(((1u << mode->bits) - 1) << shift);
    const uint8_t before = far_read8(mode->segment, at), bits = (uint8_t)(colour << shift) & mask;
    const uint8_t kept = colour & XOR_BIT ? before : before & (uint8_t)~mask;
    far_write8(mode->segment, at, kept ^ bits);
}

static void write_planes(const VgaMode *mode, unsigned x, unsigned y, uint8_t colour)
{
    const uint16_t at = (uint16_t)(y * mode->columns + x / 8 + BDA->video_page * mode->page_size);
    vga_register(GRAPHICS, VGA_GC_MODE, 2);
    vga_register(GRAPHICS, VGA_GC_ROTATE, colour & XOR_BIT ? GC_XOR : 0);
    vga_register(GRAPHICS, VGA_GC_BIT_MASK, (uint8_t)(0x80 >> x % 8));
    far_read8(mode->segment, at);
    far_write8(mode->segment, at, colour & 0x0f);
    vga_register(GRAPHICS, VGA_GC_MODE, 0);
    vga_register(GRAPHICS, VGA_GC_ROTATE, 0);
    vga_register(GRAPHICS, VGA_GC_BIT_MASK, 0xff);
}

static bool is_inside(const VgaMode *mode, unsigned x, unsigned y)
{
    return x < mode->columns * 8u && y < mode->rows * (unsigned)mode->height;
}

void vga_write_pixel(unsigned x, unsigned y, uint8_t colour)
{
    const VgaMode *mode = vga_current();
    if (!is_inside(mode, x, y)) {
        return;
    }
    if (mode->layout == VGA_BYTES) {
        far_write8(mode->segment, (uint16_t)(y * 320 + x), colour);
    } else if (mode->layout == VGA_PLANES) {
        write_planes(mode, x, y, colour);
    } else if (mode->layout == VGA_CGA) {
        write_cga(mode, x, y, colour);
    }
}

static uint8_t read_planes(const VgaMode *mode, unsigned x, unsigned y)
{
    const uint16_t at = (uint16_t)(y * mode->columns + x / 8 + BDA->video_page * mode->page_size);
    uint8_t colour = 0;
    for (uint8_t plane = 0; plane < 4; plane++) {
        vga_register(GRAPHICS, VGA_GC_READ_MAP, plane);
        colour |= (uint8_t)((far_read8(mode->segment, at) >> (7 - x % 8) & 1) << plane);
    }
    return colour;
}

uint8_t vga_read_pixel(unsigned x, unsigned y)
{
    const VgaMode *mode = vga_current();
    if (!is_inside(mode, x, y) || mode->layout == VGA_TEXT) {
        return 0;
    }
    if (mode->layout == VGA_BYTES) {
        return far_read8(mode->segment, (uint16_t)(y * 320 + x));
    }
    if (mode->layout == VGA_PLANES) {
        return read_planes(mode, x, y);
    }
    const unsigned shift = 8 - mode->bits - x * mode->bits % 8;
    const unsigned bits = far_read8(mode->segment, cga_address(mode, x, y)) >> shift;
    return (uint8_t)(bits & ((1u << mode->bits) - 1));
}

/* ---- characters ---- */

/* The dots of a character's line: the upper half of a CGA's font is at INT 1Fh. */
static uint8_t dots_of(const VgaMode *mode, uint8_t character, unsigned line)
{
    const bool upper = mode->layout == VGA_CGA && character >= 128;
    const volatile __seg_fs FarPointer *font = &IVT[upper ? 0x1f : 0x43];
    const unsigned at = (upper ? character - 128u : character) * mode->height + line;
    return far_read8(font->segment, (uint16_t)(font->offset + at));
}

void vga_draw_character(unsigned row, unsigned column, uint8_t character, uint8_t colour)
{
    const VgaMode *mode = vga_current();
    const bool combines = colour & XOR_BIT && mode->layout != VGA_BYTES;
    for (unsigned line = 0; line < mode->height; line++) {
        const uint8_t dots = dots_of(mode, character, line);
        for (unsigned x = 0; x < 8; x++) {
            const bool on = dots >> (7 - x) & 1;
            if (on || !combines) {
                vga_write_pixel(column * 8 + x, row * mode->height + line, on ? colour : 0);
            }
        }
    }
}

/* ---- cells: what scrolling moves ---- */

/* The first byte of a cell on a scan line of its row. */
static uint16_t line_address(const VgaMode *mode, unsigned row, unsigned column, unsigned line)
{
    const unsigned y = row * mode->height + line, x = column * 8;
    if (mode->layout == VGA_BYTES) {
        return (uint16_t)(y * 320 + x);
    }
    return mode->layout == VGA_CGA ? cga_address(mode, x, y)
                                   : (uint16_t)(y * mode->columns + column);
}

static unsigned line_bytes(const VgaMode *mode, unsigned count)
{
    return mode->layout == VGA_PLANES ? count : count * mode->bits;
}

/* Write mode 1 copies all planes. */
void vga_copy_cells(unsigned to_row, unsigned from_row, unsigned column, unsigned count)
{
    const VgaMode *mode = vga_current();
    const bool planes = mode->layout == VGA_PLANES;
    if (planes) {
        vga_register(GRAPHICS, VGA_GC_MODE, 1);
    }
    for (unsigned line = 0; line < mode->height; line++) {
        const uint16_t to = line_address(mode, to_row, column, line);
        const uint16_t from = line_address(mode, from_row, column, line);
        for (unsigned i = 0; i < line_bytes(mode, count); i++) {
            far_write8(mode->segment, (uint16_t)(to + i),
                       far_read8(mode->segment, (uint16_t)(from + i)));
        }
    }
    if (planes) {
        vga_register(GRAPHICS, VGA_GC_MODE, 0);
    }
}

void vga_clear_cells(unsigned row, unsigned column, unsigned count, uint8_t colour)
{
    const VgaMode *mode = vga_current();
    const bool planes = mode->layout == VGA_PLANES;
    const uint8_t byte = mode->layout == VGA_CGA ? (uint8_t)((colour & 3) * 0x55) : colour;
    if (planes) {
        vga_register(GRAPHICS, VGA_GC_MODE, 2);
    }
    for (unsigned line = 0; line < mode->height; line++) {
        const uint16_t at = line_address(mode, row, column, line);
        for (unsigned i = 0; i < line_bytes(mode, count); i++) {
            far_write8(mode->segment, (uint16_t)(at + i), byte);
        }
    }
    if (planes) {
        vga_register(GRAPHICS, VGA_GC_MODE, 0);
    }
}
