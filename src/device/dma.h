/*
 * DMA channels: the connection from a device to the controller that moves its
 * bytes.
 *
 * Lock order: device, then DMA controller.  A controller never calls a device.
 */
#ifndef PIOEMU_DEVICE_DMA_H
#define PIOEMU_DEVICE_DMA_H

#include "src/device/device_calls.h"

/* Free it with dma_line_free().  The controller must outlive all use of the line. */
DmaLine *dma_line_new(Device *controller, unsigned channel);
void dma_line_free(DmaLine *line);
/* Connects the line to a device that requests on it, as the device's line `number`. */
void dma_line_connect(DmaLine *line, Device *dev, unsigned number);

/* ---- for device_services.c ---- */

Device *dma_line_device(const DmaLine *line);
unsigned dma_line_number(const DmaLine *line);
bool dma_line_level(const DmaLine *line);
/* Returns whether this changed the level. */
bool dma_line_set_level(DmaLine *line, bool level);
/* Tells the controller the level. */
void dma_line_pass_request(DmaLine *line, bool level);
/* Lets the controller move bytes; returns how many it moved. */
size_t dma_line_pass(DmaLine *line, const DmaTransfer *transfer);

#endif
