/*
 * The power management function of the Intel 82371AB (PIIX4), as firmware and
 * kernels look for it (82371AB data sheet, section 7.1).
 *
 * DEVIATION: this device is only the configuration space.  The device acpi-pm
 * has the registers of power management.  They stay at the board's address, so
 * PMBASE shows that address and cannot be changed.  There is no SMBus.  There
 * are no system management interrupts, and DEVACTB says that they are already
 * set up.
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
