/*
 * What a device does and answers, compared with the recording: for a
 * replay, with a CPU and without.
 */
#ifndef PIOEMU_RECORD_REPLAY_CHECK_H
#define PIOEMU_RECORD_REPLAY_CHECK_H

#include "src/record/replay_device.h"

/* "COM1 read LSR (port 0x3fd)"; the caller frees it. */
char *replay_describe(const ReplayDevice *device, const DeviceCall *event);
/* DeviceServicesClass.leave: compares the answer; the record is done with. */
void replay_leave(ReplayDevice *device, const DeviceCall *event);

/*
 * The recorded counterpart of what the device does now; false: it did something
 * else then, or nothing is compared any more.
 */
bool replay_take_item(ReplayDevice *device, const ReplayItem *wanted, ReplayItem *item);
/* The same for a call to a service. */
bool replay_take_service(ReplayDevice *device, const ServiceCall *call, RecordedService *recorded);

/* Compares arguments and what the device sends; false: the arguments differ. */
bool replay_check_service(const ReplayDevice *device, const RecordedService *recorded,
                          const ServiceCall *call);
/* Compares the answer and what the device got. */
void replay_check_service_answer(const ReplayDevice *device, const RecordedService *recorded,
                                 const ServiceCall *call);

/* The device asks for input: it gets what it took then. */
void replay_feed(ReplayDevice *device);

#endif
