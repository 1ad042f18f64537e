/*
 * The commands of an ATAPI CD-ROM drive, after ATA/ATAPI-6 (packet protocol), SPC-2
 * and MMC-2.
 *
 * The guest writes PACKET and then the 12 bytes of a command packet to the data
 * port.  The drive answers in blocks, at most as long as the byte count limit of
 * the guest.  The count register gives the reason of each interrupt:
 *
 *   CoD 1, IO 0: the guest writes the packet
 *   CoD 0, IO 1: the guest reads a block, whose length is in the byte count registers
 *   CoD 1, IO 1: the command has ended; CHK in Status says that REQUEST SENSE tells why
 *
 * A disc is one data track.  Modelled: data, capacity, table of contents, sense,
 * the tray and its lock, the mode pages for error recovery and capabilities, and
 * discs that the user takes out or puts in.  A tray that the guest opens keeps its
 * disc.  Not modelled: audio, sub-channels, raw sectors.
 */
#include "devices/storage/ata_internal.h"

#include <string.h>

#define BLOCKS_PER_SECTOR (ATAPI_SECTOR_SIZE / BLOCK_SECTOR_SIZE)

#define PROFILE_CDROM     0x0008
#define LEAD_OUT          0xaa
#define TRACK_DATA        0x14 /* ADR 1, a data track */
#define FRAMES_PER_SECOND 75u
#define FRAMES_LEAD_IN    150u
#define PAGE_RECOVERY     0x01
#define PAGE_CAPABILITIES 0x2a
#define PAGE_ALL          0x3f
#define EVENT_MEDIA       4
#define EVENT_MEDIA_MASK  0x10
#define MEDIA_TRAY_OPEN   0x01
#define MEDIA_PRESENT     0x02
#define START_STOP_START  0x01
#define START_STOP_LOEJ   0x02

/* ---- sense ---- */

/* "Upon completion: interrupt reason IO and CoD." */
static void finish(AtaDrive *d)
{
    ata_finish(d, true);
    d->count[0] = ATAPI_REASON_IO | ATAPI_REASON_COD;
}

static void check_condition(AtaDrive *d, uint8_t key, uint8_t asc)
{
    finish(d);
    d->sense_key = key;
    d->asc = asc;
    d->status |= ATA_ST_ERR;
    d->error = (uint8_t)(key << 4 | ATA_ER_ABRT);
}

static void good(AtaDrive *d)
{
    finish(d);
    d->sense_key = d->asc = 0;
}

/* ---- data to the guest ---- */

/* The byte count limit is even and at most FFFEh. */
static uint32_t byte_limit(const AtaDrive *d)
{
    uint32_t limit = (uint32_t)(d->lba_high[0] << 8 | d->lba_mid[0]) & ~1u;
    return limit ? limit : 0xfffe;
}

/* Puts the direction and the size of the block into the registers. */
static void announce(AtaDrive *d)
{
    uint32_t size = d->drq_end - d->position;
    d->count[0] = ATAPI_REASON_IO;
    d->lba_mid[0] = (uint8_t)size;
    d->lba_high[0] = (uint8_t)(size >> 8);
}

void atapi_open_block(AtaDrive *d)
{
    ata_open_block(d, true);
    announce(d);
}

/* Whether the packet was announced as one whose data a bus master moves. */
static bool wants_dma(const AtaDrive *d)
{
    return d->features[0] & ATAPI_FEATURE_DMA;
}

/* Answers with as many bytes as the packet allows. */
static void answer(AtaDrive *d, const uint8_t *data, uint32_t size, uint32_t allocated)
{
    size = size < allocated ? size : allocated;
    if (!size) {
        good(d);
        return;
    }
    memcpy(d->buffer, data, size);
    d->sense_key = d->asc = 0;
    d->remaining = 0;
    d->filled = size;
    d->position = 0;
    if (wants_dma(d)) {
        ata_dma_answer(d);
        return;
    }
    d->phase = ATA_PHASE_IN;
    atapi_open_block(d);
}

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) << 16 | get16(p + 2);
}

/* ---- the disc ---- */

static uint32_t disc_sectors(const AtaDrive *d)
{
    uint64_t sectors = pio_block_sectors(d->port) / BLOCKS_PER_SECTOR;
    return sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors;
}

/* Whether there is a disc that the drive can read. */
static bool has_disc(const AtaDrive *d)
{
    return !d->tray_open && disc_sectors(d);
}

static void fetch(AtaDrive *d)
{
    uint32_t blocks = d->remaining < ATA_BUFFER_SECTORS ? d->remaining : ATA_BUFFER_SECTORS;
    d->filled = blocks * BLOCK_SECTOR_SIZE;
    d->position = d->drq_end = 0;
    d->count[0] = ATAPI_REASON_IO;
    ata_submit(d, ATA_REQUEST_READ);
}

static void read_sectors(AtaDrive *d, uint32_t lba, uint32_t count)
{
    uint32_t sectors = disc_sectors(d);
    if (lba > sectors || count > sectors - lba) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
        return;
    }
    if (!count) {
        good(d);
        return;
    }
    /* The buffer counts in 32 bits, so a packet cannot ask for more. */
    if (count > UINT32_MAX / BLOCKS_PER_SECTOR) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    d->lba = (uint64_t)lba * BLOCKS_PER_SECTOR;
    d->remaining = count * BLOCKS_PER_SECTOR;
    if (wants_dma(d)) {
        ata_dma_begin(d, ATA_PHASE_DMA_IN);
        return;
    }
    d->phase = ATA_PHASE_IN;
    fetch(d);
}

void atapi_dma_done(AtaDrive *d, bool ok)
{
    if (ok) {
        good(d);
    } else {
        check_condition(d, SENSE_MEDIUM_ERROR, ASC_UNRECOVERED_READ);
    }
}

void atapi_request_done(AtaDrive *d, bool ok)
{
    if (!ok) {
        check_condition(d, SENSE_MEDIUM_ERROR, ASC_UNRECOVERED_READ);
        return;
    }
    d->lba += d->filled / BLOCK_SECTOR_SIZE;
    d->remaining -= d->filled / BLOCK_SECTOR_SIZE;
    atapi_open_block(d);
}

/* ---- answers ---- */

static void inquiry(AtaDrive *d, const uint8_t *packet)
{
    uint8_t data[36] = {0x05, 0x80, 0x00, 0x21, sizeof(data) - 5};
    if (packet[1] & 1 || packet[2]) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    memcpy(data + 8, "PIOEMU  CD-ROM          1   ", 28);
    answer(d, data, sizeof(data), get16(packet + 3));
}

static void request_sense(AtaDrive *d, const uint8_t *packet)
{
    uint8_t data[18] = {0x70, [2] = d->sense_key, [7] = sizeof(data) - 8, [12] = d->asc};
    answer(d, data, sizeof(data), packet[4]);
}

static void read_capacity(AtaDrive *d)
{
    uint8_t data[8];
    put32(data, disc_sectors(d) - 1);
    put32(data + 4, ATAPI_SECTOR_SIZE);
    answer(d, data, sizeof(data), sizeof(data));
}

/* Writes an address as minutes, seconds and frames, or as a number. */
static void put_address(uint8_t *p, uint32_t lba, bool msf)
{
    if (!msf) {
        put32(p, lba);
        return;
    }
    uint32_t frames = lba + FRAMES_LEAD_IN;
    uint32_t seconds = frames / FRAMES_PER_SECOND;
    p[0] = 0;
    p[1] = (uint8_t)(seconds / 60);
    p[2] = (uint8_t)(seconds % 60);
    p[3] = (uint8_t)(frames % FRAMES_PER_SECOND);
}

static uint8_t *put_track(uint8_t *p, uint8_t track, uint32_t lba, bool msf)
{
    p[1] = TRACK_DATA;
    p[2] = track;
    put_address(p + 4, lba, msf);
    return p + 8;
}

static void read_toc(AtaDrive *d, const uint8_t *packet)
{
    uint8_t data[20] = {0, 0, 1, 1};
    bool msf = packet[1] & 2;
    unsigned format = packet[2] & 0x0f ? packet[2] & 0x0f : packet[9] >> 6;
    unsigned first = packet[6];
    uint8_t *end = data + 4;
    if (format > 1 || (format == 0 && first > 1 && first != LEAD_OUT)) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    if (format == 1 || first <= 1) {
        end = put_track(end, 1, 0, msf);
    }
    if (format == 0) {
        end = put_track(end, LEAD_OUT, disc_sectors(d), msf);
    }
    put16(data, (unsigned)(end - data) - 2);
    answer(d, data, (uint32_t)(end - data), get16(packet + 7));
}

/* The answer is a header with the current profile, and the list of profiles. */
static void get_configuration(AtaDrive *d, const uint8_t *packet)
{
    uint8_t data[16] = {[10] = 0x03, [11] = 4};
    uint32_t size = get16(packet + 2) == 0 ? sizeof(data) : 8;
    put32(data, size - 4);
    put16(data + 6, has_disc(d) ? PROFILE_CDROM : 0);
    put16(data + 12, PROFILE_CDROM);
    data[14] = has_disc(d);
    answer(d, data, size, get16(packet + 7));
}

static void get_event(AtaDrive *d, const uint8_t *packet)
{
    uint8_t data[8] = {0, 0, 0x80, EVENT_MEDIA_MASK};
    bool polled = packet[1] & 1;
    uint32_t size = 4;
    if (!polled) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    if (packet[4] & EVENT_MEDIA_MASK) {
        size = sizeof(data);
        data[1] = 6;
        data[2] = EVENT_MEDIA;
        data[4] = d->media_event;
        data[5] = d->tray_open ? MEDIA_TRAY_OPEN : has_disc(d) ? MEDIA_PRESENT : 0;
        d->media_event = 0;
    } else {
        data[1] = 2;
    }
    answer(d, data, size, get16(packet + 7));
}

static uint8_t *put_recovery_page(uint8_t *p)
{
    p[0] = PAGE_RECOVERY;
    p[1] = 6;
    p[3] = 5; /* retries */
    return p + 8;
}

static uint8_t *put_capabilities_page(const AtaDrive *d, uint8_t *p)
{
    p[0] = PAGE_CAPABILITIES;
    p[1] = 18;
    p[6] = (uint8_t)(0x29 | (d->locked ? 0x02 : 0)); /* tray, ejects, locks */
    put16(p + 8, 706);                               /* 4x */
    put16(p + 12, ATA_BUFFER_SIZE / 1024);
    put16(p + 14, 706);
    return p + 20;
}

static void mode_sense(AtaDrive *d, const uint8_t *packet)
{
    uint8_t data[8 + 8 + 20] = {[2] = d->tray_open ? 0x71 : has_disc(d) ? 0x01 : 0x70};
    uint8_t page = packet[2] & 0x3f;
    bool saved = packet[2] >> 6 == 3;
    uint8_t *end = data + 8;
    if (saved || (page != PAGE_RECOVERY && page != PAGE_CAPABILITIES && page != PAGE_ALL)) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    if (page != PAGE_CAPABILITIES) {
        end = put_recovery_page(end);
    }
    if (page != PAGE_RECOVERY) {
        end = put_capabilities_page(d, end);
    }
    put16(data, (unsigned)(end - data) - 2);
    answer(d, data, (uint32_t)(end - data), get16(packet + 7));
}

static void open_tray(AtaDrive *d)
{
    if (!d->tray_open) {
        d->tray_open = true;
        d->media_event = ATAPI_EVENT_REMOVAL;
    }
    good(d);
}

static void close_tray(AtaDrive *d)
{
    if (d->tray_open) {
        d->tray_open = false;
        d->changed = has_disc(d);
        d->media_event = d->changed ? ATAPI_EVENT_NEW_MEDIA : 0;
    }
    good(d);
}

/* "If the power condition field is not 0, LoEj and Start shall be ignored." */
static void start_stop(AtaDrive *d, const uint8_t *packet)
{
    bool start = packet[4] & START_STOP_START, load = packet[4] & START_STOP_LOEJ;
    if (packet[4] >> 4) {
        good(d);
    } else if (load && start) {
        close_tray(d);
    } else if (load && d->locked && !d->tray_open) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_REMOVAL_PREVENTED);
    } else if (load) {
        open_tray(d);
    } else if (start && !has_disc(d)) {
        check_condition(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
    } else {
        good(d);
    }
}

static void seek(AtaDrive *d, const uint8_t *packet)
{
    if (get32(packet + 2) >= disc_sectors(d)) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
    } else {
        good(d);
    }
}

/* ---- packets ---- */

/* Runs the commands that need no disc and do not report a unit attention. */
static bool run_always(AtaDrive *d, const uint8_t *packet)
{
    switch (packet[0]) {
    case ATAPI_INQUIRY:
        inquiry(d, packet);
        return true;
    case ATAPI_REQUEST_SENSE:
        request_sense(d, packet);
        return true;
    case ATAPI_GET_CONFIGURATION:
        get_configuration(d, packet);
        return true;
    case ATAPI_GET_EVENT:
        get_event(d, packet);
        return true;
    default:
        return false;
    }
}

static bool tell_attention(AtaDrive *d)
{
    if (!d->attention && !d->changed) {
        return false;
    }
    uint8_t asc = d->attention ? ASC_RESET : ASC_MEDIUM_CHANGED;
    d->changed = d->attention && d->changed;
    d->attention = false;
    check_condition(d, SENSE_UNIT_ATTENTION, asc);
    return true;
}

static bool run_without_disc(AtaDrive *d, const uint8_t *packet)
{
    switch (packet[0]) {
    case ATAPI_START_STOP:
        start_stop(d, packet);
        return true;
    case ATAPI_PREVENT_ALLOW:
        d->locked = packet[4] & 1;
        good(d);
        return true;
    case ATAPI_MODE_SENSE_10:
        mode_sense(d, packet);
        return true;
    default:
        return false;
    }
}

static bool needs_disc(uint8_t operation)
{
    return operation == ATAPI_TEST_UNIT_READY || operation == ATAPI_READ_CAPACITY ||
           operation == ATAPI_READ_10 || operation == ATAPI_READ_12 ||
           operation == ATAPI_READ_TOC || operation == ATAPI_SEEK;
}

static void run_with_disc(AtaDrive *d, const uint8_t *packet)
{
    switch (packet[0]) {
    case ATAPI_TEST_UNIT_READY:
        good(d);
        break;
    case ATAPI_READ_CAPACITY:
        read_capacity(d);
        break;
    case ATAPI_READ_10:
        read_sectors(d, get32(packet + 2), get16(packet + 7));
        break;
    case ATAPI_READ_12:
        read_sectors(d, get32(packet + 2), get32(packet + 6));
        break;
    case ATAPI_READ_TOC:
        read_toc(d, packet);
        break;
    default:
        seek(d, packet);
    }
}

static void run_packet(AtaDrive *d)
{
    uint8_t packet[ATAPI_PACKET_SIZE];
    memcpy(packet, d->buffer, sizeof(packet));
    d->block = byte_limit(d);
    if (run_always(d, packet) || tell_attention(d) || run_without_disc(d, packet)) {
        return;
    }
    if (!needs_disc(packet[0])) {
        check_condition(d, SENSE_ILLEGAL_REQUEST, ASC_INVALID_COMMAND);
    } else if (!has_disc(d)) {
        check_condition(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
    } else {
        run_with_disc(d, packet);
    }
}

/* ---- the user's hand ---- */

/* Ends what the guest was reading, because the rest of it is on the other disc. */
static void stop_reading(AtaDrive *d)
{
    bool in = d->phase == ATA_PHASE_IN || d->phase == ATA_PHASE_DMA_IN;
    bool reads = in && (d->remaining || d->request);
    d->lba = d->remaining = 0;
    if (reads) {
        pio_block_cancel(d->port);
        d->request = ATA_REQUEST_NONE;
        check_condition(d, SENSE_UNIT_ATTENTION, ASC_MEDIUM_CHANGED);
    }
}

/* The tray has opened and, if there is a new disc, closed. */
void atapi_medium_changed(AtaDrive *d)
{
    d->tray_open = !disc_sectors(d);
    d->changed = !d->tray_open;
    d->media_event = d->tray_open ? ATAPI_EVENT_REMOVAL : ATAPI_EVENT_NEW_MEDIA;
    stop_reading(d);
}

bool atapi_eject_asked(AtaDrive *d)
{
    if (d->locked && !d->tray_open) {
        d->media_event = ATAPI_EVENT_EJECT;
        return false;
    }
    return true;
}

/* The guest has written a packet, or has read all of a buffer. */
void atapi_buffer_done(AtaDrive *d)
{
    if (d->phase == ATA_PHASE_PACKET) {
        run_packet(d);
    } else if (d->phase == ATA_PHASE_ANSWER) {
        ata_finish(d, false);
    } else if (d->remaining) {
        fetch(d);
    } else {
        good(d);
    }
}

/* ---- commands of the task file ---- */

static void start_packet(AtaDrive *d)
{
    if (d->features[0] & ATAPI_FEATURE_OVERLAP || (wants_dma(d) && !d->channel->master)) {
        ata_fail(d, ATA_ER_ABRT);
        return;
    }
    d->phase = ATA_PHASE_PACKET;
    d->filled = d->block = ATAPI_PACKET_SIZE;
    d->position = 0;
    ata_open_block(d, false);
    d->count[0] = ATAPI_REASON_COD;
}

static void identify_packet(AtaDrive *d)
{
    uint16_t w[256] = {[0] = 0x8580}; /* CD-ROM, removable, 12 byte packets */
    ata_put_text(w + 10, 10, d->index ? "PIOEMU-CD2" : "PIOEMU-CD1");
    ata_put_text(w + 23, 4, "1");
    ata_put_text(w + 27, 20, "pioemu CD-ROM");
    w[49] = 0x0a00; /* IORDY, LBA */
    w[50] = 0x4000;
    w[51] = 0x0200;
    w[53] = 0x0002; /* words 64-70 are valid */
    w[64] = 0x0003;
    w[67] = w[68] = 120;
    w[80] = 0x007e;
    w[82] = 0x4210; /* NOP, DEVICE RESET, PACKET */
    w[83] = 0x4000;
    w[84] = 0x4000;
    w[85] = 0x4210;
    w[87] = 0x4000;
    w[93] = 0x6001;
    ata_put_dma(d, w);
    memcpy(d->buffer, w, sizeof(w));
    ata_send(d, sizeof(w));
}

/* "The device shall not set an interrupt", and it stays selected. */
static void device_reset(AtaDrive *d)
{
    pio_block_cancel(d->port);
    d->request = ATA_REQUEST_NONE;
    d->phase = ATA_PHASE_IDLE;
    d->status = 0;
    d->error = ATA_ER_DIAGNOSTIC_OK;
    d->interrupt = false;
    ata_set_signature(d);
    atapi_reset(d);
}

/* "Commands for disks are aborted, with the signature in the registers." */
static void refuse_disk_command(AtaDrive *d)
{
    ata_set_signature(d);
    ata_fail(d, ATA_ER_ABRT);
}

static void set_features(AtaDrive *d)
{
    bool mode = d->features[0] == ATA_FEATURE_TRANSFER_MODE;
    if (mode && (ata_is_pio_mode(d->count[0]) || ata_dma_set_mode(d, d->count[0]))) {
        ata_finish(d, true);
    } else {
        ata_fail(d, ATA_ER_ABRT);
    }
}

void atapi_command(AtaDrive *d, uint8_t command)
{
    switch (command) {
    case ATA_CMD_PACKET:
        start_packet(d);
        break;
    case ATA_CMD_IDENTIFY_PACKET:
        identify_packet(d);
        break;
    case ATA_CMD_DEVICE_RESET:
        device_reset(d);
        break;
    case ATA_CMD_IDENTIFY:
    case ATA_CMD_READ:
        refuse_disk_command(d);
        break;
    case ATA_CMD_CHECK_POWER:
        d->count[0] = ATA_POWER_ACTIVE;
        ata_finish(d, true);
        break;
    case ATA_CMD_STANDBY_NOW:
    case ATA_CMD_IDLE_NOW:
    case ATA_CMD_STANDBY:
    case ATA_CMD_IDLE:
    case ATA_CMD_SLEEP:
        ata_finish(d, true);
        break;
    case ATA_CMD_SET_FEATURES:
        set_features(d);
        break;
    default:
        ata_fail(d, ATA_ER_ABRT);
    }
}

void atapi_reset(AtaDrive *d)
{
    d->sense_key = d->asc = 0;
    d->attention = true;
    d->changed = false;
    d->locked = false;
    d->media_event = 0;
}
