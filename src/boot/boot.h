/*
 * What the machine starts with: a kernel in memory, what it is told, and a
 * CPU state.  docs/booting.md has the formats.
 */
#ifndef PIOEMU_BOOT_H
#define PIOEMU_BOOT_H

#include "src/board/memory.h"
#include "src/boot/fw_items.h"
#include "src/cpu/cpu_state.h"

#include <glib.h>

typedef struct BootImage BootImage;

/* The file of the loader that a firmware of others finds; it is 512 bytes of option ROM. */
#define BOOT_KERNEL_ROM "genroms/pioemu-linux.bin"

/* What the user asked for; every member but `kernel` may be NULL. */
typedef struct BootOptions {
    const char *kernel; /* the path of -kernel */
    const char *flat;   /* -flat */
    const char *initrd; /* -initrd: FILE, or FILE ARGUMENTS,FILE ARGUMENTS */
    const char *append; /* -append */
    const char *entry;  /* -machine kernel-entry= */
} BootOptions;

/* What the tables in memory say of the board. */
typedef struct BootBoard {
    unsigned cpus;
    bool apic;           /* local APICs and an I/O APIC */
    uint8_t timer_input; /* of the I/O APIC: IRQ 0 */
    uint16_t acpi_port;  /* of the power management registers; 0: there are none */
    uint8_t acpi_irq;
    uint16_t reset_port; /* of the reset control register; 0: there is none */
} BootBoard;

/*
 * Reads the files and finds out what the kernel is; `memory` is the guest's,
 * in bytes.  The options are copied.
 */
BootImage *boot_image_new(const BootOptions *options, uint64_t memory, GError **error);
void boot_image_free(BootImage *image);
bool boot_image_is_flat(const BootImage *image);
/* A kernel that looks for an APIC before it looks for anything older. */
bool boot_image_wants_apic(const BootImage *image);

/* Refuses a kernel of 64-bit code for a CPU, that of -accel `accel`, without long mode. */
bool boot_image_check_no_long(const BootImage *image, const char *accel, GError **error);

/* Checks it, puts it into memory and sets the first vCPU up; again at each reset. */
bool boot_image_load(const BootImage *image, const BootBoard *board, Memory *memory,
                     CpuState *state, GError **error);

/* Whether it is asked for at an entry that needs a firmware. */
bool boot_image_wants_firmware(const BootImage *image);
/* In place of boot_image_load(): a firmware finds it among `items`, with its loader. */
bool boot_image_offer(const BootImage *image, Memory *memory, FwItems *items, GError **error);

/* What a BIOS that is built in leaves free for the tables, from 0xf0000 on (bios/bios.ld). */
#define BOOT_TABLES_MAX 0x2000u

/* The same tables as a kernel of -kernel has, into that room. */
void boot_put_tables(const BootBoard *board, Memory *memory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BootImage, boot_image_free)

#endif
