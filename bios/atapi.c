/* CD-ROM drives on the ATA channels: command packets (MMC-2), by programmed I/O. */
#include "bios/cdrom.h"

#include "bios/services.h"

#include "devices/storage/ata_regs.h"

#define TRIES        5u
#define BLOCK_LIMIT  0x8000u /* the most bytes that are transferred with one DRQ */
#define BLOCKS_MAX   0xffffu /* in a READ(10) */
#define PACKET_WORDS (ATAPI_PACKET_SIZE / 2)

#define SENSE_KEY   2
#define SENSE_CODE  12
#define SENSE_BYTES 18
#define SENSE_MASK  0x0f

#define START_STOP_EJECT 0x02

typedef struct Packet {
    uint8_t bytes[ATAPI_PACKET_SIZE];
} Packet;

static uint16_t answer[SENSE_BYTES / 2];
static bool changed[ATA_UNITS];

/* Takes all of the drive's next block of data and keeps `room` bytes of it. */
static void take_block(const AtaUnit *unit, uint32_t *address, uint32_t *room)
{
    uint32_t size = in8(unit->base + ATA_LBA_MID) | in8(unit->base + ATA_LBA_HIGH) << 8;
    uint32_t kept = size < *room ? size : *room;
    port_read_words(unit->base + ATA_DATA, *address, (uint16_t)(kept / 2));
    for (uint32_t i = kept; i < size; i += 2) {
        (void)in16(unit->base + ATA_DATA);
    }
    *address += kept;
    *room -= kept;
}

static DiskStatus await_packet(const AtaUnit *unit)
{
    uint8_t status = ata_await(unit);
    return status & ATA_ST_BSY      ? DISK_TIMEOUT
           : status & ATA_ST_ERR    ? DISK_CONTROLLER
           : !(status & ATA_ST_DRQ) ? DISK_CONTROLLER
                                    : DISK_OK;
}

/*
 * Sends a packet and takes up to `room` bytes of data.  At the end `room` is the
 * number of bytes that are missing.
 */
static DiskStatus run_packet(const AtaUnit *unit, const Packet *packet, uint32_t address,
                             uint32_t *room)
{
    if (!ata_select(unit, 0)) {
        return DISK_TIMEOUT;
    }
    out8(unit->base + ATA_FEATURES, 0);
    out8(unit->base + ATA_LBA_MID, (uint8_t)BLOCK_LIMIT);
    out8(unit->base + ATA_LBA_HIGH, BLOCK_LIMIT >> 8);
    out8(unit->base + ATA_COMMAND, ATA_CMD_PACKET);
    DiskStatus status = await_packet(unit);
    if (status) {
        return status;
    }
    port_write_words(unit->base + ATA_DATA, linear_address(packet), PACKET_WORDS);
    uint8_t end = ata_await(unit);
    while (!(end & ATA_ST_BSY) && end & ATA_ST_DRQ) {
        take_block(unit, &address, room);
        bios_window();
        end = ata_await(unit);
    }
    return end & ATA_ST_BSY ? DISK_TIMEOUT : end & ATA_ST_ERR ? DISK_CONTROLLER : DISK_OK;
}

static DiskStatus status_of(uint8_t key, uint8_t code)
{
    switch (key) {
    case SENSE_NOT_READY:
        return code == ASC_NO_MEDIUM ? DISK_NO_MEDIUM : DISK_TIMEOUT;
    case SENSE_MEDIUM_ERROR:
        return DISK_CRC;
    case SENSE_ILLEGAL_REQUEST:
        return code == ASC_REMOVAL_PREVENTED ? DISK_LOCKED : DISK_SECTOR_NOT_FOUND;
    default:
        return DISK_CONTROLLER;
    }
}

static DiskStatus sense_status(const AtaUnit *unit, uint8_t *key)
{
    const Packet packet = {{ATAPI_REQUEST_SENSE, 0, 0, 0, SENSE_BYTES}};
    uint32_t room = sizeof(answer);
    const uint8_t *bytes = (const uint8_t *)answer;
    DiskStatus status = run_packet(unit, &packet, linear_address(answer), &room);
    if (status || room) {
        return DISK_CONTROLLER;
    }
    *key = bytes[SENSE_KEY] & SENSE_MASK;
    if (*key == SENSE_UNIT_ATTENTION && bytes[SENSE_CODE] == ASC_MEDIUM_CHANGED) {
        changed[ata_index(unit)] = true;
    }
    return status_of(*key, bytes[SENSE_CODE]);
}

/* Repeats the command if the drive only reported a reset or another disc. */
static DiskStatus execute(const AtaUnit *unit, const Packet *packet, uint32_t address,
                          uint32_t size)
{
    DiskStatus status = DISK_CONTROLLER;
    for (unsigned i = 0; i < TRIES; i++) {
        uint8_t key = 0;
        uint32_t room = size;
        status = run_packet(unit, packet, address, &room);
        if (!status) {
            return room ? DISK_CONTROLLER : DISK_OK;
        }
        if (status == DISK_TIMEOUT) {
            return status;
        }
        status = sense_status(unit, &key);
        if (key != SENSE_UNIT_ATTENTION) {
            return status;
        }
    }
    return status;
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

DiskStatus atapi_capacity(const AtaUnit *unit, uint32_t *blocks)
{
    const Packet packet = {{ATAPI_READ_CAPACITY}};
    const uint8_t *bytes = (const uint8_t *)answer;
    DiskStatus status = execute(unit, &packet, linear_address(answer), 8);
    *blocks = status ? 0 : big_endian(bytes) + 1;
    return status ? status : big_endian(bytes + 4) == CDROM_BLOCK ? DISK_OK : DISK_CONTROLLER;
}

DiskStatus atapi_read(const AtaUnit *unit, uint32_t block, uint16_t count, uint32_t address)
{
    const Packet packet = {{ATAPI_READ_10, 0, (uint8_t)(block >> 24), (uint8_t)(block >> 16),
                            (uint8_t)(block >> 8), (uint8_t)block, 0, (uint8_t)(count >> 8),
                            (uint8_t)count}};
    return execute(unit, &packet, address, (uint32_t)count * CDROM_BLOCK);
}

DiskStatus atapi_test_ready(const AtaUnit *unit)
{
    const Packet packet = {{ATAPI_TEST_UNIT_READY}};
    return execute(unit, &packet, 0, 0);
}

DiskStatus atapi_lock(const AtaUnit *unit, bool locked)
{
    const Packet packet = {{ATAPI_PREVENT_ALLOW, 0, 0, 0, locked}};
    return execute(unit, &packet, 0, 0);
}

DiskStatus atapi_eject(const AtaUnit *unit)
{
    const Packet packet = {{ATAPI_START_STOP, 0, 0, 0, START_STOP_EJECT}};
    return execute(unit, &packet, 0, 0);
}

bool atapi_take_change(const AtaUnit *unit)
{
    bool result = changed[ata_index(unit)];
    changed[ata_index(unit)] = false;
    return result;
}
