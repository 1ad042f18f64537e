/*
 * -replay of a whole run on the software CPU: the guest runs again, what the
 * host did comes from the recording at the same instructions, and everything
 * that reaches the devices and everything they do is compared with it.
 *
 * Everything here is the loop's thread's.
 */
#ifndef PIOEMU_RECORD_REPLAY_RUN_H
#define PIOEMU_RECORD_REPLAY_RUN_H

#include "src/accel/accel.h"
#include "src/block/block.h"
#include "src/device/device_services.h"
#include "src/machine/config.h"
#include "src/record/ending.h"

/* The machine of a recording, whose run is to be done again. */
typedef struct ReplayRun ReplayRun;

/* What the replay needs of the machine. */
typedef struct ReplayRunHost {
    Clock *clock; /* machine time */
    const Bus *bus;
    VcpuPosition (*position)(void *opaque);
    /* Nothing will wake the CPU; the run ends when the devices have nothing more to do. */
    bool (*halted_for_good)(void *opaque);
    /* What the user did. */
    void (*reset)(void *opaque);
    void (*nmi)(void *opaque);
    void (*end)(void *opaque, const VmResult *result);
    /* There is a difference: the run is to end soon.  May be inside of a device's call. */
    void (*differs)(void *opaque);
    void *opaque;
} ReplayRunHost;

/* Whether -replay means the run, and not only the devices. */
bool replay_run_wanted(const Config *config);

/*
 * Opens config->replay and makes the machine in `config` that of the
 * recording; what the user asked for otherwise is refused.
 */
ReplayRun *replay_run_new(Config *config, GError **error);
void replay_run_free(ReplayRun *run);

/* ---- for the machine ---- */

ServicesSource *replay_run_services(ReplayRun *run);
/* Before the machine is built. */
void replay_run_add_drives(const ReplayRun *run, BlockSet *blocks);
/* After that: whether it is the recording's machine. */
bool replay_run_is_complete(ReplayRun *run, GError **error);
/* `host` is copied. */
void replay_run_start(ReplayRun *run, const ReplayRunHost *host);

/* scheduler_set_replay(). */
bool replay_run_deliver(ReplayRun *run);
uint64_t replay_run_until(const ReplayRun *run);
void replay_run_stuck(ReplayRun *run);
/* An access that reached no device. */
void replay_run_unclaimed(ReplayRun *run, const BusAccess *access);
void replay_run_ended(ReplayRun *run, const VmResult *result);
/* Hands on output that the lines had no room for; whether there was any. */
bool replay_run_flush(ReplayRun *run);

/* ---- afterwards ---- */

/* Says on stderr what came of it (stdout is the guest's); returns the exit status. */
int replay_run_conclude(const ReplayRun *run);

#endif
