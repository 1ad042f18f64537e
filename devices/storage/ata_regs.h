/*
 * ATA and ATAPI: registers, bits and commands, with the names of ATA/ATAPI-6
 * (T13/1410D) and MMC-2.  For C and for assembly.
 */
#ifndef PIOEMU_DEVICES_STORAGE_ATA_REGS_H
#define PIOEMU_DEVICES_STORAGE_ATA_REGS_H

/* Command block, offsets from the base. */
#define ATA_DATA     0
#define ATA_ERROR    1 /* read */
#define ATA_FEATURES 1 /* write */
#define ATA_COUNT    2
#define ATA_LBA_LOW  3
#define ATA_LBA_MID  4
#define ATA_LBA_HIGH 5
#define ATA_DEVICE   6
#define ATA_STATUS   7 /* a read acknowledges the interrupt */
#define ATA_COMMAND  7 /* write */

#define ATA_PORTS 8

#define ATA_ST_ERR  0x01 /* called CHK for a packet command */
#define ATA_ST_DRQ  0x08
#define ATA_ST_DSC  0x10
#define ATA_ST_DF   0x20
#define ATA_ST_DRDY 0x40
#define ATA_ST_BSY  0x80

#define ATA_ER_ABRT 0x04
#define ATA_ER_IDNF 0x10
#define ATA_ER_UNC  0x40

#define ATA_ER_DIAGNOSTIC_OK 0x01

#define ATA_DEV_DEV  0x10
#define ATA_DEV_LBA  0x40
#define ATA_DEV_HEAD 0x0f
#define ATA_DEV_ONES 0xa0 /* obsolete bits that drivers set */

/*
 * The control port: a write sets device control; a read gets the status without an
 * acknowledgement.
 */
#define ATA_DC_NIEN 0x02
#define ATA_DC_SRST 0x04
#define ATA_DC_HOB  0x80
#define ATA_DC_KEPT (ATA_DC_NIEN | ATA_DC_SRST | ATA_DC_HOB)

#define ATA_CMD_NOP                 0x00
#define ATA_CMD_DEVICE_RESET        0x08
#define ATA_CMD_RECALIBRATE         0x10 /* to 0x1f */
#define ATA_CMD_READ                0x20
#define ATA_CMD_READ_NORETRY        0x21
#define ATA_CMD_READ_EXT            0x24
#define ATA_CMD_READ_NATIVE_MAX_EXT 0x27
#define ATA_CMD_READ_MULTIPLE_EXT   0x29
#define ATA_CMD_READ_DMA_EXT        0x25
#define ATA_CMD_WRITE               0x30
#define ATA_CMD_WRITE_NORETRY       0x31
#define ATA_CMD_WRITE_EXT           0x34
#define ATA_CMD_WRITE_DMA_EXT       0x35
#define ATA_CMD_WRITE_MULTIPLE_EXT  0x39
#define ATA_CMD_VERIFY              0x40
#define ATA_CMD_VERIFY_NORETRY      0x41
#define ATA_CMD_VERIFY_EXT          0x42
#define ATA_CMD_SEEK                0x70 /* to 0x7f */
#define ATA_CMD_DIAGNOSTIC          0x90
#define ATA_CMD_INITIALIZE          0x91
#define ATA_CMD_STANDBY_NOW_OLD     0x94
#define ATA_CMD_IDLE_NOW_OLD        0x95
#define ATA_CMD_STANDBY_OLD         0x96
#define ATA_CMD_IDLE_OLD            0x97
#define ATA_CMD_CHECK_POWER_OLD     0x98
#define ATA_CMD_SLEEP_OLD           0x99
#define ATA_CMD_PACKET              0xa0
#define ATA_CMD_IDENTIFY_PACKET     0xa1
#define ATA_CMD_READ_MULTIPLE       0xc4
#define ATA_CMD_WRITE_MULTIPLE      0xc5
#define ATA_CMD_SET_MULTIPLE        0xc6
#define ATA_CMD_READ_DMA            0xc8
#define ATA_CMD_READ_DMA_NORETRY    0xc9
#define ATA_CMD_WRITE_DMA           0xca
#define ATA_CMD_WRITE_DMA_NORETRY   0xcb
#define ATA_CMD_STANDBY_NOW         0xe0
#define ATA_CMD_IDLE_NOW            0xe1
#define ATA_CMD_STANDBY             0xe2
#define ATA_CMD_IDLE                0xe3
#define ATA_CMD_CHECK_POWER         0xe5
#define ATA_CMD_SLEEP               0xe6
#define ATA_CMD_FLUSH               0xe7
#define ATA_CMD_FLUSH_EXT           0xea
#define ATA_CMD_IDENTIFY            0xec
#define ATA_CMD_SET_FEATURES        0xef
#define ATA_CMD_READ_NATIVE_MAX     0xf8

#define ATA_FEATURE_WRITE_CACHE_ON  0x02
#define ATA_FEATURE_TRANSFER_MODE   0x03
#define ATA_FEATURE_LOOK_AHEAD_OFF  0x55
#define ATA_FEATURE_REVERT_OFF      0x66
#define ATA_FEATURE_WRITE_CACHE_OFF 0x82
#define ATA_FEATURE_LOOK_AHEAD_ON   0xaa
#define ATA_FEATURE_REVERT_ON       0xcc

#define ATA_POWER_ACTIVE 0xff

/* Transfer modes of ATA_FEATURE_TRANSFER_MODE: a class, and the number of the mode. */
#define ATA_MODE_MWDMA 0x20
#define ATA_MODE_UDMA  0x40
#define ATA_MODE_CLASS 0xf8
#define ATA_MWDMA_MAX  2
#define ATA_UDMA_MAX   5

#define ATAPI_FEATURE_DMA     0x01 /* of the features of PACKET */
#define ATAPI_FEATURE_OVERLAP 0x02

#define ATA_SECTOR_SIZE 512

/* Interrupt reason: the count register during a packet command. */
#define ATAPI_REASON_COD 0x01
#define ATAPI_REASON_IO  0x02

#define ATAPI_PACKET_SIZE    12
#define ATAPI_SECTOR_SIZE    2048
#define ATAPI_SIGNATURE_MID  0x14
#define ATAPI_SIGNATURE_HIGH 0xeb

#define ATAPI_TEST_UNIT_READY   0x00
#define ATAPI_REQUEST_SENSE     0x03
#define ATAPI_INQUIRY           0x12
#define ATAPI_START_STOP        0x1b
#define ATAPI_PREVENT_ALLOW     0x1e
#define ATAPI_READ_CAPACITY     0x25
#define ATAPI_READ_10           0x28
#define ATAPI_SEEK              0x2b
#define ATAPI_READ_TOC          0x43
#define ATAPI_GET_CONFIGURATION 0x46
#define ATAPI_GET_EVENT         0x4a
#define ATAPI_MODE_SENSE_10     0x5a
#define ATAPI_READ_12           0xa8

/* Changes of the medium, in an answer to GET EVENT STATUS NOTIFICATION. */
#define ATAPI_EVENT_EJECT     1 /* the user asks for the medium */
#define ATAPI_EVENT_NEW_MEDIA 2
#define ATAPI_EVENT_REMOVAL   3

#define SENSE_NONE            0x0
#define SENSE_NOT_READY       0x2
#define SENSE_MEDIUM_ERROR    0x3
#define SENSE_ILLEGAL_REQUEST 0x5
#define SENSE_UNIT_ATTENTION  0x6

#define ASC_UNRECOVERED_READ  0x11
#define ASC_INVALID_COMMAND   0x20
#define ASC_LBA_OUT_OF_RANGE  0x21
#define ASC_INVALID_FIELD     0x24
#define ASC_MEDIUM_CHANGED    0x28
#define ASC_RESET             0x29
#define ASC_NO_MEDIUM         0x3a
#define ASC_REMOVAL_PREVENTED 0x53

/*
 * A bus master's registers (Programming Interface for Bus Master IDE Controller
 * 1.0, section 2): eight ports for each channel.
 */
#define BM_COMMAND 0
#define BM_STATUS  2
#define BM_TABLE   4 /* to 7 */
#define BM_PORTS   8 /* of a channel */

#define BM_CMD_START   0x01
#define BM_CMD_READ    0x08 /* from the drive: to memory */
#define BM_ST_ACTIVE   0x01
#define BM_ST_ERROR    0x02 /* a one that is written clears it */
#define BM_ST_IRQ      0x04 /* the same */
#define BM_ST_DRIVE0   0x20 /* for the drivers' own use */
#define BM_ST_DRIVE1   0x40
#define BM_PRD_LAST    0x80000000u /* of a descriptor's second word */
#define BM_PRD_SIZE    8
#define BM_PRD_NOTHING 0x10000 /* what a size of 0 means */

#endif
