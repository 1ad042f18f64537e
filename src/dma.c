#include "src/dma.h"

struct DmaLine {
    Device *controller;
    const DmaServer *server;
    unsigned channel;
    bool level;
};

DmaLine *dma_line_new(Device *controller, unsigned channel)
{
    const DmaServer *server = device_class(controller)->dma_server;
    g_assert(server && channel < server->channel_count);
    DmaLine *line = g_new0(DmaLine, 1);
    *line = (DmaLine){.controller = controller, .server = server, .channel = channel};
    return line;
}

void dma_line_free(DmaLine *line)
{
    g_free(line);
}

void dma_request(DmaLine *line, bool level)
{
    if (!line || line->level == level) {
        return;
    }
    line->level = level;
    g_mutex_lock(device_mutex(line->controller));
    line->server->request(device_state(line->controller), line->channel, level);
    g_mutex_unlock(device_mutex(line->controller));
}

static size_t transfer(DmaLine *line, const void *from, void *to, size_t size, bool *ended)
{
    *ended = false;
    if (!line || !line->level) {
        return 0;
    }
    g_mutex_lock(device_mutex(line->controller));
    size_t moved = line->server->transfer(device_state(line->controller), line->channel, from, to,
                                          size, ended);
    g_mutex_unlock(device_mutex(line->controller));
    return moved;
}

size_t dma_to_memory(DmaLine *line, const void *data, size_t size, bool *ended)
{
    return transfer(line, data, NULL, size, ended);
}

size_t dma_from_memory(DmaLine *line, void *data, size_t size, bool *ended)
{
    return transfer(line, NULL, data, size, ended);
}
