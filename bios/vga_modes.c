/*
 * The modes of the VGA, after the tables of the IBM PS/2 Hardware Interface Technical
 * Reference, with their palettes and fonts.
 */
#include "bios/vga.h"

/* This font is in the segment of the code: that of the data has no room for it. */
static const uint8_t FONT_8X14[256][14] __attribute__((section(".font")));

#include "devices/display/crtc_regs.h"
#include "devices/display/font_8x14.h"
#include "devices/display/font_8x16.h"
#include "devices/display/font_8x8.h"
#include "devices/display/vga_regs.h"
#include "src/machine/pc_board.h"

#define GRAPHICS  (PORT_VGA + VGA_GRAPHICS_INDEX)
#define SEQUENCER (PORT_VGA + VGA_SEQUENCER_INDEX)

enum { COLOURS_TEXT, COLOURS_MONO, COLOURS_CGA4, COLOURS_CGA2, COLOURS_16, COLOURS_2, COLOURS_256 };

#define TEXT_GC                                                                                    \
    {                                                                                              \
        0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff                                                         \
    }
#define MONO_GC                                                                                    \
    {                                                                                              \
        0, 0, 0, 0, 0, 0x10, 0x0a, 0, 0xff                                                         \
    }
#define CGA4_GC                                                                                    \
    {                                                                                              \
        0, 0, 0, 0, 0, 0x30, 0x0f, 0, 0xff                                                         \
    }
#define CGA2_GC                                                                                    \
    {                                                                                              \
        0, 0, 0, 0, 0, 0x00, 0x0d, 0, 0xff                                                         \
    }
#define PLANES_GC                                                                                  \
    {                                                                                              \
        0, 0, 0, 0, 0, 0x00, 0x05, 0x0f, 0xff                                                      \
    }
#define BYTES_GC                                                                                   \
    {                                                                                              \
        0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff                                                      \
    }
#define CRTC_40                                                                                    \
    {                                                                                              \
        0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0, 0x9c,     \
            0x8e, 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3, 0xff                                         \
    }
#define CRTC_80(underline)                                                                         \
    {                                                                                              \
        0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0, 0x9c,     \
            0x8e, 0x8f, 0x28, underline, 0x96, 0xb9, 0xa3, 0xff                                    \
    }
#define CRTC_320(scan, mode)                                                                       \
    {                                                                                              \
        0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0, scan, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e,     \
            0x8f, 0x14, 0, 0x96, 0xb9, mode, 0xff                                                  \
    }
#define CRTC_640(scan, underline, mode)                                                            \
    {                                                                                              \
        0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, scan, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e,     \
            0x8f, 0x28, underline, 0x96, 0xb9, mode, 0xff                                          \
    }
#define CRTC_350                                                                                   \
    {                                                                                              \
        0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0x40, 0, 0, 0, 0, 0, 0, 0x83, 0x85,     \
            0x5d, 0x28, 0x0f, 0x63, 0xba, 0xe3, 0xff                                               \
    }
#define CRTC_480                                                                                   \
    {                                                                                              \
        0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0, 0x40, 0, 0, 0, 0, 0, 0, 0xea, 0x8c,     \
            0xdf, 0x28, 0, 0xe7, 0x04, 0xe3, 0xff                                                  \
    }

/* Number, layout, columns, rows, height, bits, palette, registers, size of a page, segment. */
static const VgaMode MODES[] = {
    {0,
     VGA_TEXT,
     40,
     25,
     16,
     0,
     COLOURS_TEXT,
     0x67,
     {8, 3, 0, 2},
     CRTC_40,
     TEXT_GC,
     0x800,
     VGA_COLOR_SEGMENT},
    {1,
     VGA_TEXT,
     40,
     25,
     16,
     0,
     COLOURS_TEXT,
     0x67,
     {8, 3, 0, 2},
     CRTC_40,
     TEXT_GC,
     0x800,
     VGA_COLOR_SEGMENT},
    {2,
     VGA_TEXT,
     80,
     25,
     16,
     0,
     COLOURS_TEXT,
     0x67,
     {0, 3, 0, 2},
     CRTC_80(0x1f),
     TEXT_GC,
     0x1000,
     VGA_COLOR_SEGMENT},
    {3,
     VGA_TEXT,
     80,
     25,
     16,
     0,
     COLOURS_TEXT,
     0x67,
     {0, 3, 0, 2},
     CRTC_80(0x1f),
     TEXT_GC,
     0x1000,
     VGA_COLOR_SEGMENT},
    {4,
     VGA_CGA,
     40,
     25,
     8,
     2,
     COLOURS_CGA4,
     0x63,
     {9, 3, 0, 2},
     CRTC_320(0xc1, 0xa2),
     CGA4_GC,
     0x4000,
     VGA_COLOR_SEGMENT},
    {5,
     VGA_CGA,
     40,
     25,
     8,
     2,
     COLOURS_CGA4,
     0x63,
     {9, 3, 0, 2},
     CRTC_320(0xc1, 0xa2),
     CGA4_GC,
     0x4000,
     VGA_COLOR_SEGMENT},
    {6,
     VGA_CGA,
     80,
     25,
     8,
     1,
     COLOURS_CGA2,
     0x63,
     {1, 1, 0, 6},
     CRTC_640(0xc1, 0, 0xc2),
     CGA2_GC,
     0x4000,
     VGA_COLOR_SEGMENT},
    {7,
     VGA_TEXT,
     80,
     25,
     16,
     0,
     COLOURS_MONO,
     0x66,
     {0, 3, 0, 2},
     CRTC_80(0x0f),
     MONO_GC,
     0x1000,
     VGA_MONO_SEGMENT},
    {0x0d,
     VGA_PLANES,
     40,
     25,
     8,
     4,
     COLOURS_16,
     0x63,
     {9, 15, 0, 6},
     CRTC_320(0xc0, 0xe3),
     PLANES_GC,
     0x2000,
     VGA_GRAPHICS_SEGMENT},
    {0x0e,
     VGA_PLANES,
     80,
     25,
     8,
     4,
     COLOURS_16,
     0x63,
     {1, 15, 0, 6},
     CRTC_640(0xc0, 0, 0xe3),
     PLANES_GC,
     0x4000,
     VGA_GRAPHICS_SEGMENT},
    {0x0f,
     VGA_PLANES,
     80,
     25,
     14,
     4,
     COLOURS_MONO,
     0xa2,
     {1, 15, 0, 6},
     CRTC_350,
     PLANES_GC,
     0x8000,
     VGA_GRAPHICS_SEGMENT},
    {0x10,
     VGA_PLANES,
     80,
     25,
     14,
     4,
     COLOURS_TEXT,
     0xa3,
     {1, 15, 0, 6},
     CRTC_350,
     PLANES_GC,
     0x8000,
     VGA_GRAPHICS_SEGMENT},
    {0x11,
     VGA_PLANES,
     80,
     30,
     16,
     4,
     COLOURS_2,
     0xe3,
     {1, 15, 0, 6},
     CRTC_480,
     PLANES_GC,
     0xa000,
     VGA_GRAPHICS_SEGMENT},
    {0x12,
     VGA_PLANES,
     80,
     30,
     16,
     4,
     COLOURS_TEXT,
     0xe3,
     {1, 15, 0, 6},
     CRTC_480,
     PLANES_GC,
     0xa000,
     VGA_GRAPHICS_SEGMENT},
    {0x13,
     VGA_BYTES,
     40,
     25,
     8,
     8,
     COLOURS_256,
     0x63,
     {1, 15, 0, 14},
     CRTC_640(0x41, 0x40, 0xa3),
     BYTES_GC,
     0,
     VGA_GRAPHICS_SEGMENT},
};

/* The palettes of the attribute controller, and its registers 10h, 12h and 13h. */
static const uint8_t PALETTES[][19] = {
    [COLOURS_TEXT] = {0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
                      0x0c, 0x0f, 8},
    [COLOURS_MONO] = {0, 8, 8, 8, 8, 8, 8, 8, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x0e,
                      0x0f, 8},
    [COLOURS_CGA4] = {0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
                      0x17, 1, 3, 0},
    [COLOURS_CGA2] = {0, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17,
                      0x17, 0x17, 0x17, 1, 1, 0},
    [COLOURS_16] = {0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0x0f,
                    0},
    [COLOURS_2] = {0, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
                   0x3f, 0x3f, 1, 0x0f, 0},
    [COLOURS_256] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0x0f, 0},
};

static uint8_t current = 3; /* the mode that vga_set_mode() set last */

/* ---- registers ---- */

void vga_register(uint16_t index_port, uint8_t index, uint8_t value)
{
    out8(index_port, index);
    out8(index_port + 1, value);
}

uint8_t vga_read_register(uint16_t index_port, uint8_t index)
{
    out8(index_port, index);
    return in8(index_port + 1);
}

uint16_t vga_crtc_port(void)
{
    return in8(PORT_VGA + VGA_MISC_READ) & VGA_MISC_COLOR ? PORT_VGA + VGA_COLOR_CRTC_INDEX
                                                          : PORT_VGA + VGA_MONO_CRTC_INDEX;
}

static void select_attribute(uint8_t index)
{
    in8(vga_crtc_port() + (VGA_COLOR_STATUS1 - VGA_COLOR_CRTC_INDEX));
    out8(PORT_VGA + VGA_ATTRIBUTE, index);
}

/* The palette can be written only while the screen is off. */
void vga_set_attribute(uint8_t index, uint8_t value)
{
    select_attribute(index);
    out8(PORT_VGA + VGA_ATTRIBUTE, value);
    out8(PORT_VGA + VGA_ATTRIBUTE, VGA_AC_INDEX_VIDEO);
}

uint8_t vga_get_attribute(uint8_t index)
{
    select_attribute(index);
    uint8_t value = in8(PORT_VGA + VGA_ATTRIBUTE_READ);
    select_attribute(VGA_AC_INDEX_VIDEO);
    in8(vga_crtc_port() + (VGA_COLOR_STATUS1 - VGA_COLOR_CRTC_INDEX));
    return value;
}

bool vga_is_there(void)
{
    vga_register(GRAPHICS, VGA_GC_BIT_MASK, 0x5a);
    return vga_read_register(GRAPHICS, VGA_GC_BIT_MASK) == 0x5a;
}

const VgaMode *vga_mode(uint8_t number)
{
    for (unsigned i = 0; i < sizeof(MODES) / sizeof(MODES[0]); i++) {
        if (MODES[i].number == number) {
            return &MODES[i];
        }
    }
    return 0;
}

const VgaMode *vga_current(void)
{
    return vga_mode(current);
}

static void set_registers(const VgaMode *mode)
{
    out8(PORT_VGA + VGA_MISC_WRITE, mode->misc);
    out8(PORT_VGA + VGA_ENABLE, 1);
    vga_register(SEQUENCER, VGA_SEQ_RESET, 1);
    for (uint8_t i = 0; i < sizeof(mode->sequencer); i++) {
        vga_register(SEQUENCER, i + 1, mode->sequencer[i]);
    }
    vga_register(SEQUENCER, VGA_SEQ_RESET, 3);
    vga_register(vga_crtc_port(), CRTC_VSYNC_END, 0);
    for (uint8_t i = 0; i < sizeof(mode->crtc); i++) {
        vga_register(vga_crtc_port(), i, mode->crtc[i]);
    }
    for (uint8_t i = 0; i < sizeof(mode->graphics); i++) {
        vga_register(GRAPHICS, i, mode->graphics[i]);
    }
    const uint8_t *palette = PALETTES[mode->palette];
    for (uint8_t i = 0; i < 16; i++) {
        vga_set_attribute(i, palette[i]);
    }
    vga_set_attribute(VGA_AC_MODE, palette[16]);
    vga_set_attribute(VGA_AC_OVERSCAN, 0);
    vga_set_attribute(VGA_AC_PLANES, palette[17]);
    vga_set_attribute(VGA_AC_PAN, palette[18]);
    vga_set_attribute(VGA_AC_COLOR, 0);
}

/* ---- the colours of the DAC ---- */

void vga_set_dac(unsigned index, uint8_t red, uint8_t green, uint8_t blue)
{
    out8(PORT_VGA + VGA_DAC_WRITE_INDEX, (uint8_t)index);
    out8(PORT_VGA + VGA_DAC_DATA, red);
    out8(PORT_VGA + VGA_DAC_DATA, green);
    out8(PORT_VGA + VGA_DAC_DATA, blue);
}

/* Bits 0 to 2 of an EGA's colour are blue, green and red, and bits 3 to 5 their weaker parts. */
static uint8_t ega_component(unsigned colour, unsigned bit)
{
    return (uint8_t)((colour >> bit & 1) * 0x2a + (colour >> (bit + 3) & 1) * 0x15);
}

static void set_ega_colour(unsigned index, unsigned colour)
{
    vga_set_dac(index, ega_component(colour, 2), ega_component(colour, 1),
                ega_component(colour, 0));
}

/* The colour of a CGA with this number, as one of an EGA: bit 3 adds all weaker parts. */
static unsigned from_cga(unsigned colour)
{
    return colour == 6 ? 0x14 : (colour & 7) | (colour & 8 ? 0x38 : 0);
}

/* Nine circles of 24 colours: three brightnesses, each with three saturations. */
static void set_circles(void)
{
    static const uint8_t LEVELS[9][5] = {
        {0x00, 0x10, 0x1f, 0x2f, 0x3f}, {0x1f, 0x27, 0x2f, 0x37, 0x3f},
        {0x2d, 0x31, 0x36, 0x3a, 0x3f}, {0x00, 0x07, 0x0e, 0x15, 0x1c},
        {0x0e, 0x11, 0x15, 0x18, 0x1c}, {0x14, 0x16, 0x18, 0x1a, 0x1c},
        {0x00, 0x04, 0x08, 0x0c, 0x10}, {0x08, 0x0a, 0x0c, 0x0e, 0x10},
        {0x0b, 0x0c, 0x0d, 0x0f, 0x10}};
    /* The level of red on the way around the circle, from blue on. */
    static const uint8_t RED[24] = {0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4,
                                    4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    for (unsigned i = 0; i < 9 * 24; i++) {
        const uint8_t *levels = LEVELS[i / 24];
        const unsigned at = i % 24;
        vga_set_dac(32 + i, levels[RED[at]], levels[RED[(at + 16) % 24]],
                    levels[RED[(at + 8) % 24]]);
    }
}

static void set_256_colours(void)
{
    static const uint8_t GREYS[16] = {0x00, 0x05, 0x08, 0x0b, 0x0e, 0x11, 0x14, 0x18,
                                      0x1c, 0x20, 0x24, 0x28, 0x2d, 0x32, 0x38, 0x3f};
    for (unsigned i = 0; i < 16; i++) {
        set_ega_colour(i, from_cga(i));
        vga_set_dac(16 + i, GREYS[i], GREYS[i], GREYS[i]);
    }
    set_circles();
    for (unsigned i = 248; i < 256; i++) {
        vga_set_dac(i, 0, 0, 0);
    }
}

/* Modes with the colours of a CGA use the 16 colours of bits 0 to 2 and 4. */
static void set_colours(const VgaMode *mode)
{
    const bool cga = mode->palette == COLOURS_CGA4 || mode->palette == COLOURS_CGA2 ||
                     mode->palette == COLOURS_16;
    out8(PORT_VGA + VGA_DAC_MASK, 0xff);
    if (mode->palette == COLOURS_256) {
        set_256_colours();
        return;
    }
    for (unsigned i = 0; i < 64; i++) {
        set_ega_colour(i, cga ? from_cga((i & 7) | (i & 0x10) >> 1) : i);
    }
}

/* ---- fonts ---- */

VgaFont vga_font(unsigned height)
{
    const void *font = height == 16   ? (const void *)FONT_8X16
                       : height == 14 ? (const void *)FONT_8X14
                                      : (const void *)FONT_8X8;
    return (VgaFont){height == 14 ? BIOS_SEGMENT : BIOS_DATA_SEGMENT, (uint16_t)(uint32_t)font,
                     (uint8_t)height};
}

/* Plane 2 is at sequential addresses meanwhile. */
void vga_load_font(const VgaFont *font, unsigned block, unsigned first, unsigned count)
{
    const uint16_t start = (uint16_t)((block & 3) << 14 | (block & 4) << 11);
    const uint8_t misc = vga_read_register(GRAPHICS, VGA_GC_MISC);
    vga_register(SEQUENCER, VGA_SEQ_MAP_MASK, 4);
    vga_register(SEQUENCER, VGA_SEQ_MEMORY, 6);
    vga_register(GRAPHICS, VGA_GC_MODE, 0);
    vga_register(GRAPHICS, VGA_GC_MISC, 4);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned line = 0; line < 32; line++) {
            const uint16_t from = (uint16_t)(font->offset + i * font->height + line);
            const uint8_t dots = line < font->height ? far_read8(font->segment, from) : 0;
            far_write8(VGA_GRAPHICS_SEGMENT, (uint16_t)(start + (first + i) * 32 + line), dots);
        }
    }
    vga_register(SEQUENCER, VGA_SEQ_MAP_MASK, 3);
    vga_register(SEQUENCER, VGA_SEQ_MEMORY, 2);
    vga_register(GRAPHICS, VGA_GC_MODE, 0x10);
    vga_register(GRAPHICS, VGA_GC_MISC, misc);
}

/* The cursor is the last but one line, and the line below it. */
void vga_set_height(unsigned height)
{
    const uint16_t crtc = vga_crtc_port();
    const uint8_t scan = vga_read_register(crtc, CRTC_MAX_SCAN_LINE);
    const unsigned lines = (vga_read_register(crtc, CRTC_VDISPLAY_END) |
                            (vga_read_register(crtc, CRTC_OVERFLOW) & 0x02) << 7 |
                            (vga_read_register(crtc, CRTC_OVERFLOW) & 0x40) << 3) +
                           1u;
    vga_register(crtc, CRTC_MAX_SCAN_LINE, (uint8_t)((scan & 0xe0) | (height - 1)));
    BDA->video_rows = (uint8_t)(lines / height - 1);
    BDA->character_height = (uint16_t)height;
    BDA->cursor_shape = (uint16_t)((height - 2) << 8 | (height - 1));
    vga_register(crtc, CRTC_CURSOR_START, (uint8_t)(height - (height > 8 ? 3 : 2)));
    vga_register(crtc, CRTC_CURSOR_END, (uint8_t)(height - (height > 8 ? 2 : 1)));
}

/* ---- setting a mode ---- */

void vga_show_cursor_at(uint16_t offset)
{
    vga_register(vga_crtc_port(), CRTC_CURSOR_HIGH, (uint8_t)(offset >> 8));
    vga_register(vga_crtc_port(), CRTC_CURSOR_LOW, (uint8_t)offset);
}

static void clear_memory(const VgaMode *mode)
{
    const uint16_t blank = mode->layout == VGA_TEXT ? 0x0720 : 0;
    const unsigned words = mode->segment == VGA_GRAPHICS_SEGMENT ? 0x8000 : 0x4000;
    for (unsigned i = 0; i < words; i++) {
        far_write16(mode->segment, (uint16_t)(2 * i), blank);
    }
}

static void set_variables(const VgaMode *mode)
{
    BDA->video_mode = mode->number;
    BDA->video_columns = mode->columns;
    BDA->video_page_size = mode->page_size;
    BDA->video_page_start = 0;
    BDA->video_page = 0;
    BDA->crtc_port = vga_crtc_port();
    BDA->video_rows = mode->rows - 1;
    BDA->character_height = mode->height;
    BDA->cursor_shape = 0x0607;
    BDA->ega_info[0] = 0x60; /* 256 KiB */
    BDA->ega_info[1] = 0xf9;
    BDA->ega_info[2] = 0x51; /* 400 lines, and a VGA is active */
    BDA->ega_info[3] = 0x08; /* a VGA with a colour screen */
    for (unsigned i = 0; i < 8; i++) {
        BDA->cursor[i] = 0;
    }
}

void vga_set_mode(const VgaMode *mode, bool clear)
{
    out16(PORT_DISPI, DISPI_ENABLE);
    out16(PORT_DISPI + DISPI_DATA, 0);
    set_registers(mode);
    set_colours(mode);
    current = mode->number;
    if (mode->layout == VGA_TEXT) {
        const VgaFont font = vga_font(16);
        vga_load_font(&font, 0, 0, 256);
    }
    if (clear) {
        clear_memory(mode);
    }
    set_variables(mode);
    const VgaFont font = vga_font(mode->height), small = vga_font(8);
    IVT[0x43].segment = font.segment;
    IVT[0x43].offset = font.offset;
    IVT[0x1f].segment = small.segment;
    IVT[0x1f].offset = (uint16_t)(small.offset + 128 * 8);
}
