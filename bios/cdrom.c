/* CD-ROM drives for INT 13h.  They have the extensions only, with blocks of 2048 bytes. */
#include "bios/cdrom.h"

#include "bios/boot_order.h"
#include "bios/services.h"

#include "devices/storage/ata_regs.h"

#define CDROM_NUMBER    0xe0
#define SECTOR          DISK_SECTOR_SIZE
#define BLOCK_SECTORS   (CDROM_BLOCK / SECTOR)
#define READ_BLOCKS_MAX 16u /* in one packet; interrupts are served between packets */
#define TOP_SEGMENT     0xffffu
#define MEMORY_1M       0x100000u

#define VECTOR_SYSTEM   0x15
#define EJECT_INTERCEPT 0x5200u
#define LOCKS_MAX       255u
#define LOCK            0x00
#define UNLOCK          0x01
#define GET_LOCK        0x02

static uint16_t buffer[CDROM_BLOCK / 2];
static uint8_t locks[ATA_UNITS]; /* how often each drive is locked */
static bool changed[ATA_UNITS];  /* the disc was changed, and no program has been told */

/* ---- blocks and sectors ---- */

const uint8_t *cdrom_block(const AtaUnit *unit, uint32_t block)
{
    return atapi_read(unit, block, 1, linear_address(buffer)) ? NULL : (const uint8_t *)buffer;
}

static void copy_out(uint32_t address, const uint8_t *bytes, unsigned size)
{
    bool high = address >= MEMORY_1M;
    uint16_t segment = high ? TOP_SEGMENT : (uint16_t)(address >> 4);
    uint16_t offset = (uint16_t)(high ? address - ((uint32_t)TOP_SEGMENT << 4) : address & 0xf);
    for (unsigned i = 0; i < size; i++) {
        far_write8(segment, (uint16_t)(offset + i), bytes[i]);
    }
}

static uint16_t blocks_at_once(uint32_t sectors)
{
    uint32_t blocks = sectors / BLOCK_SECTORS;
    return (uint16_t)(blocks < READ_BLOCKS_MAX ? blocks : READ_BLOCKS_MAX);
}

/* Reads a part of a block, through the buffer. */
static DiskStatus read_part(const AtaUnit *unit, uint32_t block, unsigned skip, unsigned count,
                            uint32_t address)
{
    DiskStatus status = atapi_read(unit, block, 1, linear_address(buffer));
    if (!status) {
        copy_out(address, (const uint8_t *)buffer + skip * SECTOR, count * SECTOR);
    }
    return status;
}

DiskStatus cdrom_read_sectors(const AtaUnit *unit, uint32_t start, uint32_t first, uint32_t count,
                              uint32_t address)
{
    DiskStatus status = DISK_OK;
    while (count && !status) {
        uint32_t block = start + first / BLOCK_SECTORS;
        unsigned skip = first % BLOCK_SECTORS;
        uint16_t whole = skip ? 0 : blocks_at_once(count);
        uint32_t part = BLOCK_SECTORS - skip < count ? BLOCK_SECTORS - skip : count;
        if (whole) {
            part = whole * BLOCK_SECTORS;
            status = atapi_read(unit, block, whole, address);
        } else {
            status = read_part(unit, block, skip, part, address);
        }
        first += part;
        count -= part;
        address += part * SECTOR;
    }
    return status;
}

/* ---- the drive ---- */

/* Notes a change when the drive reports a new disc, or has no disc. */
static void note_change(Drive *drive, DiskStatus status)
{
    if (atapi_take_change(drive->unit) || status == DISK_NO_MEDIUM) {
        changed[ata_index(drive->unit)] = true;
        drive->sectors = 0;
    }
}

static DiskStatus find_disc(Drive *drive)
{
    uint32_t blocks;
    DiskStatus status = atapi_capacity(drive->unit, &blocks);
    note_change(drive, status);
    drive->sectors = status ? 0 : blocks;
    return status;
}

static DiskStatus transfer_block(const Drive *drive, DiskRequest *request)
{
    uint32_t block = (uint32_t)request->sector + request->done;
    if (request->verb == DISK_VERIFY) {
        return atapi_read(drive->unit, block, 1, linear_address(buffer));
    }
    DiskStatus status = atapi_read(drive->unit, block, 1, request->address);
    request->address += CDROM_BLOCK;
    return status;
}

static DiskStatus transfer(Drive *drive, DiskRequest *request)
{
    DiskStatus status = DISK_OK;
    if (request->verb == DISK_WRITE) {
        return DISK_WRITE_PROTECTED;
    }
    while (!status && request->done < request->count) {
        status = transfer_block(drive, request);
        request->done = (uint16_t)(request->done + !status);
    }
    note_change(drive, status);
    if (!status && !drive->sectors) {
        status = find_disc(drive); /* read the rest from the new disc */
    }
    return status;
}

/* ---- lock, eject, change ---- */

/* Only the first lock and the last unlock are sent to the drive. */
static DiskStatus change_locks(const AtaUnit *unit, uint8_t *count, bool lock)
{
    DiskStatus status = DISK_OK;
    if (lock ? *count == LOCKS_MAX : !*count) {
        return lock ? DISK_TOO_MANY_LOCKS : DISK_NOT_LOCKED;
    }
    if (*count == !lock) {
        status = atapi_lock(unit, lock);
    }
    if (!status) {
        *count = (uint8_t)(lock ? *count + 1 : *count - 1);
    }
    return status;
}

static DiskStatus lock_service(const Drive *drive, Regs *regs)
{
    uint8_t *count = &locks[ata_index(drive->unit)];
    DiskStatus status = DISK_OK;
    if (regs->al > GET_LOCK) {
        return DISK_INVALID;
    }
    if (regs->al != GET_LOCK) {
        status = change_locks(drive->unit, count, regs->al == LOCK);
    }
    regs->al = *count != 0;
    return status;
}

/* A program can forbid it through INT 15h, AH = 52h. */
static DiskStatus ask_to_eject(const Drive *drive)
{
    CallRegs call = {.eax = EJECT_INTERCEPT, .edx = drive->number};
    if (!(bios_call_interrupt(VECTOR_SYSTEM, &call, false) & FLAG_CF)) {
        return DISK_OK;
    }
    return (call.eax >> 8 & 0xff) == DISK_LOCKED ? DISK_LOCKED : DISK_IN_USE;
}

static DiskStatus eject_service(Drive *drive)
{
    if (locks[ata_index(drive->unit)]) {
        return DISK_LOCKED;
    }
    DiskStatus status = find_disc(drive);
    if (!status) {
        status = ask_to_eject(drive);
    }
    if (status) {
        return status;
    }
    status = atapi_eject(drive->unit);
    note_change(drive, status ? status : DISK_NO_MEDIUM);
    return status && status != DISK_LOCKED ? DISK_EJECT_FAILED : status;
}

/* The change line is like that of a diskette drive: active while there is no disc. */
static DiskStatus change_service(Drive *drive)
{
    bool *mine = &changed[ata_index(drive->unit)];
    DiskStatus status = atapi_test_ready(drive->unit);
    note_change(drive, status);
    bool active = *mine;
    *mine = status == DISK_NO_MEDIUM;
    return active ? DISK_CHANGED : status;
}

/* The first request looks for a disc. */
static bool service(Drive *drive, Regs *regs, DiskStatus *status)
{
    switch (regs->ah) {
    case 0x45:
        *status = lock_service(drive, regs);
        return true;
    case 0x46:
        *status = eject_service(drive);
        return true;
    case 0x49:
        *status = change_service(drive);
        return true;
    case 0x4b:
        *status = eltorito_service(drive, regs);
        return true;
    default:
        break;
    }
    if (regs->ah < 0x42 || drive->sectors) {
        return false;
    }
    *status = find_disc(drive);
    return *status != DISK_OK && regs->ah != 0x48;
}

static const char *boot(Drive *drive)
{
    DiskStatus status = find_disc(drive);
    return status == DISK_NO_MEDIUM ? "there is no disc in it"
           : status                 ? "the drive is not ready"
                                    : eltorito_boot(drive);
}

static const DriveOps CDROM_OPS = {
    .name = "CD-ROM",
    .transfer = transfer,
    .service = service,
    .get_name = ata_get_name,
    .boot = boot,
};

void cdrom_setup(void)
{
    uint8_t number = CDROM_NUMBER;
    for (unsigned i = 0; i < ATA_UNITS; i++) {
        const AtaUnit *unit = ata_unit(i);
        Drive drive = {
            .ops = &CDROM_OPS,
            .number = number,
            .removable = true,
            .sector_size = CDROM_BLOCK,
            .unit = unit,
            .place = PLACE_ATA(ata_index(unit)),
        };
        if (unit->kind == ATA_PACKET && disk_add(&drive)) {
            number++;
        }
    }
}
