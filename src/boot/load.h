/*
 * Filling the guest's memory: what goes where, and nothing over anything else.
 *
 * A format puts the parts whose place the kernel decides, then places the
 * others (modules, tables, command line) where there is room.
 */
#ifndef PIOEMU_BOOT_LOAD_H
#define PIOEMU_BOOT_LOAD_H

#include "src/boot/format.h"

#define BOOT_PAGE 4096u
/* The interrupt table and the BIOS's variables stay clear. */
#define BOOT_LOW_START UINT64_C(0x1000)
#define BOOT_LOW_END   UINT64_C(0x9fc00)
#define BOOT_ROM_START UINT64_C(0xf0000)
#define BOOT_HIGH      UINT64_C(0x100000)
#define BOOT_4GB       UINT64_C(0x100000000)

/* ---- the memory map, with the types of the BIOS's INT 15h E820h ---- */

enum { BOOT_MAP_RAM = 1, BOOT_MAP_RESERVED = 2 };

typedef struct BootMapEntry {
    uint64_t base, size;
    uint32_t type;
} BootMapEntry;

#define BOOT_MAP_MAX 5u

typedef struct BootMap {
    BootMapEntry entries[BOOT_MAP_MAX];
    unsigned count;
} BootMap;

/* Of a machine with so much RAM. */
BootMap boot_map(uint64_t ram);
/* KiB of RAM from 0, and from 1 MiB up to the hole. */
uint32_t boot_map_lower(const BootMap *map);
uint32_t boot_map_upper(const BootMap *map);

/* ---- one load ---- */

struct BootLoad {
    const BootRequest *request;
    const BootBoard *board;
    Memory *memory;
    CpuState *state; /* as after a reset; the format changes it */
    BootMap map;
    GArray *used;  /* of BootRange */
    uint64_t rsdp; /* where the ACPI tables begin; 0: there are none */
};

typedef struct BootRange {
    uint64_t start, end;
} BootRange;

/* `size` bytes, and zeros after them up to `room`, at a place that is given. */
bool boot_put(BootLoad *load, uint64_t address, const void *data, uint64_t size, uint64_t room,
              const char *what, GError **error);

/* Where something may go: wholly in [min, max). */
typedef struct BootArea {
    uint64_t min, max, align; /* a power of two */
    bool high;                /* as high as it fits, not as low */
} BootArea;

extern const BootArea BOOT_AREA_LOW; /* below 640 KiB if there is room, then above */

/*
 * Finds room in RAM for `size` bytes and puts them there; `data` NULL: zeros.
 * Returns the address, or 0 with an error.
 */
uint64_t boot_place(BootLoad *load, const void *data, uint64_t size, const BootArea *area,
                    const char *what, GError **error);
uint64_t boot_place_text(BootLoad *load, const char *text, const char *what, GError **error);

/* Changes bytes that were put or placed before. */
bool boot_patch(BootLoad *load, uint64_t address, const void *data, uint64_t size);

/* ---- the CPU at its entry ---- */

/* Selectors of the table of segments, as Linux wants them. */
#define BOOT_CS 0x10u
#define BOOT_DS 0x18u

/* Protected mode: flat segments of 4 GiB, no paging, interrupts off. */
bool boot_start_protected(BootLoad *load, uint64_t entry, GError **error);
/* Long mode: the RAM and the first 4 GiB mapped to themselves. */
bool boot_start_long(BootLoad *load, uint64_t entry, GError **error);
/* Real mode. */
void boot_start_real(BootLoad *load, uint16_t segment, uint16_t ip, uint16_t data, uint16_t sp);

/* ---- tables for the kernel ---- */

/*
 * Some variables of a BIOS; ACPI if there are power management registers, and the MP table if there
 * is an APIC, from BOOT_ROM_START on; without RAM there, nothing.
 */
bool boot_add_tables(BootLoad *load, GError **error);

/* For boot_add_tables(): tables that grow in a row, at known addresses. */
typedef struct BootTables {
    const BootBoard *board;
    GByteArray *bytes;
    uint32_t base; /* where the first of them is */
} BootTables;

/* Appends `size` bytes on a boundary; returns their address. */
uint32_t boot_tables_add(BootTables *tables, const void *data, size_t size, unsigned align);
/* What makes the sum of the bytes 0. */
uint8_t boot_checksum(const void *data, size_t size);
void boot_add_mp_table(BootTables *tables);
/* Returns the address of the root pointer. */
uint32_t boot_add_acpi_tables(BootTables *tables);

#endif
