/*
 * Registers of PCI configuration space (PCI Local Bus Specification 2.1,
 * figure 6-1 and tables 6-1 and 6-2), and configuration mechanism 1 (section
 * 3.7.4.1).
 */
#ifndef PIOEMU_PCI_REGS_H
#define PIOEMU_PCI_REGS_H

#define PCI_VENDOR_ID           0x00
#define PCI_DEVICE_ID           0x02
#define PCI_COMMAND             0x04
#define PCI_STATUS              0x06
#define PCI_REVISION            0x08
#define PCI_CLASS_CODE          0x09
#define PCI_CACHE_LINE          0x0c
#define PCI_LATENCY             0x0d
#define PCI_HEADER_TYPE         0x0e
#define PCI_BAR0                0x10
#define PCI_SUBSYSTEM_VENDOR_ID 0x2c
#define PCI_SUBSYSTEM_ID        0x2e
#define PCI_ROM_BASE            0x30
#define PCI_CAPABILITIES        0x34
#define PCI_INTERRUPT_LINE      0x3c
#define PCI_INTERRUPT_PIN       0x3d

#define PCI_CLASS_VGA 0x030000

#define PCI_COMMAND_IO       0x0001
#define PCI_COMMAND_MEMORY   0x0002
#define PCI_COMMAND_MASTER   0x0004
#define PCI_COMMAND_PARITY   0x0040
#define PCI_COMMAND_SERR     0x0100
#define PCI_COMMAND_INTX_OFF 0x0400 /* since PCI 2.3 */
#define PCI_STATUS_INTX      0x0008 /* since PCI 2.3 */
#define PCI_STATUS_LIST      0x0010 /* there are capabilities */
#define PCI_STATUS_MEDIUM    0x0200 /* DEVSEL# timing */
#define PCI_STATUS_CLEARABLE 0xf900 /* bits that are cleared by writing 1 to them */
#define PCI_MULTI_FUNCTION   0x80
#define PCI_BAR_IO           0x1
#define PCI_BAR_WIDE         0x4
#define PCI_BAR_PREFETCH     0x8
#define PCI_ROM_ENABLE       0x1

#define PCI_CONFIG_ENABLE 0x80000000 /* a bit of CONFADD */

#endif
