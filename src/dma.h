/*
 * DMA channels: from a device to the controller that moves its bytes.
 *
 * Lock order: device, then DMA controller.  A controller never calls a device.
 */
#ifndef PIOEMU_DMA_H
#define PIOEMU_DMA_H

#include "src/device_core.h"

/* Freed with dma_line_free(); the controller outlives its use. */
DmaLine *dma_line_new(Device *controller, unsigned channel);
void dma_line_free(DmaLine *line);

#endif
