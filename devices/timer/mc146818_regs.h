/*
 * MC146818A registers and bits, under the names of the Motorola data sheet
 * (ADI-1073), and the CMOS bytes of the PC/AT.  C and assembly can include it.
 */
#ifndef PIOEMU_DEVICES_TIMER_MC146818_REGS_H
#define PIOEMU_DEVICES_TIMER_MC146818_REGS_H

/* Ports. */
#define RTC_INDEX 0 /* write only */
#define RTC_DATA  1

#define RTC_INDEX_MASK     0x7f
#define RTC_INDEX_NMI_MASK 0x80 /* 1: NMI is masked */

#define RTC_SECONDS       0x00
#define RTC_SECONDS_ALARM 0x01
#define RTC_MINUTES       0x02
#define RTC_MINUTES_ALARM 0x03
#define RTC_HOURS         0x04
#define RTC_HOURS_ALARM   0x05
#define RTC_DAY_OF_WEEK   0x06 /* 1: Sunday */
#define RTC_DATE          0x07
#define RTC_MONTH         0x08
#define RTC_YEAR          0x09
#define RTC_A             0x0a
#define RTC_B             0x0b
#define RTC_C             0x0c
#define RTC_D             0x0d
#define RTC_RAM           0x0e /* the first byte of plain memory */

#define RTC_HOURS_PM         0x80
#define RTC_ALARM_DONT_CARE  0xc0 /* both bits */
#define RTC_SECONDS_WRITABLE 0x7f

#define RTC_A_UIP      0x80 /* read only */
#define RTC_A_DV_MASK  0x70
#define RTC_A_DV_4M    0x00
#define RTC_A_DV_1M    0x10
#define RTC_A_DV_32K   0x20
#define RTC_A_DV_RESET 0x60 /* also 0x70 */
#define RTC_A_RS_MASK  0x0f

#define RTC_B_DSE  0x01
#define RTC_B_24H  0x02
#define RTC_B_DM   0x04 /* 1: binary, 0: BCD */
#define RTC_B_SQWE 0x08
#define RTC_B_UIE  0x10
#define RTC_B_AIE  0x20
#define RTC_B_PIE  0x40
#define RTC_B_SET  0x80

#define RTC_C_UF   0x10 /* PF, AF and UF have the positions of PIE, AIE and UIE in register B */
#define RTC_C_AF   0x20
#define RTC_C_PF   0x40
#define RTC_C_IRQF 0x80

#define RTC_D_VRT 0x80

/* CMOS bytes of the PC/AT. */
#define CMOS_SHUTDOWN       0x0f
#define CMOS_FLOPPY_TYPES   0x10 /* the first drive in bits 4-7 */
#define CMOS_DISK_TYPES     0x12 /* the first disk in bits 4-7; 15: the type is in 0x19, 0x1a */
#define CMOS_EQUIPMENT      0x14
#define CMOS_BASE_KB        0x15 /* KiB of memory up to 640 KiB, low byte first */
#define CMOS_EXTENDED_KB    0x17 /* KiB above 1 MiB, at most 65535, low byte first */
#define CMOS_DISK0_TYPE     0x19
#define CMOS_DISK1_TYPE     0x1a
#define CMOS_DISK0          0x1b /* the parameters of a disk of type 47 */
#define CMOS_DISK1          0x24
#define CMOS_CHECKSUM       0x2e /* the sum of bytes 0x10 to 0x2d, high byte first */
#define CMOS_CHECKSUM_FIRST 0x10
#define CMOS_CHECKSUM_LAST  0x2d
#define CMOS_EXTENDED_KB_2  0x30 /* the same value as at 0x17 */
#define CMOS_CENTURY        0x32
#define CMOS_ABOVE_16M      0x34 /* units of 64 KiB from 16 MiB up to the hole below 4 GiB */
#define CMOS_BOOT_3         0x38 /* what to boot third, in bits 4-7 */
#define CMOS_BOOT           0x3d /* what to boot first, in bits 0-3, and second */
#define CMOS_ABOVE_4G       0x5b /* units of 64 KiB above 4 GiB, three bytes */
#define CMOS_MORE_CPUS      0x5f /* the number of CPUs less one */

#define CMOS_SIZE 128

#define CMOS_EQUIPMENT_FLOPPY         0x01 /* there is at least one drive */
#define CMOS_EQUIPMENT_FLOPPIES_SHIFT 6    /* the number of drives less one, two bits */
/* Values in the boot bytes, as in QEMU.  0 means that there is no further one. */
#define CMOS_BOOT_FLOPPY  1
#define CMOS_BOOT_DISK    2
#define CMOS_BOOT_CDROM   3
#define CMOS_BOOT_NETWORK 4

#define CMOS_DISK_TYPE_EXTENDED 15
#define CMOS_DISK_TYPE_USER     47

/* In the parameters of a disk of type 47. */
#define CMOS_DISK_CYLINDERS    0 /* two bytes */
#define CMOS_DISK_HEADS        2
#define CMOS_DISK_PRECOMP      3 /* two bytes; 0xffff if none */
#define CMOS_DISK_CONTROL      5
#define CMOS_DISK_LANDING_ZONE 6 /* two bytes */
#define CMOS_DISK_SECTORS      8

#define CMOS_DISK_CONTROL_RETRY 0xc0
#define CMOS_DISK_CONTROL_HEADS 0x08 /* more than eight */

#endif
