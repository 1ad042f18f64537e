/*
 * The CRT controller's registers of a VGA in colour text mode, ports 0x3d4 and
 * 0x3d5, after the IBM PS/2 Hardware Interface Technical Reference, "Video
 * Subsystem", "CRT Controller Registers".
 *
 * Modelled: the index, the registers, which keep what is written, and the write
 * protection of the first eight.  Not modelled: a picture.  Some kernels keep the
 * position of the cursor in these registers and read it back.
 */
#include "devices/device.h"
#include "devices/display/crtc_regs.h"

#include <stdio.h>

typedef struct Crtc {
    Device *dev;
    uint8_t index;
    uint8_t registers[CRTC_REGISTERS];

    uint16_t iobase;
} Crtc;

/*
 * "Protect Registers 0-7": the bits that cannot be written.  One bit of the
 * overflow register still can.
 */
static uint8_t protected_bits(const Crtc *c)
{
    if (c->index > CRTC_OVERFLOW || !(c->registers[CRTC_VSYNC_END] & CRTC_VSYNC_END_PROTECT)) {
        return 0;
    }
    return c->index == CRTC_OVERFLOW ? (uint8_t)~CRTC_OVERFLOW_LINE_COMPARE : 0xff;
}

static uint8_t read_data(const Crtc *c)
{
    return c->index < CRTC_REGISTERS ? c->registers[c->index] : 0;
}

static void write_data(Crtc *c, uint8_t value)
{
    const uint8_t kept = protected_bits(c);
    if (c->index < CRTC_REGISTERS) {
        uint8_t *r = &c->registers[c->index];
        *r = (uint8_t)((*r & kept) | (value & ~kept));
    }
}

static uint64_t crtc_read(void *state, uint64_t offset, unsigned size)
{
    const Crtc *c = state;
    (void)size;
    return offset == CRTC_INDEX ? c->index : read_data(c);
}

static void crtc_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Crtc *c = state;
    (void)size;
    if (offset == CRTC_INDEX) {
        c->index = (uint8_t)value & CRTC_INDEX_MASK;
    } else {
        write_data(c, (uint8_t)value);
    }
}

static const char *crtc_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const NAMES[CRTC_REGISTERS] = {
        "HTOTAL",       "HDISPLAY_END", "HBLANK_START", "HBLANK_END",   "HSYNC_START",
        "HSYNC_END",    "VTOTAL",       "OVERFLOW",     "PRESET_ROW",   "MAX_SCAN_LINE",
        "CURSOR_START", "CURSOR_END",   "START_HIGH",   "START_LOW",    "CURSOR_HIGH",
        "CURSOR_LOW",   "VSYNC_START",  "VSYNC_END",    "VDISPLAY_END", "OFFSET",
        "UNDERLINE",    "VBLANK_START", "VBLANK_END",   "MODE",         "LINE_COMPARE"};
    const Crtc *c = state;
    (void)write;
    if (offset == CRTC_INDEX) {
        return "INDEX";
    }
    return c->index < CRTC_REGISTERS ? NAMES[c->index] : NULL;
}

static void crtc_reset(void *state)
{
    Crtc *c = state;
    c->index = 0;
    for (unsigned i = 0; i < CRTC_REGISTERS; i++) {
        c->registers[i] = 0;
    }
}

static bool crtc_post_load(void *state)
{
    const Crtc *c = state;
    return !(c->index & ~CRTC_INDEX_MASK);
}

static void crtc_describe(const void *state, char *text, size_t size)
{
    const Crtc *c = state;
    const uint8_t *r = c->registers;
    snprintf(text, size, "start 0x%02x%02x, cursor at 0x%02x%02x", r[CRTC_START_HIGH],
             r[CRTC_START_LOW], r[CRTC_CURSOR_HIGH], r[CRTC_CURSOR_LOW]);
}

static const IoOps CRTC_OPS = {.read = crtc_read, .write = crtc_write, .max_size = 1};

const DeviceClass crtc_class = {
    .head = DEVICE_CLASS_HEAD("crtc", Crtc),
    .description = "CRT controller registers: they keep what is written, without a picture",
    .properties = DEVICE_PROPERTIES(DEVICE_PORT(Crtc, iobase, "iobase", "first of two ports")),
    .regions = DEVICE_REGIONS({
        DEVICE_PORTS("ports", CRTC_PORTS, &CRTC_OPS, "iobase"),
        .register_name = crtc_register_name,
    }),
    .reset = crtc_reset,
    .fields = DEVICE_FIELDS(DEVICE_FIELD(Crtc, index), DEVICE_FIELD_ARRAY(Crtc, registers)),
    .post_load = crtc_post_load,
    .describe = crtc_describe,
};
