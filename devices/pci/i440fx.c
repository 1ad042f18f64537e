/*
 * The Intel 82441FX host bridge as function 0 of slot 0: its identity and its
 * programmable attribute map (82441FX data sheet, section 3.2.18).
 *
 * Each half of PAM1 to PAM6 controls a segment of 16 KiB from 0xc0000 to
 * 0xeffff. The upper half of PAM0 controls 0xf0000 to 0xfffff.  If the read
 * bit of a segment is set, the CPUs read the RAM there.  If its write bit is
 * set as well, they can write it.
 *
 * DEVIATION: the write bit alone has no effect.  While the read bit is clear,
 * the board decides what is at the addresses and whether it can be written.
 * The registers of the DRAM do not exist, and SMRAM has no effect.
 */
#include "devices/pci.h"
#include "devices/pci/i440fx_regs.h"

#define HALF_FIRST  0xc0000u
#define HALF_SIZE   0x4000u
#define HALVES      12u
#define BIOS_FIRST  0xf0000u
#define BIOS_SIZE   0x10000u
#define UPPER_SHIFT 4u

typedef struct I440fx {
    Device *dev;
} I440fx;

static ShadowMode mode_of(unsigned bits)
{
    return !(bits & PAM_READ) ? SHADOW_OFF : bits & PAM_WRITE ? SHADOW_ON : SHADOW_READ_ONLY;
}

static void i440fx_registers_changed(void *state)
{
    const I440fx *s = state;
    for (unsigned i = 0; i < HALVES; i++) {
        unsigned pam = pio_pci_register(s->dev, PMC_PAM0 + 1 + i / 2);
        pio_shadow(s->dev, HALF_FIRST + i * HALF_SIZE, HALF_SIZE,
                   mode_of(i % 2 ? pam >> UPPER_SHIFT : pam));
    }
    pio_shadow(s->dev, BIOS_FIRST, BIOS_SIZE,
               mode_of(pio_pci_register(s->dev, PMC_PAM0) >> UPPER_SHIFT));
}

static const PciRegister REGISTERS[] = {
    {PMC_PAM0, 0, 0x30},     {PMC_PAM0 + 1, 0, 0x33}, {PMC_PAM0 + 2, 0, 0x33},
    {PMC_PAM0 + 3, 0, 0x33}, {PMC_PAM0 + 4, 0, 0x33}, {PMC_PAM0 + 5, 0, 0x33},
    {PMC_PAM6, 0, 0x33},     {PMC_SMRAM, 0x02, 0x78}, PCI_REGISTER_END,
};

static const PciIdentity IDENTITY = {
    .struct_size = sizeof(PciIdentity),
    .vendor = 0x8086,
    .device = 0x1237,
    .class_code = 0x060000,
    .revision = 2,
    .always_on = true,
    .registers = REGISTERS,
    .registers_changed = i440fx_registers_changed,
};

extern const DeviceClass i440fx_class;
const DeviceClass i440fx_class = {
    .head = DEVICE_CLASS_HEAD("i440FX", I440fx),
    .description = "PCI host bridge 82441FX",
    .reset = i440fx_registers_changed,
    .pci = &IDENTITY,
};
