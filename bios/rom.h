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

/* A bootstrap entry vector: a ROM, usually of a network card, that boots by itself. */
typedef struct RomBoot {
    uint16_t segment, entry;
    uint16_t name; /* the offset of its text, or 0 */
    uint8_t function;
} RomBoot;

/* In the order in which the ROMs were run.  NULL: there are not so many. */
const RomBoot *rom_boot(unsigned index);
#define ROM_NAME_SIZE 41u /* including the NUL */
void rom_get_name(const RomBoot *rom, char *name);
/* Returns if it boots nothing. */
void rom_start(const RomBoot *rom);

#endif
