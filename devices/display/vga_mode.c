/*
 * The text mode that a BIOS sets, for a kernel that starts without one, and the times of
 * the beam.
 */
#include "devices/display/font_8x16.h"
#include "devices/display/vga_internal.h"

#include <string.h>

#define FONT_LINES  16u
#define FONT_STRIDE 32u
#define FONT_PLANE  2u
#define BLANK       0x20
#define GREY        0x07
#define EGA_COLOURS 64u
#define CLOCK_25    UINT64_C(25175000)
#define CLOCK_28    UINT64_C(28322000)

/* The registers of mode 3, from the tables of the Technical Reference. */
static const uint8_t SEQUENCER[VGA_SEQ_REGISTERS] = {0x03, 0x00, 0x03, 0x00, 0x02};
static const uint8_t CRTC[CRTC_REGISTERS] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00,
                                             0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
                                             0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
static const uint8_t GRAPHICS[VGA_GC_REGISTERS] = {0, 0, 0, 0, 0, 0x10, 0x0e, 0x00, 0xff};
static const uint8_t ATTRIBUTE[VGA_AC_REGISTERS] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14,
                                                    0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
                                                    0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00};

/* A colour of an EGA: bits 0 to 2 are blue, green and red, and bits 3 to 5 their weaker parts. */
static uint8_t ega_component(unsigned colour, unsigned component)
{
    const unsigned bit = 2 - component;
    return (uint8_t)((colour >> bit & 1) * 0x2a + (colour >> (bit + 3) & 1) * 0x15);
}

static void load_palette(Vga *v)
{
    v->dac_mask = 0xff;
    for (unsigned i = 0; i < 3 * EGA_COLOURS; i++) {
        v->dac[i] = ega_component(i / 3, i % 3);
    }
}

static void load_font(Vga *v)
{
    for (unsigned i = 0; i < 256 * FONT_STRIDE; i++) {
        const unsigned line = i % FONT_STRIDE;
        v->memory[VGA_PLANES * i + FONT_PLANE] =
            line < FONT_LINES ? FONT_8X16[i / FONT_STRIDE][line] : 0;
    }
}

void vga_set_text_mode(Vga *v)
{
    v->misc = VGA_MISC_COLOR | VGA_MISC_RAM | VGA_MISC_CLOCK28 | 0x60;
    v->enabled = 1;
    memcpy(v->sequencer, SEQUENCER, sizeof(SEQUENCER));
    memcpy(v->crtc, CRTC, sizeof(CRTC));
    memcpy(v->graphics, GRAPHICS, sizeof(GRAPHICS));
    memcpy(v->attribute, ATTRIBUTE, sizeof(ATTRIBUTE));
    v->attribute_index = VGA_AC_INDEX_VIDEO;
    load_palette(v);
    load_font(v);
    vga_update_view(v);
    for (unsigned i = 0; i < VGA_TEXT_SIZE; i++) {
        v->text[i] = i & 1 ? GREY : BLANK;
    }
}

/* ---- the beam ---- */

static unsigned vertical(const Vga *v, unsigned low, unsigned bit8, unsigned bit9)
{
    const uint8_t overflow = v->crtc[CRTC_OVERFLOW];
    return v->crtc[low] | (overflow >> bit8 & 1u) << 8 | (overflow >> bit9 & 1u) << 9;
}

static uint64_t line_ns(const Vga *v)
{
    const uint8_t clocking = v->sequencer[VGA_SEQ_CLOCKING];
    const uint64_t dots = (v->crtc[CRTC_HTOTAL] + UINT64_C(5)) *
                          (clocking & VGA_SEQ_CLOCKING_8_DOTS ? 8 : 9) *
                          (clocking & VGA_SEQ_CLOCKING_HALF ? 2 : 1);
    return dots * NS_PER_SECOND / (v->misc & VGA_MISC_CLOCK28 ? CLOCK_28 : CLOCK_25) + 1;
}

uint8_t vga_beam(const Vga *v, uint64_t now)
{
    const uint64_t ns = line_ns(v);
    const unsigned lines = vertical(v, CRTC_VTOTAL, 0, 5) + 2;
    const unsigned shown = vertical(v, CRTC_VDISPLAY_END, 1, 6) + 1;
    const unsigned retrace = vertical(v, CRTC_VSYNC_START, 2, 7);
    const unsigned line = (unsigned)(now / ns % lines);
    const uint64_t visible = ns * (v->crtc[CRTC_HDISPLAY_END] + 1) / (v->crtc[CRTC_HTOTAL] + 5u);
    /* The retrace lasts until the low bits of the line are those of the register. */
    const unsigned length = (v->crtc[CRTC_VSYNC_END] - retrace) & 0xf;
    const bool vertical_retrace = line >= retrace && line < retrace + (length ? length : 16);
    const bool blanked = line >= shown || now % ns >= visible;
    return (uint8_t)((vertical_retrace ? VGA_STATUS1_VRETRACE | VGA_STATUS1_BLANKED : 0) |
                     (blanked ? VGA_STATUS1_BLANKED : 0));
}
