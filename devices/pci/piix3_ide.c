/*
 * The IDE function of the Intel 82371SB (PIIX3), as firmware and kernels look
 * for it (82371SB data sheet, section 2.3).
 *
 * It is in the compatibility mode of the PCI IDE Controller Specification 1.0:
 * the two channels have the ports and interrupt lines that they have in an AT.
 * The devices isa-ide model the channels.
 *
 * DEVIATION: the channels answer whatever IDETIM says.  There is no bus
 * master.  The programming interface byte says so, and drivers use PIO.
 */
#include "devices/pci.h"
#include "devices/pci/i440fx_regs.h"

typedef struct Piix3Ide {
    Device *dev;
} Piix3Ide;

static const PciRegister REGISTERS[] = {
    {PIIX3_IDETIM0, 0x00, 0xff},
    {PIIX3_IDETIM0 + 1, 0x00, 0xf3},
    {PIIX3_IDETIM1, 0x00, 0xff},
    {PIIX3_IDETIM1 + 1, 0x00, 0xf3},
    PCI_REGISTER_END,
};

static const PciIdentity IDENTITY = {
    .struct_size = sizeof(PciIdentity),
    .vendor = 0x8086,
    .device = 0x7010,
    .class_code = 0x010100,
    .always_on = true,
    .registers = REGISTERS,
};

extern const DeviceClass piix3_ide_class;
const DeviceClass piix3_ide_class = {
    .head = DEVICE_CLASS_HEAD("piix3-ide", Piix3Ide),
    .description = "IDE function of the PCI to ISA bridge 82371SB",
    .pci = &IDENTITY,
};
