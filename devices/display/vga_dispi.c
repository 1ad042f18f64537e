/*
 * The Bochs display interface of the VGA: modes of 4 to 32 bits for each pixel in one
 * linear memory, after Bochs' "VBE DISPI interface" (vbe.h and its documentation).
 *
 * An impossible mode is not switched on.
 */
#include "devices/display/vga_internal.h"

#include <string.h>

#define MEMORY_64K (VGA_MEMORY_SIZE / DISPI_BANK_SIZE)

static uint64_t pitch_of(unsigned width, unsigned bpp)
{
    return bpp == 4 ? width / 8 : (uint64_t)width * ((bpp + 7) / 8);
}

/* The number of bytes that rows can share: a row of 4 bits is in four planes. */
static uint64_t room(const Vga *v)
{
    return v->dispi[DISPI_BPP] == 4 ? VGA_MEMORY_SIZE / VGA_PLANES : VGA_MEMORY_SIZE;
}

uint32_t vga_dispi_pitch(const Vga *v)
{
    return (uint32_t)pitch_of(v->dispi[DISPI_VIRTUAL_WIDTH], v->dispi[DISPI_BPP]);
}

static bool is_depth(unsigned bpp)
{
    return bpp == 4 || bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

/* Whether a screen of this virtual width fits. */
static bool fits(const Vga *v, unsigned width)
{
    const uint16_t *d = v->dispi;
    return d[DISPI_XRES] >= VGA_CELL_DOTS && d[DISPI_XRES] <= SURFACE_SIDE_MAX && d[DISPI_YRES] &&
           d[DISPI_YRES] <= SURFACE_SIDE_MAX && is_depth(d[DISPI_BPP]) && width >= d[DISPI_XRES] &&
           !(width % VGA_CELL_DOTS) && pitch_of(width, d[DISPI_BPP]) * d[DISPI_YRES] <= room(v);
}

static uint16_t virtual_height(const Vga *v)
{
    const uint64_t rows = room(v) / vga_dispi_pitch(v);
    return (uint16_t)(rows < UINT16_MAX ? rows : UINT16_MAX);
}

bool vga_dispi_is_sound(const Vga *v)
{
    const uint16_t *d = v->dispi;
    return d[DISPI_BANK] < MEMORY_64K &&
           (!vga_dispi_is_on(v) ||
            (fits(v, d[DISPI_VIRTUAL_WIDTH]) && d[DISPI_VIRTUAL_HEIGHT] == virtual_height(v) &&
             d[DISPI_X_OFFSET] + d[DISPI_XRES] <= d[DISPI_VIRTUAL_WIDTH] &&
             d[DISPI_Y_OFFSET] + d[DISPI_YRES] <= d[DISPI_VIRTUAL_HEIGHT]));
}

/* ---- switching on ---- */

/* The VGA's registers change, too: banks of the memory are seen in its window. */
static void set_registers(Vga *v)
{
    uint8_t *g = v->graphics;
    g[VGA_GC_MISC] = VGA_GC_MISC_GRAPHICS | 1 << VGA_GC_MISC_MAP_SHIFT;
    g[VGA_GC_MODE] = v->dispi[DISPI_BPP] == 4 ? 0 : VGA_GC_MODE_256;
    v->sequencer[VGA_SEQ_MAP_MASK] = 0xf;
    v->sequencer[VGA_SEQ_MEMORY] |= VGA_SEQ_MEMORY_SEQUENTIAL;
    if (v->dispi[DISPI_BPP] == 4) {
        v->sequencer[VGA_SEQ_MEMORY] &= (uint8_t)~VGA_SEQ_MEMORY_CHAIN4;
    } else {
        v->sequencer[VGA_SEQ_MEMORY] |= VGA_SEQ_MEMORY_CHAIN4;
    }
    v->crtc[CRTC_MODE] |= CRTC_MODE_SCAN13 | CRTC_MODE_SCAN14;
    v->sequencer[VGA_SEQ_CLOCKING] &= (uint8_t)~VGA_SEQ_CLOCKING_HALF;
}

static void switch_on(Vga *v, bool clears)
{
    uint16_t *d = v->dispi;
    d[DISPI_VIRTUAL_WIDTH] = d[DISPI_XRES];
    d[DISPI_X_OFFSET] = d[DISPI_Y_OFFSET] = 0;
    d[DISPI_VIRTUAL_HEIGHT] = virtual_height(v);
    set_registers(v);
    vga_update_view(v);
    if (clears) {
        const uint32_t planes = d[DISPI_BPP] == 4 ? VGA_PLANES : 1;
        memset(v->memory, 0, (size_t)planes * vga_dispi_pitch(v) * d[DISPI_YRES]);
    }
}

static void set_enable(Vga *v, uint16_t value)
{
    const bool was_on = vga_dispi_is_on(v);
    bool on = value & DISPI_ENABLE_ON;
    if (on && !was_on && !fits(v, v->dispi[DISPI_XRES])) {
        pio_guest_error(v->dev, "dispi", "there is no mode of %u x %u with %u bits",
                        v->dispi[DISPI_XRES], v->dispi[DISPI_YRES], v->dispi[DISPI_BPP]);
        on = false;
    }
    v->dispi[DISPI_ENABLE] = (uint16_t)((value & ~DISPI_ENABLE_ON) | (on ? DISPI_ENABLE_ON : 0));
    v->dispi[DISPI_BANK] = 0;
    if (on && !was_on) {
        switch_on(v, !(value & DISPI_ENABLE_NO_CLEAR));
    }
    vga_update_view(v);
}

/* ---- registers ---- */

static void set_virtual_width(Vga *v, uint16_t value)
{
    value &= (uint16_t) ~(VGA_CELL_DOTS - 1);
    v->dispi[DISPI_VIRTUAL_WIDTH] = fits(v, value) ? value : v->dispi[DISPI_XRES];
    v->dispi[DISPI_VIRTUAL_HEIGHT] = virtual_height(v);
    v->dispi[DISPI_X_OFFSET] = v->dispi[DISPI_Y_OFFSET] = 0;
}

/* The screen stays within the memory. */
static void set_offset(Vga *v, unsigned index, uint16_t value)
{
    const uint16_t *d = v->dispi;
    const uint32_t most = index == DISPI_X_OFFSET
                              ? (uint32_t)d[DISPI_VIRTUAL_WIDTH] - d[DISPI_XRES]
                              : (uint32_t)d[DISPI_VIRTUAL_HEIGHT] - d[DISPI_YRES];
    v->dispi[index] = (uint16_t)(value < most ? value : most);
}

/* The mode and its geometry change only while the interface is off, as in Bochs. */
void vga_dispi_set(Vga *v, unsigned index, uint16_t value)
{
    const bool on = vga_dispi_is_on(v);
    switch (index) {
    case DISPI_ID:
        if (value >= DISPI_ID_OLDEST && value <= DISPI_ID_NEWEST) {
            v->dispi[index] = value;
        }
        break;
    case DISPI_XRES:
        v->dispi[index] = on ? v->dispi[index] : value & (uint16_t) ~(VGA_CELL_DOTS - 1);
        break;
    case DISPI_YRES:
    case DISPI_BPP:
        v->dispi[index] = on ? v->dispi[index] : value;
        break;
    case DISPI_ENABLE:
        set_enable(v, value);
        break;
    case DISPI_BANK:
        v->dispi[index] = value % MEMORY_64K;
        vga_update_view(v);
        break;
    case DISPI_VIRTUAL_WIDTH:
        if (on) {
            set_virtual_width(v, value);
        }
        break;
    case DISPI_X_OFFSET:
    case DISPI_Y_OFFSET:
        if (on) {
            set_offset(v, index, value);
        }
        break;
    default:
        break;
    }
}

uint16_t vga_dispi_get(const Vga *v, unsigned index)
{
    if (v->dispi[DISPI_ENABLE] & DISPI_ENABLE_GETCAPS) {
        switch (index) {
        case DISPI_XRES:
        case DISPI_YRES:
            return SURFACE_SIDE_MAX;
        case DISPI_BPP:
            return 32;
        default:
            break;
        }
    }
    if (index == DISPI_MEMORY_64K) {
        return MEMORY_64K;
    }
    return index < DISPI_REGISTERS ? v->dispi[index] : 0;
}

void vga_dispi_reset(Vga *v)
{
    memset(v->dispi, 0, sizeof(v->dispi));
    v->dispi[DISPI_ID] = DISPI_ID_NEWEST;
    v->dispi_index = 0;
}

/* ---- the ports ---- */

static uint64_t dispi_read(void *state, uint64_t offset, unsigned size)
{
    const Vga *v = state;
    const bool data = offset == DISPI_DATA || offset == DISPI_DATA2;
    if (size < 2 || offset > DISPI_DATA2) {
        return UINT64_MAX;
    }
    return data ? vga_dispi_get(v, v->dispi_index) : v->dispi_index;
}

static void dispi_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Vga *v = state;
    if (size < 2) {
        return;
    }
    if (offset == DISPI_INDEX) {
        v->dispi_index = (uint16_t)value;
    } else if (offset <= DISPI_DATA2) {
        vga_dispi_set(v, v->dispi_index, (uint16_t)value);
    }
}

const IoOps VGA_DISPI_OPS = {.read = dispi_read, .write = dispi_write, .max_size = 2};
