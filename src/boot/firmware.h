/*
 * A firmware: an image that ends at 4 GiB, where the CPU starts after a reset.
 *
 * The end of the image is also below 1 MiB, in writable memory, as on an ISA PC
 * that has copied its ROM to shadow RAM.
 */
#ifndef PIOEMU_FIRMWARE_H
#define PIOEMU_FIRMWARE_H

#include "src/board/memory.h"

typedef struct Firmware Firmware;

/* The firmware that is built into this program.  False: there is none. */
bool firmware_builtin(const uint8_t **image, size_t *size);

/* Reads the file of -bios.  NULL means the built-in firmware, if there is one. */
Firmware *firmware_new(const char *path, GError **error);
void firmware_free(Firmware *firmware);

/* True for this program's own BIOS.  Its first 8 KiB are free for tables. */
bool firmware_is_builtin(const Firmware *firmware);
/* To be called once, before the machine runs. */
bool firmware_map(const Firmware *firmware, Memory *memory, GError **error);
/* To be called at each reset: copies the image below 1 MiB again. */
void firmware_restore(const Firmware *firmware, Memory *memory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Firmware, firmware_free)

#endif
