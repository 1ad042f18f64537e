/* CD-ROM drives: what cdrom.c uses of atapi.c, and eltorito.c of cdrom.c. */
#ifndef PIOEMU_BIOS_CDROM_H
#define PIOEMU_BIOS_CDROM_H

#include "bios/disk.h"

#define CDROM_BLOCK 2048u

/* The number of blocks on the disc. */
DiskStatus atapi_capacity(const AtaUnit *unit, uint32_t *blocks);
DiskStatus atapi_read(const AtaUnit *unit, uint32_t block, uint16_t count, uint32_t address);

DiskStatus atapi_test_ready(const AtaUnit *unit);
/* Locks the tray, or unlocks it. */
DiskStatus atapi_lock(const AtaUnit *unit, bool locked);
DiskStatus atapi_eject(const AtaUnit *unit);
/* True if the drive has reported another disc since the last call. */
bool atapi_take_change(const AtaUnit *unit);

/* Reads `count` sectors of 512 bytes, from sector `first` after block `start`, to `address`. */
DiskStatus cdrom_read_sectors(const AtaUnit *unit, uint32_t start, uint32_t first, uint32_t count,
                              uint32_t address);
/* Reads one block into the BIOS's own buffer.  NULL: it cannot be read. */
const uint8_t *cdrom_block(const AtaUnit *unit, uint32_t block);

/* Boots the disc from its El Torito catalog, or returns the reason why it cannot. */
const char *eltorito_boot(Drive *drive);
/* INT 13h, AH = 4Bh, for the drive that was booted or is emulated. */
DiskStatus eltorito_service(const Drive *drive, Regs *regs);

#endif
