/* A VGA on the rig, in text mode: its registers, its window and its picture. */
#ifndef PIOEMU_TEST_VGA_RIG_H
#define PIOEMU_TEST_VGA_RIG_H

#include "devices/display/crtc_regs.h"
#include "devices/display/vga_regs.h"
#include "src/device/surface.h"
#include "tests/unit/rig.h"

#define VGA_BASE   0x3b0
#define DISPI_BASE 0x1ce
#define WINDOW     0xa0000u
#define GRAPHICS   0xa0000u
#define TEXT       0xb8000u

typedef struct VgaRig {
    Rig *rig;
    Device *dev;
    SurfacePicture picture;
} VgaRig;

static inline void vga_set_up(VgaRig *f, gconstpointer data)
{
    (void)data;
    f->rig = rig_new();
    rig_memory(f->rig);
    f->dev = rig_device(f->rig, "VGA", "after-bios=on");
}

static inline void vga_tear_down(VgaRig *f, gconstpointer data)
{
    (void)data;
    surface_picture_clear(&f->picture);
    rig_free(f->rig);
}

static inline void vga_out(VgaRig *f, unsigned port, uint8_t value)
{
    rig_outb(f->rig, (uint16_t)(VGA_BASE + port), value);
}

static inline uint8_t vga_in(VgaRig *f, unsigned port)
{
    return rig_inb(f->rig, (uint16_t)(VGA_BASE + port));
}

/* Writes a register behind an index. */
static inline void vga_set(VgaRig *f, unsigned index_port, uint8_t index, uint8_t value)
{
    vga_out(f, index_port, index);
    vga_out(f, index_port + 1, value);
}

static inline uint8_t vga_get(VgaRig *f, unsigned index_port, uint8_t index)
{
    vga_out(f, index_port, index);
    return vga_in(f, index_port + 1);
}

static inline void vga_seq(VgaRig *f, uint8_t index, uint8_t value)
{
    vga_set(f, VGA_SEQUENCER_INDEX, index, value);
}

static inline void vga_gc(VgaRig *f, uint8_t index, uint8_t value)
{
    vga_set(f, VGA_GRAPHICS_INDEX, index, value);
}

static inline void vga_crtc(VgaRig *f, uint8_t index, uint8_t value)
{
    vga_set(f, VGA_COLOR_CRTC_INDEX, index, value);
}

/* Writes a register of the attribute controller, and leaves the screen on. */
static inline void vga_attribute(VgaRig *f, uint8_t index, uint8_t value)
{
    vga_in(f, VGA_COLOR_STATUS1);
    vga_out(f, VGA_ATTRIBUTE, index);
    vga_out(f, VGA_ATTRIBUTE, value);
    vga_out(f, VGA_ATTRIBUTE, VGA_AC_INDEX_VIDEO);
}

static inline void vga_dispi(VgaRig *f, uint16_t index, uint16_t value)
{
    rig_out(f->rig, DISPI_BASE, index, 2);
    rig_out(f->rig, DISPI_BASE + 1, value, 2);
}

static inline uint16_t vga_dispi_in(VgaRig *f, uint16_t index)
{
    rig_out(f->rig, DISPI_BASE, index, 2);
    return (uint16_t)rig_in(f->rig, DISPI_BASE + 1, 2);
}

/* Whether the CPU reaches the byte without a call of the device. */
static inline bool vga_is_seen(VgaRig *f, uint32_t address)
{
    uint8_t byte;
    return memory_read(rig_memory(f->rig), address, &byte, 1);
}

/* What a CPU does: memory first, then the bus. */
static inline void vga_poke(VgaRig *f, uint32_t address, uint8_t value)
{
    if (!memory_write(rig_memory(f->rig), address, &value, 1)) {
        rig_write(f->rig, address, value, 1);
    }
}

static inline uint8_t vga_peek(VgaRig *f, uint32_t address)
{
    uint8_t value;
    return memory_read(rig_memory(f->rig), address, &value, 1)
               ? value
               : (uint8_t)rig_read(f->rig, address, 1);
}

static inline const SurfacePicture *vga_look(VgaRig *f)
{
    device_take_picture(f->dev, true, &f->picture);
    return &f->picture;
}

static inline uint32_t vga_pixel(VgaRig *f, unsigned x, unsigned y)
{
    const SurfacePicture *picture = vga_look(f);
    return picture->pixels[y * picture->shape.width + x];
}

/* The registers of mode 12h (640 x 480, 16 colours) as far as the CPU's accesses matter. */
static inline void vga_set_planar(VgaRig *f)
{
    vga_seq(f, VGA_SEQ_MAP_MASK, 0x0f);
    vga_seq(f, VGA_SEQ_MEMORY, 0x06);
    vga_gc(f, VGA_GC_MODE, 0x00);
    vga_gc(f, VGA_GC_MISC, 0x05);
}

/* The registers of mode 13h: 320 x 200 with 256 colours, twice as large on the screen. */
static inline void vga_set_chained(VgaRig *f)
{
    static const uint8_t CRTC[] = {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00,
                                   0x41, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x0e,
                                   0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff};
    vga_seq(f, VGA_SEQ_CLOCKING, 0x01);
    vga_seq(f, VGA_SEQ_MAP_MASK, 0x0f);
    vga_seq(f, VGA_SEQ_MEMORY, 0x0e);
    vga_gc(f, VGA_GC_MODE, 0x40);
    vga_gc(f, VGA_GC_MISC, 0x05);
    vga_crtc(f, CRTC_VSYNC_END, 0);
    for (uint8_t i = 0; i < sizeof(CRTC); i++) {
        vga_crtc(f, i, CRTC[i]);
    }
}

#endif
