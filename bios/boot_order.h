/*
 * The order of the devices that the machine gives in the file "bootorder", with
 * QEMU's names for them.
 */
#ifndef PIOEMU_BIOS_BOOT_ORDER_H
#define PIOEMU_BIOS_BOOT_ORDER_H

#include "bios/bios.h"

/* Where a drive or an option ROM is. */
#define PLACE_NONE           0 /* the function of the host bridge */
#define PLACE_PCI(function)  ((uint16_t)(function))
#define PLACE_ATA(index)     ((uint16_t)(0x100 | (index)))
#define PLACE_FLOPPY(number) ((uint16_t)(0x200 | (number)))

/* Reads the file, and gives the drives in it the first numbers of their kind. */
void boot_order_setup(void);
unsigned boot_order_count(void);
/* The place of the device at this index. */
uint16_t boot_order_place(unsigned index);
bool boot_order_has(uint16_t place);
/* Nothing but these is to be booted. */
bool boot_order_is_strict(void);

#endif
