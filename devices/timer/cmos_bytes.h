/*
 * The CMOS bytes in which a PC/AT keeps what it is made of: written once, when
 * the clock chip (mc146818.c) is made.
 */
#ifndef PIOEMU_DEVICES_TIMER_CMOS_BYTES_H
#define PIOEMU_DEVICES_TIMER_CMOS_BYTES_H

#include <stdbool.h>
#include <stdint.h>

void cmos_store_memory(uint8_t *cmos, uint64_t ram_size);
/* "cylinders/heads/sectors", or empty: no disk.  False: it is neither. */
bool cmos_store_disk(uint8_t *cmos, unsigned index, const char *geometry);
/* The numbers of the drives' types; 0: none.  Their count is added to the equipment byte. */
void cmos_store_floppies(uint8_t *cmos, uint8_t first, uint8_t second);
/* Letters as after -boot, three at most; a letter without a meaning boots nothing. */
void cmos_store_boot_order(uint8_t *cmos, const char *letters);
/* Of the bytes above; the last to be called. */
void cmos_store_checksum(uint8_t *cmos);

#endif
