/*
 * The 82077AA floppy disk controller of a PC/AT with two drives.
 *
 * After Intel's data sheet "82077AA CHMOS Single-Chip Floppy Disk Controller"
 * (290166), in its PC/AT mode.  Modelled: all registers and commands, DMA and
 * non-DMA transfers, drives whose heads are where they were stepped to, media of
 * the usual sizes.  Not modelled: tape drives, precompensation, the power-down
 * mode, FM, gaps and marks that a sector image cannot hold.
 *
 * A command has three phases.  The guest writes its bytes to the FIFO (command
 * phase).  Then the controller moves data between the disk and the guest
 * (execution).  Finally the guest reads the result from the FIFO.
 *
 *   INT = the DMA gate of DOR AND NOT in reset AND
 *         (a result is ready OR a reset has ended OR a seek has ended OR
 *          a byte waits for the guest without DMA)
 *   DRQ = the DMA gate of DOR AND a byte waits for the DMA channel
 *
 * The first byte of the result clears the interrupt of a result.  SENSE INTERRUPT
 * STATUS clears those of a reset and a seek.
 *
 * DEVIATION: status registers A and B answer as in PS/2 mode; an AT's bus floats
 * there.
 * DEVIATION: the FIFO is always in step with the disk.  It does not overrun without
 * DMA, and its threshold has no effect.  With DMA, it is an overrun if the channel
 * is not served for 100 ms.
 * DEVIATION: a command ends with MA if there is no medium, or no selected drive
 * with its motor on.  The chip waits for index pulses for ever.
 */
#include "devices/storage/i82077aa_internal.h"

#include <stdio.h>
#include <string.h>

#define TRACK_MAX 85
/* "Polling": after a reset the drives report ready.  The delay lets CONFIGURE come first. */
#define RESET_NS UINT64_C(250000)

/* ---- predicates ---- */

static bool in_reset(const I82077aa *s)
{
    return !(s->dor & FDC_DOR_RESET);
}

static bool motor_on(uint8_t dor, unsigned drive)
{
    return dor & FDC_DOR_MOTOR << drive;
}

/* "Drive activation": a drive is selected only if its motor is enabled. */
FdcDrive *fdc_selected(I82077aa *s)
{
    unsigned drive = s->dor & FDC_DOR_SELECT;
    FdcDrive *d = &s->drives[drive];
    return motor_on(s->dor, drive) && d->type != FLOPPY_NONE ? d : NULL;
}

/*
 * Whether a byte waits for the guest, or the controller for a byte from it, in a
 * command without DMA.
 */
static bool wants_guest(const I82077aa *s)
{
    return s->phase == FDC_PHASE_EXECUTION && !fdc_uses_dma(s) &&
           (s->step == FDC_STEP_IN || s->step == FDC_STEP_OUT);
}

static bool seek_pending(const I82077aa *s)
{
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        const FdcDrive *d = &s->drives[i];
        if (d->pending && (d->status & FDC_ST0_IC) != FDC_ST0_POLLED) {
            return true;
        }
    }
    return false;
}

static bool internal_interrupt(const I82077aa *s)
{
    return !in_reset(s) && (s->interrupt || s->polled || wants_guest(s) || seek_pending(s));
}

bool fdc_irq_level(const I82077aa *s)
{
    return internal_interrupt(s) && s->dor & FDC_DOR_DMA;
}

bool fdc_drq_level(const I82077aa *s)
{
    return s->phase == FDC_PHASE_EXECUTION && fdc_uses_dma(s) && s->dor & FDC_DOR_DMA &&
           (s->step == FDC_STEP_IN || s->step == FDC_STEP_OUT);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

static uint64_t next_deadline(const I82077aa *s)
{
    uint64_t next = sooner(sooner(s->reset_end, s->deadline), s->next_try);
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        next = sooner(next, s->drives[i].seek_end);
    }
    return next;
}

void fdc_update(I82077aa *s)
{
    uint64_t next = next_deadline(s);
    pio_dma_request(s->dma, fdc_drq_level(s));
    pio_irq_set(s->irq, fdc_irq_level(s));
    if (next) {
        pio_timer_arm(s->timer, next);
    } else {
        pio_timer_disarm(s->timer);
    }
}

/* ---- drives ---- */

void fdc_move(FdcDrive *d, int tracks)
{
    int track = d->track + tracks;
    d->track = (uint8_t)(track < 0 ? 0 : track > TRACK_MAX ? TRACK_MAX : track);
    if (tracks && d->media) {
        d->changed = false;
    }
}

/*
 * Flushes what was written when the motor stops, because the user may then take the
 * diskette out.
 */
static void flush_stopped(I82077aa *s, uint8_t dor)
{
    for (unsigned i = 0; i < FDC_CONNECTED; i++) {
        FdcDrive *d = &s->drives[i];
        if (d->unflushed && !motor_on(dor, i)) {
            d->unflushed = false;
            pio_block_flush(d->port, FDC_TAG_FLUSH);
        }
    }
}

/* ---- resets ---- */

static void cancel_requests(I82077aa *s)
{
    for (unsigned i = 0; i < FDC_CONNECTED; i++) {
        pio_block_cancel(s->drives[i].port);
    }
}

/* "LOCK: EFIFO, FIFOTHR and PRETRK are not affected by a software reset." */
static void reset_configuration(I82077aa *s)
{
    s->config &= (uint8_t) ~(FDC_CONFIG_EIS | FDC_CONFIG_POLL);
    if (!s->lock) {
        s->config = FDC_CONFIG_DEFAULT;
        s->precomp = 0;
    }
    s->perpendicular &= (uint8_t)~FDC_PERPENDICULAR_GAP;
}

/* Caused by DOR or DSR. */
static void software_reset(I82077aa *s)
{
    cancel_requests(s);
    reset_configuration(s);
    s->phase = FDC_PHASE_COMMAND;
    s->step = FDC_STEP_NONE;
    s->position = s->length = 0;
    s->interrupt = s->polled = false;
    s->deadline = s->next_try = s->reset_end = 0;
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        s->drives[i].cylinder = 0;
        s->drives[i].pending = false;
        s->drives[i].seek_end = 0;
    }
}

static void leave_reset(I82077aa *s)
{
    s->reset_end = pio_now(s->dev) + RESET_NS;
}

static void reset_ended(I82077aa *s)
{
    s->reset_end = 0;
    if (s->config & FDC_CONFIG_POLL) {
        return;
    }
    s->polled = true;
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        s->drives[i].pending = true;
        s->drives[i].status = (uint8_t)(FDC_ST0_POLLED | i);
    }
}

/* ---- registers ---- */

static uint8_t read_sra(I82077aa *s)
{
    const FdcDrive *d = fdc_selected(s);
    bool protected = d && d->media && pio_block_read_only(d->port);
    return (uint8_t)((internal_interrupt(s) ? FDC_SRA_INT : 0) |
                     (s->drives[1].type == FLOPPY_NONE ? FDC_SRA_DRV2 : 0) |
                     (d && !d->track ? 0 : FDC_SRA_TRK0) | FDC_SRA_INDX |
                     (protected ? 0 : FDC_SRA_WP));
}

static uint8_t read_srb(const I82077aa *s)
{
    return (uint8_t)(FDC_SRB_ONES | (s->dor & 1 ? FDC_SRB_SEL0 : 0) |
                     (motor_on(s->dor, 0) ? FDC_SRB_MOT0 : 0) |
                     (motor_on(s->dor, 1) ? FDC_SRB_MOT1 : 0));
}

static uint8_t read_msr(const I82077aa *s)
{
    uint8_t msr = 0;
    if (in_reset(s)) {
        return 0;
    }
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        msr |= (uint8_t)(s->drives[i].seek_end ? FDC_MSR_BUSY0 << i : 0);
    }
    switch (s->phase) {
    case FDC_PHASE_COMMAND:
        return (uint8_t)(msr | FDC_MSR_RQM | (s->position ? FDC_MSR_CB : 0));
    case FDC_PHASE_RESULT:
        return msr | FDC_MSR_RQM | FDC_MSR_DIO | FDC_MSR_CB;
    default:
        msr |= (uint8_t)(FDC_MSR_CB | (fdc_uses_dma(s) ? 0 : FDC_MSR_NDMA));
        msr |= (uint8_t)(wants_guest(s) ? FDC_MSR_RQM : 0);
        return (uint8_t)(msr | (s->step == FDC_STEP_IN ? FDC_MSR_DIO : 0));
    }
}

static uint8_t read_result(I82077aa *s)
{
    uint8_t value = s->fifo[s->position++];
    s->interrupt = false;
    if (s->position == s->length) {
        s->phase = FDC_PHASE_COMMAND;
        s->position = s->length = 0;
    }
    return value;
}

static uint8_t read_fifo(I82077aa *s)
{
    uint8_t value = 0xff;
    if (in_reset(s)) {
        return value;
    }
    if (s->phase == FDC_PHASE_RESULT) {
        value = read_result(s);
    } else if (wants_guest(s) && s->step == FDC_STEP_IN) {
        value = fdc_transfer_take(s);
    } else {
        pio_guest_error(s->dev, "read", "the FIFO is read while MSR=0x%02x: it is empty",
                        read_msr(s));
    }
    fdc_update(s);
    return value;
}

static void write_fifo(I82077aa *s, uint8_t value)
{
    if (in_reset(s)) {
        return;
    }
    if (s->phase == FDC_PHASE_COMMAND) {
        fdc_command_byte(s, value);
    } else if (wants_guest(s) && s->step == FDC_STEP_OUT) {
        fdc_transfer_give(s, value);
    } else {
        pio_guest_error(s->dev, "write", "0x%02x written to the FIFO while MSR=0x%02x: ignored",
                        value, read_msr(s));
    }
    fdc_update(s);
}

static void write_dor(I82077aa *s, uint8_t value)
{
    bool was_reset = in_reset(s);
    flush_stopped(s, value);
    s->dor = value;
    if (in_reset(s)) {
        software_reset(s);
    } else if (was_reset) {
        leave_reset(s);
    }
    fdc_update(s);
}

/* "S/W RESET behaves the same as DOR RESET except that this reset is self clearing." */
static void write_dsr(I82077aa *s, uint8_t value)
{
    s->dsr = value & (uint8_t)~FDC_DSR_RESET;
    s->rate = value & FDC_RATE;
    if (value & FDC_DSR_RESET) {
        software_reset(s);
        leave_reset(s);
    }
    fdc_update(s);
}

/* The controller drives only DSKCHG.  On an AT the hard disk controller drives the other bits. */
static uint8_t read_dir(I82077aa *s)
{
    const FdcDrive *d = fdc_selected(s);
    return d && d->changed ? FDC_DIR_CHANGED : 0;
}

static uint64_t fdc_read(void *state, uint64_t offset, unsigned size)
{
    I82077aa *s = state;
    (void)size;
    switch (offset) {
    case FDC_SRA:
        return read_sra(s);
    case FDC_SRB:
        return read_srb(s);
    case FDC_DOR:
        return s->dor;
    case FDC_TDR:
        return (uint8_t)~FDC_TDR_SELECT | s->tdr;
    case FDC_MSR:
        return read_msr(s);
    default:
        return read_fifo(s);
    }
}

static void fdc_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    I82077aa *s = state;
    (void)size;
    switch (offset) {
    case FDC_DOR:
        write_dor(s, (uint8_t)value);
        break;
    case FDC_TDR:
        s->tdr = value & FDC_TDR_SELECT;
        break;
    case FDC_DSR:
        write_dsr(s, (uint8_t)value);
        break;
    case FDC_FIFO:
        write_fifo(s, (uint8_t)value);
        break;
    default:
        break;
    }
}

static uint64_t control_read(void *state, uint64_t offset, unsigned size)
{
    (void)offset;
    (void)size;
    return read_dir(state);
}

static void control_write(void *state, uint64_t offset, uint64_t value, unsigned size)
{
    I82077aa *s = state;
    (void)offset;
    (void)size;
    s->rate = value & FDC_RATE;
}

static const char *fdc_register_name(const void *state, uint64_t offset, bool write)
{
    static const char *const NAMES[] = {"SRA", "SRB", "DOR", "TDR", NULL, "FIFO"};
    (void)state;
    return offset == FDC_MSR ? write ? "DSR" : "MSR" : NAMES[offset];
}

static const char *control_register_name(const void *state, uint64_t offset, bool write)
{
    (void)state;
    (void)offset;
    return write ? "CCR" : "DIR";
}

/* ---- the host side ---- */

static void fdc_fire(void *state, uint64_t deadline)
{
    I82077aa *s = state;
    uint64_t now = pio_now(s->dev);
    now = now > deadline ? now : deadline;
    if (s->reset_end && s->reset_end <= now) {
        reset_ended(s);
    }
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        if (s->drives[i].seek_end && s->drives[i].seek_end <= now) {
            fdc_seek_ended(s, i);
        }
    }
    fdc_transfer_due(s, now);
    fdc_update(s);
}

static void fdc_done(void *state, unsigned port, uint64_t tag, bool ok)
{
    (void)port;
    I82077aa *s = state;
    if (tag == FDC_TAG_TRANSFER) {
        fdc_transfer_host_done(s, ok);
        fdc_update(s);
    }
}

/* ---- media ---- */

static bool fdc_removable(const void *state, unsigned port)
{
    (void)state, (void)port;
    return true;
}

/* A diskette that was not made for the drive counts as one that the drive cannot read. */
static void fdc_medium_changed(void *state, unsigned port)
{
    I82077aa *s = state;
    FdcDrive *d = &s->drives[port];
    const FloppyMedia *media = floppy_media_find(pio_block_sectors(d->port));
    fdc_transfer_medium_changed(s, port);
    d->media = media && floppy_media_fits(media, d->type) ? media : NULL;
    d->changed = true;
    d->unflushed = false;
    fdc_update(s);
}

static bool find_media(FdcDrive *d, unsigned index, char *error, size_t size)
{
    uint64_t sectors = d->port ? pio_block_sectors(d->port) : 0;
    d->media = sectors ? floppy_media_find(sectors) : NULL;
    if (sectors && !d->media) {
        snprintf(error, size, "drive%u: %llu bytes are no diskette's (" FLOPPY_SIZES ")", index,
                 (unsigned long long)sectors * BLOCK_SECTOR_SIZE);
        return false;
    }
    if (d->type_choice) {
        d->type = (FloppyType)(d->type_choice - 1);
    } else {
        d->type = d->media ? d->media->type : d->port ? FLOPPY_EMPTY_TYPE : FLOPPY_NONE;
    }
    if (d->media && !floppy_media_fits(d->media, d->type)) {
        snprintf(error, size, "type%u: a diskette of %u KiB does not fit this drive", index,
                 d->media->sectors / 2);
        return false;
    }
    return true;
}

static bool fdc_realize(void *state, char *error, size_t size)
{
    I82077aa *s = state;
    for (unsigned i = 0; i < FDC_CONNECTED; i++) {
        if (!find_media(&s->drives[i], i, error, size)) {
            return false;
        }
    }
    return true;
}

static void fdc_describe(const void *state, char *text, size_t size)
{
    const I82077aa *s = state;
    static const char *const PHASES[] = {"command", "execution", "result"};
    snprintf(text, size, "%s phase, command 0x%02x, MSR=0x%02x DOR=0x%02x, tracks %u and %u",
             PHASES[s->phase], s->command, read_msr(s), s->dor, s->drives[0].track,
             s->drives[1].track);
}

/* ---- reset and state ---- */

static void fdc_reset(void *state)
{
    I82077aa *s = state;
    s->lock = false;
    s->dor = s->tdr = 0;
    s->dsr = FDC_DSR_DEFAULT;
    s->rate = FDC_DSR_DEFAULT & FDC_RATE;
    s->config = FDC_CONFIG_DEFAULT;
    s->precomp = s->perpendicular = 0;
    memset(s->specify, 0, sizeof(s->specify));
    software_reset(s);
    memset(s->fifo, 0, sizeof(s->fifo));
    memset(s->buffer, 0, sizeof(s->buffer));
    s->command = s->c = s->h = s->r = s->count = s->unit = 0;
    s->block = 0;
    s->st0 = s->st1 = s->st2 = 0;
    s->ended = false;
    s->filled = s->at = 0;
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        FdcDrive *d = &s->drives[i];
        d->track = d->status = 0;
        d->changed = d->type != FLOPPY_NONE;
        d->unflushed = false;
    }
    fdc_update(s);
}

static bool drives_possible(const I82077aa *s)
{
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        const FdcDrive *d = &s->drives[i];
        if (d->track > TRACK_MAX || (d->unflushed && !d->media)) {
            return false;
        }
    }
    return true;
}

static bool fdc_possible(const I82077aa *s)
{
    bool transfers = s->phase == FDC_PHASE_EXECUTION;
    return s->phase <= FDC_PHASE_RESULT && s->step < FDC_STEPS && s->rate <= FDC_RATE &&
           s->tdr <= FDC_TDR_SELECT && s->unit < FDC_CONNECTED && s->length <= FDC_FIFO_SIZE &&
           (s->position < s->length || !s->length) && (s->length || s->phase != FDC_PHASE_RESULT) &&
           (s->length || !s->position) && transfers == (s->step != FDC_STEP_NONE) &&
           !(in_reset(s) && transfers) && drives_possible(s) && fdc_transfer_possible(s);
}

static bool fdc_post_load(void *state)
{
    I82077aa *s = state;
    if (!fdc_possible(s)) {
        return false;
    }
    cancel_requests(s);
    fdc_transfer_resume(s);
    fdc_update(s);
    return true;
}

#define DRIVE_FIELDS(n)                                                                            \
    DEVICE_FIELD(I82077aa, drives[n].cylinder), DEVICE_FIELD(I82077aa, drives[n].track),           \
        DEVICE_FIELD(I82077aa, drives[n].status), DEVICE_FIELD_BOOL(I82077aa, drives[n].pending),  \
        DEVICE_FIELD_BOOL(I82077aa, drives[n].changed),                                            \
        DEVICE_FIELD_BOOL(I82077aa, drives[n].unflushed),                                          \
        DEVICE_FIELD(I82077aa, drives[n].seek_end)

static const DeviceField fdc_fields[] = {
    DEVICE_FIELD(I82077aa, dor),
    DEVICE_FIELD(I82077aa, tdr),
    DEVICE_FIELD(I82077aa, dsr),
    DEVICE_FIELD(I82077aa, rate),
    DEVICE_FIELD(I82077aa, config),
    DEVICE_FIELD(I82077aa, precomp),
    DEVICE_FIELD_ARRAY(I82077aa, specify),
    DEVICE_FIELD(I82077aa, perpendicular),
    DEVICE_FIELD_BOOL(I82077aa, lock),
    DEVICE_FIELD(I82077aa, phase),
    DEVICE_FIELD(I82077aa, step),
    DEVICE_FIELD_ARRAY(I82077aa, fifo),
    DEVICE_FIELD(I82077aa, position),
    DEVICE_FIELD(I82077aa, length),
    DEVICE_FIELD(I82077aa, command),
    DEVICE_FIELD_BOOL(I82077aa, interrupt),
    DEVICE_FIELD_BOOL(I82077aa, polled),
    DEVICE_FIELD(I82077aa, reset_end),
    DEVICE_FIELD(I82077aa, c),
    DEVICE_FIELD(I82077aa, h),
    DEVICE_FIELD(I82077aa, r),
    DEVICE_FIELD(I82077aa, count),
    DEVICE_FIELD_BOOL(I82077aa, ended),
    DEVICE_FIELD(I82077aa, unit),
    DEVICE_FIELD(I82077aa, block),
    DEVICE_FIELD(I82077aa, st0),
    DEVICE_FIELD(I82077aa, st1),
    DEVICE_FIELD(I82077aa, st2),
    DEVICE_FIELD(I82077aa, filled),
    DEVICE_FIELD(I82077aa, at),
    DEVICE_FIELD(I82077aa, deadline),
    DEVICE_FIELD(I82077aa, next_try),
    DEVICE_FIELD_ARRAY(I82077aa, buffer),
    DRIVE_FIELDS(0),
    DRIVE_FIELDS(1),
    DRIVE_FIELDS(2),
    DRIVE_FIELDS(3),
    DEVICE_FIELD_END,
};

static const IoOps fdc_ops = {.read = fdc_read, .write = fdc_write, .max_size = 1};
static const IoOps control_ops = {.read = control_read, .write = control_write, .max_size = 1};

static const DeviceRegion fdc_regions[] = {
    {
        .name = "registers",
        .space = IO_PORTS,
        .size = 6,
        .ops = &fdc_ops,
        .base_property = "iobase",
        .register_name = fdc_register_name,
    },
    {
        .name = "control",
        .space = IO_PORTS,
        .size = 1,
        .ops = &control_ops,
        .base_property = "control-port",
        .register_name = control_register_name,
    },
    DEVICE_REGION_END,
};

static const char *const TYPES[] = {"auto", "none", "360", "1200", "720", "1440", "2880", NULL};

static const DeviceProperty fdc_properties[] = {
    DEVICE_PORT(I82077aa, iobase, "iobase", "first port"),
    DEVICE_PORT(I82077aa, control_base, "control-port", "of DIR and CCR"),
    DEVICE_IRQ(I82077aa, irq, "irq", "interrupt"),
    DEVICE_PROPERTY(I82077aa, dma, "dma", PROPERTY_DMA, NULL, "DMA channel"),
    DEVICE_PROPERTY(I82077aa, drives[0].port, "drive0", PROPERTY_DRIVE, NULL, "first diskette"),
    DEVICE_PROPERTY(I82077aa, drives[1].port, "drive1", PROPERTY_DRIVE, NULL, "second diskette"),
    DEVICE_CHOICE(I82077aa, drives[0].type_choice, "type0", TYPES, "auto",
                  "the first drive, by the KiB it was made for; auto: by its diskette"),
    DEVICE_CHOICE(I82077aa, drives[1].type_choice, "type1", TYPES, "auto", "the second drive"),
    DEVICE_PROPERTY_END,
};

static const DeviceTimer fdc_timers[] = {
    {"timer", offsetof(I82077aa, timer), fdc_fire},
    DEVICE_TIMER_END,
};

static const BlockClient fdc_block_client = {
    .done = fdc_done,
    .removable = fdc_removable,
    .medium_changed = fdc_medium_changed,
};

extern const DeviceClass i82077aa_class;
const DeviceClass i82077aa_class = {
    .head = DEVICE_CLASS_HEAD("isa-fdc", I82077aa),
    .description = "82077AA floppy disk controller",
    .properties = fdc_properties,
    .regions = fdc_regions,
    .timers = fdc_timers,
    .block_client = &fdc_block_client,
    .realize = fdc_realize,
    .reset = fdc_reset,
    .fields = fdc_fields,
    .post_load = fdc_post_load,
    .describe = fdc_describe,
};
