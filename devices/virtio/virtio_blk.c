/*
 * A virtio disk (Virtual I/O Device 1.2, section 5.2).
 *
 * A request is a header that names the operation and the sector, the data, and a
 * byte for the result.  Requests of all queues are under way at the same time and
 * come back in the order in which the drive is done with them.
 */
#include "devices/virtio/virtio.h"

#include <stdio.h>
#include <string.h>

#define DEVICE_TYPE  2
#define QUEUE_SIZE   256u
#define REQUESTS_MAX 128u
#define ID_SIZE      20u

/* Feature bits [5.2.3]. */
#define BLK_F_SEG_MAX      (UINT64_C(1) << 2)
#define BLK_F_RO           (UINT64_C(1) << 5)
#define BLK_F_BLK_SIZE     (UINT64_C(1) << 6)
#define BLK_F_FLUSH        (UINT64_C(1) << 9)
#define BLK_F_MQ           (UINT64_C(1) << 12)
#define BLK_F_DISCARD      (UINT64_C(1) << 13)
#define BLK_F_WRITE_ZEROES (UINT64_C(1) << 14)

/* Operations and results [5.2.6]. */
enum { OP_IN = 0, OP_OUT = 1, OP_FLUSH = 4, OP_GET_ID = 8, OP_DISCARD = 11, OP_WRITE_ZEROES = 13 };
enum { RESULT_OK, RESULT_IOERR, RESULT_UNSUPP };

/* The configuration [5.2.4]. */
enum {
    CONFIG_CAPACITY = 0,
    CONFIG_SEG_MAX = 12,
    CONFIG_BLK_SIZE = 20,
    CONFIG_QUEUES = 34,
    CONFIG_DISCARD_SECTORS = 36,
    CONFIG_DISCARD_SEGMENTS = 40,
    CONFIG_DISCARD_ALIGNMENT = 44,
    CONFIG_ZEROES_SECTORS = 48,
    CONFIG_ZEROES_SEGMENTS = 52,
    CONFIG_ZEROES_UNMAP = 56,
    CONFIG_END = 60,
};

/* One range a request, so that a request has one result. */
#define RANGES_MAX       1u
#define RANGE_SECTORS    0x3fffffu
#define RANGE_FLAG_UNMAP 1u
#define SEGMENTS_MAX     (QUEUE_SIZE - 2)

typedef struct Header {
    uint32_t type, reserved;
    uint64_t sector;
} Header;

typedef struct Range {
    uint64_t sector;
    uint32_t count, flags;
} Range;

typedef struct VirtioBlk {
    Virtio virtio; /* must be first */
    BlockPort *drive;
    char *serial;
    uint8_t queues;
    /* Requests that the drive has, by their tag. */
    uint8_t used[REQUESTS_MAX], queue[REQUESTS_MAX];
    uint16_t head[REQUESTS_MAX];
    uint8_t waiting[VIRTIO_QUEUES_MAX]; /* the queue has chains for which there was no room */
} VirtioBlk;

/* ---- what it is ---- */

static uint64_t blk_features(const void *state)
{
    const VirtioBlk *s = state;
    bool read_only = pio_block_read_only(s->drive);

    return BLK_F_SEG_MAX | BLK_F_BLK_SIZE | BLK_F_FLUSH | (s->queues > 1 ? BLK_F_MQ : 0) |
           (read_only ? BLK_F_RO : BLK_F_DISCARD | BLK_F_WRITE_ZEROES);
}

static unsigned blk_queue_count(const void *state)
{
    return ((const VirtioBlk *)state)->queues;
}

static void put(uint8_t *bytes, unsigned at, uint64_t value, unsigned size)
{
    memcpy(bytes + at, &value, size);
}

static unsigned blk_config(const void *state, uint8_t bytes[64])
{
    const VirtioBlk *s = state;

    put(bytes, CONFIG_CAPACITY, pio_block_sectors(s->drive), 8);
    put(bytes, CONFIG_SEG_MAX, SEGMENTS_MAX, 4);
    put(bytes, CONFIG_BLK_SIZE, BLOCK_SECTOR_SIZE, 4);
    put(bytes, CONFIG_QUEUES, s->queues, 2);
    put(bytes, CONFIG_DISCARD_SECTORS, RANGE_SECTORS, 4);
    put(bytes, CONFIG_DISCARD_SEGMENTS, RANGES_MAX, 4);
    put(bytes, CONFIG_DISCARD_ALIGNMENT, 1, 4);
    put(bytes, CONFIG_ZEROES_SECTORS, RANGE_SECTORS, 4);
    put(bytes, CONFIG_ZEROES_SEGMENTS, RANGES_MAX, 4);
    put(bytes, CONFIG_ZEROES_UNMAP, 1, 1);
    return CONFIG_END;
}

/* ---- requests ---- */

/* Gives the chain back with its result, which is in the last byte. */
static void finish(VirtioBlk *s, unsigned queue, const VirtqChain *chain, uint8_t result,
                   uint64_t data)
{
    virtq_write(s->virtio.dev, chain, chain->writable_bytes - 1, &result, 1);
    virtio_return(&s->virtio, queue, chain->head, (uint32_t)(data + 1));
}

static unsigned free_request(const VirtioBlk *s)
{
    unsigned tag = 0;
    while (tag < REQUESTS_MAX && s->used[tag]) {
        tag++;
    }
    return tag;
}

static bool is_inside(const VirtioBlk *s, uint64_t sector, uint64_t count)
{
    uint64_t all = pio_block_sectors(s->drive);
    return count && sector <= all && count <= all - sector;
}

/* Returns whether the drive has it now. */
static bool start_transfer(VirtioBlk *s, const VirtqChain *chain, const Header *header,
                           unsigned tag)
{
    bool in = header->type == OP_IN;
    uint64_t size = in ? chain->writable_bytes - 1 : chain->readable_bytes - sizeof(*header);
    BlockSpan spans[VIRTQ_SIZE_MAX];

    if (size % BLOCK_SECTOR_SIZE || size > BLOCK_REQUEST_MAX ||
        !is_inside(s, header->sector, size / BLOCK_SECTOR_SIZE) ||
        (!in && pio_block_read_only(s->drive))) {
        return false;
    }
    size_t count = virtq_slice(chain, in, in ? 0 : sizeof(*header), size, spans);
    if (in) {
        pio_block_readv(s->drive, header->sector, spans, count, tag);
    } else {
        pio_block_writev(s->drive, header->sector, spans, count, tag);
    }
    return true;
}

/* DISCARD and WRITE_ZEROES: the data are a range of sectors. */
static bool start_range(VirtioBlk *s, const VirtqChain *chain, const Header *header, unsigned tag)
{
    Range range;

    if (chain->readable_bytes != sizeof(*header) + sizeof(range) ||
        virtq_read(s->virtio.dev, chain, sizeof(*header), &range, sizeof(range)) != sizeof(range) ||
        range.count > RANGE_SECTORS || !is_inside(s, range.sector, range.count) ||
        pio_block_read_only(s->drive)) {
        return false;
    }
    if (header->type == OP_DISCARD) {
        pio_block_discard(s->drive, range.sector, range.count, tag);
    } else {
        bool unmap = range.flags & RANGE_FLAG_UNMAP;
        pio_block_write_zeroes(s->drive, range.sector, range.count, unmap, tag);
    }
    return true;
}

static void give_id(VirtioBlk *s, unsigned queue, const VirtqChain *chain)
{
    char id[ID_SIZE] = {0};
    uint64_t room = chain->writable_bytes - 1;
    size_t size = room < ID_SIZE ? (size_t)room : ID_SIZE;

    if (s->serial) {
        memcpy(id, s->serial, strnlen(s->serial, ID_SIZE));
    }
    bool given = virtq_write(s->virtio.dev, chain, 0, id, size) == size;
    finish(s, queue, chain, given ? RESULT_OK : RESULT_IOERR, given ? size : 0);
}

/* Hands a request to the drive, or answers it at once. */
static void start(VirtioBlk *s, unsigned queue, const VirtqChain *chain, unsigned tag)
{
    Header header;
    bool started = false;

    if (!chain->writable_bytes ||
        virtq_read(s->virtio.dev, chain, 0, &header, sizeof(header)) != sizeof(header)) {
        virtio_break(&s->virtio, "a request without a header or a result");
        return;
    }
    s->used[tag] = 1;
    s->queue[tag] = (uint8_t)queue;
    s->head[tag] = chain->head;
    switch (header.type) {
    case OP_IN:
    case OP_OUT:
        started = start_transfer(s, chain, &header, tag);
        break;
    case OP_FLUSH:
        pio_block_flush(s->drive, tag);
        started = true;
        break;
    case OP_DISCARD:
    case OP_WRITE_ZEROES:
        started = start_range(s, chain, &header, tag);
        break;
    case OP_GET_ID:
        s->used[tag] = 0;
        give_id(s, queue, chain);
        return;
    default:
        s->used[tag] = 0;
        finish(s, queue, chain, RESULT_UNSUPP, 0);
        return;
    }
    if (!started) {
        s->used[tag] = 0;
        finish(s, queue, chain, RESULT_IOERR, 0);
    }
}

static void blk_notified(void *state, unsigned queue)
{
    VirtioBlk *s = state;
    VirtqChain chain;
    unsigned tag = free_request(s);

    while (tag < REQUESTS_MAX && virtio_queue_runs(&s->virtio, queue) &&
           virtio_take(&s->virtio, queue, &chain)) {
        start(s, queue, &chain, tag);
        tag = free_request(s);
    }
    s->waiting[queue] = tag == REQUESTS_MAX;
}

/* The bytes of the guest's memory that a request has changed, beside the result. */
static uint64_t bytes_written(const VirtioBlk *s, const VirtqChain *chain)
{
    uint32_t type = OP_OUT;

    virtq_read(s->virtio.dev, chain, 0, &type, sizeof(type));
    return type == OP_IN ? chain->writable_bytes - 1 : 0;
}

static void blk_done(void *state, unsigned port, uint64_t tag, bool ok)
{
    VirtioBlk *s = state;
    unsigned queue = s->queue[tag];
    VirtqChain chain;

    (void)port;
    s->used[tag] = 0;
    if (!virtio_look_at(&s->virtio, queue, s->head[tag], &chain) || !chain.writable_bytes) {
        virtio_break(&s->virtio, "a change to a request that was under way");
        return;
    }
    finish(s, queue, &chain, ok ? RESULT_OK : RESULT_IOERR, ok ? bytes_written(s, &chain) : 0);
    for (unsigned i = 0; i < s->queues; i++) {
        if (s->waiting[i]) {
            blk_notified(s, i);
        }
    }
}

static void blk_stop(void *state)
{
    VirtioBlk *s = state;

    pio_block_cancel(s->drive);
    memset(s->used, 0, sizeof(s->used));
    memset(s->waiting, 0, sizeof(s->waiting));
}

static const VirtioType TYPE = {
    .queue_size = QUEUE_SIZE,
    .features = blk_features,
    .queue_count = blk_queue_count,
    .config = blk_config,
    .notified = blk_notified,
    .stop = blk_stop,
};

/* ---- the class ---- */

static bool blk_realize(void *state, char *error, size_t size)
{
    VirtioBlk *s = state;

    s->virtio.type = &TYPE;
    if (!s->drive) {
        snprintf(error, size, "drive=ID is missing (-drive if=none,id=ID,file=FILE)");
        return false;
    }
    if (!s->queues || s->queues > VIRTIO_QUEUES_MAX) {
        snprintf(error, size, "num-queues=%u: 1 to %u", s->queues, VIRTIO_QUEUES_MAX);
        return false;
    }
    if (s->serial && strlen(s->serial) > ID_SIZE) {
        snprintf(error, size, "serial=%s: at most %u characters", s->serial, ID_SIZE);
        return false;
    }
    return true;
}

static void blk_reset(void *state)
{
    VirtioBlk *s = state;

    blk_stop(s);
    memset(s->queue, 0, sizeof(s->queue));
    memset(s->head, 0, sizeof(s->head));
    virtio_reset(&s->virtio);
}

static bool blk_post_load(void *state)
{
    VirtioBlk *s = state;
    VirtqChain chain;

    if (!virtio_post_load(&s->virtio)) {
        return false;
    }
    pio_block_cancel(s->drive);
    for (unsigned tag = 0; tag < REQUESTS_MAX; tag++) {
        if (s->used[tag] > 1 || s->queue[tag] >= s->queues) {
            return false;
        }
        if (s->used[tag] && virtio_look_at(&s->virtio, s->queue[tag], s->head[tag], &chain)) {
            start(s, s->queue[tag], &chain, tag);
        }
    }
    return true;
}

static const PciIdentity IDENTITY = VIRTIO_IDENTITY(DEVICE_TYPE, 0x010000);

static const BlockClient CLIENT = {.done = blk_done};

extern const DeviceClass virtio_blk_class;
const DeviceClass virtio_blk_class = {
    .head = DEVICE_CLASS_HEAD("virtio-blk-pci", VirtioBlk),
    .description = "virtio disk",
    .properties = DEVICE_PROPERTIES(
        DEVICE_PROPERTY(VirtioBlk, drive, "drive", PROPERTY_DRIVE, NULL, "the drive"),
        DEVICE_PROPERTY(VirtioBlk, serial, "serial", PROPERTY_STRING, NULL,
                        "what GET_ID gives, at most 20 characters"),
        DEVICE_PROPERTY(VirtioBlk, queues, "num-queues", PROPERTY_UINT8, "1",
                        "how many request queues, 1 to 8")),
    .regions = virtio_regions,
    .outputs = virtio_outputs,
    .block_client = &CLIENT,
    .pci = &IDENTITY,
    .realize = blk_realize,
    .reset = blk_reset,
    .fields =
        DEVICE_FIELDS(VIRTIO_FIELDS(VirtioBlk), DEVICE_FIELD_ARRAY(VirtioBlk, used),
                      DEVICE_FIELD_ARRAY(VirtioBlk, queue), DEVICE_FIELD_ARRAY(VirtioBlk, head),
                      DEVICE_FIELD_ARRAY(VirtioBlk, waiting)),
    .post_load = blk_post_load,
};
