/*
 * The power management function of the Intel 82371AB (PIIX4), as firmware and
 * kernels look for it (82371AB data sheet, section 7.1).
 *
 * DEVIATION: it is its configuration space alone.  The registers of power
 * management are those of the device acpi-pm, which stay where the board has
 * them: PMBASE says so and cannot be changed.  There is no SMBus, and there are
 * no system management interrupts, which DEVACTB says are set up already.
 */
#include "devices/pci.h"
#include "devices/pci/i440fx_regs.h"

#define APMC_ENABLED 0x02 /* bit 25 of DEVACTB */

typedef struct Piix4Pm {
    Device *dev;
} Piix4Pm;

static const PciRegister REGISTERS[] = {
    {PIIX4_PMBASE, 0x01, 0},    {PIIX4_PMBASE + 1, 0x06, 0}, {PIIX4_DEVACTB + 3, APMC_ENABLED, 0},
    {PIIX4_PMREGMISC, 0x01, 0}, {PIIX4_SMBBASE, 0x01, 0},    PCI_REGISTER_END,
};

static const PciIdentity IDENTITY = {
    .struct_size = sizeof(PciIdentity),
    .vendor = 0x8086,
    .device = 0x7113,
    .class_code = 0x068000,
    .revision = 3,
    .registers = REGISTERS,
};

extern const DeviceClass piix4_pm_class;
const DeviceClass piix4_pm_class = {
    .head = DEVICE_CLASS_HEAD("PIIX4_PM", Piix4Pm),
    .description = "power management function 82371AB",
    .pci = &IDENTITY,
};
