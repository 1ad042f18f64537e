/*
 * The registers of an ATA channel with up to two drives: hard disks and CD-ROM
 * drives.
 *
 * After ATA/ATAPI-6 (T13/1410D).  Modelled: the task file with its previous
 * contents, selection, software reset, interrupts with nIEN, PIO in and out, DMA
 * through a bus master (ata_dma.c), the commands of ata_disk.c and atapi.c.  Not
 * modelled: overlapped and queued commands, security, host protected areas.
 *
 * A drive latches an interrupt when a command ends and when it has a block of data
 * to move; a read of Status clears the latch.
 *
 *   INTRQ = interrupt latch of the selected drive AND NOT nIEN
 *   DRQ   = the guest can read or write the rest of a block at the data port
 *   BSY   = the block layer is still working for the command, or SRST is set
 *
 * The block layer does the work.  A command that needs it leaves the drive busy
 * until ata_done().
 *
 * DEVIATION: commands that need no disk are done at once, so the guest never sees
 * BSY with them.
 */
#include "devices/storage/ata_internal.h"

#include <string.h>

/* The value of an undriven bus: DD7 has a pull-down. */
#define FLOATING 0x7f

/* ---- predicates ---- */

static AtaDrive *selected(Ata *s)
{
    return &s->drives[s->device & ATA_DEV_DEV ? 1 : 0];
}

static bool irq_level(const Ata *s)
{
    const AtaDrive *d = &s->drives[s->device & ATA_DEV_DEV ? 1 : 0];
    return d->port && d->interrupt && !(s->control & ATA_DC_NIEN);
}

void ata_update(Ata *s)
{
    bool level = irq_level(s);
    if (s->master) {
        ata_master_line(s->master, level);
    }
    pio_irq_set(s->irq, level);
}

/* ---- a command's course ---- */

void ata_finish(AtaDrive *d, bool interrupt)
{
    d->phase = ATA_PHASE_IDLE;
    d->status = ATA_ST_DRDY | ATA_ST_DSC;
    d->error = 0;
    d->interrupt |= interrupt;
}

void ata_fail(AtaDrive *d, uint8_t error)
{
    ata_finish(d, true);
    d->status |= ATA_ST_ERR;
    d->error = error;
}

void ata_open_block(AtaDrive *d, bool interrupt)
{
    uint32_t left = d->filled - d->position;
    d->drq_end = d->position + (left < d->block ? left : d->block);
    d->status = ATA_ST_DRDY | ATA_ST_DSC | ATA_ST_DRQ;
    d->interrupt |= interrupt;
}

void ata_send(AtaDrive *d, uint32_t size)
{
    d->phase = ATA_PHASE_ANSWER;
    d->remaining = 0;
    d->block = d->filled = size;
    d->position = 0;
    d->error = 0;
    ata_open_block(d, true);
}

void ata_submit(AtaDrive *d, AtaRequest request)
{
    d->request = (uint8_t)request;
    d->status = ATA_ST_BSY | ATA_ST_DSC;
    switch (request) {
    case ATA_REQUEST_READ:
        pio_block_read(d->port, d->lba, d->buffer, d->filled / ATA_SECTOR_SIZE, d->index);
        break;
    case ATA_REQUEST_WRITE:
        pio_block_write(d->port, d->lba, d->buffer, d->filled / ATA_SECTOR_SIZE, d->index);
        break;
    default:
        pio_block_flush(d->port, d->index);
    }
}

void ata_done(Ata *s, unsigned drive, bool ok)
{
    AtaDrive *d = &s->drives[drive];
    AtaRequest request = d->request;
    d->request = ATA_REQUEST_NONE;
    if (ata_uses_dma(d)) {
        ata_dma_done(d, ok);
    } else if (ata_is_cdrom(d)) {
        atapi_request_done(d, ok);
    } else {
        ata_disk_request_done(d, request, ok);
    }
    ata_update(s);
}

void ata_medium_changed(Ata *s, unsigned drive)
{
    atapi_medium_changed(&s->drives[drive]);
    ata_update(s);
}

void ata_put_text(uint16_t *words, unsigned count, const char *text)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t first = *text ? (uint8_t)*text++ : ' ';
        uint8_t second = *text ? (uint8_t)*text++ : ' ';
        words[i] = (uint16_t)(first << 8 | second);
    }
}

/* ---- the data port ---- */

static bool wants_data(const AtaDrive *d, bool write)
{
    bool out = d->phase == ATA_PHASE_OUT || d->phase == ATA_PHASE_PACKET;
    return d->port && d->status & ATA_ST_DRQ && !ata_uses_dma(d) && out == write;
}

static void buffer_done(AtaDrive *d)
{
    if (d->position < d->filled && ata_is_cdrom(d)) {
        atapi_open_block(d);
    } else if (d->position < d->filled) {
        ata_open_block(d, true);
    } else if (ata_is_cdrom(d)) {
        atapi_buffer_done(d);
    } else {
        ata_disk_buffer_done(d);
    }
}

/* Moves as many bytes as the drive takes or has.  The rest of a read is the undriven bus. */
static void transfer(Ata *s, uint8_t *in, const uint8_t *out, size_t size)
{
    AtaDrive *d = selected(s);
    size_t done = 0;
    while (done < size && wants_data(d, out != NULL)) {
        size_t left = d->drq_end - d->position;
        size_t part = size - done < left ? size - done : left;
        if (out) {
            memcpy(ata_buffer(d) + d->position, out + done, part);
        } else {
            memcpy(in + done, ata_buffer(d) + d->position, part);
        }
        done += part;
        d->position += (uint32_t)part;
        if (d->position == d->drq_end) {
            buffer_done(d);
        }
    }
    if (in) {
        memset(in + done, 0xff, size - done);
    }
    ata_update(s);
}

/* ---- resets ---- */

void ata_set_signature(AtaDrive *d)
{
    bool cdrom = ata_is_cdrom(d);
    d->count[0] = d->lba_low[0] = 1;
    d->lba_mid[0] = cdrom ? ATAPI_SIGNATURE_MID : 0;
    d->lba_high[0] = cdrom ? ATAPI_SIGNATURE_HIGH : 0;
    d->count[1] = d->lba_low[1] = d->lba_mid[1] = d->lba_high[1] = 0;
    d->head = 0;
}

/* "DRDY shall be cleared to zero by a packet device" until the first command after a reset. */
static void reset_drive(AtaDrive *d)
{
    pio_block_cancel(d->port);
    d->request = ATA_REQUEST_NONE;
    d->phase = ATA_PHASE_IDLE;
    d->status = ata_is_cdrom(d) ? 0 : ATA_ST_DRDY | ATA_ST_DSC;
    d->error = ATA_ER_DIAGNOSTIC_OK;
    d->interrupt = false;
    ata_set_signature(d);
    if (ata_is_cdrom(d)) {
        atapi_reset(d);
    } else if (d->port) {
        ata_disk_reset(d);
    }
}

/* Resets both drives, whichever is selected.  Drive 0 is selected afterwards. */
void ata_reset_drives(Ata *s)
{
    reset_drive(&s->drives[0]);
    reset_drive(&s->drives[1]);
    s->device = 0;
}

static void write_control(Ata *s, uint8_t value)
{
    bool was_held = s->control & ATA_DC_SRST;
    s->control = value & ATA_DC_KEPT;
    if (s->control & ATA_DC_SRST) {
        ata_reset_drives(s);
        s->drives[0].status = s->drives[1].status = ATA_ST_BSY;
    } else if (was_held) {
        ata_reset_drives(s);
    }
}

/* ---- commands ---- */

/* "Shall be performed by both devices".  Drive 0 answers. */
static void run_diagnostic(Ata *s)
{
    ata_reset_drives(s);
    s->drives[0].interrupt = true;
}

static void write_command(Ata *s, uint8_t command)
{
    AtaDrive *d = selected(s);
    if (command == ATA_CMD_DIAGNOSTIC) {
        run_diagnostic(s);
        return;
    }
    if (!d->port) {
        return;
    }
    bool busy = d->status & (ATA_ST_BSY | ATA_ST_DRQ);
    if (busy && !(command == ATA_CMD_DEVICE_RESET && ata_is_cdrom(d))) {
        pio_guest_error(s->dev, "command while busy",
                        "command 0x%02x is ignored, because drive %u executes another one", command,
                        d->index);
        return;
    }
    d->interrupt = false;
    d->error = 0;
    if (ata_is_cdrom(d)) {
        atapi_command(d, command);
    } else {
        ata_disk_command(d, command);
    }
}

/* ---- registers ---- */

static bool is_held(const Ata *s)
{
    return s->control & ATA_DC_SRST;
}

/*
 * Whether the answer for an absent drive comes from drive 0.  For an absent drive 0
 * the bus floats.
 */
static bool answers_for_absent(const Ata *s, const AtaDrive *d)
{
    return d->index == 1 && s->drives[0].port;
}

static uint8_t read_status(Ata *s)
{
    const AtaDrive *d = selected(s);
    if (d->port) {
        return d->status;
    }
    return answers_for_absent(s, d) ? 0 : FLOATING;
}

static uint8_t read_register(Ata *s, uint64_t offset)
{
    AtaDrive *d = selected(s);
    if (!d->port) {
        if (!answers_for_absent(s, d)) {
            return FLOATING;
        }
        d = &s->drives[0];
    }
    unsigned previous = s->control & ATA_DC_HOB ? 1 : 0;
    switch (offset) {
    case ATA_ERROR:
        return d->error;
    case ATA_COUNT:
        return d->count[previous];
    case ATA_LBA_LOW:
        return d->lba_low[previous];
    case ATA_LBA_MID:
        return d->lba_mid[previous];
    case ATA_LBA_HIGH:
        return d->lba_high[previous];
    default:
        return (uint8_t)((s->device & ~ATA_DEV_HEAD) | d->head);
    }
}

static uint8_t read_byte(Ata *s, uint64_t offset)
{
    if (offset != ATA_STATUS) {
        return read_register(s, offset);
    }
    selected(s)->interrupt = false;
    ata_update(s);
    return read_status(s);
}

static void push(uint8_t *reg, uint8_t value)
{
    reg[1] = reg[0];
    reg[0] = value;
}

/* "A write to a Command Block register is ignored while BSY or DRQ is set." */
static void write_task_file(AtaDrive *d, uint64_t offset, uint8_t value)
{
    if (d->status & (ATA_ST_BSY | ATA_ST_DRQ)) {
        return;
    }
    switch (offset) {
    case ATA_FEATURES:
        push(d->features, value);
        break;
    case ATA_COUNT:
        push(d->count, value);
        break;
    case ATA_LBA_LOW:
        push(d->lba_low, value);
        break;
    case ATA_LBA_MID:
        push(d->lba_mid, value);
        break;
    case ATA_LBA_HIGH:
        push(d->lba_high, value);
        break;
    default:
        d->head = value & ATA_DEV_HEAD;
    }
}

/* Both drives see the write.  It also ends the view of the previous contents. */
static void write_byte(Ata *s, uint64_t offset, uint8_t value)
{
    s->control &= (uint8_t)~ATA_DC_HOB;
    if (is_held(s)) {
        return;
    }
    if (offset == ATA_COMMAND) {
        write_command(s, value);
    } else {
        write_task_file(&s->drives[0], offset, value);
        write_task_file(&s->drives[1], offset, value);
        if (offset == ATA_DEVICE) {
            s->device = value;
        }
    }
    ata_update(s);
}

/* ---- reads and writes ---- */

/* Only the data port is wider than a byte. */
uint64_t ata_read(void *state, uint64_t offset, unsigned size)
{
    Ata *s = state;
    uint64_t value = 0;
    if (offset == ATA_DATA) {
        transfer(s, (uint8_t *)&value, NULL, size);
        return value;
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)read_byte(s, offset + i) << (8 * i);
    }
    return value;
}

void ata_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    Ata *s = state;
    if (offset == ATA_DATA) {
        transfer(s, NULL, (const uint8_t *)&value, size);
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        write_byte(s, offset + i, (uint8_t)(value >> (8 * i)));
    }
}

void ata_read_block(void *state, uint64_t offset, void *items, size_t count, unsigned size)
{
    if (offset == ATA_DATA) {
        transfer(state, items, NULL, count * size);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t value = ata_read(state, offset, size);
        memcpy((uint8_t *)items + i * size, &value, size);
    }
}

void ata_write_block(void *state, uint64_t offset, const void *items, size_t count, unsigned size)
{
    if (offset == ATA_DATA) {
        transfer(state, NULL, items, count * size);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;
        memcpy(&value, (const uint8_t *)items + i * size, size);
        ata_write(state, offset, value, size);
    }
}

uint64_t ata_read_control(void *state, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    return read_status(state);
}

void ata_write_control(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    (void)offset;
    (void)size;
    write_control(state, (uint8_t)value);
    ata_update(state);
}

const char *ata_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const READ[] = {"DATA",    "ERROR",    "COUNT",  "LBA_LOW",
                                       "LBA_MID", "LBA_HIGH", "DEVICE", "STATUS"};
    static const char *const WRITE[] = {"DATA",    "FEATURES", "COUNT",  "LBA_LOW",
                                        "LBA_MID", "LBA_HIGH", "DEVICE", "COMMAND"};
    (void)state;
    return write ? WRITE[offset] : READ[offset];
}

const char *ata_control_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)offset;
    return write ? "CONTROL" : "ALTSTATUS";
}
