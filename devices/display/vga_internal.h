/* What the files of the VGA share: its state, and their functions by file. */
#ifndef PIOEMU_DEVICES_DISPLAY_VGA_INTERNAL_H
#define PIOEMU_DEVICES_DISPLAY_VGA_INTERNAL_H

#include "devices/device.h"
#include "devices/display/crtc_regs.h"
#include "devices/display/vga_regs.h"
#include "devices/ram.h"
#include "devices/surface.h"

#define VGA_MEMORY_SIZE 0x1000000u
#define VGA_PLANE_SIZE  0x10000u /* of a VGA without DISPI */
#define VGA_WINDOW_SIZE 0x20000u
#define VGA_TEXT_SIZE   0x8000u
#define VGA_PLANES      4u
#define VGA_TEXT_PLANES 2u
#define VGA_CELL_DOTS   8u

/* The indices of the device's tables. */
enum { VGA_RAM_VIDEO, VGA_RAM_TEXT };
enum { VGA_REGION_PORTS, VGA_REGION_DISPI, VGA_REGION_WINDOW };

/* What the CPU sees at 0xa0000 to 0xbffff without a call of the device. */
typedef enum VgaView {
    VGA_VIEW_NONE,
    VGA_VIEW_TEXT,  /* the cells, in memory of their own */
    VGA_VIEW_LINEAR /* the video memory itself */
} VgaView;

typedef struct Vga {
    Device *dev;

    /* Registers. */
    uint8_t misc, feature, enabled;
    uint8_t sequencer_index, sequencer[VGA_SEQ_REGISTERS];
    uint8_t crtc_index, crtc[CRTC_REGISTERS];
    uint8_t graphics_index, graphics[VGA_GC_REGISTERS];
    uint8_t attribute_index, attribute[VGA_AC_REGISTERS];
    uint8_t dac_mask, dac_state, dac_read, dac_write, dac[3 * VGA_DAC_COLOURS];
    uint16_t dispi_index, dispi[DISPI_REGISTERS];

    /* Hidden latches. */
    bool attribute_data;  /* the next write of the attribute port is data */
    uint8_t dac_step;     /* the colour component that the next access concerns */
    uint8_t dac_latch[2]; /* the components that were written before the last one */
    uint8_t latch[VGA_PLANES];
    /* The view, and the part of the window and of the video memory that it shows. */
    uint8_t view;
    uint32_t view_offset, view_size, view_from;

    uint16_t iobase, dispi_port;
    uint32_t window_base, linear_base;
    bool after_bios;
    uint8_t *memory; /* plane p of address a is at 4 * a + p */
    uint8_t *text;   /* while the view is VGA_VIEW_TEXT: what its bytes of planes 0 and 1 are */
} Vga;

static inline bool vga_dispi_is_on(const Vga *v)
{
    return v->dispi[DISPI_ENABLE] & DISPI_ENABLE_ON;
}

/* ---- what the classes of vga.c and isa_vga.c share; vga_ports.c ---- */

extern const DeviceField VGA_FIELDS[];
extern const IoOps VGA_PORT_OPS, VGA_DISPI_OPS, VGA_WINDOW_OPS;
extern const SurfaceClient VGA_SURFACE;
uint8_t vga_port_read(Vga *v, unsigned port);
void vga_port_write(Vga *v, unsigned port, uint8_t value);
const char *vga_register_name(const void *state, uint64_t offset, bool write);
void vga_reset(void *state);
bool vga_post_load(void *state);
void vga_describe(const void *state, char *text, size_t size);

/* ---- vga_dispi.c ---- */

uint16_t vga_dispi_get(const Vga *v, unsigned index);
void vga_dispi_set(Vga *v, unsigned index, uint16_t value);
void vga_dispi_reset(Vga *v);
bool vga_dispi_is_sound(const Vga *v);
/* Bytes of a row of the virtual screen. */
uint32_t vga_dispi_pitch(const Vga *v);

/* ---- vga_memory.c ---- */

/* A byte of a plane, wherever it is now.  The address wraps at the end of the plane. */
uint8_t vga_plane(const Vga *v, unsigned plane, uint32_t address);
/* A register that matters for the view has changed. */
void vga_update_view(Vga *v);
/* Shows the view again, after a load. */
bool vga_restore_view(Vga *v);

/* ---- vga_mode.c ---- */

/* What a BIOS leaves: text of 80 columns and 25 rows, with a font and a palette. */
void vga_set_text_mode(Vga *v);
/* Times of the beam: what input status 1 shows. */
uint8_t vga_beam(const Vga *v, uint64_t now);

/* ---- vga_screen.c: the form of the screen ---- */

/* The scan lines of the picture, and where the address counter is at each. */
typedef struct VgaLine {
    unsigned address; /* of the first character, in units of the address counter */
    unsigned scan;    /* the line within the row of characters */
    unsigned pan;     /* dots by which the line is shifted to the left */
} VgaLine;

unsigned vga_line_compare(const Vga *v);
unsigned vga_cell_height(const Vga *v);
VgaLine vga_line(const Vga *v, unsigned y);
/* The address of a plane that the address counter selects at a scan line. */
uint32_t vga_address(const Vga *v, unsigned counter, unsigned scan);
/* 0xRRGGBB of a colour of the DAC; of one of the 16 colours. */
uint32_t vga_dac_colour(const Vga *v, uint8_t index);
uint32_t vga_colour(const Vga *v, unsigned colour);

/* ---- vga_text.c and vga_draw.c ---- */

void vga_cells(const void *state, const SurfaceShape *shape, SurfaceCell *cells);
void vga_draw_text(const Vga *v, uint64_t now, const SurfaceShape *shape, uint32_t *pixels);
void vga_draw_graphics(const Vga *v, const SurfaceShape *shape, uint32_t *pixels);
void vga_draw_dispi(const Vga *v, const SurfaceShape *shape, uint32_t *pixels);

#endif
