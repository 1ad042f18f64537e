/*
 * Drives of the test rig, in place of the block layer.
 */
#include "tests/unit/rig.h"

#include <string.h>

typedef struct RigRequest {
    enum { RIG_READ, RIG_WRITE, RIG_FLUSH } kind;
    uint64_t lba, tag;
    uint32_t count;
    void *buffer;
    uint8_t *data;
    bool cancelled;
} RigRequest;

struct BlockPort {
    RigDrive *drive;
    Device *dev;
    GQueue requests;
};

RigDrive *rig_drive_new(uint64_t sectors, uint64_t stored)
{
    RigDrive *drive = g_new0(RigDrive, 1);
    drive->sectors = sectors;
    drive->stored = MIN(sectors, stored);
    drive->data = g_malloc0(drive->stored * BLOCK_SECTOR_SIZE);
    drive->bad = UINT64_MAX;
    for (uint64_t i = 0; i < drive->stored * BLOCK_SECTOR_SIZE; i++) {
        drive->data[i] = (uint8_t)(i / BLOCK_SECTOR_SIZE + i);
    }
    return drive;
}

static void free_request(gpointer data)
{
    RigRequest *request = data;
    g_free(request->data);
    g_free(request);
}

void rig_drive_free(RigDrive *drive)
{
    if (drive->port) {
        g_queue_clear_full(&drive->port->requests, free_request);
        g_free(drive->port);
    }
    g_free(drive->data);
    g_free(drive);
}

BlockPort *rig_drive_connect(RigDrive *drive, Device *dev)
{
    g_assert_null(drive->port);
    drive->port = g_new0(BlockPort, 1);
    *drive->port = (BlockPort){.drive = drive, .dev = dev};
    g_queue_init(&drive->port->requests);
    return drive->port;
}

/* Sectors that are not stored read as zeros. */
static bool carry_out(RigDrive *drive, const RigRequest *request)
{
    for (uint32_t i = 0; i < request->count; i++) {
        uint64_t lba = request->lba + i;
        uint8_t *sector = lba < drive->stored ? drive->data + lba * BLOCK_SECTOR_SIZE : NULL;
        if (lba == drive->bad) {
            return false;
        }
        if (request->kind == RIG_WRITE && sector) {
            memcpy(sector, request->data + i * BLOCK_SECTOR_SIZE, BLOCK_SECTOR_SIZE);
        } else if (request->kind == RIG_READ && !request->cancelled) {
            uint8_t *to = (uint8_t *)request->buffer + i * BLOCK_SECTOR_SIZE;
            memset(to, 0, BLOCK_SECTOR_SIZE);
            if (sector) {
                memcpy(to, sector, BLOCK_SECTOR_SIZE);
            }
        }
    }
    return request->kind != RIG_FLUSH || drive->bad == UINT64_MAX;
}

bool rig_drive_step(RigDrive *drive)
{
    BlockPort *port = drive->port;
    RigRequest *request = port ? g_queue_pop_head(&port->requests) : NULL;
    if (!request) {
        return false;
    }
    bool ok = carry_out(drive, request);
    drive->flushes += request->kind == RIG_FLUSH;
    if (!request->cancelled) {
        g_mutex_lock(device_mutex(port->dev));
        device_class(port->dev)->block_client->done(device_state(port->dev), request->tag, ok);
        g_mutex_unlock(device_mutex(port->dev));
    }
    free_request(request);
    return true;
}

/* ---- what devices/device.h declares ---- */

uint64_t block_port_sectors(const BlockPort *port)
{
    return port->drive->sectors;
}

bool block_port_read_only(const BlockPort *port)
{
    return port->drive->read_only;
}

bool block_port_is_cdrom(const BlockPort *port)
{
    return port->drive->cdrom;
}

static void submit(BlockPort *port, const RigRequest *request)
{
    g_assert_cmpuint(request->lba + request->count, <=, port->drive->sectors);
    g_queue_push_tail(&port->requests, g_memdup2(request, sizeof(*request)));
}

void block_port_read(BlockPort *port, uint64_t lba, void *buffer, uint32_t count, uint64_t tag)
{
    g_assert_cmpuint(count, >, 0);
    submit(port, &(RigRequest){RIG_READ, lba, tag, count, buffer, NULL, false});
}

void block_port_write(BlockPort *port, uint64_t lba, const void *buffer, uint32_t count,
                      uint64_t tag)
{
    uint8_t *copy = g_memdup2(buffer, (gsize)count * BLOCK_SECTOR_SIZE);
    g_assert_cmpuint(count, >, 0);
    submit(port, &(RigRequest){RIG_WRITE, lba, tag, count, NULL, copy, false});
}

void block_port_flush(BlockPort *port, uint64_t tag)
{
    submit(port, &(RigRequest){.kind = RIG_FLUSH, .tag = tag});
}

void block_port_cancel(BlockPort *port)
{
    for (GList *item = port ? port->requests.head : NULL; item; item = item->next) {
        ((RigRequest *)item->data)->cancelled = true;
    }
}
