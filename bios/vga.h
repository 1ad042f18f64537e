/* The VGA: its modes, and INT 10h on it. */
#ifndef PIOEMU_BIOS_VGA_H
#define PIOEMU_BIOS_VGA_H

#include "bios/bios.h"

#define VGA_GRAPHICS_SEGMENT 0xa000
#define VGA_COLOR_SEGMENT    0xb800
#define VGA_MONO_SEGMENT     0xb000

/* How the pixels of a mode lie in memory. */
typedef enum VgaLayout { VGA_TEXT, VGA_CGA, VGA_PLANES, VGA_BYTES } VgaLayout;

typedef struct VgaMode {
    uint8_t number;
    uint8_t layout; /* VgaLayout */
    uint8_t columns, rows, height;
    uint8_t bits;    /* of a pixel, in a mode of the CGA */
    uint8_t palette; /* index into the palettes of the attribute controller */
    uint8_t misc, sequencer[4], crtc[25], graphics[9];
    uint16_t page_size, segment;
} VgaMode;

/* Whether there is a VGA. */
bool vga_is_there(void);
/* The mode of this number, or NULL. */
const VgaMode *vga_mode(uint8_t number);
/* The current mode.  In modes that INT 10h does not know it is the last one that it did. */
const VgaMode *vga_current(void);
/* Sets the registers, the palette, the font and the BIOS's variables.  `clear`: and the memory. */
void vga_set_mode(const VgaMode *mode, bool clear);
void vga_register(uint16_t index_port, uint8_t index, uint8_t value);
uint8_t vga_read_register(uint16_t index_port, uint8_t index);
/* The attribute controller, whose port takes index and data in turn. */
void vga_set_attribute(uint8_t index, uint8_t value);
uint8_t vga_get_attribute(uint8_t index);
uint16_t vga_crtc_port(void);

/* A font in memory. */
typedef struct VgaFont {
    uint16_t segment, offset;
    uint8_t height;
} VgaFont;

VgaFont vga_font(unsigned height);
/* Loads characters into a font of text modes; `block` is 0 to 7. */
void vga_load_font(const VgaFont *font, unsigned block, unsigned first, unsigned count);
/* Makes rows of this height: the number of rows and the cursor follow. */
void vga_set_height(unsigned height);
void vga_show_cursor_at(uint16_t offset);
void vga_set_dac(unsigned index, uint8_t red, uint8_t green, uint8_t blue);

/* AH = 0Eh on the page that shows. */
void vga_teletype(uint8_t character);
/* INT 10h. */
void vga_service(Regs *regs);
/* Its functions for the palette, and AH = 4Fh. */
void vga_palette_service(Regs *regs);

/* ---- graphics ---- */

void vga_draw_character(unsigned row, unsigned column, uint8_t character, uint8_t colour);
void vga_write_pixel(unsigned x, unsigned y, uint8_t colour);
uint8_t vga_read_pixel(unsigned x, unsigned y);
/* Copies or clears `count` character cells of a row. */
void vga_copy_cells(unsigned to_row, unsigned from_row, unsigned column, unsigned count);
void vga_clear_cells(unsigned row, unsigned column, unsigned count, uint8_t colour);

#endif
