/*
 * Drawing of a VGA's graphics modes: planes with 16 colours, the modes of the CGA, modes
 * with 256 colours, and those of DISPI.
 */
#include "devices/display/vga_internal.h"

#include <string.h>

/* ---- the modes of the VGA ---- */

/* The colours of 16 and of 256, worked out once for a picture. */
typedef struct Palette {
    uint32_t sixteen[16], all[256];
} Palette;

static void fill(const Vga *v, Palette *palette)
{
    for (unsigned i = 0; i < 16; i++) {
        palette->sixteen[i] = vga_colour(v, i);
    }
    for (unsigned i = 0; i < 256; i++) {
        palette->all[i] = vga_dac_colour(v, (uint8_t)i);
    }
}

static void planar_dots(const Palette *palette, const uint8_t planes[VGA_PLANES], uint32_t *out)
{
    for (unsigned bit = VGA_CELL_DOTS; bit-- > 0;) {
        unsigned colour = 0;
        for (unsigned plane = 0; plane < VGA_PLANES; plane++) {
            colour |= (planes[plane] >> bit & 1u) << plane;
        }
        *out++ = palette->sixteen[colour];
    }
}

/* Two bits a dot, as the CGA has them: even bytes are in plane 0, odd ones in plane 1. */
static void interleaved_dots(const Palette *palette, const uint8_t planes[VGA_PLANES],
                             uint32_t *out)
{
    for (unsigned i = 0; i < VGA_CELL_DOTS; i++) {
        const unsigned shift = 6 - 2 * (i & 3), half = i / 4;
        const unsigned low = planes[half] >> shift & 3u, high = planes[half + 2] >> shift & 3u;
        *out++ = palette->sixteen[low | high << 2];
    }
}

static void byte_dots(const Palette *palette, const uint8_t planes[VGA_PLANES], uint32_t *out)
{
    for (unsigned plane = 0; plane < VGA_PLANES; plane++) {
        *out++ = palette->all[planes[plane]];
        *out++ = palette->all[planes[plane]];
    }
}

static void draw_character(const Vga *v, const Palette *palette, uint32_t address, uint32_t *out)
{
    const uint8_t mode = v->graphics[VGA_GC_MODE];
    uint8_t planes[VGA_PLANES];
    for (unsigned plane = 0; plane < VGA_PLANES; plane++) {
        planes[plane] = vga_plane(v, plane, address);
    }
    if (mode & VGA_GC_MODE_256) {
        byte_dots(palette, planes, out);
    } else if (mode & VGA_GC_MODE_INTERLEAVE) {
        interleaved_dots(palette, planes, out);
    } else {
        planar_dots(palette, planes, out);
    }
}

/* One character more than the screen has is drawn if the line is shifted. */
static void draw_line(const Vga *v, const Palette *palette, const VgaLine *line, unsigned width,
                      uint32_t *pixels)
{
    const unsigned dot_width = v->sequencer[VGA_SEQ_CLOCKING] & VGA_SEQ_CLOCKING_HALF ? 2 : 1;
    const unsigned step = VGA_CELL_DOTS * dot_width;
    uint32_t dots[VGA_CELL_DOTS];
    int x = -(int)((line->pan & 7) * dot_width);
    for (unsigned i = 0; x < (int)width; i++, x += (int)step) {
        draw_character(v, palette, vga_address(v, line->address + i, line->scan), dots);
        for (unsigned pixel = 0; pixel < step; pixel++) {
            const int at = x + (int)pixel;
            if (at >= 0 && at < (int)width) {
                pixels[at] = dots[pixel / dot_width];
            }
        }
    }
}

static bool is_same_line(const Vga *v, const VgaLine *a, const VgaLine *b)
{
    return a->pan == b->pan && a->address == b->address &&
           vga_address(v, a->address, a->scan) == vga_address(v, b->address, b->scan);
}

void vga_draw_graphics(const Vga *v, const SurfaceShape *shape, uint32_t *pixels)
{
    Palette palette;
    VgaLine before = {0};
    fill(v, &palette);
    for (unsigned y = 0; y < shape->height; y++) {
        uint32_t *row = pixels + (size_t)y * shape->width;
        const VgaLine line = vga_line(v, y);
        if (y && is_same_line(v, &line, &before)) {
            memcpy(row, row - shape->width, sizeof(*row) * shape->width);
        } else {
            draw_line(v, &palette, &line, shape->width, row);
        }
        before = line;
    }
}

/* ---- DISPI ---- */

/* Widens a component of `bits` bits to eight. */
static uint32_t widen(uint32_t value, unsigned bits)
{
    value &= (1u << bits) - 1;
    return value << (8 - bits) | value >> (2 * bits - 8);
}

static uint32_t read_pixel(const Palette *palette, const uint8_t *from, unsigned bpp)
{
    const uint32_t word = bpp > 8 ? from[0] | (uint32_t)from[1] << 8 : from[0];
    switch (bpp) {
    case 8:
        return palette->all[word];
    case 15:
        return widen(word >> 10, 5) << 16 | widen(word >> 5, 5) << 8 | widen(word, 5);
    case 16:
        return widen(word >> 11, 5) << 16 | widen(word >> 5, 6) << 8 | widen(word, 5);
    default:
        return word | (uint32_t)from[2] << 16;
    }
}

static void draw_planar_row(const Vga *v, const Palette *palette, unsigned y, unsigned width,
                            uint32_t *row)
{
    const uint32_t start = y * vga_dispi_pitch(v) + v->dispi[DISPI_X_OFFSET] / VGA_CELL_DOTS;
    for (unsigned x = 0; x < width; x += VGA_CELL_DOTS) {
        draw_character(v, palette, start + x / VGA_CELL_DOTS, row + x);
    }
}

static void draw_linear_row(const Vga *v, const Palette *palette, unsigned y, unsigned width,
                            uint32_t *row)
{
    const unsigned bpp = v->dispi[DISPI_BPP], size = (bpp + 7) / 8;
    const uint8_t *from =
        v->memory + (size_t)y * vga_dispi_pitch(v) + (size_t)v->dispi[DISPI_X_OFFSET] * size;
    for (unsigned x = 0; x < width; x++, from += size) {
        row[x] = read_pixel(palette, from, bpp);
    }
}

/* The registers are such that the screen is within the memory (vga_dispi_is_sound()). */
void vga_draw_dispi(const Vga *v, const SurfaceShape *shape, uint32_t *pixels)
{
    const bool planar = v->dispi[DISPI_BPP] == 4;
    Palette palette;
    fill(v, &palette);
    for (unsigned y = 0; y < shape->height; y++) {
        uint32_t *row = pixels + (size_t)y * shape->width;
        const unsigned from = y + v->dispi[DISPI_Y_OFFSET];
        if (planar) {
            draw_planar_row(v, &palette, from, shape->width, row);
        } else {
            draw_linear_row(v, &palette, from, shape->width, row);
        }
    }
}
