/*
 * What a device does and answers, compared with the recording: for the taps of
 * a replay, with a CPU and without.
 */
#ifndef PIOEMU_RECORD_REPLAY_CHECK_H
#define PIOEMU_RECORD_REPLAY_CHECK_H

#include "src/record/replay_tap.h"

/* "COM1 read LSR (port 0x3fd)"; the caller frees it. */
char *replay_describe(const ReplayDevice *device, const TapEvent *event);
/* TapClass.leave: compares the answer; the record is done with. */
void replay_leave(ReplayDevice *device, const TapEvent *event);

/*
 * The recorded counterpart of what the device does now, in `item`; false: it
 * did something else then, or nothing is compared any more.
 */
bool replay_take_item(ReplayDevice *device, RecordItem kind, ReplayItem *item);

void replay_check_irq(ReplayDevice *device, const ReplayItem *item, unsigned line, bool level);
void replay_check_output(const ReplayDevice *device, const ReplayItem *item, const uint8_t *data,
                         size_t size);
/* False: the item has data of another size. */
bool replay_check_memory(const ReplayDevice *device, const ReplayItem *item, uint64_t address,
                         size_t size);
void replay_check_store(const ReplayDevice *device, const ReplayItem *item, uint64_t address,
                        const void *data, size_t size);
void replay_check_bus_write(const ReplayDevice *device, const ReplayItem *item, uint64_t address,
                            uint64_t value, unsigned size);
void replay_check_request(const ReplayDevice *device, const ReplayItem *item, DeviceRequest request,
                          int status);
void replay_check_block(const ReplayDevice *device, const ReplayItem *item, unsigned drive,
                        const BlockRequest *request);

void replay_check_level(const ReplayDevice *device, const ReplayItem *item, bool level);
/* False: the item has another size or direction. */
bool replay_check_dma(const ReplayDevice *device, const ReplayItem *item,
                      const DmaTransfer *transfer);

/* TapClass.rx_ready: the input that the device took then. */
void replay_feed(ReplayDevice *device);

#endif
