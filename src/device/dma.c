#include "src/device/dma.h"

struct DmaLine {
    Device *controller;
    unsigned channel;
    Device *dev;     /* the device that requests on the line */
    unsigned number; /* the number of the line among that device's lines */
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

void dma_line_connect(DmaLine *line, Device *dev, unsigned number)
{
    line->dev = dev;
    line->number = number;
}

Device *dma_line_device(const DmaLine *line)
{
    return line->dev;
}

unsigned dma_line_number(const DmaLine *line)
{
    return line->number;
}

bool dma_line_level(const DmaLine *line)
{
    return line->level;
}

bool dma_line_set_level(DmaLine *line, bool level)
{
    bool changed = line->level != level;
    line->level = level;
    return changed;
}

void dma_line_pass_request(DmaLine *line, bool level)
{
    g_mutex_lock(device_mutex(line->controller));
    device_call_dma_request(line->controller, line->channel, level);
    g_mutex_unlock(device_mutex(line->controller));
}

size_t dma_line_pass(DmaLine *line, const DmaTransfer *transfer)
{
    g_mutex_lock(device_mutex(line->controller));
    size_t moved = device_call_dma(line->controller, line->channel, transfer);
    g_mutex_unlock(device_mutex(line->controller));
    return moved;
}
