/*
 * What the files of the ATA channel share: ata.c has the registers, ata_disk.c
 * the commands of hard disks, atapi.c those of CD-ROM drives.
 */
#ifndef PIOEMU_DEVICES_STORAGE_ATA_INTERNAL_H
#define PIOEMU_DEVICES_STORAGE_ATA_INTERNAL_H

#include "devices/device.h"
#include "devices/storage/ata_regs.h"

#define ATA_BUFFER_SECTORS 16u
#define ATA_BUFFER_SIZE    (ATA_BUFFER_SECTORS * ATA_SECTOR_SIZE)

/* Where a command is. */
typedef enum AtaPhase {
    ATA_PHASE_IDLE,
    ATA_PHASE_IN,     /* the guest reads sectors, or the answer to a packet */
    ATA_PHASE_ANSWER, /* the guest reads the answer to a command */
    ATA_PHASE_OUT,    /* the guest writes data */
    ATA_PHASE_PACKET, /* the guest writes a command packet */
    ATA_PHASE_VERIFY, /* sectors are read for nobody */
    ATA_PHASE_FLUSH,
    ATA_PHASES
} AtaPhase;

/* What was asked of the block layer and is not done. */
typedef enum AtaRequest {
    ATA_REQUEST_NONE,
    ATA_REQUEST_READ,
    ATA_REQUEST_WRITE,
    ATA_REQUEST_FLUSH,
    ATA_REQUESTS
} AtaRequest;

typedef struct AtaDrive {
    /* Each with the value written before: "previous content". */
    uint8_t features[2], count[2], lba_low[2], lba_mid[2], lba_high[2];
    uint8_t head; /* bits 0-3 of the device register */
    uint8_t status, error;
    uint8_t heads, sectors; /* INITIALIZE DEVICE PARAMETERS */
    uint8_t multiple;       /* SET MULTIPLE: sectors; 0: disabled */

    bool interrupt;     /* set at the end of a command or with data; a status read clears it */
    uint8_t phase;      /* AtaPhase */
    uint8_t request;    /* AtaRequest */
    bool extended;      /* the command in progress has 48-bit addresses */
    uint64_t lba;       /* of the next sector to read from or write to the host */
    uint32_t remaining; /* sectors from there on */
    uint32_t block;     /* bytes that are handed over with one DRQ */
    uint32_t filled;    /* bytes of the buffer in use */
    uint32_t position;  /* in the buffer, of the next byte handed over */
    uint32_t drq_end;   /* where this DRQ ends */
    uint64_t buffer[ATA_BUFFER_SIZE / 8];

    /* CD-ROM. */
    uint8_t sense_key, asc; /* of the last command */
    bool attention;         /* a reset that no command was told of */
    bool changed;           /* a medium that no command was told of */
    bool tray_open, locked;
    uint8_t media_event; /* what became of the medium, until GET EVENT tells of it; 0: nothing */

    struct Ata *channel;
    BlockPort *port; /* NULL: no drive */
    uint8_t index;
} AtaDrive;

typedef struct Ata {
    Device *dev;
    uint8_t device;  /* as written: which drive, LBA, and obsolete bits */
    uint8_t control; /* NIEN, SRST, HOB */
    AtaDrive drives[2];

    uint16_t iobase, control_port;
    bool power_on_attention;
    IrqLine *irq;
} Ata;

static inline bool ata_is_cdrom(const AtaDrive *d)
{
    return d->port && pio_block_is_cdrom(d->port);
}

static inline uint8_t *ata_buffer(AtaDrive *d)
{
    return (uint8_t *)d->buffer;
}

/* ---- ata.c ---- */

/* Status after a command; `interrupt`: the guest is told. */
void ata_finish(AtaDrive *d, bool interrupt);
void ata_fail(AtaDrive *d, uint8_t error);
/* The next block of the buffer is for the guest to read or write. */
void ata_open_block(AtaDrive *d, bool interrupt);
/* The buffer is filled and read by the guest; nothing follows it. */
void ata_send(AtaDrive *d, uint32_t size);
/* Asks the block layer for what `phase`, `lba` and `filled` say. */
void ata_submit(AtaDrive *d, AtaRequest request);
/* The registers after a reset of the drive: who it is. */
void ata_set_signature(AtaDrive *d);
/* What both kinds tell of themselves: text in its place, two characters a word. */
void ata_put_text(uint16_t *words, unsigned count, const char *text);

/* ---- ata_disk.c ---- */

void ata_disk_reset(AtaDrive *d);
void ata_disk_command(AtaDrive *d, uint8_t command);
/* The guest has emptied or filled the buffer. */
void ata_disk_buffer_done(AtaDrive *d);
void ata_disk_request_done(AtaDrive *d, AtaRequest request, bool ok);

/* ---- atapi.c ---- */

void atapi_reset(AtaDrive *d);
void atapi_command(AtaDrive *d, uint8_t command);
/* The next block of a packet's data, announced in the registers. */
void atapi_open_block(AtaDrive *d);
void atapi_buffer_done(AtaDrive *d);
void atapi_request_done(AtaDrive *d, bool ok);
void atapi_medium_changed(AtaDrive *d);
/* The user asks for the disc: whether the tray opens. */
bool atapi_eject_asked(AtaDrive *d);

#endif
