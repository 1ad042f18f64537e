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

#define CRTC_HTOTAL        0x00
#define CRTC_HDISPLAY_END  0x01
#define CRTC_HBLANK_START  0x02
#define CRTC_HBLANK_END    0x03
#define CRTC_VTOTAL        0x06
#define CRTC_OVERFLOW      0x07
#define CRTC_PRESET_ROW    0x08
#define CRTC_MAX_SCAN_LINE 0x09
#define CRTC_CURSOR_START  0x0a
#define CRTC_CURSOR_END    0x0b
#define CRTC_START_HIGH    0x0c
#define CRTC_START_LOW     0x0d
#define CRTC_CURSOR_HIGH   0x0e
#define CRTC_CURSOR_LOW    0x0f
#define CRTC_VSYNC_START   0x10
#define CRTC_VSYNC_END     0x11
#define CRTC_VDISPLAY_END  0x12
#define CRTC_OFFSET        0x13
#define CRTC_UNDERLINE     0x14
#define CRTC_MODE          0x17
#define CRTC_LINE_COMPARE  0x18
#define CRTC_REGISTERS     0x19

#define CRTC_OVERFLOW_LINE_COMPARE 0x10
#define CRTC_SCAN_LINE_MASK        0x1f
#define CRTC_SCAN_LINE_COMPARE9    0x40
#define CRTC_SCAN_LINE_DOUBLE      0x80
#define CRTC_CURSOR_START_OFF      0x20
#define CRTC_VSYNC_END_PROTECT     0x80
#define CRTC_MODE_SCAN13           0x01 /* 0: address bit 13 is bit 0 of the scan line */
#define CRTC_MODE_SCAN14           0x02
#define CRTC_MODE_WRAP15           0x20 /* word mode: 0 wraps at 16 KiB */
#define CRTC_MODE_BYTES            0x40 /* 0: words */
#define CRTC_UNDERLINE_DWORDS      0x40

#endif
