/*
 * CD-ROM drives: what atapi.c gives to cdrom.c, and cdrom.c to eltorito.c.
 */
#ifndef PIOEMU_BIOS_CDROM_H
#define PIOEMU_BIOS_CDROM_H

#include "bios/disk.h"

#define CDROM_BLOCK 2048u

/* How many blocks the disc has. */
DiskStatus atapi_capacity(const AtaUnit *unit, uint32_t *blocks);
DiskStatus atapi_read(const AtaUnit *unit, uint32_t block, uint16_t count, uint32_t address);

DiskStatus atapi_test_ready(const AtaUnit *unit);
/* The tray stays closed, or may be opened. */
DiskStatus atapi_lock(const AtaUnit *unit, bool locked);
DiskStatus atapi_eject(const AtaUnit *unit);
/* The drive has told of another disc since this was asked last. */
bool atapi_take_change(const AtaUnit *unit);

/* `count` sectors of 512 bytes from sector `first` after block `start`, into `address`. */
DiskStatus cdrom_read_sectors(const AtaUnit *unit, uint32_t start, uint32_t first, uint32_t count,
                              uint32_t address);
/* The same for one block, in the BIOS's own buffer; NULL: it cannot be read. */
const uint8_t *cdrom_block(const AtaUnit *unit, uint32_t block);

/* Boots the disc by its El Torito catalog, or returns why it could not. */
const char *eltorito_boot(Drive *drive);
/* INT 13h, AH = 4Bh, of the drive from which was booted or that is emulated. */
DiskStatus eltorito_service(const Drive *drive, Regs *regs);

#endif
