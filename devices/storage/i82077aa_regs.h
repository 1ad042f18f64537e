/*
 * Registers and commands of the 82077AA floppy disk controller in a PC/AT.
 */
#ifndef PIOEMU_DEVICES_STORAGE_I82077AA_REGS_H
#define PIOEMU_DEVICES_STORAGE_I82077AA_REGS_H

#define FDC_SRA  0
#define FDC_SRB  1
#define FDC_DOR  2
#define FDC_TDR  3
#define FDC_MSR  4 /* read */
#define FDC_DSR  4 /* write */
#define FDC_FIFO 5
#define FDC_DIR  7 /* read */
#define FDC_CCR  7 /* write */

#define FDC_SRA_DIR   0x01
#define FDC_SRA_WP    0x02 /* low when write-protected */
#define FDC_SRA_INDX  0x04
#define FDC_SRA_HDSEL 0x08
#define FDC_SRA_TRK0  0x10 /* low when at track 0 */
#define FDC_SRA_STEP  0x20
#define FDC_SRA_DRV2  0x40 /* low when there is a second drive */
#define FDC_SRA_INT   0x80

#define FDC_SRB_MOT0 0x01
#define FDC_SRB_MOT1 0x02
#define FDC_SRB_SEL0 0x20
#define FDC_SRB_ONES 0xc0

#define FDC_DOR_SELECT 0x03
#define FDC_DOR_RESET  0x04 /* low to reset */
#define FDC_DOR_DMA    0x08 /* gates INT, DRQ, DACK and TC */
#define FDC_DOR_MOTOR  0x10 /* for drive 0; the next bits are for the other drives */

#define FDC_TDR_SELECT 0x03

#define FDC_MSR_BUSY0 0x01 /* drive 0 seeks; the next bits are for the other drives */
#define FDC_MSR_CB    0x10
#define FDC_MSR_NDMA  0x20
#define FDC_MSR_DIO   0x40 /* high when the guest reads */
#define FDC_MSR_RQM   0x80

#define FDC_RATE        0x03
#define FDC_RATE_500    0x00
#define FDC_RATE_300    0x01
#define FDC_RATE_250    0x02
#define FDC_RATE_1000   0x03
#define FDC_DSR_DEFAULT 0x02
#define FDC_DSR_RESET   0x80

#define FDC_DIR_CHANGED 0x80

/* Commands, and the bits that accompany their codes. */
#define FDC_CMD_READ_TRACK      0x02
#define FDC_CMD_SPECIFY         0x03
#define FDC_CMD_SENSE_DRIVE     0x04
#define FDC_CMD_WRITE           0x05
#define FDC_CMD_READ            0x06
#define FDC_CMD_RECALIBRATE     0x07
#define FDC_CMD_SENSE_INTERRUPT 0x08
#define FDC_CMD_WRITE_DELETED   0x09
#define FDC_CMD_READ_ID         0x0a
#define FDC_CMD_READ_DELETED    0x0c
#define FDC_CMD_FORMAT          0x0d
#define FDC_CMD_DUMPREG         0x0e
#define FDC_CMD_SEEK            0x0f
#define FDC_CMD_VERSION         0x10
#define FDC_CMD_SCAN_EQUAL      0x11
#define FDC_CMD_PERPENDICULAR   0x12
#define FDC_CMD_CONFIGURE       0x13
#define FDC_CMD_LOCK            0x14
#define FDC_CMD_VERIFY          0x16
#define FDC_CMD_PART_ID         0x18 /* known to later chips only */
#define FDC_CMD_SCAN_LOW        0x19
#define FDC_CMD_SCAN_HIGH       0x1d
#define FDC_CMD_RELATIVE_SEEK   0x8f
#define FDC_CMD_CODE            0x1f
#define FDC_CMD_SK              0x20
#define FDC_CMD_MFM             0x40
#define FDC_CMD_MT              0x80
#define FDC_CMD_LOCK_ON         0x80
#define FDC_CMD_RELATIVE_IN     0x40

/* Fields of the byte that follows most codes. */
#define FDC_DS  0x03
#define FDC_HDS 0x04
#define FDC_EC  0x80 /* for VERIFY: a count of sectors is given */

#define FDC_CONFIG_EIS     0x40
#define FDC_CONFIG_EFIFO   0x20 /* high to disable the FIFO */
#define FDC_CONFIG_POLL    0x10 /* high to disable polling */
#define FDC_CONFIG_FIFOTHR 0x0f
#define FDC_CONFIG_DEFAULT FDC_CONFIG_EFIFO

#define FDC_PERPENDICULAR_OW    0x80
#define FDC_PERPENDICULAR_DRIVE 0x3c
#define FDC_PERPENDICULAR_GAP   0x03

#define FDC_SPECIFY_ND 0x01 /* high for no DMA */

#define FDC_VERSION_82077AA 0x90
#define FDC_INVALID         0x80

#define FDC_ST0_DS       0x03
#define FDC_ST0_H        0x04
#define FDC_ST0_EC       0x10
#define FDC_ST0_SE       0x20
#define FDC_ST0_ABNORMAL 0x40
#define FDC_ST0_POLLED   0xc0
#define FDC_ST0_IC       0xc0

#define FDC_ST1_MA 0x01
#define FDC_ST1_NW 0x02
#define FDC_ST1_ND 0x04
#define FDC_ST1_OR 0x10
#define FDC_ST1_DE 0x20
#define FDC_ST1_EN 0x80

#define FDC_ST2_MD 0x01
#define FDC_ST2_BC 0x02
#define FDC_ST2_SN 0x04
#define FDC_ST2_SH 0x08
#define FDC_ST2_WC 0x10
#define FDC_ST2_DD 0x20
#define FDC_ST2_CM 0x40

#define FDC_ST3_HD   0x04
#define FDC_ST3_T0   0x10
#define FDC_ST3_ONES 0x28
#define FDC_ST3_WP   0x40

#endif
