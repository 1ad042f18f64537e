/*
 * -record: writes everything that reaches the machine's devices to a file.
 *
 * A record is complete when the call into the device is over.  It is composed under
 * the device's lock and appended to a buffer under a lock of the recorder, which is
 * the last in the lock order.  The loop writes the buffer to the file.
 */
#ifndef PIOEMU_RECORD_RECORDER_H
#define PIOEMU_RECORD_RECORDER_H

#include "src/base/loop.h"
#include "src/block/block.h"
#include "src/board/irq.h"
#include "src/device/device_services.h"
#include "src/machine/config.h"
#include "src/machine/machine.h"
#include "src/record/ending.h"
#include "src/record/format.h"

#include <glib.h>

typedef struct Recorder Recorder;

typedef struct RecorderHost {
    Loop *loop;
    const Clock *clock; /* machine time, for accesses that reach no device */
    /* Prints a line for the user.  Called in the loop's thread. */
    void (*message)(void *opaque, const char *text);
    void *opaque;
    Irqchip irqchip;
    bool apics; /* the board has local APICs as well */
    /*
     * Counts instructions, if the whole run can be replayed: then only the host is
     * unpredictable.  NULL: it cannot.
     */
    uint64_t (*instructions)(void *opaque);
    const char *ips;          /* as the user wrote it; NULL: the default */
    const char *kernel_entry; /* NULL: the user did not choose one */
    MachineStart started_by;
    bool firmware; /* the CPU starts in a firmware */
    bool own_bios; /* the firmware is pioemu's BIOS */
} RecorderHost;

/* Opens the file `config->record`.  `host` is copied. */
Recorder *recorder_new(const Config *config, const RecorderHost *host, GError **error);
/* The machine is built and its run begins: the file is truncated and written from now on. */
void recorder_start(Recorder *recorder);
/*
 * Writes the rest.  The reader of a pipe has `patience` ns for each piece that it
 * takes; the loop runs meanwhile.  What happens after this is not recorded.
 */
void recorder_finish(Recorder *recorder, uint64_t patience);
/* All devices must have been freed. */
void recorder_free(Recorder *recorder);

ServicesSource *recorder_services(Recorder *recorder);
/* The drives of the machine.  They must live as long as the machine. */
void recorder_set_drives(Recorder *recorder, const BlockSet *drives);
/* To be called between two instructions, before the host does this.  `number` depends on `what`. */
void recorder_host(Recorder *recorder, RecordHost what, uint64_t number);
/* The run has ended. */
void recorder_end(Recorder *recorder, const VmResult *result);
/*
 * The checksum of a file that the machine starts with.  The caller frees it; NULL:
 * it cannot be read.
 */
char *recorder_file_sum(const char *path);
/* Records an access that reached no device.  Any thread may call it. */
void recorder_unclaimed(Recorder *recorder, const BusAccess *access);

/*
 * Replaces "now" in `config->rtc` by the current date, because the recording must
 * say what date the clock began with.
 */
bool recorder_fix_date(Config *config, GError **error);

#endif
