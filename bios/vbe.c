/*
 * The VESA BIOS Extension 2.0 and 3.0 on the Bochs display interface, after the VBE Core
 * Functions Standard.  Saving the state (04h) and the interface for protected mode (0Ah)
 * are not supported, and say so.
 */
#include "bios/vbe.h"

#include "bios/pci.h"
#include "bios/vga.h"

#include "devices/display/vga_regs.h"
#include "devices/pci/pci_regs.h"
#include "src/machine/pc_board.h"

#define VBE_OK          0x004f
#define VBE_FAILED      0x014f
#define VBE_UNSUPPORTED 0x0100
#define VBE_VERSION     0x0300

#define MODE_LINEAR 0x4000
#define MODE_KEEP   0x8000
#define MODE_BITS   0x01ff

/* The information block; offsets in bytes. */
#define INFO_VERSION      4
#define INFO_OEM          6
#define INFO_CAPABILITIES 10
#define INFO_MODES        14
#define INFO_MEMORY       18
#define INFO_REVISION     20
#define INFO_NAMES        22
#define INFO_LIST         34 /* the modes, in the reserved bytes */
#define INFO_SIZE         256
#define INFO_DAC_8BIT     1

/* The block about a mode. */
#define MODE_ATTRIBUTES     0
#define MODE_WINDOW         2
#define MODE_GRANULARITY    4
#define MODE_WINDOW_SIZE    6
#define MODE_SEGMENT        8
#define MODE_PITCH          16
#define MODE_WIDTH          18
#define MODE_HEIGHT         20
#define MODE_CELL_WIDTH     22
#define MODE_CELL_HEIGHT    23
#define MODE_PLANES         24
#define MODE_BPP            25
#define MODE_BANKS          26
#define MODE_MODEL          27
#define MODE_PAGES          29
#define MODE_RESERVED       30
#define MODE_COLOURS        31
#define MODE_LINEAR_BASE    40
#define MODE_LINEAR_PITCH   50
#define MODE_LINEAR_PAGES   53
#define MODE_LINEAR_COLOURS 54
#define MODE_SIZE           256

#define ATTRIBUTES_OF_MODES 0x009b /* supported, colour, graphics, linear, known to the BIOS */
#define WINDOW_RW           7
#define MODEL_PACKED        4
#define MODEL_DIRECT        6

typedef struct VbeMode {
    uint16_t number, width, height;
    uint8_t bpp;
} VbeMode;

static const VbeMode MODES[] = {
    {0x100, 640, 400, 8},    {0x101, 640, 480, 8},    {0x103, 800, 600, 8},
    {0x105, 1024, 768, 8},   {0x107, 1280, 1024, 8},  {0x10d, 320, 200, 15},
    {0x10e, 320, 200, 16},   {0x10f, 320, 200, 24},   {0x110, 640, 480, 15},
    {0x111, 640, 480, 16},   {0x112, 640, 480, 24},   {0x113, 800, 600, 15},
    {0x114, 800, 600, 16},   {0x115, 800, 600, 24},   {0x116, 1024, 768, 15},
    {0x117, 1024, 768, 16},  {0x118, 1024, 768, 24},  {0x119, 1280, 1024, 15},
    {0x11a, 1280, 1024, 16}, {0x11b, 1280, 1024, 24}, {0x140, 320, 200, 32},
    {0x141, 640, 400, 32},   {0x142, 640, 480, 32},   {0x143, 800, 600, 32},
    {0x144, 1024, 768, 32},  {0x145, 1280, 1024, 32}, {0x150, 1280, 720, 32},
    {0x151, 1440, 900, 32},  {0x152, 1680, 1050, 32}, {0x153, 1600, 1200, 32},
    {0x154, 1920, 1080, 32}, {0x155, 1920, 1200, 32},
};
#define MODE_COUNT (sizeof(MODES) / sizeof(MODES[0]))

static const char OEM[] = "pioemu VGA";
static uint16_t current; /* the mode that 02h has set; 0: none of these */

/* ---- the hardware ---- */

static uint16_t dispi(uint16_t index)
{
    out16(PORT_DISPI, index);
    return in16(PORT_DISPI + DISPI_DATA);
}

static void set_dispi(uint16_t index, uint16_t value)
{
    out16(PORT_DISPI, index);
    out16(PORT_DISPI + DISPI_DATA, value);
}

static bool is_on(void)
{
    return dispi(DISPI_ENABLE) & DISPI_ENABLE_ON;
}

/* On PCI the first base address register says where the memory is. */
static uint32_t linear_base(void)
{
    for (unsigned i = 0; i < pci_count(); i++) {
        const unsigned function = pci_function(i);
        if (pci_read32(function, PCI_REVISION) >> 8 == PCI_CLASS_VGA) {
            return pci_read32(function, PCI_BAR0) & ~0xfu;
        }
    }
    return VGA_LINEAR_BASE;
}

static unsigned bytes_of(unsigned bpp)
{
    return (bpp + 7) / 8;
}

/* ---- 00h and 01h: what there is ---- */

static void clear(uint16_t segment, uint16_t at, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        far_write8(segment, (uint16_t)(at + i), 0);
    }
}

static void write_far_pointer(uint16_t segment, uint16_t at, uint16_t offset, uint16_t to)
{
    far_write16(segment, at, offset);
    far_write16(segment, (uint16_t)(at + 2), to);
}

static void write_names(uint16_t segment, uint16_t at)
{
    for (unsigned i = 0; i < 3; i++) {
        write_far_pointer(segment, (uint16_t)(at + INFO_NAMES + 4 * i), (uint16_t)(uint32_t)OEM,
                          BIOS_DATA_SEGMENT);
    }
}

/* The signature VBE2 asks for the members of later versions. */
static uint16_t service_information(Regs *regs)
{
    const uint16_t es = regs->es, at = regs->di;
    const bool later = far_read32(es, at) == 0x32454256u;
    clear(es, at, INFO_SIZE);
    far_write32(es, at, 0x41534556u);
    far_write16(es, (uint16_t)(at + INFO_VERSION), VBE_VERSION);
    write_far_pointer(es, (uint16_t)(at + INFO_OEM), (uint16_t)(uint32_t)OEM, BIOS_DATA_SEGMENT);
    far_write16(es, (uint16_t)(at + INFO_CAPABILITIES), INFO_DAC_8BIT);
    write_far_pointer(es, (uint16_t)(at + INFO_MODES), (uint16_t)(at + INFO_LIST), es);
    far_write16(es, (uint16_t)(at + INFO_MEMORY), dispi(DISPI_MEMORY_64K));
    if (later) {
        far_write16(es, (uint16_t)(at + INFO_REVISION), 1);
        write_names(es, at);
    }
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        far_write16(es, (uint16_t)(at + INFO_LIST + 2 * i), MODES[i].number);
    }
    far_write16(es, (uint16_t)(at + INFO_LIST + 2 * MODE_COUNT), 0xffff);
    return VBE_OK;
}

static const VbeMode *find(uint16_t number)
{
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        if (MODES[i].number == number) {
            return &MODES[i];
        }
    }
    return 0;
}

/* The size and position of red, green, blue and the rest. */
static void write_colours(uint16_t segment, uint16_t at, unsigned bpp)
{
    static const uint8_t COLOURS[][8] = {{5, 10, 5, 5, 5, 0, 1, 15},
                                         {5, 11, 6, 5, 5, 0, 0, 0},
                                         {8, 16, 8, 8, 8, 0, 0, 0},
                                         {8, 16, 8, 8, 8, 0, 8, 24}};
    const uint8_t *colours = COLOURS[bpp == 15 ? 0 : bpp == 16 ? 1 : bpp == 24 ? 2 : 3];
    for (unsigned i = 0; i < 8; i++) {
        far_write8(segment, (uint16_t)(at + i), colours[i]);
    }
}

static void write_window(uint16_t es, uint16_t at)
{
    far_write8(es, (uint16_t)(at + MODE_WINDOW), WINDOW_RW);
    far_write16(es, (uint16_t)(at + MODE_GRANULARITY), 64);
    far_write16(es, (uint16_t)(at + MODE_WINDOW_SIZE), 64);
    far_write16(es, (uint16_t)(at + MODE_SEGMENT), VGA_GRAPHICS_SEGMENT);
}

static uint16_t service_mode_information(Regs *regs)
{
    const VbeMode *mode = find(regs->cx & MODE_BITS);
    const uint16_t es = regs->es, at = regs->di;
    if (!mode) {
        return VBE_FAILED;
    }
    const uint16_t pitch = (uint16_t)(mode->width * bytes_of(mode->bpp));
    const uint32_t pages = dispi(DISPI_MEMORY_64K) * 0x10000u / ((uint32_t)pitch * mode->height);
    const uint8_t more = (uint8_t)(pages > 128 ? 127 : pages - 1);
    clear(es, at, MODE_SIZE);
    far_write16(es, (uint16_t)(at + MODE_ATTRIBUTES), ATTRIBUTES_OF_MODES);
    write_window(es, at);
    far_write16(es, (uint16_t)(at + MODE_PITCH), pitch);
    far_write16(es, (uint16_t)(at + MODE_WIDTH), mode->width);
    far_write16(es, (uint16_t)(at + MODE_HEIGHT), mode->height);
    far_write8(es, (uint16_t)(at + MODE_CELL_WIDTH), 8);
    far_write8(es, (uint16_t)(at + MODE_CELL_HEIGHT), 16);
    far_write8(es, (uint16_t)(at + MODE_PLANES), 1);
    far_write8(es, (uint16_t)(at + MODE_BPP), mode->bpp);
    far_write8(es, (uint16_t)(at + MODE_BANKS), 1);
    far_write8(es, (uint16_t)(at + MODE_MODEL), mode->bpp == 8 ? MODEL_PACKED : MODEL_DIRECT);
    far_write8(es, (uint16_t)(at + MODE_PAGES), more);
    far_write8(es, (uint16_t)(at + MODE_RESERVED), 1);
    far_write32(es, (uint16_t)(at + MODE_LINEAR_BASE), linear_base());
    far_write16(es, (uint16_t)(at + MODE_LINEAR_PITCH), pitch);
    far_write8(es, (uint16_t)(at + MODE_LINEAR_PAGES), more);
    if (mode->bpp > 8) {
        write_colours(es, (uint16_t)(at + MODE_COLOURS), mode->bpp);
        write_colours(es, (uint16_t)(at + MODE_LINEAR_COLOURS), mode->bpp);
    }
    return VBE_OK;
}

/* ---- 02h and 03h: the mode ---- */

/* The registers and the palette of mode 13h are the ground for these modes. */
static void enable(const VbeMode *mode, uint16_t wish)
{
    vga_set_mode(vga_mode(0x13), false);
    set_dispi(DISPI_XRES, mode->width);
    set_dispi(DISPI_YRES, mode->height);
    set_dispi(DISPI_BPP, mode->bpp);
    set_dispi(DISPI_ENABLE,
              (uint16_t)(DISPI_ENABLE_ON | (wish & MODE_LINEAR ? DISPI_ENABLE_LINEAR : 0) |
                         (wish & MODE_KEEP ? DISPI_ENABLE_NO_CLEAR : 0)));
}

static uint16_t service_set_mode(Regs *regs)
{
    const uint16_t number = regs->bx & MODE_BITS;
    if (number < 0x100) {
        const VgaMode *mode = vga_mode((uint8_t)number);
        if (mode) {
            vga_set_mode(mode, !(regs->bx & MODE_KEEP));
        }
        current = 0;
        return mode ? VBE_OK : VBE_FAILED;
    }
    const VbeMode *mode = find(number);
    if (!mode) {
        return VBE_FAILED;
    }
    enable(mode, regs->bx);
    current = (uint16_t)(number | (regs->bx & MODE_LINEAR));
    return VBE_OK;
}

static uint16_t service_get_mode(Regs *regs)
{
    regs->bx = is_on() ? current : BDA->video_mode;
    return VBE_OK;
}

/* ---- 05h to 09h: banks, the virtual screen, the DAC ---- */

static uint16_t service_bank(Regs *regs)
{
    if (!is_on() || regs->bl) {
        return VBE_FAILED;
    }
    if (regs->bh) {
        regs->dx = dispi(DISPI_BANK);
    } else {
        set_dispi(DISPI_BANK, regs->dx);
    }
    return VBE_OK;
}

/* BL: 0 sets pixels, 1 gets, 2 sets bytes, 3 gets the most that is possible. */
static uint16_t service_scan_line(Regs *regs)
{
    if (!is_on()) {
        return VBE_FAILED;
    }
    const unsigned size = bytes_of(dispi(DISPI_BPP));
    if (!(regs->bl & 1)) {
        const unsigned width = regs->bl ? regs->cx / size : regs->cx;
        set_dispi(DISPI_VIRTUAL_WIDTH, (uint16_t)((width + 7) & ~7u));
    }
    regs->cx = dispi(DISPI_VIRTUAL_WIDTH);
    regs->bx = (uint16_t)(regs->cx * size);
    regs->dx = dispi(DISPI_VIRTUAL_HEIGHT);
    return VBE_OK;
}

static uint16_t service_start(Regs *regs)
{
    if (!is_on()) {
        return VBE_FAILED;
    }
    if (regs->bl & 1) {
        regs->bh = 0;
        regs->cx = dispi(DISPI_X_OFFSET);
        regs->dx = dispi(DISPI_Y_OFFSET);
        return VBE_OK;
    }
    set_dispi(DISPI_X_OFFSET, regs->cx);
    set_dispi(DISPI_Y_OFFSET, regs->dx);
    return VBE_OK;
}

static uint16_t service_dac_width(Regs *regs)
{
    if (!is_on() || dispi(DISPI_BPP) != 8) {
        return VBE_FAILED;
    }
    uint16_t value = dispi(DISPI_ENABLE);
    if (!regs->bl) {
        value &= (uint16_t)~DISPI_ENABLE_8BIT_DAC;
        value |= regs->bh >= 8 ? DISPI_ENABLE_8BIT_DAC : 0;
        set_dispi(DISPI_ENABLE, value);
    }
    regs->bh = value & DISPI_ENABLE_8BIT_DAC ? 8 : 6;
    return VBE_OK;
}

/* Colours from memory: blue, green, red and a byte that is left alone. */
static uint16_t service_palette(Regs *regs)
{
    for (unsigned i = 0; i < regs->cx; i++) {
        const uint16_t at = (uint16_t)(regs->di + 4 * i);
        const unsigned index = regs->dx + i;
        if (regs->bl == 1) {
            out8(PORT_VGA + VGA_DAC_READ_INDEX, (uint8_t)index);
            const uint32_t red = in8(PORT_VGA + VGA_DAC_DATA);
            const uint32_t green = in8(PORT_VGA + VGA_DAC_DATA);
            far_write32(regs->es, at, in8(PORT_VGA + VGA_DAC_DATA) | green << 8 | red << 16);
        } else {
            const uint32_t colour = far_read32(regs->es, at);
            vga_set_dac(index, (uint8_t)(colour >> 16), (uint8_t)(colour >> 8), (uint8_t)colour);
        }
    }
    return VBE_OK;
}

void vbe_service(Regs *regs)
{
    static uint16_t (*const SERVICES[])(Regs *) = {
        service_information,
        service_mode_information,
        service_set_mode,
        service_get_mode,
        0,
        service_bank,
        service_scan_line,
        service_start,
        service_dac_width,
        service_palette,
    };
    if (regs->al < sizeof(SERVICES) / sizeof(SERVICES[0]) && SERVICES[regs->al]) {
        regs->ax = SERVICES[regs->al](regs);
    } else {
        regs->ax = VBE_UNSUPPORTED;
    }
}
