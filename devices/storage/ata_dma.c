/*
 * DMA of an ATA channel: the drives' commands with DMA (ATA/ATAPI-6), and the bus
 * master that moves their data (Programming Interface for Bus Master IDE
 * Controller, revision 1.0; Intel 82371SB data sheet, section 2.6).
 *
 * The guest writes a table of descriptors, each with an address, a size and a mark
 * for the last, and its address.  It gives the drive a command, and starts the
 * master.  The drive then asks for DMA with DRQ and no interrupt, and the master
 * moves what both have: the block layer reads or writes the guest's memory itself.
 *
 *   Active = started, and the last descriptor is not used up
 *   IRQ    = INTRQ has risen since a one was written to the bit
 *
 * If the table is shorter than the command, Active falls and the drive
 * continues to wait.  If it is longer, Active stays.  In either case the guest stops the
 * master.
 *
 * DEVIATION: a request of at most 1 MiB is one step.  When the master is stopped
 * within it, the part that the guest sees as done is that of the steps before.  A
 * descriptor of the last bytes that do not make a whole sector moves nothing.
 */
#include "devices/pci.h"
#include "devices/storage/ata_internal.h"

#define SPANS (ATA_SECTOR_SIZE / 2) /* of the shortest descriptors: a sector at least */

#define COMMAND_BITS (BM_CMD_START | BM_CMD_READ)
#define STATUS_KEPT  (BM_ST_DRIVE0 | BM_ST_DRIVE1)
#define STATUS_CLEAR (BM_ST_IRQ | BM_ST_ERROR)

/* ---- transfer modes ---- */

static uint16_t chosen(const AtaDrive *d, uint8_t class)
{
    bool is_it = (d->dma_mode & ATA_MODE_CLASS) == class;
    return (uint16_t)(is_it ? 0x100u << (d->dma_mode & ~ATA_MODE_CLASS) : 0);
}

void ata_put_dma(const AtaDrive *d, uint16_t *words)
{
    if (!d->channel->master) {
        return;
    }
    words[49] |= 0x0100;
    words[53] |= 0x0004; /* word 88 is valid */
    words[63] = (uint16_t)(((2u << ATA_MWDMA_MAX) - 1) | chosen(d, ATA_MODE_MWDMA));
    words[65] = words[66] = 120; /* ns per word */
    words[88] = (uint16_t)(((2u << ATA_UDMA_MAX) - 1) | chosen(d, ATA_MODE_UDMA));
}

bool ata_dma_is_mode(uint8_t mode)
{
    return (mode >= ATA_MODE_MWDMA && mode <= ATA_MODE_MWDMA + ATA_MWDMA_MAX) ||
           (mode >= ATA_MODE_UDMA && mode <= ATA_MODE_UDMA + ATA_UDMA_MAX);
}

bool ata_dma_set_mode(AtaDrive *d, uint8_t mode)
{
    if (!ata_dma_is_mode(mode) || !d->channel->master) {
        return false;
    }
    d->dma_mode = mode;
    return true;
}

/* ---- the table of descriptors ---- */

typedef struct Gathered {
    BlockSpan spans[SPANS];
    unsigned count;
    uint32_t size;
    AtaCursor after;
    bool failed; /* a descriptor is not in memory */
} Gathered;

static void add_span(Gathered *g, const uint32_t *words, uint32_t wanted)
{
    uint32_t size = words[1] & 0xfffe;
    size = size ? size : BM_PRD_NOTHING;
    uint32_t left = size - g->after.used;
    uint32_t part = left < wanted - g->size ? left : wanted - g->size;
    g->spans[g->count++] = (BlockSpan){(words[0] & ~1u) + (uint64_t)g->after.used, part};
    g->size += part;
    g->after.used += part;
    if (g->after.used == size) {
        g->after.used = 0;
        g->after.descriptor += BM_PRD_SIZE;
        g->after.ended = words[1] & BM_PRD_LAST;
    }
}

/* What the table has for the next `wanted` bytes, or less, in whole units. */
static void gather(Ata *s, uint32_t wanted, uint32_t unit, Gathered *g)
{
    g->after = s->master->at;
    g->count = g->size = 0;
    g->failed = false;
    while (g->size < wanted && g->count < SPANS && !g->after.ended && !g->failed) {
        uint32_t words[2];
        g->failed = !pio_memory_read(s->dev, g->after.descriptor, words, sizeof(words));
        if (!g->failed) {
            /* The size was valid when `used` was counted, but the guest may have changed it. */
            uint32_t size = words[1] & 0xfffe ? words[1] & 0xfffe : BM_PRD_NOTHING;
            g->after.used = g->after.used < size ? g->after.used : 0;
            add_span(g, words, wanted);
        }
    }
    if (g->size % unit) {
        gather(s, g->size - g->size % unit, unit, g);
    }
}

/* Whether the memory that a failed request was for is not all there. */
static bool is_outside_memory(Ata *s, uint32_t size)
{
    Gathered g;
    gather(s, size, 1, &g);
    bool inside = !g.failed;
    for (unsigned i = 0; i < g.count && inside; i++) {
        uint8_t byte;
        inside = pio_memory_read(s->dev, g.spans[i].address, &byte, 1) &&
                 pio_memory_read(s->dev, g.spans[i].address + g.spans[i].size - 1, &byte, 1);
    }
    return !inside;
}

/* ---- the drive and the master together ---- */

static bool is_started(const Ata *s, bool in)
{
    const AtaMaster *m = s->master;
    return m->status & BM_ST_ACTIVE && !(m->command & BM_CMD_READ) == !in &&
           pio_pci_is_master(s->dev);
}

static void wait_for_master(AtaDrive *d)
{
    d->status = ATA_ST_DRDY | ATA_ST_DSC | ATA_ST_DRQ;
}

/* The drive is left waiting: the guest has to reset it. */
static void fail_on_the_bus(Ata *s)
{
    s->master->status = (s->master->status & (uint8_t)~BM_ST_ACTIVE) | BM_ST_ERROR;
    pio_guest_error(s->dev, "bus master", "a descriptor, or what it points to, is not in memory");
}

static void advance(AtaMaster *m)
{
    m->at = m->after;
    if (m->at.ended) {
        m->status &= (uint8_t)~BM_ST_ACTIVE;
    }
}

/* An answer is in the buffer: it is moved at once. */
static void move_answer(AtaDrive *d)
{
    Ata *s = d->channel;
    Gathered g;
    gather(s, d->filled, 1, &g);
    uint32_t moved = 0;
    bool ok = !g.failed;
    for (unsigned i = 0; i < g.count && ok; i++) {
        ok = pio_memory_write(s->dev, g.spans[i].address, ata_buffer(d) + moved, g.spans[i].size);
        moved += (uint32_t)g.spans[i].size;
    }
    if (!ok) {
        fail_on_the_bus(s);
        return;
    }
    s->master->after = g.after;
    advance(s->master);
    if (moved == d->filled) {
        atapi_dma_done(d, true);
    }
}

static void submit(AtaDrive *d, const Gathered *g)
{
    const bool in = d->phase == ATA_PHASE_DMA_IN;
    d->filled = g->size;
    d->channel->master->after = g->after;
    d->status = ATA_ST_BSY | ATA_ST_DSC;
    d->request = in ? ATA_REQUEST_READ : ATA_REQUEST_WRITE;
    if (in) {
        pio_block_readv(d->port, d->lba, g->spans, g->count, d->index);
    } else {
        pio_block_writev(d->port, d->lba, g->spans, g->count, d->index);
    }
}

/* Bytes of the next request; 0: there are no such sectors. */
static uint32_t next_size(const AtaDrive *d)
{
    uint64_t sectors = pio_block_sectors(d->port) - d->lba;
    sectors = sectors < d->remaining ? sectors : d->remaining;
    uint64_t size = sectors * ATA_SECTOR_SIZE;
    return size < d->block ? (uint32_t)size : d->block;
}

static void move_sectors(AtaDrive *d)
{
    Ata *s = d->channel;
    Gathered g;
    uint32_t size = next_size(d);
    if (!size && !ata_is_cdrom(d)) {
        ata_disk_no_sector(d);
        return;
    }
    gather(s, size, ATA_SECTOR_SIZE, &g);
    if (g.size) {
        submit(d, &g);
    } else if (g.failed) {
        fail_on_the_bus(s);
    } else { /* the table ends before the sector does */
        s->master->status &= (uint8_t)~BM_ST_ACTIVE;
    }
}

static void drive_go(AtaDrive *d)
{
    if (!ata_uses_dma(d) || d->request || !is_started(d->channel, d->phase == ATA_PHASE_DMA_IN)) {
        return;
    }
    if (d->remaining) {
        move_sectors(d);
    } else {
        move_answer(d);
    }
}

void ata_dma_go(Ata *s)
{
    drive_go(&s->drives[0]);
    drive_go(&s->drives[1]);
    ata_update(s);
}

void ata_dma_begin(AtaDrive *d, AtaPhase phase)
{
    d->phase = (uint8_t)phase;
    d->block = ATA_DMA_MAX;
    d->filled = d->position = d->drq_end = 0;
    wait_for_master(d);
    drive_go(d);
}

void ata_dma_answer(AtaDrive *d)
{
    d->phase = ATA_PHASE_DMA_IN;
    d->block = ATA_DMA_MAX;
    d->drq_end = 0;
    wait_for_master(d);
    drive_go(d);
}

static void drive_done(AtaDrive *d, bool ok)
{
    if (ata_is_cdrom(d)) {
        atapi_dma_done(d, ok);
    } else {
        ata_disk_dma_done(d, ok);
    }
}

/* A read that fails is tried once more a sector at a time, to find the sector. */
void ata_dma_done(AtaDrive *d, bool ok)
{
    Ata *s = d->channel;
    if (!ok && is_outside_memory(s, d->filled)) {
        wait_for_master(d);
        fail_on_the_bus(s);
        return;
    }
    if (!ok && d->phase == ATA_PHASE_DMA_IN && d->filled > ATA_SECTOR_SIZE) {
        d->block = ATA_SECTOR_SIZE;
        wait_for_master(d);
        drive_go(d);
        return;
    }
    if (!ok) {
        drive_done(d, false);
        return;
    }
    advance(s->master);
    d->lba += d->filled / ATA_SECTOR_SIZE;
    d->remaining -= d->filled / ATA_SECTOR_SIZE;
    if (!d->remaining) {
        drive_done(d, true);
        return;
    }
    wait_for_master(d);
    drive_go(d);
}

void ata_dma_submit_again(AtaDrive *d)
{
    Gathered g;
    gather(d->channel, d->filled, ATA_SECTOR_SIZE, &g);
    if (g.size) {
        submit(d, &g);
    } else {
        d->request = ATA_REQUEST_NONE;
        wait_for_master(d);
    }
}

/* ---- the master's registers ---- */

static void start(Ata *s)
{
    AtaMaster *m = s->master;
    m->status |= BM_ST_ACTIVE;
    m->at = m->after = (AtaCursor){.descriptor = m->table};
}

static void stop(Ata *s)
{
    s->master->status &= (uint8_t)~BM_ST_ACTIVE;
    for (unsigned i = 0; i < 2; i++) {
        AtaDrive *d = &s->drives[i];
        if (ata_uses_dma(d) && d->request) {
            pio_block_cancel(d->port);
            d->request = ATA_REQUEST_NONE;
            wait_for_master(d);
        }
    }
}

static void write_command(Ata *s, uint8_t value)
{
    AtaMaster *m = s->master;
    bool was_started = m->command & BM_CMD_START;
    m->command = value & COMMAND_BITS;
    if (value & BM_CMD_START && !was_started) {
        start(s);
    } else if (!(value & BM_CMD_START)) {
        stop(s);
    }
    ata_dma_go(s);
}

uint8_t ata_master_read(const AtaMaster *m, unsigned offset)
{
    switch (offset) {
    case BM_COMMAND:
        return m->command;
    case BM_STATUS:
        return m->status;
    case BM_TABLE:
    case BM_TABLE + 1:
    case BM_TABLE + 2:
    case BM_TABLE + 3:
        return (uint8_t)(m->table >> (offset - BM_TABLE) * 8);
    default: /* reserved */
        return 0;
    }
}

void ata_master_write(Ata *s, unsigned offset, uint8_t value)
{
    AtaMaster *m = s->master;
    switch (offset) {
    case BM_COMMAND:
        write_command(s, value);
        break;
    case BM_STATUS:
        m->status &= (uint8_t) ~((value & STATUS_CLEAR) | STATUS_KEPT);
        m->status |= value & STATUS_KEPT;
        break;
    case BM_TABLE:
    case BM_TABLE + 1:
    case BM_TABLE + 2:
    case BM_TABLE + 3: {
        unsigned shift = (offset - BM_TABLE) * 8;
        m->table = ((m->table & ~(UINT32_C(0xff) << shift)) | (uint32_t)value << shift) & ~3u;
        break;
    }
    default: /* reserved */
        break;
    }
}

void ata_master_line(AtaMaster *m, bool level)
{
    m->status |= level && !m->line ? BM_ST_IRQ : 0;
    m->line = level;
}

void ata_master_reset(AtaMaster *m)
{
    *m = (AtaMaster){0};
}

static bool cursor_is_possible(const AtaCursor *c)
{
    return !(c->descriptor & 3) && c->used < BM_PRD_NOTHING;
}

bool ata_master_is_possible(const AtaMaster *m)
{
    const uint8_t status = BM_ST_ACTIVE | STATUS_CLEAR | STATUS_KEPT;
    return !(m->command & ~COMMAND_BITS) && !(m->status & ~status) && !(m->table & 3) &&
           (!(m->status & BM_ST_ACTIVE) || m->command & BM_CMD_START) &&
           cursor_is_possible(&m->at) && cursor_is_possible(&m->after);
}
