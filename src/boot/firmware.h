/*
 * A firmware: an image that ends at 4 GiB, where the CPU starts after a reset.
 *
 * Its end is also below 1 MiB, in memory that can be written to, as on an ISA
 * PC that has copied its ROM into shadow RAM.
 */
#ifndef PIOEMU_FIRMWARE_H
#define PIOEMU_FIRMWARE_H

#include "src/board/memory.h"

typedef struct Firmware Firmware;

/* What this program has built in; false: nothing. */
bool firmware_builtin(const uint8_t **image, size_t *size);

/* Reads the file of -bios; NULL: the built-in one, if there is one. */
Firmware *firmware_new(const char *path, GError **error);
void firmware_free(Firmware *firmware);

/* It is this program's own, whose first 8 KiB are free for tables. */
bool firmware_is_builtin(const Firmware *firmware);
/* Once, before the machine runs. */
bool firmware_map(const Firmware *firmware, Memory *memory, GError **error);
/* At each reset: the copy below 1 MiB is as the image again. */
void firmware_restore(const Firmware *firmware, Memory *memory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Firmware, firmware_free)

#endif
