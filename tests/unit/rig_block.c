/*
 * Drives of the test rig.
 */
#include "src/device/device_services.h"
#include "tests/unit/rig.h"

#include <string.h>

typedef struct RigRequest {
    BlockKind kind;
    uint64_t lba, tag;
    uint32_t count;
    void *buffer;
    uint8_t *data;
    bool cancelled;
} RigRequest;

struct BlockPort {
    BlockPortEnd end;
    RigDrive *drive;
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

/* Sectors that are not stored read as zeros. */
static bool carry_out(RigDrive *drive, const RigRequest *request)
{
    for (uint32_t i = 0; i < request->count; i++) {
        uint64_t lba = request->lba + i;
        uint8_t *sector = lba < drive->stored ? drive->data + lba * BLOCK_SECTOR_SIZE : NULL;
        if (lba == drive->bad) {
            return false;
        }
        if (request->kind == BLOCK_WRITE && sector) {
            memcpy(sector, request->data + i * BLOCK_SECTOR_SIZE, BLOCK_SECTOR_SIZE);
        } else if (request->kind == BLOCK_READ && !request->cancelled) {
            uint8_t *to = (uint8_t *)request->buffer + i * BLOCK_SECTOR_SIZE;
            memset(to, 0, BLOCK_SECTOR_SIZE);
            if (sector) {
                memcpy(to, sector, BLOCK_SECTOR_SIZE);
            }
        }
    }
    return request->kind != BLOCK_FLUSH || drive->bad == UINT64_MAX;
}

bool rig_drive_step(RigDrive *drive)
{
    BlockPort *port = drive->port;
    RigRequest *request = port ? g_queue_pop_head(&port->requests) : NULL;
    if (!request) {
        return false;
    }
    bool ok = carry_out(drive, request);
    drive->flushes += request->kind == BLOCK_FLUSH;
    if (!request->cancelled) {
        g_mutex_lock(device_mutex(port->end.dev));
        device_class(port->end.dev)
            ->block_client->done(device_state(port->end.dev), port->end.number, request->tag, ok);
        g_mutex_unlock(device_mutex(port->end.dev));
    }
    free_request(request);
    return true;
}

/* ---- the device's side ---- */

static uint64_t sectors(const BlockPort *port)
{
    return port->drive->sectors;
}

static bool is_read_only(const BlockPort *port)
{
    return port->drive->read_only;
}

static bool is_cdrom(const BlockPort *port)
{
    return port->drive->cdrom;
}

static void cancel(BlockPort *port)
{
    for (GList *item = port->requests.head; item; item = item->next) {
        ((RigRequest *)item->data)->cancelled = true;
    }
}

static void submit(BlockPort *port, const BlockRequest *asked)
{
    RigRequest request = {.kind = asked->kind,
                          .lba = asked->lba,
                          .tag = asked->tag,
                          .count = asked->count,
                          .buffer = asked->buffer};
    g_assert_true(asked->kind == BLOCK_FLUSH || asked->count > 0);
    g_assert_cmpuint(asked->lba + asked->count, <=, port->drive->sectors);
    if (asked->data) {
        request.data = g_memdup2(asked->data, (gsize)asked->count * BLOCK_SECTOR_SIZE);
    }
    g_queue_push_tail(&port->requests, g_memdup2(&request, sizeof(request)));
}

static void serve_request(BlockPort *port, const BlockRequest *asked)
{
    if (asked->kind == BLOCK_CANCEL) {
        cancel(port);
    } else {
        submit(port, asked);
    }
}

static const BlockPortOps OPS = {
    .request = serve_request,
    .sectors = sectors,
    .read_only = is_read_only,
    .is_cdrom = is_cdrom,
};

BlockPort *rig_drive_connect(RigDrive *drive, Device *dev)
{
    g_assert_null(drive->port);
    drive->port = g_new0(BlockPort, 1);
    *drive->port = (BlockPort){.end = {.ops = &OPS, .dev = dev}, .drive = drive};
    g_queue_init(&drive->port->requests);
    return drive->port;
}
