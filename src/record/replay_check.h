/*
 * Compares what a device does and answers with the recording.  Both kinds of replay
 * use it, with a CPU and without.
 */
#ifndef PIOEMU_RECORD_REPLAY_CHECK_H
#define PIOEMU_RECORD_REPLAY_CHECK_H

#include "src/record/replay_device.h"

/* "COM1 read LSR (port 0x3fd)"; the caller frees it. */
char *replay_describe(const ReplayDevice *device, const DeviceCall *event);
/* See DeviceServicesClass.leave.  Compares the answer and finishes the record. */
void replay_leave(ReplayDevice *device, const DeviceCall *event);

/*
 * Finds the recorded counterpart of what the device does now.  Returns false if the
 * device did something else then, or if nothing is compared any more.
 */
bool replay_take_item(ReplayDevice *device, const ReplayItem *wanted, ReplayItem *item);
/* The same for a call to a service. */
bool replay_take_service(ReplayDevice *device, const ServiceCall *call, RecordedService *recorded);

/* Compares the arguments and what the device sends.  Returns false if the arguments differ. */
bool replay_check_service(const ReplayDevice *device, const RecordedService *recorded,
                          const ServiceCall *call);
/* Gives the recorded answer.  The arguments were equal, so the sizes of the data agree. */
void replay_answer(const RecordedService *recorded, ServiceCall *call);
/* Compares the answer and the data that the device got. */
void replay_check_service_answer(const ReplayDevice *device, const RecordedService *recorded,
                                 const ServiceCall *call);

/* The device asks for input.  It gets what it received in the recording. */
void replay_feed(ReplayDevice *device);

#endif
