/*
 * INT 18h and 19h.  First the devices are tried that the machine names, and then the
 * others in the order of their kinds that it gives.  If one cannot be booted, the
 * reason is printed.  After an order of three kinds of
 * devices the network follows, that is, the option ROMs that boot by themselves.
 */
#include "bios/boot_order.h"
#include "bios/disk.h"
#include "bios/rom.h"
#include "bios/services.h"

#include "devices/timer/mc146818_regs.h"

#define BOOT_ADDRESS   0x7c00u
#define BOOT_SIGNATURE 0xaa55
#define SIGNATURE_AT   510u
#define ORDER_MAX      4u

#define KERNEL_NAME "kernel"

#define DRIVE_FLOPPY 0x00
#define DRIVE_DISK   0x80
#define DRIVE_CDROM  0xe0

typedef struct Boot {
    uint8_t order[ORDER_MAX]; /* CMOS_BOOT_*; 0 if none */
    uint8_t next;             /* an index into `order` */
    uint8_t next_listed;      /* an index into the order that the machine gives by name */
    uint8_t next_rom;         /* an index of the ROMs that boot by themselves */
    const char *tried;        /* the device that is being tried, or was tried last */
    Drive *chosen;            /* is tried first; may be NULL */
    DiskStatus status;        /* the status of INT 13h if that made the last one fail; DISK_OK:
                                 another reason */
} Boot;

static Boot boot;

static const struct {
    const char *name;
    uint8_t drive;
} DEVICES[] = {
    [CMOS_BOOT_FLOPPY] = {"floppy", DRIVE_FLOPPY},
    [CMOS_BOOT_DISK] = {"hard disk", DRIVE_DISK},
    [CMOS_BOOT_CDROM] = {"CD-ROM", DRIVE_CDROM},
};

static const char *status_text(DiskStatus status)
{
    switch (status) {
    case DISK_NO_MEDIUM:
        return "there is no medium in it";
    case DISK_SECTOR_NOT_FOUND:
        return "its first sector was not found";
    case DISK_CRC:
        return "its first sector cannot be read";
    case DISK_TIMEOUT:
        return "the drive does not answer";
    default:
        return "read error";
    }
}

/* Returns the reason if it cannot be booted. */
static const char *boot_sector(Drive *drive)
{
    DiskRequest request = {.verb = DISK_READ, .count = 1, .address = BOOT_ADDRESS};
    DiskStatus status = disk_transfer(drive, &request);
    boot.status = status;
    if (status) {
        return status_text(status);
    }
    if (far_read16(0, BOOT_ADDRESS + SIGNATURE_AT) != BOOT_SIGNATURE) {
        return "no boot signature (55h AAh) in its first sector";
    }
    bios_jump_to_boot_sector(drive->number, 0);
}

static void try_drive(Drive *drive, const char *name)
{
    boot.tried = name;
    boot.status = DISK_OK;
    print("Not booted from %s: %s", name,
          !drive             ? "there is none"
          : drive->ops->boot ? drive->ops->boot(drive)
                             : boot_sector(drive));
    if (boot.status) {
        print(" (status %xh)", (unsigned)boot.status);
    }
    print("\n");
}

/* A ROM that boots nothing returns, or gives up with INT 18h. */
static void try_rom(const RomBoot *rom)
{
    static char name[ROM_NAME_SIZE];
    rom_get_name(rom, name);
    boot.tried = *name ? name : "option ROM";
    rom_start(rom);
    print("Not booted from %s: it found nothing\n", boot.tried);
}

/*
 * Tries the ROMs at a place; with PLACE_NONE those at places that are not listed.
 * After an INT 18h it goes on with the next one.
 */
static void try_roms(uint16_t place)
{
    const RomBoot *rom;
    while ((rom = rom_boot(boot.next_rom))) {
        uint16_t at = PLACE_PCI(rom->function);
        boot.next_rom++;
        if (place != PLACE_NONE ? at == place : !boot_order_has(at)) {
            try_rom(rom);
        }
    }
    boot.next_rom = 0;
}

/* ---- the devices that the machine names ---- */

static void try_listed(void)
{
    while (boot.next_listed < boot_order_count()) {
        uint16_t place = boot_order_place(boot.next_listed);
        Drive *drive = disk_at(place);
        if (!drive) {
            try_roms(place);
        }
        boot.next_listed++;
        if (drive && drive != boot.chosen) {
            try_drive(drive, drive->ops->name);
        }
    }
}

/* ---- the others, by their kinds ---- */

/* The first drive of a kind that is not listed.  The listed ones have the first numbers. */
static Drive *first_unlisted(uint8_t number)
{
    Drive *drive = disk_find(number);
    while (drive && boot_order_has(drive->place)) {
        drive = disk_find(++number);
    }
    return drive;
}

static void try_kind(uint8_t device)
{
    uint8_t number = DEVICES[device].drive;
    Drive *drive = first_unlisted(number);
    /* The user's choice was tried before, and so was a kind whose drives are all listed. */
    if (drive ? drive != boot.chosen : !disk_find(number)) {
        try_drive(drive, DEVICES[device].name);
    }
}

static void boot_rest(void)
{
    try_listed();
    while (boot.next < ORDER_MAX && !boot_order_is_strict()) {
        uint8_t device = boot.order[boot.next];
        if (device == CMOS_BOOT_NETWORK) {
            try_roms(PLACE_NONE);
        }
        boot.next++;
        if (device && device < sizeof(DEVICES) / sizeof(DEVICES[0])) {
            try_kind(device);
        }
    }
    print("Nothing to boot\n");
    bios_give_up();
}

static void read_order(void)
{
    uint8_t first = cmos_read(CMOS_BOOT);
    boot.order[0] = first & 0x0f;
    boot.order[1] = first >> 4;
    boot.order[2] = cmos_read(CMOS_BOOT_3) >> 4;
    boot.order[3] = boot.order[2] ? CMOS_BOOT_NETWORK : 0;
    if (!boot.order[0] && !boot.order[1] && !boot.order[2]) {
        boot.order[0] = CMOS_BOOT_DISK;
        boot.order[1] = CMOS_BOOT_CDROM;
        boot.order[2] = CMOS_BOOT_FLOPPY;
        boot.order[3] = CMOS_BOOT_NETWORK;
    }
}

void boot_choose(Drive *drive)
{
    boot.chosen = drive;
    if (drive) {
        disk_make_first(drive);
    }
}

_Noreturn void boot_first(void)
{
    read_order();
    boot.next = boot.next_listed = boot.next_rom = 0;
    if (boot.chosen) {
        try_drive(boot.chosen, boot.chosen->ops->name);
    }
    boot.tried = KERNEL_NAME;
    kernel_boot();
    boot_rest();
    bios_give_up();
}

static void boot_after_failure(void)
{
    print("\nNot booted from %s: its program gave up (INT 18h)\n", boot.tried);
    boot_rest();
}

void boot_next(Regs *regs)
{
    (void)regs;
    bios_restart(boot_after_failure);
}

static void boot_from_the_first(void)
{
    boot_first();
}

void boot_again(Regs *regs)
{
    (void)regs;
    bios_restart(boot_from_the_first);
}
