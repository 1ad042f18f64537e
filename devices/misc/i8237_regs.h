/*
 * Registers of the 8237A DMA controller, and the page registers next to it in
 * a PC/AT.  The offsets are those of the controller for bytes.  The controller
 * for words has its registers two ports apart, so its offsets are twice as
 * large.
 */
#ifndef PIOEMU_DEVICES_MISC_I8237_REGS_H
#define PIOEMU_DEVICES_MISC_I8237_REGS_H

#define DMA_ADDRESS(channel) ((channel)*2) /* the flip-flop selects the byte, low byte first */
#define DMA_COUNT(channel)   ((channel)*2 + 1)
#define DMA_STATUS           0x8 /* read */
#define DMA_COMMAND          0x8 /* write */
#define DMA_REQUEST          0x9
#define DMA_MASK             0xa
#define DMA_MODE             0xb
#define DMA_CLEAR_FLIP_FLOP  0xc
#define DMA_TEMPORARY        0xd /* read */
#define DMA_MASTER_CLEAR     0xd /* write */
#define DMA_CLEAR_MASK       0xe
#define DMA_ALL_MASK         0xf

#define DMA_ST_TC      0x0f /* a bit for each channel; a read clears them */
#define DMA_ST_REQUEST 0xf0

#define DMA_CMD_MEMORY     0x01 /* memory-to-memory on channels 0 and 1 */
#define DMA_CMD_HOLD       0x02 /* with DMA_CMD_MEMORY: channel 0 keeps its address */
#define DMA_CMD_DISABLE    0x04
#define DMA_CMD_COMPRESSED 0x08
#define DMA_CMD_ROTATE     0x10
#define DMA_CMD_EXTENDED   0x20
#define DMA_CMD_DREQ_LOW   0x40
#define DMA_CMD_DACK_HIGH  0x80

/* Bits of the request register and of the single mask register. */
#define DMA_CHANNEL 0x03
#define DMA_SET     0x04

#define DMA_MODE_CHANNEL 0x03
#define DMA_MODE_TYPE    0x0c
#define DMA_MODE_VERIFY  0x00
#define DMA_MODE_WRITE   0x04 /* to memory */
#define DMA_MODE_READ    0x08 /* from memory */
#define DMA_MODE_ILLEGAL 0x0c
#define DMA_MODE_AUTO    0x10
#define DMA_MODE_DOWN    0x20
#define DMA_MODE_SELECT  0xc0
#define DMA_MODE_DEMAND  0x00
#define DMA_MODE_SINGLE  0x40
#define DMA_MODE_BLOCK   0x80
#define DMA_MODE_CASCADE 0xc0

/* PC/AT: the ports of the controllers and of the channels' page registers. */
#define DMA_PORT         0x00
#define DMA_PORT_WORDS   0xc0
#define DMA_PORT_PAGES   0x81
#define DMA_PAGE_0       0x87
#define DMA_PAGE_1       0x83
#define DMA_PAGE_2       0x81
#define DMA_PAGE_3       0x82
#define DMA_PAGE_5       0x8b
#define DMA_PAGE_6       0x89
#define DMA_PAGE_7       0x8a
#define DMA_PAGE_REFRESH 0x8f

#endif
