/*
 * What the files of the floppy controller share: i82077aa.c has the registers,
 * i82077aa_command.c the commands, i82077aa_transfer.c those with data.
 */
#ifndef PIOEMU_DEVICES_STORAGE_I82077AA_INTERNAL_H
#define PIOEMU_DEVICES_STORAGE_I82077AA_INTERNAL_H

#include "devices/device.h"
#include "devices/storage/floppy_media.h"
#include "devices/storage/i82077aa_regs.h"

#define FDC_DRIVES      4u /* as many as the chip knows */
#define FDC_CONNECTED   2u
#define FDC_FIFO_SIZE   16u
#define FDC_SECTOR_SIZE BLOCK_SECTOR_SIZE

/* Tags of requests to the block layer. */
#define FDC_TAG_TRANSFER 1u
#define FDC_TAG_FLUSH    2u

typedef enum FdcPhase { FDC_PHASE_COMMAND, FDC_PHASE_EXECUTION, FDC_PHASE_RESULT } FdcPhase;

/* How far the execution phase has come. */
typedef enum FdcStep {
    FDC_STEP_NONE,
    FDC_STEP_START, /* waits until the deadline */
    FDC_STEP_READ,  /* the host reads a sector into the buffer */
    FDC_STEP_IN,    /* the guest takes the buffer */
    FDC_STEP_OUT,   /* the guest gives bytes for the buffer */
    FDC_STEP_WRITE, /* the host writes the buffer */
    FDC_STEPS
} FdcStep;

typedef struct FdcDrive {
    uint8_t cylinder;  /* PCN: where the controller believes that the heads are */
    uint8_t track;     /* where the heads are */
    uint8_t status;    /* ST0 for SENSE INTERRUPT STATUS */
    bool pending;      /* SENSE INTERRUPT STATUS has to report it */
    bool changed;      /* DSKCHG: there was no step since the medium changed */
    bool unflushed;    /* written since the host was last asked to flush */
    uint64_t seek_end; /* machine time; 0: no seek */

    BlockPort *port;
    unsigned type_choice; /* property: 0 is auto, otherwise 1 + FloppyType */
    FloppyType type;
    const FloppyMedia *media; /* NULL: no medium */
} FdcDrive;

typedef struct I82077aa {
    Device *dev;
    uint8_t dor, tdr, dsr;
    uint8_t rate;            /* set through DSR and CCR */
    uint8_t config, precomp; /* set by CONFIGURE */
    uint8_t specify[2];
    uint8_t perpendicular;
    bool lock;

    uint8_t phase, step;         /* FdcPhase, FdcStep */
    uint8_t fifo[FDC_FIFO_SIZE]; /* a command, or its result */
    uint8_t position, length;    /* how many bytes were passed, and how many there are */
    uint8_t command;             /* the command's first byte */
    bool interrupt;              /* the result is ready; reading it clears this */
    bool polled;                 /* a reset has ended; SENSE INTERRUPT STATUS clears this */
    uint64_t reset_end;          /* machine time; 0: there is nothing to report */

    uint8_t c, h, r; /* the sector that is being processed */
    uint8_t count;   /* for VERIFY, FORMAT TRACK and READ TRACK: how many sectors are left */
    bool ended;      /* TC came */
    uint8_t unit;    /* the drive that the host's request is for */
    uint16_t block;  /* the sector that it is for */
    uint8_t st0, st1, st2;
    uint16_t filled, at; /* positions in the buffer */
    uint64_t deadline;   /* when the step ends, or the wait for the guest; 0 if none */
    uint64_t next_try;   /* when to try again after DMA was not served; 0 if none */
    uint64_t buffer[FDC_SECTOR_SIZE / 8];

    FdcDrive drives[FDC_DRIVES];

    uint16_t iobase, control_base;
    IrqLine *irq;
    DmaLine *dma;
    Timer *timer;
} I82077aa;

static inline uint8_t *fdc_buffer(I82077aa *s)
{
    return (uint8_t *)s->buffer;
}

static inline bool fdc_uses_dma(const I82077aa *s)
{
    return !(s->specify[1] & FDC_SPECIFY_ND);
}

/* ---- i82077aa.c ---- */

/* The drive that DOR selects, if its motor is on, or NULL. */
FdcDrive *fdc_selected(I82077aa *s);
bool fdc_irq_level(const I82077aa *s);
bool fdc_drq_level(const I82077aa *s);
/* Drives the lines and the timer. */
void fdc_update(I82077aa *s);
/* Moves the heads of a drive by step pulses. */
void fdc_move(FdcDrive *d, int tracks);

/* ---- i82077aa_command.c ---- */

/* Takes a byte of a command. */
void fdc_command_byte(I82077aa *s, uint8_t value);
/*
 * Begins the result phase with `length` bytes of the FIFO.  With `interrupt`, also
 * asserts the interrupt.
 */
void fdc_result(I82077aa *s, unsigned length, bool interrupt);
void fdc_seek_ended(I82077aa *s, unsigned index);

/* ---- i82077aa_transfer.c ---- */

/* Begins the command in the FIFO, which moves data or looks for a sector. */
void fdc_transfer_begin(I82077aa *s);
/* Call it when the deadline of a step has come. */
void fdc_transfer_due(I82077aa *s, uint64_t now);
void fdc_transfer_host_done(I82077aa *s, bool ok);
/* The diskette of drive `unit` is about to be taken out, so a transfer of that drive fails. */
void fdc_transfer_medium_changed(I82077aa *s, unsigned unit);
/* For the guest without DMA. */
uint8_t fdc_transfer_take(I82077aa *s);
void fdc_transfer_give(I82077aa *s, uint8_t value);
/* After the load of a state, makes the request to the host once more. */
void fdc_transfer_resume(I82077aa *s);
bool fdc_transfer_possible(const I82077aa *s);

#endif
