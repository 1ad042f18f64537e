/* ELF executables, as far as a boot loader needs them. */
#ifndef PIOEMU_BOOT_ELF_H
#define PIOEMU_BOOT_ELF_H

#include "src/boot/load.h"

typedef struct ElfFile {
    const BootRequest *request;
    bool is64;
    uint64_t entry; /* as it is in the header */
    uint64_t headers;
    unsigned header_size, header_count; /* of the program headers */
} ElfFile;

bool elf_is(const BootBytes *file);
/* See BootFormat.needs_long. */
char *elf_needs_long(const BootBytes *file);

/* Reads and checks the header of `request->kernel`. */
bool elf_open(const BootRequest *request, ElfFile *elf, GError **error);
/* Puts the segments at their physical addresses. */
bool elf_load(const ElfFile *elf, BootLoad *load, GError **error);
/* The entry's physical address. */
uint64_t elf_entry(const ElfFile *elf);
/* Checks that the entry is below 4 GiB, where protected mode reaches. */
bool elf_entry_32(const ElfFile *elf, uint64_t *entry, GError **error);
/* Finds a note by its owner and type, and returns its value of 4 or 8 bytes. */
bool elf_find_note(const ElfFile *elf, const char *owner, uint32_t type, uint64_t *value);
/*
 * Why elf_find_note() does not find a note that the file has; the caller frees the
 * text.  NULL: the file has none.
 */
char *elf_explain_note(const ElfFile *elf, const char *owner, uint32_t type);
/* True if the file has a note of this owner. */
bool elf_has_notes_of(const ElfFile *elf, const char *owner);

#endif
