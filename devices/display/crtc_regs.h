/*
 * The CRT controller of a VGA: its ports from the base, and its registers by index,
 * as the IBM PS/2 Hardware Interface Technical Reference numbers them.
 */
#ifndef PIOEMU_DEVICES_DISPLAY_CRTC_REGS_H
#define PIOEMU_DEVICES_DISPLAY_CRTC_REGS_H

#define CRTC_INDEX 0
#define CRTC_DATA  1
#define CRTC_PORTS 2

#define CRTC_INDEX_MASK 0x3f

#define CRTC_OVERFLOW    0x07
#define CRTC_START_HIGH  0x0c
#define CRTC_START_LOW   0x0d
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW  0x0f
#define CRTC_VSYNC_END   0x11
#define CRTC_REGISTERS   0x19

#define CRTC_OVERFLOW_LINE_COMPARE 0x10
#define CRTC_VSYNC_END_PROTECT     0x80

#endif
