/*
 * Hard disks on the ATA channels, by programmed I/O.  Their interrupts stay masked:
 * the status is polled, and other interrupts are served meanwhile.
 */
#include "bios/boot_order.h"
#include "bios/fixed_disk.h"
#include "bios/services.h"

#include "devices/storage/ata_regs.h"
#include "src/machine/pc_board.h"

#define TIMEOUT_TICKS (18u * 32u)
#define STATUS_FLOATS 0xff

#define LBA28_SECTORS 0x10000000u
#define COUNT_MAX     256u /* sectors in a 28-bit command */

/* Words of IDENTIFY DEVICE. */
#define IDENTIFY_WORDS    256u
#define IDENTIFY_MODEL    27
#define IDENTIFY_LBA28    60
#define IDENTIFY_COMMANDS 83
#define IDENTIFY_LBA48    100
#define COMMANDS_LBA48    0x0400

#define SECTOR_WORDS (DISK_SECTOR_SIZE / 2)

typedef struct Ata {
    AtaUnit units[ATA_UNITS];
    uint16_t identify[IDENTIFY_WORDS];
} Ata;

static Ata ata = {
    .units =
        {
            {.base = PORT_ATA0, .control = PORT_ATA0_CTL},
            {.base = PORT_ATA0, .control = PORT_ATA0_CTL, .select = ATA_DEV_DEV},
            {.base = PORT_ATA1, .control = PORT_ATA1_CTL},
            {.base = PORT_ATA1, .control = PORT_ATA1_CTL, .select = ATA_DEV_DEV},
        },
};

const AtaUnit *ata_unit(unsigned index)
{
    return &ata.units[index];
}

unsigned ata_index(const AtaUnit *unit)
{
    return (unsigned)(unit - ata.units);
}

/* ---- the registers ---- */

uint8_t ata_await(const AtaUnit *unit)
{
    uint8_t status = in8(unit->control);
    uint32_t start = BDA->ticks;
    while ((status & ATA_ST_BSY) && clock_ticks_since(start) < TIMEOUT_TICKS) {
        bios_window();
        status = in8(unit->control);
    }
    return status & ATA_ST_BSY ? ATA_ST_BSY : in8(unit->base + ATA_STATUS);
}

bool ata_select(const AtaUnit *unit, uint8_t device_bits)
{
    if (ata_await(unit) & ATA_ST_BSY) {
        return false;
    }
    out8(unit->base + ATA_DEVICE, ATA_DEV_ONES | unit->select | device_bits);
    return !(ata_await(unit) & ATA_ST_BSY);
}

/* ---- commands ---- */

/* If the address has two bytes for a register, the upper one is written first. */
static void put_address(const AtaUnit *unit, uint64_t sector, unsigned count, bool extended)
{
    if (extended) {
        out8(unit->base + ATA_COUNT, (uint8_t)(count >> 8));
        out8(unit->base + ATA_LBA_LOW, (uint8_t)(sector >> 24));
        out8(unit->base + ATA_LBA_MID, (uint8_t)(sector >> 32));
        out8(unit->base + ATA_LBA_HIGH, (uint8_t)(sector >> 40));
    }
    out8(unit->base + ATA_COUNT, (uint8_t)count);
    out8(unit->base + ATA_LBA_LOW, (uint8_t)sector);
    out8(unit->base + ATA_LBA_MID, (uint8_t)(sector >> 8));
    out8(unit->base + ATA_LBA_HIGH, (uint8_t)(sector >> 16));
}

static DiskStatus error_status(const AtaUnit *unit, uint8_t status, DiskVerb verb)
{
    if (status & ATA_ST_BSY) {
        return DISK_TIMEOUT;
    }
    uint8_t error = in8(unit->base + ATA_ERROR);
    if (status & ATA_ST_DF) {
        return DISK_CONTROLLER;
    }
    if (error & ATA_ER_UNC) {
        return DISK_CRC;
    }
    if (error & ATA_ER_IDNF) {
        return DISK_SECTOR_NOT_FOUND;
    }
    return verb == DISK_WRITE && (error & ATA_ER_ABRT) ? DISK_WRITE_PROTECTED : DISK_CONTROLLER;
}

static bool failed(uint8_t status)
{
    return status & (ATA_ST_BSY | ATA_ST_DF | ATA_ST_ERR);
}

static DiskStatus move_sectors(const AtaUnit *unit, DiskRequest *request, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t status = ata_await(unit);
        if (failed(status) || !(status & ATA_ST_DRQ)) {
            return error_status(unit, status, request->verb);
        }
        (request->verb == DISK_READ ? port_read_words : port_write_words)(
            (uint16_t)(unit->base + ATA_DATA), request->address, SECTOR_WORDS);
        request->address += DISK_SECTOR_SIZE;
        request->done++;
        bios_window();
    }
    return DISK_OK;
}

static DiskStatus run_command(const AtaUnit *unit, DiskRequest *request, unsigned count)
{
    static const uint8_t COMMANDS[][2] = {
        [DISK_READ] = {ATA_CMD_READ, ATA_CMD_READ_EXT},
        [DISK_WRITE] = {ATA_CMD_WRITE, ATA_CMD_WRITE_EXT},
        [DISK_VERIFY] = {ATA_CMD_VERIFY, ATA_CMD_VERIFY_EXT},
    };
    uint64_t sector = request->sector + request->done;
    bool extended = sector + count > LBA28_SECTORS;
    uint8_t bits = ATA_DEV_LBA | (extended ? 0 : (uint8_t)(sector >> 24 & ATA_DEV_HEAD));
    if (!ata_select(unit, bits)) {
        return DISK_TIMEOUT;
    }
    put_address(unit, sector, count, extended);
    out8(unit->base + ATA_COMMAND, COMMANDS[request->verb][extended]);
    if (request->verb != DISK_VERIFY) {
        DiskStatus status = move_sectors(unit, request, count);
        if (status) {
            return status;
        }
    }
    uint8_t end = ata_await(unit);
    if (failed(end)) {
        return error_status(unit, end, request->verb);
    }
    if (request->verb == DISK_VERIFY) {
        request->done = (uint16_t)(request->done + count);
    }
    return DISK_OK;
}

static DiskStatus transfer(Drive *drive, DiskRequest *request)
{
    DiskStatus status = DISK_OK;
    while (!status && request->done < request->count) {
        unsigned left = request->count - request->done;
        status = run_command(drive->unit, request, left < COUNT_MAX ? left : COUNT_MAX);
    }
    return status;
}

/* A command that was interrupted is aborted. */
static DiskStatus reset(Drive *drive)
{
    const AtaUnit *unit = drive->unit;
    out8(unit->control, ATA_DC_SRST);
    out8(unit->control, 0);
    return ata_select(unit, 0) ? DISK_OK : DISK_TIMEOUT;
}

static const DriveOps DISK_OPS = {
    .name = "hard disk",
    .reset = reset,
    .transfer = transfer,
    .get_name = ata_get_name,
};

/* ---- finding them ---- */

static bool identify(const AtaUnit *unit, AtaKind kind)
{
    out8(unit->base + ATA_COMMAND, kind == ATA_PACKET ? ATA_CMD_IDENTIFY_PACKET : ATA_CMD_IDENTIFY);
    uint8_t status = ata_await(unit);
    if (failed(status) || !(status & ATA_ST_DRQ)) {
        return false;
    }
    port_read_words(unit->base + ATA_DATA, linear_address(ata.identify), IDENTIFY_WORDS);
    return true;
}

static void add_disk(AtaUnit *unit)
{
    const uint16_t *words = ata.identify;
    const uint16_t *size = words + IDENTIFY_LBA48;
    Drive drive = {
        .ops = &DISK_OPS,
        .sectors = words[IDENTIFY_LBA28] | (uint32_t)words[IDENTIFY_LBA28 + 1] << 16,
        .unit = unit,
        .place = PLACE_ATA(ata_index(unit)),
    };
    unit->kind = ATA_DISK;
    unit->lba48 = words[IDENTIFY_COMMANDS] & COMMANDS_LBA48;
    if (unit->lba48) {
        drive.sectors = size[0] | (uint32_t)size[1] << 16 | (uint64_t)size[2] << 32;
    }
    fixed_disk_add(&drive);
}

/*
 * After a reset a packet device identifies itself.  It also does so in the place of
 * a second device that does not exist.  That device must not be identified.
 */
static void find_unit(AtaUnit *unit)
{
    out8(unit->base + ATA_DEVICE, ATA_DEV_ONES | unit->select);
    uint8_t status = in8(unit->control);
    if (status == STATUS_FLOATS || (ata_await(unit) & ATA_ST_BSY)) {
        return;
    }
    if (in8(unit->base + ATA_LBA_MID) == ATAPI_SIGNATURE_MID &&
        in8(unit->base + ATA_LBA_HIGH) == ATAPI_SIGNATURE_HIGH) {
        unit->kind = identify(unit, ATA_PACKET) ? ATA_PACKET : ATA_NONE;
    } else if ((in8(unit->control) & ATA_ST_DRDY) && identify(unit, ATA_DISK)) {
        add_disk(unit);
    }
}

void ata_setup(void)
{
    for (unsigned i = 0; i < ATA_UNITS; i++) {
        find_unit(&ata.units[i]);
    }
}

/* ---- names ---- */

/*
 * Each word has two characters, the first one in the upper byte.  The name is
 * padded with spaces.
 */
bool ata_get_name(const Drive *drive, char *name)
{
    const AtaUnit *unit = drive->unit;
    const uint16_t *words = ata.identify + IDENTIFY_MODEL;
    unsigned end = 0;
    if (!ata_select(unit, 0) || !identify(unit, unit->kind)) {
        return false;
    }
    for (unsigned i = 0; i < DRIVE_NAME_SIZE - 1; i++) {
        name[i] = (char)(words[i / 2] >> (i & 1 ? 0 : 8));
        end = name[i] != ' ' ? i + 1 : end;
    }
    name[end] = '\0';
    return end;
}
