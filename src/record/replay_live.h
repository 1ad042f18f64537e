/*
 * The services of a replay with a CPU: the devices are wired and do what they
 * do, and all of it is compared.
 */
#ifndef PIOEMU_RECORD_REPLAY_LIVE_H
#define PIOEMU_RECORD_REPLAY_LIVE_H

#include "src/record/replay_check.h"

/* ServicesSource.make: one that the recording does not know has the machine's own. */
DeviceServices *replay_make_live_services(ServicesSource *source, Device *dev,
                                          const DeviceHost *host);
/* Makes the call that the host made; its record was taken. */
void replay_inject(ReplayDevice *device);
/* Hands on the output that a line had no room for; whether there was any. */
bool replay_flush_output(ReplayDevice *device);

#endif
