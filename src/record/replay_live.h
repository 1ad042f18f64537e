/*
 * The services of a replay with a CPU.  The devices are connected and act as usual,
 * and everything that they do is compared.
 */
#ifndef PIOEMU_RECORD_REPLAY_LIVE_H
#define PIOEMU_RECORD_REPLAY_LIVE_H

#include "src/record/replay_check.h"

/*
 * See ServicesSource.make.  A device that is not in the recording gets the
 * machine's own services.
 */
DeviceServices *replay_make_live_services(ServicesSource *source, Device *dev,
                                          const DeviceHost *host);
/* Makes a call of the host whose record has been taken. */
void replay_inject(ReplayDevice *device);
/* Delivers output that a line had no room for.  Returns whether there was any. */
bool replay_flush_output(ReplayDevice *device);

#endif
