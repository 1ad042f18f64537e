/*
 * Option ROMs: what runs them, and what they offer to boot.
 */
#ifndef PIOEMU_BIOS_ROM_H
#define PIOEMU_BIOS_ROM_H

#include "bios/bios.h"

/* Runs the ROM of the display, which takes over INT 10h. */
void rom_setup_display(void);
/* Runs all the others. */
void rom_setup(void);

#endif
