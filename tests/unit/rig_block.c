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
    void *buffer; /* for a read; NULL: the data goes to the spans */
    BlockSpan *spans;
    size_t span_count;
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
    g_free(request->spans);
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
        uint8_t *data = request->data ? request->data + i * BLOCK_SECTOR_SIZE : NULL;
        if (request->kind == BLOCK_READ) {
            memset(data, 0, BLOCK_SECTOR_SIZE);
        }
        if (request->kind == BLOCK_READ && sector) {
            memcpy(data, sector, BLOCK_SECTOR_SIZE);
        } else if (request->kind == BLOCK_WRITE && sector) {
            memcpy(sector, data, BLOCK_SECTOR_SIZE);
        } else if (request->kind >= BLOCK_WRITE_ZEROES && sector) {
            memset(sector, 0, BLOCK_SECTOR_SIZE);
        }
    }
    return request->kind != BLOCK_FLUSH || drive->bad == UINT64_MAX;
}

static void tell(BlockPort *port, const RigRequest *request, bool ok)
{
    BlockResult result = {.port = port->end.number, .tag = request->tag, .ok = ok};
    if (ok && request->kind == BLOCK_READ) {
        result.buffer = request->buffer;
        result.spans = request->spans;
        result.span_count = request->span_count;
        result.data = request->data;
        result.size = (size_t)request->count * BLOCK_SECTOR_SIZE;
    }
    g_mutex_lock(device_mutex(port->end.dev));
    device_call_block_done(port->end.dev, &result);
    g_mutex_unlock(device_mutex(port->end.dev));
}

void rig_drive_protect(RigDrive *drive)
{
    drive->read_only = drive->port->end.medium.read_only = true;
}

void rig_drive_change(RigDrive *drive, uint64_t sectors)
{
    const BlockMedium medium = {.sectors = sectors, .read_only = drive->read_only};
    Device *dev = drive->port->end.dev;
    g_assert_cmpuint(sectors, <=, drive->sectors);
    g_mutex_lock(device_mutex(dev));
    device_call_medium(dev, drive->port->end.number, &medium);
    g_mutex_unlock(device_mutex(dev));
}

bool rig_drive_eject(RigDrive *drive)
{
    Device *dev = drive->port->end.dev;
    g_mutex_lock(device_mutex(dev));
    bool given = device_call_eject(dev, drive->port->end.number);
    g_mutex_unlock(device_mutex(dev));
    return given;
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
        tell(port, request, ok);
    }
    free_request(request);
    return true;
}

/* ---- the device's side ---- */

static void cancel(BlockPort *port)
{
    for (GList *item = port->requests.head; item; item = item->next) {
        ((RigRequest *)item->data)->cancelled = true;
    }
}

/* An empty drive has no sectors.  A device must know that. */
static void submit(BlockPort *port, const BlockRequest *asked)
{
    RigRequest request = {.kind = asked->kind,
                          .lba = asked->lba,
                          .tag = asked->tag,
                          .count = (uint32_t)(asked->size / BLOCK_SECTOR_SIZE),
                          .buffer = asked->buffer,
                          .spans = g_memdup2(asked->spans, asked->span_count * sizeof(BlockSpan)),
                          .span_count = asked->span_count};
    g_assert_true(asked->kind == BLOCK_FLUSH || asked->size > 0);
    g_assert_cmpuint(asked->lba + request.count, <=, port->end.medium.sectors);
    if (asked->data) {
        request.data = g_memdup2(asked->data, asked->size);
    } else if (asked->buffer || asked->spans) {
        request.data = g_malloc0(asked->size);
    }
    if (asked->kind == BLOCK_WRITE && asked->spans) {
        g_assert_true(
            block_spans_read(port->end.dev, asked->spans, asked->span_count, request.data));
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

BlockPort *rig_drive_connect(RigDrive *drive, Device *dev)
{
    g_assert_null(drive->port);
    drive->port = g_new0(BlockPort, 1);
    drive->port->end.request = serve_request;
    drive->port->end.dev = dev;
    drive->port->end.medium = (BlockMedium){drive->sectors, drive->read_only};
    drive->port->end.cdrom = drive->cdrom;
    drive->port->drive = drive;
    g_queue_init(&drive->port->requests);
    return drive->port;
}
