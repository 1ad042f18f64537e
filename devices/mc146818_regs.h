/* Registers and bits of the MC146818 clock, by the names of its data sheet. */
#ifndef PIOEMU_MC146818_REGS_H
#define PIOEMU_MC146818_REGS_H

#define RTC_SECONDS      0x00
#define RTC_MINUTES      0x02
#define RTC_HOURS        0x04
#define RTC_DAY_OF_MONTH 0x07
#define RTC_MONTH        0x08
#define RTC_YEAR         0x09
#define RTC_REG_A        0x0a
#define RTC_REG_B        0x0b
#define RTC_REG_C        0x0c
#define RTC_REG_D        0x0d
#define RTC_CENTURY      0x32

#define RTC_A_UIP 0x80
#define RTC_B_UIE 0x10
#define RTC_B_DM  0x04
#define RTC_B_24H 0x02
#define RTC_C_UF  0x10
#define RTC_D_VRT 0x80

#endif
