/*
 * DMA channels: from a device to the controller that moves its bytes.
 *
 * Lock order: device, then DMA controller.  A controller never calls a device.
 */
#ifndef PIOEMU_DMA_H
#define PIOEMU_DMA_H

#include "src/device_tap.h"

/* Freed with dma_line_free(); the controller outlives its use. */
DmaLine *dma_line_new(Device *controller, unsigned channel);
void dma_line_free(DmaLine *line);
/* At the boundary of the device that asks; NULL: none. */
void dma_line_set_tap(DmaLine *line, DeviceTap *tap);

/* ---- for taps (src/device_tap.h): what the device's calls do without one ---- */

void dma_pass_request(DmaLine *line, bool level);
size_t dma_pass(DmaLine *line, const DmaTransfer *transfer);

#endif
