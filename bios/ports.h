/*
 * Where the board's devices are.  For C and for assembly.
 */
#ifndef PIOEMU_BIOS_PORTS_H
#define PIOEMU_BIOS_PORTS_H

#define PORT_DMA       0x00
#define PORT_DMA_WORDS 0xc0
#define PORT_FDC       0x3f0
#define PORT_PIC1      0x20
#define PORT_PIC2      0xa0
#define PORT_PIT       0x40
#define PORT_B         0x61
#define PORT_RTC       0x70
#define PORT_POST      0x80
#define PORT_CONTROL_A 0x92
#define PORT_FW_CFG    0x510
#define PORT_EXIT      0x51c
#define PORT_ACPI_PM   0x600
#define PORT_FPU_CLEAR 0xf0
#define PORT_CRTC      0x3d4
#define PORT_COM1      0x3f8
#define PORT_COM2      0x2f8
#define PORT_COM3      0x3e8
#define PORT_COM4      0x2e8
#define PORT_ATA0      0x1f0
#define PORT_ATA0_CTL  0x3f6
#define PORT_ATA1      0x170
#define PORT_ATA1_CTL  0x376

#endif
