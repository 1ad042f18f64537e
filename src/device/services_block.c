/*
 * The services of drives: a device's requests to a drive, and how a request is
 * performed and shown.
 */
#include "src/device/services_block.h"

#include "src/device/device_internal.h"

#include <inttypes.h>

static BlockPortEnd *block_end(const BlockPort *port)
{
    return (BlockPortEnd *)port;
}

static void ask_drive(BlockPort *port, BlockKind kind, uint64_t lba, uint32_t count, uint64_t tag,
                      const void *data, void *buffer)
{
    const BlockPortEnd *end = block_end(port);
    size_t size = data || buffer ? (size_t)count * BLOCK_SECTOR_SIZE : 0;
    serve(end->dev, &(ServiceCall){.kind = SERVICE_BLOCK,
                                   .to = port,
                                   .args = {end->number, kind, lba, count, tag},
                                   .sent = data,
                                   .room = buffer,
                                   .size = size});
}

static void ask_vector(BlockPort *port, BlockKind kind, uint64_t lba, const BlockSpan *spans,
                       size_t count, uint64_t tag)
{
    const BlockPortEnd *end = block_end(port);
    g_assert(count <= BLOCK_SPANS_MAX);
    serve(end->dev, &(ServiceCall){.kind = SERVICE_BLOCK_VECTOR,
                                   .to = port,
                                   .args = {end->number, kind, lba, tag, count},
                                   .sent = spans,
                                   .size = count * sizeof(*spans)});
}

/*
 * Returns the total size.  If it is too large for a request, the result is
 * more than BLOCK_REQUEST_MAX and does not wrap.
 */
static uint64_t size_of_spans(const BlockSpan *spans, size_t count)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += MIN(spans[i].size, BLOCK_REQUEST_MAX + 1);
    }
    return size;
}

BlockRequest service_block_request(const ServiceCall *call)
{
    BlockRequest request = {.kind = (BlockKind)call->args[1], .lba = call->args[2]};
    if (call->kind == SERVICE_BLOCK_VECTOR) {
        request.tag = call->args[3];
        request.spans = call->sent;
        request.span_count = call->args[4];
        request.size = size_of_spans(request.spans, request.span_count);
        return request;
    }
    request.size = call->args[3] * BLOCK_SECTOR_SIZE;
    request.tag = call->args[4];
    request.buffer = call->room;
    request.data = call->sent;
    return request;
}

bool block_spans_read(Device *dev, const BlockSpan *spans, size_t count, void *data)
{
    uint8_t *to = data;
    bool ok = dev->host->memory != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        ok = memory_read(dev->host->memory, spans[i].address, to, spans[i].size);
        to += spans[i].size;
    }
    return ok;
}

bool block_spans_write(Device *dev, const BlockSpan *spans, size_t count, const void *data)
{
    const uint8_t *from = data;
    bool ok = dev->host->memory != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        ok = memory_write(dev->host->memory, spans[i].address, from, spans[i].size);
        from += spans[i].size;
    }
    return ok;
}

void pio_block_read(BlockPort *port, uint64_t lba, void *buffer, uint32_t count, uint64_t tag)
{
    ask_drive(port, BLOCK_READ, lba, count, tag, NULL, buffer);
}

void pio_block_write(BlockPort *port, uint64_t lba, const void *buffer, uint32_t count,
                     uint64_t tag)
{
    ask_drive(port, BLOCK_WRITE, lba, count, tag, buffer, NULL);
}

void pio_block_readv(BlockPort *port, uint64_t lba, const BlockSpan *spans, size_t count,
                     uint64_t tag)
{
    ask_vector(port, BLOCK_READ, lba, spans, count, tag);
}

void pio_block_writev(BlockPort *port, uint64_t lba, const BlockSpan *spans, size_t count,
                      uint64_t tag)
{
    ask_vector(port, BLOCK_WRITE, lba, spans, count, tag);
}

void pio_block_flush(BlockPort *port, uint64_t tag)
{
    ask_drive(port, BLOCK_FLUSH, 0, 0, tag, NULL, NULL);
}

void pio_block_discard(BlockPort *port, uint64_t lba, uint32_t count, uint64_t tag)
{
    ask_drive(port, BLOCK_DISCARD, lba, count, tag, NULL, NULL);
}

void pio_block_write_zeroes(BlockPort *port, uint64_t lba, uint32_t count, bool unmap, uint64_t tag)
{
    ask_drive(port, unmap ? BLOCK_UNMAP_ZEROES : BLOCK_WRITE_ZEROES, lba, count, tag, NULL, NULL);
}

void pio_block_cancel(BlockPort *port)
{
    if (port) {
        ask_drive(port, BLOCK_CANCEL, 0, 0, 0, NULL, NULL);
    }
}

uint64_t pio_block_sectors(const BlockPort *port)
{
    return block_end(port)->medium.sectors;
}

bool pio_block_read_only(const BlockPort *port)
{
    return block_end(port)->medium.read_only;
}

bool pio_block_is_cdrom(const BlockPort *port)
{
    return block_end(port)->cdrom;
}

void service_block_perform(Device *dev, ServiceCall *call)
{
    const BlockRequest request = service_block_request(call);
    (void)dev;
    block_end(call->to)->request(call->to, &request);
}

static const char *block_verb(uint64_t kind)
{
    static const char *const VERBS[BLOCK_KINDS] = {
        [BLOCK_READ] = "read",
        [BLOCK_WRITE] = "write",
        [BLOCK_FLUSH] = "flush",
        [BLOCK_CANCEL] = "cancel",
        [BLOCK_DISCARD] = "discard",
        [BLOCK_WRITE_ZEROES] = "zero",
        [BLOCK_UNMAP_ZEROES] = "zero and unmap",
    };
    return kind < BLOCK_KINDS ? VERBS[kind] : "do the unknown to";
}

void service_block_describe(const ServiceCall *call, GString *text)
{
    g_string_append_printf(text, " %" PRIu64 " to %s %" PRIu64 " sectors at %" PRIu64,
                           call->args[0], block_verb(call->args[1]), call->args[3], call->args[2]);
}

uint64_t service_block_size(const ServiceCall *call)
{
    return call->args[1] == BLOCK_WRITE ? call->args[3] * BLOCK_SECTOR_SIZE : 0;
}

void service_vector_describe(const ServiceCall *call, GString *text)
{
    g_string_append_printf(
        text, " %" PRIu64 " to %s %" PRIu64 " pieces of guest memory at sector %" PRIu64,
        call->args[0], block_verb(call->args[1]), call->args[4], call->args[2]);
}

uint64_t service_vector_size(const ServiceCall *call)
{
    return call->args[4] * sizeof(BlockSpan);
}
