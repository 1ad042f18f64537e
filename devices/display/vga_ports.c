/*
 * A VGA's ports, after the IBM PS/2 Hardware Interface Technical Reference, "Video
 * Subsystem": the general registers, sequencer, CRT controller, graphics controller,
 * attribute controller and DAC; reset, and what is saved.
 */
#include "devices/display/vga_internal.h"

#include <stdio.h>
#include <string.h>

#define CRTC_INDEX_BITS      0x3f
#define GRAPHICS_INDEX_BITS  0x0f
#define SEQUENCER_INDEX_BITS 0x07
#define DAC_BITS             0x3f

/* The bits that exist of each register. */
static const uint8_t SEQUENCER_BITS[VGA_SEQ_REGISTERS] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};
static const uint8_t GRAPHICS_BITS[VGA_GC_REGISTERS] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03,
                                                        0x7b, 0x0f, 0x0f, 0xff};
static const uint8_t ATTRIBUTE_BITS[VGA_AC_REGISTERS] = {0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
                                                         0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
                                                         0x3f, 0x3f, 0xef, 0xff, 0x3f, 0x0f, 0x0f};

static bool is_color(const Vga *v)
{
    return v->misc & VGA_MISC_COLOR;
}

/* ---- the DAC ---- */

static uint8_t dac_bits(const Vga *v)
{
    return v->dispi[DISPI_ENABLE] & DISPI_ENABLE_8BIT_DAC ? 0xff : DAC_BITS;
}

static uint8_t read_dac(Vga *v)
{
    const uint8_t value = v->dac[3 * v->dac_read + v->dac_step] & dac_bits(v);
    v->dac_step++;
    if (v->dac_step == 3) {
        v->dac_step = 0;
        v->dac_read++;
    }
    return value;
}

/* A colour changes when its third component is written. */
static void write_dac(Vga *v, uint8_t value)
{
    value &= dac_bits(v);
    if (v->dac_step < 2) {
        v->dac_latch[v->dac_step++] = value;
        return;
    }
    uint8_t *colour = &v->dac[3 * v->dac_write++];
    memcpy(colour, v->dac_latch, 2);
    colour[2] = value;
    v->dac_step = 0;
}

static void set_dac_index(Vga *v, uint8_t value, bool read)
{
    *(read ? &v->dac_read : &v->dac_write) = value;
    v->dac_state = read ? VGA_DAC_STATE_READ : VGA_DAC_STATE_WRITE;
    v->dac_step = 0;
}

/* ---- the controllers with an index ---- */

static void write_sequencer(Vga *v, uint8_t value)
{
    if (v->sequencer_index < VGA_SEQ_REGISTERS) {
        v->sequencer[v->sequencer_index] = value & SEQUENCER_BITS[v->sequencer_index];
        vga_update_view(v);
    }
}

static void write_graphics(Vga *v, uint8_t value)
{
    if (v->graphics_index < VGA_GC_REGISTERS) {
        v->graphics[v->graphics_index] = value & GRAPHICS_BITS[v->graphics_index];
        vga_update_view(v);
    }
}

/*
 * "Protect Registers 0-7": the bits that cannot be written.  One bit of the
 * overflow register still can.
 */
static uint8_t protected_bits(const Vga *v)
{
    if (v->crtc_index > CRTC_OVERFLOW || !(v->crtc[CRTC_VSYNC_END] & CRTC_VSYNC_END_PROTECT)) {
        return 0;
    }
    return v->crtc_index == CRTC_OVERFLOW ? (uint8_t)~CRTC_OVERFLOW_LINE_COMPARE : 0xff;
}

static void write_crtc(Vga *v, uint8_t value)
{
    if (v->crtc_index < CRTC_REGISTERS) {
        const uint8_t kept = protected_bits(v);
        uint8_t *r = &v->crtc[v->crtc_index];
        *r = (uint8_t)((*r & kept) | (value & ~kept));
    }
}

/* The same port takes the index and the data in turn.  The palette is protected while it shows. */
static void write_attribute(Vga *v, uint8_t value)
{
    const unsigned index = v->attribute_index & VGA_AC_INDEX_MASK;
    if (!v->attribute_data) {
        v->attribute_index = value & (VGA_AC_INDEX_MASK | VGA_AC_INDEX_VIDEO);
    } else if (index < VGA_AC_REGISTERS &&
               !(index < VGA_AC_MODE && v->attribute_index & VGA_AC_INDEX_VIDEO)) {
        v->attribute[index] = value & ATTRIBUTE_BITS[index];
    }
    v->attribute_data = !v->attribute_data;
}

static uint8_t read_attribute(const Vga *v)
{
    const unsigned index = v->attribute_index & VGA_AC_INDEX_MASK;
    return index < VGA_AC_REGISTERS ? v->attribute[index] : 0;
}

/* A read of input status 1 also makes the next write of the attribute port an index. */
static uint8_t read_status1(Vga *v)
{
    v->attribute_data = false;
    return vga_beam(v, pio_now(v->dev));
}

/* ---- the ports ---- */

static uint8_t read_common(Vga *v, unsigned port)
{
    switch (port) {
    case VGA_ATTRIBUTE:
        return v->attribute_index;
    case VGA_ATTRIBUTE_READ:
        return read_attribute(v);
    case VGA_MISC_WRITE:
        return VGA_STATUS0_SENSE;
    case VGA_ENABLE:
        return v->enabled;
    case VGA_SEQUENCER_INDEX:
        return v->sequencer_index;
    case VGA_SEQUENCER_DATA:
        return v->sequencer_index < VGA_SEQ_REGISTERS ? v->sequencer[v->sequencer_index] : 0;
    case VGA_DAC_MASK:
        return v->dac_mask;
    case VGA_DAC_READ_INDEX:
        return v->dac_state;
    case VGA_DAC_WRITE_INDEX:
        return v->dac_write;
    case VGA_DAC_DATA:
        return read_dac(v);
    case VGA_FEATURE_READ:
        return v->feature;
    case VGA_MISC_READ:
        return v->misc;
    case VGA_GRAPHICS_INDEX:
        return v->graphics_index;
    case VGA_GRAPHICS_DATA:
        return v->graphics_index < VGA_GC_REGISTERS ? v->graphics[v->graphics_index] : 0;
    default:
        return 0xff;
    }
}

/* The CRT controller and input status 1 are in one of two places. */
uint8_t vga_port_read(Vga *v, unsigned port)
{
    const unsigned moved = is_color(v) ? port : port + (VGA_COLOR_CRTC_INDEX - VGA_MONO_CRTC_INDEX);
    switch (moved) {
    case VGA_COLOR_CRTC_INDEX:
        return v->crtc_index;
    case VGA_COLOR_CRTC_DATA:
        return v->crtc_index < CRTC_REGISTERS ? v->crtc[v->crtc_index] : 0;
    case VGA_COLOR_STATUS1:
        return read_status1(v);
    default:
        return read_common(v, port);
    }
}

static void write_common(Vga *v, unsigned port, uint8_t value)
{
    switch (port) {
    case VGA_ATTRIBUTE:
    case VGA_ATTRIBUTE_READ:
        write_attribute(v, value);
        break;
    case VGA_MISC_WRITE:
        v->misc = value & 0xef;
        vga_update_view(v);
        break;
    case VGA_ENABLE:
        v->enabled = value & 1;
        break;
    case VGA_SEQUENCER_INDEX:
        v->sequencer_index = value & SEQUENCER_INDEX_BITS;
        break;
    case VGA_SEQUENCER_DATA:
        write_sequencer(v, value);
        break;
    case VGA_DAC_MASK:
        v->dac_mask = value;
        break;
    case VGA_DAC_READ_INDEX:
    case VGA_DAC_WRITE_INDEX:
        set_dac_index(v, value, port == VGA_DAC_READ_INDEX);
        break;
    case VGA_DAC_DATA:
        write_dac(v, value);
        break;
    case VGA_GRAPHICS_INDEX:
        v->graphics_index = value & GRAPHICS_INDEX_BITS;
        break;
    case VGA_GRAPHICS_DATA:
        write_graphics(v, value);
        break;
    default:
        break;
    }
}

void vga_port_write(Vga *v, unsigned port, uint8_t value)
{
    const unsigned moved = is_color(v) ? port : port + (VGA_COLOR_CRTC_INDEX - VGA_MONO_CRTC_INDEX);
    switch (moved) {
    case VGA_COLOR_CRTC_INDEX:
        v->crtc_index = value & CRTC_INDEX_BITS;
        break;
    case VGA_COLOR_CRTC_DATA:
        write_crtc(v, value);
        break;
    case VGA_COLOR_STATUS1:
        v->feature = value;
        break;
    default:
        write_common(v, port, value);
        break;
    }
}

static uint64_t ports_read(void *state, uint64_t offset, unsigned size)
{
    (void)size;
    return vga_port_read(state, (unsigned)offset);
}

static void ports_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)size;
    vga_port_write(state, (unsigned)offset, (uint8_t)value);
}

const IoOps VGA_PORT_OPS = {.read = ports_read, .write = ports_write, .max_size = 1};

const char *vga_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const NAMES[VGA_PORTS] = {[VGA_MONO_CRTC_INDEX] = "CRTC_INDEX",
                                                 [VGA_MONO_CRTC_DATA] = "CRTC_DATA",
                                                 [VGA_MONO_STATUS1] = "STATUS1",
                                                 [VGA_ATTRIBUTE] = "ATTRIBUTE",
                                                 [VGA_ATTRIBUTE_READ] = "ATTRIBUTE",
                                                 [VGA_MISC_WRITE] = "MISC",
                                                 [VGA_ENABLE] = "ENABLE",
                                                 [VGA_SEQUENCER_INDEX] = "SEQ_INDEX",
                                                 [VGA_SEQUENCER_DATA] = "SEQ_DATA",
                                                 [VGA_DAC_MASK] = "DAC_MASK",
                                                 [VGA_DAC_READ_INDEX] = "DAC_READ",
                                                 [VGA_DAC_WRITE_INDEX] = "DAC_WRITE",
                                                 [VGA_DAC_DATA] = "DAC_DATA",
                                                 [VGA_FEATURE_READ] = "FEATURE",
                                                 [VGA_MISC_READ] = "MISC",
                                                 [VGA_GRAPHICS_INDEX] = "GC_INDEX",
                                                 [VGA_GRAPHICS_DATA] = "GC_DATA",
                                                 [VGA_COLOR_CRTC_INDEX] = "CRTC_INDEX",
                                                 [VGA_COLOR_CRTC_DATA] = "CRTC_DATA",
                                                 [VGA_COLOR_STATUS1] = "STATUS1"};
    (void)state;
    (void)write;
    return offset < VGA_PORTS ? NAMES[offset] : NULL;
}

/* ---- reset and saved state ---- */

static void clear_registers(Vga *v)
{
    v->misc = v->feature = v->enabled = 0;
    v->sequencer_index = v->crtc_index = v->graphics_index = v->attribute_index = 0;
    memset(v->sequencer, 0, sizeof(v->sequencer));
    memset(v->crtc, 0, sizeof(v->crtc));
    memset(v->graphics, 0, sizeof(v->graphics));
    memset(v->attribute, 0, sizeof(v->attribute));
    memset(v->dac, 0, sizeof(v->dac));
    memset(v->dac_latch, 0, sizeof(v->dac_latch));
    memset(v->latch, 0, sizeof(v->latch));
    v->dac_mask = 0xff;
    v->dac_state = v->dac_read = v->dac_write = v->dac_step = 0;
    v->attribute_data = false;
    vga_dispi_reset(v);
}

void vga_reset(void *state)
{
    Vga *v = state;
    clear_registers(v);
    vga_update_view(v);
    if (v->after_bios) {
        vga_set_text_mode(v);
    }
}

static bool has_bits(const uint8_t *registers, const uint8_t *bits, unsigned count)
{
    bool good = true;
    for (unsigned i = 0; i < count; i++) {
        good = good && !(registers[i] & ~bits[i]);
    }
    return good;
}

bool vga_post_load(void *state)
{
    Vga *v = state;
    return has_bits(v->sequencer, SEQUENCER_BITS, VGA_SEQ_REGISTERS) &&
           has_bits(v->graphics, GRAPHICS_BITS, VGA_GC_REGISTERS) &&
           has_bits(v->attribute, ATTRIBUTE_BITS, VGA_AC_REGISTERS) && v->dac_step < 3 &&
           v->sequencer_index <= SEQUENCER_INDEX_BITS && v->crtc_index <= CRTC_INDEX_BITS &&
           v->graphics_index <= GRAPHICS_INDEX_BITS &&
           v->attribute_index <= (VGA_AC_INDEX_MASK | VGA_AC_INDEX_VIDEO) &&
           vga_dispi_is_sound(v) && vga_restore_view(v);
}

void vga_describe(const void *state, char *text, size_t size)
{
    const Vga *v = state;
    SurfaceShape shape = {0};
    VGA_SURFACE.shape(state, 0, &shape);
    if (shape.kind == SURFACE_TEXT) {
        snprintf(text, size, "text, %u x %u, cursor in row %u, column %u", shape.columns,
                 shape.rows, shape.cursor.row, shape.cursor.column);
    } else {
        snprintf(text, size, "%s, %u x %u%s", shape.kind == SURFACE_BLANK ? "dark" : "graphics",
                 shape.width, shape.height, vga_dispi_is_on(v) ? ", DISPI" : "");
    }
}

const DeviceField VGA_FIELDS[] = {
    DEVICE_FIELD(Vga, misc),
    DEVICE_FIELD(Vga, feature),
    DEVICE_FIELD(Vga, enabled),
    DEVICE_FIELD(Vga, sequencer_index),
    DEVICE_FIELD_ARRAY(Vga, sequencer),
    DEVICE_FIELD(Vga, crtc_index),
    DEVICE_FIELD_ARRAY(Vga, crtc),
    DEVICE_FIELD(Vga, graphics_index),
    DEVICE_FIELD_ARRAY(Vga, graphics),
    DEVICE_FIELD(Vga, attribute_index),
    DEVICE_FIELD_ARRAY(Vga, attribute),
    DEVICE_FIELD(Vga, dac_mask),
    DEVICE_FIELD(Vga, dac_state),
    DEVICE_FIELD(Vga, dac_read),
    DEVICE_FIELD(Vga, dac_write),
    DEVICE_FIELD_ARRAY(Vga, dac),
    DEVICE_FIELD(Vga, dispi_index),
    DEVICE_FIELD_ARRAY(Vga, dispi),
    DEVICE_FIELD_BOOL(Vga, attribute_data),
    DEVICE_FIELD(Vga, dac_step),
    DEVICE_FIELD_ARRAY(Vga, dac_latch),
    DEVICE_FIELD_ARRAY(Vga, latch),
    DEVICE_FIELD_END,
};
