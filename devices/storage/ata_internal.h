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

/* How far a command has come. */
typedef enum AtaPhase {
    ATA_PHASE_IDLE,
    ATA_PHASE_IN,     /* the guest reads sectors, or the answer to a packet */
    ATA_PHASE_ANSWER, /* the guest reads the answer to a command */
    ATA_PHASE_OUT,    /* the guest writes data */
    ATA_PHASE_PACKET, /* the guest writes a command packet */
    ATA_PHASE_VERIFY, /* the drive reads sectors only to check them */
    ATA_PHASE_FLUSH,
    ATA_PHASES
} AtaPhase;

/* The request to the block layer that is under way. */
typedef enum AtaRequest {
    ATA_REQUEST_NONE,
    ATA_REQUEST_READ,
    ATA_REQUEST_WRITE,
    ATA_REQUEST_FLUSH,
    ATA_REQUESTS
} AtaRequest;

typedef struct AtaDrive {
    /* Each with the value that was written before: the "previous content". */
    uint8_t features[2], count[2], lba_low[2], lba_mid[2], lba_high[2];
    uint8_t head; /* bits 0-3 of the device register */
    uint8_t status, error;
    uint8_t heads, sectors; /* set by INITIALIZE DEVICE PARAMETERS */
    uint8_t multiple;       /* sectors, set by SET MULTIPLE; 0: disabled */

    bool interrupt;     /* set when a command ends or has data; a read of Status clears it */
    uint8_t phase;      /* AtaPhase */
    uint8_t request;    /* AtaRequest */
    bool extended;      /* the command in progress has 48-bit addresses */
    uint64_t lba;       /* the next sector to read from or write to the host */
    uint32_t remaining; /* sectors from `lba` on */
    uint32_t block;     /* bytes that one DRQ hands over */
    uint32_t filled;    /* bytes of the buffer that are in use */
    uint32_t position;  /* position in the buffer of the next byte to hand over */
    uint32_t drq_end;   /* position where this DRQ ends */
    uint64_t buffer[ATA_BUFFER_SIZE / 8];

    /* The following are for CD-ROM drives. */
    uint8_t sense_key, asc; /* the result of the last command */
    bool attention;         /* a reset that no command has reported yet */
    bool changed;           /* a new medium that no command has reported yet */
    bool tray_open, locked;
    uint8_t media_event; /* the last change of the medium, until GET EVENT reports it; 0: none */

    struct Ata *channel;
    BlockPort *port; /* NULL: there is no drive */
    uint8_t index;
} AtaDrive;

typedef struct Ata {
    Device *dev;
    uint8_t device;  /* as written: the drive's number, LBA, and obsolete bits */
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

/* Sets the status after a command.  With `interrupt`, also asserts the interrupt. */
void ata_finish(AtaDrive *d, bool interrupt);
void ata_fail(AtaDrive *d, uint8_t error);
/* Lets the guest read or write the next block of the buffer. */
void ata_open_block(AtaDrive *d, bool interrupt);
/* Lets the guest read the filled buffer, after which the command ends. */
void ata_send(AtaDrive *d, uint32_t size);
/* Makes the request to the block layer that `phase`, `lba` and `filled` describe. */
void ata_submit(AtaDrive *d, AtaRequest request);
/* Sets the registers to the signature that a reset leaves.  It identifies the kind of drive. */
void ata_set_signature(AtaDrive *d);
/* Puts a text into identification words, two characters each with the first in the high byte. */
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
/* Opens the next block of a packet's data and announces it in the registers. */
void atapi_open_block(AtaDrive *d);
void atapi_buffer_done(AtaDrive *d);
void atapi_request_done(AtaDrive *d, bool ok);
void atapi_medium_changed(AtaDrive *d);
/* The user asks for the disc.  Returns whether the tray opens. */
bool atapi_eject_asked(AtaDrive *d);

#endif
