/*
 * Fills the guest's memory, and makes sure that no part overlaps another.
 *
 * A format first puts the parts whose addresses the kernel determines.  Then it
 * places the others (modules, tables, command line) where there is room.
 */
#ifndef PIOEMU_BOOT_LOAD_H
#define PIOEMU_BOOT_LOAD_H

#include "src/base/page.h"
#include "src/boot/format.h"

/* The interrupt table and the BIOS's variables are left free. */
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

/* The map of a machine with `ram` bytes. */
BootMap boot_map(uint64_t ram);
/* The RAM in KiB from 0, and that from 1 MiB up to the hole. */
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
    uint64_t rsdp; /* the address of the ACPI root pointer; 0: there are no tables */
};

typedef struct BootRange {
    uint64_t start, end;
} BootRange;

/* Puts `size` bytes at a fixed address, followed by zeros up to `room` bytes. */
bool boot_put(BootLoad *load, uint64_t address, const void *data, uint64_t size, uint64_t room,
              const char *what, GError **error);

/* Where a part may be placed: entirely in [min, max). */
typedef struct BootArea {
    uint64_t min, max, align; /* a power of two */
    bool high;                /* as high as possible, instead of as low */
} BootArea;

extern const BootArea BOOT_AREA_LOW; /* below 640 KiB if there is room, else above 1 MiB */

/*
 * Finds room in RAM for `size` bytes and puts them there.  `data` NULL means zeros.
 * Returns the address, or 0 with an error.
 */
uint64_t boot_place(BootLoad *load, const void *data, uint64_t size, const BootArea *area,
                    const char *what, GError **error);
uint64_t boot_place_text(BootLoad *load, const char *text, const char *what, GError **error);

/* Changes bytes that have been put or placed before. */
bool boot_patch(BootLoad *load, uint64_t address, const void *data, uint64_t size);

/* ---- the CPU at its entry ---- */

/* The selectors in the descriptor table, as Linux requires them. */
#define BOOT_CS 0x10u
#define BOOT_DS 0x18u

/* Starts in protected mode: flat segments of 4 GiB, no paging, interrupts off. */
bool boot_start_protected(BootLoad *load, uint64_t entry, GError **error);
/* Starts in long mode: the RAM and the first 4 GiB are mapped to themselves. */
bool boot_start_long(BootLoad *load, uint64_t entry, GError **error);
/* Starts in real mode. */
void boot_start_real(BootLoad *load, uint16_t segment, uint16_t ip, uint16_t data, uint16_t sp);

/* ---- tables for the kernel ---- */

/*
 * Writes some variables of a BIOS and, from BOOT_ROM_START on, tables: ACPI if
 * there are power management registers, the MP table if there is an APIC.  Without
 * RAM there it writes nothing.
 */
bool boot_add_tables(BootLoad *load, GError **error);

/* For boot_add_tables(): tables that are appended one after another, at known addresses. */
typedef struct BootTables {
    const BootBoard *board;
    GByteArray *bytes;
    uint32_t base; /* the address of the first table */
} BootTables;

/* Appends `size` bytes with the given alignment and returns their address. */
uint32_t boot_tables_add(BootTables *tables, const void *data, size_t size, unsigned align);
/* The value that makes the sum of the bytes 0. */
uint8_t boot_checksum(const void *data, size_t size);
void boot_add_mp_table(BootTables *tables);
/* The table of a PCI BIOS that says how the interrupts are routed. */
void boot_add_pir_table(BootTables *tables);
/* Appends the code of the DSDT. */
void boot_put_dsdt(const BootBoard *board, GByteArray *code);
/* Returns the address of the ACPI root pointer. */
uint32_t boot_add_acpi_tables(BootTables *tables);

#endif
