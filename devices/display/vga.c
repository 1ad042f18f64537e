/*
 * A VGA with the Bochs display interface on PCI: QEMU's "VGA", 1234:1111.
 *
 * Modelled: the registers of a VGA (vga_ports.c), its memory (vga_memory.c), its text and
 * graphics (vga_text.c, vga_draw.c), the times of the beam (vga_mode.c) and DISPI
 * (vga_dispi.c).  The video memory is base address register 0, and the registers are in
 * memory, too, at base address register 2, as QEMU documents it ("standard-vga").
 *
 * Not modelled: EDID, and interrupts of the vertical retrace.
 */
#include "devices/display/vga_internal.h"
#include "devices/pci.h"
#include "devices/pci/pci_regs.h"

#define PCI_VENDOR_BOCHS 0x1234
#define PCI_DEVICE_VGA   0x1111
#define BAR_MEMORY       0
#define BAR_REGISTERS    2

/* ---- the registers in memory ---- */

static uint64_t registers_read(void *state, uint64_t offset, unsigned size)
{
    Vga *v = state;
    if (offset >= VGA_MMIO_PORTS && offset < VGA_MMIO_PORTS_END && size == 1) {
        return vga_port_read(v, (unsigned)offset - VGA_MMIO_PORTS + VGA_ATTRIBUTE);
    }
    if (offset >= VGA_MMIO_DISPI && offset < VGA_MMIO_DISPI_END && size == 2) {
        return vga_dispi_get(v, (unsigned)(offset - VGA_MMIO_DISPI) / 2);
    }
    if (size == 4 && offset == VGA_MMIO_EXTENDED) {
        return VGA_EXTENDED_SIZE;
    }
    return size == 4 && offset == VGA_MMIO_ENDIAN ? VGA_ENDIAN_LITTLE : 0;
}

static void registers_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Vga *v = state;
    if (offset >= VGA_MMIO_PORTS && offset < VGA_MMIO_PORTS_END && size == 1) {
        vga_port_write(v, (unsigned)offset - VGA_MMIO_PORTS + VGA_ATTRIBUTE, (uint8_t)value);
    } else if (offset >= VGA_MMIO_DISPI && offset < VGA_MMIO_DISPI_END && size == 2) {
        vga_dispi_set(v, (unsigned)(offset - VGA_MMIO_DISPI) / 2, (uint16_t)value);
    }
}

static const IoOps REGISTERS_OPS = {
    .read = registers_read, .write = registers_write, .max_size = 4};

/* ---- the class ---- */

static const PciIdentity VGA_PCI = {
    .struct_size = sizeof(PciIdentity),
    .vendor = PCI_VENDOR_BOCHS,
    .device = PCI_DEVICE_VGA,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = PCI_CLASS_VGA,
    .revision = 2,
    .bars =
        (const PciBar[]){
            {.number = BAR_MEMORY, .prefetch = true, .size = VGA_MEMORY_SIZE},
            {.number = BAR_REGISTERS, .size = VGA_MMIO_SIZE},
            PCI_BAR_END,
        },
};

const DeviceClass vga_class = {
    .head = DEVICE_CLASS_HEAD("VGA", Vga),
    .description = "VGA with the Bochs display interface, on PCI",
    .properties = DEVICE_PROPERTIES(
        DEVICE_PORT(Vga, iobase, "iobase", "first of 48 ports"),
        DEVICE_PORT(Vga, dispi_port, "dispi-port", "first of 4 ports"),
        DEVICE_PROPERTY(Vga, window_base, "window", PROPERTY_UINT32, NULL, "address of 128 KiB"),
        DEVICE_PROPERTY(Vga, after_bios, "after-bios", PROPERTY_BOOL, "off",
                        "a reset leaves text mode, as a BIOS does")),
    .regions = DEVICE_REGIONS({DEVICE_PORTS("ports", VGA_PORTS, &VGA_PORT_OPS, "iobase"),
                               .register_name = vga_register_name},
                              {DEVICE_PORTS("dispi", DISPI_PORTS, &VGA_DISPI_OPS, "dispi-port")},
                              {.name = "window",
                               .space = IO_MEMORY,
                               .size = VGA_WINDOW_SIZE,
                               .ops = &VGA_WINDOW_OPS,
                               .base_property = "window",
                               .hides_ram = true},
                              {.name = "registers",
                               .space = IO_MEMORY,
                               .size = VGA_MMIO_SIZE,
                               .ops = &REGISTERS_OPS,
                               .bar = 1 + BAR_REGISTERS}),
    .rams = DEVICE_RAMS(
        DEVICE_RAM(.name = "memory", .size = VGA_MEMORY_SIZE, .offset = offsetof(Vga, memory),
                   .bar = 1 + BAR_MEMORY),
        DEVICE_RAM(.name = "text", .size = VGA_TEXT_SIZE, .offset = offsetof(Vga, text))),
    .pci = &VGA_PCI,
    .surface_client = &VGA_SURFACE,
    .reset = vga_reset,
    .fields = VGA_FIELDS,
    .post_load = vga_post_load,
    .describe = vga_describe,
};
