/* Shared by both versions of multiboot. */
#ifndef PIOEMU_BOOT_MULTIBOOT_H
#define PIOEMU_BOOT_MULTIBOOT_H

#include "src/boot/load.h"

#define MULTIBOOT_LOADER "pioemu"

/* The addresses that an image without ELF headers gives itself.  The ends may be 0. */
typedef struct MultibootAddresses {
    uint32_t header_offset; /* in the file */
    uint32_t header, load, load_end, bss_end;
} MultibootAddresses;

/* How a header is found. */
typedef struct MultibootMark {
    const char *name;
    uint32_t magic;
    unsigned words; /* the number of words whose sum is 0, including the magic */
    uint32_t align, search;
} MultibootMark;

bool multiboot_find(const BootBytes *kernel, const MultibootMark *mark, uint32_t *offset);
/* See BootFormat.near_miss. */
char *multiboot_explain(const BootBytes *kernel, const MultibootMark *mark);

bool multiboot_load_addresses(BootLoad *load, const MultibootAddresses *addresses, GError **error);
bool multiboot_load_elf(BootLoad *load, uint64_t *entry, GError **error);
/* Places the module on a page above 1 MiB.  Returns its address, or 0. */
uint32_t multiboot_place_module(BootLoad *load, const BootModule *module, GError **error);

#endif
