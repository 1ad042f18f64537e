/*
 * -record: writes everything that reaches the machine's devices to a file.
 *
 * A record is put together under its device's lock, when the call into the
 * device is over, and goes to a buffer in memory under a lock of the
 * recorder's own, which is the last in the lock order.  The loop writes the
 * buffer out.
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
    const Clock *clock; /* machine time, for what reaches no device */
    /* A line for the user; called in the loop's thread. */
    void (*message)(void *opaque, const char *text);
    void *opaque;
    Irqchip irqchip;
    bool apics; /* the board has local APICs besides */
    /* For a replay of the whole run, where nothing but the host's doing is by chance; NULL: none.
     */
    uint64_t (*instructions)(void *opaque);
    const char *ips;          /* as the user has it; NULL: the default */
    const char *kernel_entry; /* NULL: not chosen */
    MachineStart started_by;
    bool firmware; /* the CPU starts in one, */
    bool own_bios; /* which is pioemu's */
} RecorderHost;

/* Begins the file `config->record`.  `host` is copied. */
Recorder *recorder_new(const Config *config, const RecorderHost *host, GError **error);
/* The machine is built and runs from now on: the file is emptied and written. */
void recorder_start(Recorder *recorder);
/* Writes what is left and ends the file; the devices have to be gone. */
void recorder_free(Recorder *recorder);

ServicesSource *recorder_services(Recorder *recorder);
/* The machine's drives, which are there as long as the machine. */
void recorder_set_drives(Recorder *recorder, const BlockSet *drives);
/* Between two instructions, before it happens: what, and its number. */
void recorder_host(Recorder *recorder, RecordHost what, uint64_t number);
/* The run came to its end. */
void recorder_end(Recorder *recorder, const VmResult *result);
/* Of a file that the machine begins with; the caller frees it; NULL: it cannot be read. */
char *recorder_file_sum(const char *path);
/* An access that reached no device; any thread. */
void recorder_unclaimed(Recorder *recorder, const BusAccess *access);

/*
 * A recording has to know the date that the clock began with: replaces "now"
 * in `config->rtc` by what it is now.
 */
bool recorder_fix_date(Config *config, GError **error);

#endif
