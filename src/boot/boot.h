/*
 * What the machine starts with: a kernel in memory, what it is told, and the CPU's
 * state. docs/booting.md describes the formats.
 */
#ifndef PIOEMU_BOOT_H
#define PIOEMU_BOOT_H

#include "src/board/memory.h"
#include "src/boot/fw_items.h"
#include "src/cpu/cpu_state.h"
#include "src/cpu/cpu_topology.h"

#include <glib.h>

typedef struct BootImage BootImage;

/* The file with the loader that another firmware finds.  It is 512 bytes of option ROM. */
#define BOOT_KERNEL_ROM "genroms/pioemu-linux.bin"

/* What the user asked for.  Every member except `kernel` may be NULL. */
typedef struct BootOptions {
    const char *kernel; /* the path of -kernel */
    const char *flat;   /* -flat */
    const char *initrd; /* -initrd: FILE, or FILE ARGUMENTS,FILE ARGUMENTS */
    const char *append; /* -append */
    const char *entry;  /* -machine kernel-entry= */
} BootOptions;

#define BOOT_PIRQS        4u  /* PCI interrupts */
#define BOOT_PCI_PINS_MAX 32u /* one for each slot */

/* An interrupt pin of a PCI slot, and where it leads. */
typedef struct BootPciPin {
    uint8_t slot;
    uint8_t pin;  /* 1 to 4 */
    uint8_t pirq; /* 0 to 3 */
} BootPciPin;

/* What the tables in memory say about the board. */
typedef struct BootBoard {
    CpuTopology topology; /* how many CPUs there are, and the IDs of their APICs */
    bool apic;            /* there are local APICs and an I/O APIC */
    uint32_t lapic_base, ioapic_base;
    uint8_t timer_input; /* the input of the I/O APIC that IRQ 0 is connected to */
    uint16_t acpi_port;  /* the first port of the power management registers; 0: there are none */
    uint8_t acpi_irq;
    uint16_t reset_port; /* the port of the reset control register; 0: there is none */
    bool has_pci;
    uint8_t pirq_irq[BOOT_PIRQS]; /* to which firmware routes each; also the I/O APIC's input */
    BootPciPin pci_pins[BOOT_PCI_PINS_MAX];
    unsigned pci_pin_count;
} BootBoard;

/*
 * Reads the files and determines the kernel's format.  `memory` is the size of the
 * guest's memory in bytes.  The options are copied.
 */
BootImage *boot_image_new(const BootOptions *options, uint64_t memory, GError **error);
void boot_image_free(BootImage *image);
bool boot_image_is_flat(const BootImage *image);
/* True for a kernel that looks for an APIC before it looks for older controllers. */
bool boot_image_wants_apic(const BootImage *image);

/* Refuses a kernel with 64-bit code if the CPU, that of -accel `accel`, has no long mode. */
bool boot_image_check_no_long(const BootImage *image, const char *accel, GError **error);

/*
 * Checks the kernel, puts it into memory and sets the state of the first vCPU.
 * Called again at each reset.
 */
bool boot_image_load(const BootImage *image, const BootBoard *board, Memory *memory,
                     CpuState *state, GError **error);

/* True if the user chose an entry that needs a firmware. */
bool boot_image_wants_firmware(const BootImage *image);
/*
 * Used instead of boot_image_load(): adds the kernel and its loader to `items`,
 * where a firmware finds them.
 */
bool boot_image_offer(const BootImage *image, Memory *memory, FwItems *items, GError **error);

/* The room, from 0xf0000 on, that the built-in BIOS leaves for the tables (bios/bios.ld). */
#define BOOT_TABLES_MAX 0x2000u

/*
 * Puts the tables that a kernel of -kernel gets into that room.  If there are too many
 * CPUs, the MP table, which kernels read without ACPI, is left out.
 */
void boot_put_tables(const BootBoard *board, Memory *memory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BootImage, boot_image_free)

#endif
