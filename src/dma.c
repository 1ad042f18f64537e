#include "src/dma.h"

struct DmaLine {
    Device *controller;
    DeviceTap *tap; /* of the device whose line it is; NULL: none */
    unsigned channel;
    bool level;
};

DmaLine *dma_line_new(Device *controller, unsigned channel)
{
    const DmaServer *server = device_class(controller)->dma_server;
    g_assert(server && channel < server->channel_count);
    DmaLine *line = g_new0(DmaLine, 1);
    *line = (DmaLine){.controller = controller, .channel = channel};
    return line;
}

void dma_line_free(DmaLine *line)
{
    g_free(line);
}

void dma_line_set_tap(DmaLine *line, DeviceTap *tap)
{
    line->tap = tap;
}

void dma_request(DmaLine *line, bool level)
{
    if (!line || line->level == level) {
        return;
    }
    line->level = level;
    if (line->tap) {
        line->tap->class->dma_request(line->tap, line, level);
    } else {
        dma_pass_request(line, level);
    }
}

void dma_pass_request(DmaLine *line, bool level)
{
    g_mutex_lock(device_mutex(line->controller));
    device_dma_request(line->controller, line->channel, level);
    g_mutex_unlock(device_mutex(line->controller));
}

size_t dma_pass(DmaLine *line, const DmaTransfer *transfer)
{
    g_mutex_lock(device_mutex(line->controller));
    size_t moved = device_dma(line->controller, line->channel, transfer);
    g_mutex_unlock(device_mutex(line->controller));
    return moved;
}

static size_t transfer(DmaLine *line, const void *from, void *to, size_t size, bool *ended)
{
    const DmaTransfer wish = {.from = from, .to = to, .size = size, .ended = ended};
    *ended = false;
    if (!line || !line->level) {
        return 0;
    }
    return line->tap ? line->tap->class->dma(line->tap, line, &wish) : dma_pass(line, &wish);
}

size_t dma_to_memory(DmaLine *line, const void *data, size_t size, bool *ended)
{
    return transfer(line, data, NULL, size, ended);
}

size_t dma_from_memory(DmaLine *line, void *data, size_t size, bool *ended)
{
    return transfer(line, NULL, data, size, ended);
}
