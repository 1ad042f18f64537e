/*
 * The floppy controller's commands that move sectors.
 *
 * Sectors go between the medium's image and the guest one at a time: a diskette is
 * small, and an error belongs to a single sector.
 *
 * DEVIATION: an image holds data only.  WRITE DELETED DATA writes what WRITE DATA
 * does, and no sector is found deleted.  FORMAT TRACK fills the sectors that the
 * medium has and ignores others.
 */
#include "devices/storage/i82077aa_internal.h"

#include <string.h>

/* The time from the last byte of a command until the head has settled and a sector passes. */
#define START_NS UINT64_C(50000)
/*
 * If the DMA channel is not served, the controller tries again after the first time
 * and gives up after the second.
 */
#define RETRY_NS    UINT64_C(500000)
#define PATIENCE_NS UINT64_C(100000000)
/* One turn at 300 rpm. */
#define TURN_NS UINT64_C(200000000)

#define SIZE_CODE   2 /* N: 128 << 2 bytes */
#define FORMAT_ID   4u
#define DONT_CARE   0xff
#define RESULT_SIZE 7u

static void next_sector(I82077aa *s);

/* ---- the command ---- */

static unsigned code(const I82077aa *s)
{
    return s->command & FDC_CMD_CODE;
}

static bool is_scan(const I82077aa *s)
{
    return code(s) == FDC_CMD_SCAN_EQUAL || code(s) == FDC_CMD_SCAN_LOW ||
           code(s) == FDC_CMD_SCAN_HIGH;
}

static bool is_write(const I82077aa *s)
{
    return code(s) == FDC_CMD_WRITE || code(s) == FDC_CMD_WRITE_DELETED ||
           code(s) == FDC_CMD_FORMAT;
}

static bool has_sector(const I82077aa *s)
{
    return code(s) != FDC_CMD_FORMAT && code(s) != FDC_CMD_READ_ID;
}

static bool multitrack(const I82077aa *s)
{
    return has_sector(s) && code(s) != FDC_CMD_READ_TRACK && s->command & FDC_CMD_MT;
}

static uint8_t last_sector(const I82077aa *s)
{
    return s->fifo[6];
}

/* The side that the drive's head select line chooses.  MT may change it. */
static unsigned side(const I82077aa *s)
{
    return s->st0 & FDC_ST0_H ? 1 : 0;
}

/* ---- the end ---- */

static void put_result(I82077aa *s)
{
    const uint8_t result[RESULT_SIZE] = {s->st0, s->st1, s->st2, s->c, s->h, s->r, SIZE_CODE};
    bool sector = has_sector(s);
    uint8_t size = sector ? s->fifo[5] : SIZE_CODE;
    memcpy(s->fifo, result, sizeof(result));
    s->fifo[6] = size;
    fdc_result(s, RESULT_SIZE, true);
}

static void fail(I82077aa *s, uint8_t st1, uint8_t st2)
{
    s->st0 |= FDC_ST0_ABNORMAL;
    s->st1 |= st1;
    s->st2 |= st2;
    put_result(s);
}

/* "ID information after the last sector" is that of the sector that would come next. */
static void succeed(I82077aa *s)
{
    if (has_sector(s) && s->r == last_sector(s)) {
        bool second = s->h & 1;
        s->r = 1;
        s->c = (uint8_t)(s->c + (multitrack(s) && !second ? 0 : 1));
        s->h = (uint8_t)(multitrack(s) ? s->h ^ 1 : s->h);
    } else if (has_sector(s)) {
        s->r++;
    }
    put_result(s);
}

/* ---- finding a sector ---- */

/* The cylinder under the heads, or -1 if the medium has none there. */
static int cylinder_under(const FdcDrive *d)
{
    unsigned steps = floppy_media_steps(d->media, d->type);
    unsigned cylinder = d->track / steps;
    return d->track % steps || cylinder >= d->media->cylinders ? -1 : (int)cylinder;
}

/* Whether the drive can find any address mark. */
static bool readable(const I82077aa *s, const FdcDrive *d)
{
    return d && d->media && s->command & FDC_CMD_MFM &&
           s->rate == floppy_media_rate(d->media, d->type) && side(s) < d->media->heads &&
           cylinder_under(d) >= 0;
}

static uint32_t block_of(const I82077aa *s, const FdcDrive *d, unsigned sector)
{
    unsigned track = (unsigned)cylinder_under(d) * d->media->heads + side(s);
    return track * d->media->per_track + sector - 1;
}

static void fail_unreadable(I82077aa *s, const FdcDrive *d)
{
    if (!d) {
        pio_guest_error(s->dev, "motor",
                        "command 0x%02x: DOR=0x%02x selects no drive with its motor on", s->command,
                        s->dor);
    }
    fail(s, FDC_ST1_MA, 0);
}

/*
 * Finds the sector with the current address on the medium.  Returns false if the
 * command has failed.
 */
static bool find_sector(I82077aa *s, const FdcDrive *d)
{
    if (!readable(s, d)) {
        fail_unreadable(s, d);
        return false;
    }
    if (s->c != cylinder_under(d)) {
        fail(s, FDC_ST1_ND, s->c == 0xff ? FDC_ST2_BC : FDC_ST2_WC);
        return false;
    }
    if (s->h != side(s) || s->fifo[5] != SIZE_CODE || !s->r || s->r > d->media->per_track) {
        fail(s, FDC_ST1_ND, 0);
        return false;
    }
    return true;
}

/*
 * READ TRACK takes the sectors as they come and records in the status that their
 * addresses differ.
 */
static bool find_track_sector(I82077aa *s, const FdcDrive *d)
{
    unsigned number = last_sector(s) - s->count + 1u;
    if (!readable(s, d)) {
        fail_unreadable(s, d);
        return false;
    }
    if (number > d->media->per_track) {
        fail(s, FDC_ST1_MA, 0);
        return false;
    }
    if (s->c != cylinder_under(d) || s->h != side(s) || s->r != number || s->fifo[5] != SIZE_CODE) {
        s->st1 |= FDC_ST1_ND;
    }
    return true;
}

/* ---- the guest's bytes ---- */

static void open_buffer(I82077aa *s, FdcStep step, unsigned size)
{
    s->step = (uint8_t)step;
    s->filled = (uint16_t)size;
    s->at = 0;
    s->deadline = fdc_uses_dma(s) ? pio_now(s->dev) + PATIENCE_NS : 0;
    s->next_try = 0;
}

static void submit(I82077aa *s, FdcStep step)
{
    FdcDrive *d = &s->drives[s->unit];
    s->step = (uint8_t)step;
    s->deadline = s->next_try = 0;
    if (step == FDC_STEP_READ) {
        pio_block_read(d->port, s->block, s->buffer, 1, FDC_TAG_TRANSFER);
    } else {
        d->unflushed = true;
        pio_block_write(d->port, s->block, s->buffer, 1, FDC_TAG_TRANSFER);
    }
}

/* Requests a sector from the host.  It was found under the heads of the selected drive. */
static void submit_sector(I82077aa *s, FdcStep step, unsigned sector)
{
    const FdcDrive *d = fdc_selected(s);
    s->unit = s->dor & FDC_DOR_SELECT;
    s->block = (uint16_t)block_of(s, d, sector);
    submit(s, step);
}

/* Compares a byte of a sector with the guest's: "a byte of FFh from either meets the condition". */
static void scan_byte(I82077aa *s, uint8_t theirs)
{
    uint8_t ours = fdc_buffer(s)[s->at];
    if (ours == theirs || ours == DONT_CARE || theirs == DONT_CARE) {
        return;
    }
    s->st2 &= (uint8_t)~FDC_ST2_SH;
    if (code(s) == FDC_CMD_SCAN_EQUAL || (code(s) == FDC_CMD_SCAN_LOW) == (ours > theirs)) {
        s->st2 |= FDC_ST2_SN;
    }
}

static void take_from_guest(I82077aa *s, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++, s->at++) {
        if (is_scan(s)) {
            scan_byte(s, bytes[i]);
        } else {
            fdc_buffer(s)[s->at] = bytes[i];
        }
    }
}

/* If TC cut a sector short, the rest is zeros.  For a scan the rest is not compared. */
static void pad(I82077aa *s)
{
    if (s->step == FDC_STEP_OUT && !is_scan(s)) {
        memset(fdc_buffer(s) + s->at, 0, (size_t)(s->filled - s->at));
    }
}

/* ---- after a sector ---- */

/* VERIFY with EC, FORMAT TRACK and READ TRACK count sectors.  Returns false after the last one. */
static bool count_left(I82077aa *s)
{
    return --s->count != 0;
}

static bool counts(const I82077aa *s)
{
    return code(s) == FDC_CMD_FORMAT || code(s) == FDC_CMD_READ_TRACK ||
           (code(s) == FDC_CMD_VERIFY && s->fifo[1] & FDC_EC);
}

/* "MT: the controller continues on side 1 when it comes to the last sector of side 0." */
static bool advance(I82077aa *s)
{
    unsigned step = is_scan(s) && s->fifo[8] == 2 ? 2 : 1;
    unsigned next = s->r + step;
    if (next <= last_sector(s)) {
        s->r = (uint8_t)next;
        return true;
    }
    if (multitrack(s) && !side(s)) {
        s->r = 1;
        s->h ^= 1;
        s->st0 |= FDC_ST0_H;
        return true;
    }
    return false;
}

static void end_of_track(I82077aa *s)
{
    if (code(s) == FDC_CMD_VERIFY || is_scan(s)) {
        s->r = last_sector(s);
        succeed(s);
        return;
    }
    s->st0 |= FDC_ST0_ABNORMAL;
    s->st1 |= FDC_ST1_EN;
    succeed(s);
}

/* Whether the scan has a hit, or has compared everything. */
static bool scan_ends(const I82077aa *s)
{
    return !(s->st2 & FDC_ST2_SN);
}

static void sector_done(I82077aa *s)
{
    bool wrong_mark = s->st2 & FDC_ST2_CM && !(s->command & FDC_CMD_SK);
    bool over = counts(s) && !count_left(s);
    if (wrong_mark || (is_scan(s) && scan_ends(s))) {
        put_result(s);
    } else if (over || s->ended) {
        succeed(s);
    } else if (code(s) == FDC_CMD_FORMAT) {
        next_sector(s);
    } else if (code(s) == FDC_CMD_READ_TRACK) {
        s->r++;
        next_sector(s);
    } else if (advance(s)) {
        next_sector(s);
    } else {
        end_of_track(s);
    }
}

/* FORMAT TRACK: takes the four bytes of one ID field. */
static void format_sector(I82077aa *s)
{
    const FdcDrive *d = fdc_selected(s);
    uint8_t id[FORMAT_ID];
    memcpy(id, s->buffer, sizeof(id));
    if (!readable(s, d)) {
        fail_unreadable(s, d);
        return;
    }
    if (id[0] != cylinder_under(d) || id[1] != side(s) || !id[2] || id[2] > d->media->per_track ||
        id[3] != SIZE_CODE) {
        pio_guest_error(s->dev, "format",
                        "FORMAT TRACK: the image has no sector C=%u H=%u R=%u N=%u", id[0], id[1],
                        id[2], id[3]);
        sector_done(s);
        return;
    }
    s->c = id[0];
    s->h = id[1];
    s->r = id[2];
    memset(s->buffer, s->fifo[5], sizeof(s->buffer));
    submit_sector(s, FDC_STEP_WRITE, s->r);
}

static bool is_protected(const I82077aa *s, const FdcDrive *d)
{
    return is_write(s) && d && d->media && pio_block_read_only(d->port);
}

/* The drive is looked up once more, because the guest may have selected another one since. */
static void write_buffer(I82077aa *s)
{
    const FdcDrive *d = fdc_selected(s);
    if (is_protected(s, d)) {
        fail(s, FDC_ST1_NW, 0);
    } else if (code(s) == FDC_CMD_FORMAT) {
        format_sector(s);
    } else if (find_sector(s, d)) {
        submit_sector(s, FDC_STEP_WRITE, s->r);
    }
}

/* The guest has written or read the whole buffer, or TC came. */
static void buffer_done(I82077aa *s)
{
    pad(s);
    if (s->step == FDC_STEP_IN || is_scan(s)) {
        sector_done(s);
    } else {
        write_buffer(s);
    }
}

/* ---- DMA ---- */

static size_t move_out(I82077aa *s)
{
    uint8_t bytes[FDC_SECTOR_SIZE];
    size_t moved = pio_dma_from_memory(s->dma, bytes, (size_t)(s->filled - s->at), &s->ended);
    take_from_guest(s, bytes, moved);
    return moved;
}

static size_t move_in(I82077aa *s)
{
    size_t moved =
        pio_dma_to_memory(s->dma, fdc_buffer(s) + s->at, (size_t)(s->filled - s->at), &s->ended);
    s->at = (uint16_t)(s->at + moved);
    return moved;
}

static bool moves_bytes(const I82077aa *s)
{
    return s->step == FDC_STEP_IN || s->step == FDC_STEP_OUT;
}

/* Moves as many bytes as the channel takes.  For the rest, it tries again later. */
static void run_dma(I82077aa *s)
{
    while (fdc_uses_dma(s) && moves_bytes(s)) {
        pio_dma_request(s->dma, fdc_drq_level(s));
        size_t moved = s->step == FDC_STEP_IN ? move_in(s) : move_out(s);
        if (s->at == s->filled || s->ended) {
            buffer_done(s);
        } else if (!moved) {
            s->next_try = pio_now(s->dev) + RETRY_NS;
            return;
        }
    }
}

/* ---- one sector ---- */

/* No sector is marked as deleted, so READ DELETED DATA skips each one (SK) or reports it (CM). */
static void read_deleted(I82077aa *s)
{
    s->st2 |= FDC_ST2_CM;
    if (s->command & FDC_CMD_SK) {
        sector_done(s);
    } else {
        submit_sector(s, FDC_STEP_READ, s->r);
    }
}

static void start_sector(I82077aa *s, const FdcDrive *d)
{
    switch (code(s)) {
    case FDC_CMD_READ_TRACK:
        if (find_track_sector(s, d)) {
            submit_sector(s, FDC_STEP_READ, last_sector(s) - s->count + 1u);
        }
        break;
    case FDC_CMD_WRITE:
    case FDC_CMD_WRITE_DELETED:
        if (find_sector(s, d)) {
            open_buffer(s, FDC_STEP_OUT, FDC_SECTOR_SIZE);
        }
        break;
    case FDC_CMD_READ_DELETED:
        if (find_sector(s, d)) {
            read_deleted(s);
        }
        break;
    default:
        if (find_sector(s, d)) {
            submit_sector(s, FDC_STEP_READ, s->r);
        }
    }
}

/* Takes the sector that passes under the head next. */
static void read_id(I82077aa *s, const FdcDrive *d)
{
    if (!readable(s, d)) {
        fail_unreadable(s, d);
        return;
    }
    s->c = (uint8_t)cylinder_under(d);
    s->h = (uint8_t)side(s);
    s->r = (uint8_t)(pio_now(s->dev) % TURN_NS * d->media->per_track / TURN_NS + 1);
    put_result(s);
}

static void format_next(I82077aa *s, const FdcDrive *d)
{
    if (!readable(s, d)) {
        fail_unreadable(s, d);
    } else {
        open_buffer(s, FDC_STEP_OUT, FORMAT_ID);
    }
}

static void next_sector(I82077aa *s)
{
    const FdcDrive *d = fdc_selected(s);
    if (is_protected(s, d)) {
        fail(s, FDC_ST1_NW, 0);
    } else if (code(s) == FDC_CMD_READ_ID) {
        read_id(s, d);
    } else if (code(s) == FDC_CMD_FORMAT) {
        format_next(s, d);
    } else {
        if (is_scan(s)) {
            s->st2 = (uint8_t)((s->st2 & ~FDC_ST2_SN) | FDC_ST2_SH);
        }
        start_sector(s, d);
    }
}

/* ---- from outside ---- */

static void implied_seek(I82077aa *s)
{
    FdcDrive *d = &s->drives[s->fifo[1] & FDC_DS];
    FdcDrive *moved = fdc_selected(s);
    if (!(s->config & FDC_CONFIG_EIS) || !has_sector(s)) {
        return;
    }
    if (moved) {
        fdc_move(moved, s->fifo[2] - d->cylinder);
    }
    d->cylinder = s->fifo[2];
    s->st0 |= FDC_ST0_SE;
}

void fdc_transfer_begin(I82077aa *s)
{
    s->phase = FDC_PHASE_EXECUTION;
    s->step = FDC_STEP_START;
    s->position = s->length = 0;
    s->deadline = pio_now(s->dev) + START_NS;
    s->st0 = s->fifo[1] & (FDC_ST0_DS | FDC_ST0_H);
    s->st1 = s->st2 = 0;
    s->ended = false;
    s->c = s->fifo[2];
    s->h = s->fifo[3];
    s->r = s->fifo[4];
    s->count = code(s) == FDC_CMD_FORMAT   ? s->fifo[3]
               : code(s) == FDC_CMD_VERIFY ? s->fifo[8]
                                           : last_sector(s);
    implied_seek(s);
}

void fdc_transfer_due(I82077aa *s, uint64_t now)
{
    if (s->deadline && s->deadline <= now) {
        s->deadline = s->next_try = 0;
        if (s->step == FDC_STEP_START) {
            next_sector(s);
            run_dma(s);
        } else {
            fail(s, FDC_ST1_OR, 0);
        }
    } else if (s->next_try && s->next_try <= now) {
        s->next_try = 0;
        run_dma(s);
    }
}

static void host_failed(I82077aa *s)
{
    if (s->step == FDC_STEP_READ) {
        fail(s, FDC_ST1_DE, FDC_ST2_DD);
    } else {
        s->st0 |= FDC_ST0_EC;
        fail(s, 0, 0);
    }
}

void fdc_transfer_host_done(I82077aa *s, bool ok)
{
    if (!ok) {
        host_failed(s);
    } else if (s->step == FDC_STEP_WRITE || code(s) == FDC_CMD_VERIFY) {
        sector_done(s);
    } else {
        open_buffer(s, is_scan(s) ? FDC_STEP_OUT : FDC_STEP_IN, FDC_SECTOR_SIZE);
    }
    run_dma(s);
}

void fdc_transfer_medium_changed(I82077aa *s, unsigned unit)
{
    bool asked = s->step == FDC_STEP_READ || s->step == FDC_STEP_WRITE;
    unsigned drive = asked ? s->unit : s->dor & FDC_DOR_SELECT;
    if (s->phase != FDC_PHASE_EXECUTION || drive != unit) {
        return;
    }
    if (asked) {
        pio_block_cancel(s->drives[unit].port);
    }
    fail(s, FDC_ST1_MA, 0);
}

uint8_t fdc_transfer_take(I82077aa *s)
{
    uint8_t value = fdc_buffer(s)[s->at++];
    if (s->at == s->filled) {
        buffer_done(s);
    }
    return value;
}

void fdc_transfer_give(I82077aa *s, uint8_t value)
{
    take_from_guest(s, &value, 1);
    if (s->at == s->filled) {
        buffer_done(s);
    }
}

/* ---- saved state ---- */

static bool request_possible(const I82077aa *s)
{
    const FdcDrive *d = &s->drives[s->unit];
    return d->media && s->block < d->media->sectors &&
           (s->step == FDC_STEP_READ || !pio_block_read_only(d->port));
}

bool fdc_transfer_possible(const I82077aa *s)
{
    switch (s->step) {
    case FDC_STEP_READ:
    case FDC_STEP_WRITE:
        return request_possible(s);
    case FDC_STEP_IN:
    case FDC_STEP_OUT:
        return s->at < s->filled && s->filled <= FDC_SECTOR_SIZE;
    default:
        return true;
    }
}

void fdc_transfer_resume(I82077aa *s)
{
    if (s->step == FDC_STEP_READ || s->step == FDC_STEP_WRITE) {
        submit(s, (FdcStep)s->step);
    }
}
