/*
 * Where the chips of a PC are: the ports, addresses and interrupt lines of the
 * board, for C and for assembly.  The board, the firmware and the tables for a
 * kernel take them from here.  The model of a chip knows none of them.
 *
 * The ports up to 0xff and the lines of the controllers are those of the IBM AT
 * (Technical Reference, 1984).  The rest are those of QEMU's ISA PC.
 */
#ifndef PIOEMU_MACHINE_PC_BOARD_H
#define PIOEMU_MACHINE_PC_BOARD_H

#define PORT_DMA         0x00
#define PORT_DEBUG       0x10
#define PORT_PIC1        0x20
#define PORT_PIC2        0xa0
#define PORT_ELCR        0x4d0
#define PORT_PIT         0x40
#define PORT_KBC_DATA    0x60
#define PORT_B           0x61
#define PORT_KBC_COMMAND 0x64
#define PORT_RTC         0x70
#define PORT_POST        0x80
#define PORT_DMA_PAGES   0x81
#define PORT_CONTROL_A   0x92
#define PORT_DMA_WORDS   0xc0
#define PORT_DEBUGCON    0xe9
#define PORT_FPU_CLEAR   0xf0
#define PORT_EXIT        0xf4
#define PORT_ATA0        0x1f0
#define PORT_ATA0_CTL    0x3f6
#define PORT_ATA1        0x170
#define PORT_ATA1_CTL    0x376
#define PORT_FDC         0x3f0
#define PORT_FDC_CONTROL 0x3f7
#define PORT_VGA         0x3b0
#define PORT_CRTC        0x3d4
#define PORT_DISPI       0x1ce
#define PORT_COM1        0x3f8
#define PORT_COM2        0x2f8
#define PORT_COM3        0x3e8
#define PORT_COM4        0x2e8
#define PORT_DEBUG_EXIT  0x501
#define PORT_FW_CFG      0x510
#define PORT_FW_CFG_DMA  0x514
#define PORT_BIOS_EXIT   0x51c /* where our BIOS reports that it found nothing to boot */
#define PORT_ACPI_PM     0x600
#define PORT_RESET       0xcf9
#define PORT_PCI_ADDRESS 0xcf8
#define PORT_PCI_DATA    0xcfc
#define PORT_POWER_BOCHS 0xb004 /* the power-off port of older versions of Bochs and QEMU */
#define PORT_POWER_VBOX  0x4004 /* the power-off port of VirtualBox */

#define IRQ_PIT      0
#define IRQ_KEYBOARD 1
#define IRQ_CASCADE  2
#define IRQ_COM2     3
#define IRQ_COM1     4
#define IRQ_FDC      6
#define IRQ_RTC      8
#define IRQ_ACPI     9
#define IRQ_MOUSE    12
#define IRQ_ATA0     14
#define IRQ_ATA1     15
#define IRQ_COUNT    16

/* Where firmware routes the four PCI interrupts: levels, shared by the devices behind them. */
#define IRQ_PIRQA 10
#define IRQ_PIRQB 10
#define IRQ_PIRQC 11
#define IRQ_PIRQD 11

/* Where firmware puts the base address registers of PCI devices. */
#define PCI_PORTS_BASE  0xc000
#define PCI_PORTS_END   0x10000
#define PCI_MEMORY_BASE 0xe0000000
#define PCI_MEMORY_END  0xfec00000

#define DMA_FDC 2

/* What a VGA shows its memory in, and where one without PCI has all of it. */
#define VGA_WINDOW_BASE 0xa0000
#define VGA_LINEAR_BASE 0xe0000000

#define LAPIC_BASE  0xfee00000
#define IOAPIC_BASE 0xfec00000
/* The timer is wired to the pin of the I/O APIC that has the number of the PIC's cascade input. */
#define IOAPIC_PIN_PIT IRQ_CASCADE

/* The devices with which kvm-unit-tests test the bus. */
#define PORT_TESTDEV_DATA   0xe0
#define PORT_TESTDEV_FLUSH  0xe4
#define PORT_TESTDEV_BYTES  0xe8
#define PORT_TESTDEV_LINES  0x2000
#define TESTDEV_MEMORY_BASE 0xff000000

#endif
