/* The CMOS bytes in which a PC/AT describes its hardware. */
#include "devices/timer/cmos_bytes.h"

#include "devices/timer/mc146818_regs.h"

#include <stdio.h>

#define MEMORY_BELOW_4G_MAX UINT64_C(0xc0000000)

static void store16(uint8_t *cmos, unsigned index, uint64_t value)
{
    uint64_t stored = value > 0xffff ? 0xffff : value;
    cmos[index] = (uint8_t)stored;
    cmos[index + 1] = (uint8_t)(stored >> 8);
}

static uint64_t above(uint64_t size, uint64_t start)
{
    return size > start ? size - start : 0;
}

void cmos_store_memory(uint8_t *cmos, uint64_t ram_size)
{
    uint64_t low = ram_size > MEMORY_BELOW_4G_MAX ? MEMORY_BELOW_4G_MAX : ram_size;
    uint64_t high = (ram_size - low) >> 16;
    uint64_t base_kb = low >> 10;
    store16(cmos, CMOS_BASE_KB, base_kb > 640 ? 640 : base_kb);
    store16(cmos, CMOS_EXTENDED_KB, above(low, 1 << 20) >> 10);
    store16(cmos, CMOS_EXTENDED_KB_2, above(low, 1 << 20) >> 10);
    store16(cmos, CMOS_ABOVE_16M, above(low, 16 << 20) >> 16);
    for (unsigned i = 0; i < 3; i++) {
        cmos[CMOS_ABOVE_4G + i] = (uint8_t)(high >> (8 * i));
    }
}

bool cmos_store_disk(uint8_t *cmos, unsigned index, const char *geometry)
{
    unsigned cylinders, heads, sectors;
    char rest;
    unsigned base = index ? CMOS_DISK1 : CMOS_DISK0;
    if (!*geometry) {
        return true;
    }
    if (sscanf(geometry, "%5u/%3u/%3u%c", &cylinders, &heads, &sectors, &rest) != 3 ||
        cylinders > 0xffff || heads > 0xff || sectors > 0xff || !cylinders || !heads || !sectors) {
        return false;
    }
    cmos[CMOS_DISK_TYPES] |= index ? CMOS_DISK_TYPE_EXTENDED : CMOS_DISK_TYPE_EXTENDED << 4;
    cmos[index ? CMOS_DISK1_TYPE : CMOS_DISK0_TYPE] = CMOS_DISK_TYPE_USER;
    store16(cmos, base + CMOS_DISK_CYLINDERS, cylinders);
    cmos[base + CMOS_DISK_HEADS] = (uint8_t)heads;
    store16(cmos, base + CMOS_DISK_PRECOMP, 0xffff);
    cmos[base + CMOS_DISK_CONTROL] =
        CMOS_DISK_CONTROL_RETRY | (heads > 8 ? CMOS_DISK_CONTROL_HEADS : 0);
    store16(cmos, base + CMOS_DISK_LANDING_ZONE, cylinders);
    cmos[base + CMOS_DISK_SECTORS] = (uint8_t)sectors;
    return true;
}

void cmos_store_floppies(uint8_t *cmos, uint8_t first, uint8_t second)
{
    unsigned drives = second ? 2 : first ? 1 : 0;
    cmos[CMOS_FLOPPY_TYPES] = (uint8_t)(first << 4 | second);
    if (drives) {
        cmos[CMOS_EQUIPMENT] |=
            (uint8_t)(CMOS_EQUIPMENT_FLOPPY | (drives - 1) << CMOS_EQUIPMENT_FLOPPIES_SHIFT);
    }
}

static unsigned boot_device(char letter)
{
    switch (letter) {
    case 'a':
    case 'b':
        return CMOS_BOOT_FLOPPY;
    case 'c':
        return CMOS_BOOT_DISK;
    case 'd':
        return CMOS_BOOT_CDROM;
    case 'n':
        return CMOS_BOOT_NETWORK;
    default:
        return 0;
    }
}

void cmos_store_boot_order(uint8_t *cmos, const char *letters)
{
    unsigned devices[3] = {0};
    for (unsigned i = 0; i < 3 && letters[i]; i++) {
        devices[i] = boot_device(letters[i]);
    }
    cmos[CMOS_BOOT] = (uint8_t)(devices[0] | devices[1] << 4);
    cmos[CMOS_BOOT_3] = (uint8_t)(devices[2] << 4);
}

void cmos_store_checksum(uint8_t *cmos)
{
    unsigned sum = 0;
    for (unsigned i = CMOS_CHECKSUM_FIRST; i <= CMOS_CHECKSUM_LAST; i++) {
        sum += cmos[i];
    }
    cmos[CMOS_CHECKSUM] = (uint8_t)(sum >> 8);
    cmos[CMOS_CHECKSUM + 1] = (uint8_t)sum;
}
