/*
 * The CMOS bytes in which a PC/AT describes its hardware.  The clock chip
 * (mc146818.c) stores them once, when it is created.
 */
#ifndef PIOEMU_DEVICES_TIMER_CMOS_BYTES_H
#define PIOEMU_DEVICES_TIMER_CMOS_BYTES_H

#include <stdbool.h>
#include <stdint.h>

void cmos_store_memory(uint8_t *cmos, uint64_t ram_size);
/*
 * `geometry` is "cylinders/heads/sectors", or empty for no disk.  Returns false if
 * it is neither.
 */
bool cmos_store_disk(uint8_t *cmos, unsigned index, const char *geometry);
/*
 * Stores the numbers of the drive types, 0 for no drive, and adds the number of
 * drives to the equipment byte.
 */
void cmos_store_floppies(uint8_t *cmos, uint8_t first, uint8_t second);
/* `letters` are those of -boot, at most three.  A letter without a meaning boots nothing. */
void cmos_store_boot_order(uint8_t *cmos, const char *letters);
/* Stores the checksum of the bytes above.  It must be called last. */
void cmos_store_checksum(uint8_t *cmos);

#endif
