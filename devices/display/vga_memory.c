/*
 * The memory of a VGA as the CPU sees it: four planes behind a window, with latches,
 * write modes and read modes.
 *
 * In the usual text modes and in chained modes a write changes one byte, and nothing
 * else happens.  The window then shows the bytes themselves, without a call of the
 * device.  Bytes of text have memory of their own, because neighbours belong to
 * different planes: they move there when such a mode begins, and back when it ends.
 *
 * DEVIATION: reads do not load the latches while the window shows the bytes.
 * DEVIATION: chained modes use all bytes of the planes one after another, as super VGAs
 * do, and not only those of every fourth address.
 */
#include "devices/display/vga_internal.h"

#define READ_PLANE_PAIR 2u
#define ALL_PLANES      0xfu
#define TEXT_PLANES     0x3u

typedef struct View {
    VgaView kind;
    uint32_t offset, size; /* the part of the window */
    uint32_t from;         /* the first byte of the memory that is seen */
} View;

/* The parts of the window, by the memory map of the graphics controller. */
static const struct {
    uint32_t first, size;
} MAPS[] = {{0, 0x20000}, {0, 0x10000}, {0x10000, 0x8000}, {0x18000, 0x8000}};

static unsigned memory_map(const Vga *v)
{
    return v->graphics[VGA_GC_MISC] >> VGA_GC_MISC_MAP_SHIFT & 3;
}

static bool is_chained(const Vga *v)
{
    return v->sequencer[VGA_SEQ_MEMORY] & VGA_SEQ_MEMORY_CHAIN4;
}

static uint32_t bank_start(const Vga *v)
{
    return vga_dispi_is_on(v) && memory_map(v) == 1
               ? (uint32_t)v->dispi[DISPI_BANK] * DISPI_BANK_SIZE
               : 0;
}

/* ---- bytes ---- */

static uint8_t *byte_at(const Vga *v, unsigned plane, uint32_t address)
{
    address &= (vga_dispi_is_on(v) ? VGA_MEMORY_SIZE / VGA_PLANES : VGA_PLANE_SIZE) - 1;
    if (v->view == VGA_VIEW_TEXT && plane < VGA_TEXT_PLANES && !(address & 1) &&
        address < VGA_TEXT_SIZE) {
        return &v->text[address + plane];
    }
    return &v->memory[VGA_PLANES * address + plane];
}

uint8_t vga_plane(const Vga *v, unsigned plane, uint32_t address)
{
    return *byte_at(v, plane, address);
}

/* ---- the view ---- */

static bool is_plain(const Vga *v)
{
    const uint8_t *g = v->graphics;
    return v->misc & VGA_MISC_RAM && !(g[VGA_GC_MODE] & (VGA_GC_MODE_WRITE | VGA_GC_MODE_READ)) &&
           !(g[VGA_GC_ENABLE_SET_RESET] & ALL_PLANES) && !g[VGA_GC_ROTATE] &&
           g[VGA_GC_BIT_MASK] == 0xff;
}

static bool is_text(const Vga *v)
{
    const uint8_t *g = v->graphics;
    return !(v->sequencer[VGA_SEQ_MEMORY] & VGA_SEQ_MEMORY_SEQUENTIAL) &&
           g[VGA_GC_MODE] & VGA_GC_MODE_ODD_EVEN && g[VGA_GC_MISC] & VGA_GC_MISC_CHAIN &&
           !(g[VGA_GC_READ_MAP] & READ_PLANE_PAIR) && memory_map(v) >= 2;
}

static View wanted_view(const Vga *v)
{
    const unsigned planes = v->sequencer[VGA_SEQ_MAP_MASK] & ALL_PLANES;
    View view = {VGA_VIEW_NONE, MAPS[memory_map(v)].first, MAPS[memory_map(v)].size, 0};
    if (is_plain(v) && is_chained(v) && planes == ALL_PLANES) {
        view.kind = VGA_VIEW_LINEAR;
        view.from = bank_start(v);
    } else if (is_plain(v) && !is_chained(v) && planes == TEXT_PLANES && is_text(v)) {
        view.kind = VGA_VIEW_TEXT;
    }
    return view;
}

static void show(Vga *v)
{
    const RamView view = {.ram = v->view == VGA_VIEW_TEXT ? VGA_RAM_TEXT : VGA_RAM_VIDEO,
                          .from = v->view_from,
                          .offset = v->view_offset,
                          .size = v->view_size};
    pio_ram_show(v->dev, VGA_REGION_WINDOW, v->view == VGA_VIEW_NONE ? NULL : &view);
}

static void move_text(Vga *v, bool to_planes)
{
    for (uint32_t i = 0; i < VGA_TEXT_SIZE; i++) {
        uint8_t *byte = &v->memory[VGA_PLANES * (i & ~1u) + (i & 1)];
        if (to_planes) {
            *byte = v->text[i];
        } else {
            v->text[i] = *byte;
        }
    }
}

static void adopt(Vga *v, const View *view)
{
    v->view = (uint8_t)view->kind;
    v->view_offset = view->offset;
    v->view_size = view->size;
    v->view_from = view->from;
}

/* The CPUs must not write to the text while it moves. */
void vga_update_view(Vga *v)
{
    const View view = wanted_view(v);
    const VgaView before = v->view;
    if (before == view.kind &&
        (before == VGA_VIEW_NONE || (v->view_offset == view.offset && v->view_size == view.size &&
                                     v->view_from == view.from))) {
        return;
    }
    if (before != VGA_VIEW_NONE && before != view.kind) {
        pio_ram_show(v->dev, VGA_REGION_WINDOW, NULL);
    }
    if (before == VGA_VIEW_TEXT && view.kind != VGA_VIEW_TEXT) {
        move_text(v, true);
    } else if (before != VGA_VIEW_TEXT && view.kind == VGA_VIEW_TEXT) {
        move_text(v, false);
    }
    adopt(v, &view);
    show(v);
}

bool vga_restore_view(Vga *v)
{
    const View view = wanted_view(v);
    adopt(v, &view);
    show(v);
    return true;
}

/* ---- accesses ---- */

/* Finds the address behind an offset in the window.  Returns false if nothing is there. */
static bool decode(const Vga *v, uint64_t offset, uint32_t *address)
{
    const unsigned map = memory_map(v);
    if (!(v->misc & VGA_MISC_RAM) || offset < MAPS[map].first ||
        offset - MAPS[map].first >= MAPS[map].size) {
        return false;
    }
    *address = (uint32_t)offset - MAPS[map].first + bank_start(v);
    return true;
}

/* The address within the planes of an address in the window. */
static uint32_t plane_address(const Vga *v, uint32_t address)
{
    if (is_chained(v)) {
        return address / VGA_PLANES;
    }
    return v->graphics[VGA_GC_MISC] & VGA_GC_MISC_CHAIN ? address & ~1u : address;
}

static uint8_t rotate_right(uint8_t value, unsigned count)
{
    return (uint8_t)(value >> count | value << (8 - count));
}

/* All ones if the bit of the plane is set. */
static uint8_t expand(uint8_t bits, unsigned plane)
{
    return bits >> plane & 1 ? 0xff : 0;
}

static uint8_t combine(const Vga *v, uint8_t data, uint8_t latch)
{
    switch (v->graphics[VGA_GC_ROTATE] >> 3 & 3) {
    case 1:
        return data & latch;
    case 2:
        return data | latch;
    case 3:
        return data ^ latch;
    default:
        return data;
    }
}

/* What a write of the CPU gives for a plane, before the logical operation. */
static uint8_t plane_data(const Vga *v, uint8_t value, unsigned plane)
{
    const uint8_t *g = v->graphics;
    switch (g[VGA_GC_MODE] & VGA_GC_MODE_WRITE) {
    case 0:
        return g[VGA_GC_ENABLE_SET_RESET] >> plane & 1 ? expand(g[VGA_GC_SET_RESET], plane)
                                                       : rotate_right(value, g[VGA_GC_ROTATE] & 7);
    case 2:
        return expand(value, plane);
    default:
        return expand(g[VGA_GC_SET_RESET], plane);
    }
}

static void write_planes(Vga *v, uint32_t address, unsigned planes, uint8_t value)
{
    const uint8_t *g = v->graphics;
    const unsigned mode = g[VGA_GC_MODE] & VGA_GC_MODE_WRITE;
    uint8_t bits = g[VGA_GC_BIT_MASK];
    bits &= mode == 3 ? rotate_right(value, g[VGA_GC_ROTATE] & 7) : 0xff;
    for (unsigned plane = 0; plane < VGA_PLANES; plane++) {
        const uint8_t latch = v->latch[plane];
        const uint8_t data = combine(v, plane_data(v, value, plane), latch);
        if (planes >> plane & 1) {
            *byte_at(v, plane, address) =
                mode == 1 ? latch : (uint8_t)((data & bits) | (latch & ~bits));
        }
    }
}

static void window_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Vga *v = state;
    uint32_t address;
    (void)size;
    if (!decode(v, offset, &address)) {
        return;
    }
    unsigned planes = v->sequencer[VGA_SEQ_MAP_MASK];
    if (is_chained(v)) {
        planes &= 1u << address % VGA_PLANES;
    } else if (!(v->sequencer[VGA_SEQ_MEMORY] & VGA_SEQ_MEMORY_SEQUENTIAL)) {
        planes &= address & 1 ? 0xa : 0x5;
    }
    write_planes(v, plane_address(v, address), planes, (uint8_t)value);
}

/* Returns a bit for each pixel whose colour is the one of the compare register. */
static uint8_t compare_colour(const Vga *v)
{
    uint8_t differs = 0;
    for (unsigned plane = 0; plane < VGA_PLANES; plane++) {
        const uint8_t difference = v->latch[plane] ^ expand(v->graphics[VGA_GC_COMPARE], plane);
        differs |= difference & expand(v->graphics[VGA_GC_DONT_CARE], plane);
    }
    return (uint8_t)~differs;
}

static uint64_t window_read(void *state, uint64_t offset, unsigned size)
{
    Vga *v = state;
    uint32_t address;
    (void)size;
    if (!decode(v, offset, &address)) {
        return 0xff;
    }
    for (unsigned plane = 0; plane < VGA_PLANES; plane++) {
        v->latch[plane] = vga_plane(v, plane, plane_address(v, address));
    }
    if (is_chained(v)) {
        return v->latch[address % VGA_PLANES];
    }
    if (v->graphics[VGA_GC_MODE] & VGA_GC_MODE_READ) {
        return compare_colour(v);
    }
    const unsigned map = v->graphics[VGA_GC_READ_MAP] & 3;
    return v->graphics[VGA_GC_MODE] & VGA_GC_MODE_ODD_EVEN
               ? v->latch[(map & READ_PLANE_PAIR) | (address & 1)]
               : v->latch[map];
}

const IoOps VGA_WINDOW_OPS = {.read = window_read, .write = window_write, .max_size = 1};
