/*
 * Hints for QEMU's devices that pioemu does not have: what comes closest to
 * each.
 */
#include "src/machine/machine.h"

#include <string.h>

/* A * stands for any text.  The first entry that matches is used. */
static const struct {
    const char *name, *hint;
} HINTS[] = {
    {"virtio-blk*", "it is virtio-blk-pci here"},
    {"virtio-scsi*", "it is virtio-blk-pci here, without SCSI"},
    {"virtio-net*", "it is virtio-net-pci here"},
    {"virtio-serial*", "there is no virtio console (-serial DEV)"},
    {"virtconsole", "there is no virtio console (-serial DEV)"},
    {"virtserialport", "there is no virtio console (-serial DEV)"},
    {"virtio-rng*", "it is virtio-rng-pci here"},
    {"virtio-gpu*", "there is no such card (-vga std)"},
    {"virtio-vga*", "there is no such card (-vga std)"},
    {"virtio-*", "of virtio there are virtio-blk-pci, virtio-net-pci and virtio-rng-pci"},
    {"vhost-*", "the host has no part in virtio here (virtio-blk-pci, virtio-net-pci)"},
    {"e1000e", "there is no PCI Express (-device e1000)"},
    {"rtl8139", "there is no such card (-device e1000)"},
    {"ne2k_*", "there is no such card (-device e1000)"},
    {"pcnet", "there is no such card (-device e1000)"},
    {"i82*", "there is no such card (-device e1000)"},
    {"vmxnet3", "there is no such card (-device e1000)"},
    {"tulip", "there is no such card (-device e1000)"},
    {"*-vga", "there is no such card (-vga std)"},
    {"bochs-display", "there is no such card (-device VGA)"},
    {"ramfb", "there is no such card (-device VGA)"},
    {"qxl*", "there is no such card (-vga std)"},
    {"usb-*", "there is no USB (the keyboard and mouse are PS/2)"},
    {"*-xhci", "there is no USB (the keyboard and mouse are PS/2)"},
    {"*-ehci", "there is no USB (the keyboard and mouse are PS/2)"},
    {"ich9-usb*", "there is no USB (the keyboard and mouse are PS/2)"},
    {"piix3-usb*", "there is no USB (the keyboard and mouse are PS/2)"},
    {"piix4-usb*", "there is no USB (the keyboard and mouse are PS/2)"},
    {"sb16", "there is no sound"},
    {"AC97", "there is no sound"},
    {"ES1370", "there is no sound"},
    {"adlib", "there is no sound"},
    {"gus", "there is no sound"},
    {"cs4231a", "there is no sound"},
    {"intel-hda", "there is no sound"},
    {"ich9-intel-hda", "there is no sound"},
    {"hda-*", "there is no sound"},
    {"scsi-*", "there is no SCSI (-device ide-hd)"},
    {"lsi53c*", "there is no SCSI (-device ide-hd)"},
    {"megasas*", "there is no SCSI (-device ide-hd)"},
    {"am53c974", "there is no SCSI (-device ide-hd)"},
    {"nvme*", "there is no NVMe (-device ide-hd)"},
    {"*ahci", "there is no AHCI (-device ide-hd)"},
    {"piix*-ide", "the board has its IDE channels (-device ide-hd,bus=ide.0)"},
    {"pci-*", "there is no such card"},
    {"pcie-*", "there is no PCI Express"},
    {"ioh3420", "there is no PCI Express"},
    {"pvpanic*", "there is none (-device isa-debug-exit ends the run)"},
    {"tpm-*", "the board has no TPM"},
    {"i6300esb", "there is no watchdog (-timeout SECONDS)"},
    {"ib700", "there is no watchdog (-timeout SECONDS)"},
    {"isa-parallel", "there is no parallel port"},
    {"loader", "-kernel FILE -flat addr=N puts a file into memory"},
    {"edu", "there is no such card (docs/first-device.md adds one)"},
    {"ivshmem*", "there is no memory to share with other machines"},
    {"vfio-*", "the host's cards are not given to guests"},
    {"*iommu", "there is no IOMMU"},
    {"*iommu-pci", "there is no IOMMU"},
    {"hpet", "there is no HPET"},
    {"vmcoreinfo", "there is none (-d help: what is logged)"},
    {"smbus-eeprom", "there is no SMBus"},
};

const char *machine_hint(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(HINTS); i++) {
        if (g_pattern_match_simple(HINTS[i].name, name)) {
            return HINTS[i].hint;
        }
    }
    return NULL;
}
