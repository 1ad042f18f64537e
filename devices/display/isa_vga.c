/*
 * The VGA of vga.c on the ISA bus: QEMU's "isa-vga".  Its video memory is at a fixed
 * address, and its registers are in ports only.
 */
#include "devices/display/vga_internal.h"

const DeviceClass isa_vga_class = {
    .head = DEVICE_CLASS_HEAD("isa-vga", Vga),
    .description = "VGA with the Bochs display interface, on the ISA bus",
    .properties = DEVICE_PROPERTIES(
        DEVICE_PORT(Vga, iobase, "iobase", "first of 48 ports"),
        DEVICE_PORT(Vga, dispi_port, "dispi-port", "first of 4 ports"),
        DEVICE_PROPERTY(Vga, window_base, "window", PROPERTY_UINT32, NULL, "address of 128 KiB"),
        DEVICE_PROPERTY(Vga, linear_base, "linear", PROPERTY_UINT32, NULL,
                        "address of the video memory"),
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
                               .hides_ram = true}),
    .rams = DEVICE_RAMS(
        DEVICE_RAM(.name = "memory", .size = VGA_MEMORY_SIZE, .offset = offsetof(Vga, memory),
                   .base_property = "linear"),
        DEVICE_RAM(.name = "text", .size = VGA_TEXT_SIZE, .offset = offsetof(Vga, text))),
    .surface_client = &VGA_SURFACE,
    .reset = vga_reset,
    .fields = VGA_FIELDS,
    .post_load = vga_post_load,
    .describe = vga_describe,
};
