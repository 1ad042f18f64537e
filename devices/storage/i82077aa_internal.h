/*
 * What the files of the floppy controller share: i82077aa.c has the registers,
 * i82077aa_command.c the commands, i82077aa_transfer.c those with data.
 */
#ifndef PIOEMU_DEVICES_STORAGE_I82077AA_INTERNAL_H
#define PIOEMU_DEVICES_STORAGE_I82077AA_INTERNAL_H

#include "devices/device.h"
#include "devices/storage/floppy_media.h"
#include "devices/storage/i82077aa_regs.h"

#define FDC_DRIVES      4u /* that the chip knows */
#define FDC_CONNECTED   2u
#define FDC_FIFO_SIZE   16u
#define FDC_SECTOR_SIZE BLOCK_SECTOR_SIZE

/* Of requests to the block layer. */
#define FDC_TAG_TRANSFER 1u
#define FDC_TAG_FLUSH    2u

typedef enum FdcPhase { FDC_PHASE_COMMAND, FDC_PHASE_EXECUTION, FDC_PHASE_RESULT } FdcPhase;

/* Where the execution phase is. */
typedef enum FdcStep {
    FDC_STEP_NONE,
    FDC_STEP_START, /* until the deadline */
    FDC_STEP_READ,  /* the host reads a sector into the buffer */
    FDC_STEP_IN,    /* the guest takes the buffer */
    FDC_STEP_OUT,   /* the guest gives bytes for the buffer */
    FDC_STEP_WRITE, /* the host writes the buffer */
    FDC_STEPS
} FdcStep;

typedef struct FdcDrive {
    uint8_t cylinder;  /* PCN: where the controller believes the heads to be */
    uint8_t track;     /* where they are */
    uint8_t status;    /* ST0 for SENSE INTERRUPT STATUS */
    bool pending;      /* SENSE INTERRUPT STATUS is to tell it */
    bool changed;      /* DSKCHG: no step since a medium came or went */
    bool unflushed;    /* written since the host was last asked to flush */
    uint64_t seek_end; /* machine time; 0: it does not seek */

    BlockPort *port;
    unsigned type_choice; /* property: 0 is auto, else 1 + FloppyType */
    FloppyType type;
    const FloppyMedia *media; /* NULL: none */
} FdcDrive;

typedef struct I82077aa {
    Device *dev;
    uint8_t dor, tdr, dsr;
    uint8_t rate;            /* DSR and CCR */
    uint8_t config, precomp; /* CONFIGURE */
    uint8_t specify[2];
    uint8_t perpendicular;
    bool lock;

    uint8_t phase, step;         /* FdcPhase, FdcStep */
    uint8_t fifo[FDC_FIFO_SIZE]; /* a command, or its result */
    uint8_t position, length;    /* bytes passed, and of all */
    uint8_t command;             /* its first byte */
    bool interrupt;              /* the result is ready; reading it clears this */
    bool polled;                 /* a reset has ended; SENSE INTERRUPT STATUS clears this */
    uint64_t reset_end;          /* machine time; 0: none has to be told */

    uint8_t c, h, r; /* the sector in hand */
    uint8_t count;   /* VERIFY, FORMAT TRACK, READ TRACK: sectors left */
    bool ended;      /* TC */
    uint8_t unit;    /* of what the host was asked: which drive, which of its sectors */
    uint16_t block;
    uint8_t st0, st1, st2;
    uint16_t filled, at; /* bytes of the buffer */
    uint64_t deadline;   /* of the step, or of the guest's patience; 0: none */
    uint64_t next_try;   /* for DMA that was not served; 0: none */
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

/* The drive that DOR selects with its motor on; NULL: none is there. */
FdcDrive *fdc_selected(I82077aa *s);
bool fdc_irq_level(const I82077aa *s);
bool fdc_drq_level(const I82077aa *s);
/* Drives the lines and the timer. */
void fdc_update(I82077aa *s);
/* A step pulse has come to the drive. */
void fdc_move(FdcDrive *d, int tracks);

/* ---- i82077aa_command.c ---- */

/* A byte of a command. */
void fdc_command_byte(I82077aa *s, uint8_t value);
/* The result phase: `length` bytes of the FIFO; `interrupt` tells of it. */
void fdc_result(I82077aa *s, unsigned length, bool interrupt);
void fdc_seek_ended(I82077aa *s, unsigned index);

/* ---- i82077aa_transfer.c ---- */

/* The command in the FIFO moves data, or looks for a sector. */
void fdc_transfer_begin(I82077aa *s);
/* The deadline of a step has come. */
void fdc_transfer_due(I82077aa *s, uint64_t now);
void fdc_transfer_host_done(I82077aa *s, bool ok);
/* The diskette of drive `unit` is about to go: a transfer of that drive fails. */
void fdc_transfer_medium_changed(I82077aa *s, unsigned unit);
/* The guest without DMA. */
uint8_t fdc_transfer_take(I82077aa *s);
void fdc_transfer_give(I82077aa *s, uint8_t value);
/* A saved state is loaded: what the host was asked is asked again. */
void fdc_transfer_resume(I82077aa *s);
bool fdc_transfer_possible(const I82077aa *s);

#endif
