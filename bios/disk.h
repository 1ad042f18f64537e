/*
 * What a kind of drive gives to INT 13h.  disk.c serves it: it finds the drive,
 * turns cylinder, head and sector into a number, checks, and sets status and
 * carry.
 */
#ifndef PIOEMU_BIOS_DISK_H
#define PIOEMU_BIOS_DISK_H

#include "bios/bios.h"

#define DISK_SECTOR_SIZE 512u

/* As AH has them. */
typedef enum DiskStatus {
    DISK_OK = 0x00,
    DISK_INVALID = 0x01, /* function or argument */
    DISK_ADDRESS_MARK = 0x02,
    DISK_WRITE_PROTECTED = 0x03,
    DISK_SECTOR_NOT_FOUND = 0x04,
    DISK_CHANGED = 0x06,
    DISK_NO_PARAMETERS = 0x07,
    DISK_OVERRUN = 0x08,
    DISK_BOUNDARY = 0x09, /* DMA does not cross 64 KiB */
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
    uint32_t address; /* all of the buffer is below 1 MiB + 64 KiB - 16; not kept */
    uint16_t done;    /* how many sectors were; kept while it goes on */
} DiskRequest;

#define DRIVE_NAME_SIZE 41u /* with the NUL */

typedef struct DriveOps {
    const char *name; /* in messages */
    /* INT 13h, AH = 00h, may be NULL. */
    DiskStatus (*reset)(Drive *drive);
    /* The sectors are there. */
    DiskStatus (*transfer)(Drive *drive, DiskRequest *request);
    /*
     * May be NULL.  What this kind does in another way than disk.c: true, with
     * the status; false: disk.c serves it.
     */
    bool (*service)(Drive *drive, Regs *regs, DiskStatus *status);
    /* What it says of itself; false: nothing.  May be NULL. */
    bool (*get_name)(const Drive *drive, char *name);
    /* What boots is in sector 0 if it is NULL; else returns why it could not. */
    const char *(*boot)(Drive *drive);
} DriveOps;

struct Drive {
    const DriveOps *ops;
    uint8_t number; /* in DL: from 00h diskettes, from 80h hard disks */
    bool removable;
    uint16_t sector_size;
    uint64_t sectors;                         /* 0: there is no medium */
    uint16_t cylinders, heads, sectors_track; /* 0 heads: none, only the extensions work */
    const void *unit;                         /* of the driver */
};

/* A copy of it is kept, and returned; NULL: there are too many. */
Drive *disk_add(const Drive *drive);
Drive *disk_find(uint8_t number);
/* Drives of its kind, which have cylinders, heads and sectors. */
uint8_t disk_count_like(uint8_t number);
/* The drive of this number and those above it get the next; and back, the drive goes. */
void disk_make_room(uint8_t number);
void disk_close_room(uint8_t number);
/* It gets the first number of its kind, if that has cylinders; those before it move up. */
void disk_make_first(Drive *drive);
/* Reads or writes sectors of any drive, as INT 13h does. */
DiskStatus disk_transfer(Drive *drive, DiskRequest *request);

/* Booted before all others from now on; NULL: as without a choice, the kernel is first. */
void boot_choose(Drive *drive);

/* ---- diskettes ---- */

/* Adds the drives that CMOS has, and sets up what programs find of them. */
void floppy_setup(void);
/* ES:DI is where INT 1Eh points. */
void floppy_point_to_table(Regs *regs);

/* ---- CD-ROM drives ---- */

/* Adds those that ATA has found. */
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

/* Finds what is there and adds the hard disks. */
void ata_setup(void);
const AtaUnit *ata_unit(unsigned index);
unsigned ata_index(const AtaUnit *unit);
/* Vectors 41h and 46h point to the parameters of disks 80h and 81h. */
void ata_publish(void);
/* DriveOps.get_name of a drive whose `unit` is an AtaUnit. */
bool ata_get_name(const Drive *drive, char *name);
/* Selects the unit once it is free; false: it never was. */
bool ata_select(const AtaUnit *unit, uint8_t device_bits);
/* Its status once it is free; ATA_ST_BSY: it never was. */
uint8_t ata_await(const AtaUnit *unit);

#endif
