/*
 * -replay of a whole run on the software CPU.  The guest runs again, and the host's
 * actions come from the recording at the same instructions.  Everything that
 * reaches the devices, and everything they do, is compared with the recording.
 *
 * Everything here is used in the loop's thread.
 */
#ifndef PIOEMU_RECORD_REPLAY_RUN_H
#define PIOEMU_RECORD_REPLAY_RUN_H

#include "src/accel/accel.h"
#include "src/block/block.h"
#include "src/device/device_services.h"
#include "src/machine/config.h"
#include "src/record/ending.h"

/* The replay of a whole run. */
typedef struct ReplayRun ReplayRun;

/* What the replay needs from the machine. */
typedef struct ReplayRunHost {
    Clock *clock; /* the clock of machine time */
    const Bus *bus;
    VcpuPosition (*position)(void *opaque);
    /*
     * True if nothing will wake the CPU.  Then the run ends when the devices have
     * nothing left to do.
     */
    bool (*halted_for_good)(void *opaque);
    /* The user's actions in the recording. */
    void (*reset)(void *opaque);
    void (*nmi)(void *opaque);
    void (*end)(void *opaque, const VmResult *result);
    /*
     * There is a difference, so the run must end soon.  This may be called during a
     * call of a device.
     */
    void (*differs)(void *opaque);
    void *opaque;
} ReplayRunHost;

/* True if -replay means the whole run, and not only the devices. */
bool replay_run_wanted(const Config *config);

/*
 * Opens config->replay and changes the machine in `config` into that of the
 * recording.  Refuses options that contradict the recording.
 */
ReplayRun *replay_run_new(Config *config, GError **error);
void replay_run_free(ReplayRun *run);

/* ---- for the machine ---- */

ServicesSource *replay_run_services(ReplayRun *run);
/* To be called before the machine is built. */
void replay_run_add_drives(const ReplayRun *run, BlockSet *blocks);
/* To be called after the machine is built.  Returns false if it is not the recording's machine. */
bool replay_run_is_complete(ReplayRun *run, GError **error);
/* `host` is copied. */
void replay_run_start(ReplayRun *run, const ReplayRunHost *host);

/* See scheduler_set_replay(). */
bool replay_run_deliver(ReplayRun *run);
uint64_t replay_run_until(const ReplayRun *run);
void replay_run_stuck(ReplayRun *run);
/* Compares an access that reached no device. */
void replay_run_unclaimed(ReplayRun *run, const BusAccess *access);
void replay_run_ended(ReplayRun *run, const VmResult *result);
/* Delivers output that the lines had no room for.  Returns whether there was any. */
bool replay_run_flush(ReplayRun *run);

/* ---- afterwards ---- */

/* Prints the result on stderr, because stdout is the guest's, and returns the exit status. */
int replay_run_conclude(const ReplayRun *run);

#endif
