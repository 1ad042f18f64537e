/* INT 10h, AH = 0Bh and 10h: colours.  AH = 4Fh goes to vbe.c. */
#include "bios/vbe.h"
#include "bios/vga.h"

#include "devices/display/vga_regs.h"
#include "src/machine/pc_board.h"

#define CGA_BRIGHT 0x10

/* BH = 0: the background or border.  BH = 1: one of the CGA's palettes. */
static void service_cga(const Regs *regs)
{
    if (!regs->bh) {
        const uint8_t colour = (uint8_t)((regs->bl & 7) | (regs->bl & 8 ? CGA_BRIGHT : 0));
        vga_set_attribute(0, colour);
        vga_set_attribute(VGA_AC_OVERSCAN, colour);
        return;
    }
    for (uint8_t i = 1; i < 4; i++) {
        vga_set_attribute(i, (uint8_t)((vga_get_attribute(i) & ~1) | (regs->bl & 1)));
    }
}

static void set_all(const Regs *regs)
{
    for (uint8_t i = 0; i < 16; i++) {
        vga_set_attribute(i, far_read8(regs->es, (uint16_t)(regs->dx + i)));
    }
    vga_set_attribute(VGA_AC_OVERSCAN, far_read8(regs->es, (uint16_t)(regs->dx + 16)));
}

static void get_all(const Regs *regs)
{
    for (uint8_t i = 0; i < 16; i++) {
        far_write8(regs->es, (uint16_t)(regs->dx + i), vga_get_attribute(i));
    }
    far_write8(regs->es, (uint16_t)(regs->dx + 16), vga_get_attribute(VGA_AC_OVERSCAN));
}

static void set_bit(uint8_t index, uint8_t bit, bool on)
{
    vga_set_attribute(index, (uint8_t)((vga_get_attribute(index) & ~bit) | (on ? bit : 0)));
}

static void service_attributes(Regs *regs)
{
    switch (regs->al) {
    case 0x00:
        vga_set_attribute(regs->bl & VGA_AC_INDEX_MASK, regs->bh);
        break;
    case 0x01:
        vga_set_attribute(VGA_AC_OVERSCAN, regs->bh);
        break;
    case 0x02:
        set_all(regs);
        break;
    case 0x03:
        set_bit(VGA_AC_MODE, VGA_AC_MODE_BLINK, regs->bl & 1);
        break;
    case 0x07:
        regs->bh = vga_get_attribute(regs->bl & VGA_AC_INDEX_MASK);
        break;
    case 0x08:
        regs->bh = vga_get_attribute(VGA_AC_OVERSCAN);
        break;
    default:
        get_all(regs);
        break;
    }
}

static void set_block(const Regs *regs)
{
    uint16_t at = regs->dx;
    out8(PORT_VGA + VGA_DAC_WRITE_INDEX, regs->bl);
    for (unsigned i = 0; i < 3u * regs->cx; i++) {
        out8(PORT_VGA + VGA_DAC_DATA, far_read8(regs->es, at++));
    }
}

static void get_block(const Regs *regs)
{
    uint16_t at = regs->dx;
    out8(PORT_VGA + VGA_DAC_READ_INDEX, regs->bl);
    for (unsigned i = 0; i < 3u * regs->cx; i++) {
        far_write8(regs->es, at++, in8(PORT_VGA + VGA_DAC_DATA));
    }
}

static void get_colour(Regs *regs)
{
    out8(PORT_VGA + VGA_DAC_READ_INDEX, regs->bl);
    regs->dh = in8(PORT_VGA + VGA_DAC_DATA);
    regs->ch = in8(PORT_VGA + VGA_DAC_DATA);
    regs->cl = in8(PORT_VGA + VGA_DAC_DATA);
}

/* BL = 0: four pages of 64 colours or sixteen of 16.  BL = 1: which page is in use. */
static void set_page(const Regs *regs)
{
    const bool small = vga_get_attribute(VGA_AC_MODE) & VGA_AC_MODE_P54;
    if (!regs->bl) {
        set_bit(VGA_AC_MODE, VGA_AC_MODE_P54, regs->bh & 1);
    } else {
        vga_set_attribute(VGA_AC_COLOR, small ? regs->bh : (uint8_t)(regs->bh << 2));
    }
}

static void get_page(Regs *regs)
{
    const bool small = vga_get_attribute(VGA_AC_MODE) & VGA_AC_MODE_P54;
    const uint8_t page = vga_get_attribute(VGA_AC_COLOR);
    regs->bl = small;
    regs->bh = small ? page : page >> 2;
}

static void service_dac(Regs *regs)
{
    switch (regs->al) {
    case 0x10:
        vga_set_dac(regs->bx, regs->dh, regs->ch, regs->cl);
        break;
    case 0x12:
        set_block(regs);
        break;
    case 0x13:
        set_page(regs);
        break;
    case 0x15:
        get_colour(regs);
        break;
    case 0x17:
        get_block(regs);
        break;
    case 0x18:
        out8(PORT_VGA + VGA_DAC_MASK, regs->bl);
        break;
    case 0x19:
        regs->bl = in8(PORT_VGA + VGA_DAC_MASK);
        break;
    case 0x1a:
        get_page(regs);
        break;
    default:
        break;
    }
}

void vga_palette_service(Regs *regs)
{
    if (regs->ah == 0x4f) {
        vbe_service(regs);
    } else if (regs->ah == 0x0b) {
        service_cga(regs);
    } else if (regs->al < 0x10) {
        service_attributes(regs);
    } else {
        service_dac(regs);
    }
}
