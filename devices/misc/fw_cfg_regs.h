/*
 * QEMU's firmware configuration device: its registers, items and DMA descriptor,
 * after QEMU's docs/specs/fw_cfg.  C and assembly can include it.
 */
#ifndef PIOEMU_DEVICES_MISC_FW_CFG_REGS_H
#define PIOEMU_DEVICES_MISC_FW_CFG_REGS_H

/* Offsets from port 0x510. */
#define FW_CFG_SELECTOR 0 /* 16 bits, write only */
#define FW_CFG_DATA     1 /* 8 bits, read only */
#define FW_CFG_DMA      4 /* 64 bits, big-endian */
#define FW_CFG_DMA_LOW  8

#define FW_CFG_PORTS     2
#define FW_CFG_DMA_PORTS 8

/* Items. */
#define FW_CFG_SIGNATURE     0x0000
#define FW_CFG_ID            0x0001
#define FW_CFG_UUID          0x0002
#define FW_CFG_RAM_SIZE      0x0003
#define FW_CFG_NOGRAPHIC     0x0004
#define FW_CFG_NB_CPUS       0x0005
#define FW_CFG_KERNEL_ADDR   0x0007
#define FW_CFG_KERNEL_SIZE   0x0008
#define FW_CFG_INITRD_ADDR   0x000a
#define FW_CFG_INITRD_SIZE   0x000b
#define FW_CFG_BOOT_MENU     0x000e
#define FW_CFG_MAX_CPUS      0x000f
#define FW_CFG_KERNEL_ENTRY  0x0010
#define FW_CFG_KERNEL_DATA   0x0011
#define FW_CFG_INITRD_DATA   0x0012
#define FW_CFG_CMDLINE_ADDR  0x0013
#define FW_CFG_CMDLINE_SIZE  0x0014
#define FW_CFG_CMDLINE_DATA  0x0015
#define FW_CFG_SETUP_ADDR    0x0016
#define FW_CFG_SETUP_SIZE    0x0017
#define FW_CFG_SETUP_DATA    0x0018
#define FW_CFG_FILE_DIR      0x0019
#define FW_CFG_FILE_FIRST    0x0020
#define FW_CFG_WRITE_CHANNEL 0x4000 /* in a selector; has no effect any more */
#define FW_CFG_ARCH_LOCAL    0x8000 /* items that only the PC has */
#define FW_CFG_IRQ0_OVERRIDE 0x8002

#define FW_CFG_ID_TRADITIONAL 0x01
#define FW_CFG_ID_DMA         0x02

/* The directory: a count, then an entry for each file.  All numbers are big-endian. */
#define FW_CFG_DIR_COUNT_SIZE 4
#define FW_CFG_DIR_ENTRY_SIZE 64
#define FW_CFG_DIR_KEY        4 /* follows the size, which is at 0 */
#define FW_CFG_DIR_NAME       8
#define FW_CFG_NAME_SIZE      56 /* includes the final NUL */

/* The descriptor in guest memory, big-endian. */
#define FW_CFG_DMA_CONTROL         0
#define FW_CFG_DMA_LENGTH          4
#define FW_CFG_DMA_ADDRESS         8
#define FW_CFG_DMA_DESCRIPTOR_SIZE 16

#define FW_CFG_DMA_CTL_ERROR     0x01
#define FW_CFG_DMA_CTL_READ      0x02
#define FW_CFG_DMA_CTL_SKIP      0x04
#define FW_CFG_DMA_CTL_SELECT    0x08
#define FW_CFG_DMA_CTL_WRITE     0x10
#define FW_CFG_DMA_CTL_KEY_SHIFT 16

#endif
