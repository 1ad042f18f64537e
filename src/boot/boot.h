/*
 * What the machine starts with: an image in memory and a CPU state.
 */
#ifndef PIOEMU_BOOT_H
#define PIOEMU_BOOT_H

#include "src/cpu_state.h"
#include "src/memory.h"

#include <glib.h>

typedef struct BootImage BootImage;

/*
 * Reads the file of -kernel and finds out what it is.  `flat` is the text of
 * -flat or NULL; `memory` is the guest's, in bytes.
 */
BootImage *boot_image_new(const char *path, const char *flat, uint64_t memory, GError **error);
void boot_image_free(BootImage *image);

/* Puts the image into memory and sets the first vCPU up; again at each reset. */
bool boot_image_load(const BootImage *image, Memory *memory, CpuState *state, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BootImage, boot_image_free)

#endif
