/*
 * Configuration registers of the Intel 82441FX host bridge (PMC) and of the
 * 82371SB (PIIX3) and 82371AB (PIIX4) functions, with the data sheets' names.
 */
#ifndef PIOEMU_I440FX_REGS_H
#define PIOEMU_I440FX_REGS_H

/* 82441FX, sections 3.2.18 and 3.2.22 */
#define PMC_PAM0  0x59
#define PMC_PAM6  0x5f
#define PMC_SMRAM 0x72

/* The bits in each half of a PAM register. */
#define PAM_READ  0x1
#define PAM_WRITE 0x2

/* 82371SB, sections 2.2.3 and 2.2.7 */
#define PIIX3_XBCS  0x4e
#define PIIX3_PIRQA 0x60
#define PIIX3_TOM   0x69

/* 82371SB, section 2.3.9 */
#define PIIX3_IDETIM0 0x40
#define PIIX3_IDETIM1 0x42
#define IDETIM_DECODE 0x80 /* in the upper byte: the chipset decodes the channel's ports */

#define PIRQ_OFF 0x80 /* otherwise the low bits are an ISA IRQ */
#define PIRQ_IRQ 0x0f

/* 82371AB, section 7.1 */
#define PIIX4_PMBASE    0x40
#define PIIX4_DEVACTB   0x58
#define PIIX4_PMREGMISC 0x80
#define PIIX4_SMBBASE   0x90
#define PIIX4_SMBHSTCFG 0xd2

#endif
