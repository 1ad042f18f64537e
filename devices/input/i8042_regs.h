/*
 * 8042 keyboard controller of the PC/AT and PS/2, its keyboard and its mouse:
 * ports, commands and answers, after the IBM PS/2 Hardware Interface Technical
 * Reference.  C and assembly can include it.
 */
#ifndef PIOEMU_DEVICES_INPUT_I8042_REGS_H
#define PIOEMU_DEVICES_INPUT_I8042_REGS_H

/* Ports. */
#define I8042_DATA    0x60
#define I8042_STATUS  0x64 /* read */
#define I8042_COMMAND 0x64 /* write */

#define I8042_ST_OBF  0x01 /* output buffer full: the data port has a byte */
#define I8042_ST_IBF  0x02 /* input buffer full */
#define I8042_ST_SYS  0x04 /* system flag of the command byte */
#define I8042_ST_A2   0x08 /* the last write was a command */
#define I8042_ST_INH  0x10 /* 1: the keyboard lock is open */
#define I8042_ST_AUXB 0x20 /* the byte is from the auxiliary device */
#define I8042_ST_TO   0x40 /* a device did not answer */
#define I8042_ST_PERR 0x80

#define I8042_CMD_READ_RAM     0x20 /* to 0x3f; 0x20 is the command byte */
#define I8042_CMD_WRITE_RAM    0x60 /* to 0x7f */
#define I8042_CMD_TEST_PASSWD  0xa4
#define I8042_CMD_AUX_DISABLE  0xa7
#define I8042_CMD_AUX_ENABLE   0xa8
#define I8042_CMD_AUX_TEST     0xa9
#define I8042_CMD_SELF_TEST    0xaa
#define I8042_CMD_KBD_TEST     0xab
#define I8042_CMD_KBD_DISABLE  0xad
#define I8042_CMD_KBD_ENABLE   0xae
#define I8042_CMD_READ_INPUT   0xc0
#define I8042_CMD_POLL_LOW     0xc1
#define I8042_CMD_POLL_HIGH    0xc2
#define I8042_CMD_READ_OUTPUT  0xd0
#define I8042_CMD_WRITE_OUTPUT 0xd1
#define I8042_CMD_WRITE_KBD_OB 0xd2
#define I8042_CMD_WRITE_AUX_OB 0xd3
#define I8042_CMD_WRITE_AUX    0xd4
#define I8042_CMD_READ_TEST    0xe0
#define I8042_CMD_PULSE        0xf0 /* to 0xff; a clear bit pulses its line */
#define I8042_CMD_RESET        0xfe

#define I8042_SELF_TEST_OK 0x55
#define I8042_PORT_TEST_OK 0x00
#define I8042_NO_PASSWD    0xf1

#define I8042_CB_INT      0x01 /* IRQ 1 */
#define I8042_CB_AUX_INT  0x02 /* IRQ 12 */
#define I8042_CB_SYS      0x04
#define I8042_CB_KBD_OFF  0x10
#define I8042_CB_AUX_OFF  0x20
#define I8042_CB_XLATE    0x40
#define I8042_CB_RESERVED 0x88

#define I8042_OUT_RESET   0x01 /* 0 resets the system */
#define I8042_OUT_A20     0x02
#define I8042_OUT_OBF     0x10 /* IRQ 1 */
#define I8042_OUT_AUX_OBF 0x20 /* IRQ 12 */
#define I8042_OUT_CLOCK   0x40
#define I8042_OUT_DATA    0x80

#define I8042_IN_UNLOCKED 0x80
#define I8042_IN_COLOR    0x40 /* 1: monochrome */
#define I8042_IN_JUMPER   0x20

#define I8042_RAM_SIZE 32

/* Commands that both keyboard and mouse accept. */
#define PS2_GET_ID       0xf2
#define PS2_SET_RATE     0xf3
#define PS2_ENABLE       0xf4
#define PS2_DISABLE      0xf5
#define PS2_SET_DEFAULTS 0xf6
#define PS2_RESEND       0xfe
#define PS2_RESET        0xff

/* Answers of keyboard and mouse. */
#define PS2_ACK    0xfa
#define PS2_BAT_OK 0xaa
#define PS2_NACK   0xfe

#define KBD_SET_LEDS  0xed
#define KBD_ECHO      0xee
#define KBD_SET_CODES 0xf0
#define KBD_ALL_FIRST 0xf7 /* to 0xfa: set the kind of every key */
#define KBD_ALL_LAST  0xfa
#define KBD_KEY_FIRST 0xfb /* to 0xfd: set the kind of the key that follows */
#define KBD_KEY_LAST  0xfd

#define KBD_LED_SCROLL 0x01
#define KBD_LED_NUM    0x02
#define KBD_LED_CAPS   0x04

#define KBD_ID1 0xab
#define KBD_ID2 0x83

#define KBD_PREFIX       0xe0
#define KBD_PREFIX_PAUSE 0xe1
#define KBD_BREAK        0xf0 /* before a code of sets 2 and 3 */
#define KBD_BREAK_BIT    0x80 /* in a code of set 1 */

#define MOUSE_SCALING_1_1    0xe6
#define MOUSE_SCALING_2_1    0xe7
#define MOUSE_SET_RESOLUTION 0xe8
#define MOUSE_STATUS         0xe9
#define MOUSE_STREAM         0xea
#define MOUSE_READ           0xeb
#define MOUSE_WRAP_END       0xec
#define MOUSE_WRAP           0xee
#define MOUSE_REMOTE         0xf0
#define MOUSE_ERROR          0xfc
#define MOUSE_ID             0x00
#define MOUSE_ID_WHEEL       0x03

#define MOUSE_PACKET_LEFT   0x01
#define MOUSE_PACKET_RIGHT  0x02
#define MOUSE_PACKET_MIDDLE 0x04
#define MOUSE_PACKET_ONE    0x08
#define MOUSE_PACKET_XS     0x10
#define MOUSE_PACKET_YS     0x20

#define MOUSE_STATUS_RIGHT   0x01
#define MOUSE_STATUS_MIDDLE  0x02
#define MOUSE_STATUS_LEFT    0x04
#define MOUSE_STATUS_SCALING 0x10
#define MOUSE_STATUS_ENABLED 0x20
#define MOUSE_STATUS_REMOTE  0x40

#endif
