/*
 * What the files of the ATA channel share: ata.c has the registers, ata_disk.c
 * the commands of hard disks, atapi.c those of CD-ROM drives, ata_dma.c the
 * transfers of a bus master, ata_state.c resets and saved state.
 *
 * A device has one or more channels in its state: isa-ide has one, and the IDE
 * function of the PIIX3 has two, which share a lock.
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
    ATA_PHASE_DMA_IN, /* the bus master moves sectors, or the answer to a packet, to memory */
    ATA_PHASE_DMA_OUT,
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
    uint32_t block;     /* bytes that one DRQ hands over, or at most one request of DMA has */
    uint32_t filled;    /* bytes of the buffer that are in use */
    uint32_t position;  /* position in the buffer of the next byte to hand over */
    uint32_t drq_end;   /* position where this DRQ ends */
    uint8_t dma_mode;   /* as SET FEATURES has it; 0: there is no bus master */
    uint64_t buffer[ATA_BUFFER_SIZE / 8];

    /* The following are for CD-ROM drives. */
    uint8_t sense_key, asc; /* the result of the last command */
    bool attention;         /* a reset that no command has reported yet */
    bool changed;           /* a new medium that no command has reported yet */
    bool tray_open, locked;
    uint8_t media_event; /* the last change of the medium, until GET EVENT reports it; 0 if none */

    struct Ata *channel;
    BlockPort *port; /* NULL: there is no drive */
    uint8_t index;
} AtaDrive;

/* Where in a table of descriptors a transfer is. */
typedef struct AtaCursor {
    uint32_t descriptor; /* its address */
    uint32_t used;       /* bytes of its memory that are done */
    bool ended;          /* the last one is used up */
} AtaCursor;

/* A channel of a bus master (Programming Interface for Bus Master IDE Controller 1.0). */
typedef struct AtaMaster {
    uint8_t command, status;
    uint32_t table;  /* the address of the descriptors */
    bool line;       /* INTRQ, whose rise sets the interrupt bit */
    AtaCursor at;    /* before the request that is under way */
    AtaCursor after; /* and after it */
} AtaMaster;

typedef struct Ata {
    Device *dev;
    uint8_t device;  /* as written: the drive's number, LBA, and obsolete bits */
    uint8_t control; /* NIEN, SRST, HOB */
    AtaDrive drives[2];

    AtaMaster *master; /* NULL: there is none, and the commands with DMA are aborted */

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

static inline bool ata_uses_dma(const AtaDrive *d)
{
    return d->phase == ATA_PHASE_DMA_IN || d->phase == ATA_PHASE_DMA_OUT;
}

/* The saved fields of the drive `d` and the master `m` in a state struct of type T. */
#define ATA_DRIVE_FIELDS(T, d)                                                                     \
    DEVICE_FIELD_ARRAY(T, d.features), DEVICE_FIELD_ARRAY(T, d.count),                             \
        DEVICE_FIELD_ARRAY(T, d.lba_low), DEVICE_FIELD_ARRAY(T, d.lba_mid),                        \
        DEVICE_FIELD_ARRAY(T, d.lba_high), DEVICE_FIELD(T, d.head), DEVICE_FIELD(T, d.status),     \
        DEVICE_FIELD(T, d.error), DEVICE_FIELD(T, d.heads), DEVICE_FIELD(T, d.sectors),            \
        DEVICE_FIELD(T, d.multiple), DEVICE_FIELD_BOOL(T, d.interrupt), DEVICE_FIELD(T, d.phase),  \
        DEVICE_FIELD(T, d.request), DEVICE_FIELD_BOOL(T, d.extended), DEVICE_FIELD(T, d.lba),      \
        DEVICE_FIELD(T, d.remaining), DEVICE_FIELD(T, d.block), DEVICE_FIELD(T, d.filled),         \
        DEVICE_FIELD(T, d.position), DEVICE_FIELD(T, d.drq_end), DEVICE_FIELD_ARRAY(T, d.buffer),  \
        DEVICE_FIELD(T, d.sense_key), DEVICE_FIELD(T, d.asc), DEVICE_FIELD_BOOL(T, d.attention),   \
        DEVICE_FIELD_BOOL(T, d.changed), DEVICE_FIELD_BOOL(T, d.tray_open),                        \
        DEVICE_FIELD_BOOL(T, d.locked), DEVICE_FIELD(T, d.media_event),                            \
        DEVICE_FIELD_SINCE(T, d.dma_mode, 2, 0)
#define ATA_CURSOR_FIELDS(T, c)                                                                    \
    DEVICE_FIELD(T, c.descriptor), DEVICE_FIELD(T, c.used), DEVICE_FIELD_BOOL(T, c.ended)
#define ATA_MASTER_FIELDS(T, m)                                                                    \
    DEVICE_FIELD(T, m.command), DEVICE_FIELD(T, m.status), DEVICE_FIELD(T, m.table),               \
        DEVICE_FIELD_BOOL(T, m.line), ATA_CURSOR_FIELDS(T, m.at), ATA_CURSOR_FIELDS(T, m.after)

/* ---- ata.c ---- */

/* Derives the interrupt line. */
void ata_update(Ata *s);
/* What IoOps and regions need; `state` is the channel. */
uint64_t ata_read(void *state, uint64_t offset, unsigned size);
void ata_write(void *state, uint64_t offset, uint64_t value, unsigned size);
void ata_read_block(void *state, uint64_t offset, void *items, size_t count, unsigned size);
void ata_write_block(void *state, uint64_t offset, const void *items, size_t count, unsigned size);
uint64_t ata_read_control(void *state, uint64_t offset, unsigned size);
void ata_write_control(void *state, uint64_t offset, uint64_t value, unsigned size);
const char *ata_register_name(const void *state, uint64_t offset, bool write);
const char *ata_control_name(const void *state, uint64_t offset, bool write);
/* The drive's request is done. */
void ata_done(Ata *s, unsigned drive, bool ok);
void ata_medium_changed(Ata *s, unsigned drive);
/* Resets both drives, whichever is selected.  Drive 0 is selected afterwards. */
void ata_reset_drives(Ata *s);

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

/* ---- ata_state.c ---- */

void ata_describe(const Ata *s, char *text, size_t size);
bool ata_realize(Ata *s, char *error, size_t size);
void ata_reset(Ata *s);
bool ata_post_load(Ata *s);

/* ---- ata_dma.c ---- */

#define ATA_DMA_MAX (UINT32_C(1) << 20) /* bytes of one request */

/* The words of identification that say what DMA there is, and which mode is chosen. */
void ata_put_dma(const AtaDrive *d, uint16_t *words);
bool ata_dma_is_mode(uint8_t mode);
/* False: it is no mode of DMA, or there is no bus master. */
bool ata_dma_set_mode(AtaDrive *d, uint8_t mode);
/* Lets the bus master move `remaining` sectors from `lba` on, as soon as it is started. */
void ata_dma_begin(AtaDrive *d, AtaPhase phase);
/* The same with the answer in the buffer. */
void ata_dma_answer(AtaDrive *d);
void ata_dma_done(AtaDrive *d, bool ok);
/* The bus master may have become ready: goes on with what waits for it. */
void ata_dma_go(Ata *s);
/* Makes the request once more that was under way when the state was saved. */
void ata_dma_submit_again(AtaDrive *d);

uint8_t ata_master_read(const AtaMaster *m, unsigned offset);
void ata_master_write(Ata *s, unsigned offset, uint8_t value);
void ata_master_line(AtaMaster *m, bool level);
void ata_master_reset(AtaMaster *m);
bool ata_master_is_possible(const AtaMaster *m);

/* ---- ata_disk.c ---- */

void ata_disk_reset(AtaDrive *d);
/* A transfer mode of SET FEATURES that is one of PIO. */
bool ata_is_pio_mode(uint8_t mode);
void ata_disk_command(AtaDrive *d, uint8_t command);
/* The guest has emptied or filled the buffer. */
void ata_disk_buffer_done(AtaDrive *d);
void ata_disk_request_done(AtaDrive *d, AtaRequest request, bool ok);
/* A command with DMA has moved all its sectors, or the host has failed at `lba`. */
void ata_disk_dma_done(AtaDrive *d, bool ok);
/* The sectors from `lba` on do not exist. */
void ata_disk_no_sector(AtaDrive *d);

/* ---- atapi.c ---- */

void atapi_reset(AtaDrive *d);
void atapi_command(AtaDrive *d, uint8_t command);
/* Opens the next block of a packet's data and announces it in the registers. */
void atapi_open_block(AtaDrive *d);
void atapi_buffer_done(AtaDrive *d);
void atapi_request_done(AtaDrive *d, bool ok);
void atapi_dma_done(AtaDrive *d, bool ok);
void atapi_medium_changed(AtaDrive *d);
/* The user asks for the disc.  Returns whether the tray opens. */
bool atapi_eject_asked(AtaDrive *d);

#endif
