/*
 * CD-ROM drives for INT 13h: by the extensions, in blocks of 2048 bytes.
 */
#include "bios/cdrom.h"

#include "devices/ata_regs.h"

#define CDROM_NUMBER    0xe0
#define SECTOR          DISK_SECTOR_SIZE
#define BLOCK_SECTORS   (CDROM_BLOCK / SECTOR)
#define READ_BLOCKS_MAX 16u /* with one packet: interrupts come in between */
#define TOP_SEGMENT     0xffffu
#define MEMORY_1M       0x100000u

static uint16_t buffer[CDROM_BLOCK / 2];

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

/* Part of a block, through the buffer. */
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

static DiskStatus find_disc(Drive *drive)
{
    uint32_t blocks;
    DiskStatus status = atapi_capacity(drive->unit, &blocks);
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
    return status;
}

/* The disc is looked for when somebody asks for it first. */
static bool service(Drive *drive, Regs *regs, DiskStatus *status)
{
    if (regs->ah == 0x4b) {
        *status = eltorito_service(drive, regs);
        return true;
    }
    if (regs->ah < 0x42 || drive->sectors) {
        return false;
    }
    *status = find_disc(drive);
    return *status != DISK_OK;
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
        };
        if (unit->kind == ATA_PACKET && disk_add(&drive)) {
            number++;
        }
    }
}
