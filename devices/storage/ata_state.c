/*
 * An ATA channel as a whole: what it looks like after a reset, in a report, and
 * whether a saved state is possible.
 */
#include "devices/storage/ata_internal.h"

#include <stdio.h>

/* ---- description ---- */

void ata_describe(const Ata *s, char *text, size_t size)
{
    int used = snprintf(text, size, "device=%02x control=%02x", s->device, s->control);
    for (unsigned i = 0; i < 2 && used >= 0 && (size_t)used < size; i++) {
        const AtaDrive *d = &s->drives[i];
        if (d->port) {
            used += snprintf(text + used, size - (size_t)used,
                             ", drive %u: status=%02x error=%02x sector %llu, %u left", i,
                             d->status, d->error, (unsigned long long)d->lba, d->remaining);
        }
    }
}

/* ---- reset and state ---- */

bool ata_realize(Ata *s, char *error, size_t size)
{
    for (unsigned i = 0; i < 2; i++) {
        s->drives[i].channel = s;
        s->drives[i].index = (uint8_t)i;
        uint64_t sectors = s->drives[i].port ? pio_block_sectors(s->drives[i].port) : 0;
        if (ata_is_cdrom(&s->drives[i]) && sectors &&
            sectors < ATAPI_SECTOR_SIZE / BLOCK_SECTOR_SIZE) {
            snprintf(error, size, "drive%u: a CD-ROM has at least 2048 bytes", i);
            return false;
        }
    }
    return true;
}

static void clear_drive(AtaDrive *d)
{
    AtaDrive cleared = {
        .channel = d->channel,
        .port = d->port,
        .index = d->index,
        .dma_mode = d->channel->master ? ATA_MODE_MWDMA + ATA_MWDMA_MAX : 0,
    };
    pio_block_cancel(d->port);
    *d = cleared;
}

void ata_reset(Ata *s)
{
    s->control = 0;
    clear_drive(&s->drives[0]);
    clear_drive(&s->drives[1]);
    ata_reset_drives(s);
    if (!s->power_on_attention) {
        s->drives[0].attention = s->drives[1].attention = false;
    }
    ata_update(s);
}

/*
 * Checks the sectors of the present request, or of the request that will follow
 * when the buffer is full.
 */
static bool sectors_exist(const AtaDrive *d)
{
    uint64_t sectors = pio_block_sectors(d->port);
    uint32_t used = d->filled / ATA_SECTOR_SIZE;
    bool asks = d->request == ATA_REQUEST_READ || d->phase == ATA_PHASE_OUT ||
                (ata_uses_dma(d) && d->request);
    if (d->lba > sectors || (ata_is_cdrom(d) && d->remaining > sectors - d->lba)) {
        return false;
    }
    return !asks || (used && d->filled % ATA_SECTOR_SIZE == 0 && used <= d->remaining &&
                     used <= sectors - d->lba);
}

static bool request_fits_phase(const AtaDrive *d)
{
    switch (d->phase) {
    case ATA_PHASE_IDLE:
    case ATA_PHASE_ANSWER:
    case ATA_PHASE_PACKET:
        return d->request == ATA_REQUEST_NONE;
    case ATA_PHASE_IN:
        return d->request == ATA_REQUEST_NONE || d->request == ATA_REQUEST_READ;
    case ATA_PHASE_OUT:
        return d->request == ATA_REQUEST_NONE || d->request == ATA_REQUEST_WRITE;
    case ATA_PHASE_VERIFY:
        return d->request == ATA_REQUEST_READ;
    case ATA_PHASE_FLUSH:
        return d->request == ATA_REQUEST_FLUSH;
    case ATA_PHASE_DMA_IN:
        return d->request == ATA_REQUEST_NONE || d->request == ATA_REQUEST_READ;
    case ATA_PHASE_DMA_OUT:
        return d->request == ATA_REQUEST_NONE || d->request == ATA_REQUEST_WRITE;
    default:
        return false;
    }
}

static bool phase_fits_drive(const AtaDrive *d)
{
    bool packet = d->phase == ATA_PHASE_PACKET;
    if (ata_uses_dma(d) && !d->channel->master) {
        return false;
    }
    if (!d->port) {
        return d->phase == ATA_PHASE_IDLE && !(d->status & ATA_ST_DRQ);
    }
    if (!ata_is_cdrom(d)) {
        return !packet && d->heads && d->sectors;
    }
    return d->phase != ATA_PHASE_OUT && d->phase != ATA_PHASE_DMA_OUT &&
           d->phase != ATA_PHASE_VERIFY && d->phase != ATA_PHASE_FLUSH &&
           (!packet || d->filled == ATAPI_PACKET_SIZE);
}

/* Whether the buffer's positions fit the phase: only a phase with data hands over bytes. */
static bool buffer_is_possible(const AtaDrive *d)
{
    if (ata_uses_dma(d)) {
        bool answers = !d->remaining && !d->request;
        return d->filled <= (answers ? ATA_BUFFER_SIZE : ATA_DMA_MAX) &&
               (!answers || (ata_is_cdrom(d) && d->filled)) &&
               !(d->status & ATA_ST_DRQ) == !!d->request && !d->position && !d->drq_end &&
               (d->block == ATA_DMA_MAX || d->block == ATA_SECTOR_SIZE);
    }
    bool moves = d->phase == ATA_PHASE_IN || d->phase == ATA_PHASE_ANSWER ||
                 d->phase == ATA_PHASE_OUT || d->phase == ATA_PHASE_PACKET;
    bool hands_over = d->status & ATA_ST_DRQ;
    return d->filled <= ATA_BUFFER_SIZE && d->drq_end <= d->filled && d->position <= d->filled &&
           (!moves || d->block) && hands_over == (moves && !d->request) &&
           (!hands_over || d->position < d->drq_end);
}

static bool mode_is_possible(const AtaDrive *d)
{
    return d->channel->master ? ata_dma_is_mode(d->dma_mode) : !d->dma_mode;
}

static bool drive_is_possible(const AtaDrive *d)
{
    return d->phase < ATA_PHASES && d->request < ATA_REQUESTS && d->head <= ATA_DEV_HEAD &&
           d->multiple <= ATA_BUFFER_SECTORS && mode_is_possible(d) &&
           d->media_event <= ATAPI_EVENT_REMOVAL && request_fits_phase(d) && phase_fits_drive(d) &&
           buffer_is_possible(d) && (!d->port || sectors_exist(d));
}

/*
 * A request that was under way is made once more.  This is safe, because a repeated
 * request changes nothing further.
 */
bool ata_post_load(Ata *s)
{
    if (s->control & ~ATA_DC_KEPT || !drive_is_possible(&s->drives[0]) ||
        !drive_is_possible(&s->drives[1])) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        AtaDrive *d = &s->drives[i];
        pio_block_cancel(d->port);
        if (d->request && ata_uses_dma(d)) {
            ata_dma_submit_again(d);
        } else if (d->request) {
            ata_submit(d, d->request);
        }
    }
    ata_update(s);
    return true;
}
