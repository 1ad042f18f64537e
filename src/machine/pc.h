/*
 * The plan of a PC: which lines and drives the command line puts on the board, and
 * where. machine_pc.c then wires the chips according to it.
 */
#ifndef PIOEMU_MACHINE_PC_H
#define PIOEMU_MACHINE_PC_H

#include "src/machine/machine.h"

#define PC_SERIAL_MAX 4u

/*
 * Where the board puts each device unless a property says otherwise.  The table
 * ends with MACHINE_DEFAULT_END.
 */
extern const MachineDefault PC_DEFAULTS[];

/* ---- character lines ---- */

enum { LINE_DEBUGPORT, LINE_SERIAL, LINE_DEBUGCON = LINE_SERIAL + PC_SERIAL_MAX, LINE_COUNT };

/* What -serial and similar options request. */
typedef struct PcLine {
    const char *option, *spec; /* a NULL spec means nothing; for -serial, no port either */
    char *chardev;             /* for chardev_set_connect() */
} PcLine;

typedef struct PcLines {
    PcLine line[LINE_COUNT];
} PcLines;

/* Finds out what each line is to be, and makes its chardev. */
bool pc_lines_open(PcLines *lines, Machine *machine, const Config *config, GError **error);
void pc_lines_clear(PcLines *lines);

/* ---- drives ---- */

/* The places for drives of one kind on the board. */
typedef struct PcSlots {
    unsigned count;
    const char *kind;        /* for messages */
    char *id[DRIVE_IDE_MAX]; /* the id of the drive in each; NULL if none */
    const BlockPort *port[DRIVE_IDE_MAX];
    bool cdrom[DRIVE_IDE_MAX];
    int bootindex[DRIVE_IDE_MAX]; /* -1: none */
} PcSlots;

typedef struct PcDrives {
    PcSlots ide, floppy;
} PcDrives;

/* Opens the images, and finds a place for each drive. */
bool pc_drives_open(PcDrives *drives, Machine *machine, const Config *config, GError **error);
void pc_drives_clear(PcDrives *drives);
/* "CYLINDERS/HEADS/SECTORS", or an empty string if there is no hard disk.  The caller frees it. */
char *pc_disk_geometry(const PcSlots *slots, unsigned slot);
/* The type of the drive that fits the diskette, as the clock chip's properties name it. */
const char *pc_floppy_type(const PcSlots *slots, unsigned slot);
/* Tells a firmware about the drives, in the order of -boot and by their bootindex. */
bool pc_drives_add_boot_paths(Machine *machine, const PcDrives *drives, GError **error);

/* ---- PCI ---- */

/* The bridges and the IDE controller, where the machine has PCI. */
bool pc_add_pci(Machine *machine, const PcSlots *ide, GError **error);
/*
 * What a firmware does with the bus at a reset, for a kernel or a firmware that
 * does not: addresses, interrupts, and what of it decodes.
 */
void pc_assign_pci(Machine *machine);
/* What the CPUs find in whole segments of PC_SHADOW_SIZE from 0xc0000 to 0xfffff. */
void pc_shadow(Machine *machine, uint32_t address, uint32_t size, ShadowMode mode);

/* ---- the screen ---- */

/*
 * Adds the card of -vga std, or, if the user has no card in -device either, the
 * registers that guests expect without one.
 */
bool pc_add_vga(Machine *machine, const Config *config, GError **error);
/* Completes the properties of a -device that may be such a card. */
void pc_fit_vga(const Machine *machine, const char *driver, GHashTable *properties);

/* Whether a -device is of this class. */
bool pc_has_user_device(const Config *config, const char *class_name);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PcLines, pc_lines_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PcDrives, pc_drives_clear)

#endif
