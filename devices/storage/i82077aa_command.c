/*
 * The floppy controller's commands: the length of each, the commands without data,
 * and seeks.
 *
 * DEVIATION: a seek takes 100 us, whatever its length and the step rate.  Its
 * interrupt comes after the command's last byte, as drivers expect.
 */
#include "devices/storage/i82077aa_internal.h"

#include <string.h>

#define SEEK_NS UINT64_C(100000)
/* "If TRK0 is still low after 79 step pulses": a second RECALIBRATE is needed. */
#define RECALIBRATE_STEPS 79u

typedef struct FdcCommand {
    uint8_t mask, code;
    uint8_t length; /* including the code */
    void (*run)(I82077aa *s);
} FdcCommand;

/* Ends a command with the first `length` bytes of the FIFO as the result. */
void fdc_result(I82077aa *s, unsigned length, bool interrupt)
{
    s->phase = FDC_PHASE_RESULT;
    s->step = FDC_STEP_NONE;
    s->deadline = s->next_try = 0;
    s->position = 0;
    s->length = (uint8_t)length;
    s->interrupt = interrupt;
}

static void finish(I82077aa *s)
{
    s->phase = FDC_PHASE_COMMAND;
    s->position = s->length = 0;
}

static void result_byte(I82077aa *s, unsigned value)
{
    s->fifo[0] = (uint8_t)value;
    fdc_result(s, 1, false);
}

static void invalid(I82077aa *s)
{
    result_byte(s, FDC_INVALID);
}

/* ---- seeks ---- */

static FdcDrive *addressed(I82077aa *s)
{
    return &s->drives[s->fifo[1] & FDC_DS];
}

/*
 * The step pulses go to the drive that DOR selects.  The results belong to the
 * drive that the command names.
 */
static void start_seek(I82077aa *s, uint8_t cylinder, int tracks, bool found)
{
    FdcDrive *d = addressed(s);
    FdcDrive *moved = fdc_selected(s);
    unsigned unit = s->fifo[1] & (FDC_DS | FDC_HDS);
    if (moved) {
        fdc_move(moved, tracks);
    }
    d->cylinder = cylinder;
    d->pending = false;
    d->status = (uint8_t)(FDC_ST0_SE | unit | (found ? 0 : FDC_ST0_ABNORMAL | FDC_ST0_EC));
    d->seek_end = pio_now(s->dev) + SEEK_NS;
    finish(s);
}

void fdc_seek_ended(I82077aa *s, unsigned index)
{
    s->drives[index].seek_end = 0;
    s->drives[index].pending = true;
}

/* Steps out until TRK0 is asserted.  At track 0 it makes no step. */
static void run_recalibrate(I82077aa *s)
{
    const FdcDrive *d = fdc_selected(s);
    unsigned tracks = d ? d->track : 0;
    unsigned steps = tracks < RECALIBRATE_STEPS ? tracks : RECALIBRATE_STEPS;
    s->fifo[1] &= FDC_DS;
    start_seek(s, 0, -(int)steps, d && steps == tracks);
}

static void run_seek(I82077aa *s)
{
    start_seek(s, s->fifo[2], s->fifo[2] - addressed(s)->cylinder, true);
}

static void run_relative_seek(I82077aa *s)
{
    int tracks = s->fifo[0] & FDC_CMD_RELATIVE_IN ? s->fifo[2] : -s->fifo[2];
    start_seek(s, (uint8_t)(addressed(s)->cylinder + tracks), tracks, true);
}

/* "Otherwise the command is invalid": there is no interrupt to report. */
static void run_sense_interrupt(I82077aa *s)
{
    s->polled = false;
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        FdcDrive *d = &s->drives[i];
        if (d->pending) {
            d->pending = false;
            s->fifo[0] = d->status;
            s->fifo[1] = d->cylinder;
            fdc_result(s, 2, false);
            return;
        }
    }
    invalid(s);
}

/* ---- others ---- */

static void run_specify(I82077aa *s)
{
    memcpy(s->specify, s->fifo + 1, sizeof(s->specify));
    finish(s);
}

static void run_sense_drive(I82077aa *s)
{
    const FdcDrive *d = fdc_selected(s);
    unsigned status = FDC_ST3_ONES | (s->fifo[1] & (FDC_DS | FDC_HDS));
    if (d && !d->track) {
        status |= FDC_ST3_T0;
    }
    if (d && d->media && pio_block_read_only(d->port)) {
        status |= FDC_ST3_WP;
    }
    result_byte(s, status);
}

static void run_configure(I82077aa *s)
{
    s->config = s->fifo[2] & (uint8_t)~0x80;
    s->precomp = s->fifo[3];
    finish(s);
}

static void run_version(I82077aa *s)
{
    result_byte(s, FDC_VERSION_82077AA);
}

static void run_lock(I82077aa *s)
{
    s->lock = s->fifo[0] & FDC_CMD_LOCK_ON;
    result_byte(s, s->lock ? 0x10 : 0);
}

/* "OW must be set for D0 to D3 to be overwritten." */
static void run_perpendicular(I82077aa *s)
{
    uint8_t value = s->fifo[1];
    uint8_t written = FDC_PERPENDICULAR_GAP;
    if (value & FDC_PERPENDICULAR_OW) {
        written |= FDC_PERPENDICULAR_DRIVE;
    }
    s->perpendicular = (uint8_t)((s->perpendicular & ~written) | (value & written));
    finish(s);
}

static void run_dumpreg(I82077aa *s)
{
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        s->fifo[i] = s->drives[i].cylinder;
    }
    memcpy(s->fifo + 4, s->specify, sizeof(s->specify));
    s->fifo[6] = s->count;
    s->fifo[7] = (uint8_t)((s->lock ? 0x80 : 0) | s->perpendicular);
    s->fifo[8] = s->config;
    s->fifo[9] = s->precomp;
    fdc_result(s, 10, false);
}

/* ---- the table ---- */

static const FdcCommand COMMANDS[] = {
    {0x1f, FDC_CMD_READ, 9, fdc_transfer_begin},
    {0x1f, FDC_CMD_READ_DELETED, 9, fdc_transfer_begin},
    {0x3f, FDC_CMD_WRITE, 9, fdc_transfer_begin},
    {0x3f, FDC_CMD_WRITE_DELETED, 9, fdc_transfer_begin},
    {0xbf, FDC_CMD_READ_TRACK, 9, fdc_transfer_begin},
    {0x1f, FDC_CMD_VERIFY, 9, fdc_transfer_begin},
    {0x1f, FDC_CMD_SCAN_EQUAL, 9, fdc_transfer_begin},
    {0x1f, FDC_CMD_SCAN_LOW, 9, fdc_transfer_begin},
    {0x1f, FDC_CMD_SCAN_HIGH, 9, fdc_transfer_begin},
    {0xbf, FDC_CMD_FORMAT, 6, fdc_transfer_begin},
    {0xbf, FDC_CMD_READ_ID, 2, fdc_transfer_begin},
    {0xff, FDC_CMD_SPECIFY, 3, run_specify},
    {0xff, FDC_CMD_SENSE_DRIVE, 2, run_sense_drive},
    {0xff, FDC_CMD_RECALIBRATE, 2, run_recalibrate},
    {0xff, FDC_CMD_SENSE_INTERRUPT, 1, run_sense_interrupt},
    {0xff, FDC_CMD_DUMPREG, 1, run_dumpreg},
    {0xff, FDC_CMD_SEEK, 3, run_seek},
    {0xbf, FDC_CMD_RELATIVE_SEEK, 3, run_relative_seek},
    {0xff, FDC_CMD_VERSION, 1, run_version},
    {0xff, FDC_CMD_PERPENDICULAR, 2, run_perpendicular},
    {0xff, FDC_CMD_CONFIGURE, 4, run_configure},
    {0x7f, FDC_CMD_LOCK, 1, run_lock},
};

static const FdcCommand *find_command(uint8_t code)
{
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if ((code & COMMANDS[i].mask) == COMMANDS[i].code) {
            return &COMMANDS[i];
        }
    }
    return NULL;
}

void fdc_command_byte(I82077aa *s, uint8_t value)
{
    const FdcCommand *command = find_command(s->position ? s->fifo[0] : value);
    if (!command) {
        s->command = value;
        invalid(s);
        return;
    }
    s->fifo[s->position++] = value;
    s->length = command->length;
    if (s->position >= s->length) {
        s->command = s->fifo[0];
        command->run(s);
    }
}
