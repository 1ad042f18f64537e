/*
 * The registers of a VGA and of the Bochs display interface (DISPI), for C and for
 * assembly.  The names are those of the IBM PS/2 Hardware Interface Technical Reference,
 * "Video Subsystem", and of Bochs' vbe.h.  The CRT controller's are in crtc_regs.h.
 */
#ifndef PIOEMU_DEVICES_DISPLAY_VGA_REGS_H
#define PIOEMU_DEVICES_DISPLAY_VGA_REGS_H

/* Offsets from the first port, 0x3b0. */
#define VGA_PORTS            0x30
#define VGA_MONO_CRTC_INDEX  0x04
#define VGA_MONO_CRTC_DATA   0x05
#define VGA_MONO_STATUS1     0x0a /* write: feature control */
#define VGA_ATTRIBUTE        0x10
#define VGA_ATTRIBUTE_READ   0x11
#define VGA_MISC_WRITE       0x12 /* read: input status 0 */
#define VGA_ENABLE           0x13
#define VGA_SEQUENCER_INDEX  0x14
#define VGA_SEQUENCER_DATA   0x15
#define VGA_DAC_MASK         0x16
#define VGA_DAC_READ_INDEX   0x17 /* read: the DAC's state */
#define VGA_DAC_WRITE_INDEX  0x18
#define VGA_DAC_DATA         0x19
#define VGA_FEATURE_READ     0x1a
#define VGA_MISC_READ        0x1c
#define VGA_GRAPHICS_INDEX   0x1e
#define VGA_GRAPHICS_DATA    0x1f
#define VGA_COLOR_CRTC_INDEX 0x24
#define VGA_COLOR_CRTC_DATA  0x25
#define VGA_COLOR_STATUS1    0x2a

#define VGA_MISC_COLOR   0x01
#define VGA_MISC_RAM     0x02
#define VGA_MISC_CLOCK28 0x04

#define VGA_STATUS0_SENSE    0x10
#define VGA_STATUS1_BLANKED  0x01
#define VGA_STATUS1_VRETRACE 0x08

/* The sequencer. */
#define VGA_SEQ_RESET     0
#define VGA_SEQ_CLOCKING  1
#define VGA_SEQ_MAP_MASK  2
#define VGA_SEQ_FONT      3
#define VGA_SEQ_MEMORY    4
#define VGA_SEQ_REGISTERS 5

#define VGA_SEQ_CLOCKING_8_DOTS   0x01
#define VGA_SEQ_CLOCKING_HALF     0x08
#define VGA_SEQ_CLOCKING_OFF      0x20
#define VGA_SEQ_MEMORY_SEQUENTIAL 0x04 /* 0: even addresses are in planes 0 and 2 */
#define VGA_SEQ_MEMORY_CHAIN4     0x08

/* The graphics controller. */
#define VGA_GC_SET_RESET        0
#define VGA_GC_ENABLE_SET_RESET 1
#define VGA_GC_COMPARE          2
#define VGA_GC_ROTATE           3
#define VGA_GC_READ_MAP         4
#define VGA_GC_MODE             5
#define VGA_GC_MISC             6
#define VGA_GC_DONT_CARE        7
#define VGA_GC_BIT_MASK         8
#define VGA_GC_REGISTERS        9

#define VGA_GC_MODE_WRITE      0x03
#define VGA_GC_MODE_READ       0x08
#define VGA_GC_MODE_ODD_EVEN   0x10
#define VGA_GC_MODE_INTERLEAVE 0x20
#define VGA_GC_MODE_256        0x40
#define VGA_GC_MISC_GRAPHICS   0x01
#define VGA_GC_MISC_CHAIN      0x02
#define VGA_GC_MISC_MAP_SHIFT  2

/* The attribute controller. */
#define VGA_AC_MODE      0x10
#define VGA_AC_OVERSCAN  0x11
#define VGA_AC_PLANES    0x12
#define VGA_AC_PAN       0x13
#define VGA_AC_COLOR     0x14
#define VGA_AC_REGISTERS 0x15

#define VGA_AC_INDEX_MASK     0x1f
#define VGA_AC_INDEX_VIDEO    0x20 /* the screen is on, and the palette cannot be written */
#define VGA_AC_MODE_MONO      0x02
#define VGA_AC_MODE_LINES     0x04 /* the ninth column continues line drawings */
#define VGA_AC_MODE_BLINK     0x08
#define VGA_AC_MODE_SPLIT_PAN 0x20 /* the part below the split does not pan */
#define VGA_AC_MODE_P54       0x80 /* bits 4 and 5 come from the colour select register */

/* The DAC. */
#define VGA_DAC_COLOURS     256
#define VGA_DAC_STATE_READ  3
#define VGA_DAC_STATE_WRITE 0

/* DISPI: an index and data, 16 bits each. */
#define DISPI_INDEX 0
#define DISPI_DATA  1
#define DISPI_DATA2 2
#define DISPI_PORTS 4

#define DISPI_ID             0
#define DISPI_XRES           1
#define DISPI_YRES           2
#define DISPI_BPP            3
#define DISPI_ENABLE         4
#define DISPI_BANK           5
#define DISPI_VIRTUAL_WIDTH  6
#define DISPI_VIRTUAL_HEIGHT 7
#define DISPI_X_OFFSET       8
#define DISPI_Y_OFFSET       9
#define DISPI_MEMORY_64K     10
#define DISPI_REGISTERS      11

#define DISPI_ID_OLDEST 0xb0c0
#define DISPI_ID_NEWEST 0xb0c5

#define DISPI_ENABLE_ON       0x01
#define DISPI_ENABLE_GETCAPS  0x02
#define DISPI_ENABLE_8BIT_DAC 0x20
#define DISPI_ENABLE_LINEAR   0x40
#define DISPI_ENABLE_NO_CLEAR 0x80

#define DISPI_BANK_SIZE 0x10000

/* The same registers in memory: base address register 2 of the PCI device. */
#define VGA_MMIO_SIZE      0x1000
#define VGA_MMIO_PORTS     0x400 /* ports 0x3c0 to 0x3df */
#define VGA_MMIO_PORTS_END 0x420
#define VGA_MMIO_DISPI     0x500
#define VGA_MMIO_DISPI_END 0x516
#define VGA_MMIO_EXTENDED  0x600
#define VGA_MMIO_ENDIAN    0x604
#define VGA_EXTENDED_SIZE  8
#define VGA_ENDIAN_LITTLE  0x1e1e1e1e

#endif
