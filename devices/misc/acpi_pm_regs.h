/*
 * The fixed hardware of ACPI: offsets from the first port of the block, after
 * the ACPI Specification 2.0, section 4.7.3.
 */
#ifndef PIOEMU_DEVICES_MISC_ACPI_PM_REGS_H
#define PIOEMU_DEVICES_MISC_ACPI_PM_REGS_H

#define ACPI_PM1_STS 0
#define ACPI_PM1_EN  2
#define ACPI_PM1_CNT 4
#define ACPI_PM_TMR  8

#define ACPI_PM1_EVT_LEN 4
#define ACPI_PM1_CNT_LEN 2
#define ACPI_PM_TMR_LEN  4
#define ACPI_PM_SIZE     12

/* PM1_STS and PM1_EN. */
#define ACPI_PM1_TMR    0x0001
#define ACPI_PM1_GBL    0x0020
#define ACPI_PM1_PWRBTN 0x0100
#define ACPI_PM1_SLPBTN 0x0200
#define ACPI_PM1_RTC    0x0400

/* PM1_CNT. */
#define ACPI_PM1_SCI_EN        0x0001
#define ACPI_PM1_BM_RLD        0x0002
#define ACPI_PM1_GBL_RLS       0x0004
#define ACPI_PM1_SLP_TYP_SHIFT 10
#define ACPI_PM1_SLP_TYP       0x1c00
#define ACPI_PM1_SLP_EN        0x2000

/*
 * The values of SLP_TYP for \_S5.  The first one is that of our DSDT and of QEMU;
 * some guests write it without reading the DSDT.  The second one is that of VirtualBox and
 * others.
 */
#define ACPI_SLP_TYP_S5       0
#define ACPI_SLP_TYP_S5_OTHER 5

#define ACPI_PM_TMR_HZ   3579545
#define ACPI_PM_TMR_BITS 24

#endif
