/*
 * The commands of an ATA hard disk, after ATA/ATAPI-6 (T13/1410D).  Addresses by
 * cylinder, head and sector are after ATA-3.
 *
 * A buffer of sixteen sectors lies between the guest's blocks and the host.  The
 * drive reads ahead within a command.  It reports the end of a write when the host
 * has taken all of it.
 *
 * DEVIATION: when the host cannot read, the commands that hand over single sectors
 * try single sectors.  READ MULTIPLE reports the error for the first sector of the
 * buffer.
 */
#include "devices/storage/ata_internal.h"

#include <string.h>

#define HEADS             16u
#define SECTORS_PER_TRACK 63u
#define CYLINDERS_MAX     16383u
#define LBA28_MAX         UINT64_C(0x0fffffff)
#define LBA48_COUNT_MAX   65536u

/* ---- addresses ---- */

static uint64_t capacity(const AtaDrive *d)
{
    return pio_block_sectors(d->port);
}

static bool uses_lba(const AtaDrive *d)
{
    return d->channel->device & ATA_DEV_LBA;
}

static unsigned cylinders_of(uint64_t sectors, unsigned heads, unsigned per_track)
{
    uint64_t cylinders = sectors / (heads * per_track);
    return cylinders > CYLINDERS_MAX ? CYLINDERS_MAX : cylinders ? (unsigned)cylinders : 1;
}

/* Returns false if there is no such cylinder, head and sector. */
static bool chs_address(const AtaDrive *d, uint64_t *lba)
{
    unsigned cylinder = (unsigned)(d->lba_high[0] << 8 | d->lba_mid[0]);
    unsigned sector = d->lba_low[0];
    if (!sector || sector > d->sectors || d->head >= d->heads) {
        return false;
    }
    *lba = ((uint64_t)cylinder * d->heads + d->head) * d->sectors + sector - 1;
    return true;
}

static bool get_address(const AtaDrive *d, uint64_t *lba)
{
    if (!d->extended && !uses_lba(d)) {
        return chs_address(d, lba);
    }
    *lba = (uint64_t)d->lba_high[0] << 16 | (uint64_t)d->lba_mid[0] << 8 | d->lba_low[0];
    if (d->extended) {
        *lba |= (uint64_t)d->lba_high[1] << 40 | (uint64_t)d->lba_mid[1] << 32 |
                (uint64_t)d->lba_low[1] << 24;
    } else {
        *lba |= (uint64_t)d->head << 24;
    }
    return true;
}

static void set_chs_address(AtaDrive *d, uint64_t lba)
{
    uint64_t track = lba / d->sectors;
    uint64_t cylinder = track / d->heads;
    d->lba_low[0] = (uint8_t)(lba % d->sectors + 1);
    d->head = (uint8_t)(track % d->heads);
    d->lba_mid[0] = (uint8_t)cylinder;
    d->lba_high[0] = (uint8_t)(cylinder >> 8);
}

static void set_address(AtaDrive *d, uint64_t lba)
{
    if (!d->extended && !uses_lba(d)) {
        set_chs_address(d, lba);
        return;
    }
    d->lba_low[0] = (uint8_t)lba;
    d->lba_mid[0] = (uint8_t)(lba >> 8);
    d->lba_high[0] = (uint8_t)(lba >> 16);
    if (d->extended) {
        d->lba_low[1] = (uint8_t)(lba >> 24);
        d->lba_mid[1] = (uint8_t)(lba >> 32);
        d->lba_high[1] = (uint8_t)(lba >> 40);
    } else {
        d->head = lba >> 24 & ATA_DEV_HEAD;
    }
}

static uint32_t get_count(const AtaDrive *d)
{
    if (d->extended) {
        uint32_t count = (uint32_t)(d->count[1] << 8 | d->count[0]);
        return count ? count : LBA48_COUNT_MAX;
    }
    return d->count[0] ? d->count[0] : 256;
}

static void set_count(AtaDrive *d, uint32_t count)
{
    d->count[0] = (uint8_t)count;
    d->count[1] = d->extended ? (uint8_t)(count >> 8) : d->count[1];
}

/* ---- transfers ---- */

/* "The register contents at the end of a command: the last sector that was transferred." */
static void complete(AtaDrive *d, bool interrupt)
{
    set_address(d, d->lba - 1);
    set_count(d, 0);
    ata_finish(d, interrupt);
}

static void fail_at(AtaDrive *d, uint8_t error)
{
    set_address(d, d->lba);
    set_count(d, d->remaining);
    ata_fail(d, error);
}

/*
 * How many sectors to transfer next from `lba` on: as many as exist, are wanted and
 * fit into the buffer.
 */
static uint32_t next_part(const AtaDrive *d)
{
    uint64_t part = capacity(d) - d->lba;
    part = part < d->remaining ? part : d->remaining;
    return part < ATA_BUFFER_SECTORS ? (uint32_t)part : ATA_BUFFER_SECTORS;
}

static void fetch(AtaDrive *d, uint32_t sectors)
{
    if (!sectors) {
        fail_at(d, ATA_ER_IDNF);
        return;
    }
    d->filled = sectors * ATA_SECTOR_SIZE;
    d->position = d->drq_end = 0;
    ata_submit(d, ATA_REQUEST_READ);
}

static void collect(AtaDrive *d, bool interrupt)
{
    uint32_t sectors = next_part(d);
    if (!sectors) {
        fail_at(d, ATA_ER_IDNF);
        return;
    }
    d->filled = sectors * ATA_SECTOR_SIZE;
    d->position = 0;
    ata_open_block(d, interrupt);
}

static void advance(AtaDrive *d)
{
    d->lba += d->filled / ATA_SECTOR_SIZE;
    d->remaining -= d->filled / ATA_SECTOR_SIZE;
}

void ata_disk_buffer_done(AtaDrive *d)
{
    if (d->phase == ATA_PHASE_OUT) {
        ata_submit(d, ATA_REQUEST_WRITE);
    } else if (d->remaining) {
        fetch(d, next_part(d));
    } else if (d->phase == ATA_PHASE_IN) {
        complete(d, false);
    } else {
        ata_finish(d, false);
    }
}

static void read_done(AtaDrive *d, bool ok)
{
    bool single = d->block == ATA_SECTOR_SIZE;
    if (!ok && single && d->filled > ATA_SECTOR_SIZE) {
        fetch(d, 1);
        return;
    }
    if (!ok) {
        fail_at(d, ATA_ER_UNC);
        return;
    }
    advance(d);
    if (d->phase == ATA_PHASE_IN) {
        ata_open_block(d, true);
    } else if (d->remaining) {
        fetch(d, next_part(d));
    } else {
        complete(d, true);
    }
}

/* "Device fault": the medium takes no more data. */
static void fail_write(AtaDrive *d)
{
    fail_at(d, ATA_ER_ABRT);
    d->status |= ATA_ST_DF;
}

static void write_done(AtaDrive *d, bool ok)
{
    if (!ok) {
        fail_write(d);
        return;
    }
    advance(d);
    if (d->remaining) {
        collect(d, true);
    } else {
        complete(d, true);
    }
}

void ata_disk_no_sector(AtaDrive *d)
{
    fail_at(d, ATA_ER_IDNF);
}

void ata_disk_dma_done(AtaDrive *d, bool ok)
{
    if (ok) {
        complete(d, true);
    } else if (d->phase == ATA_PHASE_DMA_IN) {
        fail_at(d, ATA_ER_UNC);
    } else {
        fail_write(d);
    }
}

static void flush_done(AtaDrive *d, bool ok)
{
    if (ok) {
        ata_finish(d, true);
    } else {
        ata_fail(d, ATA_ER_ABRT);
        d->status |= ATA_ST_DF;
    }
}

void ata_disk_request_done(AtaDrive *d, AtaRequest request, bool ok)
{
    switch (request) {
    case ATA_REQUEST_READ:
        read_done(d, ok);
        break;
    case ATA_REQUEST_WRITE:
        write_done(d, ok);
        break;
    default:
        flush_done(d, ok);
    }
}

/*
 * Takes the address and count of a command that moves sectors.  Returns false if
 * the command has failed.
 */
static bool begin(AtaDrive *d, AtaPhase phase, uint32_t block)
{
    if (!get_address(d, &d->lba) || d->lba >= capacity(d)) {
        ata_fail(d, ATA_ER_IDNF);
        d->lba = 0;
        return false;
    }
    d->phase = (uint8_t)phase;
    d->remaining = get_count(d);
    d->block = block * ATA_SECTOR_SIZE;
    return true;
}

static void start_read(AtaDrive *d, uint32_t block)
{
    if (!block) {
        ata_fail(d, ATA_ER_ABRT);
    } else if (begin(d, ATA_PHASE_IN, block)) {
        fetch(d, next_part(d));
    }
}

static void start_write(AtaDrive *d, uint32_t block)
{
    if (!block || pio_block_read_only(d->port)) {
        ata_fail(d, ATA_ER_ABRT);
    } else if (begin(d, ATA_PHASE_OUT, block)) {
        collect(d, false);
    }
}

static void start_verify(AtaDrive *d)
{
    if (begin(d, ATA_PHASE_VERIFY, 1)) {
        fetch(d, next_part(d));
    }
}

static void start_dma(AtaDrive *d, AtaPhase phase)
{
    bool writes = phase == ATA_PHASE_DMA_OUT;
    if (!d->channel->master || (writes && pio_block_read_only(d->port))) {
        ata_fail(d, ATA_ER_ABRT);
    } else if (begin(d, phase, ATA_DMA_MAX / ATA_SECTOR_SIZE)) {
        ata_dma_begin(d, phase);
    }
}

/* ---- other commands ---- */

static void put32(uint16_t *words, uint64_t value)
{
    words[0] = (uint16_t)value;
    words[1] = (uint16_t)(value >> 16);
}

static void put_geometry(const AtaDrive *d, uint16_t *w)
{
    unsigned cylinders = cylinders_of(capacity(d), d->heads, d->sectors);
    w[1] = (uint16_t)cylinders_of(capacity(d), HEADS, SECTORS_PER_TRACK);
    w[3] = HEADS;
    /*
     * Bytes per track and per sector.  These words were retired long ago, but old
     * firmware divides by them.
     */
    w[4] = SECTORS_PER_TRACK * ATA_SECTOR_SIZE;
    w[5] = ATA_SECTOR_SIZE;
    w[6] = SECTORS_PER_TRACK;
    w[53] = 0x0003; /* words 54-58 and 64-70 are valid */
    w[54] = (uint16_t)cylinders;
    w[55] = d->heads;
    w[56] = d->sectors;
    put32(w + 57, (uint64_t)cylinders * d->heads * d->sectors);
}

static void put_features(const AtaDrive *d, uint16_t *w)
{
    w[47] = 0x8000 | ATA_BUFFER_SECTORS;
    w[48] = 1;      /* 32-bit accesses of the data port */
    w[49] = 0x0a00; /* IORDY, LBA */
    w[50] = 0x4000;
    w[51] = 0x0200; /* PIO mode 2 */
    w[59] = (uint16_t)(d->multiple ? 0x0100 | d->multiple : 0);
    w[64] = 0x0003;      /* PIO modes 3 and 4 */
    w[67] = w[68] = 120; /* ns per word */
    w[80] = 0x007e;      /* ATA-1 to ATA/ATAPI-6 */
    w[82] = 0x4060;      /* NOP, look-ahead, write cache */
    w[83] = 0x7400;      /* FLUSH CACHE (EXT), 48-bit addresses */
    w[84] = 0x4000;
    w[85] = 0x4060;
    w[86] = 0x3400;
    w[87] = 0x4000;
    w[93] = 0x6001;
}

/* "The two's complement of the sum of all bytes", including the signature A5h. */
static void put_checksum(uint16_t *w)
{
    uint8_t sum = 0xa5;
    for (unsigned i = 0; i < 255; i++) {
        sum = (uint8_t)(sum + w[i] + (w[i] >> 8));
    }
    w[255] = (uint16_t)((uint8_t)-sum << 8 | 0xa5);
}

static void identify(AtaDrive *d)
{
    uint16_t w[256] = {[0] = 0x0040};
    uint64_t sectors = capacity(d);
    put_geometry(d, w);
    put_features(d, w);
    ata_put_dma(d, w);
    ata_put_text(w + 10, 10, d->index ? "PIOEMU-2" : "PIOEMU-1");
    ata_put_text(w + 23, 4, "1");
    ata_put_text(w + 27, 20, "pioemu disk");
    put32(w + 60, sectors > LBA28_MAX ? LBA28_MAX : sectors);
    put32(w + 100, sectors);
    put32(w + 102, sectors >> 32);
    put_checksum(w);
    memcpy(d->buffer, w, sizeof(w));
    ata_send(d, sizeof(w));
}

static void set_multiple(AtaDrive *d)
{
    uint8_t count = d->count[0];
    if (count > ATA_BUFFER_SECTORS || count & (count - 1)) {
        ata_fail(d, ATA_ER_ABRT);
        return;
    }
    d->multiple = count;
    ata_finish(d, true);
}

/* The register has the highest head number, so there is one head more. */
static void initialize(AtaDrive *d)
{
    if (!d->count[0]) {
        ata_fail(d, ATA_ER_ABRT);
        return;
    }
    d->heads = (uint8_t)(d->head + 1);
    d->sectors = d->count[0];
    ata_finish(d, true);
}

/* The default with and without flow control, and modes 0 to 4 with flow control. */
bool ata_is_pio_mode(uint8_t mode)
{
    return mode <= 0x01 || (mode >= 0x08 && mode <= 0x0c);
}

static void set_features(AtaDrive *d)
{
    switch (d->features[0]) {
    case ATA_FEATURE_WRITE_CACHE_ON:
    case ATA_FEATURE_WRITE_CACHE_OFF:
    case ATA_FEATURE_LOOK_AHEAD_ON:
    case ATA_FEATURE_LOOK_AHEAD_OFF:
    case ATA_FEATURE_REVERT_ON:
    case ATA_FEATURE_REVERT_OFF:
        ata_finish(d, true);
        break;
    case ATA_FEATURE_TRANSFER_MODE:
        if (ata_is_pio_mode(d->count[0]) || ata_dma_set_mode(d, d->count[0])) {
            ata_finish(d, true);
            break;
        }
        __attribute__((fallthrough));
    default:
        ata_fail(d, ATA_ER_ABRT);
    }
}

static void read_native_max(AtaDrive *d)
{
    uint64_t last = capacity(d) - 1;
    bool lba = uses_lba(d);
    if (!lba) {
        ata_fail(d, ATA_ER_ABRT);
        return;
    }
    set_address(d, !d->extended && last > LBA28_MAX ? LBA28_MAX : last);
    ata_finish(d, true);
}

static void seek(AtaDrive *d)
{
    uint64_t lba;
    if (!get_address(d, &lba) || lba >= capacity(d)) {
        ata_fail(d, ATA_ER_IDNF);
    } else {
        ata_finish(d, true);
    }
}

static void flush(AtaDrive *d)
{
    d->phase = ATA_PHASE_FLUSH;
    ata_submit(d, ATA_REQUEST_FLUSH);
}

static void check_power(AtaDrive *d)
{
    d->count[0] = ATA_POWER_ACTIVE;
    ata_finish(d, true);
}

static bool is_extended(uint8_t command)
{
    switch (command) {
    case ATA_CMD_READ_EXT:
    case ATA_CMD_READ_DMA_EXT:
    case ATA_CMD_WRITE_DMA_EXT:
    case ATA_CMD_READ_NATIVE_MAX_EXT:
    case ATA_CMD_READ_MULTIPLE_EXT:
    case ATA_CMD_WRITE_EXT:
    case ATA_CMD_WRITE_MULTIPLE_EXT:
    case ATA_CMD_VERIFY_EXT:
        return true;
    default:
        return false;
    }
}

/* Runs a command that moves sectors.  Returns false if it is not such a command. */
static bool transfer_command(AtaDrive *d, uint8_t command)
{
    switch (command) {
    case ATA_CMD_READ:
    case ATA_CMD_READ_NORETRY:
    case ATA_CMD_READ_EXT:
        start_read(d, 1);
        return true;
    case ATA_CMD_READ_MULTIPLE:
    case ATA_CMD_READ_MULTIPLE_EXT:
        start_read(d, d->multiple);
        return true;
    case ATA_CMD_WRITE:
    case ATA_CMD_WRITE_NORETRY:
    case ATA_CMD_WRITE_EXT:
        start_write(d, 1);
        return true;
    case ATA_CMD_WRITE_MULTIPLE:
    case ATA_CMD_WRITE_MULTIPLE_EXT:
        start_write(d, d->multiple);
        return true;
    case ATA_CMD_READ_DMA:
    case ATA_CMD_READ_DMA_NORETRY:
    case ATA_CMD_READ_DMA_EXT:
        start_dma(d, ATA_PHASE_DMA_IN);
        return true;
    case ATA_CMD_WRITE_DMA:
    case ATA_CMD_WRITE_DMA_NORETRY:
    case ATA_CMD_WRITE_DMA_EXT:
        start_dma(d, ATA_PHASE_DMA_OUT);
        return true;
    case ATA_CMD_VERIFY:
    case ATA_CMD_VERIFY_NORETRY:
    case ATA_CMD_VERIFY_EXT:
        start_verify(d);
        return true;
    case ATA_CMD_FLUSH:
    case ATA_CMD_FLUSH_EXT:
        flush(d);
        return true;
    default:
        return false;
    }
}

static void other_command(AtaDrive *d, uint8_t command)
{
    switch (command) {
    case ATA_CMD_IDENTIFY:
        identify(d);
        break;
    case ATA_CMD_SET_MULTIPLE:
        set_multiple(d);
        break;
    case ATA_CMD_INITIALIZE:
        initialize(d);
        break;
    case ATA_CMD_SET_FEATURES:
        set_features(d);
        break;
    case ATA_CMD_READ_NATIVE_MAX:
    case ATA_CMD_READ_NATIVE_MAX_EXT:
        read_native_max(d);
        break;
    case ATA_CMD_CHECK_POWER:
    case ATA_CMD_CHECK_POWER_OLD:
        check_power(d);
        break;
    case ATA_CMD_STANDBY_NOW:
    case ATA_CMD_IDLE_NOW:
    case ATA_CMD_STANDBY:
    case ATA_CMD_IDLE:
    case ATA_CMD_SLEEP:
    case ATA_CMD_STANDBY_NOW_OLD:
    case ATA_CMD_IDLE_NOW_OLD:
    case ATA_CMD_STANDBY_OLD:
    case ATA_CMD_IDLE_OLD:
    case ATA_CMD_SLEEP_OLD:
        ata_finish(d, true);
        break;
    default:
        ata_fail(d, ATA_ER_ABRT);
    }
}

void ata_disk_command(AtaDrive *d, uint8_t command)
{
    d->extended = is_extended(command);
    if (transfer_command(d, command)) {
        return;
    }
    switch (command & 0xf0) {
    case ATA_CMD_RECALIBRATE:
        ata_finish(d, true);
        break;
    case ATA_CMD_SEEK:
        seek(d);
        break;
    default:
        other_command(d, command);
    }
}

void ata_disk_reset(AtaDrive *d)
{
    d->heads = HEADS;
    d->sectors = SECTORS_PER_TRACK;
    d->multiple = ATA_BUFFER_SECTORS;
}
