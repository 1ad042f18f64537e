/*
 * The interface between INT 13h and a kind of drive. disk.c finds the drive,
 * converts cylinder, head and sector into a number, checks, and sets status and
 * carry.
 */
#ifndef PIOEMU_BIOS_DISK_H
#define PIOEMU_BIOS_DISK_H

#include "bios/bios.h"

#define DISK_SECTOR_SIZE 512u

/* The values of AH. */
typedef enum DiskStatus {
    DISK_OK = 0x00,
    DISK_INVALID = 0x01, /* function or argument */
    DISK_ADDRESS_MARK = 0x02,
    DISK_WRITE_PROTECTED = 0x03,
    DISK_SECTOR_NOT_FOUND = 0x04,
    DISK_CHANGED = 0x06,
    DISK_NO_PARAMETERS = 0x07,
    DISK_OVERRUN = 0x08,
    DISK_BOUNDARY = 0x09, /* DMA cannot cross a boundary of 64 KiB */
    DISK_UNKNOWN_MEDIUM = 0x0c,
    DISK_CRC = 0x10,
    DISK_CONTROLLER = 0x20,
    DISK_NO_MEDIUM = 0x31,
    DISK_SEEK = 0x40,
    DISK_TIMEOUT = 0x80,
    DISK_NOT_LOCKED = 0xb0,
    DISK_LOCKED = 0xb1,
    DISK_NOT_REMOVABLE = 0xb2,
    DISK_IN_USE = 0xb3,
    DISK_TOO_MANY_LOCKS = 0xb4,
    DISK_EJECT_FAILED = 0xb5,
} DiskStatus;

typedef enum DiskVerb { DISK_READ, DISK_WRITE, DISK_VERIFY } DiskVerb;

typedef struct Drive Drive;

typedef struct DiskRequest {
    DiskVerb verb;
    uint64_t sector;
    uint16_t count;
    uint32_t address; /* the whole buffer is below 1 MiB + 64 KiB - 16; not preserved */
    uint16_t done;    /* the number of sectors that are done */
} DiskRequest;

#define DRIVE_NAME_SIZE 41u /* including the NUL */

typedef struct DriveOps {
    const char *name; /* the name in messages */
    /* INT 13h, AH = 00h.  May be NULL. */
    DiskStatus (*reset)(Drive *drive);
    /* Transfers sectors, which the drive has. */
    DiskStatus (*transfer)(Drive *drive, DiskRequest *request);
    /*
     * May be NULL.  Handles a function that this kind of drive does differently
     * from disk.c.  Returns true and the status if it has; false leaves the
     * function to disk.c.
     */
    bool (*service)(Drive *drive, Regs *regs, DiskStatus *status);
    /* The name that the drive reports; false: it has none.  May be NULL. */
    bool (*get_name)(const Drive *drive, char *name);
    /* Boots the drive, or returns the reason why it cannot.  NULL: it boots from sector 0. */
    const char *(*boot)(Drive *drive);
} DriveOps;

struct Drive {
    const DriveOps *ops;
    uint8_t number; /* the value in DL: from 00h diskettes, from 80h hard disks */
    bool removable;
    uint16_t sector_size;
    uint64_t sectors;                         /* 0: there is no medium */
    uint16_t cylinders, heads, sectors_track; /* 0 heads: there is no geometry, and only the
                                                 extensions work */
    const void *unit;                         /* the driver's data */
    uint16_t place;                           /* PLACE_... of boot_order.h */
};

/* Keeps a copy of the drive and returns it.  NULL: there are too many. */
Drive *disk_add(const Drive *drive);
Drive *disk_find(uint8_t number);
/* The drive at a place, or NULL. */
Drive *disk_at(uint16_t place);
/* The number of drives of its kind, among those that have cylinders, heads and sectors. */
uint8_t disk_count_like(uint8_t number);
/*
 * Raises the number of this drive and those above by one; or lowers them, which
 * removes the drive.
 */
void disk_make_room(uint8_t number);
void disk_close_room(uint8_t number);
/*
 * Gives it the first number of its kind, if that has cylinders.  The numbers of
 * those before it move up.
 */
void disk_make_first(Drive *drive);
/* Reads or writes sectors of any drive, as INT 13h does. */
DiskStatus disk_transfer(Drive *drive, DiskRequest *request);

/* From now on the drive is booted before all others.  NULL: no choice, so the kernel is first. */
void boot_choose(Drive *drive);

/* ---- diskettes ---- */

/* Adds the drives that the CMOS describes, and sets up their variables. */
void floppy_setup(void);
/* Sets ES:DI to the address in vector 1Eh. */
void floppy_point_to_table(Regs *regs);

/* ---- CD-ROM drives ---- */

/* Adds the CD-ROM drives that ATA has found. */
void cdrom_setup(void);

/* ---- ATA ---- */

typedef enum AtaKind { ATA_NONE, ATA_DISK, ATA_PACKET } AtaKind;

#define ATA_UNITS 4u

typedef struct AtaUnit {
    uint16_t base, control;
    uint8_t select; /* bit 4 of the device register */
    AtaKind kind;
    bool lba48;
} AtaUnit;

/* Finds the units and adds the hard disks. */
void ata_setup(void);
const AtaUnit *ata_unit(unsigned index);
unsigned ata_index(const AtaUnit *unit);
/* DriveOps.get_name for a drive whose `unit` is an AtaUnit. */
bool ata_get_name(const Drive *drive, char *name);
/* Waits until the unit is free and selects it.  False: it was never free. */
bool ata_select(const AtaUnit *unit, uint8_t device_bits);
/* Waits until it is free and returns its status.  ATA_ST_BSY: it was never free. */
uint8_t ata_await(const AtaUnit *unit);

#endif
